"""What loops answer other areas: names, plans with their clips, what was finished when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.loops.model import Clip, Lane, Loop
from storage.repositories.loops import ClipRepository, LoopRepository
from storage.unit import Database

IDEA_MOST_MILLI = 4000
"""A captured idea is a creative clip of the default length that was made in the phase."""


@dataclass(frozen=True, slots=True)
class LoopActivity:
    """What happened in open loops since a moment, and what waits now.

    `creative_*` count the creative lane, `forward_*` promo and action; `moments` are when clips were made or finished.
    """

    creative_done: int
    creative_ideas: int
    creative_ready: int
    forward_open: int
    forward_done: int
    ready_waits: bool
    moments: tuple[datetime, ...]


class LoopReads:
    """Answers about one owner's loops; nothing is changed here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def names(self, owner: int) -> dict[str, str]:
        """Return the name of every loop by its id, archived ones too."""
        async with self._database.read(owner) as unit:
            return {str(loop.id): loop.name for loop in await unit.repo(LoopRepository).all()}

    async def clips(self, owner: int) -> Mapping[str, Sequence[Clip]]:
        """Return the clips of every loop by its id."""
        async with self._database.read(owner) as unit:
            loops = await unit.repo(LoopRepository).all()
            found = await unit.repo(ClipRepository).of_loops([loop.id for loop in loops])
        return {str(loop_id): clips for loop_id, clips in found.items()}

    async def filed(self, owner: int, client_id: str) -> list[tuple[Loop, tuple[Clip, ...]]]:
        """Return the open loops that are filed under a client, with their clips."""
        async with self._database.read(owner) as unit:
            loops = await unit.repo(LoopRepository).filed(client_id)
            clips = await unit.repo(ClipRepository).of_loops([loop.id for loop in loops])
        return [(loop, clips[loop.id]) for loop in loops if loop.archived_at is None]

    async def with_clips(self, owner: int, clip_ids: Sequence[str]) -> list[tuple[Loop, Clip]]:
        """Return clips with their loops, whoever looks: for who does them. What is binned or archived is left out."""
        async with self._database.read(owner, as_house=True) as unit:
            clips = await unit.repo(ClipRepository).many(clip_ids)
            loops = {loop.id: loop for loop in await unit.repo(LoopRepository).many([clip.loop_id for clip in clips])}
        pairs = [(loops.get(clip.loop_id), clip) for clip in clips]
        return [(loop, clip) for loop, clip in pairs if loop is not None and loop.archived_at is None]

    async def open_dated(self, owner: int) -> list[tuple[Loop, Clip]]:
        """Return the open clips of open loops with dates."""
        async with self._database.read(owner) as unit:
            loops = [one for one in await unit.repo(LoopRepository).all() if one.archived_at is None and one.is_dated]
            found = await unit.repo(ClipRepository).of_loops([loop.id for loop in loops])
        return [(loop, clip) for loop in loops for clip in found[loop.id] if not clip.is_done]

    async def of_others(self, owner: int) -> Sequence[Clip]:
        """Return the clips that were made from other people's messages."""
        async with self._database.read(owner) as unit:
            return await unit.repo(ClipRepository).of_others()

    async def finished_between(self, owner: int, after: datetime, until: datetime) -> int:
        """Return how many clips were finished."""
        async with self._database.read(owner) as unit:
            return len(await unit.repo(ClipRepository).finished_between(after, until))

    async def changed_since(self, owner: int, since: datetime) -> list[tuple[Loop, tuple[Clip, ...]]]:
        """Return the loops that were changed after a moment, with their clips."""
        async with self._database.read(owner) as unit:
            loops = [loop for loop in await unit.repo(LoopRepository).all() if loop.updated_at > since]
            clips = await unit.repo(ClipRepository).of_loops([loop.id for loop in loops])
        return [(loop, clips[loop.id]) for loop in loops]

    async def activity(self, owner: int, since: datetime) -> LoopActivity:
        """Return what happened in the loops that are not archived."""
        async with self._database.read(owner) as unit:
            loops = [loop for loop in await unit.repo(LoopRepository).all() if loop.archived_at is None]
            by_loop = await unit.repo(ClipRepository).of_loops([loop.id for loop in loops])
        clips = [clip for found in by_loop.values() for clip in found]
        creative = [clip for clip in clips if clip.lane is Lane.CREATIVE]
        forward = [clip for clip in clips if clip.lane in (Lane.PROMO, Lane.ACTION)]
        return LoopActivity(
            creative_done=sum(clip.done_at is not None and clip.done_at >= since for clip in creative),
            creative_ideas=sum(clip.created_at >= since and clip.length_milli <= IDEA_MOST_MILLI for clip in creative),
            creative_ready=sum(clip.ready and clip.updated_at >= since for clip in creative),
            forward_open=sum(not clip.is_done for clip in forward),
            forward_done=sum(clip.done_at is not None and clip.done_at >= since for clip in forward),
            ready_waits=any(clip.ready and not clip.is_done for clip in clips),
            moments=(
                *(clip.created_at for clip in clips),
                *(clip.done_at for clip in clips if clip.done_at is not None),
            ),
        )
