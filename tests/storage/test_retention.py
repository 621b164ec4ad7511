"""What is kept how long, tried on a row of every table: past its limit it goes, just inside it stays."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import ForeignKeyConstraint, Table, func, select, update

from bot.clock import FixedClock
from storage.base import Base
from storage.privacy_map import PRIVACY
from storage.retention import BATCH, SERVERS, NotAllPurged, Retention
from storage.tables import load_all
from storage.types import Instant
from storage.unit import Database
from tests.storage.reach import World, seed

TABLES = [table.name for table in load_all().metadata.sorted_tables]
LIMITED = [name for name in TABLES if PRIVACY[name].keep.moment is not None]
WITH_A_PARENT = [name for name in TABLES if PRIVACY[name].keep.of is not None]
UNTIL_DELETED = [name for name in TABLES if name not in {*LIMITED, *WITH_A_PARENT}]
SECOND = timedelta(seconds=1)
LONG_AGO = timedelta(days=40_000)


def table_of(name: str) -> Table:
    return Base.metadata.tables[name]


async def rows(database: Database) -> Counter[str]:
    """Return how many rows each table holds."""
    async with database.system_read() as unit:
        counts = [
            (await unit.session.execute(select(func.count()).select_from(table_of(name)))).scalar_one()
            for name in TABLES
        ]
    return Counter(dict(zip(TABLES, counts, strict=True)))


async def set_all(database: Database, name: str, **values: object) -> None:
    async with database.system_write("age") as unit:
        await unit.session.execute(update(table_of(name)).values(**values))


async def age(database: Database, clock: FixedClock, name: str, past: timedelta) -> None:
    """Make every row of a table as old as its limit and `past` more, in every state in which it may go."""
    keep = PRIVACY[name].keep
    for column, accepted in keep.only.items():
        await set_all(database, name, **{column: sorted(accepted)[0]})
    limit = timedelta(0) if keep.days is None or keep.until is not None else timedelta(days=keep.days)
    await set_all(database, name, **{str(keep.moment): clock.now() - limit - past})


def children_of(name: str) -> set[str]:
    """Return the tables whose rows go with the rows of this one, over all generations."""
    found: set[str] = set()
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            if key.referred_table.name in {name, *found} and key.ondelete == "CASCADE":
                found.add(table.name)
    return found


@pytest.mark.parametrize("name", LIMITED)
async def test_a_row_past_its_limit_goes_and_one_just_inside_stays(
    database: Database, clock: FixedClock, name: str
) -> None:
    await seed(database, World(clock.now()))
    retention = Retention(database)
    await retention.purge()  # what the seed has of old things
    before = await rows(database)
    assert before[name] > 0
    await age(database, clock, name, -SECOND)
    assert await retention.purge() == {}
    assert await rows(database) == before
    await age(database, clock, name, SECOND)
    assert (await retention.purge())[name] == before[name]
    after = await rows(database)
    assert after[name] == 0
    owned = {table for table in TABLES if PRIVACY[table].person is not None} if name == SERVERS else set[str]()
    went = {table for table in TABLES if after[table] < before[table]}
    assert went <= {name, *children_of(name), *owned}
    assert {table for table in children_of(name) if after[table]} == set()


async def test_what_has_no_limit_of_its_own_stays_however_old_and_goes_with_what_it_belongs_to(
    database: Database, clock: FixedClock
) -> None:
    await seed(database, World(clock.now()))
    await Retention(database).purge()
    before = await rows(database)
    for name in (*UNTIL_DELETED, *WITH_A_PARENT):
        assert before[name] > 0, name
        await make_old(database, clock, name)
    assert await Retention(database).purge() == {}
    assert await rows(database) == before
    for name in reversed(WITH_A_PARENT):
        async with database.system_write("delete") as unit:
            await unit.session.execute(table_of(str(PRIVACY[name].keep.of)).delete())
        assert (await rows(database))[name] == 0, name


async def make_old(database: Database, clock: FixedClock, name: str) -> None:
    """Set every instant in a table to a hundred years ago."""
    instants = [column.name for column in table_of(name).columns if isinstance(column.type, Instant)]
    if instants:
        await set_all(database, name, **dict.fromkeys(instants, clock.now() - LONG_AGO))


def test_the_map_names_columns_that_there_are() -> None:
    for name, entry in PRIVACY.items():
        table, keep = table_of(name), entry.keep
        assert (keep.after is None) or (keep.until is None), name
        if keep.moment is not None:
            assert isinstance(table.c[keep.moment].type, Instant), name
            assert keep.until is not None or keep.days, name
        assert {*keep.only, *filter(None, (entry.files, entry.place, entry.person))} <= set(table.c.keys()), name


def test_every_bin_is_emptied() -> None:
    binned = {name for name in TABLES if "deleted_at" in table_of(name).c}
    assert {name for name in binned if PRIVACY[name].keep.after != "deleted_at"} == set()


def test_what_goes_with_its_parent_says_so_to_the_database() -> None:
    for name in WITH_A_PARENT:
        keys: set[ForeignKeyConstraint] = table_of(name).foreign_key_constraints
        parents = {key.referred_table.name for key in keys if key.ondelete == "CASCADE"}
        assert PRIVACY[name].keep.of in parents, name


@pytest.mark.parametrize("state", ["pending", "sending"])
async def test_a_message_that_is_still_owed_is_never_too_old(
    sqlite_database: Database, clock: FixedClock, state: str
) -> None:
    await seed(sqlite_database, World(clock.now()))
    await set_all(sqlite_database, "deliveries", created_at=clock.now() - LONG_AGO, state=state)
    before = await rows(sqlite_database)
    await Retention(sqlite_database).purge()
    assert (await rows(sqlite_database))["deliveries"] == before["deliveries"]


async def test_more_than_a_batch_goes_at_once_and_what_came_out_of_the_bin_stays(
    database: Database, clock: FixedClock
) -> None:
    world = World(clock.now())
    await seed(database, world)
    loop = world.row("loops") | {"deleted_at": clock.now()}
    async with database.system_write("many") as unit:
        many = [loop | {"id": f"loop-{number:04}"} for number in range(2 * BATCH + 7)]
        await unit.session.execute(table_of("loops").insert(), many)
    clock.advance(days=31)
    await set_all(database, "loop_clips", loop_id="loop-0000")
    async with database.system_write("restore") as unit:
        loops = table_of("loops")
        await unit.session.execute(update(loops).where(loops.c.id == "loop-0000").values(deleted_at=None))
    counts = await Retention(database).purge()
    assert counts["loops"] == 2 * BATCH + 6 + 1, "all but one of these, and the one of the seed"
    left = await rows(database)
    assert (left["loops"], left["loop_clips"]) == (2, 1)


async def test_a_server_that_was_left_goes_with_all_that_it_owns_and_one_that_came_back_stays(
    database: Database, clock: FixedClock
) -> None:
    world = World(clock.now())
    await seed(database, world)
    guild, gone, back = world.row("guilds"), 71, 72
    async with database.system_write("servers") as unit:
        for server in (gone, back):
            await unit.session.execute(table_of("guilds").insert().values(guild | {"id": server}))
            for name in ("settings", "digest_clocks", "digests"):
                row = world.row(name) | {"id": f"{name}-{server}", "owner_id": server}
                await unit.session.execute(table_of(name).insert().values(row))
            share = world.row("digest_shares") | {"id": f"share-{server}", "guild_id": server}
            await unit.session.execute(table_of("digest_shares").insert().values(share))
        servers = table_of("guilds")
        await unit.session.execute(update(servers).where(servers.c.id == gone).values(left_at=clock.now()))
    clock.advance(days=31)
    assert (await Retention(database).purge())["guilds"] == 1
    async with database.system_read() as unit:
        for name in ("settings", "digest_clocks", "digests"):
            owners = (await unit.session.execute(select(table_of(name).c.owner_id))).scalars().all()
            assert gone not in owners, name
            assert back in owners, name
        places = (await unit.session.execute(select(table_of("digest_shares").c.guild_id))).scalars().all()
    assert gone not in places
    assert back in places


async def test_one_table_that_fails_keeps_no_other_from_being_purged(
    sqlite_database: Database, clock: FixedClock
) -> None:
    await seed(sqlite_database, World(clock.now()))
    clock.advance(days=400)
    async with sqlite_database.system_write("break") as unit:
        connection = await unit.session.connection()
        await connection.exec_driver_sql(
            "CREATE TRIGGER stuck BEFORE DELETE ON ai_usage BEGIN SELECT RAISE(ABORT, 'stuck'); END"
        )
    with pytest.raises(NotAllPurged, match=r"^ai_usage$"):
        await Retention(sqlite_database).purge()
    left = await rows(sqlite_database)
    assert left["ai_usage"] > 0
    assert (left["changes"], left["requests"], left["ai_answers"]) == (0, 0, 0)


async def test_who_keeps_files_is_told_of_contents_that_went(sqlite_database: Database, clock: FixedClock) -> None:
    world = World(clock.now())
    await seed(sqlite_database, world)
    retention = Retention(sqlite_database)
    told: list[str] = []

    async def tell(contents: Sequence[str]) -> None:
        told.extend(contents)

    retention.gone.append(tell)
    await age(sqlite_database, clock, "bounces", SECOND)
    await retention.purge()
    assert sorted(told) == sorted(str(row["content_hash"]) for row in world.rows["bounces"])
