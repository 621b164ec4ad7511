"""One area's part of a week each, read by queries over the window; wired into the digest, never written."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.bounces.model import Bounce, Filter, SliceKind
from bot.coach.adapt import WeekResult, counted, weeks_in_motion
from bot.coach.model import FocusArea, Task, TaskStatus
from bot.coach.rules import coach_rules
from bot.coach.service.planning import result_of
from bot.coach.trend import RATE_SCALE, Direction, trend
from bot.digest.model import (
    Direction as WeekDirection,
)
from bot.digest.model import (
    DoneBounce,
    DoneClip,
    FormChange,
    LoopLine,
    NextStep,
    PhaseLine,
    ReleaseLine,
    SliceCount,
    StepKind,
    TagCount,
    WaitingTask,
    WeekCounts,
    WeekData,
)
from bot.digest.schedule import Window
from bot.loops.area import LoopArea
from bot.loops.model import MILLI, Loop, Plan
from bot.loops.momentum import measure
from bot.phases.service import PhaseService
from bot.releases.model import ReleaseState
from bot.releases.service import ReleaseService
from bot.words import Words
from storage.repositories.bounces import BounceRepository, SliceRepository
from storage.repositories.coach import CoachStateRepository
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository
from storage.repositories.loops import ClipRepository, DeskRepository, LoopRepository
from storage.repositories.mission_steps import StepRepository
from storage.repositories.phases import FormMapRepository
from storage.unit import Database

WINDOW_MOST = 500
"""Bounces read of one window; more are not listed, and nobody finishes as many."""
LOOPS_MOST = 3
WEEKS_BACK = 10
_TICK = timedelta(milliseconds=1)


class BounceWeek:
    """Bounces, saved slices, tags."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def fill(self, owner: int, window: Window, zone: ZoneInfo, data: WeekData) -> WeekData:
        async with self._database.read(owner) as unit:
            wanted = Filter(since=window.after, until=window.until)
            bounces = await unit.repo(BounceRepository).find(wanted, WINDOW_MOST)
            bounces = [b for b in bounces if window.after < b.bounced_at <= window.until]
            slices = await unit.repo(SliceRepository).between(window.after, window.until)
            manual = [s for s in slices if s.kind is SliceKind.MANUAL]
            named = await unit.repo(BounceRepository).many(list({s.bounce_id for s in manual}))
            loops = {str(loop.id): loop.name for loop in await unit.repo(LoopRepository).all()} if bounces else {}
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


class LoopWeek:
    """Clips done, momentum at both cuts, next actions of the active loop."""

    def __init__(self, database: Database, loops: LoopArea, words: Words) -> None:
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


class ReleaseWeek:
    """The next release, near hard deadlines, and whether a release day was in the window."""

    def __init__(self, releases: ReleaseService, words: Words) -> None:
        self._releases = releases
        self._words = words

    async def fill(self, owner: int, window: Window, zone: ZoneInfo, data: WeekData) -> WeekData:
        first, today = window.after.astimezone(zone).date(), window.until.astimezone(zone).date()
        views = await self._releases.all(owner, [ReleaseState.PLANNED, ReleaseState.RELEASED, ReleaseState.REVIEWED])
        views = [replace(view, today=today) for view in views]
        live = [view for view in views if view.release.state is not ReleaseState.REVIEWED]
        steps: list[NextStep] = []
        for view in live:
            for task in view.open:
                if task.is_hard and task.deadline is not None and task.deadline >= today:
                    facts = self._releases.facts.shown(task.facts[:1], view.release.conditions)
                    steps.append(
                        NextStep(
                            StepKind.DEADLINE,
                            task.clip.id,
                            task.clip.name,
                            task.deadline,
                            days_before_release=(view.release.anchor_date - task.deadline).days or None,
                            checked=facts[0].checked(today, self._words) if facts else "",
                        )
                    )
        coming = [view for view in live if view.days_left >= 0]
        nearest = min(coming, key=lambda view: view.days_left, default=None)
        line = None
        if nearest is not None:
            hard = nearest.next_hard
            line = ReleaseLine(
                nearest.release.title,
                nearest.release.anchor_date,
                hard.clip.name if hard else "",
                hard.deadline if hard else None,
                public=nearest.release.countdown_channel_id is not None,
            )
        days = sum(first < view.release.anchor_date <= today for view in views)
        return replace(data, steps=(*steps, *data.steps), release=line, release_days=days)


class CoachWeek:
    """Tasks of the week, weeks in motion, the longest-waiting task, the next task and a rest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def fill(self, owner: int, window: Window, zone: ZoneInfo, data: WeekData) -> WeekData:
        async with self._database.read(owner) as unit:
            weeks, tasks = unit.repo(CoachWeekRepository), unit.repo(CoachTaskRepository)
            since = window.week.monday - timedelta(weeks=WEEKS_BACK)
            sessions = [week for week in await weeks.since(since) if week.week_start <= window.week.monday]
            if not sessions:
                return data
            found = await tasks.of_weeks([week.id for week in sessions])
            state = await unit.repo(CoachStateRepository).get()
        seen = state.seen_weeks if state else ()
        results = [result_of(week, found[week.id], week.week_start in seen) for week in sessions]
        this_week = next((week for week in sessions if week.week_start == window.week.monday), None)
        own = found[this_week.id] if this_week else []
        decided = [
            task
            for week in sessions[-2:]
            for task in found[week.id]
            if task.decided_at is not None and window.after < task.decided_at <= window.until
        ]
        reflected = sum(
            not week.reflections.is_empty
            and week.closed_at is not None
            and window.after < week.closed_at <= window.until
            for week in sessions[-2:]
        )
        return replace(
            data,
            counts=_counts(own, results, window.until) if this_week else None,
            waiting=_waiting(own),
            steps=(*data.steps, *_task_steps(own)),
            tasks_decided=len(decided),
            reflections=reflected,
        )


def _counts(tasks: Sequence[Task], results: Sequence[WeekResult], until: datetime) -> WeekCounts:
    areas: dict[str, list[int]] = {}
    for task in tasks:
        if task.status is TaskStatus.LET_GO:
            continue
        done, planned = areas.setdefault(str(task.focus_area).replace("_", " "), [0, 0])
        was_done = task.status is TaskStatus.DONE and (task.decided_at is None or task.decided_at <= until)
        areas[str(task.focus_area).replace("_", " ")] = [done + was_done, planned + 1]
    motion, of = weeks_in_motion(results)
    rates = [result.done / result.planned for result in counted(results)]
    found = trend(rates, coach_rules().trend, scale=RATE_SCALE) if rates else None
    direction = WeekDirection.EARLY
    if found is not None and found.confident:
        direction = {
            Direction.IMPROVING: WeekDirection.UP,
            Direction.DECLINING: WeekDirection.DOWN,
        }.get(found.direction, WeekDirection.SAME)
    return WeekCounts(tuple((name, done, planned) for name, (done, planned) in areas.items()), motion, of, direction)


def _waiting(tasks: Sequence[Task]) -> WaitingTask | None:
    carried = [task for task in tasks if task.is_open and task.carry_count > 0]
    oldest = max(carried, key=lambda task: task.carry_count, default=None)
    return WaitingTask(oldest.title, oldest.carry_count) if oldest else None


def _task_steps(tasks: Sequence[Task]) -> list[NextStep]:
    open_tasks = [task for task in tasks if task.is_open]
    steps: list[NextStep] = []
    for task in sorted(open_tasks, key=lambda item: item.position):
        rest = task.focus_area is FocusArea.WELLBEING
        kind = StepKind.REST if rest else StepKind.TASK
        steps.append(
            NextStep(
                kind,
                task.loop_clip_id or task.id,
                task.title,
                task.due if not rest else None,
                if_then=task.if_then or "",
            )
        )
    return steps


class PhaseWeek:
    """The phase, bounces since it was entered, form map changes."""

    def __init__(self, database: Database, phases: PhaseService) -> None:
        self._database = database
        self._phases = phases

    async def fill(self, owner: int, window: Window, zone: ZoneInfo, data: WeekData) -> WeekData:
        # Looking makes the offer that is due: the digest is one of the places where it is shown.
        look = await self._phases.look(owner)
        entry, offer = look.entry, look.offer
        async with self._database.read(owner) as unit:
            changes = await unit.repo(FormMapRepository).changes(window.after, window.until)
            wanted = Filter(since=entry.entered_at, until=window.until)
            bounces = await unit.repo(BounceRepository).count(wanted)
        line = None
        if entry.entered_at <= window.until:
            line = PhaseLine(str(entry.phase), entry.entered_at.astimezone(zone).date(), bounces, offer is not None)
        return replace(data, forms=tuple(FormChange(name, count) for name, count in changes), phase=line)


class MissionWeek:
    """How many proposals wait."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def fill(self, owner: int, window: Window, zone: ZoneInfo, data: WeekData) -> WeekData:
        async with self._database.read(owner) as unit:
            return replace(data, proposals=len(await unit.repo(StepRepository).pending()))
