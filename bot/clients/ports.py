"""What clients are given from outside. Wired in `bot/app/wiring/clients.py`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.actors import OwnerId, PersonId
from bot.clients.model import Client, Subject, Work


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
