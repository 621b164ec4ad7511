"""What every use case of the coach begins with: a unit, the profile, the state, and the person's today."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Generic

from bot.actors import Actor, ActorKind, OwnerId
from bot.clock import Clock
from bot.coach.checkins import next_due, weekly_kinds
from bot.coach.content import BankTask, load_bank
from bot.coach.dates import at_local, local_date
from bot.coach.model import DmSettings, Profile, Role, State
from bot.coach.ports import Sources
from bot.coach.rules import CoachRules, coach_rules
from bot.errors import Refused
from bot.say.dates import monday_of
from bot.studio.model import Person, PersonSettings
from bot.studio.service import PERSON, StudioService
from storage.repositories.coach import CoachProfileRepository, CoachStateRepository
from storage.repositories.studio import PersonRepository, SettingsRepository
from storage.unit import Database, Reading, Unit, UnitT

SEEN_AGAIN = timedelta(minutes=10)
SEEN_WEEKS = 30
"""More than the history that a week is adapted to."""


@dataclass(slots=True)
class Sitting(Generic[UnitT]):
    """One use case under way."""

    unit: UnitT
    profile: Profile
    state: State
    settings: PersonSettings

    @property
    def now(self) -> datetime:
        return self.unit.now

    @property
    def zone(self) -> str:
        return self.profile.timezone

    @property
    def today(self) -> date:
        return local_date(self.unit.now, self.profile.timezone)

    @property
    def monday(self) -> date:
        return monday_of(self.today)

    async def save_profile(self: "Sitting[Unit]", profile: Profile) -> Profile:
        self.profile = await self.unit.repo(CoachProfileRepository).save(profile)
        return self.profile

    async def save_state(self: "Sitting[Unit]", state: State) -> State:
        self.state = await self.unit.repo(CoachStateRepository).save(state)
        return self.state


class Desk:
    """Opens sittings. Shared by the coach's services; holds no state of anybody."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sources: Sources | None = None,
        bank: Callable[[Role], Sequence[BankTask]] = load_bank,
        rules: CoachRules | None = None,
        studio: StudioService | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.sources = sources or Sources()
        self.bank = bank
        self.rules = rules or coach_rules()
        self._studio = studio or StudioService(database, clock)

    @asynccontextmanager
    async def write(self, actor: Actor, owner: OwnerId, operation: str) -> AsyncIterator[Sitting[Unit]]:
        """Open a writing sitting. A person's own act counts as being seen. Raises Refused("coach_start_first")."""
        async with self.database.write(actor, owner, f"coach.{operation}") as unit:
            sitting = await self.sit(unit)
            if actor.kind is ActorKind.USER:
                await note_seen(sitting, self.rules)
            yield sitting

    @asynccontextmanager
    async def read(self, owner: OwnerId) -> AsyncIterator[Sitting[Reading]]:
        async with self.database.read(owner) as unit:
            yield await self.sit(unit)

    async def save_person(self, unit: Unit, owner: OwnerId, **values: object) -> PersonSettings:
        """Change the person's own settings in an open unit, by their one owner, who tells all who follow them."""
        with self.database.joined(unit):
            return (await self._studio.save_person(unit.actor, owner, **values)).settings

    async def change_person(self, sitting: Sitting[Unit], **values: object) -> None:
        """Change the person's own settings, and sit with what they are now."""
        sitting.settings = await self.save_person(sitting.unit, sitting.profile.user_id, **values)
        person = await sitting.unit.repo(PersonRepository).get()
        sitting.profile = overlaid(sitting.profile, sitting.settings, person, sitting.now)
        # Whoever listens may have set this person's next times already.
        sitting.state = await sitting.unit.repo(CoachStateRepository).get() or sitting.state

    async def sit(self, unit: UnitT) -> Sitting[UnitT]:
        profile = await unit.repo(CoachProfileRepository).get()
        if profile is None or profile.setup_step == 0:
            raise Refused("coach_start_first")
        state = await unit.repo(CoachStateRepository).get() or State(seen_at=unit.now)
        settings = await settings_of(unit)
        person = await unit.repo(PersonRepository).get()
        return Sitting(unit, overlaid(profile, settings, person, unit.now), state, settings)


async def settings_of(unit: Reading) -> PersonSettings:
    return PersonSettings.model_validate(await unit.repo(SettingsRepository).get(PERSON) or {})


def overlaid(profile: Profile, settings: PersonSettings, person: Person | None, now: datetime) -> Profile:
    """Return the profile with the settings that belong to the person everywhere: zone, quiet hours, messages, AI."""
    can_write = person is None or person.dm_closed_at is None or (person.dm_retry_at or now) <= now
    dm = DmSettings(
        checkins=settings.dm_checkins,
        quiet_from=settings.quiet_from,
        quiet_to=settings.quiet_until,
        energy=profile.preferences.dm.energy,
        available=can_write,
    )
    return replace(
        profile,
        timezone=settings.zone().key,
        ai_consent=settings.ai_consent,
        preferences=replace(profile.preferences, dm=dm),
    )


async def note_seen(sitting: Sitting[Unit], rules: CoachRules) -> None:
    """Remember that the person was here: restores messages that had stopped by themselves."""
    state, monday = sitting.state, sitting.monday
    known = monday in state.seen_weeks and not state.dms_stopped
    if not known or sitting.now - state.seen_at >= SEEN_AGAIN:
        weeks = tuple(sorted({*state.seen_weeks, monday}))[-SEEN_WEEKS:]
        await sitting.save_state(replace(state, seen_at=sitting.now, seen_weeks=weeks, dms_stopped=False))
    await keep_schedule(sitting, rules)


async def keep_schedule(sitting: Sitting[Unit], rules: CoachRules) -> None:
    """Set when the next check-in and the next closing are due, where pace, zone or settings changed since."""
    state, settings = sitting.state, sitting.settings
    pacing = sitting.profile.preferences.pacing
    kinds = weekly_kinds(pacing, settings.dm_digests) if settings.dm_checkins else ()
    moved = state.timezone != sitting.zone
    if not moved and state.kinds == kinds and state.next_close_at is not None:
        return
    coming = next_due(kinds, sitting.now, sitting.zone, rules.windows)
    await sitting.save_state(
        replace(
            state,
            timezone=sitting.zone,
            kinds=kinds,
            next_kind=coming[1] if coming else None,
            next_checkin_at=coming[0] if coming else None,
            next_close_at=next_close(sitting.zone, sitting.now),
        )
    )


def next_close(zone: str, now: datetime) -> datetime:
    """Return the coming Monday 00:00 on the person's clock."""
    monday = monday_of(local_date(now, zone)) + timedelta(days=7)
    return at_local(monday, time(), zone)
