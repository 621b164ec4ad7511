"""/help lists what can be run here, and its texts."""

import re

import pytest

from bot.clock import FixedClock
from bot.say.words import lint
from cogs.help import read_topics
from tests.rig import rig, texts
from tests.ui.sample import Services

COGS = ["cogs.help", "tests.ui.sample"]


async def test_help_offers_groups_and_each_command_with_a_link(clock: FixedClock) -> None:
    async with rig(clock, COGS, Services()) as r:
        seen = await r.seen(r.ada.slash("help"))
        assert "Nothing is shared unless you post it." in texts(seen)
        await r.settled(r.ada.select(seen, "Show the commands of …", "/loop"))
        shown = texts(r.ada.sees()[-1])
        assert re.search(r"</loop show:\d+>", shown)
        assert "loop host" not in shown
        await r.settled(r.ada.click(r.ada.sees()[-1], "Overview"))
        assert "Nothing is shared" in texts(r.ada.sees()[-1])


async def test_a_topic_is_found_by_typing_and_a_strange_one_names_the_others(clock: FixedClock) -> None:
    async with rig(clock, COGS, Services()) as r:
        offered = await r.ada.autocomplete("help", "topic", "mom")
        assert offered is not None
        assert [choice["value"] for choice in offered] == ["score"]
        assert "Plan" in texts(await r.seen(r.ada.slash("help", topic="score")))
        told = texts(await r.seen(r.ada.slash("help", topic="weather")))
        assert "privacy" in told


@pytest.mark.parametrize("name", sorted(read_topics()))
def test_help_texts_fit_a_card_and_do_not_scold(name: str) -> None:
    topic = read_topics()[name]
    assert len(topic.body) < 3000
    assert not lint(topic.body)


def test_the_promised_topics_are_there() -> None:
    assert {"score", "trend", "privacy", "times", "roles", "ai"} <= set(read_topics())
