"""What the outbox sends of digests, from what is stored."""

from collections.abc import Sequence
from typing import Any, Protocol

from bot.digest.cards import public_card, quiet_card, server_card, stored_card
from bot.digest.ports import Waveforms
from bot.digest.sending import PUBLIC
from bot.digest.service import DigestService, Shown
from bot.digest.studio import read_stored
from bot.outbox import InboxText
from bot.outbox_model import Delivery
from bot.ports import OutMessage
from bot.say.card import Row
from bot.say.words import Catalogue, Words
from bot.studio.service import StudioService
from storage.repositories.studio import InboxRepository
from storage.unit import Unit


class OpenOffers(Protocol):
    """Gives the answers to a change of phase that is offered."""

    async def offer_rows(self, owner: int, words: Words) -> Sequence[Row]: ...


class CheckIns(Protocol):
    """Tells whether the Sunday digest is a person's check-in too."""

    async def wants_checkins(self, user_id: int) -> bool: ...


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
            offer=await self._offers.offer_rows(delivery.owner, words),
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
        studio = read_stored(payload.get("studio"))
        return OutMessage(server_card(payload["week"], lines, most, self._catalogue.words("en"), studio))

    async def waveform(self, owner: int, shown: Shown) -> bytes | None:
        source = shown.picture.source if shown.picture else ""
        return await self._waveforms.picture(owner, source) if source else None

    async def _words(self, owner: int) -> Words:
        return self._catalogue.words(await self._studio.language(owner))
