"""Due work, exactly once: rows are the truth, the ticker is only the clock, workers carry only ids.

Kinds of slots are registered at start. `tick` turns what is due into slots; each lane claims and runs them.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.ids import uuid7
from bot.lifecycle import Supervisor
from bot.rules import Rules, load_rules
from bot.slots import Lane, Later, Slot, SlotDraft, backoff
from storage.repositories.slots import LeaseLost, SlotRepository
from storage.unit import Database, Unit

log = structlog.get_logger()


class EngineRules(Rules):
    """Section [engine] of rules.toml; seconds unless the name says otherwise."""

    tick_s: float
    materialise_batch: int
    claim_batch: int
    lease_s: float
    poll_s: float
    max_attempts: int
    backoff_base_s: float
    backoff_cap_s: float
    scheduled_sends_per_s: float
    reconcile_after_s: float
    dm_pause_s: float
    dm_spacing_s: float


class SlotKind(Protocol):
    """One kind of due work. Register it with `Engine.register`."""

    name: str

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """Return at most `limit` due occurrences and advance their subjects' `next_at` in this transaction."""
        ...

    async def run(self, slot: Slot) -> Later | None:
        """Do the work: read the state again, act, and complete in one transaction.

        Call `unit.repo(SlotRepository).finish(slot)` in the transaction of the effect, so that a worker that
        lost its lease changes nothing. A raised exception is retried with back-off.
        """
        ...


@dataclass(frozen=True, slots=True)
class LaneShape:
    """How many slots of a lane run at once, and how many are taken in advance."""

    concurrency: int
    prefetch: int


SHAPES: Mapping[Lane, LaneShape] = {
    Lane.WORK: LaneShape(8, 32),
    Lane.POST: LaneShape(10, 50),
    Lane.DM: LaneShape(1, 10),
    Lane.CARD: LaneShape(20, 60),
}


@dataclass(slots=True)
class TickReport:
    """What one tick found, by kind."""

    due: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.due.values())


_AGAIN_AT_LEAST = timedelta(seconds=1)


class Jobs(Protocol):
    """Distributed dispatch (`storage.jobs.JobQueue`): ids of slots travel as jobs."""

    async def enqueue(self, unit: Unit, slots: Sequence[tuple[str, SlotDraft]]) -> None: ...

    async def again(self, unit: Unit, slot_id: str, wait: timedelta) -> None: ...

    async def work(self, run: Callable[[str], Awaitable[None]], lane: Lane, concurrency: int) -> None: ...

    async def keep_reaping(self, database: Database) -> None: ...

    async def processes(self) -> int: ...


class WakeDispatch:
    """Embedded dispatch: the rows are found by looking; new ones wake the lane after their commit."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine

    async def enqueue(self, unit: Unit, slots: Sequence[tuple[str, SlotDraft]]) -> None:
        for lane in {draft.lane for _, draft in slots}:
            unit.on_commit(self._engine.waker(lane))


class Engine:
    """Materialises due work and runs it. One per process; many processes may tick and work at once."""

    def __init__(
        self, database: Database, clock: Clock, supervisor: Supervisor, rules: EngineRules | None = None
    ) -> None:
        self.database = database
        self.clock = clock
        self.rules = rules or load_rules("engine", EngineRules)
        self._supervisor = supervisor
        self._kinds: dict[str, SlotKind] = {}
        self._wake = {lane: asyncio.Event() for lane in Lane}
        self._ticking = asyncio.Lock()
        self._running = False
        self._in_flight: set[asyncio.Task[None]] = set()
        self._jobs: Jobs | None = None
        self._job_loops: list[asyncio.Task[None]] = []
        self.last_tick_at = clock.now()
        self.finished = 0

    def register(self, kind: SlotKind) -> None:
        """Make a kind of slot known. Raises ValueError for a name that is taken."""
        if kind.name in self._kinds:
            raise ValueError(f"slot kind {kind.name} is registered twice")
        self._kinds[kind.name] = kind

    def waker(self, lane: Lane) -> Callable[[], None]:
        """Return what wakes the lane's loop when called on the event loop."""
        return self._wake[lane].set

    # ------------------------------------------------------------------ materialise

    async def tick(self) -> TickReport:
        """Turn everything that is due into slots; returns at once where another tick is running."""
        report = TickReport()
        if self._ticking.locked():
            return report
        async with self._ticking:
            # What falls due while this tick runs may be missed by it, so that only its beginning counts.
            began = self.clock.now()
            for kind in self._kinds.values():
                try:
                    report.due[kind.name] = await self._materialise(kind)
                except Exception:
                    # One kind that cannot be read must not keep the others from being done.
                    log.exception("tick failed", kind=kind.name)
            self.last_tick_at = began
        if report.total:
            log.info("tick", **{name: count for name, count in report.due.items() if count})
        return report

    async def _materialise(self, kind: SlotKind) -> int:
        total = 0
        while True:
            async with self.database.system_write(f"tick.{kind.name}") as unit:
                drafts = await kind.due(unit, self.clock.now(), self.rules.materialise_batch)
                await unit.add_slots(drafts)
            total += len(drafts)
            if len(drafts) < self.rules.materialise_batch:
                return total
            await asyncio.sleep(0)

    # ------------------------------------------------------------------ run

    async def run_slot(self, slot: Slot) -> None:
        """Run a claimed slot to its end: done, later, another try, or given up."""
        kind = self._kinds.get(slot.kind)
        started = perf_counter()
        if kind is None:
            await self._release(slot, timedelta(minutes=10), "unknown kind", refund=True)
            return
        try:
            later = await kind.run(slot)
        except LeaseLost:
            log.info("slot taken over by another worker", kind=slot.kind)
            return
        except asyncio.CancelledError:
            # The process stops: another one, or the next start, need not wait for the lease.
            try:
                await self._release(slot, timedelta(0), "stopping", refund=True)
            except Exception:
                # The lease runs out by itself; who was cancelled must still be seen to have been.
                log.exception("slot not given back", kind=slot.kind)
            raise
        except Exception as error:
            log.exception("slot failed", kind=slot.kind, key=slot.key, attempt=slot.attempts)
            await self._failed(slot, type(error).__name__)
            return
        if isinstance(later, Later):
            wait = max(timedelta(0), later.at - self.clock.now())
            await self._release(slot, wait, later.reason, refund=True)
            return
        if not slot.is_finished:
            async with self.database.system_write("slot.finish") as unit:
                await unit.repo(SlotRepository).finish_if_open(slot)
        self.finished += 1
        log.debug("slot done", kind=slot.kind, seconds=round(perf_counter() - started, 3))

    async def _failed(self, slot: Slot, reason: str) -> None:
        if slot.attempts >= self.rules.max_attempts:
            async with self.database.system_write("slot.give_up") as unit:
                await unit.repo(SlotRepository).finish(slot, "failed", reason)
            return
        wait = backoff(
            slot.attempts,
            timedelta(seconds=self.rules.backoff_base_s),
            timedelta(seconds=self.rules.backoff_cap_s),
            random.random(),
        )
        await self._release(slot, wait, reason, refund=False)

    async def _release(self, slot: Slot, wait: timedelta, reason: str, *, refund: bool) -> None:
        async with self.database.system_write("slot.release") as unit:
            await unit.repo(SlotRepository).release(slot, self.clock.now() + wait, reason, refund=refund)
            if self._jobs is not None:
                await self._jobs.again(unit, slot.id, wait)

    async def claim(self, lane: Lane, limit: int) -> list[Slot]:
        now = self.clock.now()
        async with self.database.system_write("slot.claim") as unit:
            until = now + timedelta(seconds=self.rules.lease_s)
            return await unit.repo(SlotRepository).claim(lane, now, limit, uuid7(now), until)

    async def claim_one(self, slot_id: str) -> Slot | None:
        """Claim by id, for a worker that was handed one; None where it is done, taken or not due yet."""
        now = self.clock.now()
        async with self.database.system_write("slot.claim") as unit:
            slots, until = unit.repo(SlotRepository), now + timedelta(seconds=self.rules.lease_s)
            slot = await slots.claim_one(slot_id, now, uuid7(now), until)
            if slot is None and self._jobs is not None:
                visible = await slots.visible_from(slot_id)
                if visible is not None:
                    # The job came before its time, as clocks differ, or the slot is held by one who may yet die.
                    await self._jobs.again(unit, slot_id, max(visible - now, _AGAIN_AT_LEAST))
            return slot

    async def drain(self, lanes: Sequence[Lane] = tuple(Lane), rounds: int = 1_000) -> int:
        """Run what is visible until nothing is left; return how many slots ran."""
        ran = 0
        for _ in range(rounds):
            slots = [slot for lane in lanes for slot in await self.claim(lane, self.rules.claim_batch)]
            if not slots:
                return ran
            for slot in slots:
                await self.run_slot(slot)
                ran += 1
        return ran

    # ------------------------------------------------------------------ life

    async def recover(self) -> None:
        """Take up what a process that died left: on SQLite we hold the lock, so all leases are of the dead."""
        if self.database.dialect != "sqlite":
            return
        async with self.database.system_write("slot.recover") as unit:
            left = await unit.repo(SlotRepository).release_all(self.clock.now())
        if left:
            log.info("took up work that was interrupted", slots=left)

    async def run_by_id(self, slot_id: str) -> None:
        """Run a slot that a job named; one that is done, taken or not due yet is left alone."""
        slot = await self.claim_one(slot_id)
        if slot is not None:
            await self.run_slot(slot)

    def carry_by(self, jobs: "Jobs") -> None:
        """Let jobs carry new slots to workers of any process, instead of looking for rows."""
        self._jobs = self.database.dispatch = jobs

    async def processes(self) -> int | None:
        """Return how many processes share the work; None where rows are looked for and there is only this one."""
        return await self._jobs.processes() if self._jobs is not None else None

    def start(self) -> None:
        """Begin to work: one loop a lane. The ticker calls `tick`."""
        self._running = True
        if self._jobs is not None:
            for lane in Lane:
                work = partial(self._jobs.work, self.run_by_id, lane, SHAPES[lane].concurrency)
                self._job_loops.append(self._supervisor.keep(f"jobs-{lane}", work))
            self._supervisor.keep("jobs-reaper", partial(self._jobs.keep_reaping, self.database))
            return
        if self.database.dispatch is None:
            self.database.dispatch = WakeDispatch(self)
        for lane in Lane:
            self._supervisor.keep(f"lane-{lane}", partial(self._work, lane))

    async def stop(self, grace_s: float = 10.0) -> None:
        """Take nothing new; give running work `grace_s`, then cancel it, which gives it back."""
        self._running = False
        if self._job_loops:
            # Each waits for what it runs, then cancels it.
            for loop in self._job_loops:
                loop.cancel()
            await asyncio.wait(self._job_loops, timeout=grace_s + 3)
            self._job_loops.clear()
        for event in self._wake.values():
            event.set()
        if self._in_flight:
            _, pending = await asyncio.wait(self._in_flight, timeout=grace_s)
            for task in pending:
                log.warning("work cancelled at stop", task=task.get_name())
                task.cancel()
            if pending:
                await asyncio.wait(pending, timeout=3)

    async def _work(self, lane: Lane) -> None:
        shape = SHAPES[lane]
        gate = asyncio.Semaphore(shape.concurrency)
        mine: set[asyncio.Task[None]] = set()
        while self._running:
            self._wake[lane].clear()
            free = shape.prefetch - len(mine)
            slots = await self.claim(lane, min(free, self.rules.claim_batch)) if free > 0 else []
            for slot in slots:
                task = self._supervisor.spawn(f"slot-{slot.kind}", self._gated(gate, slot))
                for group in (mine, self._in_flight):
                    group.add(task)
                    task.add_done_callback(group.discard)
            if slots and len(mine) < shape.prefetch:
                continue
            if len(mine) >= shape.prefetch:
                # Half of them first: a claim for every slot that ends would cost as much as the slots.
                while len(mine) > shape.prefetch // 2:
                    await asyncio.wait(mine, return_when=asyncio.FIRST_COMPLETED)
                continue
            try:
                async with asyncio.timeout(self.rules.poll_s):
                    await self._wake[lane].wait()
            except TimeoutError:
                continue

    async def _gated(self, gate: asyncio.Semaphore, slot: Slot) -> None:
        async with gate:
            if self._running:
                await self.run_slot(slot)
            else:
                await self._release(slot, timedelta(0), "stopping", refund=True)
