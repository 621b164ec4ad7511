"""Cards of bounces, and the outbox's messages about them. Pure builders; drawing and reading happen in the renderer."""

import re
import unicodedata
from collections.abc import Callable, Sequence

from bot.bounces import facts as wording
from bot.bounces.facts import Said
from bot.bounces.families import common_prefix
from bot.bounces.model import Bounce, BounceTag, Comment, Facts, Slice
from bot.bounces.notes import show_moment
from bot.bounces.pictures import Drawn
from bot.bounces.reading import BounceView
from bot.bounces.targets import Target
from bot.say.card import Accent, Button, Card, Fact, Picture, Section, State, Text, join, plain, raw
from bot.say.words import Words

TAG_ICONS = {BounceTag.KEEPER: "⭐", BounceTag.MAYBE: "🤔", BounceTag.NEEDS_WORK: "🔧", BounceTag.SCRATCH: "✏️"}


def speak(one: Said, words: Words) -> Text:
    """Return the sentence of a fact; parts that are facts themselves are spoken first.

    Texts among the parts are a file's own words, or a companion's, and are shown as they are typed.
    """
    parts: dict[str, object] = {}
    for name, value in one.parts.items():
        if isinstance(value, Said):
            parts[name] = speak(value, words)
        elif isinstance(value, tuple):
            pieces = [speak(piece, words) for piece in value if isinstance(piece, Said)]
            parts[name] = join("", [raw(", ") + piece for piece in pieces])
        else:
            parts[name] = value
    return words(one.key, **parts)


def say_in(words: Words) -> Callable[[Said], str]:
    """Return what turns facts into plain text for pictures and alt texts."""
    return lambda one: plain(speak(one, words))


def tag_state(tag: BounceTag | None, words: Words) -> State:
    if tag is None:
        return State(words("bounce.tag.none"))
    accents = {BounceTag.KEEPER: Accent.GOOD, BounceTag.NEEDS_WORK: Accent.LOOK}
    return State(words(f"bounce.tag.{tag}"), TAG_ICONS[tag], accents.get(tag, Accent.IDLE))


def bounce_card(
    view: BounceView,
    words: Words,
    picture: Drawn | None = None,
    *,
    comments: Sequence[Comment] = (),
    slices: Sequence[Slice] = (),
    usual: Sequence[Facts] = (),
    target: Target | None = None,
) -> Card:
    """Return the card of one bounce."""
    bounce, facts = view.bounce, view.bounce.facts
    sections: list[Section] = []
    if view.previous is not None and view.difference is not None:
        since = view.previous.version_name
        changed = [speak(one, words) for one in wording.changes(view.difference, since)]
        shown = changed[:5] or [words("bounce.card.same", version=since)]
        sections.append(Section(words("bounce.card.changed", version=since), shown))
    look = [speak(one, words) for one in wording.warnings(facts)[:4]] + against_usual(facts, usual, words)
    if look:
        sections.append(Section(words("bounce.card.look"), look))
    if slices:
        lines = [
            words("bounce.card.slice_line", start=show_moment(s.start_s), end=show_moment(s.end_s), name=s.name)
            for s in slices[:5]
        ]
        sections.append(Section(words("bounce.card.slices"), lines))
    if comments:
        sections.append(Section(words("bounce.card.comments"), comment_lines(comments, words)))
    return Card(
        title=bounce.title,
        state=tag_state(bounce.tag, words),
        lead=words("bounce.card.version", number=bounce.number, count=view.latest_number),
        facts=fact_lines(view, words, target),
        media=[] if picture is None else [picture_of(picture, bounce)],
        sections=sections,
        meta=[
            words("bounce.card.meta", name=bounce.file_name, when=bounce.bounced_at),
            words("bounce.card.not_ai"),
        ],
        rows=[controls(bounce, words)],
        accent=Accent.ACCENT if bounce.tag is None else None,
    )


def fact_lines(view: BounceView, words: Words, target: Target | None = None) -> list[Fact | str]:
    """Length, format, peak, loudness; loop, tags and note where there are some."""
    facts = view.bounce.facts
    size = wording.size(facts.size_bytes)
    out: list[Fact | str] = [
        Fact(words("bounce.label.length"), raw(f"{wording.clock(facts.duration_s)} · {size}")),
        Fact(words("bounce.label.format"), speak(wording.container(facts), words)),
        Fact(words("bounce.label.peak"), speak(wording.peak(facts), words)),
        Fact(words("bounce.label.loudness"), speak(wording.loudness(facts), words)),
    ]
    if target is not None and facts.integrated_lufs is not None:
        name = words(f"bounce.target.{target.name}", lufs=raw(wording.number(target.lufs, 0)))
        apart = speak(wording.against_target(facts.integrated_lufs, target.lufs), words)
        out.append(Fact(words("bounce.label.target"), words("bounce.card.target", target=name, apart=apart)))
    if view.loop is not None:
        out.append(Fact(words("bounce.label.loop"), view.loop.name))
    if view.bounce.free_tags:
        out.append(Fact(words("bounce.label.tags"), join(", ", view.bounce.free_tags)))
    if view.bounce.note:
        out.append(Fact(words("bounce.label.note"), view.bounce.note))
    return out


def against_usual(facts: Facts, usual: Sequence[Facts], words: Words) -> list[Text]:
    """Say where the balance is well off what this person's bounces usually have."""
    known = [other.balance for other in usual if other.balance is not None]
    if facts.balance is None or len(known) < 3:
        return []
    out: list[Text] = []
    for band in ("low", "mid", "high"):
        mean = sum(getattr(balance, f"{band}_db") for balance in known) / len(known)
        apart = getattr(facts.balance, f"{band}_db") - mean
        if abs(apart) >= 3:
            out.append(words(f"bounce.usual.{band}", amount=raw(wording.number(apart, 1, sign=True))))
    return out


def comment_lines(comments: Sequence[Comment], words: Words) -> list[str]:
    lines: list[str] = [
        words("bounce.card.comment_line", at=show_moment(one.at_s), text=one.text, name=one.author_name)
        for one in comments[:6]
    ]
    if len(comments) > 6:
        lines.append(words("bounce.card.more_comments", count=len(comments) - 6))
    return lines


def controls(bounce: Bounce, words: Words) -> list[Button]:
    """Return the row of a bounce card; others than the owner may only look and comment, by More."""
    mine = bounce.owner_id
    return [
        Button("bounce", "tag", words("bounce.card.tag"), bounce.id, owner=mine),
        Button("bounce", "link", words("bounce.card.link"), bounce.id, owner=mine),
        Button("bounce", "post", words("bounce.card.post"), bounce.id, owner=mine),
        Button("bounce", "more", words("bounce.card.more"), bounce.id, owner=mine),
        Button("bounce", "delete", words("bounce.card.delete"), bounce.id, owner=mine),
    ]


def picture_of(drawn: Drawn, bounce: Bounce, ending: str = "") -> Picture:
    return Picture(f"{safe_name(bounce)}{ending}.png", drawn.png, drawn.alt)


def safe_name(bounce: Bounce) -> str:
    """Return a file name of `[a-z0-9-]` for what goes out with a bounce.

    A name of other scripts keeps its version only.
    """
    ascii_title = unicodedata.normalize("NFKD", bounce.title).encode("ascii", "ignore").decode().casefold()
    stem = re.sub(r"[^a-z0-9]+", "-", ascii_title).strip("-")[:60] or "bounce"
    return f"{stem}-v{bounce.number}"


def group_card(
    bounces: Sequence[Bounce], sheet: Drawn | None, words: Words, *, was_found: bool, total: int | None = None
) -> Card:
    """Return one card for files that were finished together, or that lay there at the start."""
    title, lead = group_words(bounces, words, was_found=was_found)
    lines: list[str] = [
        words("bounce.group.line", name=bounce.file_name, length=wording.clock(bounce.facts.duration_s))
        for bounce in bounces[:12]
    ]
    if len(bounces) > 12:
        lines.append(words("bounce.group.more", count=len(bounces) - 12))
    return Card(
        title=title,
        lead=lead,
        media=[] if sheet is None else [Picture("bounces.png", sheet.png, sheet.alt)],
        sections=[Section(words("bounce.group.files"), lines)],
        meta=[words("bounce.card.not_ai")],
        accent=Accent.ACCENT,
    )


def group_words(bounces: Sequence[Bounce], words: Words, *, was_found: bool) -> tuple[Text, Text]:
    prefix = common_prefix([bounce.file_name for bounce in bounces])
    minutes = f"{sum(bounce.facts.duration_s for bounce in bounces) / 60:.1f}"
    title = (
        words("bounce.group.title_named", name=prefix, count=len(bounces))
        if prefix
        else words("bounce.group.title", count=len(bounces))
    )
    return title, words("bounce.group.found" if was_found else "bounce.group.lead", minutes=minutes)


def trouble_words(words: Words, trouble: str) -> Text:
    return words(f"bounce.trouble.{trouble}")
