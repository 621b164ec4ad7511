"""Several use cases in one transaction: all of it or nothing, under one actor and one group."""

import asyncio
from datetime import timedelta

import pytest

from bot.actors import Actor
from storage.ownership import ForeignOwner
from storage.repositories.changes import ChangeRepository
from storage.repositories.studio import SettingsRepository
from storage.unit import Database

ADA, BEN = 1001, 1002


async def change_setting(database: Database, owner: int, value: str) -> None:
    async with database.write(Actor.system("inner"), owner, f"settings.{value}") as unit:
        await unit.repo(SettingsRepository).put("guild" if value == "a" else "person", {"note": value})


async def test_joined_use_cases_are_one_group_by_the_outer_actor(database: Database):
    actor = Actor.ai("m1", 3, 2, "because", "Robin")
    async with database.write(actor, ADA, "mission.execute") as unit:
        with database.joined(unit):
            await change_setting(database, ADA, "a")
            async with database.read(ADA) as seen:
                assert await seen.repo(SettingsRepository).get("guild") == {"note": "a"}
            await change_setting(database, ADA, "b")
    async with database.read(ADA) as unit:
        group = await unit.repo(ChangeRepository).group(unit_group := (await groups(database))[0])
    assert group is not None
    assert group.group_id == unit_group
    assert len(group.changes) == 2
    assert group.actor_reference == "ai:m1/3/2"


async def groups(database: Database) -> list[str]:
    async with database.read(ADA) as unit:
        return [
            one.group_id for one in await unit.repo(ChangeRepository).recent(unit.now - timedelta(days=1), "ai:m1/3/2")
        ]


async def test_a_failure_in_a_joined_use_case_takes_all_back(database: Database):
    with pytest.raises(RuntimeError):
        async with database.write(Actor.system("x"), ADA, "outer") as unit:
            with database.joined(unit):
                await change_setting(database, ADA, "a")
                raise RuntimeError("the second step breaks")
    async with database.read(ADA) as unit:
        assert await unit.repo(SettingsRepository).get("guild") is None


async def test_nobody_else_joins(database: Database):
    with pytest.raises(ForeignOwner):
        async with database.write(Actor.system("x"), ADA, "outer") as unit:
            with database.joined(unit):
                await change_setting(database, BEN, "a")


async def test_a_task_that_outlives_the_unit_writes_in_a_transaction_of_its_own(database: Database) -> None:
    """It inherits the context, not the transaction: what it does later must still be kept."""
    may_write = asyncio.Event()

    async def later() -> None:
        await may_write.wait()
        assert database.open_unit is None
        await change_setting(database, ADA, "b")

    async with database.write(Actor.system("x"), ADA, "outer") as unit:
        with database.joined(unit):
            await change_setting(database, ADA, "a")
            assert database.open_unit is unit
            outlives = asyncio.ensure_future(later())
    may_write.set()
    await outlives
    async with database.read(ADA) as unit:
        assert await unit.repo(SettingsRepository).get("guild") == {"note": "a"}
        assert await unit.repo(SettingsRepository).get("person") == {"note": "b"}


async def test_a_task_started_inside_sees_only_what_is_committed(database: Database) -> None:
    async with database.write(Actor.system("x"), ADA, "outer") as unit:
        with database.joined(unit):
            await change_setting(database, ADA, "a")

            async def look() -> dict[str, str] | None:
                async with database.read(ADA) as reading:
                    return await reading.repo(SettingsRepository).get("guild")

            assert await asyncio.ensure_future(look()) is None
            assert await look() == {"note": "a"}


async def test_after_the_block_a_use_case_is_a_transaction_of_its_own_again(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.write(Actor.system("x"), ADA, "outer") as unit:
            with database.joined(unit):
                await change_setting(database, ADA, "a")
            assert database.open_unit is None
            raise RuntimeError("the outer one breaks")
    async with database.read(ADA) as unit:
        assert await unit.repo(SettingsRepository).get("guild") is None


async def test_reading_is_no_transaction_to_write_in(database: Database) -> None:
    """`reading` lends its look to readers; what is written inside is on disk when its own block ends."""
    with pytest.raises(RuntimeError):
        async with database.reading(ADA):
            assert database.open_unit is None
            await change_setting(database, ADA, "a")
            raise RuntimeError("the reader breaks")
    async with database.read(ADA) as unit:
        assert await unit.repo(SettingsRepository).get("guild") == {"note": "a"}


async def test_reading_for_somebody_else_inside_shows_their_rows_only(database: Database) -> None:
    await change_setting(database, ADA, "a")
    async with database.reading(ADA), database.read(BEN) as unit:
        assert unit.owner == BEN
        assert await unit.repo(SettingsRepository).get("guild") is None
