"""How often the trend rule calls chance a trend, beside the rule of comparing halves.

Nine-task weeks with a steady chance of finishing each task: every direction shown is a false one.
Run: python -m benchmarks.coach [users]
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.coach.rules import coach_rules
from bot.coach.trend import RATE_SCALE, Direction, trend

TASKS = 9


@dataclass(frozen=True, slots=True)
class FalseLabels:
    """Shares of users (0..1) told of a direction that is not there."""

    weeks: int
    improving: float
    declining: float
    halves_improving: float
    halves_declining: float


def halves(values: Sequence[float]) -> Direction:
    """The rule not taken: the later half's mean against the earlier one's, 10% apart."""
    middle = len(values) // 2
    earlier, later = float(np.mean(values[:middle])), float(np.mean(values[middle:]))
    if later > earlier * 1.1:
        return Direction.IMPROVING
    return Direction.DECLINING if later < earlier * 0.9 else Direction.STABLE


def false_labels(users: int, weeks: int, seed: int = 7) -> FalseLabels:
    """Simulate trendless users, each with an own chance between 0.3 and 0.9 to finish a task."""
    rules = coach_rules().trend
    generator = np.random.default_rng(seed)
    chances = generator.uniform(0.3, 0.9, size=(users, 1))
    rates = generator.binomial(TASKS, chances, size=(users, weeks)) / TASKS
    ours = [trend(row.tolist(), rules, scale=RATE_SCALE).direction for row in rates]
    theirs = [halves(row.tolist()) for row in rates]
    return FalseLabels(
        weeks,
        ours.count(Direction.IMPROVING) / users,
        ours.count(Direction.DECLINING) / users,
        theirs.count(Direction.IMPROVING) / users,
        theirs.count(Direction.DECLINING) / users,
    )


def main() -> None:
    users = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(f"| weeks | Mann-Kendall + Theil-Sen + gate: up / down | halves at 10%: up / down | ({users} users)")
    print("|---|---|---|")
    for weeks in (4, 6, 8):
        found = false_labels(users, weeks)
        print(
            f"| {weeks} | {found.improving:.1%} / {found.declining:.1%} "
            f"| {found.halves_improving:.1%} / {found.halves_declining:.1%} |"
        )


if __name__ == "__main__":
    main()
