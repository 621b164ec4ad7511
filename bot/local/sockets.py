"""One gateway connection: its queue of frames and how they are compressed."""

import asyncio
import json
import zlib
from collections import deque
from typing import Any, Protocol

from aiohttp import web

from bot.local.model import Wire

MAX_SENDS_A_MINUTE = 120


class Encoder(Protocol):
    def __call__(self, text: str) -> str | bytes: ...


def plain(text: str) -> str:
    return text


def zlib_stream() -> Encoder:
    """Compress all messages of one connection as one zlib stream, each ending `00 00 ff ff`."""
    stream = zlib.compressobj()

    def encode(text: str) -> bytes:
        return stream.compress(text.encode()) + stream.flush(zlib.Z_SYNC_FLUSH)

    return encode


def zstd_stream() -> Encoder:
    """Compress all messages of one connection as one zstd stream; plain text without zstandard."""
    try:
        import zstandard
    except ImportError:
        return plain
    stream = zstandard.ZstdCompressor().compressobj()

    def encode(text: str) -> bytes:
        return stream.compress(text.encode()) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    return encode


class Connection:
    """One open socket and the queue of what goes out on it."""

    def __init__(self, socket: web.WebSocketResponse, encode: Encoder, request: web.Request) -> None:
        self.socket = socket
        self.request = request
        self.session: Any = None
        """The gateway's session that this socket serves, None before it identified."""
        self.closed_by_us = False
        self._encode = encode
        self._queue: asyncio.Queue[str | int | None] = asyncio.Queue()
        self._received: deque[float] = deque(maxlen=MAX_SENDS_A_MINUTE)
        self.last_beat = asyncio.get_running_loop().time()

    def send(self, body: Wire) -> None:
        # Discord writes all four keys in every frame; some libraries count on it.
        frame = {"t": None, "s": None, **body}
        self._queue.put_nowait(json.dumps(frame, separators=(",", ":")))

    def close(self, code: int) -> None:
        self._queue.put_nowait(int(code))

    def drop(self) -> None:
        """Tear the TCP connection without a goodbye."""
        if self.request.transport is not None:
            self.request.transport.abort()

    def beat(self) -> None:
        """Note that the client is alive."""
        self.last_beat = asyncio.get_running_loop().time()

    def too_fast(self) -> bool:
        now = asyncio.get_running_loop().time()
        full = len(self._received) == MAX_SENDS_A_MINUTE and now - self._received[0] < 60
        self._received.append(now)
        return full

    async def write(self) -> None:
        """Send what is queued until the socket closes."""
        while True:
            item = await self._queue.get()
            if item is None or self.socket.closed:
                return
            if isinstance(item, int):
                self.closed_by_us = True
                await self.socket.close(code=item)
                return
            data = self._encode(item)
            try:
                await (self.socket.send_str(data) if isinstance(data, str) else self.socket.send_bytes(data))
            except (ConnectionError, RuntimeError):
                return

    def stop(self) -> None:
        self._queue.put_nowait(None)
