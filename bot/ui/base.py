"""The frame around every handler: age, readiness, automatic acknowledgement, errors, one log line.

A `Turn` is one interaction being answered. Commands get it by `Turn.of(interaction)`, presses as `Press`,
sent forms as `Submit`. Whatever a handler raises ends in the error registry and reaches the person as a sentence.
"""

import asyncio
import io
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from weakref import WeakValueDictionary

import discord
import structlog
from discord import ui

from bot.actors import Actor, GuildId, PersonId
from bot.clock import Clock
from bot.errors import BotError, NotAllowed, NotYours, Refused
from bot.lifecycle import Supervisor
from bot.metrics import Metrics
from bot.ports import Policy
from bot.ui import cards, errors
from bot.ui.cards import UiRules
from bot.ui.inputs import Form, FormValues, KeptForms, modal, read_form
from bot.ui.items import Control, ControlId, Controls, FormControl, Who, parse_custom_id
from bot.ui.model import Button, Card, OutFile, Section, Style, Text, join, mention, note, plain, raw
from bot.ui.strings import Catalogue, Words
from bot.ui.works import Works

log = structlog.stdlib.get_logger(__name__)

Interaction = discord.Interaction[Any]
NO_MENTIONS = discord.AllowedMentions.none()
EDIT_AGAIN = ("ui", "again")


class House(Protocol):
    """What the client offers to handlers: `interaction.client`."""

    @property
    def edge(self) -> "Edge": ...

    @property
    def services(self) -> Any:
        """The areas' services by name, wired by the application."""
        ...


class Access(Protocol):
    """The decision who may press, the same one the services use. Raises NotYours or NotAllowed."""

    async def check(self, turn: "Turn", who: Who, target: ControlId) -> None: ...


class OwnerAccess:
    """Decide by what Discord says of the person: owner by id, managers by Manage Server.

    Approvers are decided by the mission's own settings, which its service reads.
    """

    async def check(self, turn: "Turn", who: Who, target: ControlId) -> None:
        if target.owner is not None and who is Who.OWNER and target.owner != turn.person:
            raise NotYours(owner=mention(target.owner), area=target.area)
        if who is Who.MANAGER and not turn.can_manage_server and target.owner != turn.person:
            raise NotAllowed("needs_manager")


class Outcome(StrEnum):
    OK = "ok"
    REFUSED = "refused"
    BROKEN = "broken"
    EXPIRED = "expired"
    DROPPED = "dropped"
    NOT_READY = "not_ready"


class Turn:
    """One interaction and everything needed to answer it."""

    def __init__(self, interaction: Interaction, edge: "Edge", *, ephemeral: bool = True) -> None:
        self.interaction = interaction
        self.edge = edge
        self.ephemeral = ephemeral
        self.words: Words = edge.catalogue.words(str(interaction.locale))
        self._answering = asyncio.Lock()
        self._deferred_reply = False
        self.retry: Button | None = None
        """Set it when trying again helps: error answers then carry the button."""
        self.in_place = False
        """Answers replace this turn's message (long work) instead of following it."""

    @staticmethod
    def of(interaction: Interaction) -> "Turn":
        """Return the turn of an interaction that the frame is running."""
        return interaction.extras["turn"]

    @property
    def services(self) -> Any:
        return self.interaction.client.services

    @property
    def now(self) -> datetime:
        return self.edge.clock.now()

    @property
    def person(self) -> PersonId:
        return PersonId(self.interaction.user.id)

    @property
    def guild(self) -> GuildId | None:
        return GuildId(self.interaction.guild_id) if self.interaction.guild_id else None

    @property
    def actor(self) -> Actor:
        return Actor.user(self.interaction.user.id, self.interaction.user.display_name)

    @property
    def key(self) -> str:
        """The idempotency key of what this turn makes."""
        return str(self.interaction.id)

    @property
    def role_ids(self) -> frozenset[int]:
        return frozenset(role.id for role in getattr(self.interaction.user, "roles", ()))

    @property
    def can_manage_server(self) -> bool:
        return self.interaction.guild_id is not None and self.interaction.permissions.manage_guild

    @property
    def guild_words(self) -> Words:
        """The words for posts in this server."""
        return self.edge.catalogue.words(str(self.interaction.guild_locale or self.interaction.locale))

    def hold(self, thing: str) -> "asyncio.Lock":
        """Return the lock of a thing ("loop:<id>"), to keep change, picture and edit in order."""
        return self.edge.lock(thing)

    async def reply(
        self, card: Card, *, ephemeral: bool | None = None, files: Sequence[OutFile] = ()
    ) -> discord.InteractionMessage | discord.WebhookMessage | None:
        """Answer with a card: as the first answer, into the "thinking…" message, or as a follow-up.

        `files` go into a plain message straight after the card (audio gets a player there).
        """
        hidden = self.ephemeral if ephemeral is None else ephemeral
        if self.in_place and self.interaction.response.is_done() and not files:
            return await self.settle(card)
        view = cards.layout(card, self.words)
        uploads = cards.discord_files(card)
        response = self.interaction.response
        message: discord.InteractionMessage | discord.WebhookMessage | None = None
        async with self._answering:
            if not response.is_done():
                callback = await response.send_message(
                    view=view, files=uploads, ephemeral=hidden, allowed_mentions=NO_MENTIONS
                )
                self.edge.acknowledged(self.interaction)
                if isinstance(callback.resource, discord.InteractionMessage):
                    message = callback.resource
            elif self._deferred_reply and hidden == self.ephemeral:
                self._deferred_reply = False
                message = await self.interaction.edit_original_response(
                    view=view, attachments=uploads, allowed_mentions=NO_MENTIONS
                )
            else:
                if self._deferred_reply:
                    # The placeholder was promised to everybody; what comes now is for one person only.
                    self._deferred_reply = False
                    await self.interaction.delete_original_response()
                message = await self._follow_up(view, uploads, hidden)
            for file in files:
                await self._send_plain(file, hidden)
        return message

    async def update(self, card: Card) -> None:
        """Put a card in place of the message that was pressed (or of this turn's own answer)."""
        view = cards.layout(card, self.words)
        uploads = cards.discord_files(card)
        response = self.interaction.response
        async with self._answering:
            if not response.is_done() and self.interaction.message is not None:
                await response.edit_message(view=view, attachments=uploads, allowed_mentions=NO_MENTIONS)
                self.edge.acknowledged(self.interaction)
                return
            if response.is_done():
                self._deferred_reply = False
                await self.interaction.edit_original_response(
                    view=view, attachments=uploads, allowed_mentions=NO_MENTIONS
                )
                return
        await self.reply(card)

    async def open(self, form: Form) -> None:
        """Open a form. It has to be the first answer: declare the command or control with its form."""
        async with self._answering:
            self.edge.forms.opened(self.person, form, self.now)
            await self.interaction.response.send_modal(modal(form))
            self.edge.acknowledged(self.interaction)

    async def settle(self, card: Card) -> discord.InteractionMessage:
        """Put a card in place of this turn's own answer ("thinking…", or a progress line)."""
        async with self._answering:
            self._deferred_reply = False
            return await self.interaction.edit_original_response(
                view=cards.layout(card, self.words),
                attachments=cards.discord_files(card),
                allowed_mentions=NO_MENTIONS,
            )

    async def defer(self, *, new_message: bool = False) -> None:
        """Acknowledge now and answer later; does nothing when something was answered already.

        A press is acknowledged without a trace unless `new_message` asks for a "thinking…" message of its own.
        """
        async with self._answering:
            if self.interaction.response.is_done():
                return
            from_message = self.interaction.type is not discord.InteractionType.application_command and (
                self.interaction.message is not None
            )
            if from_message and not new_message:
                await self.interaction.response.defer()
            else:
                await self.interaction.response.defer(ephemeral=self.ephemeral, thinking=True)
                self._deferred_reply = True
            self.edge.acknowledged(self.interaction)

    async def post(self, card: Card) -> discord.WebhookMessage | discord.InteractionMessage:
        """Post a card for everybody here, with Remove for its owner and managers, through the token alone.

        The message is returned for cards that go on following what they show.
        """
        remove = Button("ui", "remove", self.guild_words("card.remove"), owner=self.person)
        shown = replace(card, rows=[*card.rows, [remove]])
        await self.defer()
        return await self._follow_up(cards.layout(shown, self.guild_words), cards.discord_files(shown), False)

    async def _follow_up(
        self, view: ui.LayoutView, uploads: Sequence[discord.File], hidden: bool
    ) -> discord.WebhookMessage | discord.InteractionMessage:
        try:
            return await self.interaction.followup.send(
                view=view, files=list(uploads), ephemeral=hidden, allowed_mentions=NO_MENTIONS, wait=True
            )
        except discord.HTTPException as error:
            if errors.classify(error).policy is not Policy.FOLD_INTO_EDIT:
                raise
            for upload in uploads:
                upload.reset(seek=True)
            return await self.interaction.edit_original_response(
                view=view, attachments=list(uploads), allowed_mentions=NO_MENTIONS
            )

    async def _send_plain(self, file: OutFile, hidden: bool) -> None:
        upload = discord.File(io.BytesIO(file.data), file.filename)
        await self.interaction.followup.send(file=upload, ephemeral=hidden, allowed_mentions=NO_MENTIONS)


class Press(Turn):
    """A press on a button, or a choice in a select."""

    def __init__(self, interaction: Interaction, edge: "Edge", target: ControlId, *, ephemeral: bool) -> None:
        super().__init__(interaction, edge, ephemeral=ephemeral)
        self.target = target
        self.id = target.id
        self.arg = target.arg

    @property
    def values(self) -> tuple[str, ...]:
        """What was chosen in a select; people, roles and channels as ids."""
        data: Mapping[str, Any] = self.interaction.data or {}  # type: ignore[assignment]
        return tuple(data.get("values", ()))


class Submit(Turn):
    """A form that was sent."""

    def __init__(self, interaction: Interaction, edge: "Edge", target: ControlId, *, ephemeral: bool) -> None:
        super().__init__(interaction, edge, ephemeral=ephemeral)
        self.target = target
        self.id = target.id
        self.arg = target.arg
        self.values: FormValues = read_form(interaction)


async def reply(
    interaction: Interaction, card: Card, *, ephemeral: bool | None = None, files: Sequence[OutFile] = ()
) -> None:
    """Answer an interaction with a card; the short way for commands."""
    await Turn.of(interaction).reply(card, ephemeral=ephemeral, files=files)


@dataclass(slots=True)
class Edge:
    """The edge of the house towards Discord: runs every handler."""

    clock: Clock
    catalogue: Catalogue
    rules: UiRules
    controls: Controls
    supervisor: Supervisor
    metrics: Metrics
    access: Access = field(default_factory=OwnerAccess)
    ready: bool = False
    closing: bool = False
    forms: KeptForms = field(init=False)
    works: Works = field(init=False)
    _expiring: "dict[int, asyncio.Task[None]]" = field(default_factory=dict, init=False)
    _locks: "WeakValueDictionary[str, asyncio.Lock]" = field(default_factory=WeakValueDictionary, init=False)
    recent_errors: list[str] = field(default_factory=list, init=False)
    """References of the last five unexpected errors, for health."""

    def __post_init__(self) -> None:
        self.forms = KeptForms(timedelta(minutes=self.rules.form_keep_minutes))
        self.works = Works()

    def lock(self, thing: str) -> asyncio.Lock:
        held = self._locks.get(thing)
        if held is None:
            held = self._locks[thing] = asyncio.Lock()
        return held

    def expire_later(self, message_id: int, turn: Turn, expired: Callable[[Turn, int], Awaitable[None]]) -> None:
        """Let a question look expired after its minutes, unless it is pressed before."""

        async def wait() -> None:
            await asyncio.sleep(self.rules.confirm_minutes * 60)
            try:
                await expired(turn, message_id)
            except (discord.HTTPException, discord.ClientException) as error:
                log.info("could not let a question expire", row=errors.classify(error).row.name)

        task = self.supervisor.spawn(f"question {message_id}", wait())
        self._expiring[message_id] = task
        task.add_done_callback(lambda _: self._expiring.pop(message_id, None))

    def acknowledged(self, interaction: Interaction) -> None:
        self.metrics.acknowledge_seconds.observe(max(0.0, self._age(interaction)))

    async def press(self, interaction: Interaction) -> None:
        """Run the press of a declared control; a custom_id nobody declared is an old control."""
        if "turn" in interaction.extras:
            return
        target = parse_custom_id(_custom_id(interaction))
        declared = self.controls.presses.get(target.name) if target else None
        if target is None or declared is None:
            turn = Turn(interaction, self)
            await self.run(turn, "old control", self._old_control)
            return
        press = Press(interaction, self, target, ephemeral=declared.ephemeral)
        question = self._expiring.get(interaction.message.id) if interaction.message else None
        if question is not None:
            question.cancel()

        async def handle() -> None:
            await self._gate(press, declared, target)
            await declared.handler(press)

        await self.run(press, declared.name, handle, opens_form=declared.opens_form)

    async def submit(self, interaction: Interaction) -> None:
        """Run a sent form; a wrong entry is shown with Edit again and nothing typed is lost."""
        if "turn" in interaction.extras:
            return
        target = parse_custom_id(_custom_id(interaction))
        declared = self.controls.forms.get(target.name) if target else None
        if target is None or declared is None:
            await self.run(Turn(interaction, self), "old form", self._old_control)
            return
        submit = Submit(interaction, self, target, ephemeral=declared.ephemeral)

        async def handle() -> None:
            await self._gate(submit, declared, target)
            try:
                await declared.handler(submit)
            except Refused as error:
                await self._offer_again(submit, error)
                raise _Answered(error) from error

        await self.run(submit, declared.name, handle)

    async def run(
        self,
        turn: Turn,
        name: str,
        handler: Callable[[], Awaitable[object]],
        *,
        opens_form: bool = False,
    ) -> None:
        """Run one handler inside the frame."""
        interaction = turn.interaction
        interaction.extras["turn"] = turn
        started = time.perf_counter()
        if self._age(interaction) > self.rules.drop_after_s:
            self._count(name, Outcome.DROPPED, started, interaction)
            return
        if self.closing or not self.ready:
            await self._not_now(turn)
            self._count(name, Outcome.NOT_READY, started, interaction)
            return
        watch = None
        if not opens_form and interaction.type is not discord.InteractionType.autocomplete:
            watch = self.supervisor.spawn(f"defer {name}", self._defer_later(turn))
        outcome = Outcome.OK
        try:
            await handler()
            if not interaction.response.is_done() and interaction.message is not None:
                await turn.defer()
        except Exception as error:  # noqa: BLE001 - one of the four edges
            outcome = await self.fail(turn, name, error)
        finally:
            if watch is not None:
                watch.cancel()
            self._count(name, outcome, started, interaction)

    async def fail(self, turn: Turn, name: str, error: Exception) -> Outcome:
        """Log an error by its row and tell the person what the row says."""
        if isinstance(error, _Answered):
            return Outcome.REFUSED
        verdict = errors.classify(error)
        reference = errors.reference_of(verdict.error, turn.interaction.id)
        fields = {
            "command": name,
            "row": verdict.row.name,
            "code": verdict.code,
            "status": verdict.status,
            "interaction": turn.interaction.id,
        }
        if verdict.policy is Policy.LOG_ONLY:
            log.info("interaction had expired", **fields)
            return Outcome.EXPIRED
        if verdict.policy is Policy.STOP:
            log.critical("token refused", **fields)
            await turn.interaction.client.token_refused()
            return Outcome.BROKEN
        if verdict.needs_reference:
            self.recent_errors = [*self.recent_errors[-4:], reference]
            log.error(
                "handler broke",
                ref=reference,
                payload=errors.error_tree(verdict.error),
                exc_info=verdict.error,
                **fields,
            )
        elif verdict.policy is not Policy.TELL:
            log.warning("discord refused", **fields)
        if turn.interaction.type is not discord.InteractionType.autocomplete:
            await self._tell(turn, verdict, reference)
        return Outcome.REFUSED if verdict.policy is Policy.TELL else Outcome.BROKEN

    async def _tell(self, turn: Turn, verdict: errors.Verdict, reference: str) -> None:
        interaction = turn.interaction
        limit_mb = getattr(interaction, "filesize_limit", 0) // (1024 * 1024)
        context = {
            "channel": mention_channel(interaction.channel_id),
            "missing": ", ".join(missing_permissions(interaction)) or "?",
            "limit": f"{limit_mb} MB",
            "typed": str(getattr(verdict.error, "value", "")),
        }
        told = errors.card(verdict, turn.words, reference, context, turn.now, turn.retry)
        if told is None:
            return
        try:
            await turn.reply(told, ephemeral=True)
        except Exception as again:
            log.warning("could not tell", ref=reference, row=errors.classify(again).row.name, exc_info=again)

    async def _gate(self, turn: Turn, declared: Control | FormControl, target: ControlId) -> None:
        if target.expires_at is not None and turn.now >= target.expires_at:
            raise errors.Expired
        await self.access.check(turn, declared.who, target)

    async def _offer_again(self, submit: Submit, error: Refused) -> None:
        """Show what was typed, what is accepted, and Edit again."""
        words = submit.words
        known = self.forms.find(submit.person, submit.target.format(), submit.now)
        verdict = errors.classify(error)
        reason = errors.sentence(verdict, words, "", {}) or Text("")
        typed = [
            join(": ", [_label(known, name), value if isinstance(value, str) else ", ".join(map(str, value))])
            for name, value in submit.values.typed.items()
            if value and not isinstance(value, bool)
        ]
        card = Card(
            title="",
            lead=words("error.entry", reason=reason),
            sections=[Section(None, typed)] if typed else (),
            quiet=True,
        )
        if known is not None:
            token = self.forms.keep(submit.person, known.with_values(submit.values), submit.now)
            again = Button(*EDIT_AGAIN, label=words("card.edit_again"), id=token, style=Style.PRIMARY)
            card = replace(card, rows=[[again]])
        await submit.reply(card, ephemeral=True)

    async def _old_control(self) -> None:
        raise errors.OldControl

    async def _not_now(self, turn: Turn) -> None:
        key = "error.closing" if self.closing else "error.starting"
        if turn.interaction.type is discord.InteractionType.autocomplete:
            return
        try:
            await turn.reply(note(turn.words(key)), ephemeral=True)
        except (discord.HTTPException, discord.ClientException) as error:
            log.info("could not answer", row=errors.classify(error).row.name)

    async def _defer_later(self, turn: Turn) -> None:
        await asyncio.sleep(self.rules.defer_after_s)
        try:
            await turn.defer()
        except (discord.HTTPException, discord.ClientException) as error:
            log.info("could not defer", row=errors.classify(error).row.name)

    def _age(self, interaction: Interaction) -> float:
        return (self.clock.now() - discord.utils.snowflake_time(interaction.id)).total_seconds()

    def _count(self, name: str, outcome: Outcome, started: float, interaction: Interaction) -> None:
        self.metrics.interactions.labels(command=name, outcome=outcome.value).inc()
        log.info(
            "interaction",
            command=name,
            outcome=outcome.value,
            ms=round((time.perf_counter() - started) * 1000),
            interaction=interaction.id,
            guild=interaction.guild_id,
        )


class _Answered(BotError):
    """A refusal that was shown already."""

    def __init__(self, error: BotError) -> None:
        super().__init__(error.code)


def mention_channel(channel_id: int | None) -> Text:
    return raw(f"<#{channel_id}>") if channel_id else raw("?")


def missing_permissions(interaction: Interaction) -> list[str]:
    """Name, as Discord does, what the bot would need here and lacks."""
    needed = ("view_channel", "send_messages", "attach_files", "read_message_history")
    have = interaction.app_permissions
    return [name.replace("_", " ").title() for name in needed if not getattr(have, name)]


def _custom_id(interaction: Interaction) -> str:
    data: Mapping[str, Any] = interaction.data or {}  # type: ignore[assignment]
    return str(data.get("custom_id", ""))


def _label(form: Form | None, name: str) -> str:
    labels = {part.name: plain(part.label) for part in form.fields} if form else {}
    return labels.get(name, name)
