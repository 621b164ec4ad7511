"""Weeks in the person's own zone. A week starts on Monday; Sunday belongs to the week before."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.say.dates import monday_of

WEEK = timedelta(days=7)


def local_date(now: datetime, zone: str) -> date:
    """Return the date on the person's calendar."""
    return now.astimezone(ZoneInfo(zone)).date()


def week_start(now: datetime, zone: str) -> date:
    """Return the Monday of the week that `now` falls in, on the person's calendar."""
    return monday_of(local_date(now, zone))


def iso_week(day: date) -> str:
    """Return the ISO week as text.

    >>> iso_week(date(2026, 12, 31))
    '2026-W53'
    """
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def at_local(day: date, wall: time, zone: str) -> datetime:
    """Return the UTC instant of a local wall time; a skipped hour moves on, a doubled one is the first."""
    return datetime.combine(day, wall, ZoneInfo(zone)).astimezone(UTC)


def weeks_between(earlier: date, later: date) -> int:
    """Return the number of weeks from one Monday to another."""
    return (later - earlier).days // 7
