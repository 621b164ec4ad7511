"""Slots: claiming due work with a lease, finishing it fenced, counting what waits."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, func, literal_column, select, tuple_, update

from bot.slots import Lane, Slot
from storage.tables.engine import SlotRow
from storage.unit import Repository, Unit, UnitT

# Written out, not given as parameters: only so can SQLite see that the index of open slots fits, and not read them all.
OPEN = (literal_column("'ready'"), literal_column("'leased'"))


class LeaseLost(RuntimeError):
    """Somebody else took the slot over: roll back, the work is theirs."""


def _slot(row: SlotRow) -> Slot:
    return Slot(
        row.id,
        row.key,
        row.kind,
        row.subject_id,
        row.owner,
        row.payload,
        row.due_at,
        row.attempts,
        row.lease or "",
    )


class SlotRepository(Repository[UnitT]):
    """Due work of all owners; used in system units, `finish` also in the unit of the effect."""

    async def claim(
        self: "SlotRepository[Unit]", lane: Lane, now: datetime, limit: int, lease: str, until: datetime
    ) -> list[Slot]:
        """Take up to `limit` visible slots; they come back at `until` unless finished."""
        due = (
            select(SlotRow.id)
            .where(SlotRow.state.in_(OPEN), SlotRow.lane == str(lane), SlotRow.visible_at <= now)
            .order_by(SlotRow.visible_at)
            .limit(limit)
        )
        ids = list((await self.writing.execute(self.unit.locked(due))).scalars())
        return await self._take(ids, now, lease, until)

    async def claim_one(
        self: "SlotRepository[Unit]", slot_id: str, now: datetime, lease: str, until: datetime
    ) -> Slot | None:
        """Take one slot by id where it is visible; None where it is done or somebody works on it."""
        due = select(SlotRow.id).where(SlotRow.id == slot_id, SlotRow.state.in_(OPEN), SlotRow.visible_at <= now)
        ids = list((await self.writing.execute(self.unit.locked(due))).scalars())
        taken = await self._take(ids, now, lease, until)
        return taken[0] if taken else None

    async def _take(
        self: "SlotRepository[Unit]", ids: Sequence[str], now: datetime, lease: str, until: datetime
    ) -> list[Slot]:
        if not ids:
            return []
        taken = await self.writing.execute(
            update(SlotRow)
            .where(SlotRow.id.in_(ids), SlotRow.state.in_(OPEN), SlotRow.visible_at <= now)
            .values(state="leased", visible_at=until, lease=lease, attempts=SlotRow.attempts + 1)
            .returning(SlotRow)
            .execution_options(synchronize_session=False)
        )
        return sorted((_slot(row) for row in taken.scalars()), key=lambda slot: (slot.due_at, slot.id))

    async def finish(self: "SlotRepository[Unit]", slot: Slot, state: str = "done", reason: str | None = None) -> None:
        """Mark done in the transaction of the effect. Raises LeaseLost where another worker has it now."""
        result = await self.writing.execute(
            update(SlotRow)
            .where(SlotRow.id == slot.id, SlotRow.lease == slot.lease, SlotRow.state == "leased")
            .values(state=state, reason=reason, finished_at=self.unit.now, lease=None)
            .execution_options(synchronize_session=False)
        )
        if _count(result) == 0:
            raise LeaseLost(slot.key)
        self._remember(slot)

    def _remember(self: "SlotRepository[Unit]", slot: Slot) -> None:
        def remember() -> None:
            slot.is_finished = True

        self.unit.on_commit(remember)

    async def finish_if_open(self: "SlotRepository[Unit]", slot: Slot) -> bool:
        """Mark done where the handler has not done so itself; False where this worker holds it no more."""
        return bool(await self.finish_open([slot]))

    async def finish_open(self: "SlotRepository[Unit]", slots: Sequence[Slot]) -> set[str]:
        """Mark slots done; return the ids of those that their workers still held."""
        held = tuple_(SlotRow.id, SlotRow.lease).in_([(slot.id, slot.lease) for slot in slots])
        rows = await self.writing.execute(
            update(SlotRow)
            .where(held, SlotRow.state == "leased")
            .values(state="done", finished_at=self.unit.now, lease=None)
            .returning(SlotRow.id)
            .execution_options(synchronize_session=False)
        )
        done = set(rows.scalars())
        for slot in slots:
            if slot.id in done:
                self._remember(slot)
        return done

    async def outcome(self, key: str) -> tuple[str, str | None]:
        """Return how far an occurrence has come and what it left as its reason; "gone" where there is none."""
        found = (await self.session.execute(select(SlotRow.state, SlotRow.reason).where(SlotRow.key == key))).first()
        return ("gone", None) if found is None else (found.state, found.reason)

    async def open_of(self, kind: str, subject_id: str, owner: int) -> list[str]:
        """Return the ids of what is still to be done for a subject in an owner's name; a subject may change hands."""
        query = select(SlotRow.id).where(
            SlotRow.kind == kind, SlotRow.subject_id == subject_id, SlotRow.owner == owner, SlotRow.state.in_(OPEN)
        )
        return list((await self.session.execute(query)).scalars())

    async def finish_ready(self: "SlotRepository[Unit]", slot_ids: Sequence[str]) -> set[str]:
        """Mark as done what nobody has begun yet: something else answered it. Return which."""
        done = await self.writing.execute(
            update(SlotRow)
            .where(SlotRow.id.in_(slot_ids), SlotRow.state == "ready")
            .values(state="done", finished_at=self.unit.now, lease=None)
            .returning(SlotRow.id)
            .execution_options(synchronize_session=False)
        )
        return set(done.scalars())

    async def release(
        self: "SlotRepository[Unit]", slot: Slot, visible_at: datetime, reason: str | None, *, refund: bool
    ) -> None:
        """Give the slot back, to be seen again at `visible_at`; `refund` does not count this try."""
        await self.writing.execute(
            update(SlotRow)
            .where(SlotRow.id == slot.id, SlotRow.lease == slot.lease, SlotRow.state == "leased")
            .values(
                state="ready",
                visible_at=visible_at,
                reason=reason,
                lease=None,
                attempts=SlotRow.attempts - (1 if refund else 0),
            )
            .execution_options(synchronize_session=False)
        )

    async def expire(self: "SlotRepository[Unit]", slot_ids: Sequence[str]) -> None:
        """End the leases of workers that are known to be gone."""
        await self.writing.execute(
            update(SlotRow)
            .where(SlotRow.id.in_(slot_ids), SlotRow.state == "leased", SlotRow.visible_at > self.unit.now)
            .values(visible_at=self.unit.now)
            .execution_options(synchronize_session=False)
        )

    async def visible_from(self, slot_id: str) -> datetime | None:
        """Return when an open slot can be taken; None where it is finished or not there."""
        statement = select(SlotRow.visible_at).where(SlotRow.id == slot_id, SlotRow.state.in_(OPEN))
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def release_all(self: "SlotRepository[Unit]", now: datetime) -> int:
        """Make every leased slot visible again; only for a process that knows it is alone."""
        result = await self.writing.execute(
            update(SlotRow)
            .where(SlotRow.state == "leased")
            .values(state="ready", visible_at=now, lease=None, attempts=SlotRow.attempts - 1)
            .execution_options(synchronize_session=False)
        )
        return _count(result)

    async def open_ids(self, lane: Lane, now: datetime, older_than: timedelta, limit: int) -> list[str]:
        """Return ids that have been visible for longer than `older_than`: lost wake-ups, expired leases."""
        statement = (
            select(SlotRow.id)
            .where(SlotRow.state.in_(OPEN), SlotRow.lane == str(lane), SlotRow.visible_at <= now - older_than)
            .order_by(SlotRow.visible_at)
            .limit(limit)
        )
        return list((await self.session.execute(statement)).scalars())

    async def waiting(self, now: datetime) -> dict[str, int]:
        """Return how many slots are due and not done, by kind."""
        statement = (
            select(SlotRow.kind, func.count())
            .where(SlotRow.state.in_(OPEN), SlotRow.visible_at <= now)
            .group_by(SlotRow.kind)
        )
        return {kind: count for kind, count in (await self.session.execute(statement)).all()}

    async def next_due(self) -> dict[str, datetime]:
        """Return the earliest open occurrence of each kind."""
        statement = (
            select(SlotRow.kind, func.min(SlotRow.visible_at)).where(SlotRow.state == "ready").group_by(SlotRow.kind)
        )
        return {kind: at for kind, at in (await self.session.execute(statement)).all()}

    async def recent_skips(
        self, since: datetime, limit: int = 20, owner: int | None = None
    ) -> list[tuple[str, str, datetime]]:
        """Return (kind, reason, due) of occurrences that were skipped (of one owner), newest first."""
        statement = (
            select(SlotRow.kind, SlotRow.reason, SlotRow.due_at)
            .where(SlotRow.state.in_(("skipped", "failed")), SlotRow.finished_at >= since)
            .order_by(SlotRow.finished_at.desc())
            .limit(limit)
        )
        if owner is not None:
            statement = statement.where(SlotRow.owner == owner)
        return [(kind, reason or "", due) for kind, reason, due in (await self.session.execute(statement)).all()]


def _count(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
