"""What a manager can act on, as data: each line is OK, Look or Broken with its fix."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.clock import Clock
from bot.engine import Engine
from bot.settings import Settings
from bot.studio.model import GuildSettings
from bot.studio.service import StudioService
from bot.studio.trouble import Trouble, Troubles
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
        self.area_lines: list[Callable[[int | None], list[HealthLine]]] = []
        """Areas add their own lines (folders, AI): called with the server's id."""

    async def lines(self, guild_id: int, access: list[ChannelAccess]) -> list[HealthLine]:
        """Return the lines for a manager of `guild_id`."""
        settings = await self._studio.guild_settings(guild_id)
        found = self._channels(settings, access)
        found += await self._deliveries()
        found += await self._cards()
        found += await self._processes()
        found += await self._skipped()
        found += self._ai(settings)
        found += self._backups()
        for more in self.area_lines:
            found += more(guild_id)
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

    async def _deliveries(self) -> list[HealthLine]:
        async with self._database.system_read() as unit:
            counts = await unit.repo(DeliveryRepository).counts(unit.now - timedelta(days=SHOWN_DAYS))
            oldest = await unit.repo(DeliveryRepository).oldest_open()
        lost = counts.get("failed", 0) + counts.get("unknown", 0)
        found: list[HealthLine] = []
        if lost:
            found.append(HealthLine("deliveries_failed", Word.LOOK, {"count": lost}))
        late = oldest is not None and self._clock.now() - oldest > timedelta(minutes=10)
        if late:
            found.append(HealthLine("deliveries_late", Word.LOOK, {"since": oldest}))
        return found or [HealthLine("deliveries_ok", Word.OK)]

    async def _cards(self) -> list[HealthLine]:
        """Posted cards that could not be drawn again show what is stored no more."""
        async with self._database.system_read() as unit:
            count = await unit.repo(PostedRepository).behind()
        return [HealthLine("cards_behind", Word.LOOK, {"count": count})] if count else []

    async def _processes(self) -> list[HealthLine]:
        """With PostgreSQL several processes may share the work; a server's manager sees how many do."""
        count = await self._engine.processes()
        if count is None:
            return []
        return [HealthLine("processes", Word.OK if count else Word.LOOK, {"count": count})]

    async def _skipped(self) -> list[HealthLine]:
        since = self._clock.now() - timedelta(days=SHOWN_DAYS)
        async with self._database.system_read() as unit:
            skips = await unit.repo(SlotRepository).recent_skips(since)
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

    async def troubles(self) -> list[Trouble]:
        return await self._troubles.list()

    async def next_runs(self) -> dict[str, datetime]:
        """Return the next occurrence of each kind of due work."""
        async with self._database.system_read() as unit:
            return await unit.repo(SlotRepository).next_due()

    async def waiting(self) -> dict[str, int]:
        async with self._database.system_read() as unit:
            return await unit.repo(SlotRepository).waiting(self._clock.now())

    def backups(self) -> list[backup.BackupFile]:
        return backup.listed(self._settings.backup_dir)[:7]
