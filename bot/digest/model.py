"""What a digest is made of: the week's data as other areas report it, and the stored digest."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NewType, Self

DigestId = NewType("DigestId", str)


@dataclass(frozen=True, slots=True, order=True)
class IsoWeek:
    """A week by the ISO calendar, Monday to Sunday."""

    year: int
    week: int

    @classmethod
    def of(cls, day: date) -> Self:
        return cls(*day.isocalendar()[:2])

    @classmethod
    def parse(cls, text: str) -> "IsoWeek | None":
        """Read "2025-W23"; None where it is no such week.

        >>> IsoWeek.parse("2025-W23"), IsoWeek.parse("2025-W60")
        (IsoWeek(year=2025, week=23), None)
        """
        try:
            year, week = text.upper().split("-W")
            return cls.of(date.fromisocalendar(int(year), int(week), 1))
        except ValueError:
            return None

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.week, 1)

    def next(self) -> "IsoWeek":
        return IsoWeek.of(self.monday + timedelta(days=7))

    def previous(self) -> "IsoWeek":
        return IsoWeek.of(self.monday - timedelta(days=7))

    def __str__(self) -> str:
        return f"{self.year}-W{self.week:02}"


@dataclass(frozen=True, slots=True)
class DoneBounce:
    """A bounce finished in the window. `at`: local time. `file_name` without folders."""

    id: str
    file_name: str
    title: str
    duration_s: float
    at: datetime
    content_hash: str = ""
    loop_name: str = ""
    tag: str = ""
    loudest_s: float | None = None
    picture: str = ""
    """Where the waveform is kept; empty when there is none."""
    private: bool = False


@dataclass(frozen=True, slots=True)
class DoneClip:
    id: str
    name: str
    loop_name: str
    at: datetime
    private: bool = False


@dataclass(frozen=True, slots=True)
class SliceCount:
    """Slices saved by hand from one bounce."""

    file_name: str
    count: int


@dataclass(frozen=True, slots=True)
class FormChange:
    """Versions of one form map made in the window, its first one not counted."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class TagCount:
    tag: str
    count: int


class Direction(StrEnum):
    """Where a coach metric goes, if its trend has a direction."""

    UP = "up"
    DOWN = "down"
    SAME = "same"
    EARLY = "early"


@dataclass(frozen=True, slots=True)
class WeekCounts:
    """Tasks of the week as at the cut, and the longer view."""

    areas: tuple[tuple[str, int, int], ...]
    """(name in words, done, planned)."""
    weeks_in_motion: int | None = None
    weeks_counted: int | None = None
    completion: Direction = Direction.EARLY

    @property
    def done(self) -> int:
        return sum(done for _, done, _ in self.areas)

    @property
    def planned(self) -> int:
        return sum(planned for _, _, planned in self.areas)


@dataclass(frozen=True, slots=True)
class Energy:
    """How much energy the answers of a window told, 1 to 5 in the middle. In the DM copy only, and never stored."""

    middle: float
    answers: int


@dataclass(frozen=True, slots=True)
class LoopLine:
    """A loop's momentum at the cut and at the cut before. `score`: 0..1; labels in words."""

    id: str
    name: str
    score: float
    label: str
    score_before: float | None = None
    label_before: str | None = None
    next_clip: str = ""

    @property
    def change_is_real(self) -> bool:
        """A new label or 10 points or more."""
        if self.score_before is None:
            return False
        moved = abs(round(self.score * 100) - round(self.score_before * 100))
        return moved >= 10 or (self.label_before is not None and self.label_before != self.label)


class StepKind(StrEnum):
    DEADLINE = "deadline"
    ACTION = "action"
    TASK = "task"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class NextStep:
    """A candidate for "Next three". `ref`: clip or task id, to leave out duplicates."""

    kind: StepKind
    ref: str
    title: str
    day: date | None = None
    time: str = ""
    if_then: str = ""
    days_before_release: int | None = None
    checked: str = ""


@dataclass(frozen=True, slots=True)
class WaitingTask:
    title: str
    weeks: int


@dataclass(frozen=True, slots=True)
class MissionNote:
    mission: str
    text: str


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    title: str
    day: date
    deadline_title: str = ""
    deadline_day: date | None = None
    public: bool = False


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """`phase`: its key. `bounces`: distinct ones since `since`. `offer_open`: a change is on offer."""

    phase: str
    since: date
    bounces: int = 0
    offer_open: bool = False


@dataclass(frozen=True, slots=True)
class WeekData:
    """All that a digest of one window is made from. Times are local to the person."""

    week: IsoWeek
    cut: datetime
    bounces: tuple[DoneBounce, ...] = ()
    clips: tuple[DoneClip, ...] = ()
    slices: tuple[SliceCount, ...] = ()
    forms: tuple[FormChange, ...] = ()
    tags: tuple[TagCount, ...] = ()
    counts: WeekCounts | None = None
    loops: tuple[LoopLine, ...] = ()
    waiting: WaitingTask | None = None
    notes: tuple[MissionNote, ...] = ()
    steps: tuple[NextStep, ...] = ()
    release: ReleaseLine | None = None
    proposals: int = 0
    phase: PhaseLine | None = None
    tasks_decided: int = 0
    reflections: int = 0
    release_days: int = 0

    @property
    def has_activity(self) -> bool:
        """A bounce, clip or task decided, slice, form map version, reflection or release day in the window."""
        return bool(
            self.bounces
            or self.clips
            or self.slices
            or self.forms
            or self.tasks_decided
            or self.reflections
            or self.release_days
        )


class StudioWhat(StrEnum):
    """What an item of a server's week is: a clip, a release day, or a window that closed."""

    TASK = "task"
    RELEASE = "release"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class StudioItem:
    """Something in a server's own plans. `loop`: the plan it is in, by id; `of`: its name.

    `day` to `until`: when it is planned, none of both where its plan has no days; `deadline`: a hard last day.
    `client`: under which it is filed, by id; `who`: the names of those it was given to. `was`: the last day that was
    planned when the week began, where it is another one now.
    """

    what: StudioWhat
    ref: str
    title: str
    of: str
    loop: str
    day: date | None = None
    until: date | None = None
    deadline: date | None = None
    client: str | None = None
    who: tuple[str, ...] = ()
    was: date | None = None


@dataclass(frozen=True, slots=True)
class StudioWeek:
    """A week of a server's own plans, as areas report it: finished in the window, and open at its end."""

    finished: tuple[StudioItem, ...] = ()
    open: tuple[StudioItem, ...] = ()


class DigestState(StrEnum):
    DUE = "due"
    BUILT = "built"
    HELD = "held"
    SENT = "sent"
    FILED = "filed"


@dataclass(frozen=True, slots=True)
class Digest:
    """A stored digest: its bytes never change, whatever is renamed or deleted later."""

    id: DigestId
    owner_id: int
    week: IsoWeek
    cut_from: datetime
    cut_at: datetime
    markdown: str
    card: str
    public_card: str
    content_hash: str
    has_activity: bool
    state: DigestState
    built_at: datetime
    sent_at: datetime | None = None
    opened_at: datetime | None = None

    @property
    def file_name(self) -> str:
        return f"loop_digest_{self.week}.md"
