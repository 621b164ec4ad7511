"""The kind of slot that closes weeks: builds a digest once, decides what becomes of it, writes the deliveries."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.actors import Actor
from bot.clock import Clock
from bot.digest.model import DigestState, IsoWeek
from bot.digest.schedule import Outcome, Window, decide, missed_cuts, spaced_until, week_of
from bot.digest.server import ServerDigests
from bot.digest.service import Built, DigestService, DigestSettings
from bot.outbox_model import Delivery, DeliveryDraft
from bot.ports import Sent
from bot.recurrence import Weekly, parse_rule
from bot.slots import Later, Slot, SlotDraft
from storage.repositories.deliveries import DeliveryRepository
from storage.repositories.digest import DigestClock, DigestClockRepository, DigestRepository, ShareRepository
from storage.repositories.slots import SlotRepository
from storage.unit import Database, Unit

DIGEST = "digest"
QUIET = "digest.quiet"
PUBLIC = "digest.public"
UNASKED = (DIGEST, QUIET, "coach.checkin")
"""Kinds of direct messages that count towards the weekly cap."""


class DigestSlots:
    """Weeks that are over, one slot for each person or server and ISO week."""

    name = "digest"

    def __init__(self, database: Database, clock: Clock, service: DigestService, servers: ServerDigests) -> None:
        self._database = database
        self._clock = clock
        self._service = service
        self._servers = servers
        self._rules = service.rules

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """Return one draft for each cut that has come; the clock moves on whether or not anything is sent."""
        clocks = unit.repo(DigestClockRepository)
        drafts: list[SlotDraft] = []
        for clock in await clocks.due(now, limit):
            rule = parse_rule(clock.rule)
            if not isinstance(rule, Weekly) or clock.next_at is None:
                await clocks.advance(clock.owner_id, None)
                continue
            zone = ZoneInfo(clock.zone)
            cuts, following = missed_cuts(clock.next_at, rule, zone, now)
            await clocks.advance(clock.owner_id, following)
            drafts += self._drafts(clock, cuts, zone, now)
        return drafts

    def _drafts(self, clock: DigestClock, cuts: list[datetime], zone: ZoneInfo, now: datetime) -> list[SlotDraft]:
        after = clock.cut_at
        kept = cuts[-self._rules.catch_up_weeks :]
        if len(kept) < len(cuts):
            after = cuts[-len(kept) - 1]
        drafts: list[SlotDraft] = []
        for cut in kept:
            week = week_of(cut, zone, self._rules)
            payload = {
                "week": str(week),
                "after": after.isoformat(),
                "until": cut.isoformat(),
                "newest": cut == cuts[-1],
                "server": clock.is_server,
            }
            # The oldest first: each window begins where the one before ended. Two cuts of one ISO week (the
            # settings changed) share a key of the week, and the second is skipped where the first was kept.
            key = f"{self.name}:{clock.owner_id}:{week}:{cut.astimezone(zone).date().isoformat()}"
            drafts.append(SlotDraft(key, self.name, str(clock.owner_id), cut, owner=clock.owner_id, payload=payload))
            after = cut
        return drafts

    async def run(self, slot: Slot) -> Later | None:
        """Close one window, in one transaction."""
        payload: Any = slot.payload
        week = IsoWeek.parse(payload["week"])
        if week is None:
            return None
        owner = int(slot.subject_id)
        after, until = datetime.fromisoformat(payload["after"]), datetime.fromisoformat(payload["until"])
        if payload["server"]:
            return await self._servers.run(slot, owner, Window(week, after, until))
        async with self._database.read(owner) as unit:
            clock = await unit.repo(DigestClockRepository).get()
            taken = await unit.repo(DigestRepository).get(week)
            window = Window(week, min(clock.cut_at, until) if clock else until, until)
            prepared = await self._service.prepare(unit, window)
        if clock is None or taken is not None:
            # This ISO week has its digest: the window stays open and joins the next.
            await self._finish(slot)
            return None
        built = await self._service.build(owner, window, prepared)
        await self._close(slot, owner, window, built, prepared.settings, newest=payload["newest"])
        return None

    async def _finish(self, slot: Slot) -> None:
        async with self._database.system_write("digest.skip") as unit:
            await unit.repo(SlotRepository).finish(slot, reason="this week has a digest")

    async def _close(
        self, slot: Slot, owner: int, window: Window, built: Built, settings: DigestSettings, *, newest: bool
    ) -> None:
        now = self._clock.now()
        person = self._service.person
        by_dm = await person.wants_digests(owner)
        silenced = settings.is_paused(now) or await person.silenced(owner, now) is not None
        too_late = now - window.until > timedelta(hours=self._rules.held_hours)
        async with self._database.write(Actor.system("digest"), owner, "digest.close") as unit:
            clocks = unit.repo(DigestClockRepository)
            clock = await clocks.get()
            was_active = clock.was_active if clock else False
            active = built.data.has_activity
            outcome = decide(
                has_activity=active,
                was_active=was_active,
                silenced=silenced,
                too_late=too_late,
                newest=newest,
            )
            if active:
                # What is not sent by DM is kept as a file; channels that were opened get their copy all the same.
                sends = outcome is Outcome.SEND and by_dm
                state = DigestState.BUILT if sends else DigestState.FILED
                digest = self._service.digest_of(unit, owner, window, built, state)
                await unit.repo(DigestRepository).store(digest)
                if sends:
                    await unit.deliver(self._dm(DIGEST, owner, window, now, digest.id))
                if outcome is Outcome.SEND and built.public_card:
                    await self._copies(unit, owner, window, digest.id)
            elif outcome is Outcome.QUIET_LINE and by_dm:
                await unit.deliver(self._dm(QUIET, owner, window, now, None))
            await clocks.closed(window.until, was_active=active)
            await unit.repo(SlotRepository).finish(slot)

    def _dm(self, kind: str, owner: int, window: Window, now: datetime, digest_id: str | None) -> DeliveryDraft:
        late = now - window.until > timedelta(minutes=self._rules.late_minutes)
        return DeliveryDraft(
            kind=kind,
            occurrence_key=f"{kind}:{owner}:{window.week}",
            target_kind="dm",
            target_id=owner,
            payload={"digest": digest_id, "week": str(window.week), "late": late},
            expires_at=window.until + timedelta(hours=self._rules.held_hours),
        )

    async def _copies(self, unit: Unit, owner: int, window: Window, digest_id: str) -> None:
        for share in await unit.repo(ShareRepository).all():
            if share.channel_id == 0:
                continue
            await unit.deliver(
                DeliveryDraft(
                    kind=PUBLIC,
                    occurrence_key=f"{PUBLIC}:{owner}:{window.week}:{share.channel_id}",
                    target_kind="channel",
                    target_id=share.channel_id,
                    payload={"digest": digest_id},
                    expires_at=window.until + timedelta(hours=self._rules.held_hours),
                )
            )

    # ------------------------------------------------------------------ at sending time

    async def hold(self, delivery: Delivery, now: datetime) -> Later | str | None:
        """Look again at opt-outs, quiet hours, the 20 hours between messages and the week's cap."""
        owner = delivery.owner
        person = self._service.person
        if not await person.wants_digests(owner):
            return "off"
        if (await self._service.settings(owner)).is_paused(now):
            return "paused"
        if (reason := await person.silenced(owner, now)) is not None:
            return reason
        open_at = await person.open_at(owner, now)
        if open_at is None:
            return "paused"
        zone = await person.zone(owner)
        most = self._rules.a_week.get(await person.pace(owner), 1)
        async with self._database.read(owner) as unit:
            sent = await unit.repo(DeliveryRepository).sent_between(UNASKED, now - timedelta(days=8))
        # What somebody asked for (a snooze, the first note) uses no cap, here as at the coach.
        times = [
            item.claimed_at
            for item in sent
            if item.claimed_at is not None and item.target_kind == "dm" and not item.payload.get("asked")
        ]
        spaced = spaced_until(times, most, zone, now, self._rules)
        until = max(open_at, spaced or now)
        if until <= now:
            return None
        if spaced is not None:
            until = await person.open_at(owner, until) or until
        await self._held(delivery)
        return Later(until, "quiet hours, spacing or cap")

    async def _held(self, delivery: Delivery) -> None:
        digest_id = delivery.payload.get("digest")
        if digest_id:
            async with self._database.write(Actor.system("digest"), delivery.owner, "digest.held") as unit:
                await unit.repo(DigestRepository).set_state(digest_id, DigestState.HELD)

    async def sent(self, unit: Unit, delivery: Delivery, sent: Sent) -> None:
        """Mark the digest sent in the transaction that stores its message."""
        digest_id = delivery.payload.get("digest")
        if digest_id and delivery.kind == DIGEST:
            await unit.repo(DigestRepository).set_state(digest_id, DigestState.SENT)
