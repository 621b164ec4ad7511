"""Digests: service, weekly slots, what the outbox sends of them, servers' digests."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bot.actors import Actor
from bot.bounces.trouble import CannotMeasure
from bot.clock import Clock
from bot.coach.model import WeekState
from bot.coach.service import CoachService
from bot.digest.model import Energy
from bot.digest.ports import Waveforms
from bot.digest.schedule import Window
from bot.digest.sending import DIGEST, PUBLIC, QUIET, DigestSlots
from bot.digest.server import SERVER, ServerDigests, ServerPlan
from bot.digest.service import DigestService, Shown
from bot.engine import Engine
from bot.errors import BotError
from bot.loops.area import LoopArea
from bot.outbox import InboxText, Outbox
from bot.outbox_model import Delivery
from bot.phases.service import PhaseService
from bot.ports import OutMessage
from bot.releases.service import ReleaseService
from bot.studio.service import StudioService
from bot.ui.bounce_cards import say_in
from bot.ui.strings import Catalogue, Finished, Words
from bot.wiring.bounces import WiredBounces
from bot.wiring.quiet import StudioQuiet
from bot.wiring.week_sources import BounceWeek, CoachWeek, LoopWeek, MissionWeek, PhaseWeek, ReleaseWeek
from cogs.digest_cards import public_card, quiet_card, server_card, stored_card
from storage.repositories.coach import CoachProfileRepository
from storage.repositories.coach_notes import CoachCheckinRepository
from storage.repositories.coach_weeks import CoachWeekRepository
from storage.repositories.studio import InboxRepository
from storage.unit import Database, Unit


class House(Protocol):
    """What this area needs of the application's services."""

    database: Database
    clock: Clock
    engine: Engine
    outbox: Outbox
    studio: StudioService
    catalogue: Catalogue
    loops: LoopArea
    releases: ReleaseService
    phases: PhaseService
    bounces: WiredBounces
    coach: CoachService


class DrawnWaveforms:
    """Draws the waveform of a bounce; none where it, or what was measured of it, is gone."""

    def __init__(self, bounces: WiredBounces, words: Words) -> None:
        self._bounces = bounces
        self._words = words

    async def picture(self, owner: int, source: str) -> bytes | None:
        try:
            bounce = await self._bounces.service.get(owner, source)
            return (await self._bounces.pictures.waveform(bounce, say_in(self._words))).png
        except (BotError, CannotMeasure):
            return None


class CoachPlanner:
    """What the digest's buttons ask of the coach: always the week after this one."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def plan_next_week(self, actor: Actor, owner: int) -> None:
        await self._house.coach.weeks.plan(actor, owner, await self._next_monday(owner))

    async def lighter_week(self, actor: Actor, owner: int) -> None:
        monday = await self._next_monday(owner)
        await self._house.coach.weeks.plan(actor, owner, monday)
        await self._house.coach.weeks.lighter(actor, owner, monday)

    async def _next_monday(self, owner: int) -> date:
        today = self._house.clock.now().astimezone(await self._house.studio.zone(owner)).date()
        return today + timedelta(days=7 - today.weekday())


def wire_digest(house: House) -> "tuple[DigestService, ServerDigests, DigestMessages]":
    """Make the services and make their slots and deliveries known."""
    words = Finished(house.catalogue.words("en"))
    person = DigestPerson(house)
    sources = (
        BounceWeek(house.database),
        LoopWeek(house.database, house.loops, words),
        CoachWeek(house.database),
        ReleaseWeek(house.releases, words),
        PhaseWeek(house.database, house.phases),
        MissionWeek(house.database),
    )
    service = DigestService(house.database, house.clock, person, sources, CoachPlanner(house))
    servers = ServerDigests(house.database, service, StudioServers(house.studio))
    slots = DigestSlots(house.database, house.clock, service, servers)
    house.engine.register(slots)
    waveforms = DrawnWaveforms(house.bounces, house.catalogue.words(None))
    messages = DigestMessages(house, service, waveforms)
    house.outbox.register(DIGEST, messages.digest, hold=slots.hold, on_sent=slots.sent, inbox=messages.inbox)
    house.outbox.register(QUIET, messages.quiet, hold=slots.hold)
    house.outbox.register(PUBLIC, messages.public, on_refused=messages.refused)
    house.outbox.register(SERVER, messages.server)
    return service, servers, messages


class DigestPerson:
    """What digests ask of a person's settings and of the coach."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._quiet = StudioQuiet(house.studio)

    async def zone(self, user_id: int) -> ZoneInfo:
        return await self._house.studio.zone(user_id)

    async def words(self, user_id: int) -> Finished:
        person = await self._house.studio.person(user_id)
        return Finished(self._house.catalogue.words(person.locale if person else "en"))

    async def name(self, user_id: int) -> str:
        person = await self._house.studio.person(user_id)
        return person.name if person else "Somebody"

    async def wants_digests(self, user_id: int) -> bool:
        return (await self._house.studio.person_settings(user_id)).dm_digests

    async def silenced(self, user_id: int, now: datetime) -> str | None:
        settings = await self._house.studio.person_settings(user_id)
        if settings.silent_until is not None and now < settings.silent_until:
            return "paused"
        person = await self._house.studio.person(user_id)
        if person is not None and person.dm_closed_at is not None and (person.dm_retry_at or now) > now:
            return "dm_closed"
        zone = await self.zone(user_id)
        today = now.astimezone(zone).date()
        async with self._house.database.read(user_id) as unit:
            profile = await unit.repo(CoachProfileRepository).get()
            monday = today.fromordinal(today.toordinal() - today.weekday())
            week = await unit.repo(CoachWeekRepository).of(monday)
        if profile is not None and profile.paused_until is not None and today < profile.paused_until:
            return "paused"
        return "rest" if week is not None and week.state is WeekState.REST else None

    async def open_at(self, user_id: int, now: datetime) -> datetime | None:
        return await self._quiet.open_at(user_id, now)

    async def pace(self, user_id: int) -> str:
        async with self._house.database.read(user_id) as unit:
            profile = await unit.repo(CoachProfileRepository).get()
        return str(profile.preferences.pacing) if profile else "moderate"

    async def tells_energy(self, user_id: int) -> bool:
        async with self._house.database.read(user_id) as unit:
            profile = await unit.repo(CoachProfileRepository).get()
        return profile is not None and profile.preferences.dm.energy

    async def energy(self, user_id: int, window: Window) -> Energy | None:
        if not await self.tells_energy(user_id):
            return None
        async with self._house.database.read(user_id) as unit:
            checkins = await unit.repo(CoachCheckinRepository).since(window.after)
        told = [each.energy for each in checkins if each.energy is not None and each.due_at <= window.until]
        return Energy(float(median(told)), len(told)) if told else None


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


class DigestMessages:
    """Renders what the outbox sends of digests, from what is stored."""

    def __init__(self, house: House, service: DigestService, waveforms: Waveforms) -> None:
        self._house = house
        self._service = service
        self._waveforms = waveforms

    async def digest(self, delivery: Delivery) -> OutMessage | None:
        payload: Any = delivery.payload
        shown = await self._service.peek(delivery.owner, payload["digest"])
        if shown is None:
            return None
        words = await self._words(delivery.owner)
        picture = await self.waveform(delivery.owner, shown)
        card = stored_card(
            shown,
            words,
            delivery.owner,
            picture,
            late=payload["late"],
            can_plan=self._service.can_plan,
            offer=await self._house.phases.open_offer(delivery.owner),
            energy=await self._service.energy(delivery.owner, shown),
            can_check_in=await self._checks_in(delivery.owner),
        )
        return OutMessage(card)

    async def _checks_in(self, owner: int) -> bool:
        """Say whether the Sunday digest is this person's check-in too: they turned check-ins on."""
        view = await self._house.coach.profiles.find(owner)
        return view is not None and view.settings.dm_checkins

    async def inbox(self, delivery: Delivery) -> InboxText | None:
        payload: Any = delivery.payload
        shown = await self._service.peek(delivery.owner, payload["digest"])
        return InboxText(shown.card.title, shown.card.lead) if shown else None

    async def quiet(self, delivery: Delivery) -> OutMessage | None:
        return OutMessage(quiet_card(await self._words(delivery.owner), delivery.owner))

    async def public(self, delivery: Delivery) -> OutMessage | None:
        payload: Any = delivery.payload
        shown = await self._service.peek(delivery.owner, payload["digest"])
        if shown is None or shown.public_card is None:
            return None
        return OutMessage(public_card(shown.public_card, self._house.catalogue.words("en"), delivery.owner))

    async def refused(self, unit: Unit, delivery: Delivery) -> None:
        """Tell the owner, once and in private, that a channel does not take the copy any more."""
        words = await self._words(delivery.owner)
        title, body = words("digest.refused.title").plain, words("digest.refused.body").plain
        await unit.repo(InboxRepository).add_once(PUBLIC, title, body)

    async def server(self, delivery: Delivery) -> OutMessage | None:
        payload: Any = delivery.payload
        lines = [(name, what) for name, what in payload["lines"]]
        most = self._service.rules.server_people
        return OutMessage(server_card(payload["week"], lines, most, self._house.catalogue.words("en")))

    async def waveform(self, owner: int, shown: Shown) -> bytes | None:
        image = shown.card.image
        return await self._waveforms.picture(owner, image.source) if image and image.source else None

    async def _words(self, owner: int) -> Words:
        person = await self._house.studio.person(owner)
        return self._house.catalogue.words(person.locale if person else "en")
