"""What release plans are given from outside. Wired in `bot/app/app.py`."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from bot.loops.model import Clip, DatedClip, DatedLoop, Moved, Plan
from storage.unit import Reading, Unit


class Plans(Protocol):
    """Loops with days, made, read and moved inside the release's own transaction: both change, or neither."""

    async def create(self, unit: Unit, spec: DatedLoop, clips: Sequence[DatedClip]) -> Plan:
        """Make a dated loop with its clips."""
        ...

    async def read(self, unit: Reading, loop_id: str) -> Plan:
        """Return loop and clips. Raises NotFound where the loop is gone."""
        ...

    async def read_many(self, unit: Reading, loop_ids: Sequence[str]) -> Mapping[str, Plan]:
        """Return the loops that are still there, with their clips, in two queries."""
        ...

    async def add(self, unit: Unit, loop_id: str, clip: DatedClip) -> Clip:
        """Add one clip; the loop grows where the clip does not fit in."""
        ...

    async def finish(self, unit: Unit, clip_id: str, done_at: datetime | None) -> Clip:
        """Mark a clip done, or open again with None. Raises NotFound."""
        ...

    async def remove(self, unit: Unit, clip_id: str) -> Clip:
        """Take a clip away. Raises NotFound."""
        ...

    async def move_clip(self, unit: Unit, clip_id: str, day: date) -> Clip:
        """Put one clip on another first day; its deadline stays."""
        ...

    async def reanchor(
        self,
        unit: Unit,
        loop_id: str,
        anchor: date,
        places: Mapping[str, Moved],
        removed: Sequence[str],
    ) -> Plan:
        """Move a loop to another anchor: clips by id to their places, some taken away, the others stay."""
        ...

    async def rename(self, unit: Unit, loop_id: str, name: str) -> None: ...


class Servers(Protocol):
    """Tell servers from people among owners, and where a server is told of its releases."""

    async def is_server(self, owner: int) -> bool: ...

    async def releases_channel(self, server: int) -> int | None:
        """Return the channel that a server chose for its releases; None: none."""
        ...

    async def client_names(self, server: int) -> Mapping[str, str]:
        """Return what a server's clients are called, by their ids."""
        ...


class NoServers:
    """Stands in where there are only people."""

    async def is_server(self, owner: int) -> bool:
        return False

    async def releases_channel(self, server: int) -> int | None:
        return None

    async def client_names(self, server: int) -> Mapping[str, str]:
        return {}


class QuietReader(Protocol):
    """Tell when somebody may be written to."""

    async def open_at(self, user_id: int, now: datetime) -> datetime | None:
        """Return the first moment from `now` outside quiet hours and pauses; None: not at all for now."""
        ...
