"""Suggested clips: made by rule from the task bank, and the gate that every suggestion passes. Pure.

The gate is the same for rules and AI: nothing an AI answers can do more than pass through here.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.loops.bank import BankTask, TaskBank
from bot.loops.dates import moment_of
from bot.loops.model import LANES, MILLI, Lane, Plan, SuggestedClip
from bot.loops.momentum import score_plan
from bot.loops.placing import free_slot, unblocked_from
from bot.loops.rules import LoopRules
from bot.loops.whatif import horizon_milli, shortfalls, with_clip


@dataclass(frozen=True, slots=True)
class Gated:
    """A suggestion after the gate: a clip to accept, or an idea with the reason why it is only that."""

    clip: SuggestedClip
    gain: float
    fingerprint: str
    idea_because: str | None = None

    @property
    def is_clip(self) -> bool:
        return self.idea_because is None


@dataclass(frozen=True, slots=True)
class GateResult:
    """What came through, in order; `dropped` counts the rest by reason, for the log."""

    passed: tuple[Gated, ...]
    dropped: Mapping[str, int]

    @property
    def clips(self) -> tuple[Gated, ...]:
        return tuple(one for one in self.passed if one.is_clip)


def folded(name: str) -> str:
    """Return a name for comparing: case, width, accents and spaces ignored.

    >>> folded("  Café  Mix ")
    'cafe mix'
    """
    plain = unicodedata.normalize("NFKD", name)
    return " ".join("".join(sign for sign in plain if not unicodedata.combining(sign)).casefold().split())


def fingerprint(clip: SuggestedClip) -> str:
    """Return what a dismissal remembers: lane, folded name, start rounded to a unit."""
    return f"{clip.lane.value}|{folded(clip.name)}|{(clip.start_milli + MILLI // 2) // MILLI}"


def read_suggested(raw: object, rules: LoopRules, *, dated: bool) -> SuggestedClip | None:
    """Read one `{lane, start, length, name, notes}` of unknown types; None when lane or start cannot be read."""
    if not isinstance(raw, Mapping):
        return None
    lane = str(raw.get("lane", "")).strip().casefold()
    start = _number(raw.get("start"))
    if lane not in set(LANES) or start is None or abs(start) > rules.max_start_units:
        return None
    length = _number(raw.get("length"))
    if length is None or length <= 0 or length > rules.max_length_units:
        length = rules.default_length_units
    start_milli, length_milli = round(start * MILLI), max(1, round(length * MILLI))
    if dated:
        start_milli = start_milli // MILLI * MILLI
        length_milli = max(MILLI, -(-length_milli // MILLI) * MILLI)
    name = _text(raw.get("name"))[: rules.suggest.name_max].strip() or rules.default_clip_name
    return SuggestedClip(
        Lane(lane), start_milli, length_milli, name, _text(raw.get("notes"))[: rules.suggest.notes_max]
    )


def gate(
    suggested: Sequence[SuggestedClip | None],
    plan: Plan,
    now: datetime,
    rules: LoopRules,
    dismissed: Collection[str] = (),
) -> GateResult:
    """Check suggestions in order against the plan and each other. None stands for one that could not be read."""
    before = score_plan(plan, now, rules.momentum)
    latest = horizon_milli(plan, rules)
    dropped: Counter[str] = Counter()
    passed: list[Gated] = []
    placed = plan
    for one in suggested:
        if one is None:
            dropped["unreadable"] += 1
            continue
        mark = fingerprint(one)
        if mark in dismissed:
            dropped["dismissed"] += 1
            continue
        gain = round(score_plan(with_clip(plan, one, now), now, rules.momentum) - before, 4)
        reason = _idea_reason(one, placed, latest, gain, rules)
        passed.append(Gated(one, gain, mark, reason))
        if reason is None:
            placed = with_clip(placed, one, now, f"suggested-{len(passed)}")
    return GateResult(tuple(passed), dropped)


def suggest_by_rule(
    plan: Plan,
    bank: TaskBank,
    now: datetime,
    rules: LoopRules,
    *,
    phase: str = "any",
    dismissed: Collection[str] = (),
) -> tuple[SuggestedClip, ...]:
    """Return up to three clips, one for each lane that is shortest, named from the task bank."""
    taken = {folded(clip.name) for clip in plan.clips}
    made: list[SuggestedClip] = []
    for lane, _ in shortfalls(plan, now, rules):
        if len(made) == rules.suggest.clips:
            break
        for task in bank.tasks(lane, plan.loop.role, phase):
            if folded(task.name) in taken:
                continue
            clip = _placed(plan, lane, task, now, rules)
            if clip is None:
                break
            if fingerprint(clip) not in dismissed:
                made.append(clip)
                break
    return tuple(made)


def _placed(plan: Plan, lane: Lane, task: BankTask, now: datetime, rules: LoopRules) -> SuggestedClip | None:
    """Return the task as a clip in the first free slot that is not blocked, from the present place on."""
    dated = plan.loop.is_dated
    length = rules.suggest.effort_days[task.effort] if dated else rules.default_length_units
    free_from = unblocked_from(plan.clips, lane, bool(plan.bounces))
    if free_from is None:
        return None
    if dated:
        free_from = -(-free_from // MILLI) * MILLI
    here = max(free_from, moment_of(plan.loop, now).at_milli, 0)
    for earliest in (here, free_from):
        start = free_slot(plan.clips, lane, round(length * MILLI), earliest=earliest, latest=horizon_milli(plan, rules))
        if start is not None:
            return SuggestedClip(lane, start, round(length * MILLI), task.name, task.how)
        if dated:
            break
    return None


def _idea_reason(one: SuggestedClip, placed: Plan, latest: int, gain: float, rules: LoopRules) -> str | None:
    end = one.start_milli + one.length_milli
    if one.start_milli < 0 or end > latest:
        return "outside"
    room = rules.sequence.overlap_units * MILLI
    for other in placed.clips:
        shared = min(other.end_milli, end) - max(other.start_milli, one.start_milli)
        if other.lane is one.lane and shared > room:
            return "overlap"
    return "gain" if gain < 0 else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _text(value: object) -> str:
    """Return text without control signs; anything but text reads as empty."""
    if not isinstance(value, str):
        return ""
    return "".join(sign for sign in value if sign == "\n" or unicodedata.category(sign)[0] != "C").strip()
