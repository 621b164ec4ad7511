"""Acknowledgement on real time: the server has its own thread, so a bot that blocks cannot stop the clock."""

import asyncio
import threading
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.clock import SystemClock
from bot.local.model import InteractionState
from bot.local.redirect import redirected
from bot.local.server import ThreadedLocalDiscord


async def test_a_bot_that_blocks_is_seen_to_fail_after_three_seconds() -> None:
    free = threading.Event()

    @app_commands.command()
    async def block(interaction: discord.Interaction[Any]) -> None:
        """Block the loop."""
        free.wait(3.5)
        try:
            await interaction.response.send_message("too late")
        except discord.NotFound as error:
            codes.append(error.code)

    codes: list[int] = []
    async with ThreadedLocalDiscord(SystemClock()) as discord_server:
        with redirected(discord_server.server.addresses):
            bot = commands.Bot("!", intents=discord.Intents(guilds=True), guild_ready_timeout=0.0)
            bot.tree.add_command(block)

            async def sync() -> None:
                await bot.tree.sync()

            bot.setup_hook = sync  # type: ignore[method-assign]
            running = asyncio.ensure_future(bot.start(discord_server.server.token))
            await discord_server.call(lambda server: server.until(lambda: server.gateway.online))
            await bot.wait_until_ready()
            asked = await discord_server.call(lambda server: server.person("Ada").slash("block"))
            await discord_server.call(lambda server: server.until(lambda: asked.state is InteractionState.FAILED))
            assert asked.failure == "The application did not respond"
            while not codes:
                await asyncio.sleep(0.02)
            assert codes == [10062]
            await bot.close()
            await running
