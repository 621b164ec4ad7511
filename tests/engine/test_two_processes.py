"""The product and `studiohand work`, two real processes on one PostgreSQL: work is shared, a death loses nothing."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.actors import Actor
from bot.clock import SystemClock
from bot.missions.service import MissionDraft
from bot.outbox_model import DeliveryDraft
from tests.product import Product, running
from tests.wire.reading import read_message

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def house(tmp_path: Path, postgres_database_url: str) -> AsyncIterator[Product]:
    """The product on PostgreSQL, living in real time."""
    clock: Any = SystemClock()
    async with running(tmp_path / "data", clock, database_url=postgres_database_url) as product:
        yield product


def environment(product: Product, folder: Path, port: int = 0) -> dict[str, str]:
    return os.environ | {
        "STUDIOHAND_DATABASE_URL": product.app.settings.database,
        "STUDIOHAND_DISCORD_TOKEN": product.server.token,
        "STUDIOHAND_DISCORD_API_BASE": product.server.addresses.api,
        "STUDIOHAND_DATA_DIR": str(folder),
        "STUDIOHAND_HTTP_PORT": str(port),
        "STUDIOHAND_LOG_FORMAT": "json",
    }


def start_a_second_bot(product: Product, folder: Path) -> "subprocess.CompletedProcess[str]":
    given = environment(product, folder)
    return subprocess.run(
        [sys.executable, "-m", "bot", "run"], env=given, cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@contextmanager
def worker(product: Product, folder: Path, port: int = 0) -> "Iterator[subprocess.Popen[str]]":
    """Run `studiohand work` beside the product."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "work"],
        env=environment(product, folder, port),
        cwd=ROOT,
        stderr=(folder.parent / "worker.log").open("w"),
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


async def deliver(product: Product, words: list[str]) -> None:
    """Let the outbox post these texts in #general."""
    ada, channel = product.person("Ada"), product.channel("general")
    who, missions = Actor.user(ada.id, "Ada"), product.services.missions.service
    found = await missions.listed(ada.id)
    if found:
        mission = found[0][0]
    else:
        mission = (await missions.new(who, ada.id, MissionDraft("On time", "Keep it moving", "manual", ()))).mission
    async with product.services.database.write(who, ada.id, "test") as unit:
        for word in words:
            payload = {"mission": mission.id, "text": word}
            await unit.deliver(DeliveryDraft("mission.message", f"test:{word}", "channel", channel.id, payload))


def posted(product: Product) -> Counter[str]:
    """Count the texts in #general that are ours."""
    texts = [read_message(product.server.core, message) for message in product.channel("general").messages()]
    return Counter(word for text in texts for word in text.split() if word.startswith("word-"))


def words(start: int, stop: int) -> list[str]:
    return [f"word-{number:03}." for number in range(start, stop)]


async def all_posted(product: Product, count: int) -> None:
    await product.wait_for(lambda: len(posted(product)) >= count, seconds=180)


@pytest.mark.timeout(400)
async def test_a_further_process_shares_the_work_and_its_death_loses_nothing(house: Product, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    engine = house.services.engine
    with worker(house, tmp_path / "worker", port) as process:

        async def both_work() -> bool:
            return await engine.processes() == 2

        await house.wait_for(both_work, seconds=120)
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.status == 200, "ready without a gateway"
        starting = asyncio.ensure_future(asyncio.to_thread(start_a_second_bot, house, tmp_path / "second"))
        await deliver(house, words(0, 20))
        await all_posted(house, 20)
        second = await starting
        assert second.returncode == 3
        assert "start `studiohand work`" in second.stderr

        await engine.stop(1)
        done_here = engine.finished
        await deliver(house, words(20, 30))
        await all_posted(house, 30)
        assert engine.finished == done_here, "the further process did it alone"

        await deliver(house, words(30, 70))
        await all_posted(house, 31)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    # A heartbeat later than the death is impossible: everything that it held is put back at once.
    await engine._jobs.reap(house.services.database, stalled_s=0, lost_s=0)
    engine.start()
    await all_posted(house, 70)
    assert posted(house) == Counter(words(0, 70)), "each once"


@pytest.mark.soak
@pytest.mark.timeout(200)
async def test_asking_a_worker_to_stop_stops_it_in_order(house: Product, tmp_path: Path) -> None:
    with worker(house, tmp_path / "worker") as process:

        async def both_work() -> bool:
            return await house.services.engine.processes() == 2

        await house.wait_for(both_work, seconds=120)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 60) == 0

        async def one_works() -> bool:
            return await house.services.engine.processes() == 1

        await house.wait_for(one_works, seconds=60)


def test_working_needs_postgresql_and_says_so(tmp_path: Path) -> None:
    settings = {"STUDIOHAND_DATA_DIR": str(tmp_path), "STUDIOHAND_DISCORD_TOKEN": "x"}
    known = {name: value for name, value in os.environ.items() if not name.startswith("STUDIOHAND_")}
    done = subprocess.run(
        [sys.executable, "-m", "bot", "work"],
        env=known | settings,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "set STUDIOHAND_DATABASE_URL" in done.stderr
