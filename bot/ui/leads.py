"""Who leads a server, as Discord says: its owner, and those who may manage it or have the lead role."""

from collections.abc import Sequence

import discord

from bot.actors import GuildId
from bot.clients.ports import Leading
from bot.studio.service import Standing, StudioService


class DiscordLeads:
    """Asks Discord about people one by one, since members are not told to me."""

    def __init__(self, client: discord.Client, studio: StudioService) -> None:
        self._client = client
        self._studio = studio

    async def among(self, server: int, people: Sequence[int]) -> Leading:
        """Return the server's owner, and which of these people lead it; nobody where Discord doesn't say."""
        try:
            guild = self._client.get_guild(server) or await self._client.fetch_guild(server, with_counts=False)
        except discord.HTTPException:
            return Leading()
        leads = [person for person in people if await self._leads(guild, person)]
        return Leading(guild.owner_id, tuple(leads))

    async def _leads(self, guild: discord.Guild, person: int) -> bool:
        try:
            member = guild.get_member(person) or await guild.fetch_member(person)
        except discord.HTTPException:
            return False
        roles = frozenset(role.id for role in member.roles)
        standing = Standing(person, GuildId(guild.id), roles, member.guild_permissions.manage_guild)
        return await self._studio.is_manager(standing)
