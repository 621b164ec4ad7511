"""The distributed leg of dispatch: procrastinate on PostgreSQL. Jobs carry only the ids of slots.

A job is deferred in the transaction of its row: a rollback leaves none. A job that comes late or twice is harmless,
because the slot is claimed by its state and finished under its lease. What gets lost on the way (a worker killed
between claim and job) is put back by the reaper.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Job
from procrastinate.types import JSONDict
from sqlalchemy import select, text
from sqlalchemy.engine import make_url

from bot.slots import Lane, Slot, SlotDraft
from storage.repositories.slots import SlotRepository
from storage.tables.engine import SlotRow
from storage.unit import Database, Unit

log = structlog.get_logger()

TASK = "slot"
HEARTBEAT_S = 5.0
STALLED_S = 15.0
POLL_S = 1.0
REAP_EVERY_S = 10.0
_REAPER_LOCK = 7_041_776_001
_SCHEMA_LOCK = 7_041_776_002

RunById = Callable[[str], Awaitable[None]]


def can_queue(dialect: str) -> bool:
    """Tell whether this database can carry jobs for many processes."""
    return dialect == "postgresql"


class JobQueue:
    """Carries ids of slots to workers of any process. One a process; implements `storage.unit.Dispatch`."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url).set(drivername="postgresql")
        conninfo = parsed.render_as_string(hide_password=False)
        self._connector = PsycopgConnector(conninfo=conninfo, min_size=1, max_size=6)
        self._app = App(connector=self._connector)
        self._run: RunById | None = None
        self._app.task(name=TASK)(self._slot)

    async def open(self, database: Database) -> None:
        """Connect, and lay procrastinate's tables where they are not there yet."""
        await self._app.open_async()
        async with database.system_write("jobs.schema") as unit:
            await unit.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
            there = await unit.session.execute(text("SELECT to_regclass('procrastinate_jobs')"))
            if there.scalar_one() is None:
                await self._app.schema_manager.apply_schema_async()

    async def close(self) -> None:
        await self._app.close_async()

    # ------------------------------------------------------------------ out

    async def enqueue(self, unit: Unit, slots: Sequence[tuple[str, SlotDraft]]) -> None:
        """Defer a job a slot, in the unit's own transaction; one statement for each lane and time."""
        groups: dict[tuple[str, int], list[str]] = {}
        for slot_id, draft in slots:
            if draft.state != "ready":
                continue
            visible = draft.visible_at or draft.due_at
            wait = max(0, round((visible - unit.now).total_seconds()))
            groups.setdefault((str(draft.lane), wait), []).append(slot_id)
        for (lane, wait), ids in groups.items():
            await self._defer(unit, lane, timedelta(seconds=wait), ids)

    async def again(self, unit: Unit, slot: Slot, wait: timedelta) -> None:
        """Defer a job for a slot that was given back, in the transaction that gives it back."""
        lane = (await unit.session.execute(select(SlotRow.lane).where(SlotRow.id == slot.id))).scalar_one_or_none()
        if lane is not None:
            await self._defer(unit, lane, wait, [slot.id])

    async def _defer(self, unit: Unit, lane: str, wait: timedelta, ids: Sequence[str]) -> None:
        connection = await (await unit.session.connection()).get_raw_connection()
        deferrer = self._app.configure_task(
            TASK,
            queue=lane,
            connection=connection.driver_connection,
            schedule_in={"seconds": wait.total_seconds()} if wait else None,
        )
        arguments: list[JSONDict] = [{"slot_id": one} for one in ids]
        await deferrer.batch_defer_async(*arguments)

    # ------------------------------------------------------------------ in

    async def work(self, run: RunById, lane: Lane, concurrency: int) -> None:
        """Work on one lane until cancelled."""
        self._run = run
        await self._app.run_worker_async(
            queues=[str(lane)],
            name=f"lane-{lane}",
            concurrency=concurrency,
            fetch_job_polling_interval=POLL_S,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT_S,
            stalled_worker_timeout=STALLED_S,
            shutdown_graceful_timeout=5,
        )

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
        found = 0
        async with database.system_write("jobs.reap") as unit:
            mine = await unit.session.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _REAPER_LOCK})
            if not mine.scalar_one():
                return 0
            manager = self._app.job_manager
            stalled: Sequence[Job] = list(await manager.get_stalled_jobs(seconds_since_heartbeat=stalled_s))
            for job in stalled:
                await manager.retry_job(job)
            await manager.prune_stalled_workers(stalled_s)
            found += len(stalled)
            for lane in Lane:
                slots = unit.repo(SlotRepository)
                ids = await slots.open_ids(lane, unit.now, timedelta(seconds=lost_s), 500)
                queued = await self._queued(ids)
                lost = [one for one in ids if one not in queued]
                if lost:
                    await self._defer(unit, str(lane), timedelta(0), lost)
                found += len(lost)
        if found:
            log.info("work put back", jobs=found)
        return found

    async def _queued(self, slot_ids: Sequence[str]) -> set[str]:
        if not slot_ids:
            return set()
        rows = await self._connector.execute_query_all_async(
            "SELECT args->>'slot_id' AS slot_id FROM procrastinate_jobs"
            " WHERE args->>'slot_id' = ANY(%(ids)s)"
            " AND (status = 'doing' OR (status = 'todo' AND coalesce(scheduled_at, now()) <= now()))",
            ids=list(slot_ids),
        )
        return {str(row["slot_id"]) for row in rows}
