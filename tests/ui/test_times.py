"""What people see after they typed a time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.say.card import Button, Card, plain
from bot.say.when import read
from bot.say.words import read_catalogue
from bot.ui.times import chosen_time, time_card
from tests.cards import controls_of

WORDS = read_catalogue().words("en")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


def shown(typed: str) -> Card:
    answer = read(typed, NOW, BERLIN)
    return time_card(
        WORDS, answer, typed, NOW, BERLIN, take=("coach", "remind-at"), change=("coach", "remind-edit"), thing_id="r1"
    )


def buttons(card: Card) -> list[Button]:
    """Return the controls of a card, which are all buttons."""
    found = list(controls_of(card))
    made = [control for control in found if isinstance(control, Button)]
    assert len(made) == len(found)
    return made


def test_a_reading_is_echoed_with_change() -> None:
    card = shown("tomorrow 5pm")
    assert plain(card.lead or "") == "Mon 2 Nov 17:00, Berlin, in 1 day"
    assert [button.label for button in buttons(card)] == ["Change"]


def test_two_readings_are_two_buttons_that_carry_their_instant() -> None:
    first, second, change = buttons(shown("11/12/2026"))
    assert plain(first.label).startswith("Fri 11 Dec")
    assert plain(second.label).startswith("Thu 12 Nov")
    assert chosen_time(first.arg) > chosen_time(second.arg) > NOW
    assert change.label == "Change"


def test_a_past_time_offers_the_next_likely_one() -> None:
    card = shown("today 9:00")
    offered = buttons(card)
    assert plain(offered[0].label).startswith("Mon 2 Nov 09:00")


def test_what_cannot_be_read_shows_what_can() -> None:
    assert "tomorrow 5pm" in (shown("soonish").lead or "")
