"""One contract for every way that due work reaches its handler: looked for in the rows, or carried by jobs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from bot.actors import Actor
from bot.clock import FixedClock
from bot.engine import Engine
from bot.lifecycle import Supervisor
from bot.slots import Lane, Later, Slot, SlotDraft
from storage.engine import open_engines
from storage.jobs import JobQueue
from storage.repositories.studio import InboxRepository
from storage.tables.engine import SlotRow
from storage.unit import Database
from tests.engine.test_engine import ADA, Notes, notes

Work = Callable[[], Awaitable[None]]


@dataclass
class Leg:
    """One way of dispatch, with what makes it do everything that can be done now."""

    database: Database
    engine: Engine
    work: Work
    jobs: JobQueue | None


@pytest.fixture(params=["rows on sqlite", "rows on postgres", "jobs on postgres"])
def leg_url(request: pytest.FixtureRequest) -> tuple[str, bool]:
    engine = "sqlite" if "sqlite" in request.param else "postgres"
    return request.getfixturevalue(f"{engine}_database_url"), request.param.startswith("jobs")


@pytest.fixture
async def leg(leg_url: tuple[str, bool], clock: FixedClock) -> AsyncIterator[Leg]:
    url, by_jobs = leg_url
    database = Database(open_engines(url), clock)
    engine = Engine(database, clock, Supervisor())
    if not by_jobs:

        async def drain() -> None:
            await engine.drain()

        yield Leg(database, engine, drain, None)
    else:
        jobs = JobQueue(url, grace_s=0.05)
        await jobs.open(database)
        engine.carry_by(jobs)

        async def work_off() -> None:
            await jobs.work_off(engine.run_by_id, concurrency=1)

        yield Leg(database, engine, work_off, jobs)
        await jobs.close()
    await database.close()


async def overdue(leg: Leg, clock: FixedClock, seconds: float) -> None:
    """Let time pass; jobs wait by the database's own clock, so the reaper stands in for it."""
    clock.advance(seconds=seconds)
    if leg.jobs is not None:
        await leg.jobs.reap(leg.database, lost_s=0)


async def test_due_work_is_done_once_in_every_way(leg: Leg) -> None:
    kind = Notes(leg.database, ["a", "b", "a"])
    leg.engine.register(kind)
    await leg.engine.tick()
    kind.keys = ["a", "b"]
    await leg.engine.tick()
    await leg.work()
    await leg.work()
    assert await notes(leg.database) == ["a", "b"]
    assert kind.ran == 2


async def test_work_that_breaks_is_tried_again_later(leg: Leg, clock: FixedClock) -> None:
    kind = Notes(leg.database, ["a"])
    kind.fail = 1
    leg.engine.register(kind)
    await leg.engine.tick()
    await leg.work()
    assert await notes(leg.database) == []
    await leg.work()
    assert kind.ran == 1, "not before its time"
    await overdue(leg, clock, 3600)
    await leg.work()
    assert await notes(leg.database) == ["a"]


async def test_work_that_waits_for_a_better_time_comes_back_then(leg: Leg, clock: FixedClock) -> None:
    kind = Notes(leg.database, ["a"])
    kind.later = clock.now() + timedelta(hours=2)
    leg.engine.register(kind)
    await leg.engine.tick()
    await leg.work()
    assert await notes(leg.database) == []
    await overdue(leg, clock, 2 * 3600 + 1)
    await leg.work()
    assert await notes(leg.database) == ["a"]


async def test_work_of_a_worker_that_died_is_taken_over(leg: Leg, clock: FixedClock) -> None:
    kind = Notes(leg.database, ["a"])
    leg.engine.register(kind)
    await leg.engine.tick()
    assert len(await leg.engine.claim(Lane.WORK, 5)) == 1
    await leg.work()
    assert await notes(leg.database) == []
    await overdue(leg, clock, leg.engine.rules.lease_s + 1)
    await leg.work()
    assert await notes(leg.database) == ["a"]


async def test_what_is_rolled_back_is_never_done(leg: Leg) -> None:
    kind = Notes(leg.database)
    leg.engine.register(kind)
    with pytest.raises(RuntimeError):
        async with leg.database.write(Actor.system("x"), ADA, "x") as unit:
            await unit.add_slots([SlotDraft("note:gone", "note", "gone", unit.now, owner=ADA)])
            raise RuntimeError("changed its mind")
    await leg.work()
    assert await notes(leg.database) == []
    if leg.jobs is not None:
        assert await leg.jobs.waiting() == {}


async def test_work_is_seen_only_after_its_commit(leg: Leg) -> None:
    kind = Notes(leg.database)
    leg.engine.register(kind)
    async with leg.database.write(Actor.system("x"), ADA, "x") as unit:
        await unit.add_slots([SlotDraft("note:late", "note", "late", unit.now, owner=ADA)])
        if leg.database.dialect == "postgresql":
            await leg.work()
            assert kind.ran == 0
    await leg.work()
    assert await notes(leg.database) == ["late"]


async def test_a_job_that_comes_twice_does_nothing_the_second_time(leg: Leg) -> None:
    kind = Notes(leg.database, ["a"])
    leg.engine.register(kind)
    await leg.engine.tick()
    (slot,) = await leg.engine.claim(Lane.WORK, 5)
    await leg.engine.run_slot(slot)
    await leg.engine.run_by_id(slot.id)
    await leg.work()
    assert kind.ran == 1


async def test_lanes_do_not_wait_for_each_other(leg: Leg) -> None:
    done: list[str] = []

    class Slow(Notes):
        async def run(self, slot) -> Later | None:  # type: ignore[no-untyped-def]
            done.append(slot.subject_id)
            async with self.database.write(Actor.system("t"), ADA, "t") as unit:
                await unit.repo(InboxRepository).add("note", slot.subject_id, "")
            return None

    leg.engine.register(Slow(leg.database))
    async with leg.database.write(Actor.system("x"), ADA, "x") as unit:
        await unit.add_slots(
            [SlotDraft(f"note:{lane}", "note", str(lane), unit.now, owner=ADA, lane=lane) for lane in Lane]
        )
    await leg.work()
    assert sorted(done) == sorted(str(lane) for lane in Lane)


async def test_two_processes_share_the_jobs_and_double_nothing(postgres_database_url: str, clock: FixedClock) -> None:
    legs: list[tuple[Database, Engine, JobQueue, Notes]] = []
    for _ in range(2):
        database = Database(open_engines(postgres_database_url), clock)
        jobs, engine = JobQueue(postgres_database_url), Engine(database, clock, Supervisor())
        await jobs.open(database)
        engine.carry_by(jobs)
        kind = Notes(database, [f"n{number:02}" for number in range(30)])
        engine.register(kind)
        legs.append((database, engine, jobs, kind))
    await asyncio.gather(*(engine.tick() for _, engine, _, _ in legs))
    await asyncio.gather(*(jobs.work_off(engine.run_by_id) for _, engine, jobs, _ in legs))
    assert await notes(legs[0][0]) == [f"n{number:02}" for number in range(30)]
    assert sum(kind.ran for *_, kind in legs) == 30
    for database, _, jobs, _ in legs:
        await jobs.close()
        await database.close()


async def test_work_for_later_is_not_done_before_its_time(leg: Leg, clock: FixedClock) -> None:
    kind = Notes(leg.database)
    leg.engine.register(kind)
    async with leg.database.write(Actor.system("x"), ADA, "x") as unit:
        at = unit.now + timedelta(hours=1)
        await unit.add_slots([SlotDraft("note:soon", "note", "soon", unit.now, owner=ADA, visible_at=at)])
    await leg.work()
    assert kind.ran == 0
    await overdue(leg, clock, 3601)
    await leg.work()
    assert await notes(leg.database) == ["soon"]


async def test_work_is_done_in_the_order_of_its_time(leg: Leg) -> None:
    done: list[str] = []

    class Ordered(Notes):
        async def run(self, slot: Slot) -> Later | None:
            done.append(slot.subject_id)
            return None

    leg.engine.register(Ordered(leg.database, [f"n{number}" for number in range(8)]))
    await leg.engine.tick()
    await leg.work()
    assert done == [f"n{number}" for number in range(8)]


async def test_stopping_gives_back_what_is_being_done(leg: Leg) -> None:
    begun = asyncio.Event()

    class Stuck(Notes):
        async def run(self, slot: Slot) -> Later | None:
            if not begun.is_set():
                begun.set()
                await asyncio.Event().wait()
            return await super().run(slot)

    leg.engine.register(Stuck(leg.database, ["a"]))
    leg.engine.start()
    await leg.engine.tick()
    async with asyncio.timeout(60):
        await begun.wait()
    await leg.engine.stop(grace_s=0.05)
    await leg.work()
    assert await notes(leg.database) == ["a"], "nobody waited for the lease"


async def test_a_job_that_comes_before_its_time_is_not_lost(jobs_leg: Leg, clock: FixedClock) -> None:
    leg, kind = jobs_leg, Notes(jobs_leg.database)
    leg.engine.register(kind)
    async with leg.database.write(Actor.system("x"), ADA, "x") as unit:
        at = unit.now + timedelta(hours=1)
        await unit.add_slots([SlotDraft("note:soon", "note", "soon", unit.now, owner=ADA, visible_at=at)])
    slot_id = await only_slot(leg)
    await drop_jobs(leg)
    await leg.engine.run_by_id(slot_id)
    assert kind.ran == 0
    assert leg.jobs is not None
    assert await leg.jobs.waiting() == {"work": 1}, "whoever got it early deferred it again"


async def test_a_job_that_got_lost_is_made_again(jobs_leg: Leg, clock: FixedClock) -> None:
    leg = jobs_leg
    leg.engine.register(Notes(leg.database, ["a"]))
    await leg.engine.tick()
    await drop_jobs(leg)
    await leg.work()
    assert await notes(leg.database) == []
    await overdue(leg, clock, 1)
    await leg.work()
    assert await notes(leg.database) == ["a"]


async def test_work_of_a_worker_without_a_heartbeat_does_not_wait_for_its_lease(jobs_leg: Leg) -> None:
    leg = jobs_leg
    assert leg.jobs is not None
    leg.engine.register(Notes(leg.database, ["a"]))
    await leg.engine.tick()
    manager = leg.jobs._app.job_manager
    worker = await manager.register_worker()
    assert await manager.fetch_job(["work"], worker) is not None
    assert await leg.engine.claim_one(await only_slot(leg)) is not None
    async with leg.database.system_write("test") as unit:
        await unit.session.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '16 s'"))
    assert await leg.jobs.reap(leg.database) >= 1
    await leg.work()
    assert await notes(leg.database) == ["a"]


async def test_direct_messages_are_sent_by_one_process_at_a_time(jobs_leg: Leg) -> None:
    assert jobs_leg.jobs is not None
    async with jobs_leg.jobs._alone(7):
        waiting = asyncio.ensure_future(_hold(jobs_leg.jobs, 7))
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        waiting.cancel()
    async with asyncio.timeout(60):
        await _hold(jobs_leg.jobs, 7)


async def _hold(jobs: JobQueue, key: int) -> None:
    async with jobs._alone(key):
        pass


@pytest.fixture
async def jobs_leg(postgres_database_url: str, clock: FixedClock) -> AsyncIterator[Leg]:
    """Only the leg of jobs."""
    database = Database(open_engines(postgres_database_url), clock)
    engine, jobs = Engine(database, clock, Supervisor()), JobQueue(postgres_database_url)
    await jobs.open(database)
    engine.carry_by(jobs)
    yield Leg(database, engine, lambda: jobs.work_off(engine.run_by_id), jobs)
    await jobs.close()
    await database.close()


async def only_slot(leg: Leg) -> str:
    async with leg.database.system_read() as unit:
        return (await unit.session.execute(select(SlotRow.id))).scalar_one()


async def drop_jobs(leg: Leg) -> None:
    """Lose every job, as a worker would that is killed after it took them."""
    async with leg.database.system_write("test") as unit:
        await unit.session.execute(text("DELETE FROM procrastinate_jobs"))
