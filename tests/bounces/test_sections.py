"""Sections and tempo on composed pieces of known form; the thresholds were chosen on `TUNED` alone."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.bounces.measure import measure
from bot.bounces.model import Facts
from bot.bounces.rules import bounce_rules
from bot.bounces.sections import Material, boundaries, snap
from tests.bounces.arrangements import HELD_OUT, RATE, TUNED, Arrangement, compose
from tests.bounces.signals import save


@lru_cache(3)
def composed(piece: Arrangement) -> np.ndarray:
    return compose(piece)


def facts_of(piece: Arrangement, folder: Path) -> Facts:
    return measure(save(folder / f"{piece.name}.wav", composed(piece), RATE, "PCM_16"), bounce_rules()).facts


def hits(found: Sequence[float], known: Sequence[float], tolerance_s: float) -> int:
    """Count known boundaries that were found, each found one once."""
    left, count = list(found), 0
    for at in known:
        near = [one for one in left if abs(one - at) <= tolerance_s]
        if near:
            left.remove(min(near, key=lambda one: abs(one - at)))
            count += 1
    return count


def measure_all(pieces: Sequence[Arrangement], folder: Path) -> tuple[float, float, float]:
    """Return F at 3 s, F at 0.5 s and the share of right tempi."""
    found_count = known_count = loose = tight = right = 0
    for piece in pieces:
        facts = facts_of(piece, folder)
        found = [section.start_s for section in facts.sections[1:]]
        found_count += len(found)
        known_count += len(piece.boundaries_s)
        loose += hits(found, piece.boundaries_s, 3.0)
        tight += hits(found, piece.boundaries_s, 0.5)
        right += facts.tempo is not None and abs(facts.tempo.bpm - piece.bpm) <= 0.5
        labels = "".join(section.label for section in facts.sections)
        print(f"{piece.name} {piece.bpm}: {facts.tempo} {labels} {found}")
    return 2 * loose / (found_count + known_count), 2 * tight / (found_count + known_count), right / len(pieces)


def test_boundaries_and_tempi_of_pieces_never_tuned_on(tmp_path: Path) -> None:
    loose, tight, right = measure_all(HELD_OUT, tmp_path)
    print(f"held out: F {loose:.3f} at 3 s, {tight:.3f} at 0.5 s, tempo right on {right:.0%}")
    assert len(HELD_OUT) >= 10
    assert loose >= 0.85
    assert tight >= 0.65
    assert right >= 0.9


@pytest.mark.soak
def test_boundaries_and_tempi_of_pieces_tuned_on(tmp_path: Path) -> None:
    loose, tight, right = measure_all(TUNED, tmp_path)
    assert (loose >= 0.85, tight >= 0.65, right >= 0.9) == (True, True, True)


def test_leading_silence_shifts_the_boundaries_and_nothing_else(tmp_path: Path) -> None:
    piece = HELD_OUT[2]
    plain = facts_of(piece, tmp_path)
    samples = np.concatenate([np.zeros(round(3.0 * RATE)), composed(piece)])
    later = measure(save(tmp_path / "later.wav", samples, RATE, "PCM_16"), bounce_rules()).facts
    moved = [section.start_s for section in later.sections[1:]]
    wanted = [section.start_s + 3.0 for section in plain.sections[1:]]
    assert hits(moved, wanted, 0.5) == len(wanted)
    assert later.silence.head_s == pytest.approx(plain.silence.head_s + 3.0, abs=0.02)


def test_the_same_file_gives_the_same_sections(tmp_path: Path) -> None:
    assert facts_of(HELD_OUT[0], tmp_path) == facts_of(HELD_OUT[0], tmp_path)


def test_alike_sections_have_the_same_letter(tmp_path: Path) -> None:
    """Verse, chorus, verse, break, chorus."""
    labels = [section.label.rstrip("′") for section in facts_of(HELD_OUT[3], tmp_path).sections]
    assert labels[0] == labels[2]
    assert labels[1] == labels[4]
    assert labels[0] != labels[1]


def test_a_slow_piece_with_off_beats_is_counted_slow_and_the_double_is_named(tmp_path: Path) -> None:
    ballad = HELD_OUT[0]
    found = facts_of(ballad, tmp_path).tempo
    assert found is not None
    assert (found.bpm, found.other_bpm) == (pytest.approx(72, abs=0.5), pytest.approx(144, abs=1))


def test_a_piece_with_even_beats_has_one_tempo(tmp_path: Path) -> None:
    found = facts_of(HELD_OUT[2], tmp_path).tempo
    assert found is not None
    assert found.other_bpm is None


@given(st.lists(st.floats(0.5, 20.0), min_size=2, max_size=24), st.integers(0, 10_000), st.floats(2.0, 8.0))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_section_of_any_piece_is_shorter_than_the_least_or_one_too_many(
    parts_s: list[float], seed: int, least_s: float
) -> None:
    """Pieces that change after any time into anything, also much faster than sections may follow."""
    rate, rng = 10.0, np.random.default_rng(seed)
    rows = np.concatenate(
        [np.tile(rng.normal(0, 1.5, 36), (max(1, round(part * rate)), 1)) for part in parts_s]
    ) + rng.normal(0, 0.2, (sum(max(1, round(part * rate)) for part in parts_s), 36))
    total = np.concatenate([np.zeros((1, 36)), np.cumsum(rows, axis=0)])
    duration_s = len(rows) / rate
    for most in (12, 3):
        found = boundaries(Material(rows, total, rate), duration_s, least_s, most)
        assert len(found) < most
        if found:
            lengths = [after - before for before, after in pairwise([0.0, *found, duration_s])]
            assert min(lengths) >= least_s - 0.06


def test_a_long_mix_has_at_most_twelve_sections(tmp_path: Path) -> None:
    rate, rng = 8000, np.random.default_rng(1)
    parts = [
        rng.standard_normal(rate * 40) * rng.uniform(0.02, 0.3)
        + 0.3 * np.sin(np.arange(rate * 40) * rng.uniform(0.05, 2))
        for _ in range(42)
    ]
    facts = measure(save(tmp_path / "mix.wav", np.concatenate(parts) * 0.5, rate, "PCM_16"), bounce_rules()).facts
    assert 1 < len(facts.sections) <= 12
    assert all(section.end_s - section.start_s >= 4 for section in facts.sections)


def test_material_without_structure_has_no_sections(tmp_path: Path) -> None:
    noise = np.random.default_rng(2).standard_normal(RATE * 60) * 0.1
    facts = measure(save(tmp_path / "noise.wav", noise, RATE, "PCM_16"), bounce_rules()).facts
    assert facts.sections == ()
    assert facts.tempo is None
    assert facts.key is None


def test_a_boundary_goes_to_its_beat_and_two_at_one_beat_stay_two() -> None:
    """At 60 beats a minute, the first at 0.1 s: a beat is near within 0.35 s, and no boundary is passed by another."""
    assert snap([8.0, 16.2, 24.5], 60, 0.1) == pytest.approx([8.1, 16.1, 24.5])
    assert snap([8.0, 8.3], 60, 0.1) == pytest.approx([8.1, 8.3])
