"""The calendar file (RFC 5545): all-day events for clips, hard deadlines and T, or timed events of a week."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from icalendar import Alarm, Calendar, Event

UID_HOST = "studiohand"


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One event. All-day: `starts`, `ends` are dates and `ends` is exclusive. Timed: aware datetimes.

    `uid` is stable over exports; `sequence` rises with each change; `alarm_days` before the start, or None.
    """

    uid: str
    title: str
    starts: date | datetime
    ends: date | datetime
    sequence: int = 0
    categories: tuple[str, ...] = ()
    description: str = ""
    alarm_days: int | None = None


def to_ics(name: str, entries: Iterable[CalendarEntry], stamp: datetime) -> bytes:
    """Return the file's bytes: CRLF, folded at 75 octets; same entries and stamp, same bytes."""
    calendar = Calendar()
    calendar.add("prodid", "-//Studiohand//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    timed = False
    for entry in sorted(entries, key=lambda e: (_sort_key(e.starts), e.uid)):
        timed = timed or isinstance(entry.starts, datetime)
        calendar.add_component(_event(entry, stamp))
    if timed:
        calendar.add_missing_timezones()
    return calendar.to_ical()


def _sort_key(moment: date | datetime) -> str:
    return (moment.astimezone(UTC) if isinstance(moment, datetime) else moment).isoformat()


def _event(entry: CalendarEntry, stamp: datetime) -> Event:
    event = Event()
    event.add("uid", f"{entry.uid}@{UID_HOST}")
    event.add("dtstamp", stamp.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", entry.sequence)
    event.add("summary", _clean(entry.title))
    event.add("dtstart", entry.starts)
    event.add("dtend", entry.ends)
    # All-day events are plans, not appointments: they do not make the day busy.
    event.add("transp", "OPAQUE" if isinstance(entry.starts, datetime) else "TRANSPARENT")
    if entry.categories:
        event.add("categories", list(entry.categories))
    if entry.description:
        event.add("description", _clean(entry.description))
    if entry.alarm_days is not None:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _clean(entry.title))
        alarm.add("trigger", timedelta(days=-entry.alarm_days))
        event.add_component(alarm)
    return event


def _clean(text: str) -> str:
    # Control characters other than a newline are not allowed in TEXT values.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in text if char in "\n\t" or (ord(char) >= 32 and ord(char) != 127))
