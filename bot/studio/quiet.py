"""When a person may be written to, by their own settings: quiet hours and silence."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.recurrence import resolve
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
        zone = await self._studio.zone(user_id)
        return quiet_end(settings.quiet_from, settings.quiet_until, zone, now) or now


def quiet_end(start: time, end: time, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return the end of the quiet hours that `now` lies in, None outside of them; they end where their end begins.

    Instants are compared, since an hour that comes twice would be quiet again after its end.
    """
    if start == end:
        return None
    today = now.astimezone(zone).date()
    nights = timedelta(days=0 if start < end else 1)
    for day in (today - timedelta(days=1), today):
        until = resolve(datetime.combine(day + nights, end), zone)
        if resolve(datetime.combine(day, start), zone) <= now < until:
            return until
    return None
