"""Use cases of the profile: the quick start, preferences, messages on and off, the quiet time after a crisis match."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.actors import Actor, OwnerId
from bot.coach.checkins import occurrence_key
from bot.coach.dates import local_date
from bot.coach.model import (
    CheckinKind,
    Experience,
    FocusArea,
    GoalStatus,
    Pacing,
    Preferences,
    Profile,
    Role,
    State,
    Style,
)
from bot.coach.safety import is_crisis
from bot.coach.seats import areas_of
from bot.coach.service.desk import Desk, Sitting, keep_schedule, note_seen, overlaid, settings_of
from bot.coach.service.weeks import CrisisFound
from bot.errors import Refused
from bot.ids import uuid7
from bot.slots import SlotDraft
from bot.studio.model import PersonSettings, known_zones
from storage.repositories.coach import CoachProfileRepository, CoachStateRepository
from storage.repositories.coach_goals import CoachGoalRepository
from storage.repositories.coach_weeks import CoachWeekRepository
from storage.repositories.studio import PersonRepository
from storage.unit import Reading, Unit

GENRE_MAX = 60
HOURS = (1.0, 60.0)
LAST_STEP = 8


@dataclass(frozen=True, slots=True)
class ProfileView:
    """The profile and how far the quick start is: real steps only."""

    profile: Profile
    state: State
    settings: PersonSettings
    has_goal: bool
    has_week: bool

    @property
    def steps_done(self) -> int:
        """Steps that are really done, of eight: the seven of the start and the first goal."""
        return min(max(self.profile.setup_step, 0), 6) + int(self.has_goal) + int(self.settings.dm_checkins)


@dataclass(frozen=True, slots=True)
class ProfileChanges:
    """What a form hands in; None leaves as it is."""

    role: Role | None = None
    experience: Experience | None = None
    genre: str | None = None
    pacing: Pacing | None = None
    style: Style | None = None
    focus_areas: Sequence[FocusArea] | None = None
    hours: float | None = None
    rest_days: frozenset[int] | None = None
    energy: bool | None = None
    show_runs: bool | None = None
    send_reflections_to_ai: bool | None = None
    timezone: str | None = None
    setup_step: int | None = None


class ProfileService:
    """One door for the profile."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def wants_checkins(self, user_id: int) -> bool:
        """Say whether this person turned check-ins on."""
        view = await self.find(user_id)
        return view is not None and view.settings.dm_checkins

    async def find(self, owner: OwnerId) -> ProfileView | None:
        """Return the profile, None before the first question is answered."""
        async with self._desk.database.read(owner) as unit:
            return await self._view(unit)

    async def seen(self, actor: Actor, owner: OwnerId) -> ProfileView | None:
        """Note that the person used the coach; any command restores messages that had stopped by themselves."""
        view = await self.find(owner)
        if view is None:
            return None
        async with self._desk.write(actor, owner, "seen") as sitting:
            return replace(view, state=sitting.state)

    async def start(self, actor: Actor, owner: OwnerId, role: Role, zone: str = "UTC") -> ProfileView:
        """Answer the first question: the role. Again, it changes the role and nothing else.

        Somebody without a time zone takes `zone`, the one of the server they start in, as their own: weeks, digests
        and reminders have to agree on what "Monday" is, in whichever server they are asked for.
        """
        async with self._desk.database.write(actor, owner, "coach.start") as unit:
            profiles = unit.repo(CoachProfileRepository)
            profile = await profiles.get()
            settings = await settings_of(unit)
            if profile is None:
                if settings.timezone is None and zone != "UTC":
                    settings = await self._desk.save_person(unit, owner, timezone=zone)
                pacing = Pacing.MODERATE
                profile = Profile(
                    id=uuid7(unit.now),
                    user_id=owner,
                    role=role,
                    experience=Experience.BEGINNER,
                    genre=None,
                    preferences=Preferences(
                        pacing=pacing,
                        focus_areas=areas_of(role),
                        time_commitment_hours=self._desk.rules.default_hours,
                    ),
                    timezone=settings.zone().key,
                    plan_size=self._desk.rules.paces[pacing].total,
                    ai_consent=False,
                    created_at=unit.now,
                    updated_at=unit.now,
                    setup_step=1,
                )
            elif profile.role is not role:
                chosen = replace(profile.preferences, focus_areas=areas_of(role))
                profile = replace(profile, role=role, preferences=chosen)
            profile = await profiles.save(profile)
            person = await unit.repo(PersonRepository).get()
            state = await unit.repo(CoachStateRepository).get() or State(seen_at=unit.now)
            sitting = Sitting(unit, overlaid(profile, settings, person, unit.now), state, settings)
            await note_seen(sitting, self._desk.rules)
            return await self._known(unit)

    async def change(self, actor: Actor, owner: OwnerId, changes: ProfileChanges) -> ProfileView:
        """Change what is given. A new pace also sets the plan's size: that is the person's own act."""
        if is_crisis(changes.genre or ""):
            raise CrisisFound
        async with self._desk.write(actor, owner, "profile") as sitting:
            profile = sitting.profile
            kept = profile.preferences
            if changes.genre is not None and len(changes.genre.strip()) > GENRE_MAX:
                raise Refused("coach_genre_long", max=GENRE_MAX)
            if changes.hours is not None and not HOURS[0] <= changes.hours <= HOURS[1]:
                raise Refused("coach_hours", low=HOURS[0], high=HOURS[1])
            role = changes.role or profile.role
            areas = tuple(changes.focus_areas) if changes.focus_areas is not None else kept.focus_areas
            allowed = (*areas_of(role), FocusArea.WELLBEING)
            pacing = changes.pacing or kept.pacing
            preferences = replace(
                kept,
                pacing=pacing,
                style=changes.style or kept.style,
                focus_areas=tuple(area for area in areas if area in allowed) or areas_of(role),
                time_commitment_hours=changes.hours or kept.time_commitment_hours,
                rest_days=kept.rest_days if changes.rest_days is None else changes.rest_days,
                dm=replace(kept.dm, energy=kept.dm.energy if changes.energy is None else changes.energy),
                show_runs=kept.show_runs if changes.show_runs is None else changes.show_runs,
                send_reflections_to_ai=(
                    kept.send_reflections_to_ai
                    if changes.send_reflections_to_ai is None
                    else changes.send_reflections_to_ai
                ),
            )
            size = self._desk.rules.paces[pacing].total if pacing is not kept.pacing else profile.plan_size
            step = max(profile.setup_step, changes.setup_step or 0)
            genre = profile.genre if changes.genre is None else " ".join(changes.genre.split()) or None
            changed = replace(
                profile,
                role=role,
                experience=changes.experience or profile.experience,
                genre=genre,
                preferences=preferences,
                plan_size=size,
                setup_step=step,
            )
            await sitting.save_profile(changed)
            if changes.timezone is not None:
                await self._move(sitting, changes.timezone)
            await keep_schedule(sitting, self._desk.rules)
            return await self._known(sitting.unit)

    async def checkins_on(self, actor: Actor, owner: OwnerId) -> bool:
        """Turn check-ins by direct message on and send the first, which answers this; False when they were on."""
        async with self._desk.write(actor, owner, "checkins_on") as sitting:
            if sitting.settings.dm_checkins:
                return False
            await self._desk.change_person(sitting, dm_checkins=True)
            await keep_schedule(sitting, self._desk.rules)
            key = occurrence_key(owner, CheckinKind.WELCOME, sitting.today)
            await sitting.unit.add_slots(
                [
                    SlotDraft(
                        f"{key}:{sitting.unit.group_id}",
                        "coach.checkin",
                        str(owner),
                        sitting.now,
                        owner=owner,
                        payload={"kind": str(CheckinKind.WELCOME)},
                    )
                ]
            )
            return True

    async def checkins_off(self, actor: Actor, owner: OwnerId) -> bool:
        async with self._desk.write(actor, owner, "checkins_off") as sitting:
            if not sitting.settings.dm_checkins:
                return False
            await self._desk.change_person(sitting, dm_checkins=False)
            await keep_schedule(sitting, self._desk.rules)
            return True

    async def sync(self, owner: OwnerId) -> None:
        """Take over changed settings (zone, messages); for whoever changes them elsewhere."""
        if await self.find(owner) is None:
            return
        async with self._desk.write(Actor.system("settings"), owner, "sync") as sitting:
            await keep_schedule(sitting, self._desk.rules)

    async def quiet(self, owner: OwnerId) -> datetime:
        """Keep everything quiet for a week, then send one gentle message. No reason is kept.

        Works without a profile: the person's settings alone silence every area.
        """
        days = timedelta(days=self._desk.rules.dm.quiet_days_after_crisis)
        async with self._desk.database.write(Actor.system("settings"), owner, "settings.person") as unit:
            until = unit.now + days
            settings = await settings_of(unit)
            silent = max(until, settings.silent_until or until)
            settings = await self._desk.save_person(unit, owner, silent_until=silent)
            states = unit.repo(CoachStateRepository)
            state = await states.get()
            if state is not None:
                await states.save(replace(state, quiet_until=until))
                if settings.dm_checkins:
                    day = local_date(until, state.timezone)
                    await unit.add_slots(
                        [
                            SlotDraft(
                                occurrence_key(owner, CheckinKind.RETURN, day),
                                "coach.checkin",
                                str(owner),
                                until,
                                owner=owner,
                                payload={"kind": str(CheckinKind.RETURN)},
                            )
                        ]
                    )
            return until

    async def dismiss_suggestion(self, actor: Actor, owner: OwnerId, key: str) -> None:
        async with self._desk.write(actor, owner, "dismiss_suggestion") as sitting:
            await sitting.save_state(replace(sitting.state, dismissed={**sitting.state.dismissed, key: sitting.now}))

    async def _move(self, sitting: Sitting[Unit], zone: str) -> None:
        if zone not in known_zones():
            raise Refused("coach_zone", typed=zone[:40])
        await self._desk.change_person(sitting, timezone=zone)

    async def _known(self, unit: Reading) -> ProfileView:
        found = await self._view(unit)
        if found is None:
            raise Refused("coach_start_first")
        return found

    async def _view(self, unit: Reading) -> ProfileView | None:
        profile = await unit.repo(CoachProfileRepository).get()
        if profile is None or profile.setup_step == 0:
            return None
        settings = await settings_of(unit)
        person = await unit.repo(PersonRepository).get()
        state = await unit.repo(CoachStateRepository).get() or State(seen_at=unit.now)
        return ProfileView(
            overlaid(profile, settings, person, unit.now),
            state,
            settings,
            has_goal=bool(await unit.repo(CoachGoalRepository).all(GoalStatus.ACTIVE)),
            has_week=bool(await unit.repo(CoachWeekRepository).newest(1)),
        )
