"""Release plans: one method a use case, one transaction each, over the release and its dated loop together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.actors import Actor
from bot.clock import Clock
from bot.errors import NotFound, Refused
from bot.loops.model import ClipKind, DatedClip, DatedLoop, Lane, Moved, Pace, Plan, Role, Source
from bot.ports import ProfileReader, ZoneReader
from bot.recurrence import Daily, next_fire, resolve
from bot.releases.calendar import calendar_file
from bot.releases.countdown import AHEAD_MOST_DAYS, PAST_MOST_DAYS, DateReading, finish_anchor, near_days, weigh_date
from bot.releases.facts import FactBook
from bot.releases.model import (
    Anchor,
    Condition,
    MissedWindow,
    Placement,
    Planned,
    Preset,
    PresetTask,
    Release,
    ReleaseId,
    ReleaseState,
)
from bot.releases.plan import closing_day, fit, lay_out, move
from bot.releases.ports import NoServers, Plans, Servers
from bot.releases.presets import PresetBook
from bot.releases.rules import release_rules
from bot.releases.view import ReleaseView, TaskView, state_on, view_of
from bot.say.words import Speaks
from storage.repositories.releases import ReleaseClockRepository, ReleaseRepository
from storage.repositories.studio import RequestRepository
from storage.unit import Database, Reading, Unit


@dataclass(frozen=True, slots=True)
class ReleaseDraft:
    """What the set-up asked. `foundations_done`: answers by task key; not answered means yes."""

    title: str
    anchor_date: date
    preset_key: str
    conditions: frozenset[Condition] = frozenset()
    foundations_done: Mapping[str, bool] = field(default_factory=dict)
    remind_deadlines: bool = False
    role: Role | None = None
    pace: Pace | None = None
    bounce_id: str | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """A release after a change; `group_id` is what Undo needs."""

    view: ReleaseView
    group_id: str


@dataclass(frozen=True, slots=True)
class Shift:
    """One task in the preview of a move: where it was, where it goes (None: its window is gone)."""

    title: str
    old_day: date
    new_day: date | None
    hard: bool
    tight: bool = False


@dataclass(frozen=True, slots=True)
class MovePreview:
    """What moving T does, before it is done."""

    release: Release
    new_date: date
    reading: DateReading
    shifts: tuple[Shift, ...]
    missed: tuple[PresetTask, ...]


@dataclass(frozen=True, slots=True)
class Here:
    """Where plans are at home: their owner's zone and local day, and whether the owner is a server."""

    zone: ZoneInfo
    today: date
    is_studios: bool
    clients: Mapping[str, str] = field(default_factory=dict)
    """What the server's clients are called, by their ids."""


class ReleaseService:
    """Everything that can be done with release plans."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        presets: PresetBook,
        facts: FactBook,
        zones: ZoneReader,
        profiles: ProfileReader,
        words: Speaks,
        loops: Plans,
        servers: Servers | None = None,
    ) -> None:
        """`servers`: without them every owner is a person."""
        self._database = database
        self._clock = clock
        self.presets = presets
        self.facts = facts
        self._zones = zones
        self._profiles = profiles
        self._words = words
        self._loops = loops
        self._servers = servers or NoServers()
        self.rules = release_rules()

    # ------------------------------------------------------------------ looking

    async def today(self, owner: int) -> date:
        """Return the local day of a person or a server."""
        return (await self._here(owner)).today

    async def owner_of(self, release_id: str) -> int | None:
        """Return whose plan it is. Whoever asks must then ask whether this person may see it."""
        async with self._database.system_read() as unit:
            return await unit.repo(ReleaseRepository).owner_of(release_id)

    async def all(self, owner: int, states: Sequence[ReleaseState] | None = None) -> list[ReleaseView]:
        """Return an owner's releases, the nearest date first; those without a loop any more are left out."""
        here = await self._here(owner)
        async with self._database.read(owner) as unit:
            return await self._views(unit, here, await unit.repo(ReleaseRepository).all(states))

    async def binned(self, owner: int) -> list[ReleaseView]:
        """Return what is in an owner's bin, the latest first; a plan whose loop is gone too is left out."""
        here = await self._here(owner)
        async with self._database.read(owner) as unit:
            return await self._views(unit, here, await unit.repo(ReleaseRepository).binned())

    async def show(self, owner: int, release_id: str) -> ReleaseView:
        """Return one release. Raises NotFound."""
        here = await self._here(owner)
        async with self._database.read(owner) as unit:
            return await self._view(unit, release_id, here)

    async def reminds_nowhere(self, owner: int) -> int:
        """Return how many plans of a server would be reminded of, had it chosen a channel for them; 0 of a person."""
        if not await self._servers.is_server(owner) or await self._servers.releases_channel(owner) is not None:
            return 0
        async with self._database.read(owner) as unit:
            plans = await unit.repo(ReleaseRepository).all([ReleaseState.PLANNED, ReleaseState.RELEASED])
        return sum(plan.remind_deadlines for plan in plans)

    async def missed_shown(self, owner: int, release_id: str) -> None:
        """Remember that the missed windows were listed; they are listed once."""
        async with self._database.write(Actor.system("release"), owner, "release.missed_shown") as unit:
            await unit.repo(ReleaseRepository).missed_shown(release_id)

    async def weigh(self, owner: int, day: date, preset_key: str, besides: str | None = None) -> DateReading:
        """Look at a chosen T. Raises Refused for one over 28 days past or over three years ahead, NotFound."""
        preset = self.presets.get(preset_key)
        here = await self._here(owner)
        async with self._database.read(owner) as unit:
            others = [
                (r.title, r.anchor_date)
                for r in await unit.repo(ReleaseRepository).all()
                if r.is_live and r.id != besides
            ]
        return self._weigh(day, here.today, preset, others)

    def _weigh(self, day: date, today: date, preset: Preset, others: Sequence[tuple[str, date]]) -> DateReading:
        if preset.anchor is Anchor.RELEASE:
            if (today - day).days > PAST_MOST_DAYS:
                raise Refused("release_past", day=day, most=PAST_MOST_DAYS)
            if (day - today).days > AHEAD_MOST_DAYS:
                raise Refused("release_far", day=day)
        holidays = self.facts.get("bank_holidays.uk")
        return weigh_date(day, today, preset, others, holidays.dates if holidays else (), self._bandcamp)

    def is_near_bandcamp_friday(self, day: date) -> bool:
        """Say whether a Bandcamp Friday of the operator's list is within 14 days."""
        return bool(near_days(day, self._bandcamp))

    @property
    def _bandcamp(self) -> tuple[date, ...]:
        fact = self.facts.get("bandcamp_friday.dates")
        return fact.dates if fact else ()

    # ------------------------------------------------------------------ making and changing

    async def create(self, actor: Actor, owner: int, draft: ReleaseDraft, key: str | None = None) -> Saved:
        """Make a release with its loop. `key`: the interaction, so that a repeat gives the first result.

        For a preset that ends by its length `anchor_date` is its first day. Raises Refused, NotFound.
        """
        preset = self.presets.get(draft.preset_key)
        title = " ".join(draft.title.split())
        if not 1 <= len(title) <= self.rules.title_most:
            raise Refused("release_title", typed=draft.title, most=self.rules.title_most)
        here = await self._here(owner)
        zone, today = here.zone, here.today
        anchor = draft.anchor_date
        if preset.anchor is Anchor.FINISH:
            if anchor < today:
                raise Refused("release_starts_past", day=anchor)
            anchor = finish_anchor(preset, anchor)
        self._weigh(anchor, today, preset, ())
        profile = await self._profiles.role_and_pace(owner)
        role = draft.role or Role(profile[0] if profile else Role(preset.role))
        pace = draft.pace or (Pace(profile[1]) if profile else Pace.MODERATE)
        layout = lay_out(preset, draft.conditions, (today - anchor).days, draft.foundations_done)
        async with self._database.write(actor, owner, "release.create") as unit:
            requests = unit.repo(RequestRepository)
            if key is not None and (known := await requests.result(key)) is not None:
                return Saved(await self._view(unit, str(known), here), unit.group_id)
            releases = unit.repo(ReleaseRepository)
            await self._check_room(unit, here)
            start, end = layout.span(anchor)
            plan = await self._loops.create(
                unit,
                DatedLoop(
                    title,
                    role,
                    pace,
                    str(zone),
                    start,
                    end,
                    anchor,
                    preset.key,
                    tuple(Lane(lane) for lane in preset.lanes_unused),
                ),
                [self._clip(task, anchor, draft.conditions, preset, pace, zone) for task in layout.tasks],
            )
            release = Release(
                id=ReleaseId(unit.new_id()),
                owner_id=owner,
                loop_id=plan.loop.id,
                title=title,
                preset_key=preset.key,
                anchor_date=anchor,
                state=ReleaseState.PLANNED if anchor > today else ReleaseState.RELEASED,
                conditions=draft.conditions,
                remind_deadlines=draft.remind_deadlines,
                countdown_channel_id=None,
                countdown_guild_id=None,
                bounce_id=draft.bounce_id,
                calendar_sequence=0,
                created_at=unit.now,
                updated_at=unit.now,
            )
            await releases.add(release)
            for task in layout.missed:
                wording = task.worded(draft.conditions)
                await releases.note_missed(release.id, task.key, wording.title, task.if_missed)
            await self._wind(unit, zone)
            if key is not None:
                await requests.remember(key, release.id)
            await unit.session.flush()
            return Saved(await self._view(unit, release.id, here), unit.group_id)

    def _clip(
        self,
        task: Planned,
        anchor: date,
        conditions: frozenset[Condition],
        preset: Preset,
        pace: Pace,
        zone: ZoneInfo,
    ) -> DatedClip:
        wording = task.task.worded(conditions)
        notes = [wording.how] if wording.how else []
        if task.task.clip_pace and pace in preset.clips_a_week:
            notes.append(self._words("release.task.clip_pace", number=preset.clips_a_week[pace]))
        hard = task.task.deadline
        closes = hard if hard is not None else task.closes
        return DatedClip(
            task_key=task.task.key,
            name=wording.title,
            lane=Lane(task.task.lane),
            day=anchor + timedelta(days=task.start),
            length_days=task.task.length,
            notes="\n".join(notes),
            kind=ClipKind(str(task.task.kind)),
            requires=task.task.requires,
            deadline=anchor + timedelta(days=closes),
            hard=hard is not None,
            # A foundation that was there already was done on its planned day, not now.
            done_at=resolve(datetime.combine(anchor + timedelta(days=task.start), time(12)), zone)
            if task.done
            else None,
        )

    async def edit(
        self,
        actor: Actor,
        owner: int,
        release_id: str,
        *,
        title: str | None = None,
        remind_deadlines: bool | None = None,
        bounce_id: str | None = None,
    ) -> Saved:
        """Change title, reminders or the bounce; the loop's name follows the title."""
        here = await self._here(owner)
        async with self._database.write(actor, owner, "release.edit") as unit:
            release = await self._release(unit, release_id)
            if title is not None:
                title = " ".join(title.split())
                if not 1 <= len(title) <= self.rules.title_most:
                    raise Refused("release_title", typed=title, most=self.rules.title_most)
                if title != release.title:
                    await self._loops.rename(unit, release.loop_id, title)
            changed = replace(
                release,
                title=title or release.title,
                remind_deadlines=release.remind_deadlines if remind_deadlines is None else remind_deadlines,
                bounce_id=bounce_id or release.bounce_id,
            )
            await unit.repo(ReleaseRepository).save(changed)
            await unit.session.flush()
            return Saved(await self._view(unit, release_id, here), unit.group_id)

    async def set_countdown(
        self, actor: Actor, owner: int, release_id: str, guild_id: int | None, channel_id: int | None
    ) -> Saved:
        """Turn the public countdown in a channel on, or off with None."""
        here = await self._here(owner)
        async with self._database.write(actor, owner, "release.countdown") as unit:
            release = await self._release(unit, release_id)
            changed = replace(release, countdown_guild_id=guild_id, countdown_channel_id=channel_id)
            await unit.repo(ReleaseRepository).save(changed)
            await unit.session.flush()
            return Saved(await self._view(unit, release_id, here), unit.group_id)

    async def cancel(self, actor: Actor, owner: int, release_id: str) -> Saved:
        """Cancel: the loop stays, everything else is silent from now on."""
        here = await self._here(owner)
        async with self._database.write(actor, owner, "release.cancel") as unit:
            release = await self._release(unit, release_id)
            await unit.repo(ReleaseRepository).save(replace(release, state=ReleaseState.CANCELLED))
            await unit.session.flush()
            return Saved(await self._view(unit, release_id, here), unit.group_id)

    async def delete(self, actor: Actor, owner: int, release_id: str) -> tuple[Release, str]:
        """Put a plan into the bin for 30 days; its loop stays. Return it and the group for Undo."""
        async with self._database.write(actor, owner, "release.delete") as unit:
            release = await self._release(unit, release_id)
            gone = replace(release, deleted_at=unit.now)
            await unit.repo(ReleaseRepository).save(gone)
            return gone, unit.group_id

    async def restore(self, actor: Actor, owner: int, release_id: str) -> Saved:
        """Take a plan out of the bin; its days are looked at again. Raises NotFound, Refused."""
        here = await self._here(owner)
        async with self._database.write(actor, owner, "release.restore") as unit:
            releases = unit.repo(ReleaseRepository)
            release = await releases.get(release_id, binned=True)
            if release is None:
                raise NotFound("release", "/release list")
            if release.deleted_at is None:
                return Saved(await self._view(unit, release_id, here), unit.group_id)
            if release.state is not ReleaseState.CANCELLED:
                await self._check_room(unit, here)
            await releases.save(replace(release, deleted_at=None))
            await self._wind(unit, here.zone)
            await unit.session.flush()
            return await self._changed(unit, release_id, here)

    # ------------------------------------------------------------------ tasks

    async def finish_task(self, actor: Actor, owner: int, release_id: str, clip_id: str, *, done: bool = True) -> Saved:
        """Mark a task done, or open again."""
        return await self._on_task(actor, owner, release_id, clip_id, "release.finish_task", done=done)

    async def skip_task(self, actor: Actor, owner: int, release_id: str, clip_id: str) -> Saved:
        """Take a task out of the plan; a decision, not a miss."""
        here = await self._here(owner)
        async with self._database.write(actor, owner, "release.skip_task") as unit:
            view = await self._view(unit, release_id, here)
            _task(view, clip_id)
            await self._loops.remove(unit, clip_id)
            return await self._changed(unit, release_id, here)

    async def move_task(self, actor: Actor, owner: int, release_id: str, clip_id: str, day: date) -> Saved:
        """Put one task on another day. Its deadline stays; a pitch after it is warned about, not refused."""
        here = await self._here(owner)
        async with self._database.write(actor, owner, "release.move_task") as unit:
            view = await self._view(unit, release_id, here)
            _task(view, clip_id)
            if abs((day - view.release.anchor_date).days) > AHEAD_MOST_DAYS:
                raise Refused("release_far", day=day)
            await self._loops.move_clip(unit, clip_id, day)
            return await self._changed(unit, release_id, here)

    async def reopen(self, actor: Actor, owner: int, release_id: str, clip_ids: Sequence[str]) -> Saved:
        """Open tasks again that were taken as done: what lies in the past is fitted in from today."""
        here = await self._here(owner)
        async with self._database.write(actor, owner, "release.reopen") as unit:
            view = await self._view(unit, release_id, here)
            begin = (here.today - view.release.anchor_date).days
            reopened = {_task(view, clip_id).clip.id for clip_id in clip_ids}
            planned = [
                Planned(
                    task.task,
                    (task.day - view.release.anchor_date).days,
                    max(closing_day(task.task), -1, begin),
                    done=task.clip.id not in reopened,
                )
                for task in view.tasks
                if task.task is not None
            ]
            fitted, _ = fit(planned, begin)
            days = {item.task.key: view.release.anchor_date + timedelta(days=item.start) for item in fitted}
            for task in view.tasks:
                if task.clip.id in reopened:
                    await self._loops.finish(unit, task.clip.id, None)
                    if task.task is not None:
                        await self._loops.move_clip(unit, task.clip.id, days[task.task.key])
            return await self._changed(unit, release_id, here)

    async def add_task(
        self, actor: Actor, owner: int, release_id: str, *, title: str, lane: Lane, day: date, days: int = 1
    ) -> Saved:
        """Add a task of one's own to a plan."""
        here = await self._here(owner)
        title = " ".join(title.split())
        if not 1 <= len(title) <= self.rules.title_most:
            raise Refused("release_title", typed=title, most=self.rules.title_most)
        if not 1 <= days <= 30 or abs((day - here.today).days) > AHEAD_MOST_DAYS:
            raise Refused("release_far", day=day)
        async with self._database.write(actor, owner, "release.add_task") as unit:
            release = await self._release(unit, release_id)
            source = Source.MISSION if actor.kind == "ai" else Source.MANUAL
            await self._loops.add(unit, release.loop_id, DatedClip("", title, lane, day, days, source=source))
            return await self._changed(unit, release_id, here)

    async def _on_task(
        self, actor: Actor, owner: int, release_id: str, clip_id: str, operation: str, *, done: bool
    ) -> Saved:
        here = await self._here(owner)
        async with self._database.write(actor, owner, operation) as unit:
            view = await self._view(unit, release_id, here)
            task = _task(view, clip_id)
            if task.clip.is_done != done:
                await self._loops.finish(unit, clip_id, unit.now if done else None)
            return await self._changed(unit, release_id, here)

    async def _changed(self, unit: Unit, release_id: str, here: Here) -> Saved:
        """Bring the state in line, raise the calendar's sequence, and return the release as it is now."""
        releases = unit.repo(ReleaseRepository)
        view = await self._view(unit, release_id, here)
        release = replace(
            view.release,
            state=state_on(view),
            calendar_sequence=view.release.calendar_sequence + 1,
        )
        await releases.save(release)
        await unit.session.flush()
        return Saved(replace(view, release=release), unit.group_id)

    # ------------------------------------------------------------------ moving T

    async def preview_move(self, owner: int, release_id: str, new_date: date) -> MovePreview:
        """Say what moving T does: every shifted and missed task, and hard dates already past."""
        here = await self._here(owner)
        async with self._database.read(owner) as unit:
            view = await self._view(unit, release_id, here)
            others = [
                (r.title, r.anchor_date)
                for r in await unit.repo(ReleaseRepository).all()
                if r.is_live and r.id != release_id
            ]
        reading = self._weigh(new_date, here.today, view.preset, others)
        placed, missed, free = _moved(view, new_date, here.today)
        shifts = [
            Shift(task.clip.name, task.day, new_day, task.is_hard, placement is Placement.TIGHT)
            for task, new_day, placement in [*placed, *free]
            if new_day != task.day
        ]
        titles = {task.clip.task_key: task for task in view.tasks}
        shifts += [Shift(titles[task.key].clip.name, titles[task.key].day, None, task.is_hard) for task in missed]
        shifts.sort(key=lambda shift: (shift.old_day, shift.title))
        return MovePreview(view.release, new_date, reading, tuple(shifts), missed)

    async def move(self, actor: Actor, owner: int, release_id: str, new_date: date) -> Saved:
        """Move T: open tasks and deadlines shift, done tasks stay, then what is late is fitted in or missed."""
        here = await self._here(owner)
        today = here.today
        async with self._database.write(actor, owner, "release.move") as unit:
            view = await self._view(unit, release_id, here)
            self._weigh(new_date, today, view.preset, ())
            if new_date == view.release.anchor_date:
                return Saved(view, unit.group_id)
            placed, missed, free = _moved(view, new_date, today)
            moved_by = new_date - view.release.anchor_date
            places: dict[str, Moved] = {
                task.clip.id: Moved(day, task.deadline + moved_by if task.deadline else None)
                for task, day, _ in [*placed, *free]
                if not task.clip.is_done
            }
            gone = {task.key for task in missed}
            removed = [task.clip.id for task in view.open if task.clip.task_key in gone]
            await self._loops.reanchor(unit, view.release.loop_id, new_date, places, removed)
            releases = unit.repo(ReleaseRepository)
            for task in missed:
                wording = task.worded(view.release.conditions)
                await releases.note_missed(release_id, task.key, wording.title, task.if_missed)
            state = view.release.state
            if state is ReleaseState.RELEASED and new_date > today:
                state = ReleaseState.PLANNED
            await releases.save(replace(view.release, anchor_date=new_date, state=state))
            await self._wind(unit, here.zone)
            await unit.session.flush()
            return await self._changed(unit, release_id, here)

    # ------------------------------------------------------------------ calendar file

    async def calendar(
        self, owner: int, release_id: str, *, with_done: bool = False, alarms: bool = False
    ) -> tuple[str, bytes]:
        """Return name and bytes of the calendar file."""
        here = await self._here(owner)
        async with self._database.read(owner) as unit:
            view = await self._view(unit, release_id, here)
        return calendar_file(view, self.facts, self._words, self._clock.now(), self.rules, with_done, alarms)

    async def owner_changed(self, owner: int) -> None:
        """Follow the changed time zone of a person or a server: their plans are looked at in the morning there."""
        zone = await self._zones.zone(owner)
        async with self._database.read(owner) as unit:
            clock = await unit.repo(ReleaseClockRepository).running()
        if clock is None or clock.zone == str(zone):
            return
        async with self._database.write(Actor.system("settings"), owner, "release.owner_changed") as unit:
            await self._wind(unit, zone)

    async def plans_came(self, owner: int) -> None:
        """Look at an owner's plans every morning from now on, where some came from somebody else."""
        if not any(view.release.is_live for view in await self.all(owner)):
            return
        zone = await self._zones.zone(owner)
        async with self._database.write(Actor.system("handover"), owner, "release.plans_came") as unit:
            await self._wind(unit, zone)

    # ------------------------------------------------------------------ inside

    async def _release(self, unit: Reading, release_id: str) -> Release:
        release = await unit.repo(ReleaseRepository).get(release_id)
        if release is None:
            raise NotFound("release", "/release list")
        return release

    async def _here(self, owner: int) -> Here:
        zone = await self._zones.zone(owner)
        today = self._clock.now().astimezone(zone).date()
        is_server = await self._servers.is_server(owner)
        return Here(zone, today, is_server, await self._servers.client_names(owner) if is_server else {})

    async def _check_room(self, unit: Reading, here: Here) -> None:
        most = self.rules.studio_plans_most if here.is_studios else self.rules.plans_most
        live = [release for release in await unit.repo(ReleaseRepository).all() if release.is_live]
        if len(live) >= most:
            raise Refused("release_many_studio" if here.is_studios else "release_many", count=len(live))

    async def _view(self, unit: Reading, release_id: str, here: Here) -> ReleaseView:
        release = await self._release(unit, release_id)
        plan = await self._loops.read(unit, release.loop_id)
        missed: Sequence[MissedWindow] = await unit.repo(ReleaseRepository).missed(release_id)
        return self._look(release, plan, missed, unit.now, here)

    async def _views(self, unit: Reading, here: Here, releases: Sequence[Release]) -> list[ReleaseView]:
        found = [release for release in releases if release.preset_key in self.presets.presets]
        plans = await self._loops.read_many(unit, [release.loop_id for release in found])
        missed = await unit.repo(ReleaseRepository).missed_of([release.id for release in found])
        return [
            self._look(release, plans[release.loop_id], missed[release.id], unit.now, here)
            for release in found
            if release.loop_id in plans
        ]

    def _look(
        self, release: Release, plan: Plan, missed: Sequence[MissedWindow], now: datetime, here: Here
    ) -> ReleaseView:
        preset = self.presets.get(release.preset_key)
        return view_of(release, preset, plan, missed, now, here.today, is_studios=here.is_studios, clients=here.clients)

    async def _wind(self, unit: Unit, zone: ZoneInfo) -> None:
        """Set the daily look at this person's releases going."""
        fire = next_fire(Daily(time(self.rules.day_hour)), zone, unit.now)
        await unit.repo(ReleaseClockRepository).set(str(zone), fire.instant if fire else None)


def _task(view: ReleaseView, clip_id: str) -> TaskView:
    task = next((task for task in view.tasks if task.clip.id == clip_id), None)
    if task is None:
        raise NotFound("clip", "/release show")
    return task


Place = tuple[TaskView, date, Placement]


def _moved(view: ReleaseView, new_date: date, today: date) -> tuple[list[Place], tuple[PresetTask, ...], list[Place]]:
    """Return where the preset's tasks go, which are missed, and where a person's own tasks go."""
    old = view.release.anchor_date
    planned: list[Planned] = []
    own: list[TaskView] = []
    by_key: dict[str, TaskView] = {}
    for task in view.tasks:
        if task.task is None:
            own.append(task)
            continue
        by_key[task.task.key] = task
        closes = (task.deadline - old).days if task.deadline else closing_day(task.task)
        if task.task.foundation:
            closes = max(closes, -1)  # never dropped before T
        planned.append(Planned(task.task, (task.day - old).days, closes, done=task.clip.is_done))
    placed, missed = move(planned, (today - new_date).days, (new_date - old).days)
    places = [(by_key[item.task.key], new_date + timedelta(days=item.start), item.placement) for item in placed]
    moved_by = new_date - old
    free = [
        (task, task.day if task.clip.is_done else max(today, task.day + moved_by), Placement.PLANNED) for task in own
    ]
    return places, missed, free
