"""Small writes of tasks that run at once, gathered into one transaction: a commit waits for the disk, whoever asks."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Item, Result]):
    """Hands items to `work` in batches: while one batch is being written the next one gathers."""

    def __init__(self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]) -> None:
        """`work` writes all items and returns a result for each, or raises for all of them."""
        self._work = work
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._writing = asyncio.Lock()

    async def ask(self, item: Item) -> Result:
        """Return the result of one item, once its batch is written."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        try:
            async with self._writing:
                if not done.done():
                    await self._write()
        except asyncio.CancelledError:
            done.cancel()
            raise
        return done.result()

    async def _write(self) -> None:
        batch = [(item, done) for item, done in self._waiting if not done.cancelled()]
        self._waiting = []
        try:
            results = await self._work([item for item, _ in batch])
        except asyncio.CancelledError:
            # Only the one who was writing is cancelled: the others are written by the next of them.
            self._waiting = [*batch, *self._waiting]
            raise
        except Exception as error:  # noqa: BLE001 - everybody who waited is told
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for (_, done), result in zip(batch, results, strict=True):
            if not done.done():
                done.set_result(result)
