"""A coach week as an RFC 5545 file: timed events in the person's own zone, the same ids each time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from bot.coach.service.weeks import WeekView
from bot.say.words import Words


def week_calendar(view: WeekView, words: Words, now: datetime) -> bytes:
    """Return the open tasks that have a time; done ones are left out."""
    calendar = Calendar()
    calendar.add("prodid", "-//Studiohand//coach//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    zone = ZoneInfo(view.profile.timezone)
    for task in view.open:
        if task.at is None:
            continue
        start = task.at.astimezone(zone)
        event = Event()
        event.add("uid", f"{task.id}@studiohand")
        event.add("sequence", view.week.revision)
        event.add("dtstamp", now)
        event.add("dtstart", start)
        event.add("dtend", start + timedelta(minutes=task.minutes))
        event.add("summary", task.title)
        event.add("categories", [words(f"coach.area.{task.focus_area}").plain])
        about = "\n".join(text for text in (task.description, task.if_then) if text)
        if about:
            event.add("description", about)
        calendar.add_component(event)
    return calendar.to_ical()
