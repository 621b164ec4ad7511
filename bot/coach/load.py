"""The load check: on demand, on the person's own baseline, never stored, never a diagnosis."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from bot.coach.model import LoadLevel
from bot.coach.trend import theil_sen

BASELINE_WEEKS = 6


class Dimension(StrEnum):
    EXHAUSTION = "exhaustion"
    DISTANCE = "distance"
    EFFICACY = "efficacy"
    OVER_COMMITMENT = "over_commitment"


class Signal(StrEnum):
    LOW_ENERGY = "low_energy"
    ENERGY_FALLING = "energy_falling"
    NO_REST = "no_rest"
    LATE_NIGHTS = "late_nights"
    COMPLETION_DOWN = "completion_down"
    UNANSWERED = "unanswered"
    WENT_BADLY = "went_badly"
    TOO_MUCH_PLANNED = "too_much_planned"


DIMENSION_OF = {
    Signal.LOW_ENERGY: Dimension.EXHAUSTION,
    Signal.ENERGY_FALLING: Dimension.EXHAUSTION,
    Signal.NO_REST: Dimension.EXHAUSTION,
    Signal.LATE_NIGHTS: Dimension.EXHAUSTION,
    Signal.COMPLETION_DOWN: Dimension.DISTANCE,
    Signal.UNANSWERED: Dimension.DISTANCE,
    Signal.WENT_BADLY: Dimension.EFFICACY,
    Signal.TOO_MUCH_PLANNED: Dimension.OVER_COMMITMENT,
}


@dataclass(frozen=True, slots=True)
class LoadInputs:
    """Everything oldest first. Completion 0..1 and effort points a week; the last entry is the latest."""

    energies: Sequence[int] = ()
    """Energy answers 1..5, one a check-in."""
    weekly_energy: Sequence[float] = ()
    completions: Sequence[float] = ()
    efforts_done: Sequence[int] = ()
    effort_planned: int = 0
    how_it_went: Sequence[int] = ()
    rest_in_six_weeks: bool = True
    quiet_hours_uses: Sequence[int] = ()
    unanswered_in_a_row: int = 0
    answered_before: int = 0
    says_so: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """The result shown once; not kept."""

    level: LoadLevel
    signals: tuple[Signal, ...]


def check_load(inputs: LoadInputs) -> Load:
    """Read the signals and say green, amber (two dimensions) or red (exhaustion and two others, or said so)."""
    signals = tuple(_signals(inputs))
    touched = {DIMENSION_OF[signal] for signal in signals}
    if inputs.says_so or (Dimension.EXHAUSTION in touched and len(touched) >= 3):
        return Load(LoadLevel.RED, signals)
    return Load(LoadLevel.AMBER if len(touched) >= 2 else LoadLevel.GREEN, signals)


def _signals(inputs: LoadInputs) -> list[Signal]:
    found: list[Signal] = []
    if sum(energy <= 2 for energy in inputs.energies[-3:]) >= 2:
        found.append(Signal.LOW_ENERGY)
    if len(inputs.weekly_energy) >= 4 and theil_sen(inputs.weekly_energy[-8:]) <= -0.5:
        found.append(Signal.ENERGY_FALLING)
    if not inputs.rest_in_six_weeks:
        found.append(Signal.NO_REST)
    if _nights_up(inputs.quiet_hours_uses):
        found.append(Signal.LATE_NIGHTS)
    if _completion_down(inputs.completions):
        found.append(Signal.COMPLETION_DOWN)
    if inputs.unanswered_in_a_row >= 2 and inputs.answered_before >= 3:
        found.append(Signal.UNANSWERED)
    if len(inputs.how_it_went) >= 2 and all(value <= 2 for value in inputs.how_it_went[-2:]):
        found.append(Signal.WENT_BADLY)
    usual = inputs.efforts_done[-BASELINE_WEEKS:]
    if len(usual) >= 3 and median(usual) > 0 and inputs.effort_planned > 1.3 * median(usual):
        found.append(Signal.TOO_MUCH_PLANNED)
    return found


def _completion_down(completions: Sequence[float]) -> bool:
    before, latest = completions[:-2][-BASELINE_WEEKS:], completions[-2:]
    return len(before) >= 3 and all(median(before) - value >= 0.30 - 1e-9 for value in latest)


def _nights_up(uses: Sequence[int]) -> bool:
    before = uses[:-1][-BASELINE_WEEKS:]
    return len(before) >= 3 and median(before) > 0 and uses[-1] >= 2 * median(before)
