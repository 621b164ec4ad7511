"""What a server's digest tells of its own plans: finished, late, next; a few lines, and nothing in a quiet week."""

import json
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.digest.model import StudioItem, StudioWeek, StudioWhat
from bot.digest.studio import (
    StudioLine,
    StudioPart,
    StudioParts,
    as_stored,
    compile_by_client,
    compile_studio,
    read_stored,
)

FIRST, TODAY = date(2026, 3, 1), date(2026, 3, 8)
SIX = 6


def task(name: str, day: int | None = None, until: int | None = None, deadline: int | None = None) -> StudioItem:
    """Return a clip of Low Tide; days count from today."""

    def on(days: int | None) -> date | None:
        return None if days is None else TODAY + timedelta(days=days)

    last = on(day if until is None else until)
    return StudioItem(StudioWhat.TASK, name, name, "Low Tide", "loop", on(day), last, on(deadline))


def told(week: StudioWeek, most: int = SIX) -> list[tuple[str, str, str]]:
    part = compile_studio(week, FIRST, TODAY, most)
    return [(line.key, line.title, line.day[5:]) for line in part.lines] if part else []


def test_finished_late_and_next_come_in_this_order_each_by_its_day() -> None:
    week = StudioWeek(
        finished=(task("Splits"),),
        open=(
            task("Pitch", 9, 10, deadline=12),
            task("Shoot", 3, 5),
            task("Edit", -1, 2),
            task("Artwork", -6, -2),
            task("Master", -9, -3, deadline=20),
            task("Review", 40, 41),
            task("Story"),
        ),
    )
    assert told(week, 10) == [
        ("finished_task", "Splits", ""),
        ("late_task", "Artwork", "03-06"),
        ("late_deadline", "Master", "03-28"),
        ("next_running", "Edit", "03-10"),
        ("next_task", "Shoot", "03-11"),
        ("next_deadline", "Pitch", "03-20"),
        ("next_undated", "Story", ""),
    ]


def test_a_last_day_is_told_as_soon_as_it_is_near() -> None:
    assert told(StudioWeek(open=(task("Deliver", 1, 2, deadline=30),))) == [("next_task", "Deliver", "03-09")]
    assert told(StudioWeek(open=(task("Deliver", 1, 2, deadline=14),))) == [("next_deadline", "Deliver", "03-22")]


def test_a_week_without_news_is_quiet_also_where_old_things_lie_about() -> None:
    assert compile_studio(StudioWeek(), FIRST, TODAY, SIX) is None
    old = task("Artwork", -30, -20)
    assert compile_studio(StudioWeek(open=(old, task("Story"), task("Review", 15))), FIRST, TODAY, SIX) is None
    assert told(StudioWeek(open=(old, task("Mix", -9, -7)))) == [
        ("late_task", "Mix", "03-01"),
        ("late_task", "Artwork", "02-16"),
    ], "what became late brings along what is"


def test_a_window_that_closed_is_news() -> None:
    gone = StudioItem(StudioWhat.GONE, "x", "Pitch", "Low Tide", "loop")
    assert told(StudioWeek(open=(gone,))) == [("late_gone", "Pitch", "")]


def test_a_release_day_and_a_last_day_are_told_before_what_may_wait() -> None:
    busy = tuple(task(f"step {n}", 1) for n in range(9))
    out = StudioItem(
        StudioWhat.RELEASE, "r", "Low Tide", "Low Tide", "loop", TODAY + timedelta(9), TODAY + timedelta(9)
    )
    assert told(StudioWeek(open=(*busy, out, task("Pitch", 9, 10, deadline=12))))[-2:] == [
        ("next_release", "Low Tide", "03-17"),
        ("next_deadline", "Pitch", "03-20"),
    ]


counts = st.integers(0, 12)


@given(counts, counts, counts)
def test_six_lines_are_shared_and_the_others_counted(finished: int, late: int, coming: int) -> None:
    week = StudioWeek(
        tuple(task(f"done {n}") for n in range(finished)),
        tuple(task(f"late {n}", -3, -2) for n in range(late)) + tuple(task(f"next {n}", 1) for n in range(coming)),
    )
    part = compile_studio(week, FIRST, TODAY, SIX)
    if not finished + late + coming:
        assert part is None
        return
    assert part is not None
    assert len(part.lines) + part.more == finished + late + coming
    assert len(part.lines) == min(SIX, finished + late + coming)
    for key, there in (("finished", finished), ("late", late), ("next", coming)):
        assert sum(line.key.startswith(key) for line in part.lines) >= min(2, there), "no part crowds out another"
    parts = StudioParts((part, StudioPart(part.lines[:1], client="Ada Moon")), 2)
    assert read_stored(json.loads(json.dumps(as_stored(parts)))) == parts


def filed(client: str | None, *items: StudioItem) -> tuple[StudioItem, ...]:
    return tuple(replace(item, client=client) for item in items)


def test_clients_come_by_their_next_last_day_and_what_is_filed_under_none_comes_last() -> None:
    week = StudioWeek(
        finished=filed(None, task("Tidy up")),
        open=(
            *filed("a", task("Shoot", 5, 6)),
            *filed("b", task("Splits", -9, -3), task("Pitch", 0, 1, deadline=2)),
            *filed("c", task("Mix", -2, -1)),
            *filed("d", task("Put away", 1, 1)),
            *filed("e", task("Long ago", -40, -30)),
        ),
    )
    names = {"a": "Ada Moon", "b": "Night Bus", "c": "Able", "e": "Echo"}
    told = compile_by_client(week, names, FIRST, TODAY, most=SIX, clients=8)
    assert told is not None
    assert [part.client for part in told.parts] == ["Night Bus", "Ada Moon", "Able", ""]
    assert not told.more
    fewer = compile_by_client(week, names, FIRST, TODAY, most=SIX, clients=1)
    assert fewer is not None
    assert ([part.client for part in fewer.parts], fewer.more) == (["Night Bus", ""], 2)
    assert compile_by_client(StudioWeek(), names, FIRST, TODAY, most=SIX, clients=8) is None


def test_who_does_it_stands_on_what_is_open() -> None:
    late, coming = (replace(task(*one), who=("Ben", "Cleo")) for one in (("Mix", -2, -1), ("Edit", 1, 2)))
    part = compile_studio(StudioWeek(open=(late, coming)), FIRST, TODAY, SIX)
    assert part is not None
    assert [line.who for line in part.lines] == ["Ben, Cleo", "Ben, Cleo"]


def test_a_post_that_was_ordered_before_there_was_such_a_part_is_still_read() -> None:
    assert read_stored(None) is None
    assert as_stored(None) is None
    line = ["next_task", "Shoot", "Low Tide", "2026-03-11"]
    earlier = {"lines": [line], "more": 3}
    assert read_stored(earlier) == StudioParts((StudioPart((StudioLine(*line),), 3),))
