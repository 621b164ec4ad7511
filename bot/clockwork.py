"""APScheduler as the ticker and nothing more: a few static interval jobs in memory that call services with `now`."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta
from typing import Any, cast

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import SystemClock

log = structlog.get_logger()

_STOP_S = 3.0


class Clockwork:
    """Calls each job every so many seconds; a slow job is never started twice, a missed one runs once."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_listener(self._failed, EVENT_JOB_ERROR)
        self._running: set[asyncio.Task[Any]] = set()

    def every(self, name: str, seconds: float, job: Callable[[], Awaitable[object]], first_s: float = 0.0) -> None:
        """Add a job; its first run is `first_s` seconds after the start."""

        async def run() -> None:
            task = cast(asyncio.Task[Any], asyncio.current_task())
            self._running.add(task)
            try:
                await job()
            except asyncio.CancelledError:
                # Stopping cancels what runs; the slots it held are taken up at the next start. Nothing runs after
                # this: the scheduler only writes down how a job ended, and would call this a failure.
                log.debug("tick job cancelled", job=name)
            finally:
                self._running.discard(task)

        self._scheduler.add_job(
            run,
            "interval",
            id=name,
            seconds=seconds,
            next_run_time=SystemClock().now() + timedelta(seconds=first_s),
        )

    def start(self) -> None:
        self._scheduler.start()

    async def stop(self) -> None:
        """Start nothing more, cancel what runs and wait until it has ended, so that nobody needs the database."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        if self._running:
            await asyncio.wait(self._running, timeout=_STOP_S)

    @staticmethod
    def _failed(event: JobExecutionEvent) -> None:
        log.error("tick job failed", job=event.job_id, exc_info=event.exception)
