"""The page by keyboard alone, on a phone, in both themes, and to a screen reader."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import expect

from tests.page.conftest import Studio

CONTRAST = Path(__file__).with_name("contrast.js")

pytestmark = [pytest.mark.page, pytest.mark.xdist_group("page"), pytest.mark.asyncio(loop_scope="session")]


async def test_a_whole_journey_by_keyboard_alone(studio: Studio) -> None:
    tab = await studio.tab()
    await expect(tab.composer).to_be_focused()
    await tab.keys.type("/song n")
    # The commands may come after the channel.
    await expect(tab.get(".picker .row.active .row-label")).to_contain_text("/song new")
    await tab.keys.press("Tab")
    await tab.keys.press("Enter")
    dialog = tab.page.get_by_role("dialog")
    await expect(dialog.get_by_label("Name")).to_be_focused()
    await tab.keys.type("Night Drive")
    await tab.keys.press("Tab")
    await tab.keys.press("Tab")
    await tab.keys.press("Space")
    await expect(dialog.get_by_label("Relaxed")).to_be_checked()
    for _ in range(8):
        await tab.keys.press("Tab")
        inside = await tab.page.evaluate("document.activeElement.matches('body, dialog, dialog *')")
        assert inside, "focus stays in the form"
    await dialog.get_by_label("Name").focus()
    await tab.keys.press("Enter")
    await tab.text("name=Night Drive notes=Warm. pace=relaxed files=")
    await expect(dialog).to_have_count(0)
    await tab.keys.type("/buttons")
    await tab.keys.press("Enter")
    await tab.keys.press("Enter")
    await tab.text("Press what you like.")
    await tab.get("#log").focus()
    await tab.keys.press("End")
    await expect(tab.last).to_be_focused()
    for _ in range(12):
        await tab.keys.press("Tab")
        if await tab.page.evaluate("document.activeElement.dataset.customId") == "colour":
            break
    await tab.keys.press("Enter")
    await tab.keys.press("ArrowDown")
    await tab.keys.press("Enter")
    await tab.keys.press("Escape")
    await tab.text("Colours 2, 3")
    await tab.keys.press("Alt+ArrowDown")
    await expect(tab.get(".topbar-name")).to_have_text("bounces")


async def test_a_message_menu_opens_and_closes_by_keyboard(studio: Studio) -> None:
    studio.server.person("Ben").say("A rough mix")
    tab = await studio.tab()
    await tab.text("A rough mix")
    await tab.get("#log").focus()
    await tab.keys.press("ArrowUp")
    await tab.keys.press("Shift+F10")
    menu = tab.page.get_by_role("menu")
    await expect(menu.get_by_role("menuitem").first).to_be_focused()
    await tab.keys.press("Escape")
    await expect(menu).to_have_count(0)
    await expect(tab.last).to_be_focused()


async def test_everything_has_a_role_and_a_name(studio: Studio) -> None:
    tab = await studio.tab()
    await tab.run("card")
    await tab.get(".container").wait_for()
    await expect(tab.page.get_by_role("log", name="Messages in general")).to_be_visible()
    await expect(tab.page.get_by_role("navigation", name="Channels and people")).to_be_visible()
    await expect(tab.page.get_by_role("radio", name="Ada")).to_be_checked()
    unnamed = await tab.page.evaluate(
        """() => [...document.querySelectorAll('button, a, input, textarea')]
            .filter((node) => node.checkVisibility() && !node.closest('[aria-hidden=true]'))
            .filter((node) => !(node.getAttribute('aria-label') || node.textContent.trim() || node.labels?.length))
            .map((node) => node.outerHTML)"""
    )
    assert unnamed == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_words_stand_out_enough_in_both_themes(studio: Studio, scheme: Literal["dark", "light"]) -> None:
    tab = await studio.tab(color_scheme=scheme)
    await tab.run("buttons")
    await tab.get("[data-custom-id=primary]").wait_for()
    weak = await tab.page.evaluate(CONTRAST.read_text("utf-8"))
    assert weak == []


async def test_the_theme_follows_the_system_until_chosen(studio: Studio) -> None:
    tab = await studio.tab(color_scheme="light")
    await expect(tab.get("html")).to_have_attribute("data-theme", "light")
    await tab.page.get_by_role("button", name="Use the dark theme").click()
    await expect(tab.get("html")).to_have_attribute("data-theme", "dark")
    await tab.page.reload()
    await expect(tab.get("html")).to_have_attribute("data-theme", "dark")


async def test_a_phone_has_a_drawer_and_nothing_hangs_over_the_edge(studio: Studio) -> None:
    tab = await studio.tab(viewport={"width": 360, "height": 740}, has_touch=True)
    await expect(tab.get("#sidebar")).to_be_hidden()
    for command in ("card", "embed", "gallery", "buttons"):
        await tab.run(command)
    await tab.text("Press what you like.")
    wide = await tab.page.evaluate(
        """() => [...document.querySelectorAll('.main *')]
            .filter((node) => node.checkVisibility() && node.getBoundingClientRect().right > innerWidth + 1)
            .filter((node) => !node.closest('.topbar, .upload-strip, .unseen'))
            .map((node) => node.className)"""
    )
    assert wide == []
    assert await tab.page.evaluate("document.documentElement.scrollWidth") <= 360
    await tab.page.get_by_role("button", name="Channels").tap()
    await tab.get(".channel", has_text="releases").tap()
    await expect(tab.get("#sidebar")).to_be_hidden()
    await expect(tab.get(".topbar-name")).to_have_text("releases")
    await tab.run("song new")
    box = await tab.page.get_by_role("dialog").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert box["height"] <= 740
