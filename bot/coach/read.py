"""What the coach answers other areas: role and pace, whether somebody rests, what they told of their energy."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.coach.model import Goal, Session, Task, WeekState
from bot.say.dates import monday_of
from storage.repositories.coach import CoachProfileRepository
from storage.repositories.coach_goals import CoachGoalRepository
from storage.repositories.coach_notes import CoachCheckinRepository
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository
from storage.unit import Database

WEEKS_LOOKED_AT = 6


@dataclass(frozen=True, slots=True)
class CoachActivity:
    """Whether somebody reflected on a week since a moment, and when they decided about tasks."""

    reflected: bool
    moments: tuple[datetime, ...]


class CoachReads:
    """Answers about one person; nothing is changed here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def role_and_pace(self, owner: int) -> tuple[str, str] | None:
        """Return role and pace of the profile; None before there is one."""
        async with self._database.read(owner) as unit:
            profile = await unit.repo(CoachProfileRepository).get()
        return (profile.role.value, profile.preferences.pacing.value) if profile else None

    async def rests(self, owner: int, today: date) -> str | None:
        """Return why nobody should write to the person on a day: "paused", "rest"; None: they may."""
        async with self._database.read(owner) as unit:
            profile = await unit.repo(CoachProfileRepository).get()
            week = await unit.repo(CoachWeekRepository).of(monday_of(today))
        if profile is not None and profile.paused_until is not None and today < profile.paused_until:
            return "paused"
        return "rest" if week is not None and week.state is WeekState.REST else None

    async def tells_energy(self, owner: int) -> bool:
        """Say whether the person agreed to be asked for their energy."""
        async with self._database.read(owner) as unit:
            profile = await unit.repo(CoachProfileRepository).get()
        return profile is not None and profile.preferences.dm.energy

    async def energies(self, owner: int, after: datetime, until: datetime) -> list[int]:
        """Return what check-ins of a span told of energy, 1 to 5; nothing without consent."""
        if not await self.tells_energy(owner):
            return []
        async with self._database.read(owner) as unit:
            checkins = await unit.repo(CoachCheckinRepository).since(after)
        return [each.energy for each in checkins if each.energy is not None and each.due_at <= until]

    async def activity(self, owner: int, since: datetime) -> CoachActivity:
        """Return what was decided and reflected on since a moment."""
        async with self._database.read(owner) as unit:
            now = unit.now
            sessions = await unit.repo(CoachWeekRepository).since(since.date() - timedelta(days=7))
            tasks = await unit.repo(CoachTaskRepository).of_weeks([week.id for week in sessions[-WEEKS_LOOKED_AT:]])
        return CoachActivity(
            reflected=any(not week.reflections.is_empty and (week.closed_at or now) >= since for week in sessions),
            moments=tuple(task.decided_at for week in tasks.values() for task in week if task.decided_at is not None),
        )

    async def everything(self, owner: int, since: date) -> tuple[list[tuple[Session, list[Task]]], list[Goal]]:
        """Return weeks with their tasks, and all goals, for an archive; never energy or load."""
        async with self._database.read(owner) as unit:
            weeks = await unit.repo(CoachWeekRepository).since(since)
            tasks = await unit.repo(CoachTaskRepository).of_weeks([week.id for week in weeks])
            goals = await unit.repo(CoachGoalRepository).all()
        return [(week, list(tasks[week.id])) for week in weeks], list(goals)
