"""The loops' door for release plans: dated loops made, read and moved inside the caller's transaction.

A release and its loop change together or not at all, so these methods take the open unit of work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.errors import NotFound
from bot.loops.model import MILLI, Clip, ClipId, DatedClip, DatedLoop, DeadlineKind, Loop, LoopId, Moved, Plan
from storage.repositories.loops import ClipRepository, LoopRepository
from storage.unit import Reading, Unit


class DatedLoops:
    """Loops of release plans."""

    async def create(self, unit: Unit, spec: DatedLoop, clips: Sequence[DatedClip]) -> Plan:
        """Make a dated loop with its clips."""
        loop = Loop(
            id=LoopId(unit.new_id()),
            owner_id=unit.owner or 0,
            name=spec.name,
            role=spec.role,
            pace=spec.pace,
            timezone=spec.timezone,
            created_at=unit.now,
            updated_at=unit.now,
            start_date=spec.start_date,
            end_date=spec.end_date,
            anchor_date=spec.anchor_date,
            preset_key=spec.preset_key,
            lanes_unused=spec.lanes_unused,
        )
        await unit.repo(LoopRepository).add(loop)
        made = [await self._add(unit, loop, clip) for clip in clips]
        unit.touch("loop", loop.id)
        return Plan(loop, tuple(made))

    async def read(self, unit: Reading, loop_id: str) -> Plan:
        """Return loop and clips. Raises NotFound where the loop is gone."""
        loop = await unit.repo(LoopRepository).get(loop_id)
        if loop is None:
            raise NotFound("loop", "/loop list")
        return Plan(loop, await unit.repo(ClipRepository).of_loop(loop_id))

    async def read_many(self, unit: Reading, loop_ids: Sequence[str]) -> Mapping[str, Plan]:
        """Return the loops that are still there, with their clips, in two queries."""
        wanted = set(loop_ids)
        loops = [loop for loop in await unit.repo(LoopRepository).all() if loop.id in wanted]
        clips = await unit.repo(ClipRepository).of_loops([loop.id for loop in loops])
        return {loop.id: Plan(loop, clips[loop.id]) for loop in loops}

    async def add(self, unit: Unit, loop_id: str, clip: DatedClip) -> Clip:
        """Add one clip; the loop grows where the clip does not fit in."""
        plan = await self.read(unit, loop_id)
        loop = plan.loop
        start, end = _span(loop)
        grown = replace(
            loop,
            start_date=min(start, clip.day),
            end_date=max(end, clip.day + timedelta(days=clip.length_days)),
        )
        if (grown.start_date, grown.end_date) != (loop.start_date, loop.end_date):
            await self._rebase(unit, plan, grown)
        made = await self._add(unit, grown, clip)
        await self._touch(unit, loop_id)
        return made

    async def finish(self, unit: Unit, clip_id: str, done_at: datetime | None) -> Clip:
        """Mark a clip done, or open again with None. Raises NotFound."""
        clip = await self._clip(unit, clip_id)
        saved = await unit.repo(ClipRepository).save(replace(clip, done_at=done_at))
        await self._touch(unit, clip.loop_id)
        return saved

    async def remove(self, unit: Unit, clip_id: str) -> Clip:
        """Take a clip away. Raises NotFound."""
        clip = await self._clip(unit, clip_id)
        await unit.repo(ClipRepository).remove(clip_id)
        await self._touch(unit, clip.loop_id)
        return clip

    async def move_clip(self, unit: Unit, clip_id: str, day: date) -> Clip:
        """Put one clip on another first day; its deadline stays."""
        clip = await self._clip(unit, clip_id)
        plan = await self.read(unit, clip.loop_id)
        start, end = _span(plan.loop)
        after = day + timedelta(days=clip.length_milli // MILLI)
        grown = replace(plan.loop, start_date=min(start, day), end_date=max(end, after))
        if grown != plan.loop:
            await self._rebase(unit, plan, grown)
        moved = await self._clip(unit, clip_id)
        first, _ = _span(grown)
        saved = await unit.repo(ClipRepository).save(replace(moved, start_milli=(day - first).days * MILLI))
        await self._touch(unit, clip.loop_id)
        return saved

    async def reanchor(
        self,
        unit: Unit,
        loop_id: str,
        anchor: date,
        places: Mapping[str, Moved],
        removed: Sequence[str],
    ) -> Plan:
        """Move a loop to another anchor: clips by id to their places, some taken away, the others stay.

        The loop's days move along; they reach further where a done clip would lie outside.
        """
        plan = await self.read(unit, loop_id)
        start, end = _span(plan.loop)
        moved_by = anchor - (plan.loop.anchor_date or anchor)
        clips = unit.repo(ClipRepository)
        gone = set(removed)
        kept = [clip for clip in plan.clips if clip.id not in gone]
        days = {clip.id: places[clip.id].day if clip.id in places else _day(clip, start) for clip in kept}
        ends = [days[clip.id] + timedelta(days=clip.length_milli // MILLI) for clip in kept]
        loop = replace(
            plan.loop,
            anchor_date=anchor,
            start_date=min([start + moved_by, *days.values()]),
            end_date=max([end + moved_by, *ends]),
        )
        for clip_id in removed:
            await clips.remove(clip_id)
        first, _ = _span(loop)
        for clip in kept:
            place = places.get(clip.id)
            await clips.save(
                replace(
                    clip,
                    start_milli=(days[clip.id] - first).days * MILLI,
                    deadline=place.deadline if place else clip.deadline,
                )
            )
        await unit.repo(LoopRepository).save(loop)
        unit.touch("loop", loop_id)
        return await self.read(unit, loop_id)

    async def rename(self, unit: Unit, loop_id: str, name: str) -> None:
        plan = await self.read(unit, loop_id)
        await unit.repo(LoopRepository).save(replace(plan.loop, name=name))
        unit.touch("loop", loop_id)

    async def _add(self, unit: Unit, loop: Loop, clip: DatedClip) -> Clip:
        first, _ = _span(loop)
        kind = DeadlineKind.NONE if clip.deadline is None else DeadlineKind.HARD if clip.hard else DeadlineKind.SOFT
        return await unit.repo(ClipRepository).add(
            Clip(
                id=ClipId(unit.new_id()),
                loop_id=loop.id,
                lane=clip.lane,
                start_milli=(clip.day - first).days * MILLI,
                length_milli=clip.length_days * MILLI,
                name=clip.name,
                created_at=unit.now,
                updated_at=unit.now,
                notes=clip.notes,
                done_at=clip.done_at,
                source=clip.source,
                kind=clip.kind,
                task_key=clip.task_key or None,
                requires=clip.requires,
                deadline_kind=kind,
                deadline=clip.deadline,
            )
        )

    async def _rebase(self, unit: Unit, plan: Plan, loop: Loop) -> None:
        """Write a loop whose first day changed, keeping every clip on its day."""
        shift = (_span(plan.loop)[0] - _span(loop)[0]).days * MILLI
        if shift:
            for clip in plan.clips:
                await unit.repo(ClipRepository).save(replace(clip, start_milli=clip.start_milli + shift))
        await unit.repo(LoopRepository).save(loop)

    async def _clip(self, unit: Reading, clip_id: str) -> Clip:
        clip = await unit.repo(ClipRepository).get(clip_id)
        if clip is None:
            raise NotFound("clip", "/loop show")
        return clip

    async def _touch(self, unit: Unit, loop_id: str) -> None:
        await unit.repo(LoopRepository).touch(loop_id)
        unit.touch("loop", loop_id)


def _span(loop: Loop) -> tuple[date, date]:
    if loop.start_date is None or loop.end_date is None:
        raise NotFound("release", "/release list")
    return loop.start_date, loop.end_date


def _day(clip: Clip, start: date) -> date:
    return start + timedelta(days=clip.start_milli // MILLI)
