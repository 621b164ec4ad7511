"""Clients, their people and invites: SQL in, things of the area out."""

from datetime import datetime

from sqlalchemy import delete, func, select, update

from bot.actors import GuildId, PersonId
from bot.clients.model import Client, ClientKind, ClientPerson, ClientRole, DigestWay, Membership
from storage.tables.clients import ClientInviteRow, ClientPersonRow, ClientRow
from storage.unit import Repository, Unit, UnitT


class ClientRepository(Repository[UnitT]):
    """The clients of this server."""

    async def get(self, client_id: str, *, binned: bool = False) -> Client | None:
        row = await self._row(client_id)
        return None if row is None or (row.deleted_at is not None and not binned) else client_of_row(row)

    async def all(self) -> list[Client]:
        """Return what is not in the bin, by name."""
        rows = await self.session.execute(
            select(ClientRow).where(ClientRow.deleted_at.is_(None)).order_by(ClientRow.folded)
        )
        return [client_of_row(row) for row in rows.scalars()]

    async def binned(self) -> list[Client]:
        rows = await self.session.execute(
            select(ClientRow).where(ClientRow.deleted_at.is_not(None)).order_by(ClientRow.deleted_at.desc())
        )
        return [client_of_row(row) for row in rows.scalars()]

    async def named(self, folded: str) -> str | None:
        """Return the id of the live client of that name."""
        query = select(ClientRow.id).where(ClientRow.folded == folded, ClientRow.deleted_at.is_(None))
        return (await self.session.execute(query.limit(1))).scalar_one_or_none()

    async def add(self: "ClientRepository[Unit]", client: Client) -> Client:
        now = self.unit.now
        self.writing.add(ClientRow(id=client.id, owner_id=self.owner, updated_at=now, **_columns(client)))
        await self.writing.flush()
        return client

    async def save(self: "ClientRepository[Unit]", client: Client) -> Client:
        row = await self._row(client.id)
        if row is None:
            return client
        for name, value in _columns(client).items():
            if getattr(row, name) != value:
                setattr(row, name, value)
                row.updated_at = self.unit.now
        await self.writing.flush()
        return client

    async def _row(self, client_id: str) -> ClientRow | None:
        return (await self.session.execute(select(ClientRow).where(ClientRow.id == client_id))).scalar_one_or_none()


class ClientPeopleRepository(Repository[UnitT]):
    """Who comes from the side of this server's clients."""

    async def of(self, client_id: str) -> list[ClientPerson]:
        """Return a client's people, who came first first."""
        rows = await self.session.execute(
            select(ClientPersonRow)
            .where(ClientPersonRow.client_id == client_id)
            .order_by(ClientPersonRow.joined_at, ClientPersonRow.id)
        )
        return [_person(row) for row in rows.scalars()]

    async def whose(self) -> dict[int, str]:
        """Return for everybody from a client's side which client that is, by their ids."""
        rows = await self.session.execute(select(ClientPersonRow.user_id, ClientPersonRow.client_id))
        return {user: client for user, client in rows}

    async def find(self, user_id: int) -> ClientPerson | None:
        """Return as whose person somebody is here."""
        query = select(ClientPersonRow).where(ClientPersonRow.user_id == user_id)
        row = (await self.session.execute(query)).scalar_one_or_none()
        return None if row is None else _person(row)

    async def add(self: "ClientPeopleRepository[Unit]", person: ClientPerson) -> None:
        self.writing.add(
            ClientPersonRow(
                id=person.id,
                owner_id=self.owner,
                client_id=person.client_id,
                user_id=person.user_id,
                name=person.name,
                may_approve=person.may_approve,
                wants_digest=person.wants_digest,
                joined_at=person.joined_at,
                invited_by=person.invited_by,
            )
        )
        await self.writing.flush()

    async def let_approve(self: "ClientPeopleRepository[Unit]", user_id: int, *, may: bool) -> bool:
        """Let somebody approve for their client, or no longer; False where they are not here."""
        told = (
            update(ClientPersonRow)
            .where(ClientPersonRow.user_id == user_id)
            .values(may_approve=may)
            .returning(ClientPersonRow.id)
        )
        return (await self.writing.execute(told)).scalar_one_or_none() is not None

    async def want_digest(self: "ClientPeopleRepository[Unit]", user_id: int, *, wants: bool) -> bool:
        """Note whether somebody wants their week by direct message; False where they are not here."""
        told = (
            update(ClientPersonRow)
            .where(ClientPersonRow.user_id == user_id)
            .values(wants_digest=wants)
            .returning(ClientPersonRow.id)
        )
        return (await self.writing.execute(told)).scalar_one_or_none() is not None

    async def remove(self: "ClientPeopleRepository[Unit]", user_id: int) -> bool:
        """Take somebody out; False where they were not here."""
        gone = delete(ClientPersonRow).where(ClientPersonRow.user_id == user_id).returning(ClientPersonRow.id)
        return (await self.writing.execute(gone)).scalar_one_or_none() is not None


class MembershipRepository(Repository[UnitT]):
    """Where somebody is with a client, over all servers; system units only."""

    async def of(self, user_id: int) -> list[Membership]:
        rows = await self.session.execute(
            select(ClientPersonRow.owner_id, ClientPersonRow.client_id)
            .where(ClientPersonRow.user_id == user_id)
            .order_by(ClientPersonRow.joined_at)
        )
        return [Membership(GuildId(owner), client_id) for owner, client_id in rows]

    async def owner_of(self, client_id: str) -> int | None:
        """Return the server of a client."""
        query = select(ClientRow.owner_id).where(ClientRow.id == client_id)
        return (await self.session.execute(query)).scalar_one_or_none()

    async def invited_to(self, code_hash: str) -> Membership | None:
        """Return where a code that still holds leads."""
        query = select(ClientInviteRow.owner_id, ClientInviteRow.client_id).where(
            ClientInviteRow.code_hash == code_hash,
            ClientInviteRow.used_at.is_(None),
            ClientInviteRow.expires_at > self.unit.now,
        )
        found = (await self.session.execute(query)).one_or_none()
        return None if found is None else Membership(GuildId(found[0]), found[1])


class InviteRepository(Repository[UnitT]):
    """The codes of this server's clients."""

    async def open_count(self, client_id: str) -> int:
        """Return how many codes of a client still hold."""
        query = (
            select(func.count())
            .select_from(ClientInviteRow)
            .where(
                ClientInviteRow.client_id == client_id,
                ClientInviteRow.used_at.is_(None),
                ClientInviteRow.expires_at > self.unit.now,
            )
        )
        return (await self.session.execute(query)).scalar_one()

    async def add(
        self: "InviteRepository[Unit]", client_id: str, code_hash: str, made_by: int, expires_at: datetime
    ) -> None:
        self.writing.add(
            ClientInviteRow(
                id=self.unit.new_id(),
                owner_id=self.owner,
                client_id=client_id,
                code_hash=code_hash,
                made_by=made_by,
                expires_at=expires_at,
            )
        )
        await self.writing.flush()

    async def use(self: "InviteRepository[Unit]", code_hash: str) -> tuple[str, PersonId] | None:
        """Take a code that still holds, once; return its client and who made it."""
        taken = (
            update(ClientInviteRow)
            .where(
                ClientInviteRow.code_hash == code_hash,
                ClientInviteRow.used_at.is_(None),
                ClientInviteRow.expires_at > self.unit.now,
            )
            .values(used_at=self.unit.now)
            .returning(ClientInviteRow.client_id, ClientInviteRow.made_by)
        )
        found = (await self.writing.execute(taken)).one_or_none()
        return None if found is None else (found[0], PersonId(found[1]))

    async def drop(self: "InviteRepository[Unit]", client_id: str) -> None:
        """Let all codes of a client end."""
        await self.writing.execute(delete(ClientInviteRow).where(ClientInviteRow.client_id == client_id))


def client_of_row(row: ClientRow) -> Client:
    return Client(
        id=row.id,
        owner_id=row.owner_id,
        name=row.name,
        kind=ClientKind(row.kind),
        role=ClientRole(row.role),
        zone=row.zone,
        created_at=row.created_at,
        channel_id=row.channel_id,
        colour=row.colour,
        notes=row.notes,
        archived_at=row.archived_at,
        deleted_at=row.deleted_at,
        digest=DigestWay(row.digest),
        digest_day=row.digest_day,
        digest_hour=row.digest_hour,
        digest_asks=row.digest_asks,
    )


def folded(name: str) -> str:
    """Return a name as two names are compared."""
    return " ".join(name.split()).casefold()


def _columns(client: Client) -> dict[str, object]:
    return {
        "name": client.name,
        "folded": folded(client.name),
        "kind": client.kind.value,
        "role": client.role.value,
        "zone": client.zone,
        "channel_id": client.channel_id,
        "colour": client.colour,
        "notes": client.notes,
        "created_at": client.created_at,
        "archived_at": client.archived_at,
        "deleted_at": client.deleted_at,
        "digest": client.digest.value,
        "digest_day": client.digest_day,
        "digest_hour": client.digest_hour,
        "digest_asks": client.digest_asks,
    }


def _person(row: ClientPersonRow) -> ClientPerson:
    return ClientPerson(
        id=row.id,
        client_id=row.client_id,
        user_id=PersonId(row.user_id),
        name=row.name,
        may_approve=row.may_approve,
        joined_at=row.joined_at,
        invited_by=PersonId(row.invited_by) if row.invited_by is not None else None,
        wants_digest=row.wants_digest,
    )
