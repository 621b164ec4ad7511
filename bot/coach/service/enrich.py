"""Use cases of AI in the week: one call over a plan that is saved and shown already. Off, nothing is different."""

from dataclasses import dataclass, replace
from datetime import date

from bot.actors import Actor, OwnerId
from bot.ai.model import Asker, Assistant, Failed, NoIdeas, Ok, Question, Reason
from bot.coach.ai_insights import InsightsReply, insight_data, kept_insights, wanted
from bot.coach.enriching import SENDS, PlanReply, context_data, take_over
from bot.coach.model import FocusArea, InsightType, TaskSource
from bot.coach.seats import areas_of
from bot.coach.service.context import week_context
from bot.coach.service.desk import Desk
from bot.coach.service.insights import InsightService
from bot.coach.service.planning import is_replaceable, look_around
from bot.coach.service.tasks import TaskChanged, TaskDraft, TaskService
from bot.coach.service.weeks import WeekService, WeekView
from bot.errors import AlreadyDone, NotFound, Refused
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository

PROMPT = "coach_plan"
INSIGHTS_PROMPT = "coach_insights"


@dataclass(frozen=True, slots=True)
class EnrichedWeek:
    """The week afterwards; `reason` says why it is as it was."""

    view: WeekView
    group_id: str | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class AskedInsights:
    """How many were kept; `reason` says why there was no answer."""

    kept: int = 0
    reason: Reason | None = None


class EnrichService:
    """One door for AI texts of the coach."""

    def __init__(
        self, desk: Desk, weeks: WeekService, tasks: TaskService, insights: InsightService, assistant: Assistant | None
    ) -> None:
        self._desk = desk
        self._weeks = weeks
        self._tasks = tasks
        self._insights = insights
        self._assistant = assistant

    async def enrich(
        self, actor: Actor, owner: OwnerId, monday: date | None = None, guild_id: int | None = None
    ) -> EnrichedWeek:
        """Ask once for clearer words and a few extra tasks. Any failure leaves the plan as it is."""
        view = await self._weeks.plan(actor, owner, monday)
        if self._assistant is None:
            return EnrichedWeek(view, reason=Reason.NO_KEY)
        if not view.profile.ai_consent:
            return EnrichedWeek(view, reason=Reason.OFF)
        data = SENDS.of(context_data(await week_context(self._desk, owner, view)))
        answer = await self._assistant.ask(Question(PROMPT, PlanReply, data, Asker(owner, guild_id)))
        match answer:
            case Ok(items=reply, usage=usage):
                return await self._keep(actor, owner, view, reply, usage.model)
            case NoIdeas():
                return EnrichedWeek(view)
            case Failed(reason=reason):
                return EnrichedWeek(view, reason=reason)

    async def insights(self, actor: Actor, owner: OwnerId, guild_id: int | None = None) -> AskedInsights:
        """Ask what may be worth a look in the person's own data, and keep it beside what the rules found."""
        view = await self._weeks.plan(actor, owner)
        if self._assistant is None:
            return AskedInsights(reason=Reason.NO_KEY)
        if not view.profile.ai_consent:
            return AskedInsights(reason=Reason.OFF)
        context = await week_context(self._desk, owner, view)
        asker = Asker(owner, guild_id)
        question = Question(INSIGHTS_PROMPT, InsightsReply, SENDS.of(insight_data(context)), asker)
        match await self._assistant.ask(question):
            case Ok(items=reply, usage=usage):
                evidence = {
                    InsightType.CAREER: [*(goal.id for goal in context.goals), view.week.id],
                    InsightType.CREATIVE: [*context.bounce_ids, *(loop.id for loop in context.loops)],
                    InsightType.BRANDING: [view.profile.id],
                }
                found = kept_insights(reply, wanted(context), evidence)
                return AskedInsights(await self._insights.keep(actor, owner, found, usage.model))
            case NoIdeas():
                return AskedInsights()
            case Failed(reason=reason):
                return AskedInsights(reason=reason)

    async def add_extra(self, actor: Actor, owner: OwnerId, monday: date, place: int) -> TaskChanged:
        """Add an extra task; the plan grows by the person's own act."""
        return await self._take_extra(actor, owner, monday, place, swaps=False)

    async def swap_in(self, actor: Actor, owner: OwnerId, monday: date, place: int) -> TaskChanged:
        """Put an extra task in place of an open one of its area; without one it is added."""
        return await self._take_extra(actor, owner, monday, place, swaps=True)

    async def _take_extra(self, actor: Actor, owner: OwnerId, monday: date, place: int, *, swaps: bool) -> TaskChanged:
        """Take an extra task in one transaction, so that a second press finds it there and Undo undoes all of it."""
        around = await look_around(self._desk, owner)
        async with self._desk.write(actor, owner, "swap_in" if swaps else "add_task") as sitting:
            week = await sitting.unit.repo(CoachWeekRepository).of(monday)
            if week is None or place >= len(week.extras):
                raise NotFound("task", "/coach plan")
            if week.closed_at is not None:
                raise Refused("coach_week_closed")
            extra = week.extras[place]
            tasks = sitting.unit.repo(CoachTaskRepository)
            own = await tasks.of(week.id)
            if any(task.title == extra.title for task in own):
                raise AlreadyDone("coach_extra_there", task=extra.title)
            free = next((each for each in own if each.focus_area is extra.focus_area and is_replaceable(each)), None)
            if swaps and free is not None:
                await tasks.remove([free.id])
            draft = TaskDraft(extra.title, extra.focus_area, extra.effort, how=extra.description, source=TaskSource.AI)
            return await self._tasks.add_in(sitting, draft, around, monday)

    async def _keep(self, actor: Actor, owner: OwnerId, view: WeekView, reply: PlanReply, model: str) -> EnrichedWeek:
        async with self._desk.write(actor, owner, "enrich") as sitting:
            weeks, tasks = sitting.unit.repo(CoachWeekRepository), sitting.unit.repo(CoachTaskRepository)
            week = await weeks.of(view.week.week_start)
            if week is None or week.closed_at is not None:
                return EnrichedWeek(view)
            own = await tasks.of(week.id)
            areas = (*areas_of(sitting.profile.role), FocusArea.WELLBEING)
            taken = take_over(week.plan, own, reply, areas, model)
            for task in taken.tasks:
                await tasks.save(task)
            await weeks.save(replace(week, plan=taken.plan, extras=taken.extras))
            return EnrichedWeek(
                await self._weeks.view(sitting, replace(week, plan=taken.plan, extras=taken.extras)),
                sitting.unit.group_id,
            )
