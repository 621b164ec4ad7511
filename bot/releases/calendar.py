"""A release plan as a calendar file."""

from datetime import datetime, timedelta

from bot.releases.facts import FactBook
from bot.releases.rules import ReleaseRules
from bot.releases.view import ReleaseView
from bot.say.calendar_file import CalendarEntry, to_ics
from bot.say.words import Speaks


def calendar_file(
    view: ReleaseView,
    facts: FactBook,
    words: Speaks,
    now: datetime,
    rules: ReleaseRules,
    with_done: bool = False,
    alarms: bool = False,
) -> tuple[str, bytes]:
    """Return name and bytes of a release's calendar file: a task an event, hard deadlines and T besides."""
    release = view.release
    entries: list[CalendarEntry] = []
    for task in view.tasks:
        if task.clip.is_done and not with_done:
            continue
        lines = [task.clip.notes] if task.clip.notes else []
        lines += [fact.line(view.today, words) for fact in facts.shown(task.facts, release.conditions)]
        entries.append(
            CalendarEntry(
                task.clip.id,
                task.clip.name,
                task.day,
                task.last_day + timedelta(days=1),
                release.calendar_sequence,
                (str(task.clip.lane),),
                "\n".join(lines),
            )
        )
        if task.is_hard and task.deadline is not None and not task.clip.is_done:
            entries.append(
                CalendarEntry(
                    f"{task.clip.id}-last-day",
                    words("release.calendar.last_day", title=task.clip.name),
                    task.deadline,
                    task.deadline + timedelta(days=1),
                    release.calendar_sequence,
                    (str(task.clip.lane),),
                    "\n".join(lines),
                    rules.alarm_days if alarms else None,
                )
            )
    day = release.anchor_date
    entries.append(
        CalendarEntry(
            f"{release.id}-day",
            words(f"release.calendar.day_{view.preset.anchor}", title=release.title),
            day,
            day + timedelta(days=1),
            release.calendar_sequence,
        )
    )
    return f"release-{day.isoformat()}.ics", to_ics(release.title, entries, now)
