"""Handing a loop over: from a person to a server and back, asked of both sides, with its history kept."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from bot.actors import Actor, OwnerId, PersonId
from bot.clients.model import Handover, HandoverPreview, HandoverState
from bot.clients.rules import client_rules
from bot.errors import Gone, NotFound, Refused
from bot.outbox_model import DeliveryDraft
from bot.slots import Lane, SlotDraft
from storage.repositories.handovers import HandoverRepository, OfferRepository
from storage.unit import Database, Unit

OFFERED = "handover.offered"
"""The kind of delivery that tells a person of a loop that is offered to them."""


class HandoverService:
    """Everything about loops that change hands. Who may is asked before, by the table of roles."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.rules = client_rules()
        self.moved: list[Callable[[OwnerId], Awaitable[object]]] = []
        """Told of both owners after a move: whoever keeps something worked out from what they have."""

    async def preview(self, owner: OwnerId, loop_id: str) -> HandoverPreview:
        """Return what would go along and what would stay. Raises NotFound."""
        async with self._database.system_read() as unit:
            found = await unit.repo(OfferRepository).preview(owner, loop_id)
        if found is None:
            raise NotFound("loop", "/loop list")
        return found

    async def ask(
        self, actor: Actor, owner: OwnerId, to: OwnerId, loop_id: str, tells: PersonId | None = None
    ) -> Handover:
        """Offer a loop to another owner. `tells`: who gets a message of it. Raises Refused where one is open."""
        preview = await self.preview(owner, loop_id)
        async with self._database.write(actor, owner, "handover.ask") as unit:
            known = await unit.repo(HandoverRepository).open_of(loop_id)
            if known is not None:
                raise Refused("handover_open", when=known.asked_at, until=known.expires_at)
            one = Handover(
                unit.new_id(),
                owner,
                to,
                loop_id,
                preview.title,
                PersonId(actor.user_id or 0),
                actor.name,
                unit.now,
                unit.now + timedelta(days=self.rules.handover_days),
            )
            await unit.repo(HandoverRepository).add(one)
        if tells is not None:
            async with self._database.system_write("handover.tell") as unit:
                key, told = f"handover:{one.id}", {"handover": one.id}
                await unit.deliver(
                    DeliveryDraft(OFFERED, key, "dm", tells, told, owner=tells, expires_at=one.expires_at)
                )
        return one

    async def waiting(self, owner: OwnerId) -> Sequence[Handover]:
        """Return what waits for this owner's answer."""
        async with self._database.system_read() as unit:
            return await unit.repo(OfferRepository).to(owner)

    async def get(self, handover_id: str) -> Handover:
        """Return an offer that still waits. Raises Gone."""
        async with self._database.system_read() as unit:
            found = await unit.repo(OfferRepository).get(handover_id)
        if found is None:
            raise Gone("handover_over")
        return found

    async def accept(self, handover_id: str) -> Handover:
        """Carry an offer out, once. Raises Gone where it was answered, or the loop is not there any more."""
        one = await self.get(handover_id)
        async with self._database.system_write("handover.accept") as unit:
            offers = unit.repo(OfferRepository)
            if not await offers.answer(one.id, HandoverState.ACCEPTED):
                raise Gone("handover_over")
            moved = await offers.move(one.subject_id, one.from_owner, one.to_owner)
            if moved is None:
                raise Gone("handover_over")
            # Their buttons name the owner: they are drawn anew.
            await unit.add_slots([_redraw(unit, kind, subject, one.to_owner) for kind, subject in moved])
        await self._tell(one.from_owner, one.to_owner, one.subject_id)
        return one

    async def decline(self, handover_id: str) -> Handover:
        one = await self.get(handover_id)
        async with self._database.system_write("handover.decline") as unit:
            if not await unit.repo(OfferRepository).answer(one.id, HandoverState.DECLINED):
                raise Gone("handover_over")
        return one

    async def hand_over(self, actor: Actor, owner: OwnerId, to: OwnerId, loop_id: str) -> Handover:
        """Ask and accept at once: by somebody who says yes for both sides."""
        one = await self.ask(actor, owner, to, loop_id)
        return await self.accept(one.id)

    async def _tell(self, owner: OwnerId, to: OwnerId, loop_id: str) -> None:
        for one in (owner, to):
            self._database.announcer.announce(one, "loop", loop_id)
            for tell in self.moved:
                await tell(one)


def _redraw(unit: Unit, kind: str, subject: str, owner: OwnerId) -> SlotDraft:
    key = f"redraw:{kind}:{subject}:{unit.group_id}"
    return SlotDraft(key, "redraw", f"{kind}:{subject}", unit.now, owner=owner, lane=Lane.CARD)
