"""Application commands: bulk overwrite, single ones, permissions."""

from datetime import timedelta
from typing import Any

from bot.local import changes, limits
from bot.local.errors import ApiError
from bot.local.ids import born_at
from bot.local.model import Command, CommandType
from bot.local.rest.router import Call, Reply, Routes

routes = Routes()
_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"
_SERVER_KEYS = frozenset({"id", "application_id", "guild_id", "version", "type", "name"})
CREATIONS_A_DAY = 200


def _scope(call: Call) -> int | None:
    """Return the guild of the path, None for global commands."""
    world = call.core.world
    if call.id("application_id") != world.application.id:
        raise ApiError(10002)
    if "guild_id" not in call.params:
        return None
    guild = world.guilds.get(call.id("guild_id"))
    if guild is None:
        raise ApiError(10004)
    if world.application.bot_id not in guild.members:
        raise ApiError(50001)
    return guild.id


def _find(call: Call) -> Command:
    command = call.core.world.commands.get(call.id("command_id"))
    if command is None or command.guild_id != _scope(call):
        raise ApiError(10063)
    return command


def _stored(definition: dict[str, Any]) -> dict[str, Any]:
    data = {k: v for k, v in definition.items() if k not in _SERVER_KEYS}
    if data.get("integration_types", ()) is None:
        del data["integration_types"]
    if int(definition.get("type") or CommandType.SLASH) == CommandType.SLASH:
        data.setdefault("options", [])
    if "default_member_permissions" in data and data["default_member_permissions"] is not None:
        data["default_member_permissions"] = str(data["default_member_permissions"])
    return data


def _put(call: Call, guild_id: int | None, definition: dict[str, Any]) -> tuple[Command, bool]:
    """Create a command or replace the one of the same type and name, which keeps its id."""
    world = call.core.world
    kind = int(definition.get("type") or CommandType.SLASH)
    data = _stored(definition)
    for command in world.scope(guild_id):
        if (command.type, command.name) == (kind, definition["name"]):
            if command.data != data:
                command.data, command.version = data, world.ids.new()
            return command, False
    day_ago = world.clock.now() - timedelta(days=1)
    created = sum(1 for i in world.command_births if i[1] == guild_id and born_at(i[0]) > day_ago)
    if created >= CREATIONS_A_DAY:
        raise ApiError(30034)
    command = Command(world.ids.new(), kind, definition["name"], guild_id, world.ids.new(), data)
    world.commands[command.id] = command
    world.command_births.append((command.id, guild_id))
    return command, True


def _overwrite(call: Call) -> Reply:
    guild_id = _scope(call)
    limits.check_commands(call.body, bulk=True)
    kept = [_put(call, guild_id, definition)[0] for definition in call.body]
    for command in call.core.world.scope(guild_id):
        if command not in kept:
            del call.core.world.commands[command.id]
    call.core.world.emit(changes.CommandsChanged(guild_id))
    return Reply(200, [call.core.payloads.command(c) for c in kept])


def _list(call: Call) -> Reply:
    return Reply(200, [call.core.payloads.command(c) for c in call.core.world.scope(_scope(call))])


def _create(call: Call) -> Reply:
    guild_id = _scope(call)
    body = call.body if isinstance(call.body, dict) else {}
    kind = int(body.get("type") or CommandType.SLASH)
    same = (kind, body.get("name"))
    others = [c for c in call.core.world.scope(guild_id) if (c.type, c.name) != same]
    limits.check_commands([body], beside=[{"name": c.name, "type": c.type} for c in others])
    command, new = _put(call, guild_id, body)
    call.core.world.emit(changes.CommandsChanged(guild_id))
    return Reply(201 if new else 200, call.core.payloads.command(command))


def _get(call: Call) -> Reply:
    return Reply(200, call.core.payloads.command(_find(call)))


def _edit(call: Call) -> Reply:
    command = _find(call)
    merged: dict[str, Any] = {"name": command.name, "type": command.type, **command.data, **(call.body or {})}
    limits.check_commands([merged])
    command.name, command.data = merged["name"], _stored(merged)
    command.version = call.core.world.ids.new()
    call.core.world.emit(changes.CommandsChanged(command.guild_id))
    return Reply(200, call.core.payloads.command(command))


def _delete(call: Call) -> Reply:
    command = _find(call)
    del call.core.world.commands[command.id]
    call.core.world.emit(changes.CommandsChanged(command.guild_id))
    return Reply(204)


for _base in (_GLOBAL, _GUILD):
    routes.add("PUT", _base)(_overwrite)
    routes.add("GET", _base)(_list)
    routes.add("POST", _base)(_create)
    routes.add("GET", f"{_base}/{{command_id}}")(_get)
    routes.add("PATCH", f"{_base}/{{command_id}}")(_edit)
    routes.add("DELETE", f"{_base}/{{command_id}}")(_delete)


@routes.add("GET", f"{_GUILD}/permissions")
def all_permissions(call: Call) -> Reply:
    """List what administrators of the guild changed; commands left alone are not listed."""
    guild_id = _scope(call)
    held = call.core.world.command_permissions
    return Reply(200, [_permissions(call, i, p) for (g, i), p in held.items() if g == guild_id])


@routes.add("GET", f"{_GUILD}/{{command_id}}/permissions")
def permissions(call: Call) -> Reply:
    guild_id, command_id = _scope(call), call.id("command_id")
    held = call.core.world.command_permissions.get((guild_id or 0, command_id))
    if held is None:
        raise ApiError(10066)
    return Reply(200, _permissions(call, command_id, held))


def _permissions(call: Call, command_id: int, held: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": str(command_id),
        "application_id": str(call.core.world.application.id),
        "guild_id": call.params["guild_id"],
        "permissions": held,
    }
