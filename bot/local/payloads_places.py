"""People, guilds, channels and threads as Discord sends them."""

from dataclasses import dataclass

from bot.local.ids import born_at
from bot.local.model import Channel, ChannelType, Guild, Member, Role, User, Wire
from bot.local.permissions import Permission
from bot.local.world import World

OBFUSCATED = 1 << 17


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the three parts of Discord are found; without a slash at the end."""

    api: str
    gateway: str
    cdn: str


class PlacePayloads:
    """Build users, members, roles, guilds and channels."""

    def __init__(self, world: World, addresses: Addresses) -> None:
        self.world = world
        self.addresses = addresses

    # People

    def user(self, user: User) -> Wire:
        body: Wire = {
            "id": str(user.id),
            "username": user.username,
            "discriminator": "0",
            "global_name": None if user.is_bot else user.display_name,
            "avatar": None,
            "banner": None,
            "accent_color": None,
            "public_flags": 0,
            "flags": 0,
            "avatar_decoration_data": None,
            "collectibles": None,
            "primary_guild": None,
        }
        if user.is_bot:
            body["bot"] = True
        return body

    def myself(self) -> Wire:
        """Return the bot's own user with the parts only it sees."""
        return {
            **self.user(self.world.bot),
            "mfa_enabled": True,
            "locale": "en-US",
            "verified": True,
            "email": None,
            "premium_type": 0,
        }

    def member(self, guild: Guild, member: Member, *, with_user: bool = True) -> Wire:
        body: Wire = {
            "roles": [str(i) for i in member.role_ids],
            "nick": member.nick,
            "avatar": None,
            "banner": None,
            "joined_at": member.joined_at.isoformat(),
            "premium_since": None,
            "communication_disabled_until": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
        }
        if with_user:
            body["user"] = self.user(self.world.users[member.user_id])
        return body

    def role(self, role: Role) -> Wire:
        body: Wire = {
            "id": str(role.id),
            "name": role.name,
            "description": None,
            "permissions": str(role.permissions),
            "position": role.position,
            "color": role.color,
            "colors": {"primary_color": role.color, "secondary_color": None, "tertiary_color": None},
            "hoist": role.hoist,
            "managed": role.managed_by is not None,
            "mentionable": role.mentionable,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }
        if role.managed_by is not None:
            body["tags"] = {"bot_id": str(role.managed_by)}
        return body

    # Places

    def guild(self, guild: Guild) -> Wire:
        return {
            "id": str(guild.id),
            "name": guild.name,
            "owner_id": str(guild.owner_id),
            "roles": [self.role(r) for r in guild.roles.values()],
            "icon": None,
            "description": None,
            "home_header": None,
            "splash": None,
            "discovery_splash": None,
            "features": [],
            "banner": None,
            "application_id": None,
            "region": "deprecated",
            "afk_channel_id": None,
            "afk_timeout": 300,
            "system_channel_id": str(guild.system_channel_id) if guild.system_channel_id else None,
            "system_channel_flags": 0,
            "widget_enabled": False,
            "widget_channel_id": None,
            "verification_level": 0,
            "default_message_notifications": 0,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "max_presences": None,
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": None,
            "premium_tier": guild.premium_tier,
            "premium_subscription_count": 0,
            "preferred_locale": guild.locale,
            "rules_channel_id": None,
            "safety_alerts_channel_id": None,
            "public_updates_channel_id": None,
            "premium_progress_bar_enabled": False,
            "nsfw": False,
            "nsfw_level": 0,
            "emojis": [],
            "stickers": [],
            "incidents_data": None,
        }

    def guild_create(self, guild: Guild, *, all_members: bool = False) -> Wire:
        """Return the large guild object of the gateway. Without the members intent only the bot is listed."""
        me = self.world.application.bot_id
        members = [m for m in guild.members.values() if all_members or m.user_id == me]
        return {
            **self.guild(guild),
            "joined_at": guild.members[me].joined_at.isoformat(),
            "large": False,
            "unavailable": False,
            "member_count": len(guild.members),
            "voice_states": [],
            "members": [self.member(guild, m) for m in members],
            "channels": [self.channel_for_bot(c) for c in self.world.channels_of(guild.id)],
            "threads": [self.channel(c) for c in self.world.threads_of(guild.id) if not c.archived],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def is_seen(self, channel: Channel) -> bool:
        """Tell whether the bot may view a channel."""
        return bool(self.world.permissions(channel, self.world.application.bot_id) & Permission.VIEW_CHANNEL)

    def channel_for_bot(self, channel: Channel) -> Wire:
        """Return a channel as the gateway tells the bot of it: one that it can't view comes obfuscated.

        Source: docs.discord.com/developers/resources/channel (Obfuscated Channels), from 2026-11-16 on.
        """
        body = self.channel(channel)
        if channel.guild_id is None or channel.is_thread or self.is_seen(channel):
            return body
        hides = {
            "id": str(channel.guild_id),
            "type": 0,
            "allow": "0",
            "deny": str(int(Permission.VIEW_CHANNEL)),
        }
        return body | {
            "name": "___hidden___",
            "flags": OBFUSCATED,
            "topic": None,
            "last_message_id": None,
            "nsfw": False,
            "rate_limit_per_user": 0,
            "permission_overwrites": [hides],
        }

    def channel(self, channel: Channel, *, for_user: int | None = None) -> Wire:
        """Return a channel, thread or conversation; with `for_user` also what that person may do there."""
        body: Wire = {
            "id": str(channel.id),
            "type": channel.type,
            "flags": 0,
            "last_message_id": _text(channel.last_message_id),
        }
        if channel.is_conversation:
            me = self.world.application.bot_id
            others = [i for i in channel.recipient_ids if i != me]
            body["recipients"] = [self.user(self.world.users[i]) for i in others]
            if channel.type == ChannelType.GROUP_DM:
                body |= {"name": channel.name or None, "icon": None, "owner_id": _text(channel.owner_id)}
            return body
        body |= {
            "guild_id": str(channel.guild_id),
            "name": channel.name,
            "parent_id": _text(channel.parent_id),
            "rate_limit_per_user": channel.slowmode_s,
            "nsfw": channel.nsfw,
        }
        if channel.is_thread:
            body |= self._thread(channel)
        else:
            body |= {
                "topic": channel.topic,
                "position": channel.position,
                "permission_overwrites": [
                    {
                        "id": str(o.target_id),
                        "type": int(o.is_member),
                        "allow": str(o.allow),
                        "deny": str(o.deny),
                    }
                    for o in channel.overwrites
                ],
            }
        if for_user is not None:
            body["permissions"] = str(self.world.permissions(channel, for_user))
        return body

    def _thread(self, thread: Channel) -> Wire:
        said = sum(1 for _ in self.world.history(thread.id))
        body: Wire = {
            "owner_id": _text(thread.owner_id),
            "message_count": said,
            "total_message_sent": said,
            "member_count": len(thread.thread_member_ids),
            "thread_metadata": {
                "archived": thread.archived,
                "archive_timestamp": (thread.archived_at or born_at(thread.id)).isoformat(),
                "auto_archive_duration": thread.auto_archive_min,
                "locked": thread.locked,
                "create_timestamp": born_at(thread.id).isoformat(),
            },
        }
        if thread.type == ChannelType.PRIVATE_THREAD:
            body["thread_metadata"]["invitable"] = thread.invitable
        if self.world.application.bot_id in thread.thread_member_ids:
            body["member"] = self.thread_member(thread, self.world.application.bot_id)
        return body

    def thread_member(self, thread: Channel, user_id: int) -> Wire:
        return {
            "id": str(thread.id),
            "user_id": str(user_id),
            "join_timestamp": born_at(thread.id).isoformat(),
            "flags": 0,
        }


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)
