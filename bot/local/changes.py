"""What can happen in the world, as typed records. The gateway, the page and the saver all listen to these.

Subscribe with `LocalDiscord.subscribe(callback)`; the callback is called on the server's loop, in order,
right after the change, and must not block. Records hold ids and live objects: build what you show from them
at once, do not keep them.
"""

from dataclasses import dataclass

from bot.local.model import Channel, Guild, Interaction, Member, Message, Role


@dataclass(frozen=True, slots=True)
class MessageCreated:
    """A message appeared. `message.viewer_id` set → only that person sees it."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageEdited:
    """Content, components, flags (thinking → done), pins or the thread of a message changed."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """A message went away (also: an ephemeral one was dismissed)."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessagesDeleted:
    """Several messages of one channel went away at once."""

    channel_id: int
    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReactionAdded:
    message: Message
    user_id: int
    emoji: str


@dataclass(frozen=True, slots=True)
class ReactionRemoved:
    message: Message
    user_id: int
    emoji: str


@dataclass(frozen=True, slots=True)
class PinsChanged:
    channel_id: int


@dataclass(frozen=True, slots=True)
class TypingStarted:
    """Somebody types; show it for ten seconds or until their next message."""

    channel_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class InteractionStarted:
    """A person did something; the bot now has three seconds. Show to `interaction.user_id` only."""

    interaction: Interaction


@dataclass(frozen=True, slots=True)
class InteractionChanged:
    """`interaction.state` moved on: thinking, answered, modal (see `.modal`), failed (see `.failure`)."""

    interaction: Interaction


@dataclass(frozen=True, slots=True)
class CommandsChanged:
    """The command list was synced; None means the global list."""

    guild_id: int | None


@dataclass(frozen=True, slots=True)
class CommandPermissionsChanged:
    """An administrator changed who may use a command."""

    guild_id: int
    command_id: int


@dataclass(frozen=True, slots=True)
class ChannelCreated:
    """A channel, thread or conversation was made; look at `channel.is_thread` and `.is_conversation`."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelEdited:
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelDeleted:
    channel: Channel


@dataclass(frozen=True, slots=True)
class ThreadMembersChanged:
    channel: Channel
    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class GuildCreated:
    """The bot can see a guild from now on."""

    guild: Guild


@dataclass(frozen=True, slots=True)
class GuildEdited:
    guild: Guild


@dataclass(frozen=True, slots=True)
class GuildDeleted:
    """The bot was removed from a guild, or the guild is gone."""

    guild: Guild


@dataclass(frozen=True, slots=True)
class MemberJoined:
    guild_id: int
    member: Member


@dataclass(frozen=True, slots=True)
class MemberEdited:
    guild_id: int
    member: Member


@dataclass(frozen=True, slots=True)
class MemberLeft:
    guild_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class RoleCreated:
    guild_id: int
    role: Role


@dataclass(frozen=True, slots=True)
class RoleEdited:
    guild_id: int
    role: Role


@dataclass(frozen=True, slots=True)
class RoleDeleted:
    guild_id: int
    role_id: int


@dataclass(frozen=True, slots=True)
class BotPresence:
    """The bot's gateway connection came or went."""

    online: bool


Change = (
    MessageCreated
    | MessageEdited
    | MessageDeleted
    | MessagesDeleted
    | ReactionAdded
    | ReactionRemoved
    | PinsChanged
    | TypingStarted
    | InteractionStarted
    | InteractionChanged
    | CommandsChanged
    | CommandPermissionsChanged
    | ChannelCreated
    | ChannelEdited
    | ChannelDeleted
    | ThreadMembersChanged
    | GuildCreated
    | GuildEdited
    | GuildDeleted
    | MemberJoined
    | MemberEdited
    | MemberLeft
    | RoleCreated
    | RoleEdited
    | RoleDeleted
    | BotPresence
)
