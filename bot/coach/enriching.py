"""What AI may add to a week that is planned already, and how little of an answer is taken over. Pure.

Counts, areas, efforts and ids are the rules'; a text with a banned word, an unknown id or area is dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pydantic import Field

from bot.ai.model import JsonValue, Reply
from bot.ai.sent import Item, Sender
from bot.coach.content import HOW_MAX, TITLE_MAX
from bot.coach.model import Effort, ExtraTask, FocusArea, Goal, Line, LoopFact, Plan, Release, Task
from bot.say.wording import is_acceptable

SENDS = Sender(
    "coach",
    ("coach_plan", "coach_insights"),
    (
        Item("you", ("role", "experience", "areas", "genre")),
        Item("tasks", ("tasks.id", "tasks.area", "tasks.title", "tasks.how")),
        Item("goals", ("goals.title", "goals.category", "goals.progress")),
        Item("loops", ("loops.name", "loops.momentum", "loops.next")),
        Item("releases", ("releases.name", "releases.day", "releases.days_to_go")),
        Item("bounces", ("bounces.count", "bounces.titles")),
        Item("missions", ("missions",)),
        Item("last_week", ("last_week",)),
        Item("reflections", ("reflections",)),
        Item("wanted", ("wanted",)),
    ),
)

EXTRAS_MAX = 3
RECOMMENDATIONS_MAX = 3
RECOMMENDATION_LENGTH = 200
_EFFORTS = {"low": Effort.LOW, "medium": Effort.MEDIUM, "high": Effort.HIGH}


class TaskWords(Reply):
    id: str = ""
    title: str = ""
    how: str = ""


class ExtraWords(Reply):
    focus_area: str = ""
    title: str = ""
    how: str = ""
    effort: str = "low"


class PlanReply(Reply):
    """The shape of an answer; everything in it may be missing."""

    theme: str = ""
    tasks: list[TaskWords] = Field(default_factory=list)
    recommendations: list[str] = Field(default_factory=list)
    extra_tasks: list[ExtraWords] = Field(default_factory=list)

    def is_empty(self) -> bool:
        return not (self.theme or self.tasks or self.recommendations or self.extra_tasks)


@dataclass(frozen=True, slots=True)
class WeekContext:
    """Only what exists; a part that is missing is left out, never filled in. No energy, no load, nothing of others."""

    role: str
    experience: str
    areas: Sequence[FocusArea]
    tasks: Sequence[Task]
    genre: str | None = None
    goals: Sequence[Goal] = ()
    loops: Sequence[LoopFact] = ()
    releases: Sequence[Release] = ()
    today: date | None = None
    """Counts down to releases; a date is not about anybody."""
    bounces: int = 0
    bounce_ids: Sequence[str] = ()
    """Evidence of what is said about them; never sent."""
    bounce_titles: Sequence[str] = ()
    missions: Sequence[str] = ()
    last_week: tuple[int, int] | None = None
    reflections: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Enriched:
    """What is taken over: the plan's words, tasks with new words, tasks to offer."""

    plan: Plan
    tasks: tuple[Task, ...]
    extras: tuple[ExtraTask, ...]


def context_data(context: WeekContext) -> Mapping[str, JsonValue]:
    """Return the context as plain data for the question."""
    parts: dict[str, JsonValue] = {
        "role": context.role,
        "experience": context.experience,
        "areas": [str(area) for area in context.areas],
        "tasks": [
            {"id": task.id, "area": str(task.focus_area), "title": task.title, "how": task.description}
            for task in context.tasks
        ],
    }
    optional: Mapping[str, JsonValue] = {
        "genre": context.genre,
        "goals": [
            {"title": goal.title, "category": str(goal.category), "progress": round(goal.progress)}
            for goal in context.goals
        ],
        "loops": [_loop(loop) for loop in context.loops],
        "releases": [_release(release, context.today) for release in context.releases],
        "bounces": {"count": context.bounces, "titles": list(context.bounce_titles)} if context.bounces else None,
        "missions": list(context.missions),
        "last_week": list(context.last_week) if context.last_week else None,
        "reflections": list(context.reflections),
    }
    return {**parts, **{name: value for name, value in optional.items() if value}}


def _loop(loop: LoopFact) -> dict[str, JsonValue]:
    known: dict[str, JsonValue] = {"name": loop.name, "momentum": loop.label}
    return {**known, "next": list(loop.next_actions)} if loop.next_actions else known


def _release(release: Release, today: date | None) -> dict[str, JsonValue]:
    known: dict[str, JsonValue] = {"name": release.name, "day": release.on.isoformat()}
    return {**known, "days_to_go": (release.on - today).days} if today is not None else known


def take_over(plan: Plan, tasks: Sequence[Task], reply: PlanReply, areas: Sequence[FocusArea], model: str) -> Enriched:
    """Take over what keeps to the rules; ids, areas, efforts, dates and counts stay as they are."""
    known: dict[str, Task] = {task.id: task for task in tasks if task.is_open and task.bank_id}
    changed: dict[str, Task] = {}
    for words in reply.tasks:
        task = known.get(words.id)
        if task is None:
            continue
        title, how = acceptable(words.title, TITLE_MAX), acceptable(words.how, HOW_MAX)
        if title or how:
            changed[task.id] = replace(task, title=title or task.title, description=how or task.description)
    allowed = {str(area): area for area in areas}
    extras = [
        ExtraTask(allowed[extra.focus_area], title, acceptable(extra.how, HOW_MAX), _EFFORTS[extra.effort])
        for extra in reply.extra_tasks
        if extra.focus_area in allowed and extra.effort in _EFFORTS and (title := acceptable(extra.title, TITLE_MAX))
    ]
    advice = [text for each in reply.recommendations if (text := acceptable(each, RECOMMENDATION_LENGTH))]
    theme = acceptable(reply.theme, TITLE_MAX)
    enriched = replace(
        plan,
        theme=Line.free(theme) if theme else plan.theme,
        recommendations=tuple(Line.free(text) for text in advice[:RECOMMENDATIONS_MAX]) or plan.recommendations,
        ai_model=model,
    )
    return Enriched(enriched, tuple(changed.values()), tuple(extras[:EXTRAS_MAX]))


def acceptable(text: str, most: int) -> str:
    """Return a text that may be shown, "" for one that may not."""
    tidy = " ".join(text.split())
    return tidy if len(tidy) <= most and is_acceptable(tidy) else ""
