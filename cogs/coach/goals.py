"""Goals: list, card, form, WOOP, suggestions."""

import asyncio
from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from bot.coach.content import Milestone, Pathway
from bot.coach.forecast import Forecast
from bot.coach.goals import GoalDraft
from bot.coach.metrics import NAME_MAX
from bot.coach.model import Goal, GoalCategory, GoalStatus, Woop
from bot.coach.picture import GoalBar, render_goals
from bot.coach.service.goals import UNIT_MAX, WOOP_MAX, GoalChanged, GoalView
from bot.coach.service.profiles import ProfileChanges
from bot.errors import Refused
from bot.say.card import (
    Accent,
    Button,
    Card,
    Fact,
    Line,
    Option,
    Picture,
    Row,
    Section,
    Select,
    State,
    Style,
    Text,
    note,
)
from bot.say.when import Reading, read_any
from bot.say.words import Words
from bot.ui.base import Press, Submit, Turn
from bot.ui.common import undo_button
from bot.ui.confirm import question
from bot.ui.controls import control
from bot.ui.inputs import Field, FieldKind, Form
from cogs.coach.support import own_words

LISTED = 8
PICTURED = 2
PRIORITIES = range(6)


async def show_goals(turn: Turn, status: str = "", *, update: bool = False) -> None:
    """Show the list with its picture, and what could be a goal where there is a gap."""
    goals = turn.services.coach.goals
    wanted = GoalStatus(status) if status else None
    views = await goals.all(turn.person, wanted)
    offered = await goals.suggestions(turn.person) if wanted in (None, GoalStatus.ACTIVE) else []
    options = [
        Option(
            turn.words(each.title.key, **each.title.parts).plain[:100],
            each.key,
            turn.words(each.reason.key, **each.reason.parts).plain[:100],
        )
        for each in offered
    ]
    picture = None
    if len(views) >= PICTURED:
        bars = [goal_bar(view, turn.words) for view in views]
        png = await asyncio.to_thread(render_goals, bars, turn.words("coach.goals.title").plain)
        picture = Picture("goals.png", png, goals_alt(views, turn.words))
    card = goals_card(views, options, picture, turn.words, turn.person)
    await (turn.update(card) if update else turn.reply(card))


def goals_alt(views: list[GoalView], words: Words) -> str:
    """Return the picture in words, from the same data."""
    parts = [f"{view.goal.title} {view.goal.progress:.0f}%" for view in views[:8]]
    return words("coach.goals.alt", count=len(views)).plain + " " + ", ".join(parts)


def goal_bar(view: GoalView, words: Words) -> GoalBar:
    goal = view.goal
    note_text = (
        forecast_line(view.forecast, words).plain
        if goal.status is GoalStatus.ACTIVE
        else words(f"coach.goal_state.{goal.status}").plain
    )
    return GoalBar(
        goal.title,
        goal.progress,
        note_text,
        is_done=goal.status is GoalStatus.COMPLETED,
        is_paused=goal.status is GoalStatus.PAUSED,
    )


def goals_card(
    views: list[GoalView], suggestions: list[Option], picture: Picture | None, words: Words, owner: int
) -> Card:
    rows: list[Row] = []
    if suggestions:
        rows.append(Select("coach", "suggested", words("coach.goals.suggested"), suggestions, id="list", owner=owner))
    buttons = [Button("coach", "goal-new", words("coach.button.goal_new"), style=Style.PRIMARY, owner=owner)]
    if suggestions:
        buttons.append(Button("coach", "suggested-away", words("coach.goals.dismiss"), owner=owner))
    buttons.append(Button("coach", "pathways", words("coach.button.pathways"), owner=owner))
    rows.append(buttons)
    if not views:
        return Card("", lead=words("coach.goals.empty"), quiet=True, rows=rows)
    lines: list[str | Line] = [
        Line(
            words(
                "coach.goals.line",
                goal=view.goal.title,
                progress=round(view.goal.progress),
                state=words(f"coach.goal_state.{view.goal.status}"),
            ),
            Button("coach", "goal", words("coach.button.open"), id=view.goal.id, owner=owner),
        )
        for view in views[:LISTED]
    ]
    meta = [words("card.more", count=len(views) - LISTED)] if len(views) > LISTED else []
    return Card(
        title=words("coach.goals.title"),
        media=[picture] if picture else (),
        sections=[Section(None, lines)],
        meta=meta,
        rows=rows,
    )


@control("coach", "suggested-away")
async def put_suggestions_away(press: Press) -> None:
    """Offer none of these for a month."""
    goals = press.services.coach.goals
    for each in await goals.suggestions(press.person):
        await press.services.coach.profiles.dismiss_suggestion(press.actor, press.person, each.key)
    await show_goals(press, update=True)
    await press.reply(note(press.words("coach.told.suggestions_away")))


def pathways_card(pathways: Sequence[Pathway], words: Words, owner: int) -> Card:
    """Return what could be learned next, step by step, each with a button that makes it a goal."""
    sections = [
        Section(
            words("coach.pathways.heading", name=each.name, count=each.weeks),
            [each.description, *(_milestone(step, words, number) for number, step in enumerate(each.milestones, 1))],
        )
        for each in pathways
    ]
    buttons = [Button("coach", "pathway-take", each.name, id=each.key, owner=owner) for each in pathways]
    return Card(words("coach.pathways.title"), lead=words("coach.pathways.lead"), sections=sections, rows=[buttons])


def _milestone(step: Milestone, words: Words, number: int) -> Text:
    return words("coach.pathways.step", number=number, title=step.title, count=step.weeks, description=step.description)


@control("coach", "pathways")
async def show_pathways(press: Press) -> None:
    """Show the pathways of the person's role and level."""
    pathways = await press.services.coach.goals.pathways(press.person)
    await press.reply(pathways_card(pathways, press.words, press.person))


@control("coach", "pathway-take")
async def take_pathway(press: Press) -> None:
    """Make a goal of a pathway; its steps are the goal's text."""
    goals = press.services.coach.goals
    chosen = next((each for each in await goals.pathways(press.person) if each.key == press.id), None)
    steps = [] if chosen is None else chosen.milestones
    lines = [_milestone(step, press.words, number).plain for number, step in enumerate(steps, 1)]
    changed = await goals.take_pathway(press.actor, press.person, press.id, "\n".join(lines))
    said = press.words("coach.told.goal_added", goal=changed.view.goal.title)
    await press.reply(note(said, [undo_button(press, changed.group_id)]))


async def show_goal(turn: Turn, goal_id: str, *, update: bool = False) -> None:
    view = await turn.services.coach.goals.get(turn.person, goal_id)
    card = goal_card(view, turn.words, turn.person)
    await (turn.update(card) if update else turn.reply(card))


def goal_card(view: GoalView, words: Words, owner: int) -> Card:
    """Return the card of one goal: progress with its number, forecast, plan."""
    goal = view.goal
    facts: list[Fact | str] = [Fact(words("coach.goal.progress"), progress_bar(goal.progress))]
    if goal.status is GoalStatus.ACTIVE:
        facts.append(Fact(words("coach.goal.forecast"), forecast_line(view.forecast, words)))
    if goal.target_date is not None:
        facts.append(Fact(words("coach.goal.target"), words.day(goal.target_date)))
    if goal.metric is not None and goal.target_value is not None:
        known = f"coach.metric.{goal.metric}"
        said = words(
            "coach.goal.measure_line",
            metric=words(known) if words.has(known) else goal.metric,
            start=f"{goal.start_value or 0:g}",
            target=f"{goal.target_value:g}",
            unit=goal.unit or "",
        )
        facts.append(Fact(words("coach.goal.measure"), said))
    sections: list[Section] = []
    if goal.woop is not None:
        named = (
            ("wish", goal.woop.wish),
            ("outcome", goal.woop.outcome),
            ("obstacle", goal.woop.obstacle),
            ("plan", goal.woop.plan),
        )
        sections.append(
            Section(
                words("coach.woop.heading"),
                [words(f"coach.woop.{name}_line", text=text) for name, text in named if text],
            )
        )
    return Card(
        title=goal.title,
        state=State(words(f"coach.goal_state.{goal.status}"), "🔵" if goal.status is GoalStatus.COMPLETED else "◔"),
        lead=goal.description or words(f"coach.category.{goal.category}"),
        facts=facts,
        sections=sections,
        next_lines=[words("coach.goal.full")] if view.offers_completion else (),
        meta=[
            words(
                "coach.goal.meta",
                category=words(f"coach.category.{goal.category}"),
                priority=goal.priority,
                count=view.tasks_open,
            )
        ],
        rows=_goal_rows(view, words, owner),
        accent=Accent.ACCENT if goal.status is GoalStatus.ACTIVE else Accent.IDLE,
    )


def _goal_rows(view: GoalView, words: Words, owner: int) -> list[Row]:
    goal = view.goal

    def button(action: str, label: str, style: Style = Style.SECONDARY) -> Button:
        return Button("coach", action, words(label), id=goal.id, style=style, owner=owner)

    delete = button("goal-delete", "coach.button.delete")
    if goal.status is not GoalStatus.ACTIVE:
        return [[button("goal-reopen", "coach.button.reopen", Style.PRIMARY), delete]]
    main = Style.PRIMARY if view.offers_completion else Style.SECONDARY
    return [
        [
            button(
                "goal-progress", "coach.button.progress", Style.SECONDARY if view.offers_completion else Style.PRIMARY
            ),
            button("goal-woop", "coach.button.woop"),
            button("goal-edit", "coach.button.edit"),
            button("goal-done", "coach.button.complete", main),
        ],
        [
            button("goal-measure", "coach.button.measure"),
            button("goal-pause", "coach.button.goal_pause"),
            button("goal-share", "coach.button.share"),
            delete,
        ],
    ]


def progress_bar(progress: float, cells: int = 10) -> str:
    """Return a bar of signs with its number.

    >>> progress_bar(42)
    '▰▰▰▰▱▱▱▱▱▱ 42%'
    """
    full = round(progress / 100 * cells)
    return f"{'▰' * full}{'▱' * (cells - full)} {progress:.0f}%"


def forecast_line(found: Forecast | None, words: Words) -> Text:
    """Return the forecast in words, with its meaning."""
    if found is None:
        return words("coach.forecast.not_yet")
    if found.p50_on is None:
        return words("coach.forecast.long")
    key = "coach.forecast.both" if found.p85_on is not None else "coach.forecast.half"
    said = words(key, half=found.p50_on, likely=found.p85_on or found.p50_on)
    return said + " " + words(f"coach.forecast.{found.standing}") if found.standing else said


def goal_form(turn: Turn, goal: Goal | None) -> Form:
    """Return the form of a goal: new, or with what it holds now."""
    words = turn.words
    limits = turn.services.coach.desk.rules.limits
    categories = [Option(words(f"coach.category.{each}").plain, each) for each in GoalCategory]
    priorities = [Option(words(f"coach.priority.{each}").plain, str(each)) for each in PRIORITIES]
    return Form(
        "coach",
        "goal",
        words("coach.form.goal"),
        [
            Field(
                "title",
                words("coach.form.title"),
                words("coach.form.title_help"),
                value=goal.title if goal else None,
                max_length=limits.title,
            ),
            Field(
                "description",
                words("coach.form.description"),
                kind=FieldKind.PARAGRAPH,
                required=False,
                value=goal.description if goal else None,
                max_length=limits.description,
            ),
            Field(
                "category",
                words("coach.form.category"),
                kind=FieldKind.SELECT,
                options=categories,
                value=goal.category if goal else "creative",
            ),
            Field(
                "priority",
                words("coach.form.priority"),
                kind=FieldKind.SELECT,
                options=priorities,
                value=str(min(goal.priority, 5)) if goal else "0",
            ),
            Field(
                "target",
                words("coach.form.target"),
                words("coach.form.target_help"),
                required=False,
                value=goal.target_date.isoformat() if goal and goal.target_date else None,
                max_length=40,
            ),
        ],
        id=goal.id if goal else "-",
    )


@control("coach", "goals")
async def open_goals(press: Press) -> None:
    await show_goals(press)


@control("coach", "goal")
async def open_goal(press: Press) -> None:
    await show_goal(press, press.id)


@control("coach", "goal-new", opens_form=True)
async def new_goal(press: Press) -> None:
    form_shown = goal_form(press, None)
    await press.open(Form(form_shown.area, form_shown.action, form_shown.title, form_shown.fields, arg=press.id))


@control("coach", "goal-edit", opens_form=True)
async def edit_goal(press: Press) -> None:
    view = await press.services.coach.goals.get(press.person, press.id)
    await press.open(goal_form(press, view.goal))


@own_words("coach", "goal")
async def save_goal(submit: Submit) -> None:
    """Make or change a goal. A wrong entry is shown again with everything typed."""
    values = submit.values
    goals = submit.services.coach.goals
    kept = None if submit.id == "-" else (await goals.get(submit.person, submit.id)).goal
    draft = GoalDraft(
        title=values.text("title"),
        description=values.text("description"),
        category=GoalCategory(values.choice("category") or "creative"),
        priority=int(values.choice("priority") or 0),
        progress=kept.progress if kept else 0.0,
        target_date=await read_day(submit, values.text("target")),
    )
    if kept is None:
        changed = await goals.add(submit.actor, submit.person, draft)
    else:
        changed = await goals.update(submit.actor, submit.person, kept.id, draft)
    if submit.arg == "6":
        await submit.services.coach.profiles.change(submit.actor, submit.person, ProfileChanges(setup_step=7))
    card = goal_card(changed.view, submit.words, submit.person)
    await submit.reply(card)
    said = submit.words("coach.told.goal_saved", goal=changed.view.goal.title)
    await submit.reply(note(said, [undo_button(submit, changed.group_id)]))


async def read_day(turn: Turn, typed: str) -> date | None:
    """Return a typed day: ISO, or words like "next friday". Day and month are never guessed."""
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        zone = ZoneInfo(str(await turn.services.studio.zone(turn.person, turn.guild)))
        answer = await read_any(typed, turn.now, zone)
        if isinstance(answer, Reading):
            return answer.at.astimezone(zone).date()
        raise Refused("coach_day", typed=typed[:40]) from None


@control("coach", "goal-progress", opens_form=True)
async def ask_progress(press: Press) -> None:
    view = await press.services.coach.goals.get(press.person, press.id)
    words = press.words
    field = Field(
        "progress",
        words("coach.goal.progress"),
        words("coach.form.progress_help"),
        value=f"{view.goal.progress:.0f}",
        max_length=6,
    )
    await press.open(Form("coach", "progress", words("coach.goal.progress"), [field], id=press.id))


@own_words("coach", "progress")
async def save_progress(submit: Submit) -> None:
    typed = submit.values.text("progress").rstrip("% ").replace(",", ".")
    try:
        value = float(typed)
    except ValueError:
        raise Refused("coach_progress_range", value=typed[:20]) from None
    changed = await submit.services.coach.goals.set_progress(submit.actor, submit.person, submit.id, value)
    await submit.update(goal_card(changed.view, submit.words, submit.person))


@control("coach", "goal-measure", opens_form=True)
async def ask_measure(press: Press) -> None:
    """Open the form that ties a goal to a measure."""
    goal = (await press.services.coach.goals.get(press.person, press.id)).goal
    words = press.words

    def number(name: str, value: float | None) -> Field:
        shown = None if value is None else f"{value:g}"
        return Field(name, words(f"coach.form.measure_{name}"), value=shown, max_length=12)

    fields = [
        Field(
            "measure",
            words("coach.form.measure_name"),
            words("coach.form.measure_help"),
            value=goal.metric,
            max_length=NAME_MAX,
        ),
        number("start", goal.start_value),
        number("target", goal.target_value),
        Field("unit", words("coach.form.measure_unit"), value=goal.unit, required=False, max_length=UNIT_MAX),
    ]
    await press.open(Form("coach", "measure", words("coach.form.measure"), fields, id=press.id))


@own_words("coach", "measure")
async def save_measure(submit: Submit) -> None:
    values = submit.values
    goals = submit.services.coach.goals
    start, target = read_number(values.text("start")), read_number(values.text("target"))
    name, unit = values.text("measure"), values.text("unit")
    changed = await goals.measure(submit.actor, submit.person, submit.id, name, start, target, unit)
    await submit.update(goal_card(changed.view, submit.words, submit.person))


def read_number(typed: str) -> float:
    """Return a typed number; a comma may stand for the point."""
    try:
        return float(typed.replace(",", "."))
    except ValueError:
        raise Refused("coach_number", typed=typed[:20]) from None


@control("coach", "goal-done")
async def complete(press: Press) -> None:
    await _then(press, await press.services.coach.goals.complete(press.actor, press.person, press.id), "goal_completed")


@control("coach", "goal-reopen")
async def reopen(press: Press) -> None:
    await _then(press, await press.services.coach.goals.reopen(press.actor, press.person, press.id), "goal_reopened")


@control("coach", "goal-pause")
async def pause_goal(press: Press) -> None:
    await _then(press, await press.services.coach.goals.pause(press.actor, press.person, press.id), "goal_paused")


async def _then(press: Press, changed: GoalChanged, key: str) -> None:
    await press.update(goal_card(changed.view, press.words, press.person))
    said = press.words(f"coach.told.{key}", goal=changed.view.goal.title)
    await press.reply(note(said, [undo_button(press, changed.group_id)]))


@control("coach", "goal-delete")
async def ask_delete(press: Press) -> None:
    view = await press.services.coach.goals.get(press.person, press.id)
    words = press.words
    yes = Button("coach", "goal-deleted", words("coach.goal.delete_yes", goal=view.goal.title), id=press.id)
    await press.reply(question(press, view.goal.title, words("coach.goal.delete_lead"), yes))


@control("coach", "goal-deleted")
async def delete(press: Press) -> None:
    group = await press.services.coach.goals.delete(press.actor, press.person, press.id)
    await press.update(note(press.words("coach.told.goal_deleted"), [undo_button(press, group)]))


@control("coach", "goal-share")
async def share(press: Press) -> None:
    """Post one goal here: title and number, nothing else."""
    view = await press.services.coach.goals.get(press.person, press.id)
    said = press.guild_words(
        "coach.share.goal", goal=view.goal.title, progress=round(view.goal.progress), who=press.actor.name
    )
    await press.post(note(said))


@control("coach", "goal-woop", opens_form=True)
async def woop(press: Press) -> None:
    """Open the four fields: Wish, Outcome, Obstacle, Plan."""
    view = await press.services.coach.goals.get(press.person, press.id)
    kept = view.goal.woop or Woop()
    words = press.words
    now = {"wish": kept.wish, "outcome": kept.outcome, "obstacle": kept.obstacle, "plan": kept.plan}
    fields = [
        Field(
            name,
            words(f"coach.woop.{name}"),
            words(f"coach.woop.{name}_help"),
            kind=FieldKind.PARAGRAPH,
            value=text or None,
            required=False,
            max_length=WOOP_MAX,
        )
        for name, text in now.items()
    ]
    await press.open(Form("coach", "woop", words("coach.woop.heading"), fields, id=press.id))


@own_words("coach", "woop")
async def save_woop(submit: Submit) -> None:
    texts = [submit.values.text(name) for name in ("wish", "outcome", "obstacle", "plan")]
    changed = await submit.services.coach.goals.set_woop(submit.actor, submit.person, submit.id, Woop(*texts))
    await submit.update(goal_card(changed.view, submit.words, submit.person))


controls = (
    open_goals,
    open_goal,
    new_goal,
    edit_goal,
    save_goal,
    ask_progress,
    save_progress,
    put_suggestions_away,
    show_pathways,
    take_pathway,
    ask_measure,
    save_measure,
    complete,
    reopen,
    pause_goal,
    ask_delete,
    delete,
    share,
    woop,
    save_woop,
)
