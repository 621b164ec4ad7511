"""The coach's part of a week's digest: tasks decided, weeks in motion, what waits longest, what comes next."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.coach.adapt import WeekResult, counted, weeks_in_motion
from bot.coach.model import FocusArea, Task, TaskStatus
from bot.coach.rules import coach_rules
from bot.coach.service.planning import result_of
from bot.coach.trend import RATE_SCALE, Direction, trend
from bot.digest.model import Direction as WeekDirection
from bot.digest.model import NextStep, StepKind, WaitingTask, WeekCounts, WeekData
from bot.digest.schedule import Window
from storage.repositories.coach import CoachStateRepository
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository
from storage.unit import Database

WEEKS_BACK = 10


class CoachWeek:
    """Tasks of the week, weeks in motion, the longest-waiting task, the next task and a rest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def fill(self, owner: int, window: Window, zone: ZoneInfo, data: WeekData) -> WeekData:
        async with self._database.read(owner) as unit:
            weeks, tasks = unit.repo(CoachWeekRepository), unit.repo(CoachTaskRepository)
            since = window.week.monday - timedelta(weeks=WEEKS_BACK)
            sessions = [week for week in await weeks.since(since) if week.week_start <= window.week.monday]
            if not sessions:
                return data
            found = await tasks.of_weeks([week.id for week in sessions])
            state = await unit.repo(CoachStateRepository).get()
        seen = state.seen_weeks if state else ()
        results = [result_of(week, found[week.id], week.week_start in seen) for week in sessions]
        this_week = next((week for week in sessions if week.week_start == window.week.monday), None)
        own = found[this_week.id] if this_week else []
        decided = [
            task
            for week in sessions[-2:]
            for task in found[week.id]
            if task.decided_at is not None and window.after < task.decided_at <= window.until
        ]
        reflected = sum(
            not week.reflections.is_empty
            and week.closed_at is not None
            and window.after < week.closed_at <= window.until
            for week in sessions[-2:]
        )
        return replace(
            data,
            counts=_counts(own, results, window.until) if this_week else None,
            waiting=_waiting(own),
            steps=(*data.steps, *_task_steps(own)),
            tasks_decided=len(decided),
            reflections=reflected,
        )


def _counts(tasks: Sequence[Task], results: Sequence[WeekResult], until: datetime) -> WeekCounts:
    areas: dict[str, list[int]] = {}
    for task in tasks:
        if task.status is TaskStatus.LET_GO:
            continue
        done, planned = areas.setdefault(str(task.focus_area).replace("_", " "), [0, 0])
        was_done = task.status is TaskStatus.DONE and (task.decided_at is None or task.decided_at <= until)
        areas[str(task.focus_area).replace("_", " ")] = [done + was_done, planned + 1]
    motion, of = weeks_in_motion(results)
    rates = [result.done / result.planned for result in counted(results)]
    found = trend(rates, coach_rules().trend, scale=RATE_SCALE) if rates else None
    direction = WeekDirection.EARLY
    if found is not None and found.confident:
        direction = {
            Direction.IMPROVING: WeekDirection.UP,
            Direction.DECLINING: WeekDirection.DOWN,
        }.get(found.direction, WeekDirection.SAME)
    return WeekCounts(tuple((name, done, planned) for name, (done, planned) in areas.items()), motion, of, direction)


def _waiting(tasks: Sequence[Task]) -> WaitingTask | None:
    carried = [task for task in tasks if task.is_open and task.carry_count > 0]
    oldest = max(carried, key=lambda task: task.carry_count, default=None)
    return WaitingTask(oldest.title, oldest.carry_count) if oldest else None


def _task_steps(tasks: Sequence[Task]) -> list[NextStep]:
    open_tasks = [task for task in tasks if task.is_open]
    steps: list[NextStep] = []
    for task in sorted(open_tasks, key=lambda item: item.position):
        rest = task.focus_area is FocusArea.WELLBEING
        kind = StepKind.REST if rest else StepKind.TASK
        steps.append(
            NextStep(
                kind,
                task.loop_clip_id or task.id,
                task.title,
                task.due if not rest else None,
                if_then=task.if_then or "",
            )
        )
    return steps
