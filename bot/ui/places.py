"""What I may do where: asked of Discord before a channel is chosen, and shown in health."""

from typing import cast

import discord

from bot.errors import Refused
from bot.say.card import raw
from bot.ui.base import Turn


async def bot_rights(
    guild: discord.Guild, channel: discord.abc.GuildChannel, user: discord.ClientUser | None
) -> discord.Permissions:
    """Return the bot's permissions in a channel; members are not cached, so it is asked for once.

    A channel that I can't view comes without its name and with one overwrite that says so (Discord's change log of
    2026-11-16): its permissions come out right.
    """
    # discord.py says that `me` is always there; without a member cache it is not.
    me = cast("discord.Member | None", guild.me)
    if me is None and user is not None:
        me = await guild.fetch_member(user.id)
    return channel.permissions_for(me) if me is not None else discord.Permissions.none()


async def must_be_seen(turn: Turn, *channel_ids: int | None) -> None:
    """Raise Refused("channel_hidden") where somebody chose a channel of this server that I can't view.

    Discord offers people every channel that they see themselves.
    """
    guild = turn.interaction.guild
    for channel_id in filter(None, channel_ids):
        channel = guild.get_channel(channel_id) if guild is not None else None
        if guild is not None and channel is not None:
            rights = await bot_rights(guild, channel, turn.interaction.client.user)
            if not rights.view_channel:
                raise Refused("channel_hidden", channel=raw(f"<#{channel_id}>"))


async def must_be_theirs(turn: Turn, channel_id: int | None) -> None:
    """Raise Refused("channel_not_yours") where somebody chose a channel that they may not write in themselves.

    What I post for somebody is no way round what Discord lets them do. Raises Refused("channel_hidden") as well.
    """
    if channel_id is None:
        return
    await must_be_seen(turn, channel_id)
    guild, member = turn.interaction.guild, turn.interaction.user
    channel = guild.get_channel_or_thread(channel_id) if guild is not None else None
    if channel is None or not isinstance(member, discord.Member):
        raise Refused("channel_not_yours")
    rights = channel.permissions_for(member)
    if not (rights.send_messages_in_threads if isinstance(channel, discord.Thread) else rights.send_messages):
        raise Refused("channel_not_yours")
