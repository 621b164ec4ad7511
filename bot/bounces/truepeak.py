"""True peak after ITU-R BS.1770-5, Annex 2: oversample by polyphase FIR, as matrix products, with exact
pruning.

No interpolated value can exceed the largest sample under the filter times the phase's sum of absolute taps,
so a bin
whose samples (and its neighbours') stay below the present maximum divided by that sum cannot raise it and is
skipped.
"""

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

# Rec. ITU-R BS.1770-5, Annex 2, order 48, 4-phase FIR interpolating filter. Phases 2 and 3 mirror 1 and 0.
_PHASE_0 = (
    0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875, 0.1373291015625,
    0.9721679687500, -0.1022949218750, 0.0476074218750, -0.0266113281250, 0.0148925781250, -0.0083007812500,
)  # fmt: skip
_PHASE_1 = (
    -0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500, 0.4650878906250,
    0.7797851562500, -0.2003173828125, 0.1015625000000, -0.0582275390625, 0.0330810546875, -0.0189208984375,
)  # fmt: skip


def phases(sample_rate: int) -> NDArray[np.float64] | None:
    """Return the polyphase taps (phases, taps): four below 96 kHz, one beside the samples below 192 kHz,
    else none."""
    if sample_rate >= 192_000:
        return None
    if sample_rate < 96_000:
        return np.array([_PHASE_0, _PHASE_1, _PHASE_1[::-1], _PHASE_0[::-1]])
    # Twice the rate is the samples themselves and the points midway: a windowed sinc of 24 taps, unity at DC.
    at = np.arange(24) - 11.5
    taps = np.sinc(at) * np.kaiser(24, 5.0)
    return (taps / taps.sum())[None, :]


class TruePeak:
    """The running maximum of the oversampled signal; `history` frames must stand before each chunk."""

    def __init__(self, sample_rate: int, bin_frames: int) -> None:
        taps = phases(sample_rate)
        self.peak = 0.0
        self._taps = taps
        self.history = 0 if taps is None else taps.shape[1] - 1
        if taps is None:
            return
        count, length = taps.shape
        self._bound = float(np.abs(taps).sum(axis=1).max())
        # A product's row makes `stride` frames; it divides the bin, so that no row reads past it.
        fitting = [width for width in range(8, 97) if bin_frames % width == 0]
        self._stride = stride = min(fitting, key=lambda width: abs(width - 24), default=bin_frames)
        toeplitz = np.zeros((stride + length - 1, stride * count), np.float32)
        for offset in range(stride):
            for phase in range(count):
                toeplitz[offset : offset + length, offset * count + phase] = taps[phase, ::-1]
        self._toeplitz = toeplitz

    def feed(self, padded: F32, pad: int, bin_frames: int, bin_peaks: F32) -> None:
        """Take a chunk: `padded` (channels, pad + bins · bin_frames), `bin_peaks` (channels, 1 + bins).

        `bin_peaks[:, 0]` is the bin before the chunk, whose last frames stand in the pad.
        """
        own = bin_peaks[:, 1:]
        self.peak = max(self.peak, float(own.max(initial=0.0)))
        if self._taps is None:
            return
        reach = np.maximum(bin_peaks[:, :-1], own)
        rows = self._rows(padded, pad, bin_frames)
        order = np.argsort(reach, axis=None)[::-1]
        levels = reach.ravel()[order] * self._bound
        begin, size = 0, 2  # the loudest two first: they raise the maximum, which rules most others out
        while begin < len(order) and levels[begin] > self.peak:
            end = min(begin + size, int(np.searchsorted(-levels, -self.peak)))
            channels, positions = np.divmod(order[begin:end], own.shape[1])
            raised = rows[channels, positions].reshape(-1, rows.shape[-1]) @ self._toeplitz
            self.peak = max(self.peak, float(raised.max()), -float(raised.min()))
            begin, size = end, 64

    def _rows(self, padded: F32, pad: int, bin_frames: int) -> F32:
        """Return a view (channels, bins, rows, frames): what each product needs, with its history."""
        channels, frames = padded.shape
        across, along = padded.strides
        stride, width = self._stride, self._stride + self.history
        shape = (channels, (frames - pad) // bin_frames, bin_frames // stride, width)
        strides = (across, bin_frames * along, stride * along, along)
        return np.lib.stride_tricks.as_strided(padded[:, pad - self.history :], shape, strides, writeable=False)
