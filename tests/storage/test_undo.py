"""Undo as people have it: their own acts, for ten minutes, once; others' only where somebody vouches for them."""

from datetime import timedelta

import pytest

from bot.actors import Actor
from bot.clock import FixedClock
from bot.errors import AlreadyDone, NotAllowed, Refused
from bot.studio.service import StudioService
from bot.undo import ChangeService
from storage.unit import Database

ADA, BEN = 1001, 1002
ada, ben = Actor.user(ADA, "Ada"), Actor.user(BEN, "Ben")


class Settings:
    """Ada's time zone, which can be set and taken back, by whom ever."""

    def __init__(self, database: Database) -> None:
        self.studio, self.changes = StudioService(database, database.clock), ChangeService(database)

    async def put(self, zone: str, actor: Actor = ada) -> str:
        saved = await self.studio.save_person(actor, ADA, timezone=zone)
        assert saved.group_id is not None
        return saved.group_id

    async def zone(self) -> str | None:
        return (await self.studio.person_settings(ADA)).timezone

    async def recent(self) -> list[str]:
        return [group.group_id for group in await self.changes.recent(ada, ADA)]


@pytest.fixture
def settings(sqlite_database: Database) -> Settings:
    return Settings(sqlite_database)


@pytest.mark.parametrize(
    ("later", "in_time"),
    [(timedelta(0), True), (timedelta(minutes=10), True), (timedelta(minutes=10, seconds=1), False)],
)
async def test_an_act_can_be_taken_back_for_ten_minutes(
    settings: Settings, clock: FixedClock, later: timedelta, in_time: bool
) -> None:
    group = await settings.put("Europe/Berlin")
    clock.set(clock.now() + later)
    assert await settings.recent() == ([group] if in_time else [])
    if in_time:
        await settings.changes.undo(ada, ADA, group)
        assert await settings.zone() is None
    else:
        with pytest.raises(Refused) as refused:
            await settings.changes.undo(ada, ADA, group)
        assert (refused.value.code, refused.value.parts) == ("undo_late", {"minutes": 10})
        assert await settings.zone() == "Europe/Berlin"


async def test_what_a_mission_did_can_be_taken_back_at_any_time(settings: Settings, clock: FixedClock) -> None:
    group = await settings.put("Europe/Berlin")
    clock.advance(days=40)
    await settings.changes.undo(ada, ADA, group, any_time=True)
    assert await settings.zone() is None


async def test_somebody_elses_act_is_taken_back_only_where_the_caller_vouches_for_it(settings: Settings) -> None:
    group = await settings.put("Europe/Berlin", ben)
    with pytest.raises(NotAllowed) as refused:
        await settings.changes.undo(ada, ADA, group)
    assert (refused.value.code, refused.value.parts) == ("undo_not_yours", {"who": "Ben"})
    assert await settings.zone() == "Europe/Berlin"
    await settings.changes.undo(ada, ADA, group, anyone=True)
    assert await settings.zone() is None


async def test_an_act_is_taken_back_once_and_one_that_is_not_there_never(settings: Settings) -> None:
    group = await settings.put("Europe/Berlin")
    await settings.changes.undo(ada, ADA, group)
    with pytest.raises(AlreadyDone):
        await settings.changes.undo(ada, ADA, group)
    for owner, missing in ((ADA, "nothing"), (BEN, group)):
        with pytest.raises(Refused) as refused:
            await settings.changes.undo(ada, owner, missing)
        assert refused.value.code == "undo_gone"


async def test_the_list_of_what_can_be_taken_back_is_the_persons_own_newest_first(settings: Settings) -> None:
    """What was taken back already is not on it, and neither is the taking back."""
    first, _, last = (
        await settings.put("Europe/Berlin"),
        await settings.put("UTC", ben),
        await settings.put("Asia/Tokyo"),
    )
    assert await settings.recent() == [last, first]
    await settings.changes.undo(ada, ADA, last)
    assert await settings.recent() == [first]
