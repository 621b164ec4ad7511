"""The option that is a client, by autocomplete; the select that files something under one."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.actors import OwnerId
from bot.clients.model import Client, ClientState
from bot.say.card import Option, Select, join
from bot.say.words import Words
from bot.studio.roles import Does
from bot.ui.base import Turn
from bot.ui.commands import Entity

NONE = "none"
"""Chosen for no client."""
MORE = "more:"
"""How the choice begins that shows further clients: then the page, and what is chosen now."""
_PER_PAGE = 23


class ClientOption(Entity):
    """The clients of this server; for somebody from a client's side theirs, wherever they are."""

    thing, list_command, opens, area = "client", "/client list", ("client", "show"), "client"

    async def owner_of(self, turn: Turn, thing_id: str) -> OwnerId | None:
        return await turn.services.clients.owner_of(thing_id)

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        wanted = typed.strip().casefold()
        return [
            Option(_label(client, turn.words), client.id)
            for client in await clients_in_sight(turn)
            if wanted in client.name.casefold()
        ]


def _label(client: Client, words: Words) -> str:
    parts = [client.name, words(f"client.kind.{client.kind.value}")]
    if client.state is ClientState.ARCHIVED:
        parts.append(words("client.state.archived"))
    return join(" · ", parts)


async def clients_in_sight(turn: Turn) -> list[Client]:
    """Return the clients that somebody may see here: this server's, and elsewhere those whose person they are."""
    studio = await turn.studio("client", Does.SEE)
    if studio is not None:
        found = await turn.services.clients.listed(studio, None)
        return sorted(found, key=lambda client: client.archived_at is not None)
    if turn.guild is not None:
        return []
    return list(await turn.services.clients.of_person(turn.person))


async def filing_select(
    turn: Turn, kind: str, thing_id: str, owner: OwnerId, now: str | None, page: int = 0
) -> Select | None:
    """Return the select that files a thing of a server under a client, None where there is no client to choose.

    More clients than one select holds come in pages; after the last comes the first.
    """
    known = await turn.services.clients.listed(owner)
    if not known:
        return None
    pages = -(-len(known) // _PER_PAGE)
    first = page % pages * _PER_PAGE
    shown = known[first : first + _PER_PAGE]
    options = [Option(client.name, client.id, default=client.id == now) for client in shown]
    if pages > 1:
        label = turn.words("client.file.more", shown=f"{first + 1}–{first + len(shown)}", count=len(known))
        options.append(Option(label, f"{MORE}{(page + 1) % pages}:{now or ''}"))
    if now is not None:
        options.append(Option(turn.words("client.file.none"), NONE))
    return Select("client", "file", turn.words("client.file.pick"), options, thing_id, kind, owner=owner)


# ---------------------------------------------------------------------- lists


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list shows: a state, whose ("all", "me", "studio"), and of one client only."""

    state: str
    whose: str = "all"
    client: str | None = None

    @property
    def filter(self) -> str:
        """The same as a short word, which goes into the buttons of a list."""
        return f"{self.state}.c.{self.client}" if self.client else f"{self.state}.{self.whose}"

    @staticmethod
    def read(text: str) -> "Wanted":
        state, _, rest = text.partition(".")
        whose, _, client = rest.partition(".")
        return Wanted(state, "studio", client) if whose == "c" else Wanted(state, whose or "all")


async def keeps(turn: Turn, studio: OwnerId, wanted: Wanted) -> Callable[[str | None], bool]:
    """Return which of a server's things a list shows, by client: one that was put away only if asked for."""
    if wanted.client is not None:
        return lambda client: client == wanted.client
    away = {client.id for client in await turn.services.clients.listed(studio, ClientState.ARCHIVED)}
    return lambda client: client not in away
