"""The life of a proposal as a picture: every arrow, and what an iteration is called."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from bot.missions.model import IterationStatus, Policy, StepState, StepStatus, ToolRecord
from bot.missions.pacing import Pace, back_off
from bot.missions.policy import policy_of, resting_tools
from bot.missions.proposals import NoSuchArrow, check_arrow, iteration_status
from bot.missions.rules import mission_rules

P, A, X, D, F, U = (
    StepState.PENDING,
    StepState.APPROVED,
    StepState.EXECUTING,
    StepState.DONE,
    StepState.FAILED,
    StepState.UNKNOWN,
)
LIVES = {
    "a yes that is carried out and taken back": [P, A, X, D, StepState.UNDONE],
    "a yes that fails and is tried again": [P, A, X, F, X, D],
    "a failed step that is given up": [P, A, X, F, StepState.WITHDRAWN],
    "nobody knows whether it was done, and it was": [P, A, X, U, D],
    "nobody knows whether it was done, and it was not": [P, A, X, U, F],
    "a no": [P, StepState.REJECTED],
    "too late": [P, StepState.EXPIRED],
    "asked again": [P, StepState.SUPERSEDED],
    "paused": [P, StepState.WITHDRAWN],
}
"""Every life that the specification of missions tells; there is no other arrow than in these."""


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
def test_a_proposal_can_live_each_life_that_is_told(life: list[StepState]):
    for before, after in itertools.pairwise(life):
        check_arrow(before, after)


def test_no_proposal_takes_a_way_that_is_in_no_life():
    told = {arrow for life in LIVES.values() for arrow in itertools.pairwise(life)}
    for before, after in set(itertools.product(StepState, StepState)) - told:
        with pytest.raises(NoSuchArrow):
            check_arrow(before, after)


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
        ([StepStatus.FAILED, StepStatus.EXECUTED], IterationStatus.PARTLY),
        ([StepStatus.FAILED, StepStatus.REJECTED], IterationStatus.REJECTED),
        ([StepStatus.APPROVED, StepStatus.FAILED], IterationStatus.AWAITING),
        ([StepStatus.EXECUTED, StepStatus.UNDONE], IterationStatus.APPROVED),
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
    assert policy_of("mission.note", Policy.AUTO, {"": Policy.AUTO}) is Policy.AUTO
    assert policy_of("mission.note", Policy.AUTO, {"": Policy.PROPOSE}) is Policy.PROPOSE
    assert policy_of("loop.add_clip", None, {"": Policy.AUTO}) is Policy.PROPOSE
    assert policy_of("loop.add_clip", Policy.PROPOSE, {"loop": Policy.AUTO, "": Policy.DENY}) is Policy.AUTO
    assert policy_of("loop.add_clip", Policy.PROPOSE, {"coach": Policy.DENY}) is Policy.PROPOSE


def test_five_failures_in_a_row_stop_a_mission_and_a_good_run_forgives():
    rules, pace = mission_rules(), Pace()
    for _ in range(4):
        pace = pace.after_failure()
        assert not pace.must_pause(rules)
    assert pace.after_failure().must_pause(rules)
    assert pace.after_plan().failures == 0
    assert pace.after_nothing(rules).failures == 0


def test_every_third_quiet_run_halves_the_pace_down_to_an_eighth_and_a_yes_restores_it():
    rules, pace, strides = mission_rules(), Pace(), list[int]()
    for _ in range(15):
        pace = pace.after_nothing(rules)
        strides.append(pace.stride)
    assert strides == [1, 1, 2, 2, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8, 8]
    assert pace.after_plan().stride == 8, "a plan alone does not: nobody wanted it yet"
    assert pace.after_failure().stride == 8
    assert pace.after_approval().stride == 1


@pytest.mark.parametrize(
    ("failures", "minutes"), [(-1, 0), (0, 0), (1, 15), (2, 30), (3, 60), (7, 960), (8, 1440), (25, 1440), (9999, 1440)]
)
def test_a_mission_that_fails_waits_a_quarter_of_an_hour_and_then_twice_as_long_up_to_a_day(
    failures: int, minutes: int
):
    assert back_off(failures, mission_rules()) == timedelta(minutes=minutes)


def record(state: StepState) -> ToolRecord:
    return ToolRecord("loop.rename", state, datetime(2026, 6, 1, tzinfo=UTC), None, edited=False)


@pytest.mark.parametrize(
    ("accepted", "rejected", "rests"),
    [(3, 17, True), (4, 16, False), (0, 20, True), (0, 19, False), (20, 0, False)],
)
def test_a_tool_rests_when_under_a_fifth_of_its_last_twenty_were_wanted(accepted: int, rejected: int, rests: bool):
    """What expired or was withdrawn says nothing, and what is older than the last twenty is forgotten."""
    newest = [record(StepState.EXPIRED)] * 5 + [record(StepState.REJECTED)] * rejected + [record(D)] * accepted
    found = resting_tools({"loop.rename": newest}, mission_rules())
    assert ("loop.rename" in found) is rests
    full = accepted + rejected >= 20
    older = [record(D)] * 30 if full else []
    assert ("loop.rename" in resting_tools({"loop.rename": [*newest, *older]}, mission_rules())) is rests
