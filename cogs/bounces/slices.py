"""Slices of bounces: mark one, take it as WAV or FLAC, all of them by tag and as CSV. And the cover picture."""

from bot.actors import OwnerId
from bot.bounces.cards import picture_of, safe_name, say_in, trouble_words
from bot.bounces.catalogue import slices_csv
from bot.bounces.model import Bounce
from bot.bounces.notes import show_moment
from bot.bounces.trouble import CannotMeasure
from bot.errors import Refused
from bot.say.card import Button, Card, Fact, Option, OutFile, Row, Section, Select, note, raw
from bot.ui.base import Press, Submit, Turn
from bot.ui.controls import control, form
from bot.ui.inputs import Field, Form
from bot.ui.items import Who
from cogs.bounces.forms import undo_bounce, whose

LISTED = 15
KINDS = ("wav", "flac")
EVERY_TAG = "*"


async def slices_card(bounce: Bounce, turn: Turn) -> Card:
    """Return the slices of a bounce: to be taken as a file, or deleted."""
    words = turn.words
    found = await turn.services.bounces.notes.slices(bounce.owner_id, bounce.id)
    every = Button("bounce", "fragments", words("bounce.slices.all"), owner=turn.person)
    if not found:
        return note(words("bounce.told.no_slices"), [every])
    lines = [
        words("bounce.slices.line", start=show_moment(one.start_s), end=show_moment(one.end_s), name=one.name)
        + (f" ({', '.join(one.tags)})" if one.tags else "")
        for one in found[:LISTED]
    ]
    options = [Option(f"{show_moment(one.start_s)}–{show_moment(one.end_s)} {one.name}", one.id) for one in found[:25]]
    rows: list[Row] = [
        Select("bounce", "cut", words(f"bounce.slices.as_{kind}"), options, bounce.id, kind, owner=bounce.owner_id)
        for kind in KINDS
    ]
    rows.append(Select("bounce", "unslice", words("bounce.slices.delete"), options, bounce.id, owner=bounce.owner_id))
    rows.append([every])
    return Card(bounce.title, sections=[Section(words("bounce.card.slices"), lines)], rows=rows)


@control("bounce", "cut")
async def cut(press: Press) -> None:
    """Give a slice as a file, or its range where the audio is gone."""
    services, words, owner = press.services, press.words, await whose(press)
    kind = press.arg if press.arg in KINDS else KINDS[0]
    part = await services.bounces.notes.slice(owner, press.values[0])
    bounce = await services.bounces.service.get(owner, part.bounce_id)
    span = f"{show_moment(part.start_s)}-{show_moment(part.end_s)}"
    try:
        file = await services.bounces.audio.cut(owner, bounce, part, kind)
    except CannotMeasure as error:
        raise Refused("bounce_unreadable", name=bounce.file_name, reason=trouble_words(words, error.trouble)) from None
    if file is None:
        await press.reply(note(words("bounce.told.no_audio", range=span)), ephemeral=True)
        return
    name = f"{safe_name(bounce)}-{span.replace(':', '.').replace('.', '_')}.{kind}"
    told = words("bounce.told.cut", name=part.name, range=raw(span))
    await press.reply(note(told), files=[OutFile(name, file.data)])


@control("bounce", "unslice")
async def delete_slice(press: Press) -> None:
    owner = await whose(press)
    marked = await press.services.bounces.notes.delete_slice(press.actor, owner, press.values[0])
    told = press.words("bounce.told.unsliced", name=marked.slice.name)
    await press.reply(note(told, [undo_bounce(press, owner, marked.group_id)]), ephemeral=True)


# ---------------------------------------------------------------- all of them


@control("bounce", "fragments", who=Who.OWNER)
async def show_fragments(press: Press) -> None:
    """Show every slice of this person, the newest first; of one tag where one was picked."""
    tag = press.values[0] if press.values else EVERY_TAG
    await press.reply(await fragments_card(press, None if tag == EVERY_TAG else tag), ephemeral=True)


async def fragments_card(turn: Turn, tag: str | None) -> Card:
    words = turn.words
    notes = turn.services.bounces.notes
    every = await notes.fragments(turn.person)
    if not every:
        return note(words("bounce.told.no_slices"))
    found = [pair for pair in every if tag is None or tag in pair[0].tags]
    lines = [
        words(
            "bounce.slices.fragment",
            start=show_moment(one.start_s),
            end=show_moment(one.end_s),
            name=one.name,
            bounce=bounce.title,
            when=one.saved_at,
        )
        for one, bounce in found[:LISTED]
    ]
    tags = sorted({word for one, _ in every for word in one.tags})[:24]
    options = [Option(words("bounce.slices.every_tag"), EVERY_TAG, default=tag is None)]
    options += [Option(word, word, default=word == tag) for word in tags]
    picks = [Option(f"{show_moment(one.start_s)}–{show_moment(one.end_s)} {one.name}", one.id) for one, _ in found[:25]]
    rows: list[Row] = []
    if tags:
        rows.append(Select("bounce", "fragments", words("bounce.slices.by_tag"), options, owner=turn.person))
    rows += [
        Select("bounce", "cut", words(f"bounce.slices.as_{kind}"), picks, "-", kind, owner=turn.person)
        for kind in KINDS
        if picks
    ]
    rows.append([Button("bounce", "fragmentscsv", words("bounce.slices.csv"), owner=turn.person)])
    more = len(found) - len(lines)
    return Card(
        words("bounce.slices.title", count=len(found)),
        facts=[Fact(words("bounce.label.tags"), tag)] if tag else (),
        sections=[Section(None, lines)],
        meta=[words("card.more", count=more)] if more else (),
        rows=rows,
    )


@control("bounce", "fragmentscsv", who=Who.OWNER)
async def fragments_file(press: Press) -> None:
    found = await press.services.bounces.notes.fragments(press.person)
    data = slices_csv([(one, bounce.file_name) for one, bounce in found])
    title = press.words("bounce.slices.title", count=len(found))
    await press.reply(Card(title, files=[OutFile("slices.csv", data)]), ephemeral=True)


# ---------------------------------------------------------------- marking


def slice_form(turn: Press, owner: OwnerId) -> Form:
    words = turn.words
    return Form(
        "bounce",
        "sliced",
        words("bounce.form.slice"),
        [
            Field("range", words("bounce.form.range"), words("bounce.form.range_help"), max_length=40),
            Field("name", words("bounce.form.slice_name"), required=False, max_length=80),
            Field(
                "tags", words("bounce.form.slice_tags"), words("bounce.form.free_help"), required=False, max_length=250
            ),
        ],
        id=turn.id,
        arg=str(owner),
    )


@form("bounce", "sliced", who=Who.ANYONE)
async def save_slice(submit: Submit) -> None:
    values, owner = submit.values, await whose(submit, named=submit.arg)
    marked = await submit.services.bounces.notes.mark(
        submit.actor, owner, submit.id, values.text("range"), values.text("name"), values.text("tags")
    )
    told = submit.words("bounce.told.sliced", name=marked.slice.name)
    await submit.reply(note(told, [undo_bounce(submit, owner, marked.group_id)]), ephemeral=True)


# ---------------------------------------------------------------- the cover picture


async def send_art(turn: Turn, bounce: Bounce) -> None:
    """Give the square picture without words."""
    words = turn.words
    try:
        drawn = await turn.services.bounces.pictures.art(bounce, say_in(words))
    except CannotMeasure:
        await turn.update(note(words("bounce.card.no_picture")))
        return
    lead = words("bounce.told.art", name=bounce.title)
    await turn.update(Card(bounce.title, lead=lead, media=[picture_of(drawn, bounce, "-cover")]))
