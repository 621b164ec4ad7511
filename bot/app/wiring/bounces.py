"""Bounces: services, folders of the settings, deliveries, health; what they are given of loops and of the studio."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from bot.actors import Actor, OwnerId
from bot.bounces.area import BounceArea, Neighbours, open_bounces
from bot.bounces.messages import USUAL_LIMIT
from bot.bounces.ports import LoopLink, Phases
from bot.bounces.remote_server import NeedsTls
from bot.errors import BotError
from bot.loops.area import LoopArea
from bot.loops.model import Loop
from bot.say.words import Catalogue
from bot.services import Foundation
from bot.settings import Settings
from bot.studio.health import Asking, HealthLine, Word
from bot.studio.service import StudioService

log = structlog.stdlib.get_logger(__name__)


class LinkedLoops:
    """What bounces need of loops."""

    def __init__(self, loops: LoopArea) -> None:
        self._loops = loops

    async def search(self, owner: OwnerId, typed: str) -> Sequence[LoopLink]:
        lines = await self._loops.loops.search(owner, typed)
        return [_link(line.loop) for line in lines]

    async def get(self, owner: OwnerId, loop_id: str) -> LoopLink | None:
        try:
            plan = await self._loops.loops.plan(owner, loop_id)
        except BotError:
            return None
        return _link(plan.loop)


def _link(loop: Loop) -> LoopLink:
    return LoopLink(loop.id, loop.name, loop.bpm, loop.client_id)


class StudioChannels:
    """The bounce channel: of the server that owns the bounce, else of the first with one that its owner is in."""

    def __init__(self, studio: StudioService, may_speak: Callable[[int, int], Awaitable[bool]]) -> None:
        self._studio = studio
        self._may_speak = may_speak

    async def bounce_channel(self, owner: OwnerId) -> int | None:
        settings = await self._studio.all_guild_settings()
        for guild_id in sorted(settings, key=lambda guild_id: (guild_id != owner, guild_id)):
            channel = settings[guild_id].bounces_channel
            if channel is not None and await self._may_speak(owner, channel):
                return channel
        return None


def wire_bounces(on: Foundation, loops: LoopArea, client: Callable[[], Any], phases: Phases) -> BounceArea:
    """Make the services, register deliveries and health lines."""
    settings = on.settings

    async def limit(channel_id: int) -> int:
        channel = client().get_channel(channel_id)
        guild = getattr(channel, "guild", None)
        return guild.filesize_limit if guild is not None else USUAL_LIMIT

    area = open_bounces(
        on.database,
        on.clock,
        on.supervisor,
        settings.data_dir / "media",
        Neighbours(loops=LinkedLoops(loops), channels=StudioChannels(on.studio, on.outbox.may_speak), phases=phases),
        settings.measure_workers,
        words=on.catalogue.words(None),
        upload_limit=limit,
    )
    area.messages.register(on.outbox, on.posted)
    for told in (on.studio, on.retention):
        told.forgets.append(area.forget)
        told.gone.append(area.retention.drop)
    on.checks.area_lines.append(lambda asking: health_lines(area, on.catalogue, asking))
    return area


async def start_bounces(settings: Settings, area: BounceArea) -> None:
    """Watch the folders of the settings and those set up by hand."""
    owner = settings.folder_owner or next(iter(settings.operators), None)
    for folder in settings.folders:
        if owner is None:
            log.warning("folders need an owner: set STUDIOHAND_FOLDER_OWNER or STUDIOHAND_OPERATORS")
            break
        if not await asyncio.to_thread(folder.expanduser().is_dir):
            log.error(
                "a watched folder is not there: make it, plug it in, or correct STUDIOHAND_FOLDERS; I look again",
                folder=str(folder),
            )
        await area.folders.ensure(Actor.system("settings"), owner, folder, must_exist=False)
    await area.pipeline.start()
    if settings.upload_host is not None:
        await _listen(settings, area)


async def _listen(settings: Settings, area: BounceArea) -> None:
    """Take uploads of companions; off this machine only with a certificate."""
    tls = None
    if settings.upload_tls_cert is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(settings.upload_tls_cert, settings.upload_tls_key)
    host = settings.upload_host or "127.0.0.1"
    try:
        await area.receiver.start(host, settings.upload_port, tls)
    except NeedsTls:
        log.error("uploads are off: an address off this machine needs STUDIOHAND_UPLOAD_TLS_CERT", host=host)
    except OSError as error:
        log.error("uploads are off", port=settings.upload_port, detail=error.strerror)


async def stop_bounces(area: BounceArea) -> None:
    """Stop taking uploads, watching and measuring."""
    await area.receiver.stop()
    await area.pipeline.stop()


def health_lines(area: BounceArea, catalogue: Catalogue, asking: Asking) -> list[HealthLine]:
    """How each folder is followed, and the last files that are not measured; their names are their owners'."""
    words = catalogue.words(None)
    found: list[HealthLine] = []
    for folder in area.pipeline.folders_now():
        if not asking.may_see(folder.owner_id, folder.channel_id):
            continue
        if folder.is_gone:
            key, word = "folder_gone", Word.BROKEN
        elif folder.is_broken:
            key, word = "folder_broke", Word.BROKEN
        else:
            key, word = ("folder_looked_at", Word.LOOK) if folder.has_lost_events else ("folder_ok", Word.OK)
        found.append(HealthLine(key, word, {"name": folder.name}))
    for owner_id, channel_id, one in area.pipeline.troubles_now():
        if not asking.may_see(owner_id, channel_id):
            continue
        if one.trouble is None:
            found.append(HealthLine("file_broke", Word.BROKEN, {"name": one.name, "since": one.since}))
        else:
            reason = words(f"bounce.trouble.{one.trouble}")
            found.append(HealthLine("file_trouble", Word.LOOK, {"name": one.name, "reason": reason}))
    return found
