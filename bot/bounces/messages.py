"""What the outbox sends of bounces, rendered from what is true at the moment of sending."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from bot.bounces import facts as wording
from bot.bounces.audio import AudioFinder
from bot.bounces.cards import bounce_card, group_card, group_words, picture_of, safe_name, say_in
from bot.bounces.model import PostChoice
from bot.bounces.notes import NoteService
from bot.bounces.pictures import SHOWN_ART_PX, BouncePictures
from bot.bounces.service import BounceService
from bot.bounces.targets import TargetService
from bot.bounces.trouble import CannotMeasure
from bot.errors import BotError
from bot.outbox import Outbox
from bot.outbox_model import Delivery, DeliveryDraft
from bot.ports import OutMessage, Sent, SentFile
from bot.posted import PostedCards, follow_in, posted_card
from bot.posted_model import PostedCard, unpost_slot
from bot.say.card import Card, Picture, note, plain, removable
from bot.say.words import Words
from storage.repositories.posted import PostedRepository
from storage.unit import Unit

UploadLimit = Callable[[int], Awaitable[int]]
_AUDIO_MARGIN = 0.98
POSTED, POSTED_GROUP = "bounce", "bounce_group"
"""The kinds of posted cards: of one bounce, and of several that came together."""
SHARED = "shared"
"""The look of a card that somebody posted where they were, with Remove."""
FOUND = "found"
"""The look of a group that lay in the folder when it was first read."""
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
        post = str(delivery.payload.get("post", ""))
        await follow_in(unit, posted_card(delivery, sent, POSTED, bounce_id, look=post), sent.drawn_at or unit.now)
        if post != PostChoice.AUDIO:
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
        if not await unit.repo(PostedRepository).carries_audio(int(delivery.payload["card"]), sent.message_id):
            # Its card went while it was on its way: what is gone has no sound left behind.
            gone = posted_card(delivery, sent, POSTED, str(delivery.payload["bounce"]))
            await unit.add_slots([unpost_slot(gone, unit.now)])

    async def render_group(self, delivery: Delivery) -> OutMessage | None:
        """`bounce.group`: one card with a sheet of waveforms."""
        card = await self._group(delivery.owner, delivery.payload["bounces"], bool(delivery.payload.get("found")))
        return None if card is None else OutMessage(card)

    async def group_sent(self, unit: Unit, delivery: Delivery, sent: Sent) -> None:
        """Follow the bounces of the group: one that is renamed or deleted is so on their card too."""
        look, also = FOUND if delivery.payload.get("found") else "", tuple(delivery.payload["bounces"])
        card = posted_card(delivery, sent, POSTED_GROUP, delivery.id, look=look, also=also)
        await follow_in(unit, card, sent.drawn_at or unit.now)

    async def draw(self, posted: PostedCard) -> Card:
        """Draw a posted card of a bounce. Raises NotFound, Gone."""
        if posted.look != SHARED:
            with_picture = posted.look != PostChoice.FACTS
            return await self.card(posted.owner, posted.subject_id, with_picture=with_picture)
        return removable(await self.card(posted.owner, posted.subject_id), self._words("card.remove"), posted.owner)

    async def draw_group(self, posted: PostedCard) -> Card | None:
        """Draw the card of a group; None where none of its bounces is left."""
        return await self._group(posted.owner, posted.also, posted.look == FOUND)

    async def _group(self, owner: int, ids: Sequence[str], was_found: bool) -> Card | None:
        bounces = [bounce for bounce in await self._service.many(owner, ids) if bounce.deleted_at is None]
        if not bounces:
            return None
        shown = sorted(bounces, key=lambda bounce: bounce.file_name.casefold())
        title, lead = group_words(shown, self._words, was_found=was_found)
        try:
            sheet = await self._pictures.sheet(shown[:60], plain(title), plain(lead), say_in(self._words))
        except CannotMeasure:
            sheet = None
        return group_card(shown, sheet, self._words, was_found=was_found)

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

    def register(self, outbox: Outbox, posted: PostedCards) -> None:
        """Make the area's deliveries and posted cards known."""
        outbox.register("bounce.card", self.render_card, on_sent=self.card_sent)
        outbox.register("bounce.audio", self.render_audio, on_sent=self.audio_sent)
        outbox.register("bounce.group", self.render_group, on_sent=self.group_sent)
        posted.register(POSTED, self.draw)
        posted.register(POSTED_GROUP, self.draw_group)
