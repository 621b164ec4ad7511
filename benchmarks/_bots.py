"""Bots in processes of their own, each on a local Discord of its own."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bot.clock import SystemClock
from bot.local.server import ThreadedLocalDiscord

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Child:
    """A bot in a process of its own on a local Discord of its own."""

    discord: ThreadedLocalDiscord
    process: subprocess.Popen[str]
    ready_s: float
    folder: Path
    log: list[dict[str, Any]] = field(default_factory=list)
    """What it logged so far, newest last."""

    def memory_mb(self) -> float:
        me = psutil.Process(self.process.pid)
        return me.memory_info().rss / 2**20


@asynccontextmanager
async def child(kind: str, level: str = "WARNING") -> AsyncIterator[Child]:
    """Run a `bare` bot or the whole `studio` until the end of the block; it is ready when the block begins."""
    with tempfile.TemporaryDirectory(prefix="studiohand-bench-") as name:
        folder = Path(name) / "bounces"
        folder.mkdir()
        async with ThreadedLocalDiscord(SystemClock()) as discord:
            a, server = discord.server.addresses, discord.server
            channel = server.world.channel("bounces")
            arguments = [kind, a.api, a.gateway, a.cdn, server.token, str(Path(name) / "data"), str(folder)]
            numbers = [str(server.person("Ada").id), str(channel.guild_id), str(channel.id)]
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks._child", *arguments, *numbers, level],
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
            )
            log: list[dict[str, Any]] = []
            try:
                while not log or "ready_s" not in log[-1]:
                    log += await asyncio.to_thread(_line, process)
                reading = asyncio.ensure_future(asyncio.to_thread(_rest, process, log))
                yield Child(discord, process, log[-1]["ready_s"], folder, log)
            finally:
                process.terminate()
                await asyncio.to_thread(process.wait, 20)
            await reading


def _line(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("the bot ended before it was ready")
    return [json.loads(line)] if line.startswith("{") else []


def _rest(process: subprocess.Popen[str], log: list[dict[str, Any]]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):
            log.append(json.loads(line))  # noqa: PERF401 - who waits looks at it meanwhile
