"""Taking a catalogue or an archive over: read apart, used whole or not at all, written so that nobody waits for it.

What was accepted is a slot: a process that ends in the middle goes on with it at its next start. Contents known here
stay as they are, so going on from the beginning does no harm.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from bot.actors import Actor
from bot.archive.rows import LOOPS, ROWS, bounce_of
from bot.archive.zips import safe_name
from bot.bounces.model import Bounce
from bot.bounces.service import BounceService
from bot.clock import Clock
from bot.errors import Unavailable
from bot.imports.apart import read_apart
from bot.imports.model import ImportRules, Problem
from bot.imports.spool import Spool
from bot.loops.area import LoopArea
from bot.loops.model import Pace, Role
from bot.loops.service import LoopFields
from bot.rules import load_rules
from bot.slots import Later, Slot, SlotDraft
from storage.repositories.slots import SlotRepository
from storage.unit import Database, Unit

KIND = "takeover"
_LOOK_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a file: how many bounces were new, or why nothing was changed."""

    new: int = 0
    problems: tuple[Problem, ...] = ()


class NotFinished(Unavailable):
    """Accepted and begun, and not to its end: it is tried again."""

    code = "import_not_finished"


class Takeover:
    """The kind of slot that writes what was accepted, and the door before it."""

    name = KIND

    def __init__(self, database: Database, clock: Clock, folder: Path, bounces: BounceService, loops: LoopArea) -> None:
        """`folder`: where files lie until they are used."""
        self.rules = load_rules("imports", ImportRules)
        self.spool = Spool(folder, self.rules, clock)
        self._readers = asyncio.Semaphore(self.rules.at_once)
        self._database = database
        self._bounces = bounces
        self._loops = loops

    async def take(
        self, actor: Actor, owner: int, size: int, blocks: AsyncIterator[bytes], *, here: bool = False
    ) -> Taken:
        """Take a file over that comes in blocks; return when it is stored.

        `here`: write in this call, where no engine runs (the command line). Raises Refused("import_large"),
        NotFinished.
        """
        path = await self.spool.take(owner, size, blocks)
        folder = path.parent
        waits = False
        try:
            async with self._readers:
                checked = await read_apart(path, self.rules)
            problems = checked.problems or await self._room(owner, folder)
            if problems:
                return Taken(problems=tuple(problems))
            if here:
                return Taken(await self._write(actor, owner, folder))
            async with self._database.write(actor, owner, "archive.take") as unit:
                payload = {"actor": actor.name}
                await unit.add_slots([SlotDraft(_key(folder), KIND, folder.name, unit.now, owner, payload=payload)])
            waits = True
        finally:
            if not waits:
                await self.spool.drop(folder)
        return Taken(await self._until_stored(folder))

    async def _room(self, owner: int, folder: Path) -> Sequence[Problem]:
        """Say what would not fit here, before anything is written."""
        wanted = await asyncio.to_thread(_loops_blocking, folder)
        known = await self._known_loops(owner)
        after = len(known) + len(wanted["names"] - known.keys())
        most = self._loops.rules.max_loops
        return [Problem(0, "too_many_loops", {"count": after, "limit": most})] if after > most else []

    async def _until_stored(self, folder: Path) -> int:
        while True:
            async with self._database.system_read() as unit:
                state, reason = await unit.repo(SlotRepository).outcome(_key(folder))
            if state == "done":
                return int(reason or 0)
            if state not in ("ready", "leased"):
                raise NotFinished
            await asyncio.sleep(_LOOK_EVERY_S)

    # ------------------------------------------------------------------ the slot

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """What is accepted brings its slot along."""
        return []

    async def run(self, slot: Slot) -> Later | None:
        owner = slot.owner or 0
        folder = self.spool.folder / slot.subject_id
        new = await self._write(Actor.user(owner, str(slot.payload["actor"])), owner, folder)
        async with self._database.system_write("archive.taken") as unit:
            await unit.repo(SlotRepository).finish(slot, reason=str(new))
        await self.spool.drop(folder)
        return None

    async def _write(self, actor: Actor, owner: int, folder: Path) -> int:
        """Make the loops, then the bounces in batches; others' changes come in between."""
        wanted = await asyncio.to_thread(_loops_blocking, folder)
        known = await self._known_loops(owner)
        for name in sorted(wanted["names"] - known.keys()):
            known[name] = await self._make_loop(
                actor, owner, name, wanted["texts"].get(f"loops/{safe_name(name)}.json")
            )
        new = 0
        with (folder / ROWS).open(encoding="utf-8") as file:
            while batch := await asyncio.to_thread(_batch_blocking, file, owner, known, self.rules.batch):
                new += await self._bounces.adopt(actor, owner, batch)
                # Whoever waited for the one writer comes first.
                await asyncio.sleep(0)
        return new

    async def _known_loops(self, owner: int) -> dict[str, str]:
        loops = self._loops.loops
        lines = (*await loops.lines(owner, "archived"), *await loops.lines(owner))
        return {line.loop.name: line.loop.id for line in lines}

    async def _make_loop(self, actor: Actor, owner: int, name: str, text: str | None) -> str:
        """Make a loop of that name, with the clips of its file where there is one; the reader looked at them."""
        loops = self._loops
        told = _loop_of(text)
        start, end = _day(told.get("start_date")), _day(told.get("end_date"))
        fields = LoopFields(
            name=name,
            bpm=told.get("bpm") if isinstance(told.get("bpm"), int | float) else None,
            pace=_word(told.get("pace"), Pace),
            role=_word(told.get("role"), Role),
            start=start if start and end else None,
            end=end if start and end else None,
        )
        made = await loops.loops.create(actor, owner, fields)
        if text is not None:
            read = await loops.transfer.read(owner, made.loop.id, text.encode(), is_csv=False)
            if not read.problems and not read.difference.is_empty:
                await loops.transfer.apply(actor, owner, read.token, keep_missing=True)
        return made.loop.id


def _key(folder: Path) -> str:
    return f"{KIND}:{folder.name}"


def _loops_blocking(folder: Path) -> dict[str, Any]:
    told: Any = json.loads((folder / LOOPS).read_text(encoding="utf-8"))
    return {"names": set(told["names"]), "texts": told["texts"]}


def _batch_blocking(file: Iterator[str], owner: int, loops: Mapping[str, str], count: int) -> list[Bounce]:
    found: list[Bounce] = []
    for line in islice(file, count):
        row = json.loads(line)
        found.append(bounce_of(row, owner, loops.get(row["loop"]) if row["loop"] else None))
    return found


def _loop_of(text: str | None) -> dict[str, Any]:
    """Return what a loop's file says of the loop itself; nothing where it says nothing."""
    try:
        told: Any = json.loads(text or "{}")
        found = told.get("loop")
    except (ValueError, AttributeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _word(value: object, words: type[Pace] | type[Role]) -> str | None:
    return value if isinstance(value, str) and value in set(words) else None


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
