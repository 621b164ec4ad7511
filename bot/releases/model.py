"""Words of the release area: presets, their tasks, a planned task, a release and its states."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NewType

ReleaseId = NewType("ReleaseId", str)

EFFORT_DAYS: Mapping[str, int] = {"l": 1, "m": 2, "h": 3}


class Anchor(StrEnum):
    RELEASE = "release"
    FINISH = "finish"


class TaskKind(StrEnum):
    TASK = "task"
    PITCH = "pitch"
    RELEASE = "release"
    REST = "rest"
    FINISH = "finish"


class Condition(StrEnum):
    MULTI_WRITER = "multi_writer"
    UK = "uk"
    VINYL = "vinyl"
    SPOTIFY_COUNTDOWN = "spotify_countdown"
    BANDCAMP_FRIDAY = "bandcamp_friday"


class IfMissed(StrEnum):
    """Which alternative is named when a task's window is gone."""

    DELIVERY = "delivery"
    PITCH = "pitch"
    PRINT = "print"
    RADIO = "radio"
    SKIP = "skip"


class ReleaseState(StrEnum):
    PLANNED = "planned"
    RELEASED = "released"
    REVIEWED = "reviewed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Wording:
    """Another title and how line, used when a condition is false."""

    title: str
    how: str = ""


@dataclass(frozen=True, slots=True)
class PresetTask:
    """One row of a preset. `offset`, `deadline`: days relative to T; `length`: days."""

    key: str
    title: str
    lane: str
    offset: int
    effort: str
    how: str = ""
    deadline: int | None = None
    foundation: bool = False
    requires: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    kind: TaskKind = TaskKind.TASK
    release: str | None = None
    if_missed: IfMissed = IfMissed.SKIP
    clip_pace: bool = False
    facts: tuple[str, ...] = ()
    without: Mapping[Condition, Wording] = field(default_factory=dict)

    @property
    def length(self) -> int:
        return EFFORT_DAYS[self.effort]

    @property
    def end(self) -> int:
        """Offset of the day after the last."""
        return self.offset + self.length

    @property
    def is_hard(self) -> bool:
        return self.deadline is not None

    def worded(self, conditions: frozenset[Condition]) -> Wording:
        """Return title and how line for these conditions."""
        for condition, wording in self.without.items():
            if condition not in conditions:
                return wording
        return Wording(self.title, self.how)


@dataclass(frozen=True, slots=True)
class Preset:
    """A data file of tasks with day offsets from an anchor date T."""

    key: str
    name: str
    role: str
    anchor: Anchor
    summary: str
    lanes_unused: tuple[str, ...]
    version: int
    tasks: tuple[PresetTask, ...]
    notes: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    warning: str = ""
    instead: str | None = None
    clips_a_week: Mapping[str, str] = field(default_factory=dict)

    @property
    def first_day(self) -> int:
        return min(task.offset for task in self.tasks)

    @property
    def day_after(self) -> int:
        """Offset of the day after the last task."""
        return max(task.end for task in self.tasks)

    def for_conditions(self, conditions: frozenset[Condition]) -> tuple[PresetTask, ...]:
        """Return the tasks that these conditions leave in."""
        return tuple(task for task in self.tasks if conditions.issuperset(task.when))

    def task(self, key: str) -> PresetTask | None:
        return next((task for task in self.tasks if task.key == key), None)

    def open_conditions(self) -> tuple[Condition, ...]:
        """Return the conditions that change anything here, in their own order: only these are asked."""
        used = {c for task in self.tasks for c in (*task.when, *task.without)}
        return tuple(c for c in Condition if c in used)


class Placement(StrEnum):
    """How a task came to its day."""

    PLANNED = "planned"
    FOUNDATION = "foundation"
    MOVED = "moved"
    TIGHT = "tight"


@dataclass(frozen=True, slots=True)
class Planned:
    """A task with its place in a plan; days relative to T. `start` is where it is now, `closes` the last day
    on which it can be begun."""

    task: PresetTask
    start: int
    closes: int
    placement: Placement = Placement.PLANNED
    done: bool = False

    @property
    def end(self) -> int:
        return self.start + self.task.length


@dataclass(frozen=True, slots=True)
class Plan:
    """A preset laid out for one T: what is in the plan and which windows have gone."""

    preset: Preset
    tasks: tuple[Planned, ...]
    missed: tuple[PresetTask, ...]

    @property
    def open(self) -> tuple[Planned, ...]:
        return tuple(task for task in self.tasks if not task.done)

    def span(self, anchor: date) -> tuple[date, date]:
        """Return the loop's first day and the day after its last."""
        first = min((task.start for task in self.tasks), default=0)
        after = max((task.end for task in self.tasks), default=1)
        return anchor + timedelta(days=first), anchor + timedelta(days=after)


@dataclass(frozen=True, slots=True)
class Release:
    """A release plan: a dated loop, its preset and its date T."""

    id: ReleaseId
    owner_id: int
    loop_id: str
    title: str
    preset_key: str
    anchor_date: date
    state: ReleaseState
    conditions: frozenset[Condition]
    remind_deadlines: bool
    countdown_channel_id: int | None
    countdown_guild_id: int | None
    bounce_id: str | None
    calendar_sequence: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        return self.state is not ReleaseState.CANCELLED and self.deleted_at is None


@dataclass(frozen=True, slots=True)
class MissedWindow:
    """A task whose window was gone when the plan was made or moved; listed once, with its alternative."""

    id: str
    release_id: str
    task_key: str
    title: str
    alternative: IfMissed
    noted_at: datetime
    shown_at: datetime | None = None
