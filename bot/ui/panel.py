"""Cards that stay up to date: settings panels, edited in place by their own presses, and live cards.

A live card is edited when its thing changes: bursts are joined, at most one edit is on its way and one happens
every two seconds a message; the newest state always wins.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import structlog

from bot.error_kinds import kind_of
from bot.lifecycle import Supervisor
from bot.ports import OutMessage, Policy, Sender, SendFailed, Target
from bot.say.card import Card
from bot.ui.base import Turn
from bot.ui.common import undo_button

log = structlog.stdlib.get_logger(__name__)

Render = Callable[[], Awaitable[Card | None]]
"""Make the card from what is true now; None when the thing is gone."""


def saved(turn: Turn, card: Card, group_id: str | None = None) -> Card:
    """Return a settings card after a change: a "Saved" line, and Undo for what was changed."""
    rows = [*card.rows, [undo_button(turn, group_id)]] if group_id else list(card.rows)
    return replace(card, meta=[turn.words("card.saved"), *card.meta], rows=rows)


@dataclass(slots=True)
class _Live:
    target: Target
    message_id: int
    render: Render
    wanted: asyncio.Event = field(default_factory=asyncio.Event)


class LiveCards:
    """Edit posted cards after changes. `forget` is told of messages that are gone."""

    def __init__(
        self,
        sender: Sender,
        supervisor: Supervisor,
        *,
        debounce_s: float = 0.25,
        every_s: float = 2.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        forget: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        self._sender = sender
        self._supervisor = supervisor
        self._debounce_s = debounce_s
        self._every_s = every_s
        self._sleep = sleep
        self._forget = forget
        self._live: dict[int, _Live] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def touch(self, target: Target, message_id: int, render: Render) -> None:
        """Ask for an edit; called as often as things change."""
        live = self._live.get(message_id)
        if live is None:
            live = self._live[message_id] = _Live(target, message_id, render)
            live.wanted.set()
            task = self._supervisor.spawn(f"live card {message_id}", self._follow(live))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            live.render = render
            live.wanted.set()

    @property
    def waiting(self) -> int:
        return len(self._live)

    def stop(self) -> None:
        """Let all edits go that are still to come; the cards are drawn anew after the next change."""
        for task in self._tasks:
            task.cancel()

    async def _follow(self, live: _Live) -> None:
        """Edit until nothing more was asked for."""
        try:
            while live.wanted.is_set():
                await self._sleep(self._debounce_s)
                live.wanted.clear()
                if not await self._edit(live):
                    return
                await self._sleep(self._every_s - self._debounce_s)
        finally:
            self._live.pop(live.message_id, None)

    async def _edit(self, live: _Live) -> bool:
        card = await live.render()
        if card is None:
            return False
        try:
            await self._sender.edit(live.target, live.message_id, OutMessage(card))
        except SendFailed as failure:
            if kind_of(failure.policy).passes:
                await self._sleep(failure.retry_after or self._every_s)
                live.wanted.set()
                return True
            log.info("live card let go", policy=failure.policy.value)
            if failure.policy in {Policy.MESSAGE_GONE, Policy.PLACE_GONE} and self._forget is not None:
                await self._forget(live.message_id)
            return False
        return True
