"""Due work as data: what a slot is. Pure; what a kind of slot provides, and the engine, are in bot/engine.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class Lane(StrEnum):
    """Queues that never wait for each other: planning and building, channel posts, DMs (one at a time), redraws."""

    WORK = "work"
    POST = "post"
    DM = "dm"
    CARD = "card"
    """Posted cards that are drawn again: they wait for more of the same, and nothing else waits for them."""


@dataclass(frozen=True, slots=True)
class SlotDraft:
    """One occurrence to be done. `key` is `<kind>:<subject>:<local date | number>`: once per occurrence.

    `state` "skipped" with a `reason` records an occurrence that came too late to be done.
    """

    key: str
    kind: str
    subject_id: str
    due_at: datetime
    owner: int | None = None
    lane: Lane = Lane.WORK
    payload: Mapping[str, Any] = field(default_factory=dict)
    visible_at: datetime | None = None
    state: str = "ready"
    reason: str | None = None


@dataclass(slots=True)
class Slot:
    """A claimed occurrence; `lease` fences its completion. `is_finished` once that is on disk."""

    id: str
    key: str
    kind: str
    subject_id: str
    owner: int | None
    payload: Mapping[str, Any]
    due_at: datetime
    attempts: int
    lease: str
    is_finished: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """Returned by a handler: nothing went wrong, look again at `at` (quiet hours, caps, slow mode)."""

    at: datetime
    reason: str


def backoff(attempts: int, base: timedelta, cap: timedelta, jitter: float) -> timedelta:
    """Return the wait before try `attempts + 1`: base · 2^(attempts − 1), ±20% by `jitter` in 0..1.

    >>> backoff(1, timedelta(minutes=1), timedelta(hours=6), 0.5)
    datetime.timedelta(seconds=60)
    >>> backoff(20, timedelta(minutes=1), timedelta(hours=6), 0.5)
    datetime.timedelta(seconds=21600)
    """
    wait = min(cap, base * 2 ** min(30, max(0, attempts - 1)))
    return wait * (0.8 + 0.4 * jitter)
