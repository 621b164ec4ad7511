"""The SQLite driver under SQLAlchemy: aiosqlite with one hop to its thread a statement.

Stock aiosqlite makes a cursor, executes, fetches and closes in four hops between the event loop and the connection's
thread, and BEGIN, COMMIT and the pool's ROLLBACK cost more; a unit of work that reads one row hops nine times. Under
load every hop waits for the interpreter lock. Here the unit needs two.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import aiosqlite


class Connection(aiosqlite.Connection):
    """An aiosqlite connection whose cursors run as one piece; `begin_by` starts a transaction with its first use."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        # Whoever forgets to close must not keep the process from ending; SQLAlchemy's dialect does the same.
        self._thread.daemon = True
        self.begin_by: str | None = None
        self._asked = self._answered = 0

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._asked += 1
        return await super()._execute(self._counted, partial(fn, *args, **kwargs))

    def _counted(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        finally:
            self._answered += 1

    @property
    def _is_idle(self) -> bool:
        """Whether nothing is open and nothing is on its way: a cancelled task leaves its statement in the queue."""
        return self._asked == self._answered and not self._conn.in_transaction

    def cursor(self) -> "Cursor":  # type: ignore[override]
        return Cursor(self)

    async def commit(self) -> None:
        self.begin_by = None
        if not self._is_idle:
            await super().commit()

    async def rollback(self) -> None:
        self.begin_by = None
        if not self._is_idle:
            await super().rollback()

    async def run(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """Run `work` in the connection's thread, after BEGIN where a transaction is due."""
        begin, self.begin_by = self.begin_by, None
        return await self._execute(self._run_blocking, begin, work)

    def _run_blocking(self, begin: str | None, work: Callable[[sqlite3.Connection], Any]) -> Any:
        if begin is not None:
            self._conn.execute(begin)
        return work(self._conn)


class Cursor:
    """What SQLAlchemy needs of a cursor: execute leaves all rows here and the cursor of the database closed."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> "Cursor":
        return self

    async def execute(self, statement: str, parameters: Iterable[Any] = ()) -> "Cursor":
        await self._connection.run(partial(self._execute_blocking, sqlite3.Cursor.execute, statement, parameters))
        return self

    async def executemany(self, statement: str, parameters: Iterable[Any]) -> "Cursor":
        await self._connection.run(partial(self._execute_blocking, sqlite3.Cursor.executemany, statement, parameters))
        return self

    def _execute_blocking(
        self, execute: Callable[..., Any], statement: str, parameters: Any, connection: sqlite3.Connection
    ) -> None:
        cursor = connection.cursor()
        try:
            execute(cursor, statement, parameters)
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else ()
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()

    async def fetchall(self) -> Sequence[Any]:
        rows, self._rows = self._rows, ()
        return rows

    async def fetchone(self) -> Any:
        first = next(iter(self._rows), None)
        self._rows = self._rows[1:]
        return first

    async def fetchmany(self, size: int | None = None) -> Sequence[Any]:
        """Return the next rows; they are in memory already, so that what may be large is better read by its key."""
        number = self.arraysize if size is None else size
        rows, self._rows = self._rows[:number], self._rows[number:]
        return rows

    async def close(self) -> None:
        self._rows = ()


def connect(database: str, **options: Any) -> Connection:
    """Return a connection that opens when it is awaited; options as of `sqlite3.connect`."""
    return Connection(partial(sqlite3.connect, database, **options))
