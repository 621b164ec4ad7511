"""How a week is divided: seats per focus area, effort budget, minutes."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from bot.coach.model import CATEGORY_OF, Category, Effort, FocusArea, Pacing, Role
from bot.coach.rules import CoachRules, coach_rules

LIGHTER_SIZE = 4
LIGHTER_BUDGET = 6
SOFT_LANDING_SIZE = 3
SOFT_LANDING_BUDGET = 4
HABIT_MINUTES = 30


class WeekShape(StrEnum):
    """Why a week has the size it has."""

    USUAL = "usual"
    LIGHTER = "lighter"
    RECOVERY = "recovery"
    SOFT_LANDING = "soft_landing"


@dataclass(frozen=True, slots=True)
class Frame:
    """Seats of each area (wellbeing included), points and high-effort tasks at most."""

    shape: WeekShape
    seats: Mapping[FocusArea, int]
    budget: int
    high_max: int

    @property
    def total(self) -> int:
        return sum(self.seats.values())


def areas_of(role: Role) -> tuple[FocusArea, ...]:
    """Return areas A to D of a role, wellbeing not among them."""
    return tuple(coach_rules().areas[role])


def seats(weights: Mapping[FocusArea, float], n: int) -> dict[FocusArea, int]:
    """Share `n` tasks among areas: one each, the rest by Sainte-Laguë (Webster) quotients, ties by order.

    With fewer than one for each, the first `n` areas get one.

    >>> seats({FocusArea.CREATIVE: 37.5, FocusArea.PROMO: 25, FocusArea.RELATIONSHIPS: 25,
    ...        FocusArea.CAREER: 12.5}, 8).values()
    dict_values([3, 2, 2, 1])
    """
    order = list(weights)
    given = {area: int(place < n) for place, area in enumerate(order)}
    for _ in range(n - len(order)):
        winner = max(order, key=lambda area: (weights[area] / (2 * given[area] + 1), -order.index(area)))
        given[winner] += 1
    return given


def frame(role: Role, pacing: Pacing, size: int, shape: WeekShape, rules: CoachRules) -> Frame:
    """Return the frame of a week of `size` tasks, wellbeing included. Sizes 4 and 5 are the lighter row."""
    weights = rules.areas[role]
    if shape is WeekShape.SOFT_LANDING:
        relation = next(area for area in weights if CATEGORY_OF[area] is Category.RELATIONSHIP_BUILDING)
        chosen = {next(iter(weights)): 1, relation: 1, FocusArea.WELLBEING: 1}
        return Frame(shape, chosen, SOFT_LANDING_BUDGET, 0)
    if shape is WeekShape.RECOVERY:
        kept = {a: w for a, w in weights.items() if CATEGORY_OF[a] is not Category.PROMOTIONAL_UNDERSTANDING}
        return Frame(shape, _with_wellbeing(seats(kept, len(kept))), LIGHTER_BUDGET, 0)
    if shape is WeekShape.LIGHTER or size < min(pace.total for pace in rules.paces.values()):
        size = min(max(size, LIGHTER_SIZE), LIGHTER_SIZE + 1)
        return Frame(shape, _with_wellbeing(seats(weights, size - 1)), LIGHTER_BUDGET, 0)
    return Frame(shape, _with_wellbeing(seats(weights, size - 1)), 2 * size - 3, rules.paces[pacing].high_effort_max)


def minutes_for(area: FocusArea, effort: Effort, rules: CoachRules) -> int:
    """Return the minutes of a task that carries none of its own."""
    row = rules.minutes[area]
    return row.high if effort is Effort.HIGH and row.high is not None else row.usual


def estimated_minutes(given: Mapping[FocusArea, int], rules: CoachRules) -> int:
    """Return the usual minutes of a week with these seats; one wellbeing task is added when none is there."""
    with_rest = {FocusArea.WELLBEING: 1, **given}
    return sum(rules.minutes[area].usual * count for area, count in with_rest.items())


def hours_of(minutes: int) -> float:
    """Return hours to one place, half up.

    >>> hours_of(375), hours_of(765)
    (6.3, 12.8)
    """
    return float((Decimal(minutes) / 60).quantize(Decimal("0.1"), ROUND_HALF_UP))


def _with_wellbeing(given: dict[FocusArea, int]) -> dict[FocusArea, int]:
    return {area: count for area, count in given.items() if count} | {FocusArea.WELLBEING: 1}
