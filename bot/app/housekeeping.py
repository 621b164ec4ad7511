"""What one process does for all once a day: a step that failed is told of and tried again, the others go on."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import structlog

from bot.clock import Clock
from bot.studio.health import HealthLine, Word
from bot.studio.service import StudioService

log = structlog.stdlib.get_logger(__name__)

DONE = "housekeeping"
"""Fact: step → the day it was last done."""

Step = Callable[[], Awaitable[object]]


class Housekeeping:
    """Called every hour; a day begins at `hour`, local time of this host."""

    def __init__(self, studio: StudioService, clock: Clock, hour: int, steps: Mapping[str, Step]) -> None:
        self._studio, self._clock, self._hour, self._steps = studio, clock, hour, steps
        self._failing: dict[str, datetime] = {}

    async def run(self) -> None:
        """Do what is not done yet today. Each step is noted once it went well, never before."""
        now = self._clock.now()
        day = (now.astimezone() - timedelta(hours=self._hour)).date().isoformat()
        for name, step in self._steps.items():
            done = await self._studio.fact(DONE) or {}
            if done.get(name) == day:
                continue
            try:
                await step()
            except Exception:
                log.exception("housekeeping step failed", step=name)
                self._failing.setdefault(name, now)
                continue
            self._failing.pop(name, None)
            await self._studio.put_fact(DONE, {**done, name: day})

    def lines(self) -> list[HealthLine]:
        """Return the steps that do not go well, for `/studio health`."""
        return [
            HealthLine(f"housekeeping_{name}", Word.BROKEN, {"since": since}) for name, since in self._failing.items()
        ]
