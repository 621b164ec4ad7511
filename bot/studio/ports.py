"""What the studio is given from outside. Wired in `bot/app/wiring`."""

from collections.abc import Mapping, Sequence
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

    async def name_as_house(self, guild_id: int, client_id: str) -> str:
        """Return the name of a client whoever looks, "" where there is none (any more)."""
        ...

    async def approving_of(self, guild_id: int, client_id: str) -> Sequence[int]:
        """Return who approves for a client of a server."""
        ...

    async def approves_for(self, user_id: int) -> Sequence[tuple[int, str]]:
        """Return the clients (server, client) for whom somebody approves, over all servers."""
        ...


class NoClients:
    """Stands in where no clients are kept."""

    async def client_of(self, guild_id: int, user_id: int) -> str | None:
        return None

    async def name_of(self, guild_id: int, client_id: str) -> str | None:
        return None

    async def names(self, guild_id: int) -> Mapping[str, str]:
        return {}

    async def name_as_house(self, guild_id: int, client_id: str) -> str:
        return ""

    async def approving_of(self, guild_id: int, client_id: str) -> Sequence[int]:
        return ()

    async def approves_for(self, user_id: int) -> Sequence[tuple[int, str]]:
        return ()
