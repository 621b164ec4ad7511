"""Clients of a server: make, edit, archive, delete, restore; their people, invited by a code that they type."""

import hashlib
import secrets
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.actors import Actor, OwnerId, PersonId
from bot.clients.inputs import read_colour, read_name, read_notes, read_zone
from bot.clients.model import (
    Client,
    ClientDraft,
    ClientKind,
    ClientPerson,
    ClientRole,
    ClientState,
    Membership,
    Overview,
)
from bot.clients.ports import PlanReader
from bot.clients.rules import client_rules
from bot.errors import NotFound, Refused
from bot.ports import ZoneReader
from storage.repositories.assignments import AssignmentRepository
from storage.repositories.clients import (
    ClientPeopleRepository,
    ClientRepository,
    InviteRepository,
    MembershipRepository,
    folded,
)
from storage.repositories.filed import FiledRepository
from storage.repositories.studio import RequestRepository
from storage.unit import Database, Reading, Unit

Filed = Callable[[Unit, str, str], Awaitable[None]]
LIST = "/client list"
NO_CLIENT = "-"
"""As whose person somebody counts whose client is put away or in the bin: of none, and nobody of the house either."""
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Signs of codes: none that are taken for one another."""
_PEOPLE_TABLE = "client_people"


@dataclass(frozen=True, slots=True)
class Saved:
    """A client was changed; `group_id` is what Undo needs ("": nothing was)."""

    client: Client
    group_id: str


@dataclass(frozen=True, slots=True)
class Invite:
    """A code, shown this once."""

    client: Client
    code: str
    expires_at: datetime


class ClientService:
    """Everything that is done with clients. Who may is asked before, by the table of roles."""

    def __init__(self, database: Database, plans: PlanReader, zones: ZoneReader) -> None:
        self._database = database
        self._plans = plans
        self._zones = zones
        self.rules = client_rules()
        self.filed: list[Filed] = []
        """Told of what was filed (unit, kind, id), inside the transaction."""
        self._kept: tuple[int, dict[tuple[int, int], str | None]] = (-1, {})
        self._wrong: dict[int, deque[datetime]] = defaultdict(deque)

    # ------------------------------------------------------------------ reading

    async def listed(self, owner: OwnerId, state: ClientState | None = ClientState.ACTIVE) -> list[Client]:
        """Return the clients of a server by name; those in the bin are left out."""
        async with self._database.read(owner) as unit:
            found = await unit.repo(ClientRepository).all()
        return [client for client in found if state is None or client.state is state]

    async def binned(self, owner: OwnerId) -> list[Client]:
        async with self._database.read(owner) as unit:
            return await unit.repo(ClientRepository).binned()

    async def get(self, owner: OwnerId, client_id: str) -> Client:
        """Return a client. Raises NotFound for one that is unknown, in the bin, or another server's."""
        async with self._database.read(owner) as unit:
            return await self._client_in(unit, client_id)

    async def names(self, guild_id: int) -> dict[str, str]:
        """Return the name of every client by its id, archived ones too."""
        return {client.id: client.name for client in await self.listed(guild_id, None)}

    async def overview(self, owner: OwnerId, client_id: str) -> Overview:
        """Return a client with its people and with what is late, next and finished."""
        async with self._database.read(owner) as unit:
            client = await self._client_in(unit, client_id)
            people = await unit.repo(ClientPeopleRepository).of(client.id)
        return Overview(client, tuple(people), await self._plans.work(client))

    async def people(self, owner: OwnerId, client_id: str) -> Sequence[ClientPerson]:
        async with self._database.read(owner) as unit:
            client = await self._client_in(unit, client_id)
            return await unit.repo(ClientPeopleRepository).of(client.id)

    async def client_of(self, guild_id: int, user_id: int) -> str | None:
        """Return the id of the client whose person somebody is in a server. Asked at every press, so it is kept.

        While that client is put away or in the bin it is NO_CLIENT: they see nothing, and do not become the house's.
        """
        version = self._database.versions.of(_PEOPLE_TABLE)
        kept, key = self._kept, (guild_id, user_id)
        if kept[0] != version:
            kept = self._kept = (version if version is not None else -1, {})
        elif key in kept[1]:
            return kept[1][key]
        async with self._database.read(guild_id, as_house=True) as unit:
            person = await unit.repo(ClientPeopleRepository).find(user_id)
            client = await unit.repo(ClientRepository).get(person.client_id) if person else None
        live = client is not None and client.archived_at is None
        found = None if person is None else person.client_id if live else NO_CLIENT
        if version is not None:
            kept[1][key] = found
        return found

    async def owner_of(self, client_id: str) -> OwnerId | None:
        """Return whose client it is. Whoever asks must then ask whether this person may see it."""
        async with self._database.system_read() as unit:
            return await unit.repo(MembershipRepository).owner_of(client_id)

    async def of_person(self, user_id: int) -> Sequence[Client]:
        """Return the clients whose person somebody is, over all servers."""
        found = [await self._of_membership(one) for one in await self.memberships(user_id)]
        return [client for client in found if client is not None and client.archived_at is None]

    async def _of_membership(self, one: Membership) -> Client | None:
        async with self._database.read(one.guild_id, as_house=True) as unit:
            return await unit.repo(ClientRepository).get(one.client_id)

    async def approving(self, user_id: int) -> Sequence[Client]:
        """Return the clients for whom somebody approves, over all servers."""
        found: list[Client] = []
        for one in await self.memberships(user_id):
            async with self._database.read(one.guild_id, as_house=True) as unit:
                person = await unit.repo(ClientPeopleRepository).find(user_id)
                client = await unit.repo(ClientRepository).get(one.client_id)
            if client is not None and client.archived_at is None and person is not None and person.may_approve:
                found.append(client)
        return found

    async def approving_of(self, guild_id: int, client_id: str) -> Sequence[int]:
        """Return who approves for a client; nobody for one that is put away. All of them came in by a code."""
        async with self._database.read(guild_id, as_house=True) as unit:
            client = await unit.repo(ClientRepository).get(client_id)
            if client is None or client.archived_at is not None:
                return ()
            return [one.user_id for one in await unit.repo(ClientPeopleRepository).of(client_id) if one.may_approve]

    async def approves_for(self, user_id: int) -> Sequence[tuple[int, str]]:
        """Return the clients (server, client) for whom somebody approves."""
        return [(client.owner_id, client.id) for client in await self.approving(user_id)]

    async def name_as_house(self, guild_id: int, client_id: str) -> str:
        """Return the name of a client whoever looks, "" where there is none (any more)."""
        return (await self.names_as_house(guild_id)).get(client_id, "")

    async def names_as_house(self, owner: OwnerId) -> dict[str, str]:
        """Return the name of every client that is not put away, whoever looks: for lines that are theirs to know."""
        async with self._database.read(owner, as_house=True) as unit:
            known = await unit.repo(ClientRepository).all()
        return {client.id: client.name for client in known if client.archived_at is None}

    async def name_of(self, guild_id: int, client_id: str) -> str | None:
        """Return the name of a client, None where there is none (any more)."""
        async with self._database.read(guild_id) as unit:
            client = await unit.repo(ClientRepository).get(client_id)
        return None if client is None else client.name

    async def memberships(self, user_id: int) -> Sequence[Membership]:
        """Return where somebody comes from a client's side, over all servers."""
        async with self._database.system_read() as unit:
            return await unit.repo(MembershipRepository).of(user_id)

    # ------------------------------------------------------------------ changing

    async def create(self, actor: Actor, owner: OwnerId, draft: ClientDraft, *, key: str | None = None) -> Saved:
        """Make a client. `key` makes a repeat of the same interaction harmless."""
        name = read_name(draft.name or "", self.rules)
        zone = read_zone(draft.zone) if draft.zone else (await self._zones.zone(owner)).key
        async with self._database.write(actor, owner, "client.create") as unit:
            if key is not None and (known := await unit.repo(RequestRepository).result(f"client:{key}")):
                return Saved(await self._client_in(unit, str(known)), "")
            await self._check_name(unit, name, None)
            live = await unit.repo(ClientRepository).all()
            if sum(client.archived_at is None for client in live) >= self.rules.clients_max:
                raise Refused("client_full", limit=self.rules.clients_max)
            client = await unit.repo(ClientRepository).add(
                Client(
                    unit.new_id(),
                    owner,
                    name,
                    draft.kind or ClientKind.ARTIST,
                    draft.role or ClientRole.ARTIST,
                    zone,
                    unit.now,
                    channel_id=draft.channel_id,
                    colour=read_colour(draft.colour) if draft.colour else None,
                    notes=read_notes(draft.notes or "", self.rules),
                )
            )
            if key is not None:
                await unit.repo(RequestRepository).remember(f"client:{key}", client.id)
        return Saved(client, unit.group_id)

    async def edit(self, actor: Actor, owner: OwnerId, client_id: str, draft: ClientDraft) -> Saved:
        """Change what is given of a client."""
        async with self._database.write(actor, owner, "client.edit") as unit:
            client = await self._client_in(unit, client_id)
            if draft.name is not None:
                name = read_name(draft.name, self.rules)
                await self._check_name(unit, name, client.id)
                client = replace(client, name=name)
            changed = replace(
                client,
                kind=draft.kind or client.kind,
                role=draft.role or client.role,
                zone=read_zone(draft.zone) if draft.zone else client.zone,
                channel_id=None if draft.clears_channel else draft.channel_id or client.channel_id,
                colour=client.colour if draft.colour is None else read_colour(draft.colour),
                notes=client.notes if draft.notes is None else read_notes(draft.notes, self.rules),
                digest=draft.digest or client.digest,
                digest_day=client.digest_day if draft.digest_day is None else draft.digest_day,
                digest_hour=client.digest_hour if draft.digest_hour is None else draft.digest_hour,
                digest_asks=client.digest_asks if draft.digest_asks is None else draft.digest_asks,
            )
            await unit.repo(ClientRepository).save(changed)
        return Saved(changed, unit.group_id)

    async def archive(self, actor: Actor, owner: OwnerId, client_id: str) -> Saved:
        """Put a client away: it leaves lists, its people see nothing here until it is taken out, its codes end."""
        async with self._database.write(actor, owner, "client.archive") as unit:
            client = await self._client_in(unit, client_id)
            if client.archived_at is not None:
                return Saved(client, "")
            client = await unit.repo(ClientRepository).save(replace(client, archived_at=unit.now))
            await unit.repo(InviteRepository).drop(client.id)
            unit.on_commit(self._forget_kept)
        return Saved(client, unit.group_id)

    async def unarchive(self, actor: Actor, owner: OwnerId, client_id: str) -> Saved:
        async with self._database.write(actor, owner, "client.unarchive") as unit:
            client = await self._client_in(unit, client_id)
            if client.archived_at is None:
                return Saved(client, "")
            client = await unit.repo(ClientRepository).save(replace(client, archived_at=None))
            unit.on_commit(self._forget_kept)
        return Saved(client, unit.group_id)

    async def delete(self, actor: Actor, owner: OwnerId, client_id: str) -> Saved:
        """Put a client into the bin for 30 days; what was filed under it stays, without a client."""
        async with self._database.write(actor, owner, "client.delete") as unit:
            client = await self._client_in(unit, client_id)
            await unit.repo(FiledRepository).unfile_all(client.id)
            await unit.repo(InviteRepository).drop(client.id)
            client = await unit.repo(ClientRepository).save(replace(client, deleted_at=unit.now))
            unit.on_commit(self._forget_kept)
        return Saved(client, unit.group_id)

    async def restore(self, actor: Actor, owner: OwnerId, client_id: str) -> Saved:
        """Take a client out of the bin. What was filed under it is filed again by hand, or by Undo in time."""
        async with self._database.write(actor, owner, "client.restore") as unit:
            client = await unit.repo(ClientRepository).get(client_id, binned=True)
            if client is None:
                raise NotFound("client", LIST)
            await self._check_name(unit, client.name, client.id)
            client = await unit.repo(ClientRepository).save(replace(client, deleted_at=None))
            unit.on_commit(self._forget_kept)
        return Saved(client, unit.group_id)

    async def file_under(
        self, actor: Actor, owner: OwnerId, kind: str, thing_id: str, client_id: str | None
    ) -> tuple[Client | None, str]:
        """File a thing of the server (loop, release, bounce, mission) under a client, or none; with what belongs to it.

        Return the client and the group that Undo needs. Raises NotFound for another server's client or thing.
        """
        async with self._database.write(actor, owner, "client.file") as unit:
            client = await self._client_in(unit, client_id) if client_id is not None else None
            if not await unit.repo(FiledRepository).file(kind, thing_id, client_id):
                raise NotFound(kind, f"/{kind} list")
            for listener in self.filed:
                await listener(unit, kind, thing_id)
        return client, unit.group_id

    # ------------------------------------------------------------------ people

    async def invite(self, actor: Actor, owner: OwnerId, client_id: str) -> Invite:
        """Make a code for one person. Only its hash is kept."""
        code = "".join(secrets.choice(_ALPHABET) for _ in range(self.rules.code_signs))
        async with self._database.write(actor, owner, "client.invite") as unit:
            client = await self._client_in(unit, client_id)
            if client.archived_at is not None:
                raise Refused("client_archived", name=client.name)
            invites = unit.repo(InviteRepository)
            if await invites.open_count(client.id) >= self.rules.invites_max:
                raise Refused("client_invites_full", limit=self.rules.invites_max)
            expires_at = unit.now + timedelta(days=self.rules.invite_days)
            await invites.add(client.id, _hash(code), actor.user_id or 0, expires_at)
        return Invite(client, code, expires_at)

    async def join(self, actor: Actor, name: str, code: str) -> Client:
        """Let somebody in by the code that they typed. Raises Refused for one that does not hold (any more)."""
        person = PersonId(actor.user_id or 0)
        self._check_tries(person)
        hashed = _hash(code)
        async with self._database.system_read() as unit:
            place = await unit.repo(MembershipRepository).invited_to(hashed)
            known = await unit.repo(MembershipRepository).of(person)
        if place is None:
            self._wrong[person].append(self._database.clock.now())
            raise Refused("client_code")
        if len(known) >= self.rules.person_clients_max:
            raise Refused("client_person_full", limit=self.rules.person_clients_max)
        async with self._database.write(actor, place.guild_id, "client.join") as unit:
            people = unit.repo(ClientPeopleRepository)
            client = await self._client_in(unit, place.client_id)
            already = await people.find(person)
            if already is not None:
                other = await self._client_in(unit, already.client_id)
                raise Refused("client_joined_already", name=other.name)
            if len(await people.of(client.id)) >= self.rules.people_max:
                raise Refused("client_people_full", limit=self.rules.people_max)
            taken = await unit.repo(InviteRepository).use(hashed)
            if taken is None:
                raise Refused("client_code")
            await people.add(ClientPerson(unit.new_id(), client.id, person, name, True, unit.now, taken[1]))
            unit.touch("client", client.id)
            unit.on_commit(self._forget_kept)
        return client

    async def let_approve(self, actor: Actor, owner: OwnerId, user_id: int, *, may: bool) -> None:
        """Let one of a client's people approve for it, or no longer."""
        async with self._database.write(actor, owner, "client.people") as unit:
            if not await unit.repo(ClientPeopleRepository).let_approve(user_id, may=may):
                raise NotFound("client", LIST)

    async def want_digest(self, actor: Actor, owner: OwnerId, user_id: int, *, wants: bool) -> None:
        """Note whether one of a client's people wants their week by direct message: their own wish."""
        async with self._database.write(actor, owner, "client.want_digest") as unit:
            if not await unit.repo(ClientPeopleRepository).want_digest(user_id, wants=wants):
                raise NotFound("client", LIST)

    async def remove_person(self, actor: Actor, owner: OwnerId, user_id: int) -> None:
        """Take somebody out of a client's people; what they approved stays as the client's, their tasks end."""
        async with self._database.write(actor, owner, "client.people") as unit:
            person = await unit.repo(ClientPeopleRepository).find(user_id)
            if person is not None:
                await unit.repo(AssignmentRepository).end_of_client(person.client_id, [user_id])
            if not await unit.repo(ClientPeopleRepository).remove(user_id):
                raise NotFound("client", LIST)
            unit.on_commit(self._forget_kept)

    # ------------------------------------------------------------------ inside

    def _forget_kept(self) -> None:
        """Whose person somebody is also depends on the client's own row, which is not watched."""
        self._kept = (-1, {})

    def _check_tries(self, person: PersonId) -> None:
        """Raise Refused for who guesses codes."""
        tries, now = self._wrong[person], self._database.clock.now()
        while tries and now - tries[0] >= timedelta(minutes=self.rules.wrong_codes_minutes):
            tries.popleft()
        if not tries:
            del self._wrong[person]
        elif len(tries) >= self.rules.wrong_codes:
            raise Refused("client_code_tries", when=tries[0] + timedelta(minutes=self.rules.wrong_codes_minutes))

    @staticmethod
    async def _client_in(unit: Reading, client_id: str) -> Client:
        client = await unit.repo(ClientRepository).get(client_id)
        if client is None:
            raise NotFound("client", LIST)
        return client

    @staticmethod
    async def _check_name(unit: Unit, name: str, own: str | None) -> None:
        known = await unit.repo(ClientRepository).named(folded(name))
        if known is not None and known != own:
            raise Refused("client_name_taken", name=name)


def _hash(code: str) -> str:
    """Return what is kept of a code: how it is written does not matter."""
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
