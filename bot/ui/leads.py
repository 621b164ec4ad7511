"""Who leads a server, as Discord says: its owner, and those who may manage it or have the lead role."""

import asyncio
from collections.abc import Sequence

import discord

from bot.actors import GuildId
from bot.clients.ports import Leading
from bot.studio.service import Standing, StudioService

_KEPT_S = 60


class DiscordLeads:
    """Asks Discord about people one by one, since members are not told to me; many clients of a server ask at once."""

    def __init__(self, client: discord.Client, studio: StudioService) -> None:
        self._client = client
        self._studio = studio
        self._kept: dict[tuple[int, int], tuple[float, bool]] = {}

    async def among(self, server: int, people: Sequence[int]) -> Leading:
        """Return the server's owner, and which of these people lead it; nobody where Discord doesn't say."""
        try:
            guild = self._client.get_guild(server) or await self._client.fetch_guild(server, with_counts=False)
        except discord.HTTPException:
            return Leading()
        now = asyncio.get_running_loop().time()
        self._kept = {key: known for key, known in self._kept.items() if now - known[0] < _KEPT_S}
        for person in people:
            if (server, person) not in self._kept:
                self._kept[server, person] = now, await self._leads(guild, person)
        leads = [person for person in people if self._kept[server, person][1]]
        return Leading(guild.owner_id, tuple(leads))

    async def _leads(self, guild: discord.Guild, person: int) -> bool:
        try:
            member = guild.get_member(person) or await guild.fetch_member(person)
        except discord.HTTPException:
            return False
        roles = frozenset(role.id for role in member.roles)
        standing = Standing(person, GuildId(guild.id), roles, member.guild_permissions.manage_guild)
        return await self._studio.is_manager(standing)
