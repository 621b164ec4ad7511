"""Cards of release plans: pure functions from a view to a card."""

from collections.abc import Sequence
from datetime import date

from bot.releases.countdown import DateReading, days_to_go
from bot.releases.facts import Fact as PlatformFact
from bot.releases.facts import FactBook
from bot.releases.model import Anchor, Preset, Release, ReleaseState
from bot.releases.rules import release_rules
from bot.releases.service import MovePreview
from bot.releases.view import ReleaseView, TaskView
from bot.say.card import (
    Accent,
    Button,
    Card,
    Fact,
    Line,
    Option,
    OutFile,
    Picture,
    Row,
    Section,
    Select,
    State,
    Style,
    join,
    note,
    plain,
    raw,
)
from bot.say.countdown import countdown
from bot.say.dates import day_month, full_day
from bot.say.words import Words

NEXT_LISTED = 3
SHIFTS_LISTED = 8
_ACCENTS = {
    ReleaseState.PLANNED: Accent.ACCENT,
    ReleaseState.RELEASED: Accent.GOOD,
    ReleaseState.REVIEWED: Accent.IDLE,
    ReleaseState.CANCELLED: Accent.IDLE,
}
_ICONS = {
    ReleaseState.PLANNED: "📅",
    ReleaseState.RELEASED: "🔵",
    ReleaseState.REVIEWED: "☑️",
    ReleaseState.CANCELLED: "⏹️",
}


def release_card(view: ReleaseView, words: Words, picture: Picture | None = None, *, posted: bool = False) -> Card:
    """Return the card of a release; `posted`: the copy for everybody, without plans and controls."""
    release = view.release
    facts = [
        Fact(words("release.card.date"), join("", [full_day(release.anchor_date, words.locale)])),
        Fact(words("release.card.tasks"), words("release.card.tasks_done", done=view.done, total=len(view.tasks))),
    ]
    deadline = view.next_hard
    if deadline is not None and not posted:
        facts.insert(1, Fact(words("release.card.hard"), _deadline(deadline, view.today, words)))
    sections: list[Section] = []
    if not posted:
        missed = [item for item in view.missed if item.shown_at is None]
        if missed:
            lines = [
                words("release.missed.line", title=item.title, alternative=words(f"release.missed.{item.alternative}"))
                for item in missed
            ]
            sections.append(Section(words("release.missed.heading"), lines))
        warnings = _warnings(view, words)
        if warnings:
            sections.append(Section(words("release.card.look"), warnings))
    state = release.state
    live = state in {ReleaseState.PLANNED, ReleaseState.RELEASED}
    word = days_to_go(release.anchor_date, view.today, words) if live else words(f"release.state.{state}")
    return Card(
        title=release.title,
        state=State(word, _ICONS[state], _ACCENTS[state]),
        lead=words("release.card.lead", preset=view.preset.name),
        facts=facts,
        media=[picture] if picture else (),
        sections=sections,
        next_lines=[]
        if posted or not live
        else [_next_line(task, words) for task in view.next_tasks[: release_rules().next_shown]],
        meta=[
            words("release.card.meta", when=release.updated_at),
            *([words("card.studio_owned")] if view.is_studios and not posted else []),
            *([words("card.filed_under", name=view.client)] if view.client and not posted else []),
        ],
        rows=() if posted else [_buttons(view, words)],
    )


def _buttons(view: ReleaseView, words: Words) -> Row:
    release = view.release
    owner = release.owner_id

    def button(action: str, *, primary: bool = False, off: bool = False) -> Button:
        style = Style.PRIMARY if primary else Style.SECONDARY
        label = words(f"release.button.{action}")
        return Button("release", action, label, release.id, style=style, owner=owner, disabled=off)

    live = release.is_live
    return [
        button("tasks", primary=True, off=not view.open),
        button("date", off=not live or view.preset.anchor is Anchor.FINISH),
        button("calendar"),
        button("post"),
        button("more"),
    ]


def _deadline(task: TaskView, today: date, words: Words) -> str:
    day = task.deadline or task.day
    return words("release.card.deadline", title=task.clip.name, when=countdown(day, today, words))


def _next_line(task: TaskView, words: Words) -> str:
    day = day_month(task.day, words.locale)
    if task.waits_for:
        return words("release.task.waiting", title=task.clip.name, day=day, other=task.waits_for[0])
    if task.is_hard and task.deadline is not None:
        last = day_month(task.deadline, words.locale)
        return words("release.task.hard", title=task.clip.name, day=day, last=last)
    return words("release.task.line", title=task.clip.name, day=day)


def _warnings(view: ReleaseView, words: Words) -> list[str]:
    lines: list[str] = []
    if view.release.is_live and view.delivery_is_late:
        lines.append(words("release.warning.delivery"))
    lines += [words("release.warning.pitch", title=task.clip.name) for task in view.late_pitches]
    if view.preset.warning:
        lines.append(words("release.warning.preset", text=view.preset.warning))
    return lines


# ------------------------------------------------------------------ made, and what the date says


def made_card(
    view: ReleaseView,
    reading: DateReading,
    words: Words,
    undo: Button,
    bounces: Sequence[Option] = (),
    *,
    reminds_nowhere: bool = False,
) -> Card:
    """Return what is told after a plan was made: the date as it was read, and what is worth knowing of it.

    `bounces`: which one is released may be said here. `reminds_nowhere`: its server chose no channel for reminders.
    """
    release = view.release
    moves: list[Button] = []
    lines = [words("release.made.date", day=full_day(release.anchor_date, words.locale), count=reading.days_left)]
    if reading.late:
        lines.append(words("release.made.late"))
        moves += [_to(release, day, words) for day in reading.later_fridays]
    elif reading.nearest_fridays is not None:
        lines.append(words("release.made.no_friday"))
        moves += [_to(release, day, words) for day in reading.nearest_fridays if day > view.today]
    lines += [words("release.made.clash", title=title) for title in reading.clashes]
    if reading.is_bank_holiday:
        lines.append(words("release.made.holiday"))
    lines += bandcamp_lines(reading, words)
    moves += [_to(release, day, words) for day in reading.bandcamp if day != release.anchor_date][:1]
    if reminds_nowhere:
        lines.append(words("release.made.reminds_nowhere"))
    if view.preset.instead:
        lines.append(words("release.made.instead"))
    done = [task for task in view.tasks if task.task and task.task.foundation and task.clip.is_done]
    rows: list[Row] = [[undo, *{button.arg: button for button in moves}.values()][:5]]
    if bounces and release.bounce_id is None:
        pick = words("release.made.bounce")
        rows.append(Select("release", "bounce", pick, bounces, release.id, owner=release.owner_id))
    if done:
        lines.append(words("release.made.foundations"))
        options = [Option(task.clip.name, task.clip.id) for task in done]
        rows.append(
            Select(
                "release",
                "reopen",
                words("release.made.reopen"),
                options,
                release.id,
                max_values=len(options),
                owner=release.owner_id,
            )
        )
    return Card(
        title=words("release.made.title", title=release.title),
        lead=words("release.made.lead", count=len(view.open), preset=view.preset.name),
        sections=[Section(None, lines)],
        rows=rows,
    )


def bandcamp_lines(reading: DateReading, words: Words) -> list[str]:
    """Return what to know of a Bandcamp Friday that is near; nothing where none is."""
    if not reading.bandcamp:
        return []
    nearest = reading.bandcamp[0]
    key = "release.made.bandcamp_on" if nearest == reading.day else "release.made.bandcamp"
    return [words(key, day=full_day(nearest, words.locale))]


def _to(release: Release, day: date, words: Words) -> Button:
    label = words("release.button.to", day=day_month(day, words.locale))
    return Button("release", "preview", label, release.id, day.isoformat(), owner=release.owner_id)


# ------------------------------------------------------------------ tasks


def tasks_card(view: ReleaseView, facts: FactBook, words: Words) -> Card:
    """Return the next open tasks, each with its how line, facts, and Done."""
    lines: list[str | Line] = []
    for task in view.next_tasks[:NEXT_LISTED]:
        head = join("", [raw("**"), _next_line(task, words), raw("**")])
        text = join("\n", [head, *_details(task, view, facts, words)])
        done = Button(
            "release",
            "done",
            words("release.button.done"),
            view.release.id,
            task.clip.id,
            style=Style.PRIMARY if not lines else Style.SECONDARY,
            owner=view.release.owner_id,
        )
        lines.append(Line(text, done))
    if not lines:
        return note(words("release.tasks.none"))
    rest = len(view.open) - len(lines)
    return Card(
        title=words("release.tasks.title", title=view.release.title),
        sections=[Section(None, lines)],
        meta=[words("release.tasks.more", count=rest)] if rest else (),
    )


def _details(task: TaskView, view: ReleaseView, facts: FactBook, words: Words) -> list[str]:
    lines: list[str] = [task.clip.notes] if task.clip.notes else []
    shown = facts.shown(task.facts, view.release.conditions)
    return lines + [words("release.task.fact", fact=fact.line(view.today, words)) for fact in shown]


def all_tasks_text(view: ReleaseView, words: Words) -> str:
    """Return the whole plan as a plain list."""
    lines = [f"{view.release.title}, {full_day(view.release.anchor_date, words.locale)}", ""]
    for task in sorted(view.tasks, key=lambda item: (item.day, item.clip.id)):
        mark = "x" if task.clip.is_done else " "
        last = (
            f" ({words('release.task.last', day=day_month(task.deadline, words.locale)).plain})"
            if (task.is_hard and task.deadline)
            else ""
        )
        lines.append(f"- [{mark}] {day_month(task.day, words.locale)}: {task.clip.name}{last}")
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------ moving T


def move_card(preview: MovePreview, words: Words) -> Card:
    """Return what moving T would do, with the button that does it."""
    release = preview.release
    shifted = [shift for shift in preview.shifts if shift.new_day is not None]
    lines = [
        words(
            "release.move.tight" if shift.tight else "release.move.shift",
            title=shift.title,
            old=day_month(shift.old_day, words.locale),
            new=day_month(shift.new_day, words.locale),
        )
        for shift in shifted
        if shift.new_day is not None
    ]
    shown = lines[:SHIFTS_LISTED]
    files: list[OutFile] = []
    if len(lines) > len(shown):
        shown.append(words("card.more", count=len(lines) - len(shown)))
        every = "".join(f"- {plain(line)}\n" for line in lines)
        files.append(OutFile("moves.md", every.encode()))
    sections = [Section(words("release.move.shifts", count=len(lines)), shown)] if lines else []
    if preview.missed:
        sections.insert(
            0,
            Section(
                words("release.missed.heading"),
                [
                    words(
                        "release.missed.line",
                        title=task.worded(release.conditions).title,
                        alternative=words(f"release.missed.{task.if_missed}"),
                    )
                    for task in preview.missed
                ],
            ),
        )
    new = preview.new_date
    facts: list[str] = []
    if preview.reading.nearest_fridays is not None:
        facts.append(words("release.made.no_friday"))
    facts += [words("release.made.clash", title=title) for title in preview.reading.clashes]
    if preview.reading.is_bank_holiday:
        facts.append(words("release.made.holiday"))
    facts += bandcamp_lines(preview.reading, words)
    return Card(
        title=words("release.move.title", title=release.title),
        lead=words(
            "release.move.lead",
            old=full_day(release.anchor_date, words.locale),
            new=full_day(new, words.locale),
        ),
        facts=facts,
        sections=sections,
        files=files,
        rows=[
            [
                Button(
                    "release",
                    "move",
                    words("release.button.move", day=day_month(new, words.locale)),
                    release.id,
                    new.isoformat(),
                    style=Style.PRIMARY,
                    owner=release.owner_id,
                ),
                Button("release", "date", words("card.change"), release.id, owner=release.owner_id),
                Button("ui", "dismiss", words("card.not_now"), owner=release.owner_id),
            ]
        ],
    )


# ------------------------------------------------------------------ lists and presets


def list_line(view: ReleaseView, words: Words) -> Line:
    state = view.release.state
    live = state in {ReleaseState.PLANNED, ReleaseState.RELEASED}
    word = days_to_go(view.release.anchor_date, view.today, words) if live else words(f"release.state.{state}")
    text = words(
        "release.list.line",
        title=view.release.title,
        day=day_month(view.release.anchor_date, words.locale),
        state=word,
        done=view.done,
        total=len(view.tasks),
    )
    text = _marked(text, view, words)
    return Line(
        text, Button("release", "show", words("release.button.show"), view.release.id, owner=view.release.owner_id)
    )


def binned_line(view: ReleaseView, kept_until: date, words: Words) -> Line:
    """Return a plan in the bin: until when it is kept, and the way back."""
    release = view.release
    day, until = day_month(release.anchor_date, words.locale), day_month(kept_until, words.locale)
    text = _marked(words("release.list.binned", title=release.title, day=day, until=until), view, words)
    return Line(text, Button("release", "restore", words("release.button.restore"), release.id, owner=release.owner_id))


def _marked(text: str, view: ReleaseView, words: Words) -> str:
    if not view.is_studios:
        return text
    client = [words("card.filed_under", name=view.client)] if view.client else []
    return join(" · ", [text, words("card.studio_owned"), *client])


def preset_card(preset: Preset, facts: Sequence[PlatformFact], today: date, words: Words) -> Card:
    """Return one preset: what it is, its tasks, each fact with its source and when somebody looked."""
    days = words("release.preset.days", tasks=len(preset.tasks), count=preset.day_after - preset.first_day)
    tasks = [
        words(
            "release.preset.hard" if task.deadline is not None else "release.preset.task",
            offset=f"T{task.offset:+d}" if task.offset else "T",
            title=task.title,
            last=f"T{task.deadline:+d}" if task.deadline else "T",
        )
        for task in preset.tasks
    ]
    sections = [Section(words("release.preset.tasks"), tasks)]
    if facts:
        lines = [fact.line(today, words) for fact in facts]
        sections.insert(0, Section(words("release.preset.facts"), lines))
    return Card(
        title=preset.name,
        lead=join("\n", [preset.summary, *([preset.warning] if preset.warning else [])]),
        facts=[days, *preset.notes],
        sections=sections,
    )


def presets_card(presets: Sequence[Preset], problems: Sequence[str], words: Words) -> Card:
    """Return the list of presets, one to choose, and what was wrong with any file."""
    lines = [words("release.preset.line", name=preset.name, summary=preset.summary) for preset in presets]
    sections = [Section(None, lines)]
    if problems:
        sections.append(Section(words("release.preset.problems"), list(problems)))
    options = [Option(preset.name, preset.key) for preset in presets]
    return Card(
        title=words("release.preset.title"),
        sections=sections,
        rows=[Select("release", "preset", words("release.preset.pick"), options)],
    )


# ------------------------------------------------------------------ messages


def deadlines_card(due: Sequence[tuple[ReleaseView, TaskView]], today: date, words: Words) -> Card:
    """Return the reminder of a day: every open hard task that is near."""
    lines: list[str | Line] = []
    for view, task in due:
        text = words(
            "release.reminder.line",
            title=task.clip.name,
            release=view.release.title,
            when=countdown(task.deadline or task.day, today, words),
        )
        lines.append(
            Line(
                text,
                Button(
                    "release",
                    "done",
                    words("release.button.done"),
                    view.release.id,
                    task.clip.id,
                    owner=view.release.owner_id,
                ),
            )
        )
    return Card(
        title=words("release.reminder.title", count=len(lines)),
        sections=[Section(None, lines)],
        meta=[words("release.reminder.meta_studio" if due[0][0].is_studios else "release.reminder.meta")],
    )


def countdown_card(title: str, days: int, day: date, words: Words, artwork: Picture | None = None) -> Card:
    """Return the public countdown: title and artwork only."""
    lead = (
        words("release.public.today")
        if days == 0
        else words("release.public.ahead", count=days, day=day_month(day, words.locale))
    )
    return Card(title=title, lead=lead, media=[artwork] if artwork else (), accent=Accent.ACCENT)
