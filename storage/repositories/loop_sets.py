"""What is made from loops: suggestions, readings, exports, and the panels that follow them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from bot.loops.model import (
    ClipId,
    Export,
    ExportId,
    ExportState,
    ExportTarget,
    Insight,
    InsightId,
    InsightKind,
    Lane,
    LoopId,
    SuggestedClip,
    Suggestion,
    SuggestionId,
    SuggestionKind,
    SuggestionState,
)
from storage.tables.loops import ExportRow, InsightRow, SuggestionRow
from storage.unit import Repository, Unit, UnitT


class SuggestionRepository(Repository[UnitT]):
    """Sets of suggestions of this owner's loops."""

    async def open_of(self, loop_id: str) -> list[Suggestion]:
        rows = await self.session.execute(
            select(SuggestionRow)
            .where(SuggestionRow.loop_id == loop_id, SuggestionRow.state == SuggestionState.OPEN)
            .order_by(SuggestionRow.position)
        )
        return [_suggestion(row) for row in rows.scalars()]

    async def get(self, suggestion_id: str) -> Suggestion | None:
        row = await self._row(suggestion_id)
        return None if row is None else _suggestion(row)

    async def dismissed_since(self, loop_id: str, since: datetime) -> set[str]:
        """Return the fingerprints that the owner turned down since then."""
        rows = await self.session.execute(
            select(SuggestionRow.fingerprint).where(
                SuggestionRow.loop_id == loop_id,
                SuggestionRow.state == SuggestionState.DISMISSED,
                SuggestionRow.decided_at >= since,
            )
        )
        return set(rows.scalars())

    async def replace_open(self: "SuggestionRepository[Unit]", loop_id: str, suggestions: Iterable[Suggestion]) -> None:
        """Store a new set; the open one is superseded."""
        rows = await self.writing.execute(
            select(SuggestionRow).where(SuggestionRow.loop_id == loop_id, SuggestionRow.state == SuggestionState.OPEN)
        )
        for row in rows.scalars():
            row.state, row.decided_at = SuggestionState.SUPERSEDED.value, self.unit.now
        for position, one in enumerate(suggestions):
            self.writing.add(
                SuggestionRow(
                    id=one.id,
                    owner_id=self.owner,
                    loop_id=one.loop_id,
                    set_id=one.set_id,
                    position=position,
                    kind=one.kind.value,
                    payload=_payload(one),
                    fingerprint=one.fingerprint,
                    predicted_gain=one.predicted_gain,
                    ai_written=one.ai_written,
                    state=one.state.value,
                    created_at=one.created_at,
                    decided_at=one.decided_at,
                )
            )
        await self.writing.flush()

    async def decide(self: "SuggestionRepository[Unit]", suggestion_id: str, state: SuggestionState) -> bool:
        """Move an open suggestion on; False when somebody was there first."""
        row = await self._row(suggestion_id)
        if row is None or row.state != SuggestionState.OPEN:
            return False
        row.state, row.decided_at = state.value, self.unit.now
        await self.writing.flush()
        return True

    async def _row(self, suggestion_id: str) -> SuggestionRow | None:
        return (
            await self.session.execute(select(SuggestionRow).where(SuggestionRow.id == suggestion_id))
        ).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class MonthlyCost:
    """Tokens and cost of one month ("2026-06"); `unpriced` readings have a cost that nobody knows."""

    month: str
    readings: int
    tokens: int
    cost_microusd: int
    unpriced: int = 0


class InsightRepository(Repository[UnitT]):
    """The archive of readings."""

    async def add(self: "InsightRepository[Unit]", insight: Insight) -> Insight:
        self.writing.add(
            InsightRow(
                id=insight.id,
                owner_id=self.owner,
                loop_id=insight.loop_id,
                kind=insight.kind.value,
                generated_at=insight.generated_at,
                lines=list(insight.lines),
                score=insight.score,
                state_hash=insight.state_hash,
                ai_written=insight.ai_written,
                model=insight.model,
                prompt_version=insight.prompt_version,
                tokens_in=insight.tokens_in,
                tokens_out=insight.tokens_out,
                cost_microusd=insight.cost_microusd,
                created_by=insight.created_by,
                pinned=insight.pinned,
            )
        )
        await self.writing.flush()
        return insight

    async def get(self, insight_id: str) -> Insight | None:
        row = await self._row(insight_id)
        return None if row is None else _insight(row)

    async def page(
        self, loop_id: str | None, kind: InsightKind | None, offset: int, limit: int
    ) -> tuple[list[Insight], int]:
        """Return readings, pinned ones first, then the newest, and how many there are."""
        where = []
        if loop_id is not None:
            where.append(InsightRow.loop_id == loop_id)
        if kind is not None:
            where.append(InsightRow.kind == kind.value)
        count = (await self.session.execute(select(func.count()).select_from(InsightRow).where(*where))).scalar_one()
        rows = await self.session.execute(
            select(InsightRow)
            .where(*where)
            .order_by(InsightRow.pinned.desc(), InsightRow.generated_at.desc(), InsightRow.id.desc())
            .offset(offset)
            .limit(limit)
        )
        return [_insight(row) for row in rows.scalars()], count

    async def pin(self: "InsightRepository[Unit]", insight_id: str, pinned: bool) -> bool:
        row = await self._row(insight_id)
        if row is None:
            return False
        row.pinned = pinned
        await self.writing.flush()
        return True

    async def remove(self: "InsightRepository[Unit]", insight_id: str) -> bool:
        row = await self._row(insight_id)
        if row is None:
            return False
        await self.writing.delete(row)
        await self.writing.flush()
        return True

    async def cost_by_month(self, limit: int = 6) -> list[MonthlyCost]:
        """Return what AI readings took, the newest month first."""
        rows = await self.session.execute(
            select(InsightRow).where(InsightRow.ai_written).order_by(InsightRow.generated_at.desc())
        )
        months: dict[str, MonthlyCost] = {}
        for row in rows.scalars():
            month = f"{row.generated_at:%Y-%m}"
            had = months.get(month, MonthlyCost(month, 0, 0, 0))
            months[month] = MonthlyCost(
                month,
                had.readings + 1,
                had.tokens + (row.tokens_in or 0) + (row.tokens_out or 0),
                had.cost_microusd + (row.cost_microusd or 0),
                had.unpriced + (row.cost_microusd is None),
            )
        return list(months.values())[:limit]

    async def _row(self, insight_id: str) -> InsightRow | None:
        return (await self.session.execute(select(InsightRow).where(InsightRow.id == insight_id))).scalar_one_or_none()


class ExportRepository(Repository[UnitT]):
    """The queue and history of exports."""

    async def add(self: "ExportRepository[Unit]", export: Export) -> Export:
        self.writing.add(
            ExportRow(
                id=export.id,
                owner_id=self.owner,
                loop_id=export.loop_id,
                clip_id=export.clip_id,
                target=export.target.value,
                payload=dict(export.payload),
                document=export.document,
                score=export.score,
                ai_written=export.ai_written,
                state=export.state.value,
                attempts=export.attempts,
                error=export.error,
                created_by=export.created_by,
                created_at=export.created_at,
                taken_at=export.taken_at,
            )
        )
        await self.writing.flush()
        return export

    async def get(self, export_id: str) -> Export | None:
        row = await self._row(export_id)
        return None if row is None else _export(row)

    async def page(self, offset: int, limit: int) -> tuple[list[Export], int]:
        count = (await self.session.execute(select(func.count()).select_from(ExportRow))).scalar_one()
        rows = await self.session.execute(
            select(ExportRow).order_by(ExportRow.created_at.desc(), ExportRow.id.desc()).offset(offset).limit(limit)
        )
        return [_export(row) for row in rows.scalars()], count

    async def notebook(self, loop_id: str) -> list[str]:
        """Return the documents that went into a loop's notebook, oldest first."""
        rows = await self.session.execute(
            select(ExportRow.document)
            .where(
                ExportRow.loop_id == loop_id,
                ExportRow.target == ExportTarget.ANALOGUE,
                ExportRow.state.in_([ExportState.READY, ExportState.TAKEN]),
            )
            .order_by(ExportRow.created_at, ExportRow.id)
        )
        return list(rows.scalars())

    async def move(
        self: "ExportRepository[Unit]", export_id: str, states: Iterable[ExportState], to: ExportState, **values: object
    ) -> bool:
        """Move an export on from one of some states; False when it is in none of them."""
        row = await self._row(export_id)
        if row is None or row.state not in set(states):
            return False
        row.state = to.value
        for name, value in values.items():
            setattr(row, name, value)
        await self.writing.flush()
        return True

    async def _row(self, export_id: str) -> ExportRow | None:
        return (await self.session.execute(select(ExportRow).where(ExportRow.id == export_id))).scalar_one_or_none()


def _payload(one: Suggestion) -> dict[str, object]:
    if one.clip is None:
        return {"text": one.text}
    return {
        "text": one.text,
        "lane": one.clip.lane.value,
        "start": one.clip.start_milli,
        "length": one.clip.length_milli,
        "name": one.clip.name,
        "notes": one.clip.notes,
    }


def _suggestion(row: SuggestionRow) -> Suggestion:
    payload = row.payload
    clip = None
    if "lane" in payload:
        clip = SuggestedClip(
            Lane(payload["lane"]),
            int(payload["start"]),
            int(payload["length"]),
            str(payload["name"]),
            str(payload["notes"]),
        )
    return Suggestion(
        id=SuggestionId(row.id),
        loop_id=LoopId(row.loop_id),
        set_id=row.set_id,
        kind=SuggestionKind(row.kind),
        clip=clip,
        text=str(payload.get("text", "")),
        fingerprint=row.fingerprint,
        predicted_gain=row.predicted_gain,
        ai_written=row.ai_written,
        state=SuggestionState(row.state),
        created_at=row.created_at,
        decided_at=row.decided_at,
    )


def _insight(row: InsightRow) -> Insight:
    return Insight(
        id=InsightId(row.id),
        loop_id=LoopId(row.loop_id),
        kind=InsightKind(row.kind),
        generated_at=row.generated_at,
        lines=tuple(row.lines),
        score=row.score,
        state_hash=row.state_hash,
        ai_written=row.ai_written,
        model=row.model,
        prompt_version=row.prompt_version,
        tokens_in=row.tokens_in,
        tokens_out=row.tokens_out,
        cost_microusd=row.cost_microusd,
        created_by=row.created_by,
        pinned=row.pinned,
    )


def _export(row: ExportRow) -> Export:
    return Export(
        id=ExportId(row.id),
        loop_id=LoopId(row.loop_id),
        clip_id=ClipId(row.clip_id) if row.clip_id else None,
        target=ExportTarget(row.target),
        payload=dict(row.payload),
        document=row.document,
        score=row.score,
        ai_written=row.ai_written,
        state=ExportState(row.state),
        attempts=row.attempts,
        error=row.error,
        created_by=row.created_by,
        created_at=row.created_at,
        taken_at=row.taken_at,
    )
