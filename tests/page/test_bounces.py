"""Bounces on the page, in a real Chromium: a burst, versions, a comparison, a slice, comments, an upload."""

import asyncio
import os
import re
import shutil
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.bounces.signals import music, save
from tests.page.conftest import answer_to, opened, started_by_hand

pytestmark = [pytest.mark.page, pytest.mark.xdist_group("page"), pytest.mark.asyncio(loop_scope="session")]
SHOTS = os.environ.get("STUDIOHAND_SCREENSHOTS")
"""A folder: what a person sees is written there, for looking at."""


async def pick(page: Page, place: Locator, option: str) -> None:
    """Choose an option of the last select that stands in `place`."""
    await place.locator(".select").last.click()
    await page.get_by_role("option", name=option).first.click()


async def shot(page: Page, what: Locator, name: str) -> None:
    """Write what is seen as PNG on dark and light, desktop and phone, where somebody asked for it."""
    if SHOTS is None:
        return
    before = page.viewport_size
    for theme in ("dark", "light"):
        await page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        for device, width in (("desktop", 1280), ("phone", 390)):
            await page.set_viewport_size({"width": width, "height": 1400 if width > 400 else 844})
            people = page.get_by_role("button", name="People")
            if width < 400 and await page.locator(".people:visible").count() and await people.count():
                await people.first.click()
            await what.scroll_into_view_if_needed()
            await page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth)")
            await what.screenshot(path=Path(SHOTS) / f"{name}-{theme}-{device}.png")
    if before is not None:
        await page.set_viewport_size(before)


def render(folder: Path, name: str, seed: int, seconds: float = 4, level: float = 0.7) -> Path:
    folder.mkdir(exist_ok=True)
    return save(folder / name, music(seconds, seed=seed) * level, 44100, "PCM_16")


async def test_what_a_producer_does_with_bounces_in_an_evening(browser: Browser, tmp_path: Path) -> None:
    # Not the shared one: more than fifty bounces in a week crowd everything else out of its digest.
    async with started_by_hand(tmp_path / "local") as started, opened(browser, started.page) as page:
        watched, rendered = started.watched, tmp_path / "rendered"
        await page.locator(".channel", has_text="bounces").click()
        await expect(page.locator(".message", has=page.locator("figure img")).first).to_contain_text("Night Drive")

        for number in range(1, 6):
            made = render(rendered, f"Glass Hour v{number}.wav", number, 10, 0.3 + 0.1 * number)
            await asyncio.to_thread(shutil.copyfile, made, watched / made.name)
            card = page.locator(".message", has_text=f"Glass Hour v{number}.wav").first
            await expect(card.locator("figure img")).to_have_attribute("alt", re.compile("Waveform"))
        newest = page.locator(".message", has_text="Glass Hour v5.wav").first
        await expect(newest).to_contain_text("louder than v4")
        # What is to be heard comes after each card; who presses before that presses on what still moves.
        await expect(page.locator(".message audio")).to_have_count(6)

        async def more(action: str) -> None:
            menu = await answer_to(newest.get_by_role("button", name="More", exact=True), "What next?")
            await pick(page, menu, action)

        await more("Comment on a moment")
        form = page.get_by_role("dialog")
        await form.locator("input").first.fill("0:02")
        await form.locator("textarea").first.fill("the snare comes in late")
        await form.get_by_role("button", name="Submit").click()
        await expect(newest).to_contain_text("0:02 the snare comes in late")
        await more("Mark a slice")
        await form.locator("input").nth(0).fill("0:01-0:03")
        await form.locator("input").nth(1).fill("hook")
        await form.get_by_role("button", name="Submit").click()
        await expect(newest).to_contain_text("0:01 to 0:03 hook")
        await shot(page, newest, "card")
        await more("Compare with")
        # The first list shows "Compare with…" for a moment, as what was chosen.
        await page.locator(".select", has_text=re.compile(r"Compare with\s*$")).last.click()
        await page.get_by_role("option", name="Glass Hour · v1").click()
        compared = page.locator(".message", has_text="against v1").last
        await expect(compared.locator("figure img")).to_be_visible()
        await shot(page, compared, "compare")

        stems = rendered / "stems"
        for index in range(50):
            render(stems, f"Glass Hour stem {index:02}.wav", 100 + index, 1.3)
        await asyncio.to_thread(shutil.copytree, stems, watched, dirs_exist_ok=True)
        burst = page.locator(".message", has_text="50 bounces").last
        await expect(burst.locator("figure img")).to_have_attribute("alt", re.compile("Sheet of 50 waveforms"))
        await shot(page, burst, "burst")

        await page.locator("#composer-input").fill("/bounce new ")
        await expect(page.locator(".command-name")).to_have_text("/bounce new")
        sketch = render(rendered, "Kitchen sketch.wav", 77, 3)
        await page.locator(".option input[type=file]").first.set_input_files(sketch)
        await page.locator(".send").click()
        uploaded = page.locator(".message", has_text="Kitchen sketch").last
        await expect(uploaded.locator("figure img")).to_be_visible()
        await shot(page, uploaded, "upload")
