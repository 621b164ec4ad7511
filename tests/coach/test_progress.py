"""Trend, forecast, growth areas, load and habits."""

from datetime import UTC, date, datetime, timedelta
from math import ceil

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.coach import false_labels
from bot.coach.forecast import Standing, forecast
from bot.coach.habits import counts, habit_state, is_due
from bot.coach.load import DIMENSION_OF, Dimension, LoadInputs, Signal, check_load
from bot.coach.model import Aggregate, Better, Frequency, GoalId, LoadLevel, MetricKind, Progress
from bot.coach.rules import coach_rules
from bot.coach.trend import Confidence, Direction, growth_areas, trend, weekly_values

RULES = coach_rules().trend
FORECAST = coach_rules().forecast
TODAY = date(2026, 3, 4)
rates = st.lists(st.integers(0, 9).map(lambda done: done / 9), min_size=4, max_size=8)


@pytest.mark.parametrize(
    ("values", "direction"),
    [
        ([0.3, 0.4, 0.5, 0.6], Direction.IMPROVING),
        ([0.5, 0.5, 0.6, 0.7], Direction.STABLE),
        ([0.50, 0.51, 0.52, 0.53], Direction.STABLE),
        ([0.6, 0.4, 0.7, 0.5, 0.6, 0.6, 0.5, 0.7], Direction.STABLE),
        ([0.9, 0.85, 0.8, 0.6, 0.55, 0.4, 0.35, 0.3], Direction.DECLINING),
    ],
)
def test_the_trend_of_the_worked_examples(values: list[float], direction: Direction) -> None:
    assert trend(values, RULES, scale=1.0).direction is direction


@given(rates)
def test_turning_time_or_sign_round_swaps_the_label(values: list[float]) -> None:
    label = trend(values, RULES, scale=1.0).direction
    swapped = {
        Direction.IMPROVING: Direction.DECLINING,
        Direction.DECLINING: Direction.IMPROVING,
        Direction.STABLE: Direction.STABLE,
    }[label]
    assert trend(values[::-1], RULES, scale=1.0).direction is swapped
    assert trend([-value for value in values], RULES, scale=1.0).direction is swapped
    assert trend(values, RULES, scale=1.0, better=Better.NO).direction is swapped


@given(st.floats(-1e6, 1e6), st.integers(1, 12))
def test_a_constant_is_stable(value: float, n: int) -> None:
    for scale in (None, 1.0, 5.0):
        assert not trend([value] * n, RULES, scale=scale).has_direction


@given(st.lists(st.floats(-100, 100), max_size=3))
def test_fewer_than_four_points_are_early_days(values: list[float]) -> None:
    found = trend(values, RULES)
    assert (found.direction, found.confident) == (Direction.STABLE, False)
    assert (found.slope, found.change, found.z, found.n) == (0.0, 0.0, 0.0, len(values))


@given(st.lists(st.sampled_from([0.0, 0.0, 3.0, 7.0]), min_size=4, max_size=8))
def test_zeros_anywhere_are_read_like_any_other_value(values: list[float]) -> None:
    """Moving the whole series off zero changes the size it is measured by, never the order or the slope."""
    found = trend(values, RULES, scale=7.0)
    lifted = trend([value + 8 for value in values], RULES, scale=7.0)
    assert (found.direction, found.z, found.slope) == (lifted.direction, lifted.z, pytest.approx(lifted.slope))
    areas = growth_areas({"tasks": (values, Better.NONE, 7.0)}, RULES)
    assert [area.metric for area in areas] == (["tasks"] if found.has_direction else [])


def test_a_measure_that_is_zero_most_weeks_has_a_change_and_no_share() -> None:
    """The median is zero: there is nothing that a percentage could be taken of."""
    falling = [3.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    (area,) = growth_areas({"tasks": (falling, Better.NONE, None)}, RULES)
    assert area.trend.direction is Direction.FALLING
    assert area.share is None
    rising = [1.0, 2.0, 3.0, 4.0]
    (area,) = growth_areas({"tasks": (rising, Better.NONE, None)}, RULES)
    assert (area.change, area.share) == (3.0, pytest.approx(3 / 2.5))


def test_what_was_before_the_last_eight_weeks_is_no_trend_any_more() -> None:
    rose_long_ago = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, *[9.0] * 8]
    assert not trend(rose_long_ago, RULES).has_direction
    rises_now = [*[9.0] * 8, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    found = trend(rises_now, RULES)
    assert (found.direction, found.change, found.n) == (Direction.IMPROVING, 7.0, 8)
    (area,) = growth_areas({"tasks": (rises_now, Better.YES, None)}, RULES)
    assert area.share == pytest.approx(7 / 4.5), "a share of what is usual now"


@pytest.mark.parametrize(
    ("points", "confidence"),
    [(4, Confidence.LOW), (5, Confidence.MEDIUM), (9, Confidence.MEDIUM), (10, Confidence.HIGH), (30, Confidence.HIGH)],
)
def test_the_more_weeks_there_are_the_surer_is_a_growth_area(points: int, confidence: Confidence) -> None:
    (area,) = growth_areas({"tasks": ([float(n) for n in range(1, points + 1)], Better.YES, None)}, RULES)
    assert area.confidence is confidence


def test_of_two_that_moved_as_much_the_order_is_that_of_their_names() -> None:
    rising = ([1.0, 2.0, 3.0, 4.0], Better.YES, None)
    areas = growth_areas({"walks": rising, "bounces": rising, "mixes": rising}, RULES)
    assert [area.metric for area in areas] == ["bounces", "mixes", "walks"]


def test_growth_areas_come_by_the_change_for_their_scale() -> None:
    areas = growth_areas(
        {
            "listeners": ([100.0, 110.0, 120.0, 130.0], Better.YES, None),
            "rate": ([0.2, 0.4, 0.6, 0.8], Better.YES, 1.0),
            "still": ([4.0, 4.0, 4.0, 4.0], Better.YES, None),
            "energy": ([5.0, 4.0, 2.0, 1.0], Better.YES, 5.0),
        },
        RULES,
    )
    assert [area.metric for area in areas] == ["energy", "rate", "listeners"]
    assert [area.trend.direction for area in areas] == [
        Direction.DECLINING,
        Direction.IMPROVING,
        Direction.IMPROVING,
    ]


def test_a_metric_without_a_better_side_rises_or_falls() -> None:
    assert trend([1, 2, 3, 4], RULES, better=Better.NONE).direction is Direction.RISING
    assert trend([4, 3, 2, 1], RULES, better=Better.NONE).direction is Direction.FALLING


@pytest.mark.parametrize("weeks", [4, 8])
def test_chance_is_seldom_called_a_trend(weeks: int) -> None:
    found = false_labels(1_000, weeks)
    assert found.improving <= 0.05
    assert found.declining <= 0.05
    assert found.halves_improving + found.halves_declining > 0.5


@pytest.mark.soak
@pytest.mark.parametrize("weeks", [4, 6, 8])
def test_chance_is_seldom_called_a_trend_over_ten_thousand_users(weeks: int) -> None:
    found = false_labels(10_000, weeks)
    assert found.improving <= 0.05
    assert found.declining <= 0.05


def record(day: date, value: float, aggregate: Aggregate = Aggregate.SUM) -> Progress:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return Progress(f"{day}", "tasks", MetricKind.BEHAVIOUR, value, at, aggregate)


def test_paused_weeks_do_not_matter() -> None:
    mondays = [date(2026, 1, 5) + timedelta(weeks=place) for place in range(5)]
    records = [record(monday, value) for monday, value in zip(mondays, [3, 4, 0, 5, 6], strict=True)]
    assert [value for _, value in weekly_values(records, "UTC", frozenset({mondays[2]}))] == [3, 4, 5, 6]


@pytest.mark.parametrize(("how", "value"), [(Aggregate.SUM, 9.0), (Aggregate.MEAN, 3.0), (Aggregate.LAST, 2.0)])
def test_the_records_of_a_week_are_put_together_as_the_measure_says(how: Aggregate, value: float) -> None:
    monday = date(2026, 1, 5)
    records = [record(monday + timedelta(days=day), n, how) for day, n in ((6, 2), (0, 3), (2, 4))]
    assert weekly_values(records, "UTC") == [(monday, value)]
    later = record(monday + timedelta(days=7), 50, how)
    assert weekly_values([later, *records], "UTC", until=records[0].recorded_at) == [(monday, value)]


def test_a_week_ends_on_the_persons_own_sunday() -> None:
    late = Progress("x", "m", MetricKind.OUTCOME, 1, datetime(2026, 3, 9, 2, tzinfo=UTC), Aggregate.LAST)
    assert weekly_values([late], "America/New_York")[0][0] == date(2026, 3, 2)
    assert weekly_values([late], "Europe/Berlin")[0][0] == date(2026, 3, 9)


@given(st.floats(0.5, 30), st.floats(1, 100))
def test_equal_steps_arrive_when_division_says(step: float, remaining: float) -> None:
    weeks = ceil(remaining / step - 1e-9)
    assume(weeks <= FORECAST.weeks_max)
    found = forecast(GoalId("g"), [step] * 4, remaining, TODAY, None, FORECAST)
    assert found is not None
    assert (found.p50_weeks, found.p85_weeks) == (weeks, weeks)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=4, max_size=12), st.floats(1, 99), st.floats(0.5, 60))
def test_a_forecast_is_ordered_and_keeps_still_all_week(steps: list[int], remaining: float, more: float) -> None:
    first = forecast(GoalId("g"), steps, remaining, TODAY, None, FORECAST)
    if not sum(steps):
        assert first is None
        return
    assert first is not None
    assert first == forecast(GoalId("g"), steps, remaining, TODAY, None, FORECAST)
    far = FORECAST.weeks_max + 1
    assert (first.p85_weeks or far) >= (first.p50_weeks or far)
    later = forecast(GoalId("g"), steps, remaining + more, TODAY, None, FORECAST)
    assert later is not None
    assert (later.p50_weeks or far) >= (first.p50_weeks or far)
    assert (later.p85_weeks or far) >= (first.p85_weeks or far)


def test_the_two_dates_of_a_forecast_are_those_of_half_and_of_85_in_100_futures() -> None:
    """One week in four does it all: by 3 weeks in 58% of futures, by 6 in 82%, by 7 in 87%, by 8 in 90%."""
    for goal in ("g", "h", "i"):
        found = forecast(GoalId(goal), [0, 0, 0, 10], 10, TODAY, None, FORECAST)
        assert found is not None
        assert (found.p50_weeks, found.p85_weeks) == (3, 7)
        assert (found.p50_on, found.p85_on) == (TODAY + timedelta(weeks=3), TODAY + timedelta(weeks=7))


@pytest.mark.parametrize(
    ("days", "standing"),
    [
        (49, Standing.COMFORTABLE),
        (48, Standing.TIGHT),
        (21, Standing.TIGHT),
        (20, Standing.LIKELY_LATER),
    ],
)
def test_a_forecast_stands_by_the_day_on_which_each_share_is_there(days: int, standing: Standing) -> None:
    found = forecast(GoalId("g"), [0, 0, 0, 10], 10, TODAY, TODAY + timedelta(days=days), FORECAST)
    assert found is not None
    assert found.standing is standing


def test_a_goal_that_is_likely_never_there_is_likely_later_than_any_date() -> None:
    far = TODAY + timedelta(weeks=FORECAST.weeks_max * 2)
    never = forecast(GoalId("g"), [0.1] * 4, 100, TODAY, far, FORECAST)
    assert never is not None
    assert (never.p50_on, never.p85_on, never.standing) == (None, None, Standing.LIKELY_LATER)


def test_a_goal_that_half_of_the_futures_reach_and_not_85_of_100_is_tight() -> None:
    """One week in as many as are looked at does it all: 63 in 100 futures hold it."""
    steps = [*[0.0] * (FORECAST.weeks_max - 1), 1.0]
    far = TODAY + timedelta(weeks=FORECAST.weeks_max)
    found = forecast(GoalId("g"), steps, 1, TODAY, far, FORECAST)
    assert found is not None
    assert found.p50_on is not None
    assert (found.p85_on, found.standing) == (None, Standing.TIGHT)


def test_a_goal_that_is_reached_is_there_today() -> None:
    found = forecast(GoalId("g"), [5, 5, 5, 5], 0, TODAY, TODAY, FORECAST)
    assert found is not None
    assert (found.p50_on, found.p85_on, found.standing) == (TODAY, TODAY, Standing.COMFORTABLE)


def test_a_forecast_needs_four_weeks_and_knows_the_target() -> None:
    assert forecast(GoalId("g"), [5, 5, 5], 10, TODAY, None, FORECAST) is None
    for days, standing in ((15, Standing.COMFORTABLE), (13, Standing.LIKELY_LATER)):
        found = forecast(GoalId("g"), [5] * 4, 10, TODAY, TODAY + timedelta(days=days), FORECAST)
        assert found is not None
        assert found.standing is standing
    never = forecast(GoalId("g"), [0.1] * 4, 100, TODAY, None, FORECAST)
    assert never is not None
    assert never.p50_on is None


def test_load_is_amber_on_two_dimensions_and_red_on_exhaustion_with_two_more() -> None:
    assert check_load(LoadInputs()).level is LoadLevel.GREEN
    tired = LoadInputs(energies=(2, 4, 1))
    assert check_load(tired).level is LoadLevel.GREEN
    amber = LoadInputs(energies=(2, 4, 1), how_it_went=(3, 2, 2))
    assert check_load(amber).level is LoadLevel.AMBER
    red = LoadInputs(energies=(2, 4, 1), how_it_went=(2, 2), completions=(0.8, 0.8, 0.8, 0.8, 0.4, 0.5))
    assert check_load(red).level is LoadLevel.RED
    assert check_load(LoadInputs(says_so=True)).level is LoadLevel.RED
    three_without_exhaustion = LoadInputs(
        how_it_went=(2, 2), completions=(0.8,) * 4 + (0.4, 0.5), efforts_done=(10,) * 6, effort_planned=14
    )
    found = check_load(three_without_exhaustion)
    assert found.level is LoadLevel.AMBER
    assert Dimension.OVER_COMMITMENT in {DIMENSION_OF[signal] for signal in found.signals}


@pytest.mark.parametrize(
    ("inputs", "signals"),
    [
        (LoadInputs(energies=(2, 5, 2)), [Signal.LOW_ENERGY]),
        (LoadInputs(energies=(2, 2, 5, 5, 2)), []),
        (LoadInputs(energies=(3, 3, 3)), []),
        (LoadInputs(weekly_energy=(4, 3.5, 3, 2.5)), [Signal.ENERGY_FALLING]),
        (LoadInputs(weekly_energy=(4, 3.6, 3.2, 2.8)), []),
        (LoadInputs(weekly_energy=(5, 4, 3)), []),
        (LoadInputs(rest_in_six_weeks=False), [Signal.NO_REST]),
        (LoadInputs(quiet_hours_uses=(1, 1, 1, 2)), [Signal.LATE_NIGHTS]),
        (LoadInputs(quiet_hours_uses=(2, 2, 2, 3)), []),
        (LoadInputs(quiet_hours_uses=(0, 0, 0, 5)), []),
        (LoadInputs(quiet_hours_uses=(1, 1, 5)), []),
        (LoadInputs(completions=(0.8, 0.8, 0.8, 0.5, 0.5)), [Signal.COMPLETION_DOWN]),
        (LoadInputs(completions=(0.8, 0.8, 0.8, 0.5, 0.51)), []),
        (LoadInputs(completions=(0.8, 0.8, 0.1, 0.1)), []),
        (LoadInputs(unanswered_in_a_row=2, answered_before=3), [Signal.UNANSWERED]),
        (LoadInputs(unanswered_in_a_row=2, answered_before=2), []),
        (LoadInputs(unanswered_in_a_row=1, answered_before=9), []),
        (LoadInputs(how_it_went=(5, 2, 2)), [Signal.WENT_BADLY]),
        (LoadInputs(how_it_went=(2, 2, 3)), []),
        (LoadInputs(how_it_went=(1,)), []),
        (LoadInputs(efforts_done=(10, 10, 10), effort_planned=14), [Signal.TOO_MUCH_PLANNED]),
        (LoadInputs(efforts_done=(10, 10, 10), effort_planned=13), []),
        (LoadInputs(efforts_done=(10, 10), effort_planned=40), []),
        (LoadInputs(efforts_done=(0, 0, 0), effort_planned=9), []),
        (LoadInputs(completions=(0.8, 0.8, 0.8, 0.5, 0.8)), []),
        (LoadInputs(completions=(0.8, 0.8, 0.8, 0.8, 0.5)), []),
        # What lies longer back than the window is no measure any more.
        (LoadInputs(weekly_energy=(1.0,) * 12 + (5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5)), [Signal.ENERGY_FALLING]),
        (LoadInputs(completions=(0.2,) * 6 + (0.8,) * 6 + (0.5, 0.5)), [Signal.COMPLETION_DOWN]),
        (LoadInputs(efforts_done=(20,) * 6 + (10,) * 6, effort_planned=14), [Signal.TOO_MUCH_PLANNED]),
        (LoadInputs(quiet_hours_uses=(9,) * 7 + (1,) * 6 + (2,)), [Signal.LATE_NIGHTS]),
    ],
)
def test_a_signal_of_load_speaks_from_its_edge_on(inputs: LoadInputs, signals: list[Signal]) -> None:
    """Each one is held against the person's own past, and needs enough of it."""
    assert list(check_load(inputs).signals) == signals


NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("frequency", "days", "due"),
    [
        (Frequency.DAILY, 0, False),
        (Frequency.DAILY, 1, True),
        (Frequency.THREE_A_WEEK, 1, False),
        (Frequency.THREE_A_WEEK, 2, True),
        (Frequency.WEEKLY, 6, False),
        (Frequency.WEEKLY, 7, True),
        (Frequency.MONTHLY, 29, False),
        (Frequency.MONTHLY, 30, True),
    ],
)
def test_a_habit_is_due_by_its_table(frequency: Frequency, days: int, due: bool) -> None:
    assert is_due(frequency, NOON - timedelta(days=days), NOON, "Europe/London") is due


def test_a_second_completion_within_four_hours_does_not_count() -> None:
    assert not counts(NOON, NOON + timedelta(hours=3, minutes=59))
    assert counts(NOON, NOON + timedelta(hours=4))


def test_days_away_leave_strength_and_run_untouched() -> None:
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    done = [start + timedelta(days=day) for day in (*range(14), *range(21, 35))]
    away = frozenset((start + timedelta(days=day)).date() for day in range(14, 21))
    now = start + timedelta(days=34, hours=2)
    with_pause = habit_state(Frequency.DAILY, done, start, now, "UTC", away)
    assert (with_pause.run, with_pause.strength, with_pause.kept) == (28, 1.0, 3)
    without = habit_state(Frequency.DAILY, done, start, now, "UTC")
    assert without.run == 14
    assert (without.strength or 0) < 1


@pytest.mark.parametrize(
    ("frequency", "days_away", "counted"),
    [
        (Frequency.MONTHLY, 14, 1),
        (Frequency.MONTHLY, 15, 0),
        (Frequency.WEEKLY, 3, 1),
        (Frequency.WEEKLY, 4, 0),
        (Frequency.DAILY, 3, 1),
        (Frequency.DAILY, 4, 0),
    ],
)
def test_a_period_of_which_half_was_away_is_not_held_against_anybody(
    frequency: Frequency, days_away: int, counted: int
) -> None:
    """The period goes by without one completion; a month has thirty days, so fifteen of them are half."""
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    length = 30 if frequency is Frequency.MONTHLY else 7
    away = frozenset((start + timedelta(days=length - 1 - day)).date() for day in range(days_away))
    state = habit_state(frequency, [], start, start + timedelta(days=length), "UTC", away)
    assert (state.periods, state.strength) == (counted, 0.0 if counted else None)


def test_a_period_is_counted_once_its_last_day_is_over() -> None:
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    done = [start, start + timedelta(days=1), start + timedelta(days=6)]
    on_sunday = habit_state(Frequency.THREE_A_WEEK, done, start, start + timedelta(days=6, hours=14), "UTC")
    assert (on_sunday.periods, on_sunday.this_period) == (0, 3)
    on_monday = habit_state(Frequency.THREE_A_WEEK, done, start, start + timedelta(days=7), "UTC")
    assert (on_monday.periods, on_monday.kept, on_monday.strength, on_monday.this_period) == (1, 1, 1.0, 0)
    two_of_three = habit_state(Frequency.THREE_A_WEEK, done[:2], start, start + timedelta(days=7), "UTC")
    assert (two_of_three.kept, two_of_three.strength) == (0, pytest.approx(2 / 3))


def test_the_panel_looks_ten_periods_back_and_counts_what_was_kept_in_them() -> None:
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    kept = [start + timedelta(weeks=week) for week in (0, 1, 2, 5, 6, 7, 8, 9, 10, 11)]
    state = habit_state(Frequency.WEEKLY, kept, start, start + timedelta(weeks=12), "UTC")
    assert (state.kept, state.periods) == (8, 10), "of twelve weeks, the first two are too long ago"


def test_a_habit_left_alone_for_five_periods_reads_half() -> None:
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    kept = [start + timedelta(weeks=week) for week in range(60)]
    full = habit_state(Frequency.WEEKLY, kept, start, start + timedelta(weeks=60), "UTC")
    faded = habit_state(Frequency.WEEKLY, kept, start, start + timedelta(weeks=65), "UTC")
    assert (full.strength, faded.strength) == (pytest.approx(1.0), pytest.approx(0.5, abs=0.001))


@pytest.mark.parametrize(
    ("frequency", "gap", "run"),
    [
        (Frequency.DAILY, 1, 2),
        (Frequency.DAILY, 2, 1),
        (Frequency.THREE_A_WEEK, 3, 2),
        (Frequency.THREE_A_WEEK, 4, 1),
        (Frequency.WEEKLY, 7, 2),
        (Frequency.WEEKLY, 8, 1),
        (Frequency.MONTHLY, 31, 2),
        (Frequency.MONTHLY, 32, 1),
    ],
)
def test_a_run_survives_the_gap_of_its_table(frequency: Frequency, gap: int, run: int) -> None:
    done = [NOON - timedelta(days=gap), NOON]
    assert habit_state(frequency, done, NOON - timedelta(days=60), NOON, "UTC").run == run
    assert habit_state(frequency, done[:1], NOON - timedelta(days=60), NOON, "UTC").run == run - 1


def test_a_habit_counts_days_on_the_persons_own_calendar() -> None:
    """Half past eleven in the evening in New York is tomorrow in London; it is still that day's practice."""
    monday_evening = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)
    tuesday_morning = datetime(2026, 3, 3, 13, tzinfo=UTC)
    assert is_due(Frequency.DAILY, monday_evening, tuesday_morning, "America/New_York")
    assert not is_due(Frequency.DAILY, monday_evening, tuesday_morning, "Europe/London")


@given(st.lists(st.integers(0, 60), max_size=40), st.sampled_from(Frequency))
def test_a_habits_strength_stays_between_none_and_full(days: list[int], frequency: Frequency) -> None:
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    state = habit_state(
        frequency, [start + timedelta(days=day) for day in days], start, start + timedelta(days=60), "UTC"
    )
    assert state.strength is None or 0 <= state.strength <= 1
    assert state.kept <= state.periods <= 10
