"""The state of the local Discord and the only methods that change it. Each change is told to the listeners.

No HTTP and no wire shapes here; `payloads` builds those anew from this state every time.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bot.local import changes
from bot.local.ids import Clock, Snowflakes
from bot.local.model import (
    Application,
    Attachment,
    Channel,
    ChannelType,
    Command,
    Guild,
    Interaction,
    Member,
    Message,
    MessageFlag,
    Overwrite,
    Role,
    User,
    Wire,
)
from bot.local.permissions import ALL, DIRECT_MESSAGE, EVERYONE, INVITED_BOT, of_member

Listener = Callable[[changes.Change], None]


class World:
    """Everything that exists: one application, its bot, people, guilds, channels and what was said."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.ids = Snowflakes(clock)
        self.secret = ""
        """Signs the links of attachments."""
        self.application = Application(0, 0, "", "")
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, dict[int, Message]] = {}
        self.attachments: dict[int, Attachment] = {}
        self.commands: dict[int, Command] = {}
        self.command_births: list[tuple[int, int | None]] = []
        """Id and scope of every command made, for the limit a day."""
        self.command_permissions: dict[tuple[int, int], list[Wire]] = {}
        """(guild, command) → what administrators allow and deny."""
        self.interactions: dict[int, Interaction] = {}
        self.user_installs: set[int] = set()
        """People who added the app to themselves."""
        self._listeners: list[Listener] = []

    # Listening

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each change; return what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def emit(self, change: changes.Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)

    # Looking

    @property
    def bot(self) -> User:
        return self.users[self.application.bot_id]

    def bot_guilds(self) -> list[Guild]:
        return [guild for guild in self.guilds.values() if self.application.bot_id in guild.members]

    def person(self, name: str) -> User:
        """Return the person of that display name or username."""
        for user in self.users.values():
            if name.casefold() in (user.display_name.casefold(), user.username.casefold()):
                return user
        raise KeyError(f"there is nobody called {name}")

    def channel(self, name: str, guild_id: int | None = None) -> Channel:
        """Return a guild channel or thread by its name, with or without #."""
        wanted = name.removeprefix("#")
        for channel in self.channels.values():
            if channel.name == wanted and channel.guild_id and guild_id in (None, channel.guild_id):
                return channel
        raise KeyError(f"there is no channel #{wanted}")

    def conversation(self, *user_ids: int) -> Channel:
        """Return the conversation of exactly these people, opening it if there is none yet."""
        wanted = sorted(set(user_ids))
        for channel in self.channels.values():
            if channel.type == ChannelType.DM and sorted(channel.recipient_ids) == wanted:
                return channel
        channel = Channel(self.ids.new(), ChannelType.DM, recipient_ids=wanted)
        return self.add_channel(channel)

    def message(self, channel_id: int, message_id: int) -> Message | None:
        return self.messages.get(channel_id, {}).get(message_id)

    def history(self, channel_id: int) -> Iterator[Message]:
        """Yield the messages of a channel, oldest first, without the ephemeral ones."""
        return (m for m in self.messages.get(channel_id, {}).values() if not m.ephemeral)

    def threads_of(self, guild_id: int) -> list[Channel]:
        return [c for c in self.channels.values() if c.guild_id == guild_id and c.is_thread]

    def channels_of(self, guild_id: int) -> list[Channel]:
        return [c for c in self.channels.values() if c.guild_id == guild_id and not c.is_thread]

    def permissions(self, channel: Channel, user_id: int) -> int:
        """Return what somebody may do in a channel, a thread or a conversation."""
        if channel.guild_id is None:
            return int(DIRECT_MESSAGE) if user_id in channel.recipient_ids else 0
        parent = self.channels.get(channel.parent_id) if channel.is_thread and channel.parent_id else None
        return of_member(self.guilds[channel.guild_id], channel, user_id, parent)

    def upload_limit(self, channel: Channel) -> int:
        """Return the largest file in bytes that may be posted there."""
        guild = self.guilds.get(channel.guild_id or 0)
        return guild.upload_limit if guild else 10 * 1024 * 1024

    # People and guilds

    def add_user(self, username: str, display_name: str, **more: Any) -> User:
        user = User(self.ids.new(), username, display_name, **more)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, owner: User, *, bot: bool = True) -> Guild:
        """Make a guild with its @everyone role; the bot joins with its own role unless told not to."""
        guild = Guild(self.ids.new(), name, owner.id)
        guild.roles[guild.id] = Role(guild.id, "@everyone", int(EVERYONE))
        self.guilds[guild.id] = guild
        guild.members[owner.id] = Member(owner.id, self.clock.now())
        if bot:
            self.invite_bot(guild)
        return guild

    def invite_bot(self, guild: Guild, permissions: int = int(INVITED_BOT)) -> Role:
        """Let the bot join a guild, with a role that holds what its invite link asked for."""
        role = Role(self.ids.new(), self.application.name, permissions, position=1, managed_by=self.application.bot_id)
        guild.roles[role.id] = role
        guild.members[self.application.bot_id] = Member(self.application.bot_id, self.clock.now(), role_ids=[role.id])
        self.emit(changes.GuildCreated(guild))
        return role

    def remove_bot(self, guild: Guild) -> None:
        del guild.members[self.application.bot_id]
        self.emit(changes.GuildDeleted(guild))

    def join(self, guild: Guild, user: User) -> Member:
        member = Member(user.id, self.clock.now())
        guild.members[user.id] = member
        self.emit(changes.MemberJoined(guild.id, member))
        return member

    def leave(self, guild: Guild, user: User) -> None:
        del guild.members[user.id]
        self.emit(changes.MemberLeft(guild.id, user.id))

    def add_role(self, guild: Guild, name: str, permissions: int = 0) -> Role:
        role = Role(self.ids.new(), name, permissions, position=len(guild.roles))
        guild.roles[role.id] = role
        self.emit(changes.RoleCreated(guild.id, role))
        return role

    def remove_role(self, guild: Guild, role: Role) -> None:
        del guild.roles[role.id]
        for member in guild.members.values():
            if role.id in member.role_ids:
                member.role_ids.remove(role.id)
        self.emit(changes.RoleDeleted(guild.id, role.id))

    def give_role(self, guild: Guild, user: User, role: Role) -> None:
        member = guild.members[user.id]
        member.role_ids.append(role.id)
        self.emit(changes.MemberEdited(guild.id, member))

    # Channels

    def add_text_channel(self, guild: Guild, name: str, topic: str | None = None) -> Channel:
        position = len(self.channels_of(guild.id))
        return self.add_channel(Channel(self.ids.new(), ChannelType.TEXT, name, guild.id, topic, position=position))

    def add_channel(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        self.messages.setdefault(channel.id, {})
        self.emit(changes.ChannelCreated(channel))
        return channel

    def edit_channel(self, channel: Channel) -> None:
        self.emit(changes.ChannelEdited(channel))

    def delete_channel(self, channel: Channel) -> None:
        for thread in [c for c in self.channels.values() if c.is_thread and c.parent_id == channel.id]:
            self.delete_channel(thread)
        del self.channels[channel.id]
        self.messages.pop(channel.id, None)
        self.emit(changes.ChannelDeleted(channel))

    def overwrite(
        self, channel: Channel, target_id: int, *, allow: int = 0, deny: int = 0, is_member: bool = False
    ) -> None:
        """Set what one role (or member) may do in a channel, replacing what was set before."""
        channel.overwrites = [o for o in channel.overwrites if o.target_id != target_id]
        channel.overwrites.append(Overwrite(target_id, is_member, allow & ALL, deny & ALL))
        self.emit(changes.ChannelEdited(channel))

    def wake_thread(self, thread: Channel) -> None:
        """Take a thread out of the archive, as a new message in it does."""
        if thread.archived:
            thread.archived, thread.archived_at = False, self.clock.now()
            self.edit_channel(thread)

    def join_thread(self, thread: Channel, user_id: int) -> None:
        if user_id not in thread.thread_member_ids:
            thread.thread_member_ids.append(user_id)
            self.emit(changes.ThreadMembersChanged(thread, added=(user_id,)))

    def leave_thread(self, thread: Channel, user_id: int) -> None:
        if user_id in thread.thread_member_ids:
            thread.thread_member_ids.remove(user_id)
            self.emit(changes.ThreadMembersChanged(thread, removed=(user_id,)))

    # Messages

    def add_message(self, message: Message) -> Message:
        self.messages[message.channel_id][message.id] = message
        if not message.ephemeral:
            self.channels[message.channel_id].last_message_id = message.id
        self.emit(changes.MessageCreated(message))
        return message

    def touch_message(self, message: Message, *, edited: bool = True) -> None:
        """Tell that a message changed; `edited` puts the mark "(edited)" on it."""
        if edited:
            message.edited_at = self.clock.now()
        self.emit(changes.MessageEdited(message))

    def delete_message(self, message: Message) -> None:
        self.messages.get(message.channel_id, {}).pop(message.id, None)
        self.emit(changes.MessageDeleted(message))

    def delete_messages(self, channel_id: int, message_ids: Iterable[int]) -> None:
        gone = tuple(i for i in message_ids if self.messages[channel_id].pop(i, None))
        self.emit(changes.MessagesDeleted(channel_id, gone))

    def pin(self, message: Message, pinned: bool) -> None:
        message.pinned_at = self.clock.now() if pinned else None
        self.emit(changes.MessageEdited(message))
        self.emit(changes.PinsChanged(message.channel_id))

    def react(self, message: Message, user_id: int, emoji: str) -> None:
        people = message.reactions.setdefault(emoji, [])
        if user_id not in people:
            people.append(user_id)
            self.emit(changes.ReactionAdded(message, user_id, emoji))

    def unreact(self, message: Message, user_id: int, emoji: str) -> None:
        people = message.reactions.get(emoji, [])
        if user_id in people:
            people.remove(user_id)
            if not people:
                del message.reactions[emoji]
            self.emit(changes.ReactionRemoved(message, user_id, emoji))

    def finish_loading(self, message: Message) -> None:
        message.flags &= ~MessageFlag.LOADING

    # Commands

    def scope(self, guild_id: int | None) -> list[Command]:
        """Return the commands of one scope: a guild's own, or the global ones for None."""
        return [c for c in self.commands.values() if c.guild_id == guild_id]

    def set_command_permissions(self, guild_id: int, command_id: int, permissions: list[Wire]) -> None:
        """Allow or deny a command to roles and people, as an administrator does under Integrations."""
        self.command_permissions[guild_id, command_id] = permissions
        self.emit(changes.CommandPermissionsChanged(guild_id, command_id))


def seeded(clock: Clock, *, token: str, secret: str, name: str = "Studiohand") -> World:
    """Return the first world: guild Studio with Ada (owner), Ben, the bot, and a conversation each."""
    world = World(clock)
    world.secret = secret
    bot = world.add_user(name.lower(), name, is_bot=True)
    world.application = Application(bot.id, bot.id, name, token)
    ada = world.add_user("ada", "Ada")
    ben = world.add_user("ben", "Ben")
    world.application.owner_id = ada.id
    guild = world.add_guild("Studio", ada)
    world.join(guild, ben)
    for channel_name in ("general", "bounces", "releases"):
        world.add_text_channel(guild, channel_name)
    for user in (ada, ben):
        world.conversation(user.id, bot.id)
    return world


def visible_to(world: World, message: Message, user_id: int) -> bool:
    """Say whether somebody has that message on the screen when looking at its channel."""
    if message.viewer_id is not None:
        return message.viewer_id == user_id
    channel = world.channels.get(message.channel_id)
    return channel is not None and bool(world.permissions(channel, user_id) & 1 << 10)
