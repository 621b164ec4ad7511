"""Pieces with known form and tempo, composed for the tests: sections of eight bars or so, each with its own parts.

`TUNED` were looked at while the thresholds were chosen; `HELD_OUT` never were.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
RATE = 22050


@dataclass(frozen=True, slots=True)
class Arrangement:
    """`form`: sections as (kind, bars); the same kind sounds the same."""

    name: str
    bpm: float
    form: tuple[tuple[str, int], ...]
    root: int = 45
    seed: int = 1

    @property
    def boundaries_s(self) -> list[float]:
        bars = np.cumsum([bars for _, bars in self.form])[:-1]
        return [float(bar * 240 / self.bpm) for bar in bars]

    @property
    def duration_s(self) -> float:
        return sum(bars for _, bars in self.form) * 240 / self.bpm


# What each kind of section plays: kick, hat, snare, bass, pad, lead, chord shift, brightness.
PARTS = {
    "intro": (0.0, 0.25, 0.0, 0.0, 0.5, 0.0, 0, 0.3),
    "verse": (0.8, 0.4, 0.5, 0.6, 0.3, 0.0, 0, 0.5),
    "chorus": (1.0, 0.7, 0.8, 0.9, 0.8, 0.7, 5, 0.9),
    "bridge": (0.0, 0.2, 0.3, 0.5, 0.7, 0.3, 9, 0.4),
    "drop": (1.2, 0.9, 0.6, 1.2, 0.2, 0.5, 0, 1.0),
    "break": (0.0, 0.0, 0.0, 0.0, 0.8, 0.4, 7, 0.5),
    "outro": (0.5, 0.2, 0.0, 0.3, 0.4, 0.0, 0, 0.2),
}


def compose(piece: Arrangement, rate: int = RATE) -> F64:
    """Return the piece, mono, −1..1."""
    rng = np.random.default_rng(piece.seed)
    out: list[F64] = []
    for kind, bars in piece.form:
        out.append(_section(kind, bars, piece, rate, rng))
    whole = np.concatenate(out)
    wanted = round(piece.duration_s * rate)
    whole = np.pad(whole, (0, max(0, wanted - len(whole))))[:wanted]
    return 0.8 * whole / np.abs(whole).max()


def _section(kind: str, bars: int, piece: Arrangement, rate: int, rng: np.random.Generator) -> F64:
    kick, hat, snare, bass, pad, lead, shift, bright = PARTS[kind]
    beat_s = 60 / piece.bpm
    count = round(bars * 4 * beat_s * rate)
    at = np.arange(count) / rate
    sound = np.zeros(count)
    for beat in range(bars * 4):
        start = round(beat * beat_s * rate)
        if kick:
            _add(sound, start, kick * _kick(rate))
        if snare and beat % 2 == 1:
            _add(sound, start, snare * 0.5 * _noise(0.12, 30, rate, rng))
        for half in range(2):
            if hat:
                _add(
                    sound, start + round(half * beat_s * rate / 2), hat * 0.25 * _noise(0.04, 90, rate, rng, high=True)
                )
        if bass:
            note = piece.root - 12 + shift + (0, 0, 3, 5)[(beat // 4) % 4]
            _add(sound, start, bass * 0.35 * _tone(note, beat_s * 0.8, rate, 6))
    bar_s = 4 * beat_s
    for bar in range(bars):
        chord = (0, 3, 7) if (bar % 4) < 2 else (0, 4, 9)
        start = round(bar * bar_s * rate)
        for step in chord:
            if pad:
                _add(
                    sound, start, pad * 0.12 * _tone(piece.root + 12 + shift + step, bar_s, rate, 2 + round(4 * bright))
                )
        if lead:
            for step in range(8):
                note = piece.root + 24 + shift + (0, 3, 7, 10, 12, 7, 3, 0)[step]
                _add(sound, start + round(step * beat_s / 2 * rate), lead * 0.2 * _tone(note, beat_s * 0.4, rate, 4))
    return sound + rng.standard_normal(count) * 0.002 * (1 + np.sin(at))


def _add(sound: F64, start: int, part: F64) -> None:
    end = min(len(sound), start + len(part))
    if end > start:
        sound[start:end] += part[: end - start]


@lru_cache(4)
def _kick(rate: int) -> F64:
    at = np.arange(round(0.25 * rate)) / rate
    return np.sin(2 * np.pi * (48 * at + 5 * (1 - np.exp(-at * 45)))) * np.exp(-at * 14)


def _noise(seconds: float, decay: float, rate: int, rng: np.random.Generator, *, high: bool = False) -> F64:
    at = np.arange(round(seconds * rate)) / rate
    noise = rng.standard_normal(len(at))
    return (np.diff(noise, prepend=0.0) if high else noise) * np.exp(-at * decay)


@lru_cache(400)
def _tone(note: float, seconds: float, rate: int, partials: int) -> F64:
    at = np.arange(round(seconds * rate)) / rate
    frequency = 440 * 2 ** ((note - 69) / 12)
    sound = sum(
        np.sin(2 * np.pi * frequency * k * at) / k for k in range(1, partials + 1) if frequency * k < rate / 2.2
    )
    return np.asarray(sound) * np.minimum(1, at * 60) * np.minimum(1, (seconds - at) * 30)


def _form(text: str) -> tuple[tuple[str, int], ...]:
    return tuple((part.split()[0], int(part.split()[1])) for part in text.split(","))


TUNED = (
    Arrangement("pop", 120, _form("intro 4,verse 8,chorus 8,verse 8,chorus 8,bridge 8,chorus 8,outro 4")),
    Arrangement("house", 124, _form("intro 16,drop 16,break 16,drop 16,outro 8"), 41, 2),
    Arrangement("slow", 84, _form("intro 4,verse 8,chorus 8,verse 8,chorus 8,outro 4"), 43, 3),
    Arrangement("fast", 174, _form("intro 16,drop 32,break 16,drop 32,outro 16"), 38, 4),
)
HELD_OUT = (
    Arrangement("ballad", 72, _form("verse 8,chorus 8,verse 8,bridge 4,chorus 8"), 48, 5),
    Arrangement("techno", 132, _form("intro 16,drop 16,break 8,drop 24,outro 16"), 40, 6),
    Arrangement("song", 97, _form("intro 4,verse 8,chorus 8,bridge 8,chorus 8,outro 8"), 45, 7),
    Arrangement("garage", 138, _form("verse 16,chorus 16,verse 16,break 8,chorus 16"), 42, 8),
    Arrangement("hop", 90, _form("intro 4,verse 12,chorus 4,verse 12,chorus 8,outro 4"), 46, 9),
    Arrangement("trance", 140, _form("intro 16,verse 16,break 16,chorus 32,outro 16"), 44, 10),
    Arrangement("rock", 110.5, _form("intro 8,verse 16,chorus 8,verse 16,chorus 8,bridge 8,chorus 16"), 40, 11),
    Arrangement("downbeat", 101, _form("break 8,verse 16,drop 8,break 8,drop 16"), 47, 12),
    Arrangement("jungle", 165, _form("intro 16,drop 16,break 8,drop 16,outro 8"), 39, 13),
    Arrangement("electro", 128, _form("verse 8,chorus 8,drop 16,bridge 8,drop 16,outro 8"), 43, 14),
    Arrangement("waltzing", 115, _form("intro 8,chorus 8,verse 8,chorus 8,break 8,chorus 8"), 49, 15),
)
