"""The sequence engine: what clashes, what waits for what, what comes next. Pure; no clock, no I/O.

Cost is O(n log n) plus one step for each conflict that is reported.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise

from bot.loops.dates import Moment
from bot.loops.model import LANE_ORDER, LANES, MILLI, PREREQUISITES, Clip, ClipId, ClipKind, DeadlineKind, Lane
from bot.loops.rules import SequenceRules


class WarningCode(StrEnum):
    """In the order in which cards show them."""

    BLOCKED = "blocked"
    OVERDUE = "overdue"
    AFTER_RELEASE = "after_release"
    OVERLAP = "overlap"
    NONE_READY = "none_ready"
    LANE_HEAVY = "lane_heavy"
    GAP = "gap"
    LANE_MISSING = "lane_missing"


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch inside the plan that no lane covers."""

    start_milli: int
    end_milli: int

    @property
    def length_milli(self) -> int:
        return self.end_milli - self.start_milli


@dataclass(frozen=True, slots=True)
class LoopWarning:
    """A remark computed each time, never stored. `value` is a length in thousandths or a share, by code."""

    code: WarningCode
    clips: tuple[Clip, ...] = ()
    lane: Lane | None = None
    blocked_by: tuple[str, ...] = ()
    gap: Gap | None = None
    value: float = 0


@dataclass(frozen=True, slots=True)
class SequencedClip:
    """A clip with what the engine found about it."""

    clip: Clip
    conflicts: tuple[ClipId, ...]
    blocked_by: tuple[str, ...]
    overdue: bool
    now: bool

    @property
    def end_milli(self) -> int:
        return self.clip.end_milli


@dataclass(frozen=True, slots=True)
class NextAction:
    """One line of what comes next: `now` when the moment is inside the clip, else queued."""

    clip: Clip
    now: bool
    overdue: bool
    conflicted: bool
    waiting_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sequenced:
    """The engine's answer for one loop. `earlier_open` are unfinished clips behind the playhead."""

    clips: tuple[SequencedClip, ...]
    gaps: tuple[Gap, ...]
    next_actions: tuple[NextAction, ...]
    earlier_open: tuple[Clip, ...]
    warnings: tuple[LoopWarning, ...]
    span_milli: int

    @property
    def by_id(self) -> dict[ClipId, SequencedClip]:
        return {item.clip.id: item for item in self.clips}


def covered(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the union of half-open intervals as sorted, disjoint, non-touching stretches.

    >>> covered([(5, 7), (0, 2), (2, 3)])
    [(0, 3), (5, 7)]
    """
    stretches: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if stretches and start <= stretches[-1][1]:
            if end > stretches[-1][1]:
                stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((start, end))
    return stretches


def covered_milli(intervals: Iterable[tuple[int, int]]) -> int:
    """Return the length of the union of half-open intervals."""
    return sum(end - start for start, end in covered(intervals))


def blocks(clips: Sequence[Clip], has_bounce: bool) -> dict[ClipId, str]:
    """Return the prerequisite code of every blocked clip. A bounce counts as finished creative work. O(n)."""
    first_end: dict[Lane, int] = {}
    finished = {Lane.CREATIVE} if has_bounce else set[Lane]()
    for clip in clips:
        if clip.is_done:
            finished.add(clip.lane)
        end = clip.end_milli
        if end < first_end.get(clip.lane, end + 1):
            first_end[clip.lane] = end
    blocked: dict[ClipId, str] = {}
    for clip in clips:
        rule = PREREQUISITES.get(clip.lane)
        if rule is None or clip.is_done:
            continue
        code, lanes = rule
        if any(lane in finished or first_end.get(lane, clip.start_milli + 1) <= clip.start_milli for lane in lanes):
            continue
        blocked[clip.id] = code
    return blocked


def conflict_pairs(clips: Sequence[Clip]) -> list[tuple[Clip, Clip, int]]:
    """Return each pair of one lane that shares time, with the length shared, by a sweep over starts."""
    pairs: list[tuple[Clip, Clip, int]] = []
    for lane in LANES:
        running: list[tuple[int, int, Clip]] = []
        ordered = sorted((clip for clip in clips if clip.lane is lane), key=lambda c: (c.start_milli, c.id))
        for place, clip in enumerate(ordered):
            while running and running[0][0] <= clip.start_milli:
                heapq.heappop(running)
            end = clip.end_milli
            pairs.extend((other, clip, min(other_end, end) - clip.start_milli) for other_end, _, other in running)
            heapq.heappush(running, (end, place, clip))
    return pairs


def sequence(
    clips: Sequence[Clip],
    *,
    moment: Moment,
    has_bounce: bool,
    rules: SequenceRules,
    lanes_unused: Sequence[Lane] = (),
) -> Sequenced:
    """Sequence a loop's clips at a moment. The order of `clips` makes no difference to the result."""
    ordered = sorted(clips, key=lambda clip: (clip.start_milli, LANE_ORDER[clip.lane], clip.id))
    pairs = conflict_pairs(ordered)
    blocked = blocks(ordered, has_bounce)
    conflicts: dict[ClipId, list[ClipId]] = {}
    for first, second, _ in pairs:
        conflicts.setdefault(first.id, []).append(second.id)
        conflicts.setdefault(second.id, []).append(first.id)
    at = moment.at_milli
    sequenced = tuple(
        SequencedClip(
            clip,
            tuple(sorted(conflicts.get(clip.id, ()))),
            (blocked[clip.id],) if clip.id in blocked else (),
            overdue=moment.is_dated and not clip.is_done and clip.end_milli <= at,
            now=clip.start_milli <= at < clip.end_milli,
        )
        for clip in ordered
    )
    stretches = covered((clip.start_milli, clip.end_milli) for clip in ordered)
    gaps = tuple(Gap(left[1], right[0]) for left, right in pairwise(stretches))
    span = stretches[-1][1] - stretches[0][0] if stretches else 0
    earlier = () if moment.is_dated else tuple(clip for clip in ordered if not clip.is_done and clip.end_milli <= at)
    return Sequenced(
        clips=sequenced,
        gaps=gaps,
        next_actions=_next_actions(sequenced, moment, rules),
        earlier_open=earlier,
        warnings=_warnings(sequenced, pairs, gaps, span, moment, rules, lanes_unused),
        span_milli=span,
    )


def _next_actions(sequenced: Sequence[SequencedClip], moment: Moment, rules: SequenceRules) -> tuple[NextAction, ...]:
    open_items = [
        item
        for item in sequenced
        if not item.clip.is_done and not item.blocked_by and (moment.is_dated or item.clip.end_milli > moment.at_milli)
    ]
    chosen = heapq.nsmallest(
        rules.next_kept,
        open_items,
        key=lambda item: (
            not item.overdue,
            item.clip.start_milli,
            not item.clip.ready,
            LANE_ORDER[item.clip.lane],
            item.clip.id,
        ),
    )
    by_task = {item.clip.task_key: item.clip for item in sequenced if item.clip.task_key}
    return tuple(
        NextAction(
            item.clip,
            item.now,
            item.overdue,
            bool(item.conflicts),
            tuple(by_task[key].name for key in item.clip.requires if key in by_task and not by_task[key].is_done),
        )
        for item in chosen
    )


def _warnings(
    sequenced: Sequence[SequencedClip],
    pairs: Sequence[tuple[Clip, Clip, int]],
    gaps: Sequence[Gap],
    span: int,
    moment: Moment,
    rules: SequenceRules,
    lanes_unused: Sequence[Lane],
) -> tuple[LoopWarning, ...]:
    found = [
        LoopWarning(WarningCode.BLOCKED, (item.clip,), item.clip.lane, item.blocked_by)
        for item in sequenced
        if item.blocked_by
    ]
    found += [LoopWarning(WarningCode.OVERDUE, (item.clip,), item.clip.lane) for item in sequenced if item.overdue]
    found += [
        LoopWarning(WarningCode.AFTER_RELEASE, (item.clip,), item.clip.lane)
        for item in sequenced
        if _starts_too_late(item.clip, moment)
    ]
    long_enough = [pair for pair in pairs if pair[2] > rules.overlap_units * MILLI]
    long_enough.sort(key=lambda pair: (-pair[2], pair[1].start_milli, pair[0].id, pair[1].id))
    found += [
        LoopWarning(WarningCode.OVERLAP, (first, second), first.lane, value=shared)
        for first, second, shared in long_enough
    ]
    if len(sequenced) >= rules.remark_from_clips:
        found += _remarks([item.clip for item in sequenced], gaps, span, rules, lanes_unused)
    return tuple(found)


def _starts_too_late(clip: Clip, moment: Moment) -> bool:
    if clip.kind is not ClipKind.PITCH or clip.deadline_kind is not DeadlineKind.HARD or clip.is_done:
        return False
    if clip.deadline is None or moment.first_day is None:
        return False
    return moment.first_day + timedelta(days=clip.start_milli // MILLI) > clip.deadline


def _remarks(
    clips: Sequence[Clip],
    gaps: Sequence[Gap],
    span: int,
    rules: SequenceRules,
    lanes_unused: Sequence[Lane],
) -> list[LoopWarning]:
    """Return the remarks on the whole shape, which wait until there is a shape."""
    found: list[LoopWarning] = []
    unfinished = [clip for clip in clips if not clip.is_done]
    if unfinished and not any(clip.ready for clip in unfinished):
        found.append(LoopWarning(WarningCode.NONE_READY))
    units = {
        lane: covered_milli((clip.start_milli, clip.end_milli) for clip in clips if clip.lane is lane) for lane in LANES
    }
    total = sum(units.values())
    found += [
        LoopWarning(WarningCode.LANE_HEAVY, lane=lane, value=units[lane] / total)
        for lane in LANES
        if units[lane] > rules.lane_heavy_share * total
    ]
    found += [
        LoopWarning(WarningCode.GAP, gap=gap, value=gap.length_milli)
        for gap in gaps
        if gap.length_milli > rules.gap_share * span
    ]
    found += [
        LoopWarning(WarningCode.LANE_MISSING, lane=lane)
        for lane in LANES
        if lane not in lanes_unused and not any(clip.lane is lane for clip in clips)
    ]
    return found
