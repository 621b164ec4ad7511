"""Form maps: drawing, versions by content, differences that can be applied, boundaries on a waveform."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Refused
from bot.phases.form_map import (
    FormDiff,
    Overlay,
    OverlayMode,
    content_hash,
    diff,
    diff_in_words,
    draw,
    identities,
    markdown,
    overlay,
    overlay_alt,
    parse_sections,
    parse_time,
    section_line,
)
from bot.phases.model import FormContent, Section, SectionKind, canonical, from_canonical
from bot.phases.rules import PhaseRules
from bot.rules import load_rules
from tests.releases.catalogue import Catalogue

RULES = load_rules("phases", PhaseRules)
WORDS = Catalogue()
CONSTRAINTS = ["three sounds only", "one take per part", "leave one bar empty"]

textures = st.sampled_from(["", "dry voice", "wide"])
plain_sections = st.builds(Section, st.sampled_from(SectionKind), textures, st.none() | st.integers(1, 64))
contents = st.builds(
    FormContent, st.lists(plain_sections, min_size=1, max_size=10).map(tuple), st.sampled_from(["", *CONSTRAINTS])
)


@given(st.integers(0, 2**60), st.text("abcdef0123456789", min_size=1), st.integers(0, 50))
def test_a_draw_is_repeatable_and_never_starts_with_the_outro(user: int, map_id: str, number: int) -> None:
    drawn = draw(user, map_id, number, CONSTRAINTS, RULES)
    assert drawn == draw(user, map_id, number, CONSTRAINTS, RULES)
    order = [list(SectionKind).index(section.kind) for section in drawn.sections]
    assert len(order) == 4
    assert order == sorted(set(order))
    assert drawn.constraint in CONSTRAINTS


def test_draws_differ_from_number_to_number() -> None:
    assert len({canonical(draw(1, "m", number, CONSTRAINTS, RULES)) for number in range(20)}) > 8


def apply_diff(old: FormContent, change: FormDiff) -> FormContent:
    """Do what a difference says, to see that it says everything."""
    sections = dict(zip(identities(old), old.sections, strict=True))
    gone = {*change.removed, *(i for _, i in change.moved)}
    order = [i for i in sections if i not in gone]
    sections.update({i: section for _, i, section in change.added})
    sections.update({i: section for i, _, section in change.changed})
    places = [*((place, i) for place, i, _ in change.added), *change.moved]
    for place, identity in sorted(places, key=lambda item: item[0]):
        order.insert(place, identity)
    constraint = change.constraint[1] if change.constraint else old.constraint
    return FormContent(tuple(sections[i] for i in order), constraint)


@settings(max_examples=100)
@given(contents, contents)
def test_applying_the_difference_of_a_and_b_to_a_gives_b(old: FormContent, new: FormContent) -> None:
    assert apply_diff(old, diff(old, new)) == new
    assert diff(old, old) == FormDiff()
    assert (diff(old, new) == FormDiff()) == (old == new)
    assert diff_in_words(old, new, WORDS)


@given(contents)
def test_content_survives_its_stored_form_and_its_lines(content: FormContent) -> None:
    assert from_canonical(canonical(content)) == content
    text = "\n".join(section_line(section) for section in content.sections)
    assert parse_sections(text, RULES) == content.sections


def test_the_difference_is_said_in_words() -> None:
    kinds = SectionKind
    old = FormContent((Section(kinds.VERSE), Section(kinds.CHORUS), Section(kinds.DROP)))
    new = FormContent(
        (Section(kinds.DROP), Section(kinds.VERSE), Section(kinds.CHORUS), Section(kinds.BRIDGE)), "three sounds only"
    )
    assert diff_in_words(old, new, WORDS) == (
        "Bridge added after chorus; drop moved first; constraint now *three sounds only*"
    )
    assert diff_in_words(old, old, WORDS) == "No change"
    page = markdown("Night Drive", new, WORDS, old)
    assert "+drop" in page
    assert "-drop" in page
    assert page.startswith("# Form map: Night Drive")


def test_name_time_and_number_do_not_change_the_content_hash() -> None:
    content = FormContent((Section(SectionKind.INTRO),))
    assert content_hash(content) == content_hash(FormContent((Section(SectionKind.INTRO),)))
    assert content_hash(content) != content_hash(FormContent((Section(SectionKind.INTRO, "far"),)))


@pytest.mark.parametrize(
    ("text", "ms"), [("0:00", 0), ("1:05", 65_000), ("1:05.5", 65_500), ("61:00", 3_660_000), ("1:02:03", 3_723_000)]
)
def test_times_are_read(text: str, ms: int) -> None:
    assert parse_time(text) == ms


@pytest.mark.parametrize("text", ["1:75", "1:5", "75", "-1:00", "1:00:75", "1:75:00", "", "a:bc", "1:05.1234"])
def test_other_times_are_not_guessed(text: str) -> None:
    assert parse_time(text) is None


# ------------------------------------------------------------------ overlay


def _covers(shown: Overlay, duration_ms: int) -> None:
    assert shown.bands[0].start_ms == 0
    assert shown.bands[-1].end_ms == duration_ms
    for band, after in zip(shown.bands, shown.bands[1:], strict=False):
        assert band.end_ms == after.start_ms
    assert all(band.start_ms < band.end_ms for band in shown.bands)


@given(
    st.lists(plain_sections, min_size=1, max_size=24),
    st.integers(20_000, 7_200_000),
    st.data(),
)
def test_boundaries_rise_and_cover_the_bounce_without_gaps(
    sections: list[Section], duration: int, data: st.DataObject
) -> None:
    count = data.draw(st.integers(0, len(sections)))
    places = sorted(data.draw(st.lists(st.integers(0, len(sections) - 1), min_size=count, max_size=count, unique=True)))
    step = duration // (len(sections) + 1)
    timed = [
        Section(s.kind, s.texture, s.bars, start_ms=number * step + 7 if number in places else None)
        for number, s in enumerate(sections)
    ]
    shown = overlay(timed, duration)
    _covers(shown, duration)
    assert [band.kind for band in shown.bands if band.kind] == [section.kind for section in sections]
    for band, section in zip([b for b in shown.bands if b.kind], timed, strict=True):
        if section.start_ms is not None:
            assert band.start_ms == section.start_ms
            assert band.timed


@given(st.lists(plain_sections, min_size=1, max_size=24), st.integers(10, 3600))
def test_proportional_boundaries_scale_with_the_length(sections: list[Section], seconds: int) -> None:
    once, twice = overlay(sections, seconds * 1000), overlay(sections, seconds * 2000)
    assert once.mode is OverlayMode.PROPORTIONAL
    for short, long in zip(once.bands, twice.bands, strict=True):
        assert abs(long.start_ms - 2 * short.start_ms) <= 1


def test_the_alt_text_says_estimated_or_timed() -> None:
    four = [Section(k) for k in (SectionKind.INTRO, SectionKind.VERSE, SectionKind.CHORUS, SectionKind.OUTRO)]
    estimated = overlay_alt(overlay(four, 197_000), WORDS)
    assert estimated == "Sections (estimated): intro 0:00, verse 0:49, chorus 1:39, outro 2:28."
    timed = [Section(s.kind, start_ms=ms) for s, ms in zip(four, (5_000, 49_000, 99_000, 148_000), strict=True)]
    assert overlay_alt(overlay(timed, 197_000), WORDS) == (
        "Sections (timed): lead-in 0:00, intro 0:05, verse 0:49, chorus 1:39, outro 2:28."
    )


def test_a_shorter_new_bounce_falls_back_to_proportional_and_says_so() -> None:
    timed = [Section(SectionKind.INTRO, start_ms=0), Section(SectionKind.VERSE, start_ms=90_000)]
    shown = overlay(timed, 60_000)
    assert shown.fell_back
    assert shown.mode is OverlayMode.PROPORTIONAL
    assert overlay(timed, 120_000).mode is OverlayMode.TIMED


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("verse @ 0:49\nchorus @ 0:30", "form_map_order", "verse 0:49"),
        ("verse @ 0:49\nchorus @ 0:49", "form_map_order", "chorus 0:49"),
        ("verse @ 1:75", "form_map_time", "1:75"),
        ("vers 8", "form_map_line", "vers 8"),
        ("verse 0", "form_map_bars", "0"),
        ("verse 513", "form_map_bars", "513"),
        ("", "form_map_empty", ""),
        ("verse\n" * 25, "form_map_sections", "25"),
        ("verse: " + "x" * 61, "form_map_texture", "x" * 61),
    ],
)
def test_bad_input_is_refused_with_what_clashes_and_an_example(text: str, code: str, named: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_sections(text, RULES)
    assert caught.value.code == code
    assert named in WORDS(f"error.{code}", **caught.value.parts)
