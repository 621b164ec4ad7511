"""What clients are given from outside. Wired in `bot/app/wiring/clients.py`."""

from typing import Protocol

from bot.clients.model import Client, Work


class PlanReader(Protocol):
    """Read what is filed under clients."""

    async def work(self, client: Client) -> Work:
        """Return what is filed under a client: late, next, finished lately."""
        ...
