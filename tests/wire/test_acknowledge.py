"""Acknowledgement: the server has its own thread, so a bot that blocks cannot stop the clock."""

import asyncio
import threading
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.clock import FixedClock
from bot.local.model import Interaction, InteractionState
from bot.local.redirect import redirected
from bot.local.server import LocalDiscord, ThreadedLocalDiscord


async def test_a_bot_that_blocks_is_seen_to_fail_after_three_seconds(clock: FixedClock) -> None:
    blocking, free = threading.Event(), threading.Event()
    answered = asyncio.Event()

    async def ask(server: LocalDiscord) -> Interaction:
        asked = server.person("Ada").slash("block")
        async with asyncio.timeout(60):
            while not blocking.is_set():
                await asyncio.sleep(0.001)
        clock.advance(seconds=2.999)
        server.core.interactions.expire()
        assert asked.state is InteractionState.WAITING
        clock.advance(seconds=0.001)
        await server.until(lambda: asked.state is InteractionState.FAILED, 60)
        free.set()
        return asked

    @app_commands.command()
    async def block(interaction: discord.Interaction[Any]) -> None:
        """Block the loop."""
        blocking.set()
        free.wait(60)
        try:
            await interaction.response.send_message("too late")
        except discord.NotFound as error:
            codes.append(error.code)
        answered.set()

    codes: list[int] = []
    async with ThreadedLocalDiscord(clock) as discord_server:
        with redirected(discord_server.server.addresses):
            bot = commands.Bot("!", intents=discord.Intents(guilds=True), guild_ready_timeout=0.0)
            bot.tree.add_command(block)

            async def sync() -> None:
                await bot.tree.sync()

            bot.setup_hook = sync  # type: ignore[method-assign]
            running = asyncio.ensure_future(bot.start(discord_server.server.token))
            await discord_server.call(lambda server: server.until(lambda: server.gateway.online))
            await bot.wait_until_ready()
            asked = await discord_server.call(ask)
            assert asked.failure == "The application did not respond"
            async with asyncio.timeout(60):
                await answered.wait()
            assert codes == [10062]
            await bot.close()
            await running
