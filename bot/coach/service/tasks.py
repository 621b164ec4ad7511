"""Use cases of one task: done, skip, split, schedule, swap, let go, if-then, own tasks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.actors import Actor, OwnerId
from bot.coach.dates import at_local
from bot.coach.goals import checked_title
from bot.coach.model import (
    Effort,
    FocusArea,
    GoalId,
    GoalStatus,
    Session,
    SessionId,
    Task,
    TaskId,
    TaskSource,
    TaskStatus,
)
from bot.coach.safety import is_crisis
from bot.coach.seats import Frame, WeekShape, areas_of, minutes_for
from bot.coach.service.desk import Desk, Sitting
from bot.coach.service.planning import WEEK, Around, close_past, generate, look_around, new_task, offered_before
from bot.coach.service.weeks import CrisisFound
from bot.coach.week import Kept, WeekInputs, build_week
from bot.errors import AlreadyDone, NotFound, Refused
from bot.say.dates import monday_of
from storage.repositories.coach_goals import CoachGoalRepository
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository
from storage.unit import Reading, Unit

IF_THEN_MAX = 200
MINUTES = range(5, 481)
FUZZY_MIN = 45


@dataclass(frozen=True, slots=True)
class TaskChanged:
    """The task as it is now, its week's Monday, and the group for Undo."""

    task: Task
    monday: date
    group_id: str


@dataclass(frozen=True, slots=True)
class TaskDraft:
    """An own task. `minutes` None: the usual minutes of the area."""

    title: str
    area: FocusArea | None = None
    effort: Effort = Effort.LOW
    minutes: int | None = None
    goal_id: str | None = None
    if_then: str | None = None
    loop_clip_id: str | None = None
    due: date | None = None
    hard: bool = False
    how: str = ""
    source: TaskSource = TaskSource.USER


class TaskService:
    """One door for tasks. The coach's tasks only: never a clip, a release or anything of another area."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def get(self, owner: OwnerId, task_id: str) -> Task:
        async with self._desk.read(owner) as sitting:
            return await self._task(sitting, task_id)

    async def search(self, owner: OwnerId, typed: str, limit: int = 25) -> list[Task]:
        """Return this and last week's tasks that fit what was typed, open ones first."""
        async with self._desk.read(owner) as sitting:
            found = await self._recent(sitting)
        if typed.strip():
            titles = {task.id: task.title for task in found}
            # Loaded with its first use: an idle bot need not hold it.
            from rapidfuzz import process

            ranked = process.extract(typed, titles, limit=limit, score_cutoff=FUZZY_MIN, processor=str.casefold)
            order = {str(key): place for place, (_, _, key) in enumerate(ranked)}
            found = sorted((task for task in found if task.id in order), key=lambda task: order[task.id])
        return sorted(found, key=lambda task: not task.is_open)[:limit]

    async def done(self, actor: Actor, owner: OwnerId, task_id: str) -> TaskChanged:
        """Tick a task. A late tick counts for its own week for seven days and closes the carried copy."""
        async with self._desk.write(actor, owner, "task_done") as sitting:
            task, week = await self._with_week(sitting, task_id)
            if task.status is TaskStatus.DONE:
                raise AlreadyDone("coach_task_done", task=task.title, when=task.decided_at)
            self._require_in_time(sitting, week)
            changed = await self._tick(sitting, task, week)
            return TaskChanged(changed, week.week_start, sitting.unit.group_id)

    async def tick(self, actor: Actor, owner: OwnerId, task_ids: Sequence[str]) -> int:
        """Tick several at once; what is decided already stays as it is. An old card may tick late, as `done` does."""
        count = 0
        async with self._desk.write(actor, owner, "task_done") as sitting:
            tasks, weeks = sitting.unit.repo(CoachTaskRepository), sitting.unit.repo(CoachWeekRepository)
            for task_id in task_ids:
                task = await tasks.get(task_id)
                week = await weeks.get(task.session_id) if task is not None else None
                if task is None or week is None or not self._may_tick(sitting, task, week):
                    continue
                await self._tick(sitting, task, week)
                count += 1
        return count

    async def skip(self, actor: Actor, owner: OwnerId, task_id: str) -> TaskChanged:
        return await self._decide(actor, owner, "task_skip", task_id, TaskStatus.SKIPPED)

    async def let_go(self, actor: Actor, owner: OwnerId, task_id: str) -> TaskChanged:
        """Let a task go: a decision, in neither side of the completion."""
        return await self._decide(actor, owner, "task_let_go", task_id, TaskStatus.LET_GO)

    async def schedule(
        self, actor: Actor, owner: OwnerId, task_id: str, at: datetime, if_then: str | None = None
    ) -> TaskChanged:
        """Give a task a time of its own, this week or the next; a waiting choice moves into this week."""
        _check_words(if_then)
        around = await look_around(self._desk, owner)
        async with self._desk.write(actor, owner, "task_schedule") as sitting:
            task, week = await self._movable(sitting, task_id, around)
            if at <= sitting.now:
                raise Refused("coach_time_past")
            changed = replace(task, at=at, if_then=_if_then(if_then) or task.if_then)
            await sitting.unit.repo(CoachTaskRepository).save(changed)
            return TaskChanged(changed, week.week_start, sitting.unit.group_id)

    async def reschedule(self, actor: Actor, owner: OwnerId, task_id: str, at: datetime) -> TaskChanged:
        """The missions' name of `schedule`."""
        return await self.schedule(actor, owner, task_id, at)

    async def split(self, actor: Actor, owner: OwnerId, task_id: str, first: str, second: str) -> TaskChanged:
        """Put two smaller tasks in place of one; the old one is let go."""
        limits = self._desk.rules.limits
        titles = [checked_title(first, limits), checked_title(second, limits)]
        around = await look_around(self._desk, owner)
        async with self._desk.write(actor, owner, "task_split") as sitting:
            task, week = await self._movable(sitting, task_id, around)
            tasks = sitting.unit.repo(CoachTaskRepository)
            await tasks.save(replace(task, status=TaskStatus.LET_GO, decided_at=sitting.now))
            halves = [
                replace(
                    task,
                    id=TaskId(sitting.unit.new_id()),
                    title=title,
                    description="",
                    bank_id=None,
                    source=TaskSource.USER,
                    effort=Effort.LOW,
                    minutes=max(task.minutes // 2, 5),
                    carry_count=0,
                    carried_from=None,
                    status=TaskStatus.PLANNED,
                    created_at=sitting.now,
                )
                for title in titles
            ]
            await tasks.add(halves)
            return TaskChanged(halves[0], week.week_start, sitting.unit.group_id)

    async def swap(self, actor: Actor, owner: OwnerId, task_id: str) -> TaskChanged:
        """Put another task of the same area in place of one."""
        around = await look_around(self._desk, owner)
        async with self._desk.write(actor, owner, "task_swap") as sitting:
            task, week = await self._movable(sitting, task_id, around)
            tasks = sitting.unit.repo(CoachTaskRepository)
            others = [each for each in await tasks.of(week.id) if each.id != task.id]
            kept = [Kept(each.focus_area, each.effort, each.goal_id, each.bank_id) for each in others]
            # One seat more than is taken, and no more points than the task that leaves.
            frame = Frame(
                WeekShape.USUAL,
                {task.focus_area: sum(each.area is task.focus_area for each in kept) + 1},
                sum(each.effort for each in kept) + task.effort,
                int(task.effort is Effort.HIGH),
            )
            inputs = WeekInputs(
                user_id=sitting.profile.user_id,
                week_start=week.week_start,
                experience=sitting.profile.experience,
                frame=frame,
                bank=self._desk.bank(sitting.profile.role),
                phase=around.phase,
                goals=await sitting.unit.repo(CoachGoalRepository).all(GoalStatus.ACTIVE),
                releases=around.releases,
                offered=await offered_before(sitting, week.week_start),
                finished_once=await tasks.done_bank_ids(),
                kept=kept,
            )
            draft = build_week(inputs, self._desk.rules)
            if not draft.tasks:
                raise Refused("coach_nothing_to_swap")
            await tasks.save(replace(task, status=TaskStatus.LET_GO, decided_at=sitting.now))
            fresh = replace(new_task(sitting, week.id, draft.tasks[0], task.position), at=task.at)
            await tasks.add([fresh])
            return TaskChanged(fresh, week.week_start, sitting.unit.group_id)

    async def set_if_then(self, actor: Actor, owner: OwnerId, task_id: str, text: str) -> TaskChanged:
        """Write a task's if-then. Raises CrisisFound before anything is opened."""
        _check_words(text)
        async with self._desk.write(actor, owner, "task_if_then") as sitting:
            task, week = await self._with_week(sitting, task_id)
            changed = await sitting.unit.repo(CoachTaskRepository).save(replace(task, if_then=_if_then(text)))
            return TaskChanged(changed, week.week_start, sitting.unit.group_id)

    async def add(self, actor: Actor, owner: OwnerId, draft: TaskDraft, when: date | None = None) -> TaskChanged:
        """Add a task of the person's own to this or the next week; the plan grows by their own act."""
        around = await look_around(self._desk, owner)
        async with self._desk.write(actor, owner, "add_task") as sitting:
            return await self.add_in(sitting, draft, around, when)

    async def add_in(
        self, sitting: Sitting[Unit], draft: TaskDraft, around: Around, when: date | None = None
    ) -> TaskChanged:
        """Add a task inside a sitting that does more than that."""
        title = checked_title(draft.title, self._desk.rules.limits)
        _check_words(draft.if_then)
        area = draft.area or areas_of(sitting.profile.role)[0]
        if area is not FocusArea.WELLBEING and area not in areas_of(sitting.profile.role):
            raise Refused("coach_area", area=str(area))
        minutes = draft.minutes or minutes_for(area, draft.effort, self._desk.rules)
        if minutes not in MINUTES:
            raise Refused("coach_minutes", low=MINUTES.start, high=MINUTES.stop - 1)
        goal = await sitting.unit.repo(CoachGoalRepository).get(draft.goal_id) if draft.goal_id else None
        if draft.goal_id and goal is None:
            raise NotFound("goal", "/coach goals")
        week = await self._week(sitting, monday_of(when) if when else sitting.monday, around)
        tasks = sitting.unit.repo(CoachTaskRepository)
        position = max((task.position for task in await tasks.of(week.id)), default=-1) + 1
        task = Task(
            id=TaskId(sitting.unit.new_id()),
            session_id=SessionId(week.id),
            bank_id=None,
            focus_area=area,
            title=title,
            description=draft.how,
            effort=draft.effort,
            minutes=minutes,
            status=TaskStatus.PLANNED,
            source=draft.source,
            position=position,
            created_at=sitting.now,
            if_then=_if_then(draft.if_then),
            due=draft.due,
            hard=draft.hard and draft.due is not None,
            goal_id=GoalId(goal.id) if goal else None,
            loop_clip_id=draft.loop_clip_id,
        )
        await tasks.add([task])
        return TaskChanged(task, week.week_start, sitting.unit.group_id)

    async def _tick(self, sitting: Sitting[Unit], task: Task, week: Session) -> Task:
        tasks = sitting.unit.repo(CoachTaskRepository)
        changed = await tasks.save(replace(task, status=TaskStatus.DONE, decided_at=sitting.now))
        copy = await tasks.copy_of(task.id)
        if copy is not None and copy.is_open:
            await tasks.save(replace(copy, status=TaskStatus.LET_GO, decided_at=sitting.now))
        await self._complete_if_decided(sitting, week)
        return changed

    def _may_tick(self, sitting: Sitting[Reading], task: Task, week: Session) -> bool:
        """Say whether an old card may tick a task: it is open, or its week's end closed it lately."""
        closed = task.status in (TaskStatus.CARRIED, TaskStatus.SKIPPED) and week.closed_at == task.decided_at
        return (task.is_open or closed) and self._in_time(sitting, week)

    async def _decide(
        self, actor: Actor, owner: OwnerId, operation: str, task_id: str, status: TaskStatus
    ) -> TaskChanged:
        async with self._desk.write(actor, owner, operation) as sitting:
            task, week = await self._with_week(sitting, task_id)
            if task.status is status and not self._is_choice(task, week):
                raise AlreadyDone("coach_task_decided", task=task.title, when=task.decided_at)
            if task.status is TaskStatus.DONE:
                raise AlreadyDone("coach_task_done", task=task.title, when=task.decided_at)
            self._require_in_time(sitting, week)
            changed = await sitting.unit.repo(CoachTaskRepository).save(
                replace(task, status=status, decided_at=sitting.now)
            )
            if self._is_choice(task, week):
                choices = tuple(each for each in week.choices if each != task.id)
                await sitting.unit.repo(CoachWeekRepository).save(replace(week, choices=choices))
            else:
                await self._complete_if_decided(sitting, week)
            return TaskChanged(changed, week.week_start, sitting.unit.group_id)

    async def _movable(self, sitting: Sitting[Unit], task_id: str, around: Around) -> tuple[Task, Session]:
        """Return an open task and its week; a waiting choice is first copied into this week."""
        task, week = await self._with_week(sitting, task_id)
        if task.is_open:
            return task, week
        if not self._is_choice(task, week):
            raise AlreadyDone("coach_task_decided", task=task.title, when=task.decided_at)
        weeks = sitting.unit.repo(CoachWeekRepository)
        tasks = sitting.unit.repo(CoachTaskRepository)
        await weeks.save(replace(week, choices=tuple(each for each in week.choices if each != task.id)))
        here = await self._week(sitting, sitting.monday, around)
        fresh = replace(
            task,
            id=TaskId(sitting.unit.new_id()),
            session_id=here.id,
            status=TaskStatus.PLANNED,
            carry_count=0,
            carried_from=None,
            source=TaskSource.USER,
            position=max((each.position for each in await tasks.of(here.id)), default=-1) + 1,
            decided_at=None,
        )
        await tasks.add([fresh])
        return fresh, here

    async def _week(self, sitting: Sitting[Unit], monday: date, around: Around) -> Session:
        await close_past(sitting, self._desk)
        if not sitting.monday <= monday <= sitting.monday + WEEK:
            raise Refused("coach_week_ahead")
        found = await sitting.unit.repo(CoachWeekRepository).of(monday)
        return found or await generate(sitting, self._desk, monday, around)

    async def _complete_if_decided(self, sitting: Sitting[Unit], week: Session) -> None:
        tasks = await sitting.unit.repo(CoachTaskRepository).of(week.id)
        if week.closed_at is None and tasks and not any(task.is_open for task in tasks) and not week.completed:
            await sitting.unit.repo(CoachWeekRepository).save(replace(week, completed=True))

    async def _recent(self, sitting: Sitting[Reading]) -> list[Task]:
        weeks = await sitting.unit.repo(CoachWeekRepository).since(sitting.monday - WEEK)
        tasks = await sitting.unit.repo(CoachTaskRepository).of_weeks([week.id for week in weeks])
        found: list[Task] = []
        for week in reversed(weeks):
            in_time = self._in_time(sitting, week)
            own = tasks[week.id]
            found += [task for task in own if task.is_open or task.id in week.choices or (in_time and week.closed_at)]
        return found

    async def _with_week(self, sitting: Sitting[Reading], task_id: str) -> tuple[Task, Session]:
        task = await self._task(sitting, task_id)
        week = await sitting.unit.repo(CoachWeekRepository).get(task.session_id)
        if week is None:
            raise NotFound("task", "/coach plan")
        return task, week

    async def _task(self, sitting: Sitting[Reading], task_id: str) -> Task:
        task = await sitting.unit.repo(CoachTaskRepository).get(task_id)
        if task is None:
            raise NotFound("task", "/coach plan")
        return task

    def _require_in_time(self, sitting: Sitting[Reading], week: Session) -> None:
        if not self._in_time(sitting, week):
            raise Refused("coach_week_closed")

    def _in_time(self, sitting: Sitting[Reading], week: Session) -> bool:
        """Say whether a tick still counts for its week: seven days after the week's end."""
        end = at_local(week.week_start + WEEK, datetime.min.time(), sitting.zone)
        return sitting.now < end + timedelta(days=self._desk.rules.late_tick_days)

    @staticmethod
    def _is_choice(task: Task, week: Session) -> bool:
        return task.id in week.choices and task.status is TaskStatus.SKIPPED


def _check_words(text: str | None) -> None:
    if text and is_crisis(text):
        raise CrisisFound


def _if_then(text: str | None) -> str | None:
    tidy = " ".join((text or "").split())
    if len(tidy) > IF_THEN_MAX:
        raise Refused("coach_if_then_long", max=IF_THEN_MAX, length=len(tidy))
    return tidy or None
