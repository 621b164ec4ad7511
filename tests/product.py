"""The whole product on the local Discord: what journeys run against.

    async def test_a_journey(product: Product) -> None:
        ada = product.person("Ada")
        await ada.slash("/studio about")
        assert "Studiohand" in ada.sees()

`product.person`, `.channel` and `.newcomer` are the people and places of `tests/wire/kit.py`. At the end every request
and answer has been held against Discord's API description, and nothing was left unanswered.

Time stands still unless `await product.live(hours=2)` moves it; due work then happens as it would.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import func, select

from bot.app.app import App
from bot.cli.local import first_settings
from bot.clock import FixedClock
from bot.local.redirect import redirected
from bot.local.server import LocalDiscord
from bot.settings import Settings
from storage.tables.engine import SlotRow
from tests.databases import empty_sqlite, quick_sqlite
from tests.rig import Rig
from tests.wire.kit import assert_clean
from tests.wire.openapi import SHARED


class Product(Rig):
    """A running Studiohand and its Discord."""

    def __init__(self, server: LocalDiscord, app: App, clock: FixedClock) -> None:
        super().__init__(server, app.bot)
        self.app = app
        self.clock = clock
        self.person = self.stage.person
        self.channel = self.stage.channel
        self.newcomer = self.stage.newcomer

    @property
    def services(self) -> Any:
        return self.app.services

    async def live(self, *, step_s: float = 60, **delta: float) -> None:
        """Let time pass in steps; whatever falls due is done, as a running bot would."""
        until = self.clock.now() + _span(delta)
        while self.clock.now() < until:
            left = (until - self.clock.now()).total_seconds()
            self.clock.advance(seconds=min(step_s, left))
            await self.work()

    async def work(self) -> None:
        """Do everything that is due now."""
        engine = self.app.services.engine
        await engine.tick()
        # The running ticker may have been at it with an older present: then this one has to look again.
        while engine.last_tick_at < self.clock.now():
            await engine.tick()
            await asyncio.sleep(0.002)
        # The engine's own loops take slots too: what they hold has to end before time may move on, and what they
        # ended while we looked may have made new work.
        async with asyncio.timeout(60):
            while True:
                busy = bool(engine._in_flight) or bool(await self._held())
                finished = engine.finished
                ran = await engine.drain()
                busy = busy or bool(engine._in_flight) or bool(await self._held())
                if not ran and not busy and engine.finished == finished:
                    return
                await asyncio.sleep(0.002)

    async def _held(self) -> int:
        """Return how many slots somebody is working on."""
        async with self.app.services.database.system_read() as unit:
            held = select(func.count()).where(SlotRow.state == "leased")
            return (await unit.session.execute(held)).scalar_one()

    async def wait_for(self, condition: Any, seconds: float = 60) -> Any:
        """Wait in real time until `condition()` (plain or async) gives something true."""
        async with asyncio.timeout(seconds):
            while True:
                found = condition()
                if asyncio.iscoroutine(found):
                    found = await found
                if found:
                    return found
                await asyncio.sleep(0.02)


def _span(delta: dict[str, float]) -> Any:
    from datetime import timedelta

    return timedelta(**delta)


def plain_settings(folder: Path, database_url: str | None = None, **values: Any) -> Settings:
    """Return settings that read nothing from this machine's environment."""
    given: dict[str, Any] = {"data_dir": folder, "http_port": 0, "discord_token": None} | values
    if database_url is not None:
        given["database_url"] = SecretStr(database_url)
    return Settings(_env_file=None, **given)  # pyright: ignore[reportCallIssue] - pydantic-settings' types lack it


@asynccontextmanager
async def running(
    folder: Path,
    clock: FixedClock,
    *,
    server: LocalDiscord | None = None,
    database_url: str | None = None,
    **values: Any,
) -> AsyncIterator[Product]:
    """Run the product. Give `server` to let a Discord outlive the bot (restarts).

    Without `database_url` its database lies in `folder`, and a second one there goes on with what the first left.
    """
    if database_url is None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "studiohand.db"
        database_url = quick_sqlite(file) if file.exists() else empty_sqlite(file)
    own = server is None
    server = server or LocalDiscord(clock, validator=SHARED.openapi)
    if own:
        await server.__aenter__()
    try:
        ada = server.person("Ada")
        values.setdefault("operators", [ada.id])
        values.setdefault("folder_owner", ada.id)
        settings = plain_settings(folder, database_url, **values)
        with redirected(server.addresses):
            app = App(settings, clock, token=server.token, client_options={"guild_ready_timeout": 0.0})
            app.on_start.insert(0, lambda: first_settings(app, server, ada.id))
            async with app:
                await app.wait_ready()
                yield Product(server, app, clock)
        assert_clean(server)
    finally:
        if own:
            await server.__aexit__(None, None, None)
