"""The engine: once per occurrence, leases, back-off, lanes, on both databases."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from bot.actors import Actor
from bot.clock import FixedClock
from bot.engine import Engine
from bot.lifecycle import Supervisor
from bot.slots import Lane, Later, Slot, SlotDraft, backoff
from storage.engine import open_engines
from storage.repositories.slots import LeaseLost, SlotRepository
from storage.repositories.studio import FactRepository, InboxRepository
from storage.retention import Retention
from storage.tables.engine import SlotRow
from storage.unit import Database, Reading, Unit

ADA = 1001


async def counts(unit: Reading, kind: str | None = None) -> dict[str, int]:
    """Return how many slots there are by state."""
    statement = select(SlotRow.state, func.count()).group_by(SlotRow.state)
    if kind is not None:
        statement = statement.where(SlotRow.kind == kind)
    return {state: count for state, count in (await unit.session.execute(statement)).all()}


class Notes:
    """A kind of slot whose effect can be seen: a note in Ada's inbox."""

    name = "note"

    def __init__(self, database: Database, due_keys: Sequence[str] = ()) -> None:
        self.database = database
        self.keys = list(due_keys)
        self.fail = 0
        self.later: datetime | None = None
        self.ran = 0

    async def due(self, unit: Unit, now: datetime, limit: int) -> list[SlotDraft]:
        taken, self.keys = self.keys[:limit], self.keys[limit:]
        return [SlotDraft(f"note:{key}", self.name, key, now, owner=ADA) for key in taken]

    async def run(self, slot: Slot) -> Later | None:
        self.ran += 1
        if self.fail:
            self.fail -= 1
            raise ConnectionError("the net is down")
        if self.later is not None:
            at, self.later = self.later, None
            return Later(at, "quiet hours")
        async with self.database.write(Actor.system("test"), ADA, "note") as unit:
            await unit.repo(InboxRepository).add("note", slot.subject_id, "")
            await unit.repo(SlotRepository).finish(slot)
        return None


async def notes(database: Database) -> list[str]:
    async with database.read(ADA) as unit:
        return sorted(note.title for note in await unit.repo(InboxRepository).list(limit=100))


@pytest.fixture
def engine(database: Database, clock: FixedClock) -> Engine:
    return Engine(database, clock, Supervisor())


async def test_due_work_is_done_once_however_often_it_is_found(engine: Engine, database: Database) -> None:
    kind = Notes(database, ["a", "b", "a"])
    engine.register(kind)
    await engine.tick()
    kind.keys = ["a", "b"]
    await engine.tick()
    assert await engine.drain() == 2
    assert await notes(database) == ["a", "b"]


async def test_a_slot_whose_worker_died_is_taken_over_after_its_lease(
    engine: Engine, database: Database, clock: FixedClock
) -> None:
    kind = Notes(database, ["a"])
    engine.register(kind)
    await engine.tick()
    (dead,) = await engine.claim(Lane.WORK, 10)
    assert await engine.claim(Lane.WORK, 10) == []
    clock.advance(seconds=engine.rules.lease_s + 1)
    (taken,) = await engine.claim(Lane.WORK, 10)
    await engine.run_slot(taken)
    with pytest.raises(LeaseLost):
        await kind.run(dead)
    assert await notes(database) == ["a"]


async def test_a_failure_is_tried_again_with_growing_pauses_and_given_up_visibly(
    engine: Engine, database: Database, clock: FixedClock
) -> None:
    kind = Notes(database, ["a"])
    kind.fail = 100
    engine.register(kind)
    await engine.tick()
    pauses = 0
    while kind.ran < engine.rules.max_attempts and pauses < 10_000:
        await engine.drain()
        clock.advance(minutes=1)
        pauses += 1
    assert pauses > 100
    async with database.system_read() as unit:
        assert await counts(unit) == {"failed": 1}
        assert (await unit.repo(SlotRepository).recent_skips(clock.now() - timedelta(days=2)))[0][
            1
        ] == "ConnectionError"


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(0, 1), (1, 1), (2, 2), (3, 4), (9, 256), (10, 360), (40, 360), (4000, 360)]
)
def test_a_pause_doubles_from_a_minute_to_six_hours_give_or_take_a_fifth(attempts: int, minutes: int) -> None:
    """The fifth is drawn anew each time, so that what failed together does not come back together."""
    pauses = [backoff(attempts, timedelta(minutes=1), timedelta(hours=6), jitter) for jitter in (0.0, 0.5, 1.0)]
    assert pauses == [timedelta(minutes=minutes) * share for share in (0.8, 1.0, 1.2)]


async def test_later_waits_without_counting_as_a_failure(engine: Engine, database: Database, clock: FixedClock) -> None:
    kind = Notes(database, ["a"])
    kind.later = clock.now() + timedelta(hours=3)
    engine.register(kind)
    await engine.tick()
    await engine.drain()
    clock.advance(hours=2)
    assert await engine.drain() == 0
    clock.advance(hours=2)
    (slot,) = await engine.claim(Lane.WORK, 1)
    assert slot.attempts == 1


async def test_one_kind_that_breaks_does_not_stop_the_others(engine: Engine, database: Database) -> None:
    class Broken(Notes):
        name = "broken"

        async def due(self, unit: Unit, now: datetime, limit: int) -> list[SlotDraft]:
            raise RuntimeError("cannot read")

    engine.register(Broken(database))
    engine.register(Notes(database, ["a"]))
    report = await engine.tick()
    assert report.total == 1


async def test_two_processes_share_the_work_and_double_nothing(
    database_url: str, clock: FixedClock, database: Database
) -> None:
    keys = [f"{number:03}" for number in range(60)]
    second = Database(open_engines(database_url), clock)
    engines = [Engine(db, clock, Supervisor()) for db in (database, second)]
    for engine in engines:
        engine.register(Notes(engine.database, keys))
    await asyncio.gather(*(engine.tick() for engine in engines))
    await asyncio.gather(*(engine.drain() for engine in engines))
    assert await notes(database) == keys
    await second.close()


async def test_new_work_wakes_the_lane_at_once(engine: Engine, database: Database, clock: FixedClock) -> None:
    kind = Notes(database)
    engine.register(kind)
    engine.start()
    async with database.system_write("test") as unit:
        await unit.add_slots([SlotDraft("note:x", "note", "x", clock.now(), owner=ADA)])
    for _ in range(500):
        if await notes(database):
            break
        await asyncio.sleep(0.01)
    assert await notes(database) == ["x"]
    await engine.stop()


async def test_ten_thousand_due_slots_are_materialised_in_batches(engine: Engine, database: Database) -> None:
    engine.register(Notes(database, [str(number) for number in range(10_000)]))
    report = await engine.tick()
    assert report.due == {"note": 10_000}
    async with database.system_read() as unit:
        assert await counts(unit, "note") == {"ready": 10_000}
        assert await unit.repo(FactRepository).get("nothing") is None


async def test_finding_open_slots_reads_only_open_ones(sqlite_database: Database, clock: FixedClock) -> None:
    statements: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            statements.append((statement, parameters))

    event.listen(sqlite_database.engines.write.sync_engine, "before_cursor_execute", note)
    await Engine(sqlite_database, clock, Supervisor()).claim(Lane.WORK, 10)
    event.remove(sqlite_database.engines.write.sync_engine, "before_cursor_execute", note)
    ((statement, parameters),) = statements
    async with sqlite_database.engines.read.connect() as connection:
        plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)).all()
    assert "ix_slots_open" in str(plan), plan


async def test_a_worker_that_lost_its_lease_takes_nothing_away_from_the_one_that_has_it(
    engine: Engine, database: Database, clock: FixedClock
) -> None:
    """Whatever it still wants to write of the slot: done, given back, or failed."""
    engine.register(Notes(database, ["a"]))
    await engine.tick()
    (lost,) = await engine.claim(Lane.WORK, 10)
    clock.advance(seconds=engine.rules.lease_s)
    (held,) = await engine.claim(Lane.WORK, 10)
    assert held.lease != lost.lease
    async with database.system_write("test") as unit:
        slots = unit.repo(SlotRepository)
        await slots.release(lost, clock.now(), "late", refund=True)
        assert not await slots.finish_if_open(lost)
        for state in ("done", "failed"):
            with pytest.raises(LeaseLost):
                await slots.finish(lost, state)
    assert not lost.is_finished
    assert await engine.claim(Lane.WORK, 10) == []
    async with database.system_write("test") as unit:
        await unit.repo(SlotRepository).finish(held)
    assert held.is_finished
    async with database.system_read() as unit:
        assert await counts(unit) == {"done": 1}


async def test_work_is_taken_at_its_time_and_its_lease_ends_at_its_time(
    engine: Engine, database: Database, clock: FixedClock
) -> None:
    due = clock.now() + timedelta(minutes=5)
    async with database.system_write("test") as unit:
        await unit.add_slots([SlotDraft("note:x", "note", "x", due, owner=ADA)])
    clock.set(due - timedelta(milliseconds=1))
    assert await engine.claim(Lane.WORK, 10) == []
    assert await engine.claim_one("unknown") is None
    clock.set(due)
    (first,) = await engine.claim(Lane.WORK, 10)
    assert await engine.claim_one(first.id) is None
    clock.set(due + timedelta(seconds=engine.rules.lease_s) - timedelta(milliseconds=1))
    assert await engine.claim(Lane.WORK, 10) == []
    clock.set(due + timedelta(seconds=engine.rules.lease_s))
    second = await engine.claim_one(first.id)
    assert second is not None
    assert (first.attempts, second.attempts) == (1, 2)


async def test_a_lane_takes_only_its_own_work_the_longest_waiting_first(
    engine: Engine, database: Database, clock: FixedClock
) -> None:
    now = clock.now()
    async with database.system_write("test") as unit:
        await unit.add_slots(
            [
                SlotDraft(f"{lane}:{minutes}", "note", f"{minutes}", now - timedelta(minutes=minutes), lane=lane)
                for minutes in (2, 3, 1)
                for lane in (Lane.WORK, Lane.DM)
            ]
        )
    assert [slot.key for slot in await engine.claim(Lane.DM, 2)] == ["dm:3", "dm:2"]
    assert [slot.key for slot in await engine.claim(Lane.WORK, 5)] == ["work:3", "work:2", "work:1"]


class Held(Notes):
    """Work that lasts until it is let go; `ran` counts what began."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.go = asyncio.Event()

    async def run(self, slot: Slot) -> Later | None:
        self.ran += 1
        await self.go.wait()
        async with self.database.system_write("test") as unit:
            await unit.repo(SlotRepository).finish(slot)
        return None


@pytest.mark.parametrize(("lane", "at_once"), [(Lane.DM, 1), (Lane.WORK, 8), (Lane.POST, 10)])
async def test_a_lane_does_so_much_at_once_and_writes_to_people_one_after_the_other(
    engine: Engine, database: Database, clock: FixedClock, lane: Lane, at_once: int
) -> None:
    """Discord stops a bot that sends direct messages in a burst."""
    kind, count = Held(database), at_once + 2
    engine.register(kind)
    async with database.system_write("test") as unit:
        await unit.add_slots([SlotDraft(f"n:{n}", "note", f"{n}", clock.now(), lane=lane) for n in range(count)])
    engine.start()
    async with asyncio.timeout(60):
        while len(engine._in_flight) < count or kind.ran < at_once:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0)
        assert kind.ran == at_once, "the others are taken and wait"
        kind.go.set()
        while kind.ran < count or engine._in_flight:
            await asyncio.sleep(0.005)
    await engine.stop()


async def test_finished_slots_are_forgotten_and_open_ones_never(
    engine: Engine, database: Database, clock: FixedClock
) -> None:
    engine.register(Notes(database, ["a", "b"]))
    await engine.tick()
    (one,) = await engine.claim(Lane.WORK, 1)
    await engine.run_slot(one)
    retention = Retention(database)
    assert await retention.purge() == {}
    clock.advance(days=400)
    assert (await retention.purge())["slots"] == 1
    async with database.system_read() as unit:
        assert await counts(unit) == {"ready": 1}
