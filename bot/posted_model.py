"""Posted cards as data: which message shows which thing. What keeps them true is in bot/posted.py."""

from dataclasses import dataclass
from datetime import datetime

from bot.slots import Lane, SlotDraft


@dataclass(frozen=True, slots=True)
class Shows:
    """What a card shows that is posted for everybody: a thing, and what else of its owner's stands on it."""

    owner: int
    kind: str
    subject_id: str
    look: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PostedCard:
    """A message that goes on showing what is stored of one thing (`kind`, `subject_id`) and of those in `also`.

    `look` and `locale` are what the area draws it with; `posted_by` is who asked for it, None for the bot itself;
    `keep_until` is when it stops being followed, None for as long as the thing is there.
    """

    owner: int
    kind: str
    subject_id: str
    channel_id: int
    message_id: int
    audio_message_id: int | None = None
    look: str = ""
    locale: str = ""
    posted_by: int | None = None
    also: tuple[str, ...] = ()
    keep_until: datetime | None = None
    shown_hash: str = ""
    """Of what the message was last drawn with; empty where that is not known."""
    failed_at: datetime | None = None
    """When it could not be drawn again, and was not since."""
    id: str = ""
    """Given by the database."""


def unpost_slot(card: PostedCard, now: datetime, *messages: int) -> SlotDraft:
    """Return the due work of taking messages of a card away (none given: the card and its audio).

    It is nobody's: the owner may be no more.
    """
    named = messages or tuple(one for one in (card.message_id, card.audio_message_id) if one is not None)
    return SlotDraft(
        f"unpost:{named[0]}",
        "unpost",
        str(named[0]),
        now,
        lane=Lane.CARD,
        payload={"channel": card.channel_id, "messages": list(named)},
    )
