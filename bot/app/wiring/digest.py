"""Digests: service, weekly slots, what the outbox sends of them, servers' digests."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from bot.actors import Actor, GuildId
from bot.bounces.area import BounceArea
from bot.bounces.read import BounceReads
from bot.bounces.week import BounceWeek
from bot.clients.assigning import AssignmentService
from bot.clients.service import ClientService
from bot.clock import Clock
from bot.coach.digest_week import CoachWeek
from bot.coach.read import CoachReads
from bot.coach.service import CoachService
from bot.digest.messages import DigestMessages
from bot.digest.model import Energy
from bot.digest.schedule import Window
from bot.digest.sending import DIGEST, PUBLIC, QUIET, DigestSlots
from bot.digest.server import SERVER, ServerDigests, ServerPlan
from bot.digest.service import DigestService
from bot.loops.area import LoopArea
from bot.loops.read import LoopReads
from bot.loops.week import LoopWeek
from bot.missions.week import MissionWeek
from bot.phases.cards import offer_rows
from bot.phases.service import PhaseService
from bot.phases.week import PhaseWeek
from bot.releases.service import ReleaseService
from bot.releases.week import ReleaseWeek
from bot.say.card import Row
from bot.say.dates import monday_of
from bot.say.words import Catalogue, Finished, Words
from bot.services import Foundation
from bot.studio.quiet import StudioQuiet
from bot.studio.service import StudioService


class CoachPlanner:
    """What the digest's buttons ask of the coach: always the week after this one."""

    def __init__(self, coach: CoachService, studio: StudioService, clock: Clock) -> None:
        self._coach, self._studio, self._clock = coach, studio, clock

    async def plan_next_week(self, actor: Actor, owner: int) -> None:
        await self._coach.weeks.plan(actor, owner, await self._next_monday(owner))

    async def lighter_week(self, actor: Actor, owner: int) -> None:
        monday = await self._next_monday(owner)
        await self._coach.weeks.plan(actor, owner, monday)
        await self._coach.weeks.lighter(actor, owner, monday)

    async def _next_monday(self, owner: int) -> date:
        today = self._clock.now().astimezone(await self._studio.zone(owner)).date()
        return monday_of(today) + timedelta(days=7)


def wire_digest(
    on: Foundation,
    loops: LoopArea,
    releases: ReleaseService,
    phases: PhaseService,
    bounces: BounceArea,
    coach: CoachService,
    clients: ClientService,
    work: AssignmentService,
) -> tuple[DigestService, ServerDigests, DigestMessages]:
    """Make the services and make their slots and deliveries known."""
    words = Finished(on.catalogue.words("en"))
    person = DigestPerson(CoachReads(on.database), on.studio, on.catalogue)
    loop_week, release_week = LoopWeek(on.database, loops, words), ReleaseWeek(on.database, releases, words)
    sources = (
        BounceWeek(on.database, LoopReads(on.database)),
        loop_week,
        CoachWeek(on.database),
        release_week,
        PhaseWeek(on.database, phases, BounceReads(on.database)),
        MissionWeek(on.database),
    )
    service = DigestService(on.database, on.clock, person, sources, CoachPlanner(coach, on.studio, on.clock))
    known = StudioClients(clients, work)
    servers = ServerDigests(
        on.database, service, StudioServers(on.studio), on.outbox.may_speak, (loop_week, release_week), known
    )
    slots = DigestSlots(on.database, on.clock, service, servers)
    on.engine.register(slots)
    messages = DigestMessages(service, bounces.messages, on.studio, on.catalogue, OfferedPhases(phases), coach.profiles)
    on.outbox.register(DIGEST, messages.digest, hold=slots.hold, on_sent=slots.sent, inbox=messages.inbox)
    on.outbox.register(QUIET, messages.quiet, hold=slots.hold)
    on.outbox.register(PUBLIC, messages.public, on_refused=messages.refused)
    on.outbox.register(SERVER, messages.server)
    on.studio.listen(service.person_changed)
    on.studio.listen_to_servers(servers.server_changed)
    return service, servers, messages


class DigestPerson:
    """What digests ask of a person's settings and of the coach."""

    def __init__(self, coach: CoachReads, studio: StudioService, catalogue: Catalogue) -> None:
        self._coach, self._studio, self._catalogue = coach, studio, catalogue
        self._quiet = StudioQuiet(studio)

    async def zone(self, user_id: int) -> ZoneInfo:
        return await self._studio.zone(user_id)

    async def words(self, user_id: int) -> Finished:
        return Finished(self._catalogue.words(await self._studio.language(user_id)))

    async def name(self, user_id: int) -> str:
        person = await self._studio.person(user_id)
        return person.name if person else "Somebody"

    async def wants_digests(self, user_id: int) -> bool:
        return (await self._studio.person_settings(user_id)).dm_digests

    async def silenced(self, user_id: int, now: datetime) -> str | None:
        settings = await self._studio.person_settings(user_id)
        if settings.silent_until is not None and now < settings.silent_until:
            return "paused"
        person = await self._studio.person(user_id)
        if person is not None and person.dm_closed_at is not None and (person.dm_retry_at or now) > now:
            return "dm_closed"
        return await self._coach.rests(user_id, now.astimezone(await self.zone(user_id)).date())

    async def open_at(self, user_id: int, now: datetime) -> datetime | None:
        return await self._quiet.open_at(user_id, now)

    async def pace(self, user_id: int) -> str:
        known = await self._coach.role_and_pace(user_id)
        return known[1] if known else "moderate"

    async def tells_energy(self, user_id: int) -> bool:
        return await self._coach.tells_energy(user_id)

    async def energy(self, user_id: int, window: Window) -> Energy | None:
        told = await self._coach.energies(user_id, window.after, window.until)
        return Energy(float(median(told)), len(told)) if told else None


class StudioClients:
    """Whom a server works for, and who does what."""

    def __init__(self, clients: ClientService, work: AssignmentService) -> None:
        self._clients, self._work = clients, work

    async def names(self, server: int) -> Mapping[str, str]:
        return {client.id: client.name for client in await self._clients.listed(GuildId(server))}

    async def doers(self, server: int, refs: Sequence[str]) -> Mapping[str, Sequence[str]]:
        return await self._work.doers(GuildId(server), refs)


class OfferedPhases:
    """The answers to an offered change of phase, for the digest's card."""

    def __init__(self, phases: PhaseService) -> None:
        self._phases = phases

    async def offer_rows(self, owner: int, words: Words) -> Sequence[Row]:
        return offer_rows(await self._phases.open_offer(owner), words, owner)


class StudioServers:
    """When servers post their digest, from their settings."""

    def __init__(self, studio: StudioService) -> None:
        self._studio = studio

    async def plans(self) -> Sequence[ServerPlan]:
        return [plan for guild in await self._studio.guilds() if (plan := await self.plan(guild.id)) is not None]

    async def plan(self, guild_id: int) -> ServerPlan | None:
        settings = await self._studio.guild_settings(guild_id)
        channel = settings.digest_channel if settings.server_digest else None
        zone = ZoneInfo(settings.timezone or "UTC")
        return ServerPlan(guild_id, channel, zone, settings.digest_day, settings.digest_hour)
