"""Loops' part of a week: clips done, momentum at both cuts, next actions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.digest.model import DoneClip, LoopLine, NextStep, StepKind, StudioItem, StudioWeek, StudioWhat, WeekData
from bot.digest.schedule import Window
from bot.loops.area import LoopArea
from bot.loops.model import MILLI, Clip, DeadlineKind, Loop, Plan
from bot.loops.momentum import measure
from bot.say.words import Speaks
from storage.repositories.changes import ChangeRepository
from storage.repositories.loops import ClipRepository, DeskRepository, LoopRepository
from storage.unit import Database

LOOPS_MOST = 3
Before = Mapping[str, Mapping[str, Any]]
"""Rows as they were when the week began, by id: those that were changed since."""
_TICK = timedelta(milliseconds=1)


class LoopWeek:
    """Clips done, momentum at both cuts, next actions of the active loop."""

    def __init__(self, database: Database, loops: LoopArea, words: Speaks) -> None:
        self._database = database
        self._loops = loops
        self._words = words

    async def fill(self, owner: int, window: Window, zone: ZoneInfo, data: WeekData) -> WeekData:
        async with self._database.read(owner) as unit:
            clips = await unit.repo(ClipRepository).finished_between(window.after + _TICK, window.until + _TICK)
            all_loops = await unit.repo(LoopRepository).all()
            desk = await unit.repo(DeskRepository).get()
        names = {loop.id: loop.name for loop in all_loops}
        # A foundation that was done before its plan was made is not this week's work.
        done = [
            DoneClip(clip.id, clip.name, names.get(clip.loop_id, ""), clip.done_at.astimezone(zone))
            for clip in clips
            if clip.done_at is not None and clip.done_at > clip.created_at
        ]
        open_loops = [loop for loop in all_loops if loop.archived_at is None and loop.created_at <= window.until]
        shown = sorted(open_loops, key=lambda loop: (loop.id != desk.active_loop_id, -loop.updated_at.timestamp()))
        plans = await self._loops.store.plans(owner, shown[:LOOPS_MOST])
        return replace(
            data,
            clips=tuple(done),
            loops=tuple(self._line(plan, window) for plan in plans),
            steps=(*data.steps, *(self._steps(plans[0], zone) if plans else ())),
        )

    async def of_studio(self, server: int, window: Window, zone: ZoneInfo, week: StudioWeek) -> StudioWeek:
        """Return what a server's loops did: clips done in the window, and what was open at its end."""
        async with self._database.read(server) as unit:
            clips = await unit.repo(ClipRepository).finished_between(window.after + _TICK, window.until + _TICK)
            loops = {loop.id: loop for loop in await unit.repo(LoopRepository).all()}
        done = [
            _item(loops[clip.loop_id], clip)
            for clip in clips
            if clip.done_at is not None and clip.done_at > clip.created_at and clip.loop_id in loops
        ]
        plans = await self._loops.store.plans(server, [loop for loop in loops.values() if loop.archived_at is None])
        before = await self._before(server, plans, window.after)
        still = [item for plan in plans for item in self._still_open(at_moment(plan, window.until), window, before)]
        return replace(week, finished=(*week.finished, *done), open=(*week.open, *still))

    async def _before(self, server: int, plans: Sequence[Plan], after: datetime) -> Before:
        """Return the loops and clips as they were when the week began, those that were changed since."""
        ids = [str(plan.loop.id) for plan in plans] + [clip.id for plan in plans for clip in plan.clips]
        async with self._database.read(server) as unit:
            return await unit.repo(ChangeRepository).first_before(after, ids)

    def _still_open(self, plan: Plan, window: Window, before: Before) -> Sequence[StudioItem]:
        """Return what is left of a plan; of one without days only what comes first, as nothing else is due."""
        loop = plan.loop
        if loop.start_date is None:
            first = [action.clip for action in self._loops.store.sequenced(plan, window.until).next_actions[:1]]
            return [_item(loop, clip) for clip in first]
        items: list[StudioItem] = []
        for clip in plan.clips:
            if not clip.is_done:
                day = loop.start_date + timedelta(days=clip.start_milli // MILLI)
                last = day + timedelta(days=max(1, clip.length_milli // MILLI) - 1)
                hard = clip.deadline if clip.deadline_kind is DeadlineKind.HARD else None
                was = _last_day_before(loop, clip, before) if clip.created_at <= window.after else None
                was = None if was == last else was
                items.append(replace(_item(loop, clip), day=day, until=last, deadline=hard, was=was))
        return items

    def _line(self, plan: Plan, window: Window) -> LoopLine:
        rules = self._loops.rules.momentum
        now = measure(at_moment(plan, window.until), window.until, rules)
        before = None
        if plan.loop.created_at <= window.after:
            before = measure(at_moment(plan, window.after), window.after, rules)
        actions = self._loops.store.sequenced(plan, window.until).next_actions
        return LoopLine(
            id=plan.loop.id,
            name=plan.loop.name,
            score=now.score,
            label=str(now.label),
            score_before=before.score if before else None,
            label_before=str(before.label) if before else None,
            next_clip=actions[0].clip.name if actions else "",
        )

    def _steps(self, plan: Plan, zone: ZoneInfo) -> Sequence[NextStep]:
        now = self._loops.store.now
        return [
            NextStep(
                StepKind.ACTION, action.clip.id, action.clip.name, _day(plan.loop, action.clip.start_milli, now, zone)
            )
            for action in self._loops.store.sequenced(plan, now).next_actions
        ]


def _last_day_before(loop: Loop, clip: Clip, before: Before) -> date | None:
    """Return the last day that a clip had when the week began, None where it had none."""
    plan, was = before.get(str(loop.id), {}), before.get(clip.id, {})
    start = date.fromisoformat(told) if (told := plan.get("start_date")) else None
    if start is None:
        start = loop.start_date if "start_date" not in plan else None
    if start is None:
        return None
    first = was.get("start", clip.start_milli) // MILLI
    length = max(1, was.get("length", clip.length_milli) // MILLI)
    return start + timedelta(days=first + length - 1)


def _item(loop: Loop, clip: Clip) -> StudioItem:
    return StudioItem(StudioWhat.TASK, clip.id, clip.name, loop.name, loop.id, client=loop.client_id)


def at_moment(plan: Plan, moment: datetime) -> Plan:
    """Return a plan as far as it was finished at a moment: later work is open, later bounces are not there."""
    clips = tuple(
        replace(clip, done_at=None) if clip.done_at is not None and clip.done_at > moment else clip
        for clip in plan.clips
    )
    return replace(plan, clips=clips, bounces=tuple(b for b in plan.bounces if b.at <= moment))


def _day(loop: Loop, start_milli: int, now: datetime, zone: ZoneInfo) -> date | None:
    if loop.start_date is None or not loop.is_dated:
        return None
    return max(loop.start_date + timedelta(days=start_milli // MILLI), now.astimezone(zone).date())
