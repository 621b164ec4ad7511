"""Choosing the tasks of a week: scores, eligibility, and the swaps that keep the effort within its budget.

Same inputs, same plan: ties are broken by a hash of person, week and task, never by chance.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.coach.content import BankTask
from bot.coach.dates import iso_week, weeks_between
from bot.coach.model import Effort, Experience, FocusArea, Goal, GoalCategory, GoalId, Phase, Release, Season
from bot.coach.rules import CoachRules
from bot.coach.seats import Frame, minutes_for

LEVELS = list(Experience)
OPPOSITE = {Phase.GENERATOR: Phase.EXECUTOR, Phase.EXECUTOR: Phase.GENERATOR}
RECENCY_PENALTY = {4: 3, 5: 2, 6: 1}
"""Points off for a task last offered so many weeks ago."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A task that is in the week already: carried, user-made, decided or tied to a clip."""

    area: FocusArea
    effort: Effort
    goal_id: GoalId | None = None
    bank_id: str | None = None


@dataclass(frozen=True, slots=True)
class WeekInputs:
    """All that a week depends on. `offered`: Monday of the week in which a bank task was last on the plan."""

    user_id: int
    week_start: date
    experience: Experience
    frame: Frame
    bank: Sequence[BankTask]
    phase: Phase = Phase.GENERATOR
    goals: Sequence[Goal] = ()
    releases: Sequence[Release] = ()
    offered: Mapping[str, date] | None = None
    finished_once: frozenset[str] = frozenset()
    kept: Sequence[Kept] = ()
    swap_one_high: bool = False


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A chosen task; `is_repeat` when the four-week rule had to give way."""

    task: BankTask
    score: int
    minutes: int
    goal_id: GoalId | None = None
    due: date | None = None
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class WeekDraft:
    """The new tasks of a week, by area in order."""

    tasks: tuple[PlannedTask, ...]

    @property
    def has_repeat(self) -> bool:
        return any(task.is_repeat for task in self.tasks)

    @property
    def minutes(self) -> int:
        return sum(task.minutes for task in self.tasks)


def build_week(inputs: WeekInputs, rules: CoachRules) -> WeekDraft:
    """Choose the tasks for every seat that is not taken yet."""
    chooser = _Chooser(inputs, rules)
    taken = Counter(kept.area for kept in inputs.kept)
    for area, count in inputs.frame.seats.items():
        for _ in range(count - taken[area]):
            chooser.add(area)
    chooser.keep_within_budget()
    if inputs.swap_one_high:
        chooser.lighten_one()
    return WeekDraft(tuple(chooser.finished()))


def seasons(week_start: date, releases: Iterable[Release], rules: CoachRules) -> frozenset[Season]:
    """Return the seasons that a week lies in; `quiet` when no release is near."""
    found: set[Season] = set()
    for release in releases:
        days = (week_start - release.on).days
        if -rules.season.pre_days <= days < -6:
            found.add(Season.PRE_RELEASE)
        elif -6 <= days < rules.season.post_from:
            found.add(Season.RELEASE)
        elif rules.season.post_from <= days <= rules.season.post_days:
            found.add(Season.POST_RELEASE)
    return frozenset(found) or frozenset({Season.QUIET})


def window_match(window: tuple[int, int], week_start: date, release: Release, soon_days: int) -> int | None:
    """Return 3 inside a task's window, 1 shortly before it, None when it is over or far off.

    >>> release = Release("1", "Night Drive", date(2026, 6, 26))
    >>> [window_match((-14, -7), date(2026, 6, day), release, 14) for day in (1, 8, 15, 22)]
    [1, 3, 3, None]
    """
    first = (week_start - release.on).days
    last = first + 6
    start, end = window
    if first > end or start - last > soon_days:
        return None
    return 3 if last >= start else 1


def top_goals(goals: Iterable[Goal]) -> list[Goal]:
    """Return goals by priority, the older first among equals."""
    return sorted(goals, key=lambda goal: (-goal.priority, goal.created_at, goal.id))


def score(task: BankTask, inputs: WeekInputs, rules: CoachRules) -> int | None:
    """Return a task's score; None when its season or window does not fit this week at all."""
    release_points = _release_points(task, inputs, rules)
    if release_points is None:
        return None
    return (
        _goal_points(task.goal_categories, top_goals(inputs.goals))
        + release_points
        + _experience_points(task.experience, inputs.experience)
        + _phase_points(task.phase, inputs.phase)
        - RECENCY_PENALTY.get(_weeks_ago(task, inputs) or 0, 0)
    )


class _Chooser:
    """The working state of one week's choice."""

    def __init__(self, inputs: WeekInputs, rules: CoachRules) -> None:
        self._inputs = inputs
        self._rules = rules
        self._goals = top_goals(inputs.goals)
        self._chosen: list[PlannedTask] = []
        self._ties = Counter(kept.goal_id for kept in inputs.kept if kept.goal_id)
        self._kept_ids = {kept.bank_id for kept in inputs.kept if kept.bank_id}
        scored = ((task, score(task, inputs, rules)) for task in inputs.bank)
        self._pool = sorted(
            ((task, points) for task, points in scored if points is not None and self._may_ever(task)),
            key=lambda pair: (-pair[1], self._tie_break(pair[0])),
        )
        # The four-week rule, then two weeks, then one, then even a task taken off this very plan.
        self._windows = (rules.repeat_weeks, 1, 0, -1)

    def add(self, area: FocusArea, below: Effort | None = None) -> bool:
        """Take the best task of an area; False when the bank has none left."""
        found = self._best(area, below)
        if found is not None:
            self._chosen.append(found)
            if found.goal_id:
                self._ties[found.goal_id] += 1
        return found is not None

    def keep_within_budget(self) -> None:
        spare = self._inputs.frame.budget - sum(kept.effort for kept in self._inputs.kept)
        budget = max(spare, len(self._chosen))
        high_max = self._inputs.frame.high_max
        while self._points() > budget or self._highs() > high_max:
            if not self._lower(self._by_weight()):
                return

    def lighten_one(self) -> None:
        """Swap one high-effort task for a low one, where there is one."""
        high = [task for task in self._by_weight() if task.task.effort is Effort.HIGH]
        self._lower(high, below=Effort.MEDIUM)

    def finished(self) -> Iterable[PlannedTask]:
        order = list(self._inputs.frame.seats)
        return sorted(self._chosen, key=lambda task: order.index(task.task.area))

    def _lower(self, candidates: Sequence[PlannedTask], below: Effort | None = None) -> bool:
        for heavy in candidates:
            if heavy.task.effort is Effort.LOW:
                continue
            place = self._chosen.index(heavy)
            if self.add(heavy.task.area, below or heavy.task.effort):
                self._chosen[place] = self._chosen.pop()
                if heavy.goal_id:
                    self._ties[heavy.goal_id] -= 1
                return True
        return False

    def _best(self, area: FocusArea, below: Effort | None) -> PlannedTask | None:
        chosen = {planned.task.id for planned in self._chosen} | self._kept_ids
        fitting = [
            (task, points)
            for task, points in self._pool
            if task.area is area and task.id not in chosen and (below is None or task.effort < below)
        ]
        for window in self._windows:
            fresh = [(task, points) for task, points in fitting if not self._offered_within(task, window)]
            if not fresh:
                continue
            tied = next((pair for pair in fresh if not self._is_fourth_of_a_goal(pair[0])), fresh[0])
            return self._planned(*tied, is_repeat=window < self._rules.repeat_weeks)
        return None

    def _planned(self, task: BankTask, points: int, *, is_repeat: bool) -> PlannedTask:
        minutes = task.minutes or minutes_for(task.area, task.effort, self._rules)
        planned = PlannedTask(task, points, minutes, due=self._due(task), is_repeat=is_repeat)
        for goal in self._goals:
            if goal.category in task.goal_categories and self._ties[goal.id] < self._rules.adapt.tasks_per_goal:
                return replace(planned, goal_id=goal.id)
        return planned

    def _is_fourth_of_a_goal(self, task: BankTask) -> bool:
        matching = [goal for goal in self._goals if goal.category in task.goal_categories]
        most = self._rules.adapt.tasks_per_goal
        return bool(matching) and all(self._ties[goal.id] >= most for goal in matching)

    def _offered_within(self, task: BankTask, weeks: int) -> bool:
        ago = _weeks_ago(task, self._inputs)
        return ago is not None and 0 <= ago <= weeks

    def _may_ever(self, task: BankTask) -> bool:
        return not (task.once and task.id in self._inputs.finished_once)

    def _due(self, task: BankTask) -> date | None:
        if task.window is None:
            return None
        ends = (release.on + timedelta(days=task.window[1]) for release in self._inputs.releases)
        return min((end for end in ends if end >= self._inputs.week_start), default=None)

    def _tie_break(self, task: BankTask) -> str:
        text = f"{self._inputs.user_id}:{iso_week(self._inputs.week_start)}:{task.id}"
        return hashlib.sha256(text.encode()).hexdigest()

    def _by_weight(self) -> list[PlannedTask]:
        return sorted(self._chosen, key=lambda planned: (-planned.task.effort, planned.score, planned.task.id))

    def _points(self) -> int:
        return sum(planned.task.effort for planned in self._chosen)

    def _highs(self) -> int:
        return sum(planned.task.effort is Effort.HIGH for planned in self._chosen)


def _weeks_ago(task: BankTask, inputs: WeekInputs) -> int | None:
    last = (inputs.offered or {}).get(task.id)
    return None if last is None else weeks_between(last, inputs.week_start)


def _goal_points(categories: Sequence[GoalCategory], goals: Sequence[Goal]) -> int:
    for place, goal in enumerate(goals):
        if goal.category in categories:
            return max(3 - place, 1)
    return 0


def _release_points(task: BankTask, inputs: WeekInputs, rules: CoachRules) -> int | None:
    if task.season is not Season.ANY and task.season not in seasons(inputs.week_start, inputs.releases, rules):
        return None
    if task.window is None:
        return 0
    found = (
        window_match(task.window, inputs.week_start, release, rules.season.soon_days) for release in inputs.releases
    )
    return max((points for points in found if points is not None), default=None)


def _experience_points(band: Iterable[Experience], level: Experience) -> int:
    nearest = min(abs(LEVELS.index(each) - LEVELS.index(level)) for each in band)
    return max(2 - nearest, 0)


def _phase_points(of_task: Phase, current: Phase) -> int:
    if of_task is Phase.ANY:
        return 0
    if of_task is current:
        return 1
    return -1 if OPPOSITE.get(current) is of_task else 0
