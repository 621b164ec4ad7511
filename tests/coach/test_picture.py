"""Pictures of progress: size, an opaque background, and no crash at either end of the data."""

import io

import pytest
from matplotlib.image import imread

from bot.coach.model import WeekState
from bot.coach.picture import GoalBar, Panel, WeekMark, render_goals, render_progress, render_weeks


def assert_opaque(png: bytes) -> None:
    picture = imread(io.BytesIO(png), format="png")
    assert picture.shape[1] == 1000
    assert picture.shape[2] == 3 or picture[:, :, 3].min() == 1.0
    assert len(png) < 500_000


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("values", [[0.0, 0.0], [1.0], [float(number) for number in range(60)], [-2.0, 3.5, 0.0]])
def test_panels_of_any_number_are_drawn(count: int, values: list[float]) -> None:
    panels = [Panel("W" * 60, values, "about the same", place % 3 - 1, bool(place % 2)) for place in range(count)]
    assert_opaque(render_progress(panels, "Progress, 8 weeks"))


def test_goals_are_drawn_at_both_ends_of_their_scale() -> None:
    bars = [GoalBar("A" * 120, value, "x" * 200, value == 100, value == 1) for value in (0, 1, 50, 100, 140)] * 3
    assert_opaque(render_goals(bars, "Goals"))
    assert_opaque(render_goals([], "Goals"))


def test_every_state_of_a_week_is_drawn() -> None:
    weeks = [WeekMark("2 Mar", state, done, 9) for state in WeekState for done in (0, 9)] * 4
    assert_opaque(render_weeks(weeks, "Weeks in motion", "In motion 9 of 10", {WeekState.REST: "rest week"}))
    assert_opaque(render_weeks([], "Weeks in motion", "Nothing yet", {}))
