"""What one process changed is announced in the others on the same PostgreSQL, also after a lost connection."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from bot.actors import Actor
from bot.announcer import Announcer
from bot.clock import FixedClock
from bot.lifecycle import Supervisor
from storage.engine import open_engines
from storage.hearing import CHANNEL, Hearing
from storage.unit import Database

ADA = Actor.user(1001, "Ada")


@pytest.fixture
async def here(postgres_database_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    """A process that changes things."""
    database = Database(open_engines(postgres_database_url), clock)
    yield database
    await database.close()


async def _soon() -> None:
    await asyncio.sleep(0)


async def test_what_is_touched_here_is_heard_there_and_not_twice_here(
    here: Database, postgres_database_url: str
) -> None:
    there, supervisor = Announcer(), Supervisor()
    heard_here, heard_there = list[tuple[int, str]](), asyncio.Queue[tuple[int, str]]()
    here.announcer.hear("loop", lambda owner, subject: heard_here.append((owner, subject)))
    there.hear("loop", lambda owner, subject: heard_there.put_nowait((owner, subject)))
    mine, other = Hearing(postgres_database_url, here.announcer), Hearing(postgres_database_url, there)
    here.neighbours = mine
    for hearing in (mine, other):
        supervisor.keep("hearing", hearing.run)
        await hearing.is_open.wait()
    try:
        for subject in ("low-tide", "high-tide"):
            async with here.write(ADA, 1001, "test") as unit:
                unit.touch("loop", subject)
                unit.touch("release", subject)
        async with asyncio.timeout(30):
            assert [await heard_there.get() for _ in range(2)] == [(1001, "low-tide"), (1001, "high-tide")]
        assert heard_here == [(1001, "low-tide"), (1001, "high-tide")]

        with pytest.raises(ZeroDivisionError):
            async with here.write(ADA, 1001, "test") as unit:
                unit.touch("loop", "never")
                raise ZeroDivisionError
        async with here.write(ADA, 1001, "test") as unit:
            unit.touch("loop", "after")
        async with asyncio.timeout(30):
            assert await heard_there.get() == (1001, "after"), "what was rolled back is not told"
    finally:
        await supervisor.stop(finish_s=0)


async def test_a_lost_connection_is_made_again_and_nonsense_is_passed_over(
    here: Database, postgres_database_url: str
) -> None:
    there, supervisor = Announcer(), Supervisor(sleep=lambda _seconds: _soon())
    heard = asyncio.Queue[tuple[int, str]]()
    there.hear("loop", lambda owner, subject: heard.put_nowait((owner, subject)))
    mine, other = Hearing(postgres_database_url, here.announcer, hears=False), Hearing(postgres_database_url, there)
    here.neighbours = mine
    for hearing in (mine, other):
        supervisor.keep("hearing", hearing.run)
        await hearing.is_open.wait()
    try:
        async with await psycopg.AsyncConnection.connect(postgres_database_url, autocommit=True) as somebody:
            for text in ("", "nonsense", "a:b:c", "a:b:loop:d", "x:7:loop:from-elsewhere"):
                await somebody.execute("SELECT pg_notify(%s, %s)", [CHANNEL, text])
            async with asyncio.timeout(30):
                assert await heard.get() == (7, "from-elsewhere")
            await somebody.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ~ 'LISTEN'"
            )
        async with asyncio.timeout(30):
            while heard.empty():
                async with here.write(ADA, 1001, "test") as unit:
                    unit.touch("loop", "again")
                await asyncio.sleep(0.02)
        assert await heard.get() == (1001, "again")
    finally:
        await supervisor.stop(finish_s=0)
