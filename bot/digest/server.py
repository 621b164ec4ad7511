"""A server's digest, one post a week: the public copies of those who opted in there, and the server's own plans."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from bot.actors import Actor
from bot.digest.compile import PublicChoice, compile_view, public_data
from bot.digest.model import StudioItem, StudioWeek
from bot.digest.ports import StudioClients, StudioSource
from bot.digest.schedule import Window, cut_of, week_of, weekly
from bot.digest.service import DigestService
from bot.digest.studio import StudioParts, as_stored, compile_by_client
from bot.outbox_model import DeliveryDraft
from bot.recurrence import format_rule, next_fire
from bot.slots import Later, Slot
from storage.repositories.digest import DigestClock, DigestClockRepository, ShareRepository
from storage.repositories.slots import SlotRepository
from storage.unit import Database

log = structlog.stdlib.get_logger(__name__)
SERVER = "digest.server"


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """When and where a server's digest is posted; `channel_id` None: switched off."""

    guild_id: int
    channel_id: int | None
    zone: ZoneInfo
    day: int
    hour: int


class Servers(Protocol):
    """Tell what servers set."""

    async def plans(self) -> Sequence[ServerPlan]: ...

    async def plan(self, guild_id: int) -> ServerPlan | None: ...


MaySpeak = Callable[[int, int], Awaitable[bool]]
"""(person, channel) → whether something of theirs may stand there."""


class ServerDigests:
    """Makes one post for each server and ISO week, where somebody who opted in or the studio itself has news."""

    def __init__(
        self,
        database: Database,
        service: DigestService,
        servers: Servers,
        may_speak: MaySpeak,
        studio: Sequence[StudioSource] = (),
        clients: StudioClients | None = None,
    ) -> None:
        """`studio`: what tells of a server's own plans, in the order in which they add to it."""
        self._database = database
        self._may_speak = may_speak
        self._studio = tuple(studio)
        self._clients = clients
        self._service = service
        self._servers = servers

    async def sync(self) -> None:
        """Set every server's clock by its settings; called now and then, for what was changed past the bot."""
        for plan in await self._servers.plans():
            await self.wind(plan)

    async def server_changed(self, guild_id: int) -> None:
        """Follow changed settings of one server at once: its zone, day, hour, channel, or on and off."""
        plan = await self._servers.plan(guild_id)
        if plan is not None:
            await self.wind(plan)

    async def wind(self, plan: ServerPlan) -> None:
        """Set one server's clock going, or stop it."""
        rule = weekly(plan.day, time(plan.hour))
        text = format_rule(rule)
        async with self._database.read(plan.guild_id) as unit:
            clock = await unit.repo(DigestClockRepository).get()
        runs = clock is not None and clock.next_at is not None
        if plan.channel_id is None and not runs:
            return
        if clock and runs and plan.channel_id is not None and (clock.rule, clock.zone) == (text, str(plan.zone)):
            return
        async with self._database.write(Actor.system("digest"), plan.guild_id, "digest.server_wind") as unit:
            fire = next_fire(rule, plan.zone, unit.now) if plan.channel_id is not None else None
            last = cut_of(
                week_of(unit.now, plan.zone, self._service.rules).previous(), rule, plan.zone, self._service.rules
            )
            await unit.repo(DigestClockRepository).put(
                DigestClock(
                    plan.guild_id,
                    text,
                    str(plan.zone),
                    True,
                    fire.instant if fire else None,
                    clock.cut_at if clock else min(last, unit.now),
                    False,
                )
            )

    async def run(self, slot: Slot, guild_id: int, window: Window) -> Later | None:
        """Collect the public copies and the studio's own of a window and write the post."""
        plan = await self._servers.plan(guild_id)
        lines: list[tuple[str, str]] = []
        studio: StudioParts | None = None
        if plan is not None and plan.channel_id is not None:
            lines = await self.lines(guild_id, plan.channel_id, window)
            studio = await self.studio(guild_id, window, plan.zone)
        async with self._database.write(Actor.system("digest"), guild_id, "digest.server") as unit:
            if (lines or studio) and plan is not None and plan.channel_id is not None:
                await unit.deliver(
                    DeliveryDraft(
                        kind=SERVER,
                        occurrence_key=f"{SERVER}:{guild_id}:{window.week}",
                        target_kind="channel",
                        target_id=plan.channel_id,
                        payload={
                            "week": str(window.week),
                            "lines": [list(line) for line in lines],
                            "studio": as_stored(studio),
                        },
                    )
                )
            await unit.repo(DigestClockRepository).closed(window.until, was_active=bool(lines or studio))
            await unit.repo(SlotRepository).finish(slot)
        return None

    async def studio(self, guild_id: int, window: Window, zone: ZoneInfo) -> StudioParts | None:
        """Return what the server's own plans did, by client; they belong to it, so nobody has to share them.

        None: a quiet week.
        """
        week = await self.week(guild_id, window, zone)
        first, today = window.after.astimezone(zone).date(), window.until.astimezone(zone).date()
        names = await self._clients.names(guild_id) if self._clients is not None else {}
        rules = self._service.rules
        return compile_by_client(week, names, first, today, most=rules.studio_lines, clients=rules.studio_clients)

    async def week(self, guild_id: int, window: Window, zone: ZoneInfo) -> StudioWeek:
        """Return what areas report of the server's own plans, and who does it."""
        week = await self.reported(guild_id, window, zone)
        if self._clients is None:
            return week
        doers = await self._clients.doers(guild_id, [item.ref for item in week.open])

        def with_who(item: StudioItem) -> StudioItem:
            return replace(item, who=tuple(doers.get(item.ref, ())))

        return replace(week, open=tuple(map(with_who, week.open)))

    async def reported(self, guild_id: int, window: Window, zone: ZoneInfo) -> StudioWeek:
        """Return what areas report of the server's own plans; a part that can't be read is left out."""
        week = StudioWeek()
        for source in self._studio:
            try:
                week = await source.of_studio(guild_id, window, zone, week)
            except Exception:
                log.exception("a part of the server's digest could not be read", source=type(source).__name__)
        return week

    async def lines(self, guild_id: int, channel_id: int, window: Window) -> list[tuple[str, str]]:
        """Return (name, what was finished) of everybody who opted in and is still there, in order of first finish."""
        async with self._database.system_read() as unit:
            members = await unit.repo(ShareRepository).members(guild_id)
        found: list[tuple[datetime, str, str]] = []
        for owner in members:
            if not await self._may_speak(owner, channel_id):
                continue
            zone = await self._service.person.zone(owner)
            data = public_data(await self._service.collect(owner, window, zone), PublicChoice())
            if not data.bounces and not data.clips:
                continue
            words = await self._service.person.words(owner)
            view = compile_view(data, words)
            what = [line.card for line in view.bounces] + list(view.clips)
            if view.more:
                what.append(words("digest.finished.more", count=view.more))
            first = min([bounce.at for bounce in data.bounces] + [clip.at for clip in data.clips])
            found.append((first, await self._service.person.name(owner), ", ".join(what)))
        found.sort(key=lambda item: item[0])
        return [(name, what) for _, name, what in found]
