"""`studiohand local` as somebody starts it in a shell, in a folder with a `.env`."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.local.page import KEY_HEADER
from tests.wire.kit import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
USUAL_MASK = 0o022
"""What most systems give their users: new files can be read by everybody."""


def plain_environment() -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith(("STUDIOHAND_", "DISCORD_"))}
    return {**known, "PYTHONPATH": str(ROOT)}


@dataclass(frozen=True, slots=True)
class Started:
    """A product that runs on its own, reached as the page reaches it."""

    address: str
    printed: str

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        base, _, key = self.address.partition("/#key=")
        async with (
            aiohttp.ClientSession(headers={KEY_HEADER: key}) as http,
            http.request(method, f"{base}/page/{path}", **more) as answer,
        ):
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def channel(self, name: str) -> str:
        return next(one["id"] for one in (await self.ask("GET", "world"))["channels"] if one["name"] == name)

    async def act(self, channel: str, **action: object) -> Any:
        return await self.ask("POST", "act", json={"channel": await self.channel(channel), **action})

    async def sees(self, channel: str) -> str:
        return str(await self.ask("GET", "messages", params={"channel": await self.channel(channel)}))

    async def until_sees(self, channel: str, words: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while words not in await self.sees(channel):
                await asyncio.sleep(0.1)


@asynccontextmanager
async def by_hand(folder: Path, *more: str) -> AsyncIterator[Started]:
    """Start it in `folder`, and end it with Ctrl+C."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "local", "--port", "0", *more,
        cwd=folder, env=plain_environment(), umask=USUAL_MASK,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        lines: list[str] = []
        async with asyncio.timeout(PATIENCE_S):
            async for line in process.stdout:
                lines.append(line.decode())
                if line == b"Ctrl+C stops.\n":
                    break
        yield Started(lines[0].strip() if lines else "", "".join(lines))
        process.send_signal(signal.SIGINT)
        await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
