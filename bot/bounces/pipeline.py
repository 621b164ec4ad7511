"""From a file in a watched folder to a row in the catalogue and a card in the outbox, whatever crashes between.

Each folder is followed by a `FolderRun`; ready files wait in one line for the measuring workers. Every step is
written down before the next begins, so a restart continues where the rows say.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from bot.actors import Actor, OwnerId
from bot.bounces.bursts import Burst, Job, storable
from bot.bounces.file_troubles import FileTrouble
from bot.bounces.folder_run import FolderRun
from bot.bounces.model import BounceSource, FileStamp, FileState, Folder, FolderId, Note, Trouble
from bot.bounces.retention import BounceRetention
from bot.bounces.rules import BounceRules
from bot.bounces.service import BounceService, Finished, FromFolder
from bot.bounces.trouble import CannotMeasure
from bot.bounces.worker import WorkerPool
from bot.clock import Clock
from bot.ids import uuid7
from bot.lifecycle import Supervisor
from storage.repositories.bounce_files import FileRepository, FolderRepository
from storage.unit import Database

log = structlog.stdlib.get_logger(__name__)
WATCHER = Actor.system("watcher")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class FolderHealth:
    """One folder, as health shows it: the name without its path."""

    name: str
    mode: str
    is_gone: bool
    is_paused: bool
    waiting: int
    is_broken: bool = False
    has_lost_events: bool = False
    owner_id: int = 0
    channel_id: int | None = None


@dataclass(frozen=True, slots=True)
class PipelineHealth:
    folders: tuple[FolderHealth, ...]
    measuring: int
    troubles: tuple[tuple[str, Trouble], ...]


class BouncePipeline:
    """Owns the folder runs and the measuring. `start` and `stop` belong to the application."""

    def __init__(
        self,
        database: Database,
        service: BounceService,
        pool: WorkerPool,
        supervisor: Supervisor,
        clock: Clock,
        rules: BounceRules,
        retention: BounceRetention,
    ) -> None:
        self._database, self._service, self._pool, self._retention = database, service, pool, retention
        self._supervisor, self._clock, self._rules = supervisor, clock, rules
        self._runs: dict[FolderId, FolderRun] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._bursts: dict[tuple[FolderId, Path], Burst] = {}
        self._startup: dict[FolderId, Burst] = {}
        self._measuring = 0

    async def start(self) -> None:
        """Start measuring, then every folder that is not paused, and with the first of them the workers."""
        for index in range(self._rules.workers):
            self._tasks.append(self._supervisor.keep(f"bounce measuring {index + 1}", self._measure_forever))
        await self.refresh()

    async def stop(self) -> None:
        """Stop watching and measuring; unfinished files are found again by their rows."""
        await asyncio.gather(*(run.stop() for run in self._runs.values()))
        self._runs.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pool.stop()

    async def refresh(self) -> None:
        """Follow the folders as they are set up now."""
        async with self._database.system_read() as unit:
            folders = {folder.id: folder for folder in await unit.repo(FolderRepository).list()}
        for folder_id, run in list(self._runs.items()):
            folder = folders.get(folder_id)
            if folder is None or folder.is_paused or not run.follows(folder):
                del self._runs[folder_id]
                await run.stop()
        for folder in folders.values():
            known = self._runs.get(folder.id)
            if known is not None:
                known.folder = folder
            elif not folder.is_paused:
                run = FolderRun(folder, self._database, self._supervisor, self._rules, self)
                self._runs[folder.id] = run
                self._startup[folder.id] = Burst(f"start:{folder.id}:{uuid7(self._clock.now())}")
                run.start()
        if self._runs:
            await self._pool.start()

    async def forget(self, owner: OwnerId) -> None:
        """Follow no folder of somebody any more; what waits of theirs is not measured (`_is_followed`)."""
        for folder_id, run in list(self._runs.items()):
            if run.folder.owner_id == owner:
                del self._runs[folder_id]
                await run.stop()

    def folders_now(self) -> list[FolderHealth]:
        """Return the folders that are followed, without asking the database."""
        return [
            FolderHealth(
                Path(run.folder.path).name,
                str(run.mode),
                run.folder.gone_since is not None,
                False,
                run.waiting,
                run.is_broken,
                run.has_lost_events,
                run.folder.owner_id,
                run.folder.channel_id,
            )
            for run in self._runs.values()
        ]

    def troubles_now(self) -> list[tuple[int, int | None, FileTrouble]]:
        """Return the last files of each owner that are not measured, with the owner and channel of their folder."""
        folders = [(run.folder, run.troubles) for run in self._runs.values()]
        found = [(folder.owner_id, folder.channel_id, one) for folder, troubles in folders for one in troubles.all()]
        by_owner: dict[int, list[tuple[int, int | None, FileTrouble]]] = {}
        for told in sorted(found, key=lambda told: told[2].since):
            by_owner.setdefault(told[0], []).append(told)
        return [told for theirs in by_owner.values() for told in theirs[-_SHOWN:]]

    async def health(self) -> PipelineHealth:
        """Return what `/studio health` shows."""
        async with self._database.system_read() as unit:
            folders = await unit.repo(FolderRepository).list()
            troubled = await unit.repo(FileRepository).troubled(5)
        shown = []
        for folder in folders:
            run = self._runs.get(folder.id)
            mode = str(run.mode if run is not None else folder.mode)
            waiting = 0 if run is None else run.waiting
            shown.append(
                FolderHealth(Path(folder.path).name, mode, folder.gone_since is not None, folder.is_paused, waiting)
            )
        troubles = tuple((Path(file.path).name, file.trouble) for file in troubled if file.trouble is not None)
        return PipelineHealth(tuple(shown), self._measuring + self._jobs.qsize(), troubles)

    # ------------------------------------------------------------------ told by folder runs

    def ready(self, job: Job) -> None:
        """Take a file that is complete; it belongs to the burst of its folder, if there is one."""
        now = asyncio.get_running_loop().time()
        path = str(job.path)
        if job.is_startup:
            burst = self._startup[job.folder.id]
        else:
            place = (job.folder.id, job.path.parent)
            burst = self._bursts.get(place) or Burst(uuid7(self._clock.now()))
            is_over = now - burst.last_ready_at > self._rules.burst_window_s
            if is_over and not burst.waiting and not burst.is_told_of:
                burst = Burst(uuid7(self._clock.now()))
            self._bursts[place] = burst
        burst.waiting.add(path)
        burst.members += 1
        burst.last_ready_at = now
        job.burst = burst
        self._jobs.put_nowait(job)

    async def startup_done(self, folder: Folder) -> None:
        """All that lay in a folder at the start is decided or in line."""
        burst = self._startup.get(folder.id)
        if burst is not None and not burst.waiting:
            await self._tell(folder, burst, was_found=True)
        async with self._database.read(folder.owner_id) as unit:
            left = await unit.repo(FileRepository).open_groups(folder.id)
        running = {burst.key for burst in (*self._startup.values(), *self._bursts.values()) if burst.waiting}
        for key in left:
            if key not in running:
                await self._service.tell_group(folder.owner_id, folder, key, was_found=key.startswith("start:"))

    # ------------------------------------------------------------------ measuring

    async def _measure_forever(self) -> None:
        while True:
            job = await self._jobs.get()
            self._measuring += 1
            try:
                await self._measure(job)
            except Exception as error:  # noqa: BLE001 - one file must not stop the line; its folder says it
                await job.run.failed(job.path, error)
            finally:
                self._measuring -= 1
                job.run.finished(job.path)
            await self._left_burst(job)

    def _is_followed(self, job: Job) -> bool:
        """Say whether a file's folder is still one of ours; one that comes back finds the file by its row."""
        return job.folder.id in self._runs

    async def _measure(self, job: Job) -> None:
        if not self._is_followed(job):
            return
        try:
            facts = await self._pool.measure(job.path, job.stamp.size_bytes)
        except CannotMeasure as error:
            if self._is_followed(job):
                await self._cannot(job, error)
            return
        if not self._is_followed(job):
            # Its owner may have deleted everything meanwhile: what was measured belongs to nobody then.
            await self._retention.drop([facts.content_hash])
            return
        if await asyncio.to_thread(_stamp_blocking, job.path) != job.stamp:
            log.info("bounce changed while being measured", folder=job.folder.id)
            job.again()
            return
        if job.is_header_open:
            facts = replace(facts, notes=(Note.HEADER_OPEN, *facts.notes))
        burst = job.burst
        grouped = burst is not None and (job.is_startup or self._is_group(job, burst))
        origin = FromFolder(
            job.folder, storable(job.path), job.stamp, burst.key if burst is not None and grouped else None
        )
        written_at = datetime.fromtimestamp(job.stamp.mtime_ns / 1e9, UTC)
        finished = Finished(
            file_name=job.path.name,
            facts=facts,
            source=BounceSource.FOLDER,
            bounced_at=min(written_at, self._clock.now()),
            origin=origin,
            has_audio=True,
        )
        logged = await self._service.log(WATCHER, job.folder.owner_id, finished)
        job.run.measured(job.path)
        log.info("bounce logged", bounce=logged.bounce.id, is_new=logged.is_new, seconds=facts.duration_s)

    def _is_group(self, job: Job, burst: Burst) -> bool:
        """Say whether a file is one of many: those that are ready and those that still settle beside it."""
        if not burst.is_group and burst.members + job.run.siblings(job.path) >= self._rules.burst_files:
            burst.is_group = True
        return burst.is_group

    async def _cannot(self, job: Job, error: CannotMeasure) -> None:
        if error.trouble is Trouble.DECODER_CRASHED and job.attempts < 1:
            # The worker may have been stopped for another reason: once more, then it is the file's fault.
            job.attempts += 1
            job.again()
            return
        state = FileState.GONE if error.trouble is Trouble.VANISHED else FileState.UNREADABLE
        if state is FileState.UNREADABLE:
            job.run.unreadable(job.path, error.trouble)
        log.warning("bounce not measured", folder=job.folder.id, trouble=str(error.trouble), detail=error.detail)
        async with self._database.write(WATCHER, job.folder.owner_id, "bounce.file") as unit:
            await unit.repo(FileRepository).put(
                job.folder.id, storable(job.path), state, stamp=job.stamp, trouble=error.trouble
            )

    async def _left_burst(self, job: Job) -> None:
        burst = job.burst
        if burst is None:
            return
        burst.waiting.discard(str(job.path))
        if burst.waiting:
            return
        if job.is_startup:
            run = self._runs.get(job.folder.id)
            if run is None or run.is_startup_over:
                await self._tell(job.folder, burst, was_found=True)
        elif burst.is_group and not burst.is_told_of:
            burst.is_told_of = True
            self._supervisor.spawn(f"bounce group {burst.key[-6:]}", self._tell_when_quiet(job, burst))

    async def _tell_when_quiet(self, job: Job, burst: Burst) -> None:
        """Wait until no further file joins, then post one card for all."""
        while (pause := self._still_open_s(job, burst)) > 0:  # noqa: ASYNC110 - quiet is what is waited for
            await asyncio.sleep(pause)
        await self._tell(job.folder, burst, was_found=False)
        burst.is_told_of = burst.is_group = False
        burst.members = 0
        burst.key = uuid7(self._clock.now())

    def _still_open_s(self, job: Job, burst: Burst) -> float:
        """Return how long to wait for more: longer while files beside it still settle, but not for ever."""
        if burst.waiting:
            return 0.2
        still = self._rules.burst_window_s if job.run.siblings(job.path) else self._rules.burst_quiet_s
        return min(0.5, burst.last_ready_at + still - asyncio.get_running_loop().time())

    async def _tell(self, folder: Folder, burst: Burst, *, was_found: bool) -> None:
        count = await self._service.tell_group(folder.owner_id, folder, burst.key, was_found=was_found)
        if count:
            log.info("bounces grouped", count=count, found=was_found)


def _stamp_blocking(path: Path) -> FileStamp | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return FileStamp(stat.st_size, stat.st_mtime_ns, stat.st_ino)
