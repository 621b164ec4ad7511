"""The companion: watches and measures a folder on the DAW's machine, and hands the results to the uploader."""

import asyncio
import json
import ssl
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from bot.bounces.container import Look
from bot.bounces.file_troubles import FileTroubles
from bot.bounces.following import Following
from bot.bounces.model import FileStamp, Note, Trouble, WatchMode
from bot.bounces.remote_client import Entry, Uploader, UploadQueue
from bot.bounces.rules import BounceRules
from bot.bounces.settle import Verdict
from bot.bounces.settler import Settled
from bot.bounces.trouble import CannotMeasure, way_of
from bot.bounces.watch import scan_blocking
from bot.bounces.worker import WorkerPool
from bot.clock import SystemClock

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
        self._options = options
        self._queue = UploadQueue(options.state / "queue")
        self._seen = SeenFiles(options.state / "seen.jsonl")
        self._pool = WorkerPool(rules, options.state / "media", 1)
        self._jobs: asyncio.Queue[tuple[Settled, Look]] = asyncio.Queue()
        self._following = Following(options.folder, self, rules, subject=options.folder.name, mode=options.mode)
        self._is_gone = False
        self._troubles = FileTroubles(SystemClock(), rules)
        self.uploader = Uploader(self._queue, options.address, options.key, options.tls)

    async def run(self) -> None:
        """Watch, measure, send."""
        await self._pool.start()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.uploader.run())
                group.create_task(self._measure_forever())
                group.create_task(self._following.run())
        finally:
            await self._pool.stop()

    # ------------------------------------------------------------------ the folder (`Following` asks and tells)

    async def came(self) -> None:
        """Tell whoever looks at the terminal that the folder is there again."""
        if self._is_gone:
            log.info("the folder is back", folder=self._options.folder.name)
        self._is_gone = False

    async def went(self) -> None:
        """Tell it once that the folder is not there, or cannot be read."""
        if not self._is_gone:
            log.warning("the folder is gone, waiting", folder=self._options.folder.name)
        self._is_gone = True

    async def news(self) -> list[Path]:
        """Return what was not sent yet."""
        found = await asyncio.to_thread(lambda: list(scan_blocking(self._options.folder, True)))
        return [one.path for one in found if not self._seen.has(one.path, one.stamp)]

    async def decided(self, settled: Settled) -> None:
        """Put a complete file in line."""
        if settled.look is None or settled.verdict in (Verdict.GONE, Verdict.EMPTY):
            return
        if not self._seen.has(settled.path, _stamp(settled.look)):
            self._jobs.put_nowait((settled, settled.look))

    async def broke(self, path: Path, error: Exception) -> float:
        """Tell of it; the file is tried again, the others go on."""
        pause = self._troubles.broke(str(path))
        log.error("could not be dealt with", file=path.name, again_in_s=pause, **way_of(error))
        return pause

    async def _measure_forever(self) -> None:
        while True:
            settled, seen = await self._jobs.get()
            try:
                await self._measure(settled, seen)
            except Exception as error:  # noqa: BLE001 - one file must not stop the line; said there
                self._following.later(settled.path, await self.broke(settled.path, error))

    async def _measure(self, settled: Settled, seen: Look) -> None:
        stamp = _stamp(seen)
        if self._seen.has(settled.path, stamp):
            return
        try:
            facts = await self._pool.measure(settled.path, seen.size_bytes)
        except CannotMeasure as error:
            log.warning("not measured", file=settled.path.name, trouble=str(error.trouble))
            if error.trouble not in (Trouble.VANISHED, Trouble.DECODER_CRASHED):
                self._seen.add(settled.path, stamp, "")
            return
        if await asyncio.to_thread(_stamp_blocking, settled.path) != stamp:
            return  # it is being written again: its events bring it back
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
        self._troubles.over(str(settled.path))
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
