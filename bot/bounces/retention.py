"""What is deleted for good after its time: bounces from the bin, and pictures and audio that belong to none."""

import asyncio
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from bot.actors import Actor
from bot.bounces.rules import BounceRules
from bot.clock import Clock
from storage.repositories.bounces import BounceRepository
from storage.unit import Database

_DAY_S = 86_400


class BounceRetention:
    """Called by the daily clean-up."""

    def __init__(self, database: Database, clock: Clock, rules: BounceRules, media: Path) -> None:
        self._database, self._clock, self._rules, self._media = database, clock, rules, media

    async def purge(self, now: datetime) -> int:
        """Delete for good what was in the bin for its time; return how many."""
        before = now - timedelta(days=self._rules.bin_days)
        async with self._database.system_read() as unit:
            owners = await unit.repo(BounceRepository).owners_with_bin(before)
        count = 0
        for owner in owners:
            async with self._database.write(Actor.system("retention"), owner, "bounce.purge") as unit:
                count += len(await unit.repo(BounceRepository).purge_deleted(before))
        return count

    async def sweep(self) -> int:
        """Delete pictures and audio of contents that no bounce has any more; return how many folders went."""
        folders = await asyncio.to_thread(_media_folders, self._media, self._clock.now().timestamp() - _DAY_S)
        async with self._database.system_read() as unit:
            known = await unit.repo(BounceRepository).known_content([folder.name for folder in folders])
        orphans = [folder for folder in folders if folder.name not in known]
        for folder in orphans:
            await asyncio.to_thread(shutil.rmtree, folder, True)
        return len(orphans)


def _media_folders(media: Path, before: float) -> list[Path]:
    """Return the folders of contents, and of uploads never finished, that were not touched since `before`."""
    found = [folder for folder in media.glob("[0-9a-f][0-9a-f]/*") if folder.is_dir()]
    found += [folder for folder in media.glob("incoming/*") if folder.is_dir()]
    return [folder for folder in found if folder.stat().st_mtime < before]
