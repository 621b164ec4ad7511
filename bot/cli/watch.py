"""`studiohand watch`: the command line of the companion on the DAW's machine."""

import argparse
import asyncio
import hashlib
import os
import signal
import ssl
import sys
from pathlib import Path

from stamina.instrumentation import set_on_retry_hooks

from bot.app.exits import ExitCode, Stop
from bot.bounces.remote_client import AddressRefused, KeyRefused, check_address
from bot.bounces.remote_watch import Companion, CompanionOptions
from bot.bounces.rules import bounce_rules
from bot.paths import default_data_dir

KEY = "STUDIOHAND_UPLOAD_KEY"


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `watch` to the command line."""
    watch = commands.add_parser("watch", help="watch a folder here and send its bounces to a bot elsewhere")
    watch.add_argument("folder", type=Path, metavar="FOLDER", help="the folder your DAW exports to")
    watch.add_argument("--to", required=True, metavar="URL", help="the bot's upload address, https://…")
    watch.add_argument("--audio", action="store_true", help="send the audio too, not only facts and peaks")
    watch.add_argument("--key-file", type=Path, help=f"file holding the key (default: {KEY} of the environment)")
    watch.add_argument("--ca", type=Path, help="certificate to trust (PEM), for a certificate of your own")
    watch.add_argument("--state", type=Path, help="folder for the queue (default: in your data directory)")
    watch.set_defaults(handler=run_watch)


def run_watch(options: argparse.Namespace) -> int:
    """Run until stopped. Raises Stop with the sentence that says what to do."""
    key = options.key_file.read_text(encoding="utf-8").strip() if options.key_file else os.environ.get(KEY, "").strip()
    if not key:
        raise Stop(ExitCode.SETTINGS, f"No key: make one with /bounce folder, and put it into {KEY} or --key-file.")
    try:
        address = check_address(options.to)
    except AddressRefused:
        raise Stop(
            ExitCode.SETTINGS, "The address has to begin with https:// (http:// only on this machine itself)."
        ) from None
    folder = options.folder.expanduser().absolute()
    if not folder.is_dir():
        raise Stop(ExitCode.SETTINGS, f"There is no folder {folder}.")
    mark = hashlib.sha256(f"{folder}\0{address}".encode()).hexdigest()[:12]
    state = options.state or default_data_dir() / "companion" / mark
    tls = ssl.create_default_context(cafile=options.ca) if options.ca else None
    # The uploader says itself what it waits for.
    set_on_retry_hooks(())
    companion = Companion(CompanionOptions(folder, address, key, state, options.audio, tls=tls), bounce_rules())
    return asyncio.run(_until_stopped(companion, folder, address))


async def _until_stopped(companion: Companion, folder: Path, address: str) -> int:
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(companion.run())
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, running.cancel)
        except NotImplementedError:  # Windows: Ctrl+C raises KeyboardInterrupt instead
            break
    sys.stdout.write(f"Watching {folder}, sending to {address}. Ctrl+C stops.\n")
    sys.stdout.flush()
    try:
        await running
    except asyncio.CancelledError:
        return ExitCode.FINE
    except ExceptionGroup as errors:
        if errors.subgroup(KeyRefused) is None:
            raise
        sentence = "The bot does not take this key. Make a new one with /bounce folder."
        raise Stop(ExitCode.TOKEN_REFUSED, sentence) from None
    return ExitCode.FINE
