"""Loops as one thing: what `bot/app/app.py` makes and what cogs, missions and digests reach by `services.loops`."""

from dataclasses import dataclass, field

from bot.ai.model import Assistant
from bot.ai.others import Agreements, NobodyAgreed
from bot.clock import Clock
from bot.loops.bank import ShippedBank
from bot.loops.clips import ClipService
from bot.loops.drawing import Drawing
from bot.loops.handing_out import ExportService
from bot.loops.moving import TransferService
from bot.loops.ports import BounceReader, NoBounces, NoPhase, NoProfile, NoServers, PhaseReader, Servers
from bot.loops.readings import ReadingService
from bot.loops.rules import LoopRules, loop_rules
from bot.loops.saving import Saving
from bot.loops.service import LoopService
from bot.loops.store import LoopStore
from bot.ports import ProfileReader, ZoneReader
from storage.unit import Database


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What loops read of other areas."""

    zones: ZoneReader
    bounces: BounceReader = field(default_factory=NoBounces)
    phases: PhaseReader = field(default_factory=NoPhase)
    profiles: ProfileReader = field(default_factory=NoProfile)
    servers: Servers = field(default_factory=NoServers)
    agreements: Agreements = field(default_factory=NobodyAgreed)


@dataclass(frozen=True, slots=True)
class LoopArea:
    """The services of loops, over one store."""

    rules: LoopRules
    store: LoopStore
    loops: LoopService
    clips: ClipService
    readings: ReadingService
    exports: ExportService
    transfer: TransferService
    drawing: Drawing

    @property
    def saving(self) -> Saving:
        return self.store.saving

    async def stop(self) -> None:
        """Let the drawing threads go."""
        self.drawing.close()


def open_loops(
    database: Database, clock: Clock, neighbours: Neighbours, assistant: Assistant | None = None
) -> LoopArea:
    """Make the services of loops. Without an assistant everything works by the rules."""
    rules = loop_rules()
    store = LoopStore(
        database,
        clock,
        rules,
        neighbours.bounces,
        neighbours.phases,
        neighbours.zones,
        neighbours.servers,
        agreements=neighbours.agreements,
    )
    loops = LoopService(store, neighbours.profiles, neighbours.zones)
    readings = ReadingService(store, ShippedBank(), assistant)
    return LoopArea(
        rules=rules,
        store=store,
        loops=loops,
        clips=ClipService(store),
        readings=readings,
        exports=ExportService(store, readings),
        transfer=TransferService(store, loops),
        drawing=Drawing(),
    )
