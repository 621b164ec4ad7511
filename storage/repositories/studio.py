"""Guilds, people, settings, inbox, facts and idempotency keys."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from bot.studio.model import Guild, InboxNote, Person
from storage.privacy_map import kept_for
from storage.tables.studio import FactRow, GuildRow, InboxRow, PersonRow, RequestRow, SettingRow
from storage.unit import Repository, Unit, UnitT

DELETIONS = "deletions"
"""Fact: whose deletion this database has carried out, and when. One that lacks some on the list is an older copy."""


class GuildRepository(Repository[UnitT]):
    """Servers; system units only."""

    async def get(self, guild_id: int) -> Guild | None:
        row = await self.session.get(GuildRow, guild_id)
        return None if row is None else _guild(row)

    async def all(self) -> list[Guild]:
        rows = await self.session.execute(select(GuildRow).where(GuildRow.left_at.is_(None)))
        return [_guild(row) for row in rows.scalars()]

    async def ids(self) -> frozenset[int]:
        """Return every server that the bot is or was in."""
        return frozenset((await self.session.execute(select(GuildRow.id))).scalars())

    async def joined(self: "GuildRepository[Unit]", guild_id: int, name: str, locale: str | None) -> bool:
        """Note that the bot is in a guild; True when it was not known, or had left."""
        row = await self.writing.get(GuildRow, guild_id)
        if row is None:
            self.writing.add(GuildRow(id=guild_id, name=name, locale=locale, joined_at=self.unit.now))
            return True
        came_back = row.left_at is not None
        row.name, row.locale, row.left_at = name, locale, None
        return came_back

    async def welcomed(self: "GuildRepository[Unit]", guild_id: int) -> bool:
        """Note that a server is being greeted; False where it was, since it joined."""
        greeted = await self.writing.execute(
            update(GuildRow)
            .where(GuildRow.id == guild_id, GuildRow.welcomed_at.is_(None))
            .values(welcomed_at=self.unit.now)
            .returning(GuildRow.id)
        )
        return greeted.scalar_one_or_none() is not None

    async def left(self: "GuildRepository[Unit]", guild_id: int) -> None:
        """Note that the bot was taken out of a server; one that takes it back is greeted again."""
        gone = update(GuildRow).where(GuildRow.id == guild_id).values(left_at=self.unit.now, welcomed_at=None)
        await self.writing.execute(gone)


class PersonRepository(Repository[UnitT]):
    """This owner as a person."""

    async def get(self) -> Person | None:
        row = await self._row()
        return None if row is None else _person(row)

    async def seen(self: "PersonRepository[Unit]", name: str, locale: str | None) -> Person:
        """Note that the person used the bot."""
        row = await self._row()
        if row is None:
            row = PersonRow(
                id=self.owner,
                owner_id=self.owner,
                name=name,
                locale=locale,
                dm_refusals=0,
                first_seen_at=self.unit.now,
                last_seen_at=self.unit.now,
            )
            self.writing.add(row)
        row.name, row.locale, row.last_seen_at = name, locale or row.locale, self.unit.now
        return _person(row)

    async def dm_opened(self: "PersonRepository[Unit]", channel_id: int) -> None:
        row = await self._row()
        if row is not None:
            row.dm_channel_id, row.dm_closed_at, row.dm_retry_at, row.dm_refusals = channel_id, None, None, 0

    async def dm_refused(self: "PersonRepository[Unit]") -> None:
        """Back off after 1, 7, then 30 days."""
        row = await self._row()
        if row is not None:
            days = (1, 7, 30)[min(row.dm_refusals, 2)]
            row.dm_closed_at = row.dm_closed_at or self.unit.now
            row.dm_retry_at = self.unit.now + timedelta(days=days)
            row.dm_refusals += 1

    async def _row(self) -> PersonRow | None:
        return (await self.session.execute(select(PersonRow))).scalar_one_or_none()


class SettingsRepository(Repository[UnitT]):
    """Sections of settings of this owner, as plain data."""

    async def get(self, section: str) -> dict[str, Any] | None:
        row = await self._row(section)
        return None if row is None else dict(row.value)

    async def put(self: "SettingsRepository[Unit]", section: str, value: dict[str, Any]) -> None:
        row = await self._row(section)
        if row is None:
            self.writing.add(
                SettingRow(
                    id=self.unit.new_id(),
                    owner_id=self.owner,
                    section=section,
                    value=value,
                    updated_at=self.unit.now,
                )
            )
        elif row.value != value:
            row.value, row.updated_at = value, self.unit.now

    async def all_owners(self, section: str) -> dict[int, dict[str, Any]]:
        """Return owner → value of everybody; system units only."""
        rows = await self.session.execute(select(SettingRow).where(SettingRow.section == section))
        return {row.owner_id: dict(row.value) for row in rows.scalars()}

    async def _row(self, section: str) -> SettingRow | None:
        return (
            await self.session.execute(select(SettingRow).where(SettingRow.section == section))
        ).scalar_one_or_none()


class InboxRepository(Repository[UnitT]):
    """What could not be delivered to this person."""

    async def add(self: "InboxRepository[Unit]", kind: str, title: str, body: str) -> str:
        note = InboxRow(
            id=self.unit.new_id(),
            owner_id=self.owner,
            kind=kind,
            title=title,
            body=body,
            created_at=self.unit.now,
            expires_at=self.unit.now + kept_for("inbox"),
            announced=False,
        )
        self.writing.add(note)
        return note.id

    async def add_once(self: "InboxRepository[Unit]", kind: str, title: str, body: str) -> None:
        """Add a note, unless the same one is there already."""
        same = select(InboxRow.id).where(
            InboxRow.kind == kind, InboxRow.body == body, InboxRow.expires_at > self.unit.now
        )
        if (await self.writing.execute(same.limit(1))).first() is None:
            await self.add(kind, title, body)

    async def list(self, limit: int = 25) -> list[InboxNote]:
        rows = await self.session.execute(
            select(InboxRow)
            .where(InboxRow.expires_at > self.unit.now)
            .order_by(InboxRow.created_at.desc())
            .limit(limit)
        )
        return [
            InboxNote(row.id, row.kind, row.title, row.body, row.created_at, row.read_at is not None)
            for row in rows.scalars()
        ]

    async def announce(self: "InboxRepository[Unit]") -> int:
        """Return how many notes the person was not told of yet, and mark them told."""
        waiting = (
            await self.writing.execute(
                select(func.count()).select_from(InboxRow).where(~InboxRow.announced, InboxRow.read_at.is_(None))
            )
        ).scalar_one()
        if waiting:
            await self.writing.execute(
                update(InboxRow).values(announced=True).execution_options(synchronize_session=False)
            )
        return waiting

    async def unannounced(self) -> int:
        return (
            await self.session.execute(
                select(func.count()).select_from(InboxRow).where(~InboxRow.announced, InboxRow.read_at.is_(None))
            )
        ).scalar_one()

    async def read_all(self: "InboxRepository[Unit]") -> None:
        await self.writing.execute(
            update(InboxRow)
            .where(InboxRow.read_at.is_(None))
            .values(read_at=self.unit.now, announced=True)
            .execution_options(synchronize_session=False)
        )


class FactRepository(Repository[UnitT]):
    """Facts about the installation; system units only."""

    async def get(self, key: str) -> Any:
        row = await self.session.get(FactRow, key)
        return None if row is None else row.value

    async def put(self: "FactRepository[Unit]", key: str, value: Any) -> None:
        row = await self.writing.get(FactRow, key)
        if row is None:
            self.writing.add(FactRow(key=key, value=value, updated_at=self.unit.now))
        else:
            row.value, row.updated_at = value, self.unit.now


class RequestRepository(Repository[UnitT]):
    """Interactions that created something: the second time returns the first result."""

    async def result(self, key: str) -> Any:
        row = (await self.session.execute(select(RequestRow).where(RequestRow.key == key))).scalar_one_or_none()
        return None if row is None else row.result

    async def remember(self: "RequestRepository[Unit]", key: str, result: Any) -> None:
        self.writing.add(RequestRow(key=key, owner_id=self.owner, result=result, created_at=self.unit.now))


def _guild(row: GuildRow) -> Guild:
    return Guild(row.id, row.name, row.locale, row.joined_at, row.left_at, row.welcomed_at)


def _person(row: PersonRow) -> Person:
    return Person(
        row.owner_id,
        row.name,
        row.locale,
        row.dm_channel_id,
        row.dm_closed_at,
        row.dm_retry_at,
        row.first_seen_at,
        row.last_seen_at,
    )
