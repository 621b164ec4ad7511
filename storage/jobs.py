"""The distributed leg of dispatch: procrastinate on PostgreSQL. Jobs carry only the ids of slots.

A job is deferred in the transaction of its row: a rollback leaves none. A job that comes late or twice is harmless,
because the slot is claimed by its state and finished under its lease; one that comes early (clocks differ) is deferred
again by whoever got it. What gets lost on the way (a worker killed between claim and end) is put back by the reaper.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from sqlalchemy import select, text
from sqlalchemy.engine import make_url

from bot.clock import SystemClock
from bot.slots import Lane, SlotDraft
from storage.repositories.slots import SlotRepository
from storage.tables.engine import SlotRow
from storage.unit import Database, Unit

log = structlog.get_logger()

TASK = "slot"
HEARTBEAT_S = 5.0
STALLED_S = 15.0
POLL_S = 1.0
REAP_EVERY_S = 5.0
REAP_AT_ONCE = 500
GRACE_S = 5.0
_REAPER_LOCK = 7_041_776_001
_SCHEMA_LOCK = 7_041_776_002
_DM_LOCK = 7_041_776_003
_GATEWAY_LOCK = 7_041_776_004

RunById = Callable[[str], Awaitable[None]]


class JobQueue:
    """Carries ids of slots to workers of any process. One a process; implements `storage.unit.Dispatch`."""

    def __init__(self, url: str, *, grace_s: float = GRACE_S) -> None:
        """Prepare; `grace_s` is what running jobs get to end when the process stops."""
        self._grace_s = grace_s
        parsed = make_url(url).set(drivername="postgresql")
        self._conninfo = parsed.render_as_string(hide_password=False)
        # Each lane keeps one connection for listening.
        self._connector = PsycopgConnector(conninfo=self._conninfo, min_size=1, max_size=len(Lane) + 5)
        self._app = App(connector=self._connector)
        self._run: RunById | None = None
        self._app.task(name=TASK)(self._slot)
        # It tells of every job at INFO; ours is told by the engine, under the slot's kind.
        logging.getLogger("procrastinate").setLevel(logging.WARNING)

    async def open(self, database: Database) -> None:
        """Connect, and lay procrastinate's tables where they are not there yet; two that start do so in turn."""
        await self.connect()
        async with database.system_write("jobs.schema") as unit:
            await unit.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
            if not await self.is_laid():
                await self._app.schema_manager.apply_schema_async()

    async def connect(self) -> None:
        await self._app.open_async()

    async def is_laid(self) -> bool:
        """Tell whether the tables of the queue are there."""
        rows = await self._connector.execute_query_all_async(
            "SELECT to_regclass('procrastinate_jobs') IS NOT NULL AS there"
        )
        return bool(rows[0]["there"])

    async def close(self) -> None:
        await self._app.close_async()

    # ------------------------------------------------------------------ out

    async def enqueue(self, unit: Unit, slots: Sequence[tuple[str, SlotDraft]]) -> None:
        """Defer a job a slot, in the unit's own transaction and in one statement."""
        jobs = [
            (slot_id, str(draft.lane), (draft.visible_at or draft.due_at) - unit.now)
            for slot_id, draft in slots
            if draft.state == "ready"
        ]
        await self._defer(unit, jobs)

    async def again(self, unit: Unit, slot_id: str, wait: timedelta) -> None:
        """Defer a job for a slot that is to be looked at later, in the transaction that found so."""
        lane = (await unit.session.execute(select(SlotRow.lane).where(SlotRow.id == slot_id))).scalar_one_or_none()
        if lane is not None:
            await self._defer(unit, [(slot_id, lane, wait)])

    async def _defer(self, unit: Unit, slots: Sequence[tuple[str, str, timedelta]]) -> None:
        if not slots:
            return
        connection = await (await unit.session.connection()).get_raw_connection()
        plain = self._app.configure_task(TASK).job
        now = SystemClock().now()  # Jobs wait by the real time, whatever clock the slots live by.
        await self._app.job_manager.batch_defer_jobs_async(
            [
                plain.evolve(
                    queue=lane,
                    task_kwargs={"slot_id": slot_id},
                    scheduled_at=now + wait if wait > timedelta(0) else None,
                )
                for slot_id, lane, wait in slots
            ],
            connection=connection.driver_connection,
        )

    # ------------------------------------------------------------------ in

    async def work(self, run: RunById, lane: Lane, concurrency: int) -> None:
        """Work on one lane until cancelled; running jobs then get their grace to end.

        Direct messages are sent by one process at a time, whichever has the lock: Discord counts how fast they open.
        """
        self._run = run
        if lane is Lane.DM:
            async with self._alone(_DM_LOCK):
                await self._work(lane, concurrency)
        else:
            await self._work(lane, concurrency)
        # It returns by itself where a helper of it broke (a lost connection): whoever keeps this loop starts it again.
        raise RuntimeError(f"the worker of lane {lane} stopped")

    async def _work(self, lane: Lane, concurrency: int) -> None:
        await self._app.run_worker_async(
            queues=[str(lane)],
            name=f"lane-{lane}",
            concurrency=concurrency,
            fetch_job_polling_interval=POLL_S,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT_S,
            stalled_worker_timeout=STALLED_S,
            shutdown_graceful_timeout=self._grace_s,
        )

    @asynccontextmanager
    async def _alone(self, key: int) -> AsyncIterator[None]:
        """Wait until this process holds the lock."""
        async with self._lock_connection() as connection:
            while True:
                if await _try_lock(connection, key):
                    break
                await asyncio.sleep(HEARTBEAT_S)
            yield

    @asynccontextmanager
    async def only_gateway(self) -> AsyncIterator[bool]:
        """Hold the place of the one process that people talk to; False where another process has it."""
        async with self._lock_connection() as connection:
            yield await _try_lock(connection, _GATEWAY_LOCK)

    @asynccontextmanager
    async def _lock_connection(self) -> AsyncIterator[psycopg.AsyncConnection]:
        """Locks live as long as this connection; a machine that vanished is noticed in half a minute."""
        options = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4"
        connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True, options=options)
        async with connection:
            yield connection

    async def work_off(self, run: RunById, lanes: Sequence[Lane] = tuple(Lane), concurrency: int = 4) -> None:
        """Work on what is there now, then return."""
        self._run = run
        await self._app.run_worker_async(
            queues=[str(lane) for lane in lanes],
            wait=False,
            concurrency=concurrency,
            delete_jobs="always",
            listen_notify=False,
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT_S,
            stalled_worker_timeout=STALLED_S,
        )

    async def _slot(self, slot_id: str) -> None:
        if self._run is not None:
            await self._run(slot_id)

    async def waiting(self) -> Mapping[str, int]:
        """Return how many jobs wait, by lane."""
        rows = await self._connector.execute_query_all_async(
            "SELECT queue_name, count(*) AS number FROM procrastinate_jobs WHERE status = 'todo' GROUP BY queue_name"
        )
        return {str(row["queue_name"]): int(row["number"]) for row in rows}

    # ------------------------------------------------------------------ reaper

    async def keep_reaping(self, database: Database) -> None:
        """Reap for as long as the process lives."""
        while True:
            await self.reap(database)
            await asyncio.sleep(REAP_EVERY_S)

    async def reap(self, database: Database, *, stalled_s: float = STALLED_S, lost_s: float = STALLED_S) -> int:
        """Put back jobs of workers that are gone, and make jobs for slots that have none. One process at a time.

        Returns how many were put back.
        """
        async with database.system_write("jobs.reap") as unit:
            mine = await unit.session.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _REAPER_LOCK})
            if not mine.scalar_one():
                return 0
            found = await self._put_back_stalled(database, stalled_s)
            for lane in Lane:
                ids = await unit.repo(SlotRepository).open_ids(lane, unit.now, timedelta(seconds=lost_s), REAP_AT_ONCE)
                queued = await self._queued(ids)
                lost = [(one, str(lane), timedelta(0)) for one in ids if one not in queued]
                await self._defer(unit, lost)
                found += len(lost)
        if found:
            log.info("work put back", jobs=found)
        return found

    async def _put_back_stalled(self, database: Database, stalled_s: float) -> int:
        """End the leases of workers without a heartbeat, then hand on their jobs: nobody waits for the lease."""
        manager = self._app.job_manager
        stalled: Sequence[Job] = list(await manager.get_stalled_jobs(seconds_since_heartbeat=stalled_s))
        if not stalled:
            return 0
        async with database.system_write("jobs.expire") as unit:
            await unit.repo(SlotRepository).expire([str(job.task_kwargs["slot_id"]) for job in stalled])
        for job in stalled:
            try:
                await manager.retry_job(job)
            except ConnectorException:
                log.info("a stalled job ended after all")
        await manager.prune_stalled_workers(stalled_s)
        return len(stalled)

    async def _queued(self, slot_ids: Sequence[str]) -> set[str]:
        """Return which of the slots have a job that can be taken now.

        A job that is being done does not count: its slot would be leased, not visible.
        """
        if not slot_ids:
            return set()
        rows = await self._connector.execute_query_all_async(
            "SELECT args->>'slot_id' AS slot_id FROM procrastinate_jobs"
            " WHERE args->>'slot_id' = ANY(%(ids)s)"
            " AND status = 'todo' AND coalesce(scheduled_at, now()) <= now()",
            ids=list(slot_ids),
        )
        return {str(row["slot_id"]) for row in rows}

    async def processes(self) -> int:
        """Return how many processes work now: those whose heartbeat is fresh."""
        rows = await self._connector.execute_query_all_async(
            "SELECT count(*) AS number FROM procrastinate_workers"
            " WHERE last_heartbeat > now() - make_interval(secs => %(seconds)s)",
            seconds=STALLED_S,
        )
        # A worker for each lane, but for direct messages one over all processes.
        return int(rows[0]["number"]) // (len(Lane) - 1)


async def _try_lock(connection: psycopg.AsyncConnection, key: int) -> bool:
    answer = await connection.execute("SELECT pg_try_advisory_lock(%s)", (key,))
    row = await answer.fetchone()
    return row is not None and bool(row[0])


async def count_processes(url: str) -> int:
    """Ask the database alone how many processes work on it; 0 where none ever did."""
    jobs = JobQueue(url)
    await jobs.connect()
    try:
        return await jobs.processes() if await jobs.is_laid() else 0
    finally:
        await jobs.close()
