"""The typed face of the application: what every area stands on, and what cogs reach by `services`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.ai.assistant import ClaudeAssistant
from bot.ai.sent import Sender
from bot.announcer import Announcer
from bot.archive.service import ArchiveService
from bot.bounces.area import BounceArea
from bot.clients.assigning import AssignmentService
from bot.clients.digests import ClientDigests
from bot.clients.handing_over import HandoverService
from bot.clients.service import ClientService
from bot.clock import Clock
from bot.coach.service import CoachService
from bot.digest.messages import DigestMessages
from bot.digest.server import ServerDigests
from bot.digest.service import DigestService
from bot.engine import Engine
from bot.lifecycle import Supervisor
from bot.loops.area import LoopArea
from bot.metrics import Metrics
from bot.missions.area import MissionArea
from bot.outbox import Outbox
from bot.phases.forms import FormMapService
from bot.phases.service import PhaseService
from bot.posted import PostedCards
from bot.releases.service import ReleaseService
from bot.say.words import Catalogue
from bot.settings import Settings
from bot.studio.health import HealthService
from bot.studio.service import StudioService
from bot.studio.trouble import Troubles
from bot.undo import ChangeService
from storage.backup import BackupFile
from storage.retention import Retention
from storage.unit import Database


@dataclass(frozen=True, slots=True)
class Foundation:
    """What every area stands on; wiring hands each service its part of it."""

    settings: Settings
    database: Database
    clock: Clock
    supervisor: Supervisor
    engine: Engine
    outbox: Outbox
    posted: PostedCards
    announcer: Announcer
    studio: StudioService
    changes: ChangeService
    troubles: Troubles
    metrics: Metrics
    catalogue: Catalogue
    checks: HealthService
    retention: Retention


@dataclass(frozen=True, slots=True)
class Services(Foundation):
    """What cogs reach, one attribute an area."""

    back_up: Callable[[], Awaitable[BackupFile | None]]
    """Back up an SQLite database now; None where the database has its own tools."""
    assistant: ClaudeAssistant
    ai_sends: tuple[Sender, ...]
    """What each of those who ask the AI sends; the list that people read before they agree."""
    loops: LoopArea
    releases: ReleaseService
    phases: PhaseService
    forms: FormMapService
    bounces: BounceArea
    coach: CoachService
    digests: DigestService
    server_digests: ServerDigests
    digest_messages: DigestMessages
    missions: MissionArea
    archive: ArchiveService
    clients: ClientService
    work: AssignmentService
    handovers: HandoverService
    client_digests: ClientDigests
