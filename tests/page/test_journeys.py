"""Commands, options, forms, buttons and selects in a real Chromium, told as a person would."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.page.conftest import Studio, eventually
from tests.page.demo_bot import wav

pytestmark = [pytest.mark.page, pytest.mark.xdist_group("page"), pytest.mark.asyncio(loop_scope="session")]


async def test_a_slash_command_is_found_by_typing_and_its_option_by_autocomplete(studio: Studio) -> None:
    tab = await studio.tab()
    await tab.composer.fill("/")
    await expect(tab.get(".picker-group", has_text="/song")).to_be_visible()
    await tab.composer.fill("/so sh")
    await expect(tab.get(".picker .row.active .row-label")).to_contain_text("/song show")
    await tab.keys.press("Enter")
    await expect(tab.get(".picker .row")).to_have_count(5)
    await tab.keys.type("ni")
    await expect(tab.get(".picker .row")).to_have_count(2)
    await tab.keys.press("ArrowDown")
    await tab.keys.press("Enter")
    await expect(tab.get(".option-input")).to_have_value("Nightfall")
    await tab.keys.press("Enter")
    await tab.text("It is calm.")
    await expect(tab.last).to_contain_text("Only you can see this")
    await expect(tab.last.locator(".used")).to_have_text("AAda used /song show")
    await tab.last.get_by_role("button", name="Dismiss").click()
    await expect(tab.get(".message")).to_have_count(0)
    # The page takes it away before the server has been told.
    await eventually(lambda: studio.server.person("Ada").sees() == [])


async def test_a_stale_autocomplete_answer_is_dropped(studio: Studio) -> None:
    tab = await studio.tab()
    await tab.slash("song show")
    await expect(tab.get(".picker .row")).to_have_count(5)
    studio.bot.hold = asyncio.Event()
    await tab.keys.type("ha")
    await expect(tab.get(".picker-status")).to_have_text("Loading options")
    held = studio.bot.hold
    # Slow fingers ask twice, for "h" and for "ha"; no change of the local Discord tells that the bot is asked.
    await eventually(lambda: studio.bot.held >= 1)
    studio.bot.hold = None
    await tab.keys.press("Control+A")
    await tab.keys.type("glass")
    await expect(tab.get(".picker .row")).to_have_text(["Glass City"])
    async with tab.page.expect_event("requestfinished", lambda request: request.url.endswith("/page/act")):
        held.set()
    await eventually(lambda: studio.bot.held == 0)
    await expect(tab.get(".picker .row")).to_have_text(["Glass City"])


async def test_options_are_checked_before_anything_is_sent(studio: Studio) -> None:
    tab = await studio.tab()
    await tab.slash("options")
    await tab.keys.type("prom")
    await tab.keys.press("Enter")
    await tab.keys.type("99")
    await tab.keys.press("Enter")
    await expect(tab.get(".picker-status")).to_have_text("Give 16 or less.")
    await tab.keys.press("Control+A")
    await tab.keys.type("8")
    await tab.keys.press("Tab")
    await expect(tab.get(".option-more")).to_be_focused()
    await tab.keys.press("ArrowDown")
    await tab.keys.press("ArrowDown")
    await expect(tab.get(".picker .row.active .row-label")).to_have_text("who")
    await tab.keys.press("Enter")
    await expect(tab.get(".picker .row")).to_have_count(3)
    await tab.keys.type("be")
    await tab.keys.press("Enter")
    await tab.keys.press("Enter")
    await tab.text("lane=promo bars=8 gain=0.0 loud=False who=Ben where=None")


async def test_a_form_with_every_kind_of_field_is_filled_and_checked(studio: Studio) -> None:
    tab = await studio.tab()
    await tab.run("song new")
    dialog = tab.page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading", name="Every kind of field")).to_be_visible()
    await dialog.get_by_role("button", name="Submit").click()
    await expect(dialog.locator(".field-problem:visible")).to_have_text(["This field is required"] * 2)
    await dialog.get_by_label("Name").fill("Slow Tide")
    await dialog.get_by_label("Notes").fill("Warm and slow.")
    await dialog.get_by_label("Relaxed").check()
    await dialog.locator("input[type=file]").set_input_files(
        [{"name": "a.wav", "mimeType": "audio/wav", "buffer": wav(0.1)}]
    )
    await expect(dialog.locator(".upload-name")).to_have_text("a.wav")
    await dialog.get_by_role("button", name="Submit").click()
    await tab.text("name=Slow Tide notes=Warm and slow. pace=relaxed files=a.wav")
    await expect(tab.page.get_by_role("dialog")).to_have_count(0)


async def test_a_form_takes_every_kind_of_pick(studio: Studio) -> None:
    tab = await studio.tab()
    await tab.run("picks")
    dialog = tab.page.get_by_role("dialog")
    await dialog.locator("[data-custom-id=mood]").last.click()
    await dialog.get_by_role("option", name="Dark").click()
    await expect(dialog.locator(".select[data-custom-id=who]")).to_contain_text("Ada")
    await dialog.locator(".select[data-custom-id=who]").click()
    await dialog.get_by_role("option", name="Ben").click()
    await dialog.locator(".list").get_by_role("button", name="Done").click()
    await dialog.locator(".select[data-custom-id=where]").click()
    await dialog.get_by_role("option", name="releases").click()
    await dialog.get_by_label("Promo").check()
    await dialog.get_by_label("Refine").check()
    await dialog.get_by_label("I am sure").check()
    await dialog.get_by_role("button", name="Submit").click()
    await tab.text("mood=dark who=Ada,Ben where=releases lanes=promo,refine sure=True")
    await tab.run("roles")
    await dialog.locator(".select[data-custom-id=role]").click()
    await dialog.get_by_role("option", name="@Studiohand").click()
    await dialog.locator(".select[data-custom-id=anyone]").click()
    await dialog.get_by_role("option", name="Ben").click()
    await dialog.get_by_role("button", name="Submit").click()
    await tab.text("role=Studiohand")


async def test_what_gets_no_answer_says_so_and_keeps_what_was_typed(studio: Studio) -> None:
    tab = await studio.tab()
    await tab.run("never")
    await expect(tab.get("#typing")).to_contain_text("Sending /never")
    await eventually(lambda: studio.server.core.interactions.waiting)
    studio.clock.advance(seconds=4)
    await expect(tab.get(".did-not-respond")).to_have_text("The application did not respond")
    await expect(tab.last).not_to_contain_text("null")
    await tab.run("stuck")
    dialog = tab.page.get_by_role("dialog")
    await dialog.get_by_label("Text").fill("kept")
    await dialog.get_by_role("button", name="Submit").click()
    await eventually(lambda: studio.server.core.interactions.waiting)
    studio.clock.advance(seconds=4)
    await expect(dialog.locator(".form-problem")).to_contain_text("Something went wrong")
    await expect(dialog.get_by_label("Text")).to_have_value("kept")
    await tab.keys.press("Escape")
    await expect(dialog).to_have_count(0)
    await tab.run("buttons")
    silent = tab.get("[data-custom-id=silent]")
    await silent.click()
    await expect(silent).to_have_attribute("aria-busy", "true")
    await eventually(lambda: studio.server.core.interactions.waiting)
    studio.clock.advance(seconds=4)
    await expect(tab.get(".press-failed")).to_have_text("This interaction failed")
    await expect(silent).not_to_have_attribute("aria-busy", "true")


async def test_the_wrong_person_presses_and_only_they_see_the_answer(studio: Studio) -> None:
    ada, ben = await studio.tab("Ada"), await studio.tab("Ben")
    await ada.run("buttons")
    await ben.text("Press what you like.")
    await ben.get("[data-custom-id=primary]").click()
    await ben.text("This is Ada's card, so only she can change it.")
    await expect(ada.get(".message")).to_have_count(1)
    await ada.get("[data-custom-id=primary]").click()
    await ben.text("Pressed by the owner.")
    await expect(ben.get(".message").first.locator(".edited")).to_be_visible()
    await ben.composer.fill("/many")
    await expect(ben.get(".list-empty")).to_have_text("No command by that name here")
    await ada.composer.fill("/many")
    await expect(ada.get(".picker .row")).to_have_count(1)


@pytest.mark.parametrize("by", ["mouse", "space"])
async def test_a_press_counts_though_the_card_changes_under_it(studio: Studio, by: str) -> None:
    tab = await studio.tab()
    await tab.run("buttons")
    button = tab.get(".message button", has_text="Primary")
    if by == "mouse":
        await button.hover()
        await tab.page.mouse.down()
    else:
        await button.focus()
        await tab.keys.down(" ")
    bounces = studio.channel("general")
    message = await anext(bounces.history(limit=1))
    await message.edit(content="Changed under the finger.")
    await bounces.send("And pushed up by this.\nAnd this.")
    # What is told last has come last: the page knows of the change.
    await studio.channel("releases").send("Heard.")
    await expect(tab.get(".channel", has_text="releases")).to_contain_text("unread")
    if by == "mouse":
        await tab.page.mouse.up()
    else:
        await tab.keys.up(" ")
    await tab.text("Pressed by the owner.")
    await tab.text("And pushed up by this.")


async def test_selects_send_what_was_chosen(studio: Studio) -> None:
    tab = await studio.tab()
    await tab.run("buttons")
    await tab.get(".select[data-custom-id=colour]").click()
    await tab.get(".list-search").fill("colour 1")
    await expect(tab.get(".list [role=option]")).to_have_count(6)
    await tab.get(".list [role=option]", has_text="Colour 12").click()
    await tab.get(".list").get_by_role("button", name="Done").click()
    await tab.text("Colours 2, 12")
    await tab.get(".select[data-custom-id=person]").click()
    await tab.get(".list [role=option]", has_text="Ben").click()
    await tab.text("You picked Ben")
    await tab.get(".select[data-custom-id=place]").click()
    await tab.get(".list [role=option]", has_text="bounces").click()
    await tab.text("You picked #bounces")
    await tab.get("[data-custom-id=thanks]").click()
    await tab.text("Done, and only you know.")
