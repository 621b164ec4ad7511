"""Missions that wait for a goal whose day has passed: found by looking, as no event comes with midnight."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.clock import Clock
from bot.missions.cadence import Event
from bot.slots import Later, Slot, SlotDraft
from storage.repositories.missions import MissionRepository
from storage.unit import Database, Unit

LOOK_EVERY = timedelta(minutes=15)
LATEST_DAYS = 7
"""After so many days a passed day is no news; slots are kept for 14, so that none is told twice."""

Happened = Callable[[int, Event, str, str], Awaitable[int]]


class GoalOverdueSlots:
    """The kind of slot "goal_overdue": once for each goal and day, on the day after in its person's own zone."""

    name = "goal_overdue"

    def __init__(
        self, database: Database, clock: Clock, zone: Callable[[int], Awaitable[ZoneInfo]], happened: Happened
    ) -> None:
        self._database = database
        self._clock = clock
        self._zone = zone
        self._happened = happened
        self._next_look: datetime | None = None

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """Return goals whose day is over somewhere on earth and that a mission waits for."""
        if self._next_look is not None and now < self._next_look:
            return []
        # The first zones are 14 hours ahead; in the others the slot waits for its own midnight.
        last = (now + timedelta(hours=14)).date() - timedelta(days=1)
        found = await unit.repo(MissionRepository).overdue_goals(last - timedelta(days=LATEST_DAYS), last, limit)
        if len(found) < limit:
            self._next_look = now + LOOK_EVERY
        return [
            SlotDraft(
                key=f"{self.name}:{goal.id}:{goal.target_date}",
                kind=self.name,
                subject_id=f"{goal.id}:{goal.target_date}",
                due_at=now,
                owner=goal.owner,
            )
            for goal in found
        ]

    async def run(self, slot: Slot) -> Later | None:
        owner = slot.owner or 0
        goal_id, _, day = slot.subject_id.rpartition(":")
        target = date.fromisoformat(day)
        zone = await self._zone(owner)
        if self._clock.now().astimezone(zone).date() <= target:
            return Later(datetime.combine(target + timedelta(days=1), time(), zone), "its day is not over there")
        async with self._database.read(owner) as unit:
            waits = await unit.repo(MissionRepository).goal_is_open(goal_id, day)
        if waits:
            await self._happened(owner, Event.GOAL, goal_id, f"{goal_id}:{day}")
        return None
