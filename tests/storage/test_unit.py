"""The unit of work: no lost update, ownership, history, undo, on both databases."""
# pyright: reportUnnecessaryTypeIgnoreComment=true

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from bot.actors import Actor
from bot.errors import ChangedSince
from bot.loops.model import Loop
from bot.slots import SlotDraft
from storage.ownership import ForeignOwner
from storage.repositories.changes import ChangeRepository
from storage.repositories.loops import LoopRepository
from storage.repositories.studio import InboxRepository, PersonRepository, SettingsRepository
from storage.tables.studio import InboxRow, SettingRow
from storage.unit import Database
from tests.storage.reach import World, seed

ADA, BEN = 1001, 1002
ada, ben = Actor.user(ADA, "Ada"), Actor.user(BEN, "Ben")


async def put(database: Database, value: int, actor: Actor = ada, owner: int = ADA) -> str:
    async with database.write(actor, owner, "settings.put") as unit:
        await unit.repo(SettingsRepository).put("test", {"n": value})
        return unit.group_id


async def get(database: Database, owner: int = ADA) -> dict[str, int] | None:
    async with database.read(owner) as unit:
        return await unit.repo(SettingsRepository).get("test")


async def test_a_hundred_increments_by_five_tasks_make_a_hundred(database: Database) -> None:
    await put(database, 0)

    async def increments() -> None:
        for _ in range(20):
            async with database.write(ada, ADA, "increment") as unit:
                settings = unit.repo(SettingsRepository)
                value = await settings.get("test")
                assert value is not None
                await asyncio.sleep(0)
                await settings.put("test", {"n": value["n"] + 1})

    await asyncio.gather(*(increments() for _ in range(5)))
    assert await get(database) == {"n": 100}


async def test_another_owner_sees_changes_and_deletes_nothing(database: Database) -> None:
    await put(database, 1)
    assert await get(database, BEN) is None
    async with database.write(ben, BEN, "attack") as unit:
        await unit.session.execute(update(SettingRow).values(section="stolen"))
        assert (await unit.session.execute(select(func.count()).select_from(SettingRow))).scalar_one() == 0
    assert await get(database) == {"n": 1}


async def test_writing_a_row_of_somebody_else_is_refused(database: Database) -> None:
    with pytest.raises(ForeignOwner):
        async with database.write(ben, BEN, "attack") as unit:
            unit.session.add(SettingRow(id="x" * 32, owner_id=ADA, section="test", value={}, updated_at=unit.now))
    with pytest.raises(ForeignOwner):
        async with database.write(ben, BEN, "attack") as unit:
            await unit.insert_new(InboxRow, [{"id": "x", "owner_id": ADA}])
    with pytest.raises(ForeignOwner):
        async with database.write(ben, BEN, "attack") as unit:
            await unit.session.execute(text("SELECT 1"))


async def test_a_reading_unit_cannot_write(database: Database) -> None:
    """The type checker says so first: it names an ignore of `make check` that nothing needs."""
    with pytest.raises(RuntimeError, match="only reads"):
        async with database.read(ADA) as unit:
            await unit.repo(PersonRepository).seen("Ada", "en")  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(RuntimeError, match="only reads"):
        async with database.system_read() as unit:
            statement = update(SettingRow).values(section="x")
            await unit.session.execute(statement)  # pyright: ignore[reportArgumentType]
    with pytest.raises(RuntimeError, match="only reads"):
        async with database.system_read() as unit:
            unit.session.add(InboxRow())  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(AttributeError):
        async with database.read(ADA) as unit:
            unit.new_id()  # pyright: ignore[reportAttributeAccessIssue]


async def test_a_row_that_was_read_cannot_be_changed(database: Database) -> None:
    """No type sees that: a row is assigned to."""
    await put(database, 1)
    with pytest.raises(RuntimeError, match="only reads"):
        async with database.read(ADA) as unit:
            (await unit.session.execute(select(SettingRow))).scalar_one().section = "another"
    assert await get(database) == {"n": 1}


async def test_the_database_itself_refuses_what_a_reading_unit_writes(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)read.?only|readonly"):
        async with database.system_read() as unit:
            await (await unit._session.connection()).execute(text("DELETE FROM settings"))


async def test_a_change_is_recorded_with_its_actor_and_undone(database: Database) -> None:
    await put(database, 1)
    group = await put(database, 2)
    async with database.read(ADA) as unit:
        recorded = await unit.repo(ChangeRepository).group(group)
    assert recorded is not None
    assert recorded.actor_name == "Ada"
    assert recorded.changes[0].fields()["value"] == ({"n": 1}, {"n": 2})
    async with database.write(ada, ADA, "undo") as unit:
        await unit.repo(ChangeRepository).put_back(recorded)
    assert await get(database) == {"n": 1}
    async with database.read(ADA) as unit:
        again = await unit.repo(ChangeRepository).group(group)
    assert again is not None
    assert again.is_undone


async def test_undoing_a_creation_removes_it_and_undoing_that_brings_it_back(database: Database) -> None:
    group = await put(database, 7)
    async with database.write(ada, ADA, "undo") as unit:
        changes = unit.repo(ChangeRepository)
        recorded = await changes.group(group)
        assert recorded is not None
        await changes.put_back(recorded)
        removal = unit.group_id
    assert await get(database) is None
    async with database.write(ada, ADA, "undo") as unit:
        changes = unit.repo(ChangeRepository)
        recorded = await changes.group(removal)
        assert recorded is not None
        await changes.put_back(recorded)
    assert await get(database) == {"n": 7}


async def test_undo_refuses_and_names_who_changed_it_since(database: Database) -> None:
    await put(database, 1)
    group = await put(database, 2)
    await put(database, 3, actor=ben)
    with pytest.raises(ChangedSince) as refusal:
        async with database.write(ada, ADA, "undo") as unit:
            changes = unit.repo(ChangeRepository)
            recorded = await changes.group(group)
            assert recorded is not None
            await changes.put_back(recorded)
    assert refusal.value.parts["who"] == "Ben"
    assert await get(database) == {"n": 3}


async def test_a_unit_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        async with database.write(ada, ADA, "broken") as unit:
            await unit.repo(SettingsRepository).put("test", {"n": 1})
            await unit.repo(InboxRepository).add("note", "t", "b")
            await unit.add_slots([SlotDraft("k", "kind", "s", unit.now, owner=ADA)])
            raise RuntimeError("in the middle")
    async with database.system_read() as unit:
        assert await unit.repo(ChangeRepository).recent(database.clock.now().replace(year=2000)) == []
    assert await get(database) is None


async def test_a_slot_key_is_taken_once(database: Database) -> None:
    async with database.system_write("tick") as unit:
        assert await unit.add_slots([SlotDraft("a", "k", "s", unit.now), SlotDraft("b", "k", "s", unit.now)]) == 2
        assert await unit.add_slots([SlotDraft("a", "k", "s", unit.now), SlotDraft("c", "k", "s", unit.now)]) == 1


async def change_loop(database: Database, operation: str, **values: Any) -> str:
    async with database.write(ada, ADA, operation) as unit:
        loops = unit.repo(LoopRepository)
        loop = (await loops.all())[0]
        await loops.save(replace(loop, **values))
        return unit.group_id


async def undo(database: Database, group_id: str) -> None:
    async with database.write(ada, ADA, "undo") as unit:
        changes = unit.repo(ChangeRepository)
        recorded = await changes.group(group_id)
        assert recorded is not None
        await changes.put_back(recorded)


async def a_loop(database: Database) -> Loop:
    async with database.read(ADA) as unit:
        return (await unit.repo(LoopRepository).all())[0]


async def test_undo_puts_back_what_was_changed_and_keeps_what_came_after(sqlite_database: Database) -> None:
    await seed(sqlite_database, World(sqlite_database.clock.now()))
    before = await a_loop(sqlite_database)
    renamed = await change_loop(sqlite_database, "rename", name="Day Drive")
    await change_loop(sqlite_database, "speed", bpm=99.0)
    await undo(sqlite_database, renamed)
    after = await a_loop(sqlite_database)
    assert (after.name, after.bpm) == (before.name, 99.0)
    assert after.version == before.version + 3, "cards that show an older one are drawn anew"


async def test_undo_twice_is_refused_and_changes_nothing(sqlite_database: Database) -> None:
    await put(sqlite_database, 1)
    group = await put(sqlite_database, 2)
    await undo(sqlite_database, group)
    with pytest.raises(ChangedSince):
        await undo(sqlite_database, group)
    assert await get(sqlite_database) == {"n": 1}


async def removed(database: Database) -> str:
    """Make a row and take it back; return the group that removed it."""
    await undo(database, made := await put(database, 1))
    async with database.read(ADA) as unit:
        recorded = await unit.repo(ChangeRepository).group(made)
    assert recorded is not None
    undone_by = recorded.changes[0].undone_by
    assert undone_by is not None
    return undone_by


async def test_undo_of_a_removal_is_refused_where_the_row_is_back(sqlite_database: Database) -> None:
    removal = await removed(sqlite_database)
    await undo(sqlite_database, removal)
    with pytest.raises(ChangedSince) as refusal:
        await undo(sqlite_database, removal)
    assert refusal.value.parts["who"] == "Ada"
    assert await get(sqlite_database) == {"n": 1}


async def test_undo_of_a_removal_is_refused_where_something_else_has_its_place(database: Database) -> None:
    removal = await removed(database)
    await put(database, 2)
    with pytest.raises(ChangedSince):
        await undo(database, removal)
    assert await get(database) == {"n": 2}


async def test_undo_of_a_creation_is_refused_where_somebody_went_on_with_it(sqlite_database: Database) -> None:
    made = await put(sqlite_database, 1)
    await put(sqlite_database, 2, actor=ben)
    with pytest.raises(ChangedSince) as refusal:
        await undo(sqlite_database, made)
    assert refusal.value.parts["who"] == "Ben"
    assert await get(sqlite_database) == {"n": 2}


async def test_a_group_that_can_be_undone_in_part_only_is_not_undone(sqlite_database: Database) -> None:
    async with sqlite_database.write(ada, ADA, "two") as unit:
        for section in ("test", "other"):
            await unit.repo(SettingsRepository).put(section, {"n": 1})
        group = unit.group_id
    async with sqlite_database.write(ben, ADA, "one of them") as unit:
        await unit.repo(SettingsRepository).put("test", {"n": 2})
    with pytest.raises(ChangedSince):
        await undo(sqlite_database, group)
    async with sqlite_database.read(ADA) as unit:
        assert await unit.repo(SettingsRepository).get("other") == {"n": 1}
        recorded = await unit.repo(ChangeRepository).group(group)
    assert recorded is not None
    assert not recorded.is_undone


async def test_what_only_the_machine_counts_is_no_change_of_the_person(sqlite_database: Database) -> None:
    await seed(sqlite_database, World(sqlite_database.clock.now()))
    async with sqlite_database.write(ada, ADA, "touch") as unit:
        await unit.repo(LoopRepository).touch((await unit.repo(LoopRepository).all())[0].id)
        group = unit.group_id
    async with sqlite_database.read(ADA) as unit:
        assert await unit.repo(ChangeRepository).group(group) is None
