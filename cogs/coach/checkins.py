"""The check-in message's controls: done, later, tick, energy, reflect."""

from datetime import date, datetime

from bot.coach.cards import checkin_card
from bot.coach.checkins import Snooze
from bot.errors import Refused
from bot.say.card import Button, Card, Option, Select, note
from bot.ui.base import Press, Turn
from bot.ui.controls import control
from cogs.coach.week import reflect_form


async def show_checkin(turn: Turn) -> None:
    """Answer with a check-in on demand."""
    view = await turn.services.coach.checkins.on_demand(turn.actor, turn.person, turn.key)
    await turn.reply(checkin_card(view, turn.words, turn.person))


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
