"""What missions post: proposals, headers, notices, messages; drawn at send time from what is true then."""

from datetime import datetime

from bot.errors import NotFound
from bot.missions.cards import client_card, header_card, line, message_card, notice_card, question_card, step_card
from bot.missions.client_side import CLIENT_CARD, Asked, ClientSide
from bot.missions.decisions import Decisions
from bot.missions.desk import HEADER_CARD, STEP_CARD
from bot.missions.model import StepState
from bot.missions.service import MissionService
from bot.outbox import InboxText
from bot.outbox_model import Delivery
from bot.ports import OutMessage, Sent
from bot.posted import follow_in, posted_card
from bot.posted_model import PostedCard
from bot.say.card import Card
from bot.say.words import Catalogue, Words
from bot.slots import Later
from bot.studio.quiet import StudioQuiet
from bot.studio.service import StudioService
from storage.privacy_map import kept_for
from storage.repositories.mission_steps import StepRepository
from storage.unit import Unit


class MissionPosts:
    """Renderers for the outbox, and the redrawing of cards that were posted."""

    def __init__(
        self, decisions: Decisions, service: MissionService, studio: StudioService, strings: Catalogue
    ) -> None:
        self._decisions = decisions
        self._service = service
        self._studio = studio
        self._strings = strings

    async def step(self, delivery: Delivery) -> OutMessage | None:
        card = await self._step(str(delivery.payload["step"]))
        return None if card is None else OutMessage(card)

    async def header(self, delivery: Delivery) -> OutMessage | None:
        card = await self._run(str(delivery.payload["iteration"]))
        return None if card is None else OutMessage(card)

    async def notice(self, delivery: Delivery) -> OutMessage | None:
        view = await self._service.show(delivery.owner, str(delivery.payload["mission"]), runs=1)
        words = await self._words(delivery.owner)
        return OutMessage(notice_card(str(delivery.payload["code"]), view, words))

    async def message(self, delivery: Delivery) -> OutMessage | None:
        view = await self._service.show(delivery.owner, str(delivery.payload["mission"]), runs=1)
        words = await self._words(delivery.owner)
        return OutMessage(message_card(str(delivery.payload["text"]), view, words))

    async def inbox(self, delivery: Delivery) -> InboxText | None:
        """What waits in the inbox where a card cannot be posted: a sentence with the command to decide."""
        words = await self._words(delivery.owner)
        return InboxText(words("mission.inbox.title").plain, words("mission.inbox.body").plain)

    async def step_sent(self, unit: Unit, delivery: Delivery, sent: Sent) -> None:
        await self._follow(unit, delivery, sent, STEP_CARD, str(delivery.payload["step"]))

    async def header_sent(self, unit: Unit, delivery: Delivery, sent: Sent) -> None:
        await self._follow(unit, delivery, sent, HEADER_CARD, str(delivery.payload["iteration"]))

    @staticmethod
    async def _follow(unit: Unit, delivery: Delivery, sent: Sent, kind: str, subject_id: str) -> None:
        until = unit.now + kept_for("mission_steps")
        since = sent.drawn_at or unit.now
        await follow_in(unit, posted_card(delivery, sent, kind, subject_id, keep_until=until), since)
        if await unit.repo(StepRepository).has_moved_since(since):
            unit.touch(kind, subject_id)

    async def draw_step(self, posted: PostedCard) -> Card | None:
        """Draw the posted card of a proposal."""
        return await self._step(posted.subject_id)

    async def draw_run(self, posted: PostedCard) -> Card | None:
        """Draw the posted header of an iteration."""
        return await self._run(posted.subject_id)

    async def _step(self, step_id: str) -> Card | None:
        view = await self._decisions.drawn_step(step_id)
        if view is None:
            return None
        return step_card(view, await self._words(view.step.owner_id))

    async def _run(self, iteration_id: str) -> Card | None:
        view = await self._decisions.drawn_run(iteration_id)
        if view is None:
            return None
        words = await self._words(view.mission.owner_id)
        pending = [step for step in view.steps if step.state == "pending"]
        return header_card(view, words, all_reversible=self._decisions.all_reversible(pending))

    async def _words(self, owner: int) -> Words:
        return self._strings.words(await self._studio.language(owner))


class ClientPosts:
    """What a client's people are sent in their own hours and language: the step that asks them; their questions."""

    def __init__(self, side: ClientSide, decisions: Decisions, studio: StudioService, strings: Catalogue) -> None:
        self._side = side
        self._decisions = decisions
        self._studio = studio
        self._quiet = StudioQuiet(studio)
        self._strings = strings

    async def render(self, delivery: Delivery) -> OutMessage | None:
        asked = await self._waiting(delivery)
        return None if asked is None else OutMessage(client_card(asked, await self._words(delivery.owner)))

    async def _waiting(self, delivery: Delivery) -> Asked | None:
        """Return the step where it still asks this person, None where there is nothing to say any more."""
        try:
            asked = await self._side.asked(delivery.owner, str(delivery.payload["step"]))
        except NotFound:
            return None
        return asked if asked.view.step.state is StepState.PENDING else None

    async def sent(self, unit: Unit, delivery: Delivery, sent: Sent) -> None:
        until = unit.now + kept_for("mission_steps")
        card = posted_card(delivery, sent, CLIENT_CARD, str(delivery.payload["step"]), keep_until=until)
        await follow_in(unit, card, sent.drawn_at or unit.now)
        # What it shows is the server's, whose changes are not this person's to look through: it is drawn once more.
        unit.touch(card.kind, card.subject_id)

    async def hold(self, delivery: Delivery, now: datetime) -> Later | str | None:
        """Wait for the end of quiet hours, or of silence."""
        open_at = await self._quiet.open_at(delivery.owner, now)
        if open_at is None:
            until = (await self._studio.person_settings(delivery.owner)).silent_until
            return Later(until, "silence") if until is not None else "paused"
        return Later(open_at, "quiet hours") if open_at > now else None

    async def inbox(self, delivery: Delivery) -> InboxText | None:
        """What waits in the inbox of who takes no direct messages: which step, and the command to decide it."""
        asked = await self._waiting(delivery)
        if asked is None:
            return None
        words = await self._words(delivery.owner)
        title = words("mission.client.inbox", studio=asked.studio)
        what = line(asked.view.step.preview.title, words)
        return InboxText(title.plain, words("mission.client.inbox_body", what=what).plain)

    async def draw(self, posted: PostedCard) -> Card | None:
        """Draw what somebody was sent; NotFound where it asks them no more."""
        asked = await self._side.asked(posted.owner, posted.subject_id)
        return client_card(asked, await self._words(posted.owner))

    async def question(self, delivery: Delivery) -> OutMessage | None:
        """Show a client's question to those who proposed the step."""
        view = await self._decisions.drawn_step(str(delivery.payload["step"]))
        if view is None:
            return None
        told = {key: str(delivery.payload[key]) for key in ("name", "client", "text")}
        return OutMessage(question_card(view, told, await self._words(delivery.owner)))

    async def _words(self, owner: int) -> Words:
        return self._strings.words(await self._studio.language(owner))
