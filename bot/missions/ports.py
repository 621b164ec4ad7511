"""What missions are given from outside: zones, who is what, words, how runs are counted. Wired in `bot/app/app.py`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.actors import Actor
from bot.missions.model import Mission


@dataclass(frozen=True, slots=True)
class Presser:
    """Somebody who decides: what Discord says of them where they press."""

    user_id: int
    name: str
    guild_id: int | None = None
    roles: frozenset[int] = frozenset()
    can_manage_server: bool = False
    is_there: bool = True
    """Whether they are in that server at all."""


Roll = Callable[[int, int], Awaitable[Presser]]
"""Ask what somebody is now in a server (server, person): who agreed earlier may have left or lost a role."""


class People(Protocol):
    """Zones, roles and clients, from the settings."""

    async def zone(self, user_id: int, guild_id: int | None = None) -> ZoneInfo: ...

    async def is_server(self, owner: int) -> bool:
        """Tell whether an owner is a server."""
        ...

    async def fits(self, who: Presser, mission: Mission) -> frozenset[str]:
        """Return which parts of a mission's quorum somebody can fill, as they stand now (quorum.py)."""
        ...

    async def approving(self, owner: int, client_id: str) -> Sequence[int]:
        """Return who approves for a client of a server."""
        ...

    async def clients_of(self, user_id: int) -> Sequence[tuple[int, str]]:
        """Return the clients (server, client) for whom somebody approves, over all servers."""
        ...

    async def client_name(self, owner: int, client_id: str) -> str:
        """Return what a client of a server is called, whoever looks."""
        ...

    async def studio_name(self, owner: int) -> str:
        """Return what a server is called."""
        ...


class Say(Protocol):
    """Give the text of a string key with its named parts."""

    def __call__(self, key: str, /, **parts: object) -> str: ...


class Undoer(Protocol):
    """Put back a group of changes; joins an open unit."""

    async def undo(
        self, actor: Actor, owner: int, group_id: str, *, any_time: bool = False, anyone: bool = False
    ) -> object: ...


class MissionMetrics(Protocol):
    """Count runs, steps and decisions; no ids."""

    def mission_run(self, outcome: str, planner: str) -> None: ...

    def mission_step(self, tool: str, state: str) -> None: ...

    def mission_decided(self, seconds: float) -> None: ...


class SilentMetrics:
    """Counts nothing."""

    def mission_run(self, outcome: str, planner: str) -> None: ...

    def mission_step(self, tool: str, state: str) -> None: ...

    def mission_decided(self, seconds: float) -> None: ...
