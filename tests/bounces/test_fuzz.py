"""Hostile files: real headers of every format, mutated, through the container check and the measuring worker.

The short run takes a few hundred files; `make soak` takes twenty thousand.
"""

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest

from bot.bounces.container import look
from bot.bounces.model import Facts
from bot.bounces.rules import bounce_rules
from bot.bounces.trouble import CannotMeasure
from bot.bounces.worker import WorkerPool
from tests.bounces.signals import music, save

pytestmark = pytest.mark.no_cover  # long, over lines that shorter tests reach: twice as long under coverage

FORMATS = [
    ("a.wav", "PCM_16", None),
    ("b.wav", "PCM_24", None),
    ("c.wav", "FLOAT", None),
    ("d.wav", "IMA_ADPCM", "WAV"),
    ("e.aiff", "PCM_16", None),
    ("f.flac", "PCM_16", None),
    ("g.mp3", "MPEG_LAYER_III", None),
    ("h.ogg", "VORBIS", None),
    ("i.opus", "OPUS", "OGG"),
    ("j.w64", "PCM_16", "W64"),
    ("k.rf64", "PCM_16", "RF64"),
]


def seeds(folder: Path) -> list[tuple[str, bytes]]:
    """Return a short real file of every format."""
    piece = music(0.4, 48000)
    return [
        (name, save(folder / name, piece, 48000, subtype, container).read_bytes())
        for name, subtype, container in FORMATS
    ]


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Change a file as accidents and enemies do; mostly where the header is."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        reach = len(out) if rng.random() < 0.2 else min(len(out), 200)
        if reach == 0:
            break
        at = rng.randrange(reach)
        match rng.randrange(7):
            case 0:
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                out[at] = rng.randrange(256)
            case 2:
                out[at : at + 4] = rng.choice(
                    [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"]
                )
            case 3:
                del out[at : at + rng.randint(1, 64)]
            case 4:
                out[at:at] = rng.randbytes(rng.randint(1, 64))
            case 5:
                del out[rng.randrange(len(out)) :]
            case _:
                other = rng.randrange(reach)
                out[at : at + 16] = out[other : other + 16]
    return bytes(out)


async def fuzz(folder: Path, count: int, seed: int) -> tuple[int, int]:
    """Measure `count` mutated files; return how many could be measured and how many workers broke."""
    rng = random.Random(seed)
    originals = seeds(folder)
    rules = bounce_rules().model_copy(update={"worker_time_s": 10.0})
    pool = WorkerPool(rules, folder / "media")
    await pool.start()
    measured = broke = 0

    async def one(index: int, name: str, data: bytes) -> None:
        nonlocal measured, broke
        path = folder / f"{index}-{name}"
        await asyncio.to_thread(path.write_bytes, data)
        look(path)
        try:
            facts = await pool.measure(path, len(data))
        except CannotMeasure as error:
            broke += error.trouble in ("timed_out", "decoder_crashed")
        else:
            assert isinstance(facts, Facts)
            assert all(value is None or abs(value) < 1e4 for value in (facts.integrated_lufs, facts.true_peak_dbtp))
            measured += 1
        finally:
            path.unlink()

    try:
        for start in range(0, count, 50):
            batch = []
            for index in range(start, min(start + 50, count)):
                name, data = originals[index % len(originals)]
                batch.append(one(index, name, mutated(data, rng)))
            await asyncio.gather(*batch)
    finally:
        await pool.stop()
    return measured, broke


async def test_a_few_hundred_mutated_files_break_nothing(tmp_path: Path) -> None:
    measured, broke = await fuzz(tmp_path, 300, seed=1)
    print(f"{measured} of 300 could be measured, {broke} broke their worker")
    assert measured > 30
    assert broke == 0


@pytest.mark.soak
@pytest.mark.timeout(3000)
async def test_twenty_thousand_mutated_files_break_nothing(tmp_path: Path) -> None:
    measured, broke = await fuzz(tmp_path, 20_000, seed=20)
    print(f"{measured} of 20,000 could be measured, {broke} broke their worker")
    # A decoder that crashes costs its own file and nothing else; none may take the line down.
    assert broke <= 20


async def stopped_worker(pool: WorkerPool, path: Path) -> asyncio.subprocess.Process:
    """Start the pool and hold its worker still: what it is asked next takes as long as the test wants."""
    await pool.start()
    await pool.measure(path, 1)
    process = pool._workers[0]._process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    return process


@pytest.mark.skipif(os.name == "nt", reason="SIGSTOP is a POSIX matter")
async def test_a_worker_that_dies_costs_one_file(tmp_path: Path) -> None:
    pool = WorkerPool(bounce_rules(), tmp_path / "media", 1)
    path = save(tmp_path / "a.wav", music(2), 44100, "PCM_16")
    process = await stopped_worker(pool, path)
    try:
        running = asyncio.ensure_future(pool.measure(path, 1))
        await asyncio.sleep(0.05)
        process.kill()
        with pytest.raises(CannotMeasure) as refused:
            await running
        assert refused.value.trouble == "decoder_crashed"
        assert (await pool.measure(path, 1)).channels == 2
    finally:
        await pool.stop()


@pytest.mark.skipif(os.name == "nt", reason="SIGSTOP is a POSIX matter")
async def test_work_past_its_time_is_ended(tmp_path: Path) -> None:
    pool = WorkerPool(bounce_rules(), tmp_path / "media", 1)
    path = save(tmp_path / "a.wav", music(2), 44100, "PCM_16")
    await stopped_worker(pool, path)
    pool._rules = bounce_rules().model_copy(update={"worker_time_s": 0.02, "worker_time_per_minute_s": 0.0})
    try:
        with pytest.raises(CannotMeasure) as refused:
            await pool.measure(path, 1)
        assert refused.value.trouble == "timed_out"
    finally:
        await pool.stop()
