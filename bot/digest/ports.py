"""What digests are given from outside: the week's data area by area, when to write, what buttons do."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.actors import Actor
from bot.digest.model import Energy, StudioWeek, WeekData
from bot.digest.schedule import Window
from bot.say.words import Speaks


class WeekSource(Protocol):
    """One area's part of a week: return `data` with that part filled in, by queries over the window only."""

    async def fill(self, owner: int, window: Window, zone: ZoneInfo, data: WeekData) -> WeekData: ...


class StudioSource(Protocol):
    """One area's part of a server's week: return `week` with what its own plans of that area did."""

    async def of_studio(self, server: int, window: Window, zone: ZoneInfo, week: StudioWeek) -> StudioWeek: ...


class StudioClients(Protocol):
    """Tell whom a server works for, and who does what."""

    async def names(self, server: int) -> Mapping[str, str]:
        """Return the names of the clients that are worked for, by id; those that were put away are left out."""
        ...

    async def doers(self, server: int, refs: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the names of those to whom things were given, by the thing."""
        ...


class Person(Protocol):
    """What is known of whom a digest is for."""

    async def zone(self, user_id: int) -> ZoneInfo: ...

    async def words(self, user_id: int) -> Speaks: ...

    async def name(self, user_id: int) -> str: ...

    async def wants_digests(self, user_id: int) -> bool:
        """Say whether digests by direct message are on."""
        ...

    async def silenced(self, user_id: int, now: datetime) -> str | None:
        """Return why nothing may be sent (paused, rest, dm_closed), None when it may."""
        ...

    async def open_at(self, user_id: int, now: datetime) -> datetime | None:
        """Return the first moment outside quiet hours; None: paused."""
        ...

    async def pace(self, user_id: int) -> str: ...

    async def tells_energy(self, user_id: int) -> bool:
        """Say whether the person agreed to be asked for their energy."""
        ...

    async def energy(self, user_id: int, window: Window) -> Energy | None:
        """Return what the answers of a window told; None without consent or without an answer."""
        ...


class WeekPlanner(Protocol):
    """What the digest's buttons ask of the coach."""

    async def plan_next_week(self, actor: Actor, owner: int) -> None: ...

    async def lighter_week(self, actor: Actor, owner: int) -> None: ...


class Waveforms(Protocol):
    """Give the picture of a bounce as PNG, None when there is none any more."""

    async def picture(self, owner: int, source: str) -> bytes | None: ...
