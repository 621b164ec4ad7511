"""The coach's use cases: one door a group, all of them over the same desk."""

from dataclasses import dataclass

from bot.ai.model import Assistant
from bot.coach.service.checkins import CheckinService
from bot.coach.service.desk import Desk
from bot.coach.service.due import CheckinSlots, CloseSlots, ReminderSlots
from bot.coach.service.enrich import EnrichService
from bot.coach.service.goals import GoalService
from bot.coach.service.habits import HabitService, ReminderService, RoutineService
from bot.coach.service.insights import InsightService
from bot.coach.service.profiles import ProfileService
from bot.coach.service.progress import ProgressService
from bot.coach.service.tasks import TaskService
from bot.coach.service.weeks import WeekService


@dataclass(frozen=True, slots=True)
class CoachService:
    """What cogs and missions reach by `services.coach`."""

    desk: Desk
    profiles: ProfileService
    weeks: WeekService
    tasks: TaskService
    goals: GoalService
    progress: ProgressService
    habits: HabitService
    routines: RoutineService
    reminders: ReminderService
    checkins: CheckinService
    insights: InsightService
    enrich: EnrichService

    @property
    def slots(self) -> tuple[CheckinSlots, CloseSlots, ReminderSlots]:
        """The kinds of due work, for the engine."""
        return (
            CheckinSlots(self.checkins, self.desk.rules),
            CloseSlots(self.checkins),
            ReminderSlots(self.desk),
        )


def coach_service(desk: Desk, assistant: Assistant | None = None) -> CoachService:
    """Make all doors over one desk."""
    weeks, tasks, insights = WeekService(desk), TaskService(desk), InsightService(desk)
    return CoachService(
        desk=desk,
        profiles=ProfileService(desk),
        weeks=weeks,
        tasks=tasks,
        goals=GoalService(desk),
        progress=ProgressService(desk),
        habits=HabitService(desk),
        routines=RoutineService(desk),
        reminders=ReminderService(desk),
        checkins=CheckinService(desk, weeks),
        insights=insights,
        enrich=EnrichService(desk, weeks, tasks, insights, assistant),
    )
