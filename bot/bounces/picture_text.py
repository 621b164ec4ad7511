"""Lettering over rastered pixels, and the PNG: by Pillow, whose import costs a twentieth of a plotting library's.

Measuring and drawing one file in a fresh process has to keep up with programs written in C; the numbers are in
docs/decisions.
"""

import importlib.util
import io
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bot.bounces.picture_raster import Rgb, bytes_of, palette

F32 = NDArray[np.float32]
_ELLIPSIS = "…"
_COMPRESSION = 4


@dataclass(frozen=True, slots=True)
class _Word:
    x: float
    y: float
    text: str
    size: int
    colour: Rgb
    is_bold: bool
    anchor: str


@dataclass(slots=True)
class Lettering:
    """Text to set over the pixels; positions are pixels from the top left, `y` the baseline."""

    items: list[_Word] = field(default_factory=list)

    def add(
        self, x: float, y: float, text: str, size: float, colour: Rgb, *, bold: bool = False, across: str = "left",
        most: float | None = None,
    ) -> None:  # fmt: skip
        """Set `text` at most `most` pixels wide (an ellipsis replaces what does not fit)."""
        plain = _plain(text)
        if most is not None:
            plain = shortened(plain, most, round(size), bold=bold)
        if plain:
            anchor = {"left": "l", "center": "m", "right": "r"}[across] + "s"
            self.items.append(_Word(x, y, plain, round(size), colour, bold, anchor))


def width_of(text: str, size: int, *, bold: bool = False) -> float:
    """Return how wide `text` is set, in pixels."""
    return _font(size, bold).getlength(_plain(text))


def shortened(text: str, most: float, size: int, *, bold: bool = False) -> str:
    """Cut `text` to at most `most` pixels at a font size in pixels."""
    font = _font(size, bold)
    # No sign is narrower than a sixth of its height: what is longer than that is not even measured.
    text = text[: max(1, int(most / size * 6))]
    if font.getlength(text) <= most:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(text[:middle].rstrip() + _ELLIPSIS) <= most:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + _ELLIPSIS


def png(image: F32, words: Lettering) -> bytes:
    """Return `image`, float32 (height, width, 3) 0..1, with its words as an opaque PNG."""
    picture = Image.fromarray(bytes_of(image))
    draw = ImageDraw.Draw(picture)
    for word in words.items:
        colour = tuple(round(part * 255) for part in word.colour)
        draw.text((word.x, word.y), word.text, fill=colour, font=_font(word.size, word.is_bold), anchor=word.anchor)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=_COMPRESSION)
    return buffer.getvalue()


@cache
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_font_files()[bold]), size)


@cache
def _font_files() -> tuple[Path, Path]:
    """Return the regular and the bold file of the palette's family, which comes with matplotlib (not imported)."""
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("matplotlib's fonts")
    folder = Path(spec.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"
    name = palette().font.replace(" ", "")
    return folder / f"{name}.ttf", folder / f"{name}-Bold.ttf"


def _plain(text: str) -> str:
    """Take out what a font cannot show and what would break a line."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
