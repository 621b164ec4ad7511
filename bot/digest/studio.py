"""What a server's own plans did in a week: from what areas report to the few lines that its digest tells. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from bot.digest.model import StudioItem, StudioWeek, StudioWhat

AHEAD_DAYS = 14
"""What has its day within these is told as next."""


@dataclass(frozen=True, slots=True)
class StudioLine:
    """One line: `key` is under `digest.studio.` in the catalogue; `day` and `who` are empty where there is none."""

    key: str
    title: str
    of: str
    day: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class StudioPart:
    """What a server's digest tells of one client's plans, or of those of none. `more`: how many are not listed."""

    lines: tuple[StudioLine, ...]
    more: int = 0
    client: str = ""


@dataclass(frozen=True, slots=True)
class StudioParts:
    """What a server's digest tells of its own plans, by client. `more`: how many clients with news are not told."""

    parts: tuple[StudioPart, ...]
    more: int = 0


def compile_by_client(
    week: StudioWeek, names: Mapping[str, str], first: date, today: date, *, most: int, clients: int
) -> StudioParts | None:
    """Choose what is told of each client, in the order of their next last day, then of what is filed under none.

    `names`: of the clients that are worked for, by id; what is filed under one that was put away is left out.
    """

    def told(client: str | None) -> StudioPart | None:
        of = StudioWeek(
            tuple(item for item in week.finished if item.client == client),
            tuple(item for item in week.open if item.client == client),
        )
        return compile_studio(of, first, today, most)

    found = [
        (_next_last_day(week, client, today), name.casefold(), replace(part, client=name))
        for client, name in names.items()
        if (part := told(client)) is not None
    ]
    parts = [part for _, _, part in sorted(found, key=lambda one: one[:2])]
    shown, own = parts[:clients], told(None)
    if not parts and own is None:
        return None
    return StudioParts((*shown, *([own] if own is not None else [])), len(parts) - len(shown))


def _next_last_day(week: StudioWeek, client: str, today: date) -> date:
    """Return the next day by which something of a client has to be done; those without one come last."""
    days = (item.deadline or item.until for item in week.open if item.client == client)
    return min((day for day in days if day is not None and day >= today), default=date.max)


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
    who = ", ".join(item.who)
    if item.deadline is not None:
        return StudioLine("late_deadline", item.title, item.of, item.deadline.isoformat(), who)
    return StudioLine("late_task", item.title, item.of, item.until.isoformat() if item.until else "", who)


def _next(item: StudioItem, today: date) -> StudioLine:
    day, who = _told_day(item, today), ", ".join(item.who)
    if day is None:
        return StudioLine("next_undated", item.title, item.of, who=who)
    if item.what is StudioWhat.RELEASE:
        key = "next_release"
    elif day == item.deadline:
        key = "next_deadline"
    else:
        key = "next_running" if _is_running(item, today) else "next_task"
    return StudioLine(key, item.title, item.of, day.isoformat(), who)


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


def as_stored(told: StudioParts | None) -> dict[str, Any] | None:
    """Return what is told as a delivery carries it."""
    if told is None:
        return None
    parts = [
        {
            "client": part.client,
            "lines": [[line.key, line.title, line.of, line.day, line.who] for line in part.lines],
            "more": part.more,
        }
        for part in told.parts
    ]
    return {"parts": parts, "more": told.more}


def read_stored(stored: dict[str, Any] | None) -> StudioParts | None:
    """Read what `as_stored` wrote, also before it was told by client; None too for what is older than that."""
    if not stored:
        return None
    if "parts" not in stored:
        return StudioParts((_part(stored),))
    return StudioParts(tuple(map(_part, stored["parts"])), stored["more"])


def _part(stored: dict[str, Any]) -> StudioPart:
    return StudioPart(tuple(StudioLine(*line) for line in stored["lines"]), stored["more"], stored.get("client", ""))
