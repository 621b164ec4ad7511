"""`studiohand work`: a further process that only works, on any machine that reaches the same PostgreSQL."""

import argparse

from bot.app.exits import ExitCode, Stop
from bot.clock import SystemClock
from bot.settings import PREFIX, load_settings


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `work` to the command line."""
    work = commands.add_parser("work", help="plan and send beside a running bot, on the same PostgreSQL")
    work.set_defaults(handler=run_work)


def run_work(options: argparse.Namespace) -> int:
    """Work until stopped. Raises Stop with the sentence that says what is missing."""
    from bot.cli.main import run_until_signal

    settings = load_settings()
    if settings.database_url is None or not settings.database.startswith("postgres"):
        raise Stop(
            ExitCode.SETTINGS,
            f"Working with several processes needs PostgreSQL: set {PREFIX}DATABASE_URL to the one of the bot.",
        )
    if settings.discord_token is None:
        raise Stop(ExitCode.SETTINGS, f"No Discord token: set {PREFIX}DISCORD_TOKEN to the one of the bot.")
    from bot.app.app import App

    return run_until_signal(settings, lambda: App(settings, SystemClock(), works_only=True))
