"""What missions are made of: agents, missions, iterations, steps with their proposals. Data only, no rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

AgentId = NewType("AgentId", str)
MissionId = NewType("MissionId", str)
IterationId = NewType("IterationId", str)
StepId = NewType("StepId", str)

JsonMap = Mapping[str, object]


class LifeState(StrEnum):
    """Of agents and missions; an agent is never done."""

    ACTIVE = "active"
    PAUSED = "paused"
    DONE = "done"
    ARCHIVED = "archived"


class Policy(StrEnum):
    """What happens with a step of a tool."""

    AUTO = "auto"
    PROPOSE = "propose"
    DENY = "deny"


class InputKind(StrEnum):
    """What a mission may read."""

    LOOP = "loop"
    RELEASE = "release"
    GOALS = "goals"
    WEEK = "week"
    BOUNCES = "bounces"
    METRICS = "metrics"
    PHASE = "phase"
    NOTE = "note"
    HISTORY = "history"


class RunSource(StrEnum):
    """What started an iteration."""

    TICK = "tick"
    MANUAL = "manual"
    EVENT = "event"
    REPLAN = "replan"


class Phase(StrEnum):
    """Where an iteration is, or was when it ended badly."""

    RESOLVING = "resolving-inputs"
    PLANNING = "calling-planner"
    VALIDATING = "validating"
    STAGING = "staging"
    FINISHED = "finished"


class IterationStatus(StrEnum):
    RUNNING = "running"
    AWAITING = "awaiting-review"
    APPROVED = "approved"
    PARTLY = "partly-approved"
    REJECTED = "rejected"
    NOTHING = "nothing-to-do"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepState(StrEnum):
    """State of a step's proposal; every arrow is one conditional update with one event."""

    PENDING = "pending"
    APPROVED = "approved"
    EXECUTING = "executing"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    UNDONE = "undone"


class StepStatus(StrEnum):
    """How a step reads in the iteration; follows from the state of its proposal."""

    STAGED = "staged"
    APPROVED = "approved"
    EXECUTED = "executed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNDONE = "undone"


class Gate(StrEnum):
    """What kept a due mission from running, in the order they are asked."""

    MISSION_STOPPED = "mission-stopped"
    AGENT_ARCHIVED = "agent-archived"
    AGENT_PAUSED = "agent-paused"
    CONCURRENCY = "concurrency"
    OPEN_PROPOSALS = "open-proposals"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class InputRef:
    """A real thing that a mission reads: its kind, and its id or (for a note) its text."""

    kind: InputKind
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """So many of those who have to agree: owner, lead, member, client, approver, `role:<id>` or `person:<id>`."""

    who: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Agent:
    """Who plans: a name, a role text, and what it may do. Everybody has a default one."""

    id: AgentId
    owner_id: int
    guild_id: int | None
    name: str
    role_text: str
    policies: Mapping[str, Policy]
    """Tool name or area → policy; "" is the agent's own default."""
    max_tokens_per_day: int | None
    max_concurrent_missions: int
    state: LifeState
    is_default: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Mission:
    """A standing brief. `cadence` is the stored form read by `bot.missions.cadence`."""

    id: MissionId
    owner_id: int
    guild_id: int | None
    agent_id: AgentId
    number: int
    title: str
    concept: str
    objective: str
    inputs: tuple[InputRef, ...]
    cadence: str
    channel_id: int | None
    """Where proposals go; None is a direct message."""
    state: LifeState
    quorum: tuple[Part, ...]
    """Who has to agree to its steps (quorum.py)."""
    quorum_without_proposer: bool
    uses_rules: bool
    """Whether the rules plan when the AI cannot."""
    paused_until: datetime | None
    deleted_at: datetime | None
    created_at: datetime
    updated_at: datetime
    client_id: str | None = None
    """Whom of a server's clients it is filed under."""

    @property
    def is_studio(self) -> bool:
        """Whether it belongs to the server that it is in."""
        return self.owner_id == self.guild_id

    @property
    def code(self) -> str:
        """The short name that people read and type: M12."""
        return f"M{self.number}"

    @property
    def asks_others(self) -> bool:
        """Whether approvers of its server decide too: it proposes in a channel, or wants several people to agree."""
        return self.channel_id is not None or sum(part.count for part in self.quorum) > 1


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a mission runs next, and how it has been going. Not part of undo."""

    mission_id: MissionId
    owner_id: int
    zone: str
    next_run_at: datetime | None
    next_key: str | None
    failures: int
    quiet_runs: int
    stride: int
    """Run every so many occurrences; grows while there is nothing to do."""
    iterations: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """A step of a plan that was not staged, and why."""

    tool: str
    summary: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunError:
    """Why an iteration ended without a plan."""

    code: str
    phase: Phase
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Iteration:
    """One run of a mission."""

    id: IterationId
    owner_id: int
    mission_id: MissionId
    number: int
    source: RunSource
    phase: Phase
    status: IterationStatus
    started_at: datetime
    finished_at: datetime | None
    summary: str
    planner: str
    """`ai:<model>`, `rules`, or "" before there is one."""
    ai_note: str
    """Why the rules planned instead of the AI ("" when they did not, or the AI is simply not set up)."""
    prompt_version: str
    tokens: int
    cost_microusd: int | None
    error: RunError | None
    dropped: tuple[Dropped, ...]
    feedback: str
    """What the person said with "Ask again"."""
    feedback_by: int | None
    """Who said it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a preview: a string key of the area and its named parts."""

    key: str
    parts: JsonMap = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Preview:
    """What a step would change: a title, before → after in words, and the state that this was built on."""

    title: Line
    before: tuple[Line, ...] = ()
    after: tuple[Line, ...] = ()
    basis: str = ""
    """Fingerprint of the state before; execution compares it."""


@dataclass(frozen=True, slots=True)
class Step:
    """A planned step and its proposal."""

    id: StepId
    owner_id: int
    mission_id: MissionId
    iteration_id: IterationId
    iteration_number: int
    position: int
    tool: str
    params: JsonMap
    summary: str
    rationale: str
    state: StepState
    version: int
    content_hash: str
    preview: Preview
    created_at: datetime
    expires_at: datetime
    edited: JsonMap | None
    """Params as a person changed them; what runs when set."""
    approvals: int
    decided_by: int | None
    decided_name: str
    decided_at: datetime | None
    reason: str
    error: str
    group_id: str | None
    """The group of changes it made; what undo needs."""
    edited_name: str = ""
    """Who changed it last, as they were called."""
    set_back: int = 0
    """How many approvals the last change took back: they were given to something else."""
    asked_client: str | None = None
    """The client whose people decide it too, and are told of it."""

    @property
    def status(self) -> StepStatus:
        return STATUS_OF[self.state]

    @property
    def effective(self) -> JsonMap:
        """The params that run: edited ones before planned ones."""
        return self.params if self.edited is None else self.edited

    @property
    def label(self) -> str:
        """The step's name inside its mission: `<iteration>-<n>`."""
        return f"{self.iteration_number}-{self.position}"


STATUS_OF: Mapping[StepState, StepStatus] = {
    StepState.PENDING: StepStatus.STAGED,
    StepState.APPROVED: StepStatus.APPROVED,
    StepState.EXECUTING: StepStatus.APPROVED,
    StepState.UNKNOWN: StepStatus.APPROVED,
    StepState.DONE: StepStatus.EXECUTED,
    StepState.FAILED: StepStatus.FAILED,
    StepState.REJECTED: StepStatus.REJECTED,
    StepState.EXPIRED: StepStatus.EXPIRED,
    StepState.SUPERSEDED: StepStatus.SKIPPED,
    StepState.WITHDRAWN: StepStatus.SKIPPED,
    StepState.UNDONE: StepStatus.UNDONE,
}


@dataclass(frozen=True, slots=True)
class Vote:
    """Somebody's yes: to which text it was given, and which parts they could fill as they gave it."""

    voter_id: int
    voter_name: str
    seen: str
    fits: frozenset[str]


@dataclass(frozen=True, slots=True)
class StepEvent:
    """One arrow of a step's life, append-only."""

    step_id: StepId
    at: datetime
    after: StepState
    actor_name: str


@dataclass(frozen=True, slots=True)
class ToolRecord:
    """What became of one proposal, for accept rates."""

    tool: str
    state: StepState
    created_at: datetime
    decided_at: datetime | None
    edited: bool
