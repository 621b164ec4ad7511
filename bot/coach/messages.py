"""What the outbox sends of the coach: check-ins and reminders, and how a check-in looks"""

from datetime import datetime
from typing import Any

from bot.coach.cards import said
from bot.coach.model import CheckinKind, CheckinState
from bot.coach.service import CoachService
from bot.coach.service.checkins import ASKED, DELIVERY, REMINDER_DELIVERY, CheckinView
from bot.errors import Refused
from bot.outbox import InboxText, Outbox
from bot.outbox_model import Delivery
from bot.ports import OutMessage, Sent
from bot.say.card import Accent, Button, Card, Option, Row, Section, Select, Style, join
from bot.say.words import Catalogue, Words
from bot.slots import Later
from bot.studio.service import StudioService

ONE_WAY = (CheckinKind.WELCOME, CheckinKind.RETURN, CheckinKind.LAST)


def checkin_card(view: CheckinView, words: Words, owner: int) -> Card:
    """Return the message in the state its row is in; it is short, and asks one thing."""
    checkin = view.checkin
    lead = join("\n", [said(line, words) for line in view.lines])
    sections = [Section(words("coach.reminders.title"), list(view.reminders[:3]))] if view.reminders else []
    if checkin.kind in ONE_WAY:
        rows: list[Row] = [[_button("week", "coach.button.week", "-", words, owner)]]
        return Card("", lead=lead, sections=sections, rows=rows, accent=Accent.ACCENT)
    match checkin.state:
        case CheckinState.SKIPPED | CheckinState.DROPPED:
            return Card("", lead=words("coach.checkin.put_away"), quiet=True)
        case CheckinState.ANSWERED:
            return _answered(view, words, owner)
        case CheckinState.SCHEDULED if view.is_snoozed:
            return Card("", lead=words("coach.checkin.snoozed", when=checkin.due_at), quiet=True)
        case _:
            pass
    buttons = [_button("checkin-done", "coach.button.done", checkin.id, words, owner, style=Style.PRIMARY)]
    if checkin.kind is not CheckinKind.ON_DEMAND:
        buttons.append(_button("checkin-snooze", "coach.button.snooze", checkin.id, words, owner))
    buttons.append(_button("checkin-later", "coach.button.not_today", checkin.id, words, owner))
    return Card("", lead=lead, sections=sections, rows=[buttons], accent=Accent.ACCENT)


def _answered(view: CheckinView, words: Words, owner: int) -> Card:
    """Return the answered message: tick, energy if opted in, reflection."""
    checkin = view.checkin
    rows: list[Row] = []
    week = view.week
    if week is not None and week.open:
        options = [Option(task.title[:100], task.id) for task in week.open][:25]
        rows.append(
            Select(
                "coach",
                "checkin-tick",
                words("coach.week.tick"),
                options,
                id=checkin.id,
                owner=owner,
                min_values=1,
                max_values=len(options),
            )
        )
    if view.asks_energy and checkin.energy is None:
        scale = [Option(words(f"coach.energy.{n}").plain, str(n)) for n in range(1, 6)]
        scale.append(Option(words("coach.energy.skip").plain, "0"))
        rows.append(Select("coach", "energy", words("coach.energy.ask"), scale, id=checkin.id, owner=owner))
    buttons = [
        _button("checkin-reflect", "coach.button.reflect", checkin.id, words, owner),
        _button("week", "coach.button.week", "-", words, owner),
    ]
    if checkin.energy is not None:
        buttons.append(_button("energy-again", "card.change", checkin.id, words, owner))
    if checkin.kind is CheckinKind.FRIDAY and week is not None and week.open:
        buttons.append(_button("close-week", "coach.button.close_week", week.week.week_start.isoformat(), words, owner))
    rows.append(buttons)
    done = week.done if week else 0
    lines = [words("coach.checkin.answered", count=done)]
    if checkin.energy is not None:
        lines.append(words("coach.checkin.energy_kept", energy=checkin.energy))
    if checkin.kind is CheckinKind.FRIDAY:
        lines.append(words("coach.checkin.rest_belongs"))
    return Card("", lead=join(" ", lines), rows=rows, quiet=True)


def _button(action: str, label: str, thing: str, words: Words, owner: int, style: Style = Style.SECONDARY) -> Button:
    return Button("coach", action, words(label), id=thing, style=style, owner=owner)


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
