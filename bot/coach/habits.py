"""Habits on local dates: when one is due, what counts, how strong it is. The run is never used in a message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.coach.adapt import faded_mean
from bot.coach.dates import local_date
from bot.coach.model import Frequency
from bot.say.dates import monday_of

SAME_HOURS = 4
"""A second completion within these hours of the last does not count."""
HALF_LIFE_PERIODS = 5.0


@dataclass(frozen=True, slots=True)
class FrequencyRule:
    due_days: int
    run_days: int
    target: int
    period_days: int


FREQUENCIES = {
    Frequency.DAILY: FrequencyRule(1, 1, 7, 7),
    Frequency.THREE_A_WEEK: FrequencyRule(2, 3, 3, 7),
    Frequency.WEEKLY: FrequencyRule(7, 7, 1, 7),
    Frequency.MONTHLY: FrequencyRule(30, 31, 1, 30),
}


@dataclass(frozen=True, slots=True)
class HabitState:
    """What the panel shows. `strength` 0..1; `kept` of `periods` past periods reached their target; `run` in days."""

    is_due: bool
    strength: float | None
    kept: int
    periods: int
    run: int
    this_period: int
    target: int


def counts(last: datetime | None, now: datetime) -> bool:
    """Say whether a completion at `now` counts beside the last one."""
    return last is None or now - last >= timedelta(hours=SAME_HOURS)


def is_due(frequency: Frequency, last: datetime | None, now: datetime, zone: str) -> bool:
    """Say whether a habit is due on the person's calendar."""
    if last is None:
        return True
    return (local_date(now, zone) - local_date(last, zone)).days >= FREQUENCIES[frequency].due_days


def habit_state(
    frequency: Frequency,
    done_at: Sequence[datetime],
    since: datetime,
    now: datetime,
    zone: str,
    away: frozenset[date] = frozenset(),
) -> HabitState:
    """Return the state of a habit kept since `since`; days `away` (rest, pause, reserve week) change nothing."""
    rule = FREQUENCIES[frequency]
    days = sorted(local_date(at, zone) for at in done_at)
    today = local_date(now, zone)
    first = monday_of(local_date(since, zone)) if rule.period_days == 7 else local_date(since, zone)
    shares: list[float] = []
    start = first
    while start + timedelta(days=rule.period_days) <= today:
        end = start + timedelta(days=rule.period_days)
        if not _is_away(start, rule.period_days, away):
            shares.append(min(sum(start <= day < end for day in days) / rule.target, 1.0))
        start = end
    return HabitState(
        is_due=is_due(frequency, max(done_at, default=None), now, zone),
        strength=faded_mean(shares, HALF_LIFE_PERIODS),
        kept=sum(share >= 1.0 for share in shares[-10:]),
        periods=len(shares[-10:]),
        run=_run(days, today, rule.run_days, away),
        this_period=sum(day >= start for day in days),
        target=rule.target,
    )


def _is_away(start: date, days: int, away: frozenset[date]) -> bool:
    """Say whether at least half of a period was away."""
    return sum(start + timedelta(days=offset) in away for offset in range(days)) * 2 >= days


def _run(days: Sequence[date], today: date, survives: int, away: frozenset[date]) -> int:
    """Return the completions in a row; days away are not counted between them."""
    run = 0
    later = today
    for day in sorted(set(days), reverse=True):
        between = sum(day + timedelta(days=step) not in away for step in range(1, (later - day).days + 1))
        if between > survives:
            break
        run += 1
        later = day
    return run
