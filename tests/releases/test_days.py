"""The daily look at a release: reminders, windows that close, the public countdown, each on its days and no other."""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.actors import Actor
from bot.clock import FixedClock
from bot.engine import Engine
from bot.lifecycle import Supervisor
from bot.loops.dated import DatedLoops
from bot.releases.days import COUNTDOWN, DEADLINES, ReleaseDays
from bot.releases.model import ReleaseState
from bot.releases.service import ReleaseDraft, ReleaseService
from bot.releases.view import ReleaseView
from bot.slots import Lane
from storage.tables.engine import DeliveryRow
from storage.unit import Database
from tests.releases.catalogue import Catalogue
from tests.releases.test_service import FACTS, PRESETS, London

ADA = 7001
DOER = Actor.user(ADA, "Ada")
LONDON = ZoneInfo("Europe/London")
PLANNED_ON = date(2026, 3, 4)
T = date(2026, 5, 15)
CHANNEL, GUILD = 3001, 2001


class Awake:
    """Somebody who may be written to at any time."""

    async def open_at(self, user_id: int, now: datetime) -> datetime | None:
        return now


class House:
    """One release and the mornings at which it is looked at."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database, self.clock = database, clock
        self.service = ReleaseService(database, clock, PRESETS, FACTS, London(), London(), Catalogue(), DatedLoops())
        self.engine = Engine(database, clock, Supervisor())
        self.engine.register(ReleaseDays(database, clock, self.service, DatedLoops(), Awake()))
        self.release = ""

    async def plan(self, anchor: date = T) -> ReleaseView:
        draft = ReleaseDraft("Night Drive", anchor, "single_8w", remind_deadlines=True)
        view = (await self.service.create(DOER, ADA, draft)).view
        self.release = view.release.id
        return view

    async def look(self, day: date, at: time = time(10)) -> ReleaseView:
        """Let it be that time of that day in London; whatever is due is done."""
        self.clock.set(datetime.combine(day, at, LONDON))
        await self.engine.tick()
        await self.engine.drain([Lane.WORK])
        return await self.service.show(ADA, self.release)

    async def deliveries(self, kind: str) -> list[DeliveryRow]:
        async with self.database.system_read() as unit:
            found = select(DeliveryRow).where(DeliveryRow.kind == kind).order_by(DeliveryRow.id)
            return list((await unit.session.execute(found)).scalars())

    async def reminded(self) -> list[str]:
        """Return the days of which a reminder was ordered."""
        return [row.payload["day"] for row in await self.deliveries(DEADLINES)]


@pytest.fixture
async def house(sqlite_database: Database, clock: FixedClock) -> House:
    clock.set(datetime.combine(PLANNED_ON, time(12), LONDON))
    return House(sqlite_database, clock)


def before_t(days: int) -> date:
    return T - timedelta(days=days)


async def test_each_hard_deadline_is_told_7_2_and_0_days_before_and_its_window_closes_the_day_after(
    house: House,
) -> None:
    keys = {task.clip.id: task.clip.task_key for task in (await house.plan()).tasks}
    gone: dict[str, int] = {}
    for left in range(70, -5, -1):
        view = await house.look(before_t(left))
        for missed in view.missed:
            gone.setdefault(missed.task_key, left)
        still = {task.clip.task_key for task in view.tasks}
        assert not still & set(gone), "a task whose window closed is no task any more"
    told: dict[str | None, list[int]] = defaultdict(list)
    for row in await house.deliveries(DEADLINES):
        for _, clip in row.payload["tasks"]:
            told[keys[clip]].append((T - date.fromisoformat(row.payload["day"])).days)
    assert told == {"deliver": [35, 30, 28], "pitch": [14, 9, 7], "release_day": [7, 2, 0]}
    # Release day is two days of work that began in time.
    assert gone == {"deliver": 27, "pitch": 6, "release_day": -2}


async def test_what_is_done_is_not_told_and_does_not_close(house: House) -> None:
    view = await house.plan()
    (deliver,) = [task for task in view.tasks if task.clip.task_key == "deliver"]
    await house.service.finish_task(DOER, ADA, house.release, deliver.clip.id)
    for left in (36, 35, 30, 28, 27):
        view = await house.look(before_t(left))
    assert await house.reminded() == []
    assert view.missed == ()
    assert deliver.clip.id in {task.clip.id for task in view.tasks}


async def test_a_task_begun_in_time_may_run_on_over_its_deadline(house: House) -> None:
    view = await house.plan()
    (deliver,) = [task for task in view.tasks if task.clip.task_key == "deliver"]
    last = deliver.last_day - deliver.day
    assert last >= timedelta(days=1)
    await house.service.move_task(DOER, ADA, house.release, deliver.clip.id, before_t(28))
    for left, missed in ((28, []), (28 - last.days, []), (27 - last.days, ["deliver"])):
        view = await house.look(before_t(left))
        assert [one.task_key for one in view.missed] == missed, f"{left} days before"


async def test_after_days_away_only_the_newest_morning_is_looked_at(house: House) -> None:
    await house.plan()
    await house.look(before_t(36))
    # Away over the mornings of 35 (a reminder) to 31; back on the morning of 30 (another).
    await house.look(before_t(30), time(9, 59))
    assert await house.reminded() == []
    await house.look(before_t(30))
    assert await house.reminded() == [before_t(30).isoformat()]


async def test_back_at_the_very_minute_of_a_morning_that_morning_is_the_newest(house: House) -> None:
    await house.plan()
    await house.look(before_t(36))
    # Away over the mornings of 35 and 30, both of which had a reminder; this morning has none.
    await house.look(before_t(29), time(10))
    assert await house.reminded() == []
    assert (await house.engine.tick()).due["release-day"] == 0


async def test_a_reminder_waits_a_day_at_most(house: House) -> None:
    await house.plan()
    await house.look(before_t(35), time(23))
    (row,) = await house.deliveries(DEADLINES)
    assert row.expires_at == datetime.combine(before_t(34), time(10), LONDON)


async def test_a_morning_over_24_hours_ago_is_left_out_also_on_the_day_of_25_hours(house: House) -> None:
    """The clocks go back on 25 October 2026: at 09:30 the morning before is 24.5 hours ago, and still the newest."""
    house.clock.set(datetime(2026, 9, 1, 12, tzinfo=UTC))
    sunday = date(2026, 10, 25)
    await house.plan(sunday + timedelta(days=34))
    await house.look(sunday - timedelta(days=2))
    await house.look(sunday, time(9, 30))
    assert await house.reminded() == []
    await house.look(sunday)
    await house.look(sunday + timedelta(days=4))
    assert await house.reminded() == [(sunday + timedelta(days=4)).isoformat()]


async def test_the_public_countdown_comes_on_its_six_days_and_only_where_it_is_on(house: House) -> None:
    await house.plan()
    await house.look(before_t(28))
    assert await house.deliveries(COUNTDOWN) == []
    await house.service.set_countdown(DOER, ADA, house.release, GUILD, CHANNEL)
    for left in range(27, -3, -1):
        await house.look(before_t(left))
    posts = await house.deliveries(COUNTDOWN)
    assert [row.payload["days"] for row in posts] == [14, 7, 3, 1, 0]
    assert {(row.target_kind, row.target_id) for row in posts} == {("channel", CHANNEL)}


async def test_the_first_public_countdown_comes_four_weeks_before(house: House) -> None:
    await house.plan()
    await house.look(before_t(31))
    await house.service.set_countdown(DOER, ADA, house.release, GUILD, CHANNEL)
    for left in (30, 29, 28, 27):
        await house.look(before_t(left))
    assert [row.payload["days"] for row in await house.deliveries(COUNTDOWN)] == [28]


async def test_a_release_is_out_on_its_day_and_looked_at_for_sixty_days_more(house: House) -> None:
    await house.plan()
    states = [(await house.look(before_t(left))).release.state for left in (1, 0)]
    assert states == [ReleaseState.PLANNED, ReleaseState.RELEASED]
    looked = []
    for left in (-59, -60, -61, -62, -63):
        house.clock.set(datetime.combine(before_t(left), time(10), LONDON))
        looked.append((await house.engine.tick()).due["release-day"])
        await house.engine.drain([Lane.WORK])
    assert looked == [1, 1, 1, 0, 0]
