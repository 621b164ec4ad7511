"""Completion, consistency, adapting, reserve weeks and carry-over."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.coach.adapt import (
    Rule,
    WeekResult,
    adapt,
    consistency,
    faded_mean,
    is_reserve,
    mean_r,
    result_of,
    weeks_in_motion,
)
from bot.coach.carryover import close_tasks
from bot.coach.model import (
    Effort,
    FocusArea,
    GoalId,
    Line,
    LoadLevel,
    Plan,
    Reflections,
    Session,
    SessionId,
    Task,
    TaskId,
    TaskSource,
    TaskStatus,
    WeekState,
)
from bot.coach.rules import coach_rules
from bot.coach.seats import WeekShape

RULES = coach_rules().adapt
MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def weeks(*rs: float | None, state: WeekState = WeekState.ACTIVE) -> list[WeekResult]:
    """Build weeks of 100 points; None is a week of rest, a negative value one without any interaction."""
    return [
        WeekResult(
            MONDAY + timedelta(weeks=place),
            WeekState.REST if r is None else state,
            0 if r is None else 100,
            round(max(r or 0, 0) * 100),
            int(max(r or 0, 0) * 10),
            touched=r is not None and r >= 0,
        )
        for place, r in enumerate(rs)
    ]


@pytest.mark.parametrize(
    ("values", "shown"),
    [([2 / 3] * 4, 0.6667), ([1, 1, 0], 0.6195), ([0, 1, 1], 0.7117), ([0.9] * 8 + [0], 0.7366)],
)
def test_consistency_is_the_worked_example(values: list[float], shown: float) -> None:
    assert round(faded_mean(values, RULES.half_life_weeks) or 0, 4) == shown


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(0, 12))
def test_rest_and_pause_change_neither_r_nor_consistency(values: list[float], place: int) -> None:
    lived = weeks(*values)
    for state in (WeekState.REST, WeekState.PAUSED, WeekState.RESERVE):
        away = WeekResult(MONDAY, state, 50, 0, 0, touched=False)
        with_rest = [*lived[:place], away, *lived[place:]]
        assert consistency(with_rest, RULES) == consistency(lived, RULES)
        assert mean_r(with_rest, 3) == mean_r(lived, 3)
        assert weeks_in_motion(with_rest) == weeks_in_motion(lived)


@pytest.mark.parametrize(
    ("history", "size", "rule", "new_size", "week_size"),
    [
        ((), 9, Rule.HOLD, 9, 9),
        ((0.7,), 9, Rule.HOLD, 9, 9),
        ((0.4,), 9, Rule.ONE_LIGHTER, 9, 9),
        ((0.4, 0.4), 9, Rule.TWO_FEWER, 7, 7),
        ((0.4, 0.4), 5, Rule.TWO_FEWER, 4, 4),
        ((0.4, 0.4), 4, Rule.TWO_FEWER, 4, 4),
        ((0.4, None, 0.4), 9, Rule.TWO_FEWER, 7, 7),
        ((0.9, 0.9), 9, Rule.OFFER_MORE, 9, 9),
        ((0.9, 0.9), 12, Rule.HOLD, 12, 12),
        ((0.9,), 9, Rule.HOLD, 9, 9),
        ((0.9, 0.9, -1), 9, Rule.SOFT_LANDING, 9, 3),
        ((0.9, -1, -1, -1), 9, Rule.SILENCE, 9, 3),
        ((0.9, 0.9, None), 9, Rule.OFFER_MORE, 9, 9),
        ((0.5, 0.5), 9, Rule.HOLD, 9, 9),
        ((0.49,), 9, Rule.ONE_LIGHTER, 9, 9),
        ((0.85, 0.85), 9, Rule.OFFER_MORE, 9, 9),
        ((0.85, 0.84), 9, Rule.HOLD, 9, 9),
        ((0.9, 0.9), 11, Rule.OFFER_MORE, 11, 11),
    ],
)
def test_the_adapting_table(
    history: tuple[float | None, ...], size: int, rule: Rule, new_size: int, week_size: int
) -> None:
    adapted = adapt(weeks(*history), size, RULES)
    assert (adapted.rule, adapted.size, adapted.week_size) == (rule, new_size, week_size)
    assert (adapted.shape is WeekShape.SOFT_LANDING) == (rule in (Rule.SOFT_LANDING, Rule.SILENCE))


@given(st.lists(st.floats(-1, 1), max_size=8), st.integers(4, 12), st.sampled_from(LoadLevel))
def test_a_plan_never_grows_by_itself_and_shrinks_by_two_at_most(
    history: list[float], size: int, load: LoadLevel
) -> None:
    adapted = adapt(weeks(*history), size, RULES, load)
    assert adapted.size in (size, max(4, size - 2))
    assert adapted.week_size in (adapted.size, 3)
    if load is not LoadLevel.GREEN:
        assert (adapted.rule, adapted.size) == (Rule.LOAD, size)


def zero_week(number: int, **more: Any) -> WeekResult:
    return replace(WeekResult(MONDAY + timedelta(weeks=number), WeekState.ACTIVE, 100, 0, 0, touched=True), **more)


@pytest.mark.parametrize(("weeks_later", "again"), [(1, False), (2, False), (3, False), (4, True), (5, True)])
def test_four_weeks_after_a_reserve_week_there_is_a_new_one(weeks_later: int, again: bool) -> None:
    earlier = [zero_week(0, state=WeekState.RESERVE)]
    assert is_reserve(zero_week(weeks_later), earlier, RULES) is again


def test_only_a_week_that_reads_zero_becomes_a_reserve_week() -> None:
    assert is_reserve(zero_week(1), [], RULES)
    assert not is_reserve(zero_week(1, done=1), [], RULES)
    assert not is_reserve(zero_week(1, planned=0), [], RULES), "nothing was planned: nothing to forgive"
    for state in (WeekState.REST, WeekState.PAUSED):
        assert not is_reserve(zero_week(1, state=state), [], RULES)
        assert is_reserve(zero_week(1), [zero_week(0, state=state)], RULES), "rest uses up no reserve"


@given(st.lists(st.sampled_from([0.0, 0.3, 1.0]), max_size=30))
def test_every_week_at_zero_is_a_reserve_week_unless_one_lies_in_the_three_before(values: list[float]) -> None:
    lived: list[WeekResult] = []
    for place, r in enumerate(values):
        week = WeekResult(
            MONDAY + timedelta(weeks=place), WeekState.ACTIVE, 100, round(r * 100), int(r * 3), touched=True
        )
        if is_reserve(week, lived, RULES):
            week = WeekResult(week.week_start, WeekState.RESERVE, 100, 0, 0, touched=True)
        lived.append(week)
    reserved: list[int] = []
    for place, r in enumerate(values):
        if not r and not any(before in reserved for before in (place - 1, place - 2, place - 3)):
            reserved.append(place)
    assert [place for place, week in enumerate(lived) if week.state is WeekState.RESERVE] == reserved


def task(number: int, area: FocusArea = FocusArea.CREATIVE, **more: object) -> Task:
    values: dict[str, object] = {
        "id": TaskId(f"t{number}"),
        "session_id": SessionId("s"),
        "bank_id": None,
        "focus_area": area,
        "title": f"Task {number}",
        "description": "",
        "effort": Effort.LOW,
        "minutes": 30,
        "status": TaskStatus.PLANNED,
        "source": TaskSource.BANK,
        "position": number,
        "created_at": NOW + timedelta(minutes=number),
    }
    return Task(**{**values, **more})  # type: ignore[arg-type]


SEATS = {FocusArea.CREATIVE: 2, FocusArea.PROMO: 2, FocusArea.RELATIONSHIPS: 1, FocusArea.WELLBEING: 1}
NEXT = MONDAY + timedelta(weeks=1)


def test_release_then_goal_then_age_decides_what_is_carried() -> None:
    tasks = [
        task(1),
        task(2, FocusArea.PROMO),
        task(3, FocusArea.PROMO, goal_id=GoalId("g")),
        task(4, FocusArea.RELATIONSHIPS, loop_clip_id="c"),
    ]
    closing = close_tasks(tasks, NEXT, SEATS, RULES)
    assert [each.id for each in closing.carried] == ["t4", "t3", "t1"]
    assert closing.statuses[TaskId("t2")] is TaskStatus.SKIPPED


def test_wellbeing_and_passed_deadlines_are_never_carried_and_a_third_time_is_a_choice() -> None:
    tasks = [
        task(1, FocusArea.WELLBEING),
        task(2, due=NEXT - timedelta(days=1), hard=True),
        task(3, carry_count=2),
        task(4, status=TaskStatus.DONE),
        task(5, due=NEXT, hard=True),
    ]
    closing = close_tasks(tasks, NEXT, SEATS, RULES)
    assert [each.id for each in closing.carried] == ["t5"]
    assert [each.id for each in closing.expired] == ["t2"]
    assert [each.id for each in closing.choices] == ["t3"]
    assert TaskId("t4") not in closing.statuses
    assert closing.statuses[TaskId("t1")] is TaskStatus.SKIPPED


def test_a_soft_landing_carries_nothing() -> None:
    assert close_tasks([task(1), task(2)], NEXT, SEATS, RULES, carry=False).carried == ()


@given(st.lists(st.tuples(st.sampled_from(sorted(SEATS)), st.integers(0, 3), st.booleans()), max_size=15))
def test_carried_tasks_stay_within_their_seats_and_three_in_all(rows: list[tuple[FocusArea, int, bool]]) -> None:
    tasks = [
        task(number, FocusArea(area), carry_count=carried, goal_id=GoalId("g") if tied else None)
        for number, (area, carried, tied) in enumerate(rows)
    ]
    closing = close_tasks(tasks, NEXT, SEATS, RULES)
    assert len(closing.carried) <= 3
    assert set(closing.statuses) == {each.id for each in tasks}
    for area in SEATS:
        assert sum(each.focus_area is area for each in closing.carried) <= SEATS[area]
    assert all(each.carry_count < 2 and each.focus_area is not FocusArea.WELLBEING for each in closing.carried)


def test_a_pause_is_no_silence() -> None:
    """Three idle weeks end in silence; where the last of them were announced, the good week before still stands."""
    away = [
        WeekResult(MONDAY + timedelta(weeks=number), WeekState.PAUSED, 0, 0, 0, touched=False) for number in (2, 3, 4)
    ]
    adapted = adapt([*weeks(0.9, 0.9), *away], 9, RULES)
    assert (adapted.rule, adapted.week_size) == (Rule.OFFER_MORE, 9)


def test_a_week_with_one_finished_task_is_not_quiet() -> None:
    """A task that finished by itself, through its clip, counts though nobody opened the coach."""
    lived = [*weeks(0.9, 0.9), zero_week(2, done=90, done_count=3, touched=False)]
    assert adapt(lived, 9, RULES).rule is Rule.OFFER_MORE


def test_a_task_that_was_let_go_is_neither_planned_nor_missed() -> None:
    session = Session(
        SessionId("s"), MONDAY, WeekState.ACTIVE, Plan(MONDAY, Line.free("")), Reflections(), False, 1, NOW
    )
    tasks = [
        task(1, status=TaskStatus.DONE, effort=Effort.HIGH),
        task(2, status=TaskStatus.SKIPPED, effort=Effort.LOW),
        task(3, status=TaskStatus.LET_GO, effort=Effort.HIGH),
    ]
    found = result_of(session, tasks, touched=True)
    assert (found.planned, found.done, found.done_count, found.r) == (4, 3, 1, 0.75)


def test_what_was_due_in_the_week_is_over_with_it_whether_hard_or_not() -> None:
    """Sunday is the last day; what is due on the Monday after it goes on."""
    sunday, monday = task(1, due=NEXT - timedelta(days=1)), task(2, due=NEXT)
    closing = close_tasks([sunday, monday], NEXT, SEATS, RULES)
    assert closing.statuses == {sunday.id: TaskStatus.EXPIRED, monday.id: TaskStatus.CARRIED}
