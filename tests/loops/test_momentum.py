"""Momentum: the golden table, and every property that the formulas promise."""

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.loops.model import LANES, MILLI, ClipId, Lane, LoopBounce, Plan
from bot.loops.momentum import (
    Frame,
    Label,
    components_of,
    frame_of,
    label_of,
    measure,
    percent,
    pillars,
    score_of,
    score_plan,
)
from bot.loops.rules import loop_rules
from bot.loops.sequence import blocks, conflict_pairs, covered
from tests.loops.plans import G8_DONE, NOW, bounce, clip, few, g8, loop, night_drive, plans

RULES = loop_rules().momentum


def close(expected: float) -> Any:
    """Compare with a number that the golden table gives to four places."""
    return pytest.approx(expected, rel=0, abs=6e-5)


SINGLE_8W = """-58 creative m;-56 refine h;-56 action m;-54 action l;-52 creative m;-49 promo m;-45 analysis l
-42 action m;-42 promo m;-38 creative h;-35 promo l;-30 promo m;-28 promo m;-28 action m;-26 promo m
-21 promo m;-21 creative h;-14 promo m;-10 promo l;-7 action m;-3 refine l;0 promo m;2 promo l;7 analysis l
10 creative m;14 promo m;26 analysis m;28 refine l"""


def single_8w(pace: str = "moderate") -> Plan:
    """Return the eight-week single, new, all conditions true."""
    made = []
    for row in SINGLE_8W.replace("\n", ";").split(";"):
        offset, lane, effort = row.split()
        start = int(offset) + 58
        made.append(clip(lane, start, start + {"l": 1, "m": 2, "h": 3}[effort]))
    first = date(2026, 6, 1)
    return Plan(loop(pace=pace, start_date=first, end_date=first + timedelta(days=87)), tuple(made))


def g3() -> Plan:
    return Plan(loop(), tuple(clip("promo", start, start + 3) for start in range(0, 16, 2)))


def g4() -> Plan:
    return Plan(
        loop(),
        (clip("promo", 0, 4), clip("creative", 2, 6), clip("creative", 5, 7), clip("analysis", 10, 12)),
    )


def g11() -> Plan:
    made = [clip("creative", at, at + 2, done=days) for at, days in zip(range(0, 10, 2), (9, 5, 3, 1, 0))]
    return Plan(loop(), tuple(made), (bounce(3),))


GOLDEN = {
    "G1": (Plan(loop()), 0, 0, 0, 0, 0, 0, 0.0, "quiet"),
    "G2": (Plan(loop(), (clip("creative", 0, 2),)), 0.0625, 0.75, 0.0531, 0, 0, 0, 0.02, "quiet"),
    "G3": (g3(), 0.2, 0.4271, 0.1313, 0, 0, 0, 0.046, "quiet"),
    "G4": (g4(), 0.3438, 0.5469, 0.2503, 0, 0, 0, 0.08, "quiet"),
    "G5": (Plan(loop(), night_drive(ready=False)), 0.9688, 0.75, 0.8234, 0, 0, 0, 0.1978, "quiet"),
    "G6": (Plan(loop(), night_drive()), 0.9688, 1, 0.9688, 0, 0, 0, 0.2211, "warming"),
    "G7": (
        Plan(loop(), night_drive(done={"Sketch": 0})),
        0.9688,
        1,
        0.9688,
        0.1733,
        0,
        0.1213,
        0.3473,
        "warming",
    ),
    "G8": (g8(), 0.9688, 1, 0.9688, 0.4470, 0, 0.3129, 0.5167, "steady"),
    "G9": (g8((bounce(),)), 0.9688, 1, 0.9688, 0.4470, 1, 0.6129, 0.7407, "strong"),
    "G11": (g11(), 0.3125, 1, 0.3125, 0.6357, 0.8620, 0.7036, 0.5221, "steady"),
    "G14": (single_8w(), 0.8034, 0.7414, 0.6788, 0, 0, 0, 0.1726, "quiet"),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_loops_read_as_specified(name):
    plan, coverage, quality, plan_value, drive, output, motion, score, label = GOLDEN[name]
    found = measure(plan, NOW, RULES)
    assert found.components.coverage == close(coverage)
    assert found.quality == close(quality)
    assert found.plan == close(plan_value)
    assert found.components.drive == close(drive)
    assert found.components.output == close(output)
    assert found.motion == close(motion)
    assert found.score == score
    assert found.label == label


def test_golden_components_of_untidy_loops():
    crowded = measure(g3(), NOW, RULES).components
    assert (crowded.tidy, crowded.order) == (close(0.7083), 0)
    mixed = measure(g4(), NOW, RULES).components
    assert mixed.flow == close(0.9375)
    assert mixed.tidy == close(0.9167)
    assert mixed.order == close(0.3333)


def test_golden_preset_is_measured_against_its_own_dates():
    plan = single_8w()
    assert frame_of(plan.loop, RULES).capacity == close(49.7143)
    assert measure(plan, NOW, RULES).components.flow == close(0.9655)
    scores = [measure(single_8w(pace), NOW, RULES).score for pace in ("relaxed", "moderate", "intensive")]
    assert scores == [0.1951, 0.1726, 0.1398]


def test_golden_after_three_idle_weeks():
    found = measure(g8((bounce(),)), NOW + timedelta(days=21), RULES)
    assert found.components.drive == close(0.0559)
    assert found.components.output == close(0.3536)
    assert found.motion == close(0.1452)
    assert (found.score, found.label) == (0.3701, Label.WARMING)


def test_golden_pace_and_role():
    relaxed = measure(g8((bounce(),), pace="relaxed"), NOW, RULES)
    intensive = measure(g8((bounce(),), pace="intensive"), NOW, RULES)
    assert relaxed.components.drive == close(0.8940)
    assert intensive.components.drive == close(0.2980)
    assert (relaxed.score, relaxed.label) == (0.9428, Label.FLYING)
    assert (intensive.score, intensive.label) == (0.6670, Label.STRONG)
    agency = measure(g8((bounce(),), role="pr_agency"), NOW, RULES)
    manager = measure(g8((bounce(),), role="manager"), NOW, RULES)
    assert agency.components.coverage == close(0.6687)
    assert manager.components.coverage == close(0.7188)
    assert agency.motion == close(0.4470)
    assert (agency.score, manager.score) == (0.5284, 0.5451)


def test_labels_belong_to_the_lower_side_of_their_edge():
    read = [label_of(score, RULES) for score in (0, 0.2, 0.2001, 0.4, 0.6, 0.8, 0.8001)]
    assert read == ["quiet", "quiet", "warming", "warming", "steady", "strong", "flying"]


def test_percentages_round_half_up():
    assert [percent(share) for share in (0.005, 0.015, 0.3129, 0.9688, 1.0)] == [1, 2, 31, 97, 100]


def test_every_number_has_a_reason():
    reasons = {reason.code: dict(reason.parts) for reason in measure(g8(), NOW, RULES).reasons}
    assert reasons["motion"] == {"count": 4, "days": 12}
    assert reasons["plan"]["lanes"] == 5
    assert "output_none" in reasons
    assert measure(Plan(loop()), NOW, RULES).reasons[0].code == "no_clips"


@pytest.mark.parametrize(
    ("done", "code", "parts"),
    [
        ({"Sketch": 0.5}, "motion_today", {"count": 1, "days": 1}),
        ({"Sketch": 1}, "motion", {"count": 1, "days": 2}),
        ({"Sketch": 28, "Arrange": 1}, "motion", {"count": 2, "days": 29}),
        ({"Sketch": 28.1, "Arrange": 1}, "motion", {"count": 1, "days": 2}),
        ({"Sketch": 40, "Arrange": 28.5}, "motion_idle", {"count": 28}),
        ({}, "motion_none", {}),
    ],
)
def test_the_reason_for_motion_counts_four_weeks_back(done: dict[str, float], code: str, parts: dict[str, int]):
    reasons = {reason.code: dict(reason.parts) for reason in measure(g8(done=done), NOW, RULES).reasons}
    assert {key: value for key, value in reasons.items() if key.startswith("motion")} == {code: parts}


@pytest.mark.parametrize(
    ("ages", "code", "parts"),
    [
        ((30, 3), "output", {"count": 2, "days": 3}),
        ((0.5,), "output_today", {"count": 1, "days": 0}),
        ((), "output_none", {}),
    ],
)
def test_the_reason_for_output_is_the_newest_bounce(ages: tuple[float, ...], code: str, parts: dict[str, int]):
    plan = g8(tuple(bounce(age) for age in ages))
    reasons = {reason.code: dict(reason.parts) for reason in measure(plan, NOW, RULES).reasons}
    assert {key: value for key, value in reasons.items() if key.startswith("output")} == {code: parts}
    managed = measure(replace(plan, loop=replace(plan.loop, role="manager")), NOW, RULES)
    assert [reason.code for reason in managed.reasons if reason.code.startswith("output")] == []


def test_one_blocked_clip_is_named_as_a_reason():
    made = (clip("refine", 0, 4, "Mix"), clip("action", 0, 4))
    assert measure(Plan(loop(), made), NOW, RULES).reasons[0].parts == {"lanes": 2, "count": 1}
    assert measure(Plan(loop(), made), NOW, RULES).reasons[0].code == "plan_blocked"


def test_a_day_of_completions_is_a_day_on_the_owners_calendar():
    """Ten in one night: in London half of them fall on the next day and count in full, in UTC all on one."""
    midnight = NOW.replace(hour=23)
    moments = [midnight + timedelta(minutes=minutes) for minutes in range(-5, 5)]
    clips = tuple(replace(clip("creative", at, at + 1), done_at=moment) for at, moment in enumerate(moments))
    later = NOW + timedelta(days=14)
    london = components_of(clips, (), frame_of(loop(pace="intensive"), RULES), later, RULES).drive
    utc = components_of(clips, (), frame_of(loop(pace="intensive", timezone="UTC"), RULES), later, RULES).drive
    assert london == pytest.approx(2 * utc, rel=0.01)


def test_of_many_completions_in_a_day_the_newest_count():
    """A long day: the five that are counted are the last ones, so finishing a sixth never lowers the score."""
    early = [NOW.replace(hour=hour) for hour in range(1, 6)]
    clips = tuple(replace(clip("creative", at, at + 1), done_at=moment) for at, moment in enumerate(early))
    one_more = replace(clip("creative", 9, 10), done_at=NOW)
    frame = frame_of(loop(pace="intensive", timezone="UTC"), RULES)
    before = components_of(clips, (), frame, NOW, RULES).drive
    assert components_of((*clips, one_more), (), frame, NOW, RULES).drive > before


def test_only_five_completions_of_a_day_count():
    five = Plan(loop(), tuple(clip("creative", at, at + 2, done=0) for at in range(0, 10, 2)))
    seven = Plan(loop(), tuple(clip("creative", at, at + 2, done=0) for at in range(0, 14, 2)))
    assert measure(five, NOW, RULES).components.drive == measure(seven, NOW, RULES).components.drive == close(0.8664)


def test_a_copy_of_a_bounce_is_not_a_second_bounce():
    once = measure(g8((bounce(3, "take"),)), NOW, RULES)
    first, copy = bounce(3, "take"), LoopBounce("take-3", NOW)
    for both in ((first, copy), (copy, first)):
        assert measure(g8(both), NOW, RULES).score == once.score, "the first one logged is the one that counts"


@pytest.mark.parametrize("ahead", [timedelta(minutes=1), timedelta(days=3), timedelta(days=400)])
def test_a_clock_set_back_makes_nothing_count_for_more_than_today(ahead: timedelta):
    """What was finished "tomorrow" is finished today: an age below zero would let it grow without bounds."""
    today = g8((bounce(),), done={"Sketch": 0})
    clips = tuple(replace(one, done_at=one.done_at and NOW + ahead) for one in today.clips)
    later = replace(today, clips=clips, bounces=(LoopBounce("take-0", NOW + ahead),))
    assert measure(later, NOW, RULES) == measure(today, NOW, RULES)
    reasons = {reason.code: dict(reason.parts) for reason in measure(later, NOW, RULES).reasons}
    assert reasons["motion_today"] == {"count": 1, "days": 1}
    assert reasons["output_today"] == {"count": 1, "days": 0}


# ------------------------------------------------------------------ properties


@few
@given(plans())
def test_the_score_is_a_share(plan):
    assert 0 <= score_plan(plan, NOW, RULES) <= 1


@few
@given(plans())
def test_plans_alone_never_read_above_warming(plan):
    idle = replace(plan, clips=tuple(replace(one, done_at=None) for one in plan.clips), bounces=())
    assert score_plan(idle, NOW, RULES) <= 0.2259


@few
@given(plans(), st.randoms(use_true_random=False), st.integers(0, 50_000))
def test_names_order_zoom_and_shifts_have_no_effect(plan, random, shift):
    mixed = [
        replace(
            one,
            id=ClipId(f"x{place}"),
            name="?",
            notes="other",
            start_milli=one.start_milli + shift,
        )
        for place, one in enumerate(plan.clips)
    ]
    random.shuffle(mixed)
    other = Plan(replace(plan.loop, bpm=171, zoom=2, name="Else"), tuple(mixed), plan.bounces)
    assert score_plan(other, NOW, RULES) == score_plan(plan, NOW, RULES)


@few
@given(plans(), st.integers(2, 9))
def test_scaling_time_and_capacity_together_has_no_effect(plan, factor):
    frame = frame_of(plan.loop, RULES)
    scaled = [
        replace(one, start_milli=one.start_milli * factor, length_milli=one.length_milli * factor) for one in plan.clips
    ]
    wide = replace(frame, capacity=frame.capacity * factor)
    before = score_of(components_of(plan.clips, plan.bounces, frame, NOW, RULES), frame.role, RULES)
    after = score_of(components_of(scaled, plan.bounces, wide, NOW, RULES), frame.role, RULES)
    assert after == pytest.approx(before, abs=1e-4)


@few
@given(plans(), st.data())
def test_finishing_readying_and_bouncing_never_lower_the_score(plan, data):
    before = score_plan(plan, NOW, RULES)
    place = data.draw(st.integers(0, len(plan.clips) - 1))

    def changed(**changes):
        made = list(plan.clips)
        made[place] = replace(made[place], **changes)
        return score_plan(replace(plan, clips=tuple(made)), NOW, RULES)

    if not plan.clips[place].is_done:
        assert changed(done_at=NOW) >= before
    assert changed(ready=True) >= before
    ago = data.draw(st.integers(0, 60))
    more = (*plan.bounces, LoopBounce("new", NOW - timedelta(days=ago)))
    assert score_plan(replace(plan, bounces=more), NOW, RULES) >= before


@few
@given(plans(), st.integers(1, 90 * 24))
def test_idle_time_never_raises_the_score(plan, hours):
    assert score_plan(plan, NOW + timedelta(hours=hours), RULES) <= score_plan(plan, NOW, RULES)


@few
@given(plans(), st.data())
def test_a_ready_unblocked_clip_in_a_free_stretch_never_lowers_the_score(plan, data):
    lane = data.draw(st.sampled_from(LANES))
    first = min(one.start_milli for one in plan.clips)
    last = max(one.end_milli for one in plan.clips)
    mine = covered((one.start_milli, one.end_milli) for one in plan.clips if one.lane is lane)
    edges = [first, *(edge for stretch in mine for edge in stretch), last]
    free = [(left, right) for left, right in zip(edges[::2], edges[1::2], strict=True) if right - left >= 2]
    assume(free)
    left, right = data.draw(st.sampled_from(free))
    start = data.draw(st.integers(left, right - 1))
    end = data.draw(st.integers(start + 1, right))
    added = clip(lane, start / MILLI, end / MILLI, ready=True, ident="added")
    wider = replace(plan, clips=(*plan.clips, added))
    assume("added" not in blocks(wider.clips, bool(plan.bounces)))
    assert score_plan(wider, NOW, RULES) >= score_plan(plan, NOW, RULES)


@few
@given(plans(), st.data())
def test_a_duplicate_adds_nothing(plan, data):
    place = data.draw(st.integers(0, len(plan.clips) - 1))
    base = list(plan.clips)
    base[place] = replace(base[place], done_at=None, ready=False)
    twice = [*base, replace(base[place], id=ClipId("copy"))]
    frame = frame_of(plan.loop, RULES)
    before = components_of(base, plan.bounces, frame, NOW, RULES)
    after = components_of(twice, plan.bounces, frame, NOW, RULES)
    assert after.coverage <= before.coverage
    assert after.flow <= before.flow
    assert after.tidy <= before.tidy + 1e-12


@few
@given(plans(), st.data())
def test_splitting_an_unfinished_clip_never_lowers_the_score(plan, data):
    place = data.draw(st.integers(0, len(plan.clips) - 1))
    base = list(plan.clips)
    base[place] = one = replace(base[place], done_at=None)
    assume(one.length_milli > 1)
    cut = data.draw(st.integers(1, one.length_milli - 1))
    parts = [
        replace(one, length_milli=cut),
        replace(one, id=ClipId("tail"), start_milli=one.start_milli + cut, length_milli=one.length_milli - cut),
    ]
    split = [*base[:place], *parts, *base[place + 1 :]]
    before = score_plan(replace(plan, clips=tuple(base)), NOW, RULES)
    assert score_plan(replace(plan, clips=tuple(split)), NOW, RULES) >= before


@few
@given(plans())
def test_tidy_is_one_exactly_without_overlaps(plan):
    tidy = components_of(plan.clips, plan.bounces, frame_of(plan.loop, RULES), NOW, RULES).tidy
    assert (tidy == 1) == (not conflict_pairs(plan.clips))


@few
@given(plans())
def test_an_easier_pace_never_reads_lower(plan):
    scores = [
        score_plan(replace(plan, loop=replace(plan.loop, pace=pace)), NOW, RULES)
        for pace in ("relaxed", "moderate", "intensive")
    ]
    assert scores == sorted(scores, reverse=True)


@few
@given(plans(min_size=2), st.data())
def test_small_moves_move_the_score_little(plan, data):
    total = sum(one.length_milli for one in plan.clips)
    span = max(one.end_milli for one in plan.clips) - min(one.start_milli for one in plan.clips)
    frame = frame_of(plan.loop, RULES)
    assume(total >= 8 * MILLI and span >= 8 * MILLI and frame.capacity >= 32)
    place = data.draw(st.integers(0, len(plan.clips) - 1))
    step = data.draw(st.integers(-500, 500))
    one = plan.clips[place]
    if data.draw(st.booleans()):
        assume(one.start_milli + step >= 0)
        moved = replace(one, start_milli=one.start_milli + step)
    else:
        assume(one.length_milli + step > 0)
        moved = replace(one, length_milli=one.length_milli + step)
    after = (*plan.clips[:place], moved, *plan.clips[place + 1 :])
    has_bounce = bool(plan.bounces)
    assume(blocks(plan.clips, has_bounce).keys() == blocks(after, has_bounce).keys())
    new_span = max(c.end_milli for c in after) - min(c.start_milli for c in after)
    assume(new_span >= 8 * MILLI and sum(c.length_milli for c in after) >= 8 * MILLI)
    change = abs(score_plan(replace(plan, clips=after), NOW, RULES) - score_plan(plan, NOW, RULES))
    assert change <= 0.15 * abs(step) / MILLI + 0.0001


@few
@given(plans(min_size=0))
def test_the_components_reproduce_the_score(plan):
    found = measure(plan, NOW, RULES)
    assert found == measure(plan, NOW, RULES)
    assert score_of(found.components, plan.loop.role, RULES) == found.score
    assert pillars(found.components, plan.loop.role, RULES)[:2] == (found.plan, found.motion)
    for field in fields(found.components):
        assert 0 <= getattr(found.components, field.name) <= 1


def test_capacity_never_depends_on_the_clips():
    dated = loop(days=56)
    assert frame_of(dated, RULES) == Frame(32, 0.5, dated.role, dated.pace, "Europe/London")
    assert frame_of(replace(dated, pace="intensive"), RULES).capacity == 48
    assert frame_of(loop(), RULES).capacity == 32


def test_base_loop_spreads_over_all_lanes():
    found = measure(Plan(loop(), night_drive(done=G8_DONE)), NOW, RULES)
    assert found.lane_units == {
        Lane.CREATIVE: 12,
        Lane.ACTION: 6,
        Lane.PROMO: 6,
        Lane.ANALYSIS: 3,
        Lane.REFINE: 5,
    }
    assert sum(found.lane_shares.values()) == pytest.approx(1)
