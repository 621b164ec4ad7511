"""The momentum engine: plan x motion. Pure: the same clips, bounces and `now` give the same record.

A geometric mean joins the two pillars, so a surplus in one cannot buy off the other; the floor lets a fresh
plan read a little above zero. Beats per minute and zoom never matter.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import log

from bot.loops.dates import zone_of
from bot.loops.model import LANES, MILLI, Clip, Lane, Loop, LoopBounce, Pace, Plan, Role
from bot.loops.rules import MomentumRules
from bot.loops.sequence import blocks, covered, covered_milli

_JUDGED = (Lane.PROMO, Lane.ANALYSIS, Lane.REFINE)
"""Lanes with a prerequisite: only they can be out of order."""


class Label(StrEnum):
    QUIET = "quiet"
    WARMING = "warming"
    STEADY = "steady"
    STRONG = "strong"
    FLYING = "flying"


@dataclass(frozen=True, slots=True)
class Frame:
    """What a loop is measured against: capacity in units, the share of time to be covered, role and pace."""

    capacity: float
    flow_share: float
    role: Role
    pace: Pace
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Components:
    """The seven components, each 0..1."""

    coverage: float = 0.0
    flow: float = 0.0
    tidy: float = 0.0
    order: float = 0.0
    ready: float = 0.0
    drive: float = 0.0
    output: float = 0.0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a number is what it is: the end of a string key and its named parts."""

    code: str
    parts: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Momentum:
    """The record: `score` 0..1 rounded to 4 places, its label, pillars, components, lanes and reasons."""

    score: float
    label: Label
    plan: float
    motion: float
    quality: float
    components: Components
    lane_units: Mapping[Lane, float]
    lane_shares: Mapping[Lane, float]
    reasons: tuple[Reason, ...]

    @property
    def percent(self) -> int:
        return percent(self.score)


def percent(share: float) -> int:
    """Return a share as a whole percentage, half up, as people expect it.

    >>> percent(0.5167), percent(0.125)
    (52, 13)
    """
    return int(share * 100 + 0.5 + 1e-9)


def frame_of(loop: Loop, rules: MomentumRules) -> Frame:
    """Return what this loop is measured against: its own dates, never its clips."""
    if loop.is_dated:
        capacity = rules.capacity_per_week[loop.pace] * loop.length_days / 7
        return Frame(capacity, rules.flow_share_dated, loop.role, loop.pace, loop.timezone)
    return Frame(rules.capacity_undated, rules.flow_share_undated, loop.role, loop.pace, loop.timezone)


def label_of(score: float, rules: MomentumRules) -> Label:
    """Return the word for a rounded score; an edge belongs to the lower label."""
    return tuple(Label)[sum(score > edge for edge in rules.label_edges)]


def pillars(components: Components, role: Role, rules: MomentumRules) -> tuple[float, float, float]:
    """Return plan, motion and quality from the components."""
    quality = (components.flow + components.tidy + components.order + components.ready) / 4
    plan = components.coverage * (rules.quality_floor + (1 - rules.quality_floor) * quality)
    if role is Role.ARTIST:
        motion = rules.drive_weight * components.drive + (1 - rules.drive_weight) * components.output
    else:
        motion = components.drive
    return plan, motion, quality


def score_of(components: Components, role: Role, rules: MomentumRules) -> float:
    """Return the score, 0..1 rounded to 4 places, that these components give."""
    plan, motion, _ = pillars(components, role, rules)
    floor = rules.pillar_floor
    lifted_plan = floor + (1 - floor) * plan
    lifted_motion = floor + (1 - floor) * motion
    mean = lifted_plan**rules.plan_exponent * lifted_motion ** (1 - rules.plan_exponent)
    return round(min(1.0, max(0.0, (mean - floor) / (1 - floor))), 4)


def components_of(
    clips: Sequence[Clip], bounces: Sequence[LoopBounce], frame: Frame, now: datetime, rules: MomentumRules
) -> Components:
    """Return the seven components at `now`."""
    drive = _drive([clip.done_at for clip in clips if clip.done_at], frame, now, rules)
    output = _output(bounces, now, rules)
    if not clips:
        return Components(drive=drive, output=output)
    units = _lane_milli(clips)
    capacity = frame.capacity * MILLI
    total = sum(clip.length_milli for clip in clips)
    stretches = covered((clip.start_milli, clip.end_milli) for clip in clips)
    span = stretches[-1][1] - stretches[0][0]
    busy = sum(end - start for start, end in stretches)
    blocked = blocks(clips, bool(bounces))
    judged = sum(clip.length_milli for clip in clips if clip.lane in _JUDGED)
    free = sum(clip.length_milli for clip in clips if clip.lane in _JUDGED and clip.id not in blocked)
    return Components(
        coverage=sum(min(rules.target(frame.role, lane), units[lane] / capacity) for lane in LANES),
        flow=min(1.0, busy / span / frame.flow_share),
        tidy=sum(units.values()) / total,
        order=free / judged if judged else 1.0,
        ready=sum(clip.length_milli for clip in clips if clip.ready or clip.is_done) / total,
        drive=drive,
        output=output,
    )


def score_plan(plan: Plan, now: datetime, rules: MomentumRules) -> float:
    """Return only the score of a plan; what-ifs ask this many times."""
    components = components_of(plan.clips, plan.bounces, frame_of(plan.loop, rules), now, rules)
    return score_of(components, plan.loop.role, rules)


def measure(plan: Plan, now: datetime, rules: MomentumRules) -> Momentum:
    """Return the whole momentum record of a plan at `now`, with its reasons."""
    frame = frame_of(plan.loop, rules)
    components = components_of(plan.clips, plan.bounces, frame, now, rules)
    plan_value, motion, quality = pillars(components, frame.role, rules)
    score = score_of(components, frame.role, rules)
    units = _lane_milli(plan.clips)
    total = sum(clip.length_milli for clip in plan.clips)
    return Momentum(
        score=score,
        label=label_of(score, rules),
        plan=plan_value,
        motion=motion,
        quality=quality if plan.clips else 0.0,
        components=components,
        lane_units={lane: units[lane] / MILLI for lane in LANES},
        lane_shares={
            lane: sum(c.length_milli for c in plan.clips if c.lane is lane) / total if total else 0.0 for lane in LANES
        },
        reasons=_reasons(plan, frame, now, rules),
    )


def distinct_bounces(bounces: Sequence[LoopBounce]) -> tuple[LoopBounce, ...]:
    """Return one bounce for each content hash, the first logged: a copy is not new work."""
    first: dict[str, LoopBounce] = {}
    for bounce in sorted(bounces, key=lambda one: one.at):
        first.setdefault(bounce.content_hash, bounce)
    return tuple(first.values())


def _lane_milli(clips: Sequence[Clip]) -> dict[Lane, int]:
    return {
        lane: covered_milli((clip.start_milli, clip.end_milli) for clip in clips if clip.lane is lane) for lane in LANES
    }


def _age_days(then: datetime, now: datetime) -> float:
    return max(0.0, (now - then) / timedelta(days=1))


def _drive(done: Sequence[datetime], frame: Frame, now: datetime, rules: MomentumRules) -> float:
    """Add up completions with a half-life, so many a local day at most; steady work at one's pace is 1."""
    zone = zone_of(frame.timezone)
    a_day: Counter[object] = Counter()
    weight = 0.0
    for moment in sorted(done, reverse=True):
        day = moment.astimezone(zone).date()
        a_day[day] += 1
        if a_day[day] <= rules.completions_per_day:
            weight += 0.5 ** (_age_days(moment, now) / rules.drive_half_life_days)
    return min(1.0, weight * log(2) / rules.completions_per_week[frame.pace])


def _output(bounces: Sequence[LoopBounce], now: datetime, rules: MomentumRules) -> float:
    return min(
        1.0,
        sum(0.5 ** (_age_days(b.at, now) / rules.output_half_life_days) for b in distinct_bounces(bounces)),
    )


def _reasons(plan: Plan, frame: Frame, now: datetime, rules: MomentumRules) -> tuple[Reason, ...]:
    reasons: list[Reason] = []
    if plan.clips:
        used = len({clip.lane for clip in plan.clips})
        blocked = len(blocks(plan.clips, bool(plan.bounces)))
        reasons.append(Reason("plan_blocked" if blocked else "plan", {"lanes": used, "count": blocked}))
    else:
        reasons.append(Reason("no_clips"))
    done = sorted((clip.done_at for clip in plan.clips if clip.done_at), reverse=True)
    recent = [then for then in done if _age_days(then, now) <= rules.reason_window_days]
    if recent:
        days = int(_age_days(recent[-1], now)) + 1
        code = "motion" if days > 1 else "motion_today"
        reasons.append(Reason(code, {"count": len(recent), "days": days}))
    elif done:
        reasons.append(Reason("motion_idle", {"count": int(_age_days(done[0], now))}))
    else:
        reasons.append(Reason("motion_none"))
    if frame.role is Role.ARTIST:
        bounces = distinct_bounces(plan.bounces)
        newest = max((bounce.at for bounce in bounces), default=datetime.min.replace(tzinfo=UTC))
        if bounces:
            days = int(_age_days(newest, now))
            reasons.append(Reason("output" if days else "output_today", {"count": len(bounces), "days": days}))
        else:
            reasons.append(Reason("output_none"))
    return tuple(reasons)
