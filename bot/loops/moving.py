"""Import with a preview, and export as a file: the service around `transfer.py`."""

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.actors import Actor, OwnerId
from bot.errors import ChangedSince, Gone
from bot.loops.exports import file_stem
from bot.loops.import_rows import Problem
from bot.loops.model import Clip, Loop
from bot.loops.service import LoopService
from bot.loops.store import Edited, LoopStore
from bot.loops.transfer import Difference, ImportRow, apply, difference, parse, to_csv, to_json

_KEPT_FOR = timedelta(minutes=15)
_KEPT_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do to a loop as it is now; `token` finds the file again for Apply."""

    loop: Loop
    difference: Difference
    token: str
    keep_missing: bool
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class LoopFile:
    """A loop as a file."""

    loop: Loop
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class _Kept:
    owner: OwnerId
    loop_id: str
    rows: tuple[ImportRow, ...]
    version: int
    until: datetime


class TransferService:
    """Loops as files. Files wait a quarter of an hour for Apply, in memory."""

    def __init__(self, store: LoopStore, loops: LoopService) -> None:
        self._store = store
        self._loops = loops
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def file_of(self, owner: OwnerId, loop_id: str, *, as_csv: bool) -> LoopFile:
        """Return a loop as JSON or CSV."""
        plan = await self._store.plan(owner, loop_id)
        text, ending = (to_csv(plan), "csv") if as_csv else (to_json(plan), "json")
        return LoopFile(plan.loop, f"{file_stem(plan.loop.name)}.{ending}", text.encode())

    async def read(self, owner: OwnerId, loop_id: str, data: bytes, *, is_csv: bool) -> Preview:
        """Read a file and show what it would do. With problems nothing of it is kept."""
        plan = await self._store.plan(owner, loop_id)
        rules = self._store.rules
        parsed = await asyncio.to_thread(parse, data, is_csv=is_csv, dated=plan.loop.is_dated, rules=rules)
        if parsed.problems:
            return Preview(plan.loop, Difference(), "", False, parsed.problems)
        token = secrets.token_hex(16)
        while len(self._kept) >= _KEPT_AT_MOST:
            self._kept.popitem(last=False)
        until = self._store.now + _KEPT_FOR
        self._kept[token] = _Kept(owner, loop_id, parsed.rows, plan.loop.version, until)
        return await self.preview(owner, token)

    async def preview(self, owner: OwnerId, token: str, *, keep_missing: bool = False) -> Preview:
        """Return what a kept file would do to the loop as it is now."""
        kept = self._find(owner, token)
        plan = await self._store.plan(owner, kept.loop_id)
        self._kept[token] = replace(kept, version=plan.loop.version)
        change = difference(
            plan.loop, plan.clips, kept.rows, self._store.now, self._store.rules, keep_missing=keep_missing
        )
        room = self._store.rules.max_clips
        after = len(plan.clips) + len(change.new) - len(change.removed)
        problems = (Problem(0, "too_many_clips", {"count": after, "limit": room}),) if after > room else ()
        return Preview(plan.loop, change, token, keep_missing, problems)

    async def apply(self, actor: Actor, owner: OwnerId, token: str, *, keep_missing: bool) -> tuple[Edited, Difference]:
        """Insert, update and delete in one transaction.

        Raises ChangedSince when the loop changed since the preview; then the preview is shown again.
        """
        kept = self._find(owner, token)
        done: list[Difference] = []

        def change(loop: Loop, clips: tuple[Clip, ...]) -> tuple[Loop, tuple[Clip, ...]]:
            if loop.version != kept.version:
                raise ChangedSince("loop_import_stale")
            found = difference(loop, clips, kept.rows, self._store.now, self._store.rules, keep_missing=keep_missing)
            done[:] = [found]
            return loop, apply(clips, found)

        edited = await self._loops.rewrite(actor, owner, "loop.import", kept.loop_id, change)
        self._kept.pop(token, None)
        return edited, done[0]

    def _find(self, owner: OwnerId, token: str) -> _Kept:
        kept = self._kept.get(token)
        if kept is None or kept.owner != owner or kept.until <= self._store.now:
            raise Gone("loop_import_gone")
        return kept
