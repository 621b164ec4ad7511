"""A coach week as a calendar file: timed events in the person's own zone, the same ids each time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.coach.cards import week_title
from bot.coach.service.weeks import WeekView
from bot.say.calendar_file import CalendarEntry, to_ics
from bot.say.words import Words


def week_calendar(view: WeekView, words: Words, now: datetime) -> bytes:
    """Return the open tasks that have a time; done ones are left out."""
    zone = ZoneInfo(view.profile.timezone)
    entries = [
        CalendarEntry(
            uid=task.id,
            title=task.title,
            starts=task.at.astimezone(zone),
            ends=task.at.astimezone(zone) + timedelta(minutes=task.minutes),
            sequence=view.week.revision,
            categories=(words(f"coach.area.{task.focus_area}").plain,),
            description="\n".join(text for text in (task.description, task.if_then) if text),
        )
        for task in view.open
        if task.at is not None
    ]
    return to_ics(week_title(view, words).plain, entries, now)
