"""What clients are told of their week: the service, over what loops and releases report of a server's plans."""

from datetime import datetime

from bot.clients.assigning import AssignmentService
from bot.clients.digest_messages import ClientDigestMessages
from bot.clients.digest_slots import DIGEST, PREVIEW, ClientDigestSlots
from bot.clients.digests import ClientDigests
from bot.clients.model import Client
from bot.clients.service import ClientService
from bot.digest.model import IsoWeek, StudioWeek
from bot.digest.schedule import Window
from bot.digest.server import ServerDigests
from bot.services import Foundation
from bot.studio.health import Asking, HealthLine, Word
from storage.sight import Sight
from storage.unit import Database


def wire_client_digests(
    on: Foundation, clients: ClientService, work: AssignmentService, servers: ServerDigests
) -> ClientDigests:
    """Make the service and make its slots and deliveries known."""
    digests = ClientDigests(on.database, clients, work, PlansOfClient(on.database, servers))
    on.engine.register(ClientDigestSlots(on.database, digests, on.studio, on.catalogue))
    messages = ClientDigestMessages(digests, on.studio, on.catalogue)
    on.outbox.register(DIGEST, messages.digest, hold=messages.hold, inbox=messages.inbox)
    on.outbox.register(PREVIEW, messages.preview, hold=messages.hold, inbox=messages.preview_inbox)
    on.checks.read_lines.append(lambda asking: health_lines(digests, asking))
    return digests


class PlansOfClient:
    """What the plans of a client did, read as somebody from its side: nothing else of the server is in reach."""

    def __init__(self, database: Database, servers: ServerDigests) -> None:
        self._database = database
        self._servers = servers

    async def week(self, client: Client, after: datetime, until: datetime) -> StudioWeek:
        zone = client.zone_info
        window = Window(IsoWeek.of(until.astimezone(zone).date()), after, until)
        with self._database.looking_as(client.owner_id, Sight(client.id, 0)):
            week = await self._servers.reported(client.owner_id, window, zone)
        # The sight shows nothing else; what is told outside is looked at once more.
        return StudioWeek(
            tuple(item for item in week.finished if item.client == client.id),
            tuple(item for item in week.open if item.client == client.id),
        )


async def health_lines(digests: ClientDigests, asking: Asking) -> list[HealthLine]:
    """Say which clients' weeks wait for a lead, and which have no place to go."""
    waiting = [
        HealthLine("client_digest_waits", Word.LOOK, {"name": client.name, "when": clock.next_at})
        for client, clock in await digests.waiting(asking.guild_id)
    ]
    return waiting + [
        HealthLine("client_digest_nowhere", Word.LOOK, {"name": client.name})
        for client in await digests.without_place(asking.guild_id)
    ]
