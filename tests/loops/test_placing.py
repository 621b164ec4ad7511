"""Where a clip can go: every free slot is found, the first one is taken, and a hole of exact length is a fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.loops.model import LANES, MILLI, Clip, Lane
from bot.loops.placing import free_slot, free_stretches, unblocked_from
from bot.loops.sequence import blocks
from tests.loops.plans import clip, few

LATEST = 20


@pytest.mark.parametrize(("length", "start"), [(1, 4), (2, 4), (2.001, 10), (10, 10), (10.001, None)])
def test_a_clip_goes_into_the_first_hole_that_holds_it(length: float, start: int | None):
    """The holes are 4..6 and 10..20; one of exactly two units fits the first to the thousandth."""
    made = [clip("promo", 0, 4), clip("promo", 6, 10), clip("action", 4, 6)]
    found = free_slot(made, Lane.PROMO, round(length * MILLI), earliest=0, latest=LATEST * MILLI)
    assert found == (None if start is None else start * MILLI)


@st.composite
def small_lanes(draw: st.DrawFn) -> list[Clip]:
    """Draw clips over few units, so that they touch, overlap and leave holes of exact length."""
    count = draw(st.integers(0, 6))
    return [
        clip(draw(st.sampled_from(("promo", "action"))), start, start + draw(st.integers(1, 4)), ident=f"c{place}")
        for place, start in enumerate(draw(st.lists(st.integers(0, LATEST), min_size=count, max_size=count)))
    ]


def taken(made: list[Clip], lane: Lane, unit: int, ignore: str) -> bool:
    return any(
        one.lane is lane and one.id != ignore and one.start_milli <= unit * MILLI < one.end_milli for one in made
    )


@few
@given(small_lanes(), st.integers(0, 8), st.integers(10, LATEST), st.integers(1, 6), st.sampled_from(["", "c0", "c1"]))
def test_the_slot_found_is_the_first_of_all_by_looking_at_every_unit(
    made: list[Clip], earliest: int, latest: int, length: int, ignore: str
):
    free = [unit for unit in range(earliest, latest) if not taken(made, Lane.PROMO, unit, ignore)]
    stretches = free_stretches(made, Lane.PROMO, earliest * MILLI, latest * MILLI, (ignore,))
    assert [unit for start, end in stretches for unit in range(start // MILLI, end // MILLI)] == free
    assert all(end > start for start, end in stretches)
    starts = [
        unit for unit in range(earliest, latest - length + 1) if all(u in free for u in range(unit, unit + length))
    ]
    found = free_slot(
        made, Lane.PROMO, length * MILLI, earliest=earliest * MILLI, latest=latest * MILLI, ignore=(ignore,)
    )
    assert found == (starts[0] * MILLI if starts else None)


@few
@given(
    st.lists(st.tuples(st.sampled_from(LANES), st.integers(0, 8), st.integers(1, 4), st.booleans()), max_size=6),
    st.sampled_from(LANES),
    st.booleans(),
)
def test_a_clip_is_blocked_before_its_first_free_start_and_not_from_it_on(
    rows: list[tuple[Lane, int, int, bool]], lane: Lane, has_bounce: bool
):
    made = [
        clip(each, start, start + length, ident=f"c{place}", done=1 if done else None)
        for place, (each, start, length, done) in enumerate(rows)
        if each is not lane
    ]
    free_from = unblocked_from(made, lane, has_bounce)
    for start in range(14):
        mine = clip(lane, start, start + 1, ident="mine")
        is_blocked = "mine" in blocks([*made, mine], has_bounce)
        assert is_blocked == (free_from is None or start * MILLI < free_from)
