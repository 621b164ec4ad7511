"""What missions are given from outside: zones, approvers, words, how runs are counted. Wired in `bot/app/app.py`."""

from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.actors import Actor


@dataclass(frozen=True, slots=True)
class Presser:
    """Somebody who decides: what Discord says of them where they press."""

    user_id: int
    name: str
    guild_id: int | None = None
    roles: frozenset[int] = frozenset()
    can_manage_server: bool = False


class People(Protocol):
    """Zones and approvers, from the settings."""

    async def zone(self, user_id: int, guild_id: int | None = None) -> ZoneInfo: ...

    async def may_approve(self, who: Presser) -> bool:
        """Tell whether this person holds the approver role of the server they press in."""
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
