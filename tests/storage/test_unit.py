"""The unit of work: no lost update, ownership, history, undo, on both databases."""

import asyncio

import pytest
from sqlalchemy import func, select, text, update

from bot.actors import Actor
from bot.errors import ChangedSince
from bot.slots import SlotDraft
from storage.ownership import ForeignOwner
from storage.repositories.changes import ChangeRepository
from storage.repositories.studio import InboxRepository, PersonRepository, SettingsRepository
from storage.tables.studio import InboxRow, SettingRow
from storage.unit import Database

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
    with pytest.raises(Exception, match=r"(?i)read.?only|readonly"):
        async with database.read(ADA) as unit:
            await unit.repo(PersonRepository).seen("Ada", "en")
            await unit.session.flush()


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
