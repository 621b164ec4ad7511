"""A change of settings and what others make of it are one: both stand, or neither does."""

from datetime import timedelta

import pytest

from bot.actors import Actor
from bot.clock import FixedClock
from bot.coach.model import Role
from bot.coach.service import coach_service
from bot.coach.service.desk import Desk
from bot.coach.service.profiles import ProfileChanges
from bot.studio.service import StudioService
from bot.undo import ChangeService
from storage.repositories.studio import InboxRepository
from storage.unit import Database

ADA = 1001
ada = Actor.user(ADA, "Ada")


class Broken(Exception):
    pass


class Notebook:
    """Somebody who writes down the zone that is heard of, in a transaction of their own as areas do."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.studio = StudioService(database, database.clock)
        self.studio.listen(self.hear)
        self.changes = ChangeService(database, self.studio.put_back)
        self.is_broken = False

    async def hear(self, user_id: int) -> None:
        zone = await self.studio.zone(user_id)
        async with self._database.write(Actor.system("notebook"), user_id, "notebook.hear") as unit:
            await unit.repo(InboxRepository).add("zone", zone.key, "")
            if self.is_broken:
                raise Broken

    async def heard(self) -> list[str]:
        async with self._database.read(ADA) as unit:
            return sorted(note.title for note in await unit.repo(InboxRepository).list())


async def test_a_change_and_its_undo_are_heard_with_what_is_true_then(database: Database) -> None:
    book = Notebook(database)
    saved = await book.studio.save_person(ada, ADA, timezone="Asia/Tokyo")
    assert await book.heard() == ["Asia/Tokyo"]
    await book.studio.save_person(ada, ADA, timezone="Asia/Tokyo")
    assert await book.heard() == ["Asia/Tokyo"], "nothing changed"
    assert saved.group_id is not None
    (group,) = await book.changes.recent(ada, ADA)
    assert group.operation == "settings.person", "it is still named after what the person did"
    await book.changes.undo(ada, ADA, saved.group_id)
    assert await book.heard() == ["Asia/Tokyo", "UTC"]


async def test_what_cannot_be_followed_is_not_saved(database: Database) -> None:
    book = Notebook(database)
    book.is_broken = True
    with pytest.raises(Broken):
        await book.studio.save_person(ada, ADA, timezone="Asia/Tokyo")
    assert (await book.studio.person_settings(ADA)).timezone is None
    assert await book.heard() == []


async def test_what_the_coach_is_told_of_a_person_is_heard_by_everybody(database: Database, clock: FixedClock) -> None:
    book = Notebook(database)
    coach = coach_service(Desk(database, clock, studio=book.studio))
    await coach.profiles.start(ada, ADA, Role.ARTIST, "Europe/Berlin")
    assert await book.heard() == ["Europe/Berlin"]
    view = await coach.profiles.change(ada, ADA, ProfileChanges(timezone="Asia/Tokyo", setup_step=5))
    assert view.profile.timezone == view.state.timezone == "Asia/Tokyo"
    assert await book.heard() == ["Asia/Tokyo", "Europe/Berlin"]
    (group, _) = await book.changes.recent(ada, ADA)
    assert group.operation == "coach.profile"
    await coach.profiles.checkins_on(ada, ADA)
    await coach.profiles.checkins_off(ada, ADA)
    await coach.weeks.pause(ada, ADA, clock.now().date() + timedelta(days=7))
    await coach.weeks.resume(ada, ADA)
    await coach.profiles.quiet(ADA)
    assert len(await book.heard()) == 7
