"""Snowflakes: 64-bit ids that carry their moment of birth, made from the injected clock."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
_SEQUENCE_BITS = 22


class Clock(Protocol):
    """Tell the present as an aware UTC instant."""

    def now(self) -> datetime: ...


class Snowflakes:
    """Make ids that strictly increase, also while the clock stands still or steps back."""

    def __init__(self, clock: Clock, last: int = 0) -> None:
        self._clock = clock
        self.last = last

    def new(self) -> int:
        self.last = max(floor_at(self._clock.now()), self.last + 1)
        return self.last


def floor_at(moment: datetime) -> int:
    """Return the smallest id that a thing made at `moment` can have."""
    return int((moment - EPOCH) / timedelta(milliseconds=1)) << _SEQUENCE_BITS


def born_at(snowflake: int) -> datetime:
    """Return the moment an id was made, exact to the millisecond.

    >>> born_at(175928847299117063).isoformat()
    '2016-04-30T11:18:25.796000+00:00'
    """
    return EPOCH + timedelta(milliseconds=snowflake >> _SEQUENCE_BITS)
