"""One registry for everything that goes wrong: first match wins; the row says what to do, its kind what is told.

The kinds are in `assets/errors.toml`. Commands, views, forms, items, autocomplete and deliveries all come here.
People see sentences of the catalogue, never an exception's name; what is unexpected carries a reference that is in the
log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import aiohttp
import discord
from discord import app_commands

from bot.error_kinds import ErrorKind, Mend, error_kinds, kind_of
from bot.errors import BotError, NotAllowed
from bot.ids import log_reference
from bot.ports import Policy, SendFailed
from bot.say.card import Button, Card, Text, join, note
from bot.say.words import Words


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: any code, status or exception class matches."""

    name: str
    policy: Policy
    codes: frozenset[int] = frozenset()
    statuses: frozenset[int] = frozenset()
    exceptions: tuple[type[BaseException], ...] = ()
    ours: str = ""
    """The code that we give it, where the policy is to tell and the error brings none."""

    def matches(self, error: BaseException, code: int, status: int) -> bool:
        return code in self.codes or status in self.statuses or isinstance(error, self.exceptions)


TABLE: Sequence[Row] = (
    Row("ours", Policy.TELL, exceptions=(BotError,)),
    Row("expired", Policy.LOG_ONLY, frozenset({10062, 10015, 40060}), exceptions=(discord.InteractionResponded,)),
    Row("token_old", Policy.HAND_OVER, frozenset({50027})),
    Row("dm_closed", Policy.DM_CLOSED, frozenset({50007, 50278})),
    Row("dm_too_fast", Policy.DM_TOO_FAST, frozenset({40003})),
    Row("place_gone", Policy.PLACE_GONE, frozenset({10003, 10004})),
    Row("message_gone", Policy.MESSAGE_GONE, frozenset({10008})),
    Row("target_gone", Policy.TARGET_GONE, frozenset({10011, 10013})),
    Row("no_access", Policy.NO_ACCESS, frozenset({50001, 50013})),
    Row("archived", Policy.UNARCHIVE, frozenset({50083})),
    Row("thread_limits", Policy.USE_PARENT, frozenset({30033, 160006})),
    Row("old_edits", Policy.POST_NEW, frozenset({30046})),
    Row("too_large", Policy.TOO_LARGE, frozenset({40005}), frozenset({413})),
    Row("follow_ups_used", Policy.FOLD_INTO_EDIT, frozenset({40094})),
    Row("our_bug", Policy.OUR_BUG, frozenset({50006, 50035})),
    Row("slow_mode", Policy.WAIT, frozenset({20016})),
    Row("revoked", Policy.STOP, statuses=frozenset({401}), exceptions=(discord.LoginFailure,)),
    Row("rate_limit", Policy.WAIT, statuses=frozenset({429}), exceptions=(discord.RateLimited,)),
    Row("overloaded", Policy.RETRY, frozenset({130000}), frozenset(range(500, 600)),
        (discord.DiscordServerError, aiohttp.ClientConnectionError, TimeoutError)),
    Row("forbidden", Policy.NO_ACCESS, exceptions=(discord.Forbidden,)),
    Row("check", Policy.TELL, exceptions=(app_commands.CheckFailure,), ours="not_allowed_here"),
    Row(
        "stale_command",
        Policy.TELL,
        exceptions=(app_commands.CommandNotFound, app_commands.CommandSignatureMismatch),
        ours="command_changed",
    ),
    Row("bad_option", Policy.TELL, exceptions=(app_commands.TransformerError,), ours="option_not_read"),
    Row("unexpected", Policy.UNEXPECTED, exceptions=(BaseException,)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the registry says about an error."""

    row: Row
    error: BaseException
    code: int
    status: int
    retry_after: float | None = None

    @property
    def policy(self) -> Policy:
        return self.row.policy

    @property
    def kind(self) -> ErrorKind:
        """Its line in the table of kinds."""
        ours = self.error.code if isinstance(self.error, BotError) else self.row.ours
        return error_kinds().ours.get(ours, kind_of(Policy.UNEXPECTED)) if ours else kind_of(self.row.policy)

    @property
    def needs_reference(self) -> bool:
        """Whether the operator is to find it in the log."""
        return self.policy is not Policy.TELL and self.kind.mend is Mend.OPERATOR


def unwrap(error: BaseException) -> BaseException:
    """Return the error that happened, out of discord.py's wrappers."""
    while True:
        if isinstance(error, app_commands.CommandInvokeError):
            error = error.original
        elif isinstance(error, (app_commands.TransformerError, app_commands.TranslationError)) and isinstance(
            error.__cause__, Exception
        ):
            error = error.__cause__
        else:
            return error


def classify(error: BaseException) -> Verdict:
    """Find the first row that matches."""
    cause = unwrap(error)
    code = cause.code if isinstance(cause, discord.HTTPException) else 0
    status = cause.status if isinstance(cause, discord.HTTPException) else 0
    row = next(row for row in TABLE if row.matches(cause, code, status))
    return Verdict(row, cause, code, status, _retry_after(cause))


def as_send_failure(error: BaseException) -> SendFailed:
    """Return an error of a delivery as the outbox knows it."""
    if isinstance(error, SendFailed):
        return error
    verdict = classify(error)
    return SendFailed(verdict.policy, f"{verdict.row.name} {verdict.status}/{verdict.code}", verdict.retry_after)


def reference_of(error: BaseException, interaction_id: int) -> str:
    """Return the reference people can read out ("7K2F"), the same in answer and log."""
    return log_reference(f"{interaction_id}:{type(error).__name__}")


def sentence(verdict: Verdict, words: Words, reference: str, context: Mapping[str, object]) -> Text | None:
    """Return what the person is told, None for nothing. `context` fills parts the error does not bring."""
    says = verdict.kind.says
    brought = verdict.error.parts if isinstance(verdict.error, BotError) else {}
    return words(says, ref=reference, **_parts({**context, **brought}, words)) if says else None


def card(
    verdict: Verdict,
    words: Words,
    reference: str,
    context: Mapping[str, object],
    now: datetime,
    retry: Button | None = None,
) -> Card | None:
    """Return the answer to an error, with Try again where trying can help."""
    told = sentence(verdict, words, reference, context)
    if told is None:
        return None
    if isinstance(verdict.error, Ambiguous):
        buttons = verdict.error.choices
    else:
        buttons = (retry,) if retry and verdict.kind.again else ()
    return note(told, list(buttons)) if buttons else note(told)


class Ambiguous(BotError):
    """A typed name matches several things; `choices` are buttons that open each."""

    code = "ambiguous"

    def __init__(self, typed: str, choices: Sequence[Button]) -> None:
        super().__init__(typed=typed)
        self.choices = tuple(choices[:5])


class Expired(BotError):
    """A confirmation that ran out."""

    code = "expired"


class OldControl(BotError):
    """A control of an older version, or of a form that is no longer known."""

    code = "old_control"


class NeedsServer(NotAllowed):
    """A server feature used in a place where the bot is not a member."""

    code = "needs_server"


def error_tree(error: BaseException) -> str:
    """Return the places that Discord complains about in a payload, without what it says of them.

    It says a text of somebody's again where that is too long or not allowed.
    """
    if not isinstance(error, discord.HTTPException):
        return ""
    return " ".join(line.split(":", 1)[0] for line in error.text.splitlines() if line.startswith("In "))[:400]


def _parts(parts: Mapping[str, object], words: Words) -> dict[str, object]:
    """Make commands clickable and things read as words ("loop" → the catalogue's word for it)."""
    ready: dict[str, object] = {}
    for name, value in parts.items():
        if name.endswith("command") and isinstance(value, str):
            ready[name] = words.catalogue.links.mention(value)
        elif name == "thing" and isinstance(value, str) and words.has(f"thing.{value}"):
            ready[name] = words(f"thing.{value}")
        elif isinstance(value, (list, tuple)):
            ready[name] = join(", ", [item if isinstance(item, str) else str(item) for item in value])
        else:
            ready[name] = value
    return ready


def _retry_after(error: BaseException) -> float | None:
    if isinstance(error, discord.RateLimited):
        return error.retry_after
    response = getattr(error, "response", None)
    header = getattr(response, "headers", {}).get("Retry-After") if response is not None else None
    try:
        return float(header) if header else None
    except ValueError:
        return None
