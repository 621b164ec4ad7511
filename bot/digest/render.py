"""Render a digest view: the Markdown file and the card, with the rules that make it fit."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.digest.compile import DigestView
from bot.paths import assets_dir
from bot.say.card import Accent, Card, Fact, Section, raw
from bot.say.words import Speaks

TOTAL_MOST = 3900
ALT_MOST = 300


@dataclass(frozen=True, slots=True)
class PictureSource:
    """The picture of a card: drawn anew from `source` whenever the card is."""

    source: str
    file: str
    alt: str


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


def to_card(view: DigestView, words: Speaks) -> Card:
    """Return the card, without controls; too long, it drops parts from the bottom, then items with "and 3 more"."""
    card = _card(view, words)
    for drop in _DROPS:
        if characters(card) <= TOTAL_MOST:
            return card
        view = drop(view)
        card = _card(view, words)
    while characters(card) > TOTAL_MOST and (view.clips or len(view.bounces) > 1 or len(view.steps) > 1):
        view = _shorter(view)
        card = _card(view, words)
    return card


def characters(card: Card) -> int:
    """Count what a digest's card shows."""
    texts = [card.title, card.lead or "", *card.meta]
    texts += [text for fact in card.facts if isinstance(fact, Fact) for text in (fact.label, fact.value)]
    for section in card.sections:
        texts += [section.heading or "", "\n".join(line for line in section.lines if isinstance(line, str))]
    return sum(map(len, texts))


def _shorter(view: DigestView) -> DigestView:
    if view.clips:
        return replace(view, clips=view.clips[:-1], more=view.more + 1)
    if len(view.bounces) > 1:
        return replace(view, bounces=view.bounces[:-1], more=view.more + 1)
    return replace(view, steps=view.steps[:-1])


def _card(view: DigestView, words: Speaks) -> Card:
    finished = [line.card for line in view.bounces]
    if view.clips:
        finished.append(", ".join(view.clips))
    if view.more:
        finished.append(words("digest.finished.more", count=view.more))
    finished += view.extras
    facts = (
        ("momentum", [line.card for line in view.loops]),
        ("motion", [view.motion_card] if view.motion_card else []),
    )
    sections = (
        ("finished", finished),
        ("noticed", [line for line in (view.noticed, *view.notes) if line]),
        ("next", [line.card for line in view.steps]),
        ("release", [view.release] if view.release else []),
        ("proposals", [view.proposals] if view.proposals else []),
        ("phase", [view.phase_card] if view.phase_card else []),
    )
    return _marked(
        view.card_title,
        view.headline.card,
        [(words(f"digest.card.{key}"), ", ".join(lines)) for key, lines in facts if lines],
        [(words(f"digest.card.{key}"), lines) for key, lines in sections if lines],
        view.card_footer,
    )


def _marked(
    title: str, lead: str, facts: Sequence[tuple[str, str]], sections: Sequence[tuple[str, Sequence[str]]], footer: str
) -> Card:
    """Return a card of texts that are finished markup."""
    return Card(
        title=raw(title),
        lead=raw(lead),
        facts=[Fact(raw(label), raw(value)) for label, value in facts],
        sections=[Section(raw(heading), [raw(line) for line in lines]) for heading, lines in sections],
        meta=[raw(footer)],
        accent=Accent.ACCENT,
    )


def picture_of(view: DigestView) -> PictureSource | None:
    """Return the waveform that goes with a digest."""
    if not view.pictures:
        return None
    picture = view.pictures[0]
    return PictureSource(picture.source, picture.file, picture.alt[:ALT_MOST])


def card_json(card: Card, picture: PictureSource | None = None) -> str:
    """Return the card as it is stored."""
    data: dict[str, Any] = {
        "title": card.title,
        "lead": card.lead,
        "facts": [[fact.label, fact.value] for fact in card.facts if isinstance(fact, Fact)],
        "sections": [{"name": section.heading, "lines": list(section.lines)} for section in card.sections],
        "footer": card.meta[0],
        "image": asdict(picture) if picture else None,
    }
    return json.dumps(data, ensure_ascii=False, sort_keys=True)


def read_card(stored: str) -> tuple[Card, PictureSource | None]:
    """Read what `card_json` wrote, and what was stored before it knew of facts and lines."""
    data: dict[str, Any] = json.loads(stored)
    sections, image = data["sections"], data.get("image")
    facts = [(one["name"], one["value"].replace("\n", ", ")) for one in sections if one.get("inline")]
    card = _marked(
        data["title"],
        data["lead"],
        [*facts, *data.get("facts", ())],
        [
            (one["name"], one["lines"] if "lines" in one else one["value"].split("\n"))
            for one in sections
            if not one.get("inline")
        ],
        data["footer"],
    )
    return card, PictureSource(image.get("source", ""), image["file"], image["alt"]) if image else None


def stored_hash(markdown: str, card: str) -> str:
    """Return the SHA-256 of what was built, in hex."""
    return hashlib.sha256(f"{markdown}\x00{card}".encode()).hexdigest()
