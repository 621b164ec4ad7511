"""What the studio is given from outside. Wired in `bot/app/wiring`."""

from typing import Protocol


class ClientPeople(Protocol):
    """Tell who comes from a client's side."""

    async def client_of(self, guild_id: int, user_id: int) -> str | None:
        """Return the id of the client whose person somebody is in a server, None for nobody's."""
        ...


class NoClients:
    """Stands in where no clients are kept."""

    async def client_of(self, guild_id: int, user_id: int) -> str | None:
        return None
