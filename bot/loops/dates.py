"""Days and bars: where a loop stands, how its units read, and what moving or converting its dates does.

Dated loops count calendar days in the owner's zone, so daylight saving has no effect on them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.loops.model import MILLI, UNITS_PER_BAR, Clip, DeadlineKind, Loop
from bot.loops.rules import LoopRules


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the reader stands on a loop: the playhead of an undated loop, or today in a dated one."""

    at_milli: int
    first_day: date | None = None

    @property
    def is_dated(self) -> bool:
        return self.first_day is not None


def zone_of(name: str) -> ZoneInfo:
    """Return the zone by IANA name; an unknown name reads as UTC, so an old row never stops a card."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def local_day(now: datetime, zone: str) -> date:
    """Return the calendar day of an instant in that zone."""
    return now.astimezone(zone_of(zone)).date()


def moment_of(loop: Loop, now: datetime) -> Moment:
    """Return where the reader stands. A dated loop's day number is not clamped, for overdue."""
    if loop.start_date is not None and loop.is_dated:
        return Moment((local_day(now, loop.timezone) - loop.start_date).days * MILLI, loop.start_date)
    return Moment(loop.playhead_milli)


def timeline_milli(loop: Loop, clips: Iterable[Clip], rules: LoopRules) -> int:
    """Return the length of the timeline: the loop's own days, or 64 units or the last end and 4."""
    last = max((clip.end_milli for clip in clips), default=0)
    if loop.is_dated:
        return max(loop.length_days * MILLI, last)
    return max(round(rules.timeline_min_units * MILLI), last + round(rules.timeline_pad_units * MILLI))


def day_of(loop: Loop, milli: int) -> date:
    """Return the calendar day of a start in a dated loop."""
    if loop.start_date is None:
        raise ValueError("an undated loop has no days")
    return loop.start_date + timedelta(days=milli // MILLI)


def last_day_of(loop: Loop, clip: Clip) -> date:
    """Return the last day that a clip of a dated loop covers."""
    return day_of(loop, clip.end_milli - MILLI)


def bar_of(milli: int) -> int:
    """Return the bar of a start, counted from 1.

    >>> bar_of(12_000)
    4
    """
    return milli // (UNITS_PER_BAR * MILLI) + 1


def units_text(milli: int) -> str:
    """Return thousandths as a decimal without needless zeros.

    >>> units_text(12_500), units_text(4_000), units_text(1)
    ('12.5', '4', '0.001')
    """
    whole, rest = divmod(abs(milli), MILLI)
    sign = "-" if milli < 0 else ""
    return f"{sign}{whole}" if not rest else f"{sign}{whole}.{rest:03d}".rstrip("0")


def make_dated(loop: Loop, clips: Iterable[Clip], first_day: date) -> tuple[Loop, tuple[Clip, ...]]:
    """Give an undated loop days from `first_day` on, keeping order and lengths (rounded up to whole days)."""
    moved = tuple(
        replace(
            clip,
            start_milli=clip.start_milli // MILLI * MILLI,
            length_milli=max(MILLI, -(-clip.length_milli // MILLI) * MILLI),
        )
        for clip in clips
    )
    days = max((clip.end_milli for clip in moved), default=MILLI * 28) // MILLI
    return replace(loop, start_date=first_day, end_date=first_day + timedelta(days=days)), moved


def make_undated(loop: Loop, clips: Iterable[Clip]) -> tuple[Loop, tuple[Clip, ...]]:
    """Drop dates and deadlines; the person was shown which ones before."""
    cleared = tuple(replace(clip, deadline=None, deadline_kind=DeadlineKind.NONE) for clip in clips)
    return replace(loop, start_date=None, end_date=None, anchor_date=None), cleared


def move_dates(loop: Loop, clips: Iterable[Clip], days: int) -> tuple[Loop, tuple[Clip, ...]]:
    """Move first day, last day, anchor and all deadlines together. Done marks keep their time."""
    step = timedelta(days=days)
    moved = replace(
        loop,
        start_date=loop.start_date + step if loop.start_date else None,
        end_date=loop.end_date + step if loop.end_date else None,
        anchor_date=loop.anchor_date + step if loop.anchor_date else None,
    )
    return moved, tuple(replace(clip, deadline=clip.deadline + step) if clip.deadline else clip for clip in clips)
