"""The one purge: deletes what is past the limit that `storage/privacy_map.py` gives its table, in batches.

Children go with their parents by the foreign keys; files go through whoever keeps them, told after each commit.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, Table, and_, delete, select

from storage.base import Base
from storage.privacy import PrivacyRepository
from storage.privacy_map import PRIVACY
from storage.tables import load_all
from storage.unit import Database, Repository, Unit, UnitT

log = structlog.stdlib.get_logger(__name__)

BATCH = 500
SERVERS = "guilds"
"""Its rows are owners: what they own goes with them."""

Forget = Callable[[int], Awaitable[object]]
"""Told of an owner of whom nothing is left."""
Gone = Callable[[Sequence[str]], Awaitable[object]]
"""Told of contents whose row went, once that is on disk. Others may still have the same content."""


class NotAllPurged(RuntimeError):
    """Some tables could not be purged, the others were; the text names them. What happened is in the log."""


class RetentionRepository(Repository[UnitT]):
    """Goes over all owners in system units."""

    async def purge(self: "RetentionRepository[Unit]", table: Table, limit: int = BATCH) -> tuple[int, list[str]]:
        """Delete some rows that are past their time; return how many, and the contents whose files they named."""
        entry, (key,) = PRIVACY[table.name], table.primary_key
        past = _past(table, self.unit.now)
        some = select(key).where(past).limit(limit)
        named = key if entry.files is None else table.c[entry.files]
        # The condition stands outside as well: somebody may take a row out of the bin at this very moment.
        gone = (await self.writing.execute(delete(table).where(key.in_(some), past).returning(named))).scalars().all()
        return len(gone), [] if entry.files is None else [str(content) for content in gone]

    async def servers_past(self) -> list[int]:
        """Return the servers that were left too long ago."""
        table = Base.metadata.tables[SERVERS]
        return list((await self.session.execute(select(table.c.id).where(_past(table, self.unit.now)))).scalars())

    async def forget_server(self: "RetentionRepository[Unit]", guild_id: int) -> tuple[int, list[str]]:
        """Delete a server with all that it owns and what others keep for it alone, unless it came back meanwhile."""
        table = Base.metadata.tables[SERVERS]
        went = await self.writing.execute(
            delete(table).where(table.c.id == guild_id, _past(table, self.unit.now)).returning(table.c.id)
        )
        if not went.scalars().all():
            return 0, []
        for name, entry in PRIVACY.items():
            if entry.place is not None:
                placed = Base.metadata.tables[name]
                await self.writing.execute(delete(placed).where(placed.c[entry.place] == guild_id))
        privacy = self.unit.repo(PrivacyRepository)
        contents = await privacy.contents(guild_id)
        await privacy.delete(guild_id)
        return 1, contents


class Retention:
    """Called once a day, and again until it went well."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.gone: list[Gone] = []
        """Who keeps files: pictures and audio of contents."""
        self.forgets: list[Forget] = []
        """Who works for servers, or keeps things of theirs beside rows and contents."""

    async def purge(self) -> Mapping[str, int]:
        """Delete everything that is past its time; return rows a table.

        Raises NotAllPurged after all tables were tried.
        """
        load_all()
        counts: dict[str, int] = {}
        failed: list[str] = []
        # Children first, so that a parent takes few along and each transaction stays short.
        for table in reversed(Base.metadata.sorted_tables):
            if PRIVACY[table.name].keep.moment is None:
                continue
            try:
                count = await (self._servers() if table.name == SERVERS else self._rows(table))
            except Exception:
                log.exception("a table could not be purged", table=table.name)
                failed.append(table.name)
                continue
            if count:
                counts[table.name] = count
        if counts:
            log.info("purged", **counts)
        if failed:
            raise NotAllPurged(", ".join(failed))
        return counts

    async def _rows(self, table: Table) -> int:
        total = 0
        while True:
            async with self._database.system_write("retention") as unit:
                count, contents = await unit.repo(RetentionRepository).purge(table)
            await self._tell(contents)
            total += count
            if count < BATCH:
                return total

    async def _servers(self) -> int:
        async with self._database.system_read() as unit:
            past = await unit.repo(RetentionRepository).servers_past()
        total = 0
        for guild_id in past:
            async with self._database.system_write("retention") as unit:
                count, contents = await unit.repo(RetentionRepository).forget_server(guild_id)
            for forget in self.forgets if count else ():
                await forget(guild_id)
            await self._tell(contents)
            total += count
        return total

    async def _tell(self, contents: Sequence[str]) -> None:
        if contents:
            for tell in self.gone:
                await tell(contents)


def _past(table: Table, now: datetime) -> ColumnElement[bool]:
    keep = PRIVACY[table.name].keep
    return and_(
        table.c[str(keep.moment)] < keep.before(now),
        *(table.c[name].in_(sorted(values)) for name, values in keep.only.items()),
    )
