"""Use cases of a week: make it, make it again, lighten it, rest, pause, reflect, close, look back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.actors import Actor, OwnerId
from bot.coach.adapt import Rule, consistency, weeks_in_motion
from bot.coach.dates import at_local, iso_week
from bot.coach.habits import is_due
from bot.coach.model import (
    FocusArea,
    Goal,
    GoalStatus,
    Habit,
    Profile,
    Reflections,
    Session,
    Task,
    TaskStatus,
    WeekState,
)
from bot.coach.safety import is_crisis
from bot.coach.seats import LIGHTER_SIZE, WeekShape, frame
from bot.coach.service.desk import Desk, Sitting
from bot.coach.service.planning import (
    WEEK,
    Around,
    area_counts,
    close_past,
    empty_week,
    fill,
    generate,
    is_replaceable,
    look_around,
    past_results,
    with_revision,
)
from bot.coach.week import top_goals
from bot.errors import AlreadyDone, BotError, NotFound, Refused
from bot.say.dates import monday_of
from storage.repositories.coach_goals import CoachGoalRepository
from storage.repositories.coach_habits import CoachHabitRepository
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository
from storage.unit import Reading, Unit

REFLECTION_ITEMS = 5
REFLECTION_LENGTH = 300
PAUSE_DAYS_MAX = 366


class CrisisFound(BotError):
    """Free text addressed to the coach held a crisis phrase. It carries nothing of the text.

    Not a Refused: a refused form is kept for Edit again, and this text is not kept anywhere.
    """

    code = "coach_crisis"

    def __init__(self) -> None:
        super().__init__("coach_crisis")


@dataclass(frozen=True, slots=True)
class WeekView:
    """Everything a week card shows."""

    profile: Profile
    week: Session
    tasks: tuple[Task, ...]
    choices: tuple[Task, ...] = ()
    expired: tuple[Task, ...] = ()
    habits_due: tuple[Habit, ...] = ()
    plans: tuple[Goal, ...] = ()
    """Goals whose if-then plan returns on the card."""
    consistency: float | None = None
    motion: tuple[int, int] = (0, 0)
    offer_more: bool = False
    asks_why: bool = False
    is_new: bool = False

    @property
    def counted(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.status is not TaskStatus.LET_GO)

    @property
    def done(self) -> int:
        return sum(task.status is TaskStatus.DONE for task in self.tasks)

    @property
    def open(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.is_open)

    @property
    def areas(self) -> list[tuple[FocusArea, int, int]]:
        return area_counts(self.tasks, self.profile.role)


@dataclass(frozen=True, slots=True)
class Changed:
    """What a use case did: the week now, and the group for Undo."""

    view: WeekView
    group_id: str


class WeekService:
    """One door for weeks."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def plan(self, actor: Actor, owner: OwnerId, monday: date | None = None) -> WeekView:
        """Return a week: made if it is this or the next one and there is none, else as it was.

        Raises NotFound for a past week without a plan, Refused for one further ahead.
        """
        around = await look_around(self._desk, owner)
        async with self._desk.write(actor, owner, "plan") as sitting:
            await close_past(sitting, self._desk)
            wanted = monday_of(monday) if monday else sitting.monday
            weeks = sitting.unit.repo(CoachWeekRepository)
            week = await weeks.of(wanted)
            is_new = False
            if week is None:
                if wanted < sitting.monday:
                    raise NotFound("week", "/coach history")
                if wanted > sitting.monday + WEEK:
                    raise Refused("coach_week_ahead")
                week = await generate(sitting, self._desk, wanted, around)
                is_new = True
            return replace(await self.view(sitting, week), is_new=is_new)

    async def current(self, owner: OwnerId) -> WeekView | None:
        """Return this week if it is planned, changing nothing."""
        async with self._desk.read(owner) as sitting:
            week = await sitting.unit.repo(CoachWeekRepository).of(sitting.monday)
            return None if week is None else await self.view(sitting, week)

    async def regenerate(self, actor: Actor, owner: OwnerId, monday: date) -> Changed:
        """Replace what is still planned and ours; ticks, if-thens, own and carried tasks stay."""
        around = await look_around(self._desk, owner)
        async with self._desk.write(actor, owner, "regenerate") as sitting:
            week = await self._open_week(sitting, monday)
            changed = await self._refill(sitting, week, around, WeekShape(week.plan.shape), week.plan.size)
            return Changed(await self.view(sitting, changed), sitting.unit.group_id)

    async def lighter(self, actor: Actor, owner: OwnerId, monday: date | None = None) -> Changed:
        """Make this week a lighter one; a second press changes nothing."""
        around = await look_around(self._desk, owner)
        async with self._desk.write(actor, owner, "lighter") as sitting:
            await close_past(sitting, self._desk)
            wanted = monday or sitting.monday
            week = await sitting.unit.repo(CoachWeekRepository).of(wanted)
            if week is None:
                week = await generate(sitting, self._desk, wanted, around, WeekShape.LIGHTER)
            elif week.closed_at is not None:
                raise Refused("coach_week_closed")
            elif week.plan.shape == WeekShape.USUAL:
                week = await self._refill(sitting, week, around, WeekShape.LIGHTER, LIGHTER_SIZE)
            return Changed(await self.view(sitting, week), sitting.unit.group_id)

    async def grow(self, actor: Actor, owner: OwnerId) -> Changed:
        """Take the offer of one more task a week; from the present plan on, by the person's own act."""
        around = await look_around(self._desk, owner)
        async with self._desk.write(actor, owner, "grow") as sitting:
            week = await self._open_week(sitting, sitting.monday)
            if week.plan.rule != Rule.OFFER_MORE or week.plan.size > sitting.profile.plan_size:
                raise AlreadyDone("coach_grown")
            size = min(sitting.profile.plan_size + 1, self._desk.rules.adapt.ceiling)
            await sitting.save_profile(replace(sitting.profile, plan_size=size))
            kept = await sitting.unit.repo(CoachTaskRepository).of(week.id)
            given = frame(
                sitting.profile.role, sitting.profile.preferences.pacing, size, WeekShape.USUAL, self._desk.rules
            )
            week = replace(week, plan=replace(week.plan, rule=str(Rule.HOLD)))
            changed = await fill(sitting, self._desk, week, given, around, kept)
            return Changed(await self.view(sitting, changed), sitting.unit.group_id)

    async def rest(self, actor: Actor, owner: OwnerId, monday: date | None = None) -> Changed:
        """Make a week a planned rest: nothing of it counts. Twice changes nothing."""
        async with self._desk.write(actor, owner, "rest") as sitting:
            await close_past(sitting, self._desk)
            wanted = monday_of(monday) if monday else sitting.monday
            if wanted < sitting.monday:
                raise Refused("coach_week_closed")
            weeks = sitting.unit.repo(CoachWeekRepository)
            week = await weeks.of(wanted)
            if week is None:
                week = await weeks.add(empty_week(sitting, wanted, WeekState.REST))
            elif week.state is not WeekState.REST:
                week = await weeks.save(replace(week, state=WeekState.REST))
            return Changed(await self.view(sitting, week), sitting.unit.group_id)

    async def pause(self, actor: Actor, owner: OwnerId, until: date) -> str:
        """Pause the coach, reminders and digests until a day; return the group for Undo."""
        async with self._desk.write(actor, owner, "pause") as sitting:
            if until <= sitting.today or (until - sitting.today).days > PAUSE_DAYS_MAX:
                raise Refused("coach_pause_until", until=until.isoformat())
            profile = replace(sitting.profile, paused_from=sitting.today, paused_until=until)
            await sitting.save_profile(profile)
            wake = at_local(until, sitting.settings.quiet_until, sitting.zone)
            await self._desk.change_person(sitting, silent_until=wake)
            return sitting.unit.group_id

    async def resume(self, actor: Actor, owner: OwnerId) -> bool:
        """End a pause; False where there was none."""
        async with self._desk.write(actor, owner, "resume") as sitting:
            profile = sitting.profile
            if profile.paused_until is None or profile.paused_until <= sitting.today:
                return False
            await sitting.save_profile(replace(profile, paused_until=sitting.today))
            quiet = sitting.state.quiet_until
            still_quiet = quiet if quiet is not None and quiet > sitting.now else None
            await self._desk.change_person(sitting, silent_until=still_quiet)
            return True

    async def reflect(self, actor: Actor, owner: OwnerId, monday: date | None, told: Reflections) -> Changed:
        """Keep a reflection. Raises CrisisFound before anything is opened or kept."""
        if is_crisis(*told.wins, *told.challenges, *told.learnings, told.next_week_focus):
            raise CrisisFound
        around = await look_around(self._desk, owner)
        async with self._desk.write(actor, owner, "reflect") as sitting:
            await close_past(sitting, self._desk)
            wanted = monday or sitting.monday
            weeks = sitting.unit.repo(CoachWeekRepository)
            week = await weeks.of(wanted)
            if week is None:
                if wanted != sitting.monday:
                    raise NotFound("week", "/coach history")
                week = await generate(sitting, self._desk, wanted, around)
            week = await weeks.save(replace(week, reflections=_tidy(told)))
            return Changed(await self.view(sitting, week), sitting.unit.group_id)

    async def finish(self, actor: Actor, owner: OwnerId, monday: date) -> Changed:
        """Close a week early: what is open is skipped, nothing is carried that the person did not park."""
        async with self._desk.write(actor, owner, "finish_week") as sitting:
            week = await self._open_week(sitting, monday)
            week = await sitting.unit.repo(CoachWeekRepository).save(replace(week, completed=True))
            return Changed(await self.view(sitting, week), sitting.unit.group_id)

    async def history(self, owner: OwnerId, limit: int = 10, offset: int = 0) -> list[WeekView]:
        """Return weeks newest first, with what was done and told."""
        async with self._desk.read(owner) as sitting:
            weeks = await sitting.unit.repo(CoachWeekRepository).newest(limit, offset)
            tasks = await sitting.unit.repo(CoachTaskRepository).of_weeks([week.id for week in weeks])
            return [WeekView(sitting.profile, week, tuple(tasks[week.id])) for week in weeks]

    async def count(self, owner: OwnerId) -> int:
        """Return how many weeks there are."""
        async with self._desk.read(owner) as sitting:
            return await sitting.unit.repo(CoachWeekRepository).count()

    async def export(self, owner: OwnerId) -> str:
        """Return all weeks as JSON; energy is not in it."""
        weeks = await self.history(owner, limit=1000)
        return json.dumps([_exported(view) for view in weeks], ensure_ascii=False, indent=2)

    async def view(self, sitting: Sitting[Reading], week: Session) -> WeekView:
        """Read everything the card of a week shows."""
        tasks = sitting.unit.repo(CoachTaskRepository)
        results = await past_results(sitting, min(week.week_start, sitting.monday))
        before = await sitting.unit.repo(CoachWeekRepository).of(week.week_start - WEEK)
        choices: list[Task] = []
        expired: list[Task] = []
        if before is not None and week.closed_at is None:
            earlier = await tasks.of(before.id)
            choices = [task for task in earlier if task.id in before.choices and task.status is TaskStatus.SKIPPED]
            expired = [task for task in earlier if task.status is TaskStatus.EXPIRED and task.hard]
        goals = await sitting.unit.repo(CoachGoalRepository).all(GoalStatus.ACTIVE)
        habits = sitting.unit.repo(CoachHabitRepository)
        due = [
            habit
            for habit in await habits.all()
            if is_due(habit.frequency, await habits.last(habit.id), sitting.now, sitting.zone)
        ]
        return WeekView(
            profile=sitting.profile,
            week=week,
            tasks=tuple(await tasks.of(week.id)),
            choices=tuple(choices),
            expired=tuple(expired),
            habits_due=tuple(due),
            plans=tuple(goal for goal in top_goals(goals) if goal.woop and goal.woop.plan)[:2],
            consistency=consistency(results, self._desk.rules.adapt),
            motion=weeks_in_motion(results),
            offer_more=week.plan.rule == Rule.OFFER_MORE and week.plan.size <= sitting.profile.plan_size,
            asks_why=week.plan.rule == Rule.TWO_FEWER,
        )

    async def _open_week(self, sitting: Sitting[Reading], monday: date) -> Session:
        week = await sitting.unit.repo(CoachWeekRepository).of(monday)
        if week is None:
            raise NotFound("week", "/coach history")
        if week.closed_at is not None:
            raise Refused("coach_week_closed")
        return week

    async def _refill(
        self, sitting: Sitting[Unit], week: Session, around: Around, shape: WeekShape, size: int
    ) -> Session:
        tasks = sitting.unit.repo(CoachTaskRepository)
        own = await tasks.of(week.id)
        replaced = [task for task in own if is_replaceable(task)]
        kept = [task for task in own if not is_replaceable(task) and task.status is not TaskStatus.LET_GO]
        await tasks.remove([task.id for task in replaced])
        given = frame(sitting.profile.role, sitting.profile.preferences.pacing, size, shape, self._desk.rules)
        return await fill(
            sitting,
            self._desk,
            with_revision(week, replaced),
            given,
            around,
            kept,
            swap_one_high=week.plan.rule == Rule.ONE_LIGHTER,
            replaced=replaced,
        )


def _tidy(told: Reflections) -> Reflections:
    return Reflections(
        wins=_items(told.wins),
        challenges=_items(told.challenges),
        learnings=_items(told.learnings),
        next_week_focus=told.next_week_focus.strip()[:REFLECTION_LENGTH],
    )


def _items(items: Sequence[str]) -> tuple[str, ...]:
    return tuple(item.strip()[:REFLECTION_LENGTH] for item in items if item.strip())[:REFLECTION_ITEMS]


def _exported(view: WeekView) -> dict[str, object]:
    told = view.week.reflections
    return {
        "week": iso_week(view.week.week_start),
        "monday": view.week.week_start.isoformat(),
        "sunday": (view.week.week_start + timedelta(days=6)).isoformat(),
        "state": str(view.week.state),
        "revision": view.week.revision,
        "done": view.done,
        "planned": len(view.counted),
        "tasks": [
            {
                "title": task.title,
                "area": str(task.focus_area),
                "effort": int(task.effort),
                "minutes": task.minutes,
                "status": str(task.status),
                "if_then": task.if_then,
            }
            for task in view.tasks
        ],
        "reflections": {
            "wins": list(told.wins),
            "challenges": list(told.challenges),
            "learnings": list(told.learnings),
            "next_week_focus": told.next_week_focus,
        },
    }
