"""Messages of channels: post, read, edit, delete, react, pin, type."""

from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import unquote

from bot.local import changes
from bot.local.errors import ApiError
from bot.local.ids import born_at
from bot.local.model import Channel, Message, Wire
from bot.local.permissions import Permission
from bot.local.posting import require_author
from bot.local.rest.router import Call, Reply, Routes

routes = Routes()
_CHANNEL = "/channels/{channel_id}"
_MESSAGES = f"{_CHANNEL}/messages"
_MESSAGE = f"{_MESSAGES}/{{message_id}}"
_REACTION = f"{_MESSAGE}/reactions/{{emoji}}"
BULK_AGE = timedelta(days=14)


def _speak_in(call: Call) -> Channel:
    """Return the channel of the path if the bot may write there now."""
    world = call.core.world
    channel = world.channels.get(call.id("channel_id"))
    needed = Permission.SEND_MESSAGES_IN_THREADS if channel and channel.is_thread else Permission.SEND_MESSAGES
    channel = call.channel(needed)
    if channel.is_conversation:
        _require_open_conversation(call, channel)
    if channel.is_thread and channel.archived:
        if channel.locked and not world.permissions(channel, world.bot.id) & Permission.MANAGE_THREADS:
            raise ApiError(50083)
        world.wake_thread(channel)
    held = world.permissions(channel, world.bot.id)
    body = call.body or {}
    if call.uploads and not held & Permission.ATTACH_FILES:
        raise ApiError(50013)
    if body.get("embeds") and not held & Permission.EMBED_LINKS:
        raise ApiError(50013)
    if body.get("message_reference") and not held & Permission.READ_MESSAGE_HISTORY:
        raise ApiError(160002)
    return channel


def _require_open_conversation(call: Call, channel: Channel) -> None:
    world = call.core.world
    for person in (world.users[i] for i in channel.recipient_ids if i != world.bot.id):
        shared = any(person.id in guild.members for guild in world.bot_guilds())
        if not shared and person.id not in world.user_installs:
            raise ApiError(50278)
        if not person.dms_open:
            raise ApiError(50007)


@routes.add("POST", _MESSAGES)
def create(call: Call) -> Reply:
    channel = _speak_in(call)
    message = call.core.posting.create(channel, call.core.world.bot.id, call.body or {}, call.uploads)
    if channel.is_thread:
        call.core.world.join_thread(channel, call.core.world.bot.id)
    return Reply(200, call.core.payloads.message(message))


@routes.add("GET", _MESSAGES)
def history(call: Call) -> Reply:
    """Read a page of history, newest first."""
    channel = call.channel(Permission.READ_MESSAGE_HISTORY)
    limit = call.number("limit", 50, 1, 100)
    said = list(call.core.world.history(channel.id))
    if "around" in call.query:
        centre = int(call.query["around"])
        older = [m for m in said if m.id < centre][-(limit // 2) :]
        newer = [m for m in said if m.id >= centre][: limit - len(older)]
        page = [*older, *newer]
    elif "after" in call.query:
        page = [m for m in said if m.id > int(call.query["after"])][:limit]
    else:
        before = int(call.query.get("before", 1 << 63))
        page = [m for m in said if m.id < before][-limit:]
    return Reply(200, [call.core.payloads.message(m) for m in reversed(page)])


@routes.add("GET", _MESSAGE)
def read(call: Call) -> Reply:
    channel = call.channel(Permission.READ_MESSAGE_HISTORY)
    return Reply(200, call.core.payloads.message(call.message(channel)))


@routes.add("PATCH", _MESSAGE)
def edit(call: Call) -> Reply:
    channel = call.channel()
    message = call.message(channel)
    require_author(message, call.core.world.bot.id)
    if channel.is_thread and channel.archived:
        raise ApiError(50083)
    call.core.posting.edit(message, call.body or {}, call.uploads)
    return Reply(200, call.core.payloads.message(message))


@routes.add("DELETE", _MESSAGE)
def delete(call: Call) -> Reply:
    channel = call.channel()
    message = call.message(channel)
    if message.author_id != call.core.world.bot.id:
        if channel.is_conversation:
            raise ApiError(50003)
        call.channel(Permission.MANAGE_MESSAGES)
    call.core.world.delete_message(message)
    return Reply(204)


@routes.add("POST", f"{_MESSAGES}/bulk-delete")
def bulk_delete(call: Call) -> Reply:
    channel = call.channel(Permission.MANAGE_MESSAGES)
    ids = [int(i) for i in (call.body or {}).get("messages", [])]
    if not 2 <= len(ids) <= 100:
        raise ApiError(50016)
    now = call.core.world.clock.now()
    if any(now - born_at(i) > BULK_AGE for i in ids):
        raise ApiError(50034)
    call.core.world.delete_messages(channel.id, ids)
    return Reply(204)


@routes.add("POST", f"{_CHANNEL}/typing")
def typing(call: Call) -> Reply:
    channel = call.channel()
    call.channel(Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES)
    call.core.world.emit(changes.TypingStarted(channel.id, call.core.world.bot.id))
    return Reply(204)


# Reactions


def _emoji(call: Call) -> str:
    return unquote(call.params["emoji"])


@routes.add("PUT", f"{_REACTION}/@me")
def react(call: Call) -> Reply:
    channel = call.channel(Permission.READ_MESSAGE_HISTORY)
    message, emoji = call.message(channel), _emoji(call)
    if emoji.isascii() and ":" not in emoji:
        raise ApiError(10014)
    if emoji not in message.reactions:
        call.channel(Permission.ADD_REACTIONS)
    call.core.world.react(message, call.core.world.bot.id, emoji)
    return Reply(204)


@routes.add("DELETE", f"{_REACTION}/@me")
def unreact(call: Call) -> Reply:
    message = call.message(call.channel())
    call.core.world.unreact(message, call.core.world.bot.id, _emoji(call))
    return Reply(204)


@routes.add("DELETE", f"{_REACTION}/{{user_id}}")
def remove_reaction(call: Call) -> Reply:
    message = call.message(call.channel(Permission.MANAGE_MESSAGES))
    call.core.world.unreact(message, call.id("user_id"), _emoji(call))
    return Reply(204)


@routes.add("GET", _REACTION)
def reactions(call: Call) -> Reply:
    message = call.message(call.channel())
    people: Iterable[int] = message.reactions.get(_emoji(call), [])
    after = int(call.query.get("after", 0))
    page = sorted(i for i in people if i > after)[: call.number("limit", 25, 1, 100)]
    world = call.core.world
    return Reply(200, [call.core.payloads.user(world.users[i]) for i in page])


# Pins


def _set_pin(call: Call, pinned: bool) -> Reply:
    channel = call.channel()
    held = call.core.world.permissions(channel, call.core.world.bot.id)
    if not held & (Permission.PIN_MESSAGES | Permission.MANAGE_MESSAGES):
        raise ApiError(50013)
    call.core.world.pin(call.message(channel), pinned)
    return Reply(204)


for _path in (f"{_MESSAGES}/pins/{{message_id}}", f"{_CHANNEL}/pins/{{message_id}}"):
    routes.add("PUT", _path)(lambda call: _set_pin(call, True))
    routes.add("DELETE", _path)(lambda call: _set_pin(call, False))


def _pinned(call: Call) -> list[Message]:
    channel = call.channel(Permission.READ_MESSAGE_HISTORY)
    pinned = [m for m in call.core.world.history(channel.id) if m.pinned_at is not None]
    return sorted(pinned, key=lambda m: (m.pinned_at, m.id), reverse=True)


@routes.add("GET", f"{_MESSAGES}/pins")
def pins(call: Call) -> Reply:
    """Read a page of pins, newest first."""
    limit = call.number("limit", 50, 1, 50)
    pinned = _pinned(call)
    if "before" in call.query:
        pinned = [m for m in pinned if m.pinned_at and m.pinned_at.isoformat() < call.query["before"]]
    items: list[Wire] = [
        {"pinned_at": m.pinned_at.isoformat(), "message": call.core.payloads.message(m)}
        for m in pinned[:limit]
        if m.pinned_at
    ]
    return Reply(200, {"items": items, "has_more": len(pinned) > limit})


@routes.add("GET", f"{_CHANNEL}/pins")
def old_pins(call: Call) -> Reply:
    return Reply(200, [call.core.payloads.message(m) for m in _pinned(call)])
