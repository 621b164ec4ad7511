"""What the outbox sends of the coach: check-ins and reminders."""

from datetime import datetime
from typing import Any

from bot.coach.cards import _button, checkin_card, said
from bot.coach.service import CoachService
from bot.coach.service.checkins import ASKED, DELIVERY, REMINDER_DELIVERY
from bot.errors import Refused
from bot.outbox import InboxText, Outbox
from bot.outbox_model import Delivery
from bot.ports import OutMessage, Sent
from bot.say.card import Card
from bot.say.words import Catalogue, Words
from bot.slots import Later
from bot.studio.service import StudioService


def register_deliveries(coach: CoachService, outbox: Outbox, studio: StudioService, catalogue: Catalogue) -> None:
    """Tell the outbox how check-ins and reminders are rendered, held, noted and kept when they cannot be sent."""

    async def words_for(delivery: Delivery) -> Words:
        return catalogue.words(await studio.language(delivery.owner))

    async def render(delivery: Delivery) -> OutMessage | None:
        try:
            view = await coach.checkins.view(delivery.owner, str(delivery.payload["checkin"]))
        except Refused:
            return None
        return OutMessage(checkin_card(view, await words_for(delivery), delivery.owner))

    async def hold(delivery: Delivery, now: datetime) -> Later | str | None:
        asked = bool(delivery.payload.get(ASKED))
        return await coach.checkins.hold(delivery.owner, str(delivery.payload["checkin"]), asked, now)

    async def on_sent(unit: Any, delivery: Delivery, sent: Sent) -> None:
        await coach.checkins.sent(unit, delivery.owner, str(delivery.payload["checkin"]), sent)

    async def inbox(delivery: Delivery) -> InboxText | None:
        words = await words_for(delivery)
        view = await coach.checkins.view(delivery.owner, str(delivery.payload["checkin"]))
        await coach.checkins.not_sent(delivery.owner, view.checkin.id)
        body = " ".join(said(line, words).plain for line in view.lines)
        return InboxText(words("coach.checkin.inbox").plain, body)

    async def render_reminder(delivery: Delivery) -> OutMessage | None:
        reminder = await _reminder(delivery)
        if reminder is None:
            return None
        words = await words_for(delivery)
        late = "coach.reminders.late" if delivery.payload.get("late") else "coach.reminders.due"
        buttons = [
            _button("remind-snooze", "coach.button.snooze_day", reminder.id, words, delivery.owner),
            _button("reminders", "coach.button.reminders", "-", words, delivery.owner),
        ]
        return OutMessage(Card("", lead=words(late, text=reminder.text), rows=[buttons], quiet=True))

    async def reminder_sent(unit: Any, delivery: Delivery, sent: Sent) -> None:
        await coach.slots[2].sent(unit, str(delivery.payload["reminder"]))

    async def reminder_inbox(delivery: Delivery) -> InboxText | None:
        reminder = await _reminder(delivery)
        words = await words_for(delivery)
        return InboxText(words("coach.reminders.title").plain, reminder.text) if reminder else None

    async def _reminder(delivery: Delivery) -> Any:
        found = await coach.reminders.all(delivery.owner)
        return next((each for each in found if each.id == delivery.payload["reminder"]), None)

    outbox.register(DELIVERY, render, hold=hold, on_sent=on_sent, inbox=inbox)
    outbox.register(REMINDER_DELIVERY, render_reminder, on_sent=reminder_sent, inbox=reminder_inbox)
