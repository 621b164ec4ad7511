"""Dates as people read them: "Fri 27 June", "27 June 2025", "2-8 June 2025". Whole days only, no instants."""

import re
from datetime import date, timedelta
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date


@cache
def locale_of(locale: str) -> Locale:
    """Return what Babel knows of a language tag of Discord's; British English for all English and for the unknown."""
    # Plain "en" is American in CLDR; the product writes British English.
    wanted = "en_GB" if re.split("[-_]", locale)[0] == "en" else locale.replace("-", "_")
    try:
        return Locale.parse(wanted)
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


def monday_of(day: date) -> date:
    """Return the Monday of a date's week.

    >>> monday_of(date(2026, 1, 1)).isoformat()
    '2025-12-29'
    """
    return day - timedelta(days=day.weekday())


def day_month(day: date, locale: str = "en") -> str:
    """Return weekday, day and month.

    >>> day_month(date(2025, 6, 27))
    'Fri 27 June'
    """
    return format_date(day, "EEE d MMMM", locale=locale_of(locale))


def short_day(day: date, locale: str = "en") -> str:
    """Return day and month without the weekday.

    >>> short_day(date(2025, 5, 12))
    '12 May'
    """
    return format_date(day, "d MMMM", locale=locale_of(locale))


def full_day(day: date, locale: str = "en") -> str:
    """Return weekday, day, month and year.

    >>> full_day(date(2025, 6, 27))
    'Fri 27 June 2025'
    """
    return format_date(day, "EEE d MMMM y", locale=locale_of(locale))


def month_year(day: date, locale: str = "en") -> str:
    """
    >>> month_year(date(2026, 3, 4))
    'Mar 2026'
    """
    return format_date(day, "MMM y", locale=locale_of(locale))


def weekday(day: date, locale: str = "en") -> str:
    """
    >>> weekday(date(2025, 6, 5))
    'Thu'
    """
    return format_date(day, "EEE", locale=locale_of(locale))


def week_span(monday: date, locale: str = "en") -> str:
    """Return Monday to Sunday in words, naming month and year once where they are shared.

    >>> week_span(date(2025, 6, 2)), week_span(date(2025, 6, 30)), week_span(date(2025, 12, 29))
    ('2-8 June 2025', '30 June-6 July 2025', '29 December 2025-4 January 2026')
    """
    sunday = monday + timedelta(days=6)
    where = locale_of(locale)
    last = format_date(sunday, "d MMMM y", locale=where)
    if monday.year != sunday.year:
        return f"{format_date(monday, 'd MMMM y', locale=where)}-{last}"
    if monday.month != sunday.month:
        return f"{format_date(monday, 'd MMMM', locale=where)}-{last}"
    return f"{monday.day}-{last}"


def fridays_near(day: date) -> tuple[date, date]:
    """Return the nearest Friday before and after `day`.

    >>> [d.isoformat() for d in fridays_near(date(2025, 6, 25))]
    ['2025-06-20', '2025-06-27']
    """
    ahead = (4 - day.weekday()) % 7 or 7
    after = day + timedelta(days=ahead)
    return after - timedelta(days=7), after
