"""Controls of the week: tick, lighten, rest, pause, reflect, and what one task offers."""

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.clients.cards import work_text
from bot.coach.calendar import week_calendar
from bot.coach.cards import MORE, choice_card, history_markdown, how_card, pick_card, tick_card, week_card
from bot.coach.dates import iso_week
from bot.coach.model import Profile, Reflections, Task, TaskStatus
from bot.coach.seats import areas_of
from bot.coach.service.tasks import IF_THEN_MAX, TaskChanged, TaskDraft
from bot.coach.service.weeks import REFLECTION_LENGTH, WeekView
from bot.error_kinds import kind_of_ai
from bot.errors import Refused
from bot.say.card import Button, Card, Option, OutFile, Row, Section, Select, join, note
from bot.say.when import Reading, read_any
from bot.ui.base import Press, Submit, Turn
from bot.ui.common import undo_button
from bot.ui.controls import control
from bot.ui.inputs import Field, FieldKind, Form
from bot.ui.times import chosen_time, time_card
from cogs.clients.work import work_of
from cogs.coach.support import own_words


def monday_of_id(text: str) -> date | None:
    """Return the Monday in a control's id, None for the present week."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def show_week(turn: Turn, monday: date | None = None, *, update: bool = False) -> None:
    """Show a week's card, made where there was none."""
    view = await turn.services.coach.weeks.plan(turn.actor, turn.person, monday)
    card = await _with_given(turn, week_card(view, turn.words, turn.person))
    await (turn.update(card) if update else turn.reply(card))


async def _with_given(turn: Turn, card: Card) -> Card:
    """Add what was given to this person over all servers, with the client on each line."""
    items = await work_of(turn, with_own=False)
    if not items:
        return card
    lines = [work_text(item, turn.words) for item in items[: turn.services.work.rules.lines_shown]]
    if len(items) > len(lines):
        lines.append(turn.words("card.more", count=len(items) - len(lines)))
    section = Section(turn.words("client.work.given"), lines)
    rows = [*card.rows, [Button("client", "my-work", turn.words("client.button.my-work"), owner=turn.person)]]
    return replace(card, sections=[*card.sections, section], rows=rows)


async def act_on(turn: Turn, task_id: str, action: str, *, update: bool = False) -> None:
    """Do one of the six actions; two of them first ask in a form."""
    tasks = turn.services.coach.tasks
    match action:
        case "split":
            await turn.open(split_form(turn, await tasks.get(turn.person, task_id)))
            return
        case "schedule":
            await turn.open(time_form(turn, task_id))
            return
        case "done":
            changed = await tasks.done(turn.actor, turn.person, task_id)
        case "skip":
            changed = await tasks.skip(turn.actor, turn.person, task_id)
        case "swap":
            changed = await tasks.swap(turn.actor, turn.person, task_id)
        case _:
            changed = await tasks.let_go(turn.actor, turn.person, task_id)
    await _told(turn, f"coach.told.task_{action}", changed, update=update)


async def _told(turn: Turn, key: str, changed: TaskChanged, *, update: bool = False) -> None:
    said = turn.words(key, task=changed.task.title)
    week = Button("coach", "week", turn.words("coach.button.week"), id=changed.monday.isoformat(), owner=turn.person)
    card = note(said, [undo_button(turn, changed.group_id), week])
    await (turn.update(card) if update else turn.reply(card))


def split_form(turn: Turn, task: Task) -> Form:
    words = turn.words
    return Form(
        "coach",
        "split",
        words("coach.form.split"),
        [
            Field("first", words("coach.form.first"), words("coach.form.title_help"), value=task.title, max_length=120),
            Field("second", words("coach.form.second"), words("coach.form.title_help"), max_length=120),
        ],
        id=task.id,
    )


def time_form(turn: Turn, task_id: str) -> Form:
    words = turn.words
    return Form(
        "coach",
        "schedule",
        words("coach.form.schedule"),
        [
            Field("when", words("coach.form.when"), words("coach.form.when_help"), max_length=80),
            Field(
                "if_then",
                words("coach.form.if_then"),
                words("coach.form.if_then_help"),
                required=False,
                max_length=IF_THEN_MAX,
            ),
        ],
        id=task_id,
    )


@control("coach", "week")
async def open_week(press: Press) -> None:
    await show_week(press, monday_of_id(press.id), update=True)


@control("coach", "open-week")
async def open_chosen(press: Press) -> None:
    await show_week(press, date.fromisoformat(press.values[0]))


@control("coach", "ticks")
async def offer_ticks(press: Press) -> None:
    """Offer the open tasks to tick."""
    view = await press.services.coach.weeks.plan(press.actor, press.person, monday_of_id(press.id))
    await press.reply(tick_card(view, press.words, press.person, press.words("coach.week.tick")))


@control("coach", "tick")
async def tick(press: Press) -> None:
    """Tick what was chosen; the week's card follows."""
    count = await press.services.coach.tasks.tick(press.actor, press.person, press.values)
    view = await press.services.coach.weeks.plan(press.actor, press.person)
    card = week_card(view, press.words, press.person)
    await press.update(card)
    if not count:
        await press.reply(note(press.words("coach.told.nothing_ticked")))


@control("coach", "lighter")
async def lighter(press: Press) -> None:
    changed = await press.services.coach.weeks.lighter(press.actor, press.person, monday_of_id(press.id))
    await press.update(week_card(changed.view, press.words, press.person))
    await press.reply(note(press.words("coach.told.lighter"), [undo_button(press, changed.group_id)]))


@control("coach", "grow")
async def grow(press: Press) -> None:
    changed = await press.services.coach.weeks.grow(press.actor, press.person)
    await press.update(week_card(changed.view, press.words, press.person))
    await press.reply(note(press.words("coach.told.grown"), [undo_button(press, changed.group_id)]))


@control("coach", "why")
async def why(press: Press) -> None:
    """Take the answer to the one question after two small weeks; it changes wording only, nothing is kept."""
    lighter_button = Button("coach", "lighter", press.words("coach.button.lighter"), id=press.id, owner=press.person)
    again = Button("coach", "again", press.words("coach.button.again"), id=press.id, owner=press.person)
    offered = {"too_much": [lighter_button], "unclear": [again], "life": [lighter_button]}[press.arg]
    await press.reply(note(press.words(f"coach.why_told.{press.arg}"), offered))


@control("coach", "again")
async def again(press: Press) -> None:
    await _regenerate(press)


async def _regenerate(press: Press) -> None:
    monday = monday_of_id(press.id)
    view = await press.services.coach.weeks.plan(press.actor, press.person, monday)
    changed = await press.services.coach.weeks.regenerate(press.actor, press.person, view.week.week_start)
    await press.update(week_card(changed.view, press.words, press.person))
    await press.reply(note(press.words("coach.told.again"), [undo_button(press, changed.group_id)]))


@control("coach", "more")
async def more(press: Press) -> None:
    """Offer the rarer things of a week."""
    options = [Option(press.words(f"coach.more.{entry}").plain, entry) for entry in MORE]
    select = Select("coach", "more-pick", press.words("coach.button.more"), options, id=press.id, owner=press.person)
    await press.reply(Card("", lead=press.words("coach.more.lead"), quiet=True, rows=[select]))


@control("coach", "more-pick", opens_form=True)
async def more_pick(press: Press) -> None:
    """Do what was chosen, in place of the menu."""
    match press.values[0]:
        case "how":
            view = await press.services.coach.weeks.plan(press.actor, press.person, monday_of_id(press.id))
            await press.update(pick_card(view.open, "how", press.words, press.person))
        case "reflect":
            await press.open(reflect_form(press, press.id))
        case "add":
            await press.open(await _task_form(press))
        case "again":
            await _regenerate(press)
        case "ai":
            await _enrich(press)
        case "rest":
            await _rest(press, monday_of_id(press.id))
        case "close":
            await _close(press)
        case "habits":
            await press.update(note(press.words("coach.more.to_habits")))
        case "calendar":
            await _calendar(press)
        case "share":
            await _offer_share(press)
        case _:
            view = await press.services.coach.weeks.plan(press.actor, press.person, monday_of_id(press.id))
            await press.update(pick_card(view.open, "if_then", press.words, press.person))


async def _task_form(turn: Turn) -> Form:
    words = turn.words
    view = await turn.services.coach.profiles.find(turn.person)
    if view is None:
        raise Refused("coach_start_first")
    areas = [Option(words(f"coach.area.{area}").plain, area) for area in areas_of(view.profile.role)]
    return Form(
        "coach",
        "add-task",
        words("coach.form.add"),
        [
            Field("title", words("coach.form.title"), words("coach.form.title_help"), max_length=120),
            Field("area", words("coach.form.area"), kind=FieldKind.SELECT, options=areas, value=areas[0].value),
            Field(
                "minutes", words("coach.form.minutes"), words("coach.form.minutes_help"), required=False, max_length=4
            ),
            Field(
                "if_then",
                words("coach.form.if_then"),
                words("coach.form.if_then_help"),
                required=False,
                max_length=IF_THEN_MAX,
            ),
        ],
    )


@own_words("coach", "add-task")
async def add_task(submit: Submit) -> None:
    values = submit.values
    typed = values.text("minutes")
    if typed and not typed.isdigit():
        raise Refused("coach_minutes", low=5, high=480)
    areas = {str(area): area for area in areas_of((await _profile(submit)).role)}
    draft = TaskDraft(
        values.text("title"),
        area=areas.get(values.choice("area") or ""),
        minutes=int(typed) if typed else None,
        if_then=values.text("if_then") or None,
    )
    added = await submit.services.coach.tasks.add(submit.actor, submit.person, draft)
    await _told(submit, "coach.told.task_added", added)


async def _profile(turn: Turn) -> Profile:
    view = await turn.services.coach.profiles.find(turn.person)
    if view is None:
        raise Refused("coach_start_first")
    return view.profile


async def _rest(press: Press, monday: date | None) -> None:
    changed = await press.services.coach.weeks.rest(press.actor, press.person, monday)
    await press.update(note(press.words("coach.told.rest"), [undo_button(press, changed.group_id)]))


async def _close(press: Press) -> None:
    view = await press.services.coach.weeks.plan(press.actor, press.person, monday_of_id(press.id))
    changed = await press.services.coach.weeks.finish(press.actor, press.person, view.week.week_start)
    reflect = Button("coach", "reflect", press.words("coach.button.reflect"), id=press.id, owner=press.person)
    await press.update(note(press.words("coach.told.closed"), [reflect, undo_button(press, changed.group_id)]))


async def _calendar(press: Press) -> None:
    view = await press.services.coach.weeks.plan(press.actor, press.person, monday_of_id(press.id))
    name = f"{iso_week(view.week.week_start).lower()}.ics"
    file = OutFile(name, week_calendar(view, press.words, press.now))
    await press.update(Card("", lead=press.words("coach.told.calendar"), quiet=True, files=[file]))


async def _enrich(press: Press) -> None:
    """Ask the AI for clearer words; without it the plan is complete as it is, and one line says so."""
    await press.defer()
    service = press.services.coach.enrich
    found = await service.enrich(press.actor, press.person, monday_of_id(press.id), press.guild)
    words = press.words
    if found.reason is not None or found.group_id is None:
        told = words("coach.ai.no_ideas")
        if found.reason is not None:
            told = join(" ", [words(kind_of_ai(found.reason).says), words("coach.ai.as_it_is")])
        await press.update(note(told))
        return
    await press.update(week_card(found.view, words, press.person))
    monday = found.view.week.week_start.isoformat()
    rows: list[Row] = [[undo_button(press, found.group_id)]]
    options = [
        Option(extra.title, str(place), words(f"coach.area.{extra.focus_area}").plain)
        for place, extra in enumerate(found.view.week.extras)
    ]
    if options:
        add = Select("coach", "extra-add", words("coach.ai.add"), options, id=monday, owner=press.person)
        swap = Select("coach", "extra-swap", words("coach.ai.swap"), options, id=monday, owner=press.person)
        rows = [add, swap, *rows]
    await press.reply(Card("", lead=words("coach.ai.told"), quiet=True, rows=rows))


@control("coach", "extra-add")
async def add_extra(press: Press) -> None:
    monday = date.fromisoformat(press.id)
    added = await press.services.coach.enrich.add_extra(press.actor, press.person, monday, int(press.values[0]))
    await _told(press, "coach.told.task_added", added)


@control("coach", "extra-swap")
async def swap_extra(press: Press) -> None:
    monday = date.fromisoformat(press.id)
    added = await press.services.coach.enrich.swap_in(press.actor, press.person, monday, int(press.values[0]))
    await _told(press, "coach.told.task_swap", added)


async def _offer_share(press: Press) -> None:
    view: WeekView = await press.services.coach.weeks.plan(press.actor, press.person, monday_of_id(press.id))
    done = [task for task in view.tasks if task.status is TaskStatus.DONE]
    await press.update(pick_card(done, "share", press.words, press.person))


@control("coach", "task-pick", opens_form=True)
async def task_pick(press: Press) -> None:
    """Go on with the chosen task."""
    task_id = press.values[0]
    match press.id:
        case "if_then":
            words = press.words
            task = await press.services.coach.tasks.get(press.person, task_id)
            plan = Field(
                "if_then",
                words("coach.form.if_then"),
                words("coach.form.if_then_help"),
                value=task.if_then,
                required=False,
                max_length=IF_THEN_MAX,
            )
            await press.open(Form("coach", "if-then", words("coach.form.if_then"), [plan], id=task.id))
        case "how":
            task = await press.services.coach.tasks.get(press.person, task_id)
            await press.update(how_card(task, press.words))
        case "share":
            task = await press.services.coach.tasks.get(press.person, task_id)
            said = press.guild_words("coach.share.task", task=task.title, who=press.actor.name)
            await press.post(note(said))
        case action:
            await act_on(press, task_id, action, update=True)


@own_words("coach", "if-then")
async def save_if_then(submit: Submit) -> None:
    text = submit.values.text("if_then")
    changed = await submit.services.coach.tasks.set_if_then(submit.actor, submit.person, submit.id, text)
    await _told(submit, "coach.told.if_then", changed)


@control("coach", "choice")
async def choice(press: Press) -> None:
    """Offer Split, Schedule, Swap and Let go for a task that waits."""
    task = await press.services.coach.tasks.get(press.person, press.values[0])
    await press.reply(choice_card(task, press.words, press.person))


@control("coach", "task", opens_form=True)
async def task_action(press: Press) -> None:
    await act_on(press, press.id, press.arg, update=True)


@own_words("coach", "split")
async def split(submit: Submit) -> None:
    values = submit.values
    changed = await submit.services.coach.tasks.split(
        submit.actor, submit.person, submit.id, values.text("first"), values.text("second")
    )
    await _told(submit, "coach.told.task_split", changed)


@own_words("coach", "schedule")
async def schedule(submit: Submit) -> None:
    """Read the time, echo it, and write it."""
    text = submit.values.text("if_then")
    typed = submit.values.text("when")
    zone = ZoneInfo((await _profile(submit)).timezone)
    answer = await read_any(typed, submit.now, zone)
    if not isinstance(answer, Reading):
        card = time_card(
            submit.words,
            answer,
            typed,
            submit.now,
            zone,
            take=("coach", "schedule-at"),
            change=("coach", "schedule-again"),
            thing_id=submit.id,
        )
        await submit.reply(card)
        return
    await _schedule(submit, submit.id, answer.at, text or None)


@control("coach", "schedule-at")
async def schedule_at(press: Press) -> None:
    await _schedule(press, press.id, chosen_time(press.arg), None)


@control("coach", "schedule-again", opens_form=True)
async def schedule_again(press: Press) -> None:
    await press.open(time_form(press, press.id))


async def _schedule(turn: Turn, task_id: str, at: datetime, if_then: str | None) -> None:
    changed = await turn.services.coach.tasks.schedule(turn.actor, turn.person, task_id, at, if_then)
    said = turn.words("coach.told.task_schedule", task=changed.task.title, when=at)
    await turn.reply(note(said, [undo_button(turn, changed.group_id)]))


@control("coach", "reflect", opens_form=True)
async def reflect(press: Press) -> None:
    await press.open(reflect_form(press, press.id))


def reflect_form(turn: Turn, monday: str, checkin: str = "") -> Form:
    """Return the form of five fields, all optional."""
    words = turn.words
    long = FieldKind.PARAGRAPH
    scale = [Option(words(f"coach.scale.{n}").plain, str(n)) for n in range(1, 6)]
    return Form(
        "coach",
        "reflection",
        words("coach.reflect.title"),
        [
            *(
                Field(
                    name,
                    words(f"coach.reflect.{name}"),
                    words("coach.reflect.one_a_line"),
                    kind=long,
                    required=False,
                    max_length=REFLECTION_LENGTH,
                )
                for name in ("wins", "challenges", "learnings")
            ),
            Field("focus", words("coach.reflect.focus"), required=False, max_length=REFLECTION_LENGTH),
            Field("went", words("coach.reflect.went"), kind=FieldKind.SELECT, options=scale, required=False),
        ],
        id=monday or "-",
        arg=checkin,
    )


@own_words("coach", "reflection")
async def save_reflection(submit: Submit) -> None:
    """Keep a reflection; every text passes the crisis path first."""
    values = submit.values
    texts = [values.text(name) for name in ("wins", "challenges", "learnings", "focus")]
    wins, challenges, learnings = (tuple(text.splitlines()) for text in texts[:3])
    told = Reflections(wins, challenges, learnings, texts[3])
    coach = submit.services.coach
    changed = await coach.weeks.reflect(submit.actor, submit.person, monday_of_id(submit.id), told)
    went = values.choice("went")
    if went and submit.arg:
        await coach.checkins.how_it_went(submit.actor, submit.person, submit.arg, int(went))
    said = submit.words("coach.told.reflected")
    await submit.reply(note(said, [undo_button(submit, changed.group_id)]))


@control("coach", "export")
async def export(press: Press) -> None:
    """Give all weeks as a file."""
    weeks = press.services.coach.weeks
    if press.id == "json":
        file = OutFile("weeks.json", (await weeks.export(press.person)).encode())
    else:
        views = await weeks.history(press.person, limit=1000)
        file = OutFile("weeks.md", history_markdown(views, press.words).encode())
    await press.reply(Card("", lead=press.words("coach.told.exported"), quiet=True, files=[file]))


controls = (
    open_week,
    open_chosen,
    offer_ticks,
    tick,
    lighter,
    grow,
    why,
    again,
    more,
    more_pick,
    add_task,
    task_pick,
    save_if_then,
    choice,
    task_action,
    split,
    schedule,
    schedule_at,
    schedule_again,
    add_extra,
    swap_extra,
    reflect,
    save_reflection,
    export,
)
