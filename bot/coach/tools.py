"""The coach for missions: its tools, bound to the methods of `/coach`, and what a mission reads of it.

Energy, load, reflections and if-then texts are never read: they stay between a person and the coach.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal

from pydantic import Field

from bot.actors import Actor
from bot.ai.model import JsonValue
from bot.ai.sent import Item
from bot.coach.dates import at_local
from bot.coach.goals import GoalDraft
from bot.coach.model import FocusArea, Goal, GoalCategory, GoalStatus, Task
from bot.coach.service import CoachService
from bot.coach.service.goals import GoalView
from bot.coach.service.tasks import TaskDraft
from bot.coach.service.weeks import WeekView
from bot.errors import BotError
from bot.missions.inputs import Choice, Idea, Resolved
from bot.missions.model import InputKind, InputRef, Line, Preview
from bot.missions.ports import People, Say
from bot.missions.tools import Catalogue, Id, Name, Params, Prose, Scene, Tool, fingerprint

AreaName = Literal[
    "creative", "promo", "relationships", "career", "promo_strategy", "contacts", "client_relationships",
    "skills", "artist_roadmap", "networking", "strategic_planning", "wellbeing",
]  # fmt: skip
CategoryName = Literal["career", "release", "branding", "marketing", "skills", "growth", "creative"]
NOON = 12


class AddTask(Params):
    """A task for this week."""

    title: Name
    focus_area: AreaName


class Reschedule(Params):
    """Another day and hour for a task, in the person's own time."""

    task_id: Id
    day: date
    hour: int = Field(NOON, ge=0, le=23)


class OneTask(Params):
    """Only which task."""

    task_id: Id


class AddGoal(Params):
    """A new goal."""

    title: Name
    category: CategoryName
    target_date: date | None = None


class UpdateGoal(Params):
    """Another title, date or progress; what is left out stays."""

    goal_id: Id
    title: Name | None = None
    target_date: date | None = None
    progress: float | None = Field(None, ge=0, le=100)


class IfThen(Params):
    """An if-then plan for a task."""

    task_id: Id
    text: Prose


class LogMetric(Params):
    """A number to keep."""

    measure: Name
    value: float = Field(ge=-1e9, le=1e9)


class Remind(Params):
    """A reminder, in the person's own time."""

    text: Prose
    day: date
    hour: int = Field(NOON, ge=0, le=23)


class CoachTools:
    """Adds `coach.*` and `reminder.create` to a catalogue."""

    def __init__(self, coach: CoachService, people: People) -> None:
        self._coach = coach
        self._people = people

    def add_to(self, catalogue: Catalogue) -> None:
        catalogue.add(Tool("coach.add_task", "add a task to this week's plan", AddTask, self._see_add, self._add))
        catalogue.add(
            Tool(
                "coach.reschedule_task",
                "give a task of the week another day and hour",
                Reschedule,
                self._see_move,
                self._move,
            )
        )
        catalogue.add(Tool("coach.let_go_task", "let a task of the week go", OneTask, self._see_let_go, self._let_go))
        catalogue.add(Tool("coach.add_goal", "add a goal", AddGoal, self._see_goal, self._goal))
        catalogue.add(
            Tool(
                "coach.update_goal",
                "change a goal's title, date or progress",
                UpdateGoal,
                self._see_update,
                self._update,
            )
        )
        catalogue.add(
            Tool("coach.set_if_then", "write an if-then plan for a task", IfThen, self._see_if_then, self._if_then)
        )
        catalogue.add(Tool("coach.log_metric", "keep a number", LogMetric, self._see_log, self._log))
        catalogue.add(Tool("reminder.create", "set a reminder", Remind, self._see_remind, self._remind))

    async def _see_add(self, scene: Scene, params: AddTask) -> Preview:
        return Preview(_line("coach.add_task"), after=(_line("name", name=params.title),))

    async def _add(self, scene: Scene, params: AddTask, actor: Actor) -> None:
        await self._coach.tasks.add(actor, scene.owner, TaskDraft(params.title, FocusArea(params.focus_area)))

    async def _see_move(self, scene: Scene, params: Reschedule) -> Preview:
        task = await self._coach.tasks.get(scene.owner, params.task_id)
        before = (_line("coach.at", when=_when(task.at)),) if task.at else (_line("coach.no_time"),)
        after = _line("coach.at", when=f"{params.day.isoformat()} {params.hour:02}:00")
        return Preview(_line("coach.move", task=task.title), before, (after,), _task_basis(task))

    async def _move(self, scene: Scene, params: Reschedule, actor: Actor) -> None:
        at = await self._at(scene.owner, params.day, params.hour)
        await self._coach.tasks.reschedule(actor, scene.owner, params.task_id, at)

    async def _see_let_go(self, scene: Scene, params: OneTask) -> Preview:
        task = await self._coach.tasks.get(scene.owner, params.task_id)
        before, after = (_line("open"),), (_line("coach.gone"),)
        return Preview(_line("coach.let_go", task=task.title), before, after, _task_basis(task))

    async def _let_go(self, scene: Scene, params: OneTask, actor: Actor) -> None:
        await self._coach.tasks.let_go(actor, scene.owner, params.task_id)

    async def _see_goal(self, scene: Scene, params: AddGoal) -> Preview:
        after = [_line("name", name=params.title)]
        if params.target_date:
            after.append(_line("coach.by", day=params.target_date.isoformat()))
        return Preview(_line("coach.add_goal"), after=tuple(after))

    async def _goal(self, scene: Scene, params: AddGoal, actor: Actor) -> None:
        draft = GoalDraft(params.title, category=GoalCategory(params.category), target_date=params.target_date)
        await self._coach.goals.add(actor, scene.owner, draft)

    async def _see_update(self, scene: Scene, params: UpdateGoal) -> Preview:
        goal = (await self._coach.goals.get(scene.owner, params.goal_id)).goal
        before, after = [], []
        if params.title is not None:
            before.append(_line("name", name=goal.title))
            after.append(_line("name", name=params.title))
        if params.target_date is not None:
            before.append(
                _line("coach.by", day=goal.target_date.isoformat()) if goal.target_date else _line("coach.no_day")
            )
            after.append(_line("coach.by", day=params.target_date.isoformat()))
        if params.progress is not None:
            before.append(_line("coach.progress", percent=round(goal.progress)))
            after.append(_line("coach.progress", percent=round(params.progress)))
        title = _line("coach.update_goal", goal=goal.title)
        return Preview(title, tuple(before), tuple(after), _goal_basis(goal))

    async def _update(self, scene: Scene, params: UpdateGoal, actor: Actor) -> None:
        goal = (await self._coach.goals.get(scene.owner, params.goal_id)).goal
        draft = GoalDraft(
            title=params.title or goal.title,
            description=goal.description,
            category=goal.category,
            priority=goal.priority,
            progress=goal.progress if params.progress is None else params.progress,
            target_date=params.target_date or goal.target_date,
        )
        await self._coach.goals.update(actor, scene.owner, params.goal_id, draft)

    async def _see_if_then(self, scene: Scene, params: IfThen) -> Preview:
        task = await self._coach.tasks.get(scene.owner, params.task_id)
        before = (_line("text", text=task.if_then),) if task.if_then else ()
        after = (_line("text", text=params.text),)
        return Preview(_line("coach.if_then", task=task.title), before, after, _task_basis(task))

    async def _if_then(self, scene: Scene, params: IfThen, actor: Actor) -> None:
        await self._coach.tasks.set_if_then(actor, scene.owner, params.task_id, params.text)

    async def _see_log(self, scene: Scene, params: LogMetric) -> Preview:
        return Preview(_line("coach.log", measure=params.measure), after=(_line("text", text=f"{params.value:g}"),))

    async def _log(self, scene: Scene, params: LogMetric, actor: Actor) -> None:
        await self._coach.progress.log(actor, scene.owner, params.measure, params.value)

    async def _see_remind(self, scene: Scene, params: Remind) -> Preview:
        after = _line("coach.at", when=f"{params.day.isoformat()} {params.hour:02}:00")
        return Preview(_line("coach.remind", text=params.text), after=(after,))

    async def _remind(self, scene: Scene, params: Remind, actor: Actor) -> None:
        at = await self._at(scene.owner, params.day, params.hour)
        await self._coach.reminders.add(actor, scene.owner, params.text, at)

    async def _at(self, owner: int, day: date, hour: int) -> datetime:
        zone = await self._people.zone(owner)
        return at_local(day, time(hour), zone.key)


class WeekInput:
    """This week's plan: titles, areas, days, what is done."""

    kind = InputKind.WEEK
    sends = Item(
        "week",
        (
            "week_of",
            "tasks.task_id",
            "tasks.title",
            "tasks.area",
            "tasks.status",
            "tasks.at",
            "tasks.due",
            "tasks.carried",
        ),
    )

    def __init__(self, coach: CoachService, say: Say) -> None:
        self._coach = coach
        self._say = say

    async def resolve(self, owner: int, ref: str, now: datetime) -> Resolved:
        view = await self._current(owner)
        if view is None:
            return Resolved(InputRef(self.kind), "This week", None)
        tasks: list[JsonValue] = [
            {
                "task_id": task.id,
                "title": task.title,
                "area": str(task.focus_area),
                "status": str(task.status),
                "at": _when(task.at),
                "due": task.due.isoformat() if task.due else None,
                "carried": task.carry_count,
            }
            for task in view.tasks
        ]
        return Resolved(InputRef(self.kind), "This week", {"week_of": view.week.week_start.isoformat(), "tasks": tasks})

    async def ideas(self, owner: int, ref: str, now: datetime) -> Sequence[Idea]:
        view = await self._current(owner)
        if view is None:
            return []
        ideas = []
        for task in view.open:
            if task.due is not None and task.due < now.date() and task.at is None:
                tomorrow = (now + timedelta(days=1)).date().isoformat()
                params = {"task_id": task.id, "day": tomorrow, "hour": NOON}
                summary = self._say("mission.rules.reschedule", task=task.title)
                ideas.append(Idea("coach.reschedule_task", params, summary, self._say("mission.rules.past_day"), 0.7))
            elif task.carry_count >= 3:
                summary = self._say("mission.rules.let_go", task=task.title)
                why = self._say("mission.rules.carried", count=task.carry_count)
                ideas.append(Idea("coach.let_go_task", {"task_id": task.id}, summary, why, 0.4))
        return ideas

    async def choices(self, owner: int) -> Sequence[Choice]:
        return [Choice(InputRef(self.kind), self._say("mission.input.week"))]

    async def _current(self, owner: int) -> WeekView | None:
        try:
            return await self._coach.weeks.current(owner)
        except BotError:
            return None


class GoalsInput:
    """Goals: titles, progress, days. No notes, no plans of the person's own."""

    kind = InputKind.GOALS
    sends = Item("goals", ("goal_id", "title", "category", "status", "progress_percent", "target_date"))

    def __init__(self, coach: CoachService, say: Say) -> None:
        self._coach = coach
        self._say = say

    async def resolve(self, owner: int, ref: str, now: datetime) -> Resolved:
        goals: list[JsonValue] = [
            {
                "goal_id": view.goal.id,
                "title": view.goal.title,
                "category": str(view.goal.category),
                "status": str(view.goal.status),
                "progress_percent": round(view.goal.progress),
                "target_date": view.goal.target_date.isoformat() if view.goal.target_date else None,
            }
            for view in await self._all(owner)
        ]
        return Resolved(InputRef(self.kind), "Goals", goals or None)

    async def ideas(self, owner: int, ref: str, now: datetime) -> Sequence[Idea]:
        ideas = []
        for view in await self._all(owner):
            goal = view.goal
            if goal.status is GoalStatus.ACTIVE and goal.target_date is not None and goal.target_date < now.date():
                later = (now + timedelta(days=28)).date().isoformat()
                params = {"goal_id": goal.id, "target_date": later}
                summary = self._say("mission.rules.goal_later", goal=goal.title)
                ideas.append(Idea("coach.update_goal", params, summary, self._say("mission.rules.goal_past"), 0.6))
        return ideas

    async def choices(self, owner: int) -> Sequence[Choice]:
        return [Choice(InputRef(self.kind), self._say("mission.input.goals"))]

    async def _all(self, owner: int) -> list[GoalView]:
        try:
            return await self._coach.goals.all(owner)
        except BotError:
            return []


def _line(name: str, /, **parts: object) -> Line:
    return Line(f"mission.tool.{name}", parts)


def _when(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else None


def _task_basis(task: Task) -> str:
    return fingerprint(
        {"id": task.id, "title": task.title, "status": str(task.status), "at": _when(task.at), "plan": task.if_then}
    )


def _goal_basis(goal: Goal) -> str:
    return fingerprint(
        {
            "id": goal.id,
            "title": goal.title,
            "status": str(goal.status),
            "progress": goal.progress,
            "date": str(goal.target_date),
        }
    )
