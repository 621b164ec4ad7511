"""What bounces are given from outside: loops, phases, channels, tempo. Wired in `bot/app/app.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.actors import Actor, OwnerId
from bot.bounces.model import Bounce


@dataclass(frozen=True, slots=True)
class LoopLink:
    """A loop as far as a bounce needs it."""

    id: str
    name: str
    bpm: float | None = None


class Loops(Protocol):
    """Find the loops of a person, and tell them of a bounce."""

    async def search(self, owner: OwnerId, typed: str) -> Sequence[LoopLink]: ...

    async def get(self, owner: OwnerId, loop_id: str) -> LoopLink | None: ...

    async def bounced(self, actor: Actor, owner: OwnerId, loop_id: str) -> None:
        """Take part in the transaction that links a bounce to a loop: it counts as done creative work there."""
        ...


class Channels(Protocol):
    """Say where bounces of an owner are posted."""

    async def bounce_channel(self, owner: OwnerId) -> int | None: ...


class Phases(Protocol):
    """Say in which phase somebody is, and hear of what was finished."""

    async def phase_of(self, owner: OwnerId) -> str | None: ...

    async def finished(self, owner: OwnerId, bounce: Bounce) -> None:
        """Hear, after the transaction, of a bounce that is new."""
        ...


class NoLoops:
    """There are no loops: nothing to link to."""

    async def search(self, owner: OwnerId, typed: str) -> Sequence[LoopLink]:
        return ()

    async def get(self, owner: OwnerId, loop_id: str) -> LoopLink | None:
        return None

    async def bounced(self, actor: Actor, owner: OwnerId, loop_id: str) -> None:
        return None


class NoChannels:
    async def bounce_channel(self, owner: OwnerId) -> int | None:
        return None


class NoPhases:
    async def phase_of(self, owner: OwnerId) -> str | None:
        return None

    async def finished(self, owner: OwnerId, bounce: Bounce) -> None:
        return None
