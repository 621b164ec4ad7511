"""When clients are told of their week, and what a lead said to it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select, update

from bot.clients.model import Answer, Client, DigestClock, DigestWay, Outcome
from storage.repositories.clients import client_of_row
from storage.tables.clients import ClientDigestRow, ClientRow
from storage.unit import Repository, Unit, UnitT

_ON = (DigestWay.CHANNEL.value, DigestWay.DM.value)


class ClientDigestRepository(Repository[UnitT]):
    """The clocks of this server's clients."""

    async def get(self, client_id: str) -> DigestClock | None:
        query = select(ClientDigestRow).where(ClientDigestRow.client_id == client_id)
        row = (await self.session.execute(query)).scalar_one_or_none()
        return None if row is None else _clock(row)

    async def waiting(self) -> list[DigestClock]:
        """Return the clocks of this server for whose coming week a lead was asked and did not answer."""
        query = select(ClientDigestRow).where(
            ClientDigestRow.asked_week == ClientDigestRow.week, ClientDigestRow.answer == Answer.WAITING.value
        )
        return [_clock(row) for row in (await self.session.execute(query)).scalars()]

    async def answered(
        self: "ClientDigestRepository[Unit]", client_id: str, week: str, answer: Answer, words: str | None
    ) -> bool:
        """Note what a lead said to a week; False where it is over. `words` None: leave them as they are."""
        values: dict[str, Any] = {"answer": answer.value}
        if words is not None:
            values["words"] = words
        told = (
            update(ClientDigestRow)
            .where(ClientDigestRow.client_id == client_id, ClientDigestRow.week == week)
            .values(values)
            .returning(ClientDigestRow.id)
        )
        return (await self.writing.execute(told)).scalar_one_or_none() is not None


class DueDigestRepository(Repository[UnitT]):
    """Whom to ask and whom to tell, over all servers; system units only."""

    async def unset(self, limit: int) -> list[tuple[Client, DigestClock | None]]:
        """Return the clients to be told of their week whose clock does not go, or goes by earlier settings."""
        rows = await self.session.execute(
            select(ClientRow, ClientDigestRow)
            .outerjoin(ClientDigestRow, ClientDigestRow.client_id == ClientRow.id)
            .where(
                *_is_told(),
                or_(
                    ClientDigestRow.id.is_(None),
                    ClientDigestRow.day != ClientRow.digest_day,
                    ClientDigestRow.hour != ClientRow.digest_hour,
                    ClientDigestRow.zone != ClientRow.zone,
                ),
            )
            .order_by(ClientRow.id)
            .limit(limit)
        )
        # The types don't tell that an outer join may find nothing.
        found: list[tuple[ClientRow, ClientDigestRow | None]] = [(row[0], row[1]) for row in rows]
        return [(client_of_row(client), _clock(clock) if clock else None) for client, clock in found]

    async def to_ask(self, now: datetime, limit: int) -> list[DigestClock]:
        """Return the clocks whose week a lead is to be asked about."""
        return await self._of_told(
            and_(
                ClientRow.digest_asks,
                ClientDigestRow.ask_at <= now,
                ClientDigestRow.next_at > now,
                ClientDigestRow.asked_week != ClientDigestRow.week,
                ClientDigestRow.answer == Answer.WAITING.value,
            ),
            limit,
        )

    async def due(self: "DueDigestRepository[Unit]", now: datetime, limit: int) -> list[tuple[Client, DigestClock]]:
        """Return the clients whose time has come; what is said to a week after this is said too late."""
        query = (
            select(ClientRow, ClientDigestRow)
            .join(ClientDigestRow, ClientDigestRow.client_id == ClientRow.id)
            .where(*_is_told(), ClientDigestRow.next_at <= now)
            .order_by(ClientDigestRow.next_at, ClientDigestRow.client_id)
            .limit(limit)
        )
        rows = await self.writing.execute(self.unit.locked(query))
        return [(client_of_row(row[0]), _clock(row[1])) for row in rows]

    async def asked(self: "DueDigestRepository[Unit]", client_id: str, week: str) -> None:
        await self._set(client_id, {"asked_week": week})

    async def wind(self: "DueDigestRepository[Unit]", client: Client, clock: DigestClock) -> None:
        """Set a client's clock by its present settings."""
        values = {
            "day": client.digest_day,
            "hour": client.digest_hour,
            "zone": client.zone,
            "week": clock.week,
            "ask_at": clock.ask_at,
            "next_at": clock.next_at,
            "told_until": clock.told_until,
            "asked_week": clock.asked_week,
            "answer": clock.answer.value,
            "words": clock.words,
            "last_week": clock.last_week,
            "last_outcome": clock.last_outcome.value if clock.last_outcome else "",
        }
        made = await self.unit.insert_new(
            ClientDigestRow, [{"id": self.unit.new_id(), "owner_id": client.owner_id, "client_id": client.id, **values}]
        )
        if not made:
            await self._set(client.id, values)

    async def closed(
        self: "DueDigestRepository[Unit]", client_id: str, outcome: Outcome, told_until: datetime | None
    ) -> None:
        """Note what became of a week; `told_until` None: what was in it is still to be told."""
        values: dict[str, Any] = {"last_outcome": outcome.value}
        if told_until is not None:
            values["told_until"] = told_until
        await self._set(client_id, values)

    async def _of_told(self, condition: Any, limit: int) -> list[DigestClock]:
        rows = await self.session.execute(
            select(ClientDigestRow)
            .join(ClientRow, ClientDigestRow.client_id == ClientRow.id)
            .where(*_is_told(), condition)
            .order_by(ClientDigestRow.next_at, ClientDigestRow.client_id)
            .limit(limit)
        )
        return [_clock(row) for row in rows.scalars()]

    async def _set(self: "DueDigestRepository[Unit]", client_id: str, values: Mapping[str, Any]) -> None:
        await self.writing.execute(
            update(ClientDigestRow).where(ClientDigestRow.client_id == client_id).values(dict(values))
        )


def _is_told() -> tuple[Any, ...]:
    return (
        ClientRow.digest.in_(_ON),
        ClientRow.archived_at.is_(None),
        ClientRow.deleted_at.is_(None),
    )


def _clock(row: ClientDigestRow) -> DigestClock:
    return DigestClock(
        client_id=row.client_id,
        owner_id=row.owner_id,
        week=row.week,
        ask_at=row.ask_at,
        next_at=row.next_at,
        told_until=row.told_until,
        asked_week=row.asked_week,
        answer=Answer(row.answer),
        words=row.words,
        last_week=row.last_week,
        last_outcome=Outcome(row.last_outcome) if row.last_outcome else None,
    )
