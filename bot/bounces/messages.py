"""What the outbox sends of bounces, rendered from what is true at the moment of sending."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.bounces import facts as wording
from bot.bounces.audio import AudioFinder
from bot.bounces.cards import bounce_card, group_card, group_words, picture_of, safe_name, say_in
from bot.bounces.model import BouncePost, PostChoice
from bot.bounces.notes import NoteService
from bot.bounces.pictures import SHOWN_ART_PX, BouncePictures
from bot.bounces.service import BounceService
from bot.bounces.targets import TargetService
from bot.bounces.trouble import CannotMeasure
from bot.errors import BotError
from bot.outbox import Outbox
from bot.outbox_model import Delivery, DeliveryDraft
from bot.ports import OutMessage, Sent, SentFile
from bot.say.card import Card, Picture, note, plain
from bot.say.words import Words
from storage.repositories.bounces import BounceRepository
from storage.unit import Unit

UploadLimit = Callable[[int], Awaitable[int]]
_AUDIO_MARGIN = 0.98
USUAL_LIMIT = 10 * 1024 * 1024
"""Discord's upload limit where the channel is not known yet (support.discord.com, 2024-09)."""


async def usual_limit(_channel_id: int) -> int:
    return USUAL_LIMIT


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
        async with self._service.reading(owner):
            view = await self._service.view(owner, bounce_id)
            comments = await self._notes.comments(owner, bounce_id)
            slices = await self._notes.slices(owner, bounce_id)
            usual = await self._service.usual_balance(owner, bounce_id)
            target = await self._targets.get(owner)
        picture = None
        if with_picture:
            try:
                picture = await self._pictures.waveform(view.bounce, say_in(spoken), comments=comments, slices=slices)
            except CannotMeasure:
                picture = None
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

    async def picture(self, owner: int, source: str) -> bytes | None:
        """Draw the waveform of a bounce for what others post; None where it, or what was measured of it, is gone."""
        try:
            bounce = await self._service.get(owner, source)
            return (await self._pictures.waveform(bounce, say_in(self._words))).png
        except (BotError, CannotMeasure):
            return None

    async def artwork(self, owner: int, bounce_id: str | None, words: Words) -> Picture | None:
        """Draw the cover of a bounce for what others post; None where that can't be done."""
        if bounce_id is None:
            return None
        try:
            bounce = await self._service.get(owner, bounce_id)
            return picture_of(await self._pictures.art(bounce, say_in(words), SHOWN_ART_PX), bounce, "-cover")
        except (BotError, CannotMeasure):
            return None

    def register(self, outbox: Outbox) -> None:
        """Make the area's deliveries known to the outbox."""
        outbox.register("bounce.card", self.render_card, on_sent=self.card_sent)
        outbox.register("bounce.audio", self.render_audio, on_sent=self.audio_sent)
        outbox.register("bounce.group", self.render_group)
