"""Render a digest view: the Markdown file and the card, with the rules that make it fit."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.digest.compile import DigestView
from bot.paths import assets_dir
from bot.say.words import Speaks

TITLE_MOST, LEAD_MOST, NAME_MOST, VALUE_MOST, FOOTER_MOST = 256, 600, 60, 1000, 200
TOTAL_MOST = 3900
ALT_MOST = 300
COLOUR = 0x3AA9BE
"""The digest's accent (panel blue-green of the palette); carries no meaning alone."""


@dataclass(frozen=True, slots=True)
class CardSection:
    name: str
    value: str
    inline: bool = False


@dataclass(frozen=True, slots=True)
class CardImage:
    source: str
    file: str
    alt: str


@dataclass(frozen=True, slots=True)
class DigestCard:
    """The card as data: stored with the digest, drawn by the interface."""

    title: str
    lead: str
    sections: tuple[CardSection, ...]
    image: CardImage | None
    footer: str
    buttons: tuple[str, ...]
    colour: int = COLOUR

    @property
    def characters(self) -> int:
        return (
            len(self.title)
            + len(self.lead)
            + len(self.footer)
            + sum(len(section.name) + len(section.value) for section in self.sections)
        )


# ------------------------------------------------------------------ the file


@cache
def _template() -> Template:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return environment.from_string((assets_dir() / "text" / "digest.md.j2").read_text(encoding="utf-8"))


def to_markdown(view: DigestView, words: Speaks) -> str:
    """Return the file; an on-request digest prints every heading, with "none yet" where empty."""
    also = [f"- {words('digest.finished.clips', clips=', '.join(view.clips))}"] if view.clips else []
    more = [f"- {words('digest.finished.more', count=view.more)}"] if view.more else []
    return _template().render(
        view=view,
        t=words,
        bounces=[f"- {line.file}" for line in view.bounces] + ([] if view.clips else more),
        also=also + (more if view.clips else []),
        slices=_listed(view.slices),
        forms=[f"- {line}" for line in view.forms],
        tags=_listed(view.tags),
        loops=[f"- {line.file}" for line in view.loops],
        noticed=[line for line in (view.noticed, *view.notes) if line],
        steps=[f"{number}. {line.file}" for number, line in enumerate(view.steps, 1)],
        release=[view.release] if view.release else [],
        proposals=[view.proposals] if view.proposals else [],
    )


def _listed(line: str) -> list[str]:
    return [f"- {line}"] if line else []


# ------------------------------------------------------------------ the card

Drop = Callable[[DigestView], DigestView]
_DROPS: Sequence[Drop] = (
    lambda view: replace(view, proposals=""),
    lambda view: replace(view, release=""),
    lambda view: replace(view, noticed="", notes=()),
    lambda view: replace(view, extras=()),
    lambda view: replace(view, loops=()),
)
"""What goes first when a card is too long: proposals, release, noticed, extras, loops."""


def to_card(view: DigestView, words: Speaks, *, controls: bool = True) -> DigestCard:
    """Return the card; over the limits it drops parts from the bottom, then items with "and 3 more"."""
    card = _card(view, words, controls)
    for drop in _DROPS:
        if _fits(card):
            return card
        view = drop(view)
        card = _card(view, words, controls)
    while not _fits(card) and (view.clips or len(view.bounces) > 1 or len(view.steps) > 1):
        view = _shorter(view)
        card = _card(view, words, controls)
    return card


def _shorter(view: DigestView) -> DigestView:
    if view.clips:
        return replace(view, clips=view.clips[:-1], more=view.more + 1)
    if len(view.bounces) > 1:
        return replace(view, bounces=view.bounces[:-1], more=view.more + 1)
    return replace(view, steps=view.steps[:-1])


def _fits(card: DigestCard) -> bool:
    return (
        card.characters <= TOTAL_MOST
        and len(card.title) <= TITLE_MOST
        and len(card.lead) <= LEAD_MOST
        and len(card.footer) <= FOOTER_MOST
        and all(len(s.name) <= NAME_MOST and len(s.value) <= VALUE_MOST for s in card.sections)
    )


def _card(view: DigestView, words: Speaks, controls: bool) -> DigestCard:
    finished = [line.card for line in view.bounces]
    if view.clips:
        finished.append(", ".join(view.clips))
    if view.more:
        finished.append(words("digest.finished.more", count=view.more))
    finished += view.extras
    parts = (
        ("finished", finished, False),
        ("momentum", [line.card for line in view.loops], True),
        ("motion", [view.motion_card] if view.motion_card else [], True),
        ("noticed", [line for line in (view.noticed, *view.notes) if line], False),
        ("next", [f"{number}. {line.card}" for number, line in enumerate(view.steps, 1)], False),
        ("release", [view.release] if view.release else [], False),
        ("proposals", [view.proposals] if view.proposals else [], False),
        ("phase", [view.phase_card] if view.phase_card else [], False),
    )
    picture = view.pictures[0] if view.pictures else None
    return DigestCard(
        title=view.card_title,
        lead=view.headline.card,
        sections=tuple(
            CardSection(words(f"digest.card.{key}"), "\n".join(lines), inline) for key, lines, inline in parts if lines
        ),
        image=CardImage(picture.source, picture.file, picture.alt[:ALT_MOST]) if picture else None,
        footer=view.card_footer,
        buttons=tuple(words(f"digest.card.{key}") for key in ("plan", "lighter", "pause", "settings", "file"))
        if controls
        else (),
    )


def card_to_dict(card: DigestCard) -> dict[str, Any]:
    """Return the card as the JSON object that is stored."""
    data: dict[str, Any] = {
        "title": card.title,
        "lead": card.lead,
        "color": card.colour,
        "sections": [
            {"name": s.name, "value": s.value, **({"inline": True} if s.inline else {})} for s in card.sections
        ],
        "footer": card.footer,
        "buttons": list(card.buttons),
    }
    if card.image is not None:
        data["image"] = {"file": card.image.file, "alt": card.image.alt, "source": card.image.source}
    return data


def card_from_dict(data: Mapping[str, Any]) -> DigestCard:
    image = data.get("image")
    return DigestCard(
        title=data["title"],
        lead=data["lead"],
        sections=tuple(CardSection(s["name"], s["value"], s.get("inline", False)) for s in data["sections"]),
        image=CardImage(image.get("source", ""), image["file"], image["alt"]) if image else None,
        footer=data["footer"],
        buttons=tuple(data["buttons"]),
        colour=data["color"],
    )


def stored_hash(markdown: str, card: str) -> str:
    """Return the SHA-256 of what was built, in hex."""
    return hashlib.sha256(f"{markdown}\x00{card}".encode()).hexdigest()


def card_json(card: DigestCard) -> str:
    return json.dumps(card_to_dict(card), ensure_ascii=False, sort_keys=True)
