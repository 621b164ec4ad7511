"""What a manager can act on, as data: each line is OK, Look or Broken with its fix."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.clock import Clock
from bot.engine import Engine
from bot.settings import Settings
from bot.studio.model import GuildSettings
from bot.studio.service import StudioService
from bot.studio.trouble import Troubles
from storage import backup
from storage.repositories.deliveries import DeliveryRepository
from storage.repositories.posted import PostedRepository
from storage.repositories.slots import SlotRepository
from storage.unit import Database

SHOWN_DAYS = 7
"""Health shows what went wrong in the last week, and forgets it then."""


class Word(StrEnum):
    OK = "ok"
    LOOK = "look"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class HealthLine:
    """One line; `key` is under `studio.health.` in the catalogue, `parts` are its named parts."""

    key: str
    word: Word
    parts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChannelAccess:
    """What the bot may do in a configured channel, as Discord says: names of missing permissions."""

    purpose: str
    channel_id: int
    exists: bool
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """For whom health is looked up: what happens elsewhere, and to other people, is none of their business."""

    guild_id: int
    channels: frozenset[int]
    """Channels and threads of the server, and those that are set there."""
    is_operator: bool = False

    def may_see(self, owner: int, channel_id: int | None) -> bool:
        """Tell whether something of an owner, posted to a channel, is theirs to look after."""
        return self.is_operator or owner == self.guild_id or channel_id in self.channels


class HealthService:
    """Collects the lines of `/studio health` and the host's facts for the operator."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        engine: Engine,
        studio: StudioService,
        troubles: Troubles,
        settings: Settings,
    ) -> None:
        self._database = database
        self._clock = clock
        self._engine = engine
        self._studio = studio
        self._troubles = troubles
        self._settings = settings
        self.area_lines: list[Callable[[Asking], list[HealthLine]]] = []
        """Areas add their own lines (folders, AI)."""
        self.read_lines: list[Callable[[Asking], Awaitable[list[HealthLine]]]] = []
        """The same, of what is stored."""

    async def lines(self, asking: Asking, access: list[ChannelAccess]) -> list[HealthLine]:
        """Return the lines for a manager of a server: what failed there, and nothing of others."""
        settings = await self._studio.guild_settings(asking.guild_id)
        found = self._channels(settings, access)
        found += await self._deliveries(asking.channels)
        found += await self._cards(asking.channels)
        found += await self._refused(asking.channels)
        found += await self._processes()
        found += await self._skipped(asking.guild_id)
        found += self._ai(settings)
        found += self._backups()
        for more in self.area_lines:
            found += more(asking)
        for read in self.read_lines:
            found += await read(asking)
        return found

    def _channels(self, settings: GuildSettings, access: list[ChannelAccess]) -> list[HealthLine]:
        found: list[HealthLine] = []
        if settings.bounces_channel is None:
            found.append(HealthLine("no_bounce_channel", Word.LOOK))
        for channel in access:
            if not channel.exists:
                found.append(HealthLine("channel_gone", Word.BROKEN, {"purpose": channel.purpose}))
            elif channel.missing:
                parts: dict[str, object] = {"channel": channel.channel_id, "missing": ", ".join(channel.missing)}
                found.append(HealthLine("permissions", Word.BROKEN, parts))
            else:
                found.append(HealthLine("channel_ok", Word.OK, {"channel": channel.channel_id}))
        return found

    async def _deliveries(self, channels: frozenset[int]) -> list[HealthLine]:
        async with self._database.system_read() as unit:
            counts = await unit.repo(DeliveryRepository).counts(unit.now - timedelta(days=SHOWN_DAYS), channels)
            oldest = await unit.repo(DeliveryRepository).oldest_open(channels)
        lost = counts.get("failed", 0) + counts.get("unknown", 0)
        found: list[HealthLine] = []
        if lost:
            found.append(HealthLine("deliveries_failed", Word.LOOK, {"count": lost}))
        late = oldest is not None and self._clock.now() - oldest > timedelta(minutes=10)
        if late:
            found.append(HealthLine("deliveries_late", Word.LOOK, {"since": oldest}))
        return found or [HealthLine("deliveries_ok", Word.OK)]

    async def _cards(self, channels: frozenset[int]) -> list[HealthLine]:
        """Posted cards that could not be drawn again show what is stored no more."""
        async with self._database.system_read() as unit:
            count = await unit.repo(PostedRepository).behind(channels)
        return [HealthLine("cards_behind", Word.LOOK, {"count": count})] if count else []

    async def _processes(self) -> list[HealthLine]:
        """With PostgreSQL several processes may share the work; a server's manager sees how many do."""
        count = await self._engine.processes()
        if count is None:
            return []
        return [HealthLine("processes", Word.OK if count else Word.LOOK, {"count": count})]

    async def _refused(self, channels: frozenset[int]) -> list[HealthLine]:
        """Channels of the server that did not take a post lately."""
        return [
            HealthLine("refused_post", Word.LOOK, {"channel": trouble.channel_id, "when": trouble.at})
            for trouble in await self._troubles.list()
            if trouble.channel_id in channels
        ]

    async def _skipped(self, owner: int) -> list[HealthLine]:
        since = self._clock.now() - timedelta(days=SHOWN_DAYS)
        async with self._database.system_read() as unit:
            skips = await unit.repo(SlotRepository).recent_skips(since, owner=owner)
        return [HealthLine("skipped", Word.LOOK, {"count": len(skips)})] if skips else []

    def _ai(self, settings: GuildSettings) -> list[HealthLine]:
        if self._settings.anthropic_api_key is None:
            return [HealthLine("ai_no_key", Word.OK)]
        return [HealthLine("ai_on" if settings.ai_allowed else "ai_not_allowed", Word.OK)]

    def _backups(self) -> list[HealthLine]:
        if self._database.engines.file is None:
            return []
        made = backup.listed(self._settings.backup_dir)
        if not made:
            return [HealthLine("backup_none", Word.LOOK)]
        old = self._clock.now() - made[0].made_at > timedelta(days=2)
        return [
            HealthLine("backup_old" if old else "backup_ok", Word.LOOK if old else Word.OK, {"when": made[0].made_at})
        ]

    async def failed_everywhere(self) -> int:
        """Return how many messages of the whole host were not delivered lately; for the operator."""
        async with self._database.system_read() as unit:
            counts = await unit.repo(DeliveryRepository).counts(unit.now - timedelta(days=SHOWN_DAYS))
        return counts.get("failed", 0) + counts.get("unknown", 0)

    async def next_runs(self) -> dict[str, datetime]:
        """Return the next occurrence of each kind of due work."""
        async with self._database.system_read() as unit:
            return await unit.repo(SlotRepository).next_due()

    async def waiting(self) -> dict[str, int]:
        async with self._database.system_read() as unit:
            return await unit.repo(SlotRepository).waiting(self._clock.now())

    def backups(self) -> list[backup.BackupFile]:
        return backup.listed(self._settings.backup_dir)[:7]
