"""Loops for tests: short ways to write clips, and Hypothesis strategies for whole plans."""

import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from bot.loops.model import (
    LANES,
    MILLI,
    Clip,
    ClipId,
    Lane,
    Loop,
    LoopBounce,
    LoopId,
    Pace,
    Plan,
    Role,
)

few = settings(max_examples=int(os.environ.get("STUDIOHAND_EXAMPLES", "35")), deadline=None)
"""How many examples a property is tried on; `make soak` tries thousands."""

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
LOOP = LoopId("loop")


def loop(role: str = "artist", pace: str = "moderate", days: int = 0, **changes: Any) -> Loop:
    """Return a loop; `days` makes it dated from 1 June 2026."""
    dates: dict[str, Any] = (
        {"start_date": date(2026, 6, 1), "end_date": date(2026, 6, 1) + timedelta(days=days)} if days else {}
    )
    values: dict[str, Any] = {"name": "Night Drive", "timezone": "Europe/London", **dates, **changes}
    return Loop(LOOP, 1, role=Role(role), pace=Pace(pace), created_at=NOW, updated_at=NOW, **values)


def clip(
    lane: str,
    start: float,
    end: float,
    name: str = "Clip",
    *,
    done: float | None = None,
    ready: bool = False,
    ident: str | None = None,
    **changes: Any,
) -> Clip:
    """Return a clip from `start` to `end` in units, finished `done` days ago."""
    return Clip(
        ClipId(ident or f"{lane}-{start}-{end}-{name}"),
        LOOP,
        Lane(lane),
        round(start * MILLI),
        round((end - start) * MILLI),
        name,
        NOW,
        NOW,
        ready=ready,
        done_at=None if done is None else NOW - timedelta(days=done),
        **changes,
    )


NIGHT_DRIVE = (
    ("creative", 0, 6, "Sketch"),
    ("creative", 6, 12, "Arrange"),
    ("action", 0, 3, "Book session"),
    ("action", 12, 15, "Deliver files"),
    ("refine", 12, 17, "Mix pass"),
    ("promo", 15, 18, "Teaser edit"),
    ("promo", 18, 21, "Pitch note"),
    ("analysis", 21, 24, "Look back"),
)


def night_drive(*, ready: bool = True, done: dict[str, float] | None = None) -> tuple[Clip, ...]:
    """Return the clips of the base loop; `done` maps names to days ago."""
    done = done or {}
    return tuple(clip(*row, ready=ready, done=done.get(row[3])) for row in NIGHT_DRIVE)


G8_DONE: dict[str, float] = {"Sketch": 11, "Arrange": 7, "Book session": 3, "Deliver files": 0}


def bounce(days_ago: float = 0, name: str = "take") -> LoopBounce:
    return LoopBounce(f"{name}-{days_ago}", NOW - timedelta(days=days_ago))


def g8(bounces: tuple[LoopBounce, ...] = (), *, done: dict[str, float] | None = None, **changes: Any) -> Plan:
    """Return the loop of golden row G8, or that loop with other clips finished."""
    return Plan(loop(**changes), night_drive(done=G8_DONE if done is None else done), bounces)


milli = st.integers(min_value=0, max_value=40_000)


@st.composite
def clips(draw, min_size: int = 1, max_size: int = 14, whole_days: bool = False) -> tuple[Clip, ...]:
    """Draw clips with distinct ids, some done, some ready."""
    count = draw(st.integers(min_size, max_size))
    made = []
    for place in range(count):
        start, length = draw(milli), draw(st.integers(1, 12_000))
        if whole_days:
            start, length = start // MILLI * MILLI, max(MILLI, length // MILLI * MILLI)
        done = draw(st.one_of(st.none(), st.integers(0, 60_000)))
        made.append(
            Clip(
                ClipId(f"c{place:02d}"),
                LOOP,
                draw(st.sampled_from(LANES)),
                start,
                length,
                f"Clip {place}",
                NOW,
                NOW,
                ready=draw(st.booleans()),
                done_at=None if done is None else NOW - timedelta(minutes=done),
            )
        )
    return tuple(made)


@st.composite
def plans(draw, min_size: int = 1, max_size: int = 14) -> Plan:
    """Draw a plan of any role, pace and kind, with up to three bounces."""
    days = draw(st.sampled_from([0, 0, 28, 56, 87]))
    made = draw(clips(min_size, max_size, whole_days=bool(days)))
    ages = draw(st.lists(st.integers(0, 90), max_size=3))
    one = loop(draw(st.sampled_from(list(Role))), draw(st.sampled_from(list(Pace))), days)
    return Plan(one, made, tuple(bounce(age, f"take{place}") for place, age in enumerate(ages)))
