"""The check-in message and its controls, and how check-ins and reminders are delivered."""

from datetime import date, datetime
from typing import Any

from bot.coach.checkins import Snooze
from bot.coach.model import CheckinKind, CheckinState
from bot.coach.service import CoachService
from bot.coach.service.checkins import ASKED, DELIVERY, REMINDER_DELIVERY, CheckinView
from bot.errors import Refused
from bot.outbox import InboxText, Outbox
from bot.outbox_model import Delivery
from bot.ports import OutMessage, Sent
from bot.slots import Later
from bot.studio.service import StudioService
from bot.ui.base import Press, Turn
from bot.ui.items import control
from bot.ui.model import Accent, Button, Card, Option, Row, Section, Select, Style, join, note
from bot.ui.strings import Catalogue, Words
from cogs.coach_cards import said
from cogs.coach_week import reflect_form

ONE_WAY = (CheckinKind.WELCOME, CheckinKind.RETURN, CheckinKind.LAST)


async def show_checkin(turn: Turn) -> None:
    """Answer with a check-in on demand."""
    view = await turn.services.coach.checkins.on_demand(turn.actor, turn.person, turn.key)
    await turn.reply(checkin_card(view, turn.words, turn.person))


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


async def _closed(press: Press) -> None:
    """Say that a check-in is over, with a way on."""
    fresh = Button("coach", "checkin-new", press.words("coach.button.checkin"), owner=press.person)
    await press.reply(note(press.words("error.coach_checkin_closed"), [fresh]), ephemeral=True)


@control("coach", "checkin-new")
async def new_checkin(press: Press) -> None:
    await show_checkin(press)


@control("coach", "checkin-done")
async def done(press: Press) -> None:
    """Answer a check-in; the message becomes its own short confirmation."""
    try:
        view = await press.services.coach.checkins.done(press.actor, press.person, press.id)
    except Refused:
        await _closed(press)
        return
    await press.update(checkin_card(view, press.words, press.person))


@control("coach", "checkin-later")
async def not_today(press: Press) -> None:
    try:
        view = await press.services.coach.checkins.not_today(press.actor, press.person, press.id)
    except Refused:
        await _closed(press)
        return
    await press.update(checkin_card(view, press.words, press.person))


@control("coach", "checkin-snooze")
async def ask_snooze(press: Press) -> None:
    """Offer an hour, this evening, tomorrow."""
    buttons = [
        Button("coach", "snooze", press.words(f"coach.snooze.{choice}"), id=press.id, arg=choice, owner=press.person)
        for choice in Snooze
    ]
    buttons.append(Button("coach", "checkin", press.words("card.cancel"), id=press.id, owner=press.person))
    await press.update(Card("", lead=press.words("coach.snooze.ask"), quiet=True, rows=[buttons]))


@control("coach", "snooze")
async def snooze(press: Press) -> None:
    until: datetime = await press.services.coach.checkins.snooze(press.actor, press.person, press.id, Snooze(press.arg))
    await press.update(note(press.words("coach.checkin.snoozed", when=until)))


@control("coach", "checkin")
async def show_again(press: Press) -> None:
    view = await press.services.coach.checkins.view(press.person, press.id)
    await press.update(checkin_card(view, press.words, press.person))


@control("coach", "checkin-tick")
async def tick(press: Press) -> None:
    coach = press.services.coach
    await coach.tasks.tick(press.actor, press.person, press.values)
    view = await coach.checkins.view(press.person, press.id)
    await press.update(checkin_card(view, press.words, press.person))


@control("coach", "energy")
async def energy(press: Press) -> None:
    """Keep the answer, or nothing for Skip."""
    value = int(press.values[0])
    coach = press.services.coach
    if value:
        view = await coach.checkins.energy(press.actor, press.person, press.id, value)
    else:
        view = await coach.checkins.view(press.person, press.id)
    await press.update(checkin_card(view, press.words, press.person))


@control("coach", "energy-again")
async def energy_again(press: Press) -> None:
    view = await press.services.coach.checkins.energy(press.actor, press.person, press.id, None)
    await press.update(checkin_card(view, press.words, press.person))


@control("coach", "checkin-reflect", opens_form=True)
async def reflect(press: Press) -> None:
    await press.open(reflect_form(press, "-", checkin=press.id))


@control("coach", "close-week")
async def close_week(press: Press) -> None:
    """Offer to park or let go what is open, from the week's own card."""
    view = await press.services.coach.weeks.plan(press.actor, press.person, date.fromisoformat(press.id))
    options = [Option(task.title[:100], task.id) for task in view.open][:25]
    if not options:
        await press.reply(note(press.words("coach.week.all_done")))
        return
    park = Select("coach", "task-pick", press.words("coach.close.park"), options, id="if_then", owner=press.person)
    let_go = Select("coach", "task-pick", press.words("coach.close.let_go"), options, id="let_go", owner=press.person)
    await press.reply(Card("", lead=press.words("coach.close.lead"), quiet=True, rows=[park, let_go]))


def register_deliveries(coach: CoachService, outbox: Outbox, studio: StudioService, catalogue: Catalogue) -> None:
    """Tell the outbox how check-ins and reminders are rendered, held, noted and kept when they cannot be sent."""

    async def words_for(delivery: Delivery) -> Words:
        person = await studio.person(delivery.owner)
        return catalogue.words(person.locale if person is not None else None)

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


controls = (
    new_checkin,
    done,
    not_today,
    ask_snooze,
    snooze,
    show_again,
    tick,
    energy,
    energy_again,
    reflect,
    close_week,
)
