"""What-ifs: small changes, each re-scored at the same `now`, offered with what they would give. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.loops.dates import moment_of, timeline_milli
from bot.loops.model import LANES, MILLI, PREREQUISITES, Clip, ClipId, Lane, LoopBounce, Plan, Role, SuggestedClip
from bot.loops.momentum import components_of, frame_of, percent, score_of, score_plan
from bot.loops.placing import free_slot, free_stretches
from bot.loops.rules import LoopRules
from bot.loops.sequence import Sequenced, covered_milli


class WhatIfKind(StrEnum):
    """In the order of effort, which breaks ties between equal gains."""

    READY = "ready"
    MOVE = "move"
    ADD = "add"
    FINISH = "finish"
    BOUNCE = "bounce"


_EFFORT = {kind: place for place, kind in enumerate(WhatIfKind)}


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One change and its gain, 0..1. `clip` is the one touched, `add` a new one, `start_milli` where it moves."""

    kind: WhatIfKind
    gain: float = 0.0
    clip: Clip | None = None
    add: SuggestedClip | None = None
    start_milli: int | None = None

    @property
    def points(self) -> int:
        """The gain as people read it: whole points of a hundred, half up, so that what is offered is never +0."""
        return percent(self.gain)


def new_clip(suggested: SuggestedClip, plan: Plan, clip_id: str, now: datetime) -> Clip:
    """Return a suggested clip as it would stand in the plan."""
    return Clip(
        ClipId(clip_id),
        plan.loop.id,
        suggested.lane,
        suggested.start_milli,
        suggested.length_milli,
        suggested.name,
        now,
        now,
        notes=suggested.notes,
    )


def with_clip(plan: Plan, suggested: SuggestedClip, now: datetime, clip_id: str = "what-if") -> Plan:
    """Return the plan with one more clip."""
    return replace(plan, clips=(*plan.clips, new_clip(suggested, plan, clip_id, now)))


def with_change(plan: Plan, clip: Clip, changed: Clip) -> Plan:
    """Return the plan with one clip changed."""
    return replace(plan, clips=tuple(changed if one.id == clip.id else one for one in plan.clips))


def applied(plan: Plan, change: WhatIf, now: datetime) -> Plan:
    """Return the plan as it would be after the change."""
    match change.kind:
        case WhatIfKind.BOUNCE:
            return replace(plan, bounces=(*plan.bounces, LoopBounce("what-if", now)))
        case WhatIfKind.ADD if change.add is not None:
            return with_clip(plan, change.add, now)
        case WhatIfKind.READY if change.clip is not None:
            return with_change(plan, change.clip, replace(change.clip, ready=True))
        case WhatIfKind.FINISH if change.clip is not None:
            return with_change(plan, change.clip, replace(change.clip, done_at=now))
        case WhatIfKind.MOVE if change.clip is not None and change.start_milli is not None:
            return with_change(plan, change.clip, replace(change.clip, start_milli=change.start_milli))
        case _:
            raise ValueError(f"a what-if of kind {change.kind} lacks its clip")


def what_ifs(
    plan: Plan, sequenced: Sequenced, now: datetime, rules: LoopRules, *, keep: int | None = None
) -> tuple[WhatIf, ...]:
    """Return the changes worth offering, best first; `keep` defaults to how many a card shows."""
    before = score_plan(plan, now, rules.momentum)
    scored = (
        replace(one, gain=round(score_plan(applied(plan, one, now), now, rules.momentum) - before, 4))
        for one in _candidates(plan, sequenced, now, rules)
    )
    worth = [one for one in scored if one.gain >= rules.whatif.min_gain]
    worth.sort(key=lambda one: (-one.gain, _EFFORT[one.kind]))
    return tuple(worth[: rules.whatif.shown if keep is None else keep])


def shortfalls(plan: Plan, now: datetime, rules: LoopRules) -> list[tuple[Lane, float]]:
    """Return the lanes that hold less than their share, most missing first; lanes not used are left out."""
    frame = frame_of(plan.loop, rules.momentum)
    missing = []
    for lane in LANES:
        if lane in plan.loop.lanes_unused:
            continue
        units = covered_milli((c.start_milli, c.end_milli) for c in plan.clips if c.lane is lane) / MILLI
        short = rules.momentum.target(frame.role, lane) - units / frame.capacity
        if short > 1e-9:
            missing.append((lane, short))
    missing.sort(key=lambda pair: -pair[1])
    return missing


def horizon_milli(plan: Plan, rules: LoopRules) -> int:
    """Return the last time a clip may end: the loop's last day, or the timeline's end."""
    if plan.loop.is_dated:
        return plan.loop.length_days * MILLI
    return timeline_milli(plan.loop, plan.clips, rules)


def _candidates(plan: Plan, sequenced: Sequenced, now: datetime, rules: LoopRules) -> Iterator[WhatIf]:
    for action in sequenced.next_actions[: rules.sequence.next_shown]:
        yield WhatIf(WhatIfKind.FINISH, clip=action.clip)
    if plan.loop.role is Role.ARTIST:
        yield WhatIf(WhatIfKind.BOUNCE)
    for action in sequenced.next_actions:
        if not action.clip.ready:
            yield WhatIf(WhatIfKind.READY, clip=action.clip)
            break
    latest = horizon_milli(plan, rules)
    for item in sequenced.clips:
        if item.conflicts and not item.clip.is_done:
            start = free_slot(
                plan.clips,
                item.clip.lane,
                item.clip.length_milli,
                earliest=item.clip.start_milli,
                latest=latest,
                ignore=(item.clip.id,),
            )
            if start is not None:
                yield WhatIf(WhatIfKind.MOVE, clip=item.clip, start_milli=start)
    yield from _fill_the_gap(plan, sequenced, now, rules, latest)
    yield from _place_prerequisite(plan, sequenced, rules)


def _fill_the_gap(plan: Plan, sequenced: Sequenced, now: datetime, rules: LoopRules, latest: int) -> Iterator[WhatIf]:
    """Offer a clip in the lane that is shortest, in the largest gap, else in its first free slot."""
    missing = shortfalls(plan, now, rules)
    if not missing or len(plan.clips) >= rules.max_clips:
        return
    lane = missing[0][0]
    length = round(rules.default_length_units * MILLI)
    gap = max(sequenced.gaps, key=lambda one: one.length_milli, default=None)
    start = gap.start_milli if gap and gap.length_milli >= length else None
    if start is None:
        at = max(0, moment_of(plan.loop, now).at_milli)
        start = free_slot(plan.clips, lane, length, earliest=at, latest=latest)
    if start is not None:
        yield WhatIf(WhatIfKind.ADD, add=SuggestedClip(lane, start, length, rules.default_clip_name))


def _place_prerequisite(plan: Plan, sequenced: Sequenced, rules: LoopRules) -> Iterator[WhatIf]:
    """Offer, for each blocked clip, a clip before it in the first lane that would free it."""
    if len(plan.clips) >= rules.max_clips:
        return
    seen: set[tuple[Lane, int]] = set()
    for item in sequenced.clips:
        clip = item.clip
        if not item.blocked_by:
            continue
        lane = PREREQUISITES[clip.lane][1][0]
        stretches = free_stretches(plan.clips, lane, 0, clip.start_milli)
        if not stretches or stretches[-1][1] - stretches[-1][0] < MILLI:
            continue
        left, right = stretches[-1]
        length = min(round(rules.default_length_units * MILLI), right - left)
        start = right - length
        if (lane, start) not in seen:
            seen.add((lane, start))
            yield WhatIf(WhatIfKind.ADD, add=SuggestedClip(lane, start, length, rules.default_clip_name))


def lift(plan: Plan, now: datetime, rules: LoopRules, **components: float) -> float:
    """Return how much the score would rise if these components had these values."""
    frame = frame_of(plan.loop, rules.momentum)
    found = components_of(plan.clips, plan.bounces, frame, now, rules.momentum)
    before = score_of(found, frame.role, rules.momentum)
    return score_of(replace(found, **components), frame.role, rules.momentum) - before
