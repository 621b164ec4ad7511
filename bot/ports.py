"""What services and the engine are given from outside, as Protocols and plain records. No Discord here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.outbox_model import TargetKind


class Policy(StrEnum):
    """What to do about an answer of Discord; the table that chooses is in `bot/ui/errors.py`."""

    LOG_ONLY = "log_only"
    """Expired or answered already: log, show nothing."""
    HAND_OVER = "hand_over"
    """The interaction's token is dead: go to the channel or the inbox."""
    DM_CLOSED = "dm_closed"
    """Mark the person, try again after 1, 7, 30 days, use the inbox; never a public ping."""
    DM_TOO_FAST = "dm_too_fast"
    """Stop all direct messages for 10 minutes, then one at a time."""
    PLACE_GONE = "place_gone"
    """The channel or server is gone: detach, disable what pointed there, tell managers once."""
    MESSAGE_GONE = "message_gone"
    """Forget the message id; post anew only a live card."""
    TARGET_GONE = "target_gone"
    """The role or person is gone: detach, ask managers in health."""
    NO_ACCESS = "no_access"
    """Pause that feature in that channel, name the permission in health, tell once per 24 h."""
    UNARCHIVE = "unarchive"
    """Open the thread again if allowed, else a new message."""
    USE_PARENT = "use_parent"
    """Thread limits: use the parent channel."""
    POST_NEW = "post_new"
    """Too many edits of an old message: post a new card."""
    TOO_LARGE = "too_large"
    """A smaller picture, else a sentence with the limit."""
    FOLD_INTO_EDIT = "fold_into_edit"
    """Follow-ups are used up: put the rest into an edit."""
    OUR_BUG = "our_bug"
    """Our payload is wrong: log the error tree, never retry."""
    WAIT = "wait"
    """Slow mode or a rate limit: queue until `retry_after`."""
    STOP = "stop"
    """The token was revoked: stop with exit code 5."""
    RETRY = "retry"
    """Discord is having trouble: retry with jitter."""
    TELL = "tell"
    """One of ours, with a sentence of its own."""
    UNEXPECTED = "unexpected"
    """Log with a reference, show the reference."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes: a channel id, or a person's id for a direct message."""

    kind: TargetKind
    id: int


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a message landed; for a direct message the channel is the person's.

    `card` is what it shows, drawn from what was stored at `drawn_at`; both None where it was found again.
    """

    channel_id: int
    message_id: int
    drawn_at: datetime | None = None
    card: object | None = None


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that goes along in a plain message of its own, so that the client shows a player."""

    filename: str
    data: bytes


@dataclass(frozen=True, slots=True)
class OutMessage:
    """A message ready to go. `card` is a `bot.say.card.Card`; only `allowed_mention` may be pinged.

    Without a card (None) the first file is the message itself, in a plain message.
    """

    card: object
    files: Sequence[SentFile] = ()
    allowed_mention: int | None = None


class SendFailed(Exception):
    """Discord did not take a message. `policy` says what to do, `retry_after` (seconds) when."""

    def __init__(self, policy: Policy, detail: str, retry_after: float | None = None) -> None:
        super().__init__(f"{policy}: {detail}")
        self.policy = policy
        self.detail = detail
        self.retry_after = retry_after


class Guests(Protocol):
    """Tells for whom something may be posted where."""

    async def may_speak(self, owner: int, channel_id: int) -> bool:
        """Say whether the owner of a message still belongs where it would stand."""
        ...


class Sender(Protocol):
    """Put messages into Discord. Every method raises `SendFailed` and nothing else."""

    async def send(self, target: Target, message: OutMessage, nonce: str) -> Sent:
        """Send; a repeated `nonce` (≤ 25 characters) gives the first message."""
        ...

    async def edit(self, target: Target, message_id: int, message: OutMessage) -> None: ...

    async def delete(self, target: Target, message_id: int) -> None: ...

    async def find_own(self, target: Target, since: datetime, nonce: str) -> Sent | None:
        """Look for a message sent with `nonce` after `since`; None when it is not there.

        Raises SendFailed(NO_ACCESS) when the history may not be read.
        """
        ...


class CommandStore(Protocol):
    """Keep what is known of the command sync between starts, by key: the payload hash and the mentions."""

    async def get(self, key: str) -> str | None: ...

    async def set(self, key: str, value: str) -> None: ...


class ZoneReader(Protocol):
    """Tell the zone that a person lives in; the server's where they set none."""

    async def zone(self, user_id: int, guild_id: int | None = None) -> ZoneInfo: ...


class ProfileReader(Protocol):
    """Tell what a new plan copies from the coach profile."""

    async def role_and_pace(self, owner: int) -> tuple[str, str] | None:
        """Return role and pace, or None when the person has no profile."""
        ...
