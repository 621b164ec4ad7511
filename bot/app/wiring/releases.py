"""Release plans: service, the daily look, reminders and public countdowns."""

from collections.abc import Mapping

from bot.loops.dated import DatedLoops
from bot.paths import assets_dir
from bot.ports import ProfileReader
from bot.releases.days import COUNTDOWN, DEADLINES, ReleaseDays
from bot.releases.facts import load_facts
from bot.releases.messages import POSTED, Artwork, ReleaseMessages
from bot.releases.presets import load_presets
from bot.releases.service import ReleaseService
from bot.say.words import Finished
from bot.services import Foundation
from bot.studio.health import Asking, HealthLine, Word
from bot.studio.quiet import StudioQuiet
from bot.studio.service import StudioService


def wire_releases(on: Foundation, loops: DatedLoops, profiles: ProfileReader, artwork: Artwork) -> ReleaseService:
    """Make the service and make its slots and deliveries known."""
    facts = load_facts(assets_dir() / "facts" / "platform_facts.toml", on.settings.data_dir / "facts.toml")
    presets = load_presets(assets_dir() / "presets", facts.facts)
    words = Finished(on.catalogue.words("en"))
    servers = StudioServers(on.studio)
    service = ReleaseService(on.database, on.clock, presets, facts, on.studio, profiles, words, loops, servers)
    days = ReleaseDays(on.database, on.clock, service, loops, StudioQuiet(on.studio), servers)
    on.engine.register(days)
    messages = ReleaseMessages(service, days, on.studio, on.catalogue, artwork)
    on.posted.register(POSTED, messages.draw)
    on.outbox.register(DEADLINES, messages.deadlines, hold=days.hold, inbox=messages.deadlines_inbox)
    on.outbox.register(COUNTDOWN, messages.countdown, on_refused=messages.refused)
    on.checks.read_lines.append(lambda asking: health_lines(service, asking))
    on.studio.listen(service.owner_changed)
    on.studio.listen_to_servers(service.owner_changed)
    return service


class StudioServers:
    """Which owners are servers, and where these are told of their releases."""

    def __init__(self, studio: StudioService) -> None:
        self._studio = studio

    async def is_server(self, owner: int) -> bool:
        return await self._studio.is_server(owner)

    async def releases_channel(self, server: int) -> int | None:
        return (await self._studio.guild_settings(server)).releases_channel

    async def client_names(self, server: int) -> Mapping[str, str]:
        return await self._studio.client_names(server)


async def health_lines(service: ReleaseService, asking: Asking) -> list[HealthLine]:
    """Say where reminders of a server's releases have no place to go."""
    count = await service.reminds_nowhere(asking.guild_id)
    return [HealthLine("release_reminders", Word.LOOK, {"count": count})] if count else []
