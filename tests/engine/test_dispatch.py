"""One contract for every way that due work reaches its handler: looked for in the rows, or carried by jobs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.actors import Actor
from bot.clock import FixedClock
from bot.engine import Engine
from bot.lifecycle import Supervisor
from bot.slots import Lane, Later, SlotDraft
from storage.engine import open_engines
from storage.jobs import JobQueue
from storage.repositories.studio import InboxRepository
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
        jobs = JobQueue(url)
        await jobs.open(database)
        engine.carry_by(jobs)

        async def work_off() -> None:
            await jobs.work_off(engine.run_by_id)

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
