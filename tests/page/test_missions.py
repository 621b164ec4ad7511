"""A mission on the page, in a real Chromium, on the product as it is started by hand and with no AI key."""

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.page.conftest import Started, opened, send_command
from tests.page.test_loops import add_clip

pytestmark = [pytest.mark.page, pytest.mark.xdist_group("page"), pytest.mark.asyncio(loop_scope="session")]


def card(page: Page, words: str) -> Locator:
    return page.locator(".message", has_text=words).last


async def test_a_mission_proposes_and_its_steps_are_approved_edited_dismissed_and_undone(
    browser: Browser, by_hand: Started
) -> None:
    async with opened(browser, by_hand.page) as page:
        await page.locator("#composer-input").fill("/loop new ")
        await expect(page.locator(".command-name")).to_have_text("/loop new")
        await page.locator(".option-input").first.fill("Slow Ferry")
        await page.keyboard.press("Enter")
        panel = page.locator(".message", has_text="by rules, not AI-written").filter(has_text="Slow Ferry").first
        await expect(panel).to_contain_text("No clips yet")
        for name, start in (("Sketch", "0"), ("Arrange", "4")):
            await add_clip(page, panel, name, start)
            await expect(page.locator(".message").last).to_contain_text(f"Added {name}")

        await send_command(page, "mission new")
        form = page.get_by_role("dialog")
        await form.get_by_label("Name").fill("On time")
        await form.get_by_label("What should it keep").fill("Keep Slow Ferry moving")
        await form.locator(".select").first.click()
        await form.get_by_role("option", name="Slow Ferry").click()
        await form.get_by_role("button", name="Done").click()
        await form.locator(".select").nth(1).click()
        await form.get_by_role("option", name="general").click()
        await form.get_by_label("When it runs").fill("manual")
        await form.get_by_role("button", name="Submit").click()
        await expect(form).to_have_count(0)
        await card(page, "Keep Slow Ferry moving").get_by_role("button", name="Run now").click()

        added = card(page, "Add New action clip")
        await expect(added).to_contain_text("by rules, not AI")
        name = "Mark Sketch in Slow Ferry as ready"
        await card(page, name).get_by_role("button", name="Approve").click()
        await expect(card(page, name)).to_contain_text("Approved by Ada")
        await added.get_by_role("button", name="Edit").click()
        await form.get_by_label("name").fill("Hook")
        await form.get_by_role("button", name="Submit").click()
        edited = card(page, "Add Hook to Slow Ferry")
        await expect(edited).to_contain_text("Ada changed it")
        await edited.get_by_role("button", name="Approve").click()
        await expect(edited).to_contain_text("Approved by Ada")
        await expect(panel).to_contain_text("Hook")
        await send_command(page, "mission run", "On time")
        other = card(page, "step 2-1")
        await other.get_by_role("button", name="Dismiss", exact=True).first.click()
        await form.locator(".select").first.click()
        await form.get_by_role("option", name="Not now").click()
        await form.get_by_role("button", name="Submit").click()
        await expect(other).to_contain_text("Dismissed by Ada")
        await expect(other).to_contain_text("Not now")

        await send_command(page, "mission show", "On time")
        shown = page.locator(".message", has_text="Ada used /mission show").last
        await expect(shown).to_contain_text("Approved")
        await expect(shown).to_contain_text("points of momentum")
        await send_command(page, "mission undo", "On time")
        await expect(page.locator(".message").last).to_contain_text("2 steps were taken back")
        await expect(panel).not_to_contain_text("Hook")
