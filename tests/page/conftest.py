"""A local Discord with the page and a small bot, the product as it is started by hand, and one Chromium for all."""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import discord
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, ViewportSize, async_playwright, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from bot.clock import FixedClock
from bot.local.page import MessagePage
from bot.local.redirect import redirected
from bot.local.server import LocalDiscord
from tests.moments import present
from tests.page.demo_bot import DemoBot
from tests.wire.kit import PATIENCE_S
from tests.wire.openapi import SHARED

PATIENCE_MS = PATIENCE_S * 1000
"""How long a test waits for what must come; generous, since nothing that passes waits."""
START_PATIENCE_S = 180
"""The same for the start of a whole process."""
TEST_PATIENCE_S = 300
"""The same for a whole test with what it starts: several waits may each be long on a busy machine."""
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The shell is the same browser without a window: a tab opens in a third of the time."""
ROOT = Path(__file__).parents[2]
DESKTOP: ViewportSize = {"width": 1280, "height": 800}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test of the page the same patience."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(TEST_PATIENCE_S))


async def eventually(condition: Callable[[], object]) -> None:
    """Wait in real time until `condition()` holds: for what no change of the local Discord and no element tells."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.02)


def chromium() -> str | None:
    """Return the installed browser: `STUDIOHAND_CHROMIUM`, else the first known name on PATH."""
    return os.environ.get("STUDIOHAND_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium: set STUDIOHAND_CHROMIUM, or install chromium")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        await launched.close()


async def is_there(page: Page) -> None:
    """Wait until the channel is open with what is in it: what is typed before that is lost when it opens."""
    await page.locator(".topbar-name").wait_for()
    await page.locator(".intro, .message").first.wait_for()


@dataclass(frozen=True)
class Started:
    """The product in a process of its own."""

    page: str
    """The address that it printed."""
    data: Path

    @property
    def watched(self) -> Path:
        """The folder whose new files become bounces."""
        return self.data / "bounces"


@asynccontextmanager
async def started_by_hand(data: Path) -> AsyncIterator[Started]:
    """Start the product as a person does, and end it as they do, with Ctrl+C."""
    command = [sys.executable, "-m", "bot", "local", "--json", "--port", "0", "--data", str(data)]
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
        async with asyncio.timeout(START_PATIENCE_S):
            async for line in process.stdout:
                if line.startswith(b'{"page"'):
                    break
            else:
                pytest.fail("the product ended before it printed the address of its page")
        # What it prints from here on is read, so that it never waits for a full pipe.
        rest = asyncio.ensure_future(process.stdout.read())
        yield Started(json.loads(line)["page"], data)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(START_PATIENCE_S):
            await process.wait()
        await rest
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def by_hand(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Started]:
    """One product for all tests that can live together: each uses titles of its own and finds what others left."""
    async with started_by_hand(tmp_path_factory.mktemp("by-hand") / "local") as started:
        yield started


@asynccontextmanager
async def opened(browser: Browser, address: str) -> AsyncIterator[Page]:
    """Open the page of a product on a tall screen; in the end nothing went wrong in it."""
    context = await browser.new_context(viewport={"width": 1280, "height": 1400})
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    await page.goto(address)
    await is_there(page)
    yield page
    assert errors == []
    await context.close()


async def send_command(page: Page, path: str, *picked: str) -> None:
    """Type a command, choose each of its options from what is offered, send it."""
    await page.locator("#composer-input").fill(f"/{path} ")
    await expect(page.locator(".command-name")).to_have_text(f"/{path}")
    for number, option in enumerate(picked):
        await page.locator(".option-input").nth(number).fill(option)
        await page.locator(".picker .row", has_text=option).first.click()
    await page.keyboard.press("Enter")
    form = page.locator(".command-form")
    try:
        await form.wait_for(state="hidden", timeout=10_000)
    except PlaywrightTimeout:
        # What is offered for a next option, and came late, takes the first Enter, as it does for people.
        await page.keyboard.press("Enter")
        await form.wait_for(state="hidden")


async def answer_to(press: Locator, words: str) -> Locator:
    """Press a button and return the message with these words that it brings, not one like it from before."""
    alike = press.page.locator(".message", has_text=words)
    known = await alike.evaluate_all("(all) => all.map((message) => message.id)")
    await press.click()
    fresh = ".message" + "".join(f":not(#{name})" for name in known)
    return press.page.locator(fresh, has_text=words).first


class Studio:
    """The running server with its bot, and the tabs people have open on it."""

    def __init__(self, server: LocalDiscord, page: MessagePage, bot: DemoBot, clock: FixedClock) -> None:
        self.server = server
        self.page = page
        self.bot = bot
        self.clock = clock
        self.browser: Browser
        self.foreign: list[str] = []
        self.errors: list[str] = []
        self.expected_errors: list[str] = []
        self._open = AsyncExitStack()

    @property
    def address(self) -> str:
        return self.page.address(self.server)

    async def tab(
        self,
        person: str = "Ada",
        *,
        viewport: ViewportSize = DESKTOP,
        color_scheme: Literal["dark", "light"] | None = None,
        has_touch: bool = False,
    ) -> "Tab":
        """Open a tab of a browser of its own and be that person in it."""
        made = await self.browser.new_context(viewport=viewport, color_scheme=color_scheme, has_touch=has_touch)
        self._open.push_async_callback(made.close)
        page = await made.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda request: self._heard(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)
        who = self.server.person(person)
        await page.add_init_script(f"sessionStorage.getItem('person') ?? sessionStorage.setItem('person', '{who.id}')")
        await page.goto(self.address)
        await is_there(page)
        return Tab(self, page)

    def channel(self, name: str) -> discord.TextChannel:
        """Return a channel as the bot knows it."""
        found = self.bot.get_channel(self.server.world.channel(name).id)
        assert isinstance(found, discord.TextChannel)
        return found

    def _heard(self, url: str) -> None:
        if not url.startswith((self.server.url, "data:", "blob:")):
            self.foreign.append(url)

    async def close(self) -> None:
        await self._open.aclose()


class Tab:
    """One open page, with the moves the journeys are told in."""

    def __init__(self, studio: Studio, page: Page) -> None:
        self.studio = studio
        self.page = page
        self.keys = page.keyboard
        self.composer = page.locator("#composer-input")

    def get(self, selector: str, *, has_text: str | None = None) -> Locator:
        return self.page.locator(selector, has_text=has_text)

    async def slash(self, path: str) -> None:
        """Pick a command by typing it; if it has no options, send it."""
        await self.composer.fill(f"/{path}")
        await self.get(".picker .row.active").filter(has_text=f"/{path}").wait_for()
        await self.keys.press("Enter")
        await self.get(".command-form").wait_for()

    async def run(self, path: str) -> None:
        await self.slash(path)
        await self.keys.press("Enter")
        await self.get(".command-form").wait_for(state="hidden")

    async def text(self, words: str) -> None:
        """Wait until a message shows these words."""
        await self.get(".message", has_text=words).first.wait_for()

    @property
    def last(self) -> Locator:
        return self.get(".message").last


@pytest_asyncio.fixture(loop_scope="session")
async def local() -> AsyncIterator[Studio]:
    """The server, the page and the bot; no browser."""
    clock = FixedClock(present())
    page = MessagePage()
    async with LocalDiscord(clock, mount=(page.install,), validator=SHARED.openapi) as server:
        with redirected(server.addresses):
            async with DemoBot() as bot:
                running = asyncio.ensure_future(bot.start(server.token))
                await server.until(lambda: len(server.world.commands) > 5 and server.gateway.online, PATIENCE_S)
                # It knows the channels only when it has heard of its server.
                async with asyncio.timeout(PATIENCE_S):
                    await bot.wait_until_ready()
                studio = Studio(server, page, bot, clock)
                yield studio
                await studio.close()
            await asyncio.gather(running, return_exceptions=True)
        assert server.core.violations == []
        assert server.core.unknown_routes == []


@pytest_asyncio.fixture(loop_scope="session")
async def studio(local: Studio, browser: Browser) -> AsyncIterator[Studio]:
    """The same with a browser; in the end no request to another host and no error in the console."""
    local.browser = browser
    yield local
    assert local.foreign == []
    assert [e for e in local.errors if not any(x in e for x in local.expected_errors)] == []
