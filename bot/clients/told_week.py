"""What a client is told of its week, chosen from what areas report of its plans: worded for outsiders. Pure.

Nobody outside is told how late something is: what has a new day is told with it, what is theirs to do waits for them,
and what is behind is in the works.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.clients.model import Given
from bot.digest.model import StudioItem, StudioWeek, StudioWhat

AHEAD_DAYS = 14
"""What has its day within these is told as next."""
DATES_DAYS = 60
"""Hard last days within these stand among the dates, and release days at any time."""
NOBODY = Given()


@dataclass(frozen=True, slots=True)
class ToldLine:
    """One line; `key` is under `client.week.` in the catalogue."""

    key: str
    title: str
    of: str
    day: date | None = None
    who: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToldPart:
    """Lines of one kind; `more`: how many are not listed."""

    lines: tuple[ToldLine, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class ToldWeek:
    """A client's week, as it is told."""

    done: ToldPart
    next: ToldPart
    needed: ToldPart
    dates: ToldPart


def tell_week(week: StudioWeek, given: Mapping[str, Given], first: date, today: date, most: int) -> ToldWeek | None:
    """Return what is told of a week that began on `first`; None for a quiet one.

    It is quiet where nothing was finished or moved, nothing has its day soon and nothing of theirs had it this week:
    what has been lying for longer, or has no day, would be told every week for ever.
    """
    # Where a release was moved, that is the news, and not each of its tasks.
    moved_plans = {item.loop for item in week.open if item.what is StudioWhat.RELEASE and item.was is not None}
    still = [
        replace(item, was=None) if item.what is StudioWhat.TASK and item.loop in moved_plans else item
        for item in week.open
        if item.what is not StudioWhat.GONE
    ]
    theirs = [item for item in still if given.get(item.ref, NOBODY).theirs]
    ours = [item for item in still if item not in theirs and item.what is StudioWhat.TASK]
    coming = _news_first([item for item in ours if _is_near(item, today)], today)
    dated = [item for item in still if _is_a_date(item, (*coming[:most], *theirs), today)]
    moved = any(item.was is not None for item in (*coming, *theirs, *dated))
    soon = any(_is_of_these_days(item, first if item in theirs else today, today) for item in still)
    if not (week.finished or moved or soon):
        return None
    return ToldWeek(
        _part([_done(item) for item in week.finished], most),
        _part([_next(item, given.get(item.ref, NOBODY), today) for item in coming], most),
        _part([_needed(item, today) for item in _by_day(theirs, today)], most),
        _part([_date(item) for item in _by_day(dated, today)], most),
    )


def _is_near(item: StudioItem, today: date) -> bool:
    """Tell whether it is going on, has its day soon, or comes first in a plan without days."""
    soon = today + timedelta(days=AHEAD_DAYS)
    begins = item.day or _day(item, today)
    return begins is None or begins <= soon or (item.was is not None and item.was <= soon)


def _is_a_date(item: StudioItem, told: Sequence[StudioItem], today: date) -> bool:
    if item.what is StudioWhat.RELEASE:
        return item.until is not None and item.until >= today
    if item.deadline is None or item in told:
        return False
    return today <= item.deadline <= today + timedelta(days=DATES_DAYS)


def _is_of_these_days(item: StudioItem, since: date, today: date) -> bool:
    day = _day(item, today)
    return day is not None and since <= day <= today + timedelta(days=AHEAD_DAYS)


def _day(item: StudioItem, today: date) -> date | None:
    """Return the day by which it is to be done: as planned, or by its hard last day once that is over."""
    if item.deadline is not None and (item.until is None or item.until < today <= item.deadline):
        return item.deadline
    return item.until


def _by_day(items: Sequence[StudioItem], today: date) -> list[StudioItem]:
    return sorted(items, key=lambda item: _day(item, today) or date.max)


def _news_first(items: Sequence[StudioItem], today: date) -> list[StudioItem]:
    """Return what has a day to come by it, then what is in the works."""
    return sorted(items, key=lambda item: _coming(item, today) or date.max)


def _coming(item: StudioItem, today: date) -> date | None:
    day = _day(item, today)
    return day if day is not None and day >= today else None


def _done(item: StudioItem) -> ToldLine:
    return ToldLine("released" if item.what is StudioWhat.RELEASE else "done", item.title, item.of)


def _next(item: StudioItem, given: Given, today: date) -> ToldLine:
    day = _coming(item, today)
    if day is None:
        return ToldLine("open", item.title, item.of, who=given.names)
    return ToldLine("moved" if item.was is not None else "by", item.title, item.of, day, given.names)


def _needed(item: StudioItem, today: date) -> ToldLine:
    day = _coming(item, today)
    if day is None:
        return ToldLine("waits", item.title, item.of)
    return ToldLine("needed", item.title, item.of, day)


def _date(item: StudioItem) -> ToldLine:
    if item.what is StudioWhat.RELEASE:
        return ToldLine("out_moved" if item.was is not None else "out", item.title, item.of, item.until)
    return ToldLine("last_day", item.title, item.of, item.deadline)


def _part(lines: Sequence[ToldLine], most: int) -> ToldPart:
    return ToldPart(tuple(lines[:most]), max(0, len(lines) - most))
