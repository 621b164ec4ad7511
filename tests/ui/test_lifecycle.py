"""Background work: nothing is lost silently, nothing outlives the stop."""

import asyncio
import logging

import pytest

from bot.lifecycle import Supervisor


async def test_an_exception_is_logged_with_the_tasks_name(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> None:
        raise ValueError("no")

    supervisor = Supervisor()
    task = supervisor.spawn("measure", broken())
    with caplog.at_level(logging.ERROR):
        await asyncio.wait({task})
        await asyncio.sleep(0)
    assert "measure" in caplog.text
    assert supervisor.names == []


async def test_a_loop_that_breaks_starts_again_with_growing_pauses() -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    runs = 0

    async def loop() -> None:
        nonlocal runs
        runs += 1
        if runs < 5:
            raise RuntimeError("again")

    await Supervisor(sleep).keep("ticker", loop)
    assert pauses == [1, 2, 4, 8]


async def test_a_stop_waits_then_cancels_then_names_what_stays() -> None:
    released = asyncio.Event()

    async def stubborn() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    async def willing() -> None:
        await asyncio.Event().wait()

    supervisor = Supervisor()
    left = supervisor.spawn("stubborn", stubborn())
    supervisor.spawn("willing", willing())
    await asyncio.sleep(0)
    assert await supervisor.stop(finish_s=0.01, cancel_s=0.02) == ["stubborn"]
    released.set()
    await left
