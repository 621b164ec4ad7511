"""The process seen from outside: /healthz, /readyz and /metrics, on loopback unless set otherwise."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.clock import Clock
from bot.engine import Engine
from bot.metrics import Metrics
from storage.repositories.deliveries import DeliveryRepository
from storage.unit import Database

Ready = Callable[[], bool]
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer whoever names this computer, by a tunnel too, and no page that lets a name of its own point here."""
    try:
        host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
    except ValueError:
        host = None
    if host in _LOOPBACK and "Origin" not in request.headers:
        return await handler(request)
    return web.Response(status=403, text="These pages are for this computer only.\n")


class HealthPages:
    """A small web server beside the bot."""

    def __init__(
        self,
        *,
        database: Database,
        engine: Engine,
        metrics: Metrics,
        clock: Clock,
        gateway_ready: Ready,
        latency_s: Callable[[], float],
        measure: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._database = database
        self._engine = engine
        self._metrics = metrics
        self._clock = clock
        self._gateway_ready = gateway_ready
        self._latency_s = latency_s
        self._measure = measure
        self._runner: web.AppRunner | None = None
        self.port: int | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen; raises OSError where the port is taken."""
        app = web.Application(middlewares=[_guard] if host in _LOOPBACK else [])
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", self._numbers)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        addresses = self._runner.addresses
        self.port = addresses[0][1] if addresses else port

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def reasons(self) -> list[str]:
        """Return why the process is not ready; empty when it is."""
        found: list[str] = []
        if not self._gateway_ready():
            found.append("not connected to Discord")
        late = self._clock.now() - self._engine.last_tick_at
        if late > timedelta(seconds=2 * self._engine.rules.tick_s + 5):
            found.append(f"the tick is {late.total_seconds():.0f} s old")
        try:
            async with self._database.system_write("ready") as unit:
                await unit.session.connection()
        except Exception:  # noqa: BLE001 - whatever it is, the answer is 503 with a word
            found.append("the database can't be written")
        return found

    async def _alive(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _ready(self, _request: web.Request) -> web.Response:
        reasons = await self.reasons()
        return web.Response(status=503 if reasons else 200, text="\n".join(reasons or ["ready"]) + "\n")

    async def _numbers(self, _request: web.Request) -> web.Response:
        metrics = self._metrics
        async with self._database.system_read() as unit:
            deliveries = unit.repo(DeliveryRepository)
            for state, count in (await deliveries.counts()).items():
                metrics.deliveries.labels(state=state).set(count)
            oldest = await deliveries.oldest_open()
        age = (self._clock.now() - oldest).total_seconds() if oldest is not None else 0.0
        metrics.oldest_delivery_seconds.set(max(0.0, age))
        metrics.gateway_latency_seconds.set(self._latency_s())
        if self._measure is not None:
            await self._measure()
        return web.Response(body=metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4"})
