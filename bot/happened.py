"""What one area did and others act on: a slot in the deciding transaction, run once it is on disk.

A mission that waits for a bounce, an offer of a phase: neither is lost where the process dies in between, and twice is
once by the key.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from bot.slots import Later, Slot, SlotDraft
from storage.unit import Unit

BOUNCE_LOGGED = "bounce_logged"
"""A bounce is new; the payload names its `loop`, or None."""
PHASE_ENTERED = "phase_entered"
"""Somebody is in another phase; the payload names the `phase`."""

Follower = Callable[[Slot], Awaitable[None]]
"""Acts on what happened to `slot.subject_id`; may be called again, and does nothing then."""


def happened(unit: Unit, what: str, subject_id: str, **payload: str | None) -> SlotDraft:
    """Return the slot of something that happened to a thing of this unit's owner."""
    return SlotDraft(f"{what}:{subject_id}", what, subject_id, unit.now, owner=unit.owner, payload=payload)


class Happening:
    """A kind of slot: each follower hears of what happened, and all again where one of them failed."""

    def __init__(self, name: str, *followers: Follower) -> None:
        self.name = name
        self._followers = followers

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """What happens brings its slot along."""
        return []

    async def run(self, slot: Slot) -> Later | None:
        for follower in self._followers:
            await follower(slot)
        return None
