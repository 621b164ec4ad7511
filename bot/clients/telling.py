"""Telling people of what was given to them: once, several things in one message, in their own hours and language."""

from collections.abc import Sequence
from datetime import datetime

from bot.actors import Actor
from bot.clients.assigning import TELLING, AssignmentService
from bot.clients.cards import news_card, news_text, offer_card
from bot.clients.handing_over import HandoverService
from bot.errors import Gone
from bot.outbox import InboxText
from bot.outbox_model import Delivery, DeliveryDraft
from bot.ports import OutMessage
from bot.say.card import Card, plain
from bot.say.words import Catalogue, Words
from bot.slots import Later, Slot, SlotDraft
from bot.studio.quiet import StudioQuiet
from bot.studio.service import StudioService
from storage.repositories.assignments import WorkRepository
from storage.repositories.slots import SlotRepository
from storage.repositories.studio import InboxRepository
from storage.unit import Database, Unit

DELIVERY = "work.assigned"


class WorkSlots:
    """Somebody is to be told of something new; whatever else is new by then goes into the same message."""

    name = TELLING

    def __init__(
        self, database: Database, work: AssignmentService, studio: StudioService, catalogue: Catalogue
    ) -> None:
        self._database = database
        self._work = work
        self._studio = studio
        self._quiet = StudioQuiet(studio)
        self._catalogue = catalogue

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """The slots come with what is given; there is nothing to look for."""
        return ()

    async def run(self, slot: Slot) -> Later | None:
        person = slot.owner or 0
        ids = [one.id for one in await self._work.untold(person)]
        if not ids:
            async with self._database.system_write(TELLING) as unit:
                await unit.repo(SlotRepository).finish(slot, reason="told already")
            return None
        following, now = await self._work.next_telling(person), self._database.clock.now()
        if following is not None and following > now:
            return Later(following, "told of something a moment ago")
        if await self._studio.person(person) is None:
            # Whoever never used me is not written to unasked: it waits where they will look first.
            await self._into_inbox(slot, person, ids)
            return None
        async with self._database.system_write(TELLING) as unit:
            await unit.repo(WorkRepository).told(ids)
            await unit.deliver(DeliveryDraft(DELIVERY, slot.key, "dm", person, {"ids": ids}, owner=person))
            await unit.repo(SlotRepository).finish(slot)
        return None

    async def _into_inbox(self, slot: Slot, person: int, ids: Sequence[str]) -> None:
        words = await self._words(person)
        items = await self._work.news(ids)
        async with self._database.system_write(TELLING) as unit:
            await unit.repo(WorkRepository).told(ids)
        async with self._database.write(Actor.system("work"), person, "work.tell") as unit:
            if items:
                title = words("client.work.news", count=len(items)).plain
                await unit.repo(InboxRepository).add(DELIVERY, title, news_text(items, words))
            await unit.repo(SlotRepository).finish(slot)

    # ------------------------------------------------------------------ what the outbox asks

    async def render(self, delivery: Delivery) -> OutMessage | None:
        items = await self._work.news(delivery.payload["ids"])
        if not items:
            return None
        return OutMessage(news_card(items, await self._words(delivery.owner), delivery.owner))

    async def hold(self, delivery: Delivery, now: datetime) -> Later | str | None:
        """Wait for the end of quiet hours; whoever paused everything finds it in their inbox."""
        open_at = await self._quiet.open_at(delivery.owner, now)
        if open_at is None:
            return "paused"
        return Later(open_at, "quiet hours") if open_at > now else None

    async def inbox(self, delivery: Delivery) -> InboxText | None:
        items, words = await self._work.news(delivery.payload["ids"]), await self._words(delivery.owner)
        if not items:
            return None
        return InboxText(words("client.work.news", count=len(items)).plain, news_text(items, words))

    async def _words(self, person: int) -> Words:
        return self._catalogue.words(await self._studio.language(person))


class Offers:
    """Telling people of loops that are offered to them, or to the server that they lead."""

    def __init__(
        self, handovers: HandoverService, studio: StudioService, catalogue: Catalogue, telling: WorkSlots
    ) -> None:
        self._handovers = handovers
        self._telling = telling
        self._studio = studio
        self._catalogue = catalogue

    async def render(self, delivery: Delivery) -> OutMessage | None:
        card = await self._card(delivery)
        return None if card is None else OutMessage(card)

    async def hold(self, delivery: Delivery, now: datetime) -> Later | str | None:
        """Leave it to the inbox of whoever never used me: nobody is written to unasked."""
        if await self._studio.person(delivery.owner) is None:
            return "never used"
        return await self._telling.hold(delivery, now)

    async def inbox(self, delivery: Delivery) -> InboxText | None:
        card = await self._card(delivery)
        return None if card is None else InboxText(plain(card.title), plain(card.lead or ""))

    async def _card(self, delivery: Delivery) -> Card | None:
        try:
            one = await self._handovers.get(delivery.payload["handover"])
        except Gone:
            return None
        to_server = await self._studio.is_server(one.to_owner)
        server = await self._studio.server_name(one.to_owner if to_server else one.from_owner)
        words = self._catalogue.words(await self._studio.language(delivery.owner))
        return offer_card(one, words, server, to_server=to_server)
