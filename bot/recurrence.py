"""Recurring times: a rule is local wall time + IANA zone; its next instant is computed, never remembered.

Three sentences hold for every rule and every zone:

* a time inside a skipped hour runs shifted forward by the gap, once;
* a time inside a repeated hour runs at its first occurrence only;
* the local date of the rule names the occurrence (`Fire.key`), so moving zones gives at most one a day.

`datetime` with `fold=0` does the first two by itself (PEP 495): in a gap it uses the offset before the gap.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_CRON_HORIZON_DAYS = 8 * 366 + 1
"""29 February is at most eight years away (1896 to 1904), so a longer search finds nothing new."""
_MAX_INSTANT = datetime(9999, 12, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Daily:
    """Every local day at a wall time."""

    at: time


@dataclass(frozen=True, slots=True)
class Weekly:
    """On some days of the week (0 is Monday) at a wall time."""

    days: frozenset[int]
    at: time

    def __post_init__(self) -> None:
        if not self.days or not self.days <= set(range(7)):
            raise ValueError("weekly needs days from 0 (Monday) to 6 (Sunday)")


@dataclass(frozen=True, slots=True)
class EveryMinutes:
    """Every so many minutes of real time from the UTC epoch + offset; clock changes do not move it."""

    minutes: int
    offset_minutes: int = 0

    def __post_init__(self) -> None:
        if self.minutes < 1:
            raise ValueError("every needs at least one minute")


@dataclass(frozen=True, slots=True)
class Cron:
    """Five cron fields (minute hour day month weekday): `*`, lists, ranges, steps, English names."""

    expression: str

    def __post_init__(self) -> None:
        _cron_fields(self.expression)


@dataclass(frozen=True, slots=True)
class Once:
    """One wall time, without a zone of its own."""

    at: datetime

    def __post_init__(self) -> None:
        if self.at.tzinfo is not None:
            raise ValueError("once takes a wall time without a zone")


Rule = Daily | Weekly | EveryMinutes | Cron | Once


@dataclass(frozen=True, slots=True)
class Fire:
    """One occurrence: when it runs, the local date it belongs to, and the key that makes it happen once."""

    instant: datetime
    local_date: date
    key: str


def resolve(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of a naive wall time: after a gap if skipped, the first one if repeated.

    >>> resolve(datetime(2026, 3, 29, 2, 30), ZoneInfo("Europe/Berlin")).isoformat()
    '2026-03-29T01:30:00+00:00'
    >>> resolve(datetime(2026, 10, 25, 2, 30), ZoneInfo("Europe/Berlin")).isoformat()
    '2026-10-25T00:30:00+00:00'
    """
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def date_exists(day: date, zone: ZoneInfo) -> bool:
    """Tell whether any moment of a local date happened (Apia never had 30 December 2011)."""
    noon = datetime.combine(day, time(12))
    landed = resolve(noon, zone).astimezone(zone).replace(tzinfo=None)
    return landed - noon < timedelta(hours=12)


def next_fire(rule: Rule, zone: ZoneInfo, after: datetime) -> Fire | None:
    """Return the first occurrence strictly after an instant, None when there is none left.

    >>> next_fire(Daily(time(9)), ZoneInfo("Europe/Berlin"), datetime(2026, 3, 28, 12, tzinfo=UTC)).key
    '2026-03-29'
    """
    if after >= _MAX_INSTANT:
        return None
    match rule:
        case Once():
            fire = _dated(rule.at, zone)
            return fire if fire.instant > after else None
        case EveryMinutes():
            return _every(rule, zone, after, steps=1)
        case _:
            return _first_after(rule, zone, after)


def latest_fire(rule: Rule, zone: ZoneInfo, after: datetime, until: datetime) -> Fire | None:
    """Return the newest occurrence in (after, until]: the one that a catch-up runs."""
    if until <= after:
        return None
    match rule:
        case Once():
            fire = _dated(rule.at, zone)
            return fire if after < fire.instant <= until else None
        case EveryMinutes():
            fire = _every(rule, zone, until, steps=0)
            return fire if fire.instant > after else None
        case _:
            day = until.astimezone(zone).date() + _DAY
            stop = after.astimezone(zone).date() - 2 * _DAY
            while day >= stop:
                found = [fire for fire in _fires_on(rule, zone, day) if after < fire.instant <= until]
                if found:
                    return max(found, key=lambda fire: fire.instant)
                day -= _DAY
            return None


def _first_after(rule: Daily | Weekly | Cron, zone: ZoneInfo, after: datetime) -> Fire | None:
    # A shifted time may land on the day after its own, so the search starts a day early.
    day = after.astimezone(zone).date() - _DAY
    for _ in range(_CRON_HORIZON_DAYS):
        found = [fire for fire in _fires_on(rule, zone, day) if fire.instant > after]
        if found:
            following = [fire for fire in _fires_on(rule, zone, day + _DAY) if fire.instant > after]
            return min(found + following, key=lambda fire: fire.instant)
        day += _DAY
    return None


def _fires_on(rule: Daily | Weekly | Cron, zone: ZoneInfo, day: date) -> list[Fire]:
    match rule:
        case Daily():
            walls = [rule.at]
        case Weekly():
            walls = [rule.at] if day.weekday() in rule.days else []
        case Cron():
            walls = list(_cron_fields(rule.expression).times(day))
    if not walls or not date_exists(day, zone):
        return []
    if isinstance(rule, Cron):
        return [_timed(datetime.combine(day, wall), zone) for wall in walls]
    return [_dated(datetime.combine(day, wall), zone) for wall in walls]


def _dated(wall: datetime, zone: ZoneInfo) -> Fire:
    return Fire(resolve(wall, zone), wall.date(), wall.date().isoformat())


def _timed(wall: datetime, zone: ZoneInfo) -> Fire:
    return Fire(resolve(wall, zone), wall.date(), wall.isoformat(timespec="minutes"))


def _every(rule: EveryMinutes, zone: ZoneInfo, at: datetime, steps: int) -> Fire:
    period = timedelta(minutes=rule.minutes)
    start = _EPOCH + timedelta(minutes=rule.offset_minutes)
    instant = start + ((at - start) // period + steps) * period
    key = instant.strftime("%Y-%m-%dT%H:%MZ")
    return Fire(instant, instant.astimezone(zone).date(), key)


# ------------------------------------------------------------------ cron


@dataclass(frozen=True, slots=True)
class _CronFields:
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def is_on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        on_day, on_weekday = day.day in self.days, day.weekday() in self.weekdays
        # Cron's own oddity: when both are restricted, either is enough.
        both = not self.any_day and not self.any_weekday
        return (on_day or on_weekday) if both else (on_day and on_weekday)

    def times(self, day: date) -> Iterator[time]:
        if self.is_on(day):
            for hour in self.hours:
                for minute in self.minutes:
                    yield time(hour, minute)


@lru_cache(maxsize=1_024)
def _cron_fields(expression: str) -> _CronFields:
    parts = expression.split()
    if len(parts) != 5:
        raise ValueError("cron takes five fields: minute hour day month weekday")
    minute, hour, day, month, weekday = parts
    # Sunday is 0 or 7 in cron and 6 here.
    weekdays = frozenset((value - 1) % 7 for value in _cron_field(weekday, 0, 7, ("sun", *WEEKDAYS[:6])))
    return _CronFields(
        minutes=tuple(sorted(_cron_field(minute, 0, 59))),
        hours=tuple(sorted(_cron_field(hour, 0, 23))),
        days=_cron_field(day, 1, 31),
        months=_cron_field(month, 1, 12, _MONTHS),
        weekdays=weekdays,
        any_day=day.startswith("*"),
        any_weekday=weekday.startswith("*"),
    )


def _cron_field(text: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    values: set[int] = set()
    for part in text.lower().split(","):
        match = re.fullmatch(r"(?:(\*)|(\w{1,3})(?:-(\w{1,3}))?)(?:/(\d{1,2}))?", part)
        if match is None:
            raise ValueError(f"cron cannot read {part!r}")
        star, first, last, step = match.groups()
        start = low if star else _cron_value(first, low, high, names)
        if star:
            end = high
        elif last is not None:
            end = _cron_value(last, low, high, names)
        else:
            end = high if step else start
        stride = int(step) if step else 1
        if stride < 1 or end < start:
            raise ValueError(f"cron cannot read {part!r}")
        values.update(range(start, end + 1, stride))
    return frozenset(values)


def _cron_value(text: str, low: int, high: int, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + low
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ValueError(f"cron cannot read {text!r}")
    return int(text)


@lru_cache(maxsize=1_024)
def shortest_minutes(rule: Rule) -> float:
    """Return the least wall-clock distance between two occurrences in minutes; infinity: no two within two days.

    >>> shortest_minutes(Cron("*/20 * * 6 *")), shortest_minutes(Cron("55,0 0,23 * * mon"))
    (20, 55)
    """
    match rule:
        case EveryMinutes():
            return rule.minutes
        case Cron():
            fields = _cron_fields(rule.expression)
            walls = [60 * hour + minute for hour in fields.hours for minute in fields.minutes]
            gaps = [later - earlier for earlier, later in pairwise(walls)]
            # The calendar repeats its weekdays every 28 years, but neighbours of any kind come within eight.
            days = (date(2096, 1, 1) + _DAY * number for number in range(_CRON_HORIZON_DAYS))
            if any(fields.is_on(day) and fields.is_on(day + _DAY) for day in days):
                gaps.append(24 * 60 - walls[-1] + walls[0])
            return min(gaps, default=float("inf"))
        case Once():
            return float("inf")
        case _:
            return 24 * 60


def cron_times(expression: str, day: date) -> tuple[time, ...]:
    """Return the wall times of a cron expression on a local day, in order."""
    return tuple(_cron_fields(expression).times(day))


# ------------------------------------------------------------------ text


def format_rule(rule: Rule) -> str:
    """Return the stored form of a rule; `parse_rule` reads it back.

    >>> format_rule(Weekly(frozenset({0, 3}), time(9, 30)))
    'weekly mon,thu 09:30'
    """
    match rule:
        case Daily():
            return f"daily {rule.at:%H:%M}"
        case Weekly():
            return f"weekly {','.join(WEEKDAYS[day] for day in sorted(rule.days))} {rule.at:%H:%M}"
        case EveryMinutes(minutes, 0):
            return f"every {minutes}"
        case EveryMinutes():
            return f"every {rule.minutes} {rule.offset_minutes}"
        case Cron():
            return f"cron {rule.expression}"
        case Once():
            return f"once {rule.at.isoformat(timespec='minutes')}"


def parse_rule(text: str) -> Rule:
    """Read `daily HH:MM`, `weekly mon,thu HH:MM`, `every N`, `cron M H D M W` or `once YYYY-MM-DDTHH:MM`.

    Raises ValueError when it cannot be read.
    """
    word, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    match word.lower():
        case "daily":
            return Daily(_parse_time(rest))
        case "weekly":
            days, _, at = rest.rpartition(" ")
            names = [part.strip().lower()[:3] for part in re.split(r"[,\s]+", days) if part.strip()]
            if any(name not in WEEKDAYS for name in names):
                raise ValueError(f"no weekday in {days!r}")
            return Weekly(frozenset(WEEKDAYS.index(name) for name in names), _parse_time(at))
        case "every":
            match = re.fullmatch(r"(\d{1,6})(?: (\d{1,6}))?(?: ?(?:m|min|mins|minute|minutes))?", rest)
            if match is None:
                raise ValueError(f"no number of minutes in {rest!r}")
            return EveryMinutes(int(match[1]), int(match[2] or 0))
        case "cron":
            return Cron(" ".join(rest.split()))
        case "once":
            return Once(datetime.fromisoformat(rest))
        case _:
            raise ValueError(f"no cadence in {text!r}")


def _parse_time(text: str) -> time:
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip())
    if match is None:
        raise ValueError(f"no time of day in {text!r}")
    return time(int(match[1]), int(match[2]))
