"""The rarer things of a loop: the More menu, the large timeline, the list of clips, applying what would help."""

from bot.loops.area import LoopArea
from bot.loops.cards import choose_clip_card, clips_card, edited_text, momentum_state, next_card, warnings_card
from bot.loops.clips import ClipFields
from bot.loops.dates import bar_of, timeline_milli
from bot.loops.model import MILLI, UNITS_PER_BAR, DeadlineKind, Plan, Role, Source
from bot.loops.picture_view import WHOLE, window_of
from bot.loops.service import LoopFields
from bot.loops.store import Edited, LoopView
from bot.loops.whatif import WhatIf, WhatIfKind
from bot.loops.wording import names_text, whatif_text, when_text
from bot.say.card import Button, Card, Option, Row, Select, note, plain
from bot.say.words import Words
from bot.studio.roles import Does
from bot.ui.base import Press, Turn
from bot.ui.common import undo_button
from bot.ui.confirm import question
from bot.ui.controls import control
from bot.ui.pager import jump_pages
from cogs.clients.handover import ask_card
from cogs.clients.which import filing_select
from cogs.loops import files as loop_files
from cogs.loops import readings as loop_readings
from cogs.loops.panel import after_edit, panels_of, picture_of
from cogs.phases.commands import open_map

_ENTRIES = (
    "clip",
    "apply",
    "timeline",
    "step",
    "list",
    "warnings",
    "next",
    "form",
    "insights",
    "export",
    "role",
    "file",
    "hand",
)
_ZOOMS = ("0.5", "0.75", "1", "1.5", "2")


@control("loop", "more", does=Does.SEE)
async def more(press: Press) -> None:
    """Offer the rarer actions."""
    area: LoopArea = press.services.loops
    view = await area.loops.view(press.actor, press.owner, press.id)
    words = press.words
    skipped = {"step"} if view.loop.is_dated else set[str]()
    if press.owner != press.person:
        skipped.add("form")  # a form map is somebody's own
    else:
        skipped.add("file")  # only a server has clients
        if press.guild is None or not press.interaction.is_guild_integration():
            skipped.add("hand")
    if not view.what_ifs:
        skipped.add("apply")
    if not view.plan.clips:
        skipped |= {"clip", "list", "warnings"}
    options = [Option(words(f"loop.more.{entry}"), entry) for entry in _ENTRIES if entry not in skipped]
    select = Select("loop", "more-pick", words("loop.pick.more"), options, id=press.id, owner=view.loop.owner_id)
    await panels_of(press).touched(press, press.id)
    change = Button("loop", "edit", words("loop.more.edit"), id=press.id, owner=view.loop.owner_id)
    card = Card(title="", lead=words("loop.pick.more"), quiet=True, rows=[select, [change]])
    await press.reply(card, ephemeral=True)


@control("loop", "more-pick", does=Does.SEE)
async def more_pick(press: Press) -> None:
    """Do what was chosen, in place of the menu."""
    area: LoopArea = press.services.loops
    view = await area.loops.view(press.actor, press.owner, press.id)
    words = press.words
    match press.values[0]:
        case "clip":
            await press.update(choose_clip_card(view, words, "clip"))
        case "apply":
            await press.update(_apply_card(view, press))
        case "timeline":
            await press.update(await timeline_card(press, view, ""))
        case "step":
            await press.must(Does.EDIT)
            edited = await area.loops.step(press.actor, press.owner, press.id)
            place = when_text(edited.loop, edited.loop.playhead_milli, words)
            await press.update(note(words("loop.told.playhead", when=place)))
        case "list":
            await press.update(clips_card(view, words))
        case "warnings":
            await press.update(warnings_card(view, words))
        case "form":
            await press.update(await open_map(press, view.loop.name, loop_id=view.loop.id))
        case "insights":
            wanted = loop_readings.insight_filter(press.id, None)
            await press.update(await loop_readings.insights.show(press, wanted))
        case "role":
            await press.update(_role_card(view, press))
        case "hand":
            await press.update(await ask_card(press, press.id))
        case "file":
            await press.must(Does.EDIT)
            select = await filing_select(press, "loop", press.id, press.owner, view.loop.client_id)
            await press.update(
                Card(words("client.file.pick"), quiet=True, lead=words("client.file.pick"), rows=[select])
                if select
                else note(words("client.list.empty_active"))
            )
        case "export":
            await press.update(await loop_files.exports.show(press))
        case _:
            await press.update(next_card(view, words))


def _role_card(view: LoopView, turn: Turn) -> Card:
    """Return the roles to choose from: the role decides how much of each lane makes a full plan."""
    words, loop = turn.words, view.loop
    options = [Option(words(f"loop.role.{role.value}"), role.value, default=role is loop.role) for role in Role]
    select = Select("loop", "role", words("loop.more.role"), options, id=loop.id, owner=loop.owner_id)
    return Card(title="", lead=words("loop.pick.role"), quiet=True, rows=[select])


@control("loop", "role")
async def change_role(press: Press) -> None:
    """Measure the loop by another role from now on."""
    area: LoopArea = press.services.loops
    fields = LoopFields(role=press.values[0])
    edited = await area.loops.edit(press.actor, press.owner, press.id, fields)
    told = press.words("loop.told.loop_changed", name=edited.loop.name)
    await press.update(note(told, [undo_button(press, edited.group_id)]))


def _apply_card(view: LoopView, turn: Turn) -> Card:
    """Return the what-ifs that one press can carry out; a bounce has to be made outside."""
    options = [
        Option(plain(whatif_text(view.loop, change, turn.words)).replace("*", ""), _value(change))
        for change in view.what_ifs
        if change.kind is not WhatIfKind.BOUNCE
    ]
    if not options:
        return note(turn.words("loop.told.no_warnings"))
    placeholder = turn.words("loop.pick.apply")
    select = Select("loop", "apply", placeholder, options, id=view.loop.id, owner=view.loop.owner_id)
    return Card(title="", lead=placeholder, quiet=True, rows=[select])


def _value(change: WhatIf) -> str:
    if change.add is not None:
        return f"add:{change.add.lane.value}:{change.add.start_milli}:{change.add.length_milli}"
    clip_id = change.clip.id if change.clip else ""
    return f"{change.kind.value}:{clip_id}:{change.start_milli or 0}"


@control("loop", "apply")
async def apply(press: Press) -> None:
    """Carry out the what-if that was chosen, through the ordinary edits."""
    area: LoopArea = press.services.loops
    kind, *parts = press.values[0].split(":")
    edited: Edited
    match kind:
        case "add":
            fields = ClipFields(lane=parts[0], start=int(parts[1]) / MILLI, length=int(parts[2]) / MILLI)
            edited = await area.clips.add(press.actor, press.owner, press.id, fields, source=Source.RULE, key=press.key)
        case "ready":
            edited = await area.clips.mark_ready(press.actor, press.owner, parts[0])
        case "move":
            edited = await area.clips.move(press.actor, press.owner, parts[0], int(parts[1]) / MILLI)
        case _:
            edited = await area.clips.finish(press.actor, press.owner, parts[0])
    told = None if edited.unchanged else press.words("loop.told.changed", clip=edited.clip.name if edited.clip else "")
    await after_edit(press, edited_text(edited, told, press.words), edited.group_id, edited.loop.id)


# ---------------------------------------------------------------------- the large timeline


async def timeline_card(turn: Turn, view: LoopView, look: str) -> Card:
    """Return the picture with ways to look around: Earlier, Later, Whole, Step."""
    area: LoopArea = turn.services.loops
    words, loop = turn.words, view.loop
    picture = await picture_of(area, view, words, look)
    at = max(0, view.moment.at_milli)
    window = window_of(view.plan, at, area.rules, look)
    half = window.span_milli // 2

    def button(action: str, key: str, target: str, *, disabled: bool = False) -> Button:
        return Button(
            "loop", action, words(f"loop.timeline.{key}"), id=loop.id, arg=target, owner=loop.owner_id,
            disabled=disabled,
        )  # fmt: skip

    later = window_of(view.plan, at, area.rules, str(window.start_milli + half))
    start = window.start_milli
    row: list[Button] = [
        button("tl-earlier", "earlier", str(max(0, start - half)), disabled=start == 0),
        button("tl-later", "later", str(later.start_milli), disabled=later.start_milli <= start),
        button("tl-look", "whole", WHOLE, disabled=look == WHOLE),
    ]
    if look:
        row.append(button("tl-here", "here", ""))
    elif not loop.is_dated:
        row.append(button("tl-step", "step", ""))
    selects: list[Row] = [_zoom_select(view, words)]
    if not loop.is_dated:
        selects.append(_bar_select(view, area, words))
    below = [
        Button("loop", "tl-text", words("loop.card.as_text"), id=loop.id, owner=loop.owner_id),
        Button("loop", "tl-post", words("loop.card.post"), id=loop.id, arg=look, owner=loop.owner_id),
    ]
    rows: list[Row] = [row, *selects, below]
    title = words("loop.timeline.title", name=loop.name)
    return Card(title=title, state=momentum_state(view.momentum, words), media=[picture], rows=rows)


def _zoom_select(view: LoopView, words: Words) -> Select:
    loop = view.loop
    now = f"{loop.zoom:g}"
    options = [Option(words("loop.timeline.zoom_value", value=zoom), zoom, default=zoom == now) for zoom in _ZOOMS]
    return Select("loop", "tl-zoom", words("loop.timeline.zoom"), options, id=loop.id, owner=loop.owner_id)


def _bar_select(view: LoopView, area: LoopArea, words: Words) -> Select:
    """Return up to 25 bars over the whole timeline to put the playhead on."""
    loop = view.loop
    bars = timeline_milli(loop, view.plan.clips, area.rules) // (UNITS_PER_BAR * MILLI)
    here = bar_of(loop.playhead_milli)
    shown = jump_pages(min(here, bars), max(1, bars))
    options = [Option(words("loop.timeline.head_value", bar=bar), str(bar), default=bar == here) for bar in shown]
    return Select("loop", "tl-head", words("loop.timeline.head"), options, id=loop.id, owner=loop.owner_id)


async def _look(press: Press) -> None:
    area: LoopArea = press.services.loops
    view = await area.loops.view(press.actor, press.owner, press.id)
    await press.update(await timeline_card(press, view, press.arg))


@control("loop", "tl-earlier", does=Does.SEE)
async def earlier(press: Press) -> None:
    """Look at what comes before."""
    await _look(press)


@control("loop", "tl-later", does=Does.SEE)
async def later(press: Press) -> None:
    """Look at what comes after."""
    await _look(press)


@control("loop", "tl-look", does=Does.SEE)
async def look(press: Press) -> None:
    """Look at the whole timeline."""
    await _look(press)


@control("loop", "tl-here", does=Does.SEE)
async def here(press: Press) -> None:
    """Look around the playhead again."""
    await _look(press)


@control("loop", "tl-step")
async def step(press: Press) -> None:
    """Move the playhead on by a bar."""
    area: LoopArea = press.services.loops
    await area.loops.step(press.actor, press.owner, press.id)
    await _look(press)


@control("loop", "tl-zoom")
async def zoom(press: Press) -> None:
    """Show more or less time at once; momentum does not care."""
    area: LoopArea = press.services.loops
    await area.loops.edit(press.actor, press.owner, press.id, LoopFields(zoom=press.values[0]))
    await _look(press)


@control("loop", "tl-head")
async def set_playhead(press: Press) -> None:
    """Put the playhead on a bar."""
    area: LoopArea = press.services.loops
    units = (int(press.values[0]) - 1) * UNITS_PER_BAR
    await area.loops.set_playhead(press.actor, press.owner, press.id, units)
    await _look(press)


@control("loop", "tl-post", does=Does.SEE)
async def post_timeline(press: Press) -> None:
    """Post the picture for everybody here."""
    area: LoopArea = press.services.loops
    view = await area.loops.view(press.actor, press.owner, press.id)
    words = press.guild_words
    picture = await picture_of(area, view, words, press.arg)
    await press.post(Card(view.loop.name, momentum_state(view.momentum, words), media=[picture]))


@control("loop", "next", does=Does.SEE)
async def show_next(press: Press) -> None:
    """Show everything that comes next, and what is still open from before."""
    area: LoopArea = press.services.loops
    view = await area.loops.view(press.actor, press.owner, press.id)
    await press.reply(next_card(view, press.words), ephemeral=True)


@control("loop", "done-post", does=Does.SEE)
async def post_done(press: Press) -> None:
    """Tell everybody here that a clip is finished."""
    area: LoopArea = press.services.loops
    loop, clip = await area.clips.get(press.owner, press.id)
    words = press.guild_words
    await press.post(note(words("loop.told.finished_post", clip=clip.name, loop=loop.name)))


@control("loop", "tl-text", does=Does.SEE)
async def as_text(press: Press) -> None:
    """Give all clips as a list."""
    area: LoopArea = press.services.loops
    view = await area.loops.view(press.actor, press.owner, press.id)
    await press.reply(clips_card(view, press.words), ephemeral=True)


@control("loop", "clip-open", does=Does.SEE)
async def clip_open(press: Press) -> None:
    """Show the loop of a clip that was one of several with the same name."""
    area: LoopArea = press.services.loops
    loop, _ = await area.clips.get(press.owner, press.id)
    view = await area.store.view(press.owner, loop.id)
    await press.update(choose_clip_card(view, press.words, "clip"))


# ---------------------------------------------------------------------- taking the dates off


def undated_question(turn: Turn, plan: Plan) -> Card:
    """Ask before a loop loses its dates, naming the deadlines that go too."""
    words = turn.words
    names = [clip.name for clip in plan.clips if clip.deadline_kind is not DeadlineKind.NONE]
    lead = (
        words("loop.confirm.undated_lead", names=names_text(names, words, keep=5))
        if names
        else words("loop.confirm.undated_none")
    )
    yes = Button("loop", "undated", words("loop.confirm.undated_button"), id=plan.loop.id)
    return question(turn, words("loop.confirm.undated_title", name=plan.loop.name), lead, yes)


@control("loop", "undated")
async def undated(press: Press) -> None:
    """Take the dates off a loop."""
    area: LoopArea = press.services.loops
    edited = await area.loops.make_undated(press.actor, press.owner, press.id)
    told = press.words("loop.told.undated", name=edited.loop.name)
    await after_edit(press, told, edited.group_id, edited.loop.id)


controls = (
    more,
    more_pick,
    apply,
    earlier,
    later,
    look,
    here,
    step,
    zoom,
    set_playhead,
    post_timeline,
    show_next,
    post_done,
    change_role,
    as_text,
    clip_open,
    undated,
)
