"""Peaks, energies and silence on the 10 ms grid, and what is reduced from it afterwards."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bot.bounces.model import Clipping, Silence, Stereo

if TYPE_CHECKING:
    from bot.bounces.rules import BounceRules

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Columns:
    """The waveform in columns: `low`, `high`, `rms` float32 (channels, columns), −1..1; `mixed` the same,
    one row."""

    low: F32
    high: F32
    rms: F32
    duration_s: float

    def mixed(self) -> "Columns":
        """Return one channel: the outermost of all channels and their mean energy."""
        if self.low.shape[0] == 1:
            return self
        return Columns(
            self.low.min(axis=0, keepdims=True),
            self.high.max(axis=0, keepdims=True),
            np.sqrt(np.square(self.rms).mean(axis=0, keepdims=True)),
            self.duration_s,
        )


def columns(
    low: F32, high: F32, energy: F32, frames_per_bin: int, frames: int, count: int, duration_s: float
) -> Columns:
    """Reduce bins (channels, bins) to `count` columns; fewer bins than columns are repeated."""
    bins = low.shape[1]
    edges = np.linspace(0, bins, count + 1)
    begin = np.minimum(np.floor(edges[:-1]).astype(np.intp), bins - 1)
    end = np.maximum(np.ceil(edges[1:]).astype(np.intp), begin + 1)
    out_low = np.minimum.reduceat(low, begin, axis=1)
    out_high = np.maximum.reduceat(high, begin, axis=1)
    # reduceat ends a column where the next begins; a column that shares its last bin takes that one too.
    shared = np.minimum(end - 1, bins - 1)
    out_low = np.minimum(out_low, low[:, shared])
    out_high = np.maximum(out_high, high[:, shared])
    total = np.concatenate([np.zeros((energy.shape[0], 1)), np.cumsum(energy, axis=1, dtype=np.float64)], axis=1)
    width = (end - begin) * float(frames_per_bin)
    width[end == bins] -= bins * frames_per_bin - frames  # the last bin may be partly filled
    rms = np.sqrt(np.maximum(total[:, end] - total[:, begin], 0) / np.maximum(width, 1))
    return Columns(out_low, out_high, np.minimum(rms, np.maximum(-out_low, out_high)).astype(np.float32), duration_s)


def db(value: float) -> float | None:
    """Return a linear amplitude in dBFS, two places, or None for nothing.

    >>> db(0.5), db(0.0)
    (-6.02, None)
    """
    return round(20 * float(np.log10(value)), 2) if value > 1e-9 else None


def silence(peaks: F32, bin_s: float, duration_s: float, rules: "BounceRules") -> Silence:
    """Return head, tail and gaps under the threshold from peaks over all channels per bin."""
    loud = np.flatnonzero(peaks > 10 ** (rules.silence_dbfs / 20))
    if not len(loud):
        return Silence(round(duration_s, 2), round(duration_s, 2), ())
    head, tail = loud[0] * bin_s, max(0.0, duration_s - (loud[-1] + 1) * bin_s)
    jumps = np.flatnonzero(np.diff(loud) - 1 > rules.gap_s / bin_s)
    gaps = tuple((round(float(loud[i] + 1) * bin_s, 2), round(float(loud[i + 1]) * bin_s, 2)) for i in jumps[:50])
    return Silence(round(float(head), 2), round(float(tail), 2), gaps)


class ClipCounter:
    """Counts runs of samples at full scale; a run may cross chunks."""

    def __init__(self, channels: int, least_run: int) -> None:
        self._run = [0] * channels
        self._least = least_run
        self.runs = 0
        self.starts: list[int] = []

    def feed(self, planar: F32, ceiling: float, floor: float, at_frame: int) -> None:
        """Take a chunk (channels, frames) that reaches `ceiling` or `floor` somewhere."""
        for channel, samples in enumerate(planar):
            full = (samples >= ceiling) | (samples <= floor)
            if not full.any():
                self._run[channel] = 0
                continue
            edges = np.diff(np.concatenate([[False], full, [False]]).astype(np.int8))
            begin, end = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
            length = end - begin
            carried = self._run[channel] if begin[0] == 0 else 0
            counted = length >= self._least
            if carried:
                # The run began in an earlier chunk: it counts once, when it first grows long enough.
                counted[0] = carried < self._least <= carried + length[0]
            hits = np.flatnonzero(counted)
            self.runs += len(hits)
            for hit in hits[: max(0, 40 - len(self.starts))]:
                self.starts.append(at_frame + int(begin[hit]) - (carried if hit == 0 else 0))
            open_end = int(end[-1]) == len(samples)
            self._run[channel] = (int(length[-1]) + (carried if len(length) == 1 else 0)) if open_end else 0

    def clear(self) -> None:
        """Note that a chunk passed without a full-scale sample."""
        self._run = [0] * len(self._run)

    def result(self, sample_rate: int) -> Clipping:
        places: list[float] = []
        for start in sorted(self.starts):
            second = round(start / sample_rate, 2)
            if not places or second - places[-1] > 0.05:
                places.append(second)
        return Clipping(self.runs, tuple(places[:5]))


def stereo(energy: F64, cross: float, frames: int) -> Stereo | None:
    """Return the stereo facts from the total energy per channel and the sum of left · right (two
    channels)."""
    channels = len(energy)
    if channels < 2 or frames == 0:
        return None
    top = float(energy.max())
    if top <= frames * 1e-12:
        return None
    silent = tuple(int(i) for i in np.flatnonzero(energy <= frames * 10 ** (-90 / 10)))
    if channels > 2:
        return Stereo(0.0, None, 0.0, silent, False)
    left, right = float(energy[0]), float(energy[1])
    both = left * right
    correlation = cross / both**0.5 if both > 0 else 0.0
    mid, side = (left + right + 2 * cross) / 4, max((left + right - 2 * cross) / 4, 0.0)
    loss = 10 * float(np.log10(max(mid, 1e-12) / max((left + right) / 2, 1e-12)))
    ratio = 10 * float(np.log10(side / mid)) if side > 1e-9 * top and mid > 1e-9 * top else None
    lean = abs(10 * float(np.log10(max(left, 1e-12) / max(right, 1e-12))))
    return Stereo(
        round(float(np.clip(correlation, -1, 1)), 3),
        None if ratio is None else round(ratio, 1),
        round(max(loss, -99.0), 1),
        silent,
        lean > 12.0 and not silent,
    )
