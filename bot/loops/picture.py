"""The timeline as a PNG: lanes as tracks, clips as blocks, the playhead, momentum. Blocking: run in a thread.

The Agg canvas is used directly, without global state; a picture is 1,600 px wide and a few hundred kB at most.
"""

import struct
import tomllib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bot.loops import picture_marks as marks
from bot.loops.model import LANE_ORDER, LANES, Lane
from bot.loops.picture_text import cut, drawable, font, lines, width_px
from bot.loops.picture_view import Block, TimelineView
from bot.paths import assets_dir

_DPI = 100
_WIDTH = 1600
_LEFT, _RIGHT = 150, 1590
_HEAD = 96
_AXIS = 60
_LANE = 140
_LANES_TOP = _HEAD + _AXIS
_LANES_END = _LANES_TOP + _LANE * 5
_STRIP_TOP, _STRIP = _LANES_END + 22, 56
_FOOT = _STRIP_TOP + _STRIP + 20
_HEIGHT = _FOOT + 104
_INK = "#0B0D11"
_MARK = 31
_NAME = 29.0
_NAME_SIZES = (29.0, 26.0, 23.0)
_TICK = 29
_LINE = 33


@dataclass(frozen=True, slots=True)
class _Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def is_tall(self) -> bool:
        return self.height > 90


@dataclass(frozen=True, slots=True)
class _Palette:
    base: Mapping[str, str]
    lanes: Mapping[Lane, str]


@cache
def _palette(path: Path) -> _Palette:
    with path.open("rb") as file:
        document = tomllib.load(file)
    return _Palette(document["base"], {lane: document["lanes"][lane.value] for lane in LANES})


@cache
def _mixed(colour: str, ground: str, share: float) -> str:
    """Return a colour laid over a ground, as an opaque one."""
    over, under = colors.to_rgb(colour), colors.to_rgb(ground)
    red, green, blue = (share * a + (1 - share) * b for a, b in zip(over, under, strict=True))
    return colors.to_hex((red, green, blue))


class _Sheet:
    """One picture being drawn; coordinates are pixels from the top left."""

    def __init__(self, view: TimelineView) -> None:
        palette = _palette(assets_dir() / "palette.toml")
        self.view = view
        self.base, self.lanes = palette.base, palette.lanes
        self.figure = Figure(figsize=(_WIDTH / _DPI, _HEIGHT / _DPI), dpi=_DPI, facecolor=self.base["background"])
        self.canvas = FigureCanvasAgg(self.figure)
        self.axes: Axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_xlim(0, _WIDTH)
        self.axes.set_ylim(_HEIGHT, 0)
        self.axes.set_axis_off()
        self.scale = (_RIGHT - _LEFT) / view.window.span_milli

    def x(self, milli: float) -> float:
        return _LEFT + (milli - self.view.window.start_milli) * self.scale

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        colour: str,
        *,
        bold: bool = False,
        align: str = "left",
        zorder: float = 9,
    ) -> None:
        """Write on the middle line y. Math is never read: names hold dollar signs."""
        if words:
            self.axes.text(
                x,
                y,
                words,
                fontproperties=font(size, bold=bold),
                color=colour,
                ha=align,
                va="center_baseline",
                parse_math=False,
                zorder=zorder,
                clip_on=False,
            )


def draw_timeline_blocking(view: TimelineView) -> bytes:
    """Return the picture as PNG bytes with an opaque background."""
    sheet = _Sheet(view)
    _ground(sheet)
    _ticks(sheet)
    layers = _Layers()
    window = view.window
    for block in view.blocks:
        if block.clip.end_milli > window.start_milli and block.clip.start_milli < window.end_milli:
            _block(sheet, block, layers)
    _flags(sheet, layers.signs)
    layers.draw(sheet.axes)
    _playhead(sheet)
    _strip(sheet)
    _head_and_foot(sheet)
    sheet.canvas.draw()
    return _png(np.asarray(sheet.canvas.buffer_rgba())[:, :, :3])


def _png(pixels: np.ndarray) -> bytes:
    """Return a PNG (8-bit RGB) of rows x columns x 3. Each row is stored as its difference from the one above.

    Twice as fast as the general encoder: flat areas become zeros.
    """
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + width * 3), np.uint8)
    rows[:, 0] = 2
    flat = pixels.reshape(height, -1)
    rows[0, 1:] = flat[0]
    np.subtract(flat[1:], flat[:-1], out=rows[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 2)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@dataclass(slots=True)
class _Layers:
    """Shapes of all blocks by depth, so that each layer is drawn in one go."""

    blocks: marks.Ink = field(default_factory=marks.Ink)
    hatching: marks.Ink = field(default_factory=marks.Ink)
    signs: marks.Ink = field(default_factory=marks.Ink)

    def draw(self, axes: Axes) -> None:
        for zorder, ink in ((4, self.blocks), (5, self.hatching), (8, self.signs)):
            ink.draw(axes, zorder)


def _ground(sheet: _Sheet) -> None:
    ink = marks.Ink()
    for place, lane in enumerate(LANES):
        top = _LANES_TOP + place * _LANE
        ink.fill(marks.rounded(10, top + 3, _WIDTH - 20, _LANE - 6, 14), sheet.base["panel"])
        ink.fill(marks.rounded(10, top + 3, 9, _LANE - 6, 4), sheet.lanes[lane])
        sheet.text(28, top + _LANE / 2, lane.value, 24, sheet.lanes[lane], bold=True)
    ink.draw(sheet.axes, 1)
    if sheet.view.empty_text:
        middle = (_LEFT + _RIGHT) / 2
        words = drawable(sheet.view.empty_text)
        sheet.text(middle, (_LANES_TOP + _LANES_END) / 2, words, 44, sheet.base["muted"], align="center")


def _ticks(sheet: _Sheet) -> None:
    ink = marks.Ink()
    pill = _pill(sheet)
    for tick in sheet.view.ticks:
        x = sheet.x(tick.at_milli)
        if not _LEFT - 1 <= x <= _RIGHT + 1:
            continue
        colour = sheet.base["line"] if tick.strong else sheet.base["raised"]
        ink.stroke([(x, _LANES_TOP + 3), (x, _LANES_END - 3)], colour, 2)
        label = drawable(tick.label)
        right = x + 6 + width_px(label, _TICK)
        hidden = pill is not None and x < pill[1] + 4 and right > pill[0] - 4
        if label and right < _RIGHT + 6 and not hidden:
            sheet.text(x + 6, _LANES_TOP - 22, label, _TICK, sheet.base["muted"])
    ink.draw(sheet.axes, 2)


def _box(sheet: _Sheet, block: Block) -> _Box:
    """Return the box of a block, cut at the window's edges."""
    window = sheet.view.window
    left = sheet.x(max(block.clip.start_milli, window.start_milli))
    right = sheet.x(min(block.clip.end_milli, window.end_milli))
    height = (_LANE - 16) / block.rows
    top = _LANES_TOP + LANE_ORDER[block.clip.lane] * _LANE + 8 + block.row * height
    gap = 2 if block.rows > 1 else 0
    return _Box(left + 1.5, top + gap / 2, max(5.0, right - left - 3), height - gap)


def _block(sheet: _Sheet, block: Block, layers: _Layers) -> None:
    box = _box(sheet, block)
    lane = sheet.lanes[block.clip.lane]
    shape = marks.rounded(box.x, box.y, box.width, box.height, 10)
    quiet = block.clip.is_done or block.blocked
    fill = _mixed(lane, sheet.base["panel"], 0.16 if block.blocked else 0.28) if quiet else lane
    layers.blocks.fill(shape, fill)
    closed = np.concatenate((shape, shape[:1]))
    if block.blocked:
        layers.blocks.dash(closed, lane, 3.5)
    elif block.clip.is_done:
        layers.blocks.stroke(closed, _mixed(lane, sheet.base["panel"], 0.5), 2)
    for left, right in block.shared:
        _hatch(sheet, layers.hatching, box, left, right, _mixed(_INK, fill, 0.3))
    words = sheet.base["text"] if quiet else _INK
    used = _marks(sheet, layers.signs, block, box, words)
    _name(sheet, block, box, words, used)


def _hatch(sheet: _Sheet, ink: marks.Ink, box: _Box, left: int, right: int, colour: str) -> None:
    """Hatch the part of a box that shares its time with another clip."""
    start, end = max(box.x + 3, sheet.x(left)), min(box.right - 3, sheet.x(right))
    if end > start:
        for segment in marks.diagonals(start, box.y + 2, end - start, box.height - 4, 16):
            ink.stroke(segment, colour, 2.4)


def _marks(sheet: _Sheet, ink: marks.Ink, block: Block, box: _Box, colour: str) -> float:
    """Draw the marks along the foot of a tall block, else at its right end; return the width they take."""
    kinds = [
        draw
        for wanted, draw in (
            (block.clip.is_done, marks.tick),
            (block.clip.ready and not block.clip.is_done, marks.ring),
            (block.blocked, marks.padlock),
            (block.conflicted, marks.bang),
            (block.overdue, marks.clock),
        )
        if wanted
    ]
    size = _MARK if box.height > 32 else max(10.0, box.height * 0.8)
    step = size * 1.18
    wanted = len(kinds) + (block.number is not None)
    taken = min(wanted, int((box.width - 8) // step))
    if taken < 1 and wanted and box.is_tall and box.width >= 16:
        # A narrow block has room for its first mark: what comes next, else what state it is in.
        size = min(size, box.width - 4)
        step, taken = size, 1
    if taken < 1:
        return 0
    used = step * taken
    at = box.x + 9 + size / 2 if box.is_tall else box.right - 6 - used + size / 2
    if used > box.width - 10:
        at = box.x + box.width / 2
    middle = box.y + box.height - 8 - size / 2 if box.is_tall else box.y + box.height / 2
    if block.number is not None:
        disc, digit = (_INK, "#FFFFFF") if colour == _INK else ("#FFFFFF", _INK)
        ink.fill(marks.circle(at, middle, size * 0.54), disc)
        sheet.text(at, middle, str(block.number), size * 0.76, digit, bold=True, align="center", zorder=9.5)
        at += step
        taken -= 1
    for draw in kinds[:taken]:
        draw(ink, at, middle, size * 0.92, colour)
        at += step
    return used


def _name(sheet: _Sheet, block: Block, box: _Box, colour: str, used: float) -> None:
    """Write the name inside the block, or beside it where the lane has more room."""
    if box.height < 30:
        return
    bold = not (block.clip.is_done or block.blocked)
    if not box.is_tall:
        size = min(_NAME, box.height * 0.62)
        shown = cut(block.clip.name, box.width - 20 - used, size, bold=bold)
        sheet.text(box.x + 9, box.y + box.height / 2, shown, size, colour, bold=bold)
        return
    size, inside = _fitting(block.clip.name, box.width - 16, bold=bold)
    whole = bool(inside) and not inside[-1].endswith("…")
    beyond = _room_after(sheet, block, box)
    if not whole and beyond > max(box.width, 90):
        beside = lines(block.clip.name, beyond, _NAME, 3, bold=False)
        top = box.y + box.height / 2 - (len(beside) - 1) * _LINE / 2
        for place, line in enumerate(beside):
            sheet.text(box.right + 9, top + place * _LINE, line, _NAME, sheet.lanes[block.clip.lane])
        return
    step = size * 1.14
    top = box.y + size * 0.9 if used else box.y + box.height / 2 - (len(inside) - 1) * step / 2
    for place, line in enumerate(inside):
        sheet.text(box.x + 8, top + place * step, line, size, colour, bold=bold)


def _fitting(name: str, room: float, *, bold: bool) -> tuple[float, list[str]]:
    """Return the largest size at which a name stands whole on two lines, else the smallest with what fits."""
    found: list[str] = []
    for size in _NAME_SIZES:
        found = lines(name, room, size, 2, bold=bold)
        if found and not found[-1].endswith("…"):
            return size, found
    return _NAME_SIZES[-1], found


def _room_after(sheet: _Sheet, block: Block, box: _Box) -> float:
    window = sheet.view.window
    until = window.end_milli if block.free_until_milli is None else block.free_until_milli
    if block.rows > 1 or block.shared:
        return 0
    return sheet.x(min(until, window.end_milli)) - box.right - 16


def _flags(sheet: _Sheet, ink: marks.Ink) -> None:
    """Draw the flags of hard deadlines."""
    window = sheet.view.window
    for lane, at in sheet.view.deadlines:
        if window.start_milli <= at <= window.end_milli:
            top = _LANES_TOP + LANE_ORDER[lane] * _LANE
            marks.flag(ink, sheet.x(at), top + 4, top + _LANE - 4, sheet.base["look"])


def _pill(sheet: _Sheet) -> tuple[float, float] | None:
    """Return from where to where the playhead's label goes; None when it is outside the window."""
    at = sheet.view.here_milli
    if not sheet.view.window.start_milli <= at <= sheet.view.window.end_milli:
        return None
    width = width_px(drawable(sheet.view.here_text, bold=True), _TICK, bold=True) + 30
    left = min(max(12.0, sheet.x(at) - width / 2), _WIDTH - 12 - width)
    return left, left + width


def _playhead(sheet: _Sheet) -> None:
    pill = _pill(sheet)
    if pill is None:
        return
    left, right = pill
    x = sheet.x(sheet.view.here_milli)
    ink = marks.Ink()
    ink.stroke([(x, _HEAD + 40), (x, _LANES_END)], "#FFFFFF", 4)
    ink.fill(marks.rounded(left, _HEAD + 4, right - left, 44, 13), "#FFFFFF")
    ink.draw(sheet.axes, 10)
    words = drawable(sheet.view.here_text, bold=True)
    sheet.text((left + right) / 2, _HEAD + 26, words, _TICK, _INK, bold=True, align="center", zorder=11)


def _strip(sheet: _Sheet) -> None:
    """Draw the whole timeline as a thin strip, with the window framed."""
    view = sheet.view
    ink = marks.Ink()
    ink.fill(marks.rounded(_LEFT, _STRIP_TOP, _RIGHT - _LEFT, _STRIP, 10), sheet.base["panel"])
    scale = (_RIGHT - _LEFT - 12) / max(view.length_milli, view.window.end_milli)
    row = (_STRIP - 12) / 5
    for block in view.blocks:
        colour = sheet.lanes[block.clip.lane]
        if block.clip.is_done:
            colour = _mixed(colour, sheet.base["panel"], 0.4)
        top = _STRIP_TOP + 6 + LANE_ORDER[block.clip.lane] * row
        left = _LEFT + 6 + block.clip.start_milli * scale
        width = max(3.0, block.clip.length_milli * scale - 1)
        points = [(left, top), (left + width, top), (left + width, top + row - 2), (left, top + row - 2)]
        ink.fill(np.array(points), colour)
    ink.draw(sheet.axes, 3)
    frame = marks.Ink()
    left = _LEFT + 6 + view.window.start_milli * scale
    width = view.window.span_milli * scale
    shape = marks.rounded(left - 3, _STRIP_TOP + 1, width + 6, _STRIP - 2, 8)
    frame.stroke(np.concatenate((shape, shape[:1])), sheet.base["text"], 3)
    frame.draw(sheet.axes, 7)


def _head_and_foot(sheet: _Sheet) -> None:
    view, base = sheet.view, sheet.base
    sheet.text(24, 48, cut(view.name, 1540, 52, bold=True), 52, base["text"], bold=True)
    middle = _FOOT + 42
    words = drawable(view.momentum_text, bold=True)
    sheet.text(24, middle, words, 46, base["text"], bold=True)
    ink = marks.Ink()
    left = 24 + width_px(words, 46, bold=True) + 44
    room = (_RIGHT - left - 40) / 2
    for place, (share, label, colour) in enumerate(
        ((view.plan_share, view.plan_text, base["accent"]), (view.motion_share, view.motion_text, base["good_on_dark"]))
    ):
        x = left + place * (room + 40)
        label = drawable(label)
        sheet.text(x, middle, label, 34, base["text"])
        bar = x + width_px(label, 34) + 18
        width = x + room - bar
        ink.fill(marks.rounded(bar, middle - 15, width, 30, 15), base["line"])
        if share > 0.005:
            ink.fill(marks.rounded(bar, middle - 15, max(30.0, width * min(1.0, share)), 30, 15), colour)
    ink.draw(sheet.axes, 3)
