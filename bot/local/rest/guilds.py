"""Guilds, their channels, roles and members, as look-ups."""

from bot.local.errors import ApiError
from bot.local.model import Guild
from bot.local.rest.router import Call, Reply, Routes

routes = Routes()
_GUILD = "/guilds/{guild_id}"


def _guild(call: Call) -> Guild:
    world = call.core.world
    guild = world.guilds.get(call.id("guild_id"))
    if guild is None:
        raise ApiError(10004)
    if world.bot.id not in guild.members:
        raise ApiError(50001)
    return guild


@routes.add("GET", _GUILD)
def read(call: Call) -> Reply:
    guild = _guild(call)
    body = call.core.payloads.guild(guild)
    if call.flag("with_counts"):
        body |= {"approximate_member_count": len(guild.members), "approximate_presence_count": 1}
    return Reply(200, body)


@routes.add("GET", f"{_GUILD}/channels")
def channels(call: Call) -> Reply:
    guild = _guild(call)
    payloads = call.core.payloads
    return Reply(200, [payloads.channel(c) for c in call.core.world.channels_of(guild.id) if payloads.is_seen(c)])


@routes.add("GET", f"{_GUILD}/threads/active")
def threads(call: Call) -> Reply:
    guild, world, payloads = _guild(call), call.core.world, call.core.payloads
    active = [t for t in world.threads_of(guild.id) if not t.archived]
    mine = [payloads.thread_member(t, world.bot.id) for t in active if world.bot.id in t.thread_member_ids]
    return Reply(200, {"threads": [payloads.channel(t) for t in active], "members": mine, "has_more": False})


@routes.add("GET", f"{_GUILD}/roles")
def roles(call: Call) -> Reply:
    return Reply(200, [call.core.payloads.role(r) for r in _guild(call).roles.values()])


@routes.add("GET", f"{_GUILD}/members/{{user_id}}")
def member(call: Call) -> Reply:
    guild, user_id = _guild(call), call.id("user_id")
    if user_id not in call.core.world.users:
        raise ApiError(10013)
    if user_id not in guild.members:
        raise ApiError(10007)
    return Reply(200, call.core.payloads.member(guild, guild.members[user_id]))


@routes.add("GET", f"{_GUILD}/members")
def members(call: Call) -> Reply:
    guild = _guild(call)
    after, limit = int(call.query.get("after", 0)), call.number("limit", 1, 1, 1000)
    page = sorted((m for m in guild.members.values() if m.user_id > after), key=lambda m: m.user_id)
    return Reply(200, [call.core.payloads.member(guild, m) for m in page[:limit]])


@routes.add("GET", "/users/@me/guilds")
def my_guilds(call: Call) -> Reply:
    world, payloads = call.core.world, call.core.payloads
    keys = ("id", "name", "icon", "banner", "features")
    bodies = [payloads.guild(g) for g in world.bot_guilds()]
    return Reply(200, [{k: b[k] for k in keys} | {"owner": False, "permissions": "0"} for b in bodies])


@routes.add("DELETE", "/users/@me/guilds/{guild_id}")
def leave(call: Call) -> Reply:
    call.core.world.remove_bot(_guild(call))
    return Reply(204)
