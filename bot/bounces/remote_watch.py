"""The companion: watches and measures a folder on the DAW's machine, and hands the results to the uploader."""

import asyncio
import json
import ssl
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from bot.bounces.container import Look
from bot.bounces.model import FileStamp, Note, Trouble, WatchMode
from bot.bounces.remote_client import Entry, Uploader, UploadQueue
from bot.bounces.rules import BounceRules
from bot.bounces.settle import Verdict
from bot.bounces.settler import Settled, Settler
from bot.bounces.trouble import CannotMeasure
from bot.bounces.watch import Batch, FolderWatch, scan_blocking
from bot.bounces.worker import WorkerPool
from bot.lifecycle import ended

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CompanionOptions:
    """What `studiohand watch` was asked for. `state`: a folder for the queue and what was dealt with."""

    folder: Path
    address: str
    key: str
    state: Path
    with_audio: bool = False
    mode: WatchMode = WatchMode.AUTO
    tls: ssl.SSLContext | None = None


class Companion:
    """Runs until cancelled, or until the key is refused (KeyRefused)."""

    def __init__(self, options: CompanionOptions, rules: BounceRules) -> None:
        self._options, self._rules = options, rules
        self._queue = UploadQueue(options.state / "queue")
        self._seen = SeenFiles(options.state / "seen.jsonl")
        self._pool = WorkerPool(rules, options.state / "media", 1)
        self._jobs: asyncio.Queue[tuple[Settled, Look]] = asyncio.Queue()
        self._settler: Settler | None = None
        self._rescan = asyncio.Event()
        self._is_root_gone = False
        self.uploader = Uploader(self._queue, options.address, options.key, options.tls)

    async def run(self) -> None:
        """Watch, measure, send."""
        await self._pool.start()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.uploader.run())
                group.create_task(self._measure_forever())
                group.create_task(self._watch_forever())
        finally:
            await self._pool.stop()

    async def _watch_forever(self) -> None:
        while True:
            if not await asyncio.to_thread(self._options.folder.is_dir):
                log.warning("the folder is gone, waiting", folder=self._options.folder.name)
                await asyncio.sleep(5)
                continue
            self._is_root_gone = False
            watch = FolderWatch(self._options.folder, self._take, self._rules, mode=self._options.mode)
            try:
                await watch.start()
                await self._settle_what(watch)
            except OSError:
                log.warning("the folder cannot be read, waiting", folder=self._options.folder.name)
                await asyncio.sleep(5)
            finally:
                await watch.stop()

    async def _settle_what(self, watch: FolderWatch) -> None:
        """Settle what a running watch tells of, for as long as the folder is there."""
        settler = Settler(self._options.folder, self._rules, self._decided, is_polling=watch.is_polling)
        self._settler = settler
        settling = asyncio.ensure_future(settler.run())
        settling.add_done_callback(lambda _: self._rescan.set())
        try:
            while not self._is_root_gone and not settling.done():
                self._rescan.clear()
                found = await asyncio.to_thread(lambda: list(scan_blocking(self._options.folder, True)))
                settler.found(one.path for one in found if not self._seen.has(one.path, one.stamp))
                try:
                    async with asyncio.timeout(self._rules.rescan_s):
                        await self._rescan.wait()
                except TimeoutError:
                    continue
        finally:
            self._settler = None
            await ended(settling)
        if not settling.cancelled() and (error := settling.exception()) is not None:
            log.error("settling broke, watching anew", folder=self._options.folder.name, exc_info=error)
            await asyncio.sleep(5)

    def _take(self, batch: Batch) -> None:
        self._is_root_gone = self._is_root_gone or batch.is_root_gone
        if batch.is_root_gone or batch.rescan:
            self._rescan.set()
        if self._settler is not None:
            self._settler.take(batch)

    async def _decided(self, settled: Settled) -> None:
        if settled.look is None or settled.verdict in (Verdict.GONE, Verdict.EMPTY):
            return
        if not self._seen.has(settled.path, _stamp(settled.look)):
            self._jobs.put_nowait((settled, settled.look))

    async def _measure_forever(self) -> None:
        while True:
            settled, seen = await self._jobs.get()
            stamp = _stamp(seen)
            if self._seen.has(settled.path, stamp):
                continue
            try:
                facts = await self._pool.measure(settled.path, seen.size_bytes)
            except CannotMeasure as error:
                log.warning("not measured", file=settled.path.name, trouble=str(error.trouble))
                if error.trouble not in (Trouble.VANISHED, Trouble.DECODER_CRASHED):
                    self._seen.add(settled.path, stamp, "")
                continue
            if await asyncio.to_thread(_stamp_blocking, settled.path) != stamp:
                continue  # it is being written again: its events bring it back
            if settled.verdict is Verdict.HEADER_OPEN:
                facts = replace(facts, notes=(Note.HEADER_OPEN, *facts.notes))
            folder = self._pool.folder_of(facts.content_hash)
            parts = {"columns.npy": str(folder / "columns.npy"), "peaks.dat": str(folder / "peaks.dat")}
            if self._options.with_audio:
                parts[f"audio{settled.path.suffix.casefold()}"] = str(settled.path)
            entry = Entry(
                facts.content_hash,
                settled.path.name,
                datetime.fromtimestamp(stamp.mtime_ns / 1e9, UTC).isoformat(),
                facts.to_dict(),
                parts,
            )
            # First into the queue, then marked: a crash between sends it twice, which is once by its hash.
            await asyncio.to_thread(self._queue.put, entry)
            self._seen.add(settled.path, stamp, facts.content_hash)
            self.uploader.wake()
            log.info("bounce measured", file=settled.path.name, seconds=facts.duration_s)


class SeenFiles:
    """Which files were dealt with, as lines appended to one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, tuple[int, int, int]] = {}
        try:
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    data = json.loads(line)
                    self._known[data["path"]] = (data["size"], data["mtime_ns"], data["inode"])
                except (ValueError, KeyError, TypeError):
                    continue  # a line that a crash cut off
        except OSError:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def has(self, path: Path, stamp: FileStamp) -> bool:
        return self._known.get(str(path)) == (stamp.size_bytes, stamp.mtime_ns, stamp.inode)

    def add(self, path: Path, stamp: FileStamp, content_hash: str) -> None:
        self._known[str(path)] = (stamp.size_bytes, stamp.mtime_ns, stamp.inode)
        line = {
            "path": str(path),
            "size": stamp.size_bytes,
            "mtime_ns": stamp.mtime_ns,
            "inode": stamp.inode,
            "hash": content_hash,
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _stamp(seen: Look) -> FileStamp:
    return FileStamp(seen.size_bytes, seen.mtime_ns, seen.inode)


def _stamp_blocking(path: Path) -> FileStamp | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return FileStamp(stat.st_size, stat.st_mtime_ns, stat.st_ino)
