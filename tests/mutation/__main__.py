"""Run it: draw a sample, change the product in copies of the tree, print what nothing noticed."""

import argparse
import json
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.mutation.operators import Mutant, mutants
from tests.mutation.reach import ENOUGH_S, Reach, cover

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".mutate"
COPIES = 2
MODULES = (
    # rules
    *("bot/recurrence.py", "bot/bounces/compare.py", "bot/bounces/sections.py", "bot/bounces/settle.py"),
    *("bot/bounces/families.py", "bot/bounces/truepeak.py", "bot/loops/momentum.py", "bot/loops/sequence.py"),
    *("bot/loops/placing.py", "bot/loops/whatif.py", "bot/loops/transfer.py", "bot/coach/week.py"),
    *("bot/coach/adapt.py", "bot/coach/habits.py", "bot/coach/forecast.py", "bot/coach/goals.py"),
    *("bot/coach/trend.py", "bot/coach/load.py", "bot/coach/carryover.py", "bot/coach/checkins.py"),
    *("bot/missions/cadence.py", "bot/missions/planner.py", "bot/missions/policy.py", "bot/missions/pacing.py"),
    *("bot/missions/rules_planner.py", "bot/missions/proposals.py", "bot/phases/machine.py"),
    *("bot/releases/days.py", "bot/releases/plan.py", "bot/releases/countdown.py", "bot/digest/compile.py"),
    *("bot/digest/render.py", "bot/digest/schedule.py"),
    # decisions
    *("bot/missions/decisions.py", "bot/missions/runs.py", "bot/undo.py"),
    # permissions
    *("bot/ui/access.py", "bot/local/permissions.py", "bot/studio/service.py"),
    # engine and outbox
    *("bot/engine.py", "bot/outbox.py", "bot/slots.py"),
    # ownership
    *("storage/ownership.py", "storage/unit.py", "storage/privacy.py"),
)


class Outcome(StrEnum):
    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"
    UNREACHED = "reached by no test"


@dataclass(frozen=True, slots=True)
class Verdict:
    mutant: Mutant
    outcome: Outcome
    tests: int
    line: str


def main() -> None:
    parser = argparse.ArgumentParser(prog="make mutate", description=__doc__)
    parser.add_argument("--sample", type=int, default=100, help="how many places to draw; 0 for every change")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], help="a module, or the beginning of its path")
    parser.add_argument("--reach", action="store_true", help="run the suite under coverage again first")
    parser.add_argument("--again", action="store_true", help="only what survived the last time")
    asked = parser.parse_args()
    if asked.reach or not (KEPT / "times.xml").exists():
        cover(ROOT, KEPT)
    chosen = drawn(asked.sample, asked.seed, asked.only)
    if asked.again:
        before = set(json.loads((KEPT / "survivors.json").read_text()))
        chosen = [mutant for mutant in chosen if mutant.key in before]
    verdicts = judged(chosen)
    report(verdicts)


def drawn(sample: int, seed: int, only: list[str]) -> list[Mutant]:
    """Draw places by the seed, and one change of each."""
    every: dict[object, list[Mutant]] = defaultdict(list)
    for path in MODULES:
        if not only or path.startswith(tuple(only)):
            for mutant in mutants(ROOT, path):
                every[mutant.place].append(mutant)
    if not sample:
        return [mutant for found in every.values() for mutant in found]
    rng = random.Random(seed)
    places = sorted(every, key=str)
    print(f"{len(places)} places in {len(MODULES)} modules", flush=True)
    return [rng.choice(sorted(every[place])) for place in rng.sample(places, min(sample, len(places)))]


def judged(chosen: list[Mutant]) -> list[Verdict]:
    """Try each change in one of a few copies of the tree, side by side."""
    reach = Reach(ROOT, KEPT)
    waiting: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
    for mutant in chosen:
        waiting.put(mutant)
    verdicts: list[Verdict] = []
    with tempfile.TemporaryDirectory(prefix="mutate") as folder:
        copies = [_copied(Path(folder) / str(number)) for number in range(COPIES)]
        with ThreadPoolExecutor(COPIES) as threads:
            working = [threads.submit(_work, copy, reach, waiting, verdicts) for copy in copies]
        for work in working:
            work.result()  # a copy that could not go on is a failure of the run, not fewer changes
    return verdicts


def _copied(place: Path) -> Path:
    place.mkdir()
    for name in ("bot", "cogs", "storage", "assets", "tests", "benchmarks", "docs", "pyproject.toml", "README.md"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, place / name)
    for name in ("CHANGELOG.md", "Makefile", "Dockerfile", "compose.yaml", ".env.example", "constraints.txt"):
        shutil.copy2(ROOT / name, place / name)
    return place


def _work(copy: Path, reach: Reach, waiting: "queue.SimpleQueue[Mutant]", verdicts: list[Verdict]) -> None:
    while True:
        try:
            mutant = waiting.get_nowait()
        except queue.Empty:
            return
        verdict = _tried(copy, mutant, reach.tests(mutant))
        verdicts.append(verdict)
        print(f"{len(verdicts):4} {verdict.outcome:<18} {mutant.key}  {verdict.line}", flush=True)


def _tried(copy: Path, mutant: Mutant, tests: list[str]) -> Verdict:
    file = copy / mutant.path
    source = file.read_text(encoding="utf-8")
    changed = mutant.apply(source)
    line = _first_difference(source, changed)
    if not tests:
        return Verdict(mutant, Outcome.UNREACHED, 0, line)
    names = copy / "names.txt"
    names.write_text("\n".join(tests), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "--no-header", "--tb=no", "-p", "no:randomly"]
    command += ["-p", "no:cacheprovider", f"@{names}"]
    from tests.wire.openapi import find_document

    document = find_document()
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"STUDIOHAND_OPENAPI": str(document)} if document else {}
    for stale in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
        stale.unlink()  # it would be taken for the changed one, if both were written in one second
    file.write_text(changed, encoding="utf-8")
    try:
        ended = subprocess.run(
            command, cwd=copy, env=environment, timeout=ENOUGH_S * 4, capture_output=True, check=False
        )
    except subprocess.TimeoutExpired:
        return Verdict(mutant, Outcome.TIMED_OUT, len(tests), line)
    finally:
        file.write_text(source, encoding="utf-8")
    if ended.returncode not in (0, 1, 2):
        # A module that cannot be imported any more looks like a test that is not there: the unchanged tree tells.
        plain = subprocess.run(command, cwd=copy, env=environment, capture_output=True, check=False)
        if plain.returncode:
            sys.stderr.write(plain.stdout.decode()[-2000:] + plain.stderr.decode()[-2000:])
            raise SystemExit(f"pytest could not be run for {mutant.key}: {plain.returncode}")
    return Verdict(mutant, Outcome.SURVIVED if ended.returncode == 0 else Outcome.KILLED, len(tests), line)


def _first_difference(before: str, after: str) -> str:
    for old, new in zip(before.splitlines(), after.splitlines(), strict=False):
        if old != new:
            return f"{old.strip()}  →  {new.strip()}"
    return ""


def report(verdicts: list[Verdict]) -> None:
    """Print the rate and what nothing noticed; keep the latter for `--again`."""
    alive = [v for v in verdicts if v.outcome in (Outcome.SURVIVED, Outcome.UNREACHED)]
    print(f"\n{len(verdicts) - len(alive)} of {len(verdicts)} changes were noticed.")
    for verdict in sorted(alive, key=lambda v: v.mutant):
        print(f"* {verdict.mutant.key} ({verdict.outcome}, {verdict.tests} tests)\n    {verdict.line}")
    (KEPT / "survivors.json").write_text(json.dumps([v.mutant.key for v in alive], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
