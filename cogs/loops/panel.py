"""The live panel: one message of a loop that follows every edit, seen by one person or posted for everybody.

Posted ones are posted cards like any other (bot/posted.py). Private ones are edited through the answer's token, which
lives for a quarter of an hour; their buttons work after that too, and make them live again.
"""

from collections.abc import Awaitable, Callable
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
from bot.say.card import Card, OutFile, note, plain
from bot.studio.roles import Does
from bot.ui.base import NO_MENTIONS, Press, Submit, Turn
from bot.ui.cards import discord_files, layout
from bot.ui.common import undo_button
from bot.ui.controls import control
from bot.ui.errors import as_send_failure
from bot.ui.panel import LiveCards

_TOKEN_LIVES = timedelta(minutes=14)
_PRIVATE_AT_MOST = 500
FILE_NAME = "timeline.png"


@dataclass(frozen=True, slots=True)
class _Private:
    """A panel that only one person sees: edited through the interaction that made or last touched it."""

    turn: Turn
    owner: int
    loop_id: str
    until: datetime


class _TokenSender:
    """Edits private panels. Only `edit` is ever asked of it."""

    def __init__(self, panels: dict[int, _Private]) -> None:
        self._panels = panels

    async def edit(self, target: Target, message_id: int, message: OutMessage) -> None:
        panel = self._panels.get(message_id)
        if panel is None or not isinstance(message.card, Card):
            raise SendFailed(Policy.MESSAGE_GONE, "private panel")
        try:
            await panel.turn.interaction.edit_original_response(
                view=layout(message.card, panel.turn.words),
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
                target = Target("channel", panel.turn.interaction.channel_id or 0)
                self._tokens.touch(target, message_id, self._render(panel))

    def follow(self, turn: Turn, message_id: int, loop_id: str) -> None:
        """Keep a private panel in step from now on, through this turn's token."""
        self._private.pop(message_id, None)
        while len(self._private) >= _PRIVATE_AT_MOST:
            del self._private[next(iter(self._private))]
        self._private[message_id] = _Private(turn, turn.owner, loop_id, turn.now + _TOKEN_LIVES)

    async def touched(self, turn: Turn, loop_id: str) -> None:
        """Acknowledge a press or a form on a panel; a private panel lives on through its token."""
        await turn.defer()
        message = turn.interaction.message
        if message is not None and message.flags.ephemeral and message.id in self._private:
            self.follow(turn, message.id, loop_id)

    def _render(self, panel: _Private) -> Callable[[], Awaitable[Card | None]]:
        words = panel.turn.words

        async def render() -> Card | None:
            if self._bot.edge.closing:
                return None
            try:
                # Whoever was let see it when it was drawn need not be any more.
                await panel.turn.must_still(panel.owner, "loop", Does.SEE)
                view = await self._area.store.view(panel.owner, panel.loop_id)
                picture = await picture_of(self._area, view, words)
            except BotError:
                return None
            return loop_card(view, words, picture, can_post=True)

        return render

    async def _forget_private(self, message_id: int) -> None:
        self._private.pop(message_id, None)


def panels_of(turn: Turn) -> LoopPanels:
    """Return the panels of the running bot."""
    return turn.interaction.client.get_cog("Loops").panels


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


@control("loop", "post", does=Does.SEE)
async def post(press: Press) -> None:
    """Post the panel for everybody here; it goes on following the loop."""
    area: LoopArea = press.services.loops
    view = await area.loops.view(press.actor, press.owner, press.id)
    await panels_of(press).touched(press, press.id)
    card = await shared_card(area, view, press.guild_words)
    await press.post(card, Shows(press.owner, POSTED, view.loop.id))


@control("loop", "retry", does=Does.SEE)
async def retry(press: Press) -> None:
    """Try the waiting edits now."""
    await panels_of(press).touched(press, press.id)
    area: LoopArea = press.services.loops
    view = await area.loops.view(press.actor, press.owner, press.id)
    stored = await area.saving.retry(view.loop.id)
    await press.reply(note(press.words("loop.told.stored" if stored else "loop.told.still_waiting")))


@control("loop", "copy", does=Does.SEE)
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


@control("loop", "discard")
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
