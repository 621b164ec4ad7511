"""Use cases of habits, routines and reminders."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.actors import Actor, OwnerId
from bot.coach.goals import checked_title
from bot.coach.habits import HabitState, counts, habit_state
from bot.coach.model import (
    Effort,
    Frequency,
    Habit,
    HabitCategory,
    HabitId,
    Reminder,
    Routine,
    RoutineId,
    RoutineStep,
    Task,
    TaskId,
    TaskSource,
    TaskStatus,
    WeekState,
)
from bot.coach.routines import area_for, parse_steps
from bot.coach.safety import is_crisis
from bot.coach.service.desk import Desk, Sitting
from bot.coach.service.planning import WEEK, close_past, generate, is_replaceable, look_around
from bot.coach.service.weeks import CrisisFound
from bot.errors import AlreadyDone, NotFound, Refused
from bot.slots import SlotDraft
from storage.repositories.coach_habits import CoachHabitRepository, CoachReminderRepository, CoachRoutineRepository
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository
from storage.unit import Reading

REMINDER_MAX = 300
REMINDERS_MAX = 100
REMIND_DAYS_MAX = 3 * 366


@dataclass(frozen=True, slots=True)
class HabitView:
    habit: Habit
    state: HabitState
    show_run: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """What was made or changed, and the group for Undo."""

    thing: str
    group_id: str


class HabitService:
    """One door for habits."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def all(self, owner: OwnerId) -> list[HabitView]:
        async with self._desk.read(owner) as sitting:
            habits = sitting.unit.repo(CoachHabitRepository)
            log = await habits.log(sitting.now - 60 * WEEK)
            away = await self._away(sitting)
            return [
                HabitView(
                    habit,
                    habit_state(
                        habit.frequency, log.get(habit.id, []), habit.created_at, sitting.now, sitting.zone, away
                    ),
                    sitting.profile.preferences.show_runs,
                )
                for habit in await habits.all()
            ]

    async def add(
        self, actor: Actor, owner: OwnerId, title: str, category: HabitCategory, frequency: Frequency
    ) -> Kept:
        tidy = checked_title(title, self._desk.rules.limits)
        async with self._desk.write(actor, owner, "add_habit") as sitting:
            habits = sitting.unit.repo(CoachHabitRepository)
            if len(await habits.all()) >= self._desk.rules.limits.habits:
                raise Refused("coach_habits_full", max=self._desk.rules.limits.habits)
            habit = await habits.add(Habit(HabitId(sitting.unit.new_id()), tidy, category, frequency, sitting.now))
            return Kept(habit.id, sitting.unit.group_id)

    async def edit(
        self, actor: Actor, owner: OwnerId, habit_id: str, title: str, category: HabitCategory, frequency: Frequency
    ) -> Kept:
        tidy = checked_title(title, self._desk.rules.limits)
        async with self._desk.write(actor, owner, "edit_habit") as sitting:
            habit = await self._habit(sitting, habit_id)
            await sitting.unit.repo(CoachHabitRepository).save(
                replace(habit, title=tidy, category=category, frequency=frequency)
            )
            return Kept(habit.id, sitting.unit.group_id)

    async def done(self, actor: Actor, owner: OwnerId, habit_id: str) -> Kept:
        """Log a completion. Raises AlreadyDone within four hours of the last one."""
        async with self._desk.write(actor, owner, "habit_done") as sitting:
            habit = await self._habit(sitting, habit_id)
            habits = sitting.unit.repo(CoachHabitRepository)
            last = await habits.last(habit.id)
            if not counts(last, sitting.now):
                raise AlreadyDone("coach_habit_done", habit=habit.title, when=last)
            await habits.done(habit.id, sitting.now)
            return Kept(habit.id, sitting.unit.group_id)

    async def delete(self, actor: Actor, owner: OwnerId, habit_id: str) -> Kept:
        async with self._desk.write(actor, owner, "delete_habit") as sitting:
            habit = await self._habit(sitting, habit_id)
            await sitting.unit.repo(CoachHabitRepository).remove(habit.id)
            return Kept(habit.title, sitting.unit.group_id)

    async def get(self, owner: OwnerId, habit_id: str) -> Habit:
        async with self._desk.read(owner) as sitting:
            return await self._habit(sitting, habit_id)

    async def _habit(self, sitting: Sitting[Reading], habit_id: str) -> Habit:
        habit = await sitting.unit.repo(CoachHabitRepository).get(habit_id)
        if habit is None:
            raise NotFound("habit", "/coach habits")
        return habit

    async def _away(self, sitting: Sitting[Reading]) -> frozenset[date]:
        weeks = await sitting.unit.repo(CoachWeekRepository).since(sitting.monday - 60 * WEEK)
        days = {
            week.week_start + timedelta(days=day)
            for week in weeks
            if week.state is not WeekState.ACTIVE
            for day in range(7)
        }
        profile = sitting.profile
        if profile.paused_from and profile.paused_until:
            day = profile.paused_from
            while day < profile.paused_until:
                days.add(day)
                day += timedelta(days=1)
        return frozenset(days)


class RoutineService:
    """One door for routines."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def all(self, owner: OwnerId) -> list[Routine]:
        async with self._desk.read(owner) as sitting:
            return await sitting.unit.repo(CoachRoutineRepository).all()

    async def get(self, owner: OwnerId, routine_id: str) -> Routine:
        async with self._desk.read(owner) as sitting:
            return await self._routine(sitting, routine_id)

    async def add(
        self, actor: Actor, owner: OwnerId, name: str, steps: str | Sequence[RoutineStep], preset: str | None = None
    ) -> Kept:
        """Make a routine from written steps, or from a preset's."""
        tidy = checked_title(name, self._desk.rules.limits)
        parsed = parse_steps(steps, self._desk.rules.limits) if isinstance(steps, str) else tuple(steps)
        async with self._desk.write(actor, owner, "add_routine") as sitting:
            routines = sitting.unit.repo(CoachRoutineRepository)
            kept = await routines.all()
            if preset is not None and any(each.preset == preset for each in kept):
                raise AlreadyDone("coach_routine_there", routine=tidy)
            if len(kept) >= self._desk.rules.limits.routines:
                raise Refused("coach_routines_full", max=self._desk.rules.limits.routines)
            routine = await routines.add(Routine(RoutineId(sitting.unit.new_id()), tidy, parsed, sitting.now, preset))
            return Kept(routine.id, sitting.unit.group_id)

    async def edit(self, actor: Actor, owner: OwnerId, routine_id: str, name: str, steps: str) -> Kept:
        tidy = checked_title(name, self._desk.rules.limits)
        parsed = parse_steps(steps, self._desk.rules.limits)
        async with self._desk.write(actor, owner, "edit_routine") as sitting:
            routine = await self._routine(sitting, routine_id)
            await sitting.unit.repo(CoachRoutineRepository).save(replace(routine, name=tidy, steps=parsed))
            return Kept(routine.id, sitting.unit.group_id)

    async def delete(self, actor: Actor, owner: OwnerId, routine_id: str) -> Kept:
        async with self._desk.write(actor, owner, "delete_routine") as sitting:
            routine = await self._routine(sitting, routine_id)
            await sitting.unit.repo(CoachRoutineRepository).remove(routine.id)
            return Kept(routine.name, sitting.unit.group_id)

    async def into_tasks(self, actor: Actor, owner: OwnerId, routine_id: str) -> Kept:
        """Fill this week's slots of the matching area with the routine's steps; the count stays as it was."""
        around = await look_around(self._desk, owner)
        async with self._desk.write(actor, owner, "routine_tasks") as sitting:
            routine = await self._routine(sitting, routine_id)
            await close_past(sitting, self._desk)
            weeks = sitting.unit.repo(CoachWeekRepository)
            week = await weeks.of(sitting.monday) or await generate(sitting, self._desk, sitting.monday, around)
            tasks = sitting.unit.repo(CoachTaskRepository)
            area = area_for(routine.preset, sitting.profile.role)
            free = [task for task in await tasks.of(week.id) if task.focus_area is area and is_replaceable(task)]
            if not free:
                raise Refused("coach_no_slot", routine=routine.name)
            groups = _spread(routine.steps, len(free))
            await tasks.remove([task.id for task in free[: len(groups)]])
            fresh = [
                Task(
                    id=TaskId(sitting.unit.new_id()),
                    session_id=week.id,
                    bank_id=None,
                    focus_area=area,
                    title=" + ".join(step.name for step in steps)[: self._desk.rules.limits.title],
                    description=routine.name,
                    effort=Effort.LOW,
                    minutes=sum(step.minutes for step in steps),
                    status=TaskStatus.PLANNED,
                    source=TaskSource.ROUTINE,
                    position=old.position,
                    created_at=sitting.now,
                    at=old.at,
                )
                for steps, old in zip(groups, free, strict=False)
            ]
            await tasks.add(fresh)
            return Kept(str(len(fresh)), sitting.unit.group_id)

    async def _routine(self, sitting: Sitting[Reading], routine_id: str) -> Routine:
        routine = await sitting.unit.repo(CoachRoutineRepository).get(routine_id)
        if routine is None:
            raise NotFound("routine", "/coach routines")
        return routine


class ReminderService:
    """One door for reminders the person sets; needs no profile."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def all(self, owner: OwnerId) -> list[Reminder]:
        async with self._desk.database.read(owner) as unit:
            return await unit.repo(CoachReminderRepository).open()

    async def get(self, owner: OwnerId, reminder_id: str) -> Reminder:
        async with self._desk.database.read(owner) as unit:
            found = await unit.repo(CoachReminderRepository).get(reminder_id)
        if found is None:
            raise NotFound("reminder", "/coach reminders")
        return found

    async def add(self, actor: Actor, owner: OwnerId, text: str, at: datetime) -> tuple[Reminder, str]:
        """Set a reminder; return it and the group for Undo."""
        tidy = _reminder_text(text)
        async with self._desk.database.write(actor, owner, "coach.remind") as unit:
            _check_time(at, unit.now)
            reminders = unit.repo(CoachReminderRepository)
            if len(await reminders.open()) >= REMINDERS_MAX:
                raise Refused("coach_reminders_full", max=REMINDERS_MAX)
            reminder = await reminders.add(Reminder(unit.new_id(), tidy, at, unit.now))
            await unit.add_slots([_slot(owner, reminder)])
            return reminder, unit.group_id

    async def change(
        self, actor: Actor, owner: OwnerId, reminder_id: str, at: datetime, text: str | None = None
    ) -> tuple[Reminder, str]:
        """Move or reword a reminder; what was planned for the old time finds it changed and does nothing."""
        async with self._desk.database.write(actor, owner, "coach.change_reminder") as unit:
            _check_time(at, unit.now)
            reminders = unit.repo(CoachReminderRepository)
            reminder = await reminders.get(reminder_id)
            if reminder is None:
                raise NotFound("reminder", "/coach reminders")
            words = reminder.text if text is None else _reminder_text(text)
            changed = await reminders.save(replace(reminder, due_at=at, text=words, sent_at=None))
            await unit.add_slots([_slot(owner, changed)])
            return changed, unit.group_id

    async def delete(self, actor: Actor, owner: OwnerId, reminder_id: str) -> str:
        async with self._desk.database.write(actor, owner, "coach.delete_reminder") as unit:
            reminders = unit.repo(CoachReminderRepository)
            if await reminders.get(reminder_id) is None:
                raise NotFound("reminder", "/coach reminders")
            await reminders.remove(reminder_id)
            return unit.group_id


def _slot(owner: OwnerId, reminder: Reminder) -> SlotDraft:
    key = f"coach.reminder:{reminder.id}:{int(reminder.due_at.timestamp())}"
    return SlotDraft(
        key,
        "coach.reminder",
        reminder.id,
        reminder.due_at,
        owner=owner,
        payload={"due_ms": int(reminder.due_at.timestamp() * 1000)},
    )


def _reminder_text(text: str) -> str:
    if is_crisis(text):
        raise CrisisFound
    tidy = " ".join(text.split())
    if not tidy or len(tidy) > REMINDER_MAX:
        raise Refused("coach_reminder_text", max=REMINDER_MAX, length=len(tidy))
    return tidy


def _check_time(at: datetime, now: datetime) -> None:
    if at <= now:
        raise Refused("coach_time_past")
    if at - now > timedelta(days=REMIND_DAYS_MAX):
        raise Refused("coach_time_far")


def _spread(steps: Sequence[RoutineStep], slots: int) -> list[list[RoutineStep]]:
    """Share steps among slots in order, the first ones a step longer.

    >>> [len(group) for group in _spread([RoutineStep("a", 1)] * 5, 3)]
    [2, 2, 1]
    """
    count = min(slots, len(steps))
    groups: list[list[RoutineStep]] = []
    start = 0
    for place in range(count):
        size = len(steps) // count + int(place < len(steps) % count)
        groups.append(list(steps[start : start + size]))
        start += size
    return groups
