"""A form map over a waveform, a release plan and a digest on the page, in a real Chromium."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from bot.clock import SystemClock
from tests.page.conftest import Started, answer_to, opened, send_command

pytestmark = [pytest.mark.page, pytest.mark.xdist_group("page"), pytest.mark.asyncio(loop_scope="session")]


async def pick(page: Page, place: Locator, option: str) -> None:
    """Choose an option of the one select that stands in `place`."""
    await place.locator(".select").first.click()
    await page.get_by_role("option", name=option).click()


async def test_a_form_map_is_laid_over_the_waveform_of_a_bounce(browser: Browser, by_hand: Started) -> None:
    async with opened(browser, by_hand.page) as page:
        await page.locator(".channel", has_text="bounces").click()
        bounce = page.locator(".message", has=page.locator("figure img"), has_text="Night Drive").first
        menu = await answer_to(bounce.get_by_role("button", name="More", exact=True), "What next?")
        await pick(page, menu, "Form map")
        form_map = page.locator(".message", has_text="of this form map").last
        await expect(form_map).to_contain_text("Version 1")
        await form_map.get_by_role("button", name="Edit", exact=True).click()
        form = page.get_by_role("dialog")
        await form.get_by_label("Sections").fill("intro 4 @ 0:00: room noise\nverse 8\nchorus 8")
        await form.get_by_role("button", name="Submit").click()
        await expect(form).to_have_count(0)
        await expect(form_map).to_contain_text("Version 2")
        await form_map.get_by_role("button", name="On the waveform").click()
        overlay = page.locator(".message", has_text="Sections (estimated)").last
        await expect(overlay.locator("img")).to_have_attribute(
            "alt", re.compile(r"Waveform.*Sections \(estimated\): intro 0:00.*chorus")
        )

        # The product is a process of its own, on the machine's clock: midnight may pass between two looks at it.
        day = SystemClock().now().date() + timedelta(days=75)
        left = "7[45]" if SystemClock().now().hour == 23 else "75"
        await page.locator("#composer-input").fill("/release new ")
        await expect(page.locator(".command-name")).to_have_text("/release new")
        await page.locator(".option-input").nth(0).fill("Night Drive")
        await page.locator(".option-input").nth(1).fill(day.isoformat())
        await page.locator(".option-input").nth(2).fill("Single, 8")
        await page.locator(".picker .row", has_text="Single, 8").first.click()
        await page.keyboard.press("Enter")
        plan = page.get_by_role("dialog")
        await plan.get_by_role("button", name="Submit").click()
        await expect(plan).to_have_count(0)
        made = page.locator(".message", has_text="Night Drive is planned")
        await expect(made).to_contain_text(re.compile(rf"in {left} days"))
        card = page.locator(".message", has_text="Next hard deadline").last
        await expect(card).to_contain_text(re.compile(rf"\b{left} days to go"))
        await expect(card.locator("img")).to_have_attribute("alt", re.compile("Release plan of Night Drive"))
        tasks = await answer_to(card.get_by_role("button", name="Next tasks"), "next tasks")
        await tasks.get_by_role("button", name="Done").first.click()
        await expect(page.locator(".message").last).to_contain_text("Done: Choose the bounce to release")

        await send_command(page, "digest show")
        digest = page.locator(".message", has_text="Your week so far").last
        await expect(digest).to_contain_text("Choose the bounce to release")
        await expect(digest).to_contain_text(re.compile(rf"T-{left}\b"))
        await expect(digest.locator("img")).to_have_attribute("alt", re.compile("Waveform"))
        await digest.get_by_role("button", name="Open digest.md").click()
        await expect(page.locator(".message").last).to_contain_text("as a file")
