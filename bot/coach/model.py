"""What the coach keeps and speaks about: enumerations and records. No rules, no storage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import IntEnum, StrEnum
from typing import NewType

GoalId = NewType("GoalId", str)
SessionId = NewType("SessionId", str)
TaskId = NewType("TaskId", str)
CheckinId = NewType("CheckinId", str)
InsightId = NewType("InsightId", str)
HabitId = NewType("HabitId", str)
RoutineId = NewType("RoutineId", str)

FREE_TEXT = "coach.free"
"""Catalogue key of a line that is not from the catalogue."""


class Role(StrEnum):
    ARTIST = "artist"
    PR_AGENCY = "pr_agency"
    MANAGER = "manager"


class Experience(StrEnum):
    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class Pacing(StrEnum):
    RELAXED = "relaxed"
    MODERATE = "moderate"
    INTENSIVE = "intensive"


class Style(StrEnum):
    """How a greeting sounds; never which rules apply."""

    DIRECT = "direct"
    SUPPORTIVE = "supportive"
    CHALLENGING = "challenging"


class FocusArea(StrEnum):
    CREATIVE = "creative"
    PROMO = "promo"
    RELATIONSHIPS = "relationships"
    CAREER = "career"
    PROMO_STRATEGY = "promo_strategy"
    CONTACTS = "contacts"
    CLIENT_RELATIONSHIPS = "client_relationships"
    SKILLS = "skills"
    ARTIST_ROADMAP = "artist_roadmap"
    NETWORKING = "networking"
    STRATEGIC_PLANNING = "strategic_planning"
    WELLBEING = "wellbeing"


class Category(StrEnum):
    """The reporting category of a task, the same for every role."""

    CREATIVE_GROWTH = "creative_growth"
    PROMOTIONAL_UNDERSTANDING = "promotional_understanding"
    RELATIONSHIP_BUILDING = "relationship_building"
    CAREER_SKILL = "career_skill"
    WELLBEING = "wellbeing"


CATEGORY_OF: dict[FocusArea, Category] = {
    FocusArea.CREATIVE: Category.CREATIVE_GROWTH,
    FocusArea.ARTIST_ROADMAP: Category.CREATIVE_GROWTH,
    FocusArea.PROMO: Category.PROMOTIONAL_UNDERSTANDING,
    FocusArea.PROMO_STRATEGY: Category.PROMOTIONAL_UNDERSTANDING,
    FocusArea.STRATEGIC_PLANNING: Category.PROMOTIONAL_UNDERSTANDING,
    FocusArea.RELATIONSHIPS: Category.RELATIONSHIP_BUILDING,
    FocusArea.CONTACTS: Category.RELATIONSHIP_BUILDING,
    FocusArea.CLIENT_RELATIONSHIPS: Category.RELATIONSHIP_BUILDING,
    FocusArea.NETWORKING: Category.RELATIONSHIP_BUILDING,
    FocusArea.CAREER: Category.CAREER_SKILL,
    FocusArea.SKILLS: Category.CAREER_SKILL,
    FocusArea.WELLBEING: Category.WELLBEING,
}


class Effort(IntEnum):
    """Points of effort a task is counted with."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


class GoalCategory(StrEnum):
    CAREER = "career"
    RELEASE = "release"
    BRANDING = "branding"
    MARKETING = "marketing"
    SKILLS = "skills"
    GROWTH = "growth"
    CREATIVE = "creative"


class GoalStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"


class WeekState(StrEnum):
    ACTIVE = "active"
    REST = "rest"
    PAUSED = "paused"
    RESERVE = "reserve"


class TaskStatus(StrEnum):
    PLANNED = "planned"
    DONE = "done"
    SKIPPED = "skipped"
    LET_GO = "let_go"
    EXPIRED = "expired"
    CARRIED = "carried"


class TaskSource(StrEnum):
    BANK = "bank"
    AI = "ai"
    USER = "user"
    ROUTINE = "routine"
    PRESET = "preset"


class InsightType(StrEnum):
    CAREER = "career"
    CREATIVE = "creative"
    INDUSTRY = "industry"
    BRANDING = "branding"
    GROWTH = "growth"
    SCENE = "scene"
    RELATIONSHIP = "relationship"
    RELEASE = "release"
    PROMOTIONAL = "promotional"


class InsightPriority(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ResourceType(StrEnum):
    ARTICLE = "article"
    VIDEO = "video"
    TOOL = "tool"
    TEMPLATE = "template"
    CONTACT = "contact"


class Phase(StrEnum):
    """The user's phase, or `any` on a bank task."""

    ANY = "any"
    GENERATOR = "generator"
    BUILDER = "builder"
    EXECUTOR = "executor"
    RECOVERY = "recovery"


class Season(StrEnum):
    ANY = "any"
    PRE_RELEASE = "pre_release"
    RELEASE = "release"
    POST_RELEASE = "post_release"
    QUIET = "quiet"


class Aggregate(StrEnum):
    """How the values of one week become the week's value."""

    SUM = "sum"
    MEAN = "mean"
    LAST = "last"


class Better(StrEnum):
    """Whether a higher value of a metric is better."""

    YES = "yes"
    NO = "no"
    NONE = "none"


class MetricKind(StrEnum):
    BEHAVIOUR = "behaviour"
    OUTCOME = "outcome"


class LoadLevel(StrEnum):
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class CheckinKind(StrEnum):
    MONDAY = "monday"
    FRIDAY = "friday"
    SUNDAY = "sunday"
    ON_DEMAND = "on_demand"
    WELCOME = "welcome"
    """Answers the command that turned check-ins on."""
    RETURN = "return"
    """The one gentle message after a quiet time."""
    LAST = "last"
    """Says that there will be no more until the next command."""


class CheckinState(StrEnum):
    SCHEDULED = "scheduled"
    HELD = "held"
    SENT = "sent"
    ANSWERED = "answered"
    SKIPPED = "skipped"
    UNANSWERED = "unanswered"
    DROPPED = "dropped"


class Frequency(StrEnum):
    DAILY = "daily"
    THREE_A_WEEK = "3x_week"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class HabitCategory(StrEnum):
    CREATIVE = "creative"
    OUTREACH = "outreach"
    WELLNESS = "wellness"
    ADMIN = "admin"
    LEARNING = "learning"


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence for people as a key of the catalogue and its named parts; `free` holds somebody's own words."""

    key: str
    parts: Mapping[str, str | int | float] = field(default_factory=dict)

    @staticmethod
    def free(text: str) -> "Line":
        return Line(FREE_TEXT, {"text": text})


@dataclass(frozen=True, slots=True)
class Resource:
    type: ResourceType
    title: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class DmSettings:
    """What may be sent unasked. Off until the person turns it on."""

    checkins: bool = False
    quiet_from: time = time(21)
    quiet_to: time = time(9)
    energy: bool = False
    available: bool = True


@dataclass(frozen=True, slots=True)
class Preferences:
    pacing: Pacing = Pacing.MODERATE
    focus_areas: tuple[FocusArea, ...] = ()
    style: Style = Style.SUPPORTIVE
    session_day: int = 0
    time_commitment_hours: float = 8.0
    rest_days: frozenset[int] = frozenset()
    dm: DmSettings = DmSettings()
    send_reflections_to_ai: bool = False
    show_runs: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """One a person. Times inside are UTC; `timezone` is an IANA name."""

    id: str
    user_id: int
    role: Role
    experience: Experience
    genre: str | None
    preferences: Preferences
    timezone: str
    plan_size: int
    ai_consent: bool
    created_at: datetime
    updated_at: datetime
    paused_from: date | None = None
    paused_until: date | None = None
    """First day after a pause; also silences reminders and digests."""
    setup_step: int = 0
    """Where the quick start was left."""


@dataclass(frozen=True, slots=True)
class State:
    """What only steers messages and ticks of one person."""

    seen_at: datetime
    timezone: str = "UTC"
    """The zone in which the times below were worked out."""
    seen_weeks: tuple[date, ...] = ()
    """Mondays of weeks in which the person did anything with the coach, the last thirty."""
    quiet_until: datetime | None = None
    """No unasked message and no score until then."""
    dms_stopped: bool = False
    """No unasked message until the next command."""
    dismissed: Mapping[str, datetime] = field(default_factory=dict)
    """Goal suggestions put away, and when."""
    kinds: tuple[CheckinKind, ...] = ()
    next_kind: CheckinKind | None = None
    next_checkin_at: datetime | None = None
    next_close_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Woop:
    wish: str = ""
    outcome: str = ""
    obstacle: str = ""
    plan: str = ""


@dataclass(frozen=True, slots=True)
class Goal:
    id: GoalId
    title: str
    description: str
    category: GoalCategory
    status: GoalStatus
    priority: int
    progress: float
    created_at: datetime
    target_date: date | None = None
    metric: str | None = None
    start_value: float | None = None
    target_value: float | None = None
    unit: str | None = None
    woop: Woop | None = None
    completed_at: datetime | None = None
    progress_before: float | None = None
    """Progress to go back to when a completed goal is reopened."""


@dataclass(frozen=True, slots=True)
class Task:
    """One line of a week."""

    id: TaskId
    session_id: SessionId
    bank_id: str | None
    focus_area: FocusArea
    title: str
    description: str
    effort: Effort
    minutes: int
    status: TaskStatus
    source: TaskSource
    position: int
    created_at: datetime
    carry_count: int = 0
    carried_from: TaskId | None = None
    if_then: str | None = None
    due: date | None = None
    hard: bool = False
    goal_id: GoalId | None = None
    loop_clip_id: str | None = None
    resources: tuple[Resource, ...] = ()
    at: datetime | None = None
    """Suggested or chosen start, UTC."""
    decided_at: datetime | None = None

    @property
    def category(self) -> Category:
        return CATEGORY_OF[self.focus_area]

    @property
    def is_open(self) -> bool:
        return self.status is TaskStatus.PLANNED

    @property
    def is_release_tied(self) -> bool:
        return self.loop_clip_id is not None


@dataclass(frozen=True, slots=True)
class Plan:
    """The part of a week that is not a task."""

    week_start: date
    theme: Line
    metrics: tuple[str, ...] = ()
    recommendations: tuple[Line, ...] = ()
    estimated_minutes: int = 0
    notes: tuple[Line, ...] = ()
    size: int = 9
    shape: str = "usual"
    rule: str = ""
    """Which adapting rule made it, "" for none."""
    ai_model: str | None = None


@dataclass(frozen=True, slots=True)
class Reflections:
    wins: tuple[str, ...] = ()
    challenges: tuple[str, ...] = ()
    learnings: tuple[str, ...] = ()
    next_week_focus: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.wins or self.challenges or self.learnings or self.next_week_focus)


@dataclass(frozen=True, slots=True)
class Revision:
    """What an earlier revision of a week held and the present one does not: (bank id or "", title)."""

    number: int
    replaced: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ExtraTask:
    focus_area: FocusArea
    title: str
    description: str
    effort: Effort


@dataclass(frozen=True, slots=True)
class Session:
    """One week of one person; unique by `week_start`, a Monday in the person's own zone."""

    id: SessionId
    week_start: date
    state: WeekState
    plan: Plan
    reflections: Reflections
    completed: bool
    revision: int
    created_at: datetime
    closed_at: datetime | None = None
    choices: tuple[TaskId, ...] = ()
    """Tasks carried twice already, waiting for Split, Schedule, Swap or Let go."""
    revisions: tuple[Revision, ...] = ()
    extras: tuple[ExtraTask, ...] = ()
    """Tasks the AI proposed; on the plan only by Add or Swap in."""


@dataclass(frozen=True, slots=True)
class Checkin:
    id: CheckinId
    kind: CheckinKind
    occurrence_key: str
    state: CheckinState
    due_at: datetime
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    snoozes: int = 0
    energy: int | None = None
    how_it_went: int | None = None
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class InsightContent:
    summary: Line
    detail: Line | None = None
    steps: tuple[Line, ...] = ()
    priority: InsightPriority = InsightPriority.MEDIUM
    related_goals: tuple[GoalId, ...] = ()


@dataclass(frozen=True, slots=True)
class Insight:
    id: InsightId
    type: InsightType
    content: InsightContent
    created_at: datetime
    session_id: SessionId | None = None
    evidence: tuple[str, ...] = ()
    """Row ids it was based on."""
    evidence_hash: str = ""
    by_ai: bool = False
    model: str | None = None
    useful: bool | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """One recorded value of a metric."""

    id: str
    metric: str
    kind: MetricKind
    value: float
    recorded_at: datetime
    aggregate: Aggregate = Aggregate.SUM
    better: Better = Better.YES
    goal_id: GoalId | None = None
    session_id: SessionId | None = None


@dataclass(frozen=True, slots=True)
class Habit:
    id: HabitId
    title: str
    category: HabitCategory
    frequency: Frequency
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RoutineStep:
    name: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Routine:
    id: RoutineId
    name: str
    steps: tuple[RoutineStep, ...]
    created_at: datetime
    preset: str | None = None

    @property
    def minutes(self) -> int:
        return sum(step.minutes for step in self.steps)


@dataclass(frozen=True, slots=True)
class Reminder:
    id: str
    text: str
    due_at: datetime
    created_at: datetime
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A dated loop, as far as the coach has to know it."""

    id: str
    name: str
    on: date
    next_deadline: date | None = None
    next_deadline_title: str | None = None


@dataclass(frozen=True, slots=True)
class LoopFact:
    """A loop of the person, read through a port."""

    id: str
    name: str
    label: str
    next_actions: tuple[str, ...] = ()
    unfinished: bool = True
    promo_clips: tuple[str, ...] = field(default=())
    finished: tuple[tuple[str, datetime], ...] = ()
    """(clip id, when) of the clips that are done."""
