"""Weekly digests: settings, building a window once, showing any week, sharing, pausing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from pydantic import BaseModel, ConfigDict, Field

from bot.actors import Actor
from bot.clock import Clock
from bot.digest.clean import plain
from bot.digest.compile import PublicChoice, compile_view, public_data
from bot.digest.model import Digest, DigestId, DigestState, Energy, IsoWeek, MissionNote, WeekData
from bot.digest.ports import Person, WeekPlanner, WeekSource
from bot.digest.render import PictureSource, card_json, picture_of, read_card, stored_hash, to_card, to_markdown
from bot.digest.rules import DigestRules
from bot.digest.schedule import Window, cut_of, week_of, weekly, window_of
from bot.errors import NotFound, Refused
from bot.recurrence import Weekly, format_rule, next_fire
from bot.rules import load_rules
from bot.say.card import Card
from bot.say.words import Speaks
from storage.repositories.digest import DigestClock, DigestClockRepository, DigestRepository, Share, ShareRepository
from storage.repositories.studio import PersonRepository, RequestRepository, SettingsRepository
from storage.unit import Database, Reading, Unit

log = structlog.stdlib.get_logger(__name__)
SECTION = "digest"


class DigestSettings(BaseModel):
    """What a person set for their digest (section "digest"); whether it comes by DM is a personal setting."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    day: int = Field(default=6, ge=0, le=6)
    hour: int = Field(default=10, ge=0, le=23)
    loops_public: bool = False
    energy: bool = False
    paused_until: datetime | None = None
    paused: bool = False

    @property
    def rule(self) -> Weekly:
        return weekly(self.day, time(self.hour))

    def is_paused(self, now: datetime) -> bool:
        return self.paused and (self.paused_until is None or now < self.paused_until)


@dataclass(frozen=True, slots=True)
class Panel:
    """All that `/digest edit` shows."""

    settings: DigestSettings
    by_dm: bool
    shares: tuple[Share, ...]
    next_at: datetime | None
    now: datetime
    tells_energy: bool = False
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A digest to look at. `so_far`: made for this moment, not kept."""

    week: IsoWeek
    markdown: str
    card: Card
    so_far: bool
    id: str | None = None
    public_card: Card | None = None
    picture: PictureSource | None = None
    window: Window | None = None

    @property
    def file_name(self) -> str:
        return f"loop_digest_{self.week}{'_so_far' if self.so_far else ''}.md"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known before a window is built: the person's settings, the notes of missions."""

    settings: DigestSettings
    notes: tuple[MissionNote, ...]


@dataclass(frozen=True, slots=True)
class Built:
    """A window turned into texts, not stored yet."""

    data: WeekData
    markdown: str
    card: str
    public_card: str

    @property
    def content_hash(self) -> str:
        return stored_hash(self.markdown, self.card)


class DigestService:
    """Everything about digests."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        person: Person,
        sources: Sequence[WeekSource],
        planner: WeekPlanner | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self.person = person
        self._sources = tuple(sources)
        self._planner = planner
        self.rules = load_rules("digest", DigestRules)

    # ------------------------------------------------------------------ settings

    async def settings(self, owner: int) -> DigestSettings:
        async with self._database.read(owner) as unit:
            return await self._settings(unit)

    async def panel(self, owner: int) -> Panel:
        """Return settings, shares and the next cut."""
        by_dm = await self.person.wants_digests(owner)
        async with self._database.read(owner) as unit:
            settings = await self._settings(unit)
            shares = tuple(await unit.repo(ShareRepository).all())
            clock = await unit.repo(DigestClockRepository).get()
        tells = await self.person.tells_energy(owner)
        return Panel(settings, by_dm, shares, clock.next_at if clock else None, self._clock.now(), tells)

    async def edit(self, actor: Actor, owner: int, **values: object) -> Panel:
        """Change settings and set the clock accordingly."""
        zone = await self.person.zone(owner)
        async with self._database.write(actor, owner, "digest.edit") as unit:
            old = await self._settings(unit)
            new = DigestSettings.model_validate({**old.model_dump(), **values})
            if new != old:
                await unit.repo(SettingsRepository).put(SECTION, new.model_dump(mode="json"))
            await self._wind(unit, new, zone)
            group = unit.group_id if new != old else None
        return replace(await self.panel(owner), group_id=group)

    async def wind(self, owner: int) -> None:
        """Set the clock going or to a changed zone; called when digests by DM are turned on or off."""
        zone = await self.person.zone(owner)
        async with self._database.write(Actor.system("digest"), owner, "digest.wind") as unit:
            await self._wind(unit, await self._settings(unit), zone)

    async def person_changed(self, owner: int) -> None:
        """Follow a person's own settings: a new zone, or digests turned on."""
        async with self._database.read(owner) as unit:
            known = await unit.repo(DigestClockRepository).get() is not None
        if known or await self.person.wants_digests(owner):
            await self.wind(owner)

    async def share(self, actor: Actor, owner: int, guild_id: int, channel_id: int, *, on: bool) -> Panel:
        """Open a channel, or a server's digest (channel 0), for the public copy; or close it."""
        zone = await self.person.zone(owner)
        async with self._database.write(actor, owner, "digest.share") as unit:
            if actor.user_id == owner:
                # The copy names whose it is.
                await unit.repo(PersonRepository).seen(actor.name, None)
            shares = unit.repo(ShareRepository)
            await (shares.put(guild_id, channel_id) if on else shares.remove(guild_id, channel_id))
            await unit.session.flush()
            await self._wind(unit, await self._settings(unit), zone)
            group = unit.group_id
        return replace(await self.panel(owner), group_id=group)

    async def pause(self, actor: Actor, owner: int, until: datetime | None) -> Panel:
        """Stop sending until then, or until resumed. Windows go on closing."""
        if until is not None and until <= self._clock.now():
            raise Refused("digest_pause_past")
        return await self.edit(actor, owner, paused=True, paused_until=until)

    async def resume(self, actor: Actor, owner: int) -> Panel:
        return await self.edit(actor, owner, paused=False, paused_until=None)

    async def _settings(self, unit: Reading) -> DigestSettings:
        stored = await unit.repo(SettingsRepository).get(SECTION)
        if stored is None:
            return DigestSettings(day=self.rules.day, hour=self.rules.hour)
        return DigestSettings.model_validate(stored)

    async def _wind(self, unit: Unit, settings: DigestSettings, zone: ZoneInfo) -> None:
        """Keep the last cut; the next one is the rule's next. A clock goes from the first use on."""
        clocks = unit.repo(DigestClockRepository)
        clock = await clocks.get()
        rule = settings.rule
        text = format_rule(rule)
        if clock is not None and clock.rule == text and clock.zone == str(zone) and clock.next_at is not None:
            return
        fire = next_fire(rule, zone, unit.now)
        last = cut_of(week_of(unit.now, zone, self.rules).previous(), rule, zone, self.rules)
        if last > unit.now:
            last -= timedelta(days=7)
        await clocks.put(
            DigestClock(
                unit.owner or 0,
                text,
                str(zone),
                False,
                fire.instant if fire else None,
                clock.cut_at if clock else last,
                clock.was_active if clock else False,
            )
        )

    # ------------------------------------------------------------------ building

    async def collect(self, owner: int, window: Window, zone: ZoneInfo) -> WeekData:
        """Ask every area for its part of a window; a part that can't be read is left out."""
        data = WeekData(window.week, window.until.astimezone(zone))
        for source in self._sources:
            try:
                data = await source.fill(owner, window, zone, data)
            except Exception:
                log.exception("a part of the digest could not be read", source=type(source).__name__)
        return data

    async def prepare(self, unit: Reading, window: Window) -> Prepared:
        """Read what a digest needs of its own tables, in the unit that looks at its week anyway."""
        notes = await unit.repo(DigestRepository).notes(window.after, window.until)
        return Prepared(await self._settings(unit), tuple(notes))

    async def build(self, owner: int, window: Window, prepared: Prepared | None = None) -> Built:
        """Compile a window into its file, its card and its public card."""
        if prepared is None:
            async with self._database.read(owner) as unit:
                prepared = await self.prepare(unit, window)
        zone = await self.person.zone(owner)
        words = await self.person.words(owner)
        data = replace(await self.collect(owner, window, zone), notes=prepared.notes)
        return self.render(data, words, prepared.settings, await self.person.name(owner))

    def render(self, data: WeekData, words: Speaks, settings: DigestSettings, name: str) -> Built:
        """Turn data into what is stored. Energy is not in it: answers about it go after twelve weeks."""
        view = compile_view(data, words)
        public = public_data(data, PublicChoice(loops=settings.loops_public))
        public_card = ""
        if public.bounces or public.clips:
            public_card = card_json(to_card(compile_view(public, words, owner_name=name), words))
        card = card_json(to_card(view, words), picture_of(view))
        return Built(data, to_markdown(view, words), card, public_card)

    def digest_of(self, unit: Unit, owner: int, window: Window, built: Built, state: DigestState) -> Digest:
        """Return the row that keeps what was built."""
        return Digest(
            id=DigestId(unit.new_id()),
            owner_id=owner,
            week=window.week,
            cut_from=window.after,
            cut_at=window.until,
            markdown=built.markdown,
            card=built.card,
            public_card=built.public_card,
            content_hash=built.content_hash,
            has_activity=built.data.has_activity,
            state=state,
            built_at=unit.now,
        )

    # ------------------------------------------------------------------ looking

    async def show(self, owner: int, week: IsoWeek | None = None) -> Shown:
        """Return a week's digest: the stored bytes, the present week so far, or a past week built now.

        Moves no cut and uses no key. Raises Refused for a week to come.
        """
        now = self._clock.now()
        zone = await self.person.zone(owner)
        settings = await self.settings(owner)
        async with self._database.read(owner) as unit:
            clock = await unit.repo(DigestClockRepository).get()
            stored = await unit.repo(DigestRepository).get(week) if week is not None else None
        if stored is not None:
            return await self._opened(owner, stored)
        open_cut = clock.next_at if clock and clock.next_at else None
        fire = next_fire(settings.rule, zone, now)
        present = week_of(open_cut or (fire.instant if fire else now), zone, self.rules)
        if week is None or week == present:
            after = clock.cut_at if clock else window_of(present, settings.rule, zone, self.rules).after
            return await self._so_far(owner, Window(present, min(after, now), now))
        if week > present:
            raise Refused("digest_week_ahead", week=str(week))
        window = await self._past_window(owner, week, settings.rule, zone)
        return await self._file(owner, window)

    async def _so_far(self, owner: int, window: Window) -> Shown:
        built = await self.build(owner, window)
        words = await self.person.words(owner)
        view = compile_view(built.data, words, so_far=True)
        public = _public(built.public_card)
        card, picture = to_card(view, words), picture_of(view)
        return Shown(window.week, to_markdown(view, words), card, True, public_card=public, picture=picture)

    async def _past_window(self, owner: int, week: IsoWeek, rule: Weekly, zone: ZoneInfo) -> Window:
        """Return the window of a past week; stored neighbours bound it, so that nothing is told twice."""
        window = window_of(week, rule, zone, self.rules)
        async with self._database.read(owner) as unit:
            digests = unit.repo(DigestRepository)
            before, after = await digests.get(week.previous()), await digests.get(week.next())
        return Window(
            week,
            before.cut_at if before else window.after,
            min(after.cut_from, window.until) if after else window.until,
        )

    async def _file(self, owner: int, window: Window) -> Shown:
        built = await self.build(owner, window)
        async with self._database.write(Actor.system("digest"), owner, "digest.file") as unit:
            digests = unit.repo(DigestRepository)
            await digests.store(self.digest_of(unit, owner, window, built, DigestState.FILED))
            stored = await digests.get(window.week)
        if stored is None:
            raise NotFound("digest", "/digest list")
        return await self._opened(owner, stored)

    async def _opened(self, owner: int, digest: Digest) -> Shown:
        if digest.opened_at is None:
            async with self._database.write(Actor.system("digest"), owner, "digest.opened") as unit:
                await unit.repo(DigestRepository).opened(digest.id)
        return shown_of(digest)

    async def by_id(self, owner: int, digest_id: str) -> Shown:
        """Return a stored digest. Raises NotFound."""
        async with self._database.read(owner) as unit:
            digest = await unit.repo(DigestRepository).by_id(digest_id)
        if digest is None:
            raise NotFound("digest", "/digest list")
        return await self._opened(owner, digest)

    async def peek(self, owner: int, digest_id: str) -> Shown | None:
        """Return a stored digest without counting it as opened; None when it was deleted."""
        async with self._database.read(owner) as unit:
            digest = await unit.repo(DigestRepository).by_id(digest_id)
        return shown_of(digest) if digest else None

    async def stored(self, owner: int) -> Sequence[Digest]:
        """Return the stored digests, newest first."""
        async with self._database.read(owner) as unit:
            return await unit.repo(DigestRepository).all()

    async def delete(self, actor: Actor, owner: int, digest_id: str) -> None:
        """Forget a stored digest for good; it is history and can't be brought back."""
        async with self._database.write(actor, owner, "digest.delete") as unit:
            await unit.repo(DigestRepository).delete(digest_id)

    # ------------------------------------------------------------------ for other areas and buttons

    async def add_note(self, actor: Actor, owner: int, mission: str, text: str) -> str:
        """Keep a line of a mission for the next digest; return the group for Undo."""
        text = plain(text, self.rules.note_most)
        if not text:
            raise Refused("digest_note_empty")
        async with self._database.write(actor, owner, "digest.add_note") as unit:
            await unit.repo(DigestRepository).add_note(plain(mission), text)
            return unit.group_id

    async def energy(self, owner: int, shown: Shown) -> Energy | None:
        """Return the energy of a digest's window for its DM copy, where the person wants it there."""
        if shown.window is None or not (await self.settings(owner)).energy:
            return None
        return await self.person.energy(owner, shown.window)

    async def press_once(self, actor: Actor, owner: int, digest_key: str, action: str) -> bool:
        """Do what a button asks, once for each digest; False where it was done before."""
        key = f"digest:{owner}:{digest_key}:{action}"
        async with self._database.read(owner) as unit:
            if await unit.repo(RequestRepository).result(key) is not None:
                return False
        if self._planner is not None:
            # Both can be done twice without harm, so a press during a crash is simply done again.
            if action == "plan":
                await self._planner.plan_next_week(actor, owner)
            elif action == "lighter":
                await self._planner.lighter_week(actor, owner)
        async with self._database.write(actor, owner, f"digest.{action}") as unit:
            requests = unit.repo(RequestRepository)
            if await requests.result(key) is None:
                await requests.remember(key, True)
        return True

    @property
    def can_plan(self) -> bool:
        return self._planner is not None


def shown_of(digest: Digest) -> Shown:
    """Return a stored digest for looking at."""
    card, picture = read_card(digest.card)
    return Shown(
        digest.week,
        digest.markdown,
        card,
        False,
        id=digest.id,
        public_card=_public(digest.public_card),
        picture=picture,
        window=Window(digest.week, digest.cut_from, digest.cut_at),
    )


def _public(stored: str) -> Card | None:
    return read_card(stored)[0] if stored else None
