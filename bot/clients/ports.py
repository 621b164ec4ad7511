"""What clients are given from outside. Wired in `bot/app/wiring/clients.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.actors import OwnerId, PersonId
from bot.clients.model import Client, Subject, Work
from bot.digest.model import StudioWeek


class PlanReader(Protocol):
    """Read what is filed under clients."""

    async def work(self, client: Client) -> Work:
        """Return what is filed under a client: late, next, finished lately."""
        ...


class SubjectReader(Protocol):
    """Read of things what whoever does them may know."""

    async def look(self, owner: OwnerId, ids: Sequence[str]) -> Mapping[str, Subject]:
        """Return things of a server by id, whoever looks; what is gone is missing."""
        ...

    async def own(self, person: PersonId) -> Sequence[Subject]:
        """Return the open things with a day of somebody's own plans."""
        ...

    async def studio_name(self, owner: OwnerId) -> str:
        """Return what a server is called."""
        ...


class WeekReader(Protocol):
    """Read what the plans of a client did."""

    async def week(self, client: Client, after: datetime, until: datetime) -> StudioWeek:
        """Return what somebody from the client's side sees of it, and nothing else."""
        ...


@dataclass(frozen=True, slots=True)
class Leading:
    """Who leads a server: its owner, and others of those that were asked about."""

    owner: int | None = None
    leads: tuple[int, ...] = ()


class Leads(Protocol):
    """Tell who leads a server."""

    async def among(self, server: OwnerId, people: Sequence[int]) -> Leading:
        """Return the server's owner, and which of these people lead it."""
        ...


class NobodyLeads:
    """Nobody is known to lead anything: as long as nothing is connected to Discord."""

    async def among(self, server: OwnerId, people: Sequence[int]) -> Leading:
        return Leading()
