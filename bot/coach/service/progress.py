"""Use cases of progress: log a measure, read trends, growth areas and summaries, the load check."""

import asyncio
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import isfinite
from statistics import mean

from bot.actors import Actor, OwnerId
from bot.coach.adapt import WeekResult, consistency, weeks_in_motion
from bot.coach.checkins import is_quiet
from bot.coach.dates import week_start
from bot.coach.forecast import GOAL_END
from bot.coach.goals import progress_from
from bot.coach.load import BASELINE_WEEKS, Load, LoadInputs, check_load
from bot.coach.metrics import VALUE_MAX, Metric, checked_name, metric
from bot.coach.model import Category, CheckinState, GoalStatus, Progress, Session, Task, TaskStatus, WeekState
from bot.coach.picture import Panel, WeekMark, render_progress, render_weeks, stacked
from bot.coach.service.desk import Desk, Sitting
from bot.coach.service.goals import GOAL_METRIC, record_progress
from bot.coach.service.planning import LOOK_BACK, WEEK, past_results
from bot.coach.trend import GrowthArea, MetricSummary, Trend, growth_areas, summarise, trend, weekly_values
from bot.errors import Refused
from storage.repositories.changes import ChangeRepository
from storage.repositories.coach_goals import CoachGoalRepository, CoachProgressRepository
from storage.repositories.coach_notes import CoachCheckinRepository
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository
from storage.unit import Reading

FAR_BACK = 366
WEEKS_MAX = 52
NIGHT_WEEKS = 4
"""As far back as changes are kept."""


@dataclass(frozen=True, slots=True)
class Series:
    """One metric week by week, oldest first."""

    metric: Metric
    weeks: tuple[tuple[date, float], ...]
    trend: Trend

    @property
    def values(self) -> tuple[float, ...]:
        return tuple(value for _, value in self.weeks)


@dataclass(frozen=True, slots=True)
class ProgressView:
    """What /coach progress shows."""

    series: tuple[Series, ...]
    growth: tuple[GrowthArea, ...]
    summaries: tuple[MetricSummary, ...]
    records: int
    metrics: int
    most_logged: tuple[str, ...]
    results: tuple[WeekResult, ...]
    done_counts: tuple[tuple[int, int], ...]
    """(done, planned) tasks of each of `results`."""
    consistency: float | None
    motion: tuple[int, int]
    weeks: int


@dataclass(frozen=True, slots=True)
class Logged:
    """A measure that was kept; `completes` names goals that now read 100."""

    record: Progress
    group_id: str
    completes: tuple[str, ...] = ()


class ProgressService:
    """One door for measures."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def log(self, actor: Actor, owner: OwnerId, name: str, value: float, when: datetime | None = None) -> Logged:
        """Keep a value. A goal that follows this metric moves with it."""
        if not isfinite(value) or abs(value) > VALUE_MAX:
            raise Refused("coach_value", max=int(VALUE_MAX))
        known = metric(checked_name(name))
        async with self._desk.write(actor, owner, "log_metric") as sitting:
            at = when or sitting.now
            if at > sitting.now + timedelta(days=1) or sitting.now - at > timedelta(days=FAR_BACK):
                raise Refused("coach_log_date")
            week = await sitting.unit.repo(CoachWeekRepository).of(week_start(at, sitting.zone))
            record = Progress(
                id=sitting.unit.new_id(),
                metric=known.name,
                kind=known.kind,
                value=value,
                recorded_at=at,
                aggregate=known.aggregate,
                better=known.better,
                session_id=week.id if week else None,
            )
            records = sitting.unit.repo(CoachProgressRepository)
            await records.add([record])
            # A value that is put in for an earlier day does not turn back what is known since.
            is_newest = all(each.recorded_at <= at for each in await records.since(at, known.name))
            full: list[str] = []
            goals = sitting.unit.repo(CoachGoalRepository)
            for goal in await goals.all(GoalStatus.ACTIVE):
                moved = progress_from(goal, value) if goal.metric == known.name and is_newest else None
                if moved is None:
                    continue
                if moved != goal.progress:
                    changed = replace(goal, progress=moved)
                    await goals.save(changed)
                    await record_progress(sitting, changed)
                if moved >= GOAL_END:
                    full.append(goal.title)
            return Logged(record, sitting.unit.group_id, tuple(full))

    async def metrics(self, owner: OwnerId) -> list[str]:
        """Return the names of what was measured, the most used first."""
        async with self._desk.read(owner) as sitting:
            return [name for name in await sitting.unit.repo(CoachProgressRepository).metrics() if name != GOAL_METRIC]

    async def view(self, owner: OwnerId, name: str | None = None, weeks: int = 8) -> ProgressView:
        """Return series, trends and summaries of the last weeks; one metric or all that have a value."""
        weeks = min(max(weeks, 1), WEEKS_MAX)
        async with self._desk.read(owner) as sitting:
            return await self._view(sitting, name, weeks)

    async def picture(self, view: ProgressView, panels: list[Panel], title: str) -> bytes | None:
        """Draw the panels in a thread; None where words say it better."""
        shown = [panel for panel in panels if len(panel.values) >= 2]
        return await asyncio.to_thread(render_progress, shown, title) if shown else None

    async def one_picture(self, pictures: list[bytes]) -> bytes:
        """Put pictures below each other."""
        return await asyncio.to_thread(stacked, pictures)

    async def weeks_picture(
        self, marks: list[WeekMark], title: str, note: str, legend: dict[WeekState, str]
    ) -> bytes | None:
        if len(marks) < 4:
            return None
        return await asyncio.to_thread(render_weeks, marks, title, note, legend)

    async def load(self, owner: OwnerId, says_so: bool = False) -> Load:
        """Check the load on demand. Nothing of it is kept or sent anywhere."""
        async with self._desk.read(owner) as sitting:
            since = sitting.now - 10 * WEEK
            checkins = await sitting.unit.repo(CoachCheckinRepository).since(since)
            results = [result for result in await past_results(sitting, sitting.monday) if result.is_counted]
            week = await sitting.unit.repo(CoachWeekRepository).of(sitting.monday)
            own = await sitting.unit.repo(CoachTaskRepository).of(week.id) if week else []
            rested = await self._rested(sitting)
            nights = await self._nights(sitting)
        sent = [each for each in checkins if each.sent_at is not None]
        unanswered = 0
        for each in reversed(sent):
            if each.state is not CheckinState.UNANSWERED:
                break
            unanswered += 1
        energies: dict[date, list[int]] = {}
        for each in checkins:
            if each.energy is not None:
                energies.setdefault(week_start(each.due_at, sitting.zone), []).append(each.energy)
        return check_load(
            LoadInputs(
                energies=[each.energy for each in checkins if each.energy is not None],
                weekly_energy=[mean(values) for _, values in sorted(energies.items())],
                completions=[result.r for result in results],
                efforts_done=[result.done for result in results],
                effort_planned=sum(task.effort for task in own if task.status is not TaskStatus.LET_GO),
                how_it_went=[each.how_it_went for each in checkins if each.how_it_went is not None],
                rest_in_six_weeks=rested,
                quiet_hours_uses=nights,
                unanswered_in_a_row=unanswered,
                answered_before=sum(each.state is CheckinState.ANSWERED for each in sent),
                says_so=says_so,
            )
        )

    async def _nights(self, sitting: Sitting[Reading]) -> list[int]:
        """Count the acts in the person's own quiet hours, one number for each of the last weeks, oldest first.

        Read from the history of changes, which is kept for a month; nothing is written.
        """
        owner, dm = sitting.profile.user_id, sitting.profile.preferences.dm
        since = sitting.now - NIGHT_WEEKS * WEEK
        acts = await sitting.unit.repo(ChangeRepository).times(since, Actor.user(owner, "").reference)
        if not acts or sitting.now - sitting.profile.created_at < NIGHT_WEEKS * WEEK:
            return []
        weeks = [0] * NIGHT_WEEKS
        for at in acts:
            if is_quiet(at, sitting.zone, dm):
                weeks[min(int((at - since) / WEEK), NIGHT_WEEKS - 1)] += 1
        return weeks

    async def _rested(self, sitting: Sitting[Reading]) -> bool:
        """Say whether the last six weeks held a rest day; true while there is no such history."""
        if sitting.profile.preferences.rest_days:
            return True
        since = sitting.monday - BASELINE_WEEKS * WEEK
        weeks = await sitting.unit.repo(CoachWeekRepository).since(since)
        past = [week for week in weeks if week.week_start < sitting.monday]
        if len(past) < BASELINE_WEEKS:
            return True
        return any(week.state in (WeekState.REST, WeekState.PAUSED) for week in past)

    async def _view(self, sitting: Sitting[Reading], name: str | None, weeks: int) -> ProgressView:
        since = sitting.monday - (weeks - 1) * WEEK
        sessions, tasks = await _weeks(sitting)
        records = await _records(sitting)
        series = await all_series(sitting)
        chosen = {key: values for key, values in series.items() if values and (name is None or key == name)}
        shown = tuple(
            Series(
                metric(key),
                tuple(pair for pair in values if pair[0] >= since) or tuple(values[-1:]),
                trend(
                    [value for _, value in values],
                    self._desk.rules.trend,
                    scale=metric(key).scale,
                    better=metric(key).better,
                ),
            )
            for key, values in chosen.items()
        )
        recent = [record for record in records if week_start(record.recorded_at, sitting.zone) >= since]
        names = [record.metric for record in recent]
        results = await past_results(sitting, sitting.monday)
        by_monday = {week.week_start: tasks[week.id] for week in sessions}
        return ProgressView(
            series=shown,
            growth=tuple(
                growth_areas(
                    {
                        key: ([v for _, v in values], metric(key).better, metric(key).scale)
                        for key, values in chosen.items()
                    },
                    self._desk.rules.trend,
                )
            ),
            summaries=tuple(summarise(each.metric.name, each.values, each.trend) for each in shown),
            records=len(recent),
            metrics=len(set(names)),
            most_logged=tuple(sorted(set(names), key=lambda each: (-names.count(each), each))[:5]),
            results=tuple(results),
            done_counts=tuple(_counts(by_monday.get(result.week_start, [])) for result in results),
            consistency=consistency(results, self._desk.rules.adapt),
            motion=weeks_in_motion(results),
            weeks=weeks,
        )


Weekly = dict[str, list[tuple[date, float]]]
"""(Monday, value) by metric, oldest first."""


async def all_series(sitting: Sitting[Reading]) -> Weekly:
    """Return every metric there is, logged or read from weeks and check-ins; weeks away are left out."""
    sessions, tasks = await _weeks(sitting)
    away = frozenset(
        week.week_start for week in sessions if week.state is not WeekState.ACTIVE and week.closed_at is not None
    )
    records = await _records(sitting)
    series = {key: values for key, values in _derived(sessions, tasks).items() if values}
    if sitting.profile.preferences.dm.energy:
        series["energy_level"] = await _energy(sitting)
    for known in dict.fromkeys(record.metric for record in records):
        own = [record for record in records if record.metric == known]
        series[known] = weekly_values(own, sitting.zone, away)
    return {key: values for key, values in series.items() if values}


async def _weeks(sitting: Sitting[Reading]) -> tuple[list[Session], dict[str, list[Task]]]:
    sessions = await sitting.unit.repo(CoachWeekRepository).since(sitting.monday - LOOK_BACK * WEEK)
    return sessions, await sitting.unit.repo(CoachTaskRepository).of_weeks([week.id for week in sessions])


async def _records(sitting: Sitting[Reading]) -> list[Progress]:
    """Return what was logged; the progress of goals has its own place, also when a goal is gone."""
    every = await sitting.unit.repo(CoachProgressRepository).since(sitting.now - 60 * WEEK)
    return [record for record in every if record.metric != GOAL_METRIC]


def _derived(sessions: list[Session], tasks: dict[str, list[Task]]) -> Weekly:
    """Return the series that are read from weeks; the week under way is not over and not in them."""
    found: Weekly = {"tasks_completed": [], "completion": [], "learning_hours": []}
    for week in sessions:
        if week.closed_at is None or week.state is not WeekState.ACTIVE:
            continue
        own = [task for task in tasks[week.id] if task.status is not TaskStatus.LET_GO]
        done = [task for task in own if task.status is TaskStatus.DONE]
        found["tasks_completed"].append((week.week_start, float(len(done))))
        planned = sum(task.effort for task in own)
        if planned:
            found["completion"].append((week.week_start, sum(task.effort for task in done) / planned))
        learned = sum(task.minutes for task in done if task.category is Category.CAREER_SKILL)
        found["learning_hours"].append((week.week_start, round(learned / 60, 1)))
    return found


async def _energy(sitting: Sitting[Reading]) -> list[tuple[date, float]]:
    checkins = await sitting.unit.repo(CoachCheckinRepository).since(sitting.now - 12 * WEEK)
    weeks: dict[date, list[int]] = {}
    for each in checkins:
        if each.energy is not None:
            weeks.setdefault(week_start(each.due_at, sitting.zone), []).append(each.energy)
    return [(monday, mean(values)) for monday, values in sorted(weeks.items())]


def _counts(tasks: list[Task]) -> tuple[int, int]:
    own = [task for task in tasks if task.status is not TaskStatus.LET_GO]
    return sum(task.status is TaskStatus.DONE for task in own), len(own)
