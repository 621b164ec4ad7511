"""One builder for each object as Discord sends it. Built anew every time, so an edit is never lost."""

from dataclasses import dataclass
from typing import Any

from bot.local.files import signed_query
from bot.local.ids import born_at
from bot.local.model import (
    Attachment,
    Channel,
    ChannelType,
    Command,
    Guild,
    Interaction,
    Member,
    Message,
    Role,
    User,
    Wire,
)
from bot.local.permissions import ALL
from bot.local.world import World


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the three parts of Discord are found; without a slash at the end."""

    api: str
    gateway: str
    cdn: str


class Payloads:
    """Build wire objects from the world."""

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
            "system_channel_id": None,
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
            "channels": [self.channel(c) for c in self.world.channels_of(guild.id)],
            "threads": [self.channel(c) for c in self.world.threads_of(guild.id) if not c.archived],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
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

    # Messages

    def attachment(self, attachment: Attachment) -> Wire:
        url = self.attachment_url(attachment)
        body: Wire = {
            "id": str(attachment.id),
            "filename": attachment.filename,
            "size": attachment.size,
            "url": url,
            "proxy_url": url,
            "content_type": attachment.content_type,
        }
        if attachment.width is not None:
            body |= {"width": attachment.width, "height": attachment.height}
        if attachment.description is not None:
            body["description"] = attachment.description
        if attachment.ephemeral:
            body["ephemeral"] = True
        return body

    def attachment_url(self, attachment: Attachment) -> str:
        kind = "ephemeral-attachments" if attachment.ephemeral else "attachments"
        query = signed_query(self.world.secret, attachment.id, self.world.clock.now())
        path = f"{kind}/{attachment.channel_id}/{attachment.id}/{attachment.filename}"
        return f"{self.addresses.cdn}/{path}?{query}"

    def message(self, message: Message, *, referenced: bool = True) -> Wire:
        shown = media_ids(message.embeds) | media_ids(message.components)
        loose = [self.world.attachments[i] for i in message.attachment_ids if i not in shown]
        body: Wire = {
            "id": str(message.id),
            "channel_id": str(message.channel_id),
            "author": self.user(self.world.users[message.author_id]),
            "content": message.content,
            "type": message.type,
            "timestamp": message.created_at.isoformat(),
            "edited_timestamp": message.edited_at.isoformat() if message.edited_at else None,
            "tts": message.tts,
            "pinned": message.pinned_at is not None,
            "mention_everyone": message.mention_everyone,
            "mentions": [self.user(self.world.users[i]) for i in message.mention_ids],
            "mention_roles": [str(i) for i in message.mention_role_ids],
            "attachments": [self.attachment(a) for a in loose],
            "embeds": self._with_media(message.embeds),
            "components": self._with_media(message.components, component=True),
            "flags": message.flags,
        }
        if message.nonce is not None:
            body["nonce"] = message.nonce
        if message.poll is not None:
            body["poll"] = message.poll
        if message.webhook_id is not None:
            body |= {"webhook_id": str(message.webhook_id), "application_id": str(message.webhook_id)}
        if message.interaction_meta is not None:
            body["interaction_metadata"] = self._metadata(message.interaction_meta)
        if message.reactions:
            body["reactions"] = [self._reaction(e, people) for e, people in message.reactions.items()]
        if message.reference is not None:
            body["message_reference"] = message.reference
            if referenced and message.type == 19:
                origin = self.world.message(int(message.reference["channel_id"]), int(message.reference["message_id"]))
                body["referenced_message"] = self.message(origin, referenced=False) if origin else None
        if message.thread_id is not None and (thread := self.world.channels.get(message.thread_id)):
            body["thread"] = self.channel(thread)
        return body

    def message_event(self, message: Message) -> Wire:
        """Return a message as the gateway sends it: with guild and member beside the author."""
        body = self.message(message)
        channel = self.world.channels[message.channel_id]
        body["channel_type"] = channel.type
        if channel.guild_id is not None:
            guild = self.world.guilds[channel.guild_id]
            body["guild_id"] = str(guild.id)
            if member := guild.members.get(message.author_id):
                body["member"] = self.member(guild, member, with_user=False)
        return body

    def _metadata(self, meta: Wire) -> Wire:
        shown = {**meta, "user": self.user(self.world.users[int(meta["user"])])}
        if trigger := meta.get("triggering_interaction_metadata"):
            shown["triggering_interaction_metadata"] = self._metadata(trigger)
        return shown

    def _reaction(self, emoji: str, people: list[int]) -> Wire:
        return {
            "emoji": emoji_payload(emoji),
            "count": len(people),
            "count_details": {"burst": 0, "normal": len(people)},
            "burst_colors": [],
            "me_burst": False,
            "burst_me": False,
            "burst_count": 0,
            "me": self.world.application.bot_id in people,
        }

    def _with_media(self, node: Any, *, component: bool = False) -> Any:
        """Copy embeds or components, turning each held file into a link of this moment."""
        if isinstance(node, list):
            return [self._with_media(item, component=component) for item in node]
        if not isinstance(node, dict):
            return node
        if "attachment_id" in node and (held := self.world.attachments.get(int(node["attachment_id"]))):
            url = self.attachment_url(held)
            media: Wire = {"url": url, "proxy_url": url, "content_type": held.content_type, "flags": 0}
            if held.width is not None:
                media |= {"width": held.width, "height": held.height}
            if component:
                media |= {"id": str(held.id), "attachment_id": str(held.id), "loading_state": 2}
                media |= {} if held.width is not None else {"width": None, "height": None}
            return {**{k: v for k, v in node.items() if k != "attachment_id"}, **media}
        copied = {key: self._with_media(value, component=component) for key, value in node.items()}
        if isinstance(copied.get("icon_url"), dict):
            copied["icon_url"] = copied["icon_url"]["url"]
        if component and set(node) == {"url"}:
            copied |= {"id": "0", "proxy_url": node["url"], "loading_state": 2}
        if component and node.get("type") == 13 and "attachment_id" in node.get("file", {}):
            held = self.world.attachments[int(node["file"]["attachment_id"])]
            copied |= {"name": held.filename, "size": held.size}
        return copied

    # Commands and interactions

    def command(self, command: Command) -> Wire:
        body: Wire = {
            "id": str(command.id),
            "application_id": str(self.world.application.id),
            "version": str(command.version),
            "type": command.type,
            "name": command.name,
            "name_localizations": None,
            "description": "",
            "description_localizations": None,
            "default_member_permissions": None,
            "dm_permission": True,
            "nsfw": False,
            **command.data,
        }
        if command.guild_id is not None:
            body["guild_id"] = str(command.guild_id)
            body.pop("contexts", None)
            body.pop("integration_types", None)
        else:
            body.setdefault("contexts", None)
            body.setdefault("integration_types", [0])
        return body

    def application(self) -> Wire:
        app = self.world.application
        return {
            "id": str(app.id),
            "name": app.name,
            "icon": None,
            "description": app.description,
            "type": None,
            "bot": self.user(self.world.bot),
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": app.flags,
            "flags_new": str(app.flags),
            "hook": True,
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": self.user(self.world.users[app.owner_id]),
            "approximate_guild_count": len(self.world.bot_guilds()),
            "approximate_user_install_count": len(self.world.user_installs),
            "approximate_user_authorization_count": len(self.world.user_installs),
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": [],
        }

    def interaction(self, interaction: Interaction) -> Wire:
        """Return what the bot receives: who, where, with which rights, and the data."""
        world = self.world
        channel = world.channels[interaction.channel_id]
        user = world.users[interaction.user_id]
        guild = world.guilds.get(interaction.guild_id or 0)
        body: Wire = {
            "id": str(interaction.id),
            "application_id": str(world.application.id),
            "type": interaction.type,
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "channel_id": str(channel.id),
            "channel": self.channel(channel, for_user=interaction.user_id),
            "locale": interaction.locale,
            "context": interaction.context,
            "authorizing_integration_owners": interaction.owners,
            "attachment_size_limit": world.upload_limit(channel),
            "entitlements": [],
            "entitlement_sku_ids": [],
            "app_permissions": str(world.permissions(channel, world.application.bot_id)),
        }
        if guild is not None:
            member = guild.members[interaction.user_id]
            rights = world.permissions(channel, interaction.user_id) & ALL
            body |= {
                "guild_id": str(guild.id),
                "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
                "guild_locale": guild.locale,
                "member": {**self.member(guild, member), "permissions": str(rights)},
            }
        else:
            body["user"] = self.user(user)
        if interaction.message_id is not None:
            message = world.message(interaction.channel_id, interaction.message_id)
            if message is not None:
                body["message"] = self.message(message)
        return body


def media_ids(node: Any) -> set[int]:
    """Return the ids of all files that embeds or components show."""
    if isinstance(node, list):
        return set[int]().union(*(media_ids(item) for item in node))
    if isinstance(node, dict):
        own = {int(node["attachment_id"])} if "attachment_id" in node else set[int]()
        return own.union(*(media_ids(value) for value in node.values()))
    return set()


def emoji_payload(emoji: str) -> Wire:
    """Return the wire form of `👍` or `name:id`."""
    name, _, identity = emoji.partition(":")
    return {"id": identity or None, "name": name}


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)
