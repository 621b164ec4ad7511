"""Engines for SQLite and PostgreSQL with the begin modes that lose no update (docs/decisions/0001)."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from storage import driver


class WrongFileSystem(RuntimeError):
    """SQLite's write-ahead log did not turn on: the data directory is on a network share or read-only."""


@dataclass(frozen=True, slots=True)
class Engines:
    """One engine to write, one to read; on PostgreSQL they differ only in the size of their pools."""

    write: AsyncEngine
    read: AsyncEngine
    dialect: str
    file: Path | None

    async def dispose(self) -> None:
        # Where nothing was asked, nothing is opened for it: the first opening marks the file as ours.
        if self.dialect == "sqlite" and (_was_used(self.write) or _was_used(self.read)):
            # What can't be read can't be made quicker either; whoever asked for something was told.
            with suppress(SQLAlchemyError):
                async with self.write.connect() as connection:
                    await connection.exec_driver_sql("PRAGMA optimize")
                    await connection.commit()
        await self.read.dispose()
        await self.write.dispose()


def _was_used(engine: AsyncEngine) -> bool:
    pool = engine.pool
    return isinstance(pool, AsyncAdaptedQueuePool) and pool.checkedin() > 0


def sqlite_url(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


def open_engines(url: str, *, read_pool: int = 4, write_pool: int = 8, synchronous: str = "FULL") -> Engines:
    """Open `url` (`sqlite+aiosqlite:///FILE[?synchronous=OFF]` or `postgresql://…`).

    `write_pool` is the number of concurrent writers on PostgreSQL; SQLite always has exactly one.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, read_pool, synchronous)
    return _open_postgres(parsed, read_pool, write_pool)


def _open_sqlite(url: URL, read_pool: int, synchronous: str) -> Engines:
    synchronous = str(url.query.get("synchronous", synchronous))
    if synchronous not in ("FULL", "NORMAL", "OFF"):
        raise ValueError("synchronous is FULL, NORMAL or OFF")
    url = url.difference_update_query(["synchronous"])
    common: dict[str, Any] = {
        "hide_parameters": True,
        "poolclass": AsyncAdaptedQueuePool,
        "max_overflow": 0,
        "pool_timeout": 30,
        "connect_args": {"async_creator_fn": driver.connect},
    }
    write = create_async_engine(url, pool_size=1, **common)
    read = create_async_engine(url, pool_size=read_pool, **common)

    def prepare(connection: Any, read_only: bool) -> None:
        # The driver's own transaction handling opens transactions late, which loses updates silently.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=5000")
        cursor.execute("PRAGMA journal_mode=WAL")
        mode = cursor.fetchone()[0]
        if mode != "wal":
            raise WrongFileSystem(mode)
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA temp_store=MEMORY")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(write.sync_engine, "connect")
    def _connect_write(connection: Any, _record: Any) -> None:
        prepare(connection, read_only=False)

    @event.listens_for(read.sync_engine, "connect")
    def _connect_read(connection: Any, _record: Any) -> None:
        prepare(connection, read_only=True)

    @event.listens_for(write.sync_engine, "begin")
    def _begin_write(connection: Connection) -> None:
        _begin_by(connection, "BEGIN IMMEDIATE")

    @event.listens_for(read.sync_engine, "begin")
    def _begin_read(connection: Connection) -> None:
        _begin_by(connection, "BEGIN")

    file = Path(url.database) if url.database and url.database != ":memory:" else None
    return Engines(write, read, "sqlite", file)


def _begin_by(connection: Connection, statement: str) -> None:
    """Let the transaction begin with its first statement, in the same hop."""
    held: Any = connection.connection.driver_connection
    held.begin_by = statement


def _open_postgres(url: URL, read_pool: int, write_pool: int) -> Engines:
    url = url.set(drivername="postgresql+psycopg")
    write = create_async_engine(url, pool_size=write_pool, max_overflow=0, pool_pre_ping=True, hide_parameters=True)
    read = create_async_engine(
        url,
        pool_size=read_pool,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
        execution_options={"postgresql_readonly": True},
    )
    return Engines(write, read, "postgresql", None)
