"""Bounces' part of a week: what was bounced, sliced and tagged in the window."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.bounces.model import Bounce, Filter, SliceKind
from bot.digest.model import DoneBounce, SliceCount, TagCount, WeekData
from bot.digest.schedule import Window
from storage.repositories.bounces import BounceRepository, SliceRepository
from storage.unit import Database

WINDOW_MOST = 500
"""Bounces read of one window; more are not listed, and nobody finishes as many."""


class LoopNames(Protocol):
    """Knows the names of loops by their ids."""

    async def names(self, owner: int) -> Mapping[str, str]: ...


class BounceWeek:
    """Bounces, saved slices, tags."""

    def __init__(self, database: Database, loops: LoopNames) -> None:
        self._database = database
        self._loops = loops

    async def fill(self, owner: int, window: Window, zone: ZoneInfo, data: WeekData) -> WeekData:
        async with self._database.read(owner) as unit:
            wanted = Filter(since=window.after, until=window.until)
            bounces = await unit.repo(BounceRepository).find(wanted, WINDOW_MOST)
            bounces = [b for b in bounces if window.after < b.bounced_at <= window.until]
            slices = await unit.repo(SliceRepository).between(window.after, window.until)
            manual = [s for s in slices if s.kind is SliceKind.MANUAL]
            named = await unit.repo(BounceRepository).many(list({s.bounce_id for s in manual}))
        loops = await self._loops.names(owner) if bounces else {}
        names = {b.id: b.file_name for b in named}
        counts = Counter(names.get(s.bounce_id, "") for s in manual)
        tags = Counter(tag for b in bounces for tag in b.free_tags) + Counter(tag for s in manual for tag in s.tags)
        return replace(
            data,
            bounces=tuple(_done(b, zone, loops.get(b.loop_id or "", "")) for b in bounces),
            slices=tuple(SliceCount(name, count) for name, count in sorted(counts.items())),
            tags=tuple(TagCount(tag, count) for tag, count in sorted(tags.items(), key=lambda i: (-i[1], i[0]))),
        )


def _done(bounce: Bounce, zone: ZoneInfo, loop_name: str) -> DoneBounce:
    return DoneBounce(
        id=bounce.id,
        file_name=bounce.file_name,
        title=bounce.title,
        duration_s=bounce.facts.duration_s,
        at=bounce.bounced_at.astimezone(zone),
        content_hash=bounce.content_hash,
        loop_name=loop_name,
        tag=str(bounce.tag or ""),
        loudest_s=bounce.facts.loudest_at_s,
        picture=bounce.id,
        private="private" in bounce.free_tags,
    )
