"""The newcomer's first minute: `studiohand local` as it is started by hand, and the set-up wizard in the browser."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

pytestmark = [
    pytest.mark.page,
    pytest.mark.xdist_group("page"),
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
]
ROOT = Path(__file__).parents[2]


@pytest_asyncio.fixture(loop_scope="session")
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """Start the product as a person does and return the printed address of its page."""
    command = [sys.executable, "-m", "bot", "local", "--json", "--port", "0", "--data", str(tmp_path / "local")]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("STUDIOHAND_", "DISCORD_"))}
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env={**environment, "STUDIOHAND_HEALTH_PORT": "0", "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout
    try:
        async with asyncio.timeout(90):
            async for line in process.stdout:
                if line.startswith(b'{"page"'):
                    yield json.loads(line)["page"]
                    break
    finally:
        process.send_signal(signal.SIGINT)
        # What it still prints is read, so that it never waits for a full pipe.
        await process.communicate()


async def test_a_newcomer_sets_the_studio_up_in_the_browser(browser: Browser, address: str) -> None:
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    page.set_default_timeout(20_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    await page.goto(address)
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
    await expect(page.locator(".message .container")).to_contain_text("Night Drive", timeout=60_000)
    await expect(page.locator(".message figure img")).to_have_attribute("alt", re.compile("Waveform"))
    await expect(page.locator(".message audio")).to_have_attribute("src", re.compile(r"^/cdn/attachments/.*\.wav"))
    assert errors == []
    await context.close()
