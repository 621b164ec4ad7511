"""When a person may be written to, by their own settings: quiet hours and silence."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.recurrence import resolve
from bot.studio.model import PersonSettings
from bot.studio.service import StudioService


class StudioQuiet:
    """Quiet hours and silence as set in `/studio me` and by pausing."""

    def __init__(self, studio: StudioService) -> None:
        self._studio = studio

    async def open_at(self, user_id: int, now: datetime) -> datetime | None:
        """Return the first moment from `now` outside quiet hours; None while the person paused everything."""
        settings = await self._studio.person_settings(user_id)
        if settings.silent_until is not None and now < settings.silent_until:
            return None
        return after_quiet_hours(settings, await self._studio.zone(user_id), now)


def after_quiet_hours(settings: PersonSettings, zone: ZoneInfo, now: datetime) -> datetime:
    """Return `now`, or the end of the quiet hours it lies in."""
    start, end = settings.quiet_from, settings.quiet_until
    wall = now.astimezone(zone)
    at = wall.time().replace(tzinfo=None)
    inside = start <= at < end if start < end else (at >= start or at < end)
    if start == end or not inside:
        return now
    day = wall.date() if at < end else wall.date() + timedelta(days=1)
    return resolve(datetime.combine(day, end), zone)
