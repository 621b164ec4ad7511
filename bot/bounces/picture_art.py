"""The square picture without any words: the piece as a ring, clockwise from the top. For covers and looking back."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from bot.bounces.levels import Columns
from bot.bounces.picture_raster import F32, Rgb, blend, palette

SIZE = 3000
SPOKES = 180
_ROWS = 250
_BASE, _REACH = 0.2, 0.235
"""Radius of the ring, and how far the loudest spoke stands out, as shares of the width."""
_INWARDS = 0.22
"""The share of a spoke's height that it has inside the ring."""
_HALF = 0.29
"""Half the width of a spoke, as a share of its place on the circle."""


def art_png(columns: Columns, size: int = SIZE, accent: Rgb | None = None) -> bytes:
    """Return the ring as PNG, `size` pixels square; drawn in bands, so that memory stays small."""
    colours = palette()
    front = accent or colours.accent
    mixed = columns.mixed()
    outline = np.maximum(mixed.high[0], -mixed.low[0])
    loudest = float(_spokes(outline, 1.0).max(initial=0.0))
    peaks, bodies = _spokes(outline, loudest), _spokes(mixed.rms[0], loudest)
    image = np.empty((size, size, 3), np.uint8)
    for top in range(0, size, _ROWS):
        rows = min(_ROWS, size - top)
        image[top : top + rows] = _band(top, rows, size, peaks, bodies, colours.background, front)
    return _png(image)


def _png(image: NDArray[np.uint8]) -> bytes:
    """Return 8-bit RGB without an alpha channel, as distributors want it; rows as differences to the row above."""
    height, width = image.shape[:2]
    rows = image.reshape(height, width * 3)
    lines = np.empty((height, width * 3 + 1), np.uint8)
    lines[:, 0] = 2
    lines[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=lines[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _spokes(values: F32, loudest: float) -> F32:
    """Return SPOKES heights, 0..1 against `loudest`: the mean of the columns each covers."""
    edges = np.linspace(0, len(values), SPOKES + 1).astype(int)
    starts = np.minimum(edges[:-1], len(values) - 1)
    counts = np.maximum(np.diff(edges), 1)
    heights = np.add.reduceat(np.abs(values), starts) / counts
    return np.clip(heights / max(loudest, 1e-6), 0, 1).astype(np.float32)


def _band(top: int, rows: int, size: int, peaks: F32, bodies: F32, back: Rgb, front: Rgb) -> NDArray[np.uint8]:
    """Draw `rows` rows from `top` on."""
    scale = np.float32(1 / size)
    y = (np.arange(top, top + rows, dtype=np.float32) + np.float32(0.5)) * scale - np.float32(0.5)
    x = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * scale - np.float32(0.5)
    radius = np.hypot(x[None, :], y[:, None])
    turn = np.arctan2(x[None, :], -y[:, None]) * np.float32(SPOKES / (2 * np.pi))
    turn %= np.float32(SPOKES)
    number = np.minimum(turn.astype(np.int32), SPOKES - 1)
    arc = radius * np.float32(2 * np.pi / SPOKES)
    aside = np.abs(turn - number - np.float32(0.5)) * arc
    half = np.minimum(arc * np.float32(_HALF), np.float32(2 * np.pi * _BASE / SPOKES * _HALF * 1.6))
    soft = np.float32(1.2 / size)
    base = np.asarray(back, np.float32)
    glow = np.exp(-np.square((radius - np.float32(_BASE + 0.06)) * np.float32(5.5))) * np.float32(0.09)
    image = np.empty((rows, size, 3), np.float32)
    image[:] = base
    image += (np.asarray(front, np.float32) - base) * glow[:, :, None]
    for heights, colour in ((peaks, blend(back, front, 0.42)), (bodies, blend(back, front, 0.96))):
        height = np.maximum(heights[number] * np.float32(_REACH), np.float32(0.004))
        outer = np.maximum(radius - (np.float32(_BASE) + height), (np.float32(_BASE) - height * _INWARDS) - radius)
        # The distance to a bar with round ends: negative inside.
        beyond = np.where(outer > -half, np.hypot(np.maximum(outer + half, 0), aside) - half, aside - half)
        cover = np.clip(np.float32(0.5) - beyond / soft, 0, 1)
        image += (np.asarray(colour, np.float32) - image) * cover[:, :, None]
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
