"""SIGKILL anywhere between the file on disk and the row in the catalogue: still exactly one bounce and one card."""

import asyncio
import os
import random
import shutil
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.bounces.model import FileState
from bot.clock import SystemClock
from storage.engine import open_engines
from storage.tables.bounces import BounceFileRow, BounceRow
from storage.tables.engine import DeliveryRow
from storage.unit import Database
from tests.bounces.signals import music, save

ROOT = Path(__file__).resolve().parents[2]
_RUN = """
import asyncio, sys
from pathlib import Path
from bot.actors import Actor
from bot.bounces.area import Neighbours, open_bounces
from bot.clock import SystemClock
from bot.lifecycle import Supervisor
from storage.engine import open_engines
from storage.unit import Database

async def main():
    url, folder, media = sys.argv[1:4]
    clock = SystemClock()
    database = Database(open_engines(url), clock)
    area = open_bounces(database, clock, Supervisor(), Path(media), Neighbours(), 1)
    await area.folders.ensure(Actor.system("test"), 1001, Path(folder), channel_id=77)
    await area.pipeline.start()
    print("started", flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


async def kill_often(url: str, folder: Path, media: Path, files: list[Path], kills: int, seed: int) -> None:
    """Drop files while the pipeline is killed at random moments; at the end let it finish."""
    rng = random.Random(seed)
    waiting = list(files)
    for round_ in range(kills + 1):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _RUN, url, str(folder), str(media), cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(300):
                await process.stdout.readline()
            for _ in range(min(len(waiting), 1 if round_ < kills else len(waiting))):
                shutil.copyfile(waiting[0], folder / waiting.pop(0).name)
            if round_ < kills:
                await asyncio.sleep(rng.uniform(0.0, 1.2))
            else:
                await until_done(url, len(files))
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()


async def until_done(url: str, count: int) -> None:
    database = Database(open_engines(url), SystemClock())
    try:
        async with asyncio.timeout(300):
            while True:
                async with database.system_read() as unit:
                    rows = list((await unit.session.execute(select(BounceFileRow))).scalars())
                ends = (FileState.POSTED, FileState.CATALOGUED)
                waits = any(row.group_key and row.state == FileState.CATALOGUED for row in rows)
                if len(rows) == count and all(row.state in ends for row in rows) and not waits:
                    return
                await asyncio.sleep(0.1)
    finally:
        await database.close()


async def check(url: str, count: int) -> None:
    database = Database(open_engines(url), SystemClock())
    try:
        async with database.system_read() as unit:
            bounces = list((await unit.session.execute(select(BounceRow))).scalars())
            deliveries = list((await unit.session.execute(select(DeliveryRow))).scalars())
    finally:
        await database.close()
    assert len(bounces) == count
    assert sorted(row.duration_s for row in bounces) == [2.0] * count
    told = [one for row in deliveries for one in row.payload.get("bounces", [row.payload.get("bounce")])]
    assert sorted(told) == sorted(row.id for row in bounces)


async def run(url: str, tmp_path: Path, count: int, kills: int, seed: int) -> None:
    folder, rendered = tmp_path / "exports", tmp_path / "rendered"
    folder.mkdir()
    rendered.mkdir()
    files = [
        save(rendered / f"Piece {chr(65 + index)}.wav", music(2, seed=index), 44100, "PCM_16") for index in range(count)
    ]
    await kill_often(url, folder, tmp_path / "media", files, kills, seed)
    await check(url, count)


@pytest.mark.timeout(600)
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a POSIX matter")
async def test_killed_twice_every_file_is_one_bounce_and_one_card(sqlite_database_url: str, tmp_path: Path) -> None:
    await run(sqlite_database_url, tmp_path, 2, 2, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_killed_a_hundred_times_every_file_is_one_bounce_and_one_card(database_url: str, tmp_path: Path) -> None:
    await run(database_url, tmp_path, 20, 100, seed=2)
