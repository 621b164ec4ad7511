"""How a mission's pace follows its luck: slower after failures and quiet runs, back after a yes. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from bot.missions.rules import MissionRules


@dataclass(frozen=True, slots=True)
class Pace:
    """What the schedule keeps between runs."""

    failures: int = 0
    quiet_runs: int = 0
    stride: int = 1

    def after_failure(self) -> "Pace":
        return Pace(self.failures + 1, self.quiet_runs, self.stride)

    def after_nothing(self, rules: MissionRules) -> "Pace":
        """Note a run with nothing to do: every third in a row halves the pace."""
        quiet = self.quiet_runs + 1
        if quiet % rules.quiet_runs_to_slow == 0:
            return Pace(0, quiet, min(rules.stride_cap, self.stride * 2))
        return Pace(0, quiet, self.stride)

    def after_plan(self) -> "Pace":
        return Pace(0, 0, self.stride)

    def after_approval(self) -> "Pace":
        return Pace()

    def must_pause(self, rules: MissionRules) -> bool:
        return self.failures >= rules.failures_to_pause


def back_off(failures: int, rules: MissionRules) -> timedelta:
    """Return the wait after so many failures in a row: 15 minutes, doubling to 24 hours.

    >>> from bot.missions.rules import mission_rules
    >>> [back_off(n, mission_rules()) // timedelta(minutes=1) for n in (0, 1, 2, 3, 99)]
    [0, 15, 30, 60, 1440]
    """
    if failures <= 0:
        return timedelta(0)
    minutes = rules.back_off_minutes * 2 ** min(20, failures - 1)
    return timedelta(minutes=min(rules.back_off_cap_minutes, minutes))
