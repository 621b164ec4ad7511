"""A life of a simulated artist through the real services: idle weeks, holidays, a burn-out dip, a move abroad.

A season by default, a whole year in `make soak`. Each week the effect of the rules is looked at; the person's script
decides only what the person does.
"""

import itertools
import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.actors import Actor
from bot.clock import FixedClock
from bot.coach.checkins import is_quiet
from bot.coach.dates import week_start
from bot.coach.goals import GoalDraft
from bot.coach.model import (
    DmSettings,
    FocusArea,
    GoalCategory,
    LoadLevel,
    Pacing,
    Reflections,
    Role,
    TaskStatus,
    WeekState,
)
from bot.coach.seats import areas_of
from bot.coach.service.profiles import ProfileChanges
from bot.coach.service.weeks import WeekView
from storage.repositories.studio import PersonRepository
from storage.unit import Database
from tests.coach.living import Life, closed_messages, too_fast

pytestmark = pytest.mark.no_cover  # long, over lines that shorter tests reach: twice as long under coverage

ADA = 1001
ada = Actor.user(ADA, "Ada")
FIRST = date(2025, 3, 3)
DAYTIME = DmSettings(checkins=True)


@dataclass
class Script:
    """What the person does in a week: how many tasks of ten are done, or None for nothing at all."""

    tenths: int | None
    rests: bool = False
    energy: int = 4
    zone: str | None = None
    pauses_weeks: int = 0


@dataclass
class Story:
    """A life as it is lived: where in it each thing happens, and which row of the adapting table then speaks.

    `spoke` names the weeks in which the plan was not just held as it was.
    """

    weeks: int
    full: tuple[int, ...]
    idle: int
    rest: int
    dip: tuple[int, ...]
    moves: int
    holidays: tuple[int, ...]
    small: tuple[int, int]
    gone: tuple[int, ...]
    spoke: dict[int, str]

    @property
    def script(self) -> list[Script]:
        weeks = [Script(8) for _ in range(self.weeks)]
        for week in self.full:
            weeks[week] = Script(10)  # full weeks: an offer
        weeks[self.idle] = Script(None)  # idle once: a soft landing
        weeks[self.rest] = Script(8, rests=True)
        for week in self.dip:
            weeks[week] = Script(2, energy=1)
        weeks[self.dip[-1] + 1] = Script(6, energy=3)
        weeks[self.moves].zone = "America/New_York"
        for week in self.holidays:
            weeks[week] = Script(None)
        weeks[self.holidays[0]].pauses_weeks = len(self.holidays)
        for week in self.small:
            weeks[week] = Script(3)  # two small weeks, not tired: one lighter, then two fewer and a question
        for week in self.gone:
            weeks[week] = Script(None)
        return weeks

    @property
    def expected(self) -> dict[int, str]:
        """Return the row of every week in which the person was there."""
        away = (self.idle, *self.holidays, *self.gone)
        return {week: self.spoke.get(week, "hold") for week in range(self.weeks) if week not in away}


YEAR = Story(
    weeks=52,
    full=(6, 7, 8),
    idle=12,
    rest=16,
    dip=(20, 21, 22),
    moves=28,  # weeks before the autumn change of clocks
    holidays=(32, 33, 34),
    small=(38, 39),
    gone=(42, 43, 44, 45),
    spoke={
        6: "offer_more",  # three good weeks, by the mean of three
        7: "offer_more",
        8: "offer_more",  # the offer is taken each time, until twelve are reached
        13: "soft_landing",  # after the idle week
        21: "load",  # after the first tired answer, as long as they last
        22: "load",
        23: "load",
        39: "one_lighter",
        40: "two_fewer",
        46: "silence",  # after a month away
    },
)
SEASON = Story(
    weeks=19,
    full=(0, 1),
    idle=3,  # its Sunday is the one on which London changes its clocks
    rest=9,
    dip=(5, 6, 7),
    moves=8,
    holidays=(10,),
    small=(11, 12),
    gone=(14, 15, 16, 17),
    spoke={
        2: "offer_more",
        4: "soft_landing",
        6: "load",
        7: "load",
        8: "load",
        12: "one_lighter",
        13: "two_fewer",
        18: "silence",
    },
)
"""The same things close together, with the spring change of clocks and the ends of four months among them."""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2025, 3, 3, 9, tzinfo=UTC))


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "story", [pytest.param(SEASON, id="a season"), pytest.param(YEAR, id="a year", marks=pytest.mark.soak)]
)
async def test_an_artists_life(sqlite_database: Database, clock: FixedClock, story: Story) -> None:
    life = Life(sqlite_database, clock)
    coach = life.coach
    async with sqlite_database.write(ada, ADA, "seen") as unit:
        await unit.repo(PersonRepository).seen("Ada", "en")
    await coach.profiles.start(ada, ADA, Role.ARTIST, "Europe/London")
    await coach.profiles.change(ada, ADA, ProfileChanges(pacing=Pacing.MODERATE, energy=True, setup_step=8))
    await coach.profiles.checkins_on(ada, ADA)
    goal = await coach.goals.add(ada, ADA, GoalDraft("Six songs", category=GoalCategory.CREATIVE, priority=3))
    chance = random.Random(1)
    zone = "Europe/London"
    offered: dict[str, list[date]] = {}
    sizes: list[tuple[date, int, str]] = []
    progress = 0.0
    rules: dict[int, str] = {}
    for number, lived in enumerate(story.script):
        monday = FIRST + timedelta(weeks=number)
        start = datetime.combine(monday, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC) + timedelta(hours=9)
        await life.live_until(start)
        if lived.zone:
            zone = lived.zone
            await coach.profiles.change(ada, ADA, ProfileChanges(timezone=zone))
        if lived.pauses_weeks:
            await coach.weeks.pause(ada, ADA, monday + timedelta(weeks=lived.pauses_weeks))
            continue
        if lived.tenths is None:
            continue
        view = await coach.weeks.plan(ada, ADA)
        assert view.week.week_start == week_start(clock.now(), zone)
        _look_at_plan(view, offered)
        _look_at_scores(view, await coach.weeks.history(ADA, limit=27))
        rules[number] = view.week.plan.rule
        assert view.asks_why == (view.week.plan.rule == "two_fewer"), "one question, after two small weeks only"
        if lived.rests:
            await coach.weeks.rest(ada, ADA)
            sizes.append((monday, -1, "rest"))
            continue
        sizes.append((monday, view.week.plan.size, view.week.plan.rule))
        if view.offer_more:
            view = (await coach.weeks.grow(ada, ADA)).view
            sizes[-1] = (monday, view.week.plan.size, "grown")
        for choice in view.choices:
            await coach.tasks.let_go(ada, ADA, choice.id)
        await _tick(life, view, lived.tenths, chance)
        progress = min(progress + lived.tenths / 4, 99)
        await coach.goals.set_progress(ada, ADA, goal.view.goal.id, progress)
        friday = start + timedelta(days=4, hours=8)
        await life.live_until(friday)
        checkin = await coach.checkins.on_demand(ada, ADA, f"week {number}")
        await coach.checkins.energy(ada, ADA, checkin.checkin.id, lived.energy)
        await coach.checkins.how_it_went(ada, ADA, checkin.checkin.id, 2 if lived.tenths <= 2 else 4)
        await coach.weeks.reflect(ada, ADA, None, Reflections(wins=(f"Week {number}",)))
        if number == story.dip[-1]:
            assert (await coach.progress.load(ADA)).level is LoadLevel.RED
    await life.live_until(clock.now() + timedelta(days=8))
    by_week = {monday: (size, rule) for monday, size, rule in sizes}
    _look_at_sizes(sizes, by_week, story)
    assert rules == story.expected
    history = await coach.weeks.history(ADA, limit=100)
    _look_at_history(history, story)
    _look_at_messages(life, story)
    view = await coach.progress.view(ADA, weeks=52)
    assert view.consistency is not None
    assert 0.3 < view.consistency < 1
    assert (await coach.goals.get(ADA, goal.view.goal.id)).forecast is not None
    wins = [told for week in history for told in week.week.reflections.wins]
    assert len(wins) == len(set(wins)) == sum(not s.rests and s.tenths is not None for s in story.script)


def _look_at_plan(view: WeekView, offered: dict[str, list[date]]) -> None:
    """Every plan keeps its promises, whatever came before."""
    monday = view.week.week_start
    areas = Counter(task.focus_area for task in view.tasks)
    assert areas[FocusArea.WELLBEING] == 1
    assert len(view.tasks) == view.week.plan.size
    assert sum(task.carried_from is not None for task in view.tasks) <= 3
    assert not any(task.carried_from and task.focus_area is FocusArea.WELLBEING for task in view.tasks)
    if view.week.plan.size >= 5 and view.week.plan.shape == "usual":
        assert all(areas[area] >= 1 for area in areas_of(Role.ARTIST))
    for task in view.tasks:
        if task.bank_id and task.carried_from is None:
            before = offered.setdefault(task.bank_id, [])
            assert not before or (monday - before[-1]).days >= 28, f"{task.bank_id} again within four weeks"
            before.append(monday)


def _look_at_scores(view: WeekView, history: list[WeekView]) -> None:
    """Consistency and weeks in motion, worked out a second time from what the history shows."""
    v, n, moved = 0.0, 0, []
    since = view.week.week_start - timedelta(weeks=26)
    for week in reversed(history):
        if week.week.week_start < since:
            continue
        planned = sum(task.effort for task in week.counted)
        if week.week.week_start >= view.week.week_start or week.week.state is not WeekState.ACTIVE or not planned:
            continue
        done = sum(task.effort for task in week.counted if task.status is TaskStatus.DONE)
        fade = 0.5 ** (1 / 5)
        v, n = fade * v + (1 - fade) * min(done / planned, 1), n + 1
        moved.append(done > 0)
    assert view.motion == (sum(moved[-10:]), len(moved[-10:]))
    if n:
        assert view.consistency == pytest.approx(v / (1 - (0.5 ** (1 / 5)) ** n), abs=1e-9)


def _look_at_sizes(sizes: list[tuple[date, int, str]], by_week: dict[date, tuple[int, str]], story: Story) -> None:
    def at(number: int) -> tuple[int, str]:
        return by_week[FIRST + timedelta(weeks=number)]

    assert at(0) == (9, "hold")
    assert "grown" in [rule for _, _, rule in sizes], "full weeks lead to an offer, and it was taken"
    assert at(story.idle + 1) == (3, "soft_landing"), "after an idle week three tasks"
    assert at(story.idle + 2)[0] >= 7, "and the week after the usual size again"
    assert at(story.dip[1])[1] == "load", "a tired answer holds the size"
    usual = [(monday, size) for monday, size, rule in sizes if rule not in ("soft_landing", "silence", "rest")]
    steps = [later[1] - earlier[1] for earlier, later in itertools.pairwise(usual)]
    assert all(-2 <= step <= 2 for step in steps), "never by more than two"
    first, second = story.small
    assert at(second)[0] == at(first)[0], "one small week: as many, one of them lighter"
    assert at(second + 1)[0] == at(second)[0] - 2, "two small weeks: two fewer"
    if second + 2 not in story.gone:
        assert at(second + 2)[0] == at(second + 1)[0], "and it stays there, until somebody takes an offer"
    assert at(story.gone[-1] + 1) == (3, "silence"), "a month away ends in three tasks, without reproach"


def _look_at_history(history: list[WeekView], story: Story) -> None:
    states = {view.week.week_start: view.week.state for view in history}
    assert states[FIRST + timedelta(weeks=story.rest)] is WeekState.REST
    assert WeekState.PAUSED in [states.get(FIRST + timedelta(weeks=week)) for week in story.holidays]
    reserved = sorted(monday for monday, state in states.items() if state is WeekState.RESERVE)
    assert all((later - earlier).days >= 28 for earlier, later in itertools.pairwise(reserved))
    assert len(states) == len(history), "one row a week"
    closed = [view for view in history if view.week.closed_at is not None]
    assert all(not view.open for view in closed), "nothing stays open in a closed week"
    assert not any(task.carry_count > 2 for view in history for task in view.tasks)


def _look_at_messages(life: Life, story: Story) -> None:
    said = [each for each in life.chat.said if "Check-ins are on" not in each.text]
    assert said, "check-ins went out"
    zone_moved = FIRST + timedelta(weeks=story.moves)
    moved = datetime.combine(zone_moved, datetime.min.time(), UTC) + timedelta(hours=9)
    for each in said:
        zone = "America/New_York" if each.at > moved else "Europe/London"
        assert not is_quiet(each.at, zone, DAYTIME)
    weeks = Counter(week_start(each.at, "Europe/London") for each in said)
    assert max(weeks.values()) <= 2
    times = [each.at for each in said]
    assert all(later - earlier >= timedelta(hours=20) for earlier, later in itertools.pairwise(times))
    holidays = (FIRST + timedelta(weeks=story.holidays[0], days=1), FIRST + timedelta(weeks=story.holidays[-1] + 1))
    assert not any(holidays[0] <= at.date() < holidays[1] for at in times)
    last = [each for each in said if "I'll stop sending notes now" in each.text]
    assert len(last) == 1, "one last message in the month away"
    back = moved + timedelta(weeks=story.gone[-1] + 1 - story.moves)
    after = [each for each in said if last[0].at < each.at < back]
    assert after == [], "then silence until the next command"


async def _tick(life: Life, view: WeekView, tenths: int, chance: random.Random) -> None:
    tasks = [task for task in view.open if task.status is TaskStatus.PLANNED]
    chance.shuffle(tasks)
    chosen = [task.id for task in tasks[: round(len(tasks) * tenths / 10)]]
    for task_id in chosen[:1]:
        await life.coach.tasks.done(ada, ADA, task_id)
    await life.coach.tasks.tick(ada, ADA, chosen[1:])


async def _people(life: Life, count: int) -> None:
    """Give many people a check-in that is due at the same minute."""
    for number in range(count):
        owner = 10_000 + number
        who = Actor.user(owner, f"P{number}")
        await life.coach.profiles.start(who, owner, Role.ARTIST, "Europe/London")
        await life.coach.profiles.checkins_on(who, owner)


@pytest.mark.parametrize("count", [15, pytest.param(5_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])
async def test_a_burst_is_sent_one_at_a_time_and_starves_nobody(
    sqlite_database: Database, clock: FixedClock, count: int
) -> None:
    clock.set(datetime(2025, 3, 4, 12, tzinfo=UTC))
    life = Life(sqlite_database, clock)
    await _people(life, count)
    await life.work()
    life.chat.said.clear()
    life.chat.failures.append(too_fast())
    await life.live_until(datetime(2025, 3, 7, 18, tzinfo=UTC))
    asked = [each.person for each in life.chat.said]
    assert len(asked) == len(set(asked)) == count
    assert life.chat.most_at_once == 1
    assert all(not is_quiet(each.at, "Europe/London", DAYTIME) for each in life.chat.said)


async def test_opening_too_fast_stops_all_for_ten_minutes(sqlite_database: Database, clock: FixedClock) -> None:
    clock.set(datetime(2025, 3, 4, 12, tzinfo=UTC))
    life = Life(sqlite_database, clock)
    life.chat.failures.append(too_fast())
    await _people(life, 5)
    await life.work()
    assert life.chat.said == []
    clock.advance(minutes=11)
    await life.work()
    assert len(life.chat.said) == 5


async def test_closed_messages_wait_in_the_inbox(sqlite_database: Database, clock: FixedClock) -> None:
    clock.set(datetime(2025, 3, 4, 12, tzinfo=UTC))
    life = Life(sqlite_database, clock)
    async with sqlite_database.write(ada, ADA, "seen") as unit:
        await unit.repo(PersonRepository).seen("Ada", "en")
    await life.coach.profiles.start(ada, ADA, Role.ARTIST, "Europe/London")
    await life.coach.profiles.checkins_on(ada, ADA)
    life.chat.failures.append(closed_messages())
    await life.work()
    assert life.chat.said == []
    assert [note.title for note in await life.studio.inbox(ADA)] == ["A check-in"]
    await life.live_until(datetime(2025, 3, 4, 20, tzinfo=UTC))
    assert life.chat.said == []
