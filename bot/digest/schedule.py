"""When a digest is cut, which week it belongs to, and whether anything is sent. Pure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.digest.model import IsoWeek
from bot.digest.rules import DigestRules
from bot.recurrence import Weekly, next_fire, resolve
from bot.say.dates import monday_of


@dataclass(frozen=True, slots=True)
class Window:
    """What a digest covers: after `after`, at or before `until` (instants)."""

    week: IsoWeek
    after: datetime
    until: datetime


def weekly(day: int, at: time) -> Weekly:
    return Weekly(frozenset({day}), at)


def week_of(cut: datetime, zone: ZoneInfo, rules: DigestRules) -> IsoWeek:
    """Return the ISO week of the cut minus 36 hours on the person's clock: Monday 09:00 reports the week before.

    >>> rules = DigestRules.model_construct(belongs_hours=36)
    >>> str(week_of(datetime(2025, 6, 9, 9, tzinfo=ZoneInfo("UTC")), ZoneInfo("UTC"), rules))
    '2025-W23'
    """
    wall = cut.astimezone(zone).replace(tzinfo=None) - timedelta(hours=rules.belongs_hours)
    return IsoWeek.of(wall.date())


def cut_of(week: IsoWeek, rule: Weekly, zone: ZoneInfo, rules: DigestRules) -> datetime:
    """Return the instant at which a week is cut under a rule."""
    wall = datetime.combine(week.monday + timedelta(days=next(iter(rule.days))), rule.at)
    for shift in (0, 7):
        cut = resolve(wall + timedelta(days=shift), zone)
        if week_of(cut, zone, rules) == week:
            return cut
    return resolve(wall + timedelta(days=7), zone)


def window_of(week: IsoWeek, rule: Weekly, zone: ZoneInfo, rules: DigestRules) -> Window:
    """Return the window of a week as the rule alone gives it."""
    return Window(week, cut_of(week.previous(), rule, zone, rules), cut_of(week, rule, zone, rules))


def missed_cuts(next_at: datetime, rule: Weekly, zone: ZoneInfo, now: datetime) -> tuple[list[datetime], datetime]:
    """Return the cuts from `next_at` that have come by `now`, oldest first, and the one after them."""
    cuts: list[datetime] = []
    cut = next_at
    while cut <= now:
        cuts.append(cut)
        fire = next_fire(rule, zone, cut)
        if fire is None:
            break
        cut = fire.instant
    return cuts, cut


class Outcome(StrEnum):
    """What becomes of a window that was closed."""

    SEND = "send"
    FILE = "file"
    """Built and kept, not sent; shown on request."""
    QUIET_LINE = "quiet_line"
    NOTHING = "nothing"


def decide(*, has_activity: bool, was_active: bool, silenced: bool, too_late: bool, newest: bool) -> Outcome:
    """Decide over a window.

    Nothing happened: one line after an active week, then silence. Silenced (off, paused, rest week, closed
    DMs), over 48 h late, or not the newest of several missed: kept as a file.
    """
    if has_activity:
        return Outcome.FILE if silenced or too_late or not newest else Outcome.SEND
    if was_active and newest and not silenced and not too_late:
        return Outcome.QUIET_LINE
    return Outcome.NOTHING


def spaced_until(
    sent: list[datetime], a_week: int, zone: ZoneInfo, now: datetime, rules: DigestRules
) -> datetime | None:
    """Return until when an unasked message waits: 20 hours after the last, or the week's cap; None: free."""
    last = max(sent, default=None)
    if last is not None and now - last < timedelta(hours=rules.spacing_hours):
        return last + timedelta(hours=rules.spacing_hours)
    monday = _monday(now, zone)
    if sum(at >= monday for at in sent) >= a_week:
        return _monday(now + timedelta(days=7), zone)
    return None


def _monday(now: datetime, zone: ZoneInfo) -> datetime:
    return resolve(datetime.combine(monday_of(now.astimezone(zone).date()), time(0)), zone)
