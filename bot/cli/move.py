"""`studiohand move-to-postgres`: take everything from the SQLite file to PostgreSQL. The file stays as it is."""

import argparse
import asyncio

from bot.app.exits import ExitCode, Stop
from bot.clock import SystemClock
from bot.settings import PREFIX, load_settings


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `move-to-postgres` to the command line."""
    move = commands.add_parser(
        "move-to-postgres", help="copy the SQLite database into the PostgreSQL of the settings; stop the bot first"
    )
    move.set_defaults(handler=run_move)


def run_move(_options: argparse.Namespace) -> int:
    """Copy, compare, and say what was moved. Raises Stop with the sentence that says what is in the way."""
    settings = load_settings()
    if settings.database_url is None or not settings.database.startswith("postgres"):
        raise Stop(ExitCode.SETTINGS, f"Say where to: set {PREFIX}DATABASE_URL to your PostgreSQL.")
    file = settings.data_dir / "studiohand.db"
    if not file.exists():
        raise Stop(ExitCode.DATABASE, f"There is no database {file}: nothing to move.")
    from bot.app.opening import single_instance
    from storage import moving
    from storage.backup import check, check_ours
    from storage.engine import open_engines, sqlite_url
    from storage.failures import Damaged, Foreign

    async def run() -> moving.Moved:
        check(file)
        check_ours(file)
        source, target = open_engines(sqlite_url(file)), open_engines(settings.database)
        try:
            return await moving.move(source, target)
        finally:
            await source.dispose()
            await target.dispose()

    with single_instance(settings.data_dir, SystemClock()):
        try:
            moved = asyncio.run(run())
        except Foreign as foreign:
            raise Stop(ExitCode.DATABASE, f"{file} is a database of something else: nothing to move.") from foreign
        except Damaged as damaged:
            raise Stop(
                ExitCode.DATABASE,
                f"The database is damaged ({damaged}); nothing was moved. Restore the newest backup first:"
                " studiohand db restore FILE.",
            ) from damaged
        except moving.OtherRevision as other:
            raise Stop(
                ExitCode.DATABASE,
                "The file was last used by another version of Studiohand. Start this version on it once, then move.",
            ) from other
        except moving.HoldsOtherData as holds:
            raise Stop(
                ExitCode.DATABASE,
                "That PostgreSQL database already has data of its own; nothing was changed. Give an empty database.",
            ) from holds
        except moving.NotTheSame as differs:
            raise Stop(
                ExitCode.DATABASE,
                f"What arrived in the table {differs} is not what was sent; nothing was kept. Please report this.",
            ) from differs
        except moving.Unreachable as error:
            raise Stop(
                ExitCode.DATABASE, f"The move did not succeed and nothing was kept. The database says: {error}"
            ) from error
    if moved.without_nul:
        print(f"{moved.without_nul:,} rows had the character NUL in a text; PostgreSQL holds none, so it was left out.")
    print(
        f"Moved {moved.rows:,} rows of {moved.tables} tables, each table counted and compared."
        f"\n{file} is unchanged: keep it until you trust the new place."
        f" From now on start with {PREFIX}DATABASE_URL set."
    )
    return ExitCode.FINE
