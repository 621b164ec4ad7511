"""What is shown after somebody typed a time: the reading with Change, two readings, or the next likely one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.say.card import Accent, Button, Card, Style, note, raw
from bot.say.when import Answer, Past, Reading, TwoReadings, echo
from bot.say.words import Words

Target = tuple[str, str]
"""Area and action of a control."""


def time_card(
    words: Words,
    answer: Answer | None,
    typed: str,
    now: datetime,
    zone: ZoneInfo,
    *,
    take: Target,
    change: Target,
    thing_id: str,
) -> Card:
    """Return the card for a typed time.

    `take`'s control gets the chosen instant as its argument (`chosen_time`); `change`'s opens the form again.
    """
    again = Button(*change, words("card.change"), id=thing_id)

    def choose(at: datetime, style: Style = Style.SECONDARY) -> Button:
        return Button(*take, raw(echo(at, now, zone, words.locale).plain), thing_id, stamp_of(at), style)

    match answer:
        case None:
            return note(words("when.unread", typed=typed), [again])
        case Reading(at=at):
            return note(words("when.read", when=echo(at, now, zone, words.locale)), [again])
        case TwoReadings(day_first=day_first, month_first=month_first):
            ahead: Sequence[Reading] = [one for one in (day_first, month_first) if one.at > now]
            buttons = [choose(one.at) for one in ahead]
            return Card("", lead=words("when.two", typed=typed), rows=[[*buttons, again]], quiet=True)
        case Past(at=at, next=likely):
            said = words("when.past", when=echo(at, now, zone, words.locale))
            return Card("", lead=said, rows=[[choose(likely, Style.PRIMARY), again]], accent=Accent.LOOK, quiet=True)


def stamp_of(at: datetime) -> str:
    """Return an instant as a control's argument."""
    return str(int(at.timestamp()))


def chosen_time(arg: str) -> datetime:
    """Return the instant of a `time_card` button."""
    return datetime.fromtimestamp(int(arg), UTC)
