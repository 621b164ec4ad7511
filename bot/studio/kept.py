"""How long something is kept, in the words that people read: made from what the purge goes by."""

from bot.say.card import Text
from bot.say.words import Words
from storage.privacy_map import Entry, OnDelete

_MOMENTS = {"deleted_at": "bin", "left_at": "left", "finished_at": "done", "sent_at": "sent"}
"""Where the days begin with something that people know; elsewhere they begin when it was written."""
_ENDS = {"keep_until": "shows"}
"""Where the row itself says when it ends, and that is not the end of the day."""


def how_long(entry: Entry, words: Words) -> Text:
    """Return "30 days", "until you delete it, then 30 days in the bin", "as long as what it belongs to"."""
    keep = entry.keep
    if keep.of is not None:
        return words("studio.privacy.keep.with")
    if keep.moment is None:
        return words(f"studio.privacy.keep.{'runs' if entry.on_delete is OnDelete.KEEP else 'delete'}")
    if keep.days is None:
        return words(f"studio.privacy.keep.{_ENDS.get(keep.moment, 'day_ends')}")
    return words(f"studio.privacy.keep.{_MOMENTS.get(keep.moment, 'days')}", count=keep.days)
