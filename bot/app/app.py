"""The only place that wires: settings → storage → services → engine → client; ordered start and stop.

To add an area: wire it in `_wire_areas`, name its attribute in `bot/services.py` and its cog in `EXTENSIONS`.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import fields
from typing import Any

import aiohttp
import discord
import stamina
import structlog

from bot.app.exits import ExitCode, Stop
from bot.app.health import HealthPages
from bot.app.housekeeping import Housekeeping
from bot.app.opening import delete_again, open_database, prepare_data_dir, single_instance
from bot.app.wiring.ai import make_assistant
from bot.app.wiring.bounces import start_bounces, stop_bounces, wire_bounces
from bot.app.wiring.client_digests import wire_client_digests
from bot.app.wiring.clients import wire_clients
from bot.app.wiring.coach import wire_coach
from bot.app.wiring.digest import wire_digest
from bot.app.wiring.loops import wire_loops
from bot.app.wiring.missions import wire_happenings, wire_missions
from bot.app.wiring.phases import AskedPhases, wire_phases
from bot.app.wiring.releases import wire_releases
from bot.archive.service import ArchiveService
from bot.client import StudioBot
from bot.clock import Clock
from bot.clockwork import Clockwork
from bot.coach import enriching
from bot.coach.read import CoachReads
from bot.engine import Engine, EngineRules
from bot.lifecycle import Supervisor, ended
from bot.local.redirect import reached_by
from bot.loops import asking
from bot.loops.area import LoopArea
from bot.loops.dated import DatedLoops
from bot.metrics import Metrics, watch_loop
from bot.outbox import Outbox
from bot.posted import PostedCards, Unposting
from bot.private import make_private_blocking
from bot.say.card import Picture
from bot.say.words import Words, read_catalogue
from bot.services import Foundation, Services
from bot.settings import Settings
from bot.studio.health import HealthService
from bot.studio.service import StudioService
from bot.studio.trouble import Troubles
from bot.ui.access import StudioAccess
from bot.ui.guests import ServerGuests
from bot.ui.leads import DiscordLeads
from bot.ui.sender import DiscordSender
from bot.undo import ChangeService
from storage import backup
from storage.retention import Retention
from storage.unit import Database

log = structlog.stdlib.get_logger(__name__)

EXTENSIONS = (
    "cogs.bounces.commands",
    "cogs.clients.commands",
    "cogs.coach.commands",
    "cogs.digest.commands",
    "cogs.help",
    "cogs.loops.commands",
    "cogs.missions.commands",
    "cogs.phases.commands",
    "cogs.releases.commands",
    "cogs.studio.commands",
)
CONNECT_WITHIN_S = 300.0


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
        self.housekeeping: Housekeeping
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
        if not self._works_only:
            await delete_again(self.services.studio)
        self.bot = self._make_client()
        self.bot.keeps_commands = not self._works_only
        await self._log_in()
        self.services.outbox.sender = DiscordSender(self.bot, self.services.catalogue, self.bot.must_stop)
        self.services.outbox.guests = ServerGuests(
            self.bot, self.services.studio, self.clock, frozenset(self.settings.operators)
        )
        self.services.client_digests.leads = DiscordLeads(self.bot, self.services.studio)
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
        from storage.hearing import Hearing
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
        # A process that joins no gateway has no panel open.
        hearing = Hearing(self.settings.database, database.announcer, hears=not self._works_only)
        database.neighbours = hearing
        self.supervisor.keep("hearing", hearing.run)

    def _make_services(self, database: Database) -> Services:
        settings, clock = self.settings, self.clock
        engine = Engine(database, clock, self.supervisor, self._engine_rules)
        studio = StudioService(database, clock, settings.operators, settings.deletions)
        troubles = Troubles(database, clock, self._token_refused)
        outbox = Outbox(database, clock, trouble=troubles, rules=self._engine_rules)
        posted = PostedCards(database, clock, outbox)
        for kind in (outbox, posted, Unposting(clock, outbox)):
            engine.register(kind)
        return self._wire_areas(
            Foundation(
                settings=settings,
                database=database,
                clock=clock,
                supervisor=self.supervisor,
                engine=engine,
                outbox=outbox,
                posted=posted,
                announcer=database.announcer,
                studio=studio,
                changes=ChangeService(database, studio.put_back),
                troubles=troubles,
                metrics=self.metrics,
                catalogue=read_catalogue(),
                checks=HealthService(database, clock, engine, studio, troubles, settings),
                retention=Retention(database),
            )
        )

    def _wire_areas(self, on: Foundation) -> Services:
        """Make each area known: its service, its slots to the engine, its deliveries to the outbox."""
        assistant = make_assistant(on)
        self.on_stop.append(assistant.aclose)
        loops = wire_loops(on, assistant)
        clients, work, handovers = wire_clients(on)
        loops.store.doers = work
        self.on_start.append(lambda: self._keep_loops(loops))
        self.on_stop.append(loops.stop)

        async def artwork(owner: int, bounce_id: str | None, words: Words) -> Picture | None:
            return await bounces.messages.artwork(owner, bounce_id, words)

        releases = wire_releases(on, DatedLoops(), CoachReads(on.database), artwork)
        handovers.moved.append(releases.plans_came)
        phases, forms = wire_phases(on, releases)
        bounces = wire_bounces(on, loops, lambda: self.bot, AskedPhases(phases))
        self.on_start.append(lambda: start_bounces(on.settings, bounces))
        self.on_stop.append(lambda: stop_bounces(bounces))
        coach = wire_coach(on, loops, releases, phases, assistant)
        digests, server_digests, digest_messages = wire_digest(
            on, loops, releases, phases, bounces, coach, clients, work
        )
        client_digests = wire_client_digests(on, clients, work, server_digests)
        missions = wire_missions(on, loops, bounces.service, coach, releases, phases, digests, assistant)
        wire_happenings(on, missions.service, phases)
        archive = ArchiveService(
            on.database,
            on.clock,
            on.settings.data_dir / "archives",
            on.studio,
            on.catalogue,
            bounces,
            loops,
            releases,
            forms,
        )

        on.engine.register(archive.takeover)
        on.studio.forgets.append(archive.forget)
        on.retention.forgets.append(archive.forget)

        async def sweep() -> None:
            await bounces.retention.sweep()
            await archive.sweep()
            await asyncio.to_thread(make_private_blocking, on.settings.data_dir)

        steps = {"backup": self._make_backup, "purge": on.retention.purge, "sweep": sweep}
        self.housekeeping = Housekeeping(on.studio, on.clock, on.settings.backup_hour, steps)
        on.checks.area_lines.append(lambda _asking: self.housekeeping.lines())
        return Services(
            **{part.name: getattr(on, part.name) for part in fields(Foundation)},
            back_up=self.back_up,
            assistant=assistant,
            ai_sends=(asking.SENDS, enriching.SENDS, missions.sends),
            loops=loops,
            releases=releases,
            phases=phases,
            forms=forms,
            bounces=bounces,
            coach=coach,
            digests=digests,
            server_digests=server_digests,
            digest_messages=digest_messages,
            missions=missions,
            archive=archive,
            clients=clients,
            work=work,
            handovers=handovers,
            client_digests=client_digests,
        )

    async def _keep_loops(self, loops: LoopArea) -> None:
        self.supervisor.keep("unsaved-loop-edits", loops.saving.keep_trying)

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
        away = (discord.DiscordServerError, aiohttp.ClientError, OSError)
        try:
            async for attempt in stamina.retry_context(
                away, attempts=None, timeout=CONNECT_WITHIN_S, wait_initial=1, wait_max=30
            ):
                if attempt.num > 1:
                    log.warning("Discord was not reachable, trying again", attempt=attempt.num)
                with attempt:
                    await self.bot.login(self._token)
        except discord.LoginFailure as error:
            raise Stop(
                ExitCode.TOKEN_REFUSED,
                "Discord refused the token. Copy it again from the developer portal (Bot → Reset Token).",
            ) from error
        except away as error:
            raise Stop(
                ExitCode.DISCORD_UNREACHABLE,
                "Discord could not be reached for five minutes. Check the network.",
            ) from error

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
        self.clockwork.every("housekeeping", 3600, self.housekeeping.run, first_s=60)

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
        self._stack.push_async_callback(pages.stop)

    def _is_reachable(self) -> bool:
        """Tell whether people can reach this process; one that only works has no gateway to be ready."""
        return not self.bot.is_closed() and (self._works_only or self.bot.is_ready())

    async def wait_ready(self, seconds: float = 30.0) -> None:
        """Wait until the gateway is ready. Raises Stop where the start ended otherwise, or took longer than that."""
        ready = asyncio.ensure_future(self.bot.wait_until_ready())
        stopped = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({ready, stopped}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await ended(ready, stopped)
        if self._failure is not None:
            raise self._failure
        if not self.bot.is_ready():
            raise Stop(ExitCode.DISCORD_UNREACHABLE, "Discord did not let the bot in within the time it usually takes.")

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

    # ------------------------------------------------------------------ backups

    async def back_up(self) -> backup.BackupFile | None:
        """Back up an SQLite database now; None on PostgreSQL, which has its own tools, and where there is no room."""
        try:
            return await self._make_backup()
        except backup.NoSpace as space:
            log.error("no room for a backup", needed_bytes=space.needed, free_bytes=space.free)
            return None

    async def _make_backup(self) -> backup.BackupFile | None:
        engines = self.services.database.engines
        if engines.file is None:
            return None
        made = await backup.back_up(engines, self.settings.backup_dir, self.clock.now())
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
