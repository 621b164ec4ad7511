"""Every table says what an export prints and what a deletion does."""

from sqlalchemy import func, insert, select

from bot.clock import FixedClock
from storage.base import Base, Owned
from storage.privacy import PrivacyRepository
from storage.privacy_map import PRIVACY, OnDelete
from storage.tables import load_all
from storage.unit import Database
from tests.storage.samples import sample_rows

ADA = 1001


def test_every_table_is_in_the_privacy_map() -> None:
    assert set(PRIVACY) == set(load_all().metadata.tables)


def test_every_owned_table_names_its_person() -> None:
    for mapper in load_all().registry.mappers:
        if issubclass(mapper.class_, Owned):
            assert PRIVACY[mapper.local_table.name].person == "owner_id"  # type: ignore[union-attr]


def test_what_is_kept_says_why() -> None:
    assert [name for name, entry in PRIVACY.items() if entry.on_delete is OnDelete.KEEP and not entry.why] == []


async def test_export_shows_and_deletion_removes_everything(database: Database, clock: FixedClock) -> None:
    rows = sample_rows(ADA, clock.now(), "mark")
    async with database.system_write("seed") as unit:
        for table in Base.metadata.sorted_tables:
            await unit.session.execute(insert(table).values(**rows[table.name]))
    async with database.system_read() as unit:
        exported = await unit.repo(PrivacyRepository).export(ADA)
    personal = {name for name, entry in PRIVACY.items() if entry.person is not None}
    assert set(exported) == personal
    async with database.system_write("delete") as unit:
        counts = await unit.repo(PrivacyRepository).delete(ADA)
    assert counts.keys() <= personal
    async with database.system_read() as unit:
        for name in personal:
            left = await unit.session.execute(select(func.count()).select_from(Base.metadata.tables[name]))
            assert left.scalar_one() == 0, name
