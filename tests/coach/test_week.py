"""Seats, effort and choice of a week: the properties of the plan."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.coach.content import BankTask, bank_path, load_bank
from bot.coach.model import (
    CATEGORY_OF,
    Category,
    Effort,
    Experience,
    FocusArea,
    Goal,
    GoalCategory,
    GoalId,
    GoalStatus,
    Pacing,
    Phase,
    Release,
    Role,
    Season,
)
from bot.coach.rules import coach_rules
from bot.coach.seats import WeekShape, areas_of, estimated_minutes, frame, hours_of, seats
from bot.coach.times import suggest_times
from bot.coach.week import Kept, WeekDraft, WeekInputs, build_week, score, seasons, top_goals, window_match
from tests.coach.banks import EVERYBODY, synthetic_bank

RULES = coach_rules()
MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
roles, paces, levels = st.sampled_from(Role), st.sampled_from(Pacing), st.sampled_from(Experience)


def points(draft: WeekDraft) -> int:
    return sum(planned.task.effort for planned in draft.tasks)


def goal(number: int, category: GoalCategory, priority: int = 0) -> Goal:
    return Goal(GoalId(f"g{number}"), f"Goal {number}", "", category, GoalStatus.ACTIVE, priority, 0.0, NOW)


def inputs(
    role: Role = Role.ARTIST, pacing: Pacing = Pacing.MODERATE, size: int | None = None, **more: object
) -> WeekInputs:
    given_frame = frame(role, pacing, size or RULES.paces[pacing].total, WeekShape.USUAL, RULES)
    values: dict[str, object] = {
        "user_id": 1,
        "week_start": MONDAY,
        "experience": Experience.BEGINNER,
        "frame": given_frame,
        "bank": synthetic_bank(role),
    }
    return WeekInputs(**{**values, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("pacing", "total", "areas", "budget", "high_max"),
    [
        (Pacing.RELAXED, 6, [2, 1, 1, 1], 9, 0),
        (Pacing.MODERATE, 9, [3, 2, 2, 1], 15, 2),
        (Pacing.INTENSIVE, 12, [4, 3, 3, 1], 21, 4),
    ],
)
def test_seats_are_the_same_for_every_role(
    role: Role, pacing: Pacing, total: int, areas: list[int], budget: int, high_max: int
) -> None:
    given_frame = frame(role, pacing, total, WeekShape.USUAL, RULES)
    assert [given_frame.seats[area] for area in areas_of(role)] == areas
    assert (given_frame.seats[FocusArea.WELLBEING], given_frame.total) == (1, total)
    assert (given_frame.budget, given_frame.high_max) == (budget, high_max)


def test_nine_seats_without_wellbeing_are_shared_as_worked_out_by_hand() -> None:
    assert list(seats(RULES.areas[Role.ARTIST], 9).values()) == [4, 2, 2, 1]
    assert list(seats(RULES.areas[Role.PR_AGENCY], 9).values()) == [3, 3, 2, 1]
    assert list(seats(RULES.areas[Role.MANAGER], 9).values()) == [3, 3, 2, 1]


@given(roles, st.integers(4, 20))
def test_more_tasks_never_take_a_seat_away(role: Role, n: int) -> None:
    fewer, more = seats(RULES.areas[role], n), seats(RULES.areas[role], n + 1)
    assert sum(fewer.values()) == n
    assert min(fewer.values()) >= 1
    assert all(more[area] >= fewer[area] for area in fewer)


@pytest.mark.parametrize(("pacing", "hours"), [(Pacing.RELAXED, 6.3), (Pacing.MODERATE, 9.5), (Pacing.INTENSIVE, 12.8)])
def test_an_artists_hours_are_those_of_the_table(pacing: Pacing, hours: float) -> None:
    given_seats = seats(RULES.areas[Role.ARTIST], RULES.paces[pacing].total - 1)
    assert hours_of(estimated_minutes(given_seats, RULES)) == hours


@pytest.mark.parametrize("role", Role)
def test_small_weeks_keep_their_shape(role: Role) -> None:
    areas = areas_of(role)
    four = frame(role, Pacing.MODERATE, 4, WeekShape.LIGHTER, RULES)
    five = frame(role, Pacing.MODERATE, 5, WeekShape.USUAL, RULES)
    soft = frame(role, Pacing.MODERATE, 3, WeekShape.SOFT_LANDING, RULES)
    rest = frame(role, Pacing.INTENSIVE, 12, WeekShape.RECOVERY, RULES)
    assert list(four.seats) == [*areas[:3], FocusArea.WELLBEING]
    assert list(five.seats) == [*areas, FocusArea.WELLBEING]
    assert (four.budget, five.budget, four.high_max, five.high_max) == (6, 6, 0, 0)
    assert (soft.total, soft.budget) == (3, 4)
    assert areas[0] in soft.seats
    assert Category.RELATIONSHIP_BUILDING in {CATEGORY_OF[area] for area in soft.seats}
    assert Category.PROMOTIONAL_UNDERSTANDING not in {CATEGORY_OF[area] for area in rest.seats}
    assert rest.total == 4


@settings(max_examples=60, deadline=None)
@given(roles, paces, levels, st.integers(4, 12), st.integers(1, 10**18), st.sampled_from(Phase), st.data())
def test_a_week_keeps_every_promise(
    role: Role, pacing: Pacing, level: Experience, size: int, user: int, phase: Phase, data: st.DataObject
) -> None:
    goals = [
        goal(number, category, data.draw(st.integers(0, 5)))
        for number, category in enumerate(data.draw(st.lists(st.sampled_from(GoalCategory), max_size=5)))
    ]
    request = inputs(role, pacing, size, user_id=user, experience=level, phase=phase, goals=goals)
    draft = build_week(request, RULES)
    assert draft == build_week(request, RULES)
    assert Counter(planned.task.area for planned in draft.tasks) == Counter(request.frame.seats)
    assert sum(planned.task.area is FocusArea.WELLBEING for planned in draft.tasks) == 1
    assert points(draft) <= request.frame.budget
    assert sum(planned.task.effort is Effort.HIGH for planned in draft.tasks) <= request.frame.high_max
    ties = Counter(planned.goal_id for planned in draft.tasks if planned.goal_id)
    assert max(ties.values(), default=0) <= RULES.adapt.tasks_per_goal
    assert len({planned.task.id for planned in draft.tasks}) == len(draft.tasks)


def weeks_in_a_row(
    bank: tuple[BankTask, ...], role: Role, pacing: Pacing, level: Experience, weeks: int
) -> list[WeekDraft]:
    offered: dict[str, date] = {}
    drafts: list[WeekDraft] = []
    for number in range(weeks):
        monday = MONDAY + timedelta(weeks=number)
        draft = build_week(
            inputs(role, pacing, bank=bank, experience=level, week_start=monday, offered=dict(offered)), RULES
        )
        offered |= {planned.task.id: monday for planned in draft.tasks}
        drafts.append(draft)
    return drafts


def assert_no_repeat_in_four(drafts: list[WeekDraft]) -> None:
    for first in range(len(drafts) - 3):
        ids = [planned.task.id for draft in drafts[first : first + 4] for planned in draft.tasks]
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("pacing", Pacing)
def test_eight_weeks_repeat_nothing_within_four_with_a_bank_of_least_size(role: Role, pacing: Pacing) -> None:
    drafts = weeks_in_a_row(synthetic_bank(role), role, pacing, Experience.BEGINNER, 8)
    assert not any(draft.has_repeat for draft in drafts)
    assert_no_repeat_in_four(drafts)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("pacing", Pacing)
@pytest.mark.parametrize("level", Experience)
def test_eight_weeks_can_be_built_from_the_shipped_bank(role: Role, pacing: Pacing, level: Experience) -> None:
    if not bank_path(role).exists():
        pytest.skip("the task bank of this role has not been written yet")
    drafts = weeks_in_a_row(load_bank(role), role, pacing, level, 8)
    assert not any(draft.has_repeat for draft in drafts)
    assert_no_repeat_in_four(drafts)
    limits = frame(role, pacing, RULES.paces[pacing].total, WeekShape.USUAL, RULES)
    for draft in drafts:
        assert len(draft.tasks) == limits.total
        assert points(draft) <= limits.budget
        assert sum(planned.task.effort is Effort.HIGH for planned in draft.tasks) <= limits.high_max


def test_a_bank_that_runs_dry_repeats_and_says_so() -> None:
    drafts = weeks_in_a_row(synthetic_bank(per_area=6), Role.ARTIST, Pacing.INTENSIVE, Experience.BEGINNER, 3)
    assert not drafts[0].has_repeat
    assert drafts[2].has_repeat
    assert all(len(draft.tasks) == 12 for draft in drafts)


def test_kept_tasks_take_the_seats_of_their_own_area() -> None:
    kept = [Kept(FocusArea.PROMO, Effort.HIGH), Kept(FocusArea.CREATIVE, Effort.LOW)]
    draft = build_week(inputs(kept=kept), RULES)
    counts = Counter(planned.task.area for planned in draft.tasks)
    assert (counts[FocusArea.PROMO], counts[FocusArea.CREATIVE], len(draft.tasks)) == (1, 2, 7)
    assert points(draft) <= 15 - 4


def test_goals_releases_experience_and_phase_move_the_choice_and_never_the_counts() -> None:
    plain, fitting = "art.cre.101", "art.cre.102"
    base = BankTask(plain, FocusArea.CREATIVE, "Plain", "x", Effort.LOW, EVERYBODY)
    special = BankTask(
        fitting,
        FocusArea.CREATIVE,
        "Fitting",
        "x",
        Effort.LOW,
        frozenset({Experience.ADVANCED}),
        phase=Phase.EXECUTOR,
        window=(-21, -7),
        goal_categories=(GoalCategory.RELEASE,),
    )
    coming = release(18)
    without = build_week(inputs(bank=(base, special)), RULES)
    assert [planned.task.id for planned in without.tasks] == [plain]
    with_release = build_week(inputs(bank=(base, special), releases=[coming]), RULES)
    first = with_release.tasks[0]
    assert first.task.id == fitting
    assert first.due == coming.on - timedelta(days=7)
    over = build_week(inputs(bank=(base, special), releases=[Release("r", "x", MONDAY)]), RULES)
    assert [planned.task.id for planned in over.tasks] == [plain]


def test_one_heavy_task_is_swapped_for_a_low_one_and_the_count_stays() -> None:
    """The heavy ones fit the person best, so that there are as many as may be; one of them gives way."""
    heavy = [
        BankTask(f"art.cre.8{number}", FocusArea.CREATIVE, f"Heavy {number}", "x", Effort.HIGH, EVERYBODY)
        for number in range(3)
    ]
    light = [
        replace(task, id=f"art.cre.9{number}", effort=Effort.LOW, experience=frozenset({Experience.ADVANCED}))
        for number, task in enumerate(heavy)
    ]
    between = replace(heavy[0], id="art.cre.700", effort=Effort.MEDIUM)
    bank = (*heavy, between, *light)
    usual, lighter = (build_week(inputs(bank=bank, swap_one_high=swapped), RULES) for swapped in (False, True))
    assert sorted(planned.task.effort for planned in usual.tasks) == [Effort.MEDIUM, Effort.HIGH, Effort.HIGH]
    assert sorted(planned.task.effort for planned in lighter.tasks) == [Effort.LOW, Effort.MEDIUM, Effort.HIGH]
    only_light = build_week(inputs(bank=light, swap_one_high=True), RULES)
    assert [planned.task.effort for planned in only_light.tasks] == [Effort.LOW] * 3


def test_a_task_offered_once_and_finished_is_never_offered_again() -> None:
    """Not even where the bank has nothing else for the seat; any other finished task may come again."""
    once = BankTask("art.cre.900", FocusArea.CREATIVE, "Once", "x", Effort.LOW, EVERYBODY, once=True)
    again = BankTask("art.cre.901", FocusArea.CREATIVE, "Again", "x", Effort.LOW, EVERYBODY)
    before = build_week(inputs(bank=(once, again)), RULES)
    assert {planned.task.id for planned in before.tasks} == {once.id, again.id}
    finished = frozenset({once.id, again.id})
    after = build_week(inputs(bank=(once, again), finished_once=finished), RULES)
    assert [planned.task.id for planned in after.tasks] == [again.id]
    assert build_week(inputs(bank=(once,), finished_once=finished), RULES).tasks == ()


def release(days: int) -> Release:
    """Return a release so many days before (negative) or after the Monday of the week."""
    return Release("r", "Night Drive", MONDAY + timedelta(days=days))


@pytest.mark.parametrize(
    ("days", "season"),
    [
        (57, Season.QUIET),
        (56, Season.PRE_RELEASE),
        (7, Season.PRE_RELEASE),
        (6, Season.RELEASE),
        (0, Season.RELEASE),
        (-6, Season.RELEASE),
        (-7, Season.POST_RELEASE),
        (-42, Season.POST_RELEASE),
        (-43, Season.QUIET),
    ],
)
def test_a_week_lies_in_the_season_of_its_release(days: int, season: Season) -> None:
    """Eight weeks before, the week itself with the six days round it, and six weeks after."""
    assert seasons(MONDAY, [release(days)], RULES) == {season}


def test_two_releases_have_both_their_seasons() -> None:
    assert seasons(MONDAY, [release(30), release(-10)], RULES) == {Season.PRE_RELEASE, Season.POST_RELEASE}


@pytest.mark.parametrize(
    ("days", "points"),
    # The window is from 21 to 7 days before the release; the week has seven days.
    [(42, None), (41, 1), (28, 1), (27, 3), (21, 3), (7, 3), (6, None)],
)
def test_a_window_counts_while_a_day_of_the_week_lies_in_it_and_a_little_in_the_two_weeks_before(
    days: int, points: int | None
) -> None:
    assert window_match((-21, -7), MONDAY, release(days), RULES.season.soon_days) == points


@pytest.mark.parametrize(("ends", "due"), [(0, MONDAY), (1, MONDAY + timedelta(days=1))])
def test_a_task_is_due_on_the_last_day_of_its_window_the_monday_included(ends: int, due: date) -> None:
    task = BankTask("art.cre.1", FocusArea.CREATIVE, "Pitch", "x", Effort.LOW, EVERYBODY, window=(-21, -7))
    coming = [release(7 + ends), release(60)]
    assert [planned.due for planned in build_week(inputs(bank=(task,), releases=coming), RULES).tasks] == [due]


PLAIN = BankTask("art.cre.1", FocusArea.CREATIVE, "Plain", "x", Effort.LOW, EVERYBODY)


@pytest.mark.parametrize(("place", "points"), [(0, 3), (1, 2), (2, 1), (3, 1), (4, 1)])
def test_a_task_counts_by_the_rank_of_the_goal_it_serves(place: int, points: int) -> None:
    categories = list(GoalCategory)[:5]
    goals = [goal(number, category, 9 - number) for number, category in enumerate(categories)]
    serving = replace(PLAIN, goal_categories=(categories[place],))
    base = score(PLAIN, inputs(goals=goals), RULES)
    assert base is not None
    assert score(serving, inputs(goals=goals), RULES) == base + points


def test_of_two_goals_of_one_priority_the_older_comes_first() -> None:
    young, old = goal(1, GoalCategory.CAREER), replace(goal(2, GoalCategory.SKILLS), created_at=NOW - timedelta(days=1))
    assert [each.id for each in top_goals([young, old])] == [old.id, young.id]
    assert [each.id for each in top_goals([replace(young, priority=1), old])] == [young.id, old.id]


@pytest.mark.parametrize(
    ("of_task", "current", "points"),
    [
        (Phase.ANY, Phase.EXECUTOR, 0),
        (Phase.EXECUTOR, Phase.EXECUTOR, 1),
        (Phase.GENERATOR, Phase.EXECUTOR, -1),
        (Phase.EXECUTOR, Phase.GENERATOR, -1),
        (Phase.BUILDER, Phase.EXECUTOR, 0),
    ],
)
def test_a_task_fits_its_phase_and_stands_against_the_opposite(of_task: Phase, current: Phase, points: int) -> None:
    base = score(PLAIN, inputs(phase=current), RULES)
    assert base is not None
    assert score(replace(PLAIN, phase=of_task), inputs(phase=current), RULES) == base + points


@pytest.mark.parametrize(("weeks", "penalty"), [(3, 0), (4, 3), (5, 2), (6, 1), (7, 0)])
def test_what_was_offered_lately_stands_back_a_little(weeks: int, penalty: int) -> None:
    """Within four weeks it is not offered at all; that is another rule."""
    base = score(PLAIN, inputs(), RULES)
    assert base is not None
    offered = {PLAIN.id: MONDAY - timedelta(weeks=weeks)}
    assert score(PLAIN, inputs(offered=offered), RULES) == base - penalty


@pytest.mark.parametrize(
    ("levels", "points"),
    [
        ({Experience.BEGINNER}, 2),
        ({Experience.INTERMEDIATE}, 1),
        ({Experience.ADVANCED}, 0),
        ({Experience.BEGINNER, Experience.ADVANCED}, 2),
    ],
)
def test_a_task_counts_by_the_level_nearest_to_the_persons_own(levels: set[Experience], points: int) -> None:
    far = score(replace(PLAIN, experience=frozenset({Experience.ADVANCED})), inputs(), RULES)
    assert far is not None
    assert score(replace(PLAIN, experience=frozenset(levels)), inputs(), RULES) == far + points


# ------------------------------------------------------------------ suggested times


def told(times: list[datetime | None], zone: str = "UTC") -> list[str]:
    """Return times as a person reads them: weekday and clock."""
    return [f"{at.astimezone(ZoneInfo(zone)):%a %H:%M}" if at else "" for at in times]


USUAL = [
    FocusArea.CREATIVE,
    FocusArea.CREATIVE,
    FocusArea.PROMO,
    FocusArea.RELATIONSHIPS,
    FocusArea.CAREER,
    FocusArea.WELLBEING,
]


@pytest.mark.parametrize(
    ("rests", "times"),
    [
        ((), ["Mon 09:00", "Wed 09:00", "Tue 14:00", "Wed 16:00", "Fri 13:00", "Sun 10:00"]),
        ((0,), ["Wed 09:00", "Fri 09:00", "Tue 14:00", "Wed 16:00", "Fri 13:00", "Sun 10:00"]),
        ((2, 6), ["Mon 09:00", "Fri 09:00", "Tue 14:00", "Fri 16:00", "Fri 13:00", "Sat 10:00"]),
        ((4,), ["Mon 09:00", "Wed 09:00", "Tue 14:00", "Wed 16:00", "Thu 13:00", "Sun 10:00"]),
        ((0, 2, 4), ["Tue 09:00", "Thu 09:00", "Tue 14:00", "Thu 16:00", "Thu 13:00", "Sun 10:00"]),
        (tuple(range(7)), [""] * 6),
    ],
)
def test_a_task_is_suggested_at_its_usual_hour_on_a_usual_day_that_is_no_rest_day(
    rests: tuple[int, ...], times: list[str]
) -> None:
    assert told(suggest_times(USUAL, FocusArea.CREATIVE, MONDAY, "UTC", frozenset(rests))) == times


@given(roles, st.frozensets(st.integers(0, 6), max_size=4), st.data())
def test_nothing_is_ever_suggested_on_a_rest_day_or_twice_at_a_time_while_there_is_room(
    role: Role, rests: frozenset[int], data: st.DataObject
) -> None:
    wanted = data.draw(st.lists(st.sampled_from(areas_of(role)), max_size=5, unique=True))
    zone = "America/New_York"
    times = suggest_times(wanted, areas_of(role)[0], MONDAY, zone, rests)
    assert all(times)
    assert not {at.astimezone(ZoneInfo(zone)).weekday() for at in times if at} & rests
    assert len(set(times)) == len(times)


def test_suggested_hours_are_those_of_the_persons_own_clock_on_both_sides_of_a_change() -> None:
    """Clocks go forward on Sunday, 29 March 2026."""
    times = suggest_times(
        [FocusArea.PROMO, FocusArea.WELLBEING], FocusArea.CREATIVE, date(2026, 3, 23), "Europe/London"
    )
    assert times == [datetime(2026, 3, 24, 14, tzinfo=UTC), datetime(2026, 3, 29, 9, tzinfo=UTC)]
