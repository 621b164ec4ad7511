"""Writes that are gathered: each gets its own result, whoever of them wrote."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.together import Together


async def test_what_is_asked_while_one_batch_is_written_goes_into_the_next() -> None:
    batches: list[list[int]] = []
    go = asyncio.Event()

    async def work(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        await go.wait()
        return [item * 10 for item in items]

    together = Together(work)
    asking = [asyncio.ensure_future(together.ask(number)) for number in range(5)]
    await asyncio.sleep(0)
    late = asyncio.ensure_future(together.ask(5))
    go.set()
    assert await asyncio.gather(*asking, late) == [0, 10, 20, 30, 40, 50]
    assert [item for batch in batches for item in batch] == [0, 1, 2, 3, 4, 5]
    assert len(batches) < 4


async def test_a_failure_is_told_to_all_of_its_batch_and_to_nobody_else() -> None:
    async def work(items: Sequence[int]) -> list[int]:
        await asyncio.sleep(0)
        if 1 in items:
            raise ValueError("no room")
        return list(items)

    together = Together(work)
    results = await asyncio.gather(*(together.ask(number) for number in (1, 2, 3)), return_exceptions=True)
    assert isinstance(results[0], ValueError)
    assert await together.ask(4) == 4


async def test_who_writes_may_be_cancelled_without_the_others_losing_anything() -> None:
    written: list[int] = []
    go = asyncio.Event()

    async def work(items: Sequence[int]) -> list[int]:
        await go.wait()
        written.extend(items)
        return list(items)

    together = Together(work)
    first, *others = [asyncio.ensure_future(together.ask(number)) for number in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    go.set()
    assert await asyncio.gather(*others) == [1, 2]
    assert written == [1, 2]
