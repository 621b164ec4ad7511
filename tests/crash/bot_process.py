"""The whole bot as a process to be killed: forked from a warm parent, so that a life begins in a fraction of a second.

Run as `python -m tests.crash.bot_process JSON`; each line "go" on its input forks one bot and prints its process id.
A bot that is ready writes its process id into the file `ready`; its log goes to the errors.
"""

import asyncio
import json
import os
import signal
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.actors import Actor
from bot.app.app import EXTENSIONS, App
from bot.clock import SystemClock
from bot.engine import EngineRules
from bot.local.payloads import Addresses
from bot.local.redirect import redirected
from bot.log import set_up_logging
from bot.rules import load_rules
from bot.settings import Settings
from bot.studio.service import Standing


async def live(told: dict[str, Any]) -> None:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        data_dir=Path(told["data"]),
        database_url=SecretStr(told["database"]),
        http_port=0,
        folders=[Path(told["folder"])],
        folder_owner=told["owner"],
        operators=[told["owner"]],
        discord_token=None,
        measure_workers=1,
    )
    # What takes minutes in life takes seconds here: the leases of the dead, and the look for what was sent before.
    rules = load_rules("engine", EngineRules).model_copy(update=told["rules"])
    app = App(
        settings,
        SystemClock(),
        token=told["token"],
        client_options={"guild_ready_timeout": 0.0},
        engine_rules=rules,
    )
    app.on_start.insert(0, lambda: choose_channel(app, told))
    async with app:
        await app.wait_ready()
        Path(told["ready"]).write_text(str(os.getpid()))
        await app.wait()


async def choose_channel(app: App, told: dict[str, Any]) -> None:
    """Name the channel of bounces, once, before the first file is looked at."""
    studio = app.services.studio
    if (await studio.guild_settings(told["guild"])).bounces_channel is None:
        standing = Standing(told["owner"], told["guild"], can_manage_server=True)
        await studio.save_guild(Actor.system("test"), standing, told["guild"], bounces_channel=told["channel"])


def main() -> None:
    told = json.loads(sys.argv[1])
    for name in EXTENSIONS:
        import_module(name)
    sys.stdout.write("warm\n")
    sys.stdout.flush()
    for line in sys.stdin:
        if line.strip() != "go":
            return
        child = os.fork()
        if child == 0:
            # The pipe to the parent is for process ids.
            os.dup2(2, 1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            set_up_logging(json=False, level=os.environ.get("CRASH_LOG", "WARNING"))
            try:
                with redirected(Addresses(**told["addresses"])):
                    asyncio.run(live(told))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    # The forks of a dead bot are not waited for: the kernel takes them away.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    main()
