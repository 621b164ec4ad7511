"""The only place that wires: settings → storage → services → engine → client; ordered start and stop.

To add an area: make its service in `_make_services`, register its slots and deliveries in `wire_<area>`, name its
cog in `EXTENSIONS`.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp
import discord
import structlog

from bot.ai.assistant import ClaudeAssistant
from bot.client import StudioBot
from bot.clock import Clock
from bot.clockwork import Clockwork
from bot.coach.service import CoachService
from bot.digest.server import ServerDigests
from bot.digest.service import DigestService
from bot.engine import Engine, EngineRules
from bot.exits import ExitCode, Stop
from bot.health import HealthPages
from bot.lifecycle import Supervisor, ended
from bot.local.redirect import reached_by
from bot.loops.area import LoopArea
from bot.loops.dated import DatedLoops
from bot.metrics import Metrics, watch_loop
from bot.missions.area import MissionArea
from bot.opening import open_database, prepare_data_dir, single_instance
from bot.outbox import Outbox
from bot.phases.forms import FormMapService
from bot.phases.service import PhaseService
from bot.releases.service import ReleaseService
from bot.settings import Settings
from bot.studio.health import HealthService
from bot.studio.service import StudioService
from bot.studio.trouble import Troubles
from bot.ui.access import StudioAccess
from bot.ui.sender import DiscordSender
from bot.ui.strings import Catalogue, read_catalogue
from bot.undo import ChangeService
from bot.wiring.ai import make_assistant
from bot.wiring.archive import ArchiveService
from bot.wiring.bounces import WiredBounces, start_bounces, stop_bounces, wire_bounces
from bot.wiring.coach import wire_coach
from bot.wiring.digest import DigestMessages, wire_digest
from bot.wiring.loops import Stored, wire_loops
from bot.wiring.missions import Happenings, wire_missions
from bot.wiring.phases import HeardPhases, wire_phases
from bot.wiring.releases import wire_releases
from storage import backup
from storage.repositories.changes import ChangeRepository
from storage.repositories.deliveries import DeliveryRepository
from storage.repositories.slots import SlotRepository
from storage.unit import Database

log = structlog.stdlib.get_logger(__name__)

EXTENSIONS = (
    "cogs.bounces",
    "cogs.coach",
    "cogs.digest",
    "cogs.help",
    "cogs.loops",
    "cogs.missions",
    "cogs.phases",
    "cogs.releases",
    "cogs.studio",
)
CONNECT_WITHIN_S = 300.0


@dataclass
class Services:
    """What cogs reach by `self.services`: one attribute an area; an area adds `field(init=False)` and sets it."""

    settings: Settings
    database: Database
    clock: Clock
    engine: Engine
    outbox: Outbox
    studio: StudioService
    changes: ChangeService
    troubles: Troubles
    metrics: Metrics
    catalogue: Catalogue
    checks: HealthService
    back_up: Callable[[], Awaitable[backup.BackupFile | None]]
    health: HealthPages | None = None
    bounces: WiredBounces = field(init=False)
    assistant: ClaudeAssistant = field(init=False)
    loops: LoopArea = field(init=False)
    releases: ReleaseService = field(init=False)
    coach: CoachService = field(init=False)
    phases: PhaseService = field(init=False)
    forms: FormMapService = field(init=False)
    digests: DigestService = field(init=False)
    missions: MissionArea = field(init=False)
    archive: ArchiveService = field(init=False)
    server_digests: ServerDigests = field(init=False)
    digest_messages: DigestMessages = field(init=False)


class App:
    """One running Studiohand. `async with App(settings, clock) as app: await app.wait()`."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        token: str | None = None,
        client_options: dict[str, Any] | None = None,
        engine_rules: EngineRules | None = None,
        works_only: bool = False,
    ) -> None:
        """Prepare; nothing is opened yet. `engine_rules` overrides the shipped numbers (shorter leases in tests).

        `works_only`: a further process on PostgreSQL that plans and sends, but joins no gateway and watches nothing.
        """
        self._works_only = works_only
        self._engine_rules = engine_rules
        self.settings = settings
        self.clock = clock
        self._token = token or (settings.discord_token.get_secret_value() if settings.discord_token else "")
        self._token_is_set = token is None
        self._client_options = client_options or {}
        self._stack = AsyncExitStack()
        self._stopped = asyncio.Event()
        self._failure: Stop | None = None
        self.supervisor = Supervisor()
        self.clockwork = Clockwork()
        self.metrics = Metrics()
        self.on_start: list[Callable[[], Awaitable[None]]] = []
        """Area work that starts once the client is ready to send (watchers)."""
        self.on_stop: list[Callable[[], Awaitable[None]]] = []
        """Area work that stops first: folder watch, uploads."""
        self.services: Services
        self.bot: StudioBot

    # ------------------------------------------------------------------ start

    async def __aenter__(self) -> "App":
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _start(self) -> None:
        settings = self.settings
        prepare_data_dir(settings.data_dir)
        if not self._works_only:
            self._stack.enter_context(single_instance(settings.data_dir, self.clock))
        if self._token_is_set and settings.discord_api_base is not None:
            self._stack.enter_context(reached_by(settings.discord_api_base))
        database = await open_database(settings, self.clock)
        self._stack.push_async_callback(database.close)
        self.services = self._make_services(database)
        await self._carry_by_jobs(database)
        self.bot = self._make_client()
        self.bot.keeps_commands = not self._works_only
        await self._log_in()
        self.services.outbox.sender = DiscordSender(self.bot, self.services.catalogue, self.bot.must_stop)
        if not self._works_only:
            await self.services.studio.put_fact("started_at", int(self.clock.now().timestamp()))
        await self.services.engine.recover()
        self.services.engine.start()
        self._start_ticking()
        await self._start_health()
        self.supervisor.keep("loop-delay", lambda: watch_loop(self.metrics))
        if self._works_only:
            log.info("working", database=database.dialect)
            return
        for begin in self.on_start:
            await begin()
        self.supervisor.spawn("gateway", self._connect())
        log.info("started", database=database.dialect)

    async def _carry_by_jobs(self, database: Database) -> None:
        """With PostgreSQL due work travels as jobs, so that any number of processes may work on it."""
        if database.dialect != "postgresql":
            return
        from storage.jobs import JobQueue

        jobs = JobQueue(self.settings.database)
        await jobs.open(database)
        self._stack.push_async_callback(jobs.close)
        if not self._works_only and not await self._stack.enter_async_context(jobs.only_gateway()):
            raise Stop(
                ExitCode.ALREADY_RUNNING,
                "Another Studiohand answers people on this database already. For more hands, start `studiohand work`.",
            )
        self.services.engine.carry_by(jobs)

    def _make_services(self, database: Database) -> Services:
        settings, clock = self.settings, self.clock
        catalogue = read_catalogue()
        engine = Engine(database, clock, self.supervisor, self._engine_rules)
        studio = StudioService(database, clock, settings.operators)
        troubles = Troubles(database, clock, self._token_refused)
        outbox = Outbox(database, clock, trouble=troubles, rules=self._engine_rules)
        engine.register(outbox)
        services = Services(
            settings=settings,
            database=database,
            clock=clock,
            engine=engine,
            outbox=outbox,
            studio=studio,
            changes=ChangeService(database),
            troubles=troubles,
            metrics=self.metrics,
            catalogue=catalogue,
            checks=HealthService(database, clock, engine, studio, troubles, settings),
            back_up=self.back_up,
        )
        self._wire_areas(services)
        return services

    def _wire_areas(self, services: Services) -> None:
        """Make each area known: its service on `services`, its slots to the engine, its deliveries to the outbox."""
        services.assistant = make_assistant(services)
        self.on_stop.append(services.assistant.aclose)
        services.loops = wire_loops(services, services.assistant)
        services.releases = wire_releases(services, DatedLoops(services.loops.changed), Stored(services.database))
        services.phases, services.forms = wire_phases(services, services.releases)
        hears = HeardPhases(services.phases)
        services.bounces = wire_bounces(services, self.supervisor, services.loops, lambda: self.bot, hears)
        self.on_start.append(lambda: start_bounces(services, services.bounces))
        self.on_stop.append(lambda: stop_bounces(services.bounces))
        self.on_start.append(self._keep_loops)
        self.on_stop.append(services.loops.stop)
        services.coach = wire_coach(services, services.phases, services.assistant)
        services.digests, services.server_digests, services.digest_messages = wire_digest(services)
        services.missions = wire_missions(services, services.assistant)
        happenings = Happenings(services.missions.service, self.supervisor, self.clock)
        hears.listeners.append(happenings.bounced)
        services.phases.subscribe(happenings.phase_changed)
        services.archive = ArchiveService(services)
        services.studio.listen(services.digests.person_changed)
        services.studio.listen(services.coach.profiles.sync)

    async def _keep_loops(self) -> None:
        self.supervisor.keep("unsaved-loop-edits", self.services.loops.saving.keep_trying)

    def _make_client(self) -> StudioBot:
        return StudioBot(
            services=self.services,
            clock=self.clock,
            catalogue=self.services.catalogue,
            supervisor=self.supervisor,
            metrics=self.metrics,
            store=FactStore(self.services.studio),
            extensions=EXTENSIONS,
            access=StudioAccess(self.services.studio),
            operators=frozenset(self.settings.operators),
            **self._client_options,
        )

    async def _log_in(self) -> None:
        """Log in over REST; the gateway follows in the background. Waits up to five minutes for Discord."""
        deadline = asyncio.get_running_loop().time() + CONNECT_WITHIN_S
        pause = 1.0
        while True:
            try:
                await self.bot.login(self._token)
                return
            except discord.LoginFailure as error:
                raise Stop(
                    ExitCode.TOKEN_REFUSED,
                    "Discord refused the token. Copy it again from the developer portal (Bot → Reset Token).",
                ) from error
            except (discord.DiscordServerError, aiohttp.ClientError, OSError) as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise Stop(
                        ExitCode.DISCORD_UNREACHABLE,
                        "Discord could not be reached for five minutes. Check the network.",
                    ) from error
                log.warning("Discord is not reachable yet", again_in_s=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 30.0)

    async def _connect(self) -> None:
        try:
            await self.bot.connect(reconnect=True)
        except discord.LoginFailure:
            await self._token_refused()
        except discord.PrivilegedIntentsRequired:
            self._failure = Stop(ExitCode.SETTINGS, "Discord asks for intents that Studiohand does not use.")
        finally:
            if self.bot.token_was_refused:
                await self._token_refused()
            self._stopped.set()

    async def _token_refused(self) -> None:
        self._failure = Stop(
            ExitCode.TOKEN_REFUSED, "Discord revoked the token. Make a new one in the developer portal and set it."
        )
        self._stopped.set()

    def _start_ticking(self) -> None:
        engine = self.services.engine
        self.clockwork.every("tick", engine.rules.tick_s, engine.tick)
        if self.services.database.dialect == "postgresql":
            self.clockwork.every("share-of-the-rate", 10, self._share_the_rate)
        if not self._works_only:
            self._start_care()
        self.clockwork.start()

    async def _share_the_rate(self) -> None:
        """Discord's limit holds for all processes together."""
        self.services.outbox.share_of(await self.services.engine.processes() or 1)

    def _start_care(self) -> None:
        """What one process does for all: the one with the gateway and with the media."""
        self.clockwork.every("server-digests", 900, self.services.server_digests.sync, first_s=30)
        self.clockwork.every("housekeeping", 3600, self._housekeeping, first_s=60)

    async def _start_health(self) -> None:
        pages = HealthPages(
            database=self.services.database,
            engine=self.services.engine,
            metrics=self.metrics,
            clock=self.clock,
            gateway_ready=self._is_reachable,
            latency_s=lambda: self.bot.latency if math.isfinite(self.bot.latency) else 0.0,
        )
        try:
            await pages.start(self.settings.http_host, self.settings.http_port)
        except OSError as error:
            log.warning("health pages are off: the port is taken", port=self.settings.http_port, detail=error.strerror)
            return
        self.services.health = pages
        self._stack.push_async_callback(pages.stop)

    def _is_reachable(self) -> bool:
        """Tell whether people can reach this process; one that only works has no gateway to be ready."""
        return not self.bot.is_closed() and (self._works_only or self.bot.is_ready())

    async def wait_ready(self, seconds: float = 30.0) -> None:
        """Wait until the gateway is ready. Raises Stop where the start ended otherwise."""
        ready = asyncio.ensure_future(self.bot.wait_until_ready())
        stopped = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({ready, stopped}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await ended(ready, stopped)
        if self._failure is not None:
            raise self._failure

    async def wait(self) -> None:
        """Wait until something ends the process. Raises Stop where that was not asked for."""
        await self._stopped.wait()
        if self._failure is not None:
            raise self._failure

    @asynccontextmanager
    async def at_hand(self) -> AsyncIterator[Services]:
        """Open the services alone, for work at the command line: nothing is joined, planned or sent."""
        prepare_data_dir(self.settings.data_dir)
        database = await open_database(self.settings, self.clock)
        self._stack.push_async_callback(database.close)
        try:
            self.services = self._make_services(database)
            self._stack.push_async_callback(self.services.assistant.aclose)
            self._stack.push_async_callback(self.services.bounces.pool.stop)
            await self.services.bounces.pool.start()
            yield self.services
        finally:
            await self._stack.aclose()

    async def sync_commands(self, *, dry_run: bool) -> list[str]:
        """Put the commands in step without running; return the differences, one line each."""
        prepare_data_dir(self.settings.data_dir)
        database = await open_database(self.settings, self.clock)
        self._stack.push_async_callback(database.close)
        self.services = self._make_services(database)
        self.bot = self._make_client()
        try:
            await self.bot.load_all()
            await self.bot.http.static_login(self._token)
            # discord.py learns its own id at login, which would sync at once.
            self.bot._connection.application_id = (await self.bot.application_info()).id  # noqa: SLF001
            lines = await self.bot.sync_difference()
            if lines and not dry_run:
                await self.bot.sync_commands()
        except discord.LoginFailure as error:
            raise Stop(ExitCode.TOKEN_REFUSED, "Discord refused the token.") from error
        finally:
            await self.bot.http.close()
            await self._stack.aclose()
        return lines or ["Commands are in step."]

    # ------------------------------------------------------------------ housekeeping

    async def _housekeeping(self) -> None:
        """Hourly: daily backup when its hour has come, retention, and a look at the journal."""
        services, now = self.services, self.clock.now()
        local = now.astimezone()
        last = await services.studio.fact("backup.day")
        if local.hour >= self.settings.backup_hour and last != local.date().isoformat():
            await self.back_up()
            await services.studio.put_fact("backup.day", local.date().isoformat())
            await services.studio.tidy()
            await services.bounces.retention.purge(now)
            await services.bounces.retention.sweep()
            await services.loops.loops.empty_bin()
            await services.archive.sweep()
            async with services.database.system_write("retention") as unit:
                keep = timedelta(days=services.engine.rules.keep_finished_days)
                await unit.repo(SlotRepository).forget_finished(now - keep)
                await unit.repo(DeliveryRepository).forget_sent(now - timedelta(days=90))
                await unit.repo(ChangeRepository).forget(now - timedelta(days=30))

    async def back_up(self) -> backup.BackupFile | None:
        """Back up an SQLite database now; None on PostgreSQL, which has its own tools."""
        engines = self.services.database.engines
        if engines.file is None:
            return None
        try:
            made = await backup.back_up(engines, self.settings.backup_dir, self.clock.now())
        except backup.NoSpace as space:
            log.error("no room for a backup", needed_bytes=space.needed, free_bytes=space.free)
            return None
        await asyncio.to_thread(backup.prune, self.settings.backup_dir)
        return made

    # ------------------------------------------------------------------ stop

    async def stop(self) -> None:
        """Stop in order; every step is bounded."""
        self._stopped.set()
        if not hasattr(self, "services"):
            await self._stack.aclose()
            return
        if hasattr(self, "bot"):
            self.bot.stop_answering()
        await self.clockwork.stop()
        for end in reversed(self.on_stop):
            try:
                async with asyncio.timeout(5):
                    await end()
            except Exception:
                log.exception("an area would not stop")
        await self.services.engine.stop(5)
        if hasattr(self, "bot") and not self.bot.is_closed():
            try:
                async with asyncio.timeout(5):
                    await self.bot.close()
            except TimeoutError:
                log.warning("the client would not close in time")
        await self.supervisor.stop(finish_s=1, cancel_s=2)
        await self._stack.aclose()
        log.info("stopped")


class FactStore:
    """Keeps what is known of the command sync in the database."""

    def __init__(self, studio: StudioService) -> None:
        self._studio = studio

    async def get(self, key: str) -> str | None:
        value = await self._studio.fact(key)
        return value if isinstance(value, str) else None

    async def set(self, key: str, value: str) -> None:
        await self._studio.put_fact(key, value)
