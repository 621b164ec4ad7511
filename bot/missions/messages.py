"""What missions post: proposals, headers, notices, messages; drawn at send time from what is true then."""

from bot.missions.cards import header_card, message_card, notice_card, step_card
from bot.missions.decisions import Decisions
from bot.missions.desk import HEADER_CARD, STEP_CARD
from bot.missions.service import MissionService
from bot.outbox import InboxText
from bot.outbox_model import Delivery
from bot.ports import OutMessage, Sent
from bot.posted import follow_in, posted_card
from bot.posted_model import PostedCard
from bot.say.card import Card
from bot.say.words import Catalogue, Words
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
