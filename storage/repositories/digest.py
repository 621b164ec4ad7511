"""Stored digests, their clocks, and the notes of missions."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from bot.digest.model import Digest, DigestId, DigestState, IsoWeek, MissionNote
from storage.tables.digest import DigestClockRow, DigestNoteRow, DigestRow, DigestShareRow
from storage.unit import Repository, Unit, UnitT


class DigestRepository(Repository[UnitT]):
    """This owner's digests."""

    async def get(self, week: IsoWeek) -> Digest | None:
        rows = await self.session.execute(
            select(DigestRow).where(DigestRow.iso_year == week.year, DigestRow.iso_week == week.week)
        )
        row = rows.scalar_one_or_none()
        return None if row is None else _digest(row)

    async def by_id(self, digest_id: str) -> Digest | None:
        rows = await self.session.execute(select(DigestRow).where(DigestRow.id == digest_id))
        row = rows.scalar_one_or_none()
        return None if row is None else _digest(row)

    async def all(self, since: datetime | None = None) -> list[Digest]:
        """Return the stored digests, newest first."""
        query = select(DigestRow).order_by(DigestRow.cut_at.desc())
        if since is not None:
            query = query.where(DigestRow.cut_at > since)
        return [_digest(row) for row in (await self.session.execute(query)).scalars()]

    async def store(self: "DigestRepository[Unit]", digest: Digest) -> bool:
        """Keep a digest that was built; False where this week has one already."""
        added = await self.unit.insert_new(
            DigestRow,
            [
                {
                    "id": digest.id,
                    "owner_id": self.owner,
                    "iso_year": digest.week.year,
                    "iso_week": digest.week.week,
                    "cut_from": digest.cut_from,
                    "cut_at": digest.cut_at,
                    "markdown": digest.markdown,
                    "card": digest.card,
                    "public_card": digest.public_card,
                    "content_hash": digest.content_hash,
                    "has_activity": digest.has_activity,
                    "state": str(digest.state),
                    "built_at": digest.built_at,
                    "sent_at": None,
                    "opened_at": None,
                }
            ],
        )
        return bool(added)

    async def set_state(self: "DigestRepository[Unit]", digest_id: str, state: DigestState) -> None:
        values: dict[str, object] = {"state": str(state)}
        if state is DigestState.SENT:
            values["sent_at"] = self.unit.now
        await self.writing.execute(update(DigestRow).where(DigestRow.id == digest_id).values(**values))

    async def opened(self: "DigestRepository[Unit]", digest_id: str) -> None:
        await self.writing.execute(
            update(DigestRow)
            .where(DigestRow.id == digest_id, DigestRow.opened_at.is_(None))
            .values(opened_at=self.unit.now)
        )

    async def opened_since(self, since: datetime) -> bool:
        rows = await self.session.execute(select(DigestRow.id).where(DigestRow.opened_at > since).limit(1))
        return rows.first() is not None

    async def delete(self: "DigestRepository[Unit]", digest_id: str) -> None:
        await self.writing.execute(delete(DigestRow).where(DigestRow.id == digest_id))

    # ------------------------------------------------------------------ notes

    async def add_note(self: "DigestRepository[Unit]", mission: str, text: str) -> str:
        identity = self.unit.new_id()
        self.writing.add(
            DigestNoteRow(id=identity, owner_id=self.owner, mission=mission, text=text, created_at=self.unit.now)
        )
        return identity

    async def notes(self, after: datetime, until: datetime) -> list[MissionNote]:
        rows = await self.session.execute(
            select(DigestNoteRow)
            .where(DigestNoteRow.created_at > after, DigestNoteRow.created_at <= until)
            .order_by(DigestNoteRow.id)
        )
        return [MissionNote(row.mission, row.text) for row in rows.scalars()]


@dataclass(frozen=True, slots=True)
class Share:
    """A place for the public copy; `channel_id` 0 is the server's own digest."""

    owner_id: int
    guild_id: int
    channel_id: int


class ShareRepository(Repository[UnitT]):
    """Where this owner's public copies go; `members` in a system unit."""

    async def all(self) -> list[Share]:
        rows = await self.session.execute(select(DigestShareRow).order_by(DigestShareRow.id))
        return [_share(row) for row in rows.scalars()]

    async def put(self: "ShareRepository[Unit]", guild_id: int, channel_id: int) -> None:
        if await self._row(guild_id, channel_id) is None:
            self.writing.add(
                DigestShareRow(
                    id=self.unit.new_id(),
                    owner_id=self.owner,
                    guild_id=guild_id,
                    channel_id=channel_id,
                    created_at=self.unit.now,
                )
            )

    async def remove(self: "ShareRepository[Unit]", guild_id: int, channel_id: int) -> None:
        row = await self._row(guild_id, channel_id)
        if row is not None:
            await self.writing.delete(row)

    async def members(self, guild_id: int) -> list[int]:
        """Return who opted into a server's digest."""
        rows = await self.session.execute(
            select(DigestShareRow.owner_id)
            .where(DigestShareRow.guild_id == guild_id, DigestShareRow.channel_id == 0)
            .order_by(DigestShareRow.id)
        )
        return list(rows.scalars())

    async def _row(self, guild_id: int, channel_id: int) -> DigestShareRow | None:
        rows = await self.session.execute(
            select(DigestShareRow).where(DigestShareRow.guild_id == guild_id, DigestShareRow.channel_id == channel_id)
        )
        return rows.scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class DigestClock:
    """`rule`, `zone`: as in bot/recurrence.py. `cut_at`: the last cut; `was_active`: of the week it closed."""

    owner_id: int
    rule: str
    zone: str
    is_server: bool
    next_at: datetime | None
    cut_at: datetime
    was_active: bool


class DigestClockRepository(Repository[UnitT]):
    """When digests are cut; of one owner, or of all in a system unit."""

    async def get(self) -> DigestClock | None:
        row = (await self.session.execute(select(DigestClockRow))).scalar_one_or_none()
        return None if row is None else _clock(row)

    async def put(self: "DigestClockRepository[Unit]", clock: DigestClock) -> None:
        """Make or change this owner's clock."""
        row = (await self.writing.execute(select(DigestClockRow))).scalar_one_or_none()
        if row is None:
            row = DigestClockRow(id=self.unit.new_id(), owner_id=self.owner, was_active=clock.was_active)
            self.writing.add(row)
        row.rule, row.zone, row.is_server = clock.rule, clock.zone, clock.is_server
        row.next_at, row.cut_at, row.was_active = clock.next_at, clock.cut_at, clock.was_active

    async def due(self: "DigestClockRepository[Unit]", now: datetime, limit: int) -> list[DigestClock]:
        rows = await self.writing.execute(
            self.unit.locked(
                select(DigestClockRow)
                .where(DigestClockRow.next_at <= now)
                .order_by(DigestClockRow.next_at, DigestClockRow.owner_id)
                .limit(limit)
            )
        )
        return [_clock(row) for row in rows.scalars()]

    async def advance(self: "DigestClockRepository[Unit]", owner_id: int, next_at: datetime | None) -> None:
        await self.writing.execute(
            update(DigestClockRow).where(DigestClockRow.owner_id == owner_id).values(next_at=next_at)
        )

    async def closed(self: "DigestClockRepository[Unit]", cut_at: datetime, *, was_active: bool) -> None:
        """Close this owner's window at a cut."""
        await self.writing.execute(update(DigestClockRow).values(cut_at=cut_at, was_active=was_active))


def _digest(row: DigestRow) -> Digest:
    return Digest(
        id=DigestId(row.id),
        owner_id=row.owner_id,
        week=IsoWeek(row.iso_year, row.iso_week),
        cut_from=row.cut_from,
        cut_at=row.cut_at,
        markdown=row.markdown,
        card=row.card,
        public_card=row.public_card,
        content_hash=row.content_hash,
        has_activity=row.has_activity,
        state=DigestState(row.state),
        built_at=row.built_at,
        sent_at=row.sent_at,
        opened_at=row.opened_at,
    )


def _clock(row: DigestClockRow) -> DigestClock:
    return DigestClock(row.owner_id, row.rule, row.zone, row.is_server, row.next_at, row.cut_at, row.was_active)


def _share(row: DigestShareRow) -> Share:
    return Share(row.owner_id, row.guild_id, row.channel_id)
