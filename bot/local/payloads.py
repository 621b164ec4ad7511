"""One builder for each object as Discord sends it. Built anew every time, so an edit is never lost."""

from bot.local.model import Command, Interaction, Wire
from bot.local.payloads_messages import MessagePayloads, emoji_payload, media_ids
from bot.local.payloads_places import Addresses
from bot.local.permissions import ALL

__all__ = ["Addresses", "Payloads", "emoji_payload", "media_ids"]


class Payloads(MessagePayloads):
    """Build wire objects from the world."""

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
