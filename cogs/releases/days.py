"""Full days as people type them."""

from datetime import date

from bot.errors import Refused
from bot.releases.countdown import DateChoice, read_date


def read_full_day(typed: str) -> date:
    """Read a full date or raise Refused; two readings are not chosen between here."""
    reading = read_date(typed)
    if reading is None or isinstance(reading, DateChoice):
        raise Refused("release_date", typed=typed)
    return reading
