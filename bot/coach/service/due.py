"""The coach's kinds of due work: check-ins, ends of weeks, reminders. The database knows, the tick only asks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from bot.actors import Actor
from bot.coach.checkins import next_due, next_open, occurrence_key
from bot.coach.dates import local_date
from bot.coach.model import CheckinKind
from bot.coach.rules import CoachRules
from bot.coach.service.checkins import DELIVERY, REMINDER_DELIVERY, CheckinService
from bot.coach.service.desk import Desk, next_close
from bot.errors import Refused
from bot.outbox_model import DeliveryDraft
from bot.slots import Later, Slot, SlotDraft
from storage.repositories.coach import CoachStateRepository
from storage.repositories.coach_habits import CoachReminderRepository
from storage.repositories.slots import SlotRepository
from storage.unit import Reading, Unit

JITTER_S = 600


class CheckinSlots:
    """Due check-ins: the database knows, the tick only asks."""

    name = DELIVERY

    def __init__(self, service: CheckinService, rules: CoachRules) -> None:
        self._service = service
        self._rules = rules

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        repo = unit.repo(CoachStateRepository)
        drafts: list[SlotDraft] = []
        coming: list[dict[str, object]] = []
        grace = timedelta(hours=self._rules.dm.catch_up_hours)
        for owner, zone, state in await repo.due_checkins(now, limit):
            due_at = state.next_checkin_at or now
            kind = state.next_kind or CheckinKind.MONDAY
            late = now - due_at > grace
            drafts.append(
                SlotDraft(
                    occurrence_key(owner, kind, local_date(due_at, zone)),
                    self.name,
                    str(owner),
                    due_at,
                    owner=owner,
                    payload={"kind": str(kind)},
                    visible_at=due_at + jitter(owner),
                    state="skipped" if late else "ready",
                    reason="late" if late else None,
                )
            )
            after_this = next_due(state.kinds, max(now, due_at), zone, self._rules.windows)
            coming.append(
                {
                    "owner_id": owner,
                    "next_checkin_at": after_this[0] if after_this else None,
                    "next_kind": str(after_this[1]) if after_this else None,
                }
            )
        await repo.advance(coming)
        return drafts

    async def run(self, slot: Slot) -> Later | None:
        return await self._service.run(slot)


class CloseSlots:
    """Weeks that end: Monday 00:00 of every person's own clock."""

    name = "coach.close"

    def __init__(self, service: CheckinService) -> None:
        self._service = service

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        repo = unit.repo(CoachStateRepository)
        drafts: list[SlotDraft] = []
        coming: list[dict[str, object]] = []
        for owner, zone, state in await repo.due_closings(now, limit):
            due_at = state.next_close_at or now
            key = f"{self.name}:{owner}:{local_date(due_at, zone).isoformat()}"
            drafts.append(SlotDraft(key, self.name, str(owner), due_at, owner=owner))
            coming.append({"owner_id": owner, "next_close_at": next_close(zone, now)})
        await repo.advance(coming)
        return drafts

    async def run(self, slot: Slot) -> Later | None:
        await self._service.close(slot)
        return None


class ReminderSlots:
    """Reminders the person set: not counted, but they keep quiet hours and a pause."""

    name = REMINDER_DELIVERY

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        return ()

    async def run(self, slot: Slot) -> Later | None:
        owner = slot.owner or 0
        async with self._desk.database.write(Actor.system("coach"), owner, "coach.reminder") as unit:
            slots = unit.repo(SlotRepository)
            reminder = await unit.repo(CoachReminderRepository).get(slot.subject_id)
            planned_ms = int(slot.payload["due_ms"])
            if reminder is None or reminder.sent_at or int(reminder.due_at.timestamp() * 1000) != planned_ms:
                await slots.finish(slot, reason="changed")
                return None
            waits = await self._waits(unit, slot)
            if waits is not None:
                return waits
            await unit.deliver(
                DeliveryDraft(
                    kind=REMINDER_DELIVERY,
                    occurrence_key=slot.key,
                    target_kind="dm",
                    target_id=owner,
                    payload={"reminder": reminder.id, "late": unit.now - slot.due_at > timedelta(minutes=30)},
                    expires_at=slot.due_at + timedelta(hours=24),
                )
            )
            await slots.finish(slot)
        return None

    async def sent(self, unit: Unit, reminder_id: str) -> None:
        await unit.repo(CoachReminderRepository).mark_sent([reminder_id])

    async def _waits(self, unit: Reading, slot: Slot) -> Later | None:
        """Return until when a reminder waits: quiet hours, a pause, or a check-in that goes out soon after them."""
        try:
            sitting = await self._desk.sit(unit)
        except Refused:
            return None
        if sitting.settings.silent_until is not None and unit.now < sitting.settings.silent_until:
            return Later(sitting.settings.silent_until, "paused")
        opening = next_open(unit.now, sitting.zone, sitting.profile.preferences.dm)
        if opening > unit.now:
            return Later(opening, "quiet_hours")
        soon = sitting.state.next_checkin_at
        join = timedelta(hours=self._desk.rules.dm.join_hours)
        if unit.now > slot.due_at + timedelta(minutes=30) and soon is not None and soon - unit.now <= join:
            # It waited for the morning already: the coming check-in takes it along, its own turn is the net below.
            return Later(soon + timedelta(seconds=2 * JITTER_S), "joins a check-in")
        return None


def jitter(owner: int) -> timedelta:
    """Return the person's share of ten minutes, always the same, so that a full hour is no burst."""
    number = int.from_bytes(sha256(str(owner).encode()).digest()[:4], "big")
    return timedelta(seconds=number % JITTER_S)
