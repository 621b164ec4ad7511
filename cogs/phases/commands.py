"""Form maps, reached from More on a loop or a bounce, and the answers to an offered change of phase."""

from dataclasses import replace

from bot.bounces import facts as wording
from bot.bounces.cards import picture_of, say_in
from bot.bounces.model import Bounce
from bot.bounces.pictures import Stretch
from bot.bounces.trouble import CannotMeasure
from bot.client import StudioBot
from bot.phases.cards import map_card, offer_rows, phase_name
from bot.phases.form_map import OverlayMode, overlay_alt, section_line, time_text
from bot.phases.forms import FormView, SavedForm, shipped_constraints
from bot.phases.model import Phase, SectionKind
from bot.phases.service import PhaseLook, PhaseMove
from bot.say.card import Button, Card, OutFile, Row, Section, Text, join, note, plain
from bot.say.words import Finished
from bot.ui.base import Press, Submit, Turn
from bot.ui.common import undo_button
from bot.ui.controls import control, form
from bot.ui.inputs import Field, FieldKind, Form
from bot.ui.items import Who

PROMPTS = 3


# ---------------------------------------------------------------------- form maps


async def open_map(turn: Turn, name: str, *, loop_id: str | None = None, bounce: Bounce | None = None) -> Card:
    """Return the card of the thing's form map, made with a first draw where there is none.

    A map belongs to the piece: a new version of a bounce finds the map of the versions before, or of its loop.
    """
    forms, bounces = turn.services.forms, turn.services.bounces.service
    if bounce is not None:
        versions = [bounce, *reversed(await bounces.versions(turn.person, bounce.id))]
        view = await forms.nearest(turn.person, list(dict.fromkeys(one.id for one in versions)), bounce.loop_id)
    else:
        view = await forms.of(turn.person, loop_id=loop_id)
        linked = await bounces.of_loops(turn.person, [loop_id] if loop_id else [])
        bounce = max(linked, key=lambda one: one.bounced_at, default=None)
    if view is None:
        own = bounce.id if bounce is not None and loop_id is None else None
        made = await forms.draw_new(turn.actor, turn.person, name, loop_id=loop_id, bounce_id=own)
        view = made.view
    return map_card(view, turn.words, bounce_id=bounce.id if bounce else "")


async def _saved(turn: Turn, saved: SavedForm, bounce_id: str) -> None:
    words = turn.words
    if not saved.changed:
        await turn.update(map_card(saved.view, words, words("form.diff.none"), bounce_id=bounce_id))
        return
    changes = turn.services.forms.changes(saved.view, Finished(words))
    card = map_card(saved.view, words, changes, bounce_id=bounce_id)
    rows: list[Row] = [*card.rows, [undo_button(turn, saved.group_id)]]
    await turn.update(replace(card, rows=rows))


@control("form", "edit", who=Who.OWNER, opens_form=True)
async def edit_map(press: Press) -> None:
    view: FormView = await press.services.forms.show(press.person, press.id)
    words, content = press.words, view.latest.content
    kinds = ", ".join(SectionKind)
    shipped = " · ".join(shipped_constraints())
    await press.open(
        Form(
            "form",
            "save",
            words("form.form.title", name=view.form.name),
            [
                Field("name", words("form.form.name"), value=view.form.name, max_length=80),
                Field(
                    "sections",
                    words("form.form.sections"),
                    words("form.form.sections_help", kinds=kinds),
                    kind=FieldKind.PARAGRAPH,
                    value="\n".join(section_line(section) for section in content.sections),
                    max_length=2400,
                ),
                Field(
                    "constraint",
                    words("form.form.constraint"),
                    words("form.form.constraint_help"),
                    value=content.constraint,
                    placeholder=shipped[:100],
                    required=False,
                    max_length=80,
                ),
                Field("note", words("form.form.note"), required=False, max_length=200),
            ],
            id=press.id,
            arg=press.arg,
        )
    )


@form("form", "save")
async def save_map(submit: Submit) -> None:
    values = submit.values
    saved = await submit.services.forms.save(
        submit.actor,
        submit.person,
        submit.id,
        values.text("sections"),
        values.text("constraint"),
        values.text("note"),
        values.text("name"),
    )
    await _saved(submit, saved, submit.arg)


@control("form", "draw", who=Who.OWNER)
async def draw_map(press: Press) -> None:
    async with press.hold(f"form:{press.id}"):
        saved = await press.services.forms.draw_again(press.actor, press.person, press.id)
    await _saved(press, saved, press.arg)


@control("form", "restore", who=Who.OWNER)
async def restore_map(press: Press) -> None:
    saved = await press.services.forms.restore(press.actor, press.person, press.id, int(press.values[0]))
    await _saved(press, saved, press.arg)


@control("form", "compare", who=Who.OWNER)
async def compare_versions(press: Press) -> None:
    """Say what changed from an older version to the present one, with the difference line by line as a file."""
    number = int(press.values[0])
    said, name, data = await press.services.forms.compare(press.person, press.id, number, Finished(press.words))
    title = press.words("form.card.compared", number=number)
    await press.reply(Card(title, lead=Text(said), files=[OutFile(name, data)]), ephemeral=True)


@control("form", "file", who=Who.OWNER)
async def map_file(press: Press) -> None:
    name, data = await press.services.forms.file(press.person, press.id, Finished(press.words))
    await press.reply(Card(press.words("form.card.file"), files=[OutFile(name, data)]), ephemeral=True)


@control("form", "wave", who=Who.OWNER)
async def on_waveform(press: Press) -> None:
    """Lay the sections over the bounce: dashed and "estimated", or solid and "timed"."""
    forms, bounces, words = press.services.forms, press.services.bounces, press.words
    view: FormView = await forms.show(press.person, press.id)
    bounce = await bounces.service.get(press.person, press.arg or view.form.bounce_id or "")
    await press.defer()
    shown = forms.overlay(view, bounce.facts.duration_s)
    stretches = [
        Stretch(
            band.start_ms / 1000,
            band.end_ms / 1000,
            words(f"form.section.{band.kind}").plain if band.kind else words("form.overlay.lead_in").plain,
            is_estimated=not band.timed,
        )
        for band in shown.bands
    ]
    lines = [overlay_alt(shown, words)]
    if bounce.facts.sections:
        heard = ", ".join(f"{one.label} {time_text(int(one.start_s * 1000) + 500)}" for one in bounce.facts.sections)
        lines.append(words("form.card.measured", sections=heard))
    if shown.fell_back:
        lines.append(words("form.card.fell_back"))
    elif shown.mode is OverlayMode.MIXED:
        lines.append(words("form.card.mixed"))
    try:
        drawn = await bounces.pictures.waveform(bounce, say_in(words), form=stretches)
        heard_apart = replace(bounce.facts, sections=())
        alt = f"{say_in(words)(wording.alt_text(heard_apart))}. {' '.join(plain(line) for line in lines)}"
        media = [picture_of(replace(drawn, alt=alt), bounce, "-form")]
    except CannotMeasure:
        media = []
        lines.append(words("form.card.no_picture"))
    await press.reply(Card(bounce.title, media=media, sections=[Section(None, lines)]), ephemeral=True)


# ---------------------------------------------------------------------- offered changes of phase


async def with_open_offer(turn: Turn, card: Card) -> Card:
    """Add to a private card of one's own the change of phase that is on offer, or the question after a long silence.

    Only for cards that nobody else sees: where somebody is in their work is theirs.
    """
    words, owner = turn.words, turn.person
    look: PhaseLook = await turn.services.phases.look(owner)
    if look.offer is not None:
        to = words(f"phase.name.{look.offer.to_phase}")
        line = words(f"phase.met.{look.offer.condition}", phase=to)
        rows = offer_rows(look.offer, words, owner)
    elif look.back_after is not None:
        phase = phase_name(words, look.entry.phase)
        line = words("phase.back.question", count=look.back_after, phase=phase)
        still = Button("phase", "still", words("phase.back.still", phase=phase), owner=owner)
        rows = [[still, Button("phase", "other", words("phase.back.other"), owner=owner)]]
    else:
        return card
    section = Section(words("phase.card.offer"), [line])
    return replace(card, sections=[*card.sections, section], rows=[*card.rows, *rows])


@control("phase", "bounces", who=Who.OWNER)
async def set_bounces(press: Press) -> None:
    """Set after how many distinct bounces a change from Builder is offered."""
    count = int(press.values[0])
    group_id = await press.services.phases.set_bounces(press.actor, press.person, count)
    told = press.words("phase.told.bounces", count=count)
    await press.reply(note(told, [undo_button(press, group_id)]), ephemeral=True)


@control("phase", "still", who=Who.OWNER)
async def still_there(press: Press) -> None:
    entry = await press.services.phases.asked_back(press.actor, press.person)
    await press.reply(note(press.words("phase.told.still", phase=phase_name(press.words, entry.phase))), ephemeral=True)


@control("phase", "other", who=Who.OWNER)
async def another(press: Press) -> None:
    """Show the four phases to choose from."""
    entry = await press.services.phases.asked_back(press.actor, press.person)
    names = [
        Button("phase", "choose", phase_name(press.words, phase), str(phase), owner=press.person)
        for phase in Phase
        if phase is not entry.phase
    ]
    told = press.words("phase.back.choose", phase=phase_name(press.words, entry.phase))
    await press.reply(note(told, names), ephemeral=True)


@control("phase", "choose", who=Who.OWNER)
async def choose_phase(press: Press) -> None:
    move = await press.services.phases.choose(press.actor, press.person, Phase(press.id))
    await _moved(press, move)


@control("phase", "accept", who=Who.OWNER)
async def accept(press: Press) -> None:
    move = await press.services.phases.accept(press.actor, press.person, press.id)
    await _moved(press, move)


@control("phase", "stay", who=Who.OWNER)
async def stay(press: Press) -> None:
    move = await press.services.phases.stay(press.actor, press.person, press.id)
    told = press.words(
        "phase.told.stay" if move.moved else "phase.told.over", phase=phase_name(press.words, move.entry.phase)
    )
    await press.reply(note(told), ephemeral=True)


async def _moved(press: Press, move: PhaseMove) -> None:
    """Say where somebody is now, with one of the phase's three prompts; another one on another entry."""
    phase = move.entry.phase
    name = phase_name(press.words, phase)
    if not move.moved:
        await press.reply(note(press.words("phase.told.over", phase=name)), ephemeral=True)
        return
    lines = [
        press.words("phase.told.moved", phase=name),
        press.words(f"phase.prompt.{phase}_{int(move.entry.id[-4:], 16) % PROMPTS + 1}"),
    ]
    await press.reply(note(join(" ", lines), [undo_button(press, move.group_id)]), ephemeral=True)


async def setup(bot: StudioBot) -> None:
    """Controls only: form maps are opened from loops and bounces, phases from the coach."""
