"""Pictures and cards: size, opacity, weight, words from the same data, room at the smallest and the largest."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.bounces import facts as wording
from bot.bounces.cards import bounce_card, group_card, safe_name, say_in
from bot.bounces.compare import difference
from bot.bounces.levels import Columns
from bot.bounces.measure import Measurement
from bot.bounces.model import (
    Bounce,
    BounceId,
    BounceSource,
    BounceTag,
    Comment,
    CommentId,
    Section,
    Slice,
    SliceId,
    SliceKind,
)
from bot.bounces.picture import CompareView, SheetItem, Span, WaveView, compare_png, cover_png, sheet_png, waveform_png
from bot.bounces.picture_art import art_png
from bot.bounces.reading import BounceView
from bot.say.words import read_catalogue
from bot.ui.cards import fit, layout
from tests.bounces.signals import measured, music

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WORDS = read_catalogue().words("en")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Measurement:
    return measured(tmp_path_factory.mktemp("piece") / "a.wav", music(20), 44100, "PCM_16")


def bounce_of(done: Measurement, **values: object) -> Bounce:
    made = Bounce(
        id=BounceId("0" * 32),
        owner_id=1001,
        title="Night Drive",
        file_name="Night Drive v3.wav",
        family="night drive",
        family_title="Night Drive",
        number=3,
        content_hash=done.facts.content_hash,
        facts=done.facts,
        source=BounceSource.FOLDER,
        bounced_at=NOW,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(made, **values)  # pyright: ignore[reportArgumentType]


def opened(png: bytes) -> Image.Image:
    assert len(png) < 300_000
    image = Image.open(io.BytesIO(png))
    assert image.mode == "RGB", "no transparency: it has to be readable on light and dark"
    return image


def full_view(columns: Columns) -> WaveView:
    length = columns.duration_s
    return WaveView(
        columns,
        "A title that is as long as people make them when they cannot decide, with ünïcode 夜 and 😀",
        "v12",
        ("3:30", "−9.8 LUFS", "+0.4 dBTP", "44.1 kHz · 16 bit · stereo", "128 BPM"),
        "Keeper",
        sections=tuple(Span(length * i / 12, length * (i + 1) / 12, "ABC"[i % 3]) for i in range(12)),
        clips_s=(length * 0.99, length * 0.2),
        clip_word="clipping 17 times",
        gaps_s=((length * 0.5, length * 0.6),),
        marks_s=(0.0, length),
        slices_s=((0.0, length / 9),),
        is_stereo_shown=True,
    )


def test_the_waveform_is_wide_opaque_and_light(done: Measurement) -> None:
    assert opened(waveform_png(WaveView(done.columns, "Night Drive"))).size == (1600, 480)
    assert opened(waveform_png(full_view(done.columns))).size == (1600, 480)
    noise = np.random.default_rng(1).uniform(0, 1, (2, 2000)).astype(np.float32)
    worst = Columns(-noise, noise[:, ::-1], noise * 0.5, 7000.0)
    assert opened(waveform_png(full_view(worst))).size == (1600, 480)


def test_a_form_map_is_laid_over_with_dashed_edges(done: Measurement) -> None:
    form = (Span(0, 5, "intro", True), Span(5, 12, "verse", True), Span(12, 20, "chorus", True))
    plain = waveform_png(WaveView(done.columns, "Night Drive"))
    assert waveform_png(WaveView(done.columns, "Night Drive", form=form)) != plain


def test_cover_sheet_and_comparison(done: Measurement) -> None:
    assert opened(cover_png(full_view(done.columns))).size == (1200, 1200)
    for count in (1, 8, 18, 40, 60):
        items = [SheetItem(f"Stem {index:02} with a rather long name", "3:30", done.columns) for index in range(count)]
        assert opened(sheet_png("Night Drive", f"{count} files", items)).width == 1600
    view = CompareView(
        done.columns, replace(done.columns, duration_s=12.0), "v3 against v2", "v2", "v3", ("louder",), (3, 5)
    )
    assert opened(compare_png(view)).size == (1600, 640)


def test_the_art_is_a_square_ring_without_alpha_and_the_same_piece_gives_the_same(done: Measurement) -> None:
    made = art_png(done.columns, 300)
    image = opened(made)
    assert (image.size, image.mode) == ((300, 300), "RGB")
    assert made == art_png(done.columns, 300)
    flat = np.zeros((1, 2000), np.float32)
    silent = art_png(Columns(flat, flat, flat, 60.0), 300)
    assert opened(silent).size == (300, 300)
    assert silent != made


@pytest.mark.parametrize("length", [0.01, 0.4, 9.9, 61.0, 3600.0, 86_400.0])
def test_every_length_can_be_drawn(length: float) -> None:
    flat = np.zeros((1, 2000), np.float32)
    assert opened(waveform_png(WaveView(Columns(flat, flat, flat, length), "Silence"))).size == (1600, 480)


def test_alt_text_says_what_the_facts_say(done: Measurement) -> None:
    said = say_in(WORDS)(wording.alt_text(done.facts))
    assert said.startswith("Waveform, 0:20, loudest near 0:")
    sectioned = replace(done.facts, sections=(Section(0, 9, "A"), Section(9, 20, "B")))
    assert say_in(WORDS)(wording.alt_text(sectioned)).endswith("sections A B")
    assert "intro 0:00, verse 0:09" in say_in(WORDS)(
        wording.alt_text(done.facts, stretches=["intro 0:00", "verse 0:09"])
    )


def test_every_fact_and_warning_has_words(done: Measurement, tmp_path: Path) -> None:
    odd = np.zeros((44100 * 12, 2))
    odd[44100 * 2 : 44100 * 4, 0] = 1.0
    odd[44100 * 7 : 44100 * 8, 0] = -1.0
    facts = measured(tmp_path / "odd.wav", odd, 44100, "PCM_16").facts
    for one in (done.facts, facts):
        lines = [say_in(WORDS)(said) for said in wording.all_facts(one)]
        assert all(lines)
        assert not any("{" in line for line in lines)


def test_the_card_fits_at_its_smallest_and_its_largest(done: Measurement) -> None:
    small = BounceView(bounce_of(done), None, None, None, 3)
    assert "Night Drive" in bounce_card(small, WORDS).title
    layout(bounce_card(small, WORDS), WORDS)
    long = "x" * 100
    louder = replace(done.facts, integrated_lufs=-3.0, true_peak_dbtp=2.0, duration_s=900.0, plr_db=1.0)
    big = bounce_of(done, title=long, note="n" * 1000, tag=BounceTag.KEEPER, free_tags=("a" * 24,) * 10, facts=louder)
    view = BounceView(big, None, bounce_of(done, number=2), difference(done.facts, louder), 4)
    comments = [Comment(CommentId(str(index)), big.id, 5, "n" * 32, index, "c" * 300, NOW) for index in range(200)]
    slices = [
        Slice(SliceId(str(index)), big.id, index, index + 1, "s" * 80, "", (), SliceKind.MANUAL, NOW)
        for index in range(50)
    ]
    card = bounce_card(view, WORDS, comments=comments, slices=slices)
    assert fit(card, WORDS).title == long
    layout(card, WORDS)
    layout(group_card([big] * 100, None, WORDS, was_found=True), WORDS)


NAMES = {
    "Night Drive": "night-drive-v3",
    "夜のドライブ": "bounce-v3",
    "../../x": "x-v3",
    "@everyone": "everyone-v3",
}


@pytest.mark.parametrize(("title", "name"), NAMES.items())
def test_file_names_that_go_out_are_harmless(title: str, name: str, done: Measurement) -> None:
    assert safe_name(bounce_of(done, title=title)) == name
