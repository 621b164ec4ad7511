"""What missions post: proposals, headers, notices, messages; drawn at send time from what is true then."""

from collections.abc import Callable
from datetime import timedelta

from bot.missions.cards import header_card, message_card, notice_card, step_card
from bot.missions.decisions import Decisions
from bot.missions.service import MissionService
from bot.outbox import InboxText
from bot.outbox_model import Delivery
from bot.ports import OutMessage, Policy, Sender, SendFailed, Sent, Target
from bot.say.words import Catalogue, Words
from bot.slots import Later
from bot.studio.service import StudioService
from storage.repositories.mission_steps import StepRepository
from storage.unit import Unit

_GONE = (Policy.MESSAGE_GONE, Policy.PLACE_GONE, Policy.NO_ACCESS, Policy.TARGET_GONE, Policy.POST_NEW)


class MissionPosts:
    """Renderers for the outbox, and the redrawing of cards that were posted."""

    def __init__(
        self, decisions: Decisions, service: MissionService, studio: StudioService, strings: Catalogue
    ) -> None:
        self._decisions = decisions
        self._service = service
        self._studio = studio
        self._strings = strings
        self.sender: Callable[[], Sender | None] = lambda: None

    async def step(self, delivery: Delivery) -> OutMessage | None:
        return await self._step(str(delivery.payload["step"]))

    async def header(self, delivery: Delivery) -> OutMessage | None:
        return await self._run(str(delivery.payload["iteration"]))

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
        steps = unit.repo(StepRepository)
        await steps.store_message(str(delivery.payload["step"]), sent.channel_id, sent.message_id)

    async def header_sent(self, unit: Unit, delivery: Delivery, sent: Sent) -> None:
        await unit.repo(StepRepository).set_iteration(
            str(delivery.payload["iteration"]), channel_id=sent.channel_id, message_id=sent.message_id
        )

    async def redraw(self, what: str, identity: str) -> Later | None:
        """Edit a posted card to what is true now; a card that is gone stays gone."""
        sender = self.sender()
        if what == "step":
            view = await self._decisions.drawn_step(identity)
            place = (view.step.channel_id, view.step.message_id) if view else (None, None)
            message = await self._step(identity)
        else:
            run = await self._decisions.drawn_run(identity)
            place = (run.iteration.channel_id, run.iteration.message_id) if run else (None, None)
            message = await self._run(identity)
        channel_id, message_id = place
        if sender is None or message is None or channel_id is None or message_id is None:
            return None
        try:
            await sender.edit(Target("channel", channel_id), message_id, message)
        except SendFailed as failure:
            if failure.policy is Policy.WAIT:
                return Later(self._decisions.now + timedelta(seconds=failure.retry_after or 30), failure.detail)
            if failure.policy not in _GONE:
                raise
        return None

    async def _step(self, step_id: str) -> OutMessage | None:
        view = await self._decisions.drawn_step(step_id)
        if view is None:
            return None
        return OutMessage(step_card(view, await self._words(view.step.owner_id)))

    async def _run(self, iteration_id: str) -> OutMessage | None:
        view = await self._decisions.drawn_run(iteration_id)
        if view is None:
            return None
        words = await self._words(view.mission.owner_id)
        pending = [step for step in view.steps if step.state == "pending"]
        return OutMessage(header_card(view, words, all_reversible=self._decisions.all_reversible(pending)))

    async def _words(self, owner: int) -> Words:
        return self._strings.words(await self._studio.language(owner))
