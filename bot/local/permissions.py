"""Permission bits and how Discord folds roles and overwrites into one number."""

from enum import IntFlag

from bot.local.model import Channel, Guild


class Permission(IntFlag):
    """The bits that this server looks at; the others are carried along unread."""

    ADD_REACTIONS = 1 << 6
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    PIN_MESSAGES = 1 << 51


ALL = (1 << 53) - 1

EVERYONE = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)

# What an invite link of a well-behaved bot asks for.
INVITED_BOT = EVERYONE | Permission.USE_EXTERNAL_EMOJIS

DIRECT_MESSAGE = EVERYONE | Permission.PIN_MESSAGES


def of_member(guild: Guild, channel: Channel | None, user_id: int, parent: Channel | None = None) -> int:
    """Return what a member may do in a channel (in the whole guild without one).

    Threads take the overwrites of their `parent`. The owner and administrators may do everything.
    """
    member = guild.members.get(user_id)
    if member is None:
        return 0
    if guild.owner_id == user_id:
        return ALL
    held = guild.roles[guild.id].permissions
    for role_id in member.role_ids:
        held |= guild.roles[role_id].permissions
    if held & Permission.ADMINISTRATOR:
        return ALL
    place = parent or channel
    if place is None:
        return held
    everyone = [o for o in place.overwrites if o.target_id == guild.id]
    roles = [o for o in place.overwrites if o.target_id in member.role_ids]
    person = [o for o in place.overwrites if o.target_id == user_id]
    for layer in (everyone, roles, person):
        for overwrite in layer:
            held &= ~overwrite.deny
        for overwrite in layer:
            held |= overwrite.allow
    return held
