"""A client that speaks the protocol by hand, without discord.py: aiohttp and JSON, nothing else."""

import asyncio
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from bot.local.server import LocalDiscord

GUILDS = 1
DIRECT_MESSAGES = 1 << 12


class RawClient:
    """REST calls with a bot token, and one gateway connection whose events are kept in order."""

    def __init__(self, server: LocalDiscord, *, intents: int = GUILDS, token: str | None = None) -> None:
        self.server = server
        self.token = server.token if token is None else token
        self.intents = intents
        self.events: list[dict[str, Any]] = []
        self.seq: int | None = None
        self.session_id = ""
        self.closed: int | None = None
        self.on_interaction: Callable[[dict[str, Any]], Any] | None = None
        self._http = aiohttp.ClientSession()
        self._tasks: set[asyncio.Future[Any]] = set()
        self._news = asyncio.Event()
        self.socket: aiohttp.ClientWebSocketResponse | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.socket is not None:
            await self.socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()

    # REST

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        files: dict[str, bytes] | None = None,
        auth: bool = True,
        **query: str,
    ) -> tuple[int, Any]:
        """Return status and decoded body of one request."""
        status, answer, _ = await self.full(method, path, body, files=files, auth=auth, **query)
        return status, answer

    async def full(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        files: dict[str, bytes] | None = None,
        auth: bool = True,
        **query: str,
    ) -> tuple[int, Any, dict[str, str]]:
        options: dict[str, Any] = {"params": query}
        if auth:
            options["headers"] = {"Authorization": f"Bot {self.token}"}
        if files:
            form = aiohttp.FormData(quote_fields=False)
            form.add_field("payload_json", json.dumps(body), content_type="application/json")
            for index, (name, data) in enumerate(files.items()):
                form.add_field(f"files[{index}]", data, filename=name, content_type="application/octet-stream")
            options["data"] = form
        elif body is not None:
            options["json"] = body
        async with self._http.request(method, self.server.addresses.api + path, **options) as response:
            raw = await response.read()
            return response.status, json.loads(raw) if raw else None, dict(response.headers)

    async def fetch(self, url: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        async with self._http.get(url, headers=headers) as response:
            return response.status, await response.read(), dict(response.headers)

    async def head(self, url: str) -> tuple[int, dict[str, str]]:
        async with self._http.head(url) as response:
            return response.status, dict(response.headers)

    # Gateway

    async def open(self, **query: str) -> aiohttp.ClientWebSocketResponse:
        """Open the socket and read HELLO."""
        params = {"v": "10", "encoding": "json"} | query
        self.socket = await self._http.ws_connect(self.server.addresses.gateway, params=params)
        self.closed = None
        before = len(self.events) - 1
        self._spawn(self._read(self.socket))
        await self.event(op=10, after=before)
        return self.socket

    async def send(self, op: int, data: object) -> None:
        assert self.socket is not None
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def identify(self, **more: Any) -> dict[str, Any]:
        """Identify and return READY."""
        before = len(self.events) - 1
        await self.open()
        properties = {"os": "linux", "browser": "raw", "device": "raw"}
        await self.send(2, {"token": self.token, "intents": self.intents, "properties": properties} | more)
        ready = await self.event("READY", after=before)
        self.session_id = ready["d"]["session_id"]
        return ready["d"]

    async def event(self, name: str | None = None, *, op: int = 0, after: int = -1) -> dict[str, Any]:
        """Wait for an event, or for a frame of another op; `after` skips the first ones."""
        async with asyncio.timeout(3):
            while True:
                for index, frame in enumerate(self.events):
                    if index > after and frame["op"] == op and name in (None, frame["t"]):
                        return frame
                self._news.clear()
                await self._news.wait()

    async def close_code(self) -> int | None:
        """Wait for the server to close the socket and return its code."""
        async with asyncio.timeout(3):
            while self.closed is None:
                self._news.clear()
                await self._news.wait()
        return self.closed

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            frame = json.loads(message.data)
            self.events.append(frame)
            if frame.get("s"):
                self.seq = frame["s"]
            if frame["t"] == "INTERACTION_CREATE" and self.on_interaction is not None:
                self._spawn(self.on_interaction(frame["d"]))
            self._news.set()
        if socket is self.socket:
            self.closed = socket.close_code or 0
        self._news.set()
