"""The metrics the coach knows by name; anything else is the person's own measure."""

import re
from dataclasses import dataclass

from bot.coach.model import Aggregate, Better, MetricKind
from bot.coach.trend import RATE_SCALE, RATING_SCALE
from bot.errors import Refused

NAME_MAX = 40
VALUE_MAX = 1e9


@dataclass(frozen=True, slots=True)
class Metric:
    """What a metric means. `scale` as in `bot/coach/trend.py`; `derived`: read from weeks or check-ins, not logged."""

    name: str
    kind: MetricKind = MetricKind.OUTCOME
    aggregate: Aggregate = Aggregate.LAST
    better: Better = Better.YES
    scale: float | None = None
    derived: bool = False
    bars: bool = False


_KNOWN = (
    Metric("tasks_completed", MetricKind.BEHAVIOUR, Aggregate.SUM, derived=True, bars=True),
    Metric("completion", MetricKind.BEHAVIOUR, Aggregate.LAST, scale=RATE_SCALE, derived=True),
    Metric("learning_hours", MetricKind.BEHAVIOUR, Aggregate.SUM, derived=True, bars=True),
    Metric("energy_level", MetricKind.OUTCOME, Aggregate.MEAN, scale=RATING_SCALE, derived=True),
    Metric("creative_output", MetricKind.BEHAVIOUR, Aggregate.SUM, bars=True),
    Metric("marketing_activities", MetricKind.BEHAVIOUR, Aggregate.SUM, bars=True),
    Metric("audience_growth", MetricKind.OUTCOME, Aggregate.SUM),
)
KNOWN = {metric.name: metric for metric in _KNOWN}
LOGGABLE = tuple(metric.name for metric in _KNOWN if not metric.derived)


def metric(name: str) -> Metric:
    """Return a known metric, or what an own measure means: the last value of a week, higher is better."""
    return KNOWN.get(name) or Metric(name)


def checked_name(text: str) -> str:
    """Return a measure's name as it is kept; raise Refused for an empty, long or derived one.

    >>> checked_name(" Mailing list ")
    'mailing list'
    """
    name = " ".join(text.casefold().split())
    known = name.replace(" ", "_")
    if known in KNOWN:
        if KNOWN[known].derived:
            raise Refused("coach_metric_derived", metric=name)
        return known
    if not name or len(name) > NAME_MAX or not re.search(r"\w", name):
        raise Refused("coach_metric_name", max=NAME_MAX)
    return name
