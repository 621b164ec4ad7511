"""Trends that are real: Mann-Kendall for the direction, Theil-Sen for the size, a gate for what matters.

Source: Mann (1945), Kendall (1975), Sen (1968). Declining is noticed slowly by design; it never drives alarms.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from math import sqrt
from statistics import median

from bot.coach.dates import week_start
from bot.coach.model import Aggregate, Better, Progress
from bot.coach.rules import TrendRules

RATE_SCALE = 1.0
RATING_SCALE = 5.0
CHART_POINTS = 30


class Direction(StrEnum):
    IMPROVING = "improving"
    DECLINING = "declining"
    RISING = "rising"
    FALLING = "falling"
    STABLE = "stable"


class Confidence(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Trend:
    """A direction with its reasons: `slope` per week, `change` over the window, `z` of Mann-Kendall."""

    direction: Direction
    confident: bool
    slope: float
    change: float
    z: float
    n: int

    @property
    def has_direction(self) -> bool:
        return self.direction is not Direction.STABLE


@dataclass(frozen=True, slots=True)
class GrowthArea:
    """A metric that moved. `share`: change as part of the median absolute value, None when that is zero."""

    metric: str
    trend: Trend
    change: float
    share: float | None
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """One metric over some weeks; there is no mean across metrics on purpose."""

    metric: str
    count: int
    median: float
    lowest: float
    highest: float
    last: float
    trend: Trend


def trend(
    values: Sequence[float], rules: TrendRules, *, scale: float | None = None, better: Better = Better.YES
) -> Trend:
    """Return the trend of weekly values, oldest first; only the last `rules.weeks` are looked at.

    `scale` is 1 for rates, 5 for ratings, None for the median absolute value.
    """
    window = [float(value) for value in values[-rules.weeks :]]
    n = len(window)
    if n < rules.weeks_min:
        return Trend(Direction.STABLE, False, 0.0, 0.0, 0.0, n)
    z = mann_kendall_z(window)
    slope = theil_sen(window)
    change = slope * (n - 1)
    size = median(abs(value) for value in window) if scale is None else scale
    # The small allowance keeps a change of exactly the gate on the far side of float noise.
    moved = abs(z) >= rules.z and abs(change) >= rules.gate * size - 1e-12 and change != 0
    return Trend(_direction(change, better) if moved else Direction.STABLE, True, slope, change, z, n)


def mann_kendall_z(values: Sequence[float]) -> float:
    """Return Z with continuity and tie correction.

    >>> round(mann_kendall_z([.3, .4, .5, .6]), 3), round(mann_kendall_z([.5, .5, .6, .7]), 3)
    (1.698, 1.445)
    """
    n = len(values)
    s = sum(_sign(later - earlier) for place, earlier in enumerate(values) for later in values[place + 1 :])
    ties = sum(t * (t - 1) * (2 * t + 5) for t in Counter(values).values())
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18
    return (s - _sign(s)) / sqrt(variance) if s and variance else 0.0


def theil_sen(values: Sequence[float]) -> float:
    """Return the median of all pairwise slopes."""
    slopes = [
        (later - earlier) / distance
        for place, earlier in enumerate(values)
        for distance, later in enumerate(values[place + 1 :], 1)
    ]
    return median(slopes) if slopes else 0.0


def weekly_values(
    records: Sequence[Progress], zone: str, skipped_weeks: frozenset[date] = frozenset(), until: datetime | None = None
) -> list[tuple[date, float]]:
    """Return (Monday, value) of each week with a record, by the metric's aggregate, oldest first."""
    weeks: dict[date, list[Progress]] = {}
    for record in sorted(records, key=lambda record: (record.recorded_at, record.id)):
        if until is None or record.recorded_at <= until:
            weeks.setdefault(week_start(record.recorded_at, zone), []).append(record)
    return [
        (monday, aggregate([record.value for record in found], found[-1].aggregate))
        for monday, found in sorted(weeks.items())
        if monday not in skipped_weeks
    ]


def aggregate(values: Sequence[float], how: Aggregate) -> float:
    """Return the week's value of its records."""
    match how:
        case Aggregate.SUM:
            return sum(values)
        case Aggregate.MEAN:
            return sum(values) / len(values)
        case Aggregate.LAST:
            return values[-1]


def growth_areas(
    series: Mapping[str, tuple[Sequence[float], Better, float | None]], rules: TrendRules
) -> list[GrowthArea]:
    """Return the metrics whose trend has a direction, the largest change for its scale first.

    `series`: metric → (weekly values, which way is better, scale).
    """
    found: list[tuple[float, GrowthArea]] = []
    for metric, (values, better, scale) in series.items():
        moved = trend(values, rules, scale=scale, better=better)
        if not moved.has_direction:
            continue
        usual = median(abs(value) for value in values[-rules.weeks :])
        share = moved.change / usual if usual else None
        area = GrowthArea(metric, moved, moved.change, share, _confidence(len(values)))
        found.append((abs(moved.change) / (scale or usual or 1.0), area))
    return [area for _, area in sorted(found, key=lambda pair: (-pair[0], pair[1].metric))]


def summarise(metric: str, values: Sequence[float], moved: Trend) -> MetricSummary:
    """Return the summary of one metric with at least one value."""
    return MetricSummary(metric, len(values), median(values), min(values), max(values), values[-1], moved)


def _confidence(points: int) -> Confidence:
    return Confidence.HIGH if points >= 10 else Confidence.MEDIUM if points >= 5 else Confidence.LOW


def _direction(change: float, better: Better) -> Direction:
    match better:
        case Better.NONE:
            return Direction.RISING if change > 0 else Direction.FALLING
        case Better.YES:
            return Direction.IMPROVING if change > 0 else Direction.DECLINING
        case Better.NO:
            return Direction.DECLINING if change > 0 else Direction.IMPROVING


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
