"""What the studio is given from outside. Wired in `bot/app/wiring`."""

from typing import Protocol


class ClientPeople(Protocol):
    """Tell who comes from a client's side."""

    async def client_of(self, guild_id: int, user_id: int) -> str | None:
        """Return the id of the client whose person somebody is in a server, None for nobody's."""
        ...

    async def name_of(self, guild_id: int, client_id: str) -> str | None:
        """Return the name of a client, None where there is none (any more)."""
        ...

    async def approves(self, guild_id: int, client_id: str, user_id: int) -> bool:
        """Tell whether somebody approves for a client of a server."""
        ...


class NoClients:
    """Stands in where no clients are kept."""

    async def client_of(self, guild_id: int, user_id: int) -> str | None:
        return None

    async def name_of(self, guild_id: int, client_id: str) -> str | None:
        return None

    async def approves(self, guild_id: int, client_id: str, user_id: int) -> bool:
        return False
