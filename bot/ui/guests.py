"""For whom I still post where: somebody who left a server, or lost its member role, speaks there no more through me."""

import asyncio
from datetime import datetime, timedelta

import aiohttp
import discord
import structlog

from bot.clock import Clock
from bot.studio.service import Standing, StudioService
from bot.ui.cards import ui_rules

log = structlog.stdlib.get_logger(__name__)
_MOST_KNOWN = 5_000
_NO_ANSWER = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)
_NOT_THERE = frozenset({10007, 10013})
"""Discord's codes for somebody who is no member, or nobody at all."""


class ServerGuests:
    """Asks Discord, and knows the answer for some minutes. Where it does not answer nobody is kept from speaking."""

    def __init__(self, client: discord.Client, studio: StudioService, clock: Clock, operators: frozenset[int]) -> None:
        self._client, self._studio, self._clock, self._operators = client, studio, clock, operators
        self._places: dict[int, int] = {}
        self._known: dict[tuple[int, int], tuple[datetime, asyncio.Task[bool]]] = {}

    async def may_speak(self, owner: int, channel_id: int) -> bool:
        """Say whether somebody belongs where a channel is. Servers speak for themselves, and so does who runs me."""
        if owner in self._operators:
            return True
        guild_id = await self._guild_of(channel_id)
        if guild_id in (None, owner):
            return True
        now = self._clock.now()
        until, asked = self._known.get((guild_id, owner), (now, None))
        if asked is None or until <= now:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            asked = asyncio.ensure_future(self._ask(guild_id, owner))
            self._known[guild_id, owner] = now + timedelta(seconds=ui_rules().guest_known_s), asked
        return await asyncio.shield(asked)

    async def _guild_of(self, channel_id: int) -> int | None:
        channel = self._client.get_channel(channel_id)
        known = getattr(getattr(channel, "guild", None), "id", None) or self._places.get(channel_id)
        if known is not None or channel is not None:
            return known
        try:
            # A process that only works is told of no servers.
            fetched = await self._client.fetch_channel(channel_id)
        except _NO_ANSWER:
            return None
        found: int | None = getattr(getattr(fetched, "guild", None), "id", None)
        if found is not None:
            self._places[channel_id] = found
        return found

    async def _ask(self, guild_id: int, owner: int) -> bool:
        try:
            guild = self._client.get_guild(guild_id) or await self._client.fetch_guild(guild_id, with_counts=False)
            member = await guild.fetch_member(owner)
        except _NO_ANSWER as error:
            if isinstance(error, discord.NotFound) and error.code in _NOT_THERE:
                return False
            log.info("could not ask who is there", why=type(error).__name__)
            return True
        roles = frozenset(role.id for role in member.roles)
        standing = Standing(owner, guild_id, roles, member.guild_permissions.manage_guild)
        return await self._studio.missing_role(standing) is None
