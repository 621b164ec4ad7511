"""The digest in words: golden file and card, limits for any data, what a channel may see."""

import json
import re
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from bot.digest.clean import base_name, code, markdown, plain
from bot.digest.compile import (
    DigestView,
    Line,
    PublicChoice,
    choose_steps,
    compile_view,
    distinct,
    length_text,
    public_data,
)
from bot.digest.model import (
    Direction,
    FormChange,
    IsoWeek,
    LoopLine,
    MissionNote,
    NextStep,
    PhaseLine,
    SliceCount,
    StepKind,
    TagCount,
    WaitingTask,
    WeekCounts,
    WeekData,
)
from bot.digest.render import PictureSource, card_json, characters, picture_of, read_card, to_card, to_markdown
from bot.say.card import Card, Fact
from tests.digest.weeks import CUT, GOLDEN, NASTY, weeks
from tests.releases.catalogue import Catalogue

WORDS = Catalogue()
GOLDEN_FILE = Path(__file__).with_name("golden_2025_w23.md")


def test_the_golden_week_is_the_golden_file() -> None:
    assert to_markdown(compile_view(GOLDEN, WORDS), WORDS) == GOLDEN_FILE.read_text(encoding="utf-8")


def test_the_golden_week_is_the_golden_card() -> None:
    # The card of a week without anything noticed, a countdown of its own or a phase to tell.
    week = replace(GOLDEN, waiting=None, release=None, phase=None)
    view = compile_view(week, WORDS)
    card, picture = to_card(view, WORDS), picture_of(view)
    assert (card.title, card.lead) == (
        "Your week: 2 bounces, 6 of 9 tasks",
        "Two bounces finished, and **Night Drive** is moving.",
    )
    assert card.facts == [
        Fact("Momentum", "Night Drive 74% strong (was 52%)"),
        Fact("In motion", "9 of the last 10 weeks"),
    ]
    assert parts(card) == {
        "Finished": [
            "memory-spike-v2 (3:17)",
            "frag-loop-finale (1:02)",
            "Arrange, Mix pass",
            "5 slices saved, form map updated twice",
        ],
        "Next": ["Teaser edit (Tue 19:00)", "Spotify pitch by Fri 20 June", "An evening off"],
    }
    assert picture == PictureSource("waveforms/h1.png", "memory-spike-v2.png", "Waveform, 3:17, loudest near 2:05")
    assert card.meta == ["Week 23. Not AI-written. /digest edit"]
    assert read_card(card_json(card, picture)) == (card, picture)


def test_a_card_stored_in_the_form_of_before_is_still_read() -> None:
    stored = {
        "title": "Your week: 2 bounces",
        "lead": "Two bounces finished.",
        "color": 3844542,
        "sections": [
            {"name": "Finished", "value": "memory-spike-v2 (3:17)\nfrag-loop-finale (1:02)"},
            {"name": "Momentum", "value": "Night Drive 74% strong\nAurora 20% early", "inline": True},
        ],
        "image": {"file": "memory-spike-v2.png", "alt": "Waveform, 3:17", "source": "b1"},
        "footer": "Week 23.",
        "buttons": ["Pause"],
    }
    card, picture = read_card(json.dumps(stored))
    assert card.facts == [Fact("Momentum", "Night Drive 74% strong, Aurora 20% early")]
    assert parts(card) == {"Finished": ["memory-spike-v2 (3:17)", "frag-loop-finale (1:02)"]}
    assert picture == PictureSource("b1", "memory-spike-v2.png", "Waveform, 3:17")


def test_a_title_that_begins_with_a_number_keeps_it() -> None:
    bounce = replace(GOLDEN.bounces[0], file_name="2. Verse.wav", title="2. Verse")
    week = replace(GOLDEN, bounces=(bounce,))
    assert parts(to_card(compile_view(week, WORDS), WORDS))["Finished"][0] == "2\\. Verse (3:17)"


def parts(card: Card) -> dict[str, list[str]]:
    """Return the sections of a card by their headings."""
    return {section.heading or "": [str(line) for line in section.lines] for section in card.sections}


def names_of(card: Card) -> list[str]:
    """Return what the facts and sections of a card are called."""
    return [*(fact.label for fact in card.facts if isinstance(fact, Fact)), *parts(card)]


def test_one_of_a_thing_is_said_in_the_singular() -> None:
    week = replace(
        GOLDEN, bounces=GOLDEN.bounces[:1], clips=(), slices=(SliceCount("x.wav", 1),), forms=(FormChange("Map", 1),)
    )
    text = to_markdown(compile_view(week, WORDS), WORDS)
    assert "One bounce finished" in text
    assert "1 Oracle slice saved (from `x.wav`)" in text
    assert "Map updated 1 time\n" in text


def test_on_request_every_heading_is_there_and_zeros_are_spelled_out() -> None:
    empty = WeekData(IsoWeek(2025, 23), CUT)
    text = to_markdown(compile_view(empty, WORDS, so_far=True), WORDS)
    headings = re.findall(r"^### (.+)$", text, re.M)
    assert len(headings) == 11
    assert text.count("none yet") == 11
    assert text.startswith("# Weekly Loop Digest so far: 2-8 June 2025\n\n**Nothing finished so far")
    assert "none yet" not in to_markdown(compile_view(empty, WORDS), WORDS)


def test_finished_shows_five_and_counts_the_rest() -> None:
    week = replace(GOLDEN, clips=tuple(replace(GOLDEN.clips[0], id=str(n), name=f"Clip {n}") for n in range(6)))
    view = compile_view(week, WORDS)
    assert (len(view.bounces), len(view.clips), view.more) == (2, 3, 3)
    assert "- and 3 more" in to_markdown(view, WORDS)


@pytest.mark.parametrize(
    ("bounces", "clips", "last"),
    [
        (7, 0, "- take-4.wav - 0:30 (Thu)\n- and 2 more\n"),
        (7, 2, "- take-4.wav - 0:30 (Thu)\n- and 4 more\n"),
        (2, 6, "- Clips done: Arrange, Arrange, Arrange\n- and 3 more\n"),
        (0, 5, "- Clips done: Arrange, Arrange, Arrange, Arrange, Arrange\n"),
    ],
)
def test_what_is_not_shown_is_counted_once_and_after_all_that_is(bounces: int, clips: int, last: str) -> None:
    week = replace(
        GOLDEN,
        bounces=tuple(
            replace(GOLDEN.bounces[0], id=f"b{n}", content_hash=f"h{n}", file_name=f"take-{n}.wav", duration_s=30.0)
            for n in range(bounces)
        ),
        clips=tuple(replace(GOLDEN.clips[0], id=f"c{n}") for n in range(clips)),
    )
    text = to_markdown(compile_view(week, WORDS), WORDS).replace("`", "")
    finished = text.partition("\n### Saved slices")[0].rstrip() + "\n"
    assert finished.endswith(last)
    assert text.count(" more\n") == last.count(" more\n")


def test_the_loop_that_moved_most_beside_the_one_of_the_headline_is_noticed() -> None:
    """A fall is as worth noticing as a rise; the headline's own is not told twice."""
    first = replace(GOLDEN.loops[0], id="a", name="Harbour", score=0.9, score_before=0.2)
    second = replace(first, id="b", name="Dunes", score=0.605, score_before=0.404)
    third = replace(first, id="c", name="Tides", score=0.25, score_before=0.55)

    def noticed(*loops: LoopLine) -> str:
        return compile_view(replace(GOLDEN, loops=loops), WORDS).noticed

    assert compile_view(replace(GOLDEN, loops=(second, first)), WORDS).headline.card.endswith("**Harbour** is moving.")
    assert noticed(second, first) == "Dunes went from 40% to 60%."
    assert noticed(second, first, third) == "Tides went from 55% to 25%."
    assert noticed(first) == '"Email two venues" has waited two weeks. Split it, schedule it, swap it or let it go?'


def test_a_step_over_a_week_away_is_told_with_its_date() -> None:
    def told(day: date) -> str:
        step = NextStep(StepKind.ACTION, "c", "Mix", day)
        return compile_view(replace(GOLDEN, steps=(step,)), WORDS).steps[0].card

    assert told(CUT.date() + timedelta(days=6)) == "Mix (Sat)"
    assert told(CUT.date() + timedelta(days=7)) == "Mix (Sun 15 June)"


def counted(done: int, planned: int, **more: Any) -> WeekCounts:
    return WeekCounts((("creative", done, planned),), **more)


BARE = WeekData(IsoWeek(2025, 23), CUT)
A_BOUNCE, A_CLIP = GOLDEN.bounces[:1], GOLDEN.clips[:1]


@pytest.mark.parametrize(
    ("week", "title", "lead"),
    [
        (BARE, "quiet so far", "Nothing finished so far, and nothing needed."),
        (replace(BARE, tasks_decided=1), "quiet so far", "Some small steps this week."),
        (replace(BARE, counts=counted(0, 0)), "quiet so far", "Nothing finished so far, and nothing needed."),
        (replace(BARE, counts=counted(0, 3), reflections=1), "0 of 3 tasks", "Some small steps this week."),
        (replace(BARE, counts=counted(1, 3)), "1 of 3 tasks", "One task done."),
        (replace(BARE, clips=A_CLIP, counts=counted(2, 3)), "1 clip done, 2 of 3 tasks", "One clip done."),
        (replace(BARE, clips=A_CLIP * 11), "11 clips done", "11 clips done."),
        (replace(BARE, clips=A_CLIP * 10), "10 clips done", "Ten clips done."),
        (replace(BARE, bounces=A_BOUNCE, clips=A_CLIP), "1 bounce", "One bounce finished."),
        (replace(BARE, loops=GOLDEN.loops), "quiet so far", "Nothing finished so far, and nothing needed."),
        (
            replace(BARE, clips=A_CLIP, loops=(replace(GOLDEN.loops[0], score=0.2),)),
            "1 clip done",
            "One clip done.",
        ),
    ],
)
def test_title_and_first_sentence_tell_the_most_of_what_there_was(week: WeekData, title: str, lead: str) -> None:
    """A bounce before clips, clips before tasks; a loop that fell is not what a week begins with."""
    view = compile_view(week, WORDS)
    assert (view.card_title, view.headline.card) == (f"Your week: {title}", lead)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0:00"),
        (59.9, "0:59"),
        (60, "1:00"),
        (197.4, "3:17"),
        (3599.9, "59:59"),
        (3600, "1:00:00"),
        (3725, "1:02:05"),
    ],
)
def test_a_length_is_told_in_minutes_and_from_an_hour_on_in_hours(seconds: float, told: str) -> None:
    assert length_text(seconds) == told


@pytest.mark.parametrize(
    ("loudest", "alt"),
    [
        (None, "Waveform, 3:17"),
        (0.0, "Waveform, 3:17, loudest near 0:00"),
        (125.0, "Waveform, 3:17, loudest near 2:05"),
    ],
)
def test_a_waveform_is_told_to_those_who_do_not_see_it(loudest: float | None, alt: str) -> None:
    view = compile_view(replace(GOLDEN, bounces=(replace(GOLDEN.bounces[0], loudest_s=loudest),)), WORDS)
    assert [picture.alt for picture in view.pictures] == [alt]
    bare = replace(GOLDEN.bounces[0], picture="")
    assert compile_view(replace(GOLDEN, bounces=(bare,)), WORDS).pictures == ()


@pytest.mark.parametrize(
    ("slices", "forms", "line"),
    [
        (0, 0, ()),
        (1, 0, ("1 slice saved",)),
        (0, 1, ("form map updated once",)),
        (2, 2, ("2 slices saved, form map updated twice",)),
        (0, 3, ("form map updated 3 times",)),
    ],
)
def test_slices_and_form_maps_stand_in_one_line_of_the_card(slices: int, forms: int, line: tuple[str, ...]) -> None:
    week = replace(
        BARE,
        slices=(SliceCount("take.wav", slices),) if slices else (),
        forms=tuple(FormChange(f"Map {n}", 1) for n in range(forms)),
    )
    assert compile_view(week, WORDS).extras == line


def test_a_tag_is_notable_from_twice_on_and_three_are_named() -> None:
    tags = (TagCount("dark", 5), TagCount("vocal", 4), TagCount("dub", 3), TagCount("pad", 2))
    assert compile_view(replace(BARE, tags=tags), WORDS).tags == "dark (5), vocal (4), dub (3)"
    seldom = compile_view(replace(BARE, tags=(TagCount("pad", 2), TagCount("once", 1))), WORDS)
    assert (seldom.tags, seldom.extras) == ("pad (2)", ("Tags: pad (2)",))


@pytest.mark.parametrize(
    ("counts", "lines"),
    [
        (None, ()),
        (counted(0, 0), ()),
        (counted(1, 2), ("1 of 2 tasks: creative 1/2",)),
        (counted(0, 0, weeks_in_motion=0, weeks_counted=0), ()),
        (counted(0, 0, weeks_in_motion=0, weeks_counted=4), ("In motion 0 of the last 4 weeks.",)),
        (counted(0, 0, weeks_in_motion=1, weeks_counted=1), ("In motion 1 of 1 week.",)),
        (counted(0, 0, completion=Direction.UP), ("Completion: improving.",)),
        (
            counted(1, 2, weeks_in_motion=3, weeks_counted=4, completion=Direction.DOWN),
            ("1 of 2 tasks: creative 1/2", "In motion 3 of the last 4 weeks. Completion: lower than it was."),
        ),
    ],
)
def test_the_week_in_motion_tells_what_is_known_and_no_more(counts: WeekCounts | None, lines: tuple[str, ...]) -> None:
    assert compile_view(replace(BARE, counts=counts), WORDS).motion == lines


@pytest.mark.parametrize(
    ("week", "noticed"),
    [
        (replace(BARE, counts=counted(1, 2, completion=Direction.UP)), "More of what was planned gets done"),
        (replace(BARE, counts=counted(1, 2, completion=Direction.DOWN)), "Less of what was planned gets done"),
        (replace(BARE, counts=counted(1, 2, completion=Direction.SAME)), ""),
        (replace(BARE, waiting=WaitingTask("Email", 1)), '"Email" has waited one week.'),
        (replace(BARE, waiting=WaitingTask("Email", 11)), '"Email" has waited 11 weeks.'),
        (replace(BARE, waiting=WaitingTask("Email", 0)), ""),
    ],
)
def test_one_thing_is_noticed_only_where_there_is_one(week: WeekData, noticed: str) -> None:
    found = compile_view(week, WORDS).noticed
    assert found.startswith(noticed)
    assert bool(found) is bool(noticed)


def test_three_loops_are_told_of_at_most() -> None:
    loops = tuple(replace(GOLDEN.loops[0], id=f"l{n}", name=f"Loop {n}") for n in range(4))
    assert [line.file[:6] for line in compile_view(replace(BARE, loops=loops), WORDS).loops] == [
        "Loop 0",
        "Loop 1",
        "Loop 2",
    ]


def test_a_release_day_alone_is_a_small_step_in_the_copy_for_others_too() -> None:
    public = public_data(replace(BARE, release_days=1), PublicChoice())
    assert compile_view(public, WORDS, owner_name="Ada").headline.card == "Some small steps this week."


def test_a_loop_that_fell_says_what_it_was_and_the_card_too() -> None:
    fell = replace(GOLDEN.loops[0], score=0.41, score_before=0.78, next_clip="")
    (line,) = compile_view(replace(BARE, loops=(fell,)), WORDS).loops
    assert (line.file, line.card) == ("Night Drive: 41% strong, was 78%.", "Night Drive 41% strong (was 78%)")
    (same,) = compile_view(replace(BARE, loops=(replace(fell, score_before=0.41, label_before=None),)), WORDS).loops
    assert (same.file, same.card) == ("Night Drive: 41% strong, about the same.", "Night Drive 41% strong")


@pytest.mark.parametrize(
    ("bounces", "offer", "file", "card"),
    [
        (0, False, "Phase: Builder since 12 May.", "Builder since 12 May."),
        (1, False, "Phase: Builder, one bounce since 12 May.", "Builder, one bounce since 12 May."),
        (0, True, "Phase: Builder since 12 May: ready to move on when you are.", None),
    ],
)
def test_a_phase_is_told_with_its_bounces_and_the_way_on_that_is_open(
    bounces: int, offer: bool, file: str, card: str | None
) -> None:
    view = compile_view(replace(BARE, phase=PhaseLine("builder", date(2025, 5, 12), bounces, offer)), WORDS)
    assert view.phase == file
    assert card is None or view.phase_card == card


def test_a_deadline_says_how_long_before_the_release_it_is_and_what_was_checked() -> None:
    def told(**more: Any) -> str:
        step = NextStep(StepKind.DEADLINE, "c", "Pitch", date(2025, 6, 20), if_then="If it is Monday.", **more)
        return compile_view(replace(BARE, steps=(step,)), WORDS).steps[0].file

    assert told() == "Pitch: last day Fri 20 June. If it is Monday."
    assert told(days_before_release=1).startswith("Pitch: last day Fri 20 June (1 day before release).")
    assert told(checked="checked in May").startswith("Pitch: last day Fri 20 June (checked in May).")


def test_only_the_first_step_has_a_way_to_begin_and_a_rest_needs_none() -> None:
    first, second = NextStep(StepKind.TASK, "a", "Sketch"), NextStep(StepKind.ACTION, "b", "Mix")
    rest = NextStep(StepKind.REST, "c", "An evening off")
    lines = [line.file for line in compile_view(replace(BARE, steps=(first, second, rest)), WORDS).steps]
    assert lines[0] == "Mix. If there is half an hour, then ten minutes on it are a start."
    assert lines[1:] == ["Sketch", "An evening off"]
    assert compile_view(replace(BARE, steps=(rest,)), WORDS).steps[0].file == "An evening off"


def test_a_release_without_a_deadline_ahead_is_told_by_its_countdown_alone() -> None:
    assert GOLDEN.release is not None
    plain_release = replace(GOLDEN.release, deadline_title="", deadline_day=None)
    assert compile_view(replace(BARE, release=plain_release), WORDS).release == "*Night Drive*: T-19, Fri 27 June."


def test_two_notes_of_missions_are_shown_and_one_proposal_is_one() -> None:
    notes = tuple(MissionNote("Scout", f"Note {n}") for n in range(3))
    assert compile_view(replace(BARE, notes=notes), WORDS).notes == (
        "Note 0 (note by Scout)",
        "Note 1 (note by Scout)",
    )
    told = [compile_view(replace(BARE, proposals=count), WORDS).proposals for count in (0, 1, 2)]
    assert told == ["", "1 proposal waits for you", "2 proposals wait for you"]


def test_copies_of_a_bounce_count_once() -> None:
    twice = (*GOLDEN.bounces, replace(GOLDEN.bounces[0], id="b9", file_name="copy.wav", at=CUT))
    assert len(distinct(twice)) == 2


def test_a_change_is_shown_only_if_it_is_real() -> None:
    loop = GOLDEN.loops[0]
    small = replace(loop, score=0.70, score_before=0.66, label="strong", label_before="strong")
    text = to_markdown(compile_view(replace(GOLDEN, loops=(small,)), WORDS), WORDS)
    assert "70% strong, about the same." in text
    assert "is moving" not in text
    label = replace(loop, score=0.61, score_before=0.59, label="strong", label_before="steady")
    assert "61% strong, up from 59%." in to_markdown(compile_view(replace(GOLDEN, loops=(label,)), WORDS), WORDS)
    fresh = replace(loop, score_before=None, label_before=None)
    assert "74% strong. Next" in to_markdown(compile_view(replace(GOLDEN, loops=(fresh,)), WORDS), WORDS)


@pytest.mark.parametrize(("days", "is_told"), [(-1, False), (0, True), (1, True), (14, True), (15, False)])
def test_a_deadline_is_a_next_step_from_two_weeks_before_until_its_own_day(days: int, is_told: bool) -> None:
    deadline = replace(GOLDEN.steps[1], day=CUT.date() + timedelta(days=days), ref="deadline")
    steps = choose_steps(replace(GOLDEN, steps=(GOLDEN.steps[0], deadline)))
    assert (deadline in steps) is is_told
    assert GOLDEN.steps[0] in steps


def test_deadlines_come_before_actions_and_one_place_is_kept_for_a_rest() -> None:
    def step(kind: StepKind, ref: str, days: int | None = None) -> NextStep:
        return NextStep(kind, ref, ref, None if days is None else CUT.date() + timedelta(days=days))

    def chosen(*steps: NextStep) -> list[str]:
        return [found.title for found in choose_steps(replace(GOLDEN, steps=steps))]

    rest, task, second = step(StepKind.REST, "rest"), step(StepKind.TASK, "task"), step(StepKind.TASK, "second")
    action, late, soon = (
        step(StepKind.ACTION, "action", 1),
        step(StepKind.DEADLINE, "late", 9),
        step(StepKind.DEADLINE, "soon", 3),
    )
    assert chosen(rest, action, late, soon) == ["soon", "late", "rest"]
    assert chosen(action, late, soon) == ["action", "soon", "late"], "shown by day"
    assert chosen(task, second, rest, action) == ["action", "task", "rest"], "one task, the top one"
    assert chosen(rest, replace(rest, title="another")) == ["rest"]
    assert chosen(late, replace(late, kind=StepKind.ACTION, title="the same thing"), task) == ["late", "task"]


@pytest.mark.parametrize(("bounces", "clips"), [(5, 0), (4, 6), (2, 9), (1, 4)])
def test_a_card_that_is_too_long_counts_what_it_leaves_out(bounces: int, clips: int) -> None:
    """However much has to go, what is shown and what "more" says make up all that was finished."""
    week = replace(
        GOLDEN,
        bounces=tuple(replace(GOLDEN.bounces[0], id=f"b{n}", content_hash=f"b{n}") for n in range(bounces)),
        clips=tuple(replace(GOLDEN.clips[0], id=f"c{n}") for n in range(clips)),
    )
    view = compile_view(week, WORDS)
    long = replace(
        view,
        bounces=tuple(replace(line, card="bounce " + "x" * 1_000) for line in view.bounces),
        clips=tuple("clip " + "y" * 1_000 for _ in view.clips),
    )
    card = to_card(long, WORDS)
    assert characters(card) <= 3900
    finished = "\n".join(parts(card)["Finished"])
    more = re.search(r"and (\d+) more", finished)
    assert finished.count("bounce ") + finished.count("clip ") + int(more[1] if more else 0) == bounces + clips


@pytest.mark.parametrize(
    ("bounces", "clips", "steps", "shown"),
    [(5, 0, 0, (1, 0, 0)), (2, 0, 1, (1, 0, 1)), (1, 4, 0, (1, 0, 0)), (1, 0, 2, (1, 0, 1)), (0, 4, 1, (0, 1, 1))],
)
def test_a_card_that_is_too_long_by_one_part_alone_is_shortened_there(
    bounces: int, clips: int, steps: int, shown: tuple[int, int, int]
) -> None:
    """Only the part that has more than one entry can be shortened; it is, until the card fits."""
    view = replace(
        compile_view(replace(GOLDEN, slices=(), forms=()), WORDS),
        bounces=tuple(Line("", "bounce " + "x" * 2_000) for _ in range(bounces)),
        clips=tuple("clip " + "y" * 1_950 for _ in range(clips)),
        steps=tuple(Line("", "step " + "z" * 1_500) for _ in range(steps)),
    )
    card = to_card(view, WORDS)
    assert characters(card) <= 3900
    finished, following = ("\n".join(parts(card).get(name, ())) for name in ("Finished", "Next"))
    assert (finished.count("bounce "), finished.count("clip "), following.count("step ")) == shown


def filled(wanted: int) -> DigestView:
    """Return a week whose card has that many characters, each part within its own limit."""
    view = replace(
        compile_view(replace(GOLDEN, proposals=1), WORDS),
        loops=(Line("", "l" * 900),),
        release="r" * 900,
        phase_card="f" * 900,
        extras=("e" * 300,),
        noticed="n",
    )
    return replace(view, noticed="n" * (wanted - characters(to_card(view, WORDS)) + 1))


def test_a_card_of_3900_characters_is_whole_and_one_more_costs_it_the_least_important_part() -> None:
    whole = to_card(filled(3900), WORDS)
    assert characters(whole) == 3900
    names = names_of(whole)
    assert names[-2:] == ["Open proposals", "Phase"]
    shorter = to_card(filled(3901), WORDS)
    assert names_of(shorter) == [name for name in names if name != "Open proposals"]


@pytest.mark.parametrize(
    ("motion", "gone"),
    [
        (0, ["Open proposals", "Release"]),
        (700, ["Open proposals", "Release", "One thing noticed"]),
        (999, ["Open proposals", "Release", "One thing noticed", "Momentum"]),
    ],
)
def test_what_was_finished_and_what_is_next_stay_longest_on_a_card(motion: int, gone: list[str]) -> None:
    """Proposals go first, then the release, what was noticed, slices and tags, momentum."""
    view = replace(filled(3900), steps=tuple(Line("", "s" * 300) for _ in range(3)), motion_card="m" * motion)
    names = names_of(to_card(view, WORDS))
    assert {"Finished", "Next"} <= set(names)
    everything = ["Open proposals", "Release", "One thing noticed", "Momentum"]
    assert [name for name in everything if name not in names] == gone


@settings(max_examples=40, deadline=None)
@given(weeks)
def test_any_week_is_within_limits_and_its_counts_are_those_of_the_data(data: WeekData) -> None:
    view = compile_view(data, WORDS)
    card = to_card(view, WORDS)
    assert characters(card) <= 3900
    assert all(line for lines in parts(card).values() for line in lines)
    picture = picture_of(view)
    assert picture is None or len(picture.alt) <= 300
    assert not card.rows, "whoever shows it puts them there"
    assert read_card(card_json(card, picture)) == (card, picture)
    assert view.counts == (len(distinct(data.bounces)), len(data.clips), data.counts.done if data.counts else 0)
    assert len(view.bounces) + len(view.clips) + view.more == view.counts[0] + view.counts[1]
    assert len(view.steps) <= 3
    assert len(view.loops) <= 3
    assert card.lead == view.headline.card
    if view.steps:
        assert any(view.steps[0].card in lines for lines in parts(card).values())
    text = to_markdown(view, WORDS)
    assert text == to_markdown(compile_view(data, WORDS), WORDS)
    for shown in (text, card_json(card)):
        assert not re.search(r"@(?!\u200b|\\u200b)", shown), "a mention would work"
        assert "\u202e" not in shown
    assert "etc/x" not in "".join(re.findall(r"`[^`]*`", text))


@settings(max_examples=40, deadline=None)
@given(weeks)
def test_a_public_copy_holds_no_forbidden_field(data: WeekData) -> None:
    marked = replace(
        data,
        bounces=tuple(replace(b, title="PRIVATE" if b.private else "open") for b in data.bounces),
        clips=tuple(replace(c, name="PRIVATE" if c.private else "open", loop_name="LOOPNAME") for c in data.clips),
        loops=tuple(replace(loop, name="LOOPNAME") for loop in data.loops),
        steps=tuple(replace(step, title="NEXTSTEP") for step in data.steps),
    )
    public = public_data(marked, PublicChoice())
    allowed = {"week", "cut", "bounces", "clips", "slices", "forms", "release", "release_days"}
    empty = WeekData(data.week, data.cut)
    for field in fields(WeekData):
        if field.name not in allowed:
            assert getattr(public, field.name) == getattr(empty, field.name), field.name
    card = to_card(compile_view(public, WORDS, owner_name="Ada"), WORDS)
    text = card_json(card)
    for secret in ("PRIVATE", "LOOPNAME", "NEXTSTEP", "Energy", "/digest edit"):
        assert secret not in text
    if data.release and not data.release.public:
        assert public.release is None


def test_momentum_is_public_only_where_its_owner_opted_in() -> None:
    assert public_data(GOLDEN, PublicChoice(loops=True)).loops[0].next_clip == ""
    assert public_data(GOLDEN, PublicChoice()).loops == ()
    card = to_card(compile_view(public_data(GOLDEN, PublicChoice()), WORDS, owner_name="Ada"), WORDS)
    assert card.title == "Ada's week: 2 bounces"
    assert card.lead == "Two bounces finished."


@pytest.mark.parametrize("name", NASTY)
def test_nasty_names_neither_leak_nor_break(name: str) -> None:
    shown = code(name)
    assert shown.count("`") == 2
    assert "/" not in base_name(name)
    assert len(plain(name)) <= 80
    assert "\u202e" not in plain(name)
    assert not re.search(r"(?<!\\)[*`|]", markdown(name))


def test_emoji_are_never_cut_in_two() -> None:
    cut = plain("🎛️" * 255)
    assert cut.endswith("…")
    assert cut[:-1] == "🎛️" * (len(cut[:-1]) // 2)
