"""The frame around every handler: age, readiness, automatic acknowledgement, errors, one log line.

Whatever a handler raises ends in the error registry and reaches the person as a sentence.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import discord
import structlog

from bot.actors import GuildId
from bot.errors import AlreadyDone, BotError, Gone, NotFound, Refused
from bot.ports import Policy
from bot.say.card import Button, Card, Section, Style, Text, join, mention, note, plain, raw
from bot.ui import errors
from bot.ui.base import Interaction, Press, Submit, Turn
from bot.ui.controls import Control, Controls, FormControl
from bot.ui.frame import Frame
from bot.ui.inputs import Form
from bot.ui.items import ControlId, Who, custom_ids, offered, parse_custom_id

log = structlog.stdlib.get_logger(__name__)


EDIT_AGAIN = ("ui", "again")
NAMES_LEADS = frozenset({"needs_lead", "needs_team", "needs_team_client"})


class Outcome(StrEnum):
    OK = "ok"
    REFUSED = "refused"
    BROKEN = "broken"
    EXPIRED = "expired"
    DROPPED = "dropped"
    NOT_READY = "not_ready"


@dataclass(slots=True, kw_only=True)
class Edge(Frame):
    """The edge of the house towards Discord: runs every handler."""

    controls: Controls
    ready: bool = False
    closing: bool = False

    async def press(self, interaction: Interaction) -> None:
        """Run the press of a declared control; a custom_id nobody declared is an old control."""
        if "turn" in interaction.extras:
            return
        target = parse_custom_id(_custom_id(interaction))
        declared = self.controls.presses.get(target.name) if target else None
        if (
            target is None
            or declared is None
            # Whoever may press, the message must carry it: an id that was made up opens nothing.
            or (declared.who is Who.ANYONE and not _stands_there(interaction))
            or _chose_what_is_not_there(interaction)
        ):
            turn = Turn(interaction, self)
            await self.run(turn, "old control", self._old_control)
            return
        press = Press(interaction, self, target, ephemeral=declared.ephemeral)
        if interaction.message is not None:
            self.pressed(interaction.message.id)

        async def handle() -> None:
            await self._gate(press, declared, target)
            async with self._redrawing(press, declared):
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
            opened = self.forms.find(submit.person, target.format(), submit.now)
            if opened is not None and not submit.values.fit(opened):
                raise errors.OldControl
            try:
                async with self._redrawing(submit, declared):
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
        if self.age_s(interaction.id) > self.rules.drop_after_s:
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
            "mend": verdict.kind.mend.value,
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
            **(await _leads(turn) if getattr(verdict.error, "code", "") in NAMES_LEADS else {}),
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
        await self.enter(turn)
        await self.access.check(await turn.standing_with(target.owner), declared.who, target, declared.does)
        if declared.who is Who.OWNER and target.owner is not None:
            turn.owner = target.owner

    @asynccontextmanager
    async def _redrawing(self, turn: Turn, declared: Control | FormControl) -> AsyncIterator[None]:
        """Have the pressed card drawn anew where its thing was finished or taken away meanwhile."""
        try:
            yield
        except (AlreadyDone, Gone, NotFound) as error:
            message = turn.interaction.message
            if message is None:
                raise
            if not message.flags.ephemeral:
                await self.services.posted.look_again(message.id)
                raise
            told = errors.sentence(errors.classify(error), turn.words, "", {})
            if declared.stale is None or told is None:
                raise
            await declared.stale(turn, told)
            raise _Answered(error) from error

    async def enter(self, turn: Turn) -> None:
        """Let only those in whom the server lets use the bot; asked before every command, press, form and lookup.

        A server that only some member brought the bot along to has nothing to say about it.
        """
        if turn.guild is not None and turn.interaction.is_guild_integration():
            await self.access.enter(turn.standing)

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


async def _leads(turn: Turn) -> Mapping[str, str]:
    """Name the server and who leads it: its owner, and the lead role where one is chosen.

    Who else has Manage Server I can't list: members are not told to me.
    """
    marked = turn.target.owner if isinstance(turn, (Press, Submit)) else None
    found = (turn.interaction.client.get_guild(one) for one in (turn.asked, marked, turn.guild) if one)
    guild: discord.Guild | None = next(filter(None, found), None)
    if guild is None:
        return {"server": turn.words("card.that_server"), "leads": raw("?")}
    role = (await turn.services.studio.guild_settings(GuildId(guild.id))).lead_role
    who = ([raw(f"<@&{role}>")] if role else []) + ([mention(guild.owner_id)] if guild.owner_id else [])
    return {"server": guild.name, "leads": join(", ", who)}


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


def _stands_there(interaction: Interaction) -> bool:
    """Tell whether the pressed control is on the message that Discord sent along."""
    return _custom_id(interaction) in custom_ids(interaction.message)


def _chose_what_is_not_there(interaction: Interaction) -> bool:
    """Tell whether a choice was sent that the pressed select does not offer: only a client that was changed does so."""
    data: Mapping[str, Any] = interaction.data or {}  # type: ignore[assignment]
    if data.get("component_type") != discord.ComponentType.string_select.value:
        return False
    there = offered(interaction.message, _custom_id(interaction))
    return there is None or not there.issuperset(map(str, data.get("values", ())))


def _label(form: Form | None, name: str) -> str:
    labels = {part.name: plain(part.label) for part in form.fields} if form else {}
    return labels.get(name, name)
