"""Follows the paths of one folder until each is complete: looks at files in a thread, decides by `settle`."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.bounces import settle
from bot.bounces.container import Look, Shape, look
from bot.bounces.names import stays_inside
from bot.bounces.rules import BounceRules
from bot.bounces.settle import Event, Settling, Verdict, Writer
from bot.bounces.watch import Batch
from bot.bounces.writers import find_writers_blocking

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Settled:
    """A path that is decided: ready to be measured, or empty, or gone."""

    path: Path
    verdict: Verdict
    look: Look | None
    was_found: bool


Decided = Callable[[Settled], Awaitable[None]]
Broke = Callable[[Path, Exception], Awaitable[float]]
"""Told of a path that could not be looked at or dealt with; says after how many seconds to try again."""


class Settler:
    """One for each watched folder. `decided` is awaited for each path whose fate is known.

    Whatever one file breaks holds up no other: `broke` hears of it, and that path waits to be tried again.
    """

    def __init__(self, root: Path, rules: BounceRules, decided: Decided, broke: Broke, *, is_polling: bool) -> None:
        self._root, self._rules, self._is_polling = root, rules, is_polling
        self._decided, self._broke = decided, broke
        self._paths: dict[str, Settling] = {}
        self._due: dict[str, float] = {}
        self._backlog: deque[str] = deque()
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._paths) + len(self._backlog)

    def under(self, folder: Path) -> int:
        """Return how many files right in `folder` are on their way."""
        return sum(1 for path in self._paths if Path(path).parent == folder)

    def take(self, batch: Batch) -> None:
        """Take what the watcher handed over."""
        for path, gathered in batch.paths.items():
            for event in gathered.events:
                known = self._paths.get(path)
                if known is None:
                    self._paths[path] = settle.begin(event, self._is_polling, gathered.last_at)
                else:
                    self._paths[path] = settle.on_event(known, event, gathered.last_at)
            due = self._due.get(path)
            quiet = gathered.last_at + (0.02 if self._paths[path].look is None else self._rules.quiet_s)
            self._due[path] = quiet if due is None else max(due, quiet)
        if batch.paths:
            self._wake.set()

    def found(self, paths: Iterable[Path]) -> None:
        """Take what a scan found; a large number waits in a line."""
        for path in paths:
            if str(path) not in self._paths:
                self._backlog.append(str(path))
        self._wake.set()

    def later(self, path: Path, in_s: float) -> None:
        """Begin with a path anew after some time."""
        now = asyncio.get_running_loop().time()
        self._paths[str(path)] = settle.begin(Event.FOUND, self._is_polling, now)
        self._due[str(path)] = now + in_s
        self._wake.set()

    async def run(self) -> None:
        """Decide until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._refill(loop.time())
            soonest = min(self._due.values(), default=None)
            try:
                timeout = None if soonest is None else max(0.0, soonest - loop.time())
                async with asyncio.timeout(timeout):
                    await self._wake.wait()
                self._wake.clear()
                if timeout is not None:
                    # Let a storm of events gather for a moment instead of looking at every wake.
                    await asyncio.sleep(min(0.02, timeout))
            except TimeoutError:
                pass
            now = loop.time()
            due = sorted((at, path) for path, at in self._due.items() if at <= now)[:_AT_ONCE]
            if due:
                await self._look_at([path for _, path in due])

    def _refill(self, now: float) -> None:
        while self._backlog and len(self._paths) < _AT_ONCE:
            path = self._backlog.popleft()
            if path not in self._paths:
                self._paths[path] = settle.begin(Event.FOUND, self._is_polling, now)
                self._due[path] = now

    async def _look_at(self, paths: list[str]) -> None:
        loop = asyncio.get_running_loop()
        looks, broken = await asyncio.to_thread(_looks_blocking, paths, self._root)
        for path, error in broken.items():
            await self._put_off(path, error)
        now = loop.time()
        asked: dict[str, Look] = {}
        for path, seen in looks.items():
            state = self._paths.get(path)
            if state is not None and seen is not None and settle.needs_writer_check(state, seen, now, self._rules):
                asked[path] = seen
        writers: dict[str, Writer] = {}
        if asked:
            writers = await asyncio.to_thread(_writers_blocking, asked)
        now = loop.time()
        for path, seen in looks.items():
            state = self._paths.get(path)
            if state is None:
                continue
            decision = settle.on_look(state, seen, writers.get(path, Writer.UNKNOWN), now, self._rules)
            if decision.verdict is Verdict.WAIT:
                self._paths[path] = decision.state
                self._due[path] = decision.look_at
                continue
            del self._paths[path]
            self._due.pop(path, None)
            try:
                await self._decided(Settled(Path(path), decision.verdict, seen, state.found))
            except Exception as error:  # noqa: BLE001 - who is told logs it
                await self._put_off(path, error)

    async def _put_off(self, path: str, error: Exception) -> None:
        self.later(Path(path), await self._broke(Path(path), error))


def _looks_blocking(paths: list[str], root: Path) -> tuple[dict[str, Look | None], dict[str, Exception]]:
    """Return what was seen, and where looking broke."""
    out: dict[str, Look | None] = {}
    broken: dict[str, Exception] = {}
    for path in paths:
        try:
            file = Path(path)
            if file.is_symlink() and not stays_inside(file, root):
                out[path] = None
                continue
            out[path] = look(file)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            out[path] = None
        except OSError:
            out[path] = _stat_only(path)
        except Exception as error:  # noqa: BLE001 - who is told logs it
            broken[path] = error
    return out, broken


def _stat_only(path: str) -> Look | None:
    """Return what may be known of a file that cannot be opened; measuring will say why."""
    try:
        stat = Path(path).stat()
    except OSError:
        return None
    return Look(stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_dev, Shape.UNKNOWN, "")


def _writers_blocking(asked: dict[str, Look]) -> dict[str, Writer]:
    found = find_writers_blocking(frozenset((seen.device, seen.inode) for seen in asked.values()))
    out: dict[str, Writer] = {}
    for path, seen in asked.items():
        if found.has(seen.device, seen.inode):
            out[path] = Writer.WRITING
        elif not found.is_known:
            out[path] = Writer.UNKNOWN
        else:
            out[path] = Writer.NONE if found.is_complete else Writer.NONE_SEEN
    return out
