"""Loops as people use them: commands, forms and buttons on the local Discord, with no AI key."""

import pytest

from tests.product import Product
from tests.wire.kit import Actor, Stage


@pytest.fixture
def stage(product: Product) -> Stage:
    return Stage(product.server)


@pytest.fixture
def ada(stage: Stage) -> Actor:
    return stage.person("Ada")


@pytest.fixture
def ben(stage: Stage) -> Actor:
    return stage.person("Ben")


async def add(who: Actor, name: str, lane: str, start: str, length: str = "4") -> None:
    await who.slash("/loop clip")
    await who.fill(name=name, lane=lane, start=start, length=length)


async def test_the_first_show_makes_a_loop_and_says_how_to_start(ada: Actor) -> None:
    await ada.slash("/loop show")
    seen = ada.sees()
    assert "My Loop" in seen
    assert "No clips yet" in seen
    assert "picture: Timeline of My Loop: five empty lanes. Add a first clip." in seen
    assert ada.files()["timeline.png"][:4] == b"\x89PNG"
    assert ada.buttons()[:2] == ["Add clip", "More"]


async def test_planning_playing_through_and_finishing_a_loop(ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    panel = ada.last()
    await ada.press("Add clip", on=panel)
    await ada.fill(name="Sketch", lane="creative", start="0", length="6")
    await ada.until_sees("Added Sketch on Creative.")
    await add(ada, "Mix pass", "refine", "6")
    await ada.until_sees("2 clips on 2 lanes")
    assert "Sketch (bar 1), now" in ada.sees()
    await ada.press("Done", on=panel)
    await ada.choose("Which one is finished?", "Sketch")
    assert "Finished Sketch. Momentum is now" in ada.sees()
    await ada.until_sees("Done: 1.")
    await ada.slash("/loop done", clip="Mix pass")
    await ada.until_sees("Done: 2.", "Nothing is open.")
