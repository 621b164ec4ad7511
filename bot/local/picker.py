"""Which commands somebody may use in a place, and the data of a command in use."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.local.core import Core
from bot.local.model import Attachment, Channel, Command, Role, User, Wire
from bot.local.permissions import Permission
from bot.local.posting import Upload

MAX_SAFE_INTEGER = 2**53 - 1


class PersonError(Exception):
    """Something a person cannot do in Discord's client; the text says why."""


@dataclass(frozen=True, slots=True)
class Usage:
    """One entry of the slash picker: a command, or a subcommand with its groups."""

    command: Command
    path: tuple[str, ...]
    description: str
    options: tuple[Wire, ...]

    @property
    def name(self) -> str:
        return " ".join(self.path)


def usages(command: Command) -> Iterator[Usage]:
    """Yield what one command offers: itself, or each of its subcommands."""

    def down(node: Wire, path: tuple[str, ...]) -> Iterator[Usage]:
        options = node.get("options") or []
        nested = [o for o in options if o.get("type") in (1, 2)]
        if not nested:
            yield Usage(command, path, node.get("description", ""), tuple(options))
        for option in nested:
            yield from down(option, (*path, option["name"]))

    yield from down(command.data, (command.name,))


def usable(core: Core, command: Command, channel: Channel, user_id: int) -> dict[str, str] | None:
    """Return the installs under which somebody may use a command there, None if not at all."""
    world = core.world
    if command.guild_id not in (None, channel.guild_id):
        return None
    owners = core.interactions.owners(channel, user_id)
    installs = command.data.get("integration_types") or [0]
    if command.guild_id is not None:
        installs = [0]
    owners = {key: value for key, value in owners.items() if int(key) in installs}
    context = core.interactions.context(channel)
    contexts = command.data.get("contexts")
    if contexts is None:
        contexts = [0, 1, 2] if 1 in installs else [0, 1]
    if not owners or (command.guild_id is None and context not in contexts):
        return None
    if channel.guild_id is not None and not _permitted(core, command, channel, user_id):
        return None
    return owners if world.permissions(channel, user_id) & Permission.VIEW_CHANNEL else None


def _permitted(core: Core, command: Command, channel: Channel, user_id: int) -> bool:
    held = core.world.permissions(channel, user_id)
    if held & Permission.ADMINISTRATOR:
        return True
    if not held & Permission.USE_APPLICATION_COMMANDS:
        return False
    guild = core.world.guilds[channel.guild_id or 0]
    held_rules = core.world.command_permissions
    own, app = held_rules.get((guild.id, command.id)), held_rules.get((guild.id, core.world.application.id), [])
    member = guild.members.get(user_id)
    if not _place_allowed(own or app, guild.id, channel):
        return False
    for rules in (own or [], app):
        decided = _decided(rules, guild.id, user_id, member.role_ids if member else [])
        if decided is False or (decided and rules is own):
            return decided
    needed = command.data.get("default_member_permissions")
    if needed is None:
        return True
    return int(needed) != 0 and held & int(needed) == int(needed)


def _place_allowed(rules: list[Wire], guild_id: int, channel: Channel) -> bool:
    """Say whether administrators allow a command in a channel: its own rule, else the one for all channels."""
    place = channel.parent_id if channel.is_thread else channel.id
    by_id = {rule["id"]: bool(rule["permission"]) for rule in rules if rule["type"] == 3}
    return by_id.get(str(place), by_id.get(str(guild_id - 1), True))


def _decided(rules: list[Wire], guild_id: int, user_id: int, role_ids: list[int]) -> bool | None:
    """Return what the rules say of somebody, the person before the roles before everyone; None if nothing."""
    by_id = {(rule["type"], rule["id"]): bool(rule["permission"]) for rule in rules if rule["type"] in (1, 2)}
    if (2, str(user_id)) in by_id:
        return by_id[2, str(user_id)]
    roles = [by_id[1, str(role)] for role in role_ids if (1, str(role)) in by_id]
    return any(roles) if roles else by_id.get((1, str(guild_id)))


class Resolver:
    """Collect the people, channels, roles, messages and files that interaction data points at."""

    def __init__(self, core: Core, channel: Channel, user_id: int) -> None:
        self._core = core
        self._channel = channel
        self._user_id = user_id
        self.resolved: Wire = {}

    def user(self, user_id: int) -> str:
        world, payloads = self._core.world, self._core.payloads
        user = world.users.get(user_id)
        if user is None:
            raise PersonError("There is no such person.")
        self._put("users", user_id, payloads.user(user))
        guild = world.guilds.get(self._channel.guild_id or 0)
        if guild is not None and user_id in guild.members:
            body = payloads.member(guild, guild.members[user_id], with_user=False)
            body["permissions"] = str(world.permissions(self._channel, user_id))
            self._put("members", user_id, body)
        return str(user_id)

    def role(self, role_id: int) -> str:
        guild = self._core.world.guilds.get(self._channel.guild_id or 0)
        if guild is None or role_id not in guild.roles:
            raise PersonError("There is no such role here.")
        self._put("roles", role_id, self._core.payloads.role(guild.roles[role_id]))
        return str(role_id)

    def channel(self, channel_id: int, kinds: list[int] | None = None) -> str:
        channel = self._core.world.channels.get(channel_id)
        if channel is None or channel.guild_id != self._channel.guild_id:
            raise PersonError("There is no such channel here.")
        if kinds and channel.type not in kinds:
            raise PersonError(f"#{channel.name} is not the kind of channel asked for.")
        body = self._core.payloads.channel(channel, for_user=self._user_id)
        body.pop("permission_overwrites", None)
        self._put("channels", channel_id, body)
        return str(channel_id)

    def mentionable(self, identity: int) -> str:
        return self.user(identity) if identity in self._core.world.users else self.role(identity)

    def attachment(self, value: object) -> str:
        """Upload a file, or point at one that was uploaded before."""
        if isinstance(value, Upload):
            limit = self._core.world.upload_limit(self._channel)
            if len(value.data) > limit:
                raise PersonError(f"Your files are too powerful. The maximum file size is {limit // (1024 * 1024)} MB.")
            held = self._core.posting.keep_file(self._channel.id, value, ephemeral=True)
        elif isinstance(value, Attachment):
            held = value
        else:
            held = self._core.world.attachments.get(identity(value)) or _no("There is no such file.")
        self._put("attachments", held.id, self._core.payloads.attachment(held))
        return str(held.id)

    def _put(self, family: str, identity: int, body: Wire) -> None:
        self.resolved.setdefault(family, {})[str(identity)] = body


def _no(text: str) -> Any:
    raise PersonError(text)


def identity(value: object) -> int:
    """Return the id of a person, channel, role or of its text."""
    if isinstance(value, (User, Role, Channel)):
        return value.id
    inner = getattr(value, "user", None)
    if isinstance(inner, User):
        return inner.id
    if isinstance(value, (int, str)) and str(value).isdigit():
        return int(value)
    raise PersonError(f"{value!r} is not a thing one can pick.")


def option_data(
    usage: Usage, values: Mapping[str, object], resolver: Resolver, *, focused: str | None = None
) -> list[Wire]:
    """Return the `options` of interaction data; check what Discord's client checks unless `focused`."""
    known = {option["name"]: option for option in usage.options}
    if strange := sorted(set(values) - set(known)):
        offers = ", ".join(known) or "none"
        raise PersonError(f"/{usage.name} has no option {strange[0]}; it has: {offers}.")
    filled: list[Wire] = []
    for name, option in known.items():
        if name not in values or values[name] is None:
            if option.get("required") and focused is None:
                raise PersonError(f"This option is required: {name}.")
            continue
        if name == focused:
            filled.append({"type": option["type"], "name": name, "value": str(values[name]), "focused": True})
            continue
        value = _option_value(option, values[name], resolver)
        if focused is None:
            _check_option(option, value)
        filled.append({"type": option["type"], "name": name, "value": value})
    for depth, name in reversed(list(enumerate(usage.path[1:]))):
        is_last = depth == len(usage.path) - 2
        filled = [{"type": 1 if is_last else 2, "name": name, "options": filled}]
    return filled


def _option_value(option: Wire, value: object, resolver: Resolver) -> object:
    kind = option["type"]
    try:
        if kind == 3:
            return str(value)
        if kind == 4:
            return int(str(value))
        if kind == 5:
            return value if isinstance(value, bool) else str(value).lower() in ("true", "1", "yes")
        if kind == 10:
            return float(str(value))
    except ValueError:
        raise PersonError(f"Input a valid number for {option['name']}.") from None
    if kind == 11:
        return resolver.attachment(value)
    if kind == 7:
        return resolver.channel(identity(value), option.get("channel_types"))
    resolve = {6: resolver.user, 8: resolver.role, 9: resolver.mentionable}[kind]
    return resolve(identity(value))


def _check_option(option: Wire, value: Any) -> None:
    name = option["name"]
    if option.get("choices"):
        if value not in [c["value"] for c in option["choices"]]:
            offers = ", ".join(str(c["name"]) for c in option["choices"])
            raise PersonError(f"{name} must be one of: {offers}.")
        return
    if option["type"] == 3:
        low, high = option.get("min_length") or 0, option.get("max_length") or 6000
        if not low <= len(value) <= high:
            raise PersonError(f"{name} must be between {low} and {high} in length.")
    if option["type"] in (4, 10):
        low = option.get("min_value", -MAX_SAFE_INTEGER)
        high = option.get("max_value", MAX_SAFE_INTEGER)
        low = -MAX_SAFE_INTEGER if low is None else low
        high = MAX_SAFE_INTEGER if high is None else high
        if not low <= value <= high:
            raise PersonError(f"{name} must be between {low} and {high}.")
