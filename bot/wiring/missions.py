"""Missions and the AI: services, the kinds of slots, and what the outbox renders of them."""

from typing import Protocol
from zoneinfo import ZoneInfo

from bot.ai.model import Assistant
from bot.bounces.model import Bounce
from bot.clock import Clock
from bot.coach.service import CoachService
from bot.digest.service import DigestService
from bot.engine import Engine
from bot.lifecycle import Supervisor
from bot.loops.area import LoopArea
from bot.metrics import Metrics
from bot.missions.area import MissionArea
from bot.missions.cadence import Event
from bot.missions.decisions import Decisions, ExpirySlots, StepSlots
from bot.missions.desk import HEADER_CARD, NOTICE_CARD, STEP_CARD
from bot.missions.inputs import InputSource
from bot.missions.overdue import GoalOverdueSlots
from bot.missions.own_tools import MESSAGE_CARD, OwnTools
from bot.missions.ports import Presser
from bot.missions.redraws import RedrawSlots
from bot.missions.runs import MissionRuns, ResumeSlots
from bot.missions.service import MissionService
from bot.missions.tools import Catalogue
from bot.outbox import Outbox
from bot.phases.model import Phase
from bot.phases.service import PhaseService
from bot.releases.service import ReleaseService
from bot.studio.service import Standing, StudioService
from bot.ui.strings import Catalogue as Strings
from bot.ui.strings import Finished
from bot.undo import ChangeService
from bot.wiring.bounces import WiredBounces
from bot.wiring.mission_bounces import BouncesInput, BounceTools
from bot.wiring.mission_coach import CoachTools, GoalsInput, WeekInput
from bot.wiring.mission_loops import LoopInput, LoopTools
from bot.wiring.mission_posts import MissionPosts
from bot.wiring.mission_releases import PhaseInput, ReleaseInput, ReleaseTools
from storage.unit import Database


class House(Protocol):
    """What this area needs of the application's services."""

    database: Database
    clock: Clock
    engine: Engine
    outbox: Outbox
    studio: StudioService
    changes: ChangeService
    catalogue: Strings
    metrics: Metrics
    loops: LoopArea
    bounces: WiredBounces
    coach: CoachService
    releases: ReleaseService
    phases: PhaseService
    digests: DigestService


def wire_missions(house: House, assistant: Assistant) -> MissionArea:
    """Make the services and make their slots and deliveries known."""
    catalogue = Catalogue()
    people, counts = StudioPeople(house.studio), MissionCounts(house.metrics)
    say = Finished(house.catalogue.words("en"))
    bounces = house.bounces.service
    LoopTools(house.loops, say).add_to(catalogue)
    BounceTools(bounces).add_to(catalogue)
    CoachTools(house.coach, people).add_to(catalogue)
    ReleaseTools(house.releases, house.phases, house.digests).add_to(catalogue)
    OwnTools(house.database).add_to(catalogue)
    sources: list[InputSource] = [
        LoopInput(house.loops, say),
        ReleaseInput(house.releases, say),
        WeekInput(house.coach, say),
        GoalsInput(house.coach, say),
        BouncesInput(bounces, say),
        PhaseInput(house.phases, say),
    ]
    database, clock = house.database, house.clock
    service = MissionService(database, catalogue, sources, people)
    decisions = Decisions(database, clock, catalogue, people, house.changes, counts)
    runs = MissionRuns(database, clock, catalogue, sources, people, assistant, say, counts)
    posts = MissionPosts(decisions, service, house.studio, house.catalogue)
    for kind in (
        runs,
        ExpirySlots(decisions),
        StepSlots(decisions),
        ResumeSlots(database, service.resume),
        RedrawSlots(database, posts.redraw),
        GoalOverdueSlots(database, clock, people.zone, service.happened),
    ):
        house.engine.register(kind)
    posts.sender = lambda: house.outbox.sender
    house.outbox.register(HEADER_CARD, posts.header, on_sent=posts.header_sent, inbox=posts.inbox)
    house.outbox.register(STEP_CARD, posts.step, on_sent=posts.step_sent, inbox=posts.inbox)
    house.outbox.register(NOTICE_CARD, posts.notice, inbox=posts.inbox)
    house.outbox.register(MESSAGE_CARD, posts.message, inbox=posts.inbox)
    return MissionArea(service, decisions, catalogue)


class Happenings:
    """Tells missions of new bounces and new phases."""

    def __init__(self, service: MissionService, supervisor: Supervisor, clock: Clock) -> None:
        self._service = service
        self._supervisor = supervisor
        self._clock = clock

    async def bounced(self, owner: int, bounce: Bounce) -> None:
        await self._service.happened(owner, Event.BOUNCE, bounce.loop_id or "", bounce.id)

    def phase_changed(self, owner: int, phase: Phase) -> None:
        key = f"{phase}:{self._clock.now():%Y%m%d%H%M%S}"
        self._supervisor.spawn("mission-phase", self._service.happened(owner, Event.PHASE, "", key))


class StudioPeople:
    """Zones and approvers, from the settings of people and servers."""

    def __init__(self, studio: StudioService) -> None:
        self._studio = studio

    async def zone(self, user_id: int, guild_id: int | None = None) -> ZoneInfo:
        return await self._studio.zone(user_id, guild_id)

    async def may_approve(self, who: Presser) -> bool:
        standing = Standing(who.user_id, who.guild_id, who.roles, who.can_manage_server)
        return await self._studio.is_approver(standing)


class MissionCounts:
    """Runs, steps and decisions in the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def mission_run(self, outcome: str, planner: str) -> None:
        self._metrics.mission_runs.labels(outcome, planner).inc()

    def mission_step(self, tool: str, state: str) -> None:
        self._metrics.mission_steps.labels(tool, state).inc()

    def mission_decided(self, seconds: float) -> None:
        self._metrics.mission_decision_seconds.observe(seconds)
