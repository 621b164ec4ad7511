"""What a loop is made of: lanes, clips, loops, suggestions, insights, exports. Data only, no rules.

Starts and lengths are integer thousandths of a unit (`*_milli`), so interval arithmetic is exact. One unit is
one beat of an undated loop and one day of a dated one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

LoopId = NewType("LoopId", str)
ClipId = NewType("ClipId", str)
SuggestionId = NewType("SuggestionId", str)
InsightId = NewType("InsightId", str)
ExportId = NewType("ExportId", str)

MILLI = 1000
"""Thousandths in one unit."""
UNITS_PER_BAR = 4


class Lane(StrEnum):
    """The five lanes, in their fixed order."""

    CREATIVE = "creative"
    ACTION = "action"
    PROMO = "promo"
    ANALYSIS = "analysis"
    REFINE = "refine"


LANES: tuple[Lane, ...] = tuple(Lane)
LANE_ORDER: Mapping[Lane, int] = {lane: place for place, lane in enumerate(LANES)}


class Role(StrEnum):
    ARTIST = "artist"
    PR_AGENCY = "pr_agency"
    MANAGER = "manager"


class Pace(StrEnum):
    RELAXED = "relaxed"
    MODERATE = "moderate"
    INTENSIVE = "intensive"


class Source(StrEnum):
    """Where a clip came from."""

    MANUAL = "manual"
    AI = "ai"
    RULE = "rule"
    PRESET = "preset"
    DAW = "daw"
    MISSION = "mission"
    IMPORT = "import"


class ClipKind(StrEnum):
    TASK = "task"
    PITCH = "pitch"
    RELEASE = "release"
    REST = "rest"
    FINISH = "finish"


class DeadlineKind(StrEnum):
    NONE = "none"
    SOFT = "soft"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class Clip:
    """One block on one lane. `ready` is the owner's own mark: cleared to leave the timeline."""

    id: ClipId
    loop_id: LoopId
    lane: Lane
    start_milli: int
    length_milli: int
    name: str
    created_at: datetime
    updated_at: datetime
    notes: str = ""
    ready: bool = False
    done_at: datetime | None = None
    source: Source = Source.MANUAL
    kind: ClipKind = ClipKind.TASK
    task_key: str | None = None
    requires: tuple[str, ...] = ()
    deadline_kind: DeadlineKind = DeadlineKind.NONE
    deadline: date | None = None
    written_by: int | None = None
    """Whose message it was made from, where that is somebody else's; `SOMEBODY` where it is not known whose."""

    @property
    def end_milli(self) -> int:
        """The first thousandth after the clip: ranges are half-open."""
        return self.start_milli + self.length_milli

    @property
    def is_done(self) -> bool:
        return self.done_at is not None


@dataclass(frozen=True, slots=True)
class Loop:
    """A project plan drawn as a timeline. Dated when `start_date` and `end_date` (exclusive) are both set."""

    id: LoopId
    owner_id: int
    name: str
    role: Role
    pace: Pace
    timezone: str
    created_at: datetime
    updated_at: datetime
    bpm: float = 120
    zoom: float = 1
    playhead_milli: int = 0
    start_date: date | None = None
    end_date: date | None = None
    anchor_date: date | None = None
    preset_key: str | None = None
    lanes_unused: tuple[Lane, ...] = ()
    version: int = 1
    archived_at: datetime | None = None
    deleted_at: datetime | None = None
    client_id: str | None = None
    """The client of the server that it is filed under."""

    @property
    def is_dated(self) -> bool:
        return self.start_date is not None and self.end_date is not None

    @property
    def length_days(self) -> int:
        """Days from the first to the last; 0 when undated."""
        return (self.end_date - self.start_date).days if self.start_date and self.end_date else 0


@dataclass(frozen=True, slots=True)
class LoopBounce:
    """A finished take that was logged to the loop. The content hash tells copies from new takes."""

    content_hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """All that the engines read of one loop."""

    loop: Loop
    clips: tuple[Clip, ...] = ()
    bounces: tuple[LoopBounce, ...] = ()

    def clip(self, clip_id: str) -> Clip | None:
        """Return the clip with this id, or None when it is gone."""
        return next((clip for clip in self.clips if clip.id == clip_id), None)


class SuggestionKind(StrEnum):
    CLIP = "clip"
    TIP = "tip"
    IDEA = "idea"


class SuggestionState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class SuggestedClip:
    """A clip as somebody proposes it, before or after the gate."""

    lane: Lane
    start_milli: int
    length_milli: int
    name: str
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One line of a stored set: a clip to accept, an idea to edit first, or a tip (`text`)."""

    id: SuggestionId
    loop_id: LoopId
    set_id: str
    kind: SuggestionKind
    clip: SuggestedClip | None
    text: str
    fingerprint: str
    predicted_gain: float
    ai_written: bool
    state: SuggestionState
    created_at: datetime
    decided_at: datetime | None = None


class InsightKind(StrEnum):
    SUGGEST = "suggest"
    FIXES = "fixes"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Insight:
    """One reading of a loop, kept with what it cost. `score` is the momentum at that moment."""

    id: InsightId
    loop_id: LoopId
    kind: InsightKind
    generated_at: datetime
    lines: tuple[str, ...]
    score: float
    state_hash: str
    ai_written: bool
    model: str | None = None
    prompt_version: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_microusd: int | None = None
    created_by: str = ""
    pinned: bool = False


class ExportTarget(StrEnum):
    AQUA = "aqua"
    ANALOGUE = "analogue"
    XP = "xp"


class ExportState(StrEnum):
    QUEUED = "queued"
    READY = "ready"
    TAKEN = "taken"
    FAILED = "failed"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Export:
    """One export in the queue or the history."""

    id: ExportId
    loop_id: LoopId
    clip_id: ClipId | None
    target: ExportTarget
    payload: Mapping[str, str]
    document: str
    score: float
    ai_written: bool
    state: ExportState
    attempts: int
    created_by: str
    created_at: datetime
    error: str | None = None
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """What a person has open: the active loop and the selected clip."""

    owner_id: int
    active_loop_id: LoopId | None = None
    selected_clip_id: ClipId | None = None


@dataclass(frozen=True, slots=True)
class DatedClip:
    """A clip to be made, by calendar days. `deadline` with `hard` False is a soft one."""

    task_key: str
    name: str
    lane: Lane
    day: date
    length_days: int
    notes: str = ""
    kind: ClipKind = ClipKind.TASK
    requires: tuple[str, ...] = ()
    deadline: date | None = None
    hard: bool = False
    done_at: datetime | None = None
    source: Source = Source.PRESET


@dataclass(frozen=True, slots=True)
class DatedLoop:
    """What a new dated loop is called and spans; `end_date` is exclusive."""

    name: str
    role: Role
    pace: Pace
    timezone: str
    start_date: date
    end_date: date
    anchor_date: date
    preset_key: str
    lanes_unused: tuple[Lane, ...] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a clip goes when its loop's anchor moves."""

    day: date
    deadline: date | None


PREREQUISITES: Mapping[Lane, tuple[str, tuple[Lane, ...]]] = {
    Lane.PROMO: ("prereq:creative-or-action", (Lane.CREATIVE, Lane.ACTION)),
    Lane.ANALYSIS: ("prereq:promo-or-creative", (Lane.PROMO, Lane.CREATIVE)),
    Lane.REFINE: ("prereq:creative", (Lane.CREATIVE,)),
}
"""What each lane builds on: the code that a blocked clip carries, and the lanes that satisfy it."""
