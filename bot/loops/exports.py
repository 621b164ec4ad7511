"""Exports to Aqua, Analogue and XP: exact payloads, and the documents made from them. Pure.

Nothing leaves Discord by itself: an export is text and a file that the person takes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.loops.model import LANES, Clip, DeadlineKind, ExportTarget, Lane, Plan
from bot.loops.momentum import Label, Momentum
from bot.loops.ports import Say
from bot.loops.rules import LoopRules
from bot.loops.sequence import Sequenced
from bot.loops.wording import action_text, clip_line, watch_items
from bot.say.dates import day_month

_SOURCE = "loopos"
_AQUA_NAME = "LoopOS loop summary"
_ANALOGUE_TITLE = "LoopOS loop overview"
_CAMPAIGN = (Label.STRONG, Label.FLYING)


@dataclass(frozen=True, slots=True)
class ExportDraft:
    """What an export is made from: the loop as it stands, the selected clip, the text and the tips."""

    plan: Plan
    sequenced: Sequenced
    momentum: Momentum
    text: str
    tips: Sequence[str]
    on: date
    selected: Clip | None = None


@dataclass(frozen=True, slots=True)
class ExportResult:
    """The payload with its exact fields and the document; `file_name` is safe for attachments."""

    target: ExportTarget
    payload: Mapping[str, str]
    document: str
    file_name: str


def export(draft: ExportDraft, target: ExportTarget, say: Say, rules: LoopRules) -> ExportResult:
    """Make one export; the document goes with the payload."""
    lane = (draft.selected.lane if draft.selected else Lane.ANALYSIS).value
    shared = {
        "summaryText": draft.text,
        "momentumLabel": draft.momentum.label.value,
        "source": _SOURCE,
    }
    match target:
        case ExportTarget.AQUA:
            name = draft.selected.name if draft.selected else _AQUA_NAME
            payload = {"name": name, "notes": draft.text, "lane": lane, **shared}
            document, ending = _aqua(draft, say), "md"
        case ExportTarget.ANALOGUE:
            tag = "campaign" if draft.momentum.label in _CAMPAIGN else "idea"
            payload = {"title": _ANALOGUE_TITLE, "body": draft.text, "lane": lane, "tag": tag, **shared}
            document, ending = _analogue(draft, tag, say), "md"
        case ExportTarget.XP:
            payload = {"clipboardText": draft.text, **shared}
            document, ending = _xp(draft, say, rules), "txt"
    file_name = f"loopos-to-{target.value}-{file_stem(draft.plan.loop.name)}.{ending}"
    return ExportResult(target, payload, document, file_name)


def file_stem(name: str) -> str:
    """Return a name as a file stem of plain signs: others are refused by attachment links.

    >>> file_stem("Night Drive!"), file_stem("夜")
    ('night-drive', 'loop')
    """
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40] or "loop"


def notebook(entries: Sequence[str]) -> str:
    """Return the loop's notebook: older entries first, kept as they were."""
    return "\n\n---\n\n".join(entries)


def plain(text: str) -> str:
    """Return text without Markdown marks, for places that show it as it is.

    >>> plain("finish *Mix pass* **now**")
    'finish Mix pass now'
    """
    return re.sub(r"[*_`~#>]+(?=\S)|(?<=\S)[*_`~]+", "", text)


def _aqua(draft: ExportDraft, say: Say) -> str:
    plan, sequenced = draft.plan, draft.sequenced
    lines = [f"# {say('loop.export.aqua.title', name=plan.loop.name)}", ""]
    if plan.loop.is_dated and plan.loop.start_date and plan.loop.end_date:
        lines += [say("loop.when.days", first=day_month(plan.loop.start_date), last=_last_day(plan)), ""]
    lines += _section(say("loop.export.summary"), [draft.text])
    story = [f"{number}. {say(f'loop.export.story_{number}')} ______" for number in (1, 2, 3)]
    lines += _section(say("loop.export.story"), story)
    by_lane: list[str] = []
    for lane in LANES:
        clips = [item.clip for item in sequenced.clips if item.clip.lane is lane]
        by_lane.append(f"### {lane.value.capitalize()}")
        by_lane += [f"- {clip_line(plan.loop, clip, sequenced, say)}" for clip in clips]
        if not clips:
            by_lane.append(f"- {say('loop.export.none')}")
    lines += _section(say("loop.export.by_lane"), by_lane)
    lines += _section(say("loop.export.deadlines"), _deadlines(draft, say))
    ahead = [f"- {action_text(plan.loop, action, say)}" for action in sequenced.next_actions]
    lines += _section(say("loop.export.next"), ahead or [say("loop.export.none")])
    watch = [f"- {item}" for item in watch_items(plan, sequenced, draft.momentum, say)]
    lines += _section(say("loop.export.watch"), watch or [say("loop.watch.nothing")])
    return "\n".join(lines).rstrip() + "\n"


def _last_day(plan: Plan) -> str:
    assert plan.loop.end_date is not None  # noqa: S101 - asked only for dated loops
    return day_month(date.fromordinal(plan.loop.end_date.toordinal() - 1))


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [f"## {title}", "", *lines, ""]


def _deadlines(draft: ExportDraft, say: Say) -> list[str]:
    hard = sorted(
        (clip.deadline, clip.name)
        for clip in draft.plan.clips
        if clip.deadline and clip.deadline_kind is DeadlineKind.HARD and not clip.is_done
    )
    lines = [f"- {say('loop.export.deadline', day=day_month(day), name=name)}" for day, name in hard]
    anchor = draft.plan.loop.anchor_date
    if anchor:
        lines.insert(0, f"- {say('loop.export.anchor', day=day_month(anchor))}")
    return lines or [say("loop.export.none")]


def _analogue(draft: ExportDraft, tag: str, say: Say) -> str:
    momentum = draft.momentum
    title = say("loop.export.analogue.title", name=draft.plan.loop.name, day=day_month(draft.on))
    meta = say("loop.export.analogue.meta", tag=tag, percent=momentum.percent, label=momentum.label.value)
    return f"## {title}\n\n{draft.text}\n\n{meta}\n"


def _xp(draft: ExportDraft, say: Say, rules: LoopRules) -> str:
    tasks = [f"- [ ] {plain(tip)}" for tip in draft.tips[: rules.exports.xp_tips]]
    return "\n".join([plain(draft.text), *([""] if tasks else []), *tasks]) + "\n"
