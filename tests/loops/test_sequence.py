"""The sequence engine: fixed rules, every warning, and the properties against a brute-force answer."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.loops.dates import Moment, moment_of
from bot.loops.model import LANES, MILLI, ClipId, ClipKind, DeadlineKind, Lane
from bot.loops.rules import loop_rules
from bot.loops.sequence import Gap, WarningCode, sequence
from tests.loops.plans import NOW, clip, clips, few, loop, night_drive

RULES = loop_rules().sequence
START = Moment(0)


def run(made, at: float = 0, *, first_day: date | None = None, has_bounce: bool = False, unused=()):
    moment = Moment(round(at * MILLI), first_day)
    return sequence(made, moment=moment, has_bounce=has_bounce, rules=RULES, lanes_unused=unused)


def codes(found) -> list[str]:
    return [warning.code for warning in found.warnings]


def next_names(found) -> list[str]:
    return [action.clip.name for action in found.next_actions]


def test_touching_ends_do_not_conflict():
    found = run([clip("action", 0, 3, ident="a"), clip("action", 3, 6, ident="b")])
    assert all(not item.conflicts for item in found.clips)


def test_overlapping_clips_name_each_other():
    found = run([clip("action", 0, 4, ident="a"), clip("action", 3, 6, ident="b"), clip("promo", 0, 9)]).by_id
    assert found[ClipId("a")].conflicts == ("b",)
    assert found[ClipId("b")].conflicts == ("a",)


@pytest.mark.parametrize(
    ("lane", "code"),
    [
        ("promo", "prereq:creative-or-action"),
        ("analysis", "prereq:promo-or-creative"),
        ("refine", "prereq:creative"),
    ],
)
def test_lanes_wait_for_what_they_build_on(lane, code):
    waiting = clip(lane, 2, 4)
    assert run([waiting]).by_id[waiting.id].blocked_by == (code,)
    assert run([waiting], has_bounce=True).by_id[waiting.id].blocked_by == ()
    assert run([waiting, clip("creative", 0, 2)]).by_id[waiting.id].blocked_by == ()
    assert run([waiting, clip("creative", 0, 2.001)]).by_id[waiting.id].blocked_by == (code,)
    assert run([waiting, clip("creative", 8, 9, done=1)]).by_id[waiting.id].blocked_by == ()
    assert run([replace(waiting, done_at=NOW)]).by_id[waiting.id].blocked_by == ()


def test_gaps_are_the_stretches_nobody_covers():
    found = run([clip("creative", 2, 4), clip("action", 3, 5), clip("action", 9, 10), clip("creative", 10, 11)])
    assert found.gaps == (Gap(5 * MILLI, 9 * MILLI),)
    assert found.span_milli == 9 * MILLI


def test_next_actions_come_by_start_then_ready_then_lane():
    made = [
        clip("action", 4, 6, "later"),
        clip("action", 2, 3, "plain"),
        clip("creative", 2, 3, "first lane"),
        clip("action", 2, 5, "ready one", ready=True),
        clip("creative", 0, 1, "done", done=1),
    ]
    found = run(made)
    assert next_names(found) == ["ready one", "first lane", "plain", "later"]
    assert [action.conflicted for action in found.next_actions] == [True, False, True, True]


def test_six_next_actions_are_kept():
    found = run([clip("creative", at, at + 1, str(at)) for at in range(10)])
    assert next_names(found) == ["0", "1", "2", "3", "4", "5"]


def test_clips_behind_the_playhead_are_counted_apart():
    found = run([clip("creative", 0, 4, "early"), clip("creative", 4, 8, "mine"), clip("creative", 8, 9)], at=5)
    assert [one.name for one in found.earlier_open] == ["early"]
    assert found.next_actions[0].clip.name == "mine"
    assert found.next_actions[0].now
    assert not found.next_actions[1].now


def test_overdue_is_only_known_with_dates():
    made = [
        clip("creative", 0, 2, "late"),
        clip("creative", 2, 4, "last day today"),
        clip("creative", 0, 1, done=1),
    ]
    found = run(made, at=3, first_day=date(2026, 6, 1))
    assert [item.clip.name for item in found.clips if item.overdue] == ["late"]
    assert next_names(found)[0] == "late"
    assert not any(item.overdue for item in run(made, at=9).clips)


@pytest.mark.parametrize(
    ("today", "is_now", "is_overdue"),
    [(0, False, False), (1, True, False), (3, True, False), (4, False, True), (5, False, True)],
)
def test_a_clip_is_overdue_from_the_day_after_its_last(today: int, is_now: bool, is_overdue: bool):
    made = [clip("creative", 1, 4, ident="days 1 to 3")]
    found = run(made, at=today, first_day=date(2026, 6, 1))
    assert (found.clips[0].now, found.clips[0].overdue) == (is_now, is_overdue)
    assert (found.next_actions[0].now, found.next_actions[0].overdue) == (is_now, is_overdue)
    assert [w.clips for w in found.warnings if w.code is WarningCode.OVERDUE] == ([(made[0],)] if is_overdue else [])
    finished = run([replace(made[0], done_at=NOW)], at=today, first_day=date(2026, 6, 1))
    assert not finished.clips[0].overdue


@pytest.mark.parametrize(("at", "behind"), [(3.999, False), (4, True)])
def test_a_clip_is_behind_the_playhead_once_its_end_is_reached(at: float, behind: bool):
    made = [clip("creative", 1, 4), clip("action", 2, 4, done=1)]
    found = run(made, at=at)
    assert found.earlier_open == (tuple(made[:1]) if behind else ())
    assert [action.clip for action in found.next_actions] == ([] if behind else made[:1])


def test_today_is_counted_in_the_owners_zone():
    late_evening = NOW.replace(hour=23, minute=30)
    assert moment_of(loop(days=28), late_evening).at_milli == 10 * MILLI
    assert moment_of(loop(days=28, timezone="UTC"), late_evening).at_milli == 9 * MILLI
    assert moment_of(loop(playhead_milli=4000), late_evening) == Moment(4000)


def test_an_unmet_task_is_shown_as_waiting_without_blocking():
    deliver = clip("action", 8, 10, "Deliver to distributor", task_key="deliver")
    pitch = clip("promo", 12, 14, "Pitch", requires=("deliver",))
    found = run([deliver, pitch, clip("creative", 0, 1, done=1)])
    assert found.next_actions[1].waiting_for == ("Deliver to distributor",)
    done = run([replace(deliver, done_at=NOW), pitch])
    assert done.next_actions[0].waiting_for == ()


def test_a_task_that_is_not_in_the_loop_any_more_is_not_waited_for():
    deliver = clip("action", 8, 10, "Deliver to distributor", task_key="deliver")
    pitch = clip("creative", 12, 14, "Pitch", requires=("master", "deliver", "artwork"))
    assert [action.waiting_for for action in run([deliver, pitch]).next_actions] == [(), ("Deliver to distributor",)]
    assert run([pitch]).next_actions[0].waiting_for == ()


def test_every_warning_has_its_cause_and_place():
    first = date(2026, 6, 1)
    made = [
        clip("refine", 0, 10, "Mix"),
        clip("refine", 8, 20, "Master"),
        clip("promo", 40, 42, "Pitch", kind=ClipKind.PITCH, deadline_kind=DeadlineKind.HARD, deadline=first),
    ]
    found = run(made, at=12, first_day=first)
    assert codes(found) == [
        "blocked",
        "blocked",
        "blocked",
        "overdue",
        "after_release",
        "overlap",
        "none_ready",
        "lane_heavy",
        "gap",
        "lane_missing",
        "lane_missing",
        "lane_missing",
    ]
    overlap = next(w for w in found.warnings if w.code is WarningCode.OVERLAP)
    assert {one.name for one in overlap.clips} == {"Mix", "Master"}


@pytest.mark.parametrize(
    ("changes", "days_late", "warned"),
    [
        ({}, 1, True),
        ({}, 0, False),
        ({"done_at": NOW}, 1, False),
        ({"kind": ClipKind.TASK}, 1, False),
        ({"deadline_kind": DeadlineKind.SOFT}, 1, False),
        ({"deadline": None}, 1, False),
    ],
)
def test_a_pitch_is_too_late_from_the_day_after_its_hard_deadline(
    changes: dict[str, object], days_late: int, warned: bool
):
    """On the last day itself it may still be sent; a soft deadline, another kind and a finished pitch say nothing."""
    first = date(2026, 6, 1)
    deadline = first + timedelta(days=10 - days_late)
    pitch = clip("promo", 10, 12, kind=ClipKind.PITCH, deadline_kind=DeadlineKind.HARD, deadline=deadline)
    made = [replace(pitch, **changes)]  # pyright: ignore[reportArgumentType]
    found = [each for each in run(made, first_day=first).warnings if each.code is WarningCode.AFTER_RELEASE]
    assert [each.clips for each in found] == ([tuple(made)] if warned else [])
    assert "after_release" not in codes(run(made)), "an undated loop has no days"


@pytest.mark.parametrize(("creative", "remarked"), [(60, []), (61, [Lane.CREATIVE])])
def test_a_lane_is_heavy_above_three_fifths_of_all_work(creative: float, remarked: list[Lane]):
    """What runs at the same time on one lane is counted once."""
    made = [clip("creative", 0, creative), clip("creative", 0, 30), clip("action", 0, 40)]
    assert [w.lane for w in run(made).warnings if w.code is WarningCode.LANE_HEAVY] == remarked


@pytest.mark.parametrize(("gap", "remarked"), [(5, []), (5.1, [Gap(10_000, 15_100)])])
def test_a_gap_is_remarked_on_above_a_quarter_of_the_plan(gap: float, remarked: list[Gap]):
    made = [clip("creative", 0, 10), clip("action", 10 + gap, 20), clip("creative", 0, 1, "Twice")]
    assert [w.gap for w in run(made).warnings if w.code is WarningCode.GAP] == remarked


@pytest.mark.parametrize(("done", "ready", "remarked"), [(0, 0, True), (1, 1, True), (1, 2, False), (3, 0, False)])
def test_nothing_ready_is_said_of_what_is_still_open(done: int, ready: int, remarked: bool):
    """Three clips in a row, the first `done` finished and the first `ready` ready: a finished one is no way on."""
    made = [clip("creative", at, at + 1, done=1 if at < done else None, ready=at < ready) for at in range(3)]
    assert ("none_ready" in codes(run(made))) is remarked


def test_the_longest_overlap_is_named_first():
    made = [clip("creative", 0, 4), clip("creative", 3, 8), clip("creative", 6, 20), clip("action", 0, 2)]
    found = [w.value for w in run(made).warnings if w.code is WarningCode.OVERLAP]
    assert found == [2 * MILLI, MILLI]


def test_half_a_unit_of_overlap_is_let_pass():
    made = [clip("creative", 0, 4), clip("creative", 3.5, 6)]
    assert "overlap" not in codes(run(made))
    assert "overlap" in codes(run([made[0], clip("creative", 3.499, 6)]))


def test_a_first_clip_is_not_greeted_with_complaints():
    assert codes(run([clip("creative", 0, 4)])) == []
    assert codes(run([clip("creative", 0, 4), clip("creative", 4, 8)])) == []


def test_lanes_that_are_not_used_are_not_missed():
    made = [
        clip("creative", 0, 2, ready=True),
        clip("analysis", 2, 4, ready=True),
        clip("refine", 4, 6, ready=True),
    ]
    assert codes(run(made)).count("lane_missing") == 2
    assert "lane_missing" not in codes(run(made, unused=(Lane.ACTION, Lane.PROMO)))


def test_the_base_loop_has_nothing_to_remark():
    assert codes(run(night_drive(done={"Sketch": 11, "Arrange": 7}))) == []


# ------------------------------------------------------------------ properties


def brute_force(made):
    """Return conflicts and gaps by looking at every pair and every edge."""
    conflicts = {
        one.id: tuple(
            sorted(
                other.id
                for other in made
                if other.id != one.id
                and other.lane is one.lane
                and min(one.end_milli, other.end_milli) - max(one.start_milli, other.start_milli) > 0
            )
        )
        for one in made
    }
    edges = sorted({edge for one in made for edge in (one.start_milli, one.end_milli)})
    empty = [
        (left, right)
        for left, right in pairwise(edges)
        if not any(one.start_milli <= left and right <= one.end_milli for one in made)
    ]
    merged = []
    for left, right in empty:
        if merged and merged[-1][1] == left:
            merged[-1] = (merged[-1][0], right)
        else:
            merged.append((left, right))
    return conflicts, tuple(Gap(left, right) for left, right in merged)


@few
@given(clips())
def test_the_sweep_equals_the_brute_force_answer(made):
    found = run(made)
    conflicts, gaps = brute_force(made)
    assert {item.clip.id: item.conflicts for item in found.clips} == conflicts
    assert found.gaps == gaps


@few
@given(clips())
def test_conflict_is_symmetric_and_irreflexive(made):
    found = run(made).by_id
    for ident, item in found.items():
        assert ident not in item.conflicts
        assert all(ident in found[other].conflicts for other in item.conflicts)


@few
@given(clips(), st.randoms(use_true_random=False), st.integers(0, 50))
def test_the_order_of_input_makes_no_difference(made, random, at):
    mixed = list(made)
    random.shuffle(mixed)
    assert run(mixed, at) == run(made, at)


@few
@given(clips(), st.data())
def test_finishing_a_clip_never_blocks_another(made, data):
    place = data.draw(st.integers(0, len(made) - 1))
    after = (*made[:place], replace(made[place], done_at=NOW), *made[place + 1 :])
    assert blocked(after) <= blocked(made)


@few
@given(clips(), clips(1, 1))
def test_adding_creative_work_never_newly_blocks(made, extra):
    added = replace(extra[0], id="new", lane=Lane.CREATIVE)
    assert blocked((*made, added)) <= blocked(made)


def blocked(made) -> set[str]:
    return {item.clip.id for item in run(made).clips if item.blocked_by}


@few
@given(clips(), st.integers(0, 50_000), st.integers(0, 50))
def test_shifting_everything_changes_only_ends_and_gaps(made, shift, at):
    before = run(made, at)
    moved = [replace(one, start_milli=one.start_milli + shift) for one in made]
    after = run(moved, at + shift / MILLI)
    assert [(i.conflicts, i.blocked_by, i.now) for i in after.clips] == [
        (i.conflicts, i.blocked_by, i.now) for i in before.clips
    ]
    assert [i.end_milli - shift for i in after.clips] == [i.end_milli for i in before.clips]
    assert [(g.start_milli - shift, g.end_milli - shift) for g in after.gaps] == [
        (g.start_milli, g.end_milli) for g in before.gaps
    ]
    assert next_names(after) == next_names(before)
    assert codes(after) == codes(before)


@few
@given(clips(), st.integers(-5, 50), st.booleans())
def test_no_next_action_is_done_or_blocked(made, at, dated):
    found = run(made, at, first_day=date(2026, 6, 1) if dated else None)
    waiting = {item.clip.id for item in found.clips if item.blocked_by}
    for action in found.next_actions:
        assert not action.clip.is_done
        assert action.clip.id not in waiting
    assert len(found.next_actions) <= RULES.next_kept


def test_cost_grows_like_a_sort():
    """Count comparisons of starts instead of seconds: twice the clips, hardly more than twice the work."""

    class Counted(int):
        looks = 0

        def __lt__(self, other):
            Counted.looks += 1
            return int.__lt__(self, other)

        def __le__(self, other):
            Counted.looks += 1
            return int.__le__(self, other)

    def work(count: int) -> int:
        Counted.looks = 0
        made = [
            replace(
                clip(LANES[n % 5], 0, 1, ident=f"{n:05d}"),
                start_milli=Counted((n * 7919) % (count * 1000)),
                length_milli=900,
            )
            for n in range(count)
        ]
        run(made)
        return Counted.looks

    assert work(200) <= 3 * work(100)
    assert work(1600) <= 3 * work(800)


def test_day_numbers_move_with_the_loop():
    one = loop(days=28)
    assert moment_of(one, NOW + timedelta(days=1)).at_milli == moment_of(one, NOW).at_milli + MILLI
