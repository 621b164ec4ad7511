"""Many due missions by the rules: each is staged once, people's commands come in between, memory stays flat."""

import asyncio
import gc
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from benchmarks.missions import START, seed, work_off
from bot.actors import Actor
from bot.app.app import App
from bot.clock import FixedClock
from bot.slots import Lane
from storage.engine import open_engines
from storage.tables.missions import IterationRow, StepRow
from storage.unit import Database
from tests.product import plain_settings

pytestmark = pytest.mark.no_cover  # long, over lines that shorter tests reach: twice as long under coverage


async def many(url: str, folder: Path, count: int) -> None:
    clock = FixedClock(START)
    clock.advance(minutes=1)
    database = Database(open_engines(url), clock)
    services: Any = App(plain_settings(folder), clock, token="x")._make_services(database)
    await seed(database, count, due=True)
    await seed(database, count, due=False, first=count)
    assert (await services.engine.tick()).due["mission"] == count
    stop = asyncio.Event()
    commands = asyncio.ensure_future(_commands(services, stop))
    try:
        await _some(services, count // 2)
        before = _living()
        await work_off(services, None, limit_s=3600)
        after = _living()
    finally:
        stop.set()
        told = await commands
    async with database.system_read() as unit:
        runs = (await unit.session.execute(select(func.count()).select_from(IterationRow))).scalar_one()
        steps = list((await unit.session.execute(select(StepRow.iteration_id))).scalars())
    await database.close()
    assert runs == count
    assert len(set(steps)) == count, "each due mission was planned"
    assert max(Counter(steps).values()) <= 3
    assert told >= count // 10, "commands did not have to wait until all was done"
    assert after - before < 25 * count, "nothing is kept of a mission that was planned"


async def _commands(services: Any, stop: asyncio.Event) -> int:
    """Do what a slash command does, over and over; return how often it was done."""
    person, done = Actor.user(1, "Ada"), 0
    while not stop.is_set():
        await services.missions.service.listed(1)
        await services.studio.save_person(person, 1, timezone=("UTC", "Europe/Berlin")[done % 2])
        done += 1
    return done


async def _some(services: Any, count: int) -> None:
    for slot in await services.engine.claim(Lane.WORK, count):
        await services.engine.run_slot(slot)


def _living() -> int:
    gc.collect()
    return len(gc.get_objects())


async def test_many_due_missions_are_planned_once_while_people_are_answered(sqlite_database_url: str, tmp_path: Path):
    await many(sqlite_database_url, tmp_path, 60)


@pytest.mark.soak
@pytest.mark.timeout(3000)
async def test_ten_thousand_due_missions(sqlite_database_url: str, tmp_path: Path):
    await many(sqlite_database_url, tmp_path, 10_000)
