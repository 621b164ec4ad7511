"""Check-ins and insights."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, select, update

from bot.coach.model import (
    Checkin,
    CheckinId,
    CheckinKind,
    CheckinState,
    GoalId,
    Insight,
    InsightContent,
    InsightId,
    InsightPriority,
    InsightType,
    SessionId,
)
from storage.repositories.coach import assign
from storage.repositories.coach_weeks import line_data, line_from
from storage.tables.coach import CoachCheckinRow, CoachInsightRow
from storage.unit import Repository, Unit, UnitT


class CoachCheckinRepository(Repository[UnitT]):
    """The check-ins of this owner."""

    async def get(self, checkin_id: str) -> Checkin | None:
        row = await self._row(checkin_id)
        return None if row is None else _checkin(row)

    async def add(self: "CoachCheckinRepository[Unit]", checkin: Checkin) -> bool:
        """Add a check-in; False where this occurrence is there already."""
        added = await self.unit.insert_new(
            CoachCheckinRow, [{"id": checkin.id, "owner_id": self.owner, **_columns(checkin)}]
        )
        return bool(added)

    async def by_key(self, occurrence_key: str) -> Checkin | None:
        row = (
            await self.session.execute(select(CoachCheckinRow).where(CoachCheckinRow.occurrence_key == occurrence_key))
        ).scalar_one_or_none()
        return None if row is None else _checkin(row)

    async def change(self: "CoachCheckinRepository[Unit]", checkin: Checkin, expected: Sequence[CheckinState]) -> bool:
        """Write a check-in if its state is still one of `expected`; False when somebody was faster."""
        result = await self.writing.execute(
            update(CoachCheckinRow)
            .where(CoachCheckinRow.id == checkin.id, CoachCheckinRow.state.in_([str(state) for state in expected]))
            .values(**_columns(checkin))
            .execution_options(synchronize_session=False)
        )
        return isinstance(result, CursorResult) and result.rowcount == 1

    async def since(self, since: datetime) -> list[Checkin]:
        """Return check-ins due since then, oldest first."""
        rows = await self.session.execute(
            select(CoachCheckinRow).where(CoachCheckinRow.due_at >= since).order_by(CoachCheckinRow.due_at)
        )
        return [_checkin(row) for row in rows.scalars()]

    async def time_out(self: "CoachCheckinRepository[Unit]", before: datetime) -> int:
        """Mark what was sent before then and not answered; system units."""
        result = await self.writing.execute(
            update(CoachCheckinRow)
            .where(CoachCheckinRow.state == str(CheckinState.SENT), CoachCheckinRow.sent_at < before)
            .values(state=str(CheckinState.UNANSWERED))
            .execution_options(synchronize_session=False)
        )
        return result.rowcount if isinstance(result, CursorResult) else 0

    async def _row(self, checkin_id: str) -> CoachCheckinRow | None:
        return (
            await self.session.execute(
                select(CoachCheckinRow)
                .where(CoachCheckinRow.id == checkin_id)
                .execution_options(populate_existing=True)
            )
        ).scalar_one_or_none()


class CoachInsightRepository(Repository[UnitT]):
    """The insights kept for this owner."""

    async def get(self, insight_id: str) -> Insight | None:
        row = await self._row(insight_id)
        return None if row is None else _insight(row)

    async def all(self, kind: InsightType | None = None) -> list[Insight]:
        """Return insights, newest first."""
        statement = select(CoachInsightRow).order_by(CoachInsightRow.created_at.desc(), CoachInsightRow.id.desc())
        if kind is not None:
            statement = statement.where(CoachInsightRow.insight_type == str(kind))
        return [_insight(row) for row in (await self.session.execute(statement)).scalars()]

    async def add(self: "CoachInsightRepository[Unit]", insights: Sequence[Insight]) -> None:
        for insight in insights:
            self.writing.add(CoachInsightRow(id=insight.id, owner_id=self.owner, **_insight_columns(insight)))
        await self.writing.flush()

    async def save(self: "CoachInsightRepository[Unit]", insight: Insight) -> None:
        row = await self._row(insight.id)
        if row is not None:
            assign(row, _insight_columns(insight))
            await self.writing.flush()

    async def remove(self: "CoachInsightRepository[Unit]", insight_id: str) -> None:
        row = await self._row(insight_id)
        if row is not None:
            await self.writing.delete(row)
            await self.writing.flush()

    async def _row(self, insight_id: str) -> CoachInsightRow | None:
        return (
            await self.session.execute(select(CoachInsightRow).where(CoachInsightRow.id == insight_id))
        ).scalar_one_or_none()


def _columns(checkin: Checkin) -> dict[str, Any]:
    return {
        "kind": str(checkin.kind),
        "occurrence_key": checkin.occurrence_key,
        "state": str(checkin.state),
        "due_at": checkin.due_at,
        "sent_at": checkin.sent_at,
        "answered_at": checkin.answered_at,
        "snoozes": checkin.snoozes,
        "energy": checkin.energy,
        "how_it_went": checkin.how_it_went,
        "message_id": checkin.message_id,
    }


def _checkin(row: CoachCheckinRow) -> Checkin:
    return Checkin(
        id=CheckinId(row.id),
        kind=CheckinKind(row.kind),
        occurrence_key=row.occurrence_key,
        state=CheckinState(row.state),
        due_at=row.due_at,
        sent_at=row.sent_at,
        answered_at=row.answered_at,
        snoozes=row.snoozes,
        energy=row.energy,
        how_it_went=row.how_it_went,
        message_id=row.message_id,
    )


def _insight_columns(insight: Insight) -> dict[str, Any]:
    content = insight.content
    return {
        "insight_type": str(insight.type),
        "content": {
            "summary": line_data(content.summary),
            "detail": line_data(content.detail) if content.detail else None,
            "actionable_steps": [line_data(step) for step in content.steps],
            "priority": str(content.priority),
            "related_goals": list(content.related_goals),
        },
        "session_id": insight.session_id,
        "evidence": list(insight.evidence),
        "evidence_hash": insight.evidence_hash,
        "source": "ai" if insight.by_ai else "rule",
        "model": insight.model,
        "useful": insight.useful,
        "created_at": insight.created_at,
    }


def _insight(row: CoachInsightRow) -> Insight:
    content = row.content
    return Insight(
        id=InsightId(row.id),
        type=InsightType(row.insight_type),
        content=InsightContent(
            summary=line_from(content["summary"]),
            detail=line_from(content["detail"]) if content["detail"] else None,
            steps=tuple(line_from(step) for step in content["actionable_steps"]),
            priority=InsightPriority(content["priority"]),
            related_goals=tuple(GoalId(each) for each in content["related_goals"]),
        ),
        created_at=row.created_at,
        session_id=SessionId(row.session_id) if row.session_id else None,
        evidence=tuple(row.evidence),
        evidence_hash=row.evidence_hash,
        by_ai=row.source == "ai",
        model=row.model,
        useful=row.useful,
    )
