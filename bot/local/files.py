"""Bytes of uploaded files, in memory or in a folder, and what their first bytes say about them."""

import hashlib
import hmac
import mimetypes
import struct
from datetime import datetime, timedelta
from pathlib import Path

LINK_LIFE = timedelta(hours=24)

# What browsers and Discord know but the standard library's table may not.
_EXTRA_TYPES = {".flac": "audio/flac", ".ogg": "audio/ogg", ".m4a": "audio/mp4", ".webp": "image/webp"}


class FileStore:
    """Keep the bytes of each attachment under its id."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._memory: dict[int, bytes] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def put(self, attachment_id: int, data: bytes) -> None:
        if self._folder is None:
            self._memory[attachment_id] = data
        else:
            (self._folder / str(attachment_id)).write_bytes(data)

    def get(self, attachment_id: int) -> bytes | None:
        if self._folder is None:
            return self._memory.get(attachment_id)
        path = self._folder / str(attachment_id)
        return path.read_bytes() if path.is_file() else None

    def clear(self) -> None:
        self._memory.clear()
        if self._folder is not None:
            for path in self._folder.iterdir():
                path.unlink()


def type_of(filename: str) -> str:
    """Return the content type that a file name promises."""
    suffix = Path(filename).suffix.lower()
    return _EXTRA_TYPES.get(suffix) or mimetypes.guess_type(filename)[0] or "application/octet-stream"


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG, GIF, JPEG or WebP in pixels, None for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        return struct.unpack(">II", data[16:24])
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        return struct.unpack("<HH", data[6:10])
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    kind, body = data[12:16], data[20:]
    if kind == b"VP8X" and len(body) >= 10:
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8 " and len(body) >= 10:
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def signature(secret: str, attachment_id: int, expires: int, issued: int) -> str:
    """Return the `hm` part of a signed link."""
    text = f"{attachment_id}:{expires:x}:{issued:x}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def signed_query(secret: str, attachment_id: int, now: datetime) -> str:
    """Return the query that opens an attachment for the next 24 hours."""
    issued, expires = int(now.timestamp()), int((now + LINK_LIFE).timestamp())
    return f"ex={expires:x}&is={issued:x}&hm={signature(secret, attachment_id, expires, issued)}&"


def link_is_good(secret: str, attachment_id: int, query: dict[str, str], now: datetime) -> bool:
    """Check signature and age of a link."""
    try:
        expires, issued = int(query["ex"], 16), int(query["is"], 16)
        given = query["hm"]
    except (KeyError, ValueError):
        return False
    wanted = signature(secret, attachment_id, expires, issued)
    return hmac.compare_digest(given, wanted) and now.timestamp() <= expires
