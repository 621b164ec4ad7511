"""The outbox table."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, bindparam, func, literal, or_, select, update

from bot.outbox_model import Delivery
from storage.ownership import ForeignOwner
from storage.tables.engine import DeliveryRow
from storage.types import Instant
from storage.unit import Repository, Unit, UnitT

_OPEN = ("pending", "sending", "unknown")
_TABLE: Any = DeliveryRow.__table__
_SENT = (
    update(_TABLE)
    # A list cannot be a parameter of a statement that runs for many rows.
    .where(_TABLE.c.id == bindparam("delivery"), or_(*(_TABLE.c.state == state for state in _OPEN)))
    .values(
        state="sent",
        sent_channel_id=bindparam("channel"),
        sent_message_id=bindparam("message"),
        sent_at=bindparam("at"),
        last_error=None,
    )
)


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        row.id,
        row.owner_id,
        row.kind,
        row.occurrence_key,
        row.target_kind,  # type: ignore[arg-type]
        row.target_id,
        row.payload,
        row.state,
        row.due_at,
        row.expires_at,
        row.claimed_at,
        row.attempts,
        row.sent_channel_id,
        row.sent_message_id,
        row.created_at,
    )


class DeliveryRepository(Repository[UnitT]):
    """Deliveries; states pending → sending → sent | failed | dropped | unknown."""

    async def get(self, delivery_id: str) -> Delivery | None:
        row = (
            await self.session.execute(select(DeliveryRow).where(DeliveryRow.id == delivery_id))
        ).scalar_one_or_none()
        return None if row is None else _delivery(row)

    async def many(self, ids: Sequence[str]) -> dict[str, Delivery]:
        rows = await self.session.execute(select(DeliveryRow).where(DeliveryRow.id.in_(ids)))
        return {row.id: _delivery(row) for row in rows.scalars()}

    async def start_all(self: "DeliveryRepository[Unit]", ids: Sequence[str], claimed_at: datetime) -> set[str]:
        """Mark as being sent, before the requests leave; return those that are not sent or given up already."""
        rows = await self.writing.execute(
            update(DeliveryRow)
            .where(DeliveryRow.id.in_(ids), DeliveryRow.state.in_(("pending", "sending")))
            .values(
                state="sending",
                claimed_at=func.coalesce(DeliveryRow.claimed_at, literal(claimed_at, Instant())),
                attempts=DeliveryRow.attempts + 1,
            )
            .returning(DeliveryRow.id)
            .execution_options(synchronize_session=False)
        )
        return set(rows.scalars())

    async def sent_all(self: "DeliveryRepository[Unit]", sent: Mapping[str, tuple[int, int]]) -> None:
        """Store channel and message of deliveries that were sent, by their ids; system units only."""
        if self.unit.owner is not None:
            raise ForeignOwner("a plain statement does not see whose rows these are")
        if not sent:
            return
        connection = await self.writing.connection()
        await connection.execute(
            _SENT,
            [
                {"delivery": one, "channel": channel, "message": message, "at": self.unit.now}
                for one, (channel, message) in sent.items()
            ],
        )

    async def sent(self: "DeliveryRepository[Unit]", delivery_id: str, channel_id: int, message_id: int) -> bool:
        return (
            await self._set(
                delivery_id,
                _OPEN,
                state="sent",
                sent_channel_id=channel_id,
                sent_message_id=message_id,
                sent_at=self.unit.now,
                last_error=None,
            )
            == 1
        )

    async def close(self: "DeliveryRepository[Unit]", delivery_id: str, state: str, error: str | None) -> bool:
        return await self._set(delivery_id, ("pending", "sending"), state=state, last_error=error) == 1

    async def note_error(self: "DeliveryRepository[Unit]", delivery_id: str, error: str, *, not_sent: bool) -> None:
        """Keep the last error; `not_sent` says that the request certainly had no effect."""
        values: dict[str, Any] = {"last_error": error}
        if not_sent:
            values |= {"claimed_at": None, "state": "pending"}
        await self._set(delivery_id, ("pending", "sending"), **values)

    async def _set(self: "DeliveryRepository[Unit]", delivery_id: str, states: Sequence[str], **values: Any) -> int:
        result = await self.writing.execute(
            update(DeliveryRow)
            .where(DeliveryRow.id == delivery_id, DeliveryRow.state.in_(states))
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        return result.rowcount if isinstance(result, CursorResult) else 0

    async def sent_between(self, kinds: Sequence[str], since: datetime) -> list[Delivery]:
        """Return this owner's sent DMs of the kinds since then, for caps and spacing."""
        rows = await self.session.execute(
            select(DeliveryRow)
            .where(DeliveryRow.kind.in_(kinds), DeliveryRow.state == "sent", DeliveryRow.sent_at >= since)
            .order_by(DeliveryRow.sent_at)
        )
        return [_delivery(row) for row in rows.scalars()]

    async def counts(self, since: datetime | None = None, channels: Collection[int] | None = None) -> dict[str, int]:
        """Return how many deliveries are in each state; of those due since a moment, and to channels, where given."""
        statement = select(DeliveryRow.state, func.count()).group_by(DeliveryRow.state)
        if since is not None:
            statement = statement.where(DeliveryRow.due_at >= since)
        if channels is not None:
            statement = statement.where(_to(channels))
        return {state: count for state, count in (await self.session.execute(statement)).all()}

    async def errors(self, states: Collection[str], since: datetime) -> list[tuple[str, str | None]]:
        """Return (kind, what Discord said) of those in these states since then, the newest first."""
        rows = await self.session.execute(
            select(DeliveryRow.kind, DeliveryRow.last_error)
            .where(DeliveryRow.state.in_(states), DeliveryRow.due_at > since)
            .order_by(DeliveryRow.due_at.desc())
        )
        return [(kind, error) for kind, error in rows.all()]

    async def oldest_open(self, channels: Collection[int] | None = None) -> datetime | None:
        statement = select(func.min(DeliveryRow.due_at)).where(DeliveryRow.state.in_(("pending", "sending")))
        if channels is not None:
            statement = statement.where(_to(channels))
        return (await self.session.execute(statement)).scalar()


def _to(channels: Collection[int]) -> ColumnElement[bool]:
    return and_(DeliveryRow.target_kind == "channel", DeliveryRow.target_id.in_(channels))
