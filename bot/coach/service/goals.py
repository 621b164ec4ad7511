"""Use cases of goals: make, change, complete, reopen, WOOP, forecast, suggestions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import isfinite

from bot.actors import Actor, OwnerId
from bot.coach.content import Pathway, load_pathways
from bot.coach.dates import week_start
from bot.coach.forecast import GOAL_END, Forecast, forecast
from bot.coach.goals import (
    GoalDraft,
    Suggestion,
    checked,
    checked_progress,
    completed,
    latest,
    progress_from,
    reopened,
    suggestions,
    weekly_increments,
)
from bot.coach.metrics import VALUE_MAX, checked_name, metric
from bot.coach.model import (
    Aggregate,
    Goal,
    GoalCategory,
    GoalId,
    GoalStatus,
    LoopFact,
    MetricKind,
    Progress,
    Release,
    Woop,
)
from bot.coach.safety import is_crisis
from bot.coach.service.desk import Desk, Sitting
from bot.coach.service.weeks import CrisisFound
from bot.errors import AlreadyDone, NotFound, Refused
from storage.repositories.coach_goals import CoachGoalRepository, CoachProgressRepository
from storage.repositories.coach_weeks import CoachTaskRepository
from storage.unit import Reading, Unit

WOOP_MAX = 300
UNIT_MAX = 20
GOAL_METRIC = "goal_progress"
"""Metric under which the progress of goals is recorded, one row a change."""


@dataclass(frozen=True, slots=True)
class GoalView:
    goal: Goal
    forecast: Forecast | None
    tasks_open: int = 0

    @property
    def offers_completion(self) -> bool:
        return self.goal.status is GoalStatus.ACTIVE and self.goal.progress >= GOAL_END


@dataclass(frozen=True, slots=True)
class GoalChanged:
    view: GoalView
    group_id: str


class GoalService:
    """One door for goals."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def all(self, owner: OwnerId, status: GoalStatus | None = None) -> list[GoalView]:
        """Return goals, active first, each with its forecast."""
        async with self._desk.read(owner) as sitting:
            goals = await sitting.unit.repo(CoachGoalRepository).all(status)
            return [await self._view(sitting, goal) for goal in goals]

    async def get(self, owner: OwnerId, goal_id: str) -> GoalView:
        async with self._desk.read(owner) as sitting:
            return await self._view(sitting, await self._goal(sitting, goal_id))

    async def add(self, actor: Actor, owner: OwnerId, draft: GoalDraft) -> GoalChanged:
        """Make a goal. Raises Refused for a title, text or progress outside what is accepted, or for too many."""
        async with self._desk.write(actor, owner, "add_goal") as sitting:
            return await self._add(sitting, draft)

    async def update(self, actor: Actor, owner: OwnerId, goal_id: str, draft: GoalDraft) -> GoalChanged:
        """Change a goal's words, category, priority, date or progress. 100 offers completion, never does it."""
        tidy = _readable(checked(draft, self._desk.rules.limits))
        async with self._desk.write(actor, owner, "update_goal") as sitting:
            goal = await self._goal(sitting, goal_id)
            changed = replace(
                goal,
                title=tidy.title,
                description=tidy.description,
                category=tidy.category,
                priority=tidy.priority,
                progress=tidy.progress if goal.status is not GoalStatus.COMPLETED else goal.progress,
                target_date=tidy.target_date,
            )
            return await self._save(sitting, goal, changed)

    async def set_progress(self, actor: Actor, owner: OwnerId, goal_id: str, progress: float) -> GoalChanged:
        value = checked_progress(progress)
        async with self._desk.write(actor, owner, "goal_progress") as sitting:
            goal = await self._goal(sitting, goal_id)
            if goal.status is GoalStatus.COMPLETED:
                raise AlreadyDone("coach_goal_completed", goal=goal.title)
            return await self._save(sitting, goal, replace(goal, progress=value))

    async def complete(self, actor: Actor, owner: OwnerId, goal_id: str) -> GoalChanged:
        async with self._desk.write(actor, owner, "complete_goal") as sitting:
            goal = await self._goal(sitting, goal_id)
            if goal.status is GoalStatus.COMPLETED:
                raise AlreadyDone("coach_goal_completed", goal=goal.title)
            return await self._save(sitting, goal, completed(goal, sitting.now))

    async def reopen(self, actor: Actor, owner: OwnerId, goal_id: str) -> GoalChanged:
        """Make a paused or completed goal active again."""
        async with self._desk.write(actor, owner, "reopen_goal") as sitting:
            goal = await self._goal(sitting, goal_id)
            if goal.status is GoalStatus.ACTIVE:
                return GoalChanged(await self._view(sitting, goal), sitting.unit.group_id)
            await self._require_room(sitting.unit.repo(CoachGoalRepository))
            return await self._save(sitting, goal, reopened(goal))

    async def pause(self, actor: Actor, owner: OwnerId, goal_id: str) -> GoalChanged:
        async with self._desk.write(actor, owner, "pause_goal") as sitting:
            goal = await self._goal(sitting, goal_id)
            if goal.status is GoalStatus.COMPLETED:
                raise AlreadyDone("coach_goal_completed", goal=goal.title)
            return await self._save(sitting, goal, replace(goal, status=GoalStatus.PAUSED))

    async def delete(self, actor: Actor, owner: OwnerId, goal_id: str) -> str:
        """Delete a goal; its tasks and measures stay without it. Return the group for Undo."""
        async with self._desk.write(actor, owner, "delete_goal") as sitting:
            goal = await self._goal(sitting, goal_id)
            tasks = sitting.unit.repo(CoachTaskRepository)
            for task in await tasks.tied_to(goal.id):
                await tasks.save(replace(task, goal_id=None))
            await sitting.unit.repo(CoachProgressRepository).unlink_goal(goal.id)
            await sitting.unit.repo(CoachGoalRepository).remove(goal.id)
            return sitting.unit.group_id

    async def set_woop(self, actor: Actor, owner: OwnerId, goal_id: str, woop: Woop) -> GoalChanged:
        """Keep wish, outcome, obstacle and plan. Raises CrisisFound before anything is opened."""
        texts = [text.strip() for text in (woop.wish, woop.outcome, woop.obstacle, woop.plan)]
        if is_crisis(*texts):
            raise CrisisFound
        if any(len(text) > WOOP_MAX for text in texts):
            raise Refused("coach_woop_long", max=WOOP_MAX)
        async with self._desk.write(actor, owner, "woop") as sitting:
            goal = await self._goal(sitting, goal_id)
            kept = Woop(*texts) if any(texts) else None
            return await self._save(sitting, goal, replace(goal, woop=kept))

    async def suggestions(self, owner: OwnerId) -> list[Suggestion]:
        """Return goals to offer where there is a gap; what was put away rests for a month."""
        around = await self._around(owner)
        async with self._desk.read(owner) as sitting:
            return await self._offered(sitting, *around)

    async def take_suggestion(self, actor: Actor, owner: OwnerId, key: str, title: str) -> GoalChanged:
        """Make a goal of a suggestion. Raises AlreadyDone for a second press, also one at the same time."""
        around = await self._around(owner)
        async with self._desk.write(actor, owner, "add_goal") as sitting:
            offered = {each.key: each for each in await self._offered(sitting, *around)}
            suggestion = offered.get(key)
            if suggestion is None:
                raise AlreadyDone("coach_suggestion_taken")
            draft = GoalDraft(
                title, category=suggestion.category, priority=suggestion.priority, target_date=suggestion.target_date
            )
            return await self._add(sitting, draft)

    async def pathways(self, owner: OwnerId) -> tuple[Pathway, ...]:
        """Return what could be learned next, by the person's role and level."""
        async with self._desk.read(owner) as sitting:
            return load_pathways(sitting.profile.role, sitting.profile.experience)

    async def take_pathway(self, actor: Actor, owner: OwnerId, key: str, description: str) -> GoalChanged:
        """Make a goal of a pathway, due when its weeks are over. Raises AlreadyDone where it is one, Refused."""
        async with self._desk.write(actor, owner, "add_goal") as sitting:
            known = load_pathways(sitting.profile.role, sitting.profile.experience)
            pathway = next((each for each in known if each.key == key), None)
            if pathway is None:
                raise Refused("coach_pathway_gone")
            goals = await sitting.unit.repo(CoachGoalRepository).all(GoalStatus.ACTIVE)
            if any(goal.title == pathway.name for goal in goals):
                raise AlreadyDone("coach_pathway_taken", name=pathway.name)
            due = sitting.today + timedelta(weeks=pathway.weeks)
            return await self._add(
                sitting, GoalDraft(pathway.name, description, category=GoalCategory.SKILLS, target_date=due)
            )

    async def _around(self, owner: OwnerId) -> tuple[Sequence[LoopFact], Sequence[Release]]:
        loops = self._desk.sources.loops
        return await loops.loops(owner), await loops.releases(owner)

    async def _offered(
        self, sitting: Sitting[Reading], loops: Sequence[LoopFact], releases: Sequence[Release]
    ) -> list[Suggestion]:
        rest = timedelta(days=self._desk.rules.suggestion_rest_days)
        away = {key for key, at in sitting.state.dismissed.items() if sitting.now - at < rest}
        goals = await sitting.unit.repo(CoachGoalRepository).all()
        profile = sitting.profile
        return suggestions(profile.role, profile.experience, goals, releases, loops, away, sitting.today)

    async def _add(self, sitting: Sitting[Unit], draft: GoalDraft) -> GoalChanged:
        tidy = _readable(checked(draft, self._desk.rules.limits))
        goals = sitting.unit.repo(CoachGoalRepository)
        await self._require_room(goals)
        goal = Goal(
            id=GoalId(sitting.unit.new_id()),
            title=tidy.title,
            description=tidy.description,
            category=tidy.category,
            status=GoalStatus.ACTIVE,
            priority=tidy.priority,
            progress=tidy.progress,
            created_at=sitting.now,
            target_date=tidy.target_date,
            metric=tidy.metric,
            start_value=tidy.start_value,
            target_value=tidy.target_value,
            unit=tidy.unit,
        )
        await goals.add(goal)
        await record_progress(sitting, goal)
        return GoalChanged(await self._view(sitting, goal), sitting.unit.group_id)

    async def measure(
        self, actor: Actor, owner: OwnerId, goal_id: str, name: str, start: float, target: float, unit: str = ""
    ) -> GoalChanged:
        """Let a goal follow a measure from `start` to `target`; its newest value sets the progress at once."""
        known = metric(checked_name(name))
        if not all(isfinite(value) and abs(value) <= VALUE_MAX for value in (start, target)) or start == target:
            raise Refused("coach_goal_range")
        async with self._desk.write(actor, owner, "goal_measure") as sitting:
            goal = await self._goal(sitting, goal_id)
            if goal.status is GoalStatus.COMPLETED:
                raise AlreadyDone("coach_goal_completed", goal=goal.title)
            changed = replace(
                goal, metric=known.name, start_value=start, target_value=target, unit=unit.strip()[:UNIT_MAX] or None
            )
            every = await sitting.unit.repo(CoachProgressRepository).since(sitting.now - timedelta(days=366))
            newest = latest(every, known.name)
            moved = progress_from(changed, newest.value) if newest is not None else None
            return await self._save(sitting, goal, changed if moved is None else replace(changed, progress=moved))

    async def _save(self, sitting: Sitting[Unit], before: Goal, goal: Goal) -> GoalChanged:
        await sitting.unit.repo(CoachGoalRepository).save(goal)
        if goal.progress != before.progress:
            await record_progress(sitting, goal)
        return GoalChanged(await self._view(sitting, goal), sitting.unit.group_id)

    async def _view(self, sitting: Sitting[Reading], goal: Goal) -> GoalView:
        tasks = await sitting.unit.repo(CoachTaskRepository).tied_to(goal.id)
        found = None
        if goal.status is GoalStatus.ACTIVE:
            records = await sitting.unit.repo(CoachProgressRepository).of_goal(goal.id)
            steps = weekly_increments(_weekly(records, sitting.zone, sitting.monday))
            found = forecast(
                goal.id, steps, GOAL_END - goal.progress, sitting.today, goal.target_date, self._desk.rules.forecast
            )
        return GoalView(goal, found, sum(task.is_open for task in tasks))

    async def _goal(self, sitting: Sitting[Reading], goal_id: str) -> Goal:
        goal = await sitting.unit.repo(CoachGoalRepository).get(goal_id)
        if goal is None:
            raise NotFound("goal", "/coach goals")
        return goal

    async def _require_room(self, goals: CoachGoalRepository[Reading]) -> None:
        most = self._desk.rules.limits.active_goals
        if await goals.count_active() >= most:
            raise Refused("coach_goals_full", max=most)


def _readable(draft: GoalDraft) -> GoalDraft:
    """Let a description through the crisis path first; titles are never read that way."""
    if is_crisis(draft.description):
        raise CrisisFound
    return draft


async def record_progress(sitting: Sitting[Unit], goal: Goal) -> None:
    """Keep the progress of a goal over time; the forecast reads it."""
    record = Progress(
        id=sitting.unit.new_id(),
        metric=GOAL_METRIC,
        kind=MetricKind.OUTCOME,
        value=goal.progress,
        recorded_at=sitting.now,
        aggregate=Aggregate.LAST,
        goal_id=goal.id,
    )
    await sitting.unit.repo(CoachProgressRepository).add([record])


def _weekly(records: Sequence[Progress], zone: str, this_monday: date) -> list[tuple[date, float]]:
    """Return (Monday, last progress) of each week with a record, and of this week, however it stands."""
    weeks = {week_start(record.recorded_at, zone): record.value for record in records}
    if weeks:
        weeks.setdefault(this_monday, records[-1].value)
    return sorted(weeks.items())
