"""Many digests due at the same minute: each built once, with one message each."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.clock import FixedClock
from storage.tables.digest import DigestRow
from storage.tables.engine import DeliveryRow
from storage.unit import Database
from tests.digest.people import Happenings, Quiet, Sunday, at


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(at("2025-01-01 12:00"))


async def _crowd(database: Database, clock: FixedClock, people: int) -> None:
    sunday = Sunday(database, clock, Quiet(), Happenings([at("2025-01-03 20:00")]))
    for number in range(people):
        await sunday.begin(10_000 + number)
    clock.set(at("2025-01-05 10:00"))
    started = time.perf_counter()
    report = await sunday.engine.tick()
    ticked = time.perf_counter() - started
    begun = time.perf_counter()
    assert report.due["digest"] == people
    for _ in range(people):
        if not await sunday.engine.drain():
            break
    built = time.perf_counter() - begun
    clock.advance(minutes=1)
    again = await sunday.engine.tick()
    assert again.total == 0
    async with database.system_read() as unit:
        rows = await unit.session.execute(select(func.count(), func.count(DigestRow.owner_id.distinct())))
        messages = await unit.session.execute(select(func.count()).where(DeliveryRow.kind == "digest"))
        assert tuple(rows.one()) == (people, people)
        assert messages.scalar_one() == people
    # Times are told with -s, never asserted.
    print(f"{people} digests on {database.dialect}: planned in {ticked:.1f} s, built in {built:.1f} s")
    assert clock.now() - at("2025-01-05 10:00") == timedelta(minutes=1)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_forty_digests_due_at_the_same_minute_are_each_built_once(database: Database, clock: FixedClock) -> None:
    await _crowd(database, clock, 40)


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_five_thousand_digests_due_at_the_same_minute_are_each_built_once(
    database: Database, clock: FixedClock
) -> None:
    await _crowd(database, clock, 5_000)
