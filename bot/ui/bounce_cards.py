"""Cards of bounces, and the outbox's messages about them. Pure builders; drawing and reading happen in the renderer."""

import re
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from bot.bounces import facts as wording
from bot.bounces.audio import AudioFinder
from bot.bounces.facts import Said
from bot.bounces.families import common_prefix
from bot.bounces.model import Bounce, BouncePost, BounceTag, Comment, Facts, Note, PostChoice, Slice
from bot.bounces.notes import NoteService, show_moment
from bot.bounces.pictures import BouncePictures, Drawn
from bot.bounces.reading import BounceView
from bot.bounces.service import BounceService
from bot.bounces.targets import Target, TargetService
from bot.bounces.trouble import CannotMeasure
from bot.errors import BotError
from bot.outbox_model import Delivery, DeliveryDraft
from bot.ports import OutMessage, Sent, SentFile
from bot.ui.model import Accent, Button, Card, Fact, Picture, Section, State, Text, join, note, plain, raw
from bot.ui.strings import Words
from storage.repositories.bounces import BounceRepository
from storage.unit import Unit

TAG_ICONS = {BounceTag.KEEPER: "⭐", BounceTag.MAYBE: "🤔", BounceTag.NEEDS_WORK: "🔧", BounceTag.SCRATCH: "✏️"}
UploadLimit = Callable[[int], Awaitable[int]]
_AUDIO_MARGIN = 0.98


def speak(one: Said, words: Words) -> Text:
    """Return the sentence of a fact; parts that are facts themselves are spoken first."""
    parts: dict[str, object] = {}
    for name, value in one.parts.items():
        if isinstance(value, Said):
            parts[name] = raw(speak(value, words))
        elif isinstance(value, tuple):
            pieces = [speak(piece, words) for piece in value if isinstance(piece, Said)]
            parts[name] = join("", [raw(", ") + piece for piece in pieces])
        else:
            parts[name] = raw(value) if isinstance(value, str) and not isinstance(value, Text) else value
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
        out.append(Fact(words("bounce.label.tags"), raw(", ".join(view.bounce.free_tags))))
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


class BounceMessages:
    """Renders the outbox's deliveries about bounces: from what is true at the moment of sending."""

    def __init__(
        self,
        service: BounceService,
        notes: NoteService,
        targets: TargetService,
        pictures: BouncePictures,
        audio: AudioFinder,
        words: Words,
        limit: UploadLimit,
    ) -> None:
        self._service, self._notes, self._targets, self._pictures = service, notes, targets, pictures
        self._audio, self._words, self._limit = audio, words, limit

    async def card(self, owner: int, bounce_id: str, *, with_picture: bool = True, words: Words | None = None) -> Card:
        """Return the card of a bounce as it is now. Raises NotFound, Gone."""
        spoken = words or self._words
        view = await self._service.view(owner, bounce_id)
        comments = await self._notes.comments(owner, bounce_id)
        slices = await self._notes.slices(owner, bounce_id)
        usual = await self._service.usual_balance(owner, bounce_id)
        picture = None
        if with_picture:
            try:
                picture = await self._pictures.waveform(view.bounce, say_in(spoken), comments=comments, slices=slices)
            except CannotMeasure:
                picture = None
        target = await self._targets.get(owner)
        return bounce_card(view, spoken, picture, comments=comments, slices=slices, usual=usual, target=target)

    async def render_card(self, delivery: Delivery) -> OutMessage | None:
        """`bounce.card`: the card; its audio follows as a delivery of its own."""
        with_picture = delivery.payload.get("post") != PostChoice.FACTS
        try:
            return OutMessage(await self.card(delivery.owner, delivery.payload["bounce"], with_picture=with_picture))
        except BotError:
            return None

    async def card_sent(self, unit: Unit, delivery: Delivery, sent: Sent) -> None:
        """Remember the post, and put its audio into the outbox, in the transaction that stores the message id."""
        bounce_id = delivery.payload["bounce"]
        bounces = unit.repo(BounceRepository)
        bounce = await bounces.get(bounce_id)
        if bounce is None:
            return
        await bounces.posted(BouncePost(bounce.id, sent.channel_id, sent.message_id, None))
        if delivery.payload.get("post") != PostChoice.AUDIO:
            return
        payload = {"bounce": bounce_id, "card": sent.message_id}
        key = f"bounce.audio:{sent.message_id}"
        await unit.deliver(DeliveryDraft("bounce.audio", key, delivery.target_kind, delivery.target_id, payload))

    async def render_audio(self, delivery: Delivery) -> OutMessage | None:
        """`bounce.audio`: the file as it is, else a preview that fits, else a sentence."""
        try:
            bounce = await self._service.get(delivery.owner, delivery.payload["bounce"])
        except BotError:
            return None
        most = int(await self._limit(delivery.target_id) * _AUDIO_MARGIN)
        try:
            file = await self._audio.upload(delivery.owner, bounce, most)
        except CannotMeasure:
            return None
        if file is None:
            size = wording.size(bounce.facts.size_bytes)
            return OutMessage(note(self._words("bounce.audio.too_large", size=size)))
        suffix = Path(file.name).suffix.casefold()
        return OutMessage(None, [SentFile(f"{safe_name(bounce)}{suffix}", file.data)])

    async def audio_sent(self, unit: Unit, delivery: Delivery, sent: Sent) -> None:
        await unit.repo(BounceRepository).audio_posted(int(delivery.payload["card"]), sent.message_id)

    async def render_group(self, delivery: Delivery) -> OutMessage | None:
        """`bounce.group`: one card with a sheet of waveforms."""
        bounces = await self._service.many(delivery.owner, delivery.payload["bounces"])
        bounces = [bounce for bounce in bounces if bounce.deleted_at is None]
        if not bounces:
            return None
        was_found = bool(delivery.payload.get("found"))
        shown = sorted(bounces, key=lambda bounce: bounce.file_name.casefold())
        title, lead = group_words(shown, self._words, was_found=was_found)
        try:
            sheet = await self._pictures.sheet(shown[:60], plain(title), plain(lead), say_in(self._words))
        except CannotMeasure:
            sheet = None
        return OutMessage(group_card(shown, sheet, self._words, was_found=was_found))

    def register(self, outbox: Any) -> None:
        """Make the area's deliveries known to the outbox."""
        outbox.register("bounce.card", self.render_card, on_sent=self.card_sent)
        outbox.register("bounce.audio", self.render_audio, on_sent=self.audio_sent)
        outbox.register("bounce.group", self.render_group)


def trouble_words(words: Words, trouble: str) -> Text:
    return words(f"bounce.trouble.{trouble}")


def odd(facts: Facts) -> bool:
    """Say whether a bounce was measured with reservations."""
    return Note.HEADER_OPEN in facts.notes or Note.SHORTER_THAN_HEADER in facts.notes
