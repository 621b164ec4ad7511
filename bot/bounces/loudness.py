"""Loudness after ITU-R BS.1770-5 and EBU Tech 3341/3342, from energies of the K-weighted signal on a 10 ms
grid.

The K filter (two biquads in series) runs as matrix products over short blocks: a block's output is its
zero-state
response plus what the four state values at its start add. The states are a linear recurrence over blocks;
since the
filter forgets within a tenth of a second, groups of blocks are joined by a short sum of matrix powers. In
exact
arithmetic this is the cascade itself, sample by sample.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_OFFSET_DB = -0.691  # BS.1770-5, equation 2
_ABSOLUTE_GATE_LUFS = -70.0
_FORGET = 1e-13


def k_weighting(sample_rate: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the two biquads (b0, b1, b2, a1, a2) of the K filter for a rate.

    The analogue prototype is the one that gives BS.1770's printed coefficients at 48 kHz (bilinear
    transform):

    >>> [round(value, 8) for value in k_weighting(48000)[0]]
    [1.53512486, -2.69169619, 1.19839281, -1.69065929, 0.73248077]
    """
    gain_db, quality, frequency = 3.999843853973347, 0.7071752369554196, 1681.974450955533
    k = math.tan(math.pi * frequency / sample_rate)
    high = 10 ** (gain_db / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / quality + k * k
    shelf = (
        (high + band * k / quality + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - band * k / quality + k * k) / a0,
        2 * (k * k - 1) / a0,
        (1 - k / quality + k * k) / a0,
    )
    quality, frequency = 0.5003270373238773, 38.13547087602444
    k = math.tan(math.pi * frequency / sample_rate)
    a0 = 1 + k / quality + k * k
    return shelf, (1.0, -2.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0)


def channel_weights(channels: int) -> F64:
    """Return BS.1770's weights: surrounds +1.5 dB from five channels on (L R C [LFE] Ls Rs …), LFE left
    out."""
    weights = {
        4: (1.0, 1.0, 1.41, 1.41),
        5: (1.0, 1.0, 1.0, 1.41, 1.41),
        6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41),
        7: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41, 1.41),
        8: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41, 1.41, 1.41),
    }
    return np.asarray(weights.get(channels, (1.0,) * channels), np.float64)


class KEnergy:
    """Energy of the K-weighted signal in bins; state is carried from chunk to chunk.

    `bin_frames` must be a multiple of `block`; use `block_size` for it.
    """

    def __init__(self, sample_rate: int, channels: int, bin_frames: int, block: int) -> None:
        self._channels, self._bin, self._block = channels, bin_frames, block
        transition, injection, output, through = _balanced(*_cascade(*k_weighting(sample_rate)))
        powers = [np.eye(4)]
        for _ in range(block):
            powers.append(powers[-1] @ transition)
        impulse = np.array([through] + [float(output @ powers[i] @ injection) for i in range(block - 1)])
        response = np.zeros((block, block))
        for row in range(block):
            response[row, : row + 1] = impulse[row::-1]
        # A block's output from its samples and the four state values before it, in one product.
        observe = np.stack([output @ powers[i] for i in range(block)], axis=1)
        self._output = np.ascontiguousarray(np.concatenate([response.T, observe]), np.float32)
        gather = np.stack([powers[block - 1 - i] @ injection for i in range(block)])
        self._gather = np.ascontiguousarray(gather, np.float32)
        # A group is one bin: its blocks' start states follow from the group's start state and the blocks'
        # inputs.
        step, count = powers[block], bin_frames // block
        steps = [np.eye(4)]
        for _ in range(count):
            steps.append(steps[-1] @ step)
        inside = np.zeros(((count + 1) * 4, (count + 1) * 4))
        for source in range(count):
            for target in range(source + 1, count + 1):
                power = steps[target - 1 - source].T
                inside[source * 4 : source * 4 + 4, target * 4 : target * 4 + 4] = power
        for target in range(count + 1):  # the last rows: from the start of the group
            inside[count * 4 :, target * 4 : target * 4 + 4] = steps[target].T
        self._inside = inside[:, : count * 4].astype(np.float32)
        self._end = inside[: count * 4, count * 4 :].astype(np.float32)
        self._reach: list[F64] = [np.eye(4)]
        while np.abs(self._reach[-1]).max() > _FORGET and len(self._reach) < 400:
            self._reach.append(self._reach[-1] @ steps[count])
        self._tail = np.zeros((channels, len(self._reach), 4))

    def feed(self, planar: F32) -> F32:
        """Return energies (channels, bins) of `planar`: float32 (channels, bins · bin_frames), contiguous."""
        channels, frames = planar.shape
        bins, count = frames // self._bin, self._bin // self._block
        rows = planar.reshape(-1, self._block)
        known = np.empty((channels * bins, (count + 1) * 4), np.float32)
        known[:, : count * 4] = (rows @ self._gather).reshape(channels * bins, count * 4)
        ended = (known[:, : count * 4] @ self._end).reshape(channels, bins, 4)
        # From bin to bin in double precision: the slow poles remember for a tenth of a second.
        reach = len(self._reach)
        ends = np.concatenate([self._tail, ended], axis=1)
        start = np.zeros((channels, bins, 4))
        for back, power in enumerate(self._reach):
            begin = reach - 1 - back
            start += ends[:, begin : begin + bins] @ power.T
        self._tail = ends[:, -reach:]
        known[:, count * 4 :] = start.reshape(channels * bins, 4)
        whole = np.empty((len(rows), self._block + 4), np.float32)
        whole[:, : self._block] = rows
        whole[:, self._block :] = (known @ self._inside).reshape(-1, 4)
        weighted = whole @ self._output
        weighted = weighted.reshape(channels, bins, self._bin)
        return np.vecdot(weighted, weighted)


def block_size(sample_rate: int) -> tuple[int, int]:
    """Return (bin_frames, block): about 10 ms a bin, made of blocks of about 48 frames.

    >>> block_size(44100), block_size(48000), block_size(192000)
    ((441, 49), (480, 48), (1920, 48))
    """
    wanted = round(sample_rate / 100)
    best = (wanted, wanted, math.inf)
    for frames in range(max(1, round(wanted * 0.99)), round(wanted * 1.01) + 1):
        for block in range(min(32, frames), min(80, frames) + 1):
            if frames % block == 0:
                cost = abs(frames - wanted) * 1000 + abs(block - 48)
                if cost < best[2]:
                    best = (frames, block, cost)
    return best[0], best[1]


def _cascade(first: tuple[float, ...], second: tuple[float, ...]) -> tuple[F64, F64, F64, float]:
    """Return (A, B, C, D) of two transposed biquads in series: s' = A s + B x, y = C s + D x."""
    b0, b1, b2, a1, a2 = first
    c0, c1, c2, d1, d2 = second
    # y1 = b0 x + s0; y = c0 y1 + s2
    transition = np.array(
        [
            [-a1, 1, 0, 0],
            [-a2, 0, 0, 0],
            [c1 - d1 * c0, 0, -d1, 1],
            [c2 - d2 * c0, 0, -d2, 0],
        ],
        np.float64,
    )
    injection = np.array([b1 - a1 * b0, b2 - a2 * b0, (c1 - d1 * c0) * b0, (c2 - d2 * c0) * b0], np.float64)
    return transition, injection, np.array([c0, 0, 1, 0], np.float64), c0 * b0


def _balanced(transition: F64, injection: F64, output: F64, through: float) -> tuple[F64, F64, F64, float]:
    """Return the same filter with its states balanced.

    In the direct form the slow poles' states are thousands of times larger than what comes out, and single
    precision would lose the signal beside them.
    """
    reached, seen = np.outer(injection, injection), np.outer(output, output)
    step = transition
    for _ in range(40):  # the infinite sums of A^k B Bᵀ A^kᵀ and its twin, doubled each time
        reached = reached + step @ reached @ step.T
        seen = seen + step.T @ seen @ step
        step = step @ step
    root = np.linalg.cholesky(reached)
    turn, size, _ = np.linalg.svd(root.T @ seen @ root)
    change = root @ turn * size**-0.25
    back = np.linalg.inv(change)
    return back @ transition @ change, back @ injection, output @ change, through


@dataclass(frozen=True, slots=True)
class Loudness:
    """LUFS and LU; None where the signal is too quiet or too short for the measure."""

    integrated_lufs: float | None
    momentary_max_lufs: float | None
    short_term_max_lufs: float | None
    range_lu: float | None
    loudest_at_s: float | None


def loudness(energy: F32, weights: F64, bin_frames: int, sample_rate: int, whole_bins: int) -> Loudness:
    """Return the loudness from K-weighted energies (channels, bins) of which the first `whole_bins` are
    full."""
    bin_s = bin_frames / sample_rate
    power = (weights @ energy[:, :whole_bins].astype(np.float64)) / bin_frames
    total = np.concatenate([[0.0], np.cumsum(power)])

    def windows(seconds: float) -> F64:
        width = max(1, round(seconds / bin_s))
        return np.maximum(total[width:] - total[:-width], 0.0) / width if width < len(total) else np.empty(0)

    momentary, short_term = windows(0.4), windows(3.0)
    hop = max(1, round(0.1 / bin_s))
    integrated = _gated(momentary[::hop])
    spread = _range(short_term[::hop])
    loud = short_term if len(short_term) else momentary
    at = None
    if len(loud) and loud.max() > 10 ** ((_ABSOLUTE_GATE_LUFS - _OFFSET_DB) / 10):
        at = (int(loud.argmax()) + (3.0 if len(short_term) else 0.4) / bin_s / 2) * bin_s
    return Loudness(integrated, _level(momentary), _level(short_term), spread, at)


def _lufs(power: float) -> float:
    return _OFFSET_DB + 10 * math.log10(power)


def _level(windows: F64) -> float | None:
    top = float(windows.max()) if len(windows) else 0.0
    return _lufs(top) if top > 1e-12 else None


def _gated(blocks: F64) -> float | None:
    loud = blocks[blocks > 10 ** ((_ABSOLUTE_GATE_LUFS - _OFFSET_DB) / 10)]
    if not len(loud):
        return None
    kept = loud[loud > loud.mean() / 10]
    return _lufs(float(kept.mean())) if len(kept) else None


def _range(blocks: F64) -> float | None:
    loud = blocks[blocks > 10 ** ((_ABSOLUTE_GATE_LUFS - _OFFSET_DB) / 10)]
    if not len(loud):
        return None
    kept = np.sort(loud[loud > loud.mean() / 100])
    if not len(kept):
        return None
    low, high = kept[round((len(kept) - 1) * 0.10)], kept[round((len(kept) - 1) * 0.95)]
    return 10 * math.log10(high / low)
