"""Cards at their smallest and largest: always inside the budget, never a word cut, a text twin beside."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.say.card import Accent, Button, Card, Fact, Line, Option, Picture, Section, Select, State, note
from bot.say.words import Words, read_catalogue
from bot.ui.cards import (
    clip,
    count_characters,
    count_components,
    discord_files,
    fit,
    layout,
    ui_rules,
)

WORDS = read_catalogue().words("en-GB")
PSEUDO = read_catalogue().pseudo().words("en")


def largest() -> Card:
    return Card(
        title="Night Drive " * 12,
        state=State("Strong", "🔵", Accent.GOOD),
        lead="It moves. " * 40,
        facts=[Fact(f"Label {i}", "value and meaning " * 6) for i in range(6)],
        media=[Picture(f"p{i}.png", b"x", "Waveform, loudest near 2:05. " * 60) for i in range(3)],
        sections=[
            Section(
                f"Part {i}",
                [Line(f"line {j} of it", Button("loop", "done", "Done", f"{i}-{j}")) for j in range(12)],
            )
            for i in range(4)
        ],
        next_lines=["Finish the bass, gains 4%" for _ in range(3)],
        meta=["Ada", "updated just now", "not AI-written"],
        rows=[
            [Button("loop", f"b{i}", f"Button {i}") for i in range(5)],
            Select("loop", "more", "More", [Option(f"Option {i}", str(i)) for i in range(40)]),
        ],
    )


@pytest.mark.parametrize("words", [WORDS, PSEUDO], ids=["en", "pseudo"])
async def test_the_largest_card_stays_inside_the_budget(words: Words) -> None:
    view = layout(largest(), words)
    assert view.total_children_count <= ui_rules().card_components
    assert view.content_length() <= ui_rules().card_characters
    assert view.is_finished()


async def test_counting_agrees_with_discord_py() -> None:
    card = fit(largest(), WORDS)
    view = layout(card, WORDS)
    assert count_components(card) == view.total_children_count
    assert count_characters(card) == view.content_length()


def test_what_had_to_go_is_counted() -> None:
    fitted = fit(largest(), WORDS)
    said = fitted.sections[-1].lines[-1]
    kept = sum(len(section.lines) for section in fitted.sections) - 1
    assert said == f"and {48 - kept} more"


async def test_a_note_has_no_frame() -> None:
    parts = layout(note("Saved."), WORDS).to_components()
    assert parts == [{"type": 10, "content": "Saved."}]


@given(st.text(max_size=300), st.integers(2, 60))
def test_clipping_never_goes_over_and_never_cuts_a_word(typed: str, limit: int) -> None:
    short = clip(typed, limit)
    assert len(short) <= max(limit, 1)
    if len(typed) <= limit:
        assert short == typed


def test_clipping_ends_at_a_word() -> None:
    assert clip("the loudest part", 12) == "the loudest…"
    assert clip("the loudest part", 13) == "the loudest…"


@settings(max_examples=30)
@given(st.lists(st.text(max_size=900), max_size=30), st.text(max_size=3000))
def test_any_text_of_people_fits(lines: list[str], lead: str) -> None:
    fitted = fit(Card("T", lead=lead, sections=[Section("S", lines)]), WORDS)
    assert count_characters(fitted) <= ui_rules().card_characters


def test_pictures_carry_their_words() -> None:
    files = discord_files(largest())
    assert all(file.description and len(file.description) <= 1024 for file in files)
