"""Edits that are never lost in silence: one at a time a loop, tried again, kept in memory, told to the card.

An edit is an intent ("move Teaser edit to 12") that is applied to the row as it is then, so two quick edits never
overwrite each other. After three tries it waits here, is tried again by itself, and the card says so.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

import structlog

from bot.announcer import Announcer
from bot.errors import BotError, Unavailable
from bot.loops.model import LoopId
from bot.loops.rules import PanelRules

log = structlog.stdlib.get_logger(__name__)

ResultT = TypeVar("ResultT")


class NotSaved(Unavailable):
    """The store does not take writes at the moment; the edit waits and is tried again."""

    code = "loop_not_saved"


class TooManyWaiting(Unavailable):
    """Twenty edits of this loop wait already: this one was not taken."""

    code = "loop_too_many_waiting"


@dataclass(frozen=True, slots=True)
class Intent:
    """An edit in words: the end of a string key (`loop.intent.<code>`) and its parts."""

    code: str
    parts: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(eq=False, slots=True)
class Edit(Generic[ResultT]):
    """One edit of one loop: what it is in words, and how to carry it out in a transaction of its own."""

    owner: int
    loop_id: LoopId
    intent: Intent
    attempt: Callable[[], Awaitable[ResultT]]


class Saving:
    """Carry out edits one at a time a loop. `failures` are the exceptions that trying again can help with."""

    def __init__(
        self,
        rules: PanelRules,
        failures: tuple[type[Exception], ...],
        announcer: Announcer,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rules = rules
        self._failures = failures
        self._sleep = sleep
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._pending: dict[LoopId, int] = {}
        self._waiting: dict[LoopId, deque[Edit[object]]] = {}
        self._announcer = announcer
        """Told when what waits or runs for a loop changes: nothing of that is stored."""

    def lock(self, loop_id: str) -> asyncio.Lock:
        """Return the lock of a loop: its edits go one after the other."""
        held = self._locks.get(loop_id)
        if held is None:
            held = self._locks[loop_id] = asyncio.Lock()
        return held

    def is_saving(self, loop_id: LoopId) -> bool:
        """Tell whether commits of this loop are on their way."""
        return self._pending.get(loop_id, 0) > 0

    def waiting(self, loop_id: LoopId) -> tuple[Intent, ...]:
        """Return the edits that are not stored yet, oldest first."""
        return tuple(edit.intent for edit in self._waiting.get(loop_id, ()))

    async def run(self, edit: Edit[ResultT]) -> ResultT:
        """Carry out an edit; its answer comes after the commit.

        Raises NotSaved when the store would not take it (the edit waits here then), TooManyWaiting when too many do.
        """
        loop_id = edit.loop_id
        self._pending[loop_id] = self._pending.get(loop_id, 0) + 1
        try:
            async with self.lock(loop_id):
                await self._drain(loop_id)
                if self._waiting.get(loop_id):
                    self._keep(edit)
                    raise NotSaved
                try:
                    return await self._attempts(edit)
                except self._failures as error:
                    self._keep(edit)
                    raise NotSaved from error
        finally:
            left = self._pending[loop_id] - 1
            if left:
                self._pending[loop_id] = left
            else:
                del self._pending[loop_id]
            self._tell(edit.owner, loop_id)

    async def retry(self, loop_id: LoopId) -> bool:
        """Try the waiting edits of a loop now, oldest first; True when none is left."""
        async with self.lock(loop_id):
            owner = next((edit.owner for edit in self._waiting.get(loop_id, ())), None)
            await self._drain(loop_id)
            left = bool(self._waiting.get(loop_id))
        if owner is not None:
            self._tell(owner, loop_id)
        return not left

    async def discard(self, loop_id: LoopId) -> int:
        """Let the waiting edits of a loop go, because its owner says so; return how many there were."""
        async with self.lock(loop_id):
            gone = self._waiting.pop(loop_id, deque())
        if gone:
            self._tell(gone[0].owner, loop_id)
        return len(gone)

    async def retry_all(self) -> None:
        """Try everything that waits; called by the clock."""
        for loop_id in list(self._waiting):
            await self.retry(loop_id)

    async def keep_trying(self) -> None:
        """Try again for as long as the process lives."""
        while True:
            await self._sleep(self._rules.later_s)
            await self.retry_all()

    async def _attempts(self, edit: Edit[ResultT]) -> ResultT:
        for pause in self._rules.retry_s:
            try:
                return await edit.attempt()
            except self._failures:
                self._tell(edit.owner, edit.loop_id)
                await self._sleep(pause)
        return await edit.attempt()

    async def _drain(self, loop_id: LoopId) -> None:
        """Carry out what waits in order; one that the rules refuse by now is let go."""
        queue = self._waiting.get(loop_id)
        while queue:
            try:
                await queue[0].attempt()
            except self._failures:
                return
            except BotError as error:
                log.info("waiting edit no longer possible", code=error.code)
            queue.popleft()
        self._waiting.pop(loop_id, None)

    def _keep(self, edit: Edit[ResultT]) -> None:
        queue = self._waiting.setdefault(edit.loop_id, deque())
        if len(queue) >= self._rules.waiting_max:
            raise TooManyWaiting(count=len(queue))
        queue.append(edit)  # pyright: ignore[reportArgumentType]

    def _tell(self, owner: int, loop_id: LoopId) -> None:
        self._announcer.announce(owner, "loop", loop_id)
