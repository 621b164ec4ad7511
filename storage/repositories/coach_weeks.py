"""Weeks and their tasks."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import case, func, select

from bot.coach.model import (
    Effort,
    ExtraTask,
    FocusArea,
    GoalId,
    Line,
    Plan,
    Reflections,
    Resource,
    ResourceType,
    Revision,
    Session,
    SessionId,
    Task,
    TaskId,
    TaskSource,
    TaskStatus,
    WeekState,
)
from storage.repositories.coach import assign
from storage.tables.coach import CoachSessionRow, CoachTaskRow
from storage.unit import Repository, Unit, UnitT


class CoachWeekRepository(Repository[UnitT]):
    """The weeks of this owner."""

    async def of(self, monday: date) -> Session | None:
        row = (
            await self.session.execute(select(CoachSessionRow).where(CoachSessionRow.week_start == monday.isoformat()))
        ).scalar_one_or_none()
        return None if row is None else _session(row)

    async def get(self, session_id: str) -> Session | None:
        row = await self._row(session_id)
        return None if row is None else _session(row)

    async def since(self, monday: date | None = None) -> list[Session]:
        """Return weeks from `monday` on, oldest first."""
        statement = select(CoachSessionRow).order_by(CoachSessionRow.week_start)
        if monday is not None:
            statement = statement.where(CoachSessionRow.week_start >= monday.isoformat())
        return [_session(row) for row in (await self.session.execute(statement)).scalars()]

    async def newest(self, limit: int, offset: int = 0) -> list[Session]:
        rows = await self.session.execute(
            select(CoachSessionRow).order_by(CoachSessionRow.week_start.desc()).limit(limit).offset(offset)
        )
        return [_session(row) for row in rows.scalars()]

    async def count(self) -> int:
        return (await self.session.execute(select(func.count(CoachSessionRow.id)))).scalar_one()

    async def add(self: "CoachWeekRepository[Unit]", week: Session) -> Session:
        self.writing.add(CoachSessionRow(id=week.id, owner_id=self.owner, **_columns(week)))
        await self.writing.flush()
        return week

    async def save(self: "CoachWeekRepository[Unit]", week: Session) -> Session:
        row = await self._row(week.id)
        if row is not None:
            assign(row, _columns(week))
            await self.writing.flush()
        return week

    async def _row(self, session_id: str) -> CoachSessionRow | None:
        return (
            await self.session.execute(select(CoachSessionRow).where(CoachSessionRow.id == session_id))
        ).scalar_one_or_none()


class CoachTaskRepository(Repository[UnitT]):
    """The tasks of this owner's weeks."""

    async def get(self, task_id: str) -> Task | None:
        row = await self._row(task_id)
        return None if row is None else _task(row)

    async def of(self, session_id: str) -> list[Task]:
        rows = await self.session.execute(
            select(CoachTaskRow)
            .where(CoachTaskRow.session_id == session_id)
            .order_by(CoachTaskRow.position, CoachTaskRow.id)
        )
        return [_task(row) for row in rows.scalars()]

    async def of_weeks(self, session_ids: Sequence[str]) -> dict[str, list[Task]]:
        """Return the tasks of several weeks in one query, by week."""
        found: dict[str, list[Task]] = {session_id: [] for session_id in session_ids}
        rows = await self.session.execute(
            select(CoachTaskRow)
            .where(CoachTaskRow.session_id.in_(session_ids))
            .order_by(CoachTaskRow.position, CoachTaskRow.id)
        )
        for row in rows.scalars():
            found[row.session_id].append(_task(row))
        return found

    async def sums(self, session_ids: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """Return (points planned, points done, tasks done) by week, let-go tasks in none; an empty week is left out."""
        done = CoachTaskRow.status == str(TaskStatus.DONE)
        rows = await self.session.execute(
            select(
                CoachTaskRow.session_id,
                func.sum(CoachTaskRow.effort),
                func.sum(case((done, CoachTaskRow.effort), else_=0)),
                func.sum(case((done, 1), else_=0)),
            )
            .where(CoachTaskRow.session_id.in_(session_ids), CoachTaskRow.status != str(TaskStatus.LET_GO))
            .group_by(CoachTaskRow.session_id)
        )
        return {week: (int(planned), int(points), int(count)) for week, planned, points, count in rows}

    async def copy_of(self, task_id: str) -> Task | None:
        """Return the task that was carried from this one."""
        row = (
            (await self.session.execute(select(CoachTaskRow).where(CoachTaskRow.carried_from == task_id)))
            .scalars()
            .first()
        )
        return None if row is None else _task(row)

    async def done_bank_ids(self) -> frozenset[str]:
        rows = await self.session.execute(
            select(CoachTaskRow.bank_id).where(
                CoachTaskRow.status == str(TaskStatus.DONE), CoachTaskRow.bank_id.is_not(None)
            )
        )
        return frozenset(bank_id for bank_id in rows.scalars() if bank_id)

    async def tied_to(self, goal_id: str) -> list[Task]:
        rows = await self.session.execute(select(CoachTaskRow).where(CoachTaskRow.goal_id == goal_id))
        return [_task(row) for row in rows.scalars()]

    async def add(self: "CoachTaskRepository[Unit]", tasks: Sequence[Task]) -> None:
        for task in tasks:
            self.writing.add(CoachTaskRow(id=task.id, owner_id=self.owner, **_task_columns(task)))
        await self.writing.flush()

    async def save(self: "CoachTaskRepository[Unit]", task: Task) -> Task:
        row = await self._row(task.id)
        if row is not None:
            assign(row, _task_columns(task))
            await self.writing.flush()
        return task

    async def remove(self: "CoachTaskRepository[Unit]", task_ids: Sequence[str]) -> None:
        """Delete tasks as rows, so that undo brings them back."""
        rows = await self.writing.execute(select(CoachTaskRow).where(CoachTaskRow.id.in_(task_ids)))
        for row in rows.scalars():
            await self.writing.delete(row)
        await self.writing.flush()

    async def _row(self, task_id: str) -> CoachTaskRow | None:
        return (await self.session.execute(select(CoachTaskRow).where(CoachTaskRow.id == task_id))).scalar_one_or_none()


def line_data(line: Line) -> dict[str, Any]:
    """Return a line as plain data."""
    return {"key": line.key, "parts": dict(line.parts)}


def line_from(data: Any) -> Line:
    return Line(data["key"], dict(data["parts"]))


def _columns(week: Session) -> dict[str, Any]:
    plan, told = week.plan, week.reflections
    return {
        "week_start": week.week_start.isoformat(),
        "state": str(week.state),
        "plan": {
            "week_start": plan.week_start.isoformat(),
            "focus_theme": line_data(plan.theme),
            "metrics_to_track": list(plan.metrics),
            "recommendations": [line_data(line) for line in plan.recommendations],
            "estimated_minutes": plan.estimated_minutes,
            "notes": [line_data(line) for line in plan.notes],
            "size": plan.size,
            "shape": plan.shape,
            "rule": plan.rule,
            "ai_model": plan.ai_model,
        },
        "reflections": {
            "wins": list(told.wins),
            "challenges": list(told.challenges),
            "learnings": list(told.learnings),
            "next_week_focus": told.next_week_focus,
        },
        "completed": week.completed,
        "revision": week.revision,
        "details": {
            "choices": list(week.choices),
            "revisions": [
                {"number": each.number, "replaced": [list(pair) for pair in each.replaced]} for each in week.revisions
            ],
            "extras": [
                {
                    "focus_area": str(each.focus_area),
                    "title": each.title,
                    "description": each.description,
                    "effort": int(each.effort),
                }
                for each in week.extras
            ],
        },
        "created_at": week.created_at,
        "closed_at": week.closed_at,
    }


def _session(row: CoachSessionRow) -> Session:
    plan, told, details = row.plan, row.reflections, row.details
    return Session(
        id=SessionId(row.id),
        week_start=date.fromisoformat(row.week_start),
        state=WeekState(row.state),
        plan=Plan(
            week_start=date.fromisoformat(plan["week_start"]),
            theme=line_from(plan["focus_theme"]),
            metrics=tuple(plan["metrics_to_track"]),
            recommendations=tuple(line_from(line) for line in plan["recommendations"]),
            estimated_minutes=plan["estimated_minutes"],
            notes=tuple(line_from(line) for line in plan["notes"]),
            size=plan["size"],
            shape=plan["shape"],
            rule=plan["rule"],
            ai_model=plan["ai_model"],
        ),
        reflections=Reflections(
            wins=tuple(told["wins"]),
            challenges=tuple(told["challenges"]),
            learnings=tuple(told["learnings"]),
            next_week_focus=told["next_week_focus"],
        ),
        completed=row.completed,
        revision=row.revision,
        created_at=row.created_at,
        closed_at=row.closed_at,
        choices=tuple(TaskId(each) for each in details["choices"]),
        revisions=tuple(
            Revision(each["number"], tuple((pair[0], pair[1]) for pair in each["replaced"]))
            for each in details["revisions"]
        ),
        extras=tuple(
            ExtraTask(FocusArea(each["focus_area"]), each["title"], each["description"], Effort(each["effort"]))
            for each in details["extras"]
        ),
    )


def _task_columns(task: Task) -> dict[str, Any]:
    return {
        "session_id": task.session_id,
        "bank_id": task.bank_id,
        "focus_area": str(task.focus_area),
        "category": str(task.category),
        "title": task.title,
        "description": task.description,
        "effort": int(task.effort),
        "minutes": task.minutes,
        "status": str(task.status),
        "carry_count": task.carry_count,
        "carried_from": task.carried_from,
        "if_then": task.if_then,
        "due": task.due.isoformat() if task.due else None,
        "hard": task.hard,
        "goal_id": task.goal_id,
        "loop_clip_id": task.loop_clip_id,
        "resources": [{"type": str(each.type), "title": each.title, "url": each.url} for each in task.resources],
        "source": str(task.source),
        "position": task.position,
        "at": task.at,
        "created_at": task.created_at,
        "decided_at": task.decided_at,
    }


def _task(row: CoachTaskRow) -> Task:
    return Task(
        id=TaskId(row.id),
        session_id=SessionId(row.session_id),
        bank_id=row.bank_id,
        focus_area=FocusArea(row.focus_area),
        title=row.title,
        description=row.description,
        effort=Effort(row.effort),
        minutes=row.minutes,
        status=TaskStatus(row.status),
        source=TaskSource(row.source),
        position=row.position,
        created_at=row.created_at,
        carry_count=row.carry_count,
        carried_from=TaskId(row.carried_from) if row.carried_from else None,
        if_then=row.if_then,
        due=date.fromisoformat(row.due) if row.due else None,
        hard=row.hard,
        goal_id=GoalId(row.goal_id) if row.goal_id else None,
        loop_clip_id=row.loop_clip_id,
        resources=tuple(Resource(ResourceType(each["type"]), each["title"], each["url"]) for each in row.resources),
        at=row.at,
        decided_at=row.decided_at,
    )
