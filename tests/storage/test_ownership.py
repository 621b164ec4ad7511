"""Nobody reaches anybody else's rows: every repository method as the wrong person, and PostgreSQL on its own."""

from typing import Any

import pytest
from sqlalchemy import Executable, Table, insert, literal, select, text, update
from sqlalchemy.orm import aliased

from bot.actors import Actor
from bot.clock import FixedClock
from storage.base import Base, Owned
from storage.ownership import ForeignOwner
from storage.sight import OPEN, Sight
from storage.tables.missions import ScheduleRow
from storage.tables.studio import PersonRow, SettingRow
from storage.unit import Database
from tests.storage.reach import (
    ADA,
    BEN,
    UNREACHABLE,
    World,
    adas_rows,
    arguments,
    call,
    lend_things,
    methods_of,
    owned_repositories,
    reaches,
    seed,
    tables_of,
)

ben = Actor.user(BEN, "Ben")


def reach_of(table: Table) -> str:
    """Return what a client reaches of a table."""
    mapped = next(mapper.class_ for mapper in Base.registry.mappers if mapper.local_table is table)
    return getattr(mapped, "__client__", OPEN)


async def test_the_wrong_person_sees_changes_and_deletes_nothing(database: Database, clock: FixedClock) -> None:
    """Call every method with the same arguments as Ada and as Ben.

    Her call must come to her rows, or his would prove nothing; his must show, change and delete none of them.
    """
    world = World(clock.now())
    await seed(database, world)
    before = await adas_rows(database)
    await lend_things(database, world)
    unreached: set[str] = set()
    harm: list[str] = []
    for kind in owned_repositories():
        for name in methods_of(kind):
            given = arguments(kind, name, world)
            hers = await call(database, kind, name, given, ADA, before)
            his = await call(database, kind, name, given, BEN, before)
            if not reaches(hers, his):
                unreached.add(f"{kind.__name__}.{name}")
            harm += [f"{kind.__name__}.{name} takes {row}" for row in his.gone]
            harm += [f"{kind.__name__}.{name} makes {row}" for row in his.new]
            harm += [f"{kind.__name__}.{name} shows {mark}" for mark in sorted(his.shown(world))]
    assert harm == []
    assert unreached == set(UNREACHABLE)
    assert await adas_rows(database) == before


async def test_a_person_of_another_client_sees_changes_and_deletes_nothing(
    database: Database, clock: FixedClock
) -> None:
    """Every method in a server's name, called for somebody who comes from the side of one client of it.

    What only the house itself reads (records of changes, deliveries, posted cards, requests) is not shown to anybody.
    """
    world = World(clock.now())
    await seed(database, world)
    before = await adas_rows(database)
    await lend_things(database, world)
    database.look_as(ADA, Sight("another client", BEN))
    harm: list[str] = []
    looked = 0
    for kind in owned_repositories():
        if all(reach_of(table) == OPEN for table in tables_of(kind)):
            continue
        for name in methods_of(kind):
            theirs = await call(database, kind, name, arguments(kind, name, world), ADA, before)
            looked += 1
            harm += [f"{kind.__name__}.{name} takes {row}" for row in theirs.gone]
            harm += [f"{kind.__name__}.{name} shows {mark}" for mark in sorted(theirs.shown(world))]
    assert looked > 100
    assert harm == []


async def test_a_row_of_somebody_else_is_refused_however_it_came_into_the_session(
    sqlite_database: Database, clock: FixedClock
) -> None:
    """A row that was read elsewhere passes the filter of statements; what is written is compared once more."""
    world = World(clock.now())
    await seed(sqlite_database, world)
    before = await adas_rows(sqlite_database)
    for use in ("add", "change", "delete"):
        async with sqlite_database.system_read() as unit:
            row = (await unit.session.execute(select(SettingRow))).scalar_one()
        with pytest.raises(ForeignOwner, match="SettingRow belongs to somebody else"):
            async with sqlite_database.write(ben, BEN, "attack") as unit:
                if use == "add":
                    unit.session.add(SettingRow(id="x", owner_id=ADA, section="s", value={}, updated_at=unit.now))
                elif use == "change":
                    unit.session.add(row)
                    row.value = {"mark": "stolen"}
                else:
                    await unit.session.delete(row)
    assert await adas_rows(sqlite_database) == before


async def test_the_product_itself_changes_rows_of_everybody(sqlite_database: Database, clock: FixedClock) -> None:
    """What runs for all at once (cleaning, settling, expiry) is no one's, and none of its rows is refused."""
    await seed(sqlite_database, World(clock.now()))
    async with sqlite_database.system_write("test") as unit:
        (await unit.session.execute(select(PersonRow).where(PersonRow.owner_id == ADA))).scalar_one().name = "Ada L."
        unit.session.add(PersonRow(id=BEN, owner_id=BEN, name="Ben", first_seen_at=unit.now, last_seen_at=unit.now))
    for owner, name in ((ADA, "Ada L."), (BEN, "Ben")):
        async with sqlite_database.read(owner) as unit:
            assert (await unit.session.execute(select(PersonRow.name))).scalars().all() == [name]


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (text("DELETE FROM settings"), None),
        (insert(SettingRow), {"id": "x", "owner_id": ADA, "section": "s", "value": {}, "updated_at": None}),
        (update(ScheduleRow), [{"id": "adas-secret-missions-id", "iterations": 9}]),
    ],
    ids=["plain SQL", "an insert that nobody compared", "many rows by their keys"],
)
async def test_statements_that_no_owner_can_be_added_to_run_in_no_ones_unit(
    sqlite_database: Database, statement: Executable, values: Any
) -> None:
    with pytest.raises(ForeignOwner):
        async with sqlite_database.write(ben, BEN, "attack") as unit:
            await unit.session.execute(statement, values)


async def test_an_alias_of_a_table_shows_no_more_than_the_table(sqlite_database: Database, clock: FixedClock) -> None:
    await seed(sqlite_database, World(clock.now()))
    other = aliased(SettingRow)
    statement = select(other.id)
    async with sqlite_database.read(BEN) as unit:
        assert (await unit.session.execute(statement)).all() == []
    async with sqlite_database.read(ADA) as unit:
        assert len((await unit.session.execute(statement)).all()) == 1


async def test_postgresql_hides_rows_by_itself(postgres_database_url: str, clock: FixedClock) -> None:
    import psycopg

    from storage.engine import open_engines

    database = Database(open_engines(postgres_database_url), clock)
    await seed(database, World(clock.now()))
    await database.close()
    with psycopg.connect(postgres_database_url, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS studio_app")
        admin.execute("CREATE ROLE studio_app")
        admin.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO studio_app")
        admin.execute("SET ROLE studio_app")
        for owner, expected in ((str(BEN), 0), (str(ADA), 1), ("system", 1), ("", 0)):
            admin.execute("SELECT set_config('studiohand.owner', %s, false)", (owner,))
            assert admin.execute("SELECT count(*) FROM settings").fetchone() == (expected,), owner
        admin.execute("SELECT set_config('studiohand.owner', %s, false)", (str(BEN),))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            admin.execute(
                "INSERT INTO settings (id, owner_id, section, value, updated_at) VALUES ('x', %s, 's', '{}', 0)", (ADA,)
            )
        admin.execute("RESET ROLE")
        admin.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM studio_app")
        admin.execute("DROP ROLE studio_app")


async def test_children_of_somebody_elses_parent_are_refused_by_the_database(database: Database) -> None:
    """Every owned child points at (id, owner_id) of its parent, so that even plain SQL cannot mix owners."""
    loose = []
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        if not issubclass(mapper.class_, Owned):
            continue
        for constraint in table.foreign_key_constraints:  # type: ignore[union-attr]
            parent = constraint.referred_table
            if "owner_id" in parent.c and "owner_id" not in constraint.column_keys:
                loose.append(f"{table.name} → {parent.name}")  # type: ignore[union-attr]
    assert loose == []
    async with database.system_read() as unit:
        assert (await unit.session.execute(select(literal(1)))).scalar_one() == 1
