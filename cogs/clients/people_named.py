"""Who was chosen in a select of people, as the server knows them: name, and what they may there."""

from collections.abc import Mapping
from typing import Any

import discord

from bot.actors import OwnerId, PersonId
from bot.clients.model import Assignee
from bot.errors import Refused
from bot.studio.roles import Does, Role, role_table
from bot.studio.service import Standing
from bot.ui.base import Press


async def chosen(press: Press, owner: OwnerId, client_id: str | None, area: str) -> list[Assignee]:
    """Return the people that were chosen. Raises Refused for a bot, and for who may not take part in that plan."""
    return [await _one(press, int(user), owner, client_id, area) for user in press.values]


async def _one(press: Press, user: int, owner: OwnerId, client_id: str | None, area: str) -> Assignee:
    resolved: Mapping[str, Any] = (press.interaction.data or {}).get("resolved", {})  # type: ignore[assignment]
    account = resolved.get("users", {}).get(str(user), {})
    member = resolved.get("members", {}).get(str(user))
    name = (member or {}).get("nick") or account.get("global_name") or account.get("username") or ""
    if account.get("bot"):
        raise Refused("assign_bot", name=name)
    studio = press.services.studio
    standing = _standing(user, owner, member if press.guild == owner else None)
    role = await studio.role(standing)
    if role is Role.CLIENT and await studio.client_of(standing) != client_id:
        role = None
    table = role_table()
    if role is Role.GUEST:
        raise Refused("assign_guest", name=name)
    if not (table.may(role, area, Does.ASSIGN) or table.may(role, area, Does.TICK)):
        raise Refused("assign_outsider", name=name)
    return Assignee(name, PersonId(user))


def _standing(user: int, owner: OwnerId, member: Mapping[str, Any] | None) -> Standing:
    if member is None:
        return Standing(user, owner, is_there=False)  # pyright: ignore[reportArgumentType]
    rights = discord.Permissions(int(member.get("permissions", 0)))
    roles = frozenset(int(role) for role in member.get("roles", ()))
    return Standing(user, owner, roles, rights.manage_guild)
