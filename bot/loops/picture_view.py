"""What the timeline picture shows, worked out without drawing: the window, the rows, the marks. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.loops.dates import UNITS_PER_BAR, bar_of, timeline_milli
from bot.loops.model import LANES, MILLI, Clip, ClipId, DeadlineKind, Lane, Plan
from bot.loops.momentum import Momentum, percent
from bot.loops.ports import Say
from bot.loops.rules import LoopRules
from bot.loops.sequence import Sequenced
from bot.loops.wording import today_parts
from bot.say.dates import day_month

WHOLE = "whole"
_ROWS_MAX = 6


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the timeline in the main picture."""

    start_milli: int
    span_milli: int

    @property
    def end_milli(self) -> int:
        return self.start_milli + self.span_milli


@dataclass(frozen=True, slots=True)
class Block:
    """One clip in the picture: its sub-row of `rows` in the lane, its marks, and the room after it in the lane.

    `shared` are the stretches of its time that other clips of the lane hold too.
    """

    clip: Clip
    row: int
    rows: int
    blocked: bool = False
    conflicted: bool = False
    overdue: bool = False
    number: int | None = None
    free_until_milli: int | None = None
    shared: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Tick:
    """One line of the axis; a label may be empty."""

    at_milli: int
    label: str
    strong: bool


@dataclass(frozen=True, slots=True)
class TimelineView:
    """All that is drawn. Texts are finished."""

    name: str
    window: Window
    length_milli: int
    blocks: tuple[Block, ...]
    ticks: tuple[Tick, ...]
    deadlines: tuple[tuple[Lane, int], ...]
    here_milli: int
    here_text: str
    momentum_text: str
    plan_share: float
    plan_text: str
    motion_share: float
    motion_text: str
    empty_text: str


def window_of(plan: Plan, at_milli: int, rules: LoopRules, look: str = "") -> Window:
    """Return the part to show. `look` is empty (around the playhead), "whole", or a start in thousandths."""
    length = timeline_milli(plan.loop, plan.clips, rules)
    if look == WHOLE:
        return Window(0, max(MILLI, length))
    picture = rules.picture
    span = round(picture.plot_px / (picture.unit_px * plan.loop.zoom) * MILLI)
    wanted = int(look) if look.lstrip("-").isdigit() else at_milli - span // 4
    wanted = wanted // MILLI * MILLI
    return Window(max(0, min(wanted, length - span)), span)


def timeline_view(
    plan: Plan,
    sequenced: Sequenced,
    momentum: Momentum,
    at_milli: int,
    say: Say,
    rules: LoopRules,
    look: str = "",
) -> TimelineView:
    """Work out the picture of a loop at a moment."""
    length = timeline_milli(plan.loop, plan.clips, rules)
    at = max(0, min(at_milli, length))
    window = window_of(plan, at, rules, look)
    numbers: dict[ClipId, int] = {
        action.clip.id: place + 1 for place, action in enumerate(sequenced.next_actions[: rules.sequence.next_shown])
    }
    if plan.loop.is_dated:
        code, day = today_parts(plan.loop, at_milli, length)
        here_text = say(f"loop.picture.{code}", day=day_month(day))
    else:
        here_text = say("loop.picture.bar", bar=bar_of(at))
    label = momentum.label.value.capitalize()
    return TimelineView(
        name=plan.loop.name,
        window=window,
        length_milli=length,
        blocks=_blocks(sequenced, numbers),
        ticks=_ticks(plan, window, say),
        deadlines=tuple(_deadlines(plan)),
        here_milli=at,
        here_text=here_text,
        momentum_text=say("loop.picture.momentum", label=label, percent=momentum.percent),
        plan_share=momentum.plan,
        plan_text=say("loop.picture.plan", percent=percent(momentum.plan)),
        motion_share=momentum.motion,
        motion_text=say("loop.picture.motion", percent=percent(momentum.motion)),
        empty_text="" if plan.clips else say("loop.picture.first_clip"),
    )


def _blocks(sequenced: Sequenced, numbers: dict[ClipId, int]) -> tuple[Block, ...]:
    """Give each clip a sub-row, so that nothing hides: as many rows as overlap in its cluster."""
    found: list[Block] = []
    for lane in LANES:
        cluster: list[Block] = []
        ends: list[int] = []
        mine = [one for one in sequenced.clips if one.clip.lane is lane]
        shared = _shared([one.clip for one in mine])
        starts = [one.clip.start_milli for one in mine]
        for item in mine:
            clip = item.clip
            if cluster and clip.start_milli >= max(ends):
                found += _closed(cluster, len(ends))
                cluster, ends = [], []
            row = next((place for place, end in enumerate(ends) if end <= clip.start_milli), len(ends))
            if row >= _ROWS_MAX:
                row = ends.index(min(ends))
            if row == len(ends):
                ends.append(clip.end_milli)
            else:
                ends[row] = max(ends[row], clip.end_milli)
            cluster.append(
                Block(
                    clip,
                    row,
                    1,
                    blocked=bool(item.blocked_by),
                    conflicted=bool(item.conflicts),
                    overdue=item.overdue,
                    number=numbers.get(clip.id),
                    free_until_milli=next((at for at in starts if at >= clip.end_milli), None),
                    shared=tuple(
                        (max(left, clip.start_milli), min(right, clip.end_milli))
                        for left, right in shared
                        if left < clip.end_milli and clip.start_milli < right
                    ),
                )
            )
        found += _closed(cluster, len(ends))
    return tuple(found)


def _closed(cluster: Sequence[Block], rows: int) -> list[Block]:
    return [replace(block, rows=rows) for block in cluster]


def _shared(clips: Sequence[Clip]) -> list[tuple[int, int]]:
    """Return the stretches that more than one clip of a lane holds, by counting starts and ends."""
    edges = sorted(edge for clip in clips for edge in ((clip.start_milli, 1), (clip.end_milli, -1)))
    found: list[tuple[int, int]] = []
    depth = began = 0
    for at, change in edges:
        if depth == 1 and change == 1:
            began = at
        if depth == 2 and change == -1 and at > began:
            found.append((began, at))
        depth += change
    return found


def _deadlines(plan: Plan) -> list[tuple[Lane, int]]:
    first = plan.loop.start_date
    if first is None:
        return []
    return [
        (clip.lane, ((clip.deadline - first).days + 1) * MILLI)
        for clip in plan.clips
        if clip.deadline and clip.deadline_kind is DeadlineKind.HARD and not clip.is_done
    ]


def _ticks(plan: Plan, window: Window, say: Say) -> tuple[Tick, ...]:
    first = plan.loop.start_date
    if first is not None and plan.loop.is_dated:
        return _week_ticks(first, plan.loop.anchor_date, window, say)
    bars = window.span_milli / MILLI / UNITS_PER_BAR
    every = next((step for step in (1, 2, 4, 8, 16, 32, 64) if bars / step <= 12), 128)
    first_bar = window.start_milli // (UNITS_PER_BAR * MILLI)
    last_bar = window.end_milli // (UNITS_PER_BAR * MILLI) + 1
    return tuple(
        Tick(bar * UNITS_PER_BAR * MILLI, str(bar + 1) if bar % every == 0 else "", bar % every == 0)
        for bar in range(first_bar, last_bar + 1)
        if bar % max(1, every // 4) == 0
    )


def _week_ticks(first: date, anchor: date | None, window: Window, say: Say) -> tuple[Tick, ...]:
    weeks = window.span_milli / MILLI / 7
    every = next((step for step in (1, 2, 4, 8, 16) if weeks / step <= 7), 26)
    zero = (anchor - first).days if anchor else -first.weekday()
    from_day = window.start_milli // MILLI
    to_day = window.end_milli // MILLI + 1
    found: list[Tick] = []
    for week in range((from_day - zero) // 7, (to_day - zero) // 7 + 1):
        day = zero + week * 7
        on = first + timedelta(days=day)
        label = f"{on.day} {on:%b}"
        if anchor is not None and week == 0:
            label = say("loop.picture.anchor_day", day=label)
        elif anchor is not None:
            label = say("loop.picture.anchor", sign="+" if week > 0 else "−", days=abs(week * 7), day=label)
        shown = week % every == 0
        found.append(Tick(day * MILLI, label if shown else "", shown))
    return tuple(found)
