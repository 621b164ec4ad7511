"""Tips from the rules: which component holds the score back most, and a small thing that would help. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.loops.model import MILLI, PREREQUISITES, Plan, Role
from bot.loops.momentum import components_of, frame_of, score_plan
from bot.loops.placing import free_slot, unblocked_from
from bot.loops.rules import LoopRules
from bot.loops.sequence import Sequenced
from bot.loops.whatif import horizon_milli, lift, shortfalls, with_change


@dataclass(frozen=True, slots=True)
class Tip:
    """One tip: the end of its string key (`tip.<code>`), its named parts and what it could give, 0..1."""

    code: str
    parts: Mapping[str, object] = field(default_factory=dict[str, object])
    gain: float = 0.0


def tips(plan: Plan, sequenced: Sequenced, now: datetime, rules: LoopRules) -> tuple[Tip, ...]:
    """Return the tips worth reading, the largest lift first; overdue clips come before all."""
    if not plan.clips:
        return (Tip("empty"),)
    found = _from_components(plan, sequenced, now, rules)
    found = [tip for tip in found if tip.gain >= rules.whatif.min_gain]
    found.sort(key=lambda tip: -tip.gain)
    overdue = [item.clip for item in sequenced.clips if item.overdue]
    if overdue:
        found.insert(0, Tip("overdue", {"clip": overdue[0].name, "count": len(overdue)}))
    return tuple(found[: rules.suggest.tips])


def _from_components(plan: Plan, sequenced: Sequenced, now: datetime, rules: LoopRules) -> list[Tip]:
    frame = frame_of(plan.loop, rules.momentum)
    have = components_of(plan.clips, plan.bounces, frame, now, rules.momentum)
    found: list[Tip] = []
    if have.drive < 0.99:
        found.append(_drive_tip(plan, now, lift(plan, now, rules, drive=1.0)))
    if plan.loop.role is Role.ARTIST and have.output < 0.5:
        code = "output_again" if plan.bounces else "output"
        found.append(Tip(code, gain=lift(plan, now, rules, output=1.0)))
    for lane, short in shortfalls(plan, now, rules):
        gain = lift(plan, now, rules, coverage=min(1.0, have.coverage + short))
        empty = not any(clip.lane is lane for clip in plan.clips)
        code = f"coverage.{lane.value}" if empty else "coverage.more"
        milli = round(short * frame.capacity) * MILLI
        found.append(Tip(code, {"lane": lane.value, "room": max(MILLI, milli)}, gain))
    if have.flow < 1 and sequenced.gaps:
        gap = max(sequenced.gaps, key=lambda one: one.length_milli)
        found.append(Tip("flow", {"from": gap.start_milli, "to": gap.end_milli}, lift(plan, now, rules, flow=1.0)))
    crowded = next((item for item in sequenced.clips if item.conflicts), None)
    if have.tidy < 1 and crowded is not None:
        other = sequenced.by_id[crowded.conflicts[0]].clip
        parts = {"clip": crowded.clip.name, "other": other.name}
        found.append(Tip("tidy", parts, lift(plan, now, rules, tidy=1.0)))
    if have.order < 1:
        found.append(_order_tip(plan, sequenced, now, rules, lift(plan, now, rules, order=1.0)))
    waiting = next((action.clip for action in sequenced.next_actions if not action.clip.ready), None)
    if have.ready < 1 and waiting is not None:
        found.append(Tip("ready", {"clip": waiting.name}, lift(plan, now, rules, ready=1.0)))
    return found


def _drive_tip(plan: Plan, now: datetime, gain: float) -> Tip:
    done = [clip.done_at for clip in plan.clips if clip.done_at]
    if not done:
        return Tip("drive_first", gain=gain)
    days = max(0, (now - max(done)) // timedelta(days=1))
    return Tip("drive" if days else "drive_moving", {"count": days}, gain)


def _order_tip(plan: Plan, sequenced: Sequenced, now: datetime, rules: LoopRules, gain: float) -> Tip:
    """Name the first blocked clip and, where one move frees it, the clip to follow and the points it gives."""
    item = next(one for one in sequenced.clips if one.blocked_by)
    clip = item.clip
    free_from = unblocked_from(plan.clips, clip.lane, bool(plan.bounces))
    if free_from is not None:
        start = free_slot(
            plan.clips,
            clip.lane,
            clip.length_milli,
            earliest=free_from,
            latest=max(horizon_milli(plan, rules), free_from + clip.length_milli + MILLI),
            ignore=(clip.id,),
        )
        lanes = PREREQUISITES[clip.lane][1]
        after = min((one for one in plan.clips if one.lane in lanes), key=lambda one: one.end_milli, default=None)
        if start is not None and after is not None:
            moved = with_change(plan, clip, replace(clip, start_milli=start))
            change = score_plan(moved, now, rules.momentum) - score_plan(plan, now, rules.momentum)
            points = round(change * 100)
            parts = {"clip": clip.name, "after": after.name, "points": points}
            return Tip("order" if points > 0 else "order_plain", parts, gain)
    return Tip("order_missing", {"clip": clip.name, "needs": item.blocked_by[0].removeprefix("prereq:")}, gain)
