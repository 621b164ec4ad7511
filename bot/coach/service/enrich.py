"""Use cases of AI in the week: one call over a plan that is saved and shown already. Off, nothing is different."""

from dataclasses import dataclass, replace
from datetime import date

from bot.actors import Actor, OwnerId
from bot.ai.model import Asker, Assistant, Failed, NoIdeas, Ok, Question, Reason
from bot.coach.enriching import PlanReply, WeekContext, context_data, take_over
from bot.coach.model import FocusArea, GoalStatus
from bot.coach.safety import is_crisis
from bot.coach.seats import areas_of
from bot.coach.service.desk import Desk
from bot.coach.service.planning import WEEK, is_replaceable
from bot.coach.service.tasks import TaskChanged, TaskDraft, TaskService
from bot.coach.service.weeks import WeekService, WeekView
from bot.errors import AlreadyDone, NotFound
from storage.repositories.coach_goals import CoachGoalRepository
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository

PROMPT = "coach_plan"
BOUNCES_SENT = 10


@dataclass(frozen=True, slots=True)
class EnrichedWeek:
    """The week afterwards; `reason` says why it is as it was."""

    view: WeekView
    group_id: str | None = None
    reason: Reason | None = None


class EnrichService:
    """One door for AI texts of the coach."""

    def __init__(self, desk: Desk, weeks: WeekService, tasks: TaskService, assistant: Assistant | None) -> None:
        self._desk = desk
        self._weeks = weeks
        self._tasks = tasks
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
        data = context_data(await self._context(owner, view))
        answer = await self._assistant.ask(Question(PROMPT, PlanReply, data, Asker(owner, guild_id)))
        match answer:
            case Ok(items=reply, usage=usage):
                return await self._keep(actor, owner, view, reply, usage.model)
            case NoIdeas():
                return EnrichedWeek(view)
            case Failed(reason=reason):
                return EnrichedWeek(view, reason=reason)

    async def add_extra(self, actor: Actor, owner: OwnerId, monday: date, place: int) -> TaskChanged:
        """Add an extra task; the plan grows by the person's own act."""
        view = await self._weeks.plan(actor, owner, monday)
        if place >= len(view.week.extras):
            raise NotFound("task", "/coach plan")
        extra = view.week.extras[place]
        if any(task.title == extra.title for task in view.tasks):
            raise AlreadyDone("coach_extra_there", task=extra.title)
        draft = TaskDraft(extra.title, area=extra.focus_area, effort=extra.effort)
        return await self._tasks.add(actor, owner, draft, monday)

    async def swap_in(self, actor: Actor, owner: OwnerId, monday: date, place: int) -> TaskChanged:
        """Put an extra task in place of an open one of its area; without one it is added."""
        added = await self.add_extra(actor, owner, monday, place)
        async with self._desk.write(actor, owner, "swap_in") as sitting:
            tasks = sitting.unit.repo(CoachTaskRepository)
            own = await tasks.of(added.task.session_id)
            free = next((t for t in own if t.focus_area is added.task.focus_area and is_replaceable(t)), None)
            if free is not None:
                await tasks.remove([free.id])
        return added

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

    async def _context(self, owner: OwnerId, view: WeekView) -> WeekContext:
        """Gather what exists. Reflections only by their own switch, and never one with a crisis phrase."""
        sources = self._desk.sources
        loops = await sources.loops.loops(owner)
        releases = await sources.loops.releases(owner)
        bounces = await sources.bounces.bounces(owner, self._desk.clock.now() - 8 * WEEK)
        profile = view.profile
        async with self._desk.read(owner) as sitting:
            goals = await sitting.unit.repo(CoachGoalRepository).all(GoalStatus.ACTIVE)
            before = await sitting.unit.repo(CoachWeekRepository).of(view.week.week_start - WEEK)
            earlier = await sitting.unit.repo(CoachTaskRepository).of(before.id) if before else []
        told = (*before.reflections.wins, *before.reflections.challenges) if before else ()
        shares = profile.preferences.send_reflections_to_ai and not is_crisis(*told)
        return WeekContext(
            role=profile.role,
            experience=profile.experience,
            areas=areas_of(profile.role),
            tasks=view.open,
            genre=profile.genre,
            goals=goals,
            loops=loops,
            releases=releases,
            bounce_titles=[bounce.title for bounce in bounces[:BOUNCES_SENT]],
            last_week=(sum(task.status == "done" for task in earlier), len(earlier)) if before else None,
            reflections=told if shares else (),
        )
