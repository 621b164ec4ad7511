"""`/loop`: plans drawn as timelines. Commands only; cards, forms and controls are in the files beside it."""

from collections.abc import Iterable
from datetime import date, timedelta

import discord
from discord import app_commands

from bot.client import StudioBot
from bot.errors import Refused
from bot.loops.area import LoopArea
from bot.loops.cards import edited_text, next_card
from bot.loops.clips import ClipFields
from bot.loops.model import Loop, Pace
from bot.loops.service import LoopFields
from bot.loops.shown import LOOP_FORM
from bot.loops.store import Edited
from bot.releases.model import Anchor, Preset
from bot.releases.service import ReleaseDraft
from bot.say.card import Button, Option, join, note
from bot.say.dates import day_month
from bot.say.words import Words
from bot.studio.roles import Does
from bot.ui.base import Interaction, Press, Submit, Turn
from bot.ui.commands import StudioCog, Verb, choices, group, verb
from bot.ui.common import undo_button
from bot.ui.confirm import check_name, name_form
from bot.ui.controls import control, form
from bot.ui.inputs import Field, FieldKind, Form
from bot.ui.merging import overtaken_lines
from cogs.clients.which import ClientOption, Wanted
from cogs.loops import assign as loop_assign
from cogs.loops import clips as loop_clips
from cogs.loops import files as loop_files
from cogs.loops import more as loop_more
from cogs.loops import panel as loop_panel
from cogs.loops import readings as loop_readings
from cogs.loops.clips import clip_form, finish_clip, open_clip_form
from cogs.loops.days import read_day
from cogs.loops.lists import loop_list
from cogs.loops.more import timeline_card
from cogs.loops.options import ClipOption, LoopOption
from cogs.loops.panel import LoopPanels, show_panel, which_loop

LoopChoice = app_commands.Transform[str, LoopOption]
ClipChoice = app_commands.Transform[str, ClipOption]


@group("loop", where="SDU")
class Loops(StudioCog):
    """The commands of loops."""

    def __init__(self, bot: StudioBot) -> None:
        super().__init__(bot)
        area: LoopArea = bot.services.loops
        self.panels = LoopPanels(bot, area)
        self._stop_hearing = bot.services.announcer.hear("loop", self.panels.changed)
        self._menu = app_commands.ContextMenu(
            name="Make a clip", callback=make_a_clip, extras={"verb": Verb(opens_form=True)}
        )
        self._menu.allowed_contexts = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
        self._menu.allowed_installs = app_commands.AppInstallationType(guild=True, user=True)

    async def cog_load(self) -> None:
        self.bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        self.bot.tree.remove_command(self._menu.name, type=self._menu.type)
        self._stop_hearing()
        self.panels.stop()

    @property
    def area(self) -> LoopArea:
        return self.services.loops

    @verb("list", does=Does.SEE)
    @choices("state", ["open", "archived", "bin"])
    @choices("owner", ["all", "me", "studio"])
    async def list_(
        self,
        interaction: Interaction,
        state: str = "open",
        owner: str = "all",
        client: app_commands.Transform[str, ClientOption] | None = None,
    ) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await loop_list.show(turn, Wanted(state, owner, client).filter))

    @verb("show", does=Does.SEE)
    async def show(self, interaction: Interaction, loop: LoopChoice | None = None) -> None:
        await show_panel(Turn.of(interaction), loop)

    @verb("new")
    @choices("pace", ["relaxed", "moderate", "intensive"])
    @choices("for_", ["me", "studio"])
    @app_commands.rename(for_="for")
    async def new(
        self,
        interaction: Interaction,
        name: app_commands.Range[str, 1, 100],
        start: str | None = None,
        end: str | None = None,
        pace: str | None = None,
        preset: str | None = None,
        for_: str = "me",
    ) -> None:
        turn = Turn.of(interaction)
        if for_ == "studio":
            await turn.act_for(turn.server, "loop", Does.EDIT)
        first, last = await read_day(turn, start), await read_day(turn, end)
        if preset:
            await show_panel(turn, await from_preset(turn, name, preset, first, pace))
            return
        fields = LoopFields(name=name, start=first, end=last, pace=pace)
        edited = await self.area.loops.create(turn.actor, turn.owner, fields, key=turn.key)
        await show_panel(turn, edited.loop.id)

    @new.autocomplete("preset")
    async def presets(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Offer the release plans by name."""
        wanted = current.strip().casefold()
        found = self.services.releases.presets.presets.values()
        named = [one for one in found if wanted in one.name.casefold() or wanted in one.key]
        return [app_commands.Choice(name=one.name[:100], value=one.key) for one in named[:25]]

    @verb("edit", opens_form=True)
    async def edit(self, interaction: Interaction, loop: LoopChoice) -> None:
        turn = Turn.of(interaction)
        plan = await self.area.loops.plan(turn.owner, loop)
        await turn.open(loop_form(plan.loop, turn.words))

    @verb("switch", does=Does.SEE)
    async def switch(self, interaction: Interaction, loop: LoopChoice) -> None:
        turn = Turn.of(interaction)
        chosen = await self.area.loops.switch(turn.actor, turn.owner, loop)
        show = Button("loop", "show", turn.words("loop.card.show"), id=chosen.id, owner=turn.owner)
        await turn.reply(note(turn.words("loop.told.switched", name=chosen.name), [show]))

    @verb("clip", opens_form=True)
    async def clip(self, interaction: Interaction, clip: ClipChoice | None = None) -> None:
        await open_clip_form(Turn.of(interaction), clip)

    @verb("done", does=Does.TICK)
    async def done(self, interaction: Interaction, clip: ClipChoice) -> None:
        turn = Turn.of(interaction)
        told, edited = await finish_clip(turn, clip)
        show = Button("loop", "show", turn.words("loop.card.show"), id=edited.loop.id, owner=turn.owner)
        post = Button("loop", "done-post", turn.words("loop.card.post"), id=clip, owner=turn.owner)
        await turn.reply(note(told, [undo_button(turn, edited.group_id), show, post]))

    @verb("next", does=Does.SEE)
    async def next(self, interaction: Interaction, loop: LoopChoice | None = None) -> None:
        turn = Turn.of(interaction)
        view = await self.area.store.view(turn.owner, await which_loop(turn, loop))
        await turn.reply(next_card(view, turn.words))

    @verb("timeline", does=Does.SEE)
    async def timeline(self, interaction: Interaction, loop: LoopChoice | None = None) -> None:
        turn = Turn.of(interaction)
        view = await self.area.store.view(turn.owner, await which_loop(turn, loop))
        await turn.reply(await timeline_card(turn, view, ""))

    @verb("suggest")
    async def suggest(self, interaction: Interaction, loop: LoopChoice | None = None) -> None:
        turn = Turn.of(interaction)
        loop_id = await which_loop(turn, loop)
        card = await loop_readings.suggest(turn, loop_id)
        await turn.reply(card or note(turn.words("loop.suggest.thinking")))

    @verb("summary")
    async def summary(self, interaction: Interaction, loop: LoopChoice | None = None) -> None:
        turn = Turn.of(interaction)
        loop_id = await which_loop(turn, loop)
        await turn.reply(await loop_readings.summary_reply(turn, loop_id))

    @verb("insights", does=Does.SEE)
    @choices("kind", ["suggest", "fixes", "summary"])
    async def insights(self, interaction: Interaction, loop: LoopChoice | None = None, kind: str | None = None) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await loop_readings.insights.show(turn, loop_readings.insight_filter(loop, kind)))

    @verb("export", does=Does.SEE)
    @choices("target", ["aqua", "analogue", "xp", "json", "csv"])
    async def export(
        self,
        interaction: Interaction,
        target: str,
        loop: LoopChoice | None = None,
        clip: ClipChoice | None = None,
    ) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await loop_files.export_reply(turn, target, loop, clip))

    @verb("exports", does=Does.SEE)
    async def exports(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await loop_files.exports.show(turn))

    @verb("import")
    async def import_(self, interaction: Interaction, file: discord.Attachment, loop: LoopChoice | None = None) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await loop_files.import_reply(turn, file, loop))

    @verb("duplicate")
    async def duplicate(self, interaction: Interaction, loop: LoopChoice) -> None:
        turn = Turn.of(interaction)
        plan = await self.area.loops.plan(turn.owner, loop)
        if plan.loop.is_dated:
            label = turn.words(day_label(plan.loop))
            ask = Button("loop", "duplicate", label, id=plan.loop.id, owner=turn.owner)
            await turn.reply(note(turn.words("error.loop_needs_day"), [ask]))
            return
        await _duplicated(turn, loop, None)

    @verb("archive", does=Does.DELETE)
    async def archive(self, interaction: Interaction, loop: LoopChoice) -> None:
        turn = Turn.of(interaction)
        edited = await self.area.loops.archive(turn.actor, turn.owner, loop)
        await _told(turn, "loop.told.archived", edited)

    @verb("unarchive", does=Does.DELETE)
    async def unarchive(self, interaction: Interaction, loop: LoopChoice) -> None:
        turn = Turn.of(interaction)
        edited = await self.area.loops.unarchive(turn.actor, turn.owner, loop)
        await _told(turn, "loop.told.unarchived", edited)

    @verb("delete", opens_form=True, does=Does.DELETE)
    async def delete(self, interaction: Interaction, loop: LoopChoice) -> None:
        turn = Turn.of(interaction)
        plan = await self.area.loops.plan(turn.owner, loop)
        await turn.open(name_form(turn.words, "loop", "delete", plan.loop.id, plan.loop.name))


async def make_a_clip(interaction: Interaction, message: discord.Message) -> None:
    """Open the form of a new clip in the active loop, filled in with a message."""
    turn = Turn.of(interaction)
    area: LoopArea = turn.services.loops
    loop = (await area.loops.plan(turn.owner, await which_loop(turn, None, Does.EDIT))).loop
    text = message.content.strip()
    first = text.split("\n")[0][: area.rules.name_max]
    notes = text[: area.rules.notes_max] if text != first else ""
    author = None if message.author.bot else message.author.id
    taken = await area.clips.take_message(turn.actor, turn.owner, turn.key, author) if text else ""
    await turn.open(clip_form(loop, None, turn.words, ClipFields(first, notes=notes), message=taken))


async def from_preset(turn: Turn, name: str, key: str, first: date | None, pace: str | None) -> str:
    """Make a release plan whose work begins on `first` (today if not given); return its loop.

    It is whose the turn is about; a server's needs its roles to let the person plan releases as well.
    """
    if turn.owner != turn.person:
        await turn.act_for(turn.owner, "release", Does.EDIT)
    area: LoopArea = turn.services.loops
    releases = turn.services.releases
    preset = _preset(releases.presets.presets.values(), key)
    start = first or await releases.today(turn.owner)
    anchor = start
    if preset.anchor is Anchor.RELEASE:
        anchor = start - timedelta(days=min(task.offset for task in preset.tasks))
    draft = ReleaseDraft(name, anchor, preset.key, pace=Pace(pace) if pace else None)
    saved = await releases.create(turn.actor, turn.owner, draft, key=turn.key)
    loop_id: str = saved.view.release.loop_id
    await area.loops.switch(turn.actor, turn.owner, loop_id)
    return loop_id


def _preset(presets: Iterable[Preset], typed: str) -> Preset:
    """Return the release plan of that key or name. Raises Refused when there is none."""
    wanted = typed.strip().casefold()
    for preset in presets:
        if wanted in (preset.key, preset.name.casefold()):
            return preset
    raise Refused("loop_preset_unknown", typed=typed[:40])


def loop_form(loop: Loop, words: Words) -> Form:
    """Return the form of a loop: name, tempo, pace, days."""
    paces = [
        Option(words(f"loop.choice.pace.{pace}"), pace, default=loop.pace.value == pace)
        for pace in ("relaxed", "moderate", "intensive")
    ]
    return Form(
        "loop",
        "save",
        words("loop.form.loop_edit", name=loop.name),
        [
            Field("name", words("loop.form.name"), words("loop.form.loop_name_help"), value=loop.name, max_length=100),
            Field("bpm", words("loop.form.bpm"), words("loop.form.bpm_help"), value=f"{loop.bpm:g}", max_length=10),
            Field("pace", words("loop.form.pace"), kind=FieldKind.SELECT, value=loop.pace.value, options=paces),
            Field(
                "start",
                words("loop.form.start_day"),
                words("loop.form.start_day_help"),
                value=loop.start_date.isoformat() if loop.start_date else None,
                required=False,
                max_length=40,
            ),
            Field(
                "end",
                words("loop.form.end_day"),
                words("loop.form.end_day_help"),
                value=loop.end_date.isoformat() if loop.end_date else None,
                required=False,
                max_length=40,
            ),
        ],
        id=loop.id,
    )


@control("loop", "edit", opens_form=True)
async def open_loop_form(press: Press) -> None:
    """Open the form of a loop."""
    area: LoopArea = press.services.loops
    plan = await area.loops.plan(press.owner, press.id)
    await press.open(loop_form(plan.loop, press.words))


@form("loop", "save")
async def save_loop(submit: Submit) -> None:
    """Change a loop to what the form says; taking its dates off is asked for first."""
    area: LoopArea = submit.services.loops
    changed = submit.changed
    plan = await area.loops.plan(submit.owner, submit.id)
    start, end = await read_day(submit, changed.text("start")), await read_day(submit, changed.text("end"))
    has_start = start is not None or ("start" not in changed and plan.loop.start_date is not None)
    has_end = end is not None or ("end" not in changed and plan.loop.end_date is not None)
    if plan.loop.is_dated and has_start is not has_end:
        raise Refused("loop_dates_both")
    fields = LoopFields(
        name=changed.text("name"),
        bpm=changed.text("bpm"),
        pace=changed.choice("pace"),
        start=start,
        end=end,
        end_stays=True,
    )
    edited = await area.loops.edit(submit.actor, submit.owner, submit.id, fields)
    if plan.loop.is_dated and not has_start and not has_end:
        await submit.reply(loop_more.undated_question(submit, plan), ephemeral=True)
        return
    said = submit.words("loop.told.unchanged" if edited.unchanged else "loop.told.loop_changed", name=edited.loop.name)
    told = edited_text(edited, said, submit.words)
    lines = await overtaken_lines(submit, edited.group_id, submit.id, edited.loop.name, LOOP_FORM)
    await loop_panel.after_edit(submit, join("\n", [told, *lines]), edited.group_id, edited.loop.id)


@form("loop", "delete", does=Does.DELETE)
async def delete_loop(submit: Submit) -> None:
    """Put a loop into the bin once its name was typed."""
    area: LoopArea = submit.services.loops
    plan = await area.loops.plan(submit.owner, submit.id)
    check_name(submit, plan.loop.name)
    edited = await area.loops.delete(submit.actor, submit.owner, submit.id)
    await _told(submit, "loop.told.deleted", edited)


@control("loop", "restore", does=Does.DELETE)
async def restore(press: Press) -> None:
    """Take a loop out of the bin."""
    area: LoopArea = press.services.loops
    edited = await area.loops.restore(press.actor, press.owner, press.id)
    show = Button("loop", "show", press.words("loop.card.show"), id=edited.loop.id, owner=press.owner)
    await press.update(note(press.words("loop.told.restored", name=edited.loop.name), [show]))


def day_label(loop: Loop) -> str:
    """Return the key of what a copy of a dated loop is asked for: the day it leads to, else its first day."""
    return "loop.form.duplicate_anchor" if loop.anchor_date else "loop.form.duplicate_day"


@control("loop", "duplicate", opens_form=True)
async def ask_day(press: Press) -> None:
    """Ask for the first day of a copy."""
    area: LoopArea = press.services.loops
    plan = await area.loops.plan(press.owner, press.id)
    words = press.words
    now = plan.loop.anchor_date or plan.loop.start_date
    help_text = words("loop.form.duplicate_help", day=day_month(now)) if now else None
    day = Field("day", words(day_label(plan.loop)), help_text, max_length=40)
    title = words("loop.form.duplicate", name=plan.loop.name)
    await press.open(Form("loop", "duplicate", title, [day], id=press.id))


@form("loop", "duplicate")
async def duplicate_dated(submit: Submit) -> None:
    """Copy a dated loop to its new day."""
    await _duplicated(submit, submit.id, await read_day(submit, submit.values.text("day")))


async def _duplicated(turn: Turn, loop_id: str, new_day: date | None) -> None:
    area: LoopArea = turn.services.loops
    suffix = turn.words("loop.copy_suffix")
    edited = await area.loops.duplicate(turn.actor, turn.owner, loop_id, new_day=new_day, suffix=suffix)
    await _told(turn, "loop.told.duplicated", edited)


async def _told(turn: Turn, key: str, edited: Edited) -> None:
    text = edited_text(edited, turn.words(key, name=edited.loop.name), turn.words)
    buttons = [undo_button(turn, edited.group_id)] if edited.group_id else []
    await turn.reply(note(text, buttons) if buttons else note(text))


async def setup(bot: StudioBot) -> None:
    await bot.add_cog(Loops(bot))


controls = (
    *loop_assign.controls,
    *loop_clips.controls,
    *loop_files.controls,
    *loop_more.controls,
    *loop_panel.controls,
    *loop_readings.controls,
    *loop_list.controls,
)
"""What the files beside this one declare; the client finds them through their modules."""
