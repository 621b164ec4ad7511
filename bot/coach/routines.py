"""Routines: named steps with minutes. Five come along; names and steps are catalogue keys until somebody edits them."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.coach.goals import checked_title
from bot.coach.model import CATEGORY_OF, Category, FocusArea, Role, RoutineStep
from bot.coach.rules import LimitRules
from bot.coach.seats import areas_of
from bot.errors import Refused

STEP_MINUTES_MAX = 240


@dataclass(frozen=True, slots=True)
class RoutinePreset:
    """`coach.routine.<key>.name` and `.steps.<n>` hold the words."""

    key: str
    minutes: tuple[int, ...]
    category: Category
    """What its tasks belong to; which area that is depends on the role."""

    @property
    def total(self) -> int:
        return sum(self.minutes)


PRESETS = (
    RoutinePreset("morning", (10, 30, 50, 10, 10), Category.CREATIVE_GROWTH),
    RoutinePreset("outreach", (15, 20, 35, 15), Category.RELATIONSHIP_BUILDING),
    RoutinePreset("release_week", (25, 40, 20, 45, 30, 15), Category.PROMOTIONAL_UNDERSTANDING),
    RoutinePreset("wellness", (20, 10, 5), Category.WELLBEING),
    RoutinePreset("review", (20, 20, 15, 15), Category.CAREER_SKILL),
)


def preset(key: str) -> RoutinePreset | None:
    return next((each for each in PRESETS if each.key == key), None)


def area_for(key: str | None, role: Role) -> FocusArea:
    """Return the area that a routine's tasks fill; area A for own routines and where the role has no such area."""
    found = preset(key) if key else None
    areas = (*areas_of(role), FocusArea.WELLBEING)
    return next((area for area in areas if found and CATEGORY_OF[area] is found.category), areas[0])


def parse_steps(text: str, limits: LimitRules) -> tuple[RoutineStep, ...]:
    """Read steps, one a line: `listen back, 10`. Raise Refused with the line that is not readable.

    >>> parse_steps("listen back, 10", LimitRules(active_goals=1, habits=1, routines=1, routine_steps=2,
    ...             title=120, description=100))
    (RoutineStep(name='listen back', minutes=10),)
    """
    steps = [_step(line, limits) for line in text.splitlines() if line.strip()]
    if not steps or len(steps) > limits.routine_steps:
        raise Refused("coach_routine_steps", max=limits.routine_steps, count=len(steps))
    return tuple(steps)


def written_steps(steps: Sequence[RoutineStep]) -> str:
    """Return steps as the form shows them."""
    return "\n".join(f"{step.name}, {step.minutes}" for step in steps)


def _step(line: str, limits: LimitRules) -> RoutineStep:
    name, _, minutes = line.rpartition(",")
    number = minutes.strip().removesuffix("min").strip()
    if not name.strip() or not number.isdigit() or not 1 <= int(number) <= STEP_MINUTES_MAX:
        raise Refused("coach_routine_line", typed=line.strip()[:80], max=STEP_MINUTES_MAX)
    return RoutineStep(checked_title(name, limits), int(number))
