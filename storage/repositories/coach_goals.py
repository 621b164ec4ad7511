"""Goals and what was measured."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from bot.coach.model import (
    Aggregate,
    Better,
    Goal,
    GoalCategory,
    GoalId,
    GoalStatus,
    MetricKind,
    Progress,
    SessionId,
    Woop,
)
from storage.repositories.coach import assign
from storage.tables.coach import CoachGoalRow, CoachProgressRow
from storage.unit import Repository, Unit, UnitT


class CoachGoalRepository(Repository[UnitT]):
    """The goals of this owner."""

    async def get(self, goal_id: str) -> Goal | None:
        row = await self._row(goal_id)
        return None if row is None else _goal(row)

    async def all(self, status: GoalStatus | None = None) -> list[Goal]:
        """Return goals, active first, then by priority."""
        statement = select(CoachGoalRow).order_by(
            CoachGoalRow.status, CoachGoalRow.priority.desc(), CoachGoalRow.created_at, CoachGoalRow.id
        )
        if status is not None:
            statement = statement.where(CoachGoalRow.status == str(status))
        return [_goal(row) for row in (await self.session.execute(statement)).scalars()]

    async def count_active(self) -> int:
        statement = select(func.count()).select_from(CoachGoalRow).where(CoachGoalRow.status == str(GoalStatus.ACTIVE))
        return (await self.session.execute(statement)).scalar_one()

    async def add(self: "CoachGoalRepository[Unit]", goal: Goal) -> Goal:
        self.writing.add(CoachGoalRow(id=goal.id, owner_id=self.owner, updated_at=self.unit.now, **_columns(goal)))
        await self.writing.flush()
        return goal

    async def save(self: "CoachGoalRepository[Unit]", goal: Goal) -> Goal:
        row = await self._row(goal.id)
        if row is not None:
            assign(row, {**_columns(goal), "updated_at": self.unit.now})
            await self.writing.flush()
        return goal

    async def remove(self: "CoachGoalRepository[Unit]", goal_id: str) -> None:
        row = await self._row(goal_id)
        if row is not None:
            await self.writing.delete(row)
            await self.writing.flush()

    async def _row(self, goal_id: str) -> CoachGoalRow | None:
        return (await self.session.execute(select(CoachGoalRow).where(CoachGoalRow.id == goal_id))).scalar_one_or_none()


class CoachProgressRepository(Repository[UnitT]):
    """Records of metrics of this owner."""

    async def add(self: "CoachProgressRepository[Unit]", records: Sequence[Progress]) -> None:
        for record in records:
            self.writing.add(CoachProgressRow(id=record.id, owner_id=self.owner, **_record_columns(record)))
        await self.writing.flush()

    async def get(self, record_id: str) -> Progress | None:
        row = await self._row(record_id)
        return None if row is None else _record(row)

    async def save(self: "CoachProgressRepository[Unit]", record: Progress) -> None:
        row = await self._row(record.id)
        if row is not None:
            assign(row, _record_columns(record))
            await self.writing.flush()

    async def since(self, since: datetime, metric: str | None = None) -> list[Progress]:
        """Return records from then on, oldest first."""
        statement = select(CoachProgressRow).where(CoachProgressRow.recorded_at >= since)
        if metric is not None:
            statement = statement.where(CoachProgressRow.metric == metric)
        statement = statement.order_by(CoachProgressRow.recorded_at, CoachProgressRow.id)
        return [_record(row) for row in (await self.session.execute(statement)).scalars()]

    async def of_goal(self, goal_id: str) -> list[Progress]:
        rows = await self.session.execute(
            select(CoachProgressRow)
            .where(CoachProgressRow.goal_id == goal_id)
            .order_by(CoachProgressRow.recorded_at, CoachProgressRow.id)
        )
        return [_record(row) for row in rows.scalars()]

    async def metrics(self) -> list[str]:
        """Return the names of metrics with a record, the most used first."""
        statement = (
            select(CoachProgressRow.metric)
            .group_by(CoachProgressRow.metric)
            .order_by(func.count().desc(), CoachProgressRow.metric)
        )
        return list((await self.session.execute(statement)).scalars())

    async def unlink_goal(self: "CoachProgressRepository[Unit]", goal_id: str) -> None:
        """Keep the records of a goal that goes, without it."""
        rows = await self.writing.execute(select(CoachProgressRow).where(CoachProgressRow.goal_id == goal_id))
        for row in rows.scalars():
            row.goal_id = None
        await self.writing.flush()

    async def _row(self, record_id: str) -> CoachProgressRow | None:
        return (
            await self.session.execute(select(CoachProgressRow).where(CoachProgressRow.id == record_id))
        ).scalar_one_or_none()


def _columns(goal: Goal) -> dict[str, Any]:
    woop = goal.woop
    return {
        "title": goal.title,
        "description": goal.description,
        "category": str(goal.category),
        "status": str(goal.status),
        "priority": goal.priority,
        "target_date": goal.target_date.isoformat() if goal.target_date else None,
        "progress": goal.progress,
        "progress_before": goal.progress_before,
        "metric": goal.metric,
        "start_value": goal.start_value,
        "target_value": goal.target_value,
        "unit": goal.unit,
        "woop": None
        if woop is None
        else {"wish": woop.wish, "outcome": woop.outcome, "obstacle": woop.obstacle, "plan": woop.plan},
        "created_at": goal.created_at,
        "completed_at": goal.completed_at,
    }


def _goal(row: CoachGoalRow) -> Goal:
    return Goal(
        id=GoalId(row.id),
        title=row.title,
        description=row.description,
        category=GoalCategory(row.category),
        status=GoalStatus(row.status),
        priority=row.priority,
        progress=row.progress,
        created_at=row.created_at,
        target_date=date.fromisoformat(row.target_date) if row.target_date else None,
        metric=row.metric,
        start_value=row.start_value,
        target_value=row.target_value,
        unit=row.unit,
        woop=Woop(**row.woop) if row.woop else None,
        completed_at=row.completed_at,
        progress_before=row.progress_before,
    )


def _record_columns(record: Progress) -> dict[str, Any]:
    return {
        "metric": record.metric,
        "kind": str(record.kind),
        "value": record.value,
        "recorded_at": record.recorded_at,
        "aggregate": str(record.aggregate),
        "better": str(record.better),
        "goal_id": record.goal_id,
        "session_id": record.session_id,
    }


def _record(row: CoachProgressRow) -> Progress:
    return Progress(
        id=row.id,
        metric=row.metric,
        kind=MetricKind(row.kind),
        value=row.value,
        recorded_at=row.recorded_at,
        aggregate=Aggregate(row.aggregate),
        better=Better(row.better),
        goal_id=GoalId(row.goal_id) if row.goal_id else None,
        session_id=SessionId(row.session_id) if row.session_id else None,
    )
