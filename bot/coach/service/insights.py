"""Use cases of the insights archive: look for new ones, browse, mark, delete."""

from collections.abc import Sequence
from dataclasses import replace

from bot.actors import Actor, OwnerId
from bot.coach.insights import Found, InsightInputs, find_insights, fresh
from bot.coach.metrics import metric
from bot.coach.model import Insight, InsightId, InsightPriority, InsightType, SessionId
from bot.coach.service.desk import Desk, Sitting
from bot.coach.service.planning import WEEK
from bot.coach.service.progress import all_series
from bot.coach.trend import GrowthArea, growth_areas
from bot.errors import NotFound
from storage.repositories.coach_goals import CoachGoalRepository
from storage.repositories.coach_notes import CoachInsightRepository
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository
from storage.unit import Reading, Unit

_ORDER = list(InsightPriority)


class InsightService:
    """One door for insights."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def look(self, actor: Actor, owner: OwnerId) -> list[Insight]:
        """Read the person's data again and keep what is new; return everything kept, newest first."""
        sources = self._desk.sources
        since = self._desk.clock.now() - 12 * WEEK
        loops = await sources.loops.loops(owner)
        releases = await sources.loops.releases(owner)
        bounces = await sources.bounces.bounces(owner, since)
        async with self._desk.write(actor, owner, "insights") as sitting:
            repo = sitting.unit.repo(CoachInsightRepository)
            weeks = await sitting.unit.repo(CoachWeekRepository).since(sitting.monday - 8 * WEEK)
            tasks = await sitting.unit.repo(CoachTaskRepository).of_weeks([week.id for week in weeks])
            found = find_insights(
                InsightInputs(
                    today=sitting.today,
                    role=sitting.profile.role,
                    experience=sitting.profile.experience,
                    genre=sitting.profile.genre,
                    goals=await sitting.unit.repo(CoachGoalRepository).all(),
                    tasks=[task for week in weeks for task in tasks[week.id]],
                    bounces=bounces,
                    loops=loops,
                    releases=releases,
                    growth=await self._growth(sitting),
                    facts=sources.facts.facts(),
                )
            )
            await self._keep(sitting, found, weeks[-1].id if weeks else None)
            return await repo.all()

    async def keep(self, actor: Actor, owner: OwnerId, found: Sequence[Found], model: str) -> int:
        """Keep what AI said, marked as such; return how many were new."""
        async with self._desk.write(actor, owner, "insights") as sitting:
            week = await sitting.unit.repo(CoachWeekRepository).of(sitting.monday)
            return await self._keep(sitting, found, week.id if week else None, model)

    async def _keep(
        self, sitting: Sitting[Unit], found: Sequence[Found], session_id: SessionId | None, model: str | None = None
    ) -> int:
        repo = sitting.unit.repo(CoachInsightRepository)
        new = [
            Insight(
                id=InsightId(sitting.unit.new_id()),
                type=each.type,
                content=each.content,
                created_at=sitting.now,
                session_id=session_id,
                evidence=each.evidence,
                evidence_hash=each.evidence_hash,
                by_ai=model is not None,
                model=model,
            )
            for each in fresh(found, await repo.all(), sitting.now, self._desk.rules.insight_repeat_days)
        ]
        await repo.add(new)
        return len(new)

    async def all(self, owner: OwnerId, kind: InsightType | None = None) -> list[Insight]:
        """Return what is kept, the important first, then the newest."""
        async with self._desk.read(owner) as sitting:
            found = await sitting.unit.repo(CoachInsightRepository).all(kind)
        return sorted(found, key=lambda each: -_ORDER.index(each.content.priority))

    async def get(self, owner: OwnerId, insight_id: str) -> Insight:
        async with self._desk.read(owner) as sitting:
            return await self._insight(sitting, insight_id)

    async def mark(self, actor: Actor, owner: OwnerId, insight_id: str, useful: bool) -> Insight:
        async with self._desk.write(actor, owner, "mark_insight") as sitting:
            marked = replace(await self._insight(sitting, insight_id), useful=useful)
            await sitting.unit.repo(CoachInsightRepository).save(marked)
            return marked

    async def delete(self, actor: Actor, owner: OwnerId, insight_id: str) -> str:
        async with self._desk.write(actor, owner, "delete_insight") as sitting:
            insight = await self._insight(sitting, insight_id)
            await sitting.unit.repo(CoachInsightRepository).remove(insight.id)
            return sitting.unit.group_id

    async def _insight(self, sitting: Sitting[Reading], insight_id: str) -> Insight:
        insight = await sitting.unit.repo(CoachInsightRepository).get(insight_id)
        if insight is None:
            raise NotFound("insight", "/coach insights")
        return insight

    async def _growth(self, sitting: Sitting[Reading]) -> Sequence[GrowthArea]:
        series = await all_series(sitting)
        known = {key: ([value for _, value in values], metric(key)) for key, values in series.items()}
        return growth_areas(
            {key: (values, one.better, one.scale) for key, (values, one) in known.items()}, self._desk.rules.trend
        )
