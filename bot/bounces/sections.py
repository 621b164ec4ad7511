"""Sections of a piece by novelty of its band energies and chroma: where it changes, and which parts are
alike.

O(n): the mean before and after each instant come from cumulative sums, not from a self-similarity matrix.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bot.bounces.model import Section
from bot.bounces.spectrum import Spectra

F64 = NDArray[np.float64]

_LONG_S, _SHORT_S, _FINE_S = 16.0, 8.0, 2.0
_MOST_FRAMES = 12_000
_LEAST_NOVELTY = 0.35
_LEAST_APART, _SHORT_APART = 0.45, 0.35
_ALIKE, _KIN = 0.4, 0.6


@dataclass(frozen=True, slots=True)
class Material:
    """What sections are found in: z-scored features (frames, 36) at `rate_hz`, and their running sums."""

    data: F64
    total: F64
    rate_hz: float


def material(spectra: Spectra) -> Material:
    """Return the features of a piece; of long ones neighbouring frames are averaged, which bounds memory."""
    step = max(1, -(-len(spectra.bands) // _MOST_FRAMES))
    data = features(_thinned(spectra.bands, step), _thinned(spectra.chroma, step))
    total = np.concatenate([np.zeros((1, data.shape[1])), np.cumsum(data, axis=0)])
    return Material(data, total, spectra.rate_hz / step)


def _thinned(rows: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    whole = len(rows) // step * step
    return rows[:whole].reshape(-1, step, rows.shape[1]).mean(axis=1) if step > 1 else rows


def features(band_rows: NDArray[np.float32], chroma_rows: NDArray[np.float32]) -> F64:
    """Return z-scored log bands and chroma shares; quiet frames are floored, not let to scatter."""
    bands = band_rows.astype(np.float64)
    floor = max(float(bands.sum(axis=1).max()) * 1e-6, 1e-12) / bands.shape[1]
    logs = 10 * np.log10(bands + floor)
    chroma = chroma_rows.astype(np.float64)
    shares = chroma / (chroma.sum(axis=1, keepdims=True) + float(chroma.sum(axis=1).max(initial=0)) * 1e-3 + 1e-12)
    # Bands that hardly move carry noise only: 1.5 dB is the least spread that counts as one unit.
    scaled = (logs - logs.mean(axis=0)) / np.maximum(logs.std(axis=0), 1.5)
    tonal = (shares - shares.mean(axis=0)) / np.maximum(shares.std(axis=0), 0.06)
    return np.concatenate([scaled, 0.6 * tonal], axis=1)


def novelty(found: Material, width_s: float) -> F64:
    """Return the distance between the means after and before each frame, per square root of the feature
    count."""
    width, total = max(1, round(width_s * found.rate_hz)), found.total
    count = len(found.data)
    at = np.arange(count)
    begin, end = np.maximum(at - width, 0), np.minimum(at + width, count)
    before = (total[at] - total[begin]) / np.maximum(at - begin, 1)[:, None]
    after = (total[end] - total[at]) / np.maximum(end - at, 1)[:, None]
    distance = np.sqrt(np.square(after - before).mean(axis=1))
    least = np.minimum(at - begin, end - at) / width
    return distance * np.clip(least * 2, 0, 1)


def boundaries(found_in: Material, duration_s: float, least_s: float, most: int) -> list[float]:
    """Return the instants (seconds) where the material changes, rising, without 0 and the end."""
    data, total, rate = found_in.data, found_in.total, found_in.rate_hz
    if duration_s < 3 * least_s or len(data) < 20:
        return []
    wide = min(_LONG_S, duration_s / 5)
    curve = (novelty(found_in, wide) + novelty(found_in, min(_SHORT_S, wide))) / 2
    fine = novelty(found_in, _FINE_S)
    guard = round(least_s * rate)
    left = curve.copy()
    left[: max(1, round(guard * 0.6))] = 0
    left[len(left) - max(1, round(guard * 0.6)) :] = 0
    found: list[int] = [0, len(data)]
    while len(found) < most + 1:
        peak = int(left.argmax())
        if left[peak] < _LEAST_NOVELTY:
            break
        reach = round(1.6 * rate)
        low, high = max(1, peak - reach), min(len(fine) - 1, peak + reach + 1)
        exact = low + int((fine[low:high] * (1 - 0.25 * np.abs(np.arange(low, high) - peak) / reach)).argmax())
        left[max(0, peak - guard) : peak + guard] = 0
        before = max(other for other in found if other <= exact)
        after = min(other for other in found if other > exact)
        room = min(exact - before, after - exact)
        if room < guard:
            continue
        # The less there is to average over, the clearer the difference has to be.
        needed = _LEAST_APART + _SHORT_APART * (1 - min(1.0, room / (_LONG_S * rate)))
        if _apart(total, before, exact, after, rate) >= needed:
            found.append(exact)
    return sorted(at / rate for at in found[2:])


def _apart(total: F64, before: int, at: int, after: int, rate_hz: float) -> float:
    """Return how far the material left and right of `at` is apart, looking no further than the neighbours.

    What a neighbouring boundary spills into a fixed window does not count; a phrase that recurs averages out.
    """
    reach = round(_LONG_S * rate_hz)
    begin, end = max(before, at - reach), min(after, at + reach)
    left, right = (total[at] - total[begin]) / (at - begin), (total[end] - total[at]) / (end - at)
    return float(np.sqrt(np.square(right - left).mean()))


def snap(times: list[float], bpm: float, phase_s: float, reach_s: float = 0.35) -> list[float]:
    """Move instants to the nearest beat where one is near; the order stays."""
    beat = 60 / bpm
    out: list[float] = []
    for time in times:
        near = phase_s + round((time - phase_s) / beat) * beat
        moved = near if abs(near - time) <= min(reach_s, beat / 2) else time
        out.append(moved if not out or moved > out[-1] else time)
    return out


def labelled(found_in: Material, times: list[float], duration_s: float) -> tuple[Section, ...]:
    """Return the sections between `times` with labels A, B, A′ … by likeness of their means."""
    if not times:
        return ()
    data, rate = found_in.data, found_in.rate_hz
    edges = [0.0, *times, duration_s]
    letters: list[tuple[str, F64, int]] = []
    sections: list[Section] = []
    for start, end in pairwise(edges):
        first, last = round(start * rate), max(round(start * rate) + 1, round(end * rate))
        inset = min(round(0.3 * rate), (last - first) // 4)
        mean = data[first + inset : max(first + inset + 1, last - inset)].mean(axis=0)
        distances = [float(np.sqrt(np.square(mean - other).mean())) for _, other, _ in letters]
        nearest = int(np.argmin(distances)) if distances else -1
        if nearest >= 0 and distances[nearest] < _ALIKE:
            label = letters[nearest][0]
        elif nearest >= 0 and distances[nearest] < _KIN:
            base, other, times_used = letters[nearest]
            letters[nearest] = (base, other, times_used + 1)
            label = base + "′" * min(times_used + 1, 3)
        else:
            label = chr(ord("A") + len(letters)) if len(letters) < 26 else "Z"
            letters.append((label, mean, 0))
        sections.append(Section(round(start, 2), round(end, 2), label))
    return tuple(sections)
