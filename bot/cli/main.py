"""The command line: run, local, doctor, db, commands, settings. Areas add theirs in `ADDITIONS`."""

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot import __version__
from bot.app.exits import ExitCode, Stop
from bot.clock import SystemClock
from bot.private import private_files
from bot.settings import PREFIX, Settings, SettingsWrong, load_settings

if TYPE_CHECKING:
    from bot.app.app import App

ADDITIONS: tuple[str, ...] = ("bot.cli.watch", "bot.cli.work", "bot.cli.move", "bot.cli.archive")
"""Modules with `add_commands(subparsers)`: commands of areas (`watch`, `work`, …)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        with private_files():
            return int(options.handler(options))
    except SettingsWrong as wrong:
        print(wrong, file=sys.stderr)
        return ExitCode.SETTINGS
    except Stop as stop:
        print(stop.sentence, file=sys.stderr)
        return stop.code
    except OSError as error:
        # A folder that can't be written, a disk that is full, a file that is gone: not ours to mend, and no traceback.
        what = f"{error.filename} can't be used" if error.filename else "A file or folder can't be used"
        print(f"{what}: {error.strerror or error}.", file=sys.stderr)
        return ExitCode.SETTINGS
    except KeyboardInterrupt:
        return ExitCode.FINE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="studiohand", description="The studio hand that lives in your Discord server."
    )
    parser.add_argument("--version", action="version", version=f"Studiohand {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="join Discord with your token (without one: the local Discord)")
    run.add_argument("--local", action="store_true", help="run the local Discord even in a container")
    run.set_defaults(handler=_run)

    local = commands.add_parser("local", help="try everything on this computer, without a token")
    local.add_argument("--port", type=int, default=8780, help="port of the page (default 8780; 0: a free one)")
    local.add_argument("--data", type=Path, help="folder for its data (default: local in your data directory)")
    local.add_argument("--folder", type=Path, action="append", help="a folder your DAW exports to; may be repeated")
    local.add_argument("--json", action="store_true", help="print one JSON line with the addresses once ready")
    local.add_argument("--fresh", action="store_true", help="begin with an empty world and database")
    local.add_argument("--ai", action="store_true", help="use your AI key (without it none is used)")
    local.set_defaults(handler=_local)

    doctor = commands.add_parser("doctor", help="check token, folder, database, key, clock and ports")
    doctor.set_defaults(handler=_doctor)

    settings = commands.add_parser("settings", help="list every setting and what it means")
    settings.set_defaults(handler=_settings)

    db = commands.add_parser("db", help="back up, restore and check the database")
    db_commands = db.add_subparsers(required=True, metavar="ACTION")
    db_commands.add_parser("backup", help="make a backup now").set_defaults(handler=_db_backup)
    restore = db_commands.add_parser("restore", help="put a backup back; the bot must be stopped")
    restore.add_argument("file", type=Path)
    restore.set_defaults(handler=_db_restore)
    db_commands.add_parser("check", help="check the database for damage").set_defaults(handler=_db_check)

    sync = commands.add_parser("commands", help="the slash commands on Discord")
    sync_actions = sync.add_subparsers(required=True, metavar="ACTION")
    push = sync_actions.add_parser("sync", help="put the commands in step")
    push.add_argument("--dry-run", action="store_true", help="only print what would change")
    push.set_defaults(handler=_commands_sync)

    for name in ADDITIONS:
        import importlib

        importlib.import_module(name).add_commands(commands)
    return parser


# ---------------------------------------------------------------------- run


def _run(options: argparse.Namespace) -> int:
    # Nothing made while starting is garbage; the collector would walk it all a dozen times. On again once it runs.
    gc.disable()
    settings = load_settings()
    if settings.discord_token is None:
        if _in_container() and not options.local:
            raise Stop(
                ExitCode.SETTINGS,
                f"No Discord token: set {PREFIX}DISCORD_TOKEN (or _FILE), or add --local to try the local Discord.",
            )
        return _local(
            argparse.Namespace(port=8780, data=None, folder=settings.folders, json=False, fresh=False, ai=False),
            settings,
        )
    from bot.app.app import App

    return run_until_signal(settings, lambda: App(settings, SystemClock()))


def run_until_signal(settings: Settings, make: "Callable[[], App]") -> int:
    """Run an application until it ends or is asked to stop; return the exit code."""
    _start_log(settings)

    async def run() -> None:
        async with make() as app:
            await _until_signal(app.wait)

    return _run_async(run)


def _local(options: argparse.Namespace, settings: Settings | None = None) -> int:
    gc.disable()
    from bot.cli.local import LocalOptions, run_local

    settings = settings or load_settings(discord_token=None)
    chosen = LocalOptions(
        port=options.port,
        data_dir=options.data or settings.data_dir / "local",
        folders=tuple(options.folder or settings.folders or ()),
        as_json=options.json,
        fresh=options.fresh,
        uses_ai=options.ai,
    )
    _start_log(settings, quiet=not options.json and settings.log_level == "INFO")

    async def run() -> None:
        await run_local(settings, chosen, SystemClock(), _until_signal)

    return _run_async(run)


def _run_async(run: Callable[[], Awaitable[None]]) -> int:
    async def outer() -> None:
        await run()

    try:
        asyncio.run(outer())
    except Stop:
        raise
    except Exception:  # noqa: BLE001 - the last edge: one sentence for the terminal, the rest for the log
        import structlog

        structlog.stdlib.get_logger(__name__).exception("stopped by an unexpected error")
        print("Studiohand stopped: something broke on its side. The log says what.", file=sys.stderr)
        return ExitCode.UNEXPECTED
    finally:
        # The process ends: a last walk of the collector over all that was imported takes a second and finds nothing.
        gc.freeze()
    return ExitCode.FINE


async def _until_signal(wait: Callable[[], Awaitable[None]]) -> None:
    """Wait for the end of the work or for SIGTERM/SIGINT; a second signal ends the process at once."""
    # What is there after the start stays: walking it again and again would stop everything for 70 ms each time.
    gc.freeze()
    gc.enable()
    from bot.lifecycle import ended

    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def ask() -> None:
        if asked.is_set():
            os._exit(1)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, ask)
        except NotImplementedError:
            # Windows: the default handlers raise KeyboardInterrupt, which ends the loop as well.
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(ask))
    waiting = asyncio.ensure_future(wait())
    asking = asyncio.ensure_future(asked.wait())
    try:
        await asyncio.wait({waiting, asking}, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            await waiting
    finally:
        await ended(waiting, asking)


def _start_log(settings: Settings, *, quiet: bool = False) -> None:
    from bot.log import set_up_logging

    level = "WARNING" if quiet else settings.log_level
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    set_up_logging(json=as_json, level=level, secrets=settings.secrets())
    for name in ("alembic", "apscheduler"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # discord.py warns of voice libraries, which are of no use here.
    logging.getLogger("discord.client").setLevel(logging.ERROR)


def _in_container() -> bool:
    return Path("/.dockerenv").exists() or "container" in os.environ or "STUDIOHAND_IN_CONTAINER" in os.environ


# ---------------------------------------------------------------------- care


def _doctor(_options: argparse.Namespace) -> int:
    from bot.cli.doctor import examine

    return asyncio.run(examine(SystemClock()))


def _settings(_options: argparse.Namespace) -> int:
    for name, field in Settings.model_fields.items():
        print(f"{PREFIX}{name.upper()}\n    {field.description}")
    return ExitCode.FINE


def _db_backup(_options: argparse.Namespace) -> int:
    from bot.app.opening import prepare_data_dir
    from storage.backup import NoSpace, back_up, check_ours
    from storage.engine import open_engines
    from storage.failures import Damaged, Foreign

    settings = load_settings()
    prepare_data_dir(settings.data_dir)

    async def run() -> int:
        engines = open_engines(settings.database)
        if engines.file is None:
            print('For PostgreSQL: pg_dump --format=custom --file=studiohand.dump "$STUDIOHAND_DATABASE_URL"')
            return ExitCode.FINE
        if not engines.file.exists():
            raise Stop(ExitCode.DATABASE, "There is no database yet: nothing to back up.")
        try:
            check_ours(engines.file)
            made = await back_up(engines, settings.backup_dir, SystemClock().now())
        except Foreign as foreign:
            raise Stop(ExitCode.DATABASE, f"{foreign} is a database of something else.") from foreign
        except Damaged as damaged:
            raise Stop(
                ExitCode.DATABASE,
                f"No backup was made: the database is damaged ({damaged})."
                " Restore the newest one: studiohand db restore FILE.",
            ) from damaged
        except NoSpace as space:
            raise Stop(
                ExitCode.DATABASE,
                f"No backup was made: the disk is too full, {space.needed // 2**20 + 1} MB are needed."
                " The older ones are still there.",
            ) from space
        await engines.dispose()
        print(f"Backed up to {made.file} ({made.size_bytes // 1024} kB, checked).")
        return ExitCode.FINE

    return asyncio.run(run())


def _db_restore(options: argparse.Namespace) -> int:
    from bot.app.opening import CHANGED_LIST, delete_again, open_database, prepare_data_dir, single_instance
    from bot.studio.service import StudioService
    from storage import backup
    from storage.deletions import Tampered
    from storage.engine import open_engines
    from storage.failures import Damaged, Foreign

    settings, clock = load_settings(), SystemClock()

    async def delete() -> int:
        database = await open_database(settings, clock)
        try:
            return await delete_again(StudioService(database, clock, deletions=settings.deletions))
        finally:
            await database.close()

    target = open_engines(settings.database).file
    if target is None:
        raise Stop(ExitCode.DATABASE, "For PostgreSQL use pg_restore; this restores SQLite files.")
    if not options.file.is_file():
        raise Stop(ExitCode.DATABASE, f"There is no file {options.file}.")
    prepare_data_dir(settings.data_dir)
    with single_instance(settings.data_dir, clock):
        try:
            settings.deletions.read_blocking()
            kept = backup.restore(options.file, target, clock.now())
        except Tampered as changed:
            raise Stop(ExitCode.DATABASE, CHANGED_LIST.format(file=changed)) from changed
        except Damaged as damaged:
            raise Stop(ExitCode.DATABASE, f"That backup is damaged ({damaged}); nothing was changed.") from damaged
        except Foreign as foreign:
            raise Stop(ExitCode.DATABASE, f"{foreign} is no backup of Studiohand; nothing was changed.") from foreign
        # Said before the database is opened: one of a newer version is refused, and people must know where the old is.
        print("Restored." + (f" The replaced database is kept as {kept}, until the next restore." if kept else ""))
        again = asyncio.run(delete())
        # Not before this one has opened: until then the older ones may be what is needed.
        older = backup.drop_replaced(target, kept, options.file.absolute()) if kept else 0
    if older:
        print(f"Databases that earlier restores replaced are deleted: {older}. Only the last one is kept.")
    if again:
        print(f"People whose data was deleted since that backup are deleted again: {again}.")
    return ExitCode.FINE


def _db_check(_options: argparse.Namespace) -> int:
    from storage import backup
    from storage.engine import open_engines
    from storage.failures import Damaged, Foreign

    file = open_engines(load_settings().database).file
    if file is None:
        raise Stop(ExitCode.DATABASE, "For PostgreSQL use its own tools; this checks SQLite files.")
    if not file.exists():
        print("There is no database yet.")
        return ExitCode.FINE
    try:
        backup.check(file)
        backup.check_ours(file)
    except Foreign as foreign:
        raise Stop(ExitCode.DATABASE, f"{foreign} is a database of something else.") from foreign
    except Damaged as damaged:
        raise Stop(
            ExitCode.DATABASE,
            f"The database is damaged ({damaged}). Restore the newest backup: studiohand db restore FILE.",
        ) from damaged
    print("The database is sound.")
    return ExitCode.FINE


def _commands_sync(options: argparse.Namespace) -> int:
    settings = load_settings()
    if settings.discord_token is None:
        raise Stop(ExitCode.SETTINGS, f"Commands are synced with Discord itself: set {PREFIX}DISCORD_TOKEN.")
    from bot.app.app import App

    for line in asyncio.run(App(settings, SystemClock()).sync_commands(dry_run=options.dry_run)):
        print(line)
    return ExitCode.FINE
