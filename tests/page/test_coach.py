"""The coach on the page, in a real Chromium: the quick start, a week, a check-in by direct message, a picture."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.actors import Actor
from bot.clock import FixedClock
from bot.coach.model import Role
from bot.coach.service.profiles import ProfileChanges
from bot.local.page import MessagePage
from bot.local.server import LocalDiscord
from tests.moments import present
from tests.page.conftest import PATIENCE_MS, is_there, send_command
from tests.product import Product, running
from tests.wire.openapi import SHARED

pytestmark = [pytest.mark.page, pytest.mark.xdist_group("page"), pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def house(tmp_path: Path, sqlite_database_url: str) -> AsyncIterator[tuple[Product, str]]:
    """The whole product under the page, with a clock that moves when told."""
    clock = FixedClock(present())
    page = MessagePage()
    async with (
        LocalDiscord(clock, mount=(page.install,), validator=SHARED.openapi) as server,
        running(tmp_path / "data", clock, server=server, database_url=sqlite_database_url) as product,
    ):
        yield product, page.address(server)


async def open_page(browser: Browser, house: tuple[Product, str], width: int = 1280, height: int = 1600) -> Page:
    """Open the page as Ada."""
    product, address = house
    context = await browser.new_context(viewport={"width": width, "height": height})
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    who = product.person("Ada")
    await page.add_init_script(f"sessionStorage.getItem('person') ?? sessionStorage.setItem('person', '{who.id}')")
    await page.goto(address)
    await is_there(page)
    return page


async def settle_in(product: Product, weeks: int = 0) -> Actor:
    """Give Ada a profile, check-ins, and some weeks behind her."""
    ada = product.person("Ada")
    who, coach, clock = Actor.user(ada.id, "Ada"), product.services.coach, product.clock
    now = clock.now()
    clock.set((now + timedelta(days=8 - now.weekday())).replace(hour=12, minute=0, second=0))
    await coach.profiles.start(who, ada.id, Role.ARTIST, "UTC")
    await coach.profiles.change(who, ada.id, ProfileChanges(setup_step=8))
    for week in range(weeks):
        view = await coach.weeks.plan(who, ada.id)
        await coach.tasks.tick(who, ada.id, [task.id for task in view.open[: 3 + week % 5]])
        await coach.progress.log(who, ada.id, "mailing list", 20 + 4 * week)
        clock.advance(days=7)
    return who


async def test_the_quick_start_leads_to_a_week_that_is_ticked_in_the_browser(
    browser: Browser, house: tuple[Product, str]
) -> None:
    page = await open_page(browser, house)
    await send_command(page, "coach start")
    card = page.locator(".message").last
    await card.get_by_role("button", name="Artist").click()
    await expect(card).to_contain_text("1 of 8 done")
    await card.get_by_role("button", name="Beginner").click()
    await card.get_by_role("button", name="Write it").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Genre").fill("dub techno")
    await form.get_by_role("button", name="Submit").click()
    await card.get_by_role("button", name="Moderate").click()
    await expect(card.get_by_role("button", name="Choose the time zone")).to_be_visible()
    await card.get_by_role("button", name="Skip").click()
    await card.get_by_role("button", name="Make my first week").click()
    week = page.locator(".message", has_text="0 of 9 done").last
    await expect(week).to_contain_text("Wellbeing")
    await week.get_by_role("button", name="Done").click()
    await page.locator(".message", has_text="Which ones are done?").locator(".select").click()
    await page.get_by_role("option").first.click()
    await page.get_by_role("option").nth(1).click()
    await page.keyboard.press("Escape")
    await expect(page.locator(".message", has_text="2 of 9 done")).to_have_count(1)
    await page.context.close()


async def test_a_check_in_by_direct_message_is_answered_and_progress_has_a_picture(
    browser: Browser, house: tuple[Product, str]
) -> None:
    product, _ = house
    who = await settle_in(product, weeks=6)
    coach = product.services.coach
    await coach.weeks.plan(who, who.user_id)
    await coach.profiles.checkins_on(who, who.user_id)
    await product.work()
    friday = product.clock.now() + timedelta(days=4 - product.clock.now().weekday())
    product.clock.set(friday.replace(hour=16, minute=30))
    await product.work()
    await product.live(step_s=600, minutes=20)
    page = await open_page(browser, house)
    await page.locator(".channel-name", has_text="Studiohand").click()
    card = page.locator(".message", has_text="What would make it easy to close the week?")
    await card.get_by_role("button", name="Done").click()
    answered = page.locator(".message", has_text="Noted, thank you.")
    await answered.get_by_role("button", name="Add a reflection").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Wins").fill("One hook")
    await form.get_by_role("button", name="Submit").click()
    await expect(page.locator(".message").last).to_contain_text("Kept. Thank you for looking back.")
    await send_command(page, "coach progress")
    shown = page.locator(".message", has_text="Ada used /coach progress")
    await expect(shown.locator("img[alt*='mailing list']")).to_be_visible()
    await page.context.close()
