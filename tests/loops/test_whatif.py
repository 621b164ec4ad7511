"""What-ifs, tips and suggestions: gains that come true, and a gate nothing slips through."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.loops.bank import ShippedBank
from bot.loops.dates import moment_of
from bot.loops.model import LANES, MILLI, Lane, Plan, Role, SuggestedClip
from bot.loops.momentum import frame_of, score_plan
from bot.loops.rules import loop_rules
from bot.loops.sequence import sequence
from bot.loops.suggest import Gated, GateResult, fingerprint, gate, read_suggested, suggest_by_rule
from bot.loops.tips import tips
from bot.loops.whatif import WhatIf, WhatIfKind, applied, shortfalls, what_ifs
from bot.loops.wording import tip_text, whatif_text
from tests.loops.plans import G8_DONE, NOW, bounce, clip, few, g8, loop, night_drive, plans
from tests.loops.words import say

RULES = loop_rules()
BANK = ShippedBank()


def ideas(result: GateResult) -> list[Gated]:
    """Return what is shown to adjust first, without Accept."""
    return [one for one in result.passed if not one.is_clip]


def sequenced(plan: Plan):
    return sequence(
        plan.clips,
        moment=moment_of(plan.loop, NOW),
        has_bounce=bool(plan.bounces),
        rules=RULES.sequence,
        lanes_unused=plan.loop.lanes_unused,
    )


def offered(plan: Plan, keep: int | None = None):
    return what_ifs(plan, sequenced(plan), NOW, RULES, keep=keep)


def test_golden_gains_of_the_base_loop():
    found = {(one.kind, one.clip.name if one.clip else ""): one.gain for one in offered(g8(), 50)}
    assert found[WhatIfKind.BOUNCE, ""] == pytest.approx(0.2240)
    assert found[WhatIfKind.FINISH, "Mix pass"] == pytest.approx(0.0952)


def test_a_card_shows_the_three_best_in_words():
    lines = [whatif_text(g8().loop, one, say) for one in offered(g8())]
    assert lines == [
        "log a bounce: +22 points",
        "finish *Mix pass*: +10 points",
        "finish *Teaser edit*: +10 points",
    ]


def test_offers_are_about_the_next_three_clips_and_about_the_first_that_is_not_ready() -> None:
    ready = ("Sketch", "Book session")
    made = tuple(replace(one, ready=one.name in ready) for one in night_drive())
    found = [(one.kind, one.clip.name) for one in offered(Plan(loop(), made, (bounce(),)), 50) if one.clip]
    assert {name for kind, name in found if kind is WhatIfKind.FINISH} == {*ready, "Arrange"}
    assert [name for kind, name in found if kind is WhatIfKind.READY] == ["Arrange"]


@pytest.mark.parametrize(("role", "offered_one"), [("artist", True), ("pr_agency", False), ("manager", False)])
def test_a_bounce_is_offered_to_those_who_make_music(role: str, offered_one: bool) -> None:
    kinds = {one.kind for one in offered(g8(role=role), 50)}
    assert (WhatIfKind.BOUNCE in kinds) is offered_one
    assert WhatIfKind.FINISH in kinds


def test_a_change_of_no_clip_is_none() -> None:
    for kind in (WhatIfKind.READY, WhatIfKind.FINISH, WhatIfKind.MOVE, WhatIfKind.ADD):
        with pytest.raises(ValueError, match="lacks its clip"):
            applied(g8(), WhatIf(kind), NOW)
    with pytest.raises(ValueError, match="lacks its clip"):
        applied(g8(), WhatIf(WhatIfKind.MOVE, clip=g8().clips[0]), NOW)


def test_a_blocked_clip_is_offered_something_to_build_on():
    plan = Plan(loop(), (clip("refine", 8, 20, "Mix"), clip("action", 0, 8), clip("creative", 30, 34)))
    added = [one.add for one in offered(plan, 50) if one.kind is WhatIfKind.ADD]
    assert SuggestedClip(Lane.CREATIVE, 4 * MILLI, 4 * MILLI, "New clip") in added


def added(plan: Plan) -> list[SuggestedClip]:
    return [one.add for one in offered(plan, 50) if one.add]


@pytest.mark.parametrize(("hole", "start"), [(4, 8), (3.999, 0)])
def test_a_gap_that_a_new_clip_fills_exactly_is_filled(hole: float, start: float):
    """The largest gap of the plan first; a gap that is too short is passed over for the lane's own first slot."""
    plan = Plan(loop(), (clip("creative", 0, 8), clip("creative", 8 + hole, 40)))
    assert added(plan) == [SuggestedClip(Lane.ACTION, round(start * MILLI), 4 * MILLI, "New clip")]


def test_nothing_is_offered_before_the_first_day_of_a_loop_that_has_not_begun():
    coming = loop(days=28, start_date=date(2026, 7, 1), end_date=date(2026, 7, 29))
    assert added(Plan(coming, (clip("creative", 0, 8),))) == [SuggestedClip(Lane.ACTION, 0, 4 * MILLI, "New clip")]


def test_a_full_loop_is_offered_no_more_clips():
    full = RULES.model_copy(update={"max_clips": 2})
    roomy = RULES.model_copy(update={"max_clips": 3})
    plan = Plan(loop(), (clip("action", 0, 8), clip("refine", 6, 10)))
    kinds = [
        {one.kind for one in what_ifs(plan, sequenced(plan), NOW, rules, keep=50)} & {WhatIfKind.ADD}
        for rules in (roomy, full)
    ]
    assert kinds == [{WhatIfKind.ADD}, set()]


@pytest.mark.parametrize(
    ("free", "days", "expected"),
    [
        (1, 0, SuggestedClip(Lane.CREATIVE, 0, MILLI, "New clip")),
        (0.999, 0, None),
        (6, 0, SuggestedClip(Lane.CREATIVE, 2 * MILLI, 4 * MILLI, "New clip")),
        (3, 28, SuggestedClip(Lane.CREATIVE, 0, 3 * MILLI, "New clip")),
    ],
)
def test_what_frees_a_blocked_clip_fits_before_it(free: float, days: int, expected: SuggestedClip | None):
    """At least a whole unit; never longer than the room there is, and up to the blocked clip's own start."""
    mix = clip("refine", free, free + 8, "Mix")
    plan = Plan(loop(days=days), (mix, clip("creative", 12, 28)))
    found = [one for one in added(plan) if one.lane is Lane.CREATIVE]
    assert found == ([expected] if expected else [])


def test_of_two_clips_at_one_time_the_open_one_is_offered_another_place():
    """It goes to the first free slot from its own start on; its own place is no obstacle to it, and done work stays."""
    done, other = clip("creative", 0, 6, "Sketch", done=1), clip("creative", 4, 8, "Arrange")
    plan = Plan(loop(), (done, other, clip("creative", 8, 10, "Next")))
    moves = [(one.clip, one.start_milli) for one in offered(plan, 50) if one.kind is WhatIfKind.MOVE]
    assert moves == [(other, 10 * MILLI)]
    loose = Plan(loop(), (done, clip("creative", 5, 9, "Arrange")))
    assert [one.start_milli for one in offered(loose, 50) if one.kind is WhatIfKind.MOVE] == [6 * MILLI]


def test_a_lane_that_is_not_used_is_never_offered_work():
    """Promo is missing most and the agency said it does none: offers, tips and suggestions keep off it."""
    plan = Plan(loop("pr_agency"), (clip("creative", 0, 4, "Sketch", done=1),))
    without = replace(plan, loop=replace(plan.loop, lanes_unused=(Lane.PROMO, Lane.ACTION)))
    lanes = [lane for lane, _ in shortfalls(plan, NOW, RULES)]
    assert lanes[0] is Lane.PROMO
    assert [lane for lane, _ in shortfalls(without, NOW, RULES)] == [
        lane for lane in lanes if lane not in (Lane.PROMO, Lane.ACTION)
    ]
    assert {one.add.lane for one in offered(plan, 50) if one.add} == {Lane.PROMO}
    assert {one.add.lane for one in offered(without, 50) if one.add} == {Lane.ANALYSIS}
    assert {one.lane for one in suggest_by_rule(without, BANK, NOW, RULES)} == {Lane.ANALYSIS, Lane.REFINE}


def test_a_shortfall_is_the_share_that_is_missing_the_largest_first():
    frame = frame_of(loop(), RULES.momentum)
    targets = {lane: RULES.momentum.target(Role.ARTIST, lane) for lane in LANES}
    full = clip("creative", 0, targets[Lane.CREATIVE] * frame.capacity)
    half = clip("action", 0, targets[Lane.ACTION] * frame.capacity / 2)
    twice = clip("action", 0, targets[Lane.ACTION] * frame.capacity / 2, "Same time")
    found = shortfalls(Plan(loop(), (full, half, twice)), NOW, RULES)
    assert Lane.CREATIVE not in dict(found)
    assert dict(found)[Lane.ACTION] == pytest.approx(targets[Lane.ACTION] / 2)
    assert [short for _, short in found] == sorted((short for _, short in found), reverse=True)


@few
@given(plans(min_size=0))
def test_every_gain_comes_true_and_is_worth_offering(plan):
    before = score_plan(plan, NOW, RULES.momentum)
    for one in offered(plan, 50):
        assert one.gain >= RULES.whatif.min_gain
        after = score_plan(applied(plan, one, NOW), NOW, RULES.momentum)
        assert after - before == pytest.approx(one.gain)


@few
@given(plans(min_size=0))
def test_what_ifs_come_best_first(plan):
    gains = [one.gain for one in offered(plan, 50)]
    assert gains == sorted(gains, reverse=True)


@few
@given(plans(min_size=0))
def test_every_tip_has_words(plan):
    found = tips(plan, sequenced(plan), NOW, RULES)
    assert len(found) <= RULES.suggest.tips
    for tip in found:
        assert tip_text(plan.loop, tip, say)


def test_tips_name_the_clip_and_the_way_out():
    early = (*night_drive(done=G8_DONE)[2:], clip("creative", 12, 16, "Sketch again"))
    early = tuple(replace(one, done_at=None) for one in early)
    plan = Plan(loop(), early)
    found = {tip.code: tip_text(plan.loop, tip, say) for tip in tips(plan, sequenced(plan), NOW, RULES)}
    assert "*Mix pass*" in found["order"]
    assert "after *Sketch again* would help (+" in found["order"]
    assert found["drive_first"] == "Nothing finished yet; a 20-minute task counts."


# ------------------------------------------------------------------ suggestions


def test_suggestions_fill_the_lanes_that_are_shortest():
    plan = Plan(loop(), (clip("creative", 0, 4, "Sketch", done=1),))
    found = suggest_by_rule(plan, BANK, NOW, RULES)
    assert [one.lane for one in found] == [Lane.CREATIVE, Lane.ACTION, Lane.PROMO]
    assert all(one.length_milli == 4 * MILLI and one.notes for one in found)
    assert found[0].start_milli == 4 * MILLI


def test_dated_suggestions_take_days_by_effort():
    plan = Plan(loop(days=56), (clip("creative", 0, 2, done=1),))
    found = suggest_by_rule(plan, BANK, NOW, RULES)
    assert {one.length_milli for one in found} <= {MILLI, 2 * MILLI, 3 * MILLI}
    assert all(one.start_milli >= 9 * MILLI for one in found)


@few
@given(plans())
def test_rule_suggestions_are_never_dropped_by_the_gate(plan):
    found = suggest_by_rule(plan, BANK, NOW, RULES)
    result = gate(found, plan, NOW, RULES)
    assert len(result.passed) == len(found)
    assert not any(one.idea_because in ("outside", "overlap") for one in result.passed)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("lane", LANES)
def test_the_bank_has_tasks_for_every_lane_and_role(lane, role):
    tasks = BANK.tasks(lane, role, "any")
    assert len(tasks) >= 4
    assert len({task.name for task in tasks}) == len(tasks)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "text",
        {},
        {"lane": "drums", "start": 1},
        {"lane": "promo"},
        {"lane": "promo", "start": "4"},
        {"lane": "promo", "start": True},
        {"lane": "promo", "start": float("nan")},
        {"lane": "promo", "start": 10**400},
        {"lane": ["promo"], "start": 1},
    ],
)
def test_what_cannot_be_read_is_dropped(raw):
    result = gate([read_suggested(raw, RULES, dated=False)], g8(), NOW, RULES)
    assert result.passed == ()
    assert result.dropped == {"unreadable": 1}


def test_a_bad_length_becomes_the_default():
    for length in (None, 0, -3, "x", float("inf")):
        one = read_suggested({"lane": " Promo ", "start": 30, "length": length, "name": "x"}, RULES, dated=False)
        assert one == SuggestedClip(Lane.PROMO, 30 * MILLI, 4 * MILLI, "x")


def test_texts_of_a_suggestion_are_cut_and_cleaned():
    raw = {"lane": "promo", "start": 30, "name": "n" * 200, "notes": "a\x00b\u202e" + "c" * 900}
    one = read_suggested(raw, RULES, dated=False)
    assert one is not None
    assert (len(one.name), len(one.notes)) == (80, 500)
    assert "\x00" not in one.notes


def test_the_gate_tells_clips_from_ideas():
    suggestions = [
        SuggestedClip(Lane.CREATIVE, 12 * MILLI, 4 * MILLI, "fits"),
        SuggestedClip(Lane.CREATIVE, 13 * MILLI, 4 * MILLI, "on the one before"),
        SuggestedClip(Lane.ACTION, 12 * MILLI, 4 * MILLI, "on Deliver files"),
        SuggestedClip(Lane.ACTION, 62 * MILLI, 4 * MILLI, "outside"),
        SuggestedClip(Lane.ACTION, -1, 4 * MILLI, "before"),
        SuggestedClip(Lane.PROMO, 24 * MILLI, 4 * MILLI, "dismissed"),
    ]
    plan = Plan(loop(), night_drive(ready=False))
    result = gate(suggestions, plan, NOW, RULES, {"promo|dismissed|24"})
    assert [one.clip.name for one in result.clips] == ["fits"]
    assert {one.clip.name: one.idea_because for one in ideas(result)} == {
        "on the one before": "overlap",
        "on Deliver files": "overlap",
        "outside": "outside",
        "before": "outside",
    }
    assert result.dropped == {"dismissed": 1}


def test_a_suggestion_that_would_lower_the_score_is_only_an_idea():
    flying = g8((bounce(),))
    result = gate([SuggestedClip(Lane.PROMO, 40 * MILLI, 4 * MILLI, "late")], flying, NOW, RULES)
    assert ideas(result)[0].gain < 0
    assert ideas(result)[0].idea_because == "gain"


@few
@given(
    plans(),
    st.lists(
        st.builds(
            SuggestedClip,
            st.sampled_from(LANES),
            st.integers(-5_000, 90_000),
            st.integers(1, 20_000),
            st.sampled_from(["a", "b"]),
        ),
        max_size=5,
    ),
)
def test_every_clip_through_the_gate_has_room_and_no_loss(plan, suggestions):
    result = gate(suggestions, plan, NOW, RULES)
    placed = list(plan.clips)
    for one in result.clips:
        assert one.gain >= 0
        for other in placed:
            if other.lane is one.clip.lane:
                end = one.clip.start_milli + one.clip.length_milli
                shared = min(other.end_milli, end) - max(other.start_milli, one.clip.start_milli)
                assert shared <= 500
        placed.append(
            clip(one.clip.lane, one.clip.start_milli / MILLI, (one.clip.start_milli + one.clip.length_milli) / MILLI)
        )


def test_a_dismissal_is_remembered_by_lane_name_and_place():
    first = SuggestedClip(Lane.PROMO, 4_400, 4000, "Café  Mix")
    assert fingerprint(first) == fingerprint(replace(first, name="cafe mix", start_milli=3_600, length_milli=1))
    assert fingerprint(first) != fingerprint(replace(first, lane=Lane.ACTION))


def test_what_is_worth_offering_never_reads_as_no_points():
    assert [WhatIf(WhatIfKind.READY, gain=gain).points for gain in (0.005, 0.0149, 0.015, 0.1)] == [1, 1, 2, 10]


def reasons_of(*suggestions: SuggestedClip, plan: Plan) -> list[str | None]:
    return [one.idea_because for one in gate(suggestions, plan, NOW, RULES).passed]


def test_the_gate_lets_through_what_just_fits():
    """Up to the very end of the timeline, and over another clip by half a unit; a thousandth more is an idea."""
    plan = Plan(loop(), (clip("action", 0, 4),))
    assert reasons_of(SuggestedClip(Lane.CREATIVE, 60_000, 4_000, "last"), plan=plan) == [None]
    assert reasons_of(SuggestedClip(Lane.CREATIVE, 60_001, 4_000, "over"), plan=plan) == ["outside"]
    assert reasons_of(SuggestedClip(Lane.ACTION, 3_500, 4_000, "shares"), plan=plan) == [None]
    assert reasons_of(SuggestedClip(Lane.ACTION, 3_499, 4_000, "shares more"), plan=plan) == ["overlap"]


def test_rule_suggestions_name_nothing_that_is_there_or_was_dismissed():
    plan = Plan(loop(), (clip("creative", 0, 4, "Sketch", done=1),))
    first = suggest_by_rule(plan, BANK, NOW, RULES)
    again = suggest_by_rule(plan, BANK, NOW, RULES, dismissed={fingerprint(first[0])})
    assert (again[0].lane, again[0].start_milli) == (first[0].lane, first[0].start_milli)
    assert again[0].name != first[0].name
    named = replace(plan, clips=(replace(plan.clips[0], name=f"  {first[0].name.upper()} "),))
    assert first[0].name not in [one.name for one in suggest_by_rule(named, BANK, NOW, RULES)]


def test_a_dated_loop_is_suggested_nothing_for_days_that_are_over():
    """Every day that is left is taken in the lane that is shortest; an undated loop may look behind the playhead."""
    others = tuple(lane for lane in LANES if lane is not Lane.PROMO)
    dated = Plan(
        loop("pr_agency", days=11, lanes_unused=others), (clip("creative", 0, 2, done=1), clip("promo", 9, 11))
    )
    assert list(dict(shortfalls(dated, NOW, RULES))) == [Lane.PROMO]
    assert suggest_by_rule(dated, BANK, NOW, RULES) == ()
    undated = Plan(loop(playhead_milli=62_000), (clip("creative", 0, 28),))
    assert [one.start_milli for one in suggest_by_rule(undated, BANK, NOW, RULES) if one.lane is Lane.ACTION] == [0]


@pytest.mark.parametrize(("start", "read"), [(-100_000, True), (-100_001, False), (100_000, True), (100_001, False)])
def test_a_start_far_off_on_either_side_is_not_read(start: float, read: bool):
    found = read_suggested({"lane": "promo", "start": start}, RULES, dated=False)
    assert (found is not None) is read


@pytest.mark.parametrize(
    ("length", "dated", "milli"),
    [(2.2, False, 2_200), (2.2, True, 3_000), (0.2, True, 1_000), (3, True, 3_000), (10_000.5, False, 4_000)],
)
def test_a_length_is_rounded_up_to_whole_days_and_never_taken_too_long(length: float, dated: bool, milli: int):
    found = read_suggested({"lane": "promo", "start": 1.9, "length": length}, RULES, dated=dated)
    assert found == SuggestedClip(Lane.PROMO, 1_000 if dated else 1_900, milli, "New clip")
