"""Measuring and drawing a bounce against decoding alone, ffmpeg, audiowaveform, and pyloudnorm with a naive plot.

All of one file in one run, interleaved, best of a few rounds each. Cold: a fresh process. Warm: the resident worker.
"""

import asyncio
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.rows import Row, percentile
from bot.bounces.rules import bounce_rules
from bot.bounces.worker import WorkerPool, worker_environment

ROOT = Path(__file__).resolve().parent.parent
_COLD = """
import sys
from pathlib import Path
from bot.bounces.measure import measure
from bot.bounces.picture import WaveView, waveform_png
from bot.bounces.worker_main import plain_rules
done = measure(Path(sys.argv[1]), plain_rules(sys.argv[3]))
Path(sys.argv[2]).write_bytes(waveform_png(WaveView(done.columns, "Bench", "v1", ("3:30", "-9.8 LUFS"))))
"""
_DECODE = """
import sys, soundfile, numpy
with soundfile.SoundFile(sys.argv[1]) as file:
    block = numpy.empty((65536, file.channels), "int16" if file.subtype == "PCM_16" else "float32")
    while len(file.read(out=block)):
        pass
"""
_NAIVE = """
import sys, soundfile, numpy, pyloudnorm
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plot
data, rate = soundfile.read(sys.argv[1])
pyloudnorm.Meter(rate).integrated_loudness(data)
plot.figure(figsize=(16, 4.8))
plot.plot(data[:, 0])
plot.savefig(sys.argv[2])
"""


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    seconds: int
    rate: int
    subtype: str
    suffix: str


CASES = (
    Case("3m30", 210, 44100, "PCM_16", ".wav"),
    Case("5m_96k24", 300, 96000, "PCM_24", ".wav"),
    Case("60m", 3600, 44100, "PCM_16", ".wav"),
    Case("3m30_mp3", 210, 44100, "MPEG_LAYER_III", ".mp3"),
)


def measure() -> Mapping[str, Row]:
    """Return the rows; about four minutes on two quiet cores."""
    with tempfile.TemporaryDirectory(prefix="studiohand-bench-") as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    pool = WorkerPool(bounce_rules(), folder / "media", 1)
    await pool.start()
    memory: dict[str, int] = {}
    for case in CASES:
        path = folder / f"{case.name}{case.suffix}"
        # In a process of its own: a child's peak memory begins with its parent's.
        maker = multiprocessing.get_context("spawn").Process(target=_generate, args=(folder, case))
        maker.start()
        maker.join()
        rounds = 1 if case.seconds > 1000 else 3
        cold: list[tuple[float, int]] = []
        decode: list[tuple[float, int]] = []
        ffmpeg: list[tuple[float, int]] = []
        naive: list[tuple[float, int]] = []
        waveform: list[tuple[float, int]] = []
        warm: list[float] = []
        picture: list[float] = []
        await pool.measure(path, path.stat().st_size)
        for _ in range(rounds):
            cold.append(_python(_COLD, path, folder / "cold.png"))
            decode.append(_python(_DECODE, path, folder / "none"))
            if shutil.which("ffmpeg"):
                ffmpeg.append(_ffmpeg(path, folder / "ffmpeg.png"))
            if case.seconds <= 300 and not naive:
                naive.append(_python(_NAIVE, path, folder / "naive.png"))
            if shutil.which("audiowaveform"):
                command = ["audiowaveform", "-i", str(path), "-o", str(folder / "aw.dat"), "-b", "8", "-q"]
                waveform.append(_process(command))
            started = time.perf_counter()
            facts = await pool.measure(path, path.stat().st_size)
            warm.append(time.perf_counter() - started)
            started = time.perf_counter()
            view: dict[str, object] = {
                "columns": [str(pool.folder_of(facts.content_hash) / "columns.npy"), facts.duration_s],
                "title": "Bench",
                "facts": ["3:30", "−9.8 LUFS"],
            }
            await pool.draw("waveform", view, folder / f"warm-{time.perf_counter_ns()}.png")
            picture.append(time.perf_counter() - started)
        memory[case.name] = min(size for _, size in cold)
        whole = min(a + b for a, b in zip(warm, picture, strict=True))
        floor = _best(decode)
        peers = {
            "ffmpeg s": _best(ffmpeg),
            "ffmpeg MB": _least(ffmpeg),
            "pyloudnorm + plot s": _best(naive),
            "pyloudnorm + plot MB": _least(naive),
            "audiowaveform s": _best(waveform),
        }
        peers = {name: value for name, value in peers.items() if value}
        reference = _best(ffmpeg) or None
        gate = "0.5 × (stretch 0.35)" if case.name == "60m" else "1.0 × (stretch 0.6)"
        rows[f"bounce_vs_ffmpeg_cold_{case.name}"] = Row(_best(cold), "s", reference, peers, f"at most {gate}")
        rows[f"bounce_vs_ffmpeg_warm_{case.name}"] = Row(
            whole, "s", reference, {"picture alone s": min(picture)}, "at most 0.45 × at 3:30 (stretch 0.3)"
        )
        rows[f"bounce_vs_decode_{case.name}"] = Row(whole, "s", floor, {"× real time": case.seconds / whole})
        rows[f"bounce_memory_{case.name}"] = Row(
            memory[case.name], "MB", None, {"ffmpeg MB": _least(ffmpeg)}, "at most 160 MB at 60 minutes (stretch 110)"
        )
    rows["bounce_memory_growth"] = Row(
        memory["60m"] - memory["3m30"], "MB", aim="at most 64 MB from 3:30 to 60 minutes (stretch 24)"
    )
    await pool.stop()
    rows["bounce_two_workers"] = await _two_workers(folder)
    rows["bounce_close_to_ready_p95"] = await _close_to_ready(folder)
    return rows


async def _two_workers(folder: Path) -> Row:
    """Measure and draw twelve files with two workers."""
    path = folder / "3m30.wav"
    pool = WorkerPool(bounce_rules(), folder / "media", 2)
    await pool.start()
    await asyncio.gather(*(pool.measure(path, 1) for _ in range(2)))

    async def one(index: int) -> None:
        facts = await pool.measure(path, path.stat().st_size)
        columns = [str(pool.folder_of(facts.content_hash) / "columns.npy"), facts.duration_s]
        await pool.draw("waveform", {"columns": columns, "title": f"{index}"}, folder / f"two-{index}.png")

    started = time.perf_counter()
    await asyncio.gather(*(one(index) for index in range(12)))
    took = time.perf_counter() - started
    await pool.stop()
    return Row(12 * 210 / took, "× real time", aim="at least 400 × (stretch 600), everything and the picture")


async def raised(_: Path, error: Exception) -> float:
    raise error


async def _close_to_ready(folder: Path) -> Row:
    """From the close of a file to the decision that it is complete, over thirty files one after the other."""
    from bot.bounces.model import WatchMode
    from bot.bounces.settler import Settled, Settler
    from bot.bounces.watch import FolderWatch

    root = folder / "watched"
    root.mkdir()
    rules = bounce_rules()
    loop = asyncio.get_running_loop()
    ready: asyncio.Queue[Settled] = asyncio.Queue()
    settler = Settler(root, rules, ready.put, raised, is_polling=False)
    watch = FolderWatch(root, settler.take, rules, mode=WatchMode.NATIVE)
    await watch.start()
    task = asyncio.ensure_future(settler.run())
    data = (folder / "3m30.wav").read_bytes()[:2_000_044]
    data = (
        data[:4]
        + (len(data) - 8).to_bytes(4, "little")
        + data[8:40]
        + (len(data) - 44).to_bytes(4, "little")
        + data[44:]
    )
    took: list[float] = []
    for index in range(30):
        (root / f"{index}.wav").write_bytes(data)
        closed = loop.time()
        await ready.get()
        took.append(loop.time() - closed)
    task.cancel()
    await watch.stop()
    return Row(percentile(took, 0.95), "s", rules.quiet_s, {}, "at most 1.0 s (stretch 0.5)", "floor: the quiet time")


def _generate(folder: Path, case: Case) -> Path:
    """Write a piece with beats, chords and noise, loud enough that true peak has work to do."""
    path = folder / f"{case.name}{case.suffix}"
    rng = np.random.default_rng(1)
    span = 30 * case.rate
    at = np.arange(span) / case.rate
    beat = at % 0.5
    kick = np.sin(2 * np.pi * 50 * beat) * np.exp(-beat * 9)
    pad = sum(np.sin(2 * np.pi * f * at) for f in (110, 220, 277.2, 329.6)) * 0.12
    noise = rng.standard_normal(span) * 0.06
    part = np.stack([0.6 * kick + pad + noise, 0.6 * kick + pad * 0.8 + np.roll(noise, 99)], axis=1)
    part = (np.clip(part, -0.99, 0.99)).astype(np.float32)
    with soundfile.SoundFile(str(path), "w", case.rate, 2, case.subtype) as file:
        for index in range(case.seconds // 30):
            file.write(part * np.float32((0.4, 0.7, 1.0, 0.8)[index % 4]))
    return path


def _ffmpeg(path: Path, to: Path) -> tuple[float, int]:
    graph = "[0:a]asplit[a][b];[a]ebur128=peak=true[loud];[b]showwavespic=s=1600x480[wave]"
    return _process(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(path), "-filter_complex", graph,
         "-map", "[loud]", "-f", "null", "-", "-map", "[wave]", "-frames:v", "1", str(to)]
    )  # fmt: skip


def _python(code: str, path: Path, to: Path) -> tuple[float, int]:
    return _process([sys.executable, "-c", code, str(path), str(to), bounce_rules().model_dump_json()])


def _process(command: list[str]) -> tuple[float, int]:
    """Run a process; return seconds and peak memory in MB."""
    started = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, env=worker_environment(), **quiet) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss // 1024


def _best(runs: list[tuple[float, int]]) -> float:
    return min((seconds for seconds, _ in runs), default=0.0)


def _least(runs: list[tuple[float, int]]) -> int:
    return min((size for _, size in runs), default=0)
