"""What release plans are given from outside. Wired in `bot/app/app.py`."""

from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class ZoneReader(Protocol):
    """Tell the zone that a person lives in."""

    async def zone(self, user_id: int, guild_id: int | None = None) -> ZoneInfo: ...


class ProfileReader(Protocol):
    """Tell what a new plan copies from the coach profile."""

    async def role_and_pace(self, owner: int) -> tuple[str, str] | None: ...


class QuietReader(Protocol):
    """Tell when a person may be written to."""

    async def open_at(self, user_id: int, now: datetime) -> datetime | None:
        """Return the first moment from `now` outside quiet hours and pauses; None: not at all for now."""
        ...
