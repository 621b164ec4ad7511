"""The two small files beside a bounce: peaks in BBC audiowaveform's published format, and the 2,000 columns.

Format: https://github.com/bbc/audiowaveform/blob/master/doc/DataFormat.md, version 2, 8 bit.
"""

import io
import math
import re
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.bounces.levels import Columns

F32 = NDArray[np.float32]
_MOST_PIXELS = 60_000
_COLUMNS_HEAD = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '<i2', 'fortran_order': False, 'shape': \(3, (\d{1,2}), (\d{1,5})\), \} *\n",
    re.DOTALL,
)
"""How `columns_bytes` begins (numpy's format 1.0), and nothing else: no reader is started on a stranger's promises."""


@dataclass(frozen=True, slots=True)
class Peaks:
    """What a peaks file holds: `low`, `high` int8 (channels, pixels)."""

    sample_rate: int
    samples_per_pixel: int
    low: NDArray[np.int8]
    high: NDArray[np.int8]


def peaks_bytes(low: F32, high: F32, sample_rate: int, bin_frames: int) -> bytes:
    """Return a peaks file of bins (channels, bins), coarsened so that it stays small however long the audio
    is."""
    channels, bins = low.shape
    step = max(1, -(-bins // _MOST_PIXELS))
    if step > 1:
        begin = np.arange(0, bins, step)
        low, high = np.minimum.reduceat(low, begin, axis=1), np.maximum.reduceat(high, begin, axis=1)
    pixels = low.shape[1]
    data = np.empty((pixels, channels, 2), np.int8)
    data[:, :, 0] = np.clip(np.floor(low.T * 128), -128, 127)
    data[:, :, 1] = np.clip(np.ceil(high.T * 127), -128, 127)
    return struct.pack("<iIiiIi", 2, 1, sample_rate, bin_frames * step, pixels, channels) + data.tobytes()


def read_peaks(data: bytes) -> Peaks:
    """Read a version 2, 8 bit peaks file; raises ValueError for anything else."""
    if len(data) < 24:
        raise ValueError("too short for a peaks file")
    version, flags, rate, per_pixel, pixels, channels = struct.unpack_from("<iIiiIi", data)
    if version != 2 or flags != 1 or not 1 <= channels <= 64 or len(data) != 24 + 2 * pixels * channels:
        raise ValueError("not an 8 bit peaks file of version 2")
    body = np.frombuffer(data, np.int8, offset=24).reshape(pixels, channels, 2)
    return Peaks(rate, per_pixel, body[:, :, 0].T, body[:, :, 1].T)


def columns_bytes(columns: Columns) -> bytes:
    """Return the columns as a small numpy file of int16 (3, channels, columns), for drawing and comparing
    again."""
    stacked = np.stack([columns.low, columns.high, columns.rms])
    buffer = io.BytesIO()
    np.save(buffer, np.round(np.clip(stacked, -1, 1) * 32767).astype("<i2"), allow_pickle=False)
    return buffer.getvalue()


def read_columns(data: bytes, duration_s: float) -> Columns:
    """Read what `columns_bytes` wrote; raises ValueError for anything else."""
    head = _COLUMNS_HEAD.match(data)
    if head is None:
        raise ValueError("not a columns file")
    shape = 3, int(head[1]), int(head[2])
    if not 1 <= shape[1] <= 64 or not 1 <= shape[2] <= _MOST_PIXELS or len(data) - head.end() != 2 * math.prod(shape):
        raise ValueError("not a columns file")
    stacked = np.frombuffer(data, "<i2", offset=head.end()).reshape(shape)
    low, high, rms = stacked.astype(np.float32) / np.float32(32767)
    return Columns(low, high, rms, duration_s)
