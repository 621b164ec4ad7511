"""What a client's people decide: steps that name their client, each by itself, in a direct message.

Of a server's missions they see the step that asks them and nothing else: every way in asks first whether it does, and
only then reads as the house.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.actors import Actor
from bot.errors import AlreadyDone, NotFound, Refused
from bot.missions.decisions import Decided, Decisions
from bot.missions.desk import SYSTEM, StepView, owner_of_step, step_view, the_step
from bot.missions.model import StepState
from bot.missions.ports import People, Presser, Roll
from bot.missions.quorum import asks_client
from bot.outbox_model import DeliveryDraft
from bot.slots import Later, Slot, SlotDraft
from storage.repositories.mission_steps import StepRepository
from storage.repositories.posted import PostedRepository
from storage.repositories.slots import SlotRepository
from storage.unit import Database, Unit

CLIENT_CARD, QUESTION_CARD = "mission.client", "mission.question"
_QUESTION = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """A step as somebody from a client's side sees it: who asks, for whom. `person`: who looks."""

    view: StepView
    person: int
    studio: str
    client: str

    @property
    def has_agreed(self) -> bool:
        return any(vote.voter_id == self.person for vote in self.view.votes)


class ClientSide:
    """The decisions of clients' people."""

    def __init__(self, database: Database, decisions: Decisions, people: People) -> None:
        self._database = database
        self._decisions = decisions
        self._people = people

    async def asked(self, person: int, step_id: str) -> Asked:
        """Return a step to somebody whom it asks as their client's. Raises NotFound for everybody else."""
        owner = await owner_of_step(self._database, step_id)
        with self._database.as_house(owner):
            async with self._database.read(owner) as unit:
                view = await step_view(unit, await the_step(unit, step_id))
        return await self._shown_to(person, view)

    async def _shown_to(self, person: int, view: StepView) -> Asked:
        mission = view.mission
        client = mission.client_id if asks_client(mission.quorum) else None
        if client is None or person not in await self._people.approving(mission.owner_id, client):
            raise NotFound("proposal", "/mission review")
        name = await self._people.client_name(mission.owner_id, client)
        return Asked(view, person, await self._people.studio_name(mission.owner_id), name)

    async def open(self, person: int) -> list[Asked]:
        """Return every open step that asks somebody as a client's, over all servers."""
        found: list[Asked] = []
        for owner, client in await self._people.clients_of(person):
            with self._database.as_house(owner):
                async with self._database.read(owner) as unit:
                    steps = await unit.repo(StepRepository).pending()
                    views = [await step_view(unit, step) for step in steps if step.asked_client == client]
            for view in views:
                try:
                    found.append(await self._shown_to(person, view))
                except NotFound:
                    continue  # filed elsewhere by now, or decided by others
        return found

    # ------------------------------------------------------------------ what they do

    async def approve(self, who: Presser, step_id: str, seen: str, roll: Roll) -> tuple[Asked, Decided]:
        """Agree for the client. Raises AlreadyDone without a word of who else decided."""
        asked = await self.asked(who.user_id, step_id)
        _must_wait(asked)
        try:
            decided = await self._decisions.approve(who, step_id, seen, roll)
        except AlreadyDone as first:
            raise _without_names(first) from None
        return replace(asked, view=decided.view), decided

    async def decline(self, who: Presser, step_id: str, reason: str) -> Asked:
        """Turn a step down for the client. Raises Refused without a reason."""
        asked = await self.asked(who.user_id, step_id)
        _must_wait(asked)
        try:
            return replace(asked, view=(await self._decisions.dismiss(who, step_id, reason)).view)
        except AlreadyDone as first:
            raise _without_names(first) from None

    async def ask(self, who: Presser, step_id: str, question: str, key: str) -> Asked:
        """Ask those who proposed it, in the mission's channel; `key` makes a repeat one question."""
        asked = await self.asked(who.user_id, step_id)
        _must_wait(asked)
        text = " ".join(question.split())[:_QUESTION]
        if not text:
            raise Refused("mission_question_needed")
        mission = asked.view.mission
        if mission.channel_id is None:
            raise Refused("mission_needs_channel")
        payload = {"step": step_id, "text": text, "name": who.name, "client": asked.client}
        actor = Actor.user(who.user_id, who.name)
        with self._database.as_house(mission.owner_id):
            async with self._database.write(actor, mission.owner_id, "mission.question") as unit:
                await unit.deliver(
                    DeliveryDraft(
                        QUESTION_CARD,
                        f"mission.question:{key}",
                        "channel",
                        mission.channel_id,
                        payload,
                        owner=mission.owner_id,
                    )
                )
        return asked


def _must_wait(asked: Asked) -> None:
    """Raise AlreadyDone for a step that is decided: by whom is the studio's to know."""
    if asked.view.step.state is not StepState.PENDING:
        raise AlreadyDone("mission_client_over")


def _without_names(first: AlreadyDone) -> AlreadyDone:
    """Return what a client is told where somebody was just ahead of them: one's own yes is no secret."""
    return first if first.code == "mission_voted" else AlreadyDone("mission_client_over")


class ClientSlots:
    """The kind of slot "mission_client": a step that asks a client is new, or says something else now."""

    name = "mission_client"

    def __init__(self, database: Database, decisions: Decisions, people: People) -> None:
        self._database = database
        self._decisions = decisions
        self._people = people

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """Staging and every change of a step bring the slot along."""
        return []

    async def run(self, slot: Slot) -> Later | None:
        """Write to those who were not written to, and have the cards of the others drawn again."""
        view = await self._decisions.drawn_step(slot.subject_id)
        people: Sequence[int] = ()
        if view is not None and view.step.state is StepState.PENDING and asks_client(view.mission.quorum):
            people = await self._people.approving(view.mission.owner_id, view.mission.client_id or "")
        async with self._database.system_write(self.name) as unit:
            for person in people:
                await unit.deliver(
                    DeliveryDraft(
                        CLIENT_CARD,
                        f"{CLIENT_CARD}:{slot.subject_id}:{person}",
                        "dm",
                        person,
                        {"step": slot.subject_id},
                        owner=person,
                        expires_at=view.step.expires_at if view is not None else None,
                    )
                )
            cards = await unit.repo(PostedRepository).of(CLIENT_CARD, slot.subject_id)
            await unit.repo(SlotRepository).finish(slot)
        for owner in dict.fromkeys(card.owner for card in cards):
            async with self._database.write(SYSTEM, owner, "mission.client") as unit:
                unit.touch(CLIENT_CARD, slot.subject_id)
        return None
