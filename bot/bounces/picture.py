"""Pictures of bounces: the 1600 × 480 waveform, the square cover, the sheet of a burst, the comparison.

All words come in finished: this module knows no catalogue.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from numpy import float32
from numpy.typing import NDArray

from bot.bounces.levels import Columns
from bot.bounces.picture_raster import Box, Palette, Rgb, blend, canvas, fill, palette, waveform
from bot.bounces.picture_text import Lettering, png, width_of

F32 = NDArray[float32]
_STRIP = 28


@dataclass(frozen=True, slots=True)
class Span:
    """A named stretch of time; `is_estimated` ones have dashed edges."""

    start_s: float
    end_s: float
    name: str
    is_estimated: bool = False


@dataclass(frozen=True, slots=True)
class WaveView:
    """What a waveform picture shows. Words are finished; times in seconds."""

    columns: Columns
    title: str
    version: str = ""
    facts: tuple[str, ...] = ()
    tag: str = ""
    sections: tuple[Span, ...] = ()
    form: tuple[Span, ...] = ()
    clips_s: tuple[float, ...] = ()
    clip_word: str = ""
    gaps_s: tuple[tuple[float, float], ...] = ()
    marks_s: tuple[float, ...] = ()
    slices_s: tuple[tuple[float, float], ...] = ()
    is_stereo_shown: bool = False
    accent: Rgb | None = None


@dataclass(frozen=True, slots=True)
class SheetItem:
    name: str
    length: str
    columns: Columns


@dataclass(frozen=True, slots=True)
class CompareView:
    """Two versions one above the other; `apart_s` is where they differ most."""

    old: Columns
    new: Columns
    title: str
    old_name: str
    new_name: str
    facts: tuple[str, ...] = ()
    apart_s: tuple[float, float] | None = None
    apart_word: str = ""
    accent: Rgb | None = None


def waveform_png(view: WaveView) -> bytes:
    """Return the 1600 × 480 picture of one bounce."""
    width, height = 1600, 480
    colours = palette()
    accent = view.accent or colours.accent
    image = canvas(width, height, colours.background)
    words = Lettering()
    box = Box(40, 152, 1520, 258)
    _title(words, view, colours, accent, width)
    _ground(image, box, view, colours, accent)
    _waves(image, box, view, colours, accent)
    _measured(image, box, view, colours, words, accent)
    _marks(image, box, view, colours, words)
    _names(image, box, view, colours, words, accent)
    _axis(image, box, view.columns.duration_s, colours, words, 38)
    return png(image, words)


def cover_png(view: WaveView) -> bytes:
    """Return the 1200 × 1200 variant: title on top, the waveform across, facts below."""
    size = 1200
    colours = palette()
    accent = view.accent or colours.accent
    image = canvas(size, size, colours.background)
    words = Lettering()
    words.add(70, 130, view.title, 66, colours.text, bold=True, most=size - 140)
    words.add(70, 196, " · ".join(part for part in (view.version, view.tag) if part), 38, accent)
    box = Box(0, 300, size, 520)
    fill(image, 0, box.top, size, box.top + box.height, colours.panel)
    _ground(image, box, view, colours, accent)
    _waves(image, box, view, colours, accent)
    _marks(image, box, view, colours, words)
    for index, fact in enumerate(view.facts[:5]):
        words.add(70, 920 + index * 54, fact, 38, colours.text if index == 0 else colours.muted, most=size - 140)
    return png(image, words)


def sheet_png(title: str, lead: str, items: Sequence[SheetItem], accent: Rgb | None = None) -> bytes:
    """Return a sheet of small waveforms, 1600 wide, two to five in a row by their number.

    All are drawn to one scale, that of the loudest: stems are quiet, and small they would be lines.
    """
    colours = palette()
    chosen = accent or colours.accent
    across = 2 if len(items) <= 8 else 3 if len(items) <= 18 else 4 if len(items) <= 40 else 5
    down = -(-len(items) // across)
    cell_height = 128 if across <= 3 else 104
    width, height = 1600, 150 + down * cell_height + 28
    image = canvas(width, height, colours.background)
    words = Lettering()
    words.add(40, 68, title, 56, colours.text, bold=True, most=width - 80)
    words.add(40, 122, lead, 40, colours.muted, most=width - 80)
    mixed = [item.columns.mixed() for item in items]
    loudest = max((max(float(one.high.max()), -float(one.low.min())) for one in mixed), default=1.0)
    scale = float32(1 / max(loudest, 0.02))
    # Stems are all as long as their piece, which the first line says: the names need the room.
    is_narrow_and_even = across >= 4 and len({item.length for item in items}) == 1
    gap = 20
    cell = (width - 80 - gap * (across - 1)) / across
    name_size = 28 if across <= 3 else 26
    for index, (item, one) in enumerate(zip(items, mixed, strict=True)):
        left, top = 40 + (index % across) * (cell + gap), 150 + (index // across) * cell_height
        fill(image, left, top, left + cell, top + cell_height - 16, colours.panel)
        box = Box(round(left), round(top) + 36, round(cell), cell_height - 16 - 42)
        envelope, body = _tones(colours.panel, chosen)
        drawn = Columns(one.low * scale, one.high * scale, one.rms * scale, one.duration_s)
        waveform(image, box, drawn, envelope, body)
        length = "" if is_narrow_and_even else item.length
        room = cell - 20 - (width_of(length, name_size) + 10 if length else 0)
        words.add(left + 10, top + 26, item.name, name_size, colours.text, most=room)
        words.add(left + cell - 10, top + 26, length, name_size, colours.muted, across="right")
    return png(image, words)


def compare_png(view: CompareView) -> bytes:
    """Return 1600 × 640: the older version above, the newer below, on one time axis."""
    width, height = 1600, 640
    colours = palette()
    accent = view.accent or colours.accent
    image = canvas(width, height, colours.background)
    words = Lettering()
    words.add(40, 68, view.title, 56, colours.text, bold=True, most=1520)
    words.add(40, 126, "  ·  ".join(view.facts), 42, colours.muted, most=1520)
    longest = max(view.old.duration_s, view.new.duration_s, 0.001)
    whole = Box(40, 152, 1520, 426)
    fill(image, whole.left, whole.top, whole.left + whole.width, whole.top + whole.height, colours.panel)
    if view.apart_s is not None:
        left, right = (whole.left + at / longest * whole.width for at in view.apart_s)
        fill(image, left, whole.top, right, whole.top + whole.height, colours.look, 0.16)
        for edge in (left, right):
            fill(image, edge, whole.top, edge + 2, whole.top + whole.height, colours.look, 0.8)
        centre = min(max((left + right) / 2, 260), width - 260)
        words.add(centre, whole.top + 36, view.apart_word, 34, colours.look, across="center")
    half = whole.height // 2
    for index, (columns, name, tone) in enumerate(
        ((view.old, view.old_name, colours.muted), (view.new, view.new_name, accent))
    ):
        top = whole.top + index * half
        box = Box(whole.left, top + 46, max(2, round(whole.width * columns.duration_s / longest)), half - 54)
        envelope, body = _tones(colours.panel, tone)
        waveform(image, box, columns.mixed(), envelope, body)
        words.add(whole.left + 12, top + 38, name, 38, tone, bold=True, most=500)
    fill(image, whole.left, whole.top + half, whole.left + whole.width, whole.top + half + 1, colours.line)
    _axis(image, whole, longest, colours, words, 38)
    return png(image, words)


def warm() -> None:
    """Draw once, so that fonts are found before anybody waits."""
    import numpy as np

    flat = np.zeros((1, 16), np.float32)
    waveform_png(WaveView(Columns(flat, flat, flat, 1.0), "Ag 0:00 −14 LUFS", "v2", facts=("3:17",)))


def clock(seconds: float) -> str:
    """Return m:ss, or h:mm:ss from one hour.

    >>> clock(197.2), clock(3725)
    ('3:17', '1:02:05')
    """
    whole = int(seconds + 0.5)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


# ------------------------------------------------------------------ parts


def _title(words: Lettering, view: WaveView, colours: Palette, accent: Rgb, width: int) -> None:
    side = " · ".join(part for part in (view.version, view.tag) if part)
    words.add(40, 68, view.title, 60, colours.text, bold=True, most=1520 - width_of(side, 50, bold=True) - 40)
    words.add(width - 40, 68, side, 50, accent, bold=True, across="right")
    words.add(40, 130, "  ·  ".join(view.facts), 46, colours.muted, most=1520)


def _x(box: Box, at_s: float, duration_s: float) -> float:
    """Return where a moment stands, never outside: not every one was measured here."""
    return box.left + min(max(at_s / duration_s, 0.0), 1.0) * box.width


def _ground(image: F32, box: Box, view: WaveView, colours: Palette, accent: Rgb) -> None:
    duration = max(view.columns.duration_s, 0.001)
    fill(image, box.left, box.top, box.left + box.width, box.top + box.height, colours.panel)
    spans = view.form or view.sections
    tones = _section_tones(spans, accent, colours)
    for span, tone in zip(spans, tones, strict=True):
        left, right = (_x(box, at, duration) for at in (span.start_s, span.end_s))
        fill(image, left, box.top, right, box.top + box.height, tone, 0.10)
        if span.start_s > 0:
            _edge(image, left, box, colours.muted, span.is_estimated)
    for start, end in view.slices_s:
        left, right = (_x(box, at, duration) for at in (start, end))
        fill(image, left, box.top + box.height - 10, right, box.top + box.height, colours.good)
    for start, end in view.gaps_s:
        left, right = (_x(box, at, duration) for at in (start, end))
        for x in range(round(left), round(right), 12):
            fill(image, x, box.top + box.height / 2 - 2, x + 6, box.top + box.height / 2 + 2, colours.muted, 0.7)


def _measured(image: F32, box: Box, view: WaveView, colours: Palette, words: Lettering, accent: Rgb) -> None:
    """Lay the measured sections under a form map, as a strip of their own: what was meant, and what is heard."""
    if not (view.form and view.sections):
        return
    duration = max(view.columns.duration_s, 0.001)
    bottom = box.top + box.height
    tones = _section_tones(view.sections, accent, colours)
    for span, tone in zip(view.sections, tones, strict=True):
        left, right = (_x(box, at, duration) for at in (span.start_s, span.end_s))
        fill(image, left + 1, bottom - _STRIP, right - 1, bottom, tone, 0.3)
        if right - left > 26:
            words.add(left + 8, bottom - 7, span.name, 21, colours.text)


def _edge(image: F32, x: float, box: Box, colour: Rgb, is_dashed: bool) -> None:
    if not is_dashed:
        fill(image, x, box.top, x + 2, box.top + box.height, colour, 0.45)
        return
    for y in range(box.top, box.top + box.height, 16):
        fill(image, x, y, x + 2, min(y + 8, box.top + box.height), colour, 0.6)


def _section_tones(spans: Sequence[Span], accent: Rgb, colours: Palette) -> list[Rgb]:
    letters: dict[str, int] = {}
    shades = (accent, colours.text, colours.good, colours.muted, colours.look, colours.line)
    return [shades[letters.setdefault(span.name.rstrip("′'"), len(letters)) % len(shades)] for span in spans]


def _tones(back: Rgb, accent: Rgb) -> tuple[Rgb, Rgb]:
    return blend(back, accent, 0.42), blend(back, accent, 0.95)


def _waves(image: F32, box: Box, view: WaveView, colours: Palette, accent: Rgb) -> None:
    envelope, body = _tones(colours.panel, accent)
    inset = 50 if (view.sections or view.form) else 10
    if view.is_stereo_shown and view.columns.low.shape[0] == 2:
        half = (box.height - inset - 10) // 2
        for channel in range(2):
            own = slice(channel, channel + 1)
            whole = view.columns
            one = Columns(whole.low[own], whole.high[own], whole.rms[own], whole.duration_s)
            waveform(image, Box(box.left, box.top + inset + channel * half, box.width, half - 4), one, envelope, body)
        return
    tall = box.height - inset - (10 if not (view.form and view.sections) else _STRIP + 6)
    waveform(image, Box(box.left, box.top + inset, box.width, tall), view.columns.mixed(), envelope, body)


def _marks(image: F32, box: Box, view: WaveView, colours: Palette, words: Lettering) -> None:
    duration = max(view.columns.duration_s, 0.001)
    for at in view.clips_s:
        x = _x(box, at, duration)
        fill(image, x - 2, box.top, x + 2, box.top + box.height, colours.look, 0.9)
    if view.clips_s and view.clip_word:
        x = _x(box, view.clips_s[0], duration)
        near_end = x > box.left + box.width * 0.75
        words.add(
            x + (-8 if near_end else 8), box.top + box.height - 12, view.clip_word, 36, colours.look, bold=True,
            across="right" if near_end else "left",
        )  # fmt: skip
    for at in view.marks_s:
        x = _x(box, at, duration)
        for row in range(14):
            half = (14 - row) / 14 * 9
            fill(image, x - half, box.top + row, x + half, box.top + row + 1, colours.text, 0.95)


def _names(image: F32, box: Box, view: WaveView, colours: Palette, words: Lettering, accent: Rgb) -> None:
    duration = max(view.columns.duration_s, 0.001)
    spans = view.form or view.sections
    for index, span in enumerate(spans):
        left, right = (_x(box, at, duration) for at in (span.start_s, span.end_s))
        room = right - left - 14
        name = (
            span.name if width_of(span.name, 36, bold=True) <= room else str(index + 1) if view.form else span.name[:1]
        )
        if room >= 20:
            words.add(left + 8, box.top + 38, name, 36, colours.text, bold=True)


def _axis(image: F32, box: Box, duration_s: float, colours: Palette, words: Lettering, size: float) -> None:
    steps = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
    step = next((step for step in steps if duration_s / step <= 9), 3600)
    base = box.top + box.height
    at = 0.0
    while at <= duration_s + 1e-6:
        x = box.left + at / max(duration_s, 0.001) * box.width
        fill(image, x, base, x + 2, base + 10, colours.muted, 0.8)
        text = clock(at) if step >= 1 else f"{at:.2f}".rstrip("0").rstrip(".") + " s"
        side = "left" if at == 0 else "right" if x > box.left + box.width - 30 else "center"
        words.add(x, base + 12 + size, text, size, colours.muted, across=side)
        at += step
