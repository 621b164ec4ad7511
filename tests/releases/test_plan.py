"""Starting late and moving the date: golden counts, and every start day of every release preset."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.paths import assets_dir
from bot.releases.facts import load_facts
from bot.releases.model import Anchor, Condition, Placement, Plan, Planned, Preset
from bot.releases.plan import lay_out, move
from bot.releases.presets import blocked, conflicts, load_presets

EVERYTHING = frozenset(Condition)
BOOK = load_presets(assets_dir() / "presets", load_facts(assets_dir() / "facts" / "platform_facts.toml").facts)
SINGLE = BOOK.get("single_8w")
RELEASES = [preset for preset in BOOK.presets.values() if preset.anchor is Anchor.RELEASE]


def foundations_done(plan: Plan) -> list[Planned]:
    return [task for task in plan.tasks if task.placement is Placement.FOUNDATION]


@pytest.mark.parametrize(
    ("today", "counts"),
    [
        (-58, (28, 0, 0)), (-45, (25, 3, 0)), (-35, (23, 3, 2)), (-28, (21, 3, 4)), (-21, (18, 3, 7)),
        (-14, (17, 3, 8)), (-7, (14, 3, 11)), (-6, (12, 3, 13)), (0, (7, 3, 18)),
    ],
)  # fmt: skip
def test_a_late_start_of_the_single_opens_keeps_and_misses_as_many_as_the_golden_table(
    today: int, counts: tuple[int, int, int]
) -> None:
    plan = lay_out(SINGLE, EVERYTHING, today)
    assert (len(plan.open), len(foundations_done(plan)), len(plan.missed)) == counts
    tight = [task.task.key for task in plan.tasks if task.placement is Placement.TIGHT]
    assert tight == (["deliver"] if today == -28 else [])


def _sound(plan: Plan) -> None:
    clips = [(t.task.key, t.task.lane, t.start, t.end) for t in plan.tasks]
    tight = {t.task.key for t in plan.tasks if t.placement is Placement.TIGHT}
    assert [pair for pair in conflicts(clips) if not tight & set(pair)] == []
    assert blocked([(t.task.key, t.task.lane, t.start, t.end, t.done) for t in plan.tasks]) == []
    assert [t.task.key for t in plan.open if t.start > t.closes] == []


@pytest.mark.parametrize("preset", RELEASES, ids=lambda preset: preset.key)
@pytest.mark.parametrize("conditions", [EVERYTHING, frozenset()], ids=["all", "none"])
def test_every_start_day_gives_a_sound_plan(preset: Preset, conditions: frozenset[Condition]) -> None:
    for today in range(preset.first_day - 2, 29):
        plan = lay_out(preset, conditions, today)
        _sound(plan)
        assert len(plan.tasks) + len(plan.missed) == len(preset.for_conditions(conditions))
        assert all(task.start >= today for task in plan.open)


@pytest.mark.parametrize("today", range(-6, 20))
def test_a_week_before_release_a_pitch_never_appears(today: int) -> None:
    assert "pitch" not in {task.task.key for task in lay_out(SINGLE, EVERYTHING, today).tasks}


def test_a_foundation_that_is_not_done_stays_open_from_today() -> None:
    plan = lay_out(SINGLE, EVERYTHING, -20, {"artwork": False, "master": True})
    artwork = next(task for task in plan.tasks if task.task.key == "artwork")
    assert not artwork.done
    assert artwork.start >= -20
    assert {task.task.key for task in foundations_done(plan)} == {"choose", "master"}


@pytest.mark.parametrize(("today", "last_day"), [(-20, -1), (-1, -1), (0, 0), (3, 3)])
def test_a_foundation_can_be_begun_up_to_the_day_before_release_and_after_it_today(today: int, last_day: int) -> None:
    plan = lay_out(SINGLE, EVERYTHING, today, {"artwork": False})
    (artwork,) = [task for task in plan.tasks if task.task.key == "artwork"]
    assert (artwork.done, artwork.closes) == (False, last_day)


def test_a_plan_for_a_finish_is_never_compressed() -> None:
    plan = lay_out(BOOK.get("finish_month"), frozenset(), 10)
    assert len(plan.open) == 23
    assert plan.missed == ()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(RELEASES), st.data())
def test_moving_the_date_keeps_done_days_shifts_the_rest_and_stays_sound(preset: Preset, data: st.DataObject) -> None:
    start = data.draw(st.integers(preset.first_day, 0), label="start")
    plan = lay_out(preset, EVERYTHING, start)
    today = data.draw(st.integers(start, 0), label="today")
    moved_by = data.draw(st.integers(-40, 60), label="moved by")
    tasks, missed = move(plan.tasks, today - moved_by, moved_by)
    before = {task.task.key: task for task in plan.tasks}
    for task in tasks:
        old = before[task.task.key]
        if task.done:
            assert task.start + moved_by == old.start, "a done task keeps its date"
        elif task.placement is Placement.PLANNED and old.placement is Placement.PLANNED:
            assert task.start == old.start, "an open task that still fits moves along with T"
        assert task.done or task.start >= today - moved_by
    assert len(tasks) + len(missed) == len(plan.tasks)
    assert all(not before[task.key].done for task in missed)


def test_moving_there_and_back_before_anything_is_late_changes_nothing() -> None:
    plan = lay_out(SINGLE, EVERYTHING, -58)
    later, missed = move(plan.tasks, -58 - 14, 14)
    assert missed == ()
    back, missed = move(later, -58, -14)
    assert missed == ()
    assert {(t.task.key, t.start) for t in back} == {(t.task.key, t.start) for t in plan.tasks}
