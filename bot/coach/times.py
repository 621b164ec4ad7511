"""Suggested times of a week's tasks, in the person's own wall time. Suggestions only; quiet hours concern messages."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from bot.coach.dates import at_local
from bot.coach.model import CATEGORY_OF, Category, FocusArea

HABIT_TIME = time(8)

_Slot = tuple[int, time]
"""Weekday (Monday 0) and first local minute."""

_MON, _TUE, _WED, _THU, _FRI, _SAT, _SUN = range(7)
_SLOTS: dict[Category, tuple[_Slot, ...]] = {
    Category.CREATIVE_GROWTH: (
        (_MON, time(9)),
        (_WED, time(9)),
        (_FRI, time(9)),
        (_MON, time(10, 30)),
        (_WED, time(10, 30)),
    ),
    Category.PROMOTIONAL_UNDERSTANDING: ((_TUE, time(14)), (_THU, time(14)), (_TUE, time(15)), (_THU, time(15))),
    Category.RELATIONSHIP_BUILDING: tuple((day, time(16)) for day in (_WED, _FRI, _MON, _THU, _TUE)),
    Category.CAREER_SKILL: ((_FRI, time(13)), (_FRI, time(14))),
    Category.WELLBEING: ((_SUN, time(10)),),
}
_AREA_A = _SLOTS[Category.CREATIVE_GROWTH]


def suggest_times(
    areas: Sequence[FocusArea], first_area: FocusArea, monday: date, zone: str, rest_days: frozenset[int] = frozenset()
) -> list[datetime | None]:
    """Return one start for each task (UTC), never on a rest day; None when every day is one.

    `first_area` is the role's area A, which has Monday, Wednesday and Friday mornings whatever its category.
    """
    used: set[tuple[int, time]] = set()
    return [_next(_slots(area, first_area), monday, zone, rest_days, used) for area in areas]


def _slots(area: FocusArea, first_area: FocusArea) -> tuple[_Slot, ...]:
    return _AREA_A if area is first_area else _SLOTS[CATEGORY_OF[area]]


def _next(
    slots: tuple[_Slot, ...], monday: date, zone: str, rest_days: frozenset[int], used: set[_Slot]
) -> datetime | None:
    free_days = [day for day in range(7) if day not in rest_days]
    if not free_days:
        return None
    preferred = [slot for slot in slots if slot[0] not in rest_days]
    # When the usual days are rest days the nearest other day takes the same hour.
    moved = [(day, wall) for wanted, wall in slots for day in sorted(free_days, key=lambda day: abs(day - wanted))]
    chosen = next((slot for slot in (*preferred, *moved) if slot not in used), (preferred or moved)[0])
    used.add(chosen)
    return at_local(monday + timedelta(days=chosen[0]), chosen[1], zone)
