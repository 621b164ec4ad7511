"""Migrations: empty to head, no difference to the tables, newer databases refused, both engines."""

import pytest
from sqlalchemy import column, select, table, text

from bot.clock import FixedClock
from storage.base import Base
from storage.engine import open_engines, sqlite_url
from storage.failures import NewerDatabase
from storage.migrations import current, head, upgrade
from storage.migrations.steps import differences, script_directory
from storage.tables import load_all
from storage.unit import Database
from tests.storage.samples import sample_rows


async def test_tables_and_migrations_agree(database: Database) -> None:
    async with database.engines.write.connect() as connection:
        assert await connection.run_sync(differences) == []
    assert await current(database.engines) == head()


def test_there_is_one_line_of_revisions() -> None:
    assert script_directory().get_heads() == [head()]


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    await upgrade(database.engines)
    assert await current(database.engines) == head()


async def test_a_newer_database_is_refused_and_left_alone(database: Database) -> None:
    async with database.system_write("test") as unit:
        await unit.session.execute(text("UPDATE alembic_version SET version_num = '9999_future'"))
    with pytest.raises(NewerDatabase, match="9999_future"):
        await upgrade(database.engines)
    assert await current(database.engines) == "9999_future"


async def test_every_old_revision_with_rows_reaches_head(tmp_path, clock: FixedClock) -> None:
    revisions = [revision.revision for revision in script_directory().walk_revisions()][::-1]
    for revision in revisions:
        engines = open_engines(sqlite_url(tmp_path / f"{revision}.db"), synchronous="OFF")
        await upgrade(engines, revision)
        database = Database(engines, clock)
        rows = sample_rows(1001, clock.now(), "kept")
        filled = 0
        async with database.system_write("fill") as unit:
            connection = await unit.session.connection()
            present = set(await connection.run_sync(lambda sync: sync.dialect.get_table_names(sync)))
            for table in Base.metadata.sorted_tables:
                if table.name in present:
                    columns = {
                        column["name"]
                        for column in await connection.run_sync(
                            lambda sync, name=table.name: sync.dialect.get_columns(sync, name)
                        )
                    }
                    if columns == {column.name for column in table.columns}:
                        await unit.session.execute(table.insert().values(**rows[table.name]))
                        filled += 1
        await upgrade(engines)
        assert await current(engines) == head()
        async with database.system_read() as unit:
            kept = 0
            for table in load_all().metadata.sorted_tables:
                kept += len((await unit.session.execute(table.select())).all())
        assert kept == filled
        await database.close()


async def test_tables_are_strict_on_sqlite(sqlite_database: Database) -> None:
    async with sqlite_database.system_read() as unit:
        loose = (
            await unit.session.execute(
                select(column("name"))
                .select_from(table("pragma_table_list"))
                .where(column("type") == "table", column("strict") == 0, column("schema") == "main")
            )
        ).scalars()
        assert {name for name in loose if not name.startswith("sqlite_")} == {"alembic_version"}
