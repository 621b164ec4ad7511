"""Lay a preset out for a date: starting late, missed windows, moving the date. Days are offsets from T."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.loops.model import LANES, Lane
from bot.releases.model import Anchor, Condition, Placement, Plan, Planned, Preset, PresetTask

SOFT_WINDOW_DAYS = 14


def closing_day(task: PresetTask) -> int:
    """Return the last day (offset) on which `task` can be begun.

    Hard: its deadline. Soft: 14 days after its first day, for tasks before T never later than T-1.
    """
    if task.deadline is not None:
        return task.deadline
    closes = task.offset + SOFT_WINDOW_DAYS
    return min(closes, -1) if task.offset < 0 else closes


def lay_out(
    preset: Preset,
    conditions: frozenset[Condition],
    today: int,
    foundations_done: Mapping[str, bool] | None = None,
) -> Plan:
    """Return the plan of `preset` begun on day `today` (today - T).

    `foundations_done`: answers to "already done?" by task key; not answered means yes.
    """
    answers = foundations_done or {}
    tasks = preset.for_conditions(conditions)
    if preset.anchor is Anchor.FINISH:
        return Plan(preset, tuple(Planned(t, t.offset, closing_day(t)) for t in tasks), ())
    planned: list[Planned] = []
    for task in tasks:
        closes = closing_day(task)
        if task.foundation and task.offset < today:
            if answers.get(task.key, True):
                planned.append(Planned(task, task.offset, closes, Placement.FOUNDATION, done=True))
            else:
                # A foundation is never dropped before T, so its window stays open until the day before.
                planned.append(Planned(task, task.offset, max(closes, -1, today)))
        else:
            planned.append(Planned(task, task.offset, closes))
    fitted, missed = fit(planned, today)
    return Plan(preset, fitted, missed)


def fit(tasks: Sequence[Planned], today: int) -> tuple[tuple[Planned, ...], tuple[PresetTask, ...]]:
    """Give every open task that lies before `today` a place, or name it as missed.

    Done tasks and tasks from today on stay. The others go, by lane order and then closing day, to the first
    free slot of their lane from today to their closing day; a hard one without a slot is placed today anyway.
    """
    placed = [task for task in tasks if task.done or task.start >= today]
    late = [task for task in tasks if not task.done and task.start < today]
    missed = [task.task for task in late if task.closes < today]
    waiting = sorted(
        (task for task in late if task.closes >= today),
        key=lambda task: ([*LANES].index(Lane(task.task.lane)), task.closes, task.task.offset, task.task.key),
    )
    for task in waiting:
        slot = _first_free(placed, task, today)
        if slot is not None:
            placed.append(replace(task, start=slot, placement=Placement.MOVED))
        elif task.task.is_hard or task.task.foundation:
            placed.append(replace(task, start=today, placement=Placement.TIGHT))
        else:
            missed.append(task.task)
    order = {task.task.key: number for number, task in enumerate(tasks)}
    placed.sort(key=lambda task: (task.start, order[task.task.key]))
    missed.sort(key=lambda task: (task.offset, order[task.key]))
    return tuple(placed), tuple(missed)


def _first_free(placed: Iterable[Planned], task: Planned, today: int) -> int | None:
    lane = [(other.start, other.end) for other in placed if other.task.lane == task.task.lane]
    for start in range(today, task.closes + 1):
        end = start + task.task.length
        if all(end <= other_start or start >= other_end for other_start, other_end in lane):
            return start
    return None


def shift_today(tasks: Sequence[Planned], moved_by: int) -> tuple[Planned, ...]:
    """Return the tasks as offsets from a T that moved by `moved_by` days.

    Open tasks keep their offset, so their dates move along; done tasks keep their date.
    """
    return tuple(replace(task, start=task.start - moved_by) if task.done else task for task in tasks)


def move(tasks: Sequence[Planned], today: int, moved_by: int) -> tuple[tuple[Planned, ...], tuple[PresetTask, ...]]:
    """Return what a plan becomes when T moves by `moved_by` days; `today` is relative to the **new** T."""
    return fit(shift_today(tasks, moved_by), today)
