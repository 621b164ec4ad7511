"""From the moment a 3:30 stereo WAV is closed until its card is seen, beside decoding that file once."""

import asyncio
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from statistics import median

from benchmarks._bots import ROOT, Child, child
from benchmarks.rows import Row
from bot.local.demo import make_demo_bounce
from bot.local.server import LocalDiscord

SECONDS = 210.0
WARM = 7
FIRST = 3
_DECODE = """
import sys, soundfile, numpy
with soundfile.SoundFile(sys.argv[1]) as file:
    block = numpy.empty((65536, file.channels), "int16")
    while len(file.read(out=block)):
        pass
"""


async def cards() -> dict[str, Row]:
    """Return `card_first` (right after READY, the worker is still warming up) and `card_warm`."""
    with tempfile.TemporaryDirectory(prefix="studiohand-bench-") as name:
        piece = make(Path(name) / "piece.wav")
        first: list[tuple[float, float]] = []
        warm: list[tuple[float, float]] = []
        decoded = [decode(piece)]
        for _ in range(FIRST):
            async with child("studio", "INFO") as running:
                first.append(await one(running, piece, 0))
                if len(first) < FIRST:
                    continue
                for number in range(1, WARM + 1):
                    # Files that end together would be one card for all.
                    await asyncio.sleep(6)
                    decoded.append(decode(piece))
                    warm.append(await one(running, piece, number))
    floor = min(decoded)
    note = "without the settle time, which stands beside it; floor: a process that decodes the file once"
    return {
        "card_first": _row(first, floor, "the same, right after the start", note),
        "card_warm": _row(warm, floor, "settle time + at most 4 × decoding the file once", note),
    }


def _row(found: list[tuple[float, float]], floor: float, aim: str, note: str) -> Row:
    rest = [whole - settling for settling, whole in found]
    peers = {
        "settling s": median(settling for settling, _ in found),
        "closed to seen s": median(whole for _, whole in found),
        "best s": min(rest),
    }
    return Row(median(rest), "s", floor, peers, aim, note)


def make(file: Path) -> Path:
    make_demo_bounce(file, SECONDS)
    return file


def decode(file: Path) -> float:
    """Return the seconds of decoding a file once, in a fresh process."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", _DECODE, str(file)], check=True, cwd=ROOT)
    return time.perf_counter() - started


async def one(running: Child, piece: Path, number: int) -> tuple[float, float]:
    """Close one file; return the seconds until it was found complete, and until its card was seen."""
    data = bytearray(piece.read_bytes())
    data[2_000] ^= number + 1  # other samples are another bounce
    channel = running.discord.server.world.channel("bounces")
    told = len(running.log)

    async def seen(server: LocalDiscord) -> float:
        await server.until(lambda: any(message.components for message in _new(server)), timeout=60)
        return time.time()

    def _new(server: LocalDiscord) -> list[object]:
        return [one for one in server.world.history(channel.id) if one.id not in before]

    before = {message.id for message in running.discord.server.world.history(channel.id)}
    waiting = asyncio.ensure_future(running.discord.call(seen))
    (running.folder / f"Night {chr(65 + number)} Drive.wav").write_bytes(data)
    closed = time.time()
    visible = await waiting
    complete = next((line for line in running.log[told:] if line["event"] == "bounce complete"), None)
    if complete is None:
        raise RuntimeError(f"the bot did not say when the file was complete: {running.log[told:]}")
    return datetime.fromisoformat(complete["timestamp"]).timestamp() - closed, visible - closed


if __name__ == "__main__":
    for row_name, row in asyncio.run(cards()).items():
        sys.stdout.write(f"{row_name} {row.plain()}\n")
