"""Cards of the coach's weeks: pure, from what the services return. Tasks, choices, history, one shared item."""

from collections.abc import Sequence
from datetime import timedelta

from bot.coach.dates import iso_week
from bot.coach.model import FREE_TEXT, CheckinKind, CheckinState, Effort, LoadLevel, Task, TaskStatus, WeekState
from bot.coach.model import Line as CoachLine
from bot.coach.seats import hours_of
from bot.coach.service.checkins import CheckinView
from bot.coach.service.weeks import WeekView
from bot.say.card import Accent, Button, Card, Option, Row, Section, Select, State, Style, Text, join, raw
from bot.say.words import Words

MARKS = {
    TaskStatus.PLANNED: "○",
    TaskStatus.DONE: "●",
    TaskStatus.SKIPPED: "–",
    TaskStatus.LET_GO: "↓",
    TaskStatus.EXPIRED: "×",
    TaskStatus.CARRIED: "→",
}
ACTIONS = ("done", "skip", "split", "schedule", "swap", "let_go")
CHOICES = ("split", "schedule", "swap", "let_go")
MORE = ("how", "reflect", "add", "if_then", "again", "ai", "rest", "close", "habits", "calendar", "share")


def said(line: CoachLine, words: Words) -> Text:
    """Return a line of the rules as a sentence; somebody's own words are escaped, known measures have their name."""
    known = f"coach.metric.{line.parts.get('metric')}"
    parts = {**line.parts, "metric": words(known)} if "metric" in line.parts and words.has(known) else line.parts
    return words(line.key, **parts)


def week_title(view: WeekView, words: Words) -> Text:
    number = int(iso_week(view.week.week_start).split("W")[1])
    return words("coach.week.title", number=number)


def week_card(view: WeekView, words: Words, owner: int) -> Card:
    """Return the card of a week: theme, tasks by area, what waits for a choice, and the controls."""
    week = view.week
    sections = [*_task_sections(view, words), *_side_sections(view, words)]
    monday = week.week_start.isoformat()
    return Card(
        title=week_title(view, words),
        state=_state(view, words),
        lead=_lead(view, words),
        facts=_facts(view, words),
        sections=sections,
        next_lines=_next_lines(view, words),
        meta=[_meta(view, words)],
        rows=_rows(view, words, owner, monday),
        accent=Accent.ACCENT if week.state is WeekState.ACTIVE else Accent.IDLE,
    )


def task_line(task: Task, words: Words) -> Text:
    """Return one task: mark, title, minutes, time and if-then."""
    parts: list[str] = [join(" ", [raw(MARKS[task.status]), task.title])]
    parts.append(words("coach.task.minutes", minutes=task.minutes))
    if task.effort is Effort.HIGH:
        parts.append(words("coach.task.high"))
    if task.is_open and task.at is not None:
        parts.append(words("coach.task.at", at=task.at))
    if task.carry_count and task.is_open:
        parts.append(words("coach.task.carried", count=task.carry_count))
    if task.due is not None and task.is_open:
        parts.append(words("coach.task.due", day=task.due))
    line = join(" · ", parts)
    return line + join("", [raw("\n-# "), task.if_then]) if task.if_then and task.is_open else line


def tick_card(view: WeekView, words: Words, owner: int, placeholder: str) -> Card:
    """Return the select of open tasks; several can be ticked at once."""
    options = [Option(_short(task.title), task.id) for task in view.open][:25]
    if not options:
        return Card("", lead=words("coach.week.all_done"), quiet=True)
    select = Select("coach", "tick", placeholder, options, id="-", owner=owner, min_values=1, max_values=len(options))
    return Card("", lead=words("coach.week.tick_lead"), quiet=True, rows=[select])


def pick_card(tasks: Sequence[Task], action: str, words: Words, owner: int) -> Card:
    """Return the select of tasks for one action."""
    options = [Option(_short(task.title), task.id) for task in tasks][:25]
    if not options:
        return Card("", lead=words("coach.week.nothing_open"), quiet=True)
    select = Select("coach", "task-pick", words("coach.week.which_task"), options, id=action, owner=owner)
    return Card("", lead=words(f"coach.pick.{action}"), quiet=True, rows=[select])


def choice_card(task: Task, words: Words, owner: int) -> Card:
    """Return the four ways for a task that was carried twice already."""
    buttons = [
        Button("coach", "task", words(f"coach.action.{action}"), id=task.id, arg=action, owner=owner)
        for action in CHOICES
    ]
    return Card(task.title, lead=words("coach.week.choice_lead"), rows=[buttons], accent=Accent.LOOK)


def how_card(task: Task, words: Words) -> Card:
    """Return how a task is begun and done, and what helps with it."""
    helps = [
        join(" ", [words(f"coach.resource.{each.type}", title=each.title), *([each.url] if each.url else [])])
        for each in task.resources
    ]
    return Card(
        task.title,
        lead=task.description or words("coach.how.own"),
        facts=[words("coach.task.minutes", minutes=task.minutes)],
        sections=[Section(words("coach.how.helps"), helps)] if helps else (),
    )


def history_card(views: Sequence[WeekView], words: Words, owner: int) -> Card:
    """Return one page of the weeks, newest first."""
    lines = [history_line(view, words) for view in views]
    options = [Option(week_title(view, words).plain, view.week.week_start.isoformat()) for view in views]
    rows: list[Row] = [Select("coach", "open-week", words("coach.history.open"), options, owner=owner)]
    rows.append(
        [
            Button("coach", "export", words("coach.history.markdown"), id="markdown", owner=owner),
            Button("coach", "export", words("coach.history.json"), id="json", owner=owner),
        ]
    )
    return Card(words("coach.history.title"), sections=[Section(None, lines)], rows=rows)


def history_line(view: WeekView, words: Words) -> Text:
    key = "coach.history.line" if view.week.state is WeekState.ACTIVE else "coach.history.away"
    if view.week.state is WeekState.ACTIVE and view.week.revision > 1:
        key = "coach.history.line_again"
    return words(
        key,
        week=week_title(view, words),
        theme=said(view.week.plan.theme, words),
        done=view.done,
        total=len(view.counted),
        state=words(f"coach.week_state.{view.week.state}"),
        revision=view.week.revision,
    )


def history_markdown(views: Sequence[WeekView], words: Words) -> str:
    """Return weeks with tasks and reflections as a Markdown file."""
    parts: list[str] = []
    for view in views:
        sunday = view.week.week_start + timedelta(days=6)
        parts += [f"## {iso_week(view.week.week_start)} ({view.week.week_start} - {sunday})", ""]
        parts += [f"*{said(view.week.plan.theme, words).plain}*", ""]
        parts += [f"- [{'x' if task.status is TaskStatus.DONE else ' '}] {task.title}" for task in view.tasks]
        told = view.week.reflections
        named = (("wins", told.wins), ("challenges", told.challenges), ("learnings", told.learnings))
        for name, items in named:
            parts += ["", f"**{words(f'coach.reflect.{name}').plain}**"] if items else []
            parts += [f"- {item}" for item in items]
        if told.next_week_focus:
            parts += ["", f"**{words('coach.reflect.focus').plain}**: {told.next_week_focus}"]
        parts.append("")
    return "\n".join(parts)


def _state(view: WeekView, words: Words) -> State:
    week = view.week
    if week.state is not WeekState.ACTIVE:
        return State(words(f"coach.week_state.{week.state}"), "⏸")
    counted = len(view.counted)
    icon = "🔵" if counted and view.done == counted else "◔"
    return State(words("coach.week.done_of", done=view.done, total=counted), icon, Accent.ACCENT)


def _lead(view: WeekView, words: Words) -> Text:
    theme = said(view.week.plan.theme, words)
    if view.week.plan.theme.key == FREE_TEXT and not theme:
        return words("coach.week.theme_none")
    return words("coach.week.theme", theme=theme)


def _facts(view: WeekView, words: Words) -> list[str]:
    facts: list[str] = []
    if view.areas:
        counts = [words("coach.week.area", area=words(f"coach.area.{a}"), done=d, total=t) for a, d, t in view.areas]
        facts.append(join(", ", counts))
        hours = hours_of(sum(task.minutes for task in view.counted))
        facts.append(words("coach.week.effort", hours=hours, points=sum(task.effort for task in view.counted)))
    known, of = view.motion
    if of:
        share = view.consistency or 0.0
        facts.append(words("coach.week.motion", weeks=known, of=of, share=round(share * 100)))
    return facts


def _task_sections(view: WeekView, words: Words) -> list[Section]:
    sections: list[Section] = []
    for area, _, _ in view.areas:
        own = [task for task in view.tasks if task.focus_area is area and task.status is not TaskStatus.LET_GO]
        sections.append(Section(words(f"coach.area.{area}"), [task_line(task, words) for task in own]))
    return sections


def _side_sections(view: WeekView, words: Words) -> list[Section]:
    sections: list[Section] = []
    if view.choices:
        lines = [words("coach.week.choice", task=task.title) for task in view.choices]
        sections.append(Section(words("coach.week.choices"), lines))
    if view.expired:
        sections.append(
            Section(words("coach.week.expired"), [words("coach.week.expired_line", task=t.title) for t in view.expired])
        )
    if view.habits_due:
        names = join(", ", [habit.title for habit in view.habits_due])
        sections.append(Section(None, [words("coach.week.habits", names=names)]))
    if view.plans:
        lines = [words("coach.week.plan_line", plan=goal.woop.plan) for goal in view.plans if goal.woop]
        sections.append(Section(words("coach.week.plans"), lines))
    notes = [said(line, words) for line in view.week.plan.notes]
    if notes:
        sections.append(Section(None, notes))
    return sections


def _next_lines(view: WeekView, words: Words) -> list[str]:
    lines: list[str] = []
    if view.asks_why:
        lines.append(words("coach.week.why"))
    if view.offer_more:
        lines.append(words("coach.week.offer_more", count=view.week.plan.size + 1))
    if view.week.plan.rule == "soft_landing":
        lines.append(words("coach.week.soft"))
    if view.week.plan.rule == "load":
        lines.append(words("coach.week.held"))
    opening = view.open
    carried = next((task for task in opening if task.carry_count and not task.if_then), None)
    if carried is not None and not lines:
        lines.append(words("coach.week.ask_if_then", task=carried.title))
    elif opening and not lines:
        lines.append(words("coach.week.start_with", task=opening[0].title, minutes=opening[0].minutes))
    if view.is_new and view.week.plan.recommendations:
        lines.append(said(view.week.plan.recommendations[0], words))
    return lines[:3]


def _meta(view: WeekView, words: Words) -> Text:
    parts: list[str] = [words("coach.week.revision", number=view.week.revision)]
    model = view.week.plan.ai_model
    parts.append(words("coach.meta.ai", model=model) if model else words("coach.meta.rules"))
    return join(" · ", parts)


def _rows(view: WeekView, words: Words, owner: int, monday: str) -> list[Row]:
    if view.week.closed_at is not None:
        return [[Button("coach", "reflect", words("coach.button.reflect"), id=monday, owner=owner)]]
    rows: list[Row] = []
    if view.choices:
        options = [Option(_short(task.title), task.id) for task in view.choices]
        rows.append(Select("coach", "choice", words("coach.week.choose"), options, id=monday, owner=owner))
    if view.asks_why:
        rows.append(
            [
                Button("coach", "why", words(f"coach.why.{reason}"), id=monday, arg=reason, owner=owner)
                for reason in ("too_much", "unclear", "life")
            ]
        )
    buttons = [
        Button("coach", "ticks", words("coach.button.done"), id=monday, style=Style.PRIMARY, owner=owner),
        Button("coach", "lighter", words("coach.button.lighter"), id=monday, owner=owner),
        Button("coach", "more", words("coach.button.more"), id=monday, owner=owner),
        Button("coach", "pause", words("coach.button.pause"), owner=owner),
        Button("ui", "dismiss", words("card.not_now"), owner=owner),
    ]
    if view.offer_more:
        buttons[1] = Button("coach", "grow", words("coach.button.grow"), id=monday, owner=owner)
    rows.append(buttons)
    return rows


def load_accent(level: LoadLevel) -> Accent:
    return Accent.IDLE if level is LoadLevel.GREEN else Accent.LOOK


def _short(text: str, most: int = 90) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


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
