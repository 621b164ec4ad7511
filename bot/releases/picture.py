"""The strip of a release plan: tasks on their lanes, hard last days, today and T."""

import io
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache

from bot.loops.model import LANES
from bot.paths import assets_dir
from bot.releases.countdown import days_to_go
from bot.releases.view import ReleaseView
from bot.say.dates import day_month, short_day
from bot.say.words import Speaks

WIDTH_PX, HEIGHT_PX, DPI = 1600, 600, 100
ALT_MOST = 1024


@cache
def _palette() -> Mapping[str, Mapping[str, str]]:
    with (assets_dir() / "palette.toml").open("rb") as file:
        return tomllib.load(file)


def strip_alt(view: ReleaseView, words: Speaks) -> str:
    """Return the picture in words, from the same data, conclusion first."""
    deadline = view.next_hard
    parts = [
        words(
            "release.strip.alt",
            title=view.release.title,
            state=days_to_go(view.release.anchor_date, view.today, words),
            day=day_month(view.release.anchor_date, words.locale),
            done=view.done,
            total=len(view.tasks),
        )
    ]
    if deadline is not None and deadline.deadline is not None:
        day = day_month(deadline.deadline, words.locale)
        parts.append(words("release.strip.hard", title=deadline.clip.name, day=day))
    return " ".join(str(part) for part in parts)[:ALT_MOST]


def draw_strip_blocking(view: ReleaseView, words: Speaks) -> bytes:
    """Return the strip as PNG, 1600 px wide, opaque. Runs in a thread."""
    # Imported by the first picture, in its thread: matplotlib costs half a second and 40 MB.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch, Polygon

    palette = _palette()
    base, lanes = palette["base"], palette["lanes"]
    family = palette["fonts"]["family"]
    figure = Figure(figsize=(WIDTH_PX / DPI, HEIGHT_PX / DPI), dpi=DPI, facecolor=base["background"])
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.115, 0.15, 0.865, 0.64), facecolor=base["panel"])
    first = min([task.day for task in view.tasks] + [view.today, view.release.anchor_date]) - timedelta(days=2)
    last = max([task.last_day for task in view.tasks] + [view.today, view.release.anchor_date]) + timedelta(days=3)

    def x(day: date) -> int:
        return (day - first).days

    rows = {lane: number for number, lane in enumerate(reversed(LANES))}
    for number in range(len(LANES)):
        axes.axhline(number - 0.5, color=base["line"], linewidth=1)
    for task in view.tasks:
        colour = lanes[task.clip.lane]
        row = rows[task.clip.lane]
        width = (task.last_day - task.day).days + 1
        axes.add_patch(
            FancyBboxPatch(
                (x(task.day) + 0.12, row - 0.28),
                width - 0.24,
                0.56,
                boxstyle="round,pad=0,rounding_size=0.18",
                facecolor=colour if not task.clip.is_done else base["panel"],
                edgecolor=colour,
                linewidth=1.6,
                alpha=1 if not task.clip.is_done else 0.55,
            )
        )
        if task.clip.is_done:
            middle = x(task.day) + width / 2
            axes.plot([middle - 0.3, middle - 0.05, middle + 0.4], [row, row - 0.13, row + 0.16], color=colour, lw=2)
        if task.is_hard and task.deadline is not None and not task.clip.is_done:
            flag = x(task.deadline) + 1
            axes.plot([flag, flag], [row - 0.34, row + 0.4], color=base["look"], linewidth=1.6)
            axes.add_patch(
                Polygon([(flag, row + 0.4), (flag + 0.9, row + 0.27), (flag, row + 0.14)], facecolor=base["look"])
            )
    span = x(last)
    for day, label, colour in (
        (view.release.anchor_date, f"T  {short_day(view.release.anchor_date, words.locale)}", base["accent"]),
        (view.today, str(words("release.strip.today")), base["text"]),
    ):
        place = x(day) + 0.5
        axes.axvline(place, color=colour, linewidth=2.2 if colour == base["accent"] else 1.4, alpha=0.9)
        top = len(LANES) - 0.42 if colour == base["accent"] else -1.02
        side = "right" if place > span * 0.92 else "left" if place < span * 0.05 else "center"
        axes.text(place, top, label, color=colour, fontsize=22, ha=side, va="bottom", family=family, clip_on=False)
    span_days = (last - first).days
    ticks = [
        day for day in _weeks(view.release.anchor_date, first, last) if abs(x(day) - x(view.today)) > span_days * 0.06
    ]
    axes.set_xticks([x(day) + 0.5 for day in ticks])
    axes.set_xticklabels(
        [_week_label(day, view.release.anchor_date) for day in ticks], color=base["muted"], fontsize=20, family=family
    )
    axes.set_yticks(list(rows.values()))
    axes.set_yticklabels([str(words(f"release.lane.{lane}")) for lane in rows], fontsize=21, family=family)
    for label, lane in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_color(lanes[lane])
    axes.tick_params(length=0)
    axes.set_xlim(0, span)
    axes.set_ylim(-0.5, len(LANES) - 0.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    title = view.release.title if view.release.title.isprintable() else ""
    figure.text(
        0.02, 0.925, _shorten(title), color=base["text"], fontsize=28, family=family, weight="bold", va="center",
        parse_math=False,
    )  # fmt: skip
    figure.text(
        0.98,
        0.925,
        str(words("release.strip.done", done=view.done, total=len(view.tasks))),
        color=base["muted"],
        fontsize=22,
        family=family,
        ha="right",
        va="center",
    )
    out = io.BytesIO()
    canvas.print_png(out)
    return out.getvalue()


def _weeks(anchor: date, first: date, last: date) -> list[date]:
    step = 7 if (last - first).days <= 60 else 14 if (last - first).days <= 120 else 28
    days = [anchor + timedelta(days=step * number) for number in range(-60, 20)]
    return [day for day in days if first <= day <= last and day != anchor]


def _week_label(day: date, anchor: date) -> str:
    return f"T{(day - anchor).days:+d}".replace("-", "−")


def _shorten(title: str) -> str:
    return title if len(title) <= 60 else title[:59] + "…"
