"""The live panel: one message of a loop that follows every edit, seen by one person or posted for everybody.

Posted ones are posted cards like any other (bot/posted.py). Private ones are edited through the answer's token, which
lives for a quarter of an hour; their buttons work after that too, and make them live again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import discord

from bot.errors import BotError
from bot.loops.area import LoopArea
from bot.loops.cards import loop_card
from bot.loops.messages import POSTED, picture_of, shared_card
from bot.ports import OutMessage, Policy, SendFailed, Target
from bot.posted_model import Shows
from bot.say.card import Card, OutFile, Text, note, plain
from bot.say.words import Words
from bot.studio.roles import Does
from bot.ui.base import NO_MENTIONS, Press, Submit, Turn
from bot.ui.cards import discord_files, layout
from bot.ui.common import undo_button
from bot.ui.controls import control
from bot.ui.errors import as_send_failure
from bot.ui.items import id_on
from bot.ui.panel import LiveCards

_TOKEN_LIVES = timedelta(minutes=14)
_PRIVATE_AT_MOST = 500
FILE_NAME = "timeline.png"


@dataclass(frozen=True, slots=True)
class _Private:
    """A panel that only one person sees: edited through the interaction that made or last touched it."""

    interaction: discord.Interaction[Any]
    owner: int
    loop_id: str
    words: Words
    until: datetime
    context: Context
    """Who looks: it is drawn as they see it, whoever changed the loop."""


class _TokenSender:
    """Edits private panels. Only `edit` is ever asked of it."""

    def __init__(self, panels: dict[int, _Private]) -> None:
        self._panels = panels

    async def edit(self, target: Target, message_id: int, message: OutMessage) -> None:
        panel = self._panels.get(message_id)
        if panel is None or not isinstance(message.card, Card):
            raise SendFailed(Policy.MESSAGE_GONE, "private panel")
        try:
            await panel.interaction.edit_original_response(
                view=layout(message.card, panel.words),
                attachments=discord_files(message.card),
                allowed_mentions=NO_MENTIONS,
            )
        except (discord.DiscordException, OSError, TimeoutError) as error:
            raise as_send_failure(error) from error


class LoopPanels:
    """The private panels of loops. Told of every change; edits are joined and the newest state wins."""

    def __init__(self, bot: Any, area: LoopArea) -> None:
        self._bot = bot
        self._area = area
        self._private: dict[int, _Private] = {}
        pace = area.rules.panel
        sender: Any = _TokenSender(self._private)
        self._tokens = LiveCards(
            sender, bot.supervisor, debounce_s=pace.redraw_s, every_s=pace.edit_gap_s, forget=self._forget_private
        )

    def stop(self) -> None:
        """Stop redrawing: the bot closes."""
        self._tokens.stop()

    def changed(self, owner: int, loop_id: str) -> None:
        """Ask for a redraw of the private panels of a loop. Does not block."""
        now = self._bot.edge.clock.now()
        for message_id, panel in list(self._private.items()):
            if panel.until <= now:
                del self._private[message_id]
            elif panel.loop_id == loop_id and panel.owner == owner:
                self.redraw(message_id)

    def follow(self, turn: Turn, message_id: int, loop_id: str) -> None:
        """Keep a private panel in step from now on, through this turn's token."""
        self._private.pop(message_id, None)
        while len(self._private) >= _PRIVATE_AT_MOST:
            del self._private[next(iter(self._private))]
        until = turn.began + _TOKEN_LIVES
        self._private[message_id] = _Private(turn.interaction, turn.owner, loop_id, turn.words, until, copy_context())

    async def touched(self, turn: Turn, loop_id: str) -> None:
        """Acknowledge a press or a form on a panel; a private panel lives on through its token.

        One that was not followed any more (after a quarter of an hour, or a restart) may have missed much: it is drawn
        anew.
        """
        await turn.defer()
        message = turn.interaction.message
        if message is None or not message.flags.ephemeral:
            return
        follows = self.follows(message.id, turn.now)
        if follows or id_on(message, "loop:post") == loop_id:
            self.follow(turn, message.id, loop_id)
        if not follows and message.id in self._private:
            self.redraw(message.id)

    def is_in_step(self, press: Press) -> bool:
        """Tell whether what was pressed shows its loop as it is: all but a private panel that nobody follows."""
        message = press.interaction.message
        if message is None or id_on(message, "loop:post") is None or not message.flags.ephemeral:
            return True
        return self.follows(message.id, press.now)

    def follows(self, message_id: int, now: datetime) -> bool:
        """Tell whether a message is a private panel that is in step with its loop."""
        panel = self._private.get(message_id)
        return panel is not None and panel.until > now

    def redraw(self, message_id: int) -> None:
        """Ask for a private panel to be drawn from what is true now."""
        panel = self._private.get(message_id)
        if panel is not None:
            target = Target("channel", panel.interaction.channel_id or 0)
            self._tokens.touch(target, message_id, self._render(panel))

    def _render(self, panel: _Private) -> Callable[[], Awaitable[Card | None]]:
        async def draw() -> Card | None:
            try:
                view = await self._area.store.view(panel.owner, panel.loop_id)
                picture = await picture_of(self._area, view, panel.words)
            except BotError:
                return None
            return loop_card(view, panel.words, picture, can_post=True)

        async def render() -> Card | None:
            if self._bot.edge.closing:
                return None
            # Whoever's change it is that brought us here: what somebody from a client's side may see is their own.
            return await asyncio.get_running_loop().create_task(draw(), context=panel.context)

        return render

    async def _forget_private(self, message_id: int) -> None:
        self._private.pop(message_id, None)


def panels_of(turn: Turn) -> LoopPanels:
    """Return the panels of the running bot."""
    return turn.interaction.client.get_cog("Loops").panels


async def stale_panel(turn: Turn, told: Text) -> None:
    """Say what became of a panel's loop, in place of the panel where the loop is gone."""
    area: LoopArea = turn.services.loops
    target = turn.target if isinstance(turn, (Press, Submit)) else None
    try:
        view = await area.store.view(turn.owner, target.id if target else "")
    except BotError:
        await turn.update(note(told))
        return
    await panels_of(turn).touched(turn, view.loop.id)
    await turn.reply(note(told), ephemeral=True)


async def which_loop(turn: Turn, loop_id: str | None, does: Does = Does.SEE) -> str:
    """Return the loop that was asked for, else the active one; the turn is then about whose it is."""
    if loop_id is not None:
        return loop_id
    loop = await turn.services.loops.loops.active(turn.actor, turn.person, await turn.studio("loop"))
    if loop.owner_id != turn.person:
        await turn.act_for(loop.owner_id, "loop", does)
    return loop.id


async def show_panel(turn: Turn, loop_id: str | None) -> None:
    """Answer with the live card of a loop: the one asked for, else the active one."""
    area: LoopArea = turn.services.loops
    view = await area.store.view(turn.owner, await which_loop(turn, loop_id))
    card = loop_card(view, turn.words, await picture_of(area, view, turn.words), can_post=True)
    message = await turn.reply(card)
    if message is not None:
        panels_of(turn).follow(turn, message.id, view.loop.id)


@control("loop", "show", does=Does.SEE)
async def show_again(press: Press) -> None:
    """Show the live card of a loop."""
    await press.defer(new_message=True)
    await show_panel(press, press.id)


@control("loop", "post", does=Does.SEE, stale=stale_panel)
async def post(press: Press) -> None:
    """Post the panel for everybody here; it goes on following the loop."""
    area: LoopArea = press.services.loops
    view = await area.loops.view(press.actor, press.owner, press.id)
    await panels_of(press).touched(press, press.id)
    card = await shared_card(area, view, press.guild_words)
    await press.post(card, Shows(press.owner, POSTED, view.loop.id))


@control("loop", "retry", does=Does.SEE, stale=stale_panel)
async def retry(press: Press) -> None:
    """Try the waiting edits now."""
    await panels_of(press).touched(press, press.id)
    area: LoopArea = press.services.loops
    view = await area.loops.view(press.actor, press.owner, press.id)
    stored = await area.saving.retry(view.loop.id)
    await press.reply(note(press.words("loop.told.stored" if stored else "loop.told.still_waiting")))


@control("loop", "copy", does=Does.SEE, stale=stale_panel)
async def copy(press: Press) -> None:
    """Give the waiting edits as text, so that they survive a restart."""
    area: LoopArea = press.services.loops
    view = await area.loops.view(press.actor, press.owner, press.id)
    words = press.words
    lines = [plain(words(f"loop.intent.{intent.code}", **intent.parts)) for intent in view.waiting]
    text = "\n".join([plain(words("loop.told.copied_intents")), *(f"- {line}" for line in lines)])
    await press.reply(
        Card(title="", lead=words("loop.told.copied_intents"), files=[OutFile("edits.txt", text.encode())])
    )


@control("loop", "discard", stale=stale_panel)
async def discard(press: Press) -> None:
    """Let the waiting edits go."""
    await panels_of(press).touched(press, press.id)
    area: LoopArea = press.services.loops
    view = await area.loops.view(press.actor, press.owner, press.id)
    count = await area.saving.discard(view.loop.id)
    await press.reply(note(press.words("loop.told.discarded", count=count)))


async def after_edit(turn: Press | Submit, told: str, group_id: str, loop_id: str) -> None:
    """Say privately what an edit did, with Undo; the panels follow by themselves."""
    await panels_of(turn).touched(turn, loop_id)
    rows = [[undo_button(turn, group_id)]] if group_id else []
    await turn.reply(note(told, *rows), ephemeral=True)


controls = (
    show_again,
    post,
    retry,
    copy,
    discard,
)
