"""A local Discord with the page and a small bot, and one Chromium for all tests of the page."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.clock import FixedClock
from bot.local.page import MessagePage
from bot.local.redirect import redirected
from bot.local.server import LocalDiscord
from tests.moments import present
from tests.page.demo_bot import DemoBot
from tests.wire.openapi import SHARED

PATIENCE_MS = 60_000
"""How long a test waits for what must come; generous, since nothing that passes waits."""
NAMES = ("chromium", "chromium-browser", "google-chrome")


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

    async def tab(self, person: str = "Ada", **context: object) -> "Tab":
        """Open a tab of a browser of its own and be that person in it."""
        made = await self.browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **context})
        self._open.push_async_callback(made.close)
        page = await made.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda request: self._heard(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)
        who = self.server.person(person)
        await page.add_init_script(f"sessionStorage.getItem('person') ?? sessionStorage.setItem('person', '{who.id}')")
        await page.goto(self.address)
        tab = Tab(self, page)
        await page.locator(".topbar-name").wait_for()
        await page.locator(".intro, .message").first.wait_for()
        return tab

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

    def get(self, selector: str, **more: object):
        return self.page.locator(selector, **more)

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

    async def text(self, words: str, *, count: int = 1) -> None:
        """Wait until the newest messages show these words."""
        await self.get(".message", has_text=words).nth(count - 1).wait_for()

    @property
    def last(self):
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
                await server.until(lambda: len(server.world.commands) > 5 and server.gateway.online)
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
