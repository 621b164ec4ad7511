"""Days that people type in commands and forms of loops."""

from datetime import date

from bot.errors import Refused
from bot.say import when
from bot.ui.base import Turn


async def read_day(turn: Turn, typed: str | None) -> date | None:
    """Return the day that was typed: ISO, or a few words like "next monday". Day and month are never guessed."""
    if not typed or not typed.strip():
        return None
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        pass
    zone = await turn.services.studio.zone(turn.person, turn.guild)
    found = await when.read_any(typed, turn.now, zone)
    if isinstance(found, when.Reading):
        return found.at.astimezone(zone).date()
    raise Refused("loop_day", typed=typed[:40], example="2026-06-14")
