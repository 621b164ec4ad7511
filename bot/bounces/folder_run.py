"""One watched folder of somebody: what is known of its files, what is news, and complete ones handed on."""

import asyncio
from pathlib import Path
from typing import Protocol

import structlog

from bot.actors import Actor
from bot.bounces.bursts import Job, storable
from bot.bounces.container import Look
from bot.bounces.file_troubles import FileTroubles
from bot.bounces.following import Following
from bot.bounces.model import OPEN_STATES, FileStamp, FileState, Folder, Trouble, WatchedFile, WatchMode
from bot.bounces.rules import BounceRules
from bot.bounces.settle import Verdict
from bot.bounces.settler import Settled
from bot.bounces.trouble import mark_of, way_of
from bot.bounces.watch import Found, scan_blocking
from bot.lifecycle import Supervisor
from storage.repositories.bounce_files import FileRepository, FolderRepository
from storage.repositories.bounces import BounceRepository
from storage.unit import Database

log = structlog.stdlib.get_logger(__name__)
WATCHER = Actor.system("watcher")
_DONE = frozenset({FileState.CATALOGUED, FileState.POSTED, FileState.UNREADABLE, FileState.IGNORED})


class Pipeline(Protocol):
    """Where complete files go."""

    def ready(self, job: Job) -> None: ...

    async def startup_done(self, folder: Folder) -> None: ...


class FolderRun:
    """One folder from start to stop."""

    def __init__(
        self, folder: Folder, database: Database, supervisor: Supervisor, rules: BounceRules, pipeline: Pipeline
    ) -> None:
        self.folder = folder
        self.is_startup_over = False
        self._database, self._supervisor, self._pipeline = database, supervisor, pipeline
        self._root = Path(folder.path)
        self._task: asyncio.Task[None] | None = None
        self._following = Following(
            self._root,
            self,
            rules,
            subject=folder.id,
            mode=folder.mode,
            recursive=folder.is_recursive,
            ignore=folder.ignore,
        )
        self.troubles = FileTroubles(database.clock, rules)
        self._startup: set[str] = set()
        self._attempts: dict[str, int] = {}
        self._busy: set[str] = set()
        self._touched: set[str] = set()

    @property
    def mode(self) -> WatchMode:
        """How the folder is really watched."""
        return self._following.mode

    @property
    def is_broken(self) -> bool:
        return self._following.is_broken

    @property
    def has_lost_events(self) -> bool:
        return self._following.has_lost_events

    @property
    def waiting(self) -> int:
        return len(self._following)

    def siblings(self, path: Path) -> int:
        """Return how many files beside `path` are still settling."""
        return self._following.under(path.parent)

    def follows(self, folder: Folder) -> bool:
        """Say whether this run still watches what `folder` asks for."""
        mine = self.folder
        return (mine.path, mine.mode, mine.is_recursive, mine.ignore) == (
            folder.path,
            folder.mode,
            folder.is_recursive,
            folder.ignore,
        )

    def start(self) -> None:
        self._task = self._supervisor.keep(f"watch {self.folder.id[-6:]}", self._following.run)

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def again(self, path: Path, attempts: int) -> None:
        """Settle a path once more."""
        if attempts:
            self._attempts[str(path)] = attempts
        self._following.again(path)

    def finished(self, path: Path) -> None:
        """Hear that a path left the measuring line; what happened to it meanwhile is looked at now."""
        self._busy.discard(str(path))
        if str(path) in self._touched:
            self._touched.discard(str(path))
            self.again(path, 0)

    def measured(self, path: Path) -> None:
        """Hear that a path is in the catalogue."""
        self.troubles.over(str(path))

    def unreadable(self, path: Path, trouble: Trouble) -> None:
        """Hear what is wrong with a file."""
        self.troubles.unreadable(str(path), trouble)

    async def failed(self, path: Path, error: Exception) -> None:
        """Hear that measuring broke, not by the file's fault."""
        self._following.later(path, await self.broke(path, error))

    # ------------------------------------------------------------------ following

    async def went(self) -> None:
        """Write down since when the folder is gone."""
        if self.folder.gone_since is not None:
            return
        log.warning("folder is gone", folder=self.folder.id)
        await self._set_gone(is_gone=True)

    async def came(self) -> None:
        """Write down that the folder is there."""
        if self.folder.gone_since is None:
            return
        log.info("folder is back", folder=self.folder.id)
        await self._set_gone(is_gone=False)

    async def broke(self, path: Path, error: Exception) -> float:
        """Log it and let health show it; the file is tried again, the others go on."""
        pause = self.troubles.broke(str(path))
        log.error(
            "a file could not be dealt with",
            folder=self.folder.id,
            file=mark_of(path),
            again_in_s=pause,
            **way_of(error),
        )
        if str(path) in self._startup:
            self._startup.discard(str(path))
            await self._maybe_over()
        return pause

    async def news(self) -> list[Path]:
        """Find what events missed, or what came while nobody watched."""
        found = await asyncio.to_thread(_scan_all, self._root, self.folder.is_recursive, self.folder.ignore)
        async with self._database.read(self.folder.owner_id) as unit:
            known = {file.path: file for file in await unit.repo(FileRepository).known(self.folder.id)}
        fresh = [one for one in found if _is_news(known.get(storable(one.path)), one.stamp)]
        fresh = [one for one in fresh if str(one.path) not in self._busy]
        self.troubles.keep_only({str(one.path) for one in found})
        missing = set(known) - {storable(one.path) for one in found}
        lost = [path for path in missing if known[path].state in OPEN_STATES]
        new_paths = [storable(one.path) for one in fresh if storable(one.path) not in known]
        for start in range(0, len(new_paths), 2000):
            async with self._database.write(WATCHER, self.folder.owner_id, "bounce.seen") as unit:
                await unit.repo(FileRepository).seen(self.folder.id, new_paths[start : start + 2000])
        for path in lost:
            await self._put(path, FileState.GONE)
        if not self.is_startup_over:
            self._startup |= {str(one.path) for one in fresh}
        await self._maybe_over()
        return [one.path for one in fresh]

    async def decided(self, settled: Settled) -> None:
        """Act on a path whose fate is known."""
        path, verdict, seen = str(settled.path), settled.verdict, settled.look
        is_startup = path in self._startup
        self._startup.discard(path)
        stored = storable(settled.path)
        if path in self._busy:
            self._touched.add(path)
        elif verdict is Verdict.GONE or seen is None:
            await self._gone(stored)
            self.troubles.over(path)
        elif verdict is Verdict.EMPTY:
            log.info("bounce is empty", folder=self.folder.id)
            await self._put(stored, FileState.IGNORED, trouble=Trouble.EMPTY, stamp=_stamp(seen))
            self.troubles.over(path)
        elif await self._is_known(stored, _stamp(seen)):
            self.troubles.mended(path)
        else:
            await self._put(stored, FileState.MEASURING, stamp=_stamp(seen))
            header_open = verdict is Verdict.HEADER_OPEN
            job = Job(self, self.folder, settled.path, _stamp(seen), header_open, is_startup)
            job.attempts = self._attempts.pop(path, 0)
            self._busy.add(path)
            log.info("bounce complete", folder=self.folder.id, verdict=str(verdict))
            self._pipeline.ready(job)
        await self._maybe_over()

    async def _is_known(self, path: str, stamp: FileStamp) -> bool:
        """Say whether this very file was dealt with, perhaps under another name."""
        async with self._database.read(self.folder.owner_id) as unit:
            files = unit.repo(FileRepository)
            before = await files.by_path(self.folder.id, path)
            if before is not None and before.stamp == stamp and before.state in _DONE:
                return True
            same = await files.same_stamp(self.folder.id, stamp)
        if same is None or same.bounce_id is None or same.path == path:
            return False
        async with self._database.write(WATCHER, self.folder.owner_id, "bounce.renamed") as unit:
            await unit.repo(FileRepository).put(
                self.folder.id, path, same.state, stamp=stamp, bounce_id=same.bounce_id, group_key=same.group_key
            )
            await unit.repo(BounceRepository).add_path(same.bounce_id, path)
        return True

    async def _maybe_over(self) -> None:
        if not self.is_startup_over and not self._startup:
            self.is_startup_over = True
            await self._pipeline.startup_done(self.folder)

    # ------------------------------------------------------------------ rows

    async def _gone(self, path: str) -> None:
        async with self._database.read(self.folder.owner_id) as unit:
            before = await unit.repo(FileRepository).by_path(self.folder.id, path)
        if before is not None and before.state in OPEN_STATES:
            await self._put(path, FileState.GONE)

    async def _put(
        self, path: str, state: FileState, *, trouble: Trouble | None = None, stamp: FileStamp | None = None
    ) -> None:
        async with self._database.write(WATCHER, self.folder.owner_id, "bounce.file") as unit:
            await unit.repo(FileRepository).put(self.folder.id, path, state, trouble=trouble, stamp=stamp)

    async def _set_gone(self, *, is_gone: bool) -> None:
        async with self._database.write(WATCHER, self.folder.owner_id, "bounce.folder") as unit:
            await unit.repo(FolderRepository).set_gone(self.folder.id, unit.now if is_gone else None)
            fresh = await unit.repo(FolderRepository).get(self.folder.id)
        if fresh is not None:
            self.folder = fresh


def _stamp(seen: Look) -> FileStamp:
    return FileStamp(seen.size_bytes, seen.mtime_ns, seen.inode)


def _is_news(known: WatchedFile | None, stamp: FileStamp) -> bool:
    return known is None or known.state not in _DONE or known.stamp != stamp


def _scan_all(root: Path, recursive: bool, ignore: tuple[str, ...]) -> list[Found]:
    return list(scan_blocking(root, recursive, ignore))
