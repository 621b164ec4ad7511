"""Who is cancelled ends, also in the very moment in which what it waited for happens.

Python 3.11's `asyncio.wait_for` gives the result and forgets the cancellation when both come together; a loop then
goes on for ever. So each loop is cancelled some steps of the event loop after its event was set: one of them hits the
gap.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from watchdog.observers.api import BaseObserver

from bot.actors import Actor
from bot.bounces.folder_run import FolderRun
from bot.bounces.folders import FolderService
from bot.bounces.model import WatchMode
from bot.bounces.pipeline import BouncePipeline
from bot.bounces.remote_watch import Companion, CompanionOptions
from bot.bounces.retention import BounceRetention
from bot.bounces.rules import bounce_rules
from bot.bounces.service import BounceService
from bot.bounces.settler import Settled, Settler
from bot.bounces.watch import FolderWatch
from bot.bounces.worker import WorkerPool
from bot.clockwork import Clockwork
from bot.engine import Engine
from bot.lifecycle import Supervisor, ended
from bot.slots import Lane, Later, Slot, SlotDraft
from storage.repositories.slots import SlotRepository
from storage.unit import Database, Unit
from tests.bounces.signals import music, save

RULES = bounce_rules()
PATIENCE_S = 60
STEPS = [0, 1, 2, 3]


async def waits_on(event: asyncio.Event) -> None:
    """Wait until somebody waits for `event`."""
    async with asyncio.timeout(PATIENCE_S):
        while not event._waiters:  # type: ignore[attr-defined]
            await asyncio.sleep(0)


async def assert_heeded(task: "asyncio.Task[Any]", event: asyncio.Event, steps: int) -> None:
    """Set what `task` waits for, cancel it `steps` of the loop later, and see it end as cancelled."""
    await waits_on(event)
    event.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    assert task.cancel(), "it ended before it could be cancelled"
    _, left = await asyncio.wait({task}, timeout=10)
    for one in left:
        await ended(one)
    assert not left, "the cancellation was lost"
    assert task.cancelled()


async def nothing(_: Settled) -> None:
    """Take no notice."""


async def raised(_: Path, error: Exception) -> float:
    """Nothing may break here."""
    raise error


@asynccontextmanager
async def settler_loop(folder: Path, _: Database) -> AsyncIterator[tuple["asyncio.Task[Any]", asyncio.Event]]:
    settler = Settler(folder, RULES, nothing, raised, is_polling=False)
    yield asyncio.ensure_future(settler.run()), settler._wake


@asynccontextmanager
async def overdue_settler_loop(folder: Path, _: Database) -> AsyncIterator[tuple["asyncio.Task[Any]", asyncio.Event]]:
    """A settler that waits with a limit, as a file is on its way."""
    settler = Settler(folder, RULES, nothing, raised, is_polling=False)
    settler._due[str(folder / "a.wav")] = asyncio.get_running_loop().time() + 3600
    yield asyncio.ensure_future(settler.run()), settler._wake


@asynccontextmanager
async def companion_loop(folder: Path, _: Database) -> AsyncIterator[tuple["asyncio.Task[Any]", asyncio.Event]]:
    options = CompanionOptions(folder, "http://127.0.0.1:1", "key", folder.parent / "state", mode=WatchMode.POLLING)
    companion = Companion(options, RULES)
    yield asyncio.ensure_future(companion._following.run()), companion._following._wake


@asynccontextmanager
async def folder_loop(folder: Path, database: Database) -> AsyncIterator[tuple["asyncio.Task[Any]", asyncio.Event]]:
    supervisor, clock = Supervisor(), database.clock
    pool = WorkerPool(RULES, folder.parent / "media", 1)
    service, retention = BounceService(database, clock, RULES, pool.media), BounceRetention(database, clock, pool.media)
    pipeline = BouncePipeline(database, service, pool, supervisor, clock, RULES, retention)
    known = await FolderService(database, clock).ensure(Actor.user(1, "Ada"), 1, folder)
    run = FolderRun(replace(known, mode=WatchMode.POLLING), database, supervisor, RULES, pipeline)
    yield asyncio.ensure_future(run._following.run()), run._following._wake
    await supervisor.stop(finish_s=0)


@asynccontextmanager
async def lane_loop(_: Path, database: Database) -> AsyncIterator[tuple["asyncio.Task[Any]", asyncio.Event]]:
    engine = Engine(database, database.clock, Supervisor())
    engine._running = True
    yield asyncio.ensure_future(engine._work(Lane.WORK)), engine._wake[Lane.WORK]


LOOPS = [settler_loop, overdue_settler_loop, companion_loop, folder_loop, lane_loop]


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.__name__)
async def test_a_loop_that_is_cancelled_as_its_event_comes_ends(
    loop: Any, steps: int, sqlite_database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    async with loop(folder, sqlite_database) as (task, event):
        await assert_heeded(task, event, steps)


# ------------------------------------------------------------------ watches


class Unseen(FolderWatch):
    """A watch whose events nobody brings: it waits for its probe."""

    def _start_blocking(self, mode: WatchMode) -> None:
        """Start nothing."""


@pytest.mark.parametrize("steps", [0, 1])
async def test_a_watch_that_is_cancelled_as_its_probe_is_seen_ends(steps: int, tmp_path: Path) -> None:
    watch = Unseen(tmp_path, lambda _: None, RULES.model_copy(update={"probe_s": 3600.0}), mode=WatchMode.AUTO)
    task = asyncio.ensure_future(watch.start())
    async with asyncio.timeout(PATIENCE_S):
        while watch._probe_seen is None:
            await asyncio.sleep(0)
    await assert_heeded(task, watch._probe_seen, steps)
    assert list(tmp_path.iterdir()) == [], "the probe is taken away again"


def observers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if isinstance(thread, BaseObserver)}


class Slow(FolderWatch):
    """A watch whose threads take a while to start."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, lambda _: None, RULES, mode=WatchMode.NATIVE)
        self.begun, self.go, self.over = threading.Event(), threading.Event(), threading.Event()

    def _start_blocking(self, mode: WatchMode) -> None:
        self.begun.set()
        self.go.wait(PATIENCE_S)
        super()._start_blocking(mode)
        self.over.set()


async def test_a_watch_that_is_cancelled_while_it_starts_leaves_no_threads(tmp_path: Path) -> None:
    before = observers()
    watch = Slow(tmp_path)
    task = asyncio.ensure_future(watch.start())
    await asyncio.to_thread(watch.begun.wait, PATIENCE_S)
    await ended(task)
    watch.go.set()
    await asyncio.to_thread(watch.over.wait, PATIENCE_S)
    assert task.cancelled()
    assert observers() == before
    assert not watch.is_alive


async def test_a_watch_that_is_cancelled_while_it_waits_for_its_probe_leaves_no_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = observers()
    monkeypatch.setattr(FolderWatch, "_take", lambda *_: None)
    watch = FolderWatch(tmp_path, lambda _: None, RULES.model_copy(update={"probe_s": 3600.0}), mode=WatchMode.AUTO)
    task = asyncio.ensure_future(watch.start())
    async with asyncio.timeout(PATIENCE_S):
        while watch._probe_seen is None:
            await asyncio.sleep(0)
    await waits_on(watch._probe_seen)
    assert observers() > before
    await ended(task)
    assert observers() == before


async def test_who_hears_that_a_folder_is_stopped_may_take_it_away(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settler has ended too, although it needs a moment for it."""
    folder = tmp_path / "exports"
    folder.mkdir()
    over = asyncio.Event()

    async def run(_settler: Settler) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            over.set()

    monkeypatch.setattr(Settler, "run", run)
    async with folder_loop(folder, sqlite_database) as (task, event):
        await waits_on(event)
        await ended(task)
        assert over.is_set()


# ------------------------------------------------------------------ the rest of the house


async def test_ending_a_task_is_not_mistaken_for_being_cancelled_oneself() -> None:
    stubborn, may_end = asyncio.Event(), asyncio.Event()

    async def hold_out() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stubborn.set()
            await may_end.wait()

    inner = asyncio.ensure_future(hold_out())
    await asyncio.sleep(0)
    outer = asyncio.ensure_future(ended(inner))
    await stubborn.wait()
    assert not outer.done()
    outer.cancel()
    await asyncio.wait({outer})
    assert outer.cancelled()
    may_end.set()
    await asyncio.wait({inner})


async def test_the_ticker_has_stopped_when_it_says_so() -> None:
    clockwork, ticking, over = Clockwork(), asyncio.Event(), asyncio.Event()

    async def tick() -> None:
        try:
            ticking.set()
            await asyncio.Event().wait()
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            over.set()

    clockwork.every("tick", 3600, tick)
    clockwork.start()
    async with asyncio.timeout(PATIENCE_S):
        await ticking.wait()
    await clockwork.stop()
    assert over.is_set()


async def test_work_that_cannot_give_its_slot_back_is_still_seen_as_cancelled(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    class Endless:
        name = "endless"

        async def due(self, unit: Unit, now: datetime, limit: int) -> list[SlotDraft]:
            return []

        async def run(self, slot: Slot) -> Later | None:
            begun.set()
            await asyncio.Event().wait()
            return None

    engine = Engine(sqlite_database, sqlite_database.clock, Supervisor())
    engine.register(Endless())
    async with sqlite_database.system_write("test") as unit:
        await unit.add_slots([SlotDraft("endless:one:1", "endless", "one", unit.now)])
    (slot,) = await engine.claim(Lane.WORK, 1)
    running = asyncio.ensure_future(engine.run_slot(slot))
    await begun.wait()

    async def refuse(*_: Any, **__: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(SlotRepository, "release", refuse)
    await ended(running)
    assert running.cancelled()


async def test_an_answer_nobody_waited_for_is_not_given_to_the_next(tmp_path: Path) -> None:
    """Who listens to the progress of a long file breaks; the short one after it gets its own length."""
    long = save(tmp_path / "long.wav", music(20), 44100, "PCM_16")
    short = save(tmp_path / "short.wav", music(2), 44100, "PCM_16")
    pool = WorkerPool(RULES, tmp_path / "media", 1)
    await pool.start()

    def broken(_: float) -> None:
        raise LookupError("nobody is there any more")

    try:
        with pytest.raises(LookupError):
            await pool.measure(long, long.stat().st_size, broken)
        assert (await pool.measure(short, short.stat().st_size)).duration_s == pytest.approx(2)
    finally:
        await pool.stop()
