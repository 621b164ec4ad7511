"""`/release`: plans from presets, their tasks and deadlines, moving the day, calendar files, countdowns."""

import asyncio
from collections.abc import Sequence
from datetime import date

from discord import app_commands

from bot.bounces.cards import picture_of, say_in
from bot.bounces.model import Filter
from bot.bounces.pictures import ART_PX
from bot.bounces.trouble import CannotMeasure
from bot.client import StudioBot
from bot.errors import BotError, NotFound, Refused
from bot.loops.model import Pace, Role
from bot.posted_model import Shows
from bot.releases.cards import (
    all_tasks_text,
    list_line,
    made_card,
    move_card,
    preset_card,
    presets_card,
    release_card,
    tasks_card,
)
from bot.releases.countdown import DateChoice, read_date
from bot.releases.messages import POSTED, shared_card
from bot.releases.model import Anchor, Condition, Preset, ReleaseState
from bot.releases.picture import draw_strip_blocking, strip_alt
from bot.releases.service import ReleaseDraft, Saved
from bot.releases.view import ReleaseView
from bot.say.card import Button, Card, Option, OutFile, Picture, Section, Select, note, raw
from bot.say.countdown import countdown
from bot.say.dates import full_day
from bot.say.words import Words
from bot.ui.base import Interaction, Press, Submit, Turn
from bot.ui.commands import Entity, StudioCog, choices, group, verb
from bot.ui.common import undo_button
from bot.ui.confirm import ask
from bot.ui.controls import control, form
from bot.ui.inputs import Field, FieldKind, Form
from bot.ui.items import Who
from cogs.bounces.forms import option_label
from cogs.loops.commands import LoopOption

PRESETS = (
    "single_8w", "sprint_single_4w", "ep_12w", "album_vinyl_20w", "radio_push_8w", "bandcamp_first_3w",
    "finish_month", "sync_pack_2w", "catalogue_tidy_2w",
)  # fmt: skip
LISTED = 10
MORE = ("edit", "all", "art", "countdown", "missed", "cancel", "delete")
BOUNCES_LISTED = 25


class ReleaseOption(Entity):
    """The person's releases, by autocomplete."""

    thing, list_command, opens = "release", "/release list", ("release", "show")

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        wanted = typed.strip().casefold()
        views = await turn.services.releases.all(turn.person)
        views.sort(key=lambda view: (view.days_left < 0, abs(view.days_left)))
        return [
            Option(
                f"{view.release.title} · {countdown(view.release.anchor_date, view.today, turn.words)}", view.release.id
            )
            for view in views
            if wanted in view.release.title.casefold()
        ]


class TaskOption(Entity):
    """The open tasks of the release chosen beside it."""

    thing, list_command = "task", "/release show"

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        wanted = typed.strip().casefold()
        chosen = getattr(turn.interaction.namespace, "release", None)
        views = await turn.services.releases.all(turn.person)
        named = [
            view
            for view in views
            if chosen and (view.release.id == chosen or view.release.title.casefold() == str(chosen).casefold())
        ]
        return [
            Option(f"{task.clip.name} · {full_day(task.day, turn.words.locale)}", task.clip.id)
            for view in named or views
            for task in view.next_tasks
            if wanted in task.clip.name.casefold()
        ]


@group("release")
class Releases(StudioCog):
    """Release plans."""

    @verb("list")
    @choices("state", [str(state) for state in ReleaseState])
    async def list(self, interaction: Interaction, state: str | None = None) -> None:
        turn = Turn.of(interaction)
        wanted = [ReleaseState(state)] if state else None
        views = await self.services.releases.all(turn.person, wanted)
        if not views:
            await turn.reply(note(turn.words("release.list.empty")))
            return
        views.sort(key=lambda view: (view.days_left < 0, abs(view.days_left)))
        lines = [list_line(view, turn.words) for view in views[:LISTED]]
        rest = len(views) - len(lines)
        meta = [turn.words("release.list.archived", count=rest)] if rest else ()
        await turn.reply(Card(turn.words("release.list.title"), sections=[Section(None, lines)], meta=meta))

    @verb("show")
    async def show(self, interaction: Interaction, release: app_commands.Transform[str, ReleaseOption]) -> None:
        turn = Turn.of(interaction)
        await _show(turn, release)

    @verb("new", opens_form=True)
    @choices("preset", PRESETS)
    @choices("role", [str(role) for role in Role])
    async def new(
        self,
        interaction: Interaction,
        title: str,
        date: str,
        preset: str,
        role: str | None = None,
        loop: app_commands.Transform[str, LoopOption] | None = None,
    ) -> None:
        turn = Turn.of(interaction)
        chosen = self.services.releases.presets.get(preset)
        reading = read_date(date)
        if reading is None:
            raise Refused("release_date", typed=date)
        if isinstance(reading, DateChoice):
            await turn.reply(_which_day(turn, reading, date, chosen, title, role))
            return
        near = self.services.releases.is_near_bandcamp_friday(reading)
        await turn.open(_new_form(turn.words, chosen, title, reading, role, loop, bandcamp=near))

    @verb("edit", opens_form=True)
    async def edit(self, interaction: Interaction, release: app_commands.Transform[str, ReleaseOption]) -> None:
        turn = Turn.of(interaction)
        view = await self.services.releases.show(turn.person, release)
        await turn.open(_edit_form(turn.words, view, await _recent_bounces(turn, view.release.bounce_id)))

    @verb("delete")
    async def delete(self, interaction: Interaction, release: app_commands.Transform[str, ReleaseOption]) -> None:
        turn = Turn.of(interaction)
        await _ask_delete(turn, await self.services.releases.show(turn.person, release))

    @verb("task")
    @choices("action", ["done", "skip", "move"])
    async def task(
        self,
        interaction: Interaction,
        release: app_commands.Transform[str, ReleaseOption],
        task: app_commands.Transform[str, TaskOption],
        action: str,
        date: str | None = None,
    ) -> None:
        turn = Turn.of(interaction)
        releases = self.services.releases
        before = await releases.show(turn.person, release)
        title = next((item.clip.name for item in before.tasks if item.clip.id == task), "")
        if action == "done":
            saved = await releases.finish_task(turn.actor, turn.person, release, task)
            told = turn.words("release.told.done", title=title)
        elif action == "skip":
            saved = await releases.skip_task(turn.actor, turn.person, release, task)
            told = turn.words("release.told.skipped", title=title)
        else:
            if date is None:
                raise Refused("release_needs_date")
            day = _read(date)
            saved = await releases.move_task(turn.actor, turn.person, release, task, day)
            told = turn.words("release.told.moved", title=title, day=full_day(day, turn.words.locale))
        await turn.reply(note(told, [undo_button(turn, saved.group_id), _show_button(saved, turn.words)]))

    @verb("move")
    async def move(
        self, interaction: Interaction, release: app_commands.Transform[str, ReleaseOption], date: str
    ) -> None:
        turn = Turn.of(interaction)
        reading = read_date(date)
        if isinstance(reading, DateChoice):
            buttons = [
                Button(
                    "release",
                    "preview",
                    full_day(day, turn.words.locale),
                    release,
                    day.isoformat(),
                    owner=turn.person,
                )
                for day in reading.readings
            ]
            lead = turn.words("release.which.text", typed=date)
            await turn.reply(Card(turn.words("release.which.title"), lead=lead, rows=[buttons]))
            return
        await _preview(turn, release, _read(date))

    @verb("presets")
    @choices("preset", PRESETS)
    async def presets(self, interaction: Interaction, preset: str | None = None) -> None:
        turn = Turn.of(interaction)
        if preset is not None:
            await turn.reply(await _preset(turn, preset))
            return
        book = self.services.releases.presets
        problems = [str(problem) for problem in book.problems]
        await turn.reply(presets_card(list(book.presets.values()), problems, turn.words))

    @verb("calendar")
    async def calendar(self, interaction: Interaction, release: app_commands.Transform[str, ReleaseOption]) -> None:
        await _calendar(Turn.of(interaction), release)


# ---------------------------------------------------------------------- showing


async def strip(view: ReleaseView, words: Words) -> Picture:
    """Draw the strip of a release off the loop."""
    data = await asyncio.to_thread(draw_strip_blocking, view, words)
    return Picture("release.png", data, strip_alt(view, words))


async def _show(turn: Turn, release_id: str) -> None:
    view = await turn.services.releases.show(turn.person, release_id)
    await turn.reply(release_card(view, turn.words, await strip(view, turn.words)))
    if any(item.shown_at is None for item in view.missed):
        await turn.services.releases.missed_shown(turn.person, release_id)


def _show_button(saved: Saved, words: Words) -> Button:
    release = saved.view.release
    return Button("release", "show", words("release.button.show"), release.id, owner=release.owner_id)


@control("release", "show", who=Who.OWNER)
async def show_again(press: Press) -> None:
    await _show(press, press.id)


@control("release", "tasks", who=Who.OWNER)
async def show_tasks(press: Press) -> None:
    view = await press.services.releases.show(press.person, press.id)
    await press.reply(tasks_card(view, press.services.releases.facts, press.words))


@control("release", "done", who=Who.OWNER)
async def finish(press: Press) -> None:
    async with press.hold(f"release:{press.id}"):
        before = await press.services.releases.show(press.person, press.id)
        title = next((task.clip.name for task in before.tasks if task.clip.id == press.arg), None)
        if title is None:
            raise NotFound("task", "/release show")
        saved = await press.services.releases.finish_task(press.actor, press.person, press.id, press.arg)
    told = press.words("release.told.done", title=title)
    await press.reply(note(told, [undo_button(press, saved.group_id), _show_button(saved, press.words)]))


@control("release", "post", who=Who.OWNER)
async def post(press: Press) -> None:
    """Share the card: the title, the date, how far it is and the artwork; no plans. It goes on being true."""
    view = await press.services.releases.show(press.person, press.id)
    await press.defer()
    card = await shared_card(view, press.guild_words, press.services.bounces.messages.artwork)
    also = [part for part in (view.release.loop_id, view.release.bounce_id) if part is not None]
    await press.post(card, Shows(press.person, POSTED, view.release.id, also=tuple(also)))


async def _artwork(turn: Turn, view: ReleaseView, size: int, words: Words) -> Picture | None:
    """Draw the square picture of the release's bounce; None where there is none, or nothing to draw it from."""
    if view.release.bounce_id is None:
        return None
    bounces = turn.services.bounces
    try:
        bounce = await bounces.service.get(turn.person, view.release.bounce_id)
        return picture_of(await bounces.pictures.art(bounce, say_in(words), size), bounce, "-cover")
    except (BotError, CannotMeasure):
        return None


async def _send_art(press: Press, view: ReleaseView) -> None:
    await press.defer()
    picture = await _artwork(press, view, ART_PX, press.words)
    if picture is None:
        await press.reply(note(press.words("release.more.no_bounce")), ephemeral=True)
        return
    lead = press.words("release.art.lead")
    await press.reply(Card(view.release.title, lead=lead, media=[picture]), ephemeral=True)


@control("release", "calendar", who=Who.OWNER)
async def calendar_again(press: Press) -> None:
    await _calendar(press, press.id, press.arg)


async def _calendar(turn: Turn, release_id: str, kind: str = "") -> None:
    view = await turn.services.releases.show(turn.person, release_id)
    name, data = await turn.services.releases.calendar(
        turn.person, release_id, with_done=kind == "done", alarms=kind == "alarms"
    )
    buttons = [
        Button("release", "calendar", turn.words(f"release.calendar.{other}"), release_id, other, owner=turn.person)
        for other in ("alarms", "done")
        if other != kind
    ]
    card = Card(
        title=view.release.title,
        lead=turn.words("release.calendar.sent", title=view.release.title),
        files=[OutFile(name, data)],
        rows=[buttons],
    )
    await turn.reply(card)


async def _preset(turn: Turn, key: str) -> Card:
    releases = turn.services.releases
    preset: Preset = releases.presets.get(key)
    keys = dict.fromkeys([*preset.facts, *(fact for task in preset.tasks for fact in task.facts)])
    facts = releases.facts.shown(keys, frozenset(Condition))
    return preset_card(preset, facts, await releases.today(turn.person), turn.words)


@control("release", "preset", who=Who.ANYONE)
async def pick_preset(press: Press) -> None:
    await press.reply(await _preset(press, press.values[0]))


# ---------------------------------------------------------------------- making


def _which_day(turn: Turn, reading: DateChoice, typed: str, preset: Preset, title: str, role: str | None) -> Card:
    """Ask which of two readings is meant. The title travels in the button, as far as it fits."""
    buttons = [
        Button(
            "release",
            "pick",
            full_day(day, turn.words.locale),
            f"{preset.key},{role or ''}",
            f"{day.isoformat()} {_fitting(title, 28)}",
            owner=turn.person,
        )
        for day in reading.readings
    ]
    return Card(
        title=turn.words("release.which.title"),
        lead=turn.words("release.which.text", typed=typed),
        rows=[buttons],
    )


def _fitting(title: str, most: int) -> str:
    return title.encode()[:most].decode(errors="ignore") if title.isascii() else title[: most // 2]


@control("release", "pick", who=Who.OWNER, opens_form=True)
async def pick_day(press: Press) -> None:
    key, _, role = press.id.partition(",")
    day, _, title = press.arg.partition(" ")
    preset = press.services.releases.presets.get(key)
    near = press.services.releases.is_near_bandcamp_friday(date.fromisoformat(day))
    await press.open(_new_form(press.words, preset, title, date.fromisoformat(day), role or None, bandcamp=near))


def _new_form(
    words: Words, preset: Preset, title: str, day: date, role: str | None, loop: str | None = None, *, bandcamp: bool
) -> Form:
    """Return the form of a new release. `bandcamp`: a Bandcamp Friday is near, so it may be one."""
    is_release = preset.anchor is Anchor.RELEASE
    fields = [
        Field("title", words("release.form.name"), words("release.form.name_help"), value=title[:80], max_length=80),
        Field(
            "date",
            words("release.form.date" if is_release else "release.form.first_day"),
            words("release.form.date_help"),
            value=full_day(day, words.locale),
            max_length=40,
        ),
    ]
    open_conditions = tuple(
        condition for condition in preset.open_conditions() if bandcamp or condition is not Condition.BANDCAMP_FRIDAY
    )
    if is_release and Condition.SPOTIFY_COUNTDOWN not in open_conditions:
        open_conditions = (*open_conditions, Condition.SPOTIFY_COUNTDOWN)
    if is_release and open_conditions:
        fields.append(
            Field(
                "conditions",
                words("release.form.conditions"),
                words("release.form.conditions_help"),
                kind=FieldKind.CHECKBOXES,
                options=[Option(words(f"release.condition.{c}"), str(c)) for c in open_conditions],
                required=False,
                min_values=0,
                max_values=len(open_conditions),
            )
        )
    fields.append(
        Field(
            "pace",
            words("release.form.pace"),
            kind=FieldKind.RADIO,
            options=[Option(words(f"release.pace.{pace}"), str(pace)) for pace in Pace],
            required=False,
        )
    )
    if is_release:
        fields.append(
            Field("remind", words("release.form.remind"), words("release.form.remind_help"), kind=FieldKind.FLAG)
        )
    return Form("release", "make", words("release.form.title"), fields, id=preset.key, arg=f"{role or ''},{loop or ''}")


@form("release", "make")
async def make(submit: Submit) -> None:
    releases = submit.services.releases
    pace = submit.values.choice("pace")
    role, _, loop = submit.arg.partition(",")
    draft = ReleaseDraft(
        title=submit.values.text("title"),
        anchor_date=_read(submit.values.text("date")),
        preset_key=submit.id,
        conditions=frozenset(Condition(value) for value in submit.values.choices("conditions")),
        remind_deadlines=submit.values.flag("remind"),
        role=Role(role) if role else None,
        pace=Pace(pace) if pace else None,
        bounce_id=await _newest_bounce(submit, loop) if loop else None,
    )
    saved = await releases.create(submit.actor, submit.person, draft, submit.key)
    release = saved.view.release
    reading = await releases.weigh(submit.person, release.anchor_date, release.preset_key, release.id)
    undo = undo_button(submit, saved.group_id)
    await submit.reply(release_card(saved.view, submit.words, await strip(saved.view, submit.words)))
    bounces = await _recent_bounces(submit, None) if saved.view.preset.anchor is Anchor.RELEASE else []
    await submit.reply(made_card(saved.view, reading, submit.words, undo, bounces))
    await releases.missed_shown(submit.person, release.id)


async def _newest_bounce(turn: Turn, loop_id: str) -> str | None:
    """Return the newest bounce of the loop that the release comes from."""
    bounces = await turn.services.bounces.service.of_loops(turn.person, [loop_id])
    newest = max(bounces, key=lambda bounce: bounce.bounced_at, default=None)
    return newest.id if newest else None


async def _recent_bounces(turn: Turn, chosen: str | None) -> list[Option]:
    """Return the newest bounces to choose from; the chosen one among them."""
    found = await turn.services.bounces.service.list(turn.person, Filter(), BOUNCES_LISTED)
    options = [Option(option_label(bounce, turn.words), bounce.id, default=bounce.id == chosen) for bounce in found]
    if chosen is not None and chosen not in {option.value for option in options}:
        kept = await turn.services.bounces.service.many(turn.person, [chosen])
        options[BOUNCES_LISTED - 1 :] = [Option(option_label(b, turn.words), b.id, default=True) for b in kept]
    return options


@control("release", "bounce", who=Who.OWNER)
async def pick_bounce(press: Press) -> None:
    saved = await press.services.releases.edit(press.actor, press.person, press.id, bounce_id=press.values[0])
    told = press.words("release.told.bounce", title=saved.view.release.title)
    await press.reply(note(told, [undo_button(press, saved.group_id), _show_button(saved, press.words)]))


@control("release", "reopen", who=Who.OWNER)
async def reopen(press: Press) -> None:
    """Say that foundations are not done after all: they become open tasks from today."""
    saved = await press.services.releases.reopen(press.actor, press.person, press.id, press.values)
    told = press.words("release.told.reopened", count=len(press.values))
    await press.reply(note(told, [undo_button(press, saved.group_id), _show_button(saved, press.words)]))


def _read(typed: str) -> date:
    """Read a full date or raise Refused; two readings are not chosen between here."""
    reading = read_date(typed)
    if reading is None or isinstance(reading, DateChoice):
        raise Refused("release_date", typed=typed)
    return reading


# ---------------------------------------------------------------------- editing


def _edit_form(words: Words, view: ReleaseView, bounces: Sequence[Option]) -> Form:
    release = view.release
    which = Field(
        "bounce",
        words("release.form.bounce"),
        words("release.form.bounce_help"),
        kind=FieldKind.SELECT,
        options=bounces,
        value=release.bounce_id,
        required=False,
    )
    return Form(
        "release",
        "save",
        words("release.form.edit_title", title=release.title),
        [
            Field(
                "title", words("release.form.name"), words("release.form.name_help"), value=release.title, max_length=80
            ),
            Field(
                "remind",
                words("release.form.remind"),
                words("release.form.remind_help"),
                kind=FieldKind.FLAG,
                value=release.remind_deadlines,
            ),
            *([which] if bounces else []),
        ],
        id=release.id,
    )


@form("release", "save")
async def save(submit: Submit) -> None:
    saved = await submit.services.releases.edit(
        submit.actor,
        submit.person,
        submit.id,
        title=submit.values.text("title"),
        remind_deadlines=submit.values.flag("remind"),
        bounce_id=submit.values.choice("bounce"),
    )
    told = submit.words("release.told.edited")
    await submit.reply(note(told, [undo_button(submit, saved.group_id), _show_button(saved, submit.words)]))


@control("release", "date", who=Who.OWNER, opens_form=True)
async def ask_date(press: Press) -> None:
    view = await press.services.releases.show(press.person, press.id)
    day = full_day(view.release.anchor_date, press.words.locale)
    words = press.words
    await press.open(
        Form(
            "release",
            "redate",
            words("release.move.form", title=view.release.title),
            [Field("date", words("release.move.field"), words("release.move.help"), value=day, max_length=40)],
            id=press.id,
        )
    )


@form("release", "redate")
async def redate(submit: Submit) -> None:
    await _preview(submit, submit.id, _read(submit.values.text("date")))


@control("release", "preview", who=Who.OWNER)
async def preview_day(press: Press) -> None:
    await _preview(press, press.id, date.fromisoformat(press.arg))


async def _preview(turn: Turn, release_id: str, day: date) -> None:
    preview = await turn.services.releases.preview_move(turn.person, release_id, day)
    if day == preview.release.anchor_date:
        await turn.reply(note(turn.words("release.move.unchanged")))
        return
    await turn.reply(move_card(preview, turn.words))


@control("release", "move", who=Who.OWNER)
async def move(press: Press) -> None:
    day = date.fromisoformat(press.arg)
    async with press.hold(f"release:{press.id}"):
        saved = await press.services.releases.move(press.actor, press.person, press.id, day)
    title = saved.view.release.title
    told = press.words("release.move.moved", title=title, day=full_day(day, press.words.locale))
    await press.update(note(told, [undo_button(press, saved.group_id), _show_button(saved, press.words)]))
    await press.services.releases.missed_shown(press.person, press.id)


# ---------------------------------------------------------------------- more


@control("release", "more", who=Who.OWNER)
async def more(press: Press) -> None:
    options = [Option(press.words(f"release.more.{action}"), action) for action in MORE]
    select = Select("release", "other", press.words("release.more.pick"), options, press.id, owner=press.person)
    await press.reply(note(press.words("release.more.pick"), select))


@control("release", "other", who=Who.OWNER, opens_form=True)
async def other(press: Press) -> None:
    releases = press.services.releases
    action = press.values[0]
    view = await releases.show(press.person, press.id)
    match action:
        case "edit":
            await press.open(_edit_form(press.words, view, await _recent_bounces(press, view.release.bounce_id)))
        case "art":
            await _send_art(press, view)
        case "all":
            text = all_tasks_text(view, press.words)
            await press.reply(Card(view.release.title, files=[OutFile("tasks.md", text.encode())]), ephemeral=True)
        case "missed":
            await press.reply(_missed_card(view, press.words))
        case "countdown":
            await _toggle_countdown(press, view)
        case "cancel":
            saved = await releases.cancel(press.actor, press.person, press.id)
            told = press.words("release.told.cancelled", title=view.release.title)
            await press.reply(note(told, [undo_button(press, saved.group_id)]))
        case _:
            await _ask_delete(press, view)


def _missed_card(view: ReleaseView, words: Words) -> Card:
    if not view.missed:
        return note(words("release.more.none_missed"))
    lines = [
        words("release.missed.line", title=item.title, alternative=words(f"release.missed.{item.alternative}"))
        for item in view.missed
    ]
    return Card(words("release.missed.heading"), sections=[Section(None, lines)])


async def _toggle_countdown(press: Press, view: ReleaseView) -> None:
    release = view.release
    turn_on = release.countdown_channel_id is None
    channel = press.interaction.channel_id
    if turn_on and press.guild is not None:
        channel = (await press.services.studio.guild_settings(press.guild)).releases_channel or channel
    if turn_on and (press.guild is None or channel is None or not press.interaction.is_guild_integration()):
        raise Refused("release_channel")
    saved = await press.services.releases.set_countdown(
        press.actor, press.person, release.id, press.guild if turn_on else None, channel if turn_on else None
    )
    key = "release.told.countdown_on" if turn_on else "release.told.countdown_off"
    told = press.words(key, title=release.title, channel=raw(f"<#{channel}>"))
    await press.reply(note(told, [undo_button(press, saved.group_id)]))


async def _ask_delete(turn: Turn, view: ReleaseView) -> None:
    words = turn.words
    yes = Button("release", "delete", words("release.delete.yes", title=view.release.title), view.release.id)
    await ask(
        turn,
        words("release.delete.title", title=view.release.title),
        words("release.delete.text", count=len(view.tasks)),
        yes,
    )


@control("release", "delete", who=Who.OWNER)
async def delete(press: Press) -> None:
    release, group_id = await press.services.releases.delete(press.actor, press.person, press.id)
    told = press.words("release.told.deleted", title=release.title)
    await press.update(note(told, [undo_button(press, group_id)]))


async def setup(bot: StudioBot) -> None:
    await bot.add_cog(Releases(bot))
