"""Sends bounces to a bot on another machine: from a queue on disk, part by part, until the bot has said yes."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import stamina
import structlog

from bot.bounces.hashing import file_hash
from bot.bounces.remote_server import is_loopback

log = structlog.stdlib.get_logger(__name__)
_PIECE = 1 << 18


class KeyRefused(Exception):
    """The bot does not know this key, or it was taken back."""


class AddressRefused(Exception):
    """The address would send the key unprotected."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One bounce in the queue. `parts`: name → file on this machine."""

    content_hash: str
    file_name: str
    bounced_at: str
    facts: dict[str, object]
    parts: dict[str, str]


class UploadQueue:
    """Entries as small files: written before anything is sent, deleted when the bot has it all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, entry: Entry) -> None:
        target = self._folder / f"{entry.content_hash}.json"
        part = target.with_suffix(".part")
        data = {
            "content_hash": entry.content_hash,
            "file_name": entry.file_name,
            "bounced_at": entry.bounced_at,
            "facts": entry.facts,
            "parts": entry.parts,
        }
        part.write_text(json.dumps(data), encoding="utf-8")
        part.replace(target)

    def all(self) -> list[Entry]:
        found: list[Entry] = []
        for path in sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns):
            try:
                found.append(Entry(**json.loads(path.read_text(encoding="utf-8"))))
            except (ValueError, TypeError, OSError):
                log.warning("a queued upload cannot be read", file=path.name)
        return found

    def done(self, entry: Entry) -> None:
        (self._folder / f"{entry.content_hash}.json").unlink(missing_ok=True)


def check_address(address: str) -> str:
    """Return the address without a slash at its end. Raises AddressRefused for http off this machine."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AddressRefused(address)
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise AddressRefused(address)
    return address.rstrip("/")


class Uploader:
    """Empties a queue. A network that is away is waited for; nothing is given up but what the bot refuses."""

    def __init__(self, queue: UploadQueue, address: str, key: str, tls: ssl.SSLContext | None = None) -> None:
        self._queue, self._address, self._key, self._tls = queue, check_address(address), key, tls
        self._wake = asyncio.Event()
        self.sent = 0

    def wake(self) -> None:
        """Say that there is something to send."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled. Raises KeyRefused."""
        headers = {"Authorization": f"Bearer {self._key}"}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=120)
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            while True:
                self._wake.clear()
                entries = await asyncio.to_thread(self._queue.all)
                for entry in entries:
                    await self._send_at_last(session, entry)
                if not entries:
                    await self._wake.wait()

    async def _send_at_last(self, session: aiohttp.ClientSession, entry: Entry) -> None:
        async for attempt in stamina.retry_context(
            (aiohttp.ClientError, TimeoutError, OSError), attempts=None, timeout=None, wait_initial=1, wait_max=60
        ):
            if attempt.num > 1:
                log.info("the bot could not be reached, trying again", file=entry.file_name, attempt=attempt.num)
            with attempt:
                await self._send(session, entry)

    async def _send(self, session: aiohttp.ClientSession, entry: Entry) -> None:
        base = f"{self._address}/v1/bounces/{entry.content_hash}"
        state = await self._json(await session.get(base, ssl=self._tls or True))
        parts = {name: Path(path) for name, path in entry.parts.items()}
        most = int(str(state.get("most", 0)))
        parts = {name: path for name, path in parts.items() if _fits(name, path, most)}
        if not state.get("known"):
            have = state.get("parts")
            received = have if isinstance(have, dict) else {}
            for name, path in parts.items():
                await self._send_part(session, f"{base}/{name}", path, int(received.get(name, 0)))
        digests = {name: await asyncio.to_thread(file_hash, path) for name, path in parts.items() if path.exists()}
        body = {
            "file_name": entry.file_name,
            "bounced_at": entry.bounced_at,
            "facts": entry.facts,
            "parts": digests,
        }
        async with session.post(base, json=body, ssl=self._tls or True) as answer:
            if answer.status == 422:
                # A part was damaged or is gone there: it begins anew with the next round.
                raise aiohttp.ClientPayloadError("part")
            if answer.status == 400:
                log.error("the bot does not take these facts", file=entry.file_name)
            else:
                await self._json(answer)
        await asyncio.to_thread(self._queue.done, entry)
        self.sent += 1
        log.info("bounce sent", file=entry.file_name)

    async def _send_part(self, session: aiohttp.ClientSession, address: str, path: Path, offset: int) -> None:
        size = path.stat().st_size
        while offset < size:
            headers = {"Upload-Offset": str(offset)}
            async with session.patch(
                address, data=_read_from(path, offset), headers=headers, ssl=self._tls or True
            ) as answer:
                if answer.status == 409:
                    offset = int((await answer.json())["received"])
                    continue
                offset = int(str((await self._json(answer))["received"]))

    async def _json(self, answer: aiohttp.ClientResponse) -> dict[str, object]:
        async with answer:
            if answer.status in (401, 403):
                raise KeyRefused
            if answer.status >= 400:
                raise aiohttp.ClientPayloadError(str(answer.status))
            return await answer.json()


def _fits(name: str, path: Path, most: int) -> bool:
    if not path.exists():
        return False
    return not name.startswith("audio.") or path.stat().st_size <= most


async def _read_from(path: Path, offset: int) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        file.seek(offset)
        while data := await asyncio.to_thread(file.read, _PIECE):
            yield data
