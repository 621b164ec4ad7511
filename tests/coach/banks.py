"""A synthetic task bank, so that rules are tested without depending on shipped texts."""

from bot.coach.content import WELLBEING_MIN, BankTask
from bot.coach.model import Effort, Experience, FocusArea, GoalCategory, Phase, Role
from bot.coach.seats import areas_of

EVERYBODY = frozenset(Experience)


def synthetic_bank(role: Role = Role.ARTIST, per_area: int = 18) -> tuple[BankTask, ...]:
    """Return a bank of the least size that may ship: half low, the rest medium and high in turn."""
    tasks: list[BankTask] = []
    goals = list(GoalCategory)
    phases = list(Phase)
    for area in (*areas_of(role), FocusArea.WELLBEING):
        rest = area is FocusArea.WELLBEING
        for number in range(WELLBEING_MIN if rest else per_area):
            effort = Effort.LOW if rest or number % 2 == 0 else Effort.MEDIUM if number % 4 == 1 else Effort.HIGH
            tasks.append(
                BankTask(
                    id=f"{role[:3]}.{area[:3]}.{number:03d}",
                    area=area,
                    title=f"{area} task {number}",
                    how=f"How {area} {number} is done",
                    effort=effort,
                    experience=EVERYBODY,
                    phase=phases[number % len(phases)],
                    goal_categories=() if rest else (goals[number % len(goals)],),
                )
            )
    return tuple(tasks)
