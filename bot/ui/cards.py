"""Cards as Discord components (V2) and as plain text, always inside the budget.

Over budget the card loses detail from the bottom (whole lines, never part of a word) and says how many.
"""

import io
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import discord
from discord import ui

from bot.paths import assets_dir
from bot.rules import Rules, load_rules
from bot.say.card import (
    Accent,
    Button,
    Card,
    Fact,
    Line,
    Link,
    Picture,
    Row,
    Section,
    Select,
    SelectKind,
    Style,
    Text,
    join,
    markup,
    plain,
)
from bot.say.words import Words
from bot.ui.items import control_id

_STYLES = {
    Style.PRIMARY: discord.ButtonStyle.primary,
    Style.SECONDARY: discord.ButtonStyle.secondary,
    Style.SUCCESS: discord.ButtonStyle.success,
    Style.DANGER: discord.ButtonStyle.danger,
}
MAX_LABEL = 80
MAX_OPTION = 100
MAX_OPTIONS = 25
MAX_ALT = 1024
MAX_PLACEHOLDER = 150
_LONGEST_TEXT = 1600
"""Characters of one text: longer ones are cut at a word before whole lines have to go."""
_LONGEST_BODY = 3400


class UiRules(Rules):
    """Section [ui] of assets/rules.toml."""

    defer_after_s: float
    drop_after_s: float
    undo_minutes: int
    confirm_minutes: int
    form_keep_minutes: int
    card_components: int
    card_characters: int
    autocomplete_timeout_s: float
    progress_after_s: float
    progress_edit_every_s: float
    hand_over_after_s: float
    channel_sends_at_once: int
    refused_answers_stop: int
    guest_known_s: float
    refused_answers_window_s: float


def ui_rules() -> UiRules:
    return load_rules("ui", UiRules)


@dataclass(frozen=True, slots=True)
class Blocks:
    """A card as texts in drawing order; what both the components and the text twin are made of."""

    head: str
    facts: str
    sections: Sequence[Section]
    next: str
    meta: str


def clip(words: str, limit: int) -> str:
    """Shorten to `limit` characters at a word's end, with an ellipsis.

    >>> clip("a quiet intro", 8)
    'a quiet…'
    """
    if len(words) <= limit:
        return words
    cut = words[: limit - 1]
    inside_word = not words[limit - 1].isspace() and not cut[-1:].isspace()
    at_word = cut.rsplit(None, 1)[0] if inside_word and len(cut.split()) > 1 else cut
    return at_word.rstrip().rstrip("\\") + "…"


def fit(card: Card, words: Words, rules: UiRules | None = None) -> Card:
    """Return the card inside the budget; what is dropped from the bottom is counted in "and 3 more"."""
    limits = rules or ui_rules()
    dropped = 0
    kept = card
    while not _inside(shown := _with_more(kept, dropped, words), limits):
        shorter = _drop_last(kept)
        if shorter is None:
            return shown
        kept, dropped = shorter, dropped + 1
    return shown


def layout(card: Card, words: Words, *, mark: int | None = None) -> ui.LayoutView:
    """Return the view of a card, ready to send. Nothing of it is kept: a press finds its handler by id.

    `mark`: a number on the first component by which the sender finds the message again.
    """
    fitted = fit(card, words)
    view = ui.LayoutView(timeout=None)
    parts = list(_parts(fitted))
    if fitted.quiet:
        for part in parts:
            view.add_item(part)
        parts[0].id = mark
    else:
        view.add_item(ui.Container(*parts, accent_colour=accent_colour(fitted), id=mark))
    # A stopped view is not stored by discord.py, neither for dispatch nor for refreshing on message updates.
    view.stop()
    return view


def discord_files(card: Card) -> list[discord.File]:
    """Return the card's pictures and files as uploads (new objects at each call: a File is read once)."""
    pictures = [
        discord.File(io.BytesIO(picture.data), picture.filename, description=alt_text(picture))
        for picture in card.media
    ]
    return pictures + [discord.File(io.BytesIO(file.data), file.filename, spoiler=file.spoiler) for file in card.files]


def alt_text(picture: Picture) -> str:
    return clip(plain(picture.alt), MAX_ALT)


def count_components(card: Card) -> int:
    """Count components as Discord does: every nested one, and the container itself."""
    total = sum(_count(part.to_component_dict()) for part in _parts(card))
    return total + (0 if card.quiet else 1)


def count_characters(card: Card) -> int:
    """Count the characters of all texts."""
    blocks = _blocks(card)
    texts = [blocks.head, blocks.facts, blocks.next, blocks.meta]
    for section in blocks.sections:
        texts += [text for text, _ in _section_texts(section)]
    return sum(len(text) for text in texts if text)


def accent_colour(card: Card) -> discord.Colour:
    accent = card.accent or (card.state.accent if card.state else Accent.IDLE)
    return discord.Colour.from_str(_palette()[accent.value])


@cache
def _palette() -> dict[str, str]:
    with (assets_dir() / "palette.toml").open("rb") as file:
        return {str(name): str(colour) for name, colour in tomllib.load(file)["base"].items()}


def _inside(card: Card, limits: UiRules) -> bool:
    return count_characters(card) <= limits.card_characters and count_components(card) <= limits.card_components


def _with_more(card: Card, dropped: int, words: Words) -> Card:
    """Say how many lines had to go, in the place where they were."""
    if not dropped:
        return card
    more = words("card.more", count=dropped)
    if not card.sections:
        return replace(card, sections=[Section(None, [more])])
    last = card.sections[-1]
    return replace(card, sections=[*card.sections[:-1], replace(last, lines=[*last.lines, more])])


def _drop_last(card: Card) -> Card | None:
    """Take one line away: the longest section's last lines first, then facts, then the next steps."""
    sections = [section for section in card.sections if section.lines]
    if sections:
        last = sections[-1]
        if len(last.lines) > 1:
            return replace(card, sections=[*sections[:-1], replace(last, lines=last.lines[:-1])])
        return replace(card, sections=sections[:-1])
    if len(card.next_lines) > 1:
        return replace(card, next_lines=card.next_lines[:-1])
    if card.facts:
        return replace(card, facts=card.facts[:-1])
    if card.next_lines:
        return replace(card, next_lines=())
    return None


def _fact(fact: Fact | str) -> str:
    if isinstance(fact, Fact):
        return join("", [_bold_label(fact.label), fact.value])
    return fact


def _bold_label(label: str) -> str:
    return Text(f"**{markup(label)}:** ", f"{plain(label)}: ")


def _text(words: str, limit: int = _LONGEST_TEXT) -> str:
    return clip(markup(words), limit)


def _blocks(card: Card) -> Blocks:
    head: list[str] = []
    if card.title:
        state = f" · {markup(card.state.word)} {card.state.icon}".rstrip() if card.state else ""
        head.append(f"### {_text(card.title)}{state}")
    if card.lead:
        head.append(_text(card.lead))
    return Blocks(
        "\n".join(head),
        "\n".join(_text(_fact(fact)) for fact in card.facts),
        [section for section in card.sections if section.lines],
        "\n".join(f"- {_text(line)}" for line in card.next_lines),
        "-# " + _text(join(" · ", card.meta)).replace("\n", " ") if card.meta else "",
    )


def _section_texts(section: Section) -> list[tuple[str, Button | Link | None]]:
    """Return the section's texts: neighbouring lines without a button share one."""
    texts: list[tuple[str, Button | Link | None]] = []
    run: list[str] = [f"**{_text(section.heading)}**"] if section.heading else []
    for line in section.lines:
        if isinstance(line, Line) and line.button is not None:
            if run:
                texts.append(("\n".join(run), None))
                run = []
            texts.append((_text(line.text), line.button))
        else:
            said = _text(
                line.text if isinstance(line, Line) else line, _LONGEST_TEXT if section.bullets else _LONGEST_BODY
            )
            run.append(f"- {said}" if section.bullets else said)
    if run:
        texts.append(("\n".join(run), None))
    return texts


def _parts(card: Card) -> list[ui.Item[ui.LayoutView]]:
    blocks = _blocks(card)
    parts: list[ui.Item[ui.LayoutView]] = []
    if blocks.head:
        parts.append(ui.TextDisplay(blocks.head))
    if blocks.facts:
        parts.append(ui.TextDisplay(blocks.facts))
    if card.media:
        items = [
            discord.MediaGalleryItem(f"attachment://{picture.filename}", description=alt_text(picture))
            for picture in card.media[:10]
        ]
        parts.append(ui.MediaGallery(*items))
    for section in blocks.sections:
        for text, button in _section_texts(section):
            if button is None:
                parts.append(ui.TextDisplay(text))
            else:
                parts.append(ui.Section(text, accessory=_button(button)))
    if blocks.next:
        parts.append(ui.TextDisplay(blocks.next))
    parts += [ui.File(f"attachment://{file.filename}") for file in card.files]
    if blocks.meta:
        parts.append(ui.TextDisplay(blocks.meta))
    parts += [_row(row) for row in card.rows if isinstance(row, Select) or row]
    return parts


def _row(row: Row) -> ui.ActionRow[ui.LayoutView]:
    if isinstance(row, Select):
        return ui.ActionRow(_select(row))
    return ui.ActionRow(*(_button(button) for button in row))


def _button(button: Button | Link) -> ui.Button[ui.LayoutView]:
    label = clip(plain(button.label), MAX_LABEL)
    if isinstance(button, Link):
        return ui.Button(label=label, url=button.url, emoji=button.emoji)
    return ui.Button(
        label=label,
        custom_id=control_id(button),
        style=_STYLES[button.style],
        emoji=button.emoji,
        disabled=button.disabled,
    )


def _select(select: Select) -> ui.Item[ui.LayoutView]:
    placeholder = clip(plain(select.placeholder), MAX_PLACEHOLDER)
    custom_id = control_id(select)
    if select.kind is SelectKind.STRING:
        options = [
            discord.SelectOption(
                label=clip(plain(option.label), MAX_OPTION),
                value=option.value,
                description=clip(plain(option.description), MAX_OPTION) if option.description else None,
                emoji=option.emoji,
                default=option.default,
            )
            for option in select.options[:MAX_OPTIONS]
        ]
        return ui.Select(
            custom_id=custom_id,
            placeholder=placeholder,
            min_values=select.min_values,
            max_values=min(select.max_values, len(options)),
            options=options,
            disabled=select.disabled,
        )
    kinds: dict[SelectKind, tuple[Any, discord.SelectDefaultValueType]] = {
        SelectKind.USER: (ui.UserSelect, discord.SelectDefaultValueType.user),
        SelectKind.ROLE: (ui.RoleSelect, discord.SelectDefaultValueType.role),
        SelectKind.MENTIONABLE: (ui.MentionableSelect, discord.SelectDefaultValueType.user),
        SelectKind.CHANNEL: (ui.ChannelSelect, discord.SelectDefaultValueType.channel),
    }
    cls, default_type = kinds[select.kind]
    extra: dict[str, object] = {}
    if select.kind is SelectKind.CHANNEL:
        extra["channel_types"] = [
            discord.ChannelType.text,
            discord.ChannelType.news,
            discord.ChannelType.public_thread,
        ]
    return cls(
        custom_id=custom_id,
        placeholder=placeholder,
        min_values=select.min_values,
        max_values=select.max_values,
        disabled=select.disabled,
        default_values=[discord.SelectDefaultValue(id=value, type=default_type) for value in select.defaults],
        **extra,
    )


def _count(component: Mapping[str, Any]) -> int:
    accessory = component.get("accessory")
    return 1 + sum(_count(child) for child in component.get("components", ())) + (_count(accessory) if accessory else 0)
