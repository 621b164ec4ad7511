"""What people type about loops and clips: read, clamped, or refused with the accepted form. Pure.

A clamp is told as a `Note`; a refusal keeps the old value and names an example.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from bot.errors import Refused
from bot.loops.dates import day_of, units_text
from bot.loops.model import LANES, MILLI, Lane, Loop, Pace, Role
from bot.loops.rules import LoopRules


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was changed on the way in: the end of a string key (`loop.note.<code>`) and its parts."""

    code: str
    parts: Mapping[str, object] = field(default_factory=dict[str, object])


def read_lane(typed: str) -> Lane:
    """Return a lane; case and spaces do not matter. Raises Refused("loop_lane") naming the five."""
    plain = typed.strip().casefold()
    if plain not in set(LANES):
        raise Refused("loop_lane", typed=typed, accepted=", ".join(LANES))
    return Lane(plain)


def read_pace(typed: str) -> Pace:
    plain = typed.strip().casefold()
    if plain not in set(Pace):
        raise Refused("loop_pace", typed=typed, accepted=", ".join(Pace))
    return Pace(plain)


def read_role(typed: str) -> Role:
    plain = typed.strip().casefold()
    if plain not in set(Role):
        raise Refused("loop_role", typed=typed, accepted=", ".join(Role))
    return Role(plain)


def read_number(typed: str | float, example: str = "12.5") -> float:
    """Return a finite number. Raises Refused("loop_number") with what was typed and an example."""
    try:
        number = float(str(typed).strip().replace(",", "."))
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise Refused("loop_number", typed=str(typed)[:40], example=example)
    return number


def clamped(typed: str | float, low: float, high: float, what: str) -> tuple[float, list[Note]]:
    """Return bpm or zoom inside its range, with a note when it was outside."""
    number = read_number(typed, f"{low:g}")
    inside = min(max(number, low), high)
    if inside == number:
        return number, []
    return inside, [Note(f"{what}_clamped", {"value": f"{inside:g}", "low": f"{low:g}", "high": f"{high:g}"})]


def read_name(typed: str, default: str, rules: LoopRules) -> str:
    """Return a name without outer spaces; an empty one is the default. Raises Refused when it is too long."""
    name = " ".join(typed.split())
    if len(name) > rules.name_max:
        raise Refused("loop_name_long", count=len(name), limit=rules.name_max)
    return name or default


def read_notes(typed: str, rules: LoopRules) -> str:
    if len(typed) > rules.notes_max:
        raise Refused("loop_notes_long", count=len(typed), limit=rules.notes_max)
    return typed.strip()


def read_start(typed: str | float, loop: Loop, rules: LoopRules) -> tuple[int, list[Note]]:
    """Return a start in thousandths. Below zero it becomes 0; a dated loop refuses that and names its first day.

    A dated loop also takes the day itself, like 2026-06-14.
    """
    number = _days_until(typed, loop)
    if number is None:
        number = read_number(typed)
    if number < 0 and loop.is_dated:
        raise Refused("loop_before_first_day", day=loop.start_date)
    if number > rules.max_start_units:
        raise Refused("loop_start_far", limit=f"{rules.max_start_units:g}")
    if number < 0:
        return 0, [Note("start_zero")]
    milli = round(number * MILLI)
    notes: list[Note] = []
    if loop.is_dated and milli % MILLI:
        milli = milli // MILLI * MILLI
        notes.append(Note("start_day", {"day": day_of(loop, milli)}))
    if loop.is_dated and milli >= loop.length_days * MILLI:
        notes.append(Note("after_end", {"day": day_of(loop, (loop.length_days - 1) * MILLI)}))
    return milli, notes


def _days_until(typed: str | float, loop: Loop) -> float | None:
    """Return how many days after the first one a typed ISO day is; None when it is none, or has no meaning here."""
    if loop.start_date is None or not isinstance(typed, str):
        return None
    try:
        day = date.fromisoformat(typed.strip())
    except ValueError:
        return None
    return float((day - loop.start_date).days)


def read_length(typed: str | float, loop: Loop, rules: LoopRules, *, creating: bool = False) -> tuple[int, list[Note]]:
    """Return a length in thousandths. Zero or less becomes 4 on a new clip and is refused on an edit."""
    number = read_number(typed)
    if number > rules.max_length_units:
        raise Refused("loop_length_long", limit=f"{rules.max_length_units:g}")
    if number <= 0 or round(number * MILLI) == 0:
        if not creating:
            raise Refused("loop_length_none", typed=str(typed)[:40])
        milli = round(rules.default_length_units * MILLI)
        return milli, [Note("length_default", {"units": units_text(milli)})]
    milli = round(number * MILLI)
    if loop.is_dated and milli % MILLI:
        whole = max(MILLI, -(-milli // MILLI) * MILLI)
        return whole, [Note("length_days", {"count": whole // MILLI})]
    return milli, []


def read_dates(start: date | None, end: date | None) -> tuple[date | None, date | None]:
    """Return first and last-exclusive day: both or neither, the end after the start."""
    if start is None and end is None:
        return None, None
    if start is None or end is None:
        raise Refused("loop_dates_both")
    if end <= start:
        raise Refused("loop_dates_order", start=start, end=end)
    if (end - start).days > 3 * 366:
        raise Refused("loop_dates_long")
    return start, end
