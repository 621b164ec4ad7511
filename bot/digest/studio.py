"""What a server's own plans did in a week: from what areas report to the few lines that its digest tells. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.digest.model import StudioItem, StudioWeek, StudioWhat

AHEAD_DAYS = 14
"""What has its day within these is told as next."""


@dataclass(frozen=True, slots=True)
class StudioLine:
    """One line: `key` is under `digest.studio.` in the catalogue; `day` is empty where there is none to tell."""

    key: str
    title: str
    of: str
    day: str = ""


@dataclass(frozen=True, slots=True)
class StudioPart:
    """The part of a server's digest about its own plans. `more`: how many are not listed."""

    lines: tuple[StudioLine, ...]
    more: int = 0


def compile_studio(week: StudioWeek, first: date, today: date, most: int) -> StudioPart | None:
    """Choose what is told of a week that began on `first`; None for a quiet one.

    A week is quiet where nothing was finished, nothing became late and nothing has its day soon: what has been late
    for longer, or has no day at all, would be told every week for ever.
    """
    # What became late last is the news, and of what comes the days that nobody may miss: they are told in any case.
    late = sorted(
        (item for item in week.open if _is_late(item, today)), key=lambda item: item.until or today, reverse=True
    )
    coming = sorted(
        (item for item in week.open if not _is_late(item, today) and _is_near(item, today)),
        key=lambda item: (not _is_fixed(item, today), _told_day(item, today) or date.max),
    )
    became_late = any(item.until is None or item.until >= first for item in late)
    if not (week.finished or became_late or any(item.day for item in coming)):
        return None
    parts = (
        [_finished(item) for item in week.finished],
        [_late(item) for item in late],
        [_next(item, today) for item in coming],
    )
    shown = _shared_out(parts, most)
    shown[-1].sort(key=lambda line: line.day or date.max.isoformat())
    return StudioPart(tuple(line for part in shown for line in part), sum(map(len, parts)) - sum(map(len, shown)))


def _is_late(item: StudioItem, today: date) -> bool:
    return item.what is StudioWhat.GONE or (item.until is not None and item.until < today)


def _is_near(item: StudioItem, today: date) -> bool:
    day = _told_day(item, today)
    return day is None or day <= today + timedelta(days=AHEAD_DAYS)


def _told_day(item: StudioItem, today: date) -> date | None:
    """Return the day that is told of what is to come: a last day that is near wins over the planned one."""
    if item.deadline is not None and item.deadline <= today + timedelta(days=AHEAD_DAYS):
        return item.deadline
    return item.until if _is_running(item, today) else item.day


def _is_fixed(item: StudioItem, today: date) -> bool:
    """Tell whether what is told is a release day or a hard last day."""
    day = _told_day(item, today)
    return day is not None and (item.what is StudioWhat.RELEASE or day == item.deadline)


def _is_running(item: StudioItem, today: date) -> bool:
    return item.day is not None and item.day < today


def _finished(item: StudioItem) -> StudioLine:
    return StudioLine("finished_release" if item.what is StudioWhat.RELEASE else "finished_task", item.title, item.of)


def _late(item: StudioItem) -> StudioLine:
    if item.what is StudioWhat.GONE:
        return StudioLine("late_gone", item.title, item.of)
    if item.deadline is not None:
        return StudioLine("late_deadline", item.title, item.of, item.deadline.isoformat())
    return StudioLine("late_task", item.title, item.of, item.until.isoformat() if item.until else "")


def _next(item: StudioItem, today: date) -> StudioLine:
    day = _told_day(item, today)
    if day is None:
        return StudioLine("next_undated", item.title, item.of)
    if item.what is StudioWhat.RELEASE:
        key = "next_release"
    elif day == item.deadline:
        key = "next_deadline"
    else:
        key = "next_running" if _is_running(item, today) else "next_task"
    return StudioLine(key, item.title, item.of, day.isoformat())


def _shared_out(parts: Sequence[Sequence[StudioLine]], most: int) -> list[list[StudioLine]]:
    """Give each part its turn until all places are taken, so that a long one crowds out no other."""
    shown: list[list[StudioLine]] = [[] for _ in parts]
    while sum(map(len, shown)) < most:
        before = sum(map(len, shown))
        for part, taken in zip(parts, shown, strict=True):
            if len(taken) < len(part) and sum(map(len, shown)) < most:
                taken.append(part[len(taken)])
        if sum(map(len, shown)) == before:
            break
    return shown


def as_stored(part: StudioPart | None) -> dict[str, object] | None:
    """Return a part as a delivery carries it."""
    if part is None:
        return None
    return {"lines": [[line.key, line.title, line.of, line.day] for line in part.lines], "more": part.more}


def read_stored(stored: dict[str, object] | None) -> StudioPart | None:
    """Read what `as_stored` wrote; None too for what was written before there was such a part."""
    if not stored:
        return None
    lines: Iterable[Sequence[str]] = stored["lines"]  # pyright: ignore[reportAssignmentType] - JSON of our own
    return StudioPart(tuple(StudioLine(*line) for line in lines), int(str(stored["more"])))
