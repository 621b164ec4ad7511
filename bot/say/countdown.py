"""Days to go in words. Local calendar days, never instants."""

from datetime import date

from bot.say.dates import day_month
from bot.say.words import Speaks


def countdown(day: date, today: date, words: Speaks) -> str:
    """Return "T-23, Fri 27 June", "tomorrow", "today" or "3 days ago"."""
    left = (day - today).days
    if left > 1:
        return words("release.countdown.ahead", days=left, day=day_month(day, words.locale))
    if left == 1:
        return words("release.countdown.tomorrow")
    if left == 0:
        return words("release.countdown.today")
    return words("release.countdown.ago", count=-left)
