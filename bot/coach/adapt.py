"""What past weeks do to the next one: size, shape, the question asked. Plans shrink alone, they grow by consent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.coach.model import LoadLevel, Session, Task, TaskStatus, WeekState
from bot.coach.rules import AdaptRules
from bot.coach.seats import SOFT_LANDING_SIZE, WeekShape


@dataclass(frozen=True, slots=True)
class WeekResult:
    """How one past week went. Efforts in points, let-go tasks in neither."""

    week_start: date
    state: WeekState
    planned: int
    done: int
    done_count: int
    touched: bool

    @property
    def is_counted(self) -> bool:
        return self.state is WeekState.ACTIVE and self.planned > 0

    @property
    def r(self) -> float:
        """Completion 0..1 of a week with something planned."""
        return self.done / self.planned if self.planned else 0.0

    @property
    def is_quiet(self) -> bool:
        return not self.touched and not self.done_count


class Rule(StrEnum):
    """Which row of the adapting table spoke."""

    LOAD = "load"
    SILENCE = "silence"
    SOFT_LANDING = "soft_landing"
    TWO_FEWER = "two_fewer"
    ONE_LIGHTER = "one_lighter"
    OFFER_MORE = "offer_more"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What the next week becomes. `size` is the new usual size; a soft landing leaves it as it was."""

    rule: Rule
    size: int
    week_size: int
    shape: WeekShape = WeekShape.USUAL


def result_of(session: Session, tasks: Sequence[Task], touched: bool) -> WeekResult:
    """Sum a week up; `touched`: the person did anything with the coach in it."""
    counted = [task for task in tasks if task.status is not TaskStatus.LET_GO]
    done = [task for task in counted if task.status is TaskStatus.DONE]
    return WeekResult(
        week_start=session.week_start,
        state=session.state,
        planned=sum(task.effort for task in counted),
        done=sum(task.effort for task in done),
        done_count=len(done),
        touched=touched,
    )


def counted(results: Sequence[WeekResult]) -> list[WeekResult]:
    """Return the weeks that count: neither rest, pause nor reserve, and something was planned."""
    return [result for result in results if result.is_counted]


def mean_r(results: Sequence[WeekResult], weeks: int) -> float | None:
    """Return R, the mean completion of the last counted weeks; None when there is none."""
    recent = counted(results)[-weeks:]
    return sum(result.r for result in recent) / len(recent) if recent else None


def adapt(results: Sequence[WeekResult], size: int, rules: AdaptRules, load: LoadLevel = LoadLevel.GREEN) -> Adaptation:
    """Apply the adapting table, first match wins; `results` oldest first, the week just ended last."""
    if load is not LoadLevel.GREEN:
        return Adaptation(Rule.LOAD, size, size)
    lived = [result for result in results if result.state not in (WeekState.REST, WeekState.PAUSED)]
    silent = lived[-rules.silent_weeks :]
    if len(silent) == rules.silent_weeks and all(result.is_quiet for result in silent):
        return Adaptation(Rule.SILENCE, size, SOFT_LANDING_SIZE, WeekShape.SOFT_LANDING)
    if lived and lived[-1].is_quiet:
        return Adaptation(Rule.SOFT_LANDING, size, SOFT_LANDING_SIZE, WeekShape.SOFT_LANDING)
    recent = counted(results)
    low = [result.r < rules.low for result in recent]
    if low[-2:] == [True, True]:
        smaller = max(min(size, rules.floor), size - rules.step_down)
        return Adaptation(Rule.TWO_FEWER, smaller, smaller)
    if low[-1:] == [True]:
        return Adaptation(Rule.ONE_LIGHTER, size, size)
    if len(recent) >= 2 and size < rules.ceiling:
        means = (mean_r(recent, rules.counted_weeks), mean_r(recent[:-1], rules.counted_weeks))
        if all(mean is not None and mean >= rules.high for mean in means):
            return Adaptation(Rule.OFFER_MORE, size, size)
    return Adaptation(Rule.HOLD, size, size)


def is_reserve(result: WeekResult, earlier: Sequence[WeekResult], rules: AdaptRules) -> bool:
    """Say whether a week that reads zero becomes a reserve week: one in any four, by itself."""
    if not result.is_counted or result.done:
        return False
    return not any(
        past.state is WeekState.RESERVE and (result.week_start - past.week_start).days < 7 * rules.reserve_every
        for past in earlier
    )


def consistency(results: Sequence[WeekResult], rules: AdaptRules) -> float | None:
    """Return consistency 0..1: an exponential mean of r over counted weeks, corrected for its start at zero.

    v = m v + (1 - m) r from 0 with m = 0.5 ** (1 / half-life); shown = v / (1 - m ** n). None without a week.
    """
    return faded_mean([result.r for result in counted(results)], rules.half_life_weeks)


def faded_mean(values: Sequence[float], half_life: float) -> float | None:
    """Return the bias-corrected exponential mean, oldest value first.

    >>> round(faded_mean([1, 1, 0], 5), 4), round(faded_mean([0, 1, 1], 5), 4)
    (0.6195, 0.7117)
    """
    if not values:
        return None
    m = 0.5 ** (1 / half_life)
    v = 0.0
    for value in values:
        v = m * v + (1 - m) * value
    return v / (1 - m ** len(values))


def weeks_in_motion(results: Sequence[WeekResult], of: int = 10) -> tuple[int, int]:
    """Return (k, n): k of the last n counted weeks had at least one task done."""
    recent = counted(results)[-of:]
    return sum(result.done_count > 0 for result in recent), len(recent)
