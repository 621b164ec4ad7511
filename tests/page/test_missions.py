"""A mission on the page, in a real Chromium, on the product as it is started by hand and with no AI key."""

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.page.test_first_minute import address  # noqa: F401 - a fixture
from tests.page.test_loops import add_clip

pytestmark = [
    pytest.mark.page,
    pytest.mark.xdist_group("page"),
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
]


async def run(page: Page, command: str, *options: str) -> None:
    """Type a command, choose its options, send it."""
    await page.locator("#composer-input").fill(f"/{command} ")
    await expect(page.locator(".command-name")).to_have_text(f"/{command}")
    for number, option in enumerate(options):
        await page.locator(".option-input").nth(number).fill(option)
        await page.locator(".picker .row", has_text=option).first.click()
    await page.keyboard.press("Enter")


def card(page: Page, words: str) -> Locator:
    return page.locator(".message", has_text=words).last


async def test_a_mission_proposes_and_its_steps_are_approved_edited_dismissed_and_undone(
    browser: Browser,
    address: str,  # noqa: F811 - the fixture
) -> None:
    context = await browser.new_context(viewport={"width": 1280, "height": 1400})
    page = await context.new_page()
    page.set_default_timeout(30_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(address)
    await page.locator("#composer-input").fill("/loop new ")
    await expect(page.locator(".command-name")).to_have_text("/loop new")
    await page.locator(".option-input").first.fill("Night Drive")
    await page.keyboard.press("Enter")
    panel = page.locator(".message", has_text="by rules, not AI-written").first
    await expect(panel).to_contain_text("No clips yet")
    for name, start in (("Sketch", "0"), ("Arrange", "4")):
        await add_clip(page, panel, name, start)
        await expect(page.locator(".message").last).to_contain_text(f"Added {name}")

    await run(page, "mission new")
    form = page.get_by_role("dialog")
    await form.get_by_label("Name").fill("On time")
    await form.get_by_label("What should it keep").fill("Keep Night Drive moving")
    await form.locator(".select").first.click()
    await form.get_by_role("option", name="Night Drive").click()
    await form.get_by_role("button", name="Done").click()
    await form.get_by_label("When it runs").fill("manual")
    await form.get_by_role("button", name="Submit").click()
    await expect(form).to_have_count(0)
    await card(page, "Keep Night Drive moving").get_by_role("button", name="Run now").click()

    added = card(page, "Add New action clip")
    await expect(added).to_contain_text("by rules, not AI")
    name = "Mark Sketch in Night Drive as ready"
    await card(page, name).get_by_role("button", name="Approve").click()
    await expect(card(page, name)).to_contain_text("Approved by Ada")
    await added.get_by_role("button", name="Edit").click()
    await form.get_by_label("name").fill("Hook")
    await form.get_by_role("button", name="Submit").click()
    edited = card(page, "Add Hook to Night Drive")
    await expect(edited).to_contain_text("Changed by hand")
    await edited.get_by_role("button", name="Approve").click()
    await expect(edited).to_contain_text("Approved by Ada")
    await expect(panel).to_contain_text("Hook")
    await run(page, "mission run", "On time")
    other = card(page, "step 2-1")
    await other.get_by_role("button", name="Dismiss", exact=True).first.click()
    await form.locator(".select").first.click()
    await form.get_by_role("option", name="Not now").click()
    await form.get_by_role("button", name="Submit").click()
    await expect(other).to_contain_text("Dismissed by Ada")
    await expect(other).to_contain_text("Not now")

    await run(page, "mission show", "On time")
    shown = page.locator(".message", has_text="Ada used /mission show").last
    await expect(shown).to_contain_text("Approved")
    await expect(shown).to_contain_text("points of momentum")
    await run(page, "mission undo", "On time")
    await expect(page.locator(".message").last).to_contain_text("2 steps were taken back")
    await expect(panel).not_to_contain_text("Hook")
    assert errors == []
    await context.close()
