"""The life of a proposal: which arrows exist, and what an iteration is called after them. Pure."""

from collections.abc import Iterable, Mapping

from bot.missions.model import IterationStatus, StepState, StepStatus

ARROWS: Mapping[StepState, frozenset[StepState]] = {
    StepState.PENDING: frozenset(
        {
            StepState.APPROVED,
            StepState.REJECTED,
            StepState.EXPIRED,
            StepState.SUPERSEDED,
            StepState.WITHDRAWN,
        }
    ),
    StepState.APPROVED: frozenset({StepState.EXECUTING}),
    StepState.EXECUTING: frozenset({StepState.DONE, StepState.FAILED, StepState.UNKNOWN}),
    StepState.UNKNOWN: frozenset({StepState.DONE, StepState.FAILED}),
    # Retry runs the approved step again; it was never shown as done.
    StepState.FAILED: frozenset({StepState.EXECUTING, StepState.WITHDRAWN}),
    StepState.DONE: frozenset({StepState.UNDONE}),
    StepState.REJECTED: frozenset(),
    StepState.EXPIRED: frozenset(),
    StepState.SUPERSEDED: frozenset(),
    StepState.WITHDRAWN: frozenset(),
    StepState.UNDONE: frozenset(),
}

DECIDED = frozenset({StepState.DONE, StepState.UNDONE, StepState.REJECTED, StepState.FAILED})
"""What counts in accept rates: somebody said yes or no. Expired and withdrawn ones say nothing."""


class NoSuchArrow(Exception):
    """A change of state that the life of a proposal does not have: a mistake in our code."""


def check_arrow(before: StepState, after: StepState) -> None:
    """Raise NoSuchArrow for a step that is not in the picture."""
    if after not in ARROWS[before]:
        raise NoSuchArrow(f"{before} → {after}")


def iteration_status(steps: Iterable[StepStatus]) -> IterationStatus:
    """Return the name of an iteration from its steps; no steps is a valid plan with nothing to do.

    >>> iteration_status([StepStatus.EXECUTED, StepStatus.REJECTED])
    <IterationStatus.PARTLY: 'partly-approved'>
    """
    found = list(steps)
    if not found:
        return IterationStatus.NOTHING
    if all(status is StepStatus.FAILED for status in found):
        return IterationStatus.FAILED
    if any(status in (StepStatus.STAGED, StepStatus.APPROVED) for status in found):
        return IterationStatus.AWAITING
    # An undone step was approved once: taking it back does not rewrite what was decided.
    executed = [status in (StepStatus.EXECUTED, StepStatus.UNDONE) for status in found]
    if all(executed):
        return IterationStatus.APPROVED
    return IterationStatus.PARTLY if any(executed) else IterationStatus.REJECTED
