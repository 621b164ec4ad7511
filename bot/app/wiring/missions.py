"""Missions and the AI: services, the kinds of slots, and what the outbox renders of them."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bot.ai.model import Assistant
from bot.app.wiring.ai import StudioAgreements
from bot.bounces.service import BounceService
from bot.bounces.tools import BouncesInput, BounceTools
from bot.coach.service import CoachService
from bot.coach.tools import CoachTools, GoalsInput, WeekInput
from bot.digest.service import DigestService
from bot.digest.tools import DigestTools
from bot.happened import BOUNCE_LOGGED, PHASE_ENTERED, Happening
from bot.loops.area import LoopArea
from bot.loops.tools import LoopInput, LoopTools
from bot.metrics import Metrics
from bot.missions.area import MissionArea
from bot.missions.cadence import Event
from bot.missions.client_side import CLIENT_CARD, QUESTION_CARD, ClientSide, ClientSlots
from bot.missions.decisions import Decisions, ExpirySlots, StepSlots
from bot.missions.desk import HEADER_CARD, NOTICE_CARD, STEP_CARD
from bot.missions.inputs import InputSource
from bot.missions.messages import ClientPosts, MissionPosts
from bot.missions.model import Mission
from bot.missions.overdue import GoalOverdueSlots
from bot.missions.own_tools import MESSAGE_CARD, OwnTools
from bot.missions.planner import sends
from bot.missions.ports import Presser
from bot.missions.quorum import APPROVER, CLIENT, LEAD, MEMBER, OWNER, PERSON, ROLE
from bot.missions.runs import MissionRuns, ResumeSlots, ZoneSlots
from bot.missions.service import MissionService
from bot.missions.tools import Catalogue
from bot.phases.service import PhaseService
from bot.phases.tools import PhaseInput, PhaseTools
from bot.releases.service import ReleaseService
from bot.releases.tools import ReleaseInput, ReleaseTools
from bot.say.words import Finished
from bot.services import Foundation
from bot.slots import Slot
from bot.studio.roles import Role
from bot.studio.service import Standing, StudioService


def wire_missions(
    on: Foundation,
    loops: LoopArea,
    bounces: BounceService,
    coach: CoachService,
    releases: ReleaseService,
    phases: PhaseService,
    digests: DigestService,
    assistant: Assistant,
) -> MissionArea:
    """Make the services and make their slots and deliveries known."""
    catalogue = Catalogue()
    agreements = StudioAgreements(on.studio)
    people, counts = StudioPeople(on.studio), MissionCounts(on.metrics)
    say = Finished(on.catalogue.words("en"))
    LoopTools(loops, say).add_to(catalogue)
    BounceTools(bounces).add_to(catalogue)
    CoachTools(coach, people).add_to(catalogue)
    ReleaseTools(releases).add_to(catalogue)
    PhaseTools(phases).add_to(catalogue)
    DigestTools(digests).add_to(catalogue)
    OwnTools(on.database).add_to(catalogue)
    sources: list[InputSource] = [
        LoopInput(loops, say),
        ReleaseInput(releases, say, agreements),
        WeekInput(coach, say),
        GoalsInput(coach, say),
        BouncesInput(bounces, say),
        PhaseInput(phases, say),
    ]
    database, clock = on.database, on.clock
    service = MissionService(database, catalogue, sources, people)
    decisions = Decisions(database, clock, catalogue, people, on.changes, counts)
    side = ClientSide(database, decisions, people)
    runs = MissionRuns(database, clock, catalogue, sources, people, assistant, say, counts, agreements=agreements)
    posts = MissionPosts(decisions, service, on.studio, on.catalogue)
    client_posts = ClientPosts(side, decisions, on.studio, on.catalogue)
    for kind in (
        runs,
        ExpirySlots(decisions),
        StepSlots(decisions),
        ClientSlots(database, decisions, people),
        ResumeSlots(database, service.resume),
        ZoneSlots(database, service.follow_zone),
        GoalOverdueSlots(database, clock, people.zone, service.happened),
    ):
        on.engine.register(kind)
    on.studio.listen(service.follow_zone)
    on.studio.listen_to_servers(service.server_changed)
    on.posted.register(STEP_CARD, posts.draw_step)
    on.posted.register(HEADER_CARD, posts.draw_run)
    on.outbox.register(HEADER_CARD, posts.header, on_sent=posts.header_sent, inbox=posts.inbox)
    on.outbox.register(STEP_CARD, posts.step, on_sent=posts.step_sent, inbox=posts.inbox)
    on.outbox.register(NOTICE_CARD, posts.notice, inbox=posts.inbox)
    on.outbox.register(MESSAGE_CARD, posts.message, inbox=posts.inbox)
    on.posted.register(CLIENT_CARD, client_posts.draw)
    on.outbox.register(
        CLIENT_CARD,
        client_posts.render,
        on_sent=client_posts.sent,
        hold=client_posts.hold,
        inbox=client_posts.inbox,
    )
    on.outbox.register(QUESTION_CARD, client_posts.question)
    return MissionArea(service, decisions, side, catalogue, sends(sources))


def wire_happenings(on: Foundation, missions: MissionService, phases: PhaseService) -> None:
    """Let missions and phases act on new bounces and new phases."""

    async def bounced(slot: Slot) -> None:
        await missions.happened(slot.owner or 0, Event.BOUNCE, str(slot.payload["loop"] or ""), slot.subject_id)

    async def offer(slot: Slot) -> None:
        await phases.look(slot.owner or 0)

    async def entered(slot: Slot) -> None:
        await missions.happened(slot.owner or 0, Event.PHASE, "", slot.subject_id)

    on.engine.register(Happening(BOUNCE_LOGGED, offer, bounced))
    on.engine.register(Happening(PHASE_ENTERED, entered))


class StudioPeople:
    """Zones, roles and clients, from the settings of people and servers."""

    def __init__(self, studio: StudioService) -> None:
        self._studio = studio

    async def zone(self, user_id: int, guild_id: int | None = None) -> ZoneInfo:
        return await self._studio.zone(user_id, guild_id)

    async def is_server(self, owner: int) -> bool:
        return await self._studio.is_server(owner)

    async def fits(self, who: Presser, mission: Mission) -> frozenset[str]:
        """Return what somebody can fill of a quorum: by their role in the server, and as the client's person."""
        is_studio = await self._studio.is_server(mission.owner_id)
        home = mission.owner_id if is_studio else mission.guild_id
        found = {OWNER, APPROVER, f"{PERSON}{who.user_id}"} if who.user_id == mission.owner_id else set[str]()
        if home is None:
            return frozenset(found)
        if mission.client_id is not None and who.user_id in await self.approving(home, mission.client_id):
            found.add(CLIENT)
        if who.guild_id != home or not who.is_there:
            return frozenset(found)
        standing = Standing(who.user_id, home, who.roles, who.can_manage_server, who.is_there)
        role = await self._studio.role(standing)
        if role is Role.CLIENT:
            # Who comes from a client's side decides for the client and nothing else, whatever roles they hold.
            return frozenset(found)
        found |= {f"{ROLE}{one}" for one in who.roles} | {f"{PERSON}{who.user_id}"}
        if await self._studio.is_approver(standing):
            found.add(APPROVER)
        if role in (Role.LEAD, Role.MEMBER):
            found.add(MEMBER)
        if role is Role.LEAD:
            # What is the studio's its leads look after as somebody looks after what is theirs.
            found |= {LEAD, APPROVER, OWNER} if is_studio else {LEAD}
        return frozenset(found)

    async def approving(self, owner: int, client_id: str) -> Sequence[int]:
        return await self._studio.clients.approving_of(owner, client_id)

    async def clients_of(self, user_id: int) -> Sequence[tuple[int, str]]:
        return await self._studio.clients.approves_for(user_id)

    async def client_name(self, owner: int, client_id: str) -> str:
        return await self._studio.clients.name_as_house(owner, client_id)

    async def studio_name(self, owner: int) -> str:
        return await self._studio.server_name(owner)


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
