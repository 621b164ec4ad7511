"""Any sequence of what people do to their weeks, through the real services: nothing told or ticked is ever lost."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.actors import Actor
from bot.clock import FixedClock
from bot.coach.model import FocusArea, Pacing, Reflections, Role, Task, TaskSource, TaskStatus, WeekState
from bot.coach.rules import coach_rules
from bot.coach.seats import WeekShape, areas_of, frame
from bot.coach.service import CoachService, coach_service
from bot.coach.service.desk import Desk
from bot.coach.service.planning import close_past
from bot.coach.service.profiles import ProfileChanges
from bot.coach.service.tasks import TaskDraft
from bot.coach.service.weeks import Changed, WeekView
from bot.errors import AlreadyDone, BotError, Refused
from bot.undo import ChangeService
from storage.engine import open_engines
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository
from storage.unit import Database
from tests.coach.banks import synthetic_bank
from tests.coach.desk import MONDAY
from tests.databases import empty_sqlite

pytestmark = pytest.mark.no_cover  # long, over lines that shorter tests reach: twice as long under coverage

BANKS = {role: synthetic_bank(role) for role in Role}
ACTS = (
    "tick", "tick", "tick_two", "late_tick", "skip", "let_go", "swap", "split", "own", "if_then", "schedule", "reflect",
    "regenerate", "regenerate", "lighter", "grow", "finish", "rest_next", "pause", "resume", "undo", "undo", "choice",
    "day", "week",
)  # fmt: skip


@dataclass
class Told:
    """What the person did, as it has to be found again."""

    done: set[str] = field(default_factory=set)
    if_thens: dict[str, str] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    reflections: dict[Any, Reflections] = field(default_factory=dict)


class Person:
    """One person and everything they may do, over a shared database."""

    def __init__(self, database: Database, clock: FixedClock, owner: int) -> None:
        self.database, self.clock, self.owner = database, clock, owner
        self.actor = Actor.user(owner, "Ada")
        self.desk = Desk(database, clock, bank=BANKS.__getitem__)
        self.coach: CoachService = coach_service(self.desk)
        self.told = Told()
        self.before: tuple[Any, Told] | None = None
        self.group: str | None = None

    async def begin(self, role: Role, pacing: Pacing) -> None:
        await self.coach.profiles.start(self.actor, self.owner, role, "Europe/London")
        await self.coach.profiles.change(self.actor, self.owner, ProfileChanges(pacing=pacing))
        view = await self.plan()
        counts = Counter(task.focus_area for task in view.tasks)
        expected = {Pacing.RELAXED: [2, 1, 1, 1], Pacing.MODERATE: [3, 2, 2, 1], Pacing.INTENSIVE: [4, 3, 3, 1]}
        assert [counts[area] for area in areas_of(role)] == expected[pacing]
        assert counts[FocusArea.WELLBEING] == 1

    async def plan(self) -> WeekView:
        return await self.coach.weeks.plan(self.actor, self.owner)

    async def rows(self) -> Any:
        """Return all weeks and tasks as they are kept, without what only steers messages."""
        async with self.database.read(self.owner) as unit:
            weeks = await unit.repo(CoachWeekRepository).newest(100)
            tasks = await unit.repo(CoachTaskRepository).of_weeks([week.id for week in weeks])
        return {week.week_start: (week, sorted(tasks[week.id], key=lambda task: task.id)) for week in weeks}

    async def act(self, name: str, pick: int) -> None:
        """Do one thing; a refusal is an answer, and changes nothing."""
        view = await self.plan()
        _look_at_week(view)
        if name == "undo":
            await self._undo()
            return
        self.group, known = None, await self.rows()
        told = replace(
            self.told,
            done=set(self.told.done),
            if_thens=dict(self.told.if_thens),
            own=set(self.told.own),
            reflections=dict(self.told.reflections),
        )
        try:
            await getattr(self, f"_{name}")(view, pick)
        except (Refused, AlreadyDone):
            if name not in ("day", "week"):
                assert await self.rows() == known, f"{name} was refused and changed something"
            self.told = told
        self.before = (known, told)
        await self.look(name)

    async def close_past(self) -> None:
        """Close what ended, as the closing at Monday 00:00 does."""
        async with self.desk.write(Actor.system("coach"), self.owner, "close_week") as sitting:
            await close_past(sitting, self.desk)

    async def look(self, name: str) -> None:
        """Hold what is kept against what was told."""
        rows = await self.rows()
        every = {task.id: task for _, tasks in rows.values() for task in tasks}
        for task_id in self.told.done:
            assert every[task_id].status is TaskStatus.DONE, f"a tick was lost by {name}"
        for task_id, words in self.told.if_thens.items():
            assert every[task_id].if_then == words, f"an if-then was lost by {name}"
        assert self.told.own <= set(every), f"an own task was lost by {name}"
        for monday, told in self.told.reflections.items():
            assert rows[monday][0].reflections == told, f"a reflection was lost by {name}"
        for _, tasks in rows.values():
            assert sum(task.carried_from is not None for task in tasks) <= 3
            assert all(task.carry_count <= 2 for task in tasks)
            assert not any(task.carried_from and task.focus_area is FocusArea.WELLBEING for task in tasks)
        reserved = sorted(monday for monday, (week, _) in rows.items() if week.state is WeekState.RESERVE)
        assert all((later - earlier).days >= 28 for earlier, later in itertools.pairwise(reserved))

    async def _undo(self) -> None:
        if self.group is None or self.before is None:
            return
        group, self.group = self.group, None
        known, self.told = self.before
        try:
            await ChangeService(self.database).undo(self.actor, self.owner, group)
        except Refused as refused:
            # What was written stood there already: nothing was recorded, and there is nothing to undo.
            if refused.code != "undo_gone":
                raise
        assert await self.rows() == known, "undo restores every row as it was"

    def _open(self, view: WeekView, pick: int) -> Task:
        if not view.open:
            raise Refused("nothing_open")
        return view.open[pick % len(view.open)]

    async def _tick(self, view: WeekView, pick: int) -> None:
        task = self._open(view, pick)
        self.group = (await self.coach.tasks.done(self.actor, self.owner, task.id)).group_id
        self.told.done.add(task.id)

    async def _tick_two(self, view: WeekView, pick: int) -> None:
        chosen = [task.id for task in view.open[:2]]
        await self.coach.tasks.tick(self.actor, self.owner, chosen)
        self.told.done.update(chosen)

    async def _late_tick(self, view: WeekView, pick: int) -> None:
        """Tick from last week's card."""
        rows = await self.rows()
        last = rows.get(view.week.week_start - timedelta(days=7))
        late = [task for task in last[1] if task.status in (TaskStatus.CARRIED, TaskStatus.SKIPPED)] if last else []
        if late:
            task = late[pick % len(late)]
            self.group = (await self.coach.tasks.done(self.actor, self.owner, task.id)).group_id
            self.told.done.add(task.id)

    async def _skip(self, view: WeekView, pick: int) -> None:
        self.group = (await self.coach.tasks.skip(self.actor, self.owner, self._open(view, pick).id)).group_id

    async def _let_go(self, view: WeekView, pick: int) -> None:
        self.group = (await self.coach.tasks.let_go(self.actor, self.owner, self._open(view, pick).id)).group_id

    async def _swap(self, view: WeekView, pick: int) -> None:
        before = Counter(task.focus_area for task in view.counted)
        self.group = (await self.coach.tasks.swap(self.actor, self.owner, self._open(view, pick).id)).group_id
        after = await self.plan()
        assert Counter(task.focus_area for task in after.counted) == before, "a swap keeps the counts"

    async def _split(self, view: WeekView, pick: int) -> None:
        changed = await self.coach.tasks.split(self.actor, self.owner, self._open(view, pick).id, "First", "Second")
        self.group = changed.group_id
        self.told.own.add(changed.task.id)

    async def _own(self, view: WeekView, pick: int) -> None:
        added = await self.coach.tasks.add(self.actor, self.owner, TaskDraft(f"Mine {pick}"))
        self.group = added.group_id
        self.told.own.add(added.task.id)

    async def _if_then(self, view: WeekView, pick: int) -> None:
        task, words = self._open(view, pick), f"If it is {pick}, then ten minutes"
        self.group = (await self.coach.tasks.set_if_then(self.actor, self.owner, task.id, words)).group_id
        self.told.if_thens[task.id] = words

    async def _schedule(self, view: WeekView, pick: int) -> None:
        at = self.clock.now() + timedelta(hours=1 + pick)
        self.group = (await self.coach.tasks.schedule(self.actor, self.owner, self._open(view, pick).id, at)).group_id

    async def _reflect(self, view: WeekView, pick: int) -> None:
        told = Reflections(wins=(f"Win {pick}",), next_week_focus="The bridge")
        self.group = (await self.coach.weeks.reflect(self.actor, self.owner, None, told)).group_id
        self.told.reflections[view.week.week_start] = told

    async def _regenerate(self, view: WeekView, pick: int) -> None:
        changed = await self.coach.weeks.regenerate(self.actor, self.owner, view.week.week_start)
        self.group = changed.group_id
        _look_at_refilled(view, changed)

    async def _lighter(self, view: WeekView, pick: int) -> None:
        changed = await self.coach.weeks.lighter(self.actor, self.owner)
        self.group = changed.group_id
        again = await self.coach.weeks.lighter(self.actor, self.owner)
        assert again.view.tasks == changed.view.tasks, "lighter twice is lighter once"

    async def _grow(self, view: WeekView, pick: int) -> None:
        self.group = (await self.coach.weeks.grow(self.actor, self.owner)).group_id

    async def _finish(self, view: WeekView, pick: int) -> None:
        self.group = (await self.coach.weeks.finish(self.actor, self.owner, view.week.week_start)).group_id

    async def _rest_next(self, view: WeekView, pick: int) -> None:
        monday = view.week.week_start + timedelta(days=7)
        self.group = (await self.coach.weeks.rest(self.actor, self.owner, monday)).group_id

    async def _pause(self, view: WeekView, pick: int) -> None:
        await self.coach.weeks.pause(self.actor, self.owner, view.week.week_start + timedelta(days=7 + pick % 14))

    async def _resume(self, view: WeekView, pick: int) -> None:
        await self.coach.weeks.resume(self.actor, self.owner)

    async def _choice(self, view: WeekView, pick: int) -> None:
        for choice in view.choices:
            if pick % 3 == 0:
                changed = await self.coach.tasks.split(self.actor, self.owner, choice.id, "First", "Second")
                self.told.own.add(changed.task.id)
            elif pick % 3 == 1:
                await self.coach.tasks.swap(self.actor, self.owner, choice.id)
            else:
                await self.coach.tasks.let_go(self.actor, self.owner, choice.id)

    async def _day(self, view: WeekView, pick: int) -> None:
        self.clock.advance(days=1)
        await self.close_past()

    async def _week(self, view: WeekView, pick: int) -> None:
        self.clock.advance(days=7)
        if pick % 2:
            await self.close_past()
        fresh = await self.plan()
        if fresh.week.revision == 1 and fresh.week.state is WeekState.ACTIVE and fresh.is_new:
            _look_at_fresh(fresh)


def _look_at_week(view: WeekView) -> None:
    areas = Counter(task.focus_area for task in view.tasks if task.source is TaskSource.BANK)
    if view.week.state is WeekState.ACTIVE:
        assert areas[FocusArea.WELLBEING] >= 1, "wellbeing is never dropped"
    assert len({task.id for task in view.tasks}) == len(view.tasks)


def _look_at_fresh(view: WeekView) -> None:
    """A new plan has exactly its seats, carried tasks among them, within budget and the cap of high efforts."""
    preferences = view.profile.preferences
    plan = view.week.plan
    given = frame(view.profile.role, preferences.pacing, plan.size, WeekShape(plan.shape), coach_rules())
    assert Counter(task.focus_area for task in view.tasks) == Counter(given.seats)
    fresh = [task for task in view.tasks if task.carried_from is None]
    assert sum(int(task.effort) == 3 for task in fresh) <= given.high_max
    carried = sum(task.effort for task in view.tasks if task.carried_from is not None)
    assert sum(task.effort for task in fresh) <= max(given.budget - carried, len(fresh))


def _look_at_refilled(before: WeekView, changed: Changed) -> None:
    """After regenerating each area holds its seats, or what was kept of it where that is more."""
    plan = changed.view.week.plan
    given = frame(
        before.profile.role, before.profile.preferences.pacing, plan.size, WeekShape(plan.shape), coach_rules()
    )
    stayed = {task.id for task in before.tasks}
    kept = Counter(task.focus_area for task in changed.view.counted if task.id in stayed)
    now = Counter(task.focus_area for task in changed.view.counted)
    for area in now | Counter(given.seats):
        assert now[area] == max(kept[area], given.seats.get(area, 0))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, Any]]:
    """One database for all examples, a new person for each: opening one an example would cost more than the example."""
    url = empty_sqlite(tmp_path_factory.mktemp("sequences") / "studiohand.db")
    clock = FixedClock(MONDAY)
    with asyncio.Runner() as runner:
        database = Database(open_engines(url), clock)
        numbers = itertools.count(1)
        yield runner, lambda: Person(database, clock, 5_000 + next(numbers))
        runner.run(database.close())


async def _live(person: Person, role: Role, pacing: Pacing, acts: list[tuple[str, int]]) -> None:
    person.clock.set(MONDAY)
    await person.begin(role, pacing)
    for name, pick in acts:
        try:
            await person.act(name, pick)
        except BotError as error:
            raise AssertionError(f"{name} was answered by {error.code}") from error


SEQUENCES = given(
    role=st.sampled_from(Role),
    pacing=st.sampled_from(Pacing),
    acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 20)), min_size=6, max_size=24),
)
QUIETLY = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)


@SEQUENCES
@settings(max_examples=6, deadline=None, suppress_health_check=QUIETLY)
def test_no_sequence_of_acts_loses_a_tick_a_plan_or_a_reflection(
    shared: Any, role: Role, pacing: Pacing, acts: list[tuple[str, int]]
) -> None:
    runner, person = shared
    runner.run(_live(person(), role, pacing, acts))


@pytest.mark.soak
@pytest.mark.timeout(3600)
@SEQUENCES
@settings(max_examples=200, deadline=None, phases=(Phase.generate, Phase.shrink), suppress_health_check=QUIETLY)
def test_no_sequence_of_acts_loses_anything_soak(
    shared: Any, role: Role, pacing: Pacing, acts: list[tuple[str, int]]
) -> None:
    runner, person = shared
    runner.run(_live(person(), role, pacing, acts))
