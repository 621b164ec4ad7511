"""Every table says what an export prints and what a deletion does."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from bot.clock import FixedClock
from storage.base import Base, Owned
from storage.privacy import PrivacyRepository
from storage.privacy_map import PRIVACY, OnDelete
from storage.tables import load_all
from storage.unit import Database
from tests.storage.samples import sample_rows

ADA, BEN = 1001, 1002


def test_every_table_is_in_the_privacy_map() -> None:
    assert set(PRIVACY) == set(load_all().metadata.tables)


def test_every_owned_table_names_its_person() -> None:
    for mapper in load_all().registry.mappers:
        if issubclass(mapper.class_, Owned):
            assert PRIVACY[mapper.local_table.name].person == "owner_id"  # type: ignore[union-attr]


def test_what_is_kept_says_why() -> None:
    assert [name for name, entry in PRIVACY.items() if entry.on_delete is OnDelete.KEEP and not entry.why] == []


KEPT_SECRET = {"upload_keys": ["key_hash"], "client_invites": ["code_hash"], "slots": ["lease"]}
"""What opens a door or lets somebody else finish work: in nobody's export, whatever the map says."""
HOUSEKEEPING = {"people": ["dm_refusals"], "bounce_files": ["inode", "mtime_ns"]}


def of_person(owner: int, now: datetime, mark: str) -> dict[str, dict[str, Any]]:
    rows = sample_rows(owner, now, mark)
    for row in rows.values():
        row |= {name: owner for name in ("message_id",) if name in row}
    return rows


async def seed(database: Database, *people: dict[str, dict[str, Any]]) -> None:
    async with database.system_write("seed") as unit:
        for rows in people:
            for table in Base.metadata.sorted_tables:
                await unit.session.execute(insert(table).values(**rows[table.name]))


async def left(database: Database) -> dict[str, list[object]]:
    """Return whose rows are in each personal table."""
    found: dict[str, list[object]] = {}
    async with database.system_read() as unit:
        for name, entry in PRIVACY.items():
            if entry.person is not None:
                column = Base.metadata.tables[name].c[entry.person]
                found[name] = list((await unit.session.execute(select(column).order_by(column))).scalars())
    return found


async def test_export_and_deletion_take_everything_of_one_person_and_nothing_of_another(
    database: Database, clock: FixedClock
) -> None:
    await seed(database, of_person(ADA, clock.now(), "adas"), of_person(BEN, clock.now(), "bens"))
    personal = {name for name, entry in PRIVACY.items() if entry.person is not None}
    async with database.system_read() as unit:
        privacy = unit.repo(PrivacyRepository)
        exported, counted = await privacy.export(ADA), await privacy.counts(ADA)
    assert {name: len(rows) for name, rows in exported.items()} == dict.fromkeys(personal, 1)
    assert counted == dict.fromkeys(personal, 1)
    assert "bens" not in str(exported)
    async with database.system_write("delete") as unit:
        removed = await unit.repo(PrivacyRepository).delete(ADA)
    # Rows that went with their parents are counted there.
    assert removed.keys() <= personal
    assert set(removed.values()) == {1}
    assert await left(database) == {name: [BEN] for name in personal}


async def test_an_export_holds_every_column_but_secrets_and_housekeeping(
    sqlite_database: Database, clock: FixedClock
) -> None:
    rows = of_person(ADA, clock.now(), "adas")
    await seed(sqlite_database, rows)
    async with sqlite_database.system_read() as unit:
        exported = await unit.repo(PrivacyRepository).export(ADA)
    missing = {name: sorted(rows[name].keys() - shown[0].keys()) for name, shown in exported.items()}
    assert {name: columns for name, columns in missing.items() if columns} == KEPT_SECRET | HOUSEKEEPING
    for table, columns in KEPT_SECRET.items():
        for column in columns:
            assert rows[table][column] not in str(exported)
