"""Waveforms as pixels: envelope and RMS body drawn straight into an array, anti-aliased by coverage.

A polygon of thousands of points through a general renderer costs more than the whole rest of the picture.
"""

import tomllib
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bot.bounces.levels import Columns
from bot.paths import assets_dir

F32 = NDArray[np.float32]
Rgb = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as 0..1 triples."""

    background: Rgb
    panel: Rgb
    raised: Rgb
    line: Rgb
    text: Rgb
    muted: Rgb
    accent: Rgb
    look: Rgb
    good: Rgb
    font: str


def rgb(code: str) -> Rgb:
    """Return `#RRGGBB` as three parts of one.

    >>> rgb("#FF0080")
    (1.0, 0.0, 0.5019607843137255)
    """
    return int(code[1:3], 16) / 255, int(code[3:5], 16) / 255, int(code[5:7], 16) / 255


@cache
def palette() -> Palette:
    """Return the shipped colours."""
    with (assets_dir() / "palette.toml").open("rb") as file:
        document = tomllib.load(file)
    base = document["base"]
    names = ("background", "panel", "raised", "line", "text", "muted", "accent", "look")
    return Palette(
        *(rgb(base[name]) for name in names), good=rgb(base["good_on_dark"]), font=document["fonts"]["family"]
    )


def blend(back: Rgb, front: Rgb, share: float) -> Rgb:
    """Return `front` laid over `back`."""
    return (
        back[0] + (front[0] - back[0]) * share,
        back[1] + (front[1] - back[1]) * share,
        back[2] + (front[2] - back[2]) * share,
    )


def canvas(width: int, height: int, colour: Rgb) -> F32:
    """Return float32 (height, width, 3), 0..1, filled with `colour`."""
    return np.broadcast_to(np.asarray(colour, np.float32), (height, width, 3)).copy()


def fill(image: F32, left: float, top: float, right: float, bottom: float, colour: Rgb, share: float = 1.0) -> None:
    """Fill a rectangle in pixels; `share` is its opacity."""
    height, width = image.shape[:2]
    x0, x1 = max(0, round(left)), min(width, max(round(left) + 1, round(right)))
    y0, y1 = max(0, round(top)), min(height, max(round(top) + 1, round(bottom)))
    if x0 >= x1 or y0 >= y1:
        return
    part = image[y0:y1, x0:x1]
    part += (np.asarray(colour, np.float32) - part) * np.float32(share)


@dataclass(frozen=True, slots=True)
class Box:
    """Where a waveform goes, in pixels from the top left."""

    left: int
    top: int
    width: int
    height: int


def waveform(image: F32, box: Box, columns: Columns, envelope: Rgb, body: Rgb, *, share: float = 1.0) -> None:
    """Draw one channel's columns (row 0) into `box`: the envelope, and the RMS body over it."""
    low, high, rms = (_fit(values[0], box.width, how) for values, how in _rows(columns))
    scale = np.float32(box.height / 2)
    rows = np.arange(box.height, dtype=np.float32)[:, None]
    part = image[box.top : box.top + box.height, box.left : box.left + box.width]
    for top, bottom, colour, opacity in (
        (high, low, envelope, share),
        (np.minimum(rms, high), np.maximum(-rms, low), body, share),
    ):
        upper = scale - np.clip(top, -1, 1) * scale
        lower = scale - np.clip(bottom, -1, 1) * scale
        middle = (upper + lower) / 2
        upper, lower = np.minimum(upper, middle - 0.5), np.maximum(lower, middle + 0.5)
        cover = np.minimum(rows + 1, lower)
        cover -= np.maximum(rows, upper)
        np.clip(cover, 0, 1, out=cover)
        cover *= np.float32(opacity)
        for index in range(3):
            plane = part[:, :, index]
            plane += (np.float32(colour[index]) - plane) * cover


def _rows(columns: Columns) -> tuple[tuple[F32, np.ufunc], ...]:
    return (columns.low, np.minimum), (columns.high, np.maximum), (columns.rms, np.maximum)


def _fit(values: F32, width: int, how: np.ufunc) -> F32:
    count = len(values)
    if count <= width:
        return values[np.minimum((np.arange(width) * count) // width, count - 1)]
    begin = (np.arange(width) * count) // width
    return how.reduceat(values, begin)


def bytes_of(image: F32) -> NDArray[np.uint8]:
    """Return the image as uint8 RGB."""
    return np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)
