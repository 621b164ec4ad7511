"""Empty databases at head, and statements compiled once: what would otherwise be most of a test's time."""

import asyncio
import atexit
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import LRUCache

import storage.engine
from storage.engine import open_engines, sqlite_url
from storage.migrations import upgrade

STATEMENTS = 4000
"""How many compiled statements a worker keeps; the longest unused is compiled again when it is needed."""


def compile_once() -> None:
    """Let the engines of one kind share the statements they compiled.

    The product opens its engines once; every test opens its own, and each compiled the same statements again.
    """
    compiled: LRUCache[Any, Any] = LRUCache(STATEMENTS)
    usual = storage.engine.create_async_engine

    def opened(*given: Any, **named: Any) -> AsyncEngine:
        made = usual(*given, **named)
        made.sync_engine._compiled_cache = compiled
        return made

    storage.engine.create_async_engine = opened
    # A compiled statement is looked up by its dialect too, and each engine has one of its own.
    kinds: tuple[Any, ...] = (SQLiteDialect_aiosqlite, PGDialectAsync_psycopg)
    for kind in kinds:
        kind.__hash__ = _hash_of_kind
        kind.__eq__ = _is_of_kind


def _hash_of_kind(dialect: object) -> int:
    return hash(type(dialect))


def _is_of_kind(dialect: object, other: object) -> bool:
    return type(dialect) is type(other)


def empty_sqlite(file: Path) -> str:
    """Put an empty database at head where `file` says, and return its URL."""
    shutil.copyfile(sqlite_template(), file)
    return quick_sqlite(file)


def quick_sqlite(file: Path) -> str:
    """Return the URL of a database whose writers do not wait for the disk: a power cut is of no interest here."""
    return f"{sqlite_url(file)}?synchronous=OFF"


@cache
def sqlite_template() -> Path:
    """Return an empty database to copy: migrating each time would cost more than most tests."""
    folder = Path(tempfile.mkdtemp(prefix="studiohand-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "template.db"

    async def make() -> None:
        engines = open_engines(sqlite_url(file), synchronous="OFF")
        await upgrade(engines)
        async with engines.write.connect() as connection:
            raw = (await connection.get_raw_connection()).driver_connection
            assert raw is not None
            await raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        await engines.dispose()

    # In a thread of its own, since a test's loop may be running here.
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, make()).result()
    return file
