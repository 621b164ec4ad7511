"""Cards of form maps, and the rows of an offered change of phase."""

from dataclasses import replace

from bot.phases.form_map import section_line, texture_ideas
from bot.phases.forms import FormView, suggestions
from bot.phases.model import Offer, Phase
from bot.phases.service import MOST_BOUNCES, PhaseLook
from bot.say.card import Accent, Button, Card, Fact, Option, Row, Section, Select, Style, Text
from bot.say.words import Words

VERSIONS_LISTED = 25


def map_card(view: FormView, words: Words, changes: str = "", *, bounce_id: str = "") -> Card:
    """Return a form map: its sections, its constraint, what the last version changed.

    `bounce_id`: the bounce it can be laid over; it travels in the controls.
    """
    owner = view.form.owner_id
    content = view.latest.content
    facts: list[Fact | str] = [
        Fact(words("form.card.constraint"), content.constraint or words("form.file.none")),
    ]
    if changes:
        facts.append(Fact(words("form.card.changed"), Text(changes)))

    def button(action: str, style: Style = Style.SECONDARY) -> Button:
        label = words(f"form.button.{action}")
        return Button("form", action, label, view.form.id, bounce_id, style=style, owner=owner)

    row = [button("edit", Style.PRIMARY), button("draw"), button("file")]
    if bounce_id:
        row.insert(2, button("wave"))
    rows: list[Row] = [row]
    older = view.versions[-VERSIONS_LISTED - 1 : -1]
    if older:
        options = [
            Option(
                words("form.card.version", number=version.number, count=len(version.content.sections)),
                str(version.number),
            )
            for version in reversed(older)
        ]
        rows += [
            Select("form", action, words(f"form.card.{action}"), options, view.form.id, bounce_id, owner=owner)
            for action in ("restore", "compare")
        ]
    sections = [Section(words("form.card.sections"), [section_line(section) for section in content.sections])]
    ideas = texture_ideas(content, suggestions()["textures"], view.latest.number)
    if ideas:
        lines = [words("form.card.idea", section=words(f"form.section.{kind}"), idea=idea) for kind, idea in ideas]
        sections.append(Section(words("form.card.ideas"), lines))
    return Card(
        title=view.form.name,
        lead=words("form.card.lead", number=view.latest.number),
        sections=sections,
        facts=facts,
        meta=[words("form.card.meta", when=view.latest.created_at)],
        rows=rows,
        accent=Accent.ACCENT,
    )


def with_offer(card: Card, look: PhaseLook, words: Words, owner: int) -> Card:
    """Add to the card of the phase what has been met, the open offer, and from how many bounces on one is made."""
    met = [words(f"phase.met.{found.condition}", phase=words(f"phase.name.{found.to_phase}")) for found in look.met]
    sections = list(card.sections)
    if met:
        sections.append(Section(words("phase.card.met"), met))
    rows = [*card.rows, *offer_rows(look.offer, words, owner)]
    if look.entry.phase is Phase.BUILDER:
        options = [
            Option(words("phase.card.after", count=count), str(count), default=count == look.bounces_needed)
            for count in range(1, MOST_BOUNCES + 1)
        ]
        rows.append(Select("phase", "bounces", words("phase.card.pick_after"), options, owner=owner))
    return replace(card, sections=sections, rows=rows)


def offer_rows(offer: Offer | None, words: Words, owner: int) -> list[Row]:
    """Return the two answers to an open offer; nothing where none is open."""
    if offer is None:
        return []
    move = Button(
        "phase",
        "accept",
        words("phase.card.accept", phase=words(f"phase.name.{offer.to_phase}")),
        offer.id,
        style=Style.PRIMARY,
        owner=owner,
    )
    return [[move, Button("phase", "stay", words("phase.card.stay"), offer.id, owner=owner)]]


def phase_name(words: Words, phase: Phase) -> Text:
    return words(f"phase.name.{phase}")
