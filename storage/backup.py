"""Backups of SQLite by VACUUM INTO: consistent, checked, dated, kept 7 daily and 4 weekly."""

import asyncio
import os
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from storage.engine import Engines
from storage.failures import Damaged, Foreign

PREFIX = "studiohand-"
_OURS = frozenset({"alembic_version", "facts", "people", "slots"})
"""Tables that were there from the first revision on."""


class NoSpace(RuntimeError):
    """Less than twice the database's size is free where backups go; parts: needed and free bytes."""

    def __init__(self, needed: int, free: int) -> None:
        super().__init__(f"needs {needed} bytes, {free} are free")
        self.needed = needed
        self.free = free


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A backup on disk."""

    file: Path
    made_at: datetime
    size_bytes: int


async def back_up(engines: Engines, folder: Path, now: datetime, label: str = "") -> BackupFile:
    """Copy the live database into `folder`, check the copy, and only then give it its name.

    Raises NoSpace, Damaged, and ValueError on PostgreSQL, which has its own pg_dump.
    """
    if engines.file is None:
        raise ValueError("only an SQLite file is backed up here; use pg_dump for PostgreSQL")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    size = engines.file.stat().st_size
    free = shutil.disk_usage(folder).free
    if free < 2 * size:
        raise NoSpace(2 * size, free)
    name = f"{PREFIX}{now:%Y%m%d-%H%M%S}{'-' + label if label else ''}.db"
    part = folder / f".{name}.part"
    part.unlink(missing_ok=True)
    # An empty file may be written into; where none can be made, the system says why better than SQLite does.
    part.touch(mode=0o600)
    await asyncio.to_thread(_vacuum_into_blocking, engines.file, part)
    check(part)
    part.chmod(0o600)
    target = folder / name
    os.replace(part, target)
    return BackupFile(target, now, target.stat().st_size)


def _vacuum_into_blocking(database: Path, target: Path) -> None:
    try:
        connection = sqlite3.connect(database, timeout=30)
        try:
            connection.execute("VACUUM INTO ?", (str(target),))
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        target.unlink(missing_ok=True)
        raise Damaged(str(error)) from error


def check(file: Path) -> None:
    """Raise Damaged where the file is not a sound SQLite database."""
    [(result,), *_] = _ask(file, "PRAGMA integrity_check")
    if result != "ok":
        raise Damaged(str(result))


def check_ours(file: Path, *, may_be_empty: bool = False) -> None:
    """Raise Foreign where the file holds something else than our tables, Damaged where it can't be read."""
    names = {name for (name,) in _ask(file, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not names >= _OURS and (names or not may_be_empty):
        raise Foreign(str(file))


def _ask(file: Path, query: str) -> list[tuple[str, ...]]:
    try:
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise Damaged(str(error)) from error


def listed(folder: Path) -> list[BackupFile]:
    """Return the backups of `folder`, newest first."""
    found: list[BackupFile] = []
    for file in folder.glob(f"{PREFIX}*.db"):
        stamp = file.stem.removeprefix(PREFIX)[:15]
        try:
            made = datetime.strptime(stamp + "+0000", "%Y%m%d-%H%M%S%z")
        except ValueError:
            continue
        found.append(BackupFile(file, made, file.stat().st_size))
    return sorted(found, key=lambda backup: backup.file.name, reverse=True)


def prune(folder: Path, *, daily: int = 7, weekly: int = 4) -> list[Path]:
    """Remove what is neither among the newest of `daily` days nor of `weekly` weeks; return what went."""
    days: set[str] = set()
    weeks: set[str] = set()
    kept_weeks = 0
    removed: list[Path] = []
    for backup in listed(folder):
        day, week = f"{backup.made_at:%Y%m%d}", f"{backup.made_at:%G%V}"
        if day in days or len(days) < daily:
            days.add(day)
            weeks.add(week)
        elif week not in weeks and kept_weeks < weekly:
            weeks.add(week)
            kept_weeks += 1
        else:
            backup.file.unlink()
            removed.append(backup.file)
    return removed


def restore(backup: Path, database: Path, now: datetime) -> Path | None:
    """Put `backup` in the place of `database`; return where the replaced file is kept.

    The caller holds the lock of the data directory. Raises Damaged, Foreign, OSError before anything is touched.
    """
    check(backup)
    check_ours(backup)
    part = database.with_name(f".{database.name}.part")
    shutil.copyfile(backup, part)
    part.chmod(0o600)
    kept: Path | None = None
    if database.exists():
        kept = database.with_name(f"{database.name}.replaced-{now:%Y%m%d-%H%M%S}")
        _fold_journal(database)
        os.replace(database, kept)
    for suffix in ("-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    os.replace(part, database)
    return kept


def drop_replaced(database: Path, *keep: Path) -> int:
    """Delete what earlier restores replaced, but for some; return how many. Everybody's data is in each of them."""
    older = [file for file in database.parent.glob(f"{database.name}.replaced-*") if file not in keep]
    for file in older:
        file.unlink()
    return len(older)


def _fold_journal(database: Path) -> None:
    try:
        connection = sqlite3.connect(database)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    except sqlite3.DatabaseError:
        # A damaged file is kept as it is, with its journal beside it gone into the same name.
        return
