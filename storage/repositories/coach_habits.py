"""Habits, their log, routines and reminders."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from bot.coach.model import (
    Frequency,
    Habit,
    HabitCategory,
    HabitId,
    Reminder,
    Routine,
    RoutineId,
    RoutineStep,
)
from storage.repositories.coach import assign
from storage.tables.coach import CoachHabitLogRow, CoachHabitRow, CoachReminderRow, CoachRoutineRow
from storage.unit import Repository, Unit, UnitT


class CoachHabitRepository(Repository[UnitT]):
    """The habits of this owner and when they were done."""

    async def all(self) -> list[Habit]:
        rows = await self.session.execute(select(CoachHabitRow).order_by(CoachHabitRow.created_at, CoachHabitRow.id))
        return [_habit(row) for row in rows.scalars()]

    async def get(self, habit_id: str) -> Habit | None:
        row = await self._row(habit_id)
        return None if row is None else _habit(row)

    async def add(self: "CoachHabitRepository[Unit]", habit: Habit) -> Habit:
        self.writing.add(CoachHabitRow(id=habit.id, owner_id=self.owner, **_columns(habit)))
        await self.writing.flush()
        return habit

    async def save(self: "CoachHabitRepository[Unit]", habit: Habit) -> Habit:
        row = await self._row(habit.id)
        if row is not None:
            assign(row, _columns(habit))
            await self.writing.flush()
        return habit

    async def remove(self: "CoachHabitRepository[Unit]", habit_id: str) -> None:
        """Delete a habit and its log as rows, so that undo brings both back."""
        row = await self._row(habit_id)
        if row is None:
            return
        logged = await self.writing.execute(select(CoachHabitLogRow).where(CoachHabitLogRow.habit_id == habit_id))
        for entry in logged.scalars():
            await self.writing.delete(entry)
        await self.writing.flush()
        await self.writing.delete(row)
        await self.writing.flush()

    async def done(self: "CoachHabitRepository[Unit]", habit_id: str, at: datetime) -> None:
        self.writing.add(CoachHabitLogRow(id=self.unit.new_id(), owner_id=self.owner, habit_id=habit_id, done_at=at))
        await self.writing.flush()

    async def log(self, since: datetime) -> dict[str, list[datetime]]:
        """Return habit → instants since then, oldest first."""
        rows = await self.session.execute(
            select(CoachHabitLogRow).where(CoachHabitLogRow.done_at >= since).order_by(CoachHabitLogRow.done_at)
        )
        found: dict[str, list[datetime]] = {}
        for row in rows.scalars():
            found.setdefault(row.habit_id, []).append(row.done_at)
        return found

    async def last(self, habit_id: str) -> datetime | None:
        statement = select(func.max(CoachHabitLogRow.done_at)).where(CoachHabitLogRow.habit_id == habit_id)
        return (await self.session.execute(statement)).scalar()

    async def _row(self, habit_id: str) -> CoachHabitRow | None:
        return (
            await self.session.execute(select(CoachHabitRow).where(CoachHabitRow.id == habit_id))
        ).scalar_one_or_none()


class CoachRoutineRepository(Repository[UnitT]):
    """The routines of this owner."""

    async def all(self) -> list[Routine]:
        rows = await self.session.execute(
            select(CoachRoutineRow).order_by(CoachRoutineRow.created_at, CoachRoutineRow.id)
        )
        return [_routine(row) for row in rows.scalars()]

    async def get(self, routine_id: str) -> Routine | None:
        row = await self._row(routine_id)
        return None if row is None else _routine(row)

    async def add(self: "CoachRoutineRepository[Unit]", routine: Routine) -> Routine:
        self.writing.add(CoachRoutineRow(id=routine.id, owner_id=self.owner, **_routine_columns(routine)))
        await self.writing.flush()
        return routine

    async def save(self: "CoachRoutineRepository[Unit]", routine: Routine) -> Routine:
        row = await self._row(routine.id)
        if row is not None:
            assign(row, _routine_columns(routine))
            await self.writing.flush()
        return routine

    async def remove(self: "CoachRoutineRepository[Unit]", routine_id: str) -> None:
        row = await self._row(routine_id)
        if row is not None:
            await self.writing.delete(row)
            await self.writing.flush()

    async def _row(self, routine_id: str) -> CoachRoutineRow | None:
        return (
            await self.session.execute(select(CoachRoutineRow).where(CoachRoutineRow.id == routine_id))
        ).scalar_one_or_none()


class CoachReminderRepository(Repository[UnitT]):
    """The reminders of this owner."""

    async def open(self) -> list[Reminder]:
        """Return what was not sent yet, the next one first."""
        rows = await self.session.execute(
            select(CoachReminderRow)
            .where(CoachReminderRow.sent_at.is_(None))
            .order_by(CoachReminderRow.due_at, CoachReminderRow.id)
        )
        return [_reminder(row) for row in rows.scalars()]

    async def get(self, reminder_id: str) -> Reminder | None:
        row = await self._row(reminder_id)
        return None if row is None else _reminder(row)

    async def add(self: "CoachReminderRepository[Unit]", reminder: Reminder) -> Reminder:
        self.writing.add(CoachReminderRow(id=reminder.id, owner_id=self.owner, **_reminder_columns(reminder)))
        await self.writing.flush()
        return reminder

    async def save(self: "CoachReminderRepository[Unit]", reminder: Reminder) -> Reminder:
        row = await self._row(reminder.id)
        if row is not None:
            assign(row, _reminder_columns(reminder))
            await self.writing.flush()
        return reminder

    async def mark_sent(self: "CoachReminderRepository[Unit]", reminder_ids: Sequence[str]) -> None:
        await self.writing.execute(
            update(CoachReminderRow)
            .where(CoachReminderRow.id.in_(reminder_ids), CoachReminderRow.sent_at.is_(None))
            .values(sent_at=self.unit.now)
            .execution_options(synchronize_session=False)
        )

    async def remove(self: "CoachReminderRepository[Unit]", reminder_id: str) -> None:
        row = await self._row(reminder_id)
        if row is not None:
            await self.writing.delete(row)
            await self.writing.flush()

    async def _row(self, reminder_id: str) -> CoachReminderRow | None:
        return (
            await self.session.execute(select(CoachReminderRow).where(CoachReminderRow.id == reminder_id))
        ).scalar_one_or_none()


def _columns(habit: Habit) -> dict[str, Any]:
    return {
        "title": habit.title,
        "category": str(habit.category),
        "frequency": str(habit.frequency),
        "created_at": habit.created_at,
    }


def _habit(row: CoachHabitRow) -> Habit:
    return Habit(HabitId(row.id), row.title, HabitCategory(row.category), Frequency(row.frequency), row.created_at)


def _routine_columns(routine: Routine) -> dict[str, Any]:
    return {
        "name": routine.name,
        "steps": [[step.name, step.minutes] for step in routine.steps],
        "preset": routine.preset,
        "created_at": routine.created_at,
    }


def _routine(row: CoachRoutineRow) -> Routine:
    steps = tuple(RoutineStep(name, minutes) for name, minutes in row.steps)
    return Routine(RoutineId(row.id), row.name, steps, row.created_at, row.preset)


def _reminder_columns(reminder: Reminder) -> dict[str, Any]:
    return {
        "text": reminder.text,
        "due_at": reminder.due_at,
        "created_at": reminder.created_at,
        "sent_at": reminder.sent_at,
    }


def _reminder(row: CoachReminderRow) -> Reminder:
    return Reminder(row.id, row.text, row.due_at, row.created_at, row.sent_at)
