"""Background work under supervision: named, kept alive, every exception logged, stopped in bounded time."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

log = structlog.stdlib.get_logger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0


async def ended(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel tasks and wait until they have ended; what one raised stays with it.

    Awaiting a cancelled task under `suppress(CancelledError)` would take a cancellation of the caller for the task's.
    """
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


class Supervisor:
    """Own every task of the process. `spawn` for work that ends, `keep` for loops that must go on."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loops: set[asyncio.Task[Any]] = set()
        self._sleep = sleep
        self._closing = False

    @property
    def names(self) -> list[str]:
        return sorted(task.get_name() for task in self._tasks if not task.done())

    def spawn(self, name: str, work: Coroutine[Any, Any, Any], *, awaited: bool = False) -> "asyncio.Task[Any]":
        """Start work that ends by itself; what it raises is logged under its name.

        `awaited`: the caller waits for it and deals with what it raises.
        """
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard if awaited else self._ended)
        return task

    def keep(self, name: str, loop: Callable[[], Coroutine[Any, Any, None]]) -> "asyncio.Task[Any]":
        """Run a loop for as long as the process lives; restart it with growing pauses when it raises."""
        task = self.spawn(name, self._keep(name, loop))
        self._loops.add(task)
        task.add_done_callback(self._loops.discard)
        return task

    async def _keep(self, name: str, loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
        pause = FIRST_PAUSE_S
        while not self._closing:
            started = asyncio.get_running_loop().time()
            try:
                await loop()
                return
            except Exception:
                log.exception("loop broke", task=name, again_in_s=pause)
            if asyncio.get_running_loop().time() - started > LONGEST_PAUSE_S:
                pause = FIRST_PAUSE_S
            await self._sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.error("task broke", task=task.get_name(), exc_info=error)

    async def stop(self, *, finish_s: float = 10.0, cancel_s: float = 3.0) -> list[str]:
        """Let running work end, then cancel it; return the names of what would not stop."""
        self._closing = True
        mine = asyncio.current_task()
        for task in self._loops - {mine}:
            task.cancel()  # A loop has no end to wait for.
        running = {task for task in self._tasks if task is not mine}
        if running and finish_s > 0:
            _, running = await asyncio.wait(running, timeout=finish_s)
        for task in running:
            task.cancel()
        if running:
            _, running = await asyncio.wait(running, timeout=cancel_s)
        left = sorted(task.get_name() for task in running)
        for name in left:
            log.error("task would not stop", task=name)
        return left
