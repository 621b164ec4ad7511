"""Loops: sequencing 10,000 clips, measuring, and drawing a warm picture."""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.rows import Row
from bot.loops.dates import Moment
from bot.loops.model import LANES, MILLI, Clip, ClipId, Loop, LoopId, Pace, Plan, Role
from bot.loops.momentum import measure
from bot.loops.picture import draw_timeline_blocking
from bot.loops.picture_view import timeline_view
from bot.loops.rules import loop_rules
from bot.loops.sequence import sequence
from bot.say.words import read_catalogue

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Size:
    clips: int
    units: int


def _plan(size: _Size) -> Plan:
    """Return a plan whose lanes are about half full, with some overlaps."""
    loop = Loop(LoopId("l"), 1, "Bench", Role.ARTIST, Pace.MODERATE, "UTC", NOW, NOW)
    clips = tuple(
        Clip(
            ClipId(f"{n:06d}"),
            loop.id,
            LANES[n % 5],
            (n * 7919 * 131) % (size.units * MILLI),
            2 * MILLI + n * 97 % (3 * MILLI),
            f"Clip number {n}",
            NOW,
            NOW,
            ready=n % 3 == 0,
            done_at=NOW if n % 7 == 0 else None,
        )
        for n in range(size.clips)
    )
    return Plan(loop, clips)


def _best_ms(work: Callable[[], object], times: int = 5) -> float:
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best * 1000


def run() -> dict[str, Row]:
    """Return the rows; `floor` of sequencing is one sort of the same clips by start."""
    rules = loop_rules()
    words = read_catalogue().words("en")

    def sequenced(plan: Plan):
        return sequence(plan.clips, moment=Moment(0), has_bounce=False, rules=rules.sequence)

    large = _plan(_Size(10_000, 15_000))
    sorting = _best_ms(lambda: sorted(large.clips, key=lambda clip: (clip.start_milli, clip.id)))
    sequencing = _best_ms(lambda: sequenced(large), 3)
    measuring = _best_ms(lambda: measure(large, NOW, rules.momentum), 3)
    small = _plan(_Size(40, 60))
    view = timeline_view(
        small, sequenced(small), measure(small, NOW, rules.momentum), 0, lambda key, **p: words(key, **p).plain, rules
    )
    draw_timeline_blocking(view)
    drawing = _best_ms(lambda: draw_timeline_blocking(view), 7)
    blank = _best_ms(_blank)
    return {
        "sequence_10000": Row(round(sequencing, 2), "ms", round(sorting, 2), aim="well under 1 s"),
        "momentum_10000": Row(round(measuring, 2), "ms", round(sorting, 2)),
        "picture_40_clips": Row(
            round(drawing, 2), "ms", round(blank, 2), aim="under 150 ms", note="floor: an empty picture of that size"
        ),
    }


def _blank() -> None:
    figure = Figure(figsize=(16, 10.58), dpi=100, facecolor="#0F1115")
    FigureCanvasAgg(figure).print_png(io.BytesIO(), pil_kwargs={"compress_level": 2})


if __name__ == "__main__":
    for name, row in run().items():
        print(name, row)
