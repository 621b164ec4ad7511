"""Closing a week: what is carried, what waits for a choice, what is over."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.coach.model import FocusArea, Task, TaskId, TaskStatus
from bot.coach.rules import AdaptRules


@dataclass(frozen=True, slots=True)
class Closing:
    """The new status of every task that was open; `choices` need Split, Schedule, Swap or Let go."""

    statuses: Mapping[TaskId, TaskStatus]
    carried: tuple[Task, ...]
    choices: tuple[Task, ...]
    expired: tuple[Task, ...]


def close_tasks(
    tasks: Sequence[Task],
    next_monday: date,
    seats: Mapping[FocusArea, int],
    rules: AdaptRules,
    *,
    carry: bool = True,
) -> Closing:
    """Decide every open task of a week that ended before `next_monday`.

    `seats` are those of the next week: carried tasks take slots of their own area, so the plan never grows.
    `carry` is off before a soft landing.
    """
    statuses: dict[TaskId, TaskStatus] = {}
    expired: list[Task] = []
    choices: list[Task] = []
    waiting: list[Task] = []
    for task in tasks:
        if not task.is_open:
            continue
        statuses[task.id] = TaskStatus.SKIPPED
        if task.due is not None and task.due < next_monday:
            statuses[task.id] = TaskStatus.EXPIRED
            expired.append(task)
        elif task.focus_area is FocusArea.WELLBEING or not carry:
            continue
        elif task.carry_count >= rules.carry_times:
            choices.append(task)
        else:
            waiting.append(task)
    carried = fit_carried(waiting, seats, rules)
    statuses |= {task.id: TaskStatus.CARRIED for task in carried}
    return Closing(statuses, tuple(carried), tuple(choices), tuple(expired))


def fit_carried(tasks: Sequence[Task], seats: Mapping[FocusArea, int], rules: AdaptRules) -> list[Task]:
    """Choose what is carried: release-tied, goal-tied, then oldest; within the seats of the area, three in all."""
    order = sorted(tasks, key=lambda task: (not task.is_release_tied, task.goal_id is None, task.created_at, task.id))
    taken: Counter[FocusArea] = Counter()
    chosen: list[Task] = []
    for task in order:
        if len(chosen) < rules.carry_max and taken[task.focus_area] < seats.get(task.focus_area, 0):
            chosen.append(task)
            taken[task.focus_area] += 1
    return chosen
