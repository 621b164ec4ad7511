"""What bounces answer other areas: which were made when, for which loop."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.bounces.model import Bounce, Filter, Slice
from storage.repositories.bounces import BounceRepository, SliceRepository
from storage.unit import Database

RECENT_MOST = 100
ACTIVITY_MOST = 50
ALL_MOST = 100_000


@dataclass(frozen=True, slots=True)
class BounceActivity:
    """What was bounced since a moment: distinct contents, tags people gave them or their slices, and when."""

    contents: int
    tags: frozenset[str]
    moments: tuple[datetime, ...]


class BounceReads:
    """Answers about one owner's bounces; nothing is changed here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_loops(self, owner: int, loop_ids: Sequence[str]) -> Mapping[str, Sequence[Bounce]]:
        """Return the bounces that are linked to each loop; a loop without any is missing."""
        found: defaultdict[str, list[Bounce]] = defaultdict(list)
        async with self._database.read(owner) as unit:
            for bounce in await unit.repo(BounceRepository).of_loops(list(loop_ids)):
                if bounce.loop_id is not None:
                    found[bounce.loop_id].append(bounce)
        return found

    async def recent(self, owner: int, since: datetime) -> list[Bounce]:
        """Return the newest bounces since a moment, a hundred at most."""
        async with self._database.read(owner) as unit:
            found = await unit.repo(BounceRepository).find(Filter(), RECENT_MOST)
        return [bounce for bounce in found if bounce.bounced_at >= since]

    async def count(self, owner: int, since: datetime, until: datetime) -> int:
        async with self._database.read(owner) as unit:
            return await unit.repo(BounceRepository).count(Filter(since=since, until=until))

    async def activity(self, owner: int, since: datetime) -> BounceActivity:
        """Return what was bounced since a moment."""
        async with self._database.read(owner) as unit:
            bounces = await unit.repo(BounceRepository).find(Filter(since=since), ACTIVITY_MOST)
            slices = await unit.repo(SliceRepository).between(since, unit.now)
        return BounceActivity(
            contents=len({bounce.content_hash for bounce in bounces if bounce.bounced_at >= since}),
            tags=frozenset(tag for one in (*(b.free_tags for b in bounces), *(s.tags for s in slices)) for tag in one),
            moments=tuple(bounce.bounced_at for bounce in bounces),
        )

    async def everything(self, owner: int, since: datetime) -> tuple[list[Bounce], list[Slice]]:
        """Return all bounces since a moment with the slices saved from them, for an archive."""
        async with self._database.read(owner) as unit:
            bounces = await unit.repo(BounceRepository).find(Filter(since=since), ALL_MOST)
            return bounces, await unit.repo(SliceRepository).between(since, unit.now)
