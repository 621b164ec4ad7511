"""discord.py with nothing replaced: Discord's own names, over TLS, resolved to the local server."""

import asyncio
import socket
import ssl
from typing import Any

import aiohttp
import discord
import pytest
import trustme
import yarl
from aiohttp.abc import AbstractResolver, ResolveResult
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.clock import FixedClock
from bot.local.model import InteractionState
from bot.local.payloads import Addresses
from bot.local.redirect import redirected
from bot.local.server import LocalDiscord
from tests.wire.openapi import SHARED
from tests.wire.samplebot import PNG, picture

HOSTS = ("discord.com", "gateway.discord.gg", "cdn.discordapp.com")
REAL = Addresses("https://discord.com/api/v10", "wss://gateway.discord.gg", "https://cdn.discordapp.com")


class EveryHostHere(AbstractResolver):
    """Resolve every name to one port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.asked: set[str] = set()

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        self.asked.add(host)
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=self._port, family=socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None: ...


async def test_a_command_with_a_file_runs_with_nothing_patched(clock: FixedClock) -> None:
    authority = trustme.CA()
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*HOSTS).configure_cert(server_tls)
    client_tls = ssl.create_default_context()
    authority.configure_trust(client_tls)
    read: list[bytes] = []

    @app_commands.command()
    async def card(interaction: discord.Interaction[Any]) -> None:
        """Send a picture and read it back."""
        await interaction.response.send_message(file=picture())
        sent = await interaction.original_response()
        read.append(await sent.attachments[0].read())

    async with LocalDiscord(clock, tls=server_tls, addresses=REAL, validator=SHARED.openapi) as server:
        resolver = EveryHostHere(server.port)
        connector = aiohttp.TCPConnector(resolver=resolver, ssl=client_tls)
        client = discord.Client(intents=discord.Intents(guilds=True), connector=connector, guild_ready_timeout=0.0)
        tree = app_commands.CommandTree(client)
        tree.add_command(card)

        async def sync() -> None:
            await tree.sync()

        client.setup_hook = sync  # type: ignore[method-assign]
        running = asyncio.ensure_future(client.start(server.token))
        await server.until(lambda: server.gateway.online or running.done())
        await client.wait_until_ready()
        asked = server.person("Ada").slash("card")
        await server.until(lambda: asked.state is InteractionState.ANSWERED)
        while not read:
            await asyncio.sleep(0.01)
        await client.close()
        await running
        assert read == [PNG]
        assert resolver.asked == set(HOSTS)
        assert server.core.violations == []
        assert server.core.unknown_routes == []


def test_the_three_addresses_of_discord_py_are_where_they_were() -> None:
    assert isinstance(Route.BASE, str)
    assert Route.BASE.endswith("/api/v10")
    assert isinstance(DiscordWebSocket.DEFAULT_GATEWAY, yarl.URL)
    assert discord.Asset.BASE.startswith("https://")


def test_the_addresses_come_back_also_after_an_error() -> None:
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE
    with pytest.raises(RuntimeError), redirected(Addresses("http://a/api/v10", "ws://a/gateway", "http://a/cdn")):
        assert Route("GET", "/users/@me").url == "http://a/api/v10/users/@me"
        raise RuntimeError
    assert before == (Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE)
