"""`studiohand archive`: a person's whole history into a folder, and back from a file, without Discord's limits."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

from bot.actors import Actor
from bot.app.exits import ExitCode, Stop
from bot.clock import SystemClock
from bot.errors import BotError, Refused
from bot.imports.wording import reasons
from bot.say.words import Catalogue
from bot.settings import PREFIX, Settings, load_settings


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `archive` to the command line."""
    archive = commands.add_parser("archive", help="write somebody's archive into a folder, or take one over")
    actions = archive.add_subparsers(required=True, metavar="ACTION")
    export = actions.add_parser("export", help="write digests, catalogue, waveforms, loops, form maps and releases")
    export.add_argument("folder", type=Path, metavar="FOLDER", help="where the zip goes")
    export.add_argument("--span", choices=("month", "quarter", "all"), default="all", help="how far back (default all)")
    export.add_argument("--coach", action="store_true", help="add coach weeks and goals; never energy or load")
    export.add_argument("--audio", action="store_true", help="add the audio that is still held")
    export.add_argument("--part-mb", type=int, metavar="MB", help="split into parts of at most this size")
    export.set_defaults(handler=run_export)
    take = actions.add_parser("import", help="take over the catalogue of an archive")
    take.add_argument("file", type=Path, metavar="FILE", help="the zip, or the catalogue.json in it")
    take.set_defaults(handler=run_import)
    for parser in (export, take):
        parser.add_argument("--person", type=int, metavar="ID", help="whose: a Discord id (default: the folder owner)")


def run_export(options: argparse.Namespace) -> int:
    """Write the archive and say its size. Raises Stop with the sentence that says what to do."""
    from bot.app.app import App

    settings = load_settings()
    person = _person(settings, options.person)
    flags = ("c" if options.coach else "") + ("a" if options.audio else "")
    limit = options.part_mb * 1_000_000 if options.part_mb else None
    folder = options.folder.expanduser().absolute()

    async def run() -> None:
        async with App(settings, SystemClock()).at_hand() as services:
            choice = services.archive.choice(options.span, flags)
            try:
                plan, paths = await services.archive.build(person, choice, limit, print, folder)
            except BotError as error:
                raise _told(error, services.catalogue) from error
            for path, size in zip(paths, plan.sizes(), strict=True):
                print(f"{path} ({size / 1_000_000:.1f} MB)")
            for item in plan.left_out:
                print(f"left out: {item.name}, {item.reason}")

    asyncio.run(run())
    return ExitCode.FINE


def run_import(options: argparse.Namespace) -> int:
    """Take an archive's catalogue over. Raises Stop with the sentence that says what to do."""
    from bot.app.app import App

    settings = load_settings()
    person = _person(settings, options.person)
    path = options.file.expanduser()
    try:
        size = path.stat().st_size
        source = path.open("rb")
    except OSError as error:
        raise Stop(ExitCode.SETTINGS, f"{options.file} can't be read: {error.strerror}.") from error

    async def run() -> int:
        async with App(settings, SystemClock()).at_hand() as services:
            actor = Actor.system("archive")
            try:
                taken = await services.archive.takeover.take(actor, person, size, _blocks(source), here=True)
            except BotError as error:
                raise _told(error, services.catalogue) from error
            if taken.problems:
                words = services.catalogue.words("en")
                lines = [words("digest.archive.refused"), *reasons(taken.problems, words)]
                raise Stop(ExitCode.SETTINGS, "\n  ".join(line.plain for line in lines))
            return taken.new

    with source:
        print(f"Bounces taken over: {asyncio.run(run())}. Those that were known already stayed as they are.")
    return ExitCode.FINE


async def _blocks(source: IO[bytes]) -> AsyncIterator[bytes]:
    while block := await asyncio.to_thread(source.read, 1 << 20):
        yield block


def _person(settings: Settings, given: int | None) -> int:
    person = given or settings.folder_owner or next(iter(settings.operators), None)
    if person is None:
        raise Stop(ExitCode.SETTINGS, f"Whose archive? Give --person ID, or set {PREFIX}FOLDER_OWNER.")
    return person


def _told(error: BotError, catalogue: Catalogue) -> Stop:
    """Return the sentence that people would read."""
    words = catalogue.words("en")
    code, parts = (error.code, error.parts) if isinstance(error, Refused) else ("unexpected", {"ref": "-"})
    return Stop(ExitCode.SETTINGS, words(f"error.{code}", **parts).plain)
