"""When somebody says "tomorrow 5pm": a small pure grammar, then dateparser, always with the reading echoed.

Discord's own `<t:…>` text and ISO first, then short English phrases, then anything dateparser knows. Day and month
are never guessed: `10/11/2026` gives two readings. What lies in the past comes back with the next likely instant.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_date, format_timedelta, get_timezone_location
from dateutil.relativedelta import relativedelta

from bot.recurrence import resolve
from bot.rules import Rules, load_rules
from bot.say.card import Option, Text, raw, stamp
from bot.say.dates import locale_of, monday_of


class TimeRules(Rules):
    """Section [times] of assets/rules.toml."""

    default_hour: int
    """The hour of a day that was typed without a time."""


DEFAULT_HOUR = load_rules("times", TimeRules).default_hour
LONGEST_INPUT = 100
_FARTHEST = timedelta(days=366 * 20)

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_DAY_TIMES = {
    "noon": time(12), "midday": time(12), "morning": time(9), "lunch": time(12, 30), "afternoon": time(15),
    "evening": time(19), "tonight": time(20), "night": time(21),
}  # fmt: skip
_MINUTES = {
    "m": 1,
    "min": 1,
    "mins": 1,
    "minute": 1,
    "minutes": 1,
    "h": 60,
    "hr": 60,
    "hrs": 60,
    "hour": 60,
    "hours": 60,
}
_DAYS = {"d": 1, "day": 1, "days": 1, "w": 7, "wk": 7, "week": 7, "weeks": 7, "fortnight": 14}
_STAMP = re.compile(r"<t:(-?\d{1,13})(?::[tTdDfFRsS])?>")
_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[t ]+(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?\s*(z|[+-]\d{2}:?\d{2})?)?"
)
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*(am|pm|h|uhr)?")
_NUMBER_DATE = re.compile(r"(\d{1,2})([/.-])(\d{1,2})(?:\2(\d{4}|\d{2}))?\.?")
_UHR = re.compile(r"(?:\bum\s+)?\b(\d{1,2})\s*uhr\b", re.IGNORECASE)
_SPAN = re.compile(r"(\d+(?:\.\d+)?|\b(?:half an?|an?|one|two|three)\b)\s*([a-z]+)")


@dataclass(frozen=True, slots=True)
class Reading:
    """One instant somebody meant. `has_time`: the hour was said, not taken from the default."""

    at: datetime
    has_time: bool = True


@dataclass(frozen=True, slots=True)
class TwoReadings:
    """Day and month could be either way round; the person chooses."""

    day_first: Reading
    month_first: Reading


@dataclass(frozen=True, slots=True)
class Past:
    """The instant is over; `next` is the next likely one."""

    at: datetime
    next: datetime


Answer = Reading | TwoReadings | Past


@dataclass(frozen=True, slots=True)
class _Now:
    now: datetime
    zone: ZoneInfo
    default: time

    @property
    def local(self) -> datetime:
        return self.now.astimezone(self.zone)

    @property
    def today(self) -> date:
        return self.local.date()

    def at(self, day: date, clock: time | None) -> Reading:
        moved = datetime.combine(day, clock or self.default)
        return Reading(resolve(moved, self.zone), clock is not None)

    def midnight_after(self, day: date) -> Reading:
        return self.at(day + timedelta(days=1), time(0))


def read(text: str, now: datetime, zone: ZoneInfo, *, default_hour: int = DEFAULT_HOUR) -> Answer | None:
    """Read a time by the grammar alone; None when it says nothing the grammar knows.

    >>> berlin, now = ZoneInfo("Europe/Berlin"), datetime(2026, 11, 21, 9, tzinfo=UTC)
    >>> read("tomorrow 5pm", now, berlin)
    Reading(at=datetime.datetime(2026, 11, 22, 16, 0, tzinfo=datetime.timezone.utc), has_time=True)
    """
    said = " ".join(text.casefold().replace(",", " ").split())
    if not said or len(said) > LONGEST_INPUT:
        return None
    frame = _Now(now, zone, time(default_hour))
    try:
        found = _read(said, frame)
    except (OverflowError, ValueError, OSError):
        return None
    if isinstance(found, TwoReadings):
        ahead = [reading for reading in (found.day_first, found.month_first) if reading.at > now]
        return found if ahead else Past(found.day_first.at, next_likely(found.day_first.at, now, zone))
    if found is None or found.at - now > _FARTHEST:
        return None
    return Past(found.at, next_likely(found.at, now, zone)) if found.at <= now else found


async def read_any(text: str, now: datetime, zone: ZoneInfo, *, default_hour: int = DEFAULT_HOUR) -> Answer | None:
    """Read a time by the grammar, else by dateparser in a thread."""
    found = read(text, now, zone, default_hour=default_hour)
    if found is not None or not text.strip() or len(text) > LONGEST_INPUT:
        return found
    return await asyncio.to_thread(read_loosely_blocking, text, now, zone, default_hour)


def read_loosely_blocking(text: str, now: datetime, zone: ZoneInfo, default_hour: int = DEFAULT_HOUR) -> Answer | None:
    """Read a time with dateparser. Slow (0.6 s at the first call): only in a thread."""
    import dateparser

    found = dateparser.parse(
        _UHR.sub(r"\1:00", text),
        settings={
            "TIMEZONE": zone.key,
            "RETURN_AS_TIMEZONE_AWARE": True,
            "RELATIVE_BASE": now.astimezone(zone).replace(tzinfo=None),
            "PREFER_DATES_FROM": "future",
            "DATE_ORDER": "DMY",
        },
    )
    if found is None or _is_doubtful(text):
        return None
    has_time = bool(re.search(r"\d\s*[:h]|am\b|pm\b|uhr|hour|minute|\bin\b", text.casefold()))
    local = found.astimezone(zone)
    if not has_time:
        local = local.replace(hour=default_hour, minute=0, second=0, microsecond=0)
    at = resolve(local.replace(tzinfo=None), zone)
    return Past(at, next_likely(at, now, zone)) if at <= now else Reading(at, has_time)


def next_likely(at: datetime, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the next instant with the same wall time: later today, else tomorrow."""
    wall = at.astimezone(zone).time()
    today = now.astimezone(zone).date()
    for ahead in (0, 1, 2):
        likely = resolve(datetime.combine(today + timedelta(days=ahead), wall), zone)
        if likely > now:
            return likely
    return now + timedelta(days=1)


def echo(at: datetime, now: datetime, zone: ZoneInfo, locale: str = "en") -> Text:
    """Return a reading for the person to see: "Fri 27 Nov 18:00, Berlin, in 6 days".

    As markup it carries Discord's own relative time; the plain form spells it out.
    """
    local = at.astimezone(zone)
    language = locale_of(locale)
    day = format_date(local.date(), "EEE d MMM" if local.year == now.year else "EEE d MMM y", locale=language)
    head = f"{day} {local:%H:%M}, {zone_name(zone)}"
    spelled = format_timedelta(at - now, add_direction=True, locale=language, threshold=1.2)
    return raw(f"{head}, {stamp(at, 'R')}", f"{head}, {spelled}")


def zone_name(zone: ZoneInfo) -> str:
    """Return a zone's city ("Berlin")."""
    return zone.key.rsplit("/", 1)[-1].replace("_", " ")


CURATED_ZONES = (
    "Europe/London", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Rome", "Europe/Amsterdam",
    "Europe/Stockholm", "Europe/Warsaw", "Europe/Athens", "Europe/Istanbul", "Europe/Kyiv",
    "Africa/Lagos", "Africa/Johannesburg", "Asia/Dubai", "Asia/Kolkata", "Asia/Bangkok", "Asia/Shanghai",
    "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland", "America/Sao_Paulo", "America/New_York",
    "America/Chicago", "America/Denver", "America/Los_Angeles",
)  # fmt: skip
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?")


def search_zones(typed: str, now: datetime, locale: str = "en", limit: int = 25) -> Sequence[Option]:
    """Return time zones for what was typed: 25 curated ones for nothing, by city, country or offset else."""
    wanted = " ".join(typed.casefold().replace("_", " ").split())
    if not wanted:
        return [_zone_option(key, now, locale) for key in CURATED_ZONES[:limit]]
    offset = _OFFSET.fullmatch(wanted)
    if offset or wanted in {"utc", "gmt"}:
        shift = _offset_of(offset)
        fitting = [key for key in (*CURATED_ZONES, *_zone_keys()) if _utc_offset(key, now) == shift]
        return [_zone_option(key, now, locale) for key in dict.fromkeys(fitting)][:limit]

    def rank(key: str) -> tuple[int, int, str] | None:
        city, place = zone_name(ZoneInfo(key)).casefold(), _location(key, locale).casefold()
        hits = (
            wanted in {city, place},
            city.startswith(wanted),
            place.startswith(wanted),
            wanted in place,
            wanted in key.casefold(),
        )
        return (hits.index(True), 0 if key in CURATED_ZONES else 1, key) if any(hits) else None

    ranked = sorted(found for found in map(rank, _zone_keys()) if found is not None)
    return [_zone_option(key, now, locale) for _, _, key in ranked[:limit]]


def known_zone(key: str) -> ZoneInfo | None:
    """Return the zone of an exact IANA name, None for anything else."""
    return ZoneInfo(key) if key in _zone_keys() else None


def _read(said: str, frame: _Now) -> Reading | TwoReadings | None:
    readers: tuple[Callable[[str, _Now], Reading | TwoReadings | None], ...] = (
        _stamp,
        _iso,
        _span,
        _ends,
        _day_and_time,
    )
    for reader in readers:
        found = reader(said, frame)
        if found is not None:
            return found
    return None


def _stamp(said: str, frame: _Now) -> Reading | None:
    match = _STAMP.fullmatch(said)
    return Reading(datetime.fromtimestamp(int(match.group(1)), UTC)) if match else None


def _iso(said: str, frame: _Now) -> Reading | None:
    match = _ISO.fullmatch(said)
    if not match:
        return None
    year, month, day, hour, minute, offset = match.groups()
    on = date(int(year), int(month), int(day))
    if hour is None:
        return frame.at(on, None)
    clock = time(int(hour), int(minute))
    if offset is None:
        return frame.at(on, clock)
    shift = "+00:00" if offset == "z" else offset
    return Reading(datetime.fromisoformat(f"{on.isoformat()}T{clock:%H:%M}{shift}").astimezone(UTC))


def _span(said: str, frame: _Now) -> Reading | None:
    """`in 2h30m`, `in 3 days`, `in half an hour`: hours are real time, days keep the wall clock."""
    rest = said.removeprefix("in ").removesuffix(" from now")
    if rest == said and not re.fullmatch(r"\d+\s*(h|m|min|mins|hours?|minutes?)(\s*\d+\s*(m|min|minutes?))?", said):
        return None
    minutes, days, months, end = 0.0, 0.0, 0, 0
    for match in _SPAN.finditer(rest):
        if rest[end : match.start()].strip() not in {"", "and"}:
            return None
        end = match.end()
        words = {"a": 1.0, "an": 1.0, "one": 1.0, "two": 2.0, "three": 3.0, "half a": 0.5, "half an": 0.5}
        count = words[match.group(1)] if match.group(1) in words else float(match.group(1))
        unit = match.group(2)
        if unit in _MINUTES:
            minutes += count * _MINUTES[unit]
        elif unit in _DAYS:
            days += count * _DAYS[unit]
        elif unit in {"month", "months", "mo"} and count == int(count):
            months += int(count)
        else:
            return None
    if end == 0 or rest[end:].strip() or not (minutes or days or months):
        return None
    if days != int(days):
        minutes, days = minutes + days * 24 * 60, 0
    at = frame.now
    if days or months:
        wall = frame.local.replace(tzinfo=None)
        at = resolve(
            datetime.combine(wall.date() + relativedelta(months=months) + timedelta(days=days), wall.time()), frame.zone
        )
    return Reading(at + timedelta(minutes=minutes))


def _ends(said: str, frame: _Now) -> Reading | None:
    today = frame.today
    match said:
        case "eod" | "end of day" | "end of the day":
            return Reading(frame.at(today, None).at)
        case "end of week" | "end of the week" | "eow" | "this week":
            return Reading(frame.at(monday_of(today) + timedelta(days=6), None).at)
        case "end of month" | "end of the month" | "eom" | "this month":
            return Reading(frame.at(today + relativedelta(day=31), None).at)
        case "next week":
            return frame.at(monday_of(today) + timedelta(days=7), None)
        case "next month":
            return frame.at(today + relativedelta(months=1, day=1), None)
        case "this weekend" | "weekend" | "the weekend":
            return frame.at(today + timedelta(days=(5 - today.weekday()) % 7), None)
        case _:
            return None


def _day_and_time(said: str, frame: _Now) -> Reading | TwoReadings | None:
    """A day and a time in either order, one of them possibly missing."""
    words = [word for word in said.split() if word not in {"at", "on", "the", "of", "um", "@"}]
    for cut in range(len(words), -1, -1):
        for day_words, time_words in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
            clock = _clock(" ".join(time_words))
            if time_words and clock is None:
                continue
            if not day_words:
                if clock is not None and time_words:
                    return _coming(clock, frame)
                continue
            found = _day(" ".join(day_words), clock, frame)
            if found is not None:
                return found
    return None


def _coming(clock: "time | _Midnight", frame: _Now) -> Reading:
    """A time alone: today if it is still to come, else tomorrow."""
    if isinstance(clock, _Midnight):
        return frame.midnight_after(frame.today)
    today = frame.at(frame.today, clock)
    return today if today.at > frame.now else frame.at(frame.today + timedelta(days=1), clock)


def _day(said: str, clock: "time | _Midnight | None", frame: _Now) -> Reading | TwoReadings | None:
    def at(day: date) -> Reading:
        return frame.midnight_after(day) if isinstance(clock, _Midnight) else frame.at(day, clock)

    today = frame.today
    near = {"today": 0, "now": 0, "tomorrow": 1, "tmr": 1, "tomorow": 1, "overmorrow": 2, "yesterday": -1}
    if said in near:
        return at(today + timedelta(days=near[said]))
    if said == "day after tomorrow":
        return at(today + timedelta(days=2))
    weekday = _weekday(said, frame, at)
    if weekday is not None:
        return weekday
    named = _named_date(said, frame, at)
    if named is not None:
        return named
    return _number_date(said, frame, at)


def _weekday(said: str, frame: _Now, at: Callable[[date], Reading]) -> Reading | None:
    lead, _, name = said.rpartition(" ")
    index = next((i for i, full in enumerate(_WEEKDAYS) if len(name) >= 3 and full.startswith(name)), None)
    if index is None or lead not in {"", "this", "next", "coming"}:
        return None
    ahead = (index - frame.today.weekday()) % 7
    if lead == "next":
        # "next Tuesday" is the one of the coming calendar week; the echo shows the date.
        return at(frame.today + timedelta(days=7 - frame.today.weekday() + index))
    found = at(frame.today + timedelta(days=ahead))
    return found if found.at > frame.now else at(frame.today + timedelta(days=ahead + 7))


def _named_date(said: str, frame: _Now, at: Callable[[date], Reading]) -> Reading | None:
    match = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?\.?\s*([a-z]{3,9})\.?(?:\s+(\d{4}))?", said)
    if match:
        day, name, year = match.groups()
    else:
        match = re.fullmatch(r"([a-z]{3,9})\.?\s*(\d{1,2})(?:st|nd|rd|th)?(?:\s+(\d{4}))?", said)
        if not match:
            return None
        name, day, year = match.groups()
    month = next((i for i, full in enumerate(_MONTHS, 1) if full.startswith(name)), None)
    if month is None and name == "sept":
        month = 9
    return None if month is None else _dated(int(day), month, year, frame, at)


def _number_date(said: str, frame: _Now, at: Callable[[date], Reading]) -> Reading | TwoReadings | None:
    match = _NUMBER_DATE.fullmatch(said)
    if not match:
        return None
    first, sign, second, year = int(match.group(1)), match.group(2), int(match.group(3)), match.group(4)
    full_year = f"20{year}" if year and len(year) == 2 else year
    if sign == "." or first > 12:
        return _dated(first, second, full_year, frame, at)
    if second > 12:
        return _dated(second, first, full_year, frame, at)
    day_first = _dated(first, second, full_year, frame, at)
    month_first = _dated(second, first, full_year, frame, at)
    return day_first if day_first == month_first else TwoReadings(day_first, month_first)


def _dated(day: int, month: int, year: str | None, frame: _Now, at: Callable[[date], Reading]) -> Reading:
    """Return a date; one without a year is the next such day."""
    if year:
        return at(date(int(year), month, day))
    for ahead in range(9):
        try:
            found = at(date(frame.today.year + ahead, month, day))
        except ValueError:
            if (day, month) != (29, 2):
                raise
            continue
        if found.at > frame.now:
            return found
    raise ValueError("no such day")


class _Midnight:
    """The end of a day: people who say Friday midnight mean the night after Friday."""


def _clock(said: str) -> "time | _Midnight | None":
    if said in {"midnight", "24:00"}:
        return _Midnight()
    if said in _DAY_TIMES:
        return _DAY_TIMES[said]
    match = _CLOCK.fullmatch(said)
    if not match:
        return None
    hour, minute, half = int(match.group(1)), int(match.group(2) or 0), match.group(3)
    if match.group(2) is None and half is None:
        return None
    if half in {"am", "pm"}:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _is_doubtful(text: str) -> bool:
    """Tell whether a text holds a date whose day and month could be swapped: the grammar's business alone."""
    return bool(re.search(r"\b\d{1,2}[/-]\d{1,2}\b", text))


@cache
def _zone_keys() -> frozenset[str]:
    areas = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    return frozenset(key for key in available_timezones() if key.startswith(areas) or key == "UTC")


@cache
def _location(key: str, locale: str) -> str:
    try:
        return get_timezone_location(ZoneInfo(key), locale=locale_of(locale)).removesuffix(" Time")
    except (LookupError, AttributeError):
        return zone_name(ZoneInfo(key))


def _utc_offset(key: str, now: datetime) -> timedelta:
    return now.astimezone(ZoneInfo(key)).utcoffset() or timedelta()


def _offset_of(match: re.Match[str] | None) -> timedelta:
    if match is None:
        return timedelta()
    sign, hours, minutes = match.groups()
    shift = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return -shift if sign == "-" else shift


def _zone_option(key: str, now: datetime, locale: str) -> Option:
    local = now.astimezone(ZoneInfo(key))
    offset = f"{local:%z}"
    return Option(
        f"{zone_name(ZoneInfo(key))} · {_location(key, locale)} · {local:%H:%M} (UTC{offset[:3]}:{offset[3:]})", key
    )
