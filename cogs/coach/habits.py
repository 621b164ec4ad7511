"""Habits, routines and reminders."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.coach.model import Frequency, HabitCategory, Reminder, Routine, RoutineStep
from bot.coach.routines import PRESETS, preset, written_steps
from bot.coach.service.habits import REMINDER_MAX, HabitView
from bot.say.card import Button, Card, Line, Option, Row, Section, Select, Style, Text, join, note
from bot.say.when import Reading, read_any
from bot.say.words import Words
from bot.ui.base import Press, Submit, Turn
from bot.ui.common import undo_button
from bot.ui.controls import control
from bot.ui.inputs import Field, FieldKind, Form
from bot.ui.items import Who
from bot.ui.times import chosen_time, time_card
from cogs.coach.support import own_words, stopped_by_crisis

LISTED = 8


async def show_habits(turn: Turn, *, update: bool = False) -> None:
    views = await turn.services.coach.habits.all(turn.person)
    card = habits_card(views, turn.words, turn.person)
    await (turn.update(card) if update else turn.reply(card))


def habits_card(views: list[HabitView], words: Words, owner: int) -> Card:
    """Return the panel: each habit with its strength, and Done where it is due."""
    new = Button("coach", "habit-new", words("coach.button.habit_new"), style=Style.PRIMARY, owner=owner)
    if not views:
        return Card("", lead=words("coach.habits.empty"), quiet=True, rows=[[new]])
    lines = [
        Line(
            habit_line(view, words),
            Button("coach", "habit-done", words("coach.button.did_it"), id=view.habit.id, owner=owner)
            if view.state.is_due
            else None,
        )
        for view in views[:LISTED]
    ]
    options = [Option(view.habit.title[:100], view.habit.id) for view in views][:25]
    change = Select("coach", "habit-pick", words("coach.habits.change"), options, owner=owner)
    return Card(
        title=words("coach.habits.title"),
        lead=words("coach.habits.lead"),
        sections=[Section(None, lines)],
        rows=[change, [new]],
    )


def habit_line(view: HabitView, words: Words) -> Text:
    state = view.state
    parts: list[str] = [
        view.habit.title,
        words(f"coach.frequency.{view.habit.frequency}"),
        words(_period(view.habit.frequency), count=state.this_period, target=state.target),
    ]
    if state.strength is not None:
        share = round(state.strength * 100)
        parts.append(words("coach.habits.strength", share=share, kept=state.kept, periods=state.periods))
    if view.show_run and state.run:
        parts.append(words("coach.habits.run", count=state.run))
    return join(" · ", parts)


def _period(frequency: Frequency) -> str:
    return "coach.habits.month" if frequency is Frequency.MONTHLY else "coach.habits.week"


def habit_form(turn: Turn, habit_id: str, title: str, category: str, frequency: str) -> Form:
    words = turn.words
    return Form(
        "coach",
        "habit",
        words("coach.form.habit"),
        [
            Field(
                "title", words("coach.form.title"), words("coach.form.title_help"), value=title or None, max_length=120
            ),
            Field(
                "category",
                words("coach.form.category"),
                kind=FieldKind.SELECT,
                value=category,
                options=[Option(words(f"coach.habit_category.{each}").plain, each) for each in HabitCategory],
            ),
            Field(
                "frequency",
                words("coach.form.frequency"),
                kind=FieldKind.SELECT,
                value=frequency,
                options=[Option(words(f"coach.frequency.{each}").plain, each) for each in Frequency],
            ),
        ],
        id=habit_id,
    )


@control("coach", "habit-new", opens_form=True)
async def new_habit(press: Press) -> None:
    await press.open(habit_form(press, "-", "", HabitCategory.CREATIVE, Frequency.THREE_A_WEEK))


@own_words("coach", "habit")
async def save_habit(submit: Submit) -> None:
    values = submit.values
    habits = submit.services.coach.habits
    given = (
        values.text("title"),
        HabitCategory(values.choice("category") or "creative"),
        Frequency(values.choice("frequency") or "3x_week"),
    )
    if submit.id == "-":
        await habits.add(submit.actor, submit.person, *given)
    else:
        await habits.edit(submit.actor, submit.person, submit.id, *given)
    await show_habits(submit, update=True)


@control("coach", "habit-done")
async def habit_done(press: Press) -> None:
    kept = await press.services.coach.habits.done(press.actor, press.person, press.id)
    await show_habits(press, update=True)
    await press.reply(note(press.words("coach.told.habit_done"), [undo_button(press, kept.group_id)]))


@control("coach", "habit-pick")
async def pick_habit(press: Press) -> None:
    habit = await press.services.coach.habits.get(press.person, press.values[0])
    words = press.words
    buttons = [
        Button("coach", "habit-edit", words("coach.button.edit"), id=habit.id, owner=press.person),
        Button("coach", "habit-delete", words("coach.button.delete"), id=habit.id, owner=press.person),
    ]
    await press.reply(Card(habit.title, lead=words(f"coach.frequency.{habit.frequency}"), rows=[buttons]))


@control("coach", "habit-edit", opens_form=True)
async def edit_habit(press: Press) -> None:
    habit = await press.services.coach.habits.get(press.person, press.id)
    await press.open(habit_form(press, habit.id, habit.title, habit.category, habit.frequency))


@control("coach", "habit-delete")
async def delete_habit(press: Press) -> None:
    kept = await press.services.coach.habits.delete(press.actor, press.person, press.id)
    said = press.words("coach.told.deleted", name=kept.thing)
    await press.update(note(said, [undo_button(press, kept.group_id)]))


async def show_routines(turn: Turn, *, update: bool = False) -> None:
    routines = await turn.services.coach.routines.all(turn.person)
    card = routines_card(routines, turn.words, turn.person)
    await (turn.update(card) if update else turn.reply(card))


def routines_card(routines: list[Routine], words: Words, owner: int) -> Card:
    """Return the panel: own routines to open, the five that come along to take."""
    lines = [
        Line(
            words("coach.routines.line", name=routine.name, count=len(routine.steps), minutes=routine.minutes),
            Button("coach", "routine", words("coach.button.open"), id=routine.id, owner=owner),
        )
        for routine in routines[:LISTED]
    ]
    taken = {routine.preset for routine in routines}
    options = [
        Option(
            words(f"coach.routine.{each.key}.name").plain,
            each.key,
            words("coach.routines.minutes", minutes=each.total).plain,
        )
        for each in PRESETS
        if each.key not in taken
    ]
    rows: list[Row] = []
    if options:
        rows.append(Select("coach", "routine-take", words("coach.routines.take"), options, owner=owner))
    rows.append([Button("coach", "routine-new", words("coach.button.routine_new"), style=Style.PRIMARY, owner=owner)])
    return Card(
        title=words("coach.routines.title"),
        lead=words("coach.routines.lead" if routines else "coach.routines.empty"),
        sections=[Section(None, lines)] if lines else (),
        rows=rows,
    )


def routine_card(routine: Routine, words: Words, owner: int, ticked: frozenset[int] = frozenset()) -> Card:
    """Return a routine as a checklist without a timer; what is ticked lives in the controls alone."""
    lines = [
        words("coach.routines.step", mark="●" if place in ticked else "○", name=step.name, minutes=step.minutes)
        for place, step in enumerate(routine.steps)
    ]
    kept = ",".join(str(place) for place in sorted(ticked))
    options = [Option(step.name[:100], str(place), default=place in ticked) for place, step in enumerate(routine.steps)]
    tick = Select(
        "coach",
        "routine-tick",
        words("coach.routines.tick"),
        options,
        id=routine.id,
        owner=owner,
        min_values=0,
        max_values=len(options),
    )
    buttons = [
        Button("coach", "routine-tasks", words("coach.button.into_tasks"), id=routine.id, arg=kept, owner=owner),
        Button("coach", "routine-edit", words("coach.button.edit"), id=routine.id, owner=owner),
        Button("coach", "routine-delete", words("coach.button.delete"), id=routine.id, owner=owner),
    ]
    return Card(
        title=routine.name,
        lead=words("coach.routines.total", minutes=routine.minutes),
        sections=[Section(None, lines)],
        rows=[tick, buttons],
    )


def preset_steps(key: str, words: Words) -> tuple[RoutineStep, ...]:
    found = preset(key)
    minutes = found.minutes if found else ()
    return tuple(
        RoutineStep(words(f"coach.routine.{key}.step_{place}").plain, each) for place, each in enumerate(minutes, 1)
    )


@control("coach", "routine-take")
async def take_routine(press: Press) -> None:
    key = press.values[0]
    name = press.words(f"coach.routine.{key}.name").plain
    steps = preset_steps(key, press.words)
    await press.services.coach.routines.add(press.actor, press.person, name, steps, key)
    await show_routines(press, update=True)


def routine_form(turn: Turn, routine: Routine | None) -> Form:
    words = turn.words
    return Form(
        "coach",
        "routine",
        words("coach.form.routine"),
        [
            Field(
                "name",
                words("coach.form.name"),
                words("coach.form.title_help"),
                value=routine.name if routine else None,
                max_length=120,
            ),
            Field(
                "steps",
                words("coach.form.steps"),
                words("coach.form.steps_help"),
                kind=FieldKind.PARAGRAPH,
                value=written_steps(routine.steps) if routine else None,
                max_length=1500,
            ),
        ],
        id=routine.id if routine else "-",
    )


@control("coach", "routine-new", opens_form=True)
async def new_routine(press: Press) -> None:
    await press.open(routine_form(press, None))


@control("coach", "routine-edit", opens_form=True)
async def edit_routine(press: Press) -> None:
    await press.open(routine_form(press, await press.services.coach.routines.get(press.person, press.id)))


@own_words("coach", "routine")
async def save_routine(submit: Submit) -> None:
    routines = submit.services.coach.routines
    name, steps = submit.values.text("name"), submit.values.text("steps")
    if submit.id == "-":
        await routines.add(submit.actor, submit.person, name, steps)
    else:
        await routines.edit(submit.actor, submit.person, submit.id, name, steps)
    await show_routines(submit, update=True)


@control("coach", "routine")
async def open_routine(press: Press) -> None:
    routine = await press.services.coach.routines.get(press.person, press.id)
    await press.reply(routine_card(routine, press.words, press.person))


@control("coach", "routine-tick")
async def tick_routine(press: Press) -> None:
    routine = await press.services.coach.routines.get(press.person, press.id)
    ticked = frozenset(int(value) for value in press.values)
    await press.update(routine_card(routine, press.words, press.person, ticked))


@control("coach", "routine-tasks")
async def routine_tasks(press: Press) -> None:
    kept = await press.services.coach.routines.into_tasks(press.actor, press.person, press.id)
    said = press.words("coach.told.routine_tasks", count=int(kept.thing))
    await press.reply(note(said, [undo_button(press, kept.group_id)]))


@control("coach", "routine-delete")
async def delete_routine(press: Press) -> None:
    kept = await press.services.coach.routines.delete(press.actor, press.person, press.id)
    said = press.words("coach.told.deleted", name=kept.thing)
    await press.update(note(said, [undo_button(press, kept.group_id)]))


async def remind(turn: Turn, typed: str, text: str) -> None:
    """Set a reminder; the reading of the time is always shown, and two readings become two buttons."""
    if await stopped_by_crisis(turn, text, typed):
        return
    zone = await _zone(turn)
    answer = await read_any(typed, turn.now, zone)
    if isinstance(answer, Reading):
        reminder, group = await turn.services.coach.reminders.add(turn.actor, turn.person, text, answer.at)
        await turn.reply(_set_card(turn, reminder, group))
        return
    card = time_card(
        turn.words,
        answer,
        typed,
        turn.now,
        zone,
        take=("coach", "remind-at"),
        change=("coach", "remind-again"),
        thing_id="-",
    )
    await turn.reply(card)


async def _zone(turn: Turn) -> ZoneInfo:
    view = await turn.services.coach.profiles.find(turn.person)
    if view is not None:
        return ZoneInfo(view.profile.timezone)
    return ZoneInfo(str(await turn.services.studio.zone(turn.person, turn.guild)))


def _set_card(turn: Turn, reminder: Reminder, group: str) -> Card:
    said = turn.words("coach.told.reminder", text=reminder.text, when=reminder.due_at)
    change = Button("coach", "remind-change", turn.words("card.change"), id=reminder.id, owner=turn.person)
    return note(said, [change, undo_button(turn, group)])


@control("coach", "remind-at", opens_form=True)
async def remind_at(press: Press) -> None:
    """Ask for the words again with the chosen time standing in the form."""
    await press.open(_reminder_form(press, "-", chosen_time(press.arg).isoformat(timespec="minutes"), ""))


@control("coach", "remind-again", opens_form=True)
async def remind_again(press: Press) -> None:
    await press.open(_reminder_form(press, "-", "", ""))


@control("coach", "remind-change", opens_form=True)
async def change_reminder(press: Press) -> None:
    reminder = await press.services.coach.reminders.get(press.person, press.id)
    zone = await _zone(press)
    local = reminder.due_at.astimezone(zone)
    await press.open(_reminder_form(press, reminder.id, f"{local:%Y-%m-%d %H:%M}", reminder.text))


def _reminder_form(turn: Turn, reminder_id: str, when: str, text: str) -> Form:
    words = turn.words
    return Form(
        "coach",
        "reminder",
        words("coach.form.reminder"),
        [
            Field("when", words("coach.form.when"), words("coach.form.when_help"), value=when or None, max_length=80),
            Field("text", words("coach.form.reminder_text"), value=text or None, max_length=REMINDER_MAX),
        ],
        id=reminder_id,
    )


@own_words("coach", "reminder")
async def save_reminder(submit: Submit) -> None:
    text, typed = submit.values.text("text"), submit.values.text("when")
    zone = await _zone(submit)
    answer = await read_any(typed, submit.now, zone)
    if not isinstance(answer, Reading):
        card = time_card(
            submit.words,
            answer,
            typed,
            submit.now,
            zone,
            take=("coach", "remind-at"),
            change=("coach", "remind-again"),
            thing_id="-",
        )
        await submit.reply(card)
        return
    reminders = submit.services.coach.reminders
    if submit.id == "-":
        reminder, group = await reminders.add(submit.actor, submit.person, text, answer.at)
    else:
        reminder, group = await reminders.change(submit.actor, submit.person, submit.id, answer.at, text)
    await submit.reply(_set_card(submit, reminder, group))


async def show_reminders(turn: Turn, *, update: bool = False) -> None:
    reminders = await turn.services.coach.reminders.all(turn.person)
    card = reminders_card(reminders, turn.words, turn.person)
    await (turn.update(card) if update else turn.reply(card))


def reminders_card(reminders: list[Reminder], words: Words, owner: int) -> Card:
    if not reminders:
        return Card("", lead=words("coach.reminders.empty"), quiet=True)
    lines = [
        Line(
            words("coach.reminders.line", text=reminder.text, when=reminder.due_at),
            Button("coach", "reminder", words("coach.button.open"), id=reminder.id, owner=owner),
        )
        for reminder in reminders[:LISTED]
    ]
    meta = [words("card.more", count=len(reminders) - LISTED)] if len(reminders) > LISTED else []
    return Card(words("coach.reminders.title"), sections=[Section(None, lines)], meta=meta)


@control("coach", "reminder")
async def open_reminder(press: Press) -> None:
    reminder = await press.services.coach.reminders.get(press.person, press.id)
    words = press.words
    buttons = [
        Button("coach", "remind-change", words("card.change"), id=reminder.id, owner=press.person),
        Button("coach", "remind-snooze", words("coach.button.snooze_day"), id=reminder.id, owner=press.person),
        Button("coach", "remind-delete", words("coach.button.delete"), id=reminder.id, owner=press.person),
    ]
    lead = words("coach.reminders.line", text=reminder.text, when=reminder.due_at)
    await press.reply(Card("", lead=lead, quiet=True, rows=[buttons]))


@control("coach", "remind-snooze")
async def snooze_reminder(press: Press) -> None:
    """Move a reminder on by a day from now or from its time, whichever is later."""
    reminders = press.services.coach.reminders
    reminder = await reminders.get(press.person, press.id)
    at = _a_day_later(max(reminder.due_at, press.now), await _zone(press))
    moved, group = await reminders.change(press.actor, press.person, press.id, at)
    await press.update(_set_card(press, moved, group))


def _a_day_later(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the same wall time on the next day."""
    local = at.astimezone(zone)
    return (local + timedelta(days=1)).astimezone(UTC)


@control("coach", "remind-delete")
async def delete_reminder(press: Press) -> None:
    group = await press.services.coach.reminders.delete(press.actor, press.person, press.id)
    await press.update(note(press.words("coach.told.reminder_deleted"), [undo_button(press, group)]))


@control("coach", "reminders", who=Who.OWNER)
async def open_reminders(press: Press) -> None:
    await show_reminders(press)


controls = (
    new_habit,
    save_habit,
    habit_done,
    pick_habit,
    edit_habit,
    delete_habit,
    take_routine,
    new_routine,
    edit_routine,
    save_routine,
    open_routine,
    tick_routine,
    routine_tasks,
    delete_routine,
    remind_at,
    remind_again,
    change_reminder,
    save_reminder,
    open_reminder,
    snooze_reminder,
    delete_reminder,
    open_reminders,
)
