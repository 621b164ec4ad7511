"""Opening an installation: data directory, single-instance lock, backup, migrations."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError

from bot.app.exits import ExitCode, Stop
from bot.clock import Clock
from bot.settings import Settings
from bot.studio.service import StudioService
from storage import backup
from storage.deletions import Tampered
from storage.engine import WrongFileSystem, open_engines
from storage.failures import Damaged, Foreign, NewerDatabase
from storage.migrations import current, head, upgrade
from storage.unit import Database

log = structlog.stdlib.get_logger(__name__)

CHANGED_LIST = (
    "The list of deleted people ({file}) and its key do not belong together, so I can't tell whom to delete again."
    " Put both back as they were; if you know that nobody is to be deleted again, move the list away."
)


def prepare_data_dir(folder: Path) -> None:
    """Make the data directory, readable by this user only. Raises Stop where that is impossible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise Stop(
            ExitCode.SETTINGS,
            f"The data directory {folder} can't be used ({error.strerror})."
            " Set STUDIOHAND_DATA_DIR to a folder of yours.",
        ) from error


@contextmanager
def single_instance(folder: Path, clock: Clock) -> Iterator[None]:
    """Hold the lock of a data directory. Raises Stop naming the first instance where it is taken."""
    lock = FileLock(folder / "studiohand.lock")
    note = folder / "studiohand.lock.json"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        try:
            first = json.loads(note.read_text(encoding="utf-8"))
            who = f"process {first['pid']} on {first['host']}, started {first['started']}"
        except (OSError, ValueError, KeyError):
            who = "another process"
        raise Stop(
            ExitCode.ALREADY_RUNNING,
            f"Studiohand already runs on this data directory ({who}). Stop it first, or give this one its own --data.",
        ) from None
    try:
        started = clock.now().isoformat(timespec="seconds")
        note.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "started": started}))
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


async def open_database(settings: Settings, clock: Clock) -> Database:
    """Open the database, back it up where it is about to be migrated, and migrate.

    Raises Stop(DATABASE) with what to do about it.
    """
    try:
        engines = open_engines(settings.database)
        if engines.file is not None and engines.file.exists():
            backup.check_ours(engines.file, may_be_empty=True)
        present, newest = await current(engines), head()
        if present != newest:
            if present is not None and engines.file is not None:
                made = await backup.back_up(engines, settings.backup_dir, clock.now(), "before-update")
                log.info("backed up before migrating", size_bytes=made.size_bytes)
            await upgrade(engines)
        database = Database(engines, clock)
        if engines.file is not None:
            engines.file.chmod(0o600)
    except NewerDatabase as newer:
        raise Stop(
            ExitCode.DATABASE,
            f"The database is from a newer Studiohand (rev {newer}). Update, or restore the backup made before it"
            " with `studiohand db restore FILE`.",
        ) from newer
    except WrongFileSystem as wrong:
        raise Stop(
            ExitCode.DATABASE,
            "SQLite needs a local disk that can be written: the data directory seems to be on a network share."
            " Set STUDIOHAND_DATA_DIR, or STUDIOHAND_DATABASE_URL for PostgreSQL.",
        ) from wrong
    except backup.NoSpace as space:
        raise Stop(
            ExitCode.DATABASE,
            f"The disk is too full for the backup before the update: {space.needed // 2**20 + 1} MB are needed.",
        ) from space
    except Foreign as foreign:
        raise Stop(
            ExitCode.DATABASE,
            f"{foreign} is a database of something else; it was left as it is."
            " Set STUDIOHAND_DATA_DIR to another folder, or move that file away.",
        ) from foreign
    except (Damaged, SQLAlchemyError, OSError) as error:
        log.error("database does not open", detail=str(getattr(error, "orig", None) or error).partition("\n")[0])
        raise Stop(
            ExitCode.DATABASE,
            "The database doesn't open. `studiohand doctor` says more; a backup can be put back with"
            " `studiohand db restore FILE`.",
        ) from error
    return database


async def delete_again(studio: StudioService) -> int:
    """Carry out again the deletions that an older copy of the database does not know of; return how many.

    Raises Stop(DATABASE) where the list of them was changed.
    """
    try:
        return await studio.delete_again_after_restore()
    except Tampered as changed:
        raise Stop(ExitCode.DATABASE, CHANGED_LIST.format(file=changed)) from changed
