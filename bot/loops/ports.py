"""What loops are given from outside: words, bounces, the phase, the profile, the zone. Wired in `bot/app/app.py`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.loops.model import LoopBounce, LoopId


class Say(Protocol):
    """Give the text of a string key with its named parts; plurals by `count`."""

    def __call__(self, key: str, /, **parts: object) -> str: ...


class BounceReader(Protocol):
    """Read the bounces that are linked to loops, distinct by content hash."""

    async def bounces_of(self, owner: int, loop_ids: Sequence[LoopId]) -> Mapping[LoopId, Sequence[LoopBounce]]:
        """Return the bounces of each loop; a loop without any may be missing."""
        ...


class PhaseReader(Protocol):
    """Tell the phase that a person is in."""

    async def phase_of(self, owner: int) -> str:
        """Return generator, builder, executor, recovery, or "any" when there is none."""
        ...


class Servers(Protocol):
    """Tell servers from people among owners."""

    async def is_server(self, owner: int) -> bool: ...

    async def client_name(self, guild_id: int, client_id: str) -> str | None:
        """Return the name of a client of a server, None where there is none (any more)."""
        ...


class NoServers:
    """Stands in where there are only people."""

    async def is_server(self, owner: int) -> bool:
        return False

    async def client_name(self, guild_id: int, client_id: str) -> str | None:
        return None


class DoerReader(Protocol):
    """Tell who does the clips of a server's loop."""

    async def doers(self, owner: int, subject_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the names of those who do each clip; one that nobody was given may be missing."""
        ...


class NoDoers:
    """Stands in where nobody is given anything."""

    async def doers(self, owner: int, subject_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        return {}


class NoBounces:
    """Stands in where no bounces are kept."""

    async def bounces_of(self, owner: int, loop_ids: Sequence[LoopId]) -> Mapping[LoopId, Sequence[LoopBounce]]:
        return {}


class NoPhase:
    async def phase_of(self, owner: int) -> str:
        return "any"


class NoProfile:
    async def role_and_pace(self, owner: int) -> tuple[str, str] | None:
        return None
