"""The coach as people meet it: quick start, week, goals, habits, check-ins by direct message, the crisis path."""

import pytest

from bot.coach.content import bank_path
from bot.coach.model import Role
from tests.coach.banks import synthetic_bank
from tests.product import Product
from tests.wire.kit import Actor, Stage


@pytest.fixture
def ada(product: Product) -> Actor:
    if not bank_path(Role.ARTIST).exists():
        product.services.coach.desk.bank = synthetic_bank
    return Stage(product.server).person("Ada")


async def _start(ada: Actor) -> None:
    """Go through the quick start with its defaults."""
    await ada.slash("/coach start")
    await ada.press("Artist")
    for _ in range(4):
        await ada.press("Skip")
    await ada.press("Make my first week")
    await ada.until_sees("Week ")


async def test_the_quick_start_leads_to_a_first_week(product: Product, ada: Actor) -> None:
    await ada.slash("/coach plan")
    assert "Which of these is you?" in ada.sees()
    await ada.press("Artist")
    assert "1 of 8 done, 7 to go" in ada.sees()
    await ada.press("Beginner")
    await ada.press("Write it")
    await ada.fill(genre="dub techno")
    assert "How full may a week be?" in ada.sees()
    assert "9 tasks, about 9.5 hours" in ada.sees()
    await ada.press("Moderate")
    await ada.press("Choose the time zone")
    await ada.fill(time_zone="Berlin")
    await ada.choose("Which of these?", "Europe/Berlin")
    await ada.press("Make my first week")
    await ada.until_sees("0 of 9 done")
    assert "Would one of these fit?" in ada.sees()
    await ada.choose("Add a suggested goal", "visual_identity")
    await ada.press("Skip")
    await ada.press("Skip")
    assert "The week goes round like this" in ada.sees()
    await ada.slash("/coach start")
    assert "Ready" in ada.sees()


async def test_a_week_is_ticked_lightened_and_undone(product: Product, ada: Actor) -> None:
    await _start(ada)
    await ada.slash("/coach plan")
    await ada.press("Done")
    view = await product.services.coach.weeks.current(ada.id)
    await ada.choose("Tick what is done", view.open[0].id, view.open[1].id)
    await ada.until_sees("2 of 9 done")
    await ada.press("Lighter week")
    await ada.until_sees("A lighter week")
    assert "2 of 5 done" in ada.sees() or "2 of 6 done" in ada.sees() or "2 of 4 done" in ada.sees()
    await ada.press("Undo")
    await ada.slash("/coach plan")
    assert "2 of 9 done" in ada.sees()
