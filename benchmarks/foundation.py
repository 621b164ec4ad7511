"""Start, memory, round trips of commands, slots and deliveries, each beside a bare discord.py bot or a plain loop."""

import asyncio
import gc
import logging
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from benchmarks._bots import child
from benchmarks._card import cards
from benchmarks.rows import Row, percentile
from bot.actors import Actor
from bot.clock import SystemClock
from bot.engine import Engine
from bot.lifecycle import Supervisor
from bot.local.demo import make_demo_bounce
from bot.local.model import InteractionState
from bot.local.server import LocalDiscord, ThreadedLocalDiscord
from bot.outbox import Outbox
from bot.outbox_model import Delivery, DeliveryDraft
from bot.ports import OutMessage, Sent, Target
from bot.slots import SlotDraft
from storage.engine import open_engines, sqlite_url
from storage.migrations import upgrade
from storage.unit import Database, Unit


async def round_trips(discord: ThreadedLocalDiscord, command: str, people: int, times: int) -> list[float]:
    """Return milliseconds from typing a command to its answer on the screen, `people` at once."""

    async def one(server: LocalDiscord) -> float:
        started = time.perf_counter()
        interaction = server.person("Ada").slash(command)
        over = (InteractionState.WAITING, InteractionState.THINKING)
        await server.until(lambda: interaction.state not in over, timeout=30)
        return (time.perf_counter() - started) * 1000

    async def all_of_them(server: LocalDiscord) -> list[float]:
        return list(await asyncio.gather(*(one(server) for _ in range(people))))

    found: list[float] = []
    for _ in range(times):
        found += await discord.call(all_of_them)
    return found


async def measure() -> dict[str, Row]:
    rows: dict[str, Row] = {}
    starts: dict[str, list[float]] = {"bare": [], "studio": []}
    memory: dict[str, float] = {}
    trips: dict[tuple[str, int, str], list[float]] = {}
    for round_number in range(3):
        for kind, command in (("bare", "ping"), ("studio", "studio about")):
            async with child(kind) as running:
                starts[kind].append(running.ready_s)
                if round_number:
                    continue
                await round_trips(running.discord, command, 1, 5)
                await asyncio.sleep(2)
                memory[kind] = running.memory_mb()
                trips[kind, 1, "idle"] = await round_trips(running.discord, command, 1, 100)
                trips[kind, 50, "idle"] = await round_trips(running.discord, command, 50, 4)
                if kind == "studio":
                    for number in range(3):
                        make_demo_bounce(running.folder / f"Busy {number}.wav", 120.0)
                    trips[kind, 1, "busy"] = await round_trips(running.discord, command, 1, 100)
                    trips[kind, 50, "busy"] = await round_trips(running.discord, command, 50, 4)
    rows["start"] = Row(min(starts["studio"]), "s", min(starts["bare"]), aim="within 2.5 × a bare discord.py bot")
    rows["memory"] = Row(memory["studio"], "MB", memory["bare"], aim="within 2 × a bare discord.py bot")
    for people in (1, 50):
        bare = percentile(trips["bare", people, "idle"], 0.99)
        for state in ("idle", "busy"):
            ours = percentile(trips["studio", people, state], 0.99)
            aim = "within 3 ×, never over 250 ms"
            rows[f"command_p99_{people}_{state}"] = Row(ours, "ms", bare, aim=aim)
    rows |= await cards()
    rows |= await slots()
    return rows


class _Slots:
    name = "bench"

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = list(keys)

    async def due(self, unit: Unit, now: Any, limit: int) -> list[SlotDraft]:
        taken, self.keys = self.keys[:limit], self.keys[limit:]
        return [SlotDraft(f"bench:{key}", "bench", key, now) for key in taken]

    async def run(self, slot: Any) -> None:
        return None


class _Chat:
    async def send(self, target: Target, message: OutMessage, nonce: str) -> Sent:
        return Sent(target.id, int(nonce[-12:], 16))

    async def edit(self, target: Target, message_id: int, message: OutMessage) -> None: ...

    async def delete(self, target: Target, message_id: int) -> None: ...

    async def find_own(self, target: Target, since: Any, nonce: str) -> Sent | None:
        return None


async def slots() -> dict[str, Row]:
    """10,000 slots made, 2,000 deliveries sent, beside a plain loop of the same statements."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    from sqlalchemy import text

    rows: dict[str, Row] = {}
    with tempfile.TemporaryDirectory() as name:
        engines = open_engines(sqlite_url(Path(name) / "bench.db"))
        await upgrade(engines)
        clock = SystemClock()
        database = Database(engines, clock)
        engine = Engine(database, clock, Supervisor())
        engine.register(_Slots([str(number) for number in range(10_000)]))
        worst = 0.0

        async def watch() -> None:
            nonlocal worst
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0.005)
                worst = max(worst, time.perf_counter() - before - 0.005)

        # As the command line does after the start: the collector's walk over all modules is a stall of its own.
        gc.collect()
        gc.freeze()
        watching = asyncio.ensure_future(watch())
        started = time.perf_counter()
        await engine.tick()
        ours = time.perf_counter() - started
        watching.cancel()
        started = time.perf_counter()
        now = int(clock.now().timestamp() * 1000)
        for batch in range(20):
            async with engines.write.begin() as connection:
                await connection.execute(
                    text(
                        "INSERT INTO slots (id, key, kind, lane, subject_id, payload, state, due_at, visible_at,"
                        " attempts, created_at) VALUES"
                        " (:id, :id, 'floor', 'work', :id, '{}', 'ready', :now, :now, 0, :now)"
                    ),
                    [{"id": f"floor{batch}-{number}", "now": now} for number in range(500)],
                )
        floor = time.perf_counter() - started
        rows["slots_materialised_10000"] = Row(ours, "s", floor, aim="under 1 s, no stall over 50 ms")
        rows["slots_worst_stall"] = Row(worst * 1000, "ms", aim="under 50 ms")
        rows |= await _deliveries(database, clock)
        await database.close()
    return rows


async def _deliveries(database: Database, clock: SystemClock) -> dict[str, Row]:
    from sqlalchemy import text

    from bot.engine import EngineRules
    from bot.rules import load_rules

    rules = load_rules("engine", EngineRules).model_copy(update={"scheduled_sends_per_s": 1e6})
    outbox = Outbox(database, clock, _Chat(), rules=rules)
    engine = Engine(database, clock, Supervisor(), rules)
    engine.register(outbox)

    async def render(delivery: Delivery) -> OutMessage:
        return OutMessage("hello")

    outbox.register("bench", render)
    async with database.system_write("bench") as unit:
        # What was materialised for the other row is of no kind that this engine knows.
        await unit.session.execute(text("DELETE FROM slots"))
    for start in range(0, 2_000, 500):
        async with database.write(Actor.system("bench"), 1001, "bench") as unit:
            for number in range(start, start + 500):
                await unit.deliver(DeliveryDraft("bench", f"bench:{number}", "channel", number % 500 + 1))
    started = time.perf_counter()
    engine.start()
    while engine.finished < 2_000:
        await asyncio.sleep(0.01)
    ours = 2_000 / (time.perf_counter() - started)
    await engine.stop()
    started = time.perf_counter()
    # The plain loop: mark as being sent, mark as sent and done: two commits a message, as the outbox has.
    count = text("UPDATE deliveries SET attempts = attempts + 1 WHERE occurrence_key = :key")
    for number in range(400):
        async with database.engines.write.begin() as connection:
            await connection.execute(count, {"key": f"bench:{number % 2000}"})
    floor = 200 / (time.perf_counter() - started)
    row = Row(ours, "a second", floor, aim="at least 400 a second", note="floor: two plain commits a message")
    return {"slots_delivered_2000": row}
