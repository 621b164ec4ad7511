"""Recurring times: a rule is local wall time + IANA zone; its next instant is computed, never remembered.

Three sentences hold for every rule and every zone:

* a time inside a skipped hour runs shifted forward by the gap, once;
* a time inside a repeated hour runs at its first occurrence only;
* the local date of the rule names the occurrence (`Fire.key`), so moving zones gives at most one a day.

`datetime` with `fold=0` does the first two by itself (PEP 495): in a gap it uses the offset before the gap.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_FLOATING = datetime(2000, 1, 1)  # noqa: DTZ001 - wall time; the zone comes in when an occurrence is resolved
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
    """Five cron fields (minute hour day month weekday) as Debian's cron reads them, and `L` for a month's last day."""

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
            walls = (rule.at,)
        case Weekly():
            walls = (rule.at,) if day.weekday() in rule.days else ()
        case Cron():
            walls = _cron_fields(rule.expression).times(day)
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
    dates: CronSim
    """Says which day and weekday fit, in any month."""
    months: frozenset[int]
    walls: tuple[time, ...]

    def is_on(self, day: date) -> bool:
        return day.month in self.months and self.dates.match_day(day)

    def times(self, day: date) -> tuple[time, ...]:
        return self.walls if self.is_on(day) else ()


@lru_cache(maxsize=1_024)
def _cron_fields(expression: str) -> _CronFields:
    parts = expression.split()
    if len(parts) != 5:
        raise ValueError("cron takes five fields: minute hour day month weekday")
    minute, hour, day, month, weekday = parts
    try:
        # Only the fields are the library's: it would walk the clocks by rules of its own. The month is read apart,
        # since it refuses a date that never comes, such as 30 February, and such a rule just has no occurrence.
        dates = CronSim(f"{minute} {hour} {day} * {weekday}", _FLOATING)
        months = CronSim(f"0 0 1 {month} *", _FLOATING).months
    except CronSimError as error:
        raise ValueError(f"cron cannot read {expression!r}: {error}") from None
    walls = tuple(time(hour, minute) for hour in sorted(dates.hours) for minute in sorted(dates.minutes))
    return _CronFields(dates, frozenset(months), walls)


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
            walls = [60 * at.hour + at.minute for at in fields.walls]
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
    return _cron_fields(expression).times(day)


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
