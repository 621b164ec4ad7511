"""A bot as a process of its own, for measuring: `bare` (stock discord.py, one command) or `studio`.

Prints one JSON line when ready: seconds since the process began and resident memory; then waits to be stopped.
"""

import asyncio
import json
import os
import sys
from pathlib import Path


def _ready() -> None:
    import time

    import psutil

    process = psutil.Process()
    line = {"ready_s": time.time() - process.create_time(), "pid": os.getpid()}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def bare(token: str) -> None:
    import discord
    from discord import app_commands

    client = discord.Client(intents=discord.Intents(guilds=True), guild_ready_timeout=0.0)
    tree = app_commands.CommandTree(client)

    @tree.command(name="ping", description="Answer")
    async def ping(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("pong", ephemeral=True)

    @client.event
    async def on_ready() -> None:
        _ready()

    async def setup() -> None:
        await tree.sync()

    client.setup_hook = setup  # type: ignore[method-assign]
    await client.start(token)


async def studio(token: str, data: Path, folder: Path, owner: int) -> None:
    from bot.app import App
    from bot.clock import SystemClock
    from bot.settings import Settings

    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        data_dir=data,
        http_port=0,
        folders=str(folder),  # type: ignore[arg-type]
        folder_owner=owner,
        operators=str(owner),  # type: ignore[arg-type]
        discord_token=None,
    )
    async with App(settings, SystemClock(), token=token, client_options={"guild_ready_timeout": 0.0}) as app:
        await app.wait_ready()
        _ready()
        await app.wait()


def main() -> None:
    from bot.local.payloads import Addresses
    from bot.local.redirect import redirected

    kind, api, gateway, cdn, token, data, folder, owner = sys.argv[1:9]
    with redirected(Addresses(api, gateway, cdn)):
        if kind == "bare":
            asyncio.run(bare(token))
        else:
            from bot.log import set_up_logging

            set_up_logging(json=True, level="WARNING")
            asyncio.run(studio(token, Path(data), Path(folder), int(owner)))


if __name__ == "__main__":
    main()
