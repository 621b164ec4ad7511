"""Bounces as one thing: what `bot/app/app.py` makes and what cogs and other areas reach by `services.bounces`."""

from dataclasses import dataclass, field
from pathlib import Path

from bot.actors import OwnerId
from bot.bounces.audio import AudioFinder
from bot.bounces.folders import FolderService
from bot.bounces.messages import BounceMessages, UploadLimit, usual_limit
from bot.bounces.notes import NoteService
from bot.bounces.pictures import BouncePictures
from bot.bounces.pipeline import BouncePipeline
from bot.bounces.ports import Channels, Loops, NoChannels, NoLoops, NoPhases, Phases
from bot.bounces.remote_server import UploadServer
from bot.bounces.retention import BounceRetention
from bot.bounces.rules import BounceRules, bounce_rules
from bot.bounces.service import BounceService
from bot.bounces.targets import TargetService
from bot.bounces.uploads import UploadService
from bot.bounces.worker import WorkerPool
from bot.clock import Clock
from bot.lifecycle import Supervisor
from bot.say.words import Words, read_catalogue
from storage.unit import Database


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What bounces need of other areas."""

    loops: Loops = field(default_factory=NoLoops)
    channels: Channels = field(default_factory=NoChannels)
    phases: Phases = field(default_factory=NoPhases)


@dataclass(slots=True)
class BounceArea:
    """The services of bounces, over one pool of workers."""

    rules: BounceRules
    pool: WorkerPool
    service: BounceService
    notes: NoteService
    targets: TargetService
    retention: BounceRetention
    folders: FolderService
    audio: AudioFinder
    uploads: UploadService
    pictures: BouncePictures
    pipeline: BouncePipeline
    receiver: UploadServer
    messages: BounceMessages

    async def forget(self, owner: OwnerId) -> None:
        """Stop what is under way for somebody of whom nothing is to be left, and delete its files."""
        await self.pipeline.forget(owner)
        await self.retention.forget(owner)


def open_bounces(
    database: Database,
    clock: Clock,
    supervisor: Supervisor,
    media: Path,
    neighbours: Neighbours,
    workers: int,
    *,
    words: Words | None = None,
    upload_limit: UploadLimit | None = None,
) -> BounceArea:
    """Make the services of bounces; nothing runs before `pipeline.start`.

    `words`: of the cards that are posted; `upload_limit`: what a channel takes, in bytes.
    """
    rules = bounce_rules()
    pool = WorkerPool(rules, media, workers)
    service = BounceService(
        database,
        clock,
        rules,
        media,
        loops=neighbours.loops,
        channels=neighbours.channels,
        phases=neighbours.phases,
    )
    audio, folders = AudioFinder(service, pool), FolderService(database, clock)
    notes, targets, pictures = NoteService(database, rules), TargetService(database, rules), BouncePictures(pool)
    retention = BounceRetention(database, clock, media)
    return BounceArea(
        rules=rules,
        pool=pool,
        service=service,
        notes=notes,
        targets=targets,
        retention=retention,
        folders=folders,
        audio=audio,
        uploads=UploadService(service, pool, audio, rules, clock),
        pictures=pictures,
        pipeline=BouncePipeline(database, service, pool, supervisor, clock, rules, retention),
        receiver=UploadServer(service, folders, media, rules, clock),
        messages=BounceMessages(
            service, notes, targets, pictures, audio, words or read_catalogue().words(None), upload_limit or usual_limit
        ),
    )
