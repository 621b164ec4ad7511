"""The kind of slot "mission_redraw": a posted card follows a decision that was made elsewhere."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from bot.slots import Later, Slot, SlotDraft
from storage.unit import Database, Unit

Redraw = Callable[[str, str], Awaitable[Later | None]]
"""(what, id) with what = step or run."""


class RedrawSlots:
    """Draws again what the subject names: `step:<id>` or `run:<id>`."""

    name = "mission_redraw"

    def __init__(self, database: Database, redraw: Redraw) -> None:
        self._database = database
        self._redraw = redraw

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """Decisions bring the slot along."""
        return []

    async def run(self, slot: Slot) -> Later | None:
        what, _, identity = slot.subject_id.partition(":")
        return await self._redraw(what, identity)
