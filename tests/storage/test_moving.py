"""The move to PostgreSQL: the same rows, all or nothing, and never over somebody else's data."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert, select, text, update

import storage.moving as moving  # `from storage` is tests/storage to a type checker
from bot.actors import Actor
from bot.cli.main import main
from bot.clock import FixedClock
from storage.base import Base
from storage.engine import Engines, open_engines, sqlite_url
from storage.repositories.studio import SettingsRepository
from storage.tables import load_all
from storage.unit import Database
from tests.bounces.signals import music, save
from tests.databases import empty_sqlite
from tests.product import running
from tests.storage.samples import sample_rows
from tests.wire.kit import Upload

ADA, BEN = 1001, 1002


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Engines]:
    engines = open_engines(url)
    try:
        yield engines
    finally:
        await engines.dispose()


async def fill(url: str, clock: FixedClock, owner: int = ADA) -> None:
    """Put one row into each table."""
    async with opened(url) as engines:
        database = Database(engines, clock)
        rows = sample_rows(owner, clock.now(), "ä “mark” 🎛")
        async with database.system_write("seed") as unit:
            for table in Base.metadata.sorted_tables:
                await unit.session.execute(insert(table).values(**rows[table.name]))


async def contents(url: str) -> dict[str, moving.Content]:
    async with opened(url) as engines, engines.read.connect() as connection:
        if engines.dialect == "postgresql":
            await connection.execute(text("SELECT set_config('studiohand.owner', 'system', true)"))
        return {t.name: await moving.content(connection, t) for t in load_all().metadata.sorted_tables}


async def test_every_row_arrives_and_a_second_move_changes_nothing(
    sqlite_database_url: str, postgres_database_url: str, clock: FixedClock
) -> None:
    await fill(sqlite_database_url, clock)
    was = await contents(sqlite_database_url)
    assert all(found.rows == 1 for found in was.values())
    for _ in range(2):
        async with opened(sqlite_database_url) as source, opened(postgres_database_url) as target:
            moved = await moving.move(source, target)
        assert moved.rows == len(was) == moved.tables
        assert await contents(postgres_database_url) == was
    assert await contents(sqlite_database_url) == was


async def test_many_rows_are_moved_in_parts(
    sqlite_database_url: str, postgres_database_url: str, clock: FixedClock
) -> None:
    async with opened(sqlite_database_url) as engines:
        database = Database(engines, clock)
        async with database.write(Actor.user(ADA, "Ada"), ADA, "put") as unit:
            for number in range(moving.BATCH + 7):
                await unit.repo(SettingsRepository).put(f"test.{number}", {"n": number / 7, "empty": None})
    async with opened(sqlite_database_url) as source, opened(postgres_database_url) as target:
        await moving.move(source, target)
    assert await contents(postgres_database_url) == await contents(sqlite_database_url)


AWKWARD = {
    "zero": -0.0,
    "zeros": [-0.0, 0.0, 0],
    "large": 2**63 - 1,
    "larger": 2**80,
    "float": 1e16,
    "float_larger": 1e300,
    "negative": -1.5e20,
    "id_as_float": float(2**60),
    "small": 1e-7,
    "third": 1 / 3,
    "at": "2026-06-01T12:00:00.123456+00:00",
    "deep": {"a": [{"b": -0.0, "c": None, "d": True}]},
    "text": "ä “mark” 🎛 \\u0000",
}


async def test_what_the_databases_write_in_different_ways_is_compared_by_what_it_means(
    sqlite_database_url: str, postgres_database_url: str, clock: FixedClock
) -> None:
    clock.set(clock.now().replace(microsecond=123_456))
    await fill(sqlite_database_url, clock)
    async with opened(sqlite_database_url) as engines:
        database = Database(engines, clock)
        async with database.write(Actor.user(ADA, "Ada"), ADA, "put") as unit:
            await unit.repo(SettingsRepository).put("awkward", AWKWARD)
    async with opened(sqlite_database_url) as source, opened(postgres_database_url) as target:
        moved = await moving.move(source, target)
    assert moved.without_nul == 0
    assert await contents(postgres_database_url) == await contents(sqlite_database_url)
    async with opened(postgres_database_url) as engines:
        database = Database(engines, clock)
        async with database.read(ADA) as unit:
            assert moving._meaning(await unit.repo(SettingsRepository).get("awkward")) == moving._meaning(AWKWARD)


@pytest.mark.parametrize("changed", [{"zero": 1e-300}, {"large": 2**63}, {"float": 1e16 + 2}, {"deep": {"a": []}}])
def test_what_means_something_else_is_a_difference(changed: dict[str, object]) -> None:
    assert moving._meaning(AWKWARD) != moving._meaning({**AWKWARD, **changed})


async def test_nul_is_left_out_and_told(
    sqlite_database_url: str, postgres_database_url: str, clock: FixedClock
) -> None:
    async with opened(sqlite_database_url) as engines:
        database = Database(engines, clock)
        async with database.write(Actor.user(ADA, "Ada"), ADA, "put") as unit:
            await unit.repo(SettingsRepository).put("odd", {"na\0me": ["Night\0 Drive"]})
    async with opened(sqlite_database_url) as source, opened(postgres_database_url) as target:
        moved = await moving.move(source, target)
    assert moved.without_nul == 2, "the setting, and what its history keeps of it"
    async with opened(postgres_database_url) as engines:
        database = Database(engines, clock)
        async with database.read(ADA) as unit:
            assert await unit.repo(SettingsRepository).get("odd") == {"name": ["Night Drive"]}


async def test_a_stereo_file_with_equal_channels_moves_and_is_there_afterwards(
    tmp_path: Path, postgres_database_url: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    mono = music(4, seed=2)[:, 0]  # measured as a loss of minus nothing
    file = save(tmp_path / "Equal.wav", np.stack([mono, mono], axis=1), 44100)
    async with running(tmp_path / "data", clock) as product:
        ada = product.person("Ada")
        await ada.slash("/bounce new", file=Upload(file.name, file.read_bytes()))
        await ada.until_sees("Equal")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STUDIOHAND_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("STUDIOHAND_DATABASE_URL", postgres_database_url)
    assert await asyncio.to_thread(main, ["move-to-postgres"]) == 0
    async with opened(postgres_database_url) as engines, engines.read.connect() as connection:
        await connection.execute(text("SELECT set_config('studiohand.owner', 'system', true)"))
        bounces = load_all().metadata.tables["bounces"]
        assert (await connection.execute(select(bounces.c.title))).scalars().all() == ["Equal"]


async def test_other_data_is_never_overwritten(
    sqlite_database_url: str, postgres_database_url: str, clock: FixedClock
) -> None:
    await fill(sqlite_database_url, clock)
    await fill(postgres_database_url, clock, BEN)
    before = await contents(postgres_database_url)
    async with opened(sqlite_database_url) as source, opened(postgres_database_url) as target:
        with pytest.raises(moving.HoldsOtherData):
            await moving.move(source, target)
    assert await contents(postgres_database_url) == before


async def test_what_changed_on_the_way_is_noticed(
    sqlite_database_url: str, postgres_database_url: str, clock: FixedClock
) -> None:
    await fill(sqlite_database_url, clock)
    people = Base.metadata.tables["people"]
    async with opened(postgres_database_url) as target, target.write.begin() as connection:
        await connection.execute(text("SELECT set_config('studiohand.owner', 'system', true)"))
        await connection.execute(
            text(
                "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS"
                " 'BEGIN NEW.first_seen_at = NEW.first_seen_at + 1; RETURN NEW; END'"
            )
        )
        await connection.execute(
            text("CREATE TRIGGER meddle BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION meddle()")
        )
    async with opened(sqlite_database_url) as source, opened(postgres_database_url) as target:
        with pytest.raises(moving.NotTheSame, match="people"):
            await moving.move(source, target)
    assert (await contents(postgres_database_url))[people.name].rows == 0


async def test_a_difference_of_one_value_is_a_difference(sqlite_database_url: str, clock: FixedClock) -> None:
    await fill(sqlite_database_url, clock)
    before = await contents(sqlite_database_url)
    people = Base.metadata.tables["people"]
    async with opened(sqlite_database_url) as engines, engines.write.begin() as connection:
        await connection.execute(update(people).values(first_seen_at=clock.now().replace(year=2020)))
    after = await contents(sqlite_database_url)
    assert {name for name in before if before[name] != after[name]} == {"people"}


def test_the_command_says_what_it_moved(
    postgres_database_url: str,
    clock: FixedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "studiohand.db"
    empty_sqlite(file)
    asyncio.run(fill(sqlite_url(file), clock))
    before = file.read_bytes()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STUDIOHAND_DATA_DIR", str(tmp_path))
    assert main(["move-to-postgres"]) != 0
    assert "STUDIOHAND_DATABASE_URL" in capsys.readouterr().err
    monkeypatch.setenv("STUDIOHAND_DATABASE_URL", postgres_database_url)
    assert main(["move-to-postgres"]) == 0
    assert "Moved" in capsys.readouterr().out
    assert file.read_bytes() == before


def test_a_server_that_is_not_there_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty_sqlite(tmp_path / "studiohand.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STUDIOHAND_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("STUDIOHAND_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    assert main(["move-to-postgres"]) != 0
    told = capsys.readouterr().err
    assert "nothing was kept" in told
    assert "Error" not in told
