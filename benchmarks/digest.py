"""A digest for a person with 10,000 bounces and 500 clips: one pass, its cost set by the week, not by the history."""

import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.rows import Row
from bot.actors import Actor
from bot.app.wiring.loops import LinkedBounces
from bot.bounces.model import BounceId
from bot.bounces.read import BounceReads
from bot.bounces.week import BounceWeek
from bot.clock import FixedClock
from bot.coach.digest_week import CoachWeek
from bot.digest.model import IsoWeek
from bot.digest.schedule import Window
from bot.digest.service import DigestService
from bot.loops.area import Neighbours, open_loops
from bot.loops.dated import DatedLoops
from bot.loops.model import DatedClip, DatedLoop, Lane, Pace, Role
from bot.loops.read import LoopReads
from bot.loops.week import LoopWeek
from bot.missions.week import MissionWeek
from bot.paths import assets_dir
from bot.phases.service import NoFacts, PhaseService
from bot.phases.week import PhaseWeek
from bot.releases.facts import load_facts
from bot.releases.presets import load_presets
from bot.releases.service import ReleaseService
from bot.releases.week import ReleaseWeek
from storage.engine import open_engines, sqlite_url
from storage.migrations import upgrade
from storage.repositories.bounces import BounceRepository
from storage.unit import Database
from tests.digest.people import WORDS, Quiet, bounce_of

NOW = datetime(2026, 6, 7, 10, tzinfo=UTC)
OWNER = 501
CLIPS = 500
A_WEEK = 12
ROUNDS = 12


class _Zones:
    async def zone(self, user_id: int, guild_id: int | None = None):
        from zoneinfo import ZoneInfo

        return ZoneInfo("UTC")


async def measure() -> Mapping[str, Row]:
    """Time a digest over a short and a long history with the same week in it."""
    short, long = await _seconds(200), await _seconds(10_000)
    return {
        "digest, 10,000 bounces and 500 clips": Row(
            round(long * 1000, 1), "ms", note="median of a build, all areas read, SQLite"
        ),
        "the same week, 200 bounces": Row(round(short * 1000, 1), "ms"),
        "long history against short": Row(
            round(long / short, 2), "×", aim="at most 2", note="cost is set by the week, not by the history"
        ),
    }


async def _seconds(history: int) -> float:
    clock = FixedClock(NOW)
    with tempfile.TemporaryDirectory() as folder:
        engines = open_engines(sqlite_url(Path(folder) / "bench.db"), synchronous="OFF")
        await upgrade(engines)
        database = Database(engines, clock)
        await _fill(database, history)
        service = _service(database, clock)
        window = Window(IsoWeek.of(NOW.date()), NOW - timedelta(days=7), NOW)
        await service.build(OWNER, window)
        times: list[float] = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            built = await service.build(OWNER, window)
            times.append(time.perf_counter() - started)
        assert len(built.data.bounces) == A_WEEK
        await database.close()
    return statistics.median(times)


async def _fill(database: Database, history: int) -> None:
    doer = Actor.user(OWNER, "Ada")
    async with database.write(doer, OWNER, "bench.fill") as unit:
        bounces = unit.repo(BounceRepository)
        for number in range(history):
            inside = number < A_WEEK
            at = NOW - (timedelta(hours=number + 1) if inside else timedelta(days=8, minutes=20 * number))
            bounce = bounce_of(OWNER, f"take-{number}.wav", at)
            await bounces.add(replace(bounce, id=BounceId(unit.new_id())))
    async with database.write(doer, OWNER, "bench.clips") as unit:
        first = NOW.date() - timedelta(days=CLIPS)
        clips = [
            DatedClip("", f"Clip {number}", [*Lane][number % 5], first + timedelta(days=number), 1)
            for number in range(CLIPS)
        ]
        spec = DatedLoop(
            "Night Drive", Role.ARTIST, Pace.MODERATE, "UTC", first, NOW.date() + timedelta(days=1), NOW.date(), ""
        )
        await DatedLoops().create(unit, spec, clips)


def _service(database: Database, clock: FixedClock) -> DigestService:
    stored = LinkedBounces(BounceReads(database))
    loops = open_loops(database, clock, Neighbours(zones=_Zones(), bounces=stored))
    facts = load_facts(assets_dir() / "facts" / "platform_facts.toml")
    presets = load_presets(assets_dir() / "presets", facts.facts)
    releases = ReleaseService(database, clock, presets, facts, _Zones(), stored, WORDS, DatedLoops())
    phases = PhaseService(database, clock, NoFacts())
    sources = [
        BounceWeek(database, LoopReads(database)),
        LoopWeek(database, loops, WORDS),
        CoachWeek(database),
        ReleaseWeek(releases, WORDS),
        PhaseWeek(database, phases, BounceReads(database)),
        MissionWeek(database),
    ]
    return DigestService(database, clock, Quiet(zone_name="UTC"), sources)
