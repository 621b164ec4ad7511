"""The timeline picture: it opens, it is opaque, its parts come from the data, and odd names do not stop it."""

import struct
import warnings
import zlib
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.loops.dates import moment_of
from bot.loops.model import LANES, MILLI, DeadlineKind, Plan
from bot.loops.momentum import measure
from bot.loops.picture import draw_timeline_blocking
from bot.loops.picture_text import drawable
from bot.loops.picture_view import TimelineView, timeline_view, window_of
from bot.loops.rules import loop_rules
from bot.loops.sequence import sequence
from bot.loops.wording import alt_text
from tests.loops.plans import NOW, clip, g8, loop
from tests.loops.words import say

RULES = loop_rules()


def view(plan: Plan, look: str = "") -> TimelineView:
    moment = moment_of(plan.loop, NOW)
    found = sequence(plan.clips, moment=moment, has_bounce=bool(plan.bounces), rules=RULES.sequence)
    momentum = measure(plan, NOW, RULES.momentum)
    return timeline_view(plan, found, momentum, moment.at_milli, say, RULES, look)


def png(data: bytes) -> tuple[int, int, int]:
    """Return width, height and the smallest alpha of a PNG's corner pixels (255 without an alpha channel)."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8
    at, packed = 8, b""
    while at < len(data):
        size = struct.unpack(">I", data[at : at + 4])[0]
        if data[at + 4 : at + 8] == b"IDAT":
            packed += data[at + 8 : at + 8 + size]
        at += size + 12
    first_row = zlib.decompress(packed)[1 : 1 + width * 4]
    return width, height, first_row[3] if kind == 6 else 255


def dated() -> Plan:
    made = (
        clip("creative", 0, 2, "Choose"),
        clip("action", 16, 18, "Deliver", deadline_kind=DeadlineKind.HARD, deadline=date(2026, 6, 25)),
    )
    return Plan(loop(days=87, anchor_date=date(2026, 7, 29)), made)


def crowd(count: int) -> Plan:
    made = [clip(LANES[n % 5], n % 47 * 1.3, n % 47 * 1.3 + 4, f"Clip {n}", ident=f"{n}") for n in range(count)]
    return Plan(loop(), tuple(made))


@pytest.mark.parametrize(
    "plan",
    [Plan(loop()), g8(), dated(), crowd(40), crowd(200)],
    ids=["empty", "eight", "dated", "forty", "two hundred"],
)
def test_the_picture_opens_and_is_opaque(plan):
    for look in ("", "whole"):
        data = draw_timeline_blocking(view(plan, look))
        width, height, alpha = png(data)
        assert (width, alpha) == (1600, 255)
        assert 600 < height < 1200
        assert len(data) < 2_000_000


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["$x^2_{$", "夜🎛️\u202e", "a\u0301" * 30, "\x00\ud7ff", "%s {name}"]))
def test_names_with_any_signs_do_not_stop_it(name, odd):
    plan = Plan(loop(name=odd), (clip("promo", 0, 9, name or "x"), clip("promo", 9, 12, odd)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert draw_timeline_blocking(view(plan))


def test_the_window_starts_a_quarter_before_the_playhead():
    plan = Plan(loop(playhead_milli=20 * MILLI), g8().clips)
    window = window_of(plan, 20 * MILLI, RULES)
    assert (window.start_milli, window.span_milli) == (11 * MILLI, 36 * MILLI)
    assert window_of(plan, 0, RULES).start_milli == 0
    assert window_of(plan, 64 * MILLI, RULES).end_milli == 64 * MILLI
    wide = replace(plan, loop=replace(plan.loop, zoom=0.5))
    assert window_of(wide, 0, RULES).span_milli == 72 * MILLI
    assert window_of(plan, 0, RULES, "whole").span_milli == 64 * MILLI
    assert window_of(plan, 0, RULES, "9000").start_milli == 9 * MILLI


def test_every_clip_is_a_block_with_its_marks():
    shown = {block.clip.name: block for block in view(g8()).blocks}
    assert len(shown) == 8
    assert [shown[name].number for name in ("Mix pass", "Teaser edit", "Pitch note")] == [1, 2, 3]
    assert shown["Sketch"].clip.is_done


def test_overlapping_clips_get_rows_of_their_own():
    plan = Plan(loop(), (clip("promo", 0, 4, "a"), clip("promo", 3, 6, "b"), clip("promo", 6, 8, "c")))
    shown = {block.clip.name: block for block in view(plan).blocks}
    assert (shown["a"].row, shown["b"].row, shown["a"].rows, shown["b"].rows) == (0, 1, 2, 2)
    assert shown["a"].shared == ((3 * MILLI, 4 * MILLI),)
    assert (shown["c"].rows, shown["c"].conflicted) == (1, False)


def test_dated_axis_counts_towards_the_anchor():
    labels = [tick.label for tick in view(dated()).ticks if tick.label]
    assert "T−49 · 10 Jun" in labels
    assert view(dated()).here_text == "Today, Wed 10 June"
    assert view(dated()).deadlines == (("action", 25 * MILLI),)


def test_undated_axis_counts_bars():
    labels = [tick.label for tick in view(g8()).ticks if tick.label]
    assert labels[:3] == ["1", "2", "3"]


def test_today_outside_the_loop_stays_at_its_edge():
    plan = Plan(loop(days=28), (clip("creative", 0, 2),))
    later = NOW + timedelta(days=300)
    moment = moment_of(plan.loop, later)
    found = sequence(plan.clips, moment=moment, has_bounce=False, rules=RULES.sequence)
    made = timeline_view(plan, found, measure(plan, later, RULES.momentum), moment.at_milli, say, RULES)
    assert (made.here_milli, made.here_text) == (28 * MILLI, "Over since Sun 28 June")
    assert "Over since Sun 28 June." in alt_text(
        plan, found, measure(plan, later, RULES.momentum), moment.at_milli, say
    )


def test_a_loop_that_has_not_begun_says_when_it_does():
    plan = Plan(loop(days=28), (clip("creative", 0, 2),))
    before = NOW - timedelta(days=30)
    moment = moment_of(plan.loop, before)
    found = sequence(plan.clips, moment=moment, has_bounce=False, rules=RULES.sequence)
    made = timeline_view(plan, found, measure(plan, before, RULES.momentum), moment.at_milli, say, RULES)
    assert (made.here_milli, made.here_text) == (0, "Begins Mon 1 June")


def test_emoji_that_the_font_lacks_are_left_out_and_letters_become_a_box():
    assert drawable("Mix 🎛️ pass") == "Mix pass"
    assert drawable("🎛🎚") == "□□"
    assert drawable("夜 Mix") == "□ Mix"


def test_a_narrow_block_keeps_its_most_important_mark():
    plan = Plan(loop(days=84), (clip("creative", 9, 10, "Choose the bounce to release"),))
    shown = replace(view(plan), blocks=tuple(replace(block, number=None) for block in view(plan).blocks))
    assert draw_timeline_blocking(view(plan)) != draw_timeline_blocking(shown)
