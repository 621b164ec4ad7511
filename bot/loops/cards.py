"""Cards of loops and clips, made from views: pure, so that a test can draw every state."""

from collections.abc import Sequence
from datetime import date

from bot.loops.model import LANES, Clip, DeadlineKind, Loop
from bot.loops.momentum import Label, Momentum
from bot.loops.others import writer_notes
from bot.loops.rules import loop_rules
from bot.loops.service import LoopLine
from bot.loops.store import Edited, LoopView
from bot.loops.wording import (
    action_text,
    clip_line,
    clip_list,
    clip_lists,
    reason_text,
    span_text,
    warning_text,
    whatif_text,
)
from bot.say.card import (
    Accent,
    Button,
    Card,
    Fact,
    Line,
    Option,
    OutFile,
    Picture,
    Row,
    Section,
    Select,
    State,
    Style,
    join,
    plain,
)
from bot.say.dates import day_month
from bot.say.words import Words

ICONS = {Label.QUIET: "⚪", Label.WARMING: "🔹", Label.STEADY: "🔷", Label.STRONG: "🔵", Label.FLYING: "✨"}
_SHOWN_WARNINGS = 2
_LINES_WITHOUT_FILE = 40
_REMARKS_AT_MOST = 500
_UNDATED_STEPS = ("-4", "-1", "-0.5", "+0.5", "+1", "+4", "+16")
_DATED_STEPS = ("-28", "-7", "-1", "+1", "+7", "+28")


def momentum_state(momentum: Momentum, words: Words) -> State:
    """Return label and icon; the colour only repeats them."""
    accent = Accent.GOOD if momentum.score > 0.4 else Accent.IDLE
    return State(words(f"loop.state.{momentum.label.value}"), ICONS[momentum.label], accent)


def loop_card(view: LoopView, words: Words, picture: Picture | None, *, can_post: bool = False) -> Card:
    """Return the live card of a loop: dates, momentum, picture, next three, warnings, what would help."""
    loop, momentum = view.loop, view.momentum
    reasons = {reason.code.split("_")[0]: reason for reason in momentum.reasons}
    facts: list[Fact | str] = [
        Fact(
            words("loop.card.momentum"),
            words(
                "loop.card.momentum_value",
                percent=momentum.percent,
                label=words(f"loop.state.{momentum.label.value}"),
            ),
        )
    ]
    plan = reasons.get("plan") or reasons.get("no")
    facts += [reason_text(reason, momentum, words) for reason in (plan, reasons.get("motion")) if reason]
    return Card(
        title=loop.name,
        state=momentum_state(momentum, words),
        lead=lead_of(view, words),
        facts=facts,
        media=[picture] if picture else [],
        sections=_sections(view, words),
        meta=_meta(view, words),
        rows=_rows(view, words, can_post=can_post),
    )


def lead_of(view: LoopView, words: Words) -> str:
    """Return the dates of a loop, or its size and tempo."""
    loop = view.loop
    if loop.start_date and loop.end_date:
        last = day_month(loop.end_date.fromordinal(loop.end_date.toordinal() - 1))
        first = day_month(loop.start_date)
        if loop.anchor_date:
            return words("loop.card.dates_anchor", first=first, last=last, anchor=day_month(loop.anchor_date))
        return words("loop.card.dates", first=first, last=last)
    if not view.plan.clips:
        return words("loop.card.empty")
    return words("loop.card.undated", count=len(view.plan.clips), bpm=f"{loop.bpm:g}")


def _sections(view: LoopView, words: Words) -> list[Section]:
    loop = view.loop
    sections: list[Section] = []
    if view.waiting:
        lines = [
            words("loop.card.not_saved", what=words(f"loop.intent.{intent.code}", **intent.parts))
            for intent in view.waiting
        ]
        sections.append(Section(words("loop.card.waiting"), lines))
    if view.plan.clips:
        coming = view.sequenced.next_actions[: loop_rules().sequence.next_shown]
        ahead: list[str | Line] = [
            join(" · ", [action_text(loop, action, words), *view.doers.get(action.clip.id, ())]) for action in coming
        ]
        if view.sequenced.earlier_open:
            text = words("loop.card.earlier_open", count=len(view.sequenced.earlier_open))
            show = Button("loop", "next", words("loop.card.show"), id=loop.id, owner=loop.owner_id)
            ahead.append(Line(text, show))
        waiting = any(not clip.is_done for clip in view.plan.clips)
        none = words("loop.card.next_waiting" if waiting else "loop.card.next_none")
        sections.append(Section(words("loop.card.next"), ahead or [none]))
    warnings = view.sequenced.warnings
    if warnings:
        shown = [warning_text(loop, warning, words) for warning in warnings[:_SHOWN_WARNINGS]]
        if len(warnings) > _SHOWN_WARNINGS:
            shown.append(words("loop.card.more_warnings", count=len(warnings) - _SHOWN_WARNINGS))
        sections.append(Section(words("loop.card.watch"), shown))
    if view.what_ifs:
        lines = [whatif_text(loop, change, words) for change in view.what_ifs]
        sections.append(Section(words("loop.card.what_if"), lines))
    return sections


def _meta(view: LoopView, words: Words) -> list[str]:
    meta: list[str] = [words("loop.card.meta_updated", when=view.loop.updated_at)]
    if view.loop.archived_at is not None:
        meta.append(words("loop.card.meta_archived"))
    if view.is_studios:
        meta.append(words("card.studio_owned"))
    if view.client:
        meta.append(words("card.filed_under", name=view.client))
    if view.saving or view.waiting:
        meta.insert(0, words("loop.card.meta_saving"))
    if view.from_memory:
        meta.append(words("loop.card.meta_memory"))
    if view.phase != "any":
        meta.append(words("loop.card.meta_phase", phase=view.phase))
    meta.append(words("loop.card.meta_rules"))
    return meta


def _rows(view: LoopView, words: Words, *, can_post: bool) -> list[Row]:
    loop = view.loop
    has_open = any(not clip.is_done for clip in view.plan.clips)

    def button(action: str, *, primary: bool = False, disabled: bool = False) -> Button:
        style = Style.PRIMARY if primary else Style.SECONDARY
        label = words(f"loop.card.{action}")
        return Button("loop", action, label, id=loop.id, owner=loop.owner_id, style=style, disabled=disabled)

    rows: list[Row] = [
        [
            button("done", primary=has_open, disabled=not has_open),
            button("add", primary=not has_open),
            button("suggest", disabled=not view.plan.clips),
            button("summary", disabled=not view.plan.clips),
            button("more"),
        ]
    ]
    second = [button("retry"), button("copy"), button("discard")] if view.waiting else []
    if can_post:
        second.append(button("post"))
    return [*rows, second] if second else rows


def edited_text(edited: Edited, told: str | None, words: Words) -> str:
    """Return what an edit did, with the notes on what was changed on the way in."""
    notes = [words(f"loop.note.{note.code}", **note.parts) for note in edited.notes]
    return join("\n", [*([told] if told else []), *notes])


def clip_options(view: LoopView, words: Words, *, only_open: bool = False) -> list[Option]:
    """Return up to 25 clips to choose from, the next ones first."""
    ahead = [action.clip for action in view.sequenced.next_actions]
    seen = {clip.id for clip in ahead}
    rest = [item.clip for item in view.sequenced.clips if item.clip.id not in seen]
    rest.sort(key=lambda clip: clip.is_done)
    clips = [clip for clip in (*ahead, *rest) if not (only_open and clip.is_done)]
    return [
        Option(
            clip.name,
            clip.id,
            join(", ", [words(f"loop.lane.{clip.lane.value}"), span_text(view.loop, clip, words)]),
        )
        for clip in clips[:25]
    ]


def choose_clip_card(view: LoopView, words: Words, action: str, *, only_open: bool = False) -> Card:
    """Return a select of clips, answered by `loop.<action>`."""
    key = "done" if action == "finish" else "clip"
    options = clip_options(view, words, only_open=only_open)
    placeholder = words(f"loop.pick.{key}")
    loop = view.loop
    there = sum(not (only_open and clip.is_done) for clip in view.plan.clips)
    rest = [words(f"loop.pick.more_{key}", count=there - len(options))] if there > len(options) else []
    return Card(
        title="",
        lead=join("\n", [placeholder, *rest]),
        quiet=True,
        rows=[Select("loop", action, placeholder, options, id=loop.id, owner=loop.owner_id)],
    )


def clip_card(view: LoopView, clip: Clip, words: Words, told: str | None = None, undo: Button | None = None) -> Card:
    """Return one clip with everything that can be done to it, and the Undo of what was just done."""
    loop = view.loop
    item = view.sequenced.by_id.get(clip.id)
    facts: list[Fact | str] = []
    if told:
        facts.append(told)
    if item and item.blocked_by:
        facts.append(clip_line(loop, clip, view.sequenced, words))
    if clip.notes:
        facts.append(Fact(words("loop.clip.notes"), clip.notes))
    if clip.deadline and clip.deadline_kind is not DeadlineKind.NONE:
        facts.append(Fact(words("loop.clip.deadline"), day_month(clip.deadline)))
    if view.doers.get(clip.id):
        facts.append(Fact(words("loop.clip.doers"), join(", ", view.doers[clip.id])))
    facts.append(Fact(words("loop.clip.source"), words(f"loop.clip.source_word.{clip.source.value}")))
    facts += [words(f"loop.note.{note.code}", **note.parts) for note in writer_notes(clip)]
    lane = words(f"loop.lane.{clip.lane.value}")
    return Card(
        title=clip.name,
        state=clip_state(clip, bool(item and item.blocked_by), words),
        lead=words("loop.clip.lead", lane=lane, when=span_text(loop, clip, words)),
        facts=facts,
        rows=[*_clip_rows(loop, clip, words, is_studios=view.is_studios), *([[undo]] if undo else [])],
    )


def clip_state(clip: Clip, blocked: bool, words: Words) -> State:
    if clip.is_done:
        return State(words("loop.clip.state_done"), "✔️", Accent.GOOD)
    if blocked:
        return State(words("loop.clip.state_blocked"), "🔒", Accent.LOOK)
    if clip.ready:
        return State(words("loop.clip.state_ready"), "🔵", Accent.GOOD)
    return State(words("loop.clip.state_open"), "", Accent.IDLE)


def _clip_rows(loop: Loop, clip: Clip, words: Words, *, is_studios: bool) -> list[Row]:
    unit = "day" if loop.is_dated else "beat"
    steps = _DATED_STEPS if loop.is_dated else _UNDATED_STEPS

    def select(action: str, placeholder: str, options: list[Option]) -> Select:
        return Select("loop", action, words(placeholder), options, id=clip.id, owner=loop.owner_id)

    def button(action: str, key: str, *, style: Style = Style.SECONDARY) -> Button:
        return Button("loop", action, words(f"loop.clip.{key}"), id=clip.id, owner=loop.owner_id, style=style)

    by = [Option(_step_text(step, unit, words), step) for step in steps]
    lanes = [Option(words(f"loop.lane.{lane.value}"), lane.value, default=lane is clip.lane) for lane in LANES]
    done = button("c-reopen", "reopen") if clip.is_done else button("c-done", "done", style=Style.PRIMARY)
    ready = button("c-unready", "unready") if clip.ready else button("c-ready", "ready")
    last = [button("c-deadline", "set_deadline")] if loop.is_dated and not clip.task_key else []
    if is_studios and not clip.is_done:
        last.append(button("c-assign", "assign"))
    return [
        select("c-nudge", "loop.pick.nudge", by),
        select("c-length", "loop.pick.length", by),
        select("c-lane", "loop.pick.lane", lanes),
        [
            done,
            button("c-edit", "edit"),
            ready,
            button("c-free", "free"),
            button("c-remove", "remove", style=Style.DANGER),
        ],
        *([last] if last else []),
    ]


def _step_text(step: str, unit: str, words: Words) -> str:
    one = step.lstrip("+-") == "1"
    return words("loop.nudge.by", units=step.replace("-", "−"), unit=words(f"loop.nudge.{unit if one else unit + 's'}"))


def list_card(line: LoopLine, words: Words, *, shared_name: bool) -> str:
    """Return one loop in a list; the date is added where two share a name."""
    loop = line.loop
    name = loop.name
    if shared_name:
        name = f"{name} ({day_month(loop.created_at.date())})"
    text = words(
        "loop.lists.line",
        name=name,
        label=words(f"loop.state.{line.momentum.label.value}"),
        percent=line.momentum.percent,
        clips=words("loop.lists.clips", count=line.clips),
        when=loop.updated_at,
    )
    return join(" · ", [text, words("loop.lists.active")]) if line.is_active else text


def binned_text(line: LoopLine, words: Words, until: date) -> str:
    """Return one loop in the bin, with the day until which it can be restored."""
    clips = words("loop.lists.clips", count=line.clips)
    return words("loop.lists.binned", name=line.loop.name, clips=clips, day=day_month(until))


def clips_card(view: LoopView, words: Words) -> Card:
    """Return all clips as a list, lane by lane: the twin of the picture. A long one comes as a file too."""
    sections: list[Section] = []
    room = _LINES_WITHOUT_FILE
    for heading, lines in clip_lists(view.plan, view.sequenced, words):
        if lines and room > 0:
            sections.append(Section(heading, lines[:room]))
            room -= len(lines)
    if room < 0:
        sections.append(Section(None, [words("card.more", count=-room)]))
    return Card(
        title=words("loop.clips.title", name=view.loop.name),
        sections=sections,
        files=_as_file(clip_list(view.plan, view.sequenced, words), "clips.txt"),
    )


def warnings_card(view: LoopView, words: Words) -> Card:
    """Return every remark with its plain reason; many come as a file too."""
    lines: list[str] = [
        warning_text(view.loop, warning, words) for warning in view.sequenced.warnings[:_REMARKS_AT_MOST]
    ]
    title = words("loop.warnings.title", name=view.loop.name)
    return Card(
        title=title,
        sections=[Section(None, _shown(lines, words) or [words("loop.told.no_warnings")])],
        files=_as_file(lines, "remarks.txt"),
    )


def _shown(lines: Sequence[str], words: Words) -> list[str]:
    """Return as many lines as a card can take anyway, and how many more there are."""
    if len(lines) <= _LINES_WITHOUT_FILE:
        return list(lines)
    more = words("card.more", count=len(lines) - _LINES_WITHOUT_FILE)
    return [*lines[:_LINES_WITHOUT_FILE], more]


def _as_file(lines: Sequence[str], name: str) -> list[OutFile]:
    if len(lines) <= _LINES_WITHOUT_FILE:
        return []
    return [OutFile(name, "\n".join(plain(line) for line in lines).encode())]


def next_card(view: LoopView, words: Words) -> Card:
    """Return what comes next, all that the engine keeps, with what would help."""
    loop = view.loop
    lines = [action_text(loop, action, words) for action in view.sequenced.next_actions]
    sections = [Section(None, lines or [words("loop.told.nothing_open")])]
    if view.sequenced.earlier_open:
        earlier = [clip_line(loop, clip, view.sequenced, words) for clip in view.sequenced.earlier_open]
        count = len(view.sequenced.earlier_open)
        sections.append(Section(words("loop.card.earlier_open", count=count), earlier))
    if view.what_ifs:
        helpful = [whatif_text(loop, change, words) for change in view.what_ifs]
        sections.append(Section(words("loop.card.what_if"), helpful))
    done = Button("loop", "done", words("loop.card.done"), id=loop.id, owner=loop.owner_id, style=Style.PRIMARY)
    show = Button("loop", "show", words("loop.card.show"), id=loop.id, owner=loop.owner_id)
    rows: list[Row] = [[done, show] if view.sequenced.next_actions else [show]]
    return Card(title=words("loop.next.title", name=loop.name), sections=sections, rows=rows)
