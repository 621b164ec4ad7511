"""Cards of loops at their smallest and largest: inside the budget, every state in words, the same in any language."""

from dataclasses import replace

import pytest

from bot.clock import FixedClock
from bot.loops.area import Neighbours, open_loops
from bot.loops.cards import choose_clip_card, clip_card, clips_card, loop_card, next_card, warnings_card
from bot.loops.model import LANES, Clip, Plan
from bot.loops.saving import Intent
from bot.loops.store import LoopView
from bot.say.card import Button, Card, Link, Picture, Select
from bot.say.words import Words, read_catalogue
from bot.ui.cards import count_characters, count_components, fit, ui_rules
from storage.unit import Database
from tests.cards import as_text
from tests.loops.plans import NOW, clip, g8, loop
from tests.loops.test_momentum import single_8w
from tests.loops.test_service import London

CATALOGUE = read_catalogue()


@pytest.fixture
def look(sqlite_database: Database):
    area = open_loops(sqlite_database, FixedClock(NOW), Neighbours(London()))
    return area.store.look


def crowded() -> Plan:
    made = [
        clip(LANES[n % 5], n % 7, n % 7 + 5, f"*Clip* _{n}_ with a rather long name | {'x' * 40}", ident=f"{n:032x}")
        for n in range(200)
    ]
    return Plan(loop(name="N" * 80, playhead_milli=9000), tuple(made))


def buttons(card: Card) -> list[list[Button | Link]]:
    """Return the rows of a card that has nothing but rows of buttons."""
    found = [list(row) for row in card.rows if not isinstance(row, Select)]
    assert len(found) == len(card.rows)
    return found


PLANS = {
    "empty": Plan(loop()),
    "base": g8(),
    "dated": single_8w(),
    "crowded": crowded(),
    "markdown": Plan(loop(name="**@everyone** `x`"), (clip("promo", 0, 4, "# not <@1> a heading", ident="c1"),)),
}


@pytest.mark.parametrize("words", [CATALOGUE.words("en"), CATALOGUE.pseudo().words("en")], ids=["en", "pseudo"])
@pytest.mark.parametrize("name", PLANS)
def test_every_card_fits(look, name: str, words: Words):
    view: LoopView = look(PLANS[name])
    waiting = tuple(Intent("move", {"clip": "x" * 80, "start": "12"}) for _ in range(20))
    picture = Picture("timeline.png", b"", "words")
    views = [view, replace(view, waiting=waiting, saving=True, from_memory=True, phase="builder")]
    cards = [loop_card(one, words, picture, can_post=True) for one in views]
    cards += [clips_card(view, words), warnings_card(view, words), next_card(view, words)]
    if view.plan.clips:
        cards.append(clip_card(view, view.plan.clips[0], words))
    for card in cards:
        fitted = fit(card, words)
        assert count_characters(fitted) <= ui_rules().card_characters
        assert count_components(fitted) <= ui_rules().card_components


def test_what_people_wrote_is_shown_as_they_wrote_it(look):
    card = loop_card(look(PLANS["markdown"]), CATALOGUE.words("en"), None)
    text = as_text(card)
    assert text.startswith("**@everyone** `x`: Quiet")
    assert "# not <@1> a heading" in text


def test_a_card_says_what_is_not_saved_and_offers_the_way_out(look):
    view = replace(look(PLANS["base"]), waiting=(Intent("move", {"clip": "Teaser edit", "start": "12"}),))
    card = loop_card(view, CATALOGUE.words("en"), None)
    text = as_text(card)
    assert "Not saved: Move Teaser edit to 12" in text
    assert "saving" in text
    assert [button.label for button in buttons(card)[1]] == ["Retry", "Copy", "Discard"]


def test_only_one_button_stands_out(look):
    for plan in PLANS.values():
        card = loop_card(look(plan), CATALOGUE.words("en"), None)
        assert sum(isinstance(one, Button) and one.style == "primary" for row in buttons(card) for one in row) == 1


def test_a_choice_of_many_clips_says_where_the_rest_is(look):
    words = CATALOGUE.words("en")
    card = choose_clip_card(look(PLANS["crowded"]), words, "finish", only_open=True)
    choice = card.rows[0]
    assert isinstance(choice, Select)
    assert len(choice.options) == 25
    assert "175 more: find them by name with" in str(card.lead)
    assert "more" not in str(choose_clip_card(look(PLANS["base"]), words, "finish", only_open=True).lead)


def test_the_list_of_clips_has_a_heading_for_each_lane(look):
    sections = clips_card(look(PLANS["base"]), CATALOGUE.words("en")).sections
    assert [section.heading for section in sections][:2] == ["Creative: 2 clips", "Action: 2 clips"]


def test_open_clips_that_all_wait_are_not_called_nothing(look):
    view = look(Plan(loop(), (clip("refine", 0, 4, "Mix"),)))
    text = as_text(loop_card(view, CATALOGUE.words("en"), None))
    assert "Nothing can start yet: what is open waits for other clips." in text
    assert "Nothing is open" not in text


def test_every_clip_is_in_the_list_as_text(look):
    view = look(PLANS["crowded"])
    card = clips_card(view, CATALOGUE.words("en"))
    listed = card.files[0].data.decode()
    assert all(one.name in listed for one in view.plan.clips)
    done: Clip = g8().clips[0]
    state = clip_card(look(g8()), done, CATALOGUE.words("en")).state
    assert state is not None
    assert "done" in state.word.casefold()
