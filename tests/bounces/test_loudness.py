"""Loudness and true peak against EBU Tech 3341 v4 and 3342, whose sine signals can be made exactly."""

import math
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bot.bounces.measure import measure
from bot.bounces.model import Facts
from bot.bounces.rules import bounce_rules
from tests.bounces.signals import F64, both, measured, music, save, sine


def steps(*parts: tuple[float, float], rate: int = 48000) -> F64:
    """1 kHz stereo sine in steps of (level, seconds)."""
    return both(np.concatenate([sine(1000, level, seconds, rate) for level, seconds in parts]))


# Tech 3341, table 1, cases 1-5: signal → integrated loudness.
INTEGRATED = {
    "3341-1": (steps((-23, 20)), -23.0),
    "3341-2": (steps((-33, 20)), -33.0),
    "3341-3": (steps((-36, 10), (-23, 60), (-36, 10)), -23.0),
    "3341-4": (steps((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)), -23.0),
    "3341-5": (steps((-26, 20), (-20, 20.1), (-26, 20)), -23.0),
}


@pytest.mark.parametrize("case", INTEGRATED)
def test_integrated_loudness_is_within_a_tenth(case: str, tmp_path: Path) -> None:
    signal, expected = INTEGRATED[case]
    facts = measured(tmp_path / "case.wav", signal).facts
    assert facts.integrated_lufs is not None
    print(f"{case}: expected {expected}, got {facts.integrated_lufs}")
    assert facts.integrated_lufs == pytest.approx(expected, abs=0.1)


def test_five_channels_weigh_the_surrounds_and_leave_out_the_low_one(tmp_path: Path) -> None:
    """3341-6: 5.0 sine −28 L/R, −24 C, −30 Ls/Rs; as 5.1 with an LFE that must not count."""
    levels = (-28, -28, -24, None, -30, -30)
    signal = np.stack([sine(1000, level, 20) if level is not None else sine(60, -6, 20) for level in levels], axis=1)
    facts = measured(tmp_path / "case.wav", signal).facts
    print(f"3341-6: expected -23.0, got {facts.integrated_lufs}")
    assert facts.integrated_lufs == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("rate", [32000, 44100, 48000, 88200, 96000, 192000])
def test_loudness_does_not_depend_on_the_sample_rate(rate: int, tmp_path: Path) -> None:
    facts = measured(tmp_path / "case.wav", steps((-23, 6), rate=rate), rate).facts
    print(f"1 kHz at {rate}: {facts.integrated_lufs}")
    assert facts.integrated_lufs == pytest.approx(-23.0, abs=0.1)


def test_short_term_maximum_is_found_at_every_offset(tmp_path: Path) -> None:
    """3341-9 and 10: three-second windows between quieter parts."""
    nine = np.concatenate([steps((-20, 1.34), (-30, 1.66))] * 5)
    facts = measured(tmp_path / "nine.wav", nine).facts
    print(f"3341-9: expected -23.0, got {facts.short_term_max_lufs}")
    assert facts.short_term_max_lufs == pytest.approx(-23.0, abs=0.1)
    for index in range(0, 20, 4):
        lead = np.zeros((round((3 + index * 0.15) * 48000), 2))
        ten = np.concatenate([lead, steps((-23, 3)), np.zeros((48000, 2))])
        facts = measured(tmp_path / "ten.wav", ten).facts
        print(f"3341-10 file {index}: expected -23.0, got {facts.short_term_max_lufs}")
        assert facts.short_term_max_lufs == pytest.approx(-23.0, abs=0.1)


def test_momentary_maximum_is_found_at_every_offset(tmp_path: Path) -> None:
    """3341-12 and 13: 400 ms windows; a 100 ms grid fails here."""
    twelve = np.concatenate([steps((-20, 0.18), (-30, 0.22))] * 25)
    facts = measured(tmp_path / "twelve.wav", twelve).facts
    print(f"3341-12: expected -23.0, got {facts.momentary_max_lufs}")
    assert facts.momentary_max_lufs == pytest.approx(-23.0, abs=0.1)
    for index in range(20):
        lead = np.zeros((round((3 + index * 0.02) * 48000), 2))
        thirteen = np.concatenate([lead, steps((-23, 0.4)), np.zeros((48000, 2))])
        facts = measured(tmp_path / "thirteen.wav", thirteen).facts
        assert facts.momentary_max_lufs == pytest.approx(-23.0, abs=0.1), f"file {index}"
    print("3341-13: 20 files within 0.1 LU")


RANGES = {
    "3342-1": (((-20, 20), (-30, 20)), 10.0),
    "3342-2": (((-20, 20), (-15, 20)), 5.0),
    "3342-3": (((-40, 20), (-20, 20)), 20.0),
    "3342-4": (((-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)), 15.0),
}


@pytest.mark.parametrize("case", RANGES)
def test_loudness_range_is_within_one(case: str, tmp_path: Path) -> None:
    parts, expected = RANGES[case]
    facts = measured(tmp_path / "case.wav", steps(*parts)).facts
    print(f"{case}: expected {expected}, got {facts.loudness_range_lu}")
    assert facts.loudness_range_lu == pytest.approx(expected, abs=1.0)


# Tech 3341, cases 15-19: frequency as a part of the rate, phase, level of the sine, expected true peak.
TRUE_PEAKS = {
    "3341-15": (1 / 4, 0.0, -6.0, -6.0),
    "3341-16": (1 / 4, 45.0, -6.0, -6.0),
    "3341-17": (1 / 6, 60.0, -6.0, -6.0),
    "3341-18": (1 / 8, 67.5, -6.0, -6.0),
    "3341-19": (1 / 4, 45.0, 3.0, 3.0),
}


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("case", TRUE_PEAKS)
def test_true_peak_is_within_the_ebu_tolerance(case: str, rate: int, tmp_path: Path) -> None:
    part, phase, level, expected = TRUE_PEAKS[case]
    signal = sine(rate * part, level, 2, rate, phase)
    ramp = np.minimum(1, np.minimum(np.arange(len(signal)), np.arange(len(signal))[::-1]) / (0.1 * rate))
    facts = measured(tmp_path / "case.wav", both(signal * ramp), rate, "FLOAT").facts
    assert facts.true_peak_dbtp is not None
    print(f"{case} at {rate}: expected {expected}, got {facts.true_peak_dbtp} (samples {facts.sample_peak_dbfs})")
    assert expected - 0.4 <= facts.true_peak_dbtp <= expected + 0.2


@pytest.mark.parametrize("offset", range(4))
def test_an_inter_sample_peak_is_found_wherever_it_falls(offset: int, tmp_path: Path) -> None:
    """3341-20 to 23: one burst at fs/6 whose peak lies between samples, shifted by quarters of a sample."""
    rate = 48000
    at = np.arange(rate) - rate / 2 - offset / 4
    burst = np.where(np.abs(at) < 600, 10 ** (-6 / 20) * np.cos(2 * np.pi * at / 6), 0) * np.hanning(rate) ** 0.05
    burst = burst * np.clip((600 - np.abs(at)) / 300, 0, 1)
    facts = measured(tmp_path / "case.wav", both(burst), rate, "FLOAT").facts
    assert facts.true_peak_dbtp is not None
    print(f"3341-{20 + offset}: expected -6.0, got {facts.true_peak_dbtp}")
    assert -6.4 <= facts.true_peak_dbtp <= -5.8


PULSE_AT = [0, 1, 479, 480, 48_000, 95_999, 191_997, 191_998]


@pytest.mark.parametrize("at", PULSE_AT)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_peak_between_two_samples_is_found_on_either_side_and_at_every_edge(
    sign: int, at: int, tmp_path: Path
) -> None:
    """Two samples at half scale, up or down: the curve through them goes 2 dB higher, and nothing else is there."""
    from bot.bounces.truepeak import phases

    signal = np.zeros(192_000)
    signal[at : at + 2] = 0.5 * sign
    taps = phases(48000)
    assert taps is not None
    highest = max(float(np.abs(np.convolve(signal, row)).max()) for row in taps)
    facts = measured(tmp_path / "case.wav", signal[:, None], 48000, "FLOAT").facts
    assert facts.sample_peak_dbfs == -6.02
    assert facts.true_peak_dbtp == pytest.approx(20 * math.log10(highest), abs=0.011)
    assert facts.true_peak_dbtp == pytest.approx(-4.1, abs=0.1)


@pytest.mark.parametrize("offset", range(4))
def test_a_burst_has_the_same_true_peak_upside_down(offset: int, tmp_path: Path) -> None:
    """Few instruments swing as far down as up: a kick or a trumpet peaks on one side only."""
    rate = 48000
    at = np.arange(rate) - rate / 2 - offset / 4
    burst = 0.8 * np.exp(-np.square(at / 1.2))
    up, down = (
        measured(tmp_path / f"{name}.wav", both(sign * burst), rate, "FLOAT").facts.true_peak_dbtp
        for name, sign in (("up", 1), ("down", -1))
    )
    assert up == down == pytest.approx(-1.94, abs=0.3)


def test_pruning_changes_nothing(tmp_path: Path) -> None:
    """The maximum over pruned blocks is the maximum over all of them."""
    from bot.bounces.truepeak import phases

    rng = np.random.default_rng(3)
    signal = rng.uniform(-0.5, 0.5, 48000 * 3) * (1 + np.sin(np.arange(48000 * 3) / 9000))
    facts = measured(tmp_path / "case.wav", signal[:, None] * 0.8, 48000, "FLOAT").facts
    taps = phases(48000)
    assert taps is not None
    stored = (signal * 0.8).astype(np.float32).astype(np.float64)
    direct = max(np.abs(np.convolve(stored, row)).max() for row in taps)
    assert facts.true_peak_dbtp == pytest.approx(20 * math.log10(max(direct, np.abs(stored).max())), abs=0.011)


def ffmpeg_says(path: Path) -> tuple[float, float]:
    said = subprocess.run(
        [
            "ffmpeg",
            "-nostats",
            "-hide_banner",
            "-i",
            str(path),
            "-filter_complex",
            "ebur128",
            "-f",
            "null",
            "-",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stderr.rsplit("Summary:", 1)[1]
    integrated, spread = re.search(r"I:\s+(-?[\d.]+)", said), re.search(r"LRA:\s+(-?[\d.]+)", said)
    assert integrated is not None
    assert spread is not None
    return float(integrated[1]), float(spread[1])


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_music_agrees_with_ffmpeg(seed: int, tmp_path: Path) -> None:
    piece = music(30, seed=seed, bpm=90 + 17 * seed)
    fade = np.interp(np.arange(len(piece)), [0, len(piece) / 3, len(piece)], [0.05, 1, 0.4 * seed / 3])
    path = save(tmp_path / "piece.wav", piece * fade[:, None], 44100, "PCM_16")
    facts: Facts = measure(path, bounce_rules()).facts
    integrated, spread = ffmpeg_says(path)
    print(f"seed {seed}: ours {facts.integrated_lufs} / {facts.loudness_range_lu}, ffmpeg {integrated} / {spread}")
    assert facts.integrated_lufs == pytest.approx(integrated, abs=0.1)
    assert facts.loudness_range_lu == pytest.approx(spread, abs=1.0)
