"""Changing a release: title and reminders, and its day with a preview first."""

from collections.abc import Sequence
from datetime import date

from bot.releases.cards import move_card
from bot.releases.view import ReleaseView
from bot.say.card import Option, join, note
from bot.say.dates import full_day
from bot.say.words import Words
from bot.ui.base import Press, Submit, Turn
from bot.ui.common import undo_button
from bot.ui.controls import control, form
from bot.ui.inputs import Field, FieldKind, Form
from cogs.releases.days import read_full_day
from cogs.releases.showing import show_button


def edit_form(words: Words, view: ReleaseView, bounces: Sequence[Option]) -> Form:
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
            remind_field(words, release.remind_deadlines, is_studios=view.is_studios),
            *([which] if bounces else []),
        ],
        id=release.id,
    )


def remind_field(words: Words, value: bool = False, *, is_studios: bool) -> Field:
    """Return the field that turns reminders on; a server is reminded in its channel."""
    label = words("release.form.remind_studio" if is_studios else "release.form.remind")
    where = words("release.form.remind_studio_help" if is_studios else "release.form.remind_help")
    return Field("remind", label, where, kind=FieldKind.FLAG, value=value)


@form("release", "save")
async def save(submit: Submit) -> None:
    saved = await submit.services.releases.edit(
        submit.actor,
        submit.owner,
        submit.id,
        title=submit.values.text("title"),
        remind_deadlines=submit.values.flag("remind"),
        bounce_id=submit.values.choice("bounce"),
    )
    told = submit.words("release.told.edited")
    if saved.view.release.remind_deadlines and await submit.services.releases.reminds_nowhere(submit.owner):
        told = join(" ", [told, submit.words("release.made.reminds_nowhere")])
    await submit.reply(note(told, [undo_button(submit, saved.group_id), show_button(saved, submit.words)]))


@control("release", "date", opens_form=True)
async def ask_date(press: Press) -> None:
    view = await press.services.releases.show(press.owner, press.id)
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
    await show_preview(submit, submit.id, read_full_day(submit.values.text("date")))


@control("release", "preview")
async def preview_day(press: Press) -> None:
    await show_preview(press, press.id, date.fromisoformat(press.arg))


async def show_preview(turn: Turn, release_id: str, day: date) -> None:
    preview = await turn.services.releases.preview_move(turn.owner, release_id, day)
    if day == preview.release.anchor_date:
        await turn.reply(note(turn.words("release.move.unchanged")))
        return
    await turn.reply(move_card(preview, turn.words))


@control("release", "move")
async def move(press: Press) -> None:
    day = date.fromisoformat(press.arg)
    async with press.hold(f"release:{press.id}"):
        saved = await press.services.releases.move(press.actor, press.owner, press.id, day)
    title = saved.view.release.title
    told = press.words("release.move.moved", title=title, day=full_day(day, press.words.locale))
    await press.update(note(told, [undo_button(press, saved.group_id), show_button(saved, press.words)]))
    await press.services.releases.missed_shown(press.owner, press.id)
