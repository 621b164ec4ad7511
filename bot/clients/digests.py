"""A client's weekly digest: how it is told, what a lead sees before, what they say to it, what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.actors import Actor, OwnerId
from bot.clients.assigning import AssignmentService
from bot.clients.digest_times import wound
from bot.clients.model import Answer, Client, ClientDraft, ClientPerson, DigestClock, DigestWay
from bot.clients.ports import Leads, NobodyLeads, WeekReader
from bot.clients.rules import client_rules
from bot.clients.service import ClientService, Saved
from bot.clients.told_week import ToldWeek, tell_week
from bot.errors import NotFound, Refused
from storage.repositories.client_digests import ClientDigestRepository, DueDigestRepository
from storage.repositories.clients import ClientPeopleRepository, ClientRepository
from storage.unit import Database


@dataclass(frozen=True, slots=True)
class Panel:
    """How a client is told of its week. `clock`: of what comes; None while it is switched off."""

    client: Client
    clock: DigestClock | None
    people: tuple[ClientPerson, ...]
    group_id: str = ""

    @property
    def wanting(self) -> list[ClientPerson]:
        return [person for person in self.people if person.wants_digest]

    @property
    def has_place(self) -> bool:
        """Whether there is somebody or some place to tell it to."""
        if self.client.digest is DigestWay.CHANNEL:
            return self.client.channel_id is not None
        return self.client.digest is DigestWay.DM and bool(self.wanting)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a client would be told when its time comes, as far as is known now. `week` None: a quiet one."""

    client: Client
    clock: DigestClock
    week: ToldWeek | None


class ClientDigests:
    """Everything about what clients are told of their week. Who may is asked before, by the table of roles."""

    def __init__(self, database: Database, clients: ClientService, work: AssignmentService, weeks: WeekReader) -> None:
        self._database = database
        self._clients = clients
        self._work = work
        self._weeks = weeks
        self.leads: Leads = NobodyLeads()
        """Set once the client is there."""
        self.rules = client_rules()

    # ------------------------------------------------------------------ settings

    async def panel(self, owner: OwnerId, client_id: str) -> Panel:
        """Return how a client is told. Raises NotFound."""
        async with self._database.read(owner, as_house=True) as unit:
            client = await unit.repo(ClientRepository).get(client_id)
            if client is None:
                raise NotFound("client", "/client list")
            people = await unit.repo(ClientPeopleRepository).of(client_id)
            clock = await unit.repo(ClientDigestRepository).get(client_id)
        if client.digest is DigestWay.OFF or client.archived_at is not None:
            return Panel(client, None, tuple(people))
        if clock is None or wound(client, clock, self._database.clock.now()).next_at != clock.next_at:
            # Due work brings it in line in a moment; what is shown is true now.
            clock = wound(client, clock, self._database.clock.now())
        return Panel(client, clock, tuple(people))

    async def set(self, actor: Actor, owner: OwnerId, client_id: str, draft: ClientDraft) -> Saved:
        """Change when and how a client is told. Raises Refused for their channel where they have none."""
        if draft.digest is DigestWay.CHANNEL:
            client = await self._clients.get(owner, client_id)
            if client.channel_id is None:
                raise Refused("client_digest_channel", name=client.name)
        saved = await self._clients.edit(actor, owner, client_id, draft)
        await self.wind(saved.client)
        return saved

    async def wind(self, client: Client) -> None:
        """Set a client's clock by its settings at once; what was changed past here is found by due work."""
        if client.digest is DigestWay.OFF:
            return
        async with self._database.system_write("client.digest") as unit:
            clocks = unit.repo(DueDigestRepository)
            for known, clock in await clocks.unset(self.rules.clients_max):
                if known.id == client.id:
                    await clocks.wind(known, wound(known, clock, unit.now))

    # ------------------------------------------------------------------ asking a lead

    async def preview(self, owner: OwnerId, client_id: str) -> Preview:
        """Return what a client would be told of the coming week. Raises NotFound, Refused where it is told nothing."""
        panel = await self.panel(owner, client_id)
        if panel.clock is None:
            raise Refused("client_digest_off", name=panel.client.name)
        return Preview(panel.client, panel.clock, await self.coming(panel.client, panel.clock))

    async def answer(
        self, actor: Actor, owner: OwnerId, client_id: str, week: str, answer: Answer, words: str | None = None
    ) -> Preview:
        """Say what becomes of a week that is not over; until then it can be said anew. Raises Refused."""
        if words is not None:
            words = words.strip()
            if len(words) > self.rules.week_words_max:
                raise Refused("client_digest_words", limit=self.rules.week_words_max)
        async with self._database.write(actor, owner, "client.digest_answer") as unit:
            if not await unit.repo(ClientDigestRepository).answered(client_id, week, answer, words):
                raise Refused("client_digest_over")
        return await self.preview(owner, client_id)

    async def waiting(self, owner: OwnerId) -> list[tuple[Client, DigestClock]]:
        """Return the clients of a server whose coming week waits for a lead."""
        async with self._database.read(owner, as_house=True) as unit:
            clocks = {clock.client_id: clock for clock in await unit.repo(ClientDigestRepository).waiting()}
        live = [client for client in await self._clients.listed(owner) if client.digest is not DigestWay.OFF]
        return [(client, clocks[client.id]) for client in live if client.id in clocks and client.digest_asks]

    async def without_place(self, owner: OwnerId) -> list[Client]:
        """Return the clients that are to be told in their channel and have none."""
        return [
            client
            for client in await self._clients.listed(owner)
            if client.digest is DigestWay.CHANNEL and client.channel_id is None
        ]

    # ------------------------------------------------------------------ what is told

    async def told(self, client: Client, after: datetime, until: datetime) -> ToldWeek | None:
        """Return what a client is told of what happened since then; None for a quiet week."""
        after = max(after, until - timedelta(days=self.rules.week_days_max))
        week = await self._weeks.week(client, after, until)
        given = await self._work.given(client.owner_id, client.id, [item.ref for item in week.open])
        zone = client.zone_info
        return tell_week(
            week, given, after.astimezone(zone).date(), until.astimezone(zone).date(), self.rules.week_lines
        )

    async def coming(self, client: Client, clock: DigestClock) -> ToldWeek | None:
        """Return what would be told when its time comes, were nothing changed until then."""
        return await self.told(client, clock.told_until, clock.next_at)

    async def receivers(self, client: Client) -> Sequence[int]:
        """Return those of a client's people who want to be told by direct message."""
        async with self._database.read(client.owner_id, as_house=True) as unit:
            people = await unit.repo(ClientPeopleRepository).of(client.id)
        return [person.user_id for person in people if person.wants_digest]
