"""Export and deletion of everything about one person, made from the privacy map."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CursorResult, Table, delete, func, select, update

from storage.base import Base
from storage.privacy_map import PRIVACY, OnDelete
from storage.tables import load_all
from storage.unit import Repository, Unit, UnitT

NAMED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "changes": ("actor_reference", ("id", "at", "operation", "area", "entity", "actor_name")),
    # Not its text: the owner may have written into it since.
    "loop_clips": ("written_by", ("id", "created_at")),
    "bounce_comments": ("author_id", ("id", "at_s", "text", "author_name", "created_at")),
    "mission_iterations": ("feedback_by", ("id", "feedback", "started_at")),
    "mission_steps": ("decided_by", ("id", "state", "decided_name", "decided_at")),
    "mission_events": ("actor_reference", ("id", "at", "state_after", "actor_name")),
    "mission_votes": ("voter_id", ("id", "voter_name", "at")),
    "client_people": ("user_id", ("id", "name", "may_approve", "joined_at")),
    "assignments": ("user_id", ("id", "name", "due_on", "state", "assigned_at")),
}
"""Where somebody is named in rows of others: the column, and what of such a row is theirs to read."""

FORMER = "a former member"
"""What stands in things of others where somebody stood who deleted everything about themselves."""
NAMELESS: Mapping[str, tuple[str, str]] = {
    "changes": ("actor_reference", "actor_name"),
    "bounce_comments": ("author_id", "author_name"),
    "mission_steps": ("decided_by", "decided_name"),
    "mission_events": ("actor_reference", "actor_name"),
    "mission_votes": ("voter_id", "voter_name"),
    "assignments": ("assigned_by", "assigned_by_name"),
    "handovers": ("asked_by", "asked_by_name"),
}
"""Rows of others that go on without somebody: the column that names them by id, and the one with their name."""
GOES_ALONG: Mapping[str, str] = {"client_people": "user_id", "assignments": "user_id"}
"""Rows of others that are about one person and nothing else: they go with that person. The column that names them."""


class PrivacyRepository(Repository[UnitT]):
    """Runs in system units, because it goes over all tables at once."""

    def _tables(self) -> list[Table]:
        load_all()
        return [table for table in Base.metadata.sorted_tables if PRIVACY[table.name].person is not None]

    async def counts(self, person: int) -> dict[str, int]:
        """Return rows a table, of tables with any."""
        result: dict[str, int] = {}
        for table in self._tables():
            column = table.c[str(PRIVACY[table.name].person)]
            count = (
                await self.session.execute(select(func.count()).select_from(table).where(column == person))
            ).scalar_one()
            if count:
                result[table.name] = count
        return result

    async def export(self, person: int) -> dict[str, list[dict[str, Any]]]:
        """Return every row about the person, by table, with plain values."""
        result: dict[str, list[dict[str, Any]]] = {}
        for table in self._tables():
            entry = PRIVACY[table.name]
            rows = (await self.session.execute(select(table).where(table.c[str(entry.person)] == person))).mappings()
            shown = [{key: value for key, value in row.items() if key not in entry.hidden} for row in rows]
            if shown:
                result[table.name] = shown
        return result

    async def named(self, person: int) -> dict[str, list[dict[str, Any]]]:
        """Return what names the person in rows of others: what they changed, said and decided there."""
        result: dict[str, list[dict[str, Any]]] = {}
        for name, (column, shown) in NAMED.items():
            table = load_all().metadata.tables[name]
            value = f"user:{person}" if column == "actor_reference" else person
            theirs = table.c[str(PRIVACY[name].person)] != person
            rows = await self.session.execute(
                select(*(table.c[key] for key in shown)).where(table.c[column] == value, theirs)
            )
            found = [dict(row) for row in rows.mappings()]
            if found:
                result[name] = found
        return result

    async def contents(self, person: int) -> list[str]:
        """Return the contents that this person's pictures and audio lie under, to be told before they are deleted."""
        found: list[str] = []
        for table in self._tables():
            entry = PRIVACY[table.name]
            if entry.files is not None:
                query = select(table.c[entry.files]).where(table.c[str(entry.person)] == person)
                found.extend((await self.session.execute(query)).scalars())
        return found

    async def delete(self: "PrivacyRepository[Unit]", person: int) -> dict[str, int]:
        """Delete everything that the map says goes; return rows a table."""
        result: dict[str, int] = {}
        for table in reversed(self._tables()):
            entry = PRIVACY[table.name]
            if entry.on_delete is OnDelete.KEEP:
                continue
            done = await self.writing.execute(delete(table).where(table.c[str(entry.person)] == person))
            if isinstance(done, CursorResult) and done.rowcount:
                result[table.name] = done.rowcount
        for name, (column, called) in NAMELESS.items():
            await self._forget_name(Base.metadata.tables[name], column, called, person)
        for name, column in GOES_ALONG.items():
            table = Base.metadata.tables[name]
            done = await self.writing.execute(delete(table).where(table.c[column] == person))
            if isinstance(done, CursorResult) and done.rowcount:
                result[name] = result.get(name, 0) + done.rowcount
        return result

    async def _forget_name(
        self: "PrivacyRepository[Unit]", table: Table, column: str, called: str, person: int
    ) -> None:
        """Take id and name of a person out of what others keep; each of their rows stays a row of its own."""
        by_reference = column == "actor_reference"
        value = f"user:{person}" if by_reference else person
        (key,) = table.primary_key
        ids = (await self.writing.execute(select(key).where(table.c[column] == value).order_by(key))).scalars().all()
        for number, row in enumerate(ids, 1):
            # Below zero is nobody's id on Discord, and two votes of one step are never the same person's.
            nobody = f"user:-{number}" if by_reference else -number
            await self.writing.execute(
                update(table)
                .where(key == row)
                .values({column: nobody, called: FORMER})
                .execution_options(synchronize_session=False)
            )
