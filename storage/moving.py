"""The move from the SQLite file to PostgreSQL: everything in one transaction, counted and hashed on both sides.

Compared is what values mean: JSONB knows one zero and writes a large float as an integer, and no text of PostgreSQL
holds the character NUL, so that one is left out. The file is only read. A move may be made again: as long as nothing
was added in PostgreSQL since, it is replaced whole.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, delete, func, insert, literal, select, text, tuple_
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import migrations
from storage.engine import Engines
from storage.tables import load_all

BATCH = 1_000
"""Rows read and written at once; a row of the largest table is about 2 kB."""


class NotTheSame(RuntimeError):
    """What was written differs from what was read; nothing was kept. The text is the table's name."""


class HoldsOtherData(RuntimeError):
    """The target has rows that the source has not; nothing was changed. The text is the table's name."""


class Unreachable(RuntimeError):
    """One of the databases refused; nothing was kept. The text is the first line of what it said."""


class OtherRevision(RuntimeError):
    """The source was last opened by another version of Studiohand; start that one on it first."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move wrote."""

    tables: int
    rows: int
    without_nul: int = 0
    """Rows that had the character NUL in a text, and have it no more."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a table holds: rows, and the sum of their SHA-256 digests modulo 2^256, which knows no order."""

    rows: int
    digest: int


async def move(source: Engines, target: Engines) -> Moved:
    """Copy every table of the SQLite file `source` into the PostgreSQL database `target` and compare both.

    Raises OtherRevision, HoldsOtherData, NotTheSame, Unreachable; then the target is as it was (its tables may be
    new, and empty).
    """
    if source.dialect != "sqlite" or target.dialect != "postgresql":
        raise ValueError("a move goes from SQLite to PostgreSQL")
    try:
        return await _move(source, target)
    except (SQLAlchemyError, OSError) as error:
        raise Unreachable(str(getattr(error, "orig", None) or error).splitlines()[0]) from error


async def _move(source: Engines, target: Engines) -> Moved:
    if await migrations.current(source) != migrations.head():
        raise OtherRevision
    await migrations.upgrade(target)
    tables = load_all().metadata.sorted_tables
    rows = without_nul = 0
    async with source.read.connect() as old, target.write.connect() as new, old.begin(), new.begin():
        await new.execute(text("SELECT set_config('studiohand.owner', 'system', true)"))
        for table in tables:
            await _refuse_others(old, new, table)
        for table in reversed(tables):
            await new.execute(delete(table))
        for table in tables:
            async for batch in _batches(old, table):
                fit = [_without_nul(row) for row in batch]
                without_nul += sum(was != row for was, row in zip(batch, fit, strict=True))
                await new.execute(insert(table), fit)
            was = await content(old, table)
            if was != await content(new, table):
                raise NotTheSame(table.name)
            rows += was.rows
    return Moved(len(tables), rows, without_nul)


async def content(connection: AsyncConnection, table: Table) -> Content:
    """Count a table's rows and hash what they mean, the same on both databases."""
    rows, digest = 0, 0
    async for batch in _batches(connection, table):
        for row in batch:
            means = json.dumps(_meaning(row), sort_keys=True, ensure_ascii=False)
            plain = means.encode("utf-8", "surrogatepass")
            digest = (digest + int.from_bytes(hashlib.sha256(plain).digest(), "big")) % 2**256
            rows += 1
    return Content(rows, digest)


def _meaning(value: Any) -> Any:
    """Return a value as it compares: equal where both databases mean the same.

    >>> _meaning({"loss": -0.0, "size": 1e16, "on": True}) == _meaning({"loss": 0, "size": 10**16, "on": True})
    True
    """
    match value:
        case None | bool() | int():
            return value
        case float():
            # As it is written, not as it is held: 1e300 is a one with 300 noughts there.
            return int(Decimal(repr(value))) if value.is_integer() else value
        case str():
            return value.replace("\0", "")
        case dict():
            return {_meaning(str(key)): _meaning(item) for key, item in value.items()}
        case list() | tuple():
            return [_meaning(item) for item in value]
        case datetime():
            return value.isoformat()
        case bytes() | memoryview():
            return bytes(value).hex()
        case _:
            return str(value)


def _without_nul(value: Any) -> Any:
    """Return a value whose texts have no NUL."""
    match value:
        case str():
            return value.replace("\0", "")
        case dict():
            return {_without_nul(key): _without_nul(item) for key, item in value.items()}
        case list():
            return [_without_nul(item) for item in value]
        case _:
            return value


async def _batches(connection: AsyncConnection, table: Table) -> AsyncIterator[list[dict[str, Any]]]:
    """Read a table by parts along its key: SQLite's driver fetches the whole of a result at once."""
    key = _key(table)
    part = select(table).order_by(*key).limit(BATCH)
    after: Sequence[Any] | None = None
    while True:
        query = part
        if after is not None:
            ends = [literal(value, column.type) for column, value in zip(key, after, strict=True)]
            query = part.where(tuple_(*key) > tuple_(*ends))
        rows = [dict(row) for row in (await connection.execute(query)).mappings()]
        if rows:
            yield rows
        if len(rows) < BATCH:
            return
        after = [rows[-1][column.name] for column in key]


async def _refuse_others(old: AsyncConnection, new: AsyncConnection, table: Table) -> None:
    """Raise HoldsOtherData where `new` has a row whose key `old` does not know."""
    if not (await new.execute(select(func.count()).select_from(table))).scalar_one():
        return
    known = {tuple(row) for row in (await old.execute(select(*_key(table)))).all()}
    for row in (await new.execute(select(*_key(table)))).all():
        if tuple(row) not in known:
            raise HoldsOtherData(table.name)


def _key(table: Table) -> Sequence[Any]:
    return list(table.primary_key)
