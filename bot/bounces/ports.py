"""What bounces are given from outside: loops, phases, channels, tempo. Wired in `bot/app/app.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.actors import OwnerId


@dataclass(frozen=True, slots=True)
class LoopLink:
    """A loop as far as a bounce needs it."""

    id: str
    name: str
    bpm: float | None = None
    client_id: str | None = None
    """Whom it is filed under: what is linked to it is filed alike."""


class Loops(Protocol):
    """Find the loops of a person."""

    async def search(self, owner: OwnerId, typed: str) -> Sequence[LoopLink]: ...

    async def get(self, owner: OwnerId, loop_id: str) -> LoopLink | None: ...


class Channels(Protocol):
    """Say where bounces of an owner are posted."""

    async def bounce_channel(self, owner: OwnerId) -> int | None: ...


class Phases(Protocol):
    """Say in which phase somebody is."""

    async def phase_of(self, owner: OwnerId) -> str | None: ...


class NoLoops:
    """There are no loops: nothing to link to."""

    async def search(self, owner: OwnerId, typed: str) -> Sequence[LoopLink]:
        return ()

    async def get(self, owner: OwnerId, loop_id: str) -> LoopLink | None:
        return None


class NoChannels:
    async def bounce_channel(self, owner: OwnerId) -> int | None:
        return None


class NoPhases:
    async def phase_of(self, owner: OwnerId) -> str | None:
        return None
