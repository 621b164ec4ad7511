"""Channels and threads: look up, change, archive, join."""

from bot.local.errors import ApiError, Form
from bot.local.ids import born_at
from bot.local.model import Channel, ChannelType
from bot.local.permissions import Permission
from bot.local.rest.router import Call, Reply, Routes

routes = Routes()
_CHANNEL = "/channels/{channel_id}"
THREAD_NAME_MAX = 100


@routes.add("GET", _CHANNEL)
def read(call: Call) -> Reply:
    return Reply(200, call.core.payloads.channel(call.channel()))


@routes.add("PATCH", _CHANNEL)
def edit(call: Call) -> Reply:
    """Change a channel, or archive, lock and rename a thread."""
    channel = call.channel()
    body = call.body or {}
    world = call.core.world
    held = world.permissions(channel, world.bot.id)
    own_thread = channel.is_thread and channel.owner_id == world.bot.id
    unarchive = channel.is_thread and body == {"archived": False} and not channel.locked
    needed = Permission.MANAGE_THREADS if channel.is_thread else Permission.MANAGE_CHANNELS
    if not (held & needed or own_thread or unarchive):
        raise ApiError(50013)
    if channel.is_thread and channel.archived and body.get("archived") is not False:
        raise ApiError(50083)
    if "name" in body:
        channel.name = _name(body)
    channel.topic = body.get("topic", channel.topic)
    channel.nsfw = body.get("nsfw", channel.nsfw)
    channel.slowmode_s = body.get("rate_limit_per_user", channel.slowmode_s) or 0
    if channel.is_thread:
        channel.locked = body.get("locked", channel.locked)
        channel.auto_archive_min = body.get("auto_archive_duration", channel.auto_archive_min)
        if body.get("archived") is not None and body["archived"] != channel.archived:
            channel.archived = body["archived"]
            channel.archived_at = world.clock.now()
    world.edit_channel(channel)
    return Reply(200, call.core.payloads.channel(channel))


def _name(body: dict[str, object]) -> str:
    name = str(body.get("name") or "")
    if not 1 <= len(name) <= THREAD_NAME_MAX:
        form = Form()
        form.wrong(("name",), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        form.raise_if_wrong()
    return name


@routes.add("DELETE", _CHANNEL)
def delete(call: Call) -> Reply:
    channel = call.channel()
    if channel.is_conversation:
        return Reply(200, call.core.payloads.channel(channel))
    call.channel(Permission.MANAGE_THREADS if channel.is_thread else Permission.MANAGE_CHANNELS)
    body = call.core.payloads.channel(channel)
    call.core.world.delete_channel(channel)
    return Reply(200, body)


# Threads


def _make_thread(call: Call, parent: Channel, kind: int, thread_id: int) -> Channel:
    world = call.core.world
    body = call.body or {}
    thread = Channel(
        thread_id,
        kind,
        _name(body),
        parent.guild_id,
        parent_id=parent.id,
        owner_id=world.bot.id,
        auto_archive_min=body.get("auto_archive_duration") or 1440,
        slowmode_s=body.get("rate_limit_per_user") or 0,
        invitable=body.get("invitable", True),
        thread_member_ids=[world.bot.id],
    )
    return world.add_channel(thread)


@routes.add("POST", f"{_CHANNEL}/threads")
def start_thread(call: Call) -> Reply:
    """Start a thread that hangs on no message; private unless its type says otherwise."""
    parent = call.channel()
    if parent.guild_id is None or parent.is_thread:
        raise ApiError(50024)
    kind = int((call.body or {}).get("type") or ChannelType.PRIVATE_THREAD)
    public = kind == ChannelType.PUBLIC_THREAD
    call.channel(Permission.CREATE_PUBLIC_THREADS if public else Permission.CREATE_PRIVATE_THREADS)
    thread = _make_thread(call, parent, kind, call.core.world.ids.new())
    return Reply(201, call.core.payloads.channel(thread))


@routes.add("POST", f"{_CHANNEL}/messages/{{message_id}}/threads")
def start_thread_on_message(call: Call) -> Reply:
    parent = call.channel(Permission.CREATE_PUBLIC_THREADS)
    if parent.guild_id is None or parent.is_thread:
        raise ApiError(50024)
    message = call.message(parent)
    if message.thread_id is not None:
        raise ApiError(160004)
    thread = _make_thread(call, parent, ChannelType.PUBLIC_THREAD, message.id)
    message.thread_id = thread.id
    call.core.world.touch_message(message, edited=False)
    return Reply(201, call.core.payloads.channel(thread))


def _thread(call: Call) -> Channel:
    channel = call.channel()
    if not channel.is_thread:
        raise ApiError(50024)
    return channel


@routes.add("PUT", f"{_CHANNEL}/thread-members/@me")
def join(call: Call) -> Reply:
    call.core.world.join_thread(_thread(call), call.core.world.bot.id)
    return Reply(204)


@routes.add("DELETE", f"{_CHANNEL}/thread-members/@me")
def leave(call: Call) -> Reply:
    call.core.world.leave_thread(_thread(call), call.core.world.bot.id)
    return Reply(204)


@routes.add("PUT", f"{_CHANNEL}/thread-members/{{user_id}}")
def add_member(call: Call) -> Reply:
    thread, user_id = _thread(call), call.id("user_id")
    if user_id not in call.core.world.guilds[thread.guild_id or 0].members:
        raise ApiError(10007)
    call.core.world.join_thread(thread, user_id)
    return Reply(204)


@routes.add("GET", f"{_CHANNEL}/thread-members")
def members(call: Call) -> Reply:
    thread = _thread(call)
    return Reply(200, [call.core.payloads.thread_member(thread, i) for i in thread.thread_member_ids])


@routes.add("GET", f"{_CHANNEL}/threads/archived/public")
def archived(call: Call) -> Reply:
    parent = call.channel(Permission.READ_MESSAGE_HISTORY)
    world, payloads = call.core.world, call.core.payloads
    gone = [t for t in world.threads_of(parent.guild_id or 0) if t.parent_id == parent.id and t.archived]
    gone.sort(key=lambda t: t.archived_at or born_at(t.id), reverse=True)
    mine = [payloads.thread_member(t, world.bot.id) for t in gone if world.bot.id in t.thread_member_ids]
    return Reply(200, {"threads": [payloads.channel(t) for t in gone], "members": mine, "has_more": False})
