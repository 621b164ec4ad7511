"""Clients, their people and invites."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.actors import GuildId, OwnerId, PersonId


class ClientKind(StrEnum):
    ARTIST = "artist"
    LABEL = "label"
    BRAND = "brand"
    OTHER = "other"


class ClientRole(StrEnum):
    """Whose presets and words fit the work for them."""

    ARTIST = "artist"
    PR_AGENCY = "pr_agency"
    MANAGER = "manager"


class ClientState(StrEnum):
    ACTIVE = "active"
    ARCHIVED = "archived"


class DigestWay(StrEnum):
    """How a client is told of its week."""

    OFF = "off"
    CHANNEL = "channel"
    DM = "dm"


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody a server works for. `notes` are for its leads alone; `colour` is `#RRGGBB`."""

    id: str
    owner_id: OwnerId
    name: str
    kind: ClientKind
    role: ClientRole
    zone: str
    created_at: datetime
    channel_id: int | None = None
    colour: str | None = None
    notes: str = ""
    archived_at: datetime | None = None
    deleted_at: datetime | None = None
    digest: DigestWay = DigestWay.OFF
    digest_day: int = 4
    digest_hour: int = 15
    digest_asks: bool = True
    """Whether a lead is asked before a digest is sent."""

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def state(self) -> ClientState:
        return ClientState.ACTIVE if self.archived_at is None else ClientState.ARCHIVED


@dataclass(frozen=True, slots=True)
class ClientPerson:
    """Somebody from a client's side. `name` is what they were called when they joined.

    `wants_digest`: their own wish to be told of the week by direct message.
    """

    id: str
    client_id: str
    user_id: PersonId
    name: str
    may_approve: bool
    joined_at: datetime
    invited_by: PersonId | None
    wants_digest: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """Whose client somebody comes from: a server, and the client there."""

    guild_id: GuildId
    client_id: str


@dataclass(frozen=True, slots=True)
class ClientDraft:
    """What a form gives of a client; None leaves a field as it is."""

    name: str | None = None
    kind: ClientKind | None = None
    role: ClientRole | None = None
    zone: str | None = None
    channel_id: int | None = None
    colour: str | None = None
    notes: str | None = None
    clears_channel: bool = False
    digest: DigestWay | None = None
    digest_day: int | None = None
    digest_hour: int | None = None
    digest_asks: bool | None = None


@dataclass(frozen=True, slots=True)
class WorkLine:
    """One thing on a client's card. `day`: due, or done."""

    title: str
    plan: str
    day: date | None
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """What is filed under a client: how many plans, what is late, what comes next, what was finished lately."""

    plans: int
    late: tuple[WorkLine, ...] = ()
    next: tuple[WorkLine, ...] = ()
    finished: tuple[WorkLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """A client as its card shows it."""

    client: Client
    people: tuple[ClientPerson, ...]
    work: Work


# ---------------------------------------------------------------------- who does it


class SubjectKind(StrEnum):
    """What may be given to somebody. The tasks of a release are the clips of its loop."""

    CLIP = "clip"


class AssigneeKind(StrEnum):
    PERSON = "person"
    CLIENT = "client"


class AssignmentState(StrEnum):
    OPEN = "open"
    HANDED_ON = "handed_on"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Assignee:
    """Who does it: a person by their id, or "the client" of the plan, without one. `name` is as of now."""

    name: str
    user_id: PersonId | None = None

    @property
    def kind(self) -> AssigneeKind:
        return AssigneeKind.CLIENT if self.user_id is None else AssigneeKind.PERSON


@dataclass(frozen=True, slots=True)
class Assignment:
    """A thing of a server that somebody does. It is over once the thing is done, whoever did it."""

    id: str
    owner_id: OwnerId
    kind: SubjectKind
    subject_id: str
    assignee: Assignee
    assigned_by: PersonId
    assigned_by_name: str
    assigned_at: datetime
    state: AssignmentState = AssignmentState.OPEN
    client_id: str | None = None
    due_on: date | None = None
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What of a thing whoever does it may know: title, plan, day, whether it is done. `plan_id` is its loop."""

    id: str
    owner_id: OwnerId
    title: str
    plan_id: str
    plan: str
    is_done: bool
    day: date | None = None
    hard_day: date | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One line of somebody's work. Without an assignment it is of their own plans."""

    subject: Subject
    day: date | None
    assignment: Assignment | None = None
    studio: str = ""
    client: str = ""


# ---------------------------------------------------------------------- handing over


class HandoverState(StrEnum):
    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Handover:
    """A loop that is to belong to somebody else: asked by one side, answered by the other within a week."""

    id: str
    from_owner: OwnerId
    to_owner: OwnerId
    subject_id: str
    title: str
    asked_by: PersonId
    asked_by_name: str
    asked_at: datetime
    expires_at: datetime
    state: HandoverState = HandoverState.ASKED


@dataclass(frozen=True, slots=True)
class HandoverPreview:
    """What goes along with a loop, and what stays: counts of what is its own, titles of linked bounces."""

    loop_id: str
    title: str
    clips: int
    releases: tuple[str, ...]
    posted: int
    bounces: tuple[str, ...]


# ---------------------------------------------------------------------- their week


class Answer(StrEnum):
    """What a lead said to a digest before it goes out."""

    WAITING = "waiting"
    SEND = "send"
    SKIP = "skip"


class Outcome(StrEnum):
    """What became of a week."""

    SENT = "sent"
    SKIPPED = "skipped"
    UNANSWERED = "unanswered"
    QUIET = "quiet"
    NOWHERE = "nowhere"


MOVES_ON = frozenset({Outcome.SENT, Outcome.SKIPPED})
"""After these a week is told; what was finished in any other is told with the next."""


@dataclass(frozen=True, slots=True)
class DigestClock:
    """When a client is told next (`next_at`, of ISO week `week`), and what was said to it so far."""

    client_id: str
    owner_id: OwnerId
    week: str
    ask_at: datetime
    next_at: datetime
    told_until: datetime
    asked_week: str = ""
    answer: Answer = Answer.WAITING
    words: str = ""
    last_week: str = ""
    last_outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """Who does a thing, as its client may know: they themselves, or people of the server by name."""

    theirs: bool = False
    names: tuple[str, ...] = ()
