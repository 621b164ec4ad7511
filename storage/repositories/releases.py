"""Release plans and their missed windows; the clock that looks at them once a local day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update

from bot.releases.model import Condition, IfMissed, MissedWindow, Release, ReleaseId, ReleaseState
from storage.tables.releases import MissedWindowRow, ReleaseClockRow, ReleaseRow
from storage.unit import Repository, Unit, UnitT


class ReleaseRepository(Repository[UnitT]):
    """This owner's releases."""

    async def get(self, release_id: str, *, binned: bool = False) -> Release | None:
        """Return one that was not deleted; with `binned` also one that was."""
        row = await self._row(release_id)
        return None if row is None or (row.deleted_at is not None and not binned) else _release(row)

    async def owner_of(self, release_id: str) -> int | None:
        """Return whose plan it is; for system units, which see everybody's."""
        found = await self.session.execute(select(ReleaseRow.owner_id).where(ReleaseRow.id == release_id))
        return found.scalar_one_or_none()

    async def all(self, states: Sequence[ReleaseState] | None = None) -> list[Release]:
        """Return what was not deleted, the nearest date first."""
        query = select(ReleaseRow).where(ReleaseRow.deleted_at.is_(None))
        if states is not None:
            query = query.where(ReleaseRow.state.in_([str(state) for state in states]))
        rows = await self.session.execute(query.order_by(ReleaseRow.anchor_date, ReleaseRow.id))
        return [_release(row) for row in rows.scalars()]

    async def binned(self) -> list[Release]:
        """Return what is in the bin, the latest first."""
        rows = await self.session.execute(
            select(ReleaseRow).where(ReleaseRow.deleted_at.is_not(None)).order_by(ReleaseRow.deleted_at.desc())
        )
        return [_release(row) for row in rows.scalars()]

    async def add(self: "ReleaseRepository[Unit]", release: Release) -> None:
        self.writing.add(
            ReleaseRow(
                id=release.id,
                owner_id=self.owner,
                loop_id=release.loop_id,
                title=release.title,
                preset_key=release.preset_key,
                anchor_date=release.anchor_date.isoformat(),
                state=str(release.state),
                conditions=sorted(release.conditions),
                remind_deadlines=release.remind_deadlines,
                countdown_channel_id=release.countdown_channel_id,
                countdown_guild_id=release.countdown_guild_id,
                bounce_id=release.bounce_id,
                calendar_sequence=release.calendar_sequence,
                created_at=self.unit.now,
                updated_at=self.unit.now,
            )
        )

    async def save(self: "ReleaseRepository[Unit]", release: Release) -> None:
        """Write what may change of a release."""
        row = await self._row(release.id)
        if row is None:
            return
        row.title = release.title
        row.anchor_date = release.anchor_date.isoformat()
        row.state = str(release.state)
        row.remind_deadlines = release.remind_deadlines
        row.countdown_channel_id = release.countdown_channel_id
        row.countdown_guild_id = release.countdown_guild_id
        row.bounce_id = release.bounce_id
        row.calendar_sequence = release.calendar_sequence
        row.deleted_at = release.deleted_at
        row.updated_at = self.unit.now

    async def _row(self, release_id: str) -> ReleaseRow | None:
        rows = await self.session.execute(select(ReleaseRow).where(ReleaseRow.id == release_id))
        return rows.scalar_one_or_none()

    # ------------------------------------------------------------------ missed windows

    async def missed(self, release_id: str) -> list[MissedWindow]:
        rows = await self.session.execute(
            select(MissedWindowRow).where(MissedWindowRow.release_id == release_id).order_by(MissedWindowRow.id)
        )
        return [_missed(row) for row in rows.scalars()]

    async def missed_of(self, release_ids: Sequence[str]) -> Mapping[str, list[MissedWindow]]:
        """Return the missed windows of several plans in one query."""
        found: dict[str, list[MissedWindow]] = {release_id: [] for release_id in release_ids}
        rows = await self.session.execute(
            select(MissedWindowRow)
            .where(MissedWindowRow.release_id.in_(list(release_ids)))
            .order_by(MissedWindowRow.id)
        )
        for row in rows.scalars():
            found[row.release_id].append(_missed(row))
        return found

    async def note_missed(
        self: "ReleaseRepository[Unit]", release_id: str, task_key: str, title: str, alternative: IfMissed
    ) -> None:
        """List a window once; the same task again changes nothing."""
        known = await self.writing.execute(
            select(MissedWindowRow.id).where(
                MissedWindowRow.release_id == release_id, MissedWindowRow.task_key == task_key
            )
        )
        if known.first() is None:
            self.writing.add(
                MissedWindowRow(
                    id=self.unit.new_id(),
                    owner_id=self.owner,
                    release_id=release_id,
                    task_key=task_key,
                    title=title,
                    alternative=str(alternative),
                    noted_at=self.unit.now,
                )
            )

    async def missed_shown(self: "ReleaseRepository[Unit]", release_id: str) -> None:
        """Remember that the list was seen: it is shown once."""
        await self.writing.execute(
            update(MissedWindowRow)
            .where(MissedWindowRow.release_id == release_id, MissedWindowRow.shown_at.is_(None))
            .values(shown_at=self.unit.now)
        )


@dataclass(frozen=True, slots=True)
class ReleaseClock:
    owner_id: int
    zone: str
    next_at: datetime


class ReleaseClockRepository(Repository[UnitT]):
    """When releases are looked at next; of one owner, or of all in a system unit."""

    async def set(self: "ReleaseClockRepository[Unit]", zone: str, next_at: datetime | None) -> None:
        rows = await self.writing.execute(select(ReleaseClockRow))
        row = rows.scalar_one_or_none()
        if row is None:
            row = ReleaseClockRow(id=self.unit.new_id(), owner_id=self.owner, zone=zone)
            self.writing.add(row)
        row.zone, row.next_at = zone, next_at

    async def running(self) -> ReleaseClock | None:
        """Return the owner's clock; None where nothing is looked at."""
        row = (await self.session.execute(select(ReleaseClockRow))).scalar_one_or_none()
        return ReleaseClock(row.owner_id, row.zone, row.next_at) if row is not None and row.next_at else None

    async def stop(self: "ReleaseClockRepository[Unit]") -> None:
        """Look no more; a new plan winds it up again."""
        await self.writing.execute(update(ReleaseClockRow).values(next_at=None))

    async def due(self: "ReleaseClockRepository[Unit]", now: datetime, limit: int) -> list[ReleaseClock]:
        rows = await self.writing.execute(
            self.unit.locked(
                select(ReleaseClockRow)
                .where(ReleaseClockRow.next_at <= now)
                .order_by(ReleaseClockRow.next_at)
                .limit(limit)
            )
        )
        return [ReleaseClock(row.owner_id, row.zone, row.next_at) for row in rows.scalars() if row.next_at]

    async def advance(self: "ReleaseClockRepository[Unit]", owner_id: int, next_at: datetime) -> None:
        await self.writing.execute(
            update(ReleaseClockRow).where(ReleaseClockRow.owner_id == owner_id).values(next_at=next_at)
        )


def _release(row: ReleaseRow) -> Release:
    return Release(
        id=ReleaseId(row.id),
        owner_id=row.owner_id,
        loop_id=row.loop_id,
        title=row.title,
        preset_key=row.preset_key,
        anchor_date=date.fromisoformat(row.anchor_date),
        state=ReleaseState(row.state),
        conditions=frozenset(Condition(value) for value in row.conditions),
        remind_deadlines=row.remind_deadlines,
        countdown_channel_id=row.countdown_channel_id,
        countdown_guild_id=row.countdown_guild_id,
        bounce_id=row.bounce_id,
        calendar_sequence=row.calendar_sequence,
        created_at=row.created_at,
        updated_at=row.updated_at,
        deleted_at=row.deleted_at,
    )


def _missed(row: MissedWindowRow) -> MissedWindow:
    return MissedWindow(
        row.id, row.release_id, row.task_key, row.title, IfMissed(row.alternative), row.noted_at, row.shown_at
    )
