"""What the studio is given from outside. Wired in `bot/app/wiring`."""

from collections.abc import Mapping
from typing import Protocol


class ClientPeople(Protocol):
    """Tell who comes from a client's side."""

    async def client_of(self, guild_id: int, user_id: int) -> str | None:
        """Return the id of the client whose person somebody is in a server, None for nobody's."""
        ...

    async def names(self, guild_id: int) -> Mapping[str, str]:
        """Return the names of a server's clients, by their ids."""
        ...

    async def name_of(self, guild_id: int, client_id: str) -> str | None:
        """Return the name of a client, None where there is none (any more)."""
        ...


class NoClients:
    """Stands in where no clients are kept."""

    async def client_of(self, guild_id: int, user_id: int) -> str | None:
        return None

    async def name_of(self, guild_id: int, client_id: str) -> str | None:
        return None

    async def names(self, guild_id: int) -> Mapping[str, str]:
        return {}
