"""The local Discord as one server: start it, point a bot at it, act as people, look at the result.

    async with LocalDiscord(clock) as server:
        with redirected(server.addresses):
            await bot.start(server.token)
        ada = server.person("Ada")
        interaction = ada.slash("bounce show", bounce="Night Drive")
        await server.until(lambda: interaction.state is not InteractionState.WAITING)
        ada.sees()

**For the page.** Everything a page needs is here and in `people.Person`:

* `server.subscribe(callback) -> unsubscribe`: `callback(change)` for each record of `changes` (messages
  created, edited, deleted; typing; interactions and their states; commands; channels; reactions; bot online).
  A message with `viewer_id` belongs to that person's screen only; `people.Person.can_see(message)` decides.
* `server.app`: the aiohttp application; add routes to it with `LocalDiscord(..., mount=(install_page,))`,
  each called as `install_page(app, server)` before the server starts.
* `server.person(name_or_id)`, `server.people`: whom one can be. `Person` has the actions and what is seen.
* `server.core.payloads`: wire objects of messages, channels, users, commands; links work for 24 hours.
* `server.core.store`: bytes of uploaded files; `rest.cdn.serve_bytes` answers with ranges.
"""

import asyncio
import secrets
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from bot.local.changes import Change
from bot.local.core import Core, Validator
from bot.local.doors import guard, own_hosts
from bot.local.faults import Faults
from bot.local.files import FileStore
from bot.local.gateway import Gateway
from bot.local.ids import Clock
from bot.local.payloads import Addresses
from bot.local.people import Person
from bot.local.rest import cdn, channels, commands, guilds, interactions, login, messages, router
from bot.local.saving import Saver
from bot.local.world import World, seeded

T = TypeVar("T")
Mount = Callable[[web.Application, "LocalDiscord"], None]
TICK_S = 0.05


class LocalDiscord:
    """One Discord on loopback. Use as an async context manager."""

    def __init__(
        self,
        clock: Clock,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        world: World | None = None,
        data_dir: Path | None = None,
        addresses: Addresses | None = None,
        tls: ssl.SSLContext | None = None,
        validator: Validator | None = None,
        mount: Sequence[Mount] = (),
    ) -> None:
        """Prepare a server; nothing listens yet.

        With `data_dir` the world is read from and saved to that folder. `addresses` overrides what the server
        says about itself (behind TLS with Discord's own names). `port=0` takes a free one.
        """
        self._clock = clock
        self._host = host
        self.port = port
        self._tls = tls
        self._fixed_addresses = addresses
        self._mount = mount
        self._saver = Saver(data_dir) if data_dir else None
        loaded = self._saver.load(clock) if self._saver else None
        self.world = (
            world or loaded or seeded(clock, token=f"local.{secrets.token_urlsafe(24)}", secret=secrets.token_hex(32))
        )
        store = FileStore(self._saver.attachments if self._saver else None)
        self.core = Core(self.world, store, addresses or Addresses("", "", ""), validator)
        self._runner: web.AppRunner | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self.app = web.Application(client_max_size=64 * 1024 * 1024, middlewares=[guard(self)])

    # What others use

    @property
    def token(self) -> str:
        """The bot token that logs in here."""
        return self.world.application.token

    @property
    def addresses(self) -> Addresses:
        return self.core.payloads.addresses

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"

    @property
    def hosts(self) -> frozenset[str]:
        """The names under which it may be asked."""
        said = self.addresses
        return own_hosts(self._host, self.port, (said.api, said.gateway, said.cdn))

    @property
    def gateway(self) -> Gateway:
        return self.core.gateway

    @property
    def faults(self) -> Faults:
        return self.core.faults

    @property
    def people(self) -> list[Person]:
        return [Person(self.core, user) for user in self.world.users.values() if not user.is_bot]

    def person(self, who: str | int) -> Person:
        """Return somebody to act as, by name or id."""
        user = self.world.users[who] if isinstance(who, int) else self.world.person(who)
        return Person(self.core, user)

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call back after every change; return what ends the subscription."""
        return self.world.listen(callback)

    async def until(self, condition: Callable[[], T], timeout: float = 30.0) -> T:
        """Wait in real time until `condition()` is true, looking after each change; return its value."""
        async with asyncio.timeout(timeout):
            while not (value := condition()):
                self._changed.clear()
                await self._changed.wait()
            return value

    # Running

    async def start(self) -> None:
        """Listen; afterwards `port` and `addresses` are known."""
        families = [
            login.routes,
            commands.routes,
            interactions.routes,
            messages.routes,
            channels.routes,
            guilds.routes,
        ]
        router.install(self.app, self.core, families)
        cdn.install(self.app, self.core, "/cdn")
        for path in ("/gateway", "/gateway/"):
            self.app.router.add_get(path, self.core.gateway.serve)
        if self._tls is not None:
            # Under Discord's own host names each host is its own root.
            self.app.router.add_get("/", self.core.gateway.serve)
            cdn.install(self.app, self.core, "")
        for install in self._mount:
            install(self.app, self)
        runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=1.0)
        self._runner = runner
        await runner.setup()
        site = web.TCPSite(runner, self._host, self.port, ssl_context=self._tls, reuse_address=True)
        await site.start()
        self.port = runner.addresses[0][1]
        self.core.payloads.addresses = self._fixed_addresses or Addresses(
            f"{self.url}/api/v10", f"{self.url.replace('http', 'ws', 1)}/gateway", f"{self.url}/cdn"
        )
        self.world.listen(lambda _: self._changed.set())
        if self._saver is not None:
            self._saver.watch(self.world)
        self._ticker = asyncio.ensure_future(self._tick())

    async def stop(self) -> None:
        """Close sockets, stop listening, save."""
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)
        await self.core.gateway.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._saver is not None:
            self._saver.save(self.world)

    async def _tick(self) -> None:
        """Let interactions fail by the clock and save what changed."""
        while True:
            self.core.interactions.expire()
            self.core.gateway.drop_silent()
            if self._saver is not None:
                await self._saver.save_if_due(self.world)
            # Waiters look again too: the clock may have moved without a change.
            self._changed.set()
            await asyncio.sleep(TICK_S)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


class ThreadedLocalDiscord:
    """A local Discord on its own thread and loop, so that a bot that blocks cannot block it too."""

    def __init__(self, clock: Clock, **options: Any) -> None:
        self._make = lambda: LocalDiscord(clock, **options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="local-discord", daemon=True)
        self.server: LocalDiscord

    async def call(self, action: Callable[[LocalDiscord], Awaitable[T] | T]) -> T:
        """Run `action(server)` on the server's thread and return what it returns."""

        async def run() -> T:
            result: Any = action(self.server)
            return await result if asyncio.iscoroutine(result) else result

        return await self._run(run())

    async def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self._loop))

    async def __aenter__(self) -> Self:
        self._thread.start()

        async def start() -> LocalDiscord:
            server = self._make()
            await server.start()
            return server

        self.server = await self._run(start())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._run(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()
