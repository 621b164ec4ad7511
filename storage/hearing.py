"""Between the processes on one PostgreSQL: what one of them changed is announced in the others too, for open panels.

Only for what may be missed (docs/decisions/0014): it is told after the commit, on a connection of its own, so that no
transaction waits for it and none is held up by the lock that a NOTIFY takes at its commit.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack
from uuid import uuid4

import psycopg
from sqlalchemy.engine import make_url

from bot.announcer import Announcer

CHANNEL = "studiohand_touched"
_TELL = f"SELECT pg_notify('{CHANNEL}', one) FROM unnest(%s::text[]) AS one"  # noqa: S608 - a name of our own
_LISTEN = f"LISTEN {CHANNEL}"
_WAITING_AT_MOST = 2000


class Hearing:
    """One a process. `run` it for as long as the process lives; what is told meanwhile waits a little for it."""

    def __init__(self, url: str, announcer: Announcer, *, hears: bool = True) -> None:
        """`hears`: false for a process that has nothing open and only tells."""
        parsed = make_url(url).set(drivername="postgresql")
        self._conninfo = parsed.render_as_string(hide_password=False)
        self._announcer = announcer
        self._hears = hears
        self._me = uuid4().hex
        self._waiting: deque[str] = deque(maxlen=_WAITING_AT_MOST)
        self._wanted = asyncio.Event()
        self.is_open = asyncio.Event()
        """Set while connected."""

    def tell(self, owner: int, touched: Sequence[tuple[str, str]]) -> None:
        """Let the other processes know what was changed here. Does not block."""
        self._waiting.extend(f"{self._me}:{owner}:{kind}:{subject}" for kind, subject in touched)
        if touched:
            self._wanted.set()

    async def run(self) -> None:
        """Tell and hear. Raises where the connection is lost: whoever keeps this loop starts it again."""
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as both:
            both.create_task(self._tell(await stack.enter_async_context(await self._connect())))
            if self._hears:
                hearing = await stack.enter_async_context(await self._connect())
                await hearing.execute(_LISTEN)
                both.create_task(self._hear(hearing))
            stack.callback(self.is_open.clear)
            self.is_open.set()

    async def _connect(self) -> psycopg.AsyncConnection:
        # It mostly waits: that the other side is gone is noticed in half a minute.
        return await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True, keepalives_idle=10, keepalives_interval=5, keepalives_count=4
        )

    async def _tell(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            told = list(dict.fromkeys(self._waiting))
            self._waiting.clear()
            await connection.execute(_TELL, [told])

    async def _hear(self, connection: psycopg.AsyncConnection) -> None:
        async for notice in connection.notifies():
            teller, owner, kind, subject = (*notice.payload.split(":", 3), "", "", "")[:4]
            if teller != self._me and owner.isdecimal():
                self._announcer.announce(int(owner), kind, subject)
        raise ConnectionError("the database tells nothing any more")
