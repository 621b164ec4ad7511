"""What comes and stays on the page: pushes, history, media, menus, files, threads, in a real Chromium."""

import asyncio
from datetime import timedelta

import pytest
from playwright.async_api import Route, expect

from bot.local.people import Upload
from tests.page.conftest import Studio
from tests.page.demo_bot import png, wav
from tests.wire.kit import PATIENCE_S

pytestmark = [pytest.mark.page, pytest.mark.xdist_group("page"), pytest.mark.asyncio(loop_scope="session")]


async def test_a_late_answer_takes_the_place_of_thinking(studio: Studio) -> None:
    tab = await studio.tab()
    await tab.run("slow")
    await expect(tab.get(".thinking")).to_have_text("Studiohand is thinking…")
    studio.bot.late.set()
    await tab.text("Here at last.")
    await expect(tab.get(".thinking")).to_have_count(0)
    await expect(tab.get(".message")).to_have_count(1)


async def test_what_the_bot_says_by_itself_arrives_and_marks_other_channels(studio: Studio) -> None:
    tab = await studio.tab()
    releases = studio.channel("releases")
    await releases.send("A release goes out on Friday.")
    row = tab.get(".channel", has_text="releases")
    await expect(row).to_contain_text("unread")
    ada = await studio.bot.fetch_user(studio.server.person("Ada").id)
    await ada.send("Your reminder: bounce it.")
    await expect(tab.get(".channel .pings")).to_have_text("1")
    await row.click()
    await tab.text("A release goes out on Friday.")
    await expect(row).not_to_contain_text("unread")
    async with releases.typing():
        await expect(tab.get("#typing")).to_contain_text("Studiohand is typing…")
    await tab.get(".channel", has_text="Studiohand").click()
    await tab.text("Your reminder: bounce it.")
    await expect(tab.get(".channel .pings")).to_have_count(0)
    await tab.composer.fill("Thank you **very** much")
    await tab.keys.press("Enter")
    await expect(tab.last.locator("strong")).to_have_text("very")


async def test_reload_keeps_person_and_channel(studio: Studio) -> None:
    tab = await studio.tab("Ada")
    await tab.get(".be-one", has_text="Ben").click()
    await expect(tab.get(".whoami-name")).to_have_text("Ben")
    await tab.get(".channel", has_text="bounces").click()
    await tab.composer.fill("From Ben")
    await tab.keys.press("Enter")
    await tab.text("From Ben")
    await tab.page.reload()
    await tab.text("From Ben")
    await expect(tab.get(".topbar-name")).to_have_text("bounces")
    await expect(tab.get(".whoami-name")).to_have_text("Ben")
    assert "key" not in tab.page.url


async def test_a_lost_connection_is_said_and_mended(studio: Studio) -> None:
    studio.expected_errors.append("WebSocket")
    tab = await studio.tab()
    # The page's own timer stands still, or it might be there before the hand that presses.
    await tab.page.clock.install(time=studio.clock.now())
    await tab.page.clock.pause_at(studio.clock.now() + timedelta(seconds=1))
    await studio.page.drop_sockets(hold=True)
    await expect(tab.get("#link-state")).to_contain_text("Reconnecting")
    studio.server.person("Ben").say("Said meanwhile")
    studio.page.hold = False
    await tab.get("#link-state").get_by_role("button", name="Try now").click()
    await tab.text("Said meanwhile")
    await expect(tab.get("#link-state")).to_be_hidden()


async def test_a_card_shows_its_pictures_with_their_words(studio: Studio) -> None:
    tab = await studio.tab()
    await tab.run("card")
    picture = tab.get("figure.picture").last
    await expect(picture.locator("img")).to_have_attribute("alt", "Timeline of Night Drive, 8 clips on 5 lanes.")
    await expect(tab.get(".container.accented .section .thumbnail img")).to_be_visible()
    await picture.locator("button").click()
    await expect(tab.get(".lightbox-caption")).to_have_text("Timeline of Night Drive, 8 clips on 5 lanes.")
    await tab.keys.press("Escape")
    await expect(tab.get(".lightbox")).to_have_count(0)
    await tab.get(".mention.command", has_text="/song show").click()
    await expect(tab.get(".command-name")).to_have_text("/song show")
    await tab.keys.press("Escape")
    await tab.keys.press("Escape")
    await tab.get("[data-custom-id='card:done']").click()
    await tab.text("All done.")


async def test_galleries_spoilers_files_and_sound(studio: Studio) -> None:
    tab = await studio.tab()
    await tab.run("gallery")
    await tab.get("audio").wait_for()
    await tab.get(".veil").click()
    await expect(tab.get(".veil")).to_have_count(0)
    await expect(tab.get(".file-name")).to_have_text(["facts.json", "night-drive.wav"])
    played = await tab.get("audio").evaluate(
        """async (audio) => {
            audio.muted = true;
            await audio.play();
            audio.currentTime = 2.5;
            await new Promise((done) => audio.addEventListener('seeked', done, { once: true }));
            return [Math.round(audio.duration), audio.currentTime >= 2.5, audio.error];
        }"""
    )
    assert played == [4, True, None]


async def test_menus_of_a_message_and_of_a_person(studio: Studio) -> None:
    studio.server.person("Ben").say("A rough mix")
    tab = await studio.tab()
    await tab.get(".message", has_text="A rough mix").click(button="right", position={"x": 200, "y": 10})
    menu = tab.page.get_by_role("menu")
    await menu.get_by_role("menuitem", name="Log as bounce").click()
    await tab.text("Logged: A rough mix")
    await tab.get(".person", has_text="Ben").click()
    await menu.get_by_role("menuitem", name="Show shared card").click()
    await tab.text("Ben shared nothing here.")
    first = tab.get(".message").first
    await first.hover()
    await first.get_by_role("button", name="Add a reaction").click()
    sign = menu.get_by_role("menuitem").first
    name = await sign.inner_text()
    await sign.click()
    await expect(first.locator(".reaction.mine")).to_have_text(f"{name}1")
    await first.locator(".reaction").click()
    await expect(first.locator(".reaction")).to_have_count(0)


async def test_files_are_picked_pasted_and_refused_when_too_large(studio: Studio) -> None:
    guild = next(iter(studio.server.world.guilds.values()))
    guild.upload_limit = 200_000
    tab = await studio.tab()
    chooser = tab.get(".composer input[type=file]")
    await chooser.first.set_input_files([{"name": "big.wav", "mimeType": "audio/wav", "buffer": b"0" * 200_001}])
    await expect(tab.get(".toast")).to_contain_text("Your files are too powerful!")
    await expect(tab.get(".upload-item")).to_have_count(0)
    await tab.page.evaluate(
        """() => {
            const files = new DataTransfer();
            files.items.add(new File(['hello'], 'note.txt', { type: 'text/plain' }));
            document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: files, bubbles: true }));
        }"""
    )
    await expect(tab.get(".upload-item .upload-name")).to_have_text("note.txt")
    await tab.composer.press("Enter")
    await expect(tab.last.locator(".file-name")).to_have_text("note.txt")
    await tab.slash("file")
    await tab.page.evaluate(
        """() => {
            const files = new DataTransfer();
            files.items.add(new File(['x'], 'dropped mix.mp3', { type: 'audio/mpeg' }));
            document.dispatchEvent(new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true }));
        }"""
    )
    await expect(tab.get(".option-file")).to_contain_text("dropped mix.mp3")
    await tab.get(".send").click()
    await tab.text("Got dropped_mix.mp3")


async def test_markup_in_names_and_messages_stays_text(studio: Studio) -> None:
    studio.server.world.users[studio.server.person("Ben").id].display_name = "<img src=x onerror=window.broken=1>"
    tab = await studio.tab()
    studio.server.person(studio.server.people[1].id).say("<b>x</b> [go](javascript:window.broken=1)")
    await tab.text("[go](javascript:window.broken=1)")
    await expect(tab.last.locator(".author")).to_have_text("<img src=x onerror=window.broken=1>")
    await tab.run("xss")
    await tab.text("<script>window.broken=1</script>")
    assert await tab.page.evaluate("window.broken") is None
    assert await tab.get("#log a").evaluate_all("(all) => all.map((a) => [a.protocol, a.rel])") == [
        ["https:", "noopener noreferrer"]
    ]


async def test_a_hundred_pictures_scroll_without_jumps(studio: Studio) -> None:
    ben = studio.server.person("Ben")
    picture = png(320, 180)
    for number in range(110):
        ben.say(f"Picture {number}", Upload(f"p{number}.png", picture, "image/png"))
    tab = await studio.tab()
    await tab.text("Picture 109")
    await expect(tab.get(".message")).to_have_count(40)
    loaded = await tab.get("#log img").evaluate_all("(all) => all.filter((i) => i.complete && i.naturalWidth).length")
    assert loaded < 40, "pictures far above are not fetched yet"
    # Measured at the lower edge: the message at the seam loses its name line when the one before it comes. And as
    # far as the list could move: near its upper end that is less than was asked for.
    moved = await tab.page.evaluate(
        """async () => {
            const log = document.getElementById('log');
            const frame = () => new Promise((done) => requestAnimationFrame(done));
            let worst = 0;
            while (!document.querySelector('.intro')) {
                const seen = [...log.querySelectorAll('.message')].find((m) => m.getBoundingClientRect().bottom > 200);
                const before = seen.getBoundingClientRect().bottom;
                const from = log.scrollTop;
                log.scrollTop -= 150;
                const by = from - log.scrollTop;
                await frame(); await frame();
                const now = document.getElementById(seen.id).getBoundingClientRect().bottom;
                worst = Math.max(worst, Math.abs(now - before - by));
            }
            return [worst, log.querySelectorAll('.message').length];
        }"""
    )
    assert moved[1] == 110
    assert moved[0] <= 2, "what one looks at stays where it was while older messages load"
    await expect(tab.get("#to-bottom")).to_be_visible()
    await tab.get("#to-bottom").click()
    await expect(tab.get(".message", has_text="Picture 109")).to_be_in_viewport()


async def test_older_messages_that_come_late_leave_what_one_reads_where_it_is(studio: Studio) -> None:
    ben = studio.server.person("Ben")
    picture = png(320, 180)
    for number in range(60):
        ben.say(f"Line {number}", Upload(f"p{number}.png", picture, "image/png"))
    tab = await studio.tab()
    asked: asyncio.Queue[Route] = asyncio.Queue()
    await tab.page.route("**/page/messages?*before=*", asked.put)
    await tab.get("#log").evaluate("(log) => { log.scrollTop = 0; }")
    async with asyncio.timeout(PATIENCE_S):
        held = await asked.get()
    seam = tab.get(".message", has_text="Line 20")
    await expect(tab.get(".message").first).to_contain_text("Line 20")
    bottom = "(message) => message.getBoundingClientRect().bottom"
    before = await seam.evaluate(bottom)
    await expect(seam.locator(".author")).to_have_count(1)
    await held.continue_()
    await expect(tab.get(".message")).to_have_count(60)
    await expect(seam.locator(".author")).to_have_count(0)
    assert await seam.evaluate(bottom) == pytest.approx(before, abs=2)


async def test_an_unknown_component_is_shown_as_such(studio: Studio) -> None:
    message = studio.server.person("Ben").say("Look")
    message.components = [{"type": 99, "id": 1}]
    message.flags |= 1 << 15
    tab = await studio.tab()
    await expect(tab.get(".unknown-part")).to_have_text("This page cannot show component type 99 yet.")


async def test_threads_are_listed_under_their_channel_and_can_be_written_in(studio: Studio) -> None:
    tab = await studio.tab()
    first = await studio.channel("general").send("The mix")
    thread = await first.create_thread(name="Mix notes")
    await thread.send("Notes go here.")
    await expect(tab.get(".threads .channel")).to_contain_text("Mix notes")
    await tab.get(".thread-chip").click()
    await tab.text("Notes go here.")
    await expect(tab.get(".topbar-parent")).to_have_text("general")
    await tab.composer.fill("Louder")
    await tab.keys.press("Enter")
    await tab.text("Louder")


async def test_names_are_offered_while_one_writes_and_sent_as_mentions(studio: Studio) -> None:
    ada, ben = await studio.tab("Ada"), await studio.tab("Ben")
    await ben.get(".channel", has_text="releases").click()
    await ada.composer.press_sequentially("Listen @be")
    await expect(ada.get(".picker .row")).to_have_count(1)
    await ada.keys.press("Tab")
    await ada.keys.type("to #bou")
    await ada.keys.press("Enter")
    await expect(ada.composer).to_have_value("Listen @Ben to #bounces ")
    await ada.keys.press("Enter")
    await expect(ada.last.locator(".mention")).to_have_text(["@Ben", "bounces"])
    await expect(ben.get(".channel .pings")).to_have_text("1")
    await expect(ben.page).to_have_title("(1) #releases · Studio")
    await ben.get(".channel", has_text="general").click()
    await expect(ben.last).to_have_class("message pinged")
    await expect(ben.page).to_have_title("#general · Studio")


async def test_an_edit_stops_no_player_and_reloads_no_picture(studio: Studio) -> None:
    ben = studio.server.person("Ben")
    files = (Upload("a.png", png(64, 64), "image/png"), Upload("a.wav", wav(30), "audio/wav"))
    message = ben.say("Version one ||hidden||", *files)
    tab = await studio.tab()
    await tab.get(".spoiler").click()
    await tab.get("audio").evaluate(
        "async (audio) => { audio.muted = true; await audio.play(); window.player = audio; }"
    )
    await tab.get(".picture img").evaluate("async (image) => { await image.decode(); window.image = image; }")
    ben.edit(message, "Version two ||hidden||")
    await tab.text("Version two")
    kept = await tab.page.evaluate(
        """() => [window.player.isConnected, window.player.paused, window.image.isConnected,
            document.querySelector('.spoiler').classList.contains('open')]"""
    )
    assert kept == [True, False, True, True]
