"""When a goal is likely reached: past weekly steps drawn again many times, the same all week long."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from bot.coach.dates import iso_week
from bot.coach.model import GoalId
from bot.coach.rules import ForecastRules

GOAL_END = 100.0


class Standing(StrEnum):
    """The forecast against the target date."""

    COMFORTABLE = "comfortable"
    TIGHT = "tight"
    LIKELY_LATER = "likely_later"


@dataclass(frozen=True, slots=True)
class Forecast:
    """Weeks from now by which half and 85 of 100 drawn futures are there; None beyond the horizon."""

    p50_weeks: int | None
    p85_weeks: int | None
    p50_on: date | None
    p85_on: date | None
    standing: Standing | None


def forecast(
    goal_id: GoalId,
    increments: Sequence[float],
    remaining: float,
    today: date,
    target: date | None,
    rules: ForecastRules,
) -> Forecast | None:
    """Return the forecast of `remaining` points (0..100), or None for "not enough yet".

    `increments`: progress a week, oldest first, zero weeks kept.
    """
    if len(increments) < rules.increments_min or sum(increments) <= 0:
        return None
    if remaining <= 0:
        return _forecast(0, 0, today, target)
    digest = hashlib.sha256(f"{goal_id}:{iso_week(today)}".encode()).digest()
    # Loaded with its first use: an idle bot need not hold it.
    import numpy as np

    generator = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    drawn = generator.choice(np.asarray(increments, dtype=float), size=(rules.samples, rules.weeks_max))
    reached = np.cumsum(drawn, axis=1) >= remaining - 1e-9
    weeks = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, rules.weeks_max + 1)
    p50, p85 = (int(np.percentile(weeks, share, method="higher")) for share in (50, 85))
    last = rules.weeks_max
    return _forecast(p50 if p50 <= last else None, p85 if p85 <= last else None, today, target)


def _forecast(p50: int | None, p85: int | None, today: date, target: date | None) -> Forecast:
    p50_on = None if p50 is None else today + timedelta(weeks=p50)
    p85_on = None if p85 is None else today + timedelta(weeks=p85)
    standing = None
    if target is not None:
        if p85_on is not None and p85_on <= target:
            standing = Standing.COMFORTABLE
        elif p50_on is not None and p50_on <= target:
            standing = Standing.TIGHT
        else:
            standing = Standing.LIKELY_LATER
    return Forecast(p50, p85, p50_on, p85_on, standing)
