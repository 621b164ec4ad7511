"""Migrations: empty to head, no difference to the tables, newer databases refused, both engines."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import column, select, table, text

from bot.clock import FixedClock
from bot.missions.model import Part
from bot.missions.quorum import read_parts
from storage.base import Base
from storage.engine import open_engines, sqlite_url
from storage.failures import NewerDatabase
from storage.migrations import current, head, upgrade
from storage.migrations.steps import differences, script_directory
from storage.repositories.mission_steps import StepRepository
from storage.repositories.posted import PostedRepository
from storage.tables import load_all
from storage.tables.engine import SlotRow
from storage.tables.missions import MissionRow
from storage.unit import Database, Unit
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


async def _fill(unit: Unit, rows: Mapping[str, Mapping[str, Any]]) -> int:
    """Write a row into every table that an older revision has; return how many."""
    connection = await unit.session.connection()
    present = set(await connection.run_sync(lambda sync: sync.dialect.get_table_names(sync)))
    filled = 0
    for one in Base.metadata.sorted_tables:
        if one.name in present:
            columns = {
                column["name"]
                for column in await connection.run_sync(
                    lambda sync, name=one.name: sync.dialect.get_columns(sync, name)
                )
            }
            # A column that is gone by now, or not there yet, may be empty.
            known = {name: value for name, value in rows[one.name].items() if name in columns}
            await unit.session.execute(one.insert().values(**known))
            filled += 1
    return filled


async def test_every_old_revision_with_rows_reaches_head(tmp_path, clock: FixedClock) -> None:
    revisions = [revision.revision for revision in script_directory().walk_revisions()][::-1]
    for revision in revisions:
        engines = open_engines(sqlite_url(tmp_path / f"{revision}.db"), synchronous="OFF")
        await upgrade(engines, revision)
        database = Database(engines, clock)
        async with database.system_write("fill") as unit:
            filled = await _fill(unit, sample_rows(1001, clock.now(), "kept"))
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


async def test_cards_that_were_posted_before_are_followed_from_now_on(tmp_path, clock: FixedClock) -> None:
    """A panel of a loop, a bounce with its audio, a proposal and its header; and what was to be drawn again is."""
    engines = open_engines(sqlite_url(tmp_path / "old.db"), synchronous="OFF")
    await upgrade(engines, "0007_add_digest_shares")
    database = Database(engines, clock)
    rows = sample_rows(1001, clock.now(), "old")
    kinds = {
        "loop": "loops",
        "bounce": "bounces",
        "mission.header": "mission_iterations",
        "mission.step": "mission_steps",
    }
    subjects = {place: rows[place]["id"] for place in kinds.values()}
    again = f"kind = 'mission_redraw', subject_id = 'step:{subjects['mission_steps']}', state = 'ready'"
    async with database.system_write("fill") as unit:
        assert await _fill(unit, rows)
        for statement in (
            f"INSERT INTO loop_panels VALUES ('{subjects['loops']}', 1, 11, 'whole', 'de', 0, 1001, 'panel')",
            f"INSERT INTO bounce_posts VALUES ('{subjects['bounces']}', 1, 12, 13, 0, 1001, 'post')",
            "UPDATE mission_iterations SET channel_id = 1, message_id = 14",
            "UPDATE mission_steps SET channel_id = 1, message_id = 15",
            f"UPDATE slots SET {again}",
        ):
            await unit.session.execute(text(statement))
    await upgrade(engines)
    async with database.read(1001) as unit:
        found = [
            (card.kind, card.message_id, card.audio_message_id, card.locale)
            for kind, place in kinds.items()
            for card in await unit.repo(PostedRepository).of(kind, subjects[place])
        ]
    async with database.system_read() as unit:
        slot = (await unit.session.execute(select(SlotRow.kind, SlotRow.lane, SlotRow.subject_id))).one()
    await database.close()
    assert found == [
        ("loop", 11, None, "de"),
        ("bounce", 12, 13, ""),
        ("mission.header", 14, None, ""),
        ("mission.step", 15, None, ""),
    ]
    assert tuple(slot) == ("redraw", "card", f"mission.step:{subjects['mission_steps']}")


async def test_a_number_of_approvals_becomes_that_many_approvers(tmp_path, clock: FixedClock) -> None:
    """And a mission is decided after the update by whom it was before."""
    engines = open_engines(sqlite_url(tmp_path / "old.db"), synchronous="OFF")
    await upgrade(engines, "0011_note_whose_words")
    database = Database(engines, clock)
    rows = sample_rows(1001, clock.now(), "old")
    async with database.system_write("fill") as unit:
        assert await _fill(unit, rows)
        await unit.session.execute(text("UPDATE missions SET quorum = 3"))
    await upgrade(engines)
    async with database.read(1001) as unit:
        kept = (await unit.session.execute(select(MissionRow.quorum_parts, MissionRow.quorum))).one()
        votes = await unit.repo(StepRepository).votes(rows["mission_votes"]["step_id"])
    await database.close()
    assert read_parts(*kept) == (Part("approver", 3),)
    assert kept[0] == [{"who": "approver", "count": 3}]
    assert [vote.fits for vote in votes] == [{"approver"}], "who agreed before agreed as an approver"
