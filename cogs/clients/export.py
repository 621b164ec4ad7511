"""Everything of a client as files to hand over: plans, calendars, and a page to read; in parts where it is large."""

import asyncio
import io
import zipfile
from collections.abc import Sequence

from bot.clients.model import Client
from bot.loops.dates import last_day_of
from bot.loops.model import Clip, Loop, Plan
from bot.say.card import Card, OutFile, plain
from bot.say.dates import full_day
from bot.say.words import Words
from bot.ui.base import Turn

_ROOM_LEFT = 512 * 1024
"""Of the upload limit, for the message around a file."""
_LARGEST = 8 * 1024 * 1024
File = tuple[str, bytes]


async def send_export(turn: Turn, client_id: str) -> None:
    """Send everything that is filed under a client, and nothing that the house keeps to itself."""
    await turn.defer()
    client = await turn.services.clients.get(turn.owner, client_id)
    files = await _files(turn, client)
    limit = max(_ROOM_LEFT, min(turn.interaction.filesize_limit, _LARGEST) - _ROOM_LEFT)
    parts = await asyncio.to_thread(_pack_blocking, files, limit)
    title = turn.words("client.export.title", name=client.name)
    for number, data in enumerate(parts, 1):
        name = "client.zip" if len(parts) == 1 else f"client_{number}_of_{len(parts)}.zip"
        lead = turn.words("client.export.lead", count=len(files)) if number == 1 else None
        # Each part is a message of its own: together they would be over the limit of one.
        await turn.reply(Card(title, lead=lead, files=[OutFile(name, data)]), ephemeral=True)


async def _files(turn: Turn, client: Client) -> list[File]:
    loops, releases, owner = turn.services.loops, turn.services.releases, turn.owner
    lines = [line for state in ("open", "archived") for line in await loops.loops.lines(owner, state)]
    plans = [await loops.loops.plan(owner, line.loop.id) for line in lines if line.loop.client_id == client.id]
    files: list[File] = []
    for number, plan in enumerate(plans, 1):
        file = await loops.transfer.file_of(owner, plan.loop.id, as_csv=False)
        files.append((f"plans/{number:02}-{file.name}", file.data))
    filed = [view for view in await releases.all(owner) if view.plan.loop.client_id == client.id]
    for number, view in enumerate(filed, 1):
        name, data = await releases.calendar(owner, view.release.id, with_done=True)
        files.append((f"releases/{number:02}-{name}", data))
    doers = await turn.services.work.doers(owner, [clip.id for plan in plans for clip in plan.clips])
    bounces = await turn.services.bounces.service.of_loops(owner, [plan.loop.id for plan in plans])
    page = [f"# {client.name}", *(_plan_text(plan, doers, turn.words) for plan in plans)]
    if bounces:
        heard = [f"- {bounce.title}, {full_day(bounce.bounced_at.date(), turn.words.locale)}" for bounce in bounces]
        page.append("\n".join([f"## {plain(turn.words('client.export.bounces'))}", "", *heard]))
    return [("read-me-first.md", "\n\n".join(page).encode()), *files]


def _plan_text(plan: Plan, doers: dict[str, list[str]], words: Words) -> str:
    lines = [_clip_text(plan.loop, clip, doers.get(clip.id, ()), words) for clip in plan.clips]
    return "\n".join([f"## {plan.loop.name}", "", *(lines or [plain(words("client.export.no_clips"))])])


def _clip_text(loop: Loop, clip: Clip, doers: Sequence[str], words: Words) -> str:
    when = ""
    if clip.done_at is not None:
        when = plain(words("client.export.done", day=full_day(clip.done_at.date(), words.locale)))
    elif loop.is_dated:
        when = plain(words("client.work.by_day", day=full_day(last_day_of(loop, clip), words.locale)))
    parts = [clip.name, when, ", ".join(doers)]
    return f"- [{'x' if clip.is_done else ' '}] " + " · ".join(part for part in parts if part)


def _pack_blocking(files: Sequence[File], limit: int) -> list[bytes]:
    """Return zips that are each under the limit, as long as no single file is over it."""
    packs: list[list[File]] = [[]]
    size = 0
    for name, data in files:
        if packs[-1] and size + len(data) > limit:
            packs.append([])
            size = 0
        packs[-1].append((name, data))
        size += len(data)
    return [_zip(pack) for pack in packs]


def _zip(files: Sequence[File]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()
