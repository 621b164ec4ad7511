"""The newcomer's first minute: `studiohand local` as it is started by hand, and the set-up wizard in the browser."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.page.conftest import opened, started_by_hand

pytestmark = [pytest.mark.page, pytest.mark.xdist_group("page"), pytest.mark.asyncio(loop_scope="session")]


async def test_a_newcomer_sets_the_studio_up_in_the_browser(browser: Browser, tmp_path: Path) -> None:
    async with started_by_hand(tmp_path / "local") as newcomers, opened(browser, newcomers.page) as page:
        await page.get_by_role("button", name="Start with /help").click()
        await page.keyboard.press("Enter")
        last = page.locator(".message").last
        await expect(last.locator(".used")).to_contain_text("Ada used /help")
        await expect(last.locator(".container")).to_be_visible()
        await page.locator("#composer-input").fill("/studio setup ")
        await expect(page.locator(".command-name")).to_have_text("/studio setup")
        await page.keyboard.press("Enter")
        await expect(last).to_contain_text("step 1 of 6")
        await last.get_by_role("button", name="Choose").click()
        form = page.get_by_role("dialog")
        await form.locator(".select").nth(1).click()
        await form.get_by_role("option", name="general").click()
        await form.get_by_role("button", name="Submit").click()
        await expect(form).to_have_count(0)
        await expect(last).to_contain_text("step 2 of 6")
        await last.get_by_role("button", name="Back").click()
        await expect(last).to_contain_text("Releases: general")
        for step in range(2, 7):
            await last.get_by_role("button", name="Skip").click()
            await expect(last).to_contain_text(f"step {step} of 6")
        await last.get_by_role("button", name="Finish").click()
        await expect(page.get_by_text("step 6 of 6")).to_have_count(0)
        await page.locator(".channel", has_text="bounces").click()
        await expect(page.locator(".message .container")).to_contain_text("Night Drive")
        await expect(page.locator(".message figure img")).to_have_attribute("alt", re.compile("Waveform"))
        await expect(page.locator(".message audio")).to_have_attribute("src", re.compile(r"^/cdn/attachments/.*\.wav"))
