"""The receiving end for companions on other machines: resumable parts, then one statement of facts.

Everything is named by the content hash, so a repeat finds what is there: parts go on where they stopped, and the
same samples are one bounce. A key belongs to one person; wrong and revoked keys get the same answer.
"""

import asyncio
import json
import re
import shutil
import ssl
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from weakref import WeakValueDictionary

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.actors import Actor, OwnerId
from bot.bounces.checks import checked_facts
from bot.bounces.folders import FolderService
from bot.bounces.guesses import Guesses
from bot.bounces.hashing import file_hash
from bot.bounces.model import EXTENSIONS, BounceSource, Facts
from bot.bounces.names import shown_name
from bot.bounces.retention import place_of
from bot.bounces.rules import BounceRules
from bot.bounces.service import BounceService, Finished
from bot.clock import Clock
from bot.files import own_folder

log = structlog.stdlib.get_logger(__name__)
_HASH = re.compile(r"^[0-9a-f]{64}$")
_SMALL = {"peaks.dat": 4_000_000, "columns.npy": 2_000_000}
_MOST_JSON = 200_000
_HANDSHAKE_S = 10.0
OWNER = web.RequestKey("owner", int)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def is_loopback(host: str) -> bool:
    return host in _LOOPBACK


class _Full(asyncio.BaseProtocol):
    """Closes a connection that is one too many: what the process has left of them it needs itself."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class NeedsTls(Exception):
    """Keys travel with each request: off this machine only inside TLS."""


class UploadServer:
    """Listens for companions."""

    def __init__(
        self, service: BounceService, folders: FolderService, media: Path, rules: BounceRules, clock: Clock
    ) -> None:
        self._service, self._folders, self._media = service, folders, media
        self._rules, self._clock = rules, clock
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._guesses = Guesses(rules, clock)
        self._runner: web.AppRunner | None = None
        self._listening: asyncio.Server | None = None
        self.port = 0

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        """Listen; raises NeedsTls for an address off this machine without a certificate, OSError for a taken port."""
        if tls is None and not is_loopback(host):
            raise NeedsTls(host)
        app = web.Application(client_max_size=_MOST_JSON, middlewares=[self._guard])
        app.router.add_get("/v1/bounces/{hash}", self._state)
        app.router.add_patch("/v1/bounces/{hash}/{part}", self._receive)
        app.router.add_post("/v1/bounces/{hash}", self._finish)
        idle_s = self._rules.upload_idle_s
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1, keepalive_timeout=idle_s)
        await runner.setup()
        serve = runner.server

        def connect() -> asyncio.BaseProtocol:
            if serve is None or len(serve.connections) >= self._rules.upload_connections:
                return _Full()
            return serve()

        try:
            self._listening = await asyncio.get_running_loop().create_server(
                connect, host, port, ssl=tls, ssl_handshake_timeout=None if tls is None else _HANDSHAKE_S
            )
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = int(self._listening.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening; half-sent parts stay and are gone on with."""
        runner, self._runner = self._runner, None
        if self._listening is not None:
            self._listening.close()
        if runner is not None:
            await runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        wait = self._guesses.wait_s(request.remote, secret)
        if wait:
            return web.json_response({"reason": "guesses"}, status=429, headers={"Retry-After": str(wait)})
        owner = await self._folders.owner_of(secret) if scheme == "Bearer" and len(secret) < 200 else None
        self._guesses.note(request.remote, secret, right=owner is not None)
        if owner is None:
            return _say(401, "key")
        if not _HASH.match(request.match_info.get("hash", "")):
            return _say(404, "hash")
        request[OWNER] = owner
        return await handler(request)

    # ------------------------------------------------------------------ requests

    async def _state(self, request: web.Request) -> web.Response:
        """Say what is here: whether the bounce is known, and how much of each part."""
        owner, content_hash = _asked(request)
        known = await self._service.by_content(owner, content_hash)
        folder = self._folder(owner, content_hash)
        parts = await asyncio.to_thread(_sizes, folder)
        return web.json_response({"known": known is not None, "parts": parts, "most": self._rules.max_upload_bytes})

    async def _receive(self, request: web.Request) -> web.Response:
        """Append to a part; `Upload-Offset` says where, 409 answers where it really goes on."""
        owner, content_hash = _asked(request)
        part = request.match_info["part"]
        most = self._most(part)
        if most is None:
            return _say(404, "part")
        try:
            offset = int(request.headers["Upload-Offset"])
        except (KeyError, ValueError):
            return _say(400, "offset")
        async with self._lock(owner, content_hash):
            path = self._folder(owner, content_hash) / part
            await asyncio.to_thread(path.parent.mkdir, 0o700, True, True)
            if await asyncio.to_thread(_free, path.parent) < self._rules.upload_room_bytes:
                return _say(507, "disk")
            have = await asyncio.to_thread(_size, path)
            if offset != have:
                return web.json_response({"received": have}, status=409)
            with path.open("ab") as file:
                async for data in request.content.iter_chunked(1 << 16):
                    have += len(data)
                    if have > most:
                        file.truncate(offset)
                        return _say(413, "large")
                    await asyncio.to_thread(file.write, data)
        return web.json_response({"received": have})

    async def _finish(self, request: web.Request) -> web.Response:
        """Take the facts, once every part that they name is whole; log the bounce once."""
        owner, content_hash = _asked(request)
        try:
            said = json.loads(await request.read())
            facts = checked_facts(said["facts"])
            if facts.content_hash != content_hash:
                raise ValueError("facts")
            file_name = shown_name(str(said["file_name"]))
            bounced_at = _moment(str(said["bounced_at"]))
            parts: Mapping[str, str] = {str(name): str(digest) for name, digest in dict(said["parts"]).items()}
            if Path(file_name).suffix.casefold() not in EXTENSIONS or not all(map(self._most, parts)):
                raise ValueError("facts")
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
            return _say(400, "facts")
        async with self._lock(owner, content_hash):
            folder = self._folder(owner, content_hash)
            is_known = await self._service.by_content(owner, content_hash) is not None
            wrong = await asyncio.to_thread(_wrong_parts, folder, parts, facts, is_known=is_known)
            if wrong:
                # A damaged part begins anew.
                return web.json_response({"wrong": wrong}, status=422)
            # What it says of a content is this owner's word alone: nothing of it is shown or handed to others.
            target = own_folder(self._media, content_hash, owner)
            has_audio = await asyncio.to_thread(_move_parts, folder, target, parts)
            finished = Finished(
                file_name=file_name,
                facts=facts,
                source=BounceSource.COMPANION,
                bounced_at=min(bounced_at, self._clock.now()),
                has_audio=has_audio,
                post_to=await self._service.channel_of(owner),
                with_audio=has_audio,
            )
            logged = await self._service.log(Actor.system("companion"), owner, finished)
        return web.json_response({"new": logged.is_new})

    # ------------------------------------------------------------------ places

    def _most(self, part: str) -> int | None:
        if part in _SMALL:
            return _SMALL[part]
        if part.startswith("audio.") and f".{part[6:]}" in EXTENSIONS:
            return self._rules.max_upload_bytes
        return None

    def _folder(self, owner: OwnerId, content_hash: str) -> Path:
        return place_of(self._media, owner, content_hash)

    def _lock(self, owner: OwnerId, content_hash: str) -> asyncio.Lock:
        key = f"{owner}:{content_hash}"
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock


def _asked(request: web.Request) -> tuple[OwnerId, str]:
    return request[OWNER], request.match_info["hash"]


def _say(status: int, reason: str) -> web.Response:
    return web.json_response({"reason": reason}, status=status)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _sizes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in folder.glob("*")} if folder.is_dir() else {}


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _moment(text: str) -> datetime:
    """Return when something was bounced. Raises ValueError, OverflowError for what no clock of a computer says."""
    told = datetime.fromisoformat(text)
    if told.tzinfo is None or told.astimezone(UTC).timestamp() < 0:
        raise ValueError("moment")
    return told


def _wrong_parts(folder: Path, parts: Mapping[str, str], facts: Facts, *, is_known: bool) -> list[str]:
    """Return the parts that are not what they are said to be; they are deleted.

    `is_known`: what was moved away the first time need not come again.
    """
    # numpy comes with the first upload: an idle bot need not hold it.
    from bot.bounces.peaks import read_columns, read_peaks

    wrong: list[str] = []
    for name, digest in parts.items():
        path = folder / name
        if is_known and not path.exists():
            continue
        try:
            data_hash = file_hash(path)
            if name == "columns.npy":
                read_columns(path.read_bytes(), facts.duration_s)
            elif name == "peaks.dat":
                read_peaks(path.read_bytes())
        except (OSError, ValueError):
            data_hash = ""
        if data_hash != digest:
            path.unlink(missing_ok=True)
            wrong.append(name)
    return wrong if is_known or "columns.npy" in parts else [*wrong, "columns.npy"]


def _move_parts(folder: Path, target: Path, parts: Iterable[str]) -> bool:
    """Put the parts beside the bounce; what is there already stays. Return whether audio is there."""
    if folder.is_dir():
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in parts:
            if (folder / name).exists() and not (target / name).exists():
                (folder / name).replace(target / name)
        shutil.rmtree(folder, ignore_errors=True)
    return any(target.glob("audio.*"))
