"""Migrations run by program over the live connection at start; there is no alembic.ini.

Alembic itself is imported where there is something to migrate (`steps.py`).
"""

import re
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.base import Owned
from storage.engine import Engines
from storage.sight import policy
from storage.tables import load_all

VERSIONS = Path(__file__).parent / "versions"


def head() -> str:
    """Return the newest revision this version knows: what the last file of the line says it is."""
    newest = max(VERSIONS.glob("[0-9]*.py"), default=None)
    found = newest and re.search(r'^revision = "(.+)"$', newest.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise RuntimeError("there are no migrations")
    return found[1]


async def current(engines: Engines) -> str | None:
    """Return the revision of the database, None for an empty one."""
    async with engines.read.connect() as connection:
        if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
            return None
        return await connection.scalar(text("SELECT version_num FROM alembic_version"))


async def upgrade(engines: Engines, target: str = "head") -> None:
    """Bring the database to `target`. Raises NewerDatabase where its revision is unknown here.

    Foreign keys are off meanwhile: a batch change that recreates a table would empty its children.
    """
    # Costs a third of a second, and most starts have nothing to migrate.
    from storage.migrations import steps

    async with engines.write.connect() as connection:
        await _foreign_keys(connection, engines, on=False)
        try:
            async with connection.begin():
                if engines.dialect == "postgresql":
                    # Two processes that start together migrate one after the other.
                    await connection.execute(text("SELECT pg_advisory_xact_lock(7077701)"))
                    await connection.execute(text("SELECT set_config('studiohand.owner', 'system', true)"))
                await connection.run_sync(steps.run, target)
                if engines.dialect == "sqlite":
                    broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all()
                    if broken:
                        raise RuntimeError(f"a migration left {len(broken)} dangling references")
                elif target == "head":
                    await connection.run_sync(_row_level_security)
        finally:
            await _foreign_keys(connection, engines, on=True)


async def _foreign_keys(connection: AsyncConnection, engines: Engines, *, on: bool) -> None:
    if engines.dialect != "sqlite":
        return
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def _row_level_security(connection: Connection) -> None:
    """Fourth layer of ownership: PostgreSQL itself shows an owner's rows to that owner only."""
    for mapper in load_all().registry.mappers:
        if not issubclass(mapper.class_, Owned):
            continue
        table = mapper.local_table.name  # type: ignore[union-attr]
        rule = (
            "owner_id::text = current_setting('studiohand.owner', true)"
            " OR current_setting('studiohand.owner', true) = 'system'"
        )
        connection.execute(text(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'))
        connection.execute(text(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'))
        connection.execute(text(f'DROP POLICY IF EXISTS owner_only ON "{table}"'))
        connection.execute(text(f'CREATE POLICY owner_only ON "{table}" USING ({rule}) WITH CHECK ({rule})'))
        theirs = policy(mapper.class_)
        connection.execute(text(f'DROP POLICY IF EXISTS client_only ON "{table}"'))
        connection.execute(text(f'CREATE POLICY client_only ON "{table}" AS RESTRICTIVE USING ({theirs})'))
