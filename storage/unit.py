"""The unit of work: one transaction, one owner, one actor, attributed changes, outbox rows and slots."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Generic, Protocol, Self, TypeVar, TypeVarTuple

import structlog
from sqlalchemy import Result, Select, insert, or_, select, text
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from bot.actors import Actor, OwnerId
from bot.announcer import Announcer
from bot.changes import Change
from bot.clock import Clock
from bot.ids import uuid7
from bot.outbox_model import DeliveryDraft
from bot.slots import Lane, SlotDraft
from storage.base import Base, Owned
from storage.engine import Engines
from storage.kept import Versions
from storage.ownership import CHECKED, OWNER, SIGHT, SYSTEM, ForeignOwner, OwnedSession
from storage.sight import Sight
from storage.tables.engine import ChangeRow, DeliveryRow, SlotRow
from storage.tables.posted import PostedAlsoRow, PostedCardRow
from storage.tracking import COLLECTED

MadeT = TypeVar("MadeT")
RowT = TypeVar("RowT", bound=Base)
SelectT = TypeVar("SelectT", bound="Select[*tuple[Any, ...]]")
UnitT = TypeVar("UnitT", bound="Reading", covariant=True)
Columns = TypeVarTuple("Columns")
log = structlog.get_logger()

SLOW_UNIT_S = 0.25


class Dispatch(Protocol):
    """Carries ids of new slots to workers, in the transaction that made them."""

    async def enqueue(self, unit: "Unit", slots: Sequence[tuple[str, SlotDraft]]) -> None: ...


class Neighbours(Protocol):
    """Lets the other processes on this database know what was changed here."""

    def tell(self, owner: OwnerId, touched: Sequence[tuple[str, str]]) -> None: ...


class ReadingSession(Protocol):
    """What a session does for who only reads."""

    async def execute(self, statement: Select[*Columns], /) -> Result[*Columns]: ...

    async def get(self, entity: type[RowT], ident: Any, /) -> RowT | None: ...


class Repository(Generic[UnitT]):
    """Made by a unit for its owner. Methods return domain objects, never mapped rows.

    A method that writes says so, `self: "LoopRepository[Unit]"`, and gets at `writing`; on the repository of a reading
    unit the type checker refuses it. It cannot see that a row is assigned to: `tests/rules.py` does.
    """

    def __init__(self, unit: UnitT) -> None:
        self._unit = unit

    @property
    def unit(self) -> UnitT:
        return self._unit

    @property
    def session(self) -> ReadingSession:
        return self._unit.session

    @property
    def writing(self: "Repository[Unit]") -> AsyncSession:
        """The session, to write with."""
        return _writing(self._unit).session

    @property
    def owner(self) -> int:
        """The owner of this unit; a mistake in our code where a system unit asks."""
        if self._unit.owner is None:
            raise RuntimeError("a system unit has no owner")
        return self._unit.owner


class Reading:
    """One look at one moment. Get repositories by `unit.repo(LoopRepository)`, which then only read.

    No await on anything but the database inside. Where a read takes part in an open writing unit, it is that one.
    """

    def __init__(self, session: AsyncSession, owner: OwnerId | None, now: datetime) -> None:
        self._session = session
        self.owner = owner
        self.now = now
        self.dialect = session.get_bind().dialect.name
        self._repositories: dict[object, Any] = {}

    @property
    def session(self) -> ReadingSession:
        return self._session

    def repo(self, kind: Callable[[Self], MadeT]) -> MadeT:
        """Return the repository of this unit."""
        found = self._repositories.get(kind)
        if found is None:
            found = self._repositories[kind] = kind(self)
        return found


class Unit(Reading):
    """One open transaction that writes; leaving the block commits."""

    def __init__(
        self,
        session: AsyncSession,
        owner: OwnerId | None,
        actor: Actor,
        operation: str,
        now: datetime,
        dispatch: "Dispatch | None" = None,
    ) -> None:
        super().__init__(session, owner, now)
        self.actor = actor
        self.operation = operation
        self.dispatch = dispatch
        self.group_id = uuid7(now)
        self._on_commit: list[Callable[[], None]] = []
        self._touched: dict[tuple[str, str], None] = {}

    @property
    def session(self) -> AsyncSession:
        return self._session

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call back once the transaction is on disk: wake a worker, redraw a panel. Must not block."""
        self._on_commit.append(callback)

    def committed(self) -> None:
        for callback in self._on_commit:
            callback()

    def touch(self, kind: str, subject_id: str) -> None:
        """Have the posted cards of a thing drawn again, and announce it, once this is committed.

        Tracked rows do so by themselves; for what is shown and not recorded as a change.
        """
        self._touched[kind, subject_id] = None

    def new_id(self) -> str:
        return uuid7(self.now)

    async def insert_new(self, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Insert rows, leaving out those whose unique keys exist; return the primary keys of the new ones.

        Not for tracked tables: add mapped rows to the session there.
        """
        if not rows:
            return []
        if self.owner is not None and issubclass(table, Owned):
            for row in rows:
                if row["owner_id"] != self.owner:
                    raise ForeignOwner(f"a row of {table.__name__} belongs to somebody else")
        make = insert_postgresql if self.dialect == "postgresql" else insert_sqlite
        core: Any = table.__table__
        # Given as parameters, not as values, so that the compiled statement is cached.
        statement = make(core).on_conflict_do_nothing().returning(*core.primary_key.columns)
        result = await self.session.execute(statement, [dict(row) for row in rows], execution_options={CHECKED: True})
        return list(result.scalars())

    async def deliver(self, draft: DeliveryDraft) -> str | None:
        """Write an outbox row and its slot; return its id, or None where this occurrence was written before."""
        return (await self.deliver_all([draft]))[0]

    async def deliver_all(self, drafts: Sequence[DeliveryDraft], slots: Sequence[SlotDraft] = ()) -> list[str | None]:
        """Write outbox rows with their slots, and more slots with them; return as `deliver`, in order."""
        rows = []
        for draft in drafts:
            owner = draft.owner if draft.owner is not None else self.owner
            if owner is None:
                raise ForeignOwner("a delivery needs an owner")
            rows.append(
                {
                    "id": self.new_id(),
                    "owner_id": owner,
                    "kind": draft.kind,
                    "occurrence_key": draft.occurrence_key,
                    "target_kind": draft.target_kind,
                    "target_id": draft.target_id,
                    "payload": dict(draft.payload),
                    "state": "pending",
                    "due_at": draft.due_at or self.now,
                    "expires_at": draft.expires_at,
                    "attempts": 0,
                    "created_at": self.now,
                }
            )
        added = set(await self.insert_new(DeliveryRow, rows))
        fresh = [row for row in rows if row["id"] in added]
        own = [
            SlotDraft(
                f"delivery:{row['id']}",
                "delivery",
                row["id"],
                row["due_at"],
                owner=row["owner_id"],
                lane=Lane.DM if row["target_kind"] == "dm" else Lane.POST,
                payload={"target": row["target_id"]},
            )
            for row in fresh
        ]
        await self.add_slots([*own, *slots])
        return [row["id"] if row["id"] in added else None for row in rows]

    async def add_slots(self, drafts: Sequence[SlotDraft]) -> int:
        """Insert due work; a key that exists is left as it is. Return how many were new."""
        rows = [
            {
                "id": self.new_id(),
                "key": draft.key,
                "kind": draft.kind,
                "lane": str(draft.lane),
                "subject_id": draft.subject_id,
                "owner": draft.owner,
                "payload": dict(draft.payload),
                "state": draft.state,
                "due_at": draft.due_at,
                "visible_at": draft.visible_at or draft.due_at,
                "attempts": 0,
                "reason": draft.reason,
                "created_at": self.now,
                "finished_at": None if draft.state == "ready" else self.now,
            }
            for draft in drafts
        ]
        added = set(await self.insert_new(SlotRow, rows))
        fresh = [(str(row["id"]), draft) for row, draft in zip(rows, drafts, strict=True) if row["id"] in added]
        if self.dispatch is not None and fresh:
            await self.dispatch.enqueue(self, fresh)
        return len(fresh)

    async def write_changes(self) -> None:
        """Flush and store what the tracked rows went through."""
        await self.session.flush()
        changes: list[Change] = self.session.info[COLLECTED]
        for change in changes:
            self._touched.update(dict.fromkeys(sorted(change.shown)))
        await self._order_redraws()
        if not changes:
            return
        if self.owner is None:
            raise ForeignOwner("tracked rows change only in the session of their owner")
        rows = [
            {
                "id": self.new_id(),
                "owner_id": self.owner,
                "at": self.now,
                "group_id": self.group_id,
                "operation": self.operation,
                "actor_kind": str(self.actor.kind),
                "actor_reference": self.actor.reference,
                "actor_name": self.actor.name,
                "rationale": self.actor.rationale,
                "area": change.area,
                "entity": change.entity,
                "entity_id": change.entity_id,
                "before": None if change.before is None else dict(change.before),
                "after": None if change.after is None else dict(change.after),
            }
            for change in changes
        ]
        await self.session.execute(insert(ChangeRow), rows, execution_options={CHECKED: True})
        changes.clear()

    async def _order_redraws(self) -> None:
        """Write a slot for every posted card that shows something touched here: so it survives whatever happens."""
        if not self._touched:
            return
        if self.owner is None:
            raise ForeignOwner("things are touched in the session of their owner")
        found = await self.session.execute(_posted_showing(sorted({subject for _, subject in self._touched})))
        await self.add_slots(
            [
                SlotDraft(
                    f"redraw:{kind}:{subject}:{self.group_id}",
                    "redraw",
                    f"{kind}:{subject}",
                    self.now,
                    owner=self.owner,
                    lane=Lane.CARD,
                )
                for kind, subject in found
            ]
        )

    @property
    def touched(self) -> Sequence[tuple[str, str]]:
        """The things (kind, id) that were changed here."""
        return tuple(self._touched)

    def locked(self, statement: SelectT) -> SelectT:
        """Skip rows that another process holds (PostgreSQL); SQLite has one writer anyway."""
        return statement.with_for_update(skip_locked=True) if self.dialect == "postgresql" else statement


def _posted_showing(subjects: Sequence[str]) -> Select[str, str]:
    also = select(PostedAlsoRow.posted_id).where(PostedAlsoRow.subject_id.in_(subjects))
    return (
        select(PostedCardRow.kind, PostedCardRow.subject_id)
        .where(or_(PostedCardRow.subject_id.in_(subjects), PostedCardRow.id.in_(also)))
        .distinct()
    )


def _writing(unit: Reading) -> Unit:
    """Return the unit to write with. The types promise one; whoever gets past them is told at once."""
    if not isinstance(unit, Unit):
        raise RuntimeError("a unit that only reads was asked to write")
    return unit


class Database:
    """Opens units of work. One per process."""

    def __init__(self, engines: Engines, clock: Clock) -> None:
        self.engines = engines
        self.clock = clock
        self.versions = Versions(engines)
        self.dispatch: Dispatch | None = None
        """Told of new slots inside their transaction; None where the engine finds them by looking."""
        self.announcer = Announcer()
        """Told of every thing that was changed, after the commit."""
        self.neighbours: Neighbours | None = None
        """Told the same, where other processes work on this database."""
        self._sights: ContextVar[Mapping[OwnerId, Sight] | None] = ContextVar("sights", default=None)
        self._joined: ContextVar[tuple[Reading, asyncio.Task[Any] | None] | None] = ContextVar("joined", default=None)

    @property
    def dialect(self) -> str:
        return self.engines.dialect

    @contextmanager
    def joined(self, unit: Reading) -> Iterator[None]:
        """Let services called inside take part in `unit`, so that several use cases are one transaction.

        Their changes carry the unit's actor and group. Only for the unit's own owner.
        """
        token = self._joined.set((unit, asyncio.current_task()))
        try:
            yield
        finally:
            self._joined.reset(token)

    def look_as(self, owner: OwnerId, sight: Sight) -> None:
        """Let this task, and what it starts, see a server's rows as somebody from a client's side."""
        self._sights.set({**(self._sights.get() or {}), owner: sight})

    @contextmanager
    def looking_as(self, owner: OwnerId, sight: Sight) -> Iterator[None]:
        """Let what is read inside see a server's rows as somebody from a client's side."""
        token = self._sights.set({**(self._sights.get() or {}), owner: sight})
        try:
            yield
        finally:
            self._sights.reset(token)

    def _sight_of(self, owner: OwnerId | None) -> Sight | None:
        return (self._sights.get() or {}).get(owner) if owner is not None else None

    @property
    def open_unit(self) -> Unit | None:
        """The unit that use cases called here take part in, if any.

        A task that was started inside inherits the context but not the transaction: it may outlive it.
        """
        unit = self._joined_unit()
        return unit if isinstance(unit, Unit) else None

    def _joined_unit(self) -> Reading | None:
        joined = self._joined.get()
        return joined[0] if joined is not None and joined[1] is asyncio.current_task() else None

    def _join(self, owner: OwnerId) -> Unit | None:
        unit = self.open_unit
        if unit is not None and unit.owner != owner:
            raise ForeignOwner("a joined unit belongs to one owner")
        return unit

    @asynccontextmanager
    async def write(self, actor: Actor, owner: OwnerId, operation: str) -> AsyncIterator[Unit]:
        """Open a writing unit over one owner's rows; commits at the end, rolls back on an exception."""
        unit = self._join(owner)
        if unit is not None:
            unit.operation = operation
            yield unit
            await unit.session.flush()
            return
        async with self._unit(self.engines.write, owner, actor, operation, write=True) as unit:
            yield _writing(unit)

    @asynccontextmanager
    async def read(self, owner: OwnerId, *, as_house: bool = False) -> AsyncIterator[Reading]:
        """Open a reading unit over one owner's rows.

        `as_house`: whoever looks, for what is asked on everybody's behalf, such as a server's settings.
        """
        joined = self._joined_unit()
        if joined is not None and joined.owner == owner and not (as_house and self._sight_of(owner)):
            # What was just written must be seen before it is committed.
            yield joined
            return
        actor = Actor.system("read")
        async with self._unit(self.engines.read, owner, actor, "read", write=False, as_house=as_house) as unit:
            yield unit

    @asynccontextmanager
    async def reading(self, owner: OwnerId) -> AsyncIterator[None]:
        """Let all that one owner's services read inside be one transaction: one look at one moment, and cheaper.

        What is written inside is a transaction of its own. No await on a network, as ever.
        """
        async with self.read(owner) as unit:
            with self.joined(unit):
                yield

    @asynccontextmanager
    async def system_write(self, source: str) -> AsyncIterator[Unit]:
        """Open a writing unit over all owners' untracked rows: ticks, claims, clean-up."""
        async with self._unit(self.engines.write, None, Actor.system(source), source, write=True) as unit:
            yield _writing(unit)

    @asynccontextmanager
    async def system_read(self) -> AsyncIterator[Reading]:
        async with self._unit(self.engines.read, None, Actor.system("read"), "read", write=False) as unit:
            yield unit

    @asynccontextmanager
    async def _unit(
        self,
        engine: Any,
        owner: OwnerId | None,
        actor: Actor,
        operation: str,
        *,
        write: bool,
        as_house: bool = False,
    ) -> AsyncIterator[Reading]:
        sight = None if as_house else self._sight_of(owner)
        async with AsyncSession(
            engine, expire_on_commit=False, sync_session_class=OwnedSession, autoflush=True
        ) as session:
            session.sync_session.info[OWNER] = SYSTEM if owner is None else owner
            session.sync_session.info[SIGHT] = sight
            session.sync_session.info[COLLECTED] = [] if write else None
            started = time.perf_counter()
            async with session.begin():
                if self.dialect == "postgresql":
                    await self._announce_owner(await session.connection(), owner, write, sight)
                now = self.clock.now()
                unit = Unit(session, owner, actor, operation, now, self.dispatch) if write else None
                yield unit or Reading(session, owner, now)
                if unit is not None:
                    await unit.write_changes()
            if unit is not None:
                self.versions.committed()
                unit.committed()
                if owner is not None:
                    for kind, subject in unit.touched:
                        self.announcer.announce(owner, kind, subject)
                    if self.neighbours is not None:
                        self.neighbours.tell(owner, unit.touched)
            seconds = time.perf_counter() - started
            if seconds > SLOW_UNIT_S:
                log.warning("slow unit of work", operation=operation, seconds=round(seconds, 3))

    @staticmethod
    async def _announce_owner(
        connection: AsyncConnection, owner: OwnerId | None, write: bool, sight: Sight | None
    ) -> None:
        """Tell row-level security whose rows these are; one writer an owner at a time (docs/decisions/0002)."""
        if owner is None:
            await connection.execute(text("SELECT set_config('studiohand.owner', 'system', true)"))
        elif write:
            await connection.execute(
                text("SELECT set_config('studiohand.owner', :owner, true), pg_advisory_xact_lock(:key)"),
                {"owner": str(owner), "key": owner},
            )
        else:
            await connection.execute(text("SELECT set_config('studiohand.owner', :owner, true)"), {"owner": str(owner)})
        if sight is not None:
            await connection.execute(text("SELECT set_config('studiohand.client', :it, true)"), {"it": sight.client_id})

    async def close(self) -> None:
        await self.engines.dispose()
