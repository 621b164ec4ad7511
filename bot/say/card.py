"""What a card says, as data: no Discord, no clock, no catalogue. `bot/ui/cards.py` turns it into components.

Text fields take any `str`. A plain `str` is somebody's words and is escaped when drawn; a `Text` (from the
catalogue, or made by `raw`) is markup already. So nothing is escaped twice and nothing is forgotten.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

_SPECIAL = re.compile(r"([\\*_~`|<\[\]])")
_LINE_START = re.compile(r"^(\s*)(#{1,3}|>{1,3}|-|\+|-#)(?=\s)", re.MULTILINE)
_LINE_NUMBER = re.compile(r"^(\s*\d+)\.(?=\s)", re.MULTILINE)
TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates (Unicode TR 9): what is read is not what is there. Marks of direction are fine."""
_NO_TURNS = dict.fromkeys(map(ord, TURNS))


def escape(words: str) -> str:
    r"""Return `words` so that Discord shows them as typed: no markup, no pings, no links with other names.

    >>> escape("*Night* <@1>")
    '\\*Night\\* \\<@1>'
    """
    escaped = _SPECIAL.sub(r"\\\1", straight(words))
    escaped = _LINE_START.sub(r"\1\\\2", escaped)
    escaped = _LINE_NUMBER.sub(r"\1\\.", escaped)
    return escaped.replace("@everyone", "@\u200beveryone").replace("@here", "@\u200bhere")


def straight(words: str) -> str:
    r"""Return `words` without the signs that turn what stands after them.

    >>> straight("Mix\u202egnp.exe"), straight("\u202e")
    ('Mixgnp.exe', '…')
    """
    if words.isascii():
        return words
    # What has no other sign still needs a label.
    return words.translate(_NO_TURNS) or "…"


class Text(str):
    """Finished markup. `plain` is the same sentence for places without markup: labels, alt text, choices."""

    plain: str

    def __new__(cls, markup: str, plain: str | None = None) -> "Text":
        text = super().__new__(cls, markup)
        text.plain = markup if plain is None else plain
        return text

    def __add__(self, other: str) -> "Text":
        return Text(str.__add__(self, markup(other)), self.plain + plain(other))


def raw(words: str, plain_words: str | None = None) -> Text:
    """Mark `words` as markup that must not be escaped (mentions, timestamps, our own formatting)."""
    return Text(words, plain_words)


def markup(words: str) -> str:
    """Return what goes into a text component: markup as it is, people's words escaped."""
    return str(words) if isinstance(words, Text) else escape(words)


def plain(words: str) -> str:
    """Return what goes where markup is not read: button labels, alt text, choices, form titles."""
    return words.plain if isinstance(words, Text) else straight(words)


def join(separator: str, parts: Iterable[str]) -> Text:
    """Join texts, escaping people's words among them."""
    pieces = list(parts)
    return Text(separator.join(map(markup, pieces)), separator.join(map(plain, pieces)))


def stamp(when: datetime, style: str = "F") -> Text:
    """Return Discord's own time markup; the reader's client shows it in their zone.

    >>> from datetime import UTC
    >>> stamp(datetime(2026, 6, 12, 18, tzinfo=UTC), "R")
    '<t:1781287200:R>'
    """
    return Text(f"<t:{int(when.timestamp())}:{style}>", f"{when:%a} {when.day} {when:%b %H:%M} UTC")


def mention(user_id: int) -> Text:
    """Show a person's name; nobody is pinged unless the message allows that one mention."""
    return Text(f"<@{user_id}>")


class Accent(StrEnum):
    """Colour of a card's edge. It repeats the state word and carries nothing alone."""

    GOOD = "good"
    LOOK = "look"
    IDLE = "idle"
    ACCENT = "accent"


class Style(StrEnum):
    PRIMARY = "primary"
    SECONDARY = "secondary"
    SUCCESS = "success"
    DANGER = "danger"


class SelectKind(StrEnum):
    STRING = "string"
    USER = "user"
    ROLE = "role"
    MENTIONABLE = "mentionable"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class State:
    """A word and its icon ("Strong", "🔵"); the icon stands after the word."""

    word: str
    icon: str = ""
    accent: Accent = Accent.IDLE


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: label first, then the value with its meaning."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Button:
    """A press that `area.action` answers. `owner`: the only person who may press it on a posted card.

    `expires_at`: confirmations; a later press is told so and changes nothing.
    """

    area: str
    action: str
    label: str
    id: str = "-"
    arg: str = ""
    style: Style = Style.SECONDARY
    emoji: str | None = None
    disabled: bool = False
    owner: int | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A button that opens an address."""

    url: str
    label: str
    emoji: str | None = None


@dataclass(frozen=True, slots=True)
class Option:
    label: str
    value: str
    description: str | None = None
    emoji: str | None = None
    default: bool = False


@dataclass(frozen=True, slots=True)
class Select:
    """A list to choose from, answered by `area.action`; at most 25 options."""

    area: str
    action: str
    placeholder: str
    options: Sequence[Option] = ()
    id: str = "-"
    arg: str = ""
    kind: SelectKind = SelectKind.STRING
    min_values: int = 1
    max_values: int = 1
    disabled: bool = False
    owner: int | None = None
    expires_at: datetime | None = None
    defaults: Sequence[int] = ()
    """Chosen people, roles or channels (ids), for the kinds that are not strings."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a section, with a button beside it if wanted (costs three components then)."""

    text: str
    button: "Button | Link | None" = None


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its lines; lines may be dropped from the bottom when the card is too large."""

    heading: str | None
    lines: Sequence[str | Line]
    bullets: bool = True
    """Whether each line stands as a list item; a long text is one line without."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its words: conclusion first, made from the same data, at most 1024 characters."""

    filename: str
    data: bytes
    alt: str


@dataclass(frozen=True, slots=True)
class OutFile:
    """A file to download; names are `[a-z0-9_.-]` only."""

    filename: str
    data: bytes
    spoiler: bool = False


Row = Sequence["Button | Link"] | Select


@dataclass(frozen=True, slots=True)
class Card:
    """One reply, in the order of the house: title and state, sentence, facts, picture, next, meta, controls."""

    title: str
    state: State | None = None
    lead: str | None = None
    facts: Sequence[Fact | str] = ()
    media: Sequence[Picture] = ()
    sections: Sequence[Section] = ()
    next_lines: Sequence[str] = ()
    meta: Sequence[str] = ()
    files: Sequence[OutFile] = ()
    rows: Sequence[Row] = ()
    accent: Accent | None = None
    quiet: bool = field(default=False)
    """A one-sentence answer without a frame."""


def note(text: str, *rows: Row) -> Card:
    """Return the smallest card: one sentence, and controls if any."""
    return Card(title="", lead=text, rows=rows, quiet=True)


def removable(card: Card, label: str, owner: int) -> Card:
    """Return a card that stands for everybody, with the button by which its owner and managers take it away."""
    return replace(card, rows=[*card.rows, [Button("ui", "remove", label, owner=owner)]])
