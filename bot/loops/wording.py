"""Words for what the engines found: when, next, warnings, what-ifs, tips, alt text, the list of clips. Pure.

Text comes from the catalogue by key; nothing here escapes Markdown, which is `bot/ui`'s work.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from bot.loops.dates import bar_of, day_of, last_day_of, units_text
from bot.loops.model import LANES, MILLI, Clip, ClipId, DeadlineKind, Loop, Plan, Role
from bot.loops.momentum import Momentum, Reason, percent
from bot.loops.ports import Say
from bot.loops.rules import loop_rules
from bot.loops.sequence import LoopWarning, NextAction, Sequenced, WarningCode
from bot.loops.tips import Tip
from bot.loops.whatif import WhatIf, WhatIfKind
from bot.say.dates import day_month

_PAIRS_NAMED = 3
ALT_TEXT_MAX = 1024
"""Characters of an attachment description (Discord, message attachments)."""


def today_parts(loop: Loop, at_milli: int, length_milli: int) -> tuple[str, date]:
    """Return what to say of today in a dated loop: today, that it has not begun, or that it is over, and the day."""
    if at_milli < 0:
        return "not_begun", day_of(loop, 0)
    if at_milli >= length_milli:
        return "over", day_of(loop, length_milli - MILLI)
    return "today", day_of(loop, at_milli)


def when_text(loop: Loop, milli: int, say: Say) -> str:
    """Return when something starts: "bar 4", or the day of a dated loop."""
    if loop.is_dated:
        return day_month(day_of(loop, milli))
    return say("loop.when.bar", bar=bar_of(milli))


def span_text(loop: Loop, clip: Clip, say: Say) -> str:
    """Return from when to when a clip goes."""
    if loop.is_dated:
        first, last = day_of(loop, clip.start_milli), last_day_of(loop, clip)
        if first == last:
            return day_month(first)
        return say("loop.when.days", first=day_month(first), last=day_month(last))
    return say("loop.when.beats", start=units_text(clip.start_milli), end=units_text(clip.end_milli))


def listed(parts: Sequence[str], say: Say) -> str:
    """Return texts with commas between them, kept as finished texts."""
    joined = parts[0]
    for part in parts[1:]:
        joined = say("loop.list.and", first=joined, second=part)
    return joined


def names_text(names: Sequence[str], say: Say, keep: int = 3) -> str:
    """Return names with commas (semicolons where a name has one itself), and "and 3 more" for the rest."""
    comma = "; " if any("," in name for name in names[:keep]) else ", "
    shown = comma.join(names[:keep])
    rest = len(names) - keep
    return say("loop.list.more", names=shown, count=rest) if rest > 0 else shown


def reason_text(reason: Reason, momentum: Momentum, say: Say) -> str:
    """Return one number with its meaning: "31% motion: 4 clips finished in 12 days"."""
    return say(
        f"loop.reason.{reason.code}",
        **{
            **reason.parts,
            "plan": percent(momentum.plan),
            "motion": percent(momentum.motion),
            "output": percent(momentum.components.output),
        },
    )


def action_text(loop: Loop, action: NextAction, say: Say) -> str:
    """Return one next action: name, when, and what is to know about it."""
    marks = [say("loop.next.overdue")] if action.overdue else []
    if action.now:
        marks.append(say("loop.next.now"))
    if action.conflicted:
        marks.append(say("loop.next.conflicted"))
    if action.waiting_for:
        marks.append(say("loop.next.waiting", names=names_text(action.waiting_for, say)))
    line = say("loop.next.line", name=action.clip.name, when=when_text(loop, action.clip.start_milli, say))
    return listed([line, *marks], say)


def warning_text(loop: Loop, warning: LoopWarning, say: Say) -> str:
    """Return a warning with its plain reason and the names involved."""
    return say(f"loop.warning.{warning.code.value}", **_warning_parts(loop, warning, say))


def watch_text(loop: Loop, warning: LoopWarning, say: Say) -> str:
    """Return a warning in a few words, for the Watch line of a summary."""
    return say(f"loop.watch.{warning.code.value}", **_warning_parts(loop, warning, say))


def _warning_parts(loop: Loop, warning: LoopWarning, say: Say) -> dict[str, object]:
    parts: dict[str, object] = {}
    if warning.clips:
        parts["clip"] = warning.clips[0].name
        parts["when"] = when_text(loop, warning.clips[0].start_milli, say)
    if len(warning.clips) > 1:
        parts["other"] = warning.clips[1].name
    if warning.lane is not None:
        parts["lane"] = warning.lane.value
        parts["lane_title"] = say(f"loop.lane.{warning.lane.value}")
    if warning.blocked_by:
        parts["needs"] = say(f"loop.needs.{warning.blocked_by[0].removeprefix('prereq:')}")
    if warning.code is WarningCode.OVERLAP:
        parts["shared"] = length_text(loop, int(warning.value), say)
    if warning.code is WarningCode.LANE_HEAVY:
        parts["percent"] = percent(warning.value)
    if warning.gap is not None:
        parts["start"] = when_text(loop, warning.gap.start_milli, say)
        parts["length"] = length_text(loop, warning.gap.length_milli, say)
    if warning.code is WarningCode.OVERDUE and warning.clips:
        parts["last"] = day_month(last_day_of(loop, warning.clips[0]))
    return parts


def length_text(loop: Loop, milli: int, say: Say) -> str:
    """Return a length in beats or days."""
    if loop.is_dated:
        return say("loop.length.days", count=-(-milli // MILLI))
    if milli % MILLI == 0:
        return say("loop.length.beats", count=milli // MILLI)
    return say("loop.length.part_beats", units=units_text(milli))


def whatif_text(loop: Loop, change: WhatIf, say: Say) -> str:
    """Return a what-if with its gain in points."""
    parts: dict[str, object] = {"count": change.points}
    if change.clip is not None:
        parts["clip"] = change.clip.name
    if change.kind is WhatIfKind.MOVE and change.start_milli is not None:
        parts["when"] = when_text(loop, change.start_milli, say)
    if change.add is not None:
        parts["lane"] = change.add.lane.value
        parts["when"] = when_text(loop, change.add.start_milli, say)
    return say(f"loop.whatif.{change.kind.value}", **parts)


def tip_text(loop: Loop, tip: Tip, say: Say) -> str:
    """Return a tip as a sentence or two."""
    parts = dict(tip.parts)
    for name in ("from", "to"):
        if isinstance(parts.get(name), int):
            parts[f"{name}_when"] = when_text(loop, int(str(parts.pop(name))), say)
    if "needs" in parts:
        parts["needs"] = say(f"loop.needs.{parts['needs']}")
    if isinstance(parts.get("room"), int):
        parts["room"] = length_text(loop, int(str(parts["room"])), say)
    return say(f"tip.{tip.code}", **parts)


def clip_line(loop: Loop, clip: Clip, sequenced: Sequenced, say: Say) -> str:
    """Return one clip in the plain list: name, when, and its marks in words."""
    item = sequenced.by_id.get(clip.id)
    marks: list[str] = []
    if clip.is_done:
        marks.append(say("loop.mark.done"))
    elif clip.ready:
        marks.append(say("loop.mark.ready"))
    if item is not None:
        if item.blocked_by:
            needs = say(f"loop.needs.{item.blocked_by[0].removeprefix('prereq:')}")
            marks.append(say("loop.mark.blocked", needs=needs))
        if item.overdue:
            marks.append(say("loop.mark.overdue"))
        if item.conflicts:
            marks.append(say("loop.mark.conflict"))
    if clip.deadline_kind is DeadlineKind.HARD and clip.deadline is not None:
        marks.append(say("loop.mark.deadline", day=day_month(clip.deadline)))
    line = say("loop.list.clip", name=clip.name, when=span_text(loop, clip, say))
    return listed([line, *marks], say)


def clip_list(plan: Plan, sequenced: Sequenced, say: Say) -> list[str]:
    """Return every clip as text, lane by lane: the twin of the picture."""
    return [line for heading, lines in clip_lists(plan, sequenced, say) for line in (heading, *lines)]


def clip_lists(plan: Plan, sequenced: Sequenced, say: Say) -> list[tuple[str, list[str]]]:
    """Return for each lane its heading and its clips as text."""
    found: list[tuple[str, list[str]]] = []
    for lane in LANES:
        mine = [item.clip for item in sequenced.clips if item.clip.lane is lane]
        heading = say("loop.list.lane", lane=say(f"loop.lane.{lane.value}"), count=len(mine))
        found.append((heading, [clip_line(plan.loop, clip, sequenced, say) for clip in mine]))
    return found


def alt_text(plan: Plan, sequenced: Sequenced, momentum: Momentum, at_milli: int, say: Say) -> str:
    """Return the picture in words, at most 1,024 characters, the conclusion first."""
    loop, clips = plan.loop, plan.clips
    if not clips:
        return _fitted([say("loop.alt.empty", name=loop.name)])
    first = min(clip.start_milli for clip in clips)
    last = max(clip.end_milli for clip in clips)
    if loop.is_dated:
        ends = day_month(day_of(loop, first)), day_month(day_of(loop, max(first, last - MILLI)))
        reach = ends[0] if ends[0] == ends[1] else say("loop.alt.days", first=ends[0], last=ends[1])
        code, day = today_parts(loop, at_milli, max(loop.length_days * MILLI, last))
        here = say(f"loop.alt.{code}", day=day_month(day))
    else:
        bars = bar_of(first), bar_of(max(first, last - 1))
        reach = say("loop.alt.bar" if bars[0] == bars[1] else "loop.alt.bars", first=bars[0], last=bars[1])
        here = say("loop.alt.playhead", bar=bar_of(at_milli))
    open_names = [action.clip.name for action in sequenced.next_actions[: loop_rules().sequence.next_shown]]
    waiting = any(not clip.is_done for clip in clips) and not sequenced.earlier_open
    nothing = "loop.alt.nothing_free" if waiting else "loop.alt.nothing_next"
    sentences = [
        say(
            "loop.alt.head",
            name=loop.name,
            count=len(clips),
            lanes=say("loop.alt.lanes", count=len({clip.lane for clip in clips})),
            reach=reach,
        ),
        say("loop.alt.momentum", percent=momentum.percent, label=momentum.label.value),
        here,
        say("loop.alt.next", names=names_text(open_names, say)) if open_names else say(nothing),
        say(
            "loop.alt.counts",
            done=sum(clip.is_done for clip in clips),
            ready=sum(clip.ready and not clip.is_done for clip in clips),
        ),
        _trouble(sequenced, say),
    ]
    return _fitted(sentences)


def _trouble(sequenced: Sequenced, say: Say) -> str:
    by_id = sequenced.by_id
    seen: list[tuple[ClipId, ClipId]] = []
    for item in sequenced.clips:
        # Each pair is told once, from the clip whose id is smaller.
        seen += [(item.clip.id, other) for other in item.conflicts if item.clip.id < other]
    pairs = [
        say("loop.alt.pair", first=by_id[first].clip.name, second=by_id[second].clip.name)
        for first, second in seen[:_PAIRS_NAMED]
    ]
    blocked = [item.clip.name for item in sequenced.clips if item.blocked_by]
    if not seen and not blocked:
        return say("loop.alt.clear")
    named = ", ".join(pairs)
    if len(seen) > _PAIRS_NAMED:
        named = say("loop.list.more", names=named, count=len(seen) - _PAIRS_NAMED)
    conflicts = say("loop.alt.conflicts", names=named) if seen else say("loop.alt.no_conflicts")
    held = say("loop.alt.blocked", names=names_text(blocked, say)) if blocked else say("loop.alt.not_blocked")
    return f"{conflicts} {held}"


def _fitted(sentences: Iterable[str]) -> str:
    """Join sentences while they fit; a single overlong one is cut with an ellipsis."""
    text = ""
    for sentence in sentences:
        joined = f"{text} {sentence}".strip()
        if len(joined) > ALT_TEXT_MAX:
            break
        text = joined
    return text or next(iter(sentences))[: ALT_TEXT_MAX - 1] + "…"


def summary_text(plan: Plan, sequenced: Sequenced, momentum: Momentum, say: Say) -> str:
    """Return the deterministic summary: what stands in when no AI wrote one."""
    loop, clips = plan.loop, plan.clips
    head = say("loop.summary.head", clips=len(clips), percent=momentum.percent, label=momentum.label.value)
    if not clips:
        return head
    body = say(
        "loop.summary.body",
        name=loop.name,
        count=len(clips),
        done=sum(clip.is_done for clip in clips),
        lanes=len({clip.lane for clip in clips}),
        plan=percent(momentum.plan),
        motion=percent(momentum.motion),
    )
    actions = [
        say("loop.next.line", name=action.clip.name, when=when_text(loop, action.clip.start_milli, say))
        for action in sequenced.next_actions[: loop_rules().sequence.next_shown]
    ]
    ahead = say("loop.summary.next", names=", ".join(actions)) if actions else say("loop.summary.no_next")
    return "\n".join([head, body, ahead, say("loop.summary.watch", items=_watch(plan, sequenced, momentum, say))])


def watch_items(plan: Plan, sequenced: Sequenced, momentum: Momentum, say: Say) -> list[str]:
    """Return up to two things to keep an eye on: warnings first, then a missing bounce."""
    most = loop_rules().sequence.warnings_shown
    items = [watch_text(plan.loop, warning, say) for warning in sequenced.warnings[:most]]
    if plan.loop.role is Role.ARTIST and momentum.components.output == 0 and len(items) < most:
        items.append(say("loop.watch.no_bounce"))
    return items


def _watch(plan: Plan, sequenced: Sequenced, momentum: Momentum, say: Say) -> str:
    return ", ".join(watch_items(plan, sequenced, momentum, say)) or say("loop.watch.nothing")
