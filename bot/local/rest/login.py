"""Who the bot is and where its gateway stands."""

from bot.local.errors import ApiError
from bot.local.rest.router import Call, Reply, Routes

routes = Routes()


@routes.add("GET", "/users/@me")
def current_user(call: Call) -> Reply:
    return Reply(200, call.core.payloads.myself())


@routes.add("GET", "/oauth2/applications/@me")
def current_application(call: Call) -> Reply:
    return Reply(200, call.core.payloads.application())


@routes.add("GET", "/applications/@me")
def same_application(call: Call) -> Reply:
    return Reply(200, call.core.payloads.application())


@routes.add("GET", "/gateway", auth=False)
def gateway(call: Call) -> Reply:
    return Reply(200, {"url": call.core.payloads.addresses.gateway})


@routes.add("GET", "/gateway/bot")
def gateway_bot(call: Call) -> Reply:
    used = call.core.gateway.identified
    limit = {"total": 1000, "remaining": max(0, 1000 - used), "reset_after": 86_400_000, "max_concurrency": 1}
    url = call.core.payloads.addresses.gateway
    return Reply(200, {"url": url, "shards": 1, "session_start_limit": limit})


@routes.add("GET", "/users/{user_id}")
def user(call: Call) -> Reply:
    found = call.core.world.users.get(call.id("user_id"))
    if found is None:
        raise ApiError(10013)
    return Reply(200, call.core.payloads.user(found))


@routes.add("POST", "/users/@me/channels")
def open_conversation(call: Call) -> Reply:
    """Open the conversation with somebody; the same one every time."""
    world = call.core.world
    try:
        recipient = world.users.get(int((call.body or {})["recipient_id"]))
    except (KeyError, TypeError, ValueError):
        recipient = None
    if recipient is None or recipient.is_bot:
        raise ApiError(50033)
    return Reply(200, call.core.payloads.channel(world.conversation(recipient.id, world.bot.id)))
