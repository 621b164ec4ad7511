"""What the outbox sends of digests, from what is stored"""

from typing import Any, Protocol

from bot.bounces.area import BounceArea
from bot.bounces.cards import say_in
from bot.bounces.trouble import CannotMeasure
from bot.digest.cards import public_card, quiet_card, server_card, stored_card
from bot.digest.ports import Waveforms
from bot.digest.sending import PUBLIC
from bot.digest.service import DigestService, Shown
from bot.errors import BotError
from bot.outbox import InboxText
from bot.outbox_model import Delivery
from bot.phases.model import Offer
from bot.ports import OutMessage
from bot.say.words import Catalogue, Words
from bot.studio.service import StudioService
from storage.repositories.studio import InboxRepository
from storage.unit import Unit


class OpenOffers(Protocol):
    """Tells of a change of phase that is offered."""

    async def open_offer(self, owner: int) -> Offer | None: ...


class CheckIns(Protocol):
    """Tells whether the Sunday digest is a person's check-in too."""

    async def wants_checkins(self, user_id: int) -> bool: ...


class DrawnWaveforms:
    """Draws the waveform of a bounce; none where it, or what was measured of it, is gone."""

    def __init__(self, bounces: BounceArea, words: Words) -> None:
        self._bounces = bounces
        self._words = words

    async def picture(self, owner: int, source: str) -> bytes | None:
        try:
            bounce = await self._bounces.service.get(owner, source)
            return (await self._bounces.pictures.waveform(bounce, say_in(self._words))).png
        except (BotError, CannotMeasure):
            return None


class DigestMessages:
    """Renders what the outbox sends of digests, from what is stored."""

    def __init__(
        self,
        service: DigestService,
        waveforms: Waveforms,
        studio: StudioService,
        catalogue: Catalogue,
        offers: OpenOffers,
        check_ins: CheckIns,
    ) -> None:
        self._service = service
        self._waveforms = waveforms
        self._studio = studio
        self._catalogue = catalogue
        self._offers = offers
        self._check_ins = check_ins

    async def digest(self, delivery: Delivery) -> OutMessage | None:
        payload: Any = delivery.payload
        shown = await self._service.peek(delivery.owner, payload["digest"])
        if shown is None:
            return None
        words = await self._words(delivery.owner)
        picture = await self.waveform(delivery.owner, shown)
        card = stored_card(
            shown,
            words,
            delivery.owner,
            picture,
            late=payload["late"],
            can_plan=self._service.can_plan,
            offer=await self._offers.open_offer(delivery.owner),
            energy=await self._service.energy(delivery.owner, shown),
            can_check_in=await self._check_ins.wants_checkins(delivery.owner),
        )
        return OutMessage(card)

    async def inbox(self, delivery: Delivery) -> InboxText | None:
        payload: Any = delivery.payload
        shown = await self._service.peek(delivery.owner, payload["digest"])
        return InboxText(shown.card.title, shown.card.lead or "") if shown else None

    async def quiet(self, delivery: Delivery) -> OutMessage | None:
        return OutMessage(quiet_card(await self._words(delivery.owner), delivery.owner))

    async def public(self, delivery: Delivery) -> OutMessage | None:
        payload: Any = delivery.payload
        shown = await self._service.peek(delivery.owner, payload["digest"])
        if shown is None or shown.public_card is None:
            return None
        return OutMessage(public_card(shown.public_card, self._catalogue.words("en"), delivery.owner))

    async def refused(self, unit: Unit, delivery: Delivery) -> None:
        """Tell the owner, once and in private, that a channel does not take the copy any more."""
        words = await self._words(delivery.owner)
        title, body = words("digest.refused.title").plain, words("digest.refused.body").plain
        await unit.repo(InboxRepository).add_once(PUBLIC, title, body)

    async def server(self, delivery: Delivery) -> OutMessage | None:
        payload: Any = delivery.payload
        lines = [(name, what) for name, what in payload["lines"]]
        most = self._service.rules.server_people
        return OutMessage(server_card(payload["week"], lines, most, self._catalogue.words("en")))

    async def waveform(self, owner: int, shown: Shown) -> bytes | None:
        source = shown.picture.source if shown.picture else ""
        return await self._waveforms.picture(owner, source) if source else None

    async def _words(self, owner: int) -> Words:
        person = await self._studio.person(owner)
        return self._catalogue.words(person.locale if person else "en")
