"""Point discord.py at a local Discord and back. The only module here that knows discord.py."""

from collections.abc import Iterator
from contextlib import contextmanager

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.local.payloads import Addresses


@contextmanager
def redirected(addresses: Addresses) -> Iterator[None]:
    """Let every client of this process talk to `addresses`; restore the real ones on exit.

    The three attributes are global to the process, so there is one local Discord at a time.
    """
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE
    Route.BASE = addresses.api
    # Must be a URL object: discord.py adds the query to it.
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(addresses.gateway)
    setattr(discord.Asset, "BASE", addresses.cdn)  # noqa: B010 - typed as a literal
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before[:2]
        setattr(discord.Asset, "BASE", before[2])  # noqa: B010


@contextmanager
def reached_by(api: str) -> Iterator[None]:
    """Let REST requests of this process go to `api` instead of Discord itself: a shared rate limiter before it."""
    before = Route.BASE
    Route.BASE = api
    try:
        yield
    finally:
        Route.BASE = before
