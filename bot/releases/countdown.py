"""Days to go in words, readings of a typed date. Local calendar days, never instants."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.releases.model import Anchor, Preset
from bot.say.dates import fridays_near
from bot.say.words import Speaks

PAST_MOST_DAYS = 28
AHEAD_MOST_DAYS = 3 * 366
CLASH_DAYS = 7
LATE_DAYS = -28
NEAR_DAYS = 14
DEADLINE_REMINDER_DAYS = (7, 2, 0)
PUBLIC_COUNTDOWN_DAYS = (28, 14, 7, 3, 1, 0)


def days_to_go(day: date, today: date, words: Speaks) -> str:
    """Return the state of a release card: "19 days to go", "1 day to go", "out today", "out since 3 days"."""
    left = (day - today).days
    if left > 0:
        return words("release.card.to_go", count=left)
    return words("release.card.out_today") if left == 0 else words("release.card.out", count=-left)


# ------------------------------------------------------------------ the date T


@dataclass(frozen=True, slots=True)
class DateChoice:
    """A typed date that can be read in two ways; both are offered as buttons."""

    readings: tuple[date, ...]


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def read_date(text: str) -> date | DateChoice | None:
    """Read a full date (day, month and year). None: not one; a choice: day and month can be swapped.

    >>> read_date("Fri 27 June 2025")
    datetime.date(2025, 6, 27)
    >>> read_date("10/11/2026").readings
    (datetime.date(2026, 11, 10), datetime.date(2026, 10, 11))
    >>> read_date("27 June") is None
    True
    """
    cleaned = re.sub(r"\b(mon|tues?|wed(nes)?|thu(rs)?|fri|sat(ur)?|sun)(day)?\b[,.]?", " ", text.strip().lower())
    cleaned = re.sub(r"(\d)(st|nd|rd|th)\b", r"\1", cleaned).strip(" ,.")
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", cleaned):
        return _date(*(int(part) for part in match.groups()))
    if match := re.fullmatch(r"(\d{1,2})\s+([a-z]{3,9})\.?,?\s+(\d{4})", cleaned):
        return _named(match[2], int(match[1]), int(match[3]))
    if match := re.fullmatch(r"([a-z]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4})", cleaned):
        return _named(match[1], int(match[2]), int(match[3]))
    if match := re.fullmatch(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})", cleaned):
        first, second, year = (int(part) for part in match.groups())
        readings = tuple(
            dict.fromkeys(d for d in (_date(year, second, first), _date(year, first, second)) if d is not None)
        )
        return readings[0] if len(readings) == 1 else DateChoice(readings) if readings else None
    return None


def _named(month: str, day: int, year: int) -> date | None:
    names = [number for number, name in enumerate(_MONTHS, 1) if month.startswith(name)]
    return _date(year, names[0], day) if names else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class DateReading:
    """What is worth saying about a chosen T. Nothing in it blocks."""

    day: date
    days_left: int
    nearest_fridays: tuple[date, date] | None
    clashes: tuple[str, ...]
    is_bank_holiday: bool
    late: bool
    """The plan starts compressed; `later_fridays` would give it its whole length."""
    later_fridays: tuple[date, ...]
    bandcamp: tuple[date, ...] = ()
    """Bandcamp Fridays within 14 days, the nearest first, as the operator listed them."""


def weigh_date(
    day: date,
    today: date,
    preset: Preset,
    others: Iterable[tuple[str, date]],
    bank_holidays: Sequence[date],
    bandcamp: Sequence[date] = (),
) -> DateReading:
    """Look at T: Friday or not, clashes with the user's own anchors, holidays, too late to fit, Bandcamp Fridays."""
    begin = (today - day).days
    is_late = preset.anchor is Anchor.RELEASE and begin > max(LATE_DAYS, preset.first_day)
    later: tuple[date, ...] = ()
    if is_late:
        first = today + timedelta(days=max(-preset.first_day, -LATE_DAYS))
        friday = first + timedelta(days=(4 - first.weekday()) % 7)
        later = (friday, friday + timedelta(days=7))
    return DateReading(
        day=day,
        days_left=-begin,
        nearest_fridays=None if day.weekday() == 4 or preset.anchor is Anchor.FINISH else fridays_near(day),
        clashes=tuple(name for name, other in others if abs((other - day).days) <= CLASH_DAYS),
        is_bank_holiday=day in bank_holidays,
        late=is_late,
        later_fridays=later,
        bandcamp=near_days(day, [one for one in bandcamp if one >= today]) if preset.anchor is Anchor.RELEASE else (),
    )


def near_days(day: date, days: Iterable[date]) -> tuple[date, ...]:
    """Return those of `days` within 14 days of `day`, the nearest first.

    >>> near_days(date(2026, 12, 4), [date(2026, 11, 6), date(2026, 12, 4), date(2026, 12, 18)])
    (datetime.date(2026, 12, 4), datetime.date(2026, 12, 18))
    """
    return tuple(sorted((one for one in days if abs((one - day).days) <= NEAR_DAYS), key=lambda one: abs(one - day)))


def finish_anchor(preset: Preset, first_day: date) -> date:
    """Return T of an `anchor = finish` preset that starts on `first_day`."""
    return first_day - timedelta(days=preset.first_day)
