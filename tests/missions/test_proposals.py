"""The life of a proposal as a picture: every arrow, and what an iteration is called."""

import itertools

import pytest

from bot.missions.model import STATUS_OF, IterationStatus, Policy, StepState, StepStatus
from bot.missions.pacing import Pace
from bot.missions.policy import policy_of
from bot.missions.proposals import ARROWS, NoSuchArrow, check_arrow, iteration_status
from bot.missions.rules import mission_rules

END = (StepState.REJECTED, StepState.EXPIRED, StepState.SUPERSEDED, StepState.WITHDRAWN, StepState.UNDONE)


def test_every_state_has_its_arrows_and_its_status():
    assert set(ARROWS) == set(StepState)
    assert set(STATUS_OF) == set(StepState)
    for before, after in itertools.product(StepState, StepState):
        if after in ARROWS[before]:
            check_arrow(before, after)
        else:
            with pytest.raises(NoSuchArrow):
                check_arrow(before, after)


def test_nothing_leaves_an_end_and_nothing_runs_without_a_yes():
    assert all(ARROWS[state] == frozenset() for state in END)
    into_executing = {before for before, after in ARROWS.items() if StepState.EXECUTING in after}
    assert into_executing == {StepState.APPROVED, StepState.FAILED}
    assert {before for before, after in ARROWS.items() if StepState.APPROVED in after} == {StepState.PENDING}


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        ([], IterationStatus.NOTHING),
        ([StepStatus.FAILED, StepStatus.FAILED], IterationStatus.FAILED),
        ([StepStatus.STAGED, StepStatus.EXECUTED], IterationStatus.AWAITING),
        ([StepStatus.EXECUTED, StepStatus.EXECUTED], IterationStatus.APPROVED),
        ([StepStatus.EXECUTED, StepStatus.REJECTED], IterationStatus.PARTLY),
        ([StepStatus.REJECTED, StepStatus.EXPIRED], IterationStatus.REJECTED),
        ([StepStatus.UNDONE], IterationStatus.APPROVED),
    ],
)
def test_an_iteration_is_named_after_its_steps(steps: list[StepStatus], name: IterationStatus):
    assert iteration_status(steps) is name


def test_the_nearest_policy_wins_and_no_default_makes_a_tool_run_by_itself():
    assert (
        policy_of("loop.add_clip", Policy.PROPOSE, {"loop.add_clip": Policy.AUTO, "loop": Policy.DENY}) is Policy.AUTO
    )
    assert policy_of("loop.add_clip", Policy.PROPOSE, {"": Policy.AUTO}) is Policy.PROPOSE
    assert policy_of("mission.note", Policy.AUTO, {"": Policy.DENY}) is Policy.DENY
    assert policy_of("mission.note", Policy.AUTO, {}) is Policy.AUTO


def test_five_failures_in_a_row_stop_a_mission_and_a_good_run_forgives():
    rules, pace = mission_rules(), Pace()
    for _ in range(4):
        pace = pace.after_failure()
        assert not pace.must_pause(rules)
    assert pace.after_failure().must_pause(rules)
    assert pace.after_plan().failures == 0
