"""Pictures of progress: small panels of metrics, goals as bars, weeks in motion. Words of the same data beside each."""

import io
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bot.coach.model import WeekState
from bot.paths import assets_dir

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 125
WIDTH_IN = 8.0
"""Small for its letters on purpose: the picture is looked at on a phone."""
PANELS_MAX = 4
POINTS_MAX = 30
FONT = "DejaVu Sans"


@dataclass(frozen=True, slots=True)
class Panel:
    """One metric: weekly values, oldest first. `bars` for counts, a line for ratings and rates."""

    title: str
    values: Sequence[float]
    words: str
    """The trend in words, "about the same"."""
    direction: int = 0
    """1 up for good, -1 worth a look, 0 steady; drawn as a shape beside the words."""
    bars: bool = True
    first_week: str = ""
    last_week: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class GoalBar:
    title: str
    progress: float
    note: str
    is_done: bool = False
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class WeekMark:
    """One week of the ribbon."""

    label: str
    """Its Monday in short, "2 Feb"."""
    state: WeekState
    done: int
    planned: int


@cache
def _colours() -> dict[str, str]:
    with (assets_dir() / "palette.toml").open("rb") as file:
        return tomllib.load(file)["base"]


def render_progress(panels: Sequence[Panel], title: str) -> bytes:
    """Return a PNG of up to four panels, two beside each other; one is drawn wide."""
    shown = list(panels[:PANELS_MAX])
    columns = 1 if len(shown) == 1 else 2
    rows = -(-len(shown) // columns)
    height = 1.15 + 3.05 * rows
    figure = _figure(height, title)
    gap, left = 0.24, 0.35
    width = (WIDTH_IN - 2 * left - gap * (columns - 1)) / columns
    for place, panel in enumerate(shown):
        row, column = divmod(place, columns)
        x = left + column * (width + gap)
        y = height - 1.0 - (row + 1) * 2.85 - row * 0.2
        _panel(figure, panel, (x, y, width, 2.85), height)
    return _png(figure)


def render_goals(goals: Sequence[GoalBar], title: str) -> bytes:
    """Return a PNG of goals as bars with their numbers, at most eight."""
    shown = list(goals[:8])
    height = 1.25 + 1.3 * len(shown)
    figure = _figure(height, title)
    colour = _colours()
    axes = _plain_axes(figure, (0.35, 0.25, WIDTH_IN - 0.7, height - 1.25), height)
    axes.set_xlim(0, 100)
    axes.set_ylim(max(len(shown), 1), 0)
    for place, goal in enumerate(shown):
        middle = place + 0.6
        fill = colour["idle"] if goal.is_paused else colour["good_on_dark"] if goal.is_done else colour["accent"]
        share = min(max(goal.progress, 0), 100)
        axes.text(0, place + 0.3, _short(goal.title, 40), color=colour["text"], fontsize=17, va="center", family=FONT)
        axes.text(
            100,
            place + 0.3,
            f"{share:.0f}%",
            color=colour["text"],
            fontsize=19,
            va="center",
            ha="right",
            weight="bold",
        )
        _pill(axes, 0, middle, 100, colour["raised"])
        if share > 0:
            _pill(axes, 0, middle, max(share, 2.0), fill, hatch="///" if goal.is_paused else None)
        axes.text(0, place + 0.9, _short(goal.note, 62), color=colour["muted"], fontsize=12.5, va="center", family=FONT)
    return _png(figure)


def render_weeks(weeks: Sequence[WeekMark], title: str, note: str, legend: dict[WeekState, str]) -> bytes:
    """Return a PNG of weeks as columns of what was planned and done; other states have shapes of their own."""
    shown = list(weeks[-16:])
    height = 4.6
    figure = _figure(height, title)
    colour = _colours()
    figure.text(0.035, 1 - 0.98 / height, note, color=colour["muted"], fontsize=15, va="center", family=FONT)
    axes = _plain_axes(figure, (0.35, 0.85, WIDTH_IN - 0.7, height - 2.25), height)
    top = max([week.planned for week in shown] + [1])
    axes.set_xlim(-0.5, max(len(shown), 8) - 0.5)
    axes.set_ylim(-0.04 * top, top * 1.16)
    for place, week in enumerate(shown):
        if week.state is WeekState.ACTIVE:
            _column(axes, place, week, top)
        else:
            _state_mark(axes, place, week.state, top)
        if place % 2 == len(shown) % 2 or len(shown) <= 8:
            axes.text(
                place, -0.1 * top, week.label, color=colour["muted"], fontsize=12, ha="center", va="top", family=FONT
            )
    x = 0.035
    for state in dict.fromkeys(week.state for week in shown if week.state in legend):
        figure.text(
            x, 0.26 / height, f"{_SIGNS[state]}  {legend[state]}", color=colour["muted"], fontsize=13, family=FONT
        )
        x += 0.23
    return _png(figure)


def stacked(pictures: Sequence[bytes]) -> bytes:
    """Return pictures of one width as one, below each other: side by side they would be cut to stamps."""
    import numpy as np
    from matplotlib.image import imread, imsave

    rows = [imread(io.BytesIO(png), format="png")[:, :, :3] for png in pictures]
    out = io.BytesIO()
    imsave(out, np.concatenate(rows), format="png")
    return out.getvalue()


_SIGNS = {WeekState.ACTIVE: "●", WeekState.REST: "▬", WeekState.PAUSED: "‖", WeekState.RESERVE: "◆"}


def _figure(height: float, title: str) -> "Figure":
    # Imported by the first picture, in its thread: matplotlib costs half a second and 40 MB.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    colour = _colours()
    figure = Figure(figsize=(WIDTH_IN, height), dpi=DPI, facecolor=colour["background"])
    FigureCanvasAgg(figure)
    figure.text(
        0.035, 1 - 0.5 / height, title, color=colour["text"], fontsize=23, weight="bold", va="center", family=FONT
    )
    return figure


def _plain_axes(figure: "Figure", box: tuple[float, float, float, float], height: float) -> "Axes":
    x, y, w, h = box
    axes = figure.add_axes((x / WIDTH_IN, y / height, w / WIDTH_IN, h / height), facecolor="none")
    axes.set_axis_off()
    return axes


def _panel(figure: "Figure", panel: Panel, box: tuple[float, float, float, float], height: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    colour = _colours()
    x, y, w, h = box
    back = FancyBboxPatch(
        (x / WIDTH_IN, y / height),
        w / WIDTH_IN,
        h / height,
        boxstyle="round,pad=0,rounding_size=0.012",
        mutation_aspect=WIDTH_IN / height,
        transform=figure.transFigure,
        facecolor=colour["panel"],
        edgecolor=colour["line"],
        linewidth=1,
        zorder=-1,
    )
    figure.add_artist(back)
    values = list(panel.values[-POINTS_MAX:])
    figure.text(
        (x + 0.25) / WIDTH_IN, (y + h - 0.36) / height, _short(panel.title, 19), color=colour["muted"], fontsize=14.5,
        va="center", family=FONT,
    )  # fmt: skip
    last = f"{values[-1]:g}{panel.unit}" if values else ""
    figure.text(
        (x + w - 0.25) / WIDTH_IN, (y + h - 0.42) / height, last, color=colour["text"], fontsize=25, weight="bold",
        va="center", ha="right", family=FONT,
    )  # fmt: skip
    sign, tint = {1: ("▲", colour["good_on_dark"]), -1: ("▼", colour["look"])}.get(
        panel.direction, ("●", colour["muted"])
    )
    figure.text((x + 0.25) / WIDTH_IN, (y + 0.3) / height, sign, color=tint, fontsize=13, va="center")
    figure.text(
        (x + 0.5) / WIDTH_IN,
        (y + 0.3) / height,
        panel.words,
        color=colour["text"],
        fontsize=13.5,
        va="center",
        family=FONT,
    )
    axes = _plain_axes(figure, (x + 0.25, y + 0.85, w - 0.5, h - 1.75), height)
    _spark(axes, values, panel.bars)
    for label, at, side in ((panel.first_week, x + 0.25, "left"), (panel.last_week, x + w - 0.25, "right")):
        figure.text(
            at / WIDTH_IN,
            (y + 0.66) / height,
            label,
            color=colour["muted"],
            fontsize=11,
            va="center",
            ha=side,
            family=FONT,
        )


def _spark(axes: "Axes", values: Sequence[float], bars: bool) -> None:
    colour = _colours()
    low, high = min(values, default=0), max(values, default=1)
    places = range(len(values))
    axes.set_xlim(-0.7, max(len(values), 4) - 0.3)
    if bars:
        axes.set_ylim(0, max(high, 1) * 1.06)
        tints = [colour["good"]] * (len(values) - 1) + [colour["accent"]]
        axes.bar(places, [max(value, high * 0.015) for value in values], width=0.62, color=tints)
        return
    room = (high - low) * 0.18 or 1
    axes.set_ylim(low - room, high + room)
    axes.fill_between(places, values, low - room, color=colour["good"], alpha=0.22, linewidth=0)
    axes.plot(places, values, color=colour["good_on_dark"], linewidth=2.6, solid_capstyle="round")
    axes.plot(places, values, "o", color=colour["good_on_dark"], markersize=4.5)
    axes.plot([len(values) - 1], values[-1:], "o", color=colour["accent"], markersize=10, clip_on=False)


def _pill(axes: "Axes", x: float, y: float, width: float, tint: str, hatch: str | None = None) -> None:
    axes.plot(
        [x + 0.9, max(x + width - 0.9, x + 0.9)],
        [y, y],
        color=tint,
        linewidth=15,
        solid_capstyle="round",
        clip_on=False,
        alpha=0.75 if hatch else 1,
        linestyle="-",
    )
    if hatch:
        axes.plot([x + 0.9, max(x + width - 0.9, x + 0.9)], [y, y], color=_colours()["panel"], linewidth=3, ls=":")


def _column(axes: "Axes", place: int, week: WeekMark, top: int) -> None:
    colour = _colours()
    axes.bar([place], [week.planned], width=0.66, color=colour["raised"], edgecolor=colour["line"], linewidth=1)
    if week.done:
        axes.bar([place], [week.done], width=0.66, color=colour["accent"])
        axes.text(
            place, week.done + top * 0.03, str(week.done), color=colour["text"], fontsize=13, ha="center", va="bottom",
            family=FONT,
        )  # fmt: skip


def _state_mark(axes: "Axes", place: int, state: WeekState, top: int) -> None:
    colour = _colours()
    axes.text(place, top * 0.16, _SIGNS[state], color=colour["idle"], fontsize=19, ha="center", va="center")


def _short(text: str, most: int) -> str:
    tidy = text.replace("$", r"\$")
    return tidy if len(tidy) <= most else tidy[: most - 1].rstrip() + "…"


def _png(figure: "Figure") -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor=figure.get_facecolor())
    return out.getvalue()
