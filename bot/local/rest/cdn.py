"""Downloads: attachments by signed link, with ranges for players, and plain default avatars."""

import re
import struct
import zlib
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.local.core import Core
from bot.local.files import link_is_good

# The six colours of Discord's default avatars.
_AVATARS = ("5865f2", "747f8d", "3ba55d", "faa61a", "ed4245", "eb459e")
_INLINE = re.compile(r"image/(png|jpeg|gif|webp)|audio/(wav|x-wav|vnd\.wave|mpeg|ogg|flac|x-flac|mp4|x-m4a)")
_FIRST_BYTES = re.compile(
    rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....(WEBP|WAVE)|ID3|\xff[\xe0-\xff]|OggS|fLaC|....ftyp", re.DOTALL
)
_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


def install(app: web.Application, core: Core, prefix: str) -> None:
    """Mount the download routes below `prefix`."""
    for kind in ("attachments", "ephemeral-attachments"):
        path = f"{prefix}/{kind}/{{channel_id}}/{{attachment_id}}/{{filename}}"
        app.router.add_route("GET", path, _download(core))
        app.router.add_route("HEAD", path, _download(core))
    app.router.add_route("GET", f"{prefix}/embed/avatars/{{index}}.png", _avatar)


def _download(core: Core) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        found = core.world.attachments.get(int(request.match_info["attachment_id"] or 0))
        if found is None or found.filename != request.match_info["filename"]:
            return web.Response(status=404, text="This content is no longer available.")
        if not link_is_good(core.world.secret, found.id, dict(request.query), core.world.clock.now()):
            return web.Response(status=404, text="This content is no longer available.")
        data = core.store.get(found.id)
        if data is None:
            return web.Response(status=404, text="This content is no longer available.")
        return serve_bytes(request, data, found.content_type, found.filename)

    return handle


def serve_bytes(request: web.Request, data: bytes, content_type: str, filename: str) -> web.Response:
    """Answer with a file, or the part of it that `Range` asks for."""
    # The stated type alone proves nothing: a page called a picture would still be a page.
    inline = _INLINE.fullmatch(content_type.partition(";")[0]) and _FIRST_BYTES.match(data)
    disposition = "inline" if inline else "attachment"
    headers = {
        "Content-Type": content_type,
        "Content-Disposition": f'{disposition}; filename="{filename}"',
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=86400",
    }
    status, total = 200, len(data)
    if match := _RANGE.match(request.headers.get("Range", "")):
        first, last = match[1], match[2]
        start = int(first) if first else max(0, total - int(last or 0))
        end = min(int(last), total - 1) if first and last else total - 1
        if start >= total or start > end:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{total}"})
        headers["Content-Range"] = f"bytes {start}-{end}/{total}"
        data, status = data[start : end + 1], 206
    if request.method == "HEAD":
        return web.Response(status=status, headers={**headers, "Content-Length": str(len(data))})
    return web.Response(status=status, body=data, headers=headers)


async def _avatar(request: web.Request) -> web.Response:
    colour = bytes.fromhex(_AVATARS[int(request.match_info["index"]) % len(_AVATARS)])
    return web.Response(body=plain_png(colour), content_type="image/png")


def plain_png(colour: bytes, side: int = 64) -> bytes:
    """Return a square PNG of one RGB colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress((b"\0" + colour * side) * side)
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
