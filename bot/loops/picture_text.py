"""Text in the timeline picture: widths, cutting with an ellipsis, and signs that the font does not have."""

import unicodedata
from functools import cache

from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.ft2font import LoadFlags

MISSING = "□"
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")
"""What holds emoji together; some fonts have a visible sign for it."""


@cache
def font(size_px: float, *, bold: bool = False, family: str = "DejaVu Sans") -> FontProperties:
    """Return a font by height in pixels; the figure has 100 dots an inch."""
    return FontProperties(family=family, weight="bold" if bold else "normal", size=size_px * 0.72)


@cache
def _face(bold: bool, family: str) -> tuple[frozenset[int], str]:
    path = fontManager.findfont(FontProperties(family=family, weight="bold" if bold else "normal"))
    return frozenset(int(code) for code in get_font(path).get_charmap()), str(path)


@cache
def _advance(sign: str, bold: bool, family: str) -> float:
    """Return the width of one sign in ems."""
    _, path = _face(bold, family)
    face = get_font(path)
    face.set_size(100, 72)
    return face.load_char(ord(sign), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536 / 100


def drawable(text: str, *, bold: bool = False, family: str = "DejaVu Sans") -> str:
    """Return text on one line in signs that the font has; letters it lacks become an empty box.

    Emoji and other symbols it lacks are left out, unless there is nothing else.
    """
    known, _ = _face(bold, family)
    shown: list[str] = []
    left_out = 0
    for sign in " ".join(text.split()):
        if sign in _JOINERS:
            continue
        if ord(sign) in known:
            shown.append(sign)
        elif unicodedata.category(sign)[0] == "S":
            left_out += 1
        elif unicodedata.category(sign)[0] not in ("C", "M"):
            shown.append(MISSING)
    return " ".join("".join(shown).split()) or MISSING * left_out


def width_px(text: str, size_px: float, *, bold: bool = False, family: str = "DejaVu Sans") -> float:
    """Return the width of a drawable text in pixels."""
    return sum(_advance(sign, bold, family) for sign in text) * size_px


def cut(text: str, room_px: float, size_px: float, *, bold: bool = False, family: str = "DejaVu Sans") -> str:
    """Return as much of a text as fits, with an ellipsis; empty when not even three signs fit."""
    shown = drawable(text, bold=bold, family=family)
    if width_px(shown, size_px, bold=bold, family=family) <= room_px:
        return shown
    room_px -= width_px("…", size_px, bold=bold, family=family)
    kept = 0
    used = 0.0
    for sign in shown:
        used += _advance(sign, bold, family) * size_px
        if used > room_px:
            break
        kept += 1
    return shown[:kept].rstrip() + "…" if kept >= 2 else ""


def lines(text: str, room_px: float, size_px: float, most: int, *, bold: bool = False) -> list[str]:
    """Return a text on at most so many lines, broken at spaces where it can be, the last one cut."""
    words = drawable(text, bold=bold).split(" ")
    found: list[str] = []
    while words and len(found) < most - 1:
        line = words[0]
        if width_px(line, size_px, bold=bold) > room_px:
            break
        taken = 1
        while taken < len(words) and width_px(f"{line} {words[taken]}", size_px, bold=bold) <= room_px:
            line = f"{line} {words[taken]}"
            taken += 1
        found.append(line)
        words = words[taken:]
    if words:
        last = cut(" ".join(words), room_px, size_px, bold=bold)
        if last:
            found.append(last)
    return found
