"""Files that people bring: how long commands take meanwhile, beside the same commands alone; and rows a second."""

import asyncio
import io
import json
import tempfile
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from benchmarks.rows import Row, percentile
from bot.actors import Actor
from bot.clock import FixedClock
from tests.journeys.test_imports import catalogue, row
from tests.product import Product, running

ROWS = 500_000
AIM = "a command meanwhile under 250 ms p99"


def _large(rows: int) -> Iterator[bytes]:
    yield b'{"format": "studiohand.catalogue", "version": 1, "bounces": ['
    for number in range(1, rows + 1):
        yield (b"," if number > 1 else b"") + json.dumps(row(number, version=1)).encode()
    yield b"]}"


def _long_line() -> Iterator[bytes]:
    """A text of 400 MB in one row, in one line."""
    yield b'{"format": "studiohand.catalogue", "version": 1, "bounces": [{"title": "'
    for _ in range(400):
        yield b"x" * (1 << 20)
    yield b'"}]}'


def _bomb() -> Iterator[bytes]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("catalogue.json", "w") as file:
        for _ in range(450):
            file.write(b" " * (1 << 20))
    yield out.getvalue()


def _clips() -> Iterator[bytes]:
    out = io.BytesIO()
    loop = b'{"format": "studiohand.loop", "version": 1, "clips": [' + b"{}," * 120_000 + b"{}]}"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("catalogue.json", catalogue(row(1, loop="x")))
        archive.writestr("loops/x.json", loop)
    yield out.getvalue()


async def measure() -> dict[str, Row]:
    found: dict[str, Row] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder) / "data", FixedClock(datetime.now(UTC))) as product:
            ada = product.person("Ada")
            await ada.slash("/loop new", name="Night Drive")

            async def commands(until: Callable[[], bool]) -> list[float]:
                took: list[float] = []
                while not until():
                    began = time.perf_counter()
                    await ada.slash("/loop list")
                    took.append(time.perf_counter() - began)
                    await asyncio.sleep(0.02)
                return took

            count = iter(range(200))
            alone = await commands(lambda: next(count, None) is None)
            for name, make in (
                (f"{ROWS} rows", lambda: _large(ROWS)),
                ("a line of 400 MB", _long_line),
                ("a zip bomb of 450 MB", _bomb),
                ("120,000 empty clips", _clips),
            ):
                began = time.perf_counter()
                importing = asyncio.ensure_future(_take(product, make()))
                took = await commands(importing.done)
                seconds = time.perf_counter() - began
                taken = await importing
                said = f"{taken.new:,} stored" if not taken.problems else f"refused: {taken.problems[0].code}"
                found[f"command p99 beside {name}"] = Row(
                    percentile(took, 0.99) * 1000,
                    "ms",
                    floor=percentile(alone, 0.99) * 1000,
                    aim=AIM,
                    note=f"{said} after {seconds:.0f} s",
                )
    return found


async def _take(product: Product, data: Iterator[bytes]):
    ben = product.person("Ben")

    async def blocks() -> AsyncIterator[bytes]:
        while block := await asyncio.to_thread(_next, data):
            yield block

    return await product.services.archive.takeover.take(Actor.user(ben.id, "Ben"), ben.id, 1, blocks())


def _next(data: Iterator[bytes]) -> bytes:
    return b"".join(islice(data, 500))
