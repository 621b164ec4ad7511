"""A loop on the page, in a real Chromium, on the product as it is started by hand and with no AI key."""

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.page.conftest import Started, opened, send_command

pytestmark = [pytest.mark.page, pytest.mark.xdist_group("page"), pytest.mark.asyncio(loop_scope="session")]


async def add_clip(page: Page, panel: Locator, name: str, start: str) -> None:
    await panel.get_by_role("button", name="Add clip").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Name").fill(name)
    await form.get_by_label("Start").fill(start)
    await form.get_by_role("button", name="Submit").click()
    await expect(form).to_have_count(0)


async def test_a_loop_is_planned_played_through_and_finished_in_the_browser(browser: Browser, by_hand: Started) -> None:
    async with opened(browser, by_hand.page) as page:
        await page.locator("#composer-input").fill("/loop new ")
        await expect(page.locator(".command-name")).to_have_text("/loop new")
        await page.locator(".option-input").first.fill("Paper Boats")
        await page.keyboard.press("Enter")
        panel = page.locator(".message", has_text="by rules, not AI-written").filter(has_text="Paper Boats").first
        await expect(panel).to_contain_text("No clips yet")
        picture = panel.locator("img[alt^='Timeline of Paper Boats']")
        await expect(picture).to_be_visible()
        await add_clip(page, panel, "Rough take", "0")
        await expect(panel).to_contain_text("Rough take (bar 1), now")
        await expect(panel.locator("img[alt*='1 clip on 1 lane']")).to_be_visible()
        await add_clip(page, panel, "Arrange", "4")
        await expect(panel).to_contain_text("Arrange (bar 2)")
        await panel.get_by_role("button", name="Suggest").click()
        suggestions = page.locator(".message", has_text="Paper Boats: suggestions")
        await suggestions.get_by_role("button", name="Apply all").click()
        await expect(page.locator(".message").last).to_contain_text("Added 3 clips.")
        await send_command(page, "loop show")
        shown = page.locator(".message", has_text="Ada used /loop show")
        await expect(shown.locator("img[alt*='Next: Rough take']")).to_be_visible()
        await send_command(page, "loop done", "Rough take")
        await expect(page.locator(".message").last).to_contain_text("Finished Rough take.")
        await expect(shown.locator("img[alt*='Done: 1.']")).to_be_visible()
