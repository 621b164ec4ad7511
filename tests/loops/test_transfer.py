"""A loop as a file: round trips without a difference, and bad files answered with line and reason."""

import csv
import io
import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.loops.model import Clip, ClipKind, DeadlineKind, Plan
from bot.loops.rules import loop_rules
from bot.loops.transfer import apply, difference, parse, to_csv, to_json
from tests.loops.plans import NOW, clip, clips, few, g8, loop
from tests.loops.words import say

RULES = loop_rules()
TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"
names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=TURNS), min_size=1, max_size=80
).filter(str.strip)


@st.composite
def named_clips(draw):
    made = draw(clips(max_size=8))
    return tuple(
        replace(
            one,
            name=draw(names),
            notes=draw(st.sampled_from(["", "a,b", 'say "so"', "two\nlines", "=SUM(A1)", "'=x", "-1", "@home"])),
            kind=draw(st.sampled_from(list(ClipKind))),
            deadline_kind=draw(st.sampled_from(list(DeadlineKind))),
            deadline=draw(st.one_of(st.none(), st.dates(date(2000, 1, 1), date(2100, 1, 1)))),
        )
        for one in made
    )


def read(text: str, *, is_csv: bool, dated: bool = False):
    return parse(text.encode(), is_csv=is_csv, dated=dated, rules=RULES)


def diff(plan: Plan, parsed, *, keep_missing: bool = False):
    assert not parsed.problems, parsed.problems
    return difference(plan.loop, plan.clips, parsed.rows, NOW, RULES, keep_missing=keep_missing)


def as_text(plan: Plan, is_csv: bool) -> str:
    return to_csv(plan) if is_csv else to_json(plan)


both = pytest.mark.parametrize("is_csv", [True, False], ids=["csv", "json"])


@both
@few
@given(named_clips())
def test_what_goes_out_comes_in_without_a_difference(is_csv, made):
    plan = Plan(loop(), made)
    assert diff(plan, read(as_text(plan, is_csv), is_csv=is_csv)).is_empty


@both
@few
@given(named_clips(), named_clips(), st.booleans(), st.randoms(use_true_random=False))
def test_applying_twice_is_applying_once(is_csv, mine, theirs, keep, random):
    plan = Plan(loop(), mine)
    rows = list(read(as_text(Plan(loop(), theirs), is_csv), is_csv=is_csv).rows)
    once = replace(
        plan, clips=apply(plan.clips, difference(plan.loop, plan.clips, rows, NOW, RULES, keep_missing=keep))
    )
    random.shuffle(rows)
    assert difference(once.loop, once.clips, rows, NOW, RULES, keep_missing=keep).is_empty


@both
@few
@given(named_clips())
def test_import_into_an_empty_loop_gives_the_same_clips(is_csv, made):
    empty = Plan(loop())
    change = diff(empty, read(as_text(Plan(loop(), made), is_csv), is_csv=is_csv))
    assert len(change.new) == len(made)
    assert not change.changed
    after = sorted(shape(one) for one in apply((), change))
    assert after == sorted(shape(one) for one in made)


def shape(one: Clip) -> tuple[str, ...]:
    return tuple(
        map(
            str,
            (
                one.lane,
                one.start_milli,
                one.length_milli,
                one.name,
                one.notes,
                one.ready,
                one.done_at,
                one.kind,
                one.deadline_kind,
                one.deadline,
            ),
        )
    )


def test_a_preview_counts_new_changed_and_removed():
    plan = g8()
    lines = to_csv(plan).splitlines()
    text = "\n".join(
        [
            lines[0],
            *(line.replace(",Sketch,", ",Sketch two,") for line in lines[1:-1]),
            ",promo,40,2,One,,,,,,",
            "unknown-id,promo,44,2,Two,,,,,,",
            ",action,44,2,Three,,,,,,",
        ]
    )
    change = diff(plan, read(text, is_csv=True))
    assert ([c.name for c in change.new], [b.name for _, b in change.changed], [c.name for c in change.removed]) == (
        ["One", "Two", "Three"],
        ["Sketch two"],
        ["Look back"],
    )
    assert not diff(plan, read(text, is_csv=True), keep_missing=True).removed


def test_columns_that_are_not_given_stay_as_they_were():
    plan = g8()
    change = diff(plan, read(f"id,lane,name\n{plan.clips[0].id},creative,Other\n", is_csv=True), keep_missing=True)
    assert change.changed == ((plan.clips[0], replace(plan.clips[0], name="Other", updated_at=NOW)),)


@pytest.mark.parametrize("sign", "=+-@\t\r＝＋－＠")
@pytest.mark.parametrize("before", ["", "'", "''"])
def test_no_cell_leaves_as_a_formula_and_every_one_comes_back_as_typed(sign: str, before: str):
    """A spreadsheet runs a cell by its first sign; `-1+2` is as much a formula as `=1+2`."""
    typed = f"{before}{sign}1+2"
    plan = Plan(loop(), (clip("promo", 0, 4, typed, notes=typed),))
    row = next(csv.DictReader(io.StringIO(to_csv(plan), newline="")))
    assert (row["name"], row["notes"]) == (f"'{typed}", f"'{typed}")
    assert diff(plan, read(to_csv(plan), is_csv=True)).is_empty


@pytest.mark.parametrize("typed", ["1+2", "a=b", "mail@home", "'tis", "take -3", "", " "])
def test_what_is_no_formula_leaves_as_it_was_typed(typed: str):
    plan = Plan(loop(), (clip("promo", 0, 4, notes=typed),))
    assert next(csv.DictReader(io.StringIO(to_csv(plan), newline="")))["notes"] == typed


@pytest.mark.parametrize(
    ("text", "is_csv", "line", "code"),
    [
        ("", True, 0, "empty"),
        ("", False, 0, "empty"),
        ("id,lane,colour\n", True, 1, "unknown_column"),
        ("id,name\n", True, 1, "bad_header"),
        ("lane,start\npromo,1\ndrums,2\n", True, 3, "bad_lane"),
        ("lane,start\npromo,soon\n", True, 2, "bad_number"),
        ("lane,start\npromo,nan\n", True, 2, "bad_number"),
        ("lane,start\npromo,1e308\n", True, 2, "out_of_range"),
        ("lane,start\npromo,-1\n", True, 2, "out_of_range"),
        ("lane,length\npromo,0\n", True, 2, "out_of_range"),
        ("lane,length\npromo,10001\n", True, 2, "out_of_range"),
        ("lane,name\npromo," + "x" * 81 + "\n", True, 2, "too_long"),
        ("lane,loopos_ready\npromo,perhaps\n", True, 2, "bad_flag"),
        ("lane,done_at\npromo,yesterday\n", True, 2, "bad_instant"),
        ("lane,deadline\npromo,1/2/2026\n", True, 2, "bad_day"),
        ('lane,name\npromo,"a\nb"\npromo,"c"d\n', True, 4, "not_csv"),
        ("id,lane\na,promo\na,promo\n", True, 3, "duplicate_id"),
        ("lane\npromo,1,2\n", True, 2, "too_many_cells"),
        ("{", False, 1, "not_json"),
        ("[" * 100_000, False, 1, "not_json"),
        ("[]", False, 1, "unknown_format"),
        ('{"format":"studiohand.loop","version":2,"clips":[]}', False, 1, "unknown_version"),
        ('{"format":"studiohand.loop","version":true,"clips":[]}', False, 1, "unknown_version"),
        ('{"format":"studiohand.loop","version":1}', False, 1, "no_clips"),
        ('{"format":"studiohand.loop","version":1,"clips":[\n{"lane":"promo"},\n7]}', False, 3, "not_a_clip"),
        ('{"format":"studiohand.loop","version":1,"clips":[\n{"lane":"promo","x":1}]}', False, 2, "unknown_field"),
        ('{"format":"studiohand.loop","version":1,"clips":[{"lane":"promo","start":true}]}', False, 1, "bad_number"),
        # Where the place of the clips cannot be found in the text, their number has to do.
        (
            '{"format":"studiohand.loop","version":1,"\\u0063lips":[{},{},{"lane":"promo","x":1}]}',
            False,
            3,
            "unknown_field",
        ),
    ],
)
def test_bad_files_are_answered_with_line_and_reason(text, is_csv, line, code):
    found = read(text, is_csv=is_csv)
    assert not found.rows
    assert (found.problems[0].line, found.problems[0].code) == (line, code)
    assert say(f"loop.import.problem.{code}", **{"typed": "", **found.problems[0].parts})


def test_at_most_ten_problems_are_listed():
    text = "lane,start\n" + "drums,soon\n" * 30
    assert len(read(text, is_csv=True).problems) == 10


def test_sizes_have_limits():
    big = parse(b" " * (1 << 20) + b" ", is_csv=True, dated=False, rules=RULES)
    assert big.problems[0].code == "too_big"
    full = parse(b"lane\npromo\n".ljust(1 << 20, b"\n"), is_csv=True, dated=False, rules=RULES)
    assert (full.problems, len(full.rows)) == ((), 1)
    assert len(read("lane\n" + "promo\n" * 500, is_csv=True).rows) == 500
    long = read("lane\n" + "promo\n" * 501, is_csv=True)
    assert (long.problems[0].code, long.problems[0].line) == ("too_many_rows", 502)
    assert parse(b"lane\npro\xff\n", is_csv=True, dated=False, rules=RULES).problems[0].code == "not_text"


def test_a_dated_loop_takes_whole_days():
    assert read("lane,start\npromo,1.5\n", is_csv=True, dated=True).problems[0].code == "whole_days"


def test_json_carries_the_loop_and_says_its_format():
    document = json.loads(to_json(g8()))
    assert (document["format"], document["version"]) == ("studiohand.loop", 1)
    assert document["loop"]["name"] == "Night Drive"
    assert document["clips"][0]["loopos_ready"] is True


@pytest.mark.parametrize("odd", ["a\0b", "a\u202eb", "a\x1bb", "\ud800"])
def test_a_file_with_signs_that_lie_or_cannot_be_stored_is_refused(odd: str):
    text = json.dumps({"format": "studiohand.loop", "version": 1, "clips": [{"lane": "promo", "name": odd}]})
    assert [problem.code for problem in parse(text.encode(), is_csv=False, dated=False, rules=RULES).problems] == [
        "bad_text"
    ]


def test_a_small_file_of_very_many_clips_is_refused_before_they_are_looked_at():
    text = '{"format": "studiohand.loop", "version": 1, "clips": [' + "{}," * 120_000 + "{}]}"
    (problem,) = parse(text.encode(), is_csv=False, dated=False, rules=RULES).problems
    assert (problem.code, problem.parts["count"]) == ("too_many_rows", 120_001)


def test_a_number_of_very_many_digits_is_no_json():
    text = '{"format": "studiohand.loop", "version": ' + "9" * 5000 + "}"
    assert [problem.code for problem in parse(text.encode(), is_csv=False, dated=False, rules=RULES).problems] == [
        "not_json"
    ]
