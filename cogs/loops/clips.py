"""Clips in chat: the form to add and change one, the card with its tools, and finishing one."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.errors import BotError
from bot.loops.area import LoopArea
from bot.loops.cards import choose_clip_card, clip_card, edited_text
from bot.loops.clips import ClipFields, DeadlineFields
from bot.loops.dates import units_text
from bot.loops.model import LANES, Clip, DeadlineKind, Lane, Loop
from bot.loops.momentum import measure
from bot.loops.shown import DEADLINE_FORM, clip_form_of
from bot.loops.store import Edited, LoopView
from bot.loops.wording import when_text
from bot.merging import FormOf
from bot.say.card import Option, Text, join, note
from bot.say.dates import day_month
from bot.say.words import Words
from bot.studio.roles import Does, Role
from bot.ui.base import Press, Submit, Turn
from bot.ui.common import undo_button
from bot.ui.controls import control, form
from bot.ui.inputs import Field, FieldKind, Form
from bot.ui.merging import overtaken_lines
from cogs.loops.days import read_day
from cogs.loops.panel import after_edit, panels_of, stale_panel, which_loop


def clip_form(
    loop: Loop, clip: Clip | None, words: Words, defaults: ClipFields | None = None, message: str = ""
) -> Form:
    """Return the form of a clip; without one it adds. `message` stands for the one it is filled in with."""
    given = defaults or ClipFields()
    lane = Lane(given.lane) if given.lane else clip.lane if clip else Lane.CREATIVE
    kind = "days" if loop.is_dated else "beats"
    first = day_month(loop.start_date) if loop.start_date else ""
    start = given.start if given.start is not None else units_text(clip.start_milli) if clip else "0"
    length = given.length if given.length is not None else units_text(clip.length_milli) if clip else "4"
    name = given.name if given.name is not None else clip.name if clip else None
    notes = given.notes if given.notes is not None else clip.notes if clip else None
    title = words("loop.form.clip_edit", name=clip.name) if clip else words("loop.form.clip_new", name=loop.name)
    options = [Option(words(f"loop.lane.{one.value}"), one.value, default=one is lane) for one in LANES]
    return Form(
        "loop",
        "clip-save" if clip else "clip-add",
        title,
        [
            Field(
                "name", words("loop.form.name"), words("loop.form.name_help"), value=name, required=False,
                max_length=100,
            ),
            Field(
                "lane", words("loop.form.lane"), kind=FieldKind.SELECT, value=lane.value, options=options
            ),
            Field(
                "start", words("loop.form.start"), words(f"loop.form.start_{kind}", first=first),
                value=str(start), max_length=20,
            ),
            Field(
                "length", words("loop.form.length"), words(f"loop.form.length_{kind}"), value=str(length),
                max_length=20,
            ),
            Field(
                "notes", words("loop.form.notes"), words("loop.form.notes_help"), FieldKind.PARAGRAPH,
                value=notes, required=False, max_length=1200,
            ),
        ],
        id=clip.id if clip else loop.id,
        arg=message,
    )  # fmt: skip


def fields_of(submit: Submit) -> ClipFields:
    """Return what was typed into the form of a new clip."""
    values = submit.values
    return ClipFields(
        name=values.text("name"),
        lane=values.choice("lane"),
        start=values.text("start"),
        length=values.text("length"),
        notes=values.text("notes"),
    )


def changes_of(submit: Submit) -> ClipFields:
    """Return what was changed in the form of a clip; the rest stays as it is by now."""
    changed = submit.changed
    return ClipFields(
        name=changed.text("name"),
        lane=changed.choice("lane"),
        start=changed.text("start"),
        length=changed.text("length"),
        notes=changed.text("notes"),
    )


async def open_clip_form(turn: Turn, clip_id: str | None) -> None:
    """Open the form: of a clip, or of a new one in the active loop."""
    area: LoopArea = turn.services.loops
    if clip_id is None:
        loop_id = await which_loop(turn, None, Does.EDIT)
        plan = await area.loops.plan(turn.owner, loop_id)
        await turn.open(clip_form(plan.loop, None, turn.words))
        return
    loop, clip = await area.clips.get(turn.owner, clip_id)
    await turn.open(clip_form(loop, clip, turn.words))


async def finish_clip(turn: Turn, clip_id: str) -> tuple[str, Edited]:
    """Finish a clip and return what is told of it."""
    area: LoopArea = turn.services.loops
    if await turn.services.studio.role(await turn.standing_with(turn.owner)) is Role.CLIENT:
        await turn.services.work.must_be_theirs(turn.owner, clip_id, turn.person)
    edited = await area.clips.finish(turn.actor, turn.owner, clip_id)
    plan = await area.loops.plan(turn.owner, edited.loop.id)
    momentum = measure(plan, turn.now, area.rules.momentum)
    told = turn.words(
        "loop.told.finished",
        clip=edited.clip.name if edited.clip else "",
        percent=momentum.percent,
        label=turn.words(f"loop.state.{momentum.label.value}"),
    )
    return told, edited


async def stale_clip(turn: Turn, told: Text) -> None:
    """Draw the clip that was pressed anew, and say on it what became of it; a removed one leaves the sentence alone."""
    area: LoopArea = turn.services.loops
    target = turn.target if isinstance(turn, (Press, Submit)) else None
    try:
        loop, clip = await area.clips.get(turn.owner, target.id if target else "")
        view = await area.store.view(turn.owner, loop.id)
    except BotError:
        await turn.update(note(told))
        return
    await turn.update(clip_card(view, view.plan.clip(clip.id) or clip, turn.words, told))


async def stale_choice(turn: Turn, told: Text) -> None:
    """Offer what is still open, below what became of the clip that was chosen."""
    area: LoopArea = turn.services.loops
    target = turn.target if isinstance(turn, (Press, Submit)) else None
    try:
        view = await area.store.view(turn.owner, target.id if target else "")
    except BotError:
        await turn.update(note(told))
        return
    if all(clip.is_done for clip in view.plan.clips):
        await turn.update(note(told))
        return
    card = choose_clip_card(view, turn.words, "finish", only_open=True)
    await turn.update(replace(card, lead=join("\n", [told, card.lead or ""])))


@control("loop", "add", opens_form=True, stale=stale_panel)
async def add(press: Press) -> None:
    """Open the form for a new clip of this loop."""
    area: LoopArea = press.services.loops
    plan = await area.loops.plan(press.owner, press.id)
    await press.open(clip_form(plan.loop, None, press.words))


@form("loop", "clip-add", stale=stale_panel)
async def clip_add(submit: Submit) -> None:
    """Add what the form says."""
    area: LoopArea = submit.services.loops
    edited = await area.clips.add(
        submit.actor, submit.owner, submit.id, fields_of(submit), key=submit.key, message=submit.arg
    )
    if edited.clip is None:
        return
    words = submit.words
    lane = words(f"loop.lane.{edited.clip.lane.value}")
    told = words("loop.told.added", clip=edited.clip.name, lane=lane)
    await after_edit(submit, edited_text(edited, told, words), edited.group_id, edited.loop.id)


@form("loop", "clip-save", stale=stale_clip)
async def clip_save(submit: Submit) -> None:
    """Change a clip to what the form says."""
    area: LoopArea = submit.services.loops
    edited = await area.clips.edit(submit.actor, submit.owner, submit.id, changes_of(submit))
    await _changed(submit, edited, clip_form_of(edited.loop))


async def _changed(submit: Submit, edited: Edited, form: FormOf) -> None:
    """Say what a form changed of a clip, and what somebody else had set meanwhile."""
    name = edited.clip.name if edited.clip else ""
    said = submit.words("loop.told.unchanged" if edited.unchanged else "loop.told.changed", name=name, clip=name)
    told = edited_text(edited, said, submit.words)
    lines = await overtaken_lines(submit, edited.group_id, submit.id, name, form)
    await after_edit(submit, join("\n", [told, *lines]), edited.group_id, edited.loop.id)


@control("loop", "done", does=Does.TICK, stale=stale_panel)
async def done(press: Press) -> None:
    """Ask which clip is finished; a single one is finished at once, where the panel was in step and showed it."""
    area: LoopArea = press.services.loops
    view = await area.loops.view(press.actor, press.owner, press.id)
    open_clips = [clip for clip in view.plan.clips if not clip.is_done]
    is_alone = press.owner == press.person
    in_step = is_alone or panels_of(press).is_in_step(press)
    await panels_of(press).touched(press, press.id)
    if not open_clips:
        await _all_done(press, view)
        return
    if len(open_clips) == 1 and in_step:
        told, edited = await finish_clip(press, open_clips[0].id)
        await press.reply(note(told, [undo_button(press, edited.group_id)]), ephemeral=True)
        return
    await press.reply(choose_clip_card(view, press.words, "finish", only_open=True), ephemeral=True)


async def _all_done(press: Press, view: LoopView) -> None:
    """Say that nothing is left to finish, and which clip was the last."""
    last = max((clip for clip in view.plan.clips), key=lambda clip: clip.done_at or press.now, default=None)
    if last is None:
        await press.reply(note(press.words("loop.told.nothing_open")), ephemeral=True)
        return
    await finish_clip(press, last.id)


@control("loop", "finish", does=Does.TICK, stale=stale_choice)
async def finish(press: Press) -> None:
    """Finish the clip that was chosen."""
    told, edited = await finish_clip(press, press.values[0])
    await press.update(note(told, [undo_button(press, edited.group_id)]))


@control("loop", "clip", does=Does.SEE)
async def pick_clip(press: Press) -> None:
    """Show the tools of the clip that was chosen."""
    await _show_clip(press, press.values[0] if press.values else press.id)


async def _show_clip(press: Press, clip_id: str, told: str | None = None, group_id: str = "") -> None:
    area: LoopArea = press.services.loops
    loop, clip = await area.clips.get(press.owner, clip_id)
    await area.loops.select_clip(press.actor, press.owner, clip.id)
    view = await area.store.view(press.owner, loop.id)
    undo = undo_button(press, group_id) if group_id else None
    await press.update(clip_card(view, view.plan.clip(clip.id) or clip, press.words, told, undo))


async def _tool(press: Press, work: Callable[[LoopArea], Awaitable[Edited]], key: str) -> None:
    """Carry out one tool and show the clip again, with what was done and Undo."""
    area: LoopArea = press.services.loops
    async with press.hold(f"clip:{press.id}"):
        edited = await work(area)
    clip = edited.clip
    if clip is None:
        return
    told: str | None = press.words(key, clip=clip.name, when=when_text(edited.loop, clip.start_milli, press.words))
    if not edited.group_id:
        # Nothing was changed; only the notes say why.
        told = None
    await _show_clip(press, press.id, edited_text(edited, told, press.words), edited.group_id)


@control("loop", "c-nudge", stale=stale_clip)
async def nudge(press: Press) -> None:
    """Move the clip by what was chosen."""
    by = float(press.values[0])
    await _tool(press, lambda area: area.clips.nudge(press.actor, press.owner, press.id, by), "loop.told.moved")


@control("loop", "c-length", stale=stale_clip)
async def lengthen(press: Press) -> None:
    """Change the clip's length by what was chosen."""
    by = float(press.values[0])
    await _tool(press, lambda area: area.clips.lengthen(press.actor, press.owner, press.id, by), "loop.told.changed")


@control("loop", "c-lane", stale=stale_clip)
async def change_lane(press: Press) -> None:
    """Put the clip on the lane that was chosen."""
    lane = press.values[0]
    await _tool(press, lambda area: area.clips.move_lane(press.actor, press.owner, press.id, lane), "loop.told.changed")


@control("loop", "c-free", stale=stale_clip)
async def free_slot(press: Press) -> None:
    """Move the clip to the next free place of its lane."""
    await _tool(press, lambda area: area.clips.move_to_free_slot(press.actor, press.owner, press.id), "loop.told.moved")


@control("loop", "c-ready", stale=stale_clip)
async def ready(press: Press) -> None:
    """Mark the clip ready."""
    await _tool(press, lambda area: area.clips.mark_ready(press.actor, press.owner, press.id), "loop.told.ready")


@control("loop", "c-unready", stale=stale_clip)
async def unready(press: Press) -> None:
    """Take the ready mark off."""
    await _tool(
        press,
        lambda area: area.clips.mark_ready(press.actor, press.owner, press.id, ready=False),
        "loop.told.unready",
    )


@control("loop", "c-done", does=Does.TICK, stale=stale_clip)
async def clip_done(press: Press) -> None:
    """Finish the clip."""
    told, edited = await finish_clip(press, press.id)
    await _show_clip(press, press.id, told, edited.group_id)


@control("loop", "c-reopen", stale=stale_clip)
async def reopen(press: Press) -> None:
    """Take the done mark off."""
    await _tool(press, lambda area: area.clips.reopen(press.actor, press.owner, press.id), "loop.told.reopened")


@control("loop", "c-edit", opens_form=True, stale=stale_clip)
async def edit(press: Press) -> None:
    """Open the clip's form."""
    await open_clip_form(press, press.id)


@control("loop", "c-deadline", opens_form=True, stale=stale_clip)
async def ask_deadline(press: Press) -> None:
    """Ask until when the clip has to be done, and whether the day may slip."""
    _, clip = await press.services.loops.clips.get(press.owner, press.id)
    words, strict = press.words, clip.deadline_kind is DeadlineKind.HARD
    kinds = [
        Option(words(f"loop.form.deadline_{kind.value}"), kind.value, default=(kind is DeadlineKind.HARD) is strict)
        for kind in (DeadlineKind.SOFT, DeadlineKind.HARD)
    ]
    fields = [
        Field(
            "day", words("loop.form.deadline_day"), words("loop.form.deadline_help"),
            value=clip.deadline.isoformat() if clip.deadline else None, required=False, max_length=40,
        ),
        Field("kind", words("loop.form.deadline_kind"), kind=FieldKind.SELECT, options=kinds),
    ]  # fmt: skip
    await press.open(Form("loop", "c-deadline", words("loop.form.deadline", name=clip.name), fields, id=clip.id))


@form("loop", "c-deadline", stale=stale_clip)
async def set_deadline(submit: Submit) -> None:
    """Set the deadline of the form; an empty day takes it away."""
    area: LoopArea = submit.services.loops
    typed, chosen = submit.changed.text("day"), submit.changed.choice("kind")
    kind = DeadlineKind(chosen) if chosen else None
    fields = DeadlineFields(await read_day(submit, typed), kind, clears=typed == "")
    edited = await area.clips.set_deadline(submit.actor, submit.owner, submit.id, fields)
    await _changed(submit, edited, DEADLINE_FORM)


@control("loop", "c-remove", stale=stale_clip)
async def remove(press: Press) -> None:
    """Remove the clip; Undo brings it back."""
    area: LoopArea = press.services.loops
    edited = await area.clips.remove(press.actor, press.owner, press.id)
    told = press.words("loop.told.removed", clip=edited.clip.name if edited.clip else "")
    await press.update(note(told, [undo_button(press, edited.group_id)]))


controls = (
    add,
    clip_add,
    clip_save,
    done,
    finish,
    pick_clip,
    nudge,
    lengthen,
    change_lane,
    free_slot,
    ready,
    unready,
    clip_done,
    reopen,
    edit,
    ask_deadline,
    set_deadline,
    remove,
)
