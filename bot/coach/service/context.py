"""What AI may be told about a person's week: only what exists, never energy, load, messages or anybody else."""

from bot.actors import OwnerId
from bot.coach.enriching import WeekContext
from bot.coach.model import GoalStatus
from bot.coach.safety import is_crisis
from bot.coach.seats import areas_of
from bot.coach.service.desk import Desk
from bot.coach.service.planning import WEEK
from bot.coach.service.weeks import WeekView
from storage.repositories.coach_goals import CoachGoalRepository
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository

BOUNCES_SENT = 10


async def week_context(desk: Desk, owner: OwnerId, view: WeekView) -> WeekContext:
    """Gather what exists. Reflections only by their own switch, and never one with a crisis phrase."""
    sources = desk.sources
    loops = await sources.loops.loops(owner)
    releases = await sources.loops.releases(owner)
    bounces = await sources.bounces.bounces(owner, desk.clock.now() - 8 * WEEK)
    missions = await sources.missions.open_missions(owner)
    profile = view.profile
    async with desk.read(owner) as sitting:
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
        today=desk.clock.now().date(),
        bounces=len(bounces),
        bounce_ids=[bounce.id for bounce in bounces],
        bounce_titles=[bounce.title for bounce in bounces[:BOUNCES_SENT]],
        missions=missions,
        last_week=(sum(task.status == "done" for task in earlier), len(earlier)) if before else None,
        reflections=told if shares else (),
    )
