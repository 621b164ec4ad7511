"""State marks of the timeline as drawn shapes, so that they need no emoji font and no colour to be told apart."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection

Point = tuple[float, float]


def rounded(x: float, y: float, width: float, height: float, radius: float) -> np.ndarray:
    """Return the outline of a rounded box as points."""
    radius = max(0.0, min(radius, width / 2, height / 2))
    corners = (
        (x + width - radius, y + radius, -90),
        (x + width - radius, y + height - radius, 0),
        (x + radius, y + height - radius, 90),
        (x + radius, y + radius, 180),
    )
    turns = np.linspace(0, np.pi / 2, 5)
    return np.concatenate(
        [
            np.column_stack(
                (
                    cx + radius * np.cos(turns + np.radians(start)),
                    cy + radius * np.sin(turns + np.radians(start)),
                )
            )
            for cx, cy, start in corners
        ]
    )


def circle(x: float, y: float, radius: float, points: int = 24) -> np.ndarray:
    turns = np.linspace(0, 2 * np.pi, points)
    return np.column_stack((x + radius * np.cos(turns), y + radius * np.sin(turns)))


def diagonals(x: float, y: float, width: float, height: float, step: float = 14) -> list[list[Point]]:
    """Return 45-degree hatching inside a box."""
    segments: list[list[Point]] = []
    offset = step / 2
    while offset < width + height:
        left = max(0.0, offset - height)
        right = min(width, offset)
        segments.append([(x + left, y + offset - left), (x + right, y + offset - right)])
        offset += step
    return segments


@dataclass(slots=True)
class Ink:
    """Shapes waiting to be drawn; each kind goes to the canvas in one collection."""

    fills: list[tuple[np.ndarray, str]] = field(default_factory=list)
    strokes: list[tuple[Sequence[Point] | np.ndarray, str, float]] = field(default_factory=list)
    dashes: list[tuple[np.ndarray, str, float]] = field(default_factory=list)

    def fill(self, points: np.ndarray, colour: str) -> None:
        self.fills.append((points, colour))

    def stroke(self, points: Sequence[Point] | np.ndarray, colour: str, width: float) -> None:
        self.strokes.append((points, colour, width))

    def dash(self, points: np.ndarray, colour: str, width: float) -> None:
        self.dashes.append((points, colour, width))

    def draw(self, axes: Axes, zorder: float) -> None:
        """Put all shapes on the canvas: fills, then solid lines, then dashed ones."""
        if self.fills:
            axes.add_collection(
                PolyCollection(
                    [points for points, _ in self.fills],
                    facecolors=[colour for _, colour in self.fills],
                    edgecolors="none",
                    zorder=zorder,
                ),
                autolim=False,
            )
        for shapes, style, place in ((self.strokes, "solid", 0.1), (self.dashes, (0, (3, 2)), 0.2)):
            if shapes:
                axes.add_collection(
                    LineCollection(
                        [np.asarray(points) for points, _, _ in shapes],
                        colors=[colour for _, colour, _ in shapes],
                        linewidths=[width * 0.72 for _, _, width in shapes],
                        linestyles=style,
                        capstyle="round" if style == "solid" else "butt",
                        joinstyle="round",
                        zorder=zorder + place,
                    ),
                    autolim=False,
                )


def tick(ink: Ink, x: float, y: float, size: float, colour: str) -> None:
    """Draw a done mark."""
    ink.stroke(
        [(x - size * 0.42, y), (x - size * 0.1, y + size * 0.32), (x + size * 0.45, y - size * 0.34)],
        colour,
        size * 0.17,
    )


def ring(ink: Ink, x: float, y: float, size: float, colour: str) -> None:
    """Draw a ready mark."""
    ink.stroke(circle(x, y, size * 0.36), colour, size * 0.16)


def padlock(ink: Ink, x: float, y: float, size: float, colour: str) -> None:
    """Draw a blocked mark."""
    ink.fill(rounded(x - size * 0.38, y - size * 0.06, size * 0.76, size * 0.5, size * 0.1), colour)
    turns = np.linspace(np.pi, 2 * np.pi, 12)
    bow = np.column_stack((x + size * 0.23 * np.cos(turns), y - size * 0.14 + size * 0.27 * np.sin(turns)))
    bow = np.concatenate(([[x - size * 0.23, y]], bow, [[x + size * 0.23, y]]))
    ink.stroke(bow, colour, size * 0.13)


def bang(ink: Ink, x: float, y: float, size: float, colour: str) -> None:
    """Draw a conflict mark: an exclamation sign."""
    ink.stroke([(x, y - size * 0.42), (x, y + size * 0.08)], colour, size * 0.2)
    ink.fill(circle(x, y + size * 0.38, size * 0.12, 12), colour)


def clock(ink: Ink, x: float, y: float, size: float, colour: str) -> None:
    """Draw an overdue mark."""
    ink.stroke(circle(x, y, size * 0.42), colour, size * 0.12)
    ink.stroke([(x, y - size * 0.24), (x, y), (x + size * 0.18, y + size * 0.1)], colour, size * 0.12)


def flag(ink: Ink, x: float, top: float, bottom: float, colour: str) -> None:
    """Draw a hard deadline: a pole with a pennant."""
    ink.stroke([(x, top), (x, bottom)], colour, 4)
    ink.fill(np.array([(x, top), (x + 22, top + 9), (x, top + 18)]), colour)
