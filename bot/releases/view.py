"""What is told about a release plan: its tasks with days and deadlines, what waits for what, what comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.loops.model import MILLI, Clip, DeadlineKind, Plan
from bot.releases.model import IfMissed, MissedWindow, Preset, PresetTask, Release, ReleaseState, TaskKind

DELIVERY_WARNING_DAYS = 28


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task of a plan. `waits_for`: titles of open tasks it requires."""

    clip: Clip
    task: PresetTask | None
    day: date
    last_day: date
    waits_for: tuple[str, ...] = ()

    @property
    def is_hard(self) -> bool:
        return self.clip.deadline_kind is DeadlineKind.HARD

    @property
    def deadline(self) -> date | None:
        return self.clip.deadline

    @property
    def facts(self) -> tuple[str, ...]:
        return self.task.facts if self.task else ()


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """A release as its card shows it, as at `today`."""

    release: Release
    preset: Preset
    plan: Plan
    today: date
    tasks: tuple[TaskView, ...]
    missed: tuple[MissedWindow, ...]
    is_studios: bool = False
    """It belongs to a server."""
    client: str = ""
    """The client of that server it is filed under, by name."""

    @property
    def days_left(self) -> int:
        return (self.release.anchor_date - self.today).days

    @property
    def done(self) -> int:
        return sum(task.clip.is_done for task in self.tasks)

    @property
    def open(self) -> tuple[TaskView, ...]:
        return tuple(task for task in self.tasks if not task.clip.is_done)

    @property
    def next_tasks(self) -> tuple[TaskView, ...]:
        """Return open tasks by day, those that wait for another one last."""
        return tuple(sorted(self.open, key=lambda task: (bool(task.waits_for), task.day, task.clip.id)))

    @property
    def next_hard(self) -> TaskView | None:
        """Return the open hard deadline that comes next."""
        hard = [t for t in self.open if t.is_hard and t.deadline is not None and t.deadline >= self.today]
        return min(hard, key=lambda task: (task.deadline or self.today, task.day), default=None)

    @property
    def delivery_is_late(self) -> bool:
        """Delivery still open under T-28."""
        return -DELIVERY_WARNING_DAYS < -self.days_left <= 0 and any(
            task.task is not None and task.task.if_missed is IfMissed.DELIVERY for task in self.open
        )

    @property
    def late_pitches(self) -> tuple[TaskView, ...]:
        """Return pitches that were dragged past their date."""
        return tuple(
            task
            for task in self.open
            if task.clip.kind == TaskKind.PITCH and task.deadline is not None and task.day > task.deadline
        )

    @property
    def is_reviewed(self) -> bool:
        """The last analysis task after T is done."""
        after = [task for task in self.tasks if task.clip.lane == "analysis" and task.day > self.release.anchor_date]
        return bool(after) and max(after, key=lambda task: task.day).clip.is_done


def view_of(
    release: Release,
    preset: Preset,
    plan: Plan,
    missed: Sequence[MissedWindow],
    now: datetime,
    today: date,
    *,
    is_studios: bool = False,
    clients: Mapping[str, str] | None = None,
) -> ReleaseView:
    """Put a release, its loop and its missed windows together."""
    start = plan.loop.start_date or today
    open_keys = {clip.task_key: clip.name for clip in plan.clips if clip.task_key and not clip.is_done}
    tasks: list[TaskView] = []
    for clip in plan.clips:
        day = start + timedelta(days=clip.start_milli // MILLI)
        waits = () if clip.is_done else tuple(open_keys[key] for key in clip.requires if key in open_keys)
        tasks.append(
            TaskView(
                clip,
                preset.task(clip.task_key) if clip.task_key else None,
                day,
                day + timedelta(days=max(1, clip.length_milli // MILLI) - 1),
                waits,
            )
        )
    client = (clients or {}).get(plan.loop.client_id or "", "")
    return ReleaseView(release, preset, plan, today, tuple(tasks), tuple(missed), is_studios, client)


def state_on(view: ReleaseView) -> ReleaseState:
    """Return the state that the days and the tasks give: released at T, reviewed after the last look back."""
    if view.release.state in {ReleaseState.CANCELLED, ReleaseState.REVIEWED}:
        return view.release.state
    if view.days_left > 0:
        return ReleaseState.PLANNED
    return ReleaseState.REVIEWED if view.is_reviewed else ReleaseState.RELEASED
