"""A bot as a process of its own, for measuring: `bare` (stock discord.py, one command) or `studio`.

Prints one JSON line when ready (seconds since the process began), its log around it; then waits to be stopped.
"""

import asyncio
import gc
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


async def studio(token: str, data: Path, folder: Path, owner: int, guild: int, channel: int) -> None:
    # The collector rests while starting, as it does for `studiohand run`.
    gc.disable()
    from bot.actors import Actor
    from bot.app.app import App
    from bot.clock import SystemClock
    from bot.settings import Settings
    from bot.studio.service import Standing

    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        data_dir=data,
        http_port=0,
        folders=str(folder),  # type: ignore[arg-type]
        folder_owner=owner,
        operators=str(owner),  # type: ignore[arg-type]
        discord_token=None,
    )
    app = App(settings, SystemClock(), token=token, client_options={"guild_ready_timeout": 0.0})

    async def choose_channel() -> None:
        standing = Standing(owner, guild, can_manage_server=True)
        await app.services.studio.save_guild(Actor.system("bench"), standing, guild, bounces_channel=channel)

    app.on_start.insert(0, choose_channel)
    async with app:
        await app.wait_ready()
        _ready()
        gc.freeze()
        gc.enable()
        await app.wait()


def main() -> None:
    from bot.local.payloads import Addresses
    from bot.local.redirect import redirected

    kind, api, gateway, cdn, token, data, folder, owner, guild, channel, level = sys.argv[1:12]
    with redirected(Addresses(api, gateway, cdn)):
        if kind == "bare":
            asyncio.run(bare(token))
        else:
            from bot.log import set_up_logging

            set_up_logging(json=True, level=level, stream=sys.stdout)
            asyncio.run(studio(token, Path(data), Path(folder), int(owner), int(guild), int(channel)))


if __name__ == "__main__":
    main()
