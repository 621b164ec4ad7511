"""Which gateway events a change of the world makes, and which intent opens them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag

from bot.local import changes
from bot.local.model import Channel, Message, Wire
from bot.local.payloads import Payloads, emoji_payload
from bot.local.permissions import Permission
from bot.local.world import World


class Intent(IntFlag):
    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_REACTIONS = 1 << 10
    GUILD_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_REACTIONS = 1 << 13
    DIRECT_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


EVERY_INTENT = (1 << 26) - 1
_TALK = (
    Intent.GUILD_MESSAGES
    | Intent.GUILD_REACTIONS
    | Intent.GUILD_TYPING
    | Intent.DIRECT_MESSAGES
    | Intent.DIRECT_REACTIONS
    | Intent.DIRECT_TYPING
)


@dataclass(frozen=True, slots=True)
class Event:
    """One dispatch: needs any of `intents` (0 = always); `content_of` is the message to blank."""

    name: str
    data: Wire
    intents: int = 0
    guild_id: int | None = None
    content_of: Message | None = None


def blanked(data: Wire, message: Message, world: World) -> Wire:
    """Return a message as a bot without the message-content intent sees it."""
    me = world.application.bot_id
    channel = world.channels.get(message.channel_id)
    open_to_bot = channel is None or channel.guild_id is None or message.author_id == me or me in message.mention_ids
    if open_to_bot:
        return data
    hidden = {"content": "", "embeds": [], "attachments": [], "components": []}
    return {key: hidden.get(key, value) for key, value in data.items() if key != "poll"}


def events_of(change: changes.Change, world: World, payloads: Payloads, wanted: int = EVERY_INTENT) -> Iterator[Event]:
    """Yield the events that the bot is sent for a change; nothing for what it cannot see.

    Talk is not even built when no session has an intent of `wanted` for it: most bots ask for none.
    """
    match change:
        case (
            changes.MessageCreated()
            | changes.MessageEdited()
            | changes.MessageDeleted()
            | changes.MessagesDeleted()
            | changes.ReactionAdded()
            | changes.ReactionRemoved()
            | changes.PinsChanged()
            | changes.TypingStarted()
        ):
            pins = isinstance(change, changes.PinsChanged)
            if pins or wanted & _TALK:
                yield from _of_messages(change, world, payloads)
        case changes.InteractionStarted(interaction):
            yield Event("INTERACTION_CREATE", payloads.interaction(interaction), guild_id=interaction.guild_id)
        case (
            changes.ChannelCreated()
            | changes.ChannelEdited()
            | changes.ChannelDeleted()
            | changes.ThreadMembersChanged()
        ):
            yield from _of_channels(change, world, payloads)
        case _:
            yield from _of_guilds(change, world, payloads)


def _bot_sees(world: World, channel: Channel) -> bool:
    held = world.permissions(channel, world.application.bot_id)
    return bool(held & Permission.VIEW_CHANNEL)


def _of_messages(change: changes.Change, world: World, payloads: Payloads) -> Iterator[Event]:
    message = getattr(change, "message", None)
    channel_id = message.channel_id if message is not None else getattr(change, "channel_id")  # noqa: B009
    channel = world.channels.get(channel_id)
    if channel is None or (message is not None and message.ephemeral) or not _bot_sees(world, channel):
        return
    guild_id = channel.guild_id
    place: Wire = {"channel_id": str(channel_id)} | ({"guild_id": str(guild_id)} if guild_id else {})
    talk = Intent.GUILD_MESSAGES if guild_id else Intent.DIRECT_MESSAGES
    reacting = Intent.GUILD_REACTIONS if guild_id else Intent.DIRECT_REACTIONS
    match change:
        case changes.MessageCreated(made):
            yield Event("MESSAGE_CREATE", payloads.message_event(made), talk, guild_id, made)
        case changes.MessageEdited(edited):
            yield Event("MESSAGE_UPDATE", payloads.message_event(edited), talk, guild_id, edited)
        case changes.MessageDeleted(gone):
            yield Event("MESSAGE_DELETE", {"id": str(gone.id), **place}, talk, guild_id)
        case changes.MessagesDeleted(_, ids):
            yield Event("MESSAGE_DELETE_BULK", {"ids": [str(i) for i in ids], **place}, talk, guild_id)
        case changes.ReactionAdded(on, user_id, emoji):
            data = {**_reaction(on, user_id, emoji), **place, "message_author_id": str(on.author_id)}
            if guild_id and (member := world.guilds[guild_id].members.get(user_id)):
                data["member"] = payloads.member(world.guilds[guild_id], member)
            yield Event("MESSAGE_REACTION_ADD", data, reacting, guild_id)
        case changes.ReactionRemoved(on, user_id, emoji):
            data = {**_reaction(on, user_id, emoji), **place}
            yield Event("MESSAGE_REACTION_REMOVE", data, reacting, guild_id)
        case changes.PinsChanged():
            pins = [m.pinned_at for m in world.history(channel_id) if m.pinned_at]
            last = max(pins).isoformat() if pins else None
            needed = Intent.GUILDS if guild_id else Intent.DIRECT_MESSAGES
            yield Event("CHANNEL_PINS_UPDATE", {**place, "last_pin_timestamp": last}, needed, guild_id)
        case changes.TypingStarted(_, user_id):
            data = {**place, "user_id": str(user_id), "timestamp": int(world.clock.now().timestamp())}
            if guild_id and (member := world.guilds[guild_id].members.get(user_id)):
                data["member"] = payloads.member(world.guilds[guild_id], member)
            typing = Intent.GUILD_TYPING if guild_id else Intent.DIRECT_TYPING
            yield Event("TYPING_START", data, typing, guild_id)
        case _:
            return


def _reaction(message: Message, user_id: int, emoji: str) -> Wire:
    return {
        "user_id": str(user_id),
        "message_id": str(message.id),
        "emoji": emoji_payload(emoji),
        "burst": False,
        "type": 0,
    }


def _of_channels(change: changes.Change, world: World, payloads: Payloads) -> Iterator[Event]:
    channel: Channel = getattr(change, "channel")  # noqa: B009
    if channel.guild_id is None:
        # Discord sends CHANNEL_CREATE for conversations no more since v8.
        return
    kind = "THREAD" if channel.is_thread else "CHANNEL"
    # Bots know of every channel of a guild, and of those they cannot read only that they are there; of threads not
    # even that.
    known = not channel.is_thread or _bot_sees(world, channel)
    guild_id = channel.guild_id
    match change:
        case changes.ChannelDeleted():
            data = payloads.channel_for_bot(channel)
            if channel.is_thread:
                data = {key: data[key] for key in ("id", "guild_id", "parent_id", "type")}
            yield Event(f"{kind}_DELETE", data, Intent.GUILDS, guild_id)
        case changes.ThreadMembersChanged(_, added, removed):
            if not _bot_sees(world, channel):
                return
            me = world.application.bot_id
            data: Wire = {"id": str(channel.id), "guild_id": str(guild_id)}
            data["member_count"] = len(channel.thread_member_ids)
            if added:
                data["added_members"] = [payloads.thread_member(channel, i) for i in added]
            if removed:
                data["removed_member_ids"] = [str(i) for i in removed]
            needed = Intent.GUILDS if me in (*added, *removed) else Intent.GUILD_MEMBERS
            yield Event("THREAD_MEMBERS_UPDATE", data, needed, guild_id)
        case changes.ChannelCreated() if known:
            data = payloads.channel_for_bot(channel)
            if channel.is_thread:
                data["newly_created"] = True
            yield Event(f"{kind}_CREATE", data, Intent.GUILDS, guild_id)
        case changes.ChannelEdited() if known:
            yield Event(f"{kind}_UPDATE", payloads.channel_for_bot(channel), Intent.GUILDS, guild_id)
        case _:
            return


def _of_guilds(change: changes.Change, world: World, payloads: Payloads) -> Iterator[Event]:
    me = world.application.bot_id
    guild_id: int | None = getattr(change, "guild_id", None)
    if guild_id is not None and me not in world.guilds[guild_id].members:
        return
    place = {"guild_id": str(guild_id)}
    guilds, members = Intent.GUILDS, Intent.GUILD_MEMBERS
    match change:
        case changes.GuildCreated(guild):
            yield Event("GUILD_CREATE", payloads.guild_create(guild), guilds, guild.id)
        case changes.GuildEdited(guild) if me in guild.members:
            yield Event("GUILD_UPDATE", payloads.guild(guild), guilds, guild.id)
        case changes.GuildDeleted(guild):
            yield Event("GUILD_DELETE", {"id": str(guild.id)}, guilds, guild.id)
        case changes.MemberJoined(_, member):
            data = {**payloads.member(world.guilds[guild_id or 0], member), **place}
            yield Event("GUILD_MEMBER_ADD", data, members, guild_id)
        case changes.MemberEdited(_, member):
            data = {**payloads.member(world.guilds[guild_id or 0], member), **place}
            # A bot always hears of its own roles.
            yield Event("GUILD_MEMBER_UPDATE", data, guilds if member.user_id == me else members, guild_id)
        case changes.MemberLeft(_, user_id):
            data = {"user": payloads.user(world.users[user_id]), **place}
            yield Event("GUILD_MEMBER_REMOVE", data, members, guild_id)
        case changes.RoleCreated(_, role):
            yield Event("GUILD_ROLE_CREATE", {**place, "role": payloads.role(role)}, guilds, guild_id)
        case changes.RoleEdited(_, role):
            yield Event("GUILD_ROLE_UPDATE", {**place, "role": payloads.role(role)}, guilds, guild_id)
        case changes.RoleDeleted(_, role_id):
            yield Event("GUILD_ROLE_DELETE", {**place, "role_id": str(role_id)}, guilds, guild_id)
        case changes.CommandPermissionsChanged(_, command_id):
            held = world.command_permissions.get((guild_id or 0, command_id), [])
            app_id = str(world.application.id)
            data = {"id": str(command_id), "application_id": app_id, **place, "permissions": held}
            yield Event("APPLICATION_COMMAND_PERMISSIONS_UPDATE", data, 0, guild_id)
        case _:
            return
