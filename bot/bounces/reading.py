"""What is known of bounces: one, many, with its loop and what changed, compared, counted, as a file."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.actors import OwnerId
from bot.bounces import catalogue
from bot.bounces.model import Bounce, Difference, Facts, Filter, Statistics
from bot.bounces.ports import Channels, LoopLink, Loops
from bot.bounces.rules import BounceRules
from bot.errors import Gone, NotFound, Refused
from bot.files import measured_file
from storage.privacy_map import kept_for
from storage.repositories.bounces import BounceRepository
from storage.unit import Database

if TYPE_CHECKING:
    from bot.bounces.levels import Columns

LIST = "/bounce list"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two bounces and what differs, the older one first."""

    old: Bounce
    new: Bounce
    difference: Difference


@dataclass(frozen=True, slots=True)
class BounceView:
    """Everything a card shows."""

    bounce: Bounce
    loop: LoopLink | None
    previous: Bounce | None
    difference: Difference | None
    latest_number: int


class BounceReader:
    """Reads; `BounceService` adds what changes something."""

    def __init__(self, database: Database, rules: BounceRules, media: Path, loops: Loops, channels: Channels) -> None:
        self._database, self._rules, self._media = database, rules, media
        self._loops, self._channels = loops, channels

    def reading(self, owner: OwnerId) -> AbstractAsyncContextManager[None]:
        """Let all that is read inside be one look at one moment; no await on anything but the database."""
        return self._database.reading(owner)

    async def get(self, owner: OwnerId, bounce_id: str) -> Bounce:
        """Return a bounce. Raises NotFound, Gone for one in the bin."""
        async with self._database.read(owner) as unit:
            bounce = await unit.repo(BounceRepository).get(bounce_id)
        if bounce is None:
            raise NotFound("bounce", LIST)
        if bounce.deleted_at is not None:
            until = bounce.deleted_at + kept_for("bounces")
            raise Gone("bounce_in_bin", name=bounce.title, until=until, id=bounce.id)
        return bounce

    async def owner_of(self, bounce_id: str) -> OwnerId | None:
        """Return whose bounce it is. Whoever asks must then ask whether this person may see it."""
        async with self._database.system_read() as unit:
            return await unit.repo(BounceRepository).owner_of(bounce_id)

    async def by_content(self, owner: OwnerId, content_hash: str) -> Bounce | None:
        """Return the bounce with these samples, if it is known."""
        async with self._database.read(owner) as unit:
            return await unit.repo(BounceRepository).by_content(content_hash)

    async def channel_of(self, owner: OwnerId) -> int | None:
        """Return where bounces of an owner are posted."""
        return await self._channels.bounce_channel(owner)

    async def many(self, owner: OwnerId, bounce_ids: Sequence[str]) -> list[Bounce]:
        async with self._database.read(owner) as unit:
            return await unit.repo(BounceRepository).many(bounce_ids)

    async def view(self, owner: OwnerId, bounce_id: str) -> BounceView:
        """Return a bounce with its loop, the version before it and what changed. Raises NotFound, Gone."""
        bounce = await self.get(owner, bounce_id)
        async with self._database.read(owner) as unit:
            versions = await unit.repo(BounceRepository).versions(bounce.family)
        earlier = [other for other in versions if other.number < bounce.number]
        previous = earlier[-1] if earlier else None
        loop = await self._loops.get(owner, bounce.loop_id) if bounce.loop_id is not None else None
        changed = None
        if previous is not None:
            changed = self._difference(previous, bounce)
        return BounceView(bounce, loop, previous, changed, max((v.number for v in versions), default=bounce.number))

    async def list(self, owner: OwnerId, wanted: Filter, limit: int = 10, offset: int = 0) -> "list[Bounce]":
        async with self._database.read(owner) as unit:
            return await unit.repo(BounceRepository).find(wanted, limit, offset)

    async def count(self, owner: OwnerId, wanted: Filter) -> int:
        async with self._database.read(owner) as unit:
            return await unit.repo(BounceRepository).count(wanted)

    async def versions(self, owner: OwnerId, bounce_id: str) -> "list[Bounce]":
        bounce = await self.get(owner, bounce_id)
        async with self._database.read(owner) as unit:
            return await unit.repo(BounceRepository).versions(bounce.family)

    async def of_loops(self, owner: OwnerId, loop_ids: Sequence[str]) -> "list[Bounce]":
        """Return the bounces linked to some loops."""
        async with self._database.read(owner) as unit:
            return await unit.repo(BounceRepository).of_loops(loop_ids)

    async def loops(self, owner: OwnerId, typed: str) -> Sequence[LoopLink]:
        return await self._loops.search(owner, typed)

    async def loop(self, owner: OwnerId, loop_id: str) -> LoopLink | None:
        return await self._loops.get(owner, loop_id)

    async def loops_without(self, owner: OwnerId) -> "list[LoopLink]":
        """Return the loops that have no bounce yet."""
        loops = list(await self._loops.search(owner, ""))
        have = {bounce.loop_id for bounce in await self.of_loops(owner, [loop.id for loop in loops])}
        return [loop for loop in loops if loop.id not in have]

    async def paths(self, owner: OwnerId, bounce_id: str) -> "list[str]":
        async with self._database.read(owner) as unit:
            return await unit.repo(BounceRepository).paths(bounce_id)

    async def usual_balance(self, owner: OwnerId, bounce_id: str) -> "list[Facts]":
        """Return the facts of the last ten other bounces: what this person's spectrum usually is."""
        async with self._database.read(owner) as unit:
            return await unit.repo(BounceRepository).facts_before(bounce_id, 10)

    async def compare(self, owner: OwnerId, first_id: str, second_id: str) -> Compared:
        """Compare two bounces; the one made earlier counts as the old one. Raises NotFound, Refused."""
        if first_id == second_id:
            raise Refused("bounce_same")
        first, second = await self.get(owner, first_id), await self.get(owner, second_id)
        old, new = sorted((first, second), key=lambda bounce: (bounce.bounced_at, bounce.number))
        return Compared(old, new, self._difference(old, new))

    async def statistics(self, owner: OwnerId, zone: ZoneInfo) -> Statistics:
        async with self._database.read(owner) as unit:
            everything = await unit.repo(BounceRepository).find(Filter(), 100_000)
        return catalogue.statistics(everything, zone)

    async def export(self, owner: OwnerId, kind: str) -> bytes:
        """Return the whole catalogue as `csv` or `json`."""
        async with self._database.read(owner) as unit:
            everything = await unit.repo(BounceRepository).find(Filter(), 100_000)
        names: dict[str, str | None] = {}
        for loop_id in {bounce.loop_id for bounce in everything if bounce.loop_id is not None}:
            loop = await self._loops.get(owner, loop_id)
            names[loop_id] = None if loop is None else loop.name
        records = [catalogue.record(bounce, names.get(bounce.loop_id or "")) for bounce in everything]
        return catalogue.as_json(records) if kind == "json" else catalogue.as_csv(records)

    def _difference(self, old: Bounce, new: Bounce) -> Difference:
        # numpy comes with the first comparison: an idle bot need not hold it.
        from bot.bounces.compare import difference

        return difference(old.facts, new.facts, self._columns(old), self._columns(new))

    def _columns(self, bounce: Bounce) -> "Columns | None":
        from bot.bounces.peaks import read_columns

        # 36 kB at most: reading it does not hold anybody up.
        try:
            file = measured_file(self._media, bounce.content_hash, bounce.owner_id, "columns.npy")
            data = file.read_bytes()
            return read_columns(data, bounce.facts.duration_s)
        except (OSError, ValueError):
            return None
