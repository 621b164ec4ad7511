"""SIGKILL at any moment of a bounce's way, the whole bot at once: nothing is lost, nothing is seen twice.

The bot is a process of its own (`bot_process`), Discord outlives it in this one. A file is written into the watched
folder; watcher, settling, measuring in a worker process, the row of the catalogue with its delivery, the card and the
audio that follows it come about while the bot is killed at random moments and started again.
"""

import asyncio
import json
import os
import random
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.bounces.model import FileState
from bot.clock import SystemClock
from bot.local.changes import Change, MessageCreated
from bot.local.server import LocalDiscord
from storage.engine import open_engines
from storage.tables.bounces import BounceFileRow, BounceRow
from storage.tables.engine import DeliveryRow
from storage.tables.posted import PostedCardRow
from storage.unit import Database
from tests.bounces.signals import music, save
from tests.wire.kit import Stage
from tests.wire.openapi import SHARED
from tests.wire.reading import read_message

pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGKILL and fork are POSIX matters")

ROOT = Path(__file__).resolve().parents[2]
RULES = {"lease_s": 6, "poll_s": 0.2, "backoff_base_s": 0.5, "reconcile_after_s": 4, "scheduled_sends_per_s": 1000}
SECONDS = 1.5
"""Length of a piece: shorter ones would not be posted."""
PATIENCE_S = 600
"""Long runs are nice to everybody else and may be starved for minutes."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class House:
    """The bot that is killed, the folder it watches, and the Discord that outlives it."""

    def __init__(self, server: LocalDiscord, url: str, home: Path, seed: int) -> None:
        self.server, self.url = server, url
        self.rng = random.Random(seed)
        self.folder, self._rendered, self._ready = home / "exports", home / "rendered", home / "ready"
        self.folder.mkdir()
        self._rendered.mkdir()
        self.errors = home / "errors"
        self.channel = server.world.channel("bounces")
        self.names: list[str] = []
        self.kills = Counter[str]()
        self._parent: asyncio.subprocess.Process
        self._pid: int | None = None
        self._dying: int | None = None
        addresses = server.addresses
        self._told = {
            "data": str(home / "data"),
            "database": url,
            "folder": str(self.folder),
            "owner": server.person("Ada").id,
            "guild": self.channel.guild_id,
            "channel": self.channel.id,
            "token": server.token,
            "addresses": {"api": addresses.api, "gateway": addresses.gateway, "cdn": addresses.cdn},
            "ready": str(self._ready),
            "rules": RULES,
        }

    async def open(self) -> None:
        self._parent = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.crash.bot_process", json.dumps(self._told)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self.errors.open("w"),
            cwd=ROOT,
        )
        assert await self._line() == "warm"

    async def close(self) -> None:
        self.kill("the end")
        assert self._parent.stdin is not None
        self._parent.stdin.close()
        await self._parent.wait()

    async def _line(self) -> str:
        assert self._parent.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            return (await self._parent.stdout.readline()).decode().strip()

    async def begin(self) -> None:
        """Start a bot."""
        assert self._parent.stdin is not None
        await self._buried()
        self._ready.unlink(missing_ok=True)
        self._parent.stdin.write(b"go\n")
        self._pid = int(await self._line())

    async def until_ready(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not self._ready.exists() or self._ready.read_text() != str(self._pid):
                await asyncio.sleep(0.01)

    def kill(self, when: str) -> None:
        if self._pid is not None:
            self._dying, self._pid = self._pid, None
            os.kill(self._dying, signal.SIGKILL)
            self.kills[when] += 1

    async def _buried(self) -> None:
        """Wait until the killed process is gone, as whoever starts a service again does."""
        async with asyncio.timeout(PATIENCE_S):
            while self._dying is not None:
                try:
                    os.kill(self._dying, 0)
                except ProcessLookupError:
                    self._dying = None
                else:
                    await asyncio.sleep(0.005)

    def render(self) -> Path:
        """Make the next piece, somewhere else."""
        number = len(self.names)
        first, second, third = number // 676 % 26, number // 26 % 26, number % 26
        name = f"{_LETTERS[third]}{_LETTERS[second]}{_LETTERS[first]} Song.wav"
        self.names.append(name)
        return save(self._rendered / name, music(SECONDS, 22050, seed=number), 22050, "PCM_16")

    def drop(self) -> None:
        """Let a piece appear in the folder, as an export does: written where it lies."""
        made = self.render()
        shutil.copyfile(made, self.folder / made.name)
        made.unlink()

    # ------------------------------------------------------------------ one life of the bot

    async def life(self, kind: str | None = None) -> None:
        """Start the bot, give it something to do, kill it; by default at any of the moments."""
        kind = kind or self.rng.choices(("starting", "working", "posting"), (2, 5, 3))[0]
        if self.rng.random() < 0.15:
            self.drop()
        await self.begin()
        if kind == "starting":
            await asyncio.sleep(self.rng.uniform(0, 1.5))
        else:
            await self.until_ready()
            shown = asyncio.Event()
            for _ in range(self.rng.choices((1, 2, 6), (16, 3, 1))[0]):
                self.drop()
            if kind == "working":
                await asyncio.sleep(self.rng.uniform(0, 3))
            else:
                # The worst moment: the message is there, its answer never arrives.
                at_once = self.rng.random() < 0.5

                def posted(change: Change) -> None:
                    if isinstance(change, MessageCreated) and not shown.is_set():
                        shown.set()
                        if at_once:
                            self.kill("posting")

                forget = self.server.subscribe(posted)
                try:
                    async with asyncio.timeout(PATIENCE_S):
                        await shown.wait()
                finally:
                    forget()
                await asyncio.sleep(self.rng.uniform(0, 0.1))
        self.kill(kind)

    async def finish(self) -> None:
        """Start the bot once more and let it end its work."""
        await self.begin()
        await self.until_ready()
        database = Database(open_engines(self.url), SystemClock())
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await self._is_done(database):
                    await asyncio.sleep(0.25)
        except TimeoutError:
            raise AssertionError(f"work did not end: {await self._left(database)}") from None
        finally:
            await database.close()

    async def _is_done(self, database: Database) -> bool:
        return not await self._left(database)

    async def _left(self, database: Database) -> dict[str, object]:
        """Return what is still open: files by state, deliveries by state."""
        async with database.system_read() as unit:
            files = (
                await unit.session.execute(
                    select(BounceFileRow.state, func.count()).group_by(BounceFileRow.state).order_by("state")
                )
            ).all()
            in_groups = (
                select(func.count())
                .select_from(BounceFileRow)
                .where(BounceFileRow.group_key.is_not(None), BounceFileRow.state == FileState.CATALOGUED)
            )
            grouped = (await unit.session.execute(in_groups)).scalar_one()
            to_send = select(func.count()).select_from(DeliveryRow).where(DeliveryRow.state.in_(("pending", "sending")))
            open_ = (await unit.session.execute(to_send)).scalar_one()
        states = {state: count for state, count in files}
        missing = len(self.names) - sum(states.get(one, 0) for one in (FileState.CATALOGUED, FileState.POSTED))
        left = {"files": missing, "in groups": grouped, "deliveries": open_}
        return {name: count for name, count in left.items() if count}

    # ------------------------------------------------------------------ what must be true

    async def verify(self) -> None:
        database = Database(open_engines(self.url), SystemClock())
        try:
            async with database.system_read() as unit:
                bounces = list((await unit.session.execute(select(BounceRow))).scalars())
                deliveries = list((await unit.session.execute(select(DeliveryRow))).scalars())
                posts = list((await unit.session.execute(select(PostedCardRow.message_id))).scalars())
        finally:
            await database.close()
        assert Counter(row.file_name for row in bounces) == Counter(self.names), "each file is one row"
        assert all(abs(row.duration_s - SECONDS) < 0.01 for row in bounces), "no half file was measured"
        assert {row.state for row in deliveries} == {"sent"}
        messages = {message.id: message for message in self.server.world.history(self.channel.id)}
        assert Counter(row.sent_message_id for row in deliveries) == Counter(list(messages)), "a delivery, a message"
        cards = [row for row in deliveries if row.kind != "bounce.audio"]
        told = [one for row in cards for one in row.payload.get("bounces", [row.payload.get("bounce")])]
        assert Counter(told) == Counter(row.id for row in bounces), "each bounce is told of once"
        single = [row for row in cards if row.kind == "bounce.card"]
        assert set(posts) >= {row.sent_message_id for row in single}, "each card is known for its buttons"
        audio = Counter(row.payload["card"] for row in deliveries if row.kind == "bounce.audio")
        assert audio == Counter(row.sent_message_id for row in single), "each card has its audio once"
        long_lists = sum(max(0, len(row.payload.get("bounces", ())) - 12) for row in cards)
        text = {identity: read_message(self.server.core, message) for identity, message in messages.items()}
        shown = Counter(
            name for row in cards for name in self.names if row.sent_message_id and name in text[row.sent_message_id]
        )
        assert set(shown.values()) == {1}, "no name is seen on two cards"
        assert len(shown) == len(self.names) - long_lists, "every name is seen"
        errors = self.errors.read_text()
        assert "Traceback" not in errors, errors[-4000:]


async def run(url: str, home: Path, kills: int, seed: int, kinds: Sequence[str] = ()) -> None:
    """Kill a bot `kills` times, the first times as `kinds` say, and see that nothing is lost or doubled."""
    async with LocalDiscord(SystemClock(), validator=SHARED.openapi) as server:
        house = House(server, url, home, seed)
        await house.open()
        try:
            for kind in kinds:
                await house.life(kind)
            while house.kills.total() < kills:
                await house.life()
            await house.finish()
            await house.verify()
        finally:
            await house.close()
        Stage(server).forgive()
    print(f"{dict(house.kills)} kills, {len(house.names)} files")


@pytest.mark.timeout(300)
async def test_a_bot_killed_anywhere_posts_every_file_once(database_url: str, tmp_path: Path) -> None:
    """Once while it posts, the worst moment, and once while it works; the soak run tries every moment often."""
    await run(database_url, tmp_path, 2, seed=1, kinds=("posting", "working"))


@pytest.mark.soak
@pytest.mark.timeout(7200)
async def test_two_hundred_kills_lose_and_double_nothing(database_url: str, tmp_path: Path) -> None:
    await run(database_url, tmp_path, 200, seed=2)
