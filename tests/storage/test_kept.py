"""Settings are kept in memory only while they are true."""

import pytest
from sqlalchemy import text

from bot.actors import Actor
from bot.clock import FixedClock
from bot.studio.service import Standing, StudioService
from bot.undo import ChangeService
from storage.unit import Database

ADA, GUILD = 1001, 77
ADA_HERE = Standing(ADA, GUILD, can_manage_server=True)
ada = Actor.user(ADA, "Ada")


@pytest.fixture
def studio(database: Database, clock: FixedClock) -> StudioService:
    return StudioService(database, clock)


async def test_what_was_saved_is_read_at_once(studio: StudioService) -> None:
    assert (await studio.person_settings(ADA)).timezone is None
    await studio.save_person(ada, ADA, timezone="Europe/Berlin")
    assert (await studio.person_settings(ADA)).timezone == "Europe/Berlin"
    assert (await studio.person_settings(ADA + 1)).timezone is None
    await studio.save_guild(ada, ADA_HERE, GUILD, bounces_channel=5)
    assert (await studio.guild_settings(GUILD)).bounces_channel == 5


async def test_a_server_is_known_from_joining_on_and_after_leaving_too(studio: StudioService) -> None:
    assert not await studio.is_server(GUILD)
    await studio.joined(GUILD, "Studio", None)
    assert await studio.is_server(GUILD)
    assert not await studio.is_server(ADA)
    await studio.left(GUILD)
    assert await studio.is_server(GUILD), "what is its own is kept for a while, and is nobody's in person"


async def test_an_undo_is_seen(studio: StudioService, database: Database) -> None:
    await studio.save_person(ada, ADA, timezone="Europe/Berlin")
    saved = await studio.save_person(ada, ADA, timezone="Asia/Tokyo")
    assert (await studio.person_settings(ADA)).timezone == "Asia/Tokyo"
    assert saved.group_id is not None
    await ChangeService(database).undo(ada, ADA, saved.group_id)
    assert (await studio.person_settings(ADA)).timezone == "Europe/Berlin"


async def test_deleted_settings_are_gone(studio: StudioService) -> None:
    await studio.save_person(ada, ADA, timezone="Europe/Berlin")
    assert (await studio.person_settings(ADA)).timezone == "Europe/Berlin"
    await studio.privacy_delete(ADA)
    assert (await studio.person_settings(ADA)).timezone is None


async def test_a_write_that_failed_changes_nothing_that_is_read(studio: StudioService, database: Database) -> None:
    await studio.put_fact("started_at", 1)

    async def fail() -> None:
        async with database.system_write("broken") as unit:
            await unit.session.execute(text("UPDATE facts SET value = '2'"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await studio.fact("started_at") == 1
    await studio.put_fact("started_at", 3)
    assert await studio.fact("started_at") == 3


async def test_a_use_case_that_is_part_of_another_sees_what_is_not_committed(
    studio: StudioService, database: Database
) -> None:
    assert (await studio.person_settings(ADA)).timezone is None

    async def change_and_fail() -> None:
        async with database.write(ada, ADA, "outer") as unit:
            with database.joined(unit):
                await studio.save_person(ada, ADA, timezone="Asia/Tokyo")
                assert (await studio.person_settings(ADA)).timezone == "Asia/Tokyo"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await change_and_fail()
    assert (await studio.person_settings(ADA)).timezone is None


@pytest.mark.parametrize(
    ("minutes", "name", "noted_again"), [(0, "Ada", False), (10, "Ada", False), (11, "Ada", True), (1, "Ada L.", True)]
)
async def test_when_somebody_was_last_here_is_noted_every_ten_minutes_and_a_new_name_at_once(
    studio: StudioService, clock: FixedClock, minutes: int, name: str, noted_again: bool
) -> None:
    first = clock.now()
    await studio.seen(ADA, "Ada", "en-GB")
    clock.advance(minutes=minutes)
    await studio.seen(ADA, name, "en-GB")
    person = await studio.person(ADA)
    assert person is not None
    assert (person.first_seen_at, person.name) == (first, name)
    assert person.last_seen_at == (clock.now() if noted_again else first)
