"""Run the suite many times: in random orders and under load (`ten`), or its journeys at other moments (`moments`).

    make runs       ten whole runs in random order, two of them beside busy processes
    make moments    the journeys at each moment of `tests/moments.py`, the machine in another zone each time
                    (`make moments ARGS=--whole`: the whole suite)

What is none of its own options goes to pytest. A run counts by its first exit code; nothing is run again. Prints a
table, and ends with 1 if any run failed.
"""

import argparse
import multiprocessing
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.moments import MOMENTS

ROOT = Path(__file__).parents[1]
LOGS = ROOT / ".runs"
BUSY = 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("ten", "moments"))
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--loaded", type=int, default=2, help="how many of them beside busy processes")
    parser.add_argument("--whole", action="store_true", help="the whole suite at each moment, not the journeys alone")
    parser.add_argument("--only", action="append", default=[], help="these moments only")
    asked, more = parser.parse_known_args()
    LOGS.mkdir(exist_ok=True)
    runs = _ten(asked.times, asked.loaded, more) if asked.what == "ten" else _moments(asked, more)
    return 0 if all(list(runs)) else 1


def _ten(times: int, loaded: int, more: Sequence[str]) -> Iterator[bool]:
    for number in range(1, times + 1):
        seed = _seed()
        is_loaded = number > times - loaded
        with _load(BUSY if is_loaded else 0):
            arguments = ["-m", "not soak", "-p", "no:cacheprovider", f"--randomly-seed={seed}", *more]
            yield _run(f"run {number}{' under load' if is_loaded else ''}, seed {seed}", arguments, {})


def _moments(asked: argparse.Namespace, more: Sequence[str]) -> Iterator[bool]:
    chosen = "not soak" if asked.whole else "journey and not soak"
    for name, (moment, zone) in MOMENTS.items():
        if asked.only and name not in asked.only:
            continue
        told = {"STUDIOHAND_TEST_NOW": moment.isoformat(), "TZ": zone}
        seed = _seed()
        arguments = ["-m", chosen, "-p", "no:cacheprovider", f"--randomly-seed={seed}", *more]
        yield _run(f"{name}: {moment:%a %Y-%m-%d %H:%M} UTC, machine in {zone}, seed {seed}", arguments, told)


def _seed() -> int:
    return random.SystemRandom().randrange(2**32)


def _run(name: str, arguments: Sequence[str], told: dict[str, str]) -> bool:
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments],
        cwd=ROOT,
        env=os.environ | told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - began
    (LOGS / f"{re.sub('[^a-z0-9]+', '-', name.lower())}.log").write_text(ended.stdout)
    counted = ended.stdout.strip().splitlines()[-1:]
    print(
        f"| {name} | {'green' if ended.returncode == 0 else 'RED'} | {seconds:.0f} s | {''.join(counted)} |", flush=True
    )
    for line in ended.stdout.splitlines():
        if line.startswith(("FAILED", "ERROR")):
            print(f"    {line}", flush=True)
    return ended.returncode == 0


@contextmanager
def _load(processes: int) -> Iterator[None]:
    """Keep that many processors busy with something else."""
    busy = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(processes)]
    for process in busy:
        process.start()
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.join()


def _spin() -> None:
    value = 0
    while True:
        value = (value * 31 + 7) % 1_000_003


if __name__ == "__main__":
    sys.exit(main())
