"""Tempo by autocorrelation of the onset curve, refined over 8 to 64 beats."""

import numpy as np
from numpy.typing import NDArray

from bot.bounces.model import Tempo

F64 = NDArray[np.float64]

_LOW_BPM, _HIGH_BPM = 60.0, 200.0
_SLOW_BPM, _DOUBLES = 95.0, 0.6
_SLOWEST_BPM = 50.0
_OFF_BEATS, _UNSURE = 0.4, 0.62


def autocorrelation(curve: F64, longest: int) -> F64:
    """Return the unbiased, normalised autocorrelation of `curve` up to lag `longest`."""
    size = 1 << (len(curve) + longest).bit_length()
    spectrum = np.fft.rfft(curve, size)
    raw = np.fft.irfft(spectrum * spectrum.conj(), size)[: longest + 1]
    raw /= np.arange(len(curve), len(curve) - longest - 1, -1)
    return raw / raw[0] if raw[0] > 0 else raw


def tempo(onset: NDArray[np.float32], bin_hz: float, least_confidence: float) -> Tempo | None:
    """Return tempo and confidence (0..1), or None below `least_confidence` or under eight seconds of
    material."""
    if len(onset) < 8 * bin_hz:
        return None
    curve = onset[: int(600 * bin_hz)].astype(np.float64)
    smooth = np.convolve(curve, np.ones(int(bin_hz * 0.6)) / int(bin_hz * 0.6), "same")
    curve = np.maximum(curve - smooth, 0.0)
    curve = np.minimum(curve, np.percentile(curve, 99.5)) if curve.any() else curve
    curve = np.convolve(curve, (0.25, 0.5, 0.25), "same")
    curve -= curve.mean()
    if not np.any(np.abs(curve) > 1e-9):
        return None
    longest = min(len(curve) // 2, int(64 * 60 / _LOW_BPM * bin_hz) + 8)
    correlation = autocorrelation(curve, longest)
    bpms = np.geomspace(_LOW_BPM, _HIGH_BPM, 1200)
    lags = 60 * bin_hz / bpms
    grid = np.arange(len(correlation))
    score = np.zeros(len(bpms))
    weights = np.zeros(len(bpms))
    # A comb over multiples of the beat: whole bars speak louder than single beats, halves speak for the
    # octave.
    for multiple, weight in ((1, 1.0), (2, 0.9), (4, 1.2), (8, 1.0), (3, 0.25), (0.5, 0.35)):
        lag = lags * multiple
        inside = lag < longest
        score += np.where(inside, np.interp(lag, grid, correlation), 0.0) * weight
        weights += np.where(inside, weight, 0.0)
    score /= np.maximum(weights, 1e-9)
    prior = np.exp(-0.5 * (np.log2(bpms / 122.0) / 0.75) ** 2)
    best = int((score * prior).argmax())
    bpm, strength = float(bpms[best]), float(score[best])
    half, whole = np.interp((30 * bin_hz / bpm, 60 * bin_hz / bpm), grid, correlation)
    if bpm < _SLOW_BPM and half >= _DOUBLES * whole > 0:
        bpm *= 2  # the half beat is struck nearly as often as the beat: it is the beat
    for beats in (8, 16, 32, 64):
        lag = beats * 60 * bin_hz / bpm
        reach = max(2.0, lag * 0.25 / beats)
        low, high = int(lag - reach), int(lag + reach) + 2
        if high + 1 >= longest or low < 1:
            break
        top = low + int(correlation[low:high].argmax())
        if correlation[top] < 0.3 * strength:
            break
        before, here, after = correlation[top - 1 : top + 2]
        bend = before - 2 * here + after
        shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
        bpm = beats * 60 * bin_hz / (top + float(np.clip(shift, -1, 1)))
    confidence = float(np.clip(strength * 1.6, 0.0, 1.0))
    if confidence < least_confidence:
        return None
    bpm, other = _octave(correlation, bpm, bin_hz)
    return Tempo(_shown(bpm), round(confidence, 3), None if other is None else _shown(other))


def _octave(correlation: F64, bpm: float, bin_hz: float) -> tuple[float, float | None]:
    """Return the tempo, and its half or double where people may well count that instead.

    Where every other beat is much weaker than those between, the weak ones are off-beats: half of it is the tempo.
    """
    lags = 60 * bin_hz / bpm * np.arange(1, 5)
    if lags[-1] + 1 >= len(correlation) or bpm / 2 < _SLOWEST_BPM:
        return bpm, None
    grid = np.arange(len(correlation))
    one, two, three, four = np.max([np.interp(lags + shift, grid, correlation) for shift in (-1, 0, 1)], axis=0)
    share = (one + three) / (two + four) if two + four > 0 else 1.0
    if share < _OFF_BEATS:
        return bpm / 2, bpm
    return bpm, bpm / 2 if share < _UNSURE else None


def _shown(bpm: float) -> float:
    nearest = round(bpm)
    return float(nearest) if abs(bpm - nearest) < 0.06 else round(bpm, 2)


def beat_phase_s(onset: NDArray[np.float32], bin_hz: float, bpm: float) -> float:
    """Return where, within one beat, the beats fall (seconds from the start)."""
    period = 60 * bin_hz / bpm
    position = np.arange(len(onset)) / period % 1.0
    angle = np.exp(2j * np.pi * position)
    mean = np.sum(onset * angle)
    return float(np.angle(mean) / (2 * np.pi) % 1.0) * 60 / bpm
