"""The folder watch: the only importer of watchdog. Says what happened to which path, decides nothing.

Events come on watchdog's thread. The handler is O(1): it never stats or opens, folds repeats of one path
together and
wakes the loop once for all that gathered (one real export can cause 46,000 `modified` events).
"""

import asyncio
import logging
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from bot.bounces.model import FileStamp, WatchMode
from bot.bounces.names import PROBE_PREFIX, is_export, stays_inside
from bot.bounces.rules import BounceRules
from bot.bounces.settle import Event

_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileClosedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]
_NETWORK = ("nfs", "cifs", "smb", "fuse", "9p", "vboxsf", "davfs", "afs", "sshfs", "virtiofs")


@dataclass(slots=True)
class PathEvents:
    """What happened to one path since the last hand-over; repeats are folded."""

    events: list[Event]
    last_at: float


@dataclass(slots=True)
class Batch:
    """One hand-over from the watcher's thread."""

    paths: dict[str, PathEvents] = field(default_factory=dict)
    rescan: bool = False
    is_root_gone: bool = False


Sink = Callable[[Batch], None]


class FolderWatch:
    """Watches one folder. `sink` is called on the loop with batches; `mode` after `start` is what is really
    used."""

    def __init__(
        self, root: Path, sink: Sink, rules: BounceRules, *, mode: WatchMode = WatchMode.AUTO, recursive: bool = True,
        ignore: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.root, self.mode = root, mode
        self._sink, self._rules, self._recursive, self._ignore = sink, rules, recursive, ignore
        self._lock = threading.Lock()
        self._batch = Batch()
        self._is_woken = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._observer: BaseObserver | None = None
        self._probe_seen: asyncio.Event | None = None
        self._overflow = _OverflowListener(self._want_rescan)
        self._is_stopped = False

    @property
    def is_polling(self) -> bool:
        return self.mode is WatchMode.POLLING

    @property
    def is_alive(self) -> bool:
        """Say whether every thread that brings events still runs; watchdog tells nobody when one ends."""
        observer = self._observer
        if observer is None:
            return False
        if not (observer.is_alive() and all(emitter.is_alive() for emitter in observer.emitters)):
            return False
        # watchdog 7 reads all of a process's inotify events in one thread of its own.
        needs_reader = not self.is_polling and sys.platform.startswith("linux")
        return not needs_reader or any(type(thread).__name__ == "InotifyFD" for thread in threading.enumerate())

    async def start(self) -> None:
        """Begin to watch; raises OSError when the folder cannot be watched."""
        self._loop = asyncio.get_running_loop()
        self._is_stopped = False
        try:
            if self.mode is WatchMode.AUTO:
                self.mode = await self._choose()
            elif self._observer is None:
                await asyncio.to_thread(self._start_blocking, self.mode)
        except (Exception, asyncio.CancelledError):
            # Also when it was cancelled: nobody else knows of the threads that run already.
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the observer's threads and wait for them."""
        self._is_stopped = True
        await self._end_observer()

    async def _end_observer(self) -> None:
        with self._lock:
            observer, self._observer = self._observer, None
        if observer is not None:
            await asyncio.to_thread(_stop_blocking, observer)
        logging.getLogger("watchdog.observers.inotify_c").removeHandler(self._overflow)

    async def _choose(self) -> WatchMode:
        """Try native events with a probe file; where nothing is seen in time, poll."""
        if await asyncio.to_thread(_is_network_blocking, self.root):
            await asyncio.to_thread(self._start_blocking, WatchMode.POLLING)
            return WatchMode.POLLING
        self._probe_seen = asyncio.Event()
        try:
            await asyncio.to_thread(self._start_blocking, WatchMode.NATIVE)
        except OSError:
            # Out of watches (fs.inotify.max_user_watches): polling needs none.
            await asyncio.to_thread(self._start_blocking, WatchMode.POLLING)
            return WatchMode.POLLING
        probe = self.root / f"{PROBE_PREFIX}{secrets.token_hex(4)}"
        try:
            await _surely(probe.write_bytes, b"")
            async with asyncio.timeout(self._rules.probe_s):
                await self._probe_seen.wait()
        except TimeoutError:
            await self._end_observer()
            await asyncio.to_thread(self._start_blocking, WatchMode.POLLING)
            return WatchMode.POLLING
        except OSError:
            return WatchMode.NATIVE  # not writable, not a network share: events are the rule here
        finally:
            self._probe_seen = None
            await _surely(_remove_blocking, probe)
        return WatchMode.NATIVE

    def _start_blocking(self, mode: WatchMode) -> None:
        observer: BaseObserver
        is_polling = mode is WatchMode.POLLING
        observer = PollingObserver(timeout=self._rules.poll_interval_s) if is_polling else Observer()
        try:
            observer.schedule(
                _Handler(self._take), str(self.root), recursive=self._recursive, event_filter=list(_EVENTS)
            )
            observer.start()
        except (OSError, RuntimeError) as error:
            _stop_blocking(observer)
            raise error if isinstance(error, OSError) else OSError(str(error)) from error
        with self._lock:
            if not self._is_stopped:
                logging.getLogger("watchdog.observers.inotify_c").addHandler(self._overflow)
                self._observer = observer
                return
        _stop_blocking(observer)  # who started it was cancelled while this thread was at it

    # ------------------------------------------------------------ on watchdog's thread

    def _take(self, path: str, event: Event) -> None:
        name = path.rsplit(os.sep, 1)[-1]
        if name.startswith(PROBE_PREFIX):
            probe, loop = self._probe_seen, self._loop
            if probe is not None and loop is not None:
                _wake(loop, probe.set)
            return
        if path == str(self.root):
            if event is Event.DELETED:
                with self._lock:
                    self._batch.is_root_gone = True
                self._schedule()
            return
        if not is_export(Path(path), self.root, self._ignore):
            return
        loop = self._loop
        if loop is None:
            return
        now = loop.time()
        with self._lock:
            known = self._batch.paths.get(path)
            if known is None:
                self._batch.paths[path] = PathEvents([event], now)
            else:
                if known.events[-1] is not event:
                    known.events.append(event)
                    del known.events[:-6]
                known.last_at = now
        self._schedule()

    def _want_rescan(self) -> None:
        with self._lock:
            self._batch.rescan = True
        self._schedule()

    def _schedule(self) -> None:
        loop = self._loop
        with self._lock:
            if self._is_woken or loop is None:
                return
            self._is_woken = True
        _wake(loop, self._hand_over)

    # ------------------------------------------------------------ on the loop

    def _hand_over(self) -> None:
        with self._lock:
            batch, self._batch = self._batch, Batch()
            self._is_woken = False
        self._sink(batch)


class _Handler(FileSystemEventHandler):
    def __init__(self, take: Callable[[str, Event], None]) -> None:
        self._take = take

    def dispatch(self, event: FileSystemEvent) -> None:
        source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path)
        match event:
            case FileClosedEvent():
                self._take(source, Event.CLOSED)
            case FileModifiedEvent():
                self._take(source, Event.MODIFIED)
            case FileCreatedEvent():
                self._take(source, Event.CREATED)
            case FileMovedEvent():
                self._take(source, Event.DELETED)
                self._take(target, Event.MOVED_IN)
            case FileDeletedEvent() | DirDeletedEvent():
                self._take(source, Event.DELETED)
            case _:
                pass


class _OverflowListener(logging.Handler):
    """watchdog reports a lost event queue only in its log; it must lead to a rescan."""

    def __init__(self, told: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage():
            self._told()


@dataclass(frozen=True, slots=True)
class Found:
    """A file that a scan saw."""

    path: Path
    stamp: FileStamp


def scan_blocking(root: Path, recursive: bool, ignore: tuple[str, ...] = ()) -> Iterator[Found]:
    """Yield the exports under `root`; raises OSError when the root itself cannot be read."""
    waiting = [str(root)]
    while waiting:
        folder = waiting.pop()
        try:
            entries = os.scandir(folder)
        except OSError:
            if folder == str(root):
                raise
            continue
        with entries:
            for entry in entries:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        if recursive and not entry.name.startswith("."):
                            waiting.append(entry.path)
                        continue
                    path = Path(entry.path)
                    if not is_export(path, root, ignore):
                        continue
                    if entry.is_symlink() and not stays_inside(path, root):
                        continue
                    if not entry.is_file():
                        continue
                    stat = os.stat(entry.path)
                except (OSError, ValueError):
                    continue
                yield Found(path, FileStamp(stat.st_size, stat.st_mtime_ns, stat.st_ino))


def _wake(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        return  # the loop has closed: nobody is left to tell


def _stop_blocking(observer: BaseObserver) -> None:
    observer.unschedule_all()
    if observer.is_alive():
        observer.stop()
        observer.join(5)


async def _surely(do: Callable[..., object], *given: object) -> None:
    """Run `do` in a thread to its end, also when cancelled meanwhile: a thread that had not begun would never run."""
    running = asyncio.ensure_future(asyncio.to_thread(do, *given))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


def _remove_blocking(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def _is_network_blocking(root: Path) -> bool:
    """Say whether `root` lies on a file system that reports no events of other machines (Linux only)."""
    if not sys.platform.startswith("linux"):
        return str(root).startswith(("\\\\", "//"))
    best, kind = "", ""
    target = str(root.resolve())
    try:
        with open("/proc/mounts", encoding="utf-8", errors="replace") as file:
            for line in file:
                fields = line.split()
                point = fields[1].replace("\\040", " ")
                inside = target == point or target.startswith(point.rstrip("/") + "/")
                if inside and len(point) >= len(best):
                    best, kind = point, fields[2]
    except (OSError, IndexError):
        return False
    return kind.startswith(_NETWORK)
