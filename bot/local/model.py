"""What the local Discord is made of: people, places, messages, commands, interactions. Plain data."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

Wire = dict[str, Any]
"""A JSON object as it travels."""


class ChannelType(IntEnum):
    TEXT = 0
    DM = 1
    VOICE = 2
    GROUP_DM = 3
    CATEGORY = 4
    NEWS = 5
    NEWS_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15


class MessageFlag(IntEnum):
    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    COMPONENTS_V2 = 1 << 15


class CommandType(IntEnum):
    SLASH = 1
    USER = 2
    MESSAGE = 3


class InteractionType(IntEnum):
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


class CallbackType(IntEnum):
    MESSAGE = 4
    DEFERRED = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    AUTOCOMPLETE = 8
    MODAL = 9


class InteractionState(StrEnum):
    """Where an interaction stands, as the person sees it."""

    WAITING = "waiting"
    """Sent to the bot, nothing came back yet."""
    THINKING = "thinking"
    """Deferred: the placeholder stands in the channel."""
    ANSWERED = "answered"
    MODAL = "modal"
    """A form was opened; the person has it before them."""
    FAILED = "failed"
    """Nothing came within three seconds."""


@dataclass(slots=True)
class User:
    id: int
    username: str
    display_name: str
    is_bot: bool = False
    locale: str = "en-US"
    dms_open: bool = True


@dataclass(slots=True)
class Role:
    id: int
    name: str
    permissions: int = 0
    color: int = 0
    position: int = 0
    hoist: bool = False
    mentionable: bool = False
    managed_by: int | None = None
    """The bot this role was made for, None for an ordinary role."""


@dataclass(slots=True)
class Member:
    user_id: int
    joined_at: datetime
    role_ids: list[int] = field(default_factory=list)
    nick: str | None = None


@dataclass(slots=True)
class Overwrite:
    target_id: int
    is_member: bool
    allow: int = 0
    deny: int = 0


@dataclass(slots=True)
class Channel:
    """A channel, a thread (parent, owner, archive flags) or a conversation (recipients)."""

    id: int
    type: int
    name: str = ""
    guild_id: int | None = None
    topic: str | None = None
    position: int = 0
    parent_id: int | None = None
    overwrites: list[Overwrite] = field(default_factory=list)
    recipient_ids: list[int] = field(default_factory=list)
    last_message_id: int | None = None
    nsfw: bool = False
    slowmode_s: int = 0
    owner_id: int | None = None
    thread_member_ids: list[int] = field(default_factory=list)
    archived: bool = False
    archived_at: datetime | None = None
    auto_archive_min: int = 1440
    locked: bool = False
    invitable: bool = True

    @property
    def is_thread(self) -> bool:
        return self.type in (ChannelType.NEWS_THREAD, ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD)

    @property
    def is_conversation(self) -> bool:
        return self.type in (ChannelType.DM, ChannelType.GROUP_DM)


@dataclass(slots=True)
class Guild:
    id: int
    name: str
    owner_id: int
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    locale: str = "en-US"
    upload_limit: int = 10 * 1024 * 1024
    """Largest file in bytes that may be posted here."""
    premium_tier: int = 0
    system_channel_id: int | None = None
    """Where greetings go."""


@dataclass(slots=True)
class Attachment:
    """A file that was uploaded; its bytes live in the file store under the same id."""

    id: int
    filename: str
    size: int
    content_type: str
    channel_id: int
    description: str | None = None
    width: int | None = None
    height: int | None = None
    ephemeral: bool = False
    spoiler: bool = False


@dataclass(slots=True)
class Message:
    """One message. Media in `embeds` and `components` is `{"attachment_id": n}` or `{"url": …}`."""

    id: int
    channel_id: int
    author_id: int
    created_at: datetime
    content: str = ""
    type: int = 0
    flags: int = 0
    edited_at: datetime | None = None
    tts: bool = False
    pinned_at: datetime | None = None
    mention_ids: list[int] = field(default_factory=list)
    mention_role_ids: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    attachment_ids: list[int] = field(default_factory=list)
    embeds: list[Wire] = field(default_factory=list)
    components: list[Wire] = field(default_factory=list)
    poll: Wire | None = None
    reactions: dict[str, list[int]] = field(default_factory=dict)
    """Emoji (`👍` or `name:id`) → who reacted, in order."""
    reference: Wire | None = None
    nonce: str | int | None = None
    webhook_id: int | None = None
    interaction_id: int | None = None
    interaction_meta: Wire | None = None
    command_label: str | None = None
    """What the person used, for the line "Ada used /loop show"."""
    viewer_id: int | None = None
    """The only person who sees it, for ephemeral messages."""
    thread_id: int | None = None

    @property
    def ephemeral(self) -> bool:
        return self.viewer_id is not None

    @property
    def loading(self) -> bool:
        return bool(self.flags & MessageFlag.LOADING)


@dataclass(slots=True)
class Command:
    id: int
    type: int
    name: str
    guild_id: int | None
    version: int
    data: Wire
    """The definition as it was synced: description, options, localisations, contexts, permissions."""


@dataclass(slots=True)
class Interaction:
    """Something a person did with the bot, and how it went on."""

    id: int
    token: str
    type: int
    user_id: int
    channel_id: int
    guild_id: int | None
    created_at: datetime
    data: Wire
    context: int
    """0 guild, 1 conversation with the bot, 2 other private conversation."""
    owners: dict[str, str]
    """Authorising installs: "0" → guild, "1" → user."""
    locale: str = "en-US"
    message_id: int | None = None
    """The message whose component was used."""
    label: str = ""
    """`/loop show`, or the name of a context command; empty for components and forms."""
    state: InteractionState = InteractionState.WAITING
    answer: int | None = None
    """Callback type of the first answer."""
    response_id: int | None = None
    """The message that @original means."""
    original_edited: bool = False
    followups: int = 0
    modal: Wire | None = None
    from_modal: int | None = None
    """The interaction that opened the form this one submits."""
    choices: list[Wire] | None = None
    """What autocomplete answered."""
    failure: str | None = None
    """The words the person reads after a failure."""
    response_ephemeral: bool = False


@dataclass(slots=True)
class Application:
    id: int
    bot_id: int
    name: str
    token: str
    description: str = ""
    owner_id: int = 0
    flags: int = 0
    """Which privileged intents are switched on (gateway flags of the application)."""
