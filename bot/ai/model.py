"""What an AI call takes and gives back. The outcomes are three, and they are never merged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, NewType, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]
Sent = NewType("Sent", dict[str, JsonValue])
"""Data of a question, of declared things only: `Sender.of` (`bot/ai/sent.py`) is the one who makes it."""


class Reply(BaseModel):
    """Base of the shapes that a model may answer with; anything that is not in the shape is dropped."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def is_empty(self) -> bool:
        """Tell whether a well-formed answer holds no idea."""
        return False


ReplyT = TypeVar("ReplyT", bound=Reply)
ReplyT_co = TypeVar("ReplyT_co", bound=Reply, covariant=True)


class Reason(StrEnum):
    """Why there is no answer. What is told of each and who can mend it: `[ai]` of `assets/errors.toml`."""

    OFF = "off"
    NO_KEY = "no_key"
    BUDGET = "budget"
    BAD_KEY = "bad_key"
    NO_PERMISSION = "no_permission"
    NO_CREDIT = "no_credit"
    NO_MODEL = "no_model"
    REJECTED = "rejected"
    """The service does not take how we ask; only a repair helps."""
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    TOO_LONG = "too_long"
    REFUSED = "refused"
    UNPARSABLE = "unparsable"
    WITHHELD = "withheld"
    """An answer came and was paid for, and our own checks do not let it be shown."""
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf a call is made; the budget is kept for each of the three."""

    person_id: int
    guild_id: int | None = None
    agent_id: str | None = None
    agent_tokens_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Question(Generic[ReplyT]):
    """One thing to ask: a prompt file, the shape of the answer, and data.

    `data` is sent as delimited JSON in the user part, never in the system part.
    `facts` fill the named places of the prompt's system part: they come from code, never from people.
    """

    prompt: str
    shape: type[ReplyT]
    data: Sent
    asker: Asker
    facts: Mapping[str, str] = field(default_factory=dict)
    local_day: str | None = None
    """The asker's local date; with it the answer is cached until that day ends (`cache_until`)."""
    cache_until: datetime | None = None
    fresh: bool = False
    """Skip the cache once ("Ask again")."""
    schema: type[BaseModel] | None = None
    """A stricter shape to ask for, where `shape` is the lenient one that is read."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one call took, as the API counted it. `cost_microusd` is None when the price is unknown."""

    model: str
    prompt: str
    prompt_version: str
    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost_microusd: int | None = None

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out + self.cache_read + self.cache_write


@dataclass(frozen=True, slots=True)
class Ok(Generic[ReplyT_co]):
    """An answer in its shape. `written_at` is set when it came from the cache and cost nothing."""

    items: ReplyT_co
    usage: Usage
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoIdeas:
    """The model answered properly that there is nothing to say."""

    usage: Usage
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer. `detail` is for the log, without text of people; `usage` is set when tokens were spent."""

    reason: Reason
    detail: str = ""
    retry_after_s: float | None = None
    usage: Usage | None = None
    may_have_cost: bool = False
    """Whether it was asked, and what that took is not known: the estimate stays counted."""


@dataclass(frozen=True, slots=True)
class UsageEntry:
    """One line of the ledger. Sums over a call's lines are what it took; corrections may be negative."""

    call_id: str
    at: datetime
    asker: Asker
    model: str
    prompt: str
    prompt_version: str
    outcome: str
    """`started`, `ok`, `no_ideas` or the reason of a failure."""
    tokens_in: int
    tokens_out: int
    microusd: int


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """A stored answer: the reply as JSON ("" for no ideas) and what it took when it was written."""

    reply_json: str
    model: str
    prompt_version: str
    written_at: datetime


Answer = Ok[ReplyT] | NoIdeas | Failed


class Assistant(Protocol):
    """Ask the AI. Never raises for anything that happens outside; the answer says what happened."""

    async def ask(self, question: Question[ReplyT]) -> Answer[ReplyT]: ...

    async def unavailable(self, asker: Asker) -> Reason | None:
        """Return why a call would not even start for this asker, None when it would."""
        ...

    @property
    def model(self) -> str: ...


@dataclass(frozen=True, slots=True)
class RawReply:
    """A complete answer of the model: text, why it ended, and the token counts."""

    text: str
    stop_reason: str
    model: str
    tokens_in: int
    tokens_out: int
    cache_read: int
    cache_write: int
