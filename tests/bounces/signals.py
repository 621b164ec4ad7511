"""Signals and files that the tests of this area are made of."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from bot.bounces.measure import Measurement, measure
from bot.bounces.rules import bounce_rules

F64 = NDArray[np.float64]


def sine(frequency: float, level_dbfs: float, seconds: float, rate: int = 48000, phase_deg: float = 0.0) -> F64:
    """One channel of a sine whose peak is `level_dbfs`."""
    at = np.arange(round(seconds * rate)) / rate
    return 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * frequency * at + np.deg2rad(phase_deg))


def both(mono: F64) -> F64:
    return np.stack([mono, mono], axis=1)


def save(
    path: Path,
    samples: F64 | NDArray[np.int16],
    rate: int = 48000,
    subtype: str = "PCM_24",
    container: str | None = None,
) -> Path:
    soundfile.write(path, samples, rate, subtype=subtype, format=container)
    return path


def measured(path: Path, samples: F64, rate: int = 48000, subtype: str = "PCM_24") -> Measurement:
    return measure(save(path, samples, rate, subtype), bounce_rules())


def music(seconds: float, rate: int = 44100, seed: int = 1, bpm: float = 120.0) -> F64:
    """A small stereo piece: kick, hat, bass, pad; enough structure for every meter. (frames, 2), −1..1."""
    rng = np.random.default_rng(seed)
    count = round(seconds * rate)
    at = np.arange(count) / rate
    beat = at * bpm / 60 % 1.0 * 60 / bpm
    kick = np.sin(2 * np.pi * (50 * beat + 4 * (1 - np.exp(-beat * 40)))) * np.exp(-beat * 9)
    half = (at * bpm / 60 + 0.5) % 1.0 * 60 / bpm
    hat = rng.standard_normal(count) * np.exp(-half * 60) * 0.3
    bass = np.sign(np.sin(2 * np.pi * 55 * at)) * 0.2
    pad = sum(np.sin(2 * np.pi * f * at) for f in (220, 277.2, 329.6)) * 0.06
    left = 0.45 * kick + 0.3 * hat + bass + pad * 1.2
    right = 0.45 * kick + 0.25 * np.roll(hat, 40) + bass + pad * 0.8
    return np.clip(np.stack([left, right], axis=1) * 0.8, -1, 1)
