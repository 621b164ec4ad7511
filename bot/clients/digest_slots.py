"""Weeks of clients that are over: asking a lead the day before, sending once, whatever is restarted in between."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.actors import Actor, PersonId
from bot.clients.digest_cards import asking_text
from bot.clients.digest_times import wound
from bot.clients.digests import ClientDigests, Panel
from bot.clients.model import MOVES_ON, Answer, Client, DigestClock, DigestWay, Outcome
from bot.errors import NotFound
from bot.outbox_model import DeliveryDraft
from bot.say.words import Catalogue
from bot.slots import Later, Slot, SlotDraft
from bot.studio.service import StudioService
from storage.repositories.changes import ChangeRepository
from storage.repositories.client_digests import DueDigestRepository
from storage.repositories.slots import SlotRepository
from storage.repositories.studio import InboxRepository
from storage.unit import Database, Unit

KIND = "client-digest"
DIGEST, PREVIEW = "client.digest", "client.preview"
_HISTORY = timedelta(days=30)
ASK, SEND = "ask", "send"


class ClientDigestSlots:
    """One slot for each client and ISO week, and one to ask about it; their keys make them happen once."""

    name = KIND

    def __init__(self, database: Database, digests: ClientDigests, studio: StudioService, catalogue: Catalogue) -> None:
        self._database = database
        self._digests = digests
        self._studio = studio
        self._catalogue = catalogue
        self._held = timedelta(hours=digests.rules.week_held_hours)

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """Return whom to ask and whom to tell; clocks move on whether or not anything is sent."""
        clocks = unit.repo(DueDigestRepository)
        drafts = [await self._tell(clocks, client, clock, now) for client, clock in await clocks.due(now, limit)]
        for client, clock in await clocks.unset(limit):
            await clocks.wind(client, wound(client, clock, now))
        for clock in await clocks.to_ask(now, limit):
            await clocks.asked(clock.client_id, clock.week)
            drafts.append(self._draft(f"{KIND}-{ASK}", clock, now, {"do": ASK}))
        return drafts

    async def _tell(
        self, clocks: DueDigestRepository[Unit], client: Client, clock: DigestClock, now: datetime
    ) -> SlotDraft:
        """Let a week end: what was said to it by now goes along, and the clock is set to the next."""
        await clocks.wind(client, wound(client, replace(clock, last_week=clock.week), now))
        payload = {
            "do": SEND,
            "until": clock.next_at.isoformat(),
            "goes": clock.answer is Answer.SEND or (clock.answer is Answer.WAITING and not client.digest_asks),
            "skipped": clock.answer is Answer.SKIP,
            "words": clock.words,
        }
        draft = self._draft(KIND, clock, clock.next_at, payload)
        return replace(draft, state="skipped", reason="late") if now - clock.next_at > self._held else draft

    @staticmethod
    def _draft(prefix: str, clock: DigestClock, at: datetime, payload: dict[str, Any]) -> SlotDraft:
        key = f"{prefix}:{clock.client_id}:{clock.week}"
        return SlotDraft(key, KIND, clock.client_id, at, owner=clock.owner_id, payload=payload | {"week": clock.week})

    async def run(self, slot: Slot) -> Later | None:
        try:
            panel = await self._digests.panel(slot.owner or 0, slot.subject_id)
        except NotFound:
            panel = None
        if panel is None or panel.clock is None:
            await self._finish(slot, "not told any more")
        elif slot.payload["do"] == ASK:
            await self._ask(slot, panel, panel.clock)
        else:
            await self._send(slot, panel)
        return None

    async def _finish(self, slot: Slot, reason: str) -> None:
        async with self._database.system_write(KIND) as unit:
            await unit.repo(SlotRepository).finish(slot, reason=reason)

    # ------------------------------------------------------------------ asking

    async def _ask(self, slot: Slot, panel: Panel, clock: DigestClock) -> None:
        """Show the server's owner by direct message, and other leads in their inbox, what the client will read."""
        client, week = panel.client, slot.payload["week"]
        told = await self._digests.coming(client, clock)
        if week != clock.week or told is None or not panel.has_place:
            await self._finish(slot, "nothing to ask")
            return
        owner = await self._into_inboxes(client, clock)
        async with self._database.system_write(KIND) as unit:
            if owner is not None:
                await unit.deliver(
                    DeliveryDraft(
                        PREVIEW,
                        f"{PREVIEW}:{client.id}:{week}",
                        "dm",
                        owner,
                        {"server": client.owner_id, "client": client.id, "week": week},
                        expires_at=clock.next_at,
                        owner=owner,
                    )
                )
            await unit.repo(SlotRepository).finish(slot)

    async def _into_inboxes(self, client: Client, clock: DigestClock) -> PersonId | None:
        """Leave a note for every lead who used me; return the owner, where they have direct messages from me."""
        async with self._database.read(client.owner_id, as_house=True) as unit:
            since = unit.now - _HISTORY
            people = await unit.repo(ChangeRepository).people_since(since, self._digests.rules.week_leads_max)
        leading = await self._digests.leads.among(client.owner_id, people)
        by_dm = leading.owner is not None and await self._studio.writes_to(leading.owner)
        owners = () if leading.owner is None else (leading.owner,)
        for lead in sorted({*leading.leads, *owners}):
            if (lead == leading.owner and by_dm) or await self._studio.person(lead) is None:
                continue
            title, body = asking_text(client, clock, self._catalogue.words(await self._studio.language(lead)))
            async with self._database.write(Actor.system(KIND), lead, "client.preview") as unit:
                await unit.repo(InboxRepository).add_once(PREVIEW, title, body)
        return PersonId(leading.owner) if by_dm and leading.owner is not None else None

    # ------------------------------------------------------------------ sending

    async def _send(self, slot: Slot, panel: Panel) -> None:
        client, payload = panel.client, slot.payload
        until = datetime.fromisoformat(payload["until"])
        after = panel.clock.told_until if panel.clock is not None else until
        outcome = await self._outcome(panel, payload, after, until)
        targets = await self._targets(client) if outcome is Outcome.SENT else []
        async with self._database.system_write(KIND) as unit:
            for kind, target in targets:
                told = {"server": client.owner_id, "client": client.id, "words": payload["words"]}
                person = target if kind == "dm" else None
                key = f"{KIND}:{client.id}:{payload['week']}"
                await unit.deliver(
                    DeliveryDraft(
                        DIGEST,
                        key if person is None else f"{key}:{person}",
                        "channel" if person is None else "dm",
                        target,
                        told | {"after": after.isoformat(), "until": payload["until"]},
                        expires_at=until + self._held,
                        owner=person or client.owner_id,
                    )
                )
            told_until = until if outcome in MOVES_ON else None
            await unit.repo(DueDigestRepository).closed(client.id, outcome, told_until)
            await unit.repo(SlotRepository).finish(slot, reason=None if targets else outcome.value)

    async def _outcome(self, panel: Panel, payload: Any, after: datetime, until: datetime) -> Outcome:
        if payload["skipped"]:
            return Outcome.SKIPPED
        if not panel.has_place:
            return Outcome.NOWHERE
        if await self._digests.told(panel.client, after, until) is None:
            return Outcome.QUIET
        return Outcome.SENT if payload["goes"] else Outcome.UNANSWERED

    async def _targets(self, client: Client) -> list[tuple[str, int]]:
        if client.digest is DigestWay.CHANNEL:
            return [("channel", client.channel_id)] if client.channel_id is not None else []
        return [("dm", person) for person in await self._digests.receivers(client)]
