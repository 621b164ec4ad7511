"""What the outbox sends of clients' weeks, from what is stored at that moment."""

from datetime import datetime
from typing import Any

from bot.clients.digest_cards import asking_text, preview_card, sent_rows, week_card, week_text
from bot.clients.digests import ClientDigests, Panel
from bot.clients.model import Answer, DigestWay
from bot.clients.told_week import ToldWeek
from bot.errors import NotFound
from bot.outbox import InboxText
from bot.outbox_model import Delivery
from bot.ports import OutMessage
from bot.say.words import Catalogue, Words
from bot.slots import Later
from bot.studio.quiet import StudioQuiet
from bot.studio.service import StudioService


class ClientDigestMessages:
    """Renders digests of clients and what a lead sees before."""

    def __init__(self, digests: ClientDigests, studio: StudioService, catalogue: Catalogue) -> None:
        self._digests = digests
        self._studio = studio
        self._quiet = StudioQuiet(studio)
        self._catalogue = catalogue

    async def digest(self, delivery: Delivery) -> OutMessage | None:
        """Return a client's week; None where it is switched off by now, or goes elsewhere."""
        found = await self._still(delivery)
        if found is None:
            return None
        panel, told = found
        person = delivery.target_id if delivery.target_kind == "dm" else None
        words = await self._words(person)
        server = await self._studio.server_name(panel.client.owner_id)
        payload: Any = delivery.payload
        until = datetime.fromisoformat(payload["until"])
        rows = sent_rows(panel.client, words, person)
        return OutMessage(week_card(told, words, panel.client, server, until, payload["words"], rows))

    async def inbox(self, delivery: Delivery) -> InboxText | None:
        found = await self._still(delivery)
        if found is None:
            return None
        panel, told = found
        words = await self._words(delivery.owner)
        server = await self._studio.server_name(panel.client.owner_id)
        return InboxText(words("client.week.title", server=server).plain, week_text(told, words))

    async def hold(self, delivery: Delivery, now: datetime) -> Later | str | None:
        """Wait for the end of somebody's quiet hours; a channel has none."""
        if delivery.target_kind != "dm":
            return None
        open_at = await self._quiet.open_at(delivery.owner, now)
        if open_at is None:
            return "paused"
        return Later(open_at, "quiet hours") if open_at > now else None

    async def _still(self, delivery: Delivery) -> tuple[Panel, ToldWeek] | None:
        payload: Any = delivery.payload
        panel = await self._panel(payload)
        if panel is None or panel.clock is None:
            return None
        client = panel.client
        if delivery.target_kind == "channel":
            if client.digest is not DigestWay.CHANNEL or client.channel_id != delivery.target_id:
                return None
        elif client.digest is not DigestWay.DM or delivery.target_id not in {one.user_id for one in panel.wanting}:
            return None
        after, until = datetime.fromisoformat(payload["after"]), datetime.fromisoformat(payload["until"])
        told = await self._digests.told(client, after, until)
        return None if told is None else (panel, told)

    async def preview(self, delivery: Delivery) -> OutMessage | None:
        """Return what a lead is asked about; None where it was answered or is over."""
        payload: Any = delivery.payload
        panel = await self._panel(payload)
        if panel is None or panel.clock is None or panel.clock.week != payload["week"]:
            return None
        if panel.clock.answer is not Answer.WAITING:
            return None
        view = await self._digests.preview(panel.client.owner_id, panel.client.id)
        words = await self._words(delivery.owner)
        return OutMessage(preview_card(view, words, await self._studio.server_name(panel.client.owner_id)))

    async def preview_inbox(self, delivery: Delivery) -> InboxText | None:
        payload: Any = delivery.payload
        panel = await self._panel(payload)
        if panel is None or panel.clock is None or panel.clock.week != payload["week"]:
            return None
        return InboxText(*asking_text(panel.client, panel.clock, await self._words(delivery.owner)))

    async def _panel(self, payload: Any) -> Panel | None:
        try:
            return await self._digests.panel(payload["server"], payload["client"])
        except NotFound:
            return None

    async def _words(self, person: int | None) -> Words:
        return self._catalogue.words("en" if person is None else await self._studio.language(person))
