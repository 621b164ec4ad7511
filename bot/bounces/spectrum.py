"""Spectra on the fly: 24 log bands and chroma ten times a second, and an onset curve on the 10 ms grid.

The onset curve needs no full transform: a product with a few dozen windowed complex exponentials (a sparse
DFT) gives
log magnitudes whose rises are summed, at a tenth of the cost.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.bounces.model import Balance, Key

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

BANDS = 24
HOP_BINS = 10
_ONSET_TONES = 26
# Krumhansl & Kessler 1982, probe-tone profiles from the tonic up.
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


@dataclass(frozen=True, slots=True)
class Spectra:
    """`bands` (frames, 24) and `chroma` (frames, 12) at `rate_hz`; `onset` on the 10 ms grid at `bin_hz`."""

    bands: F32
    chroma: F32
    thirds: F64
    onset: F32
    rate_hz: float
    bin_hz: float


class SpectrumMeter:
    """Collects spectra of a mono signal; `feed` takes whole chunks of HOP_BINS · n bins."""

    def __init__(self, sample_rate: int, bin_frames: int) -> None:
        self._bin, self._rate = bin_frames, sample_rate
        self._hop = bin_frames * HOP_BINS
        size = 1 << (self._hop.bit_length() - 1)
        self._size = size
        self._window = np.hanning(size + 1)[:-1].astype(np.float32)
        self._matrix = _band_matrix(sample_rate, size)
        self._rows: list[F32] = []
        span = 2 * bin_frames
        pitches = np.geomspace(60.0, min(9000.0, sample_rate * 0.4), _ONSET_TONES)
        angle = 2 * np.pi * pitches * np.arange(span)[:, None] / sample_rate
        taper = np.hanning(span + 2)[1:-1, None] / span
        tones = np.concatenate([np.cos(angle) * taper, np.sin(angle) * taper], axis=1)
        # A window is two bins: the first and the second half side by side, so that each bin is read once.
        self._tones = np.concatenate([tones[:bin_frames], tones[bin_frames:]], axis=1).astype(np.float32)
        self._previous = np.zeros((1, _ONSET_TONES), np.float32)
        self._onset: list[F32] = []

    def feed(self, padded: F32, pad: int) -> None:
        """Take a chunk of mono float32: `pad` ≥ one bin of history, then a multiple of HOP_BINS bins."""
        mono = padded[pad:]
        frames = mono.reshape(-1, self._hop)[:, : self._size] * self._window
        spectrum = np.fft.rfft(frames, axis=1)
        power = np.square(spectrum.real)
        power += np.square(spectrum.imag)
        self._rows.append(power @ self._matrix)
        halves = padded[pad - self._bin :].reshape(-1, self._bin) @ self._tones
        tones = halves[:-1, : 2 * _ONSET_TONES] + halves[1:, 2 * _ONSET_TONES :]
        magnitude = np.square(tones[:, :_ONSET_TONES])
        magnitude += np.square(tones[:, _ONSET_TONES:])
        level = np.log1p(magnitude * np.float32(1e6))
        rise = level - np.concatenate([self._previous, level[:-1]])
        self._previous = level[-1:]
        self._onset.append(np.maximum(rise, 0.0).sum(axis=1))

    def result(self, whole_bins: int) -> Spectra:
        """Return what was collected over the first `whole_bins` bins."""
        rows = np.concatenate(self._rows) if self._rows else np.zeros((0, BANDS + 12 + 3), np.float32)
        onset = np.concatenate(self._onset) if self._onset else np.zeros(0, np.float32)
        count = -(-whole_bins // HOP_BINS)
        rows = rows[:count]
        return Spectra(
            rows[:, :BANDS],
            rows[:, BANDS : BANDS + 12],
            rows[:, BANDS + 12 :].sum(axis=0, dtype=np.float64),
            onset[:whole_bins],
            self._rate / self._hop,
            self._rate / self._bin,
        )


def _band_matrix(sample_rate: int, size: int) -> F32:
    frequency = np.fft.rfftfreq(size, 1 / sample_rate)
    edges = np.geomspace(40.0, min(16000.0, sample_rate * 0.45), BANDS + 1)
    matrix = np.zeros((len(frequency), BANDS + 12 + 3), np.float32)
    centre = np.sqrt(edges[:-1] * edges[1:])
    for band in range(BANDS):
        inside = (frequency >= edges[band]) & (frequency < edges[band + 1])
        if not inside.any():
            inside[int(np.abs(frequency - centre[band]).argmin())] = True
        matrix[inside, band] = 1.0 / size
    tonal = np.flatnonzero((frequency >= 100) & (frequency <= 2500))
    pitch = 12 * np.log2(frequency[tonal] / 440.0) + 9
    near = np.round(pitch)
    weight = np.exp(-0.5 * ((pitch - near) / 0.25) ** 2) / np.sqrt(frequency[tonal])
    matrix[tonal, BANDS + (near.astype(int) % 12)] = weight
    for third, (low, high) in enumerate(((20.0, 200.0), (200.0, 4000.0), (4000.0, 1e9))):
        matrix[(frequency >= low) & (frequency < high), BANDS + 12 + third] = 1.0 / size
    return matrix


def balance(spectra: Spectra) -> Balance | None:
    """Return how the energy is shared between low, mid and high, in dB of the whole."""
    whole = float(spectra.thirds.sum())
    if whole <= 1e-9:
        return None
    low, mid, high = (10 * np.log10(max(part / whole, 1e-9)) for part in spectra.thirds)
    return Balance(round(float(low), 2), round(float(mid), 2), round(float(high), 2))


def key(spectra: Spectra, least_confidence: float) -> Key | None:
    """Return the best of 24 keys by correlation with the probe-tone profiles, or None where it is not sure.

    Confidence is the best correlation times how far it stands above the next key that is not its relative.
    """
    weight = np.sqrt(spectra.chroma + 1e-12)
    chroma = weight.sum(axis=0, dtype=np.float64)
    if len(spectra.chroma) < 50 or chroma.max() <= 1e-4:
        return None
    scores = np.empty((2, 12))
    for mode, profile in enumerate((_MAJOR, _MINOR)):
        for tonic in range(12):
            scores[mode, tonic] = np.corrcoef(chroma, np.roll(profile, tonic))[0, 1]
    if not np.isfinite(scores).all():
        return None
    mode, tonic = np.unravel_index(int(scores.argmax()), scores.shape)
    best = float(scores[mode, tonic])
    others = scores.copy()
    others[mode, tonic] = -1
    others[1 - mode, (tonic + (9 if mode == 0 else 3)) % 12] = -1
    confidence = max(0.0, best) * min(1.0, (best - float(others.max())) / 0.15)
    if confidence < least_confidence:
        return None
    return Key(int(tonic), bool(mode), round(confidence, 3))
