"""The world on disk: one JSON file and a folder of attachments. Ephemeral messages are not kept."""

import asyncio
import dataclasses
import json
import os
import types
import typing
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from bot.local.changes import TypingStarted
from bot.local.ids import Clock
from bot.local.model import Application, Attachment, Channel, Command, Guild, Interaction, Message, User, Wire
from bot.local.world import World

VERSION = 1
SAVE_EVERY_S = 10.0


class Saver:
    """Read the world at the start and write it at most every ten seconds after a change."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "world.json"
        self.attachments = folder / "attachments"
        self._dirty_since: float | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def watch(self, world: World) -> None:
        def mark(change: object) -> None:
            if self._dirty_since is None and not isinstance(change, TypingStarted):
                self._dirty_since = asyncio.get_running_loop().time()

        world.listen(mark)

    async def save_if_due(self, world: World) -> None:
        if self._dirty_since is None:
            return
        if asyncio.get_running_loop().time() - self._dirty_since < SAVE_EVERY_S:
            return
        self._dirty_since = None
        await asyncio.to_thread(self._write, dump(world))

    def save(self, world: World) -> None:
        self._dirty_since = None
        self._write(dump(world))

    def _write(self, body: Wire) -> None:
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(body), encoding="utf-8")
        os.chmod(part, 0o600)
        part.replace(self._file)

    def load(self, clock: Clock) -> World | None:
        """Return the saved world, None if there is none of this version."""
        if not self._file.is_file():
            return None
        body = json.loads(self._file.read_text(encoding="utf-8"))
        if body.get("version") != VERSION:
            return None
        world = restore(body, clock)
        for file in self.attachments.glob("*"):
            # Files of ephemeral messages went with them.
            if int(file.name) not in world.attachments:
                file.unlink()
        return world


def dump(world: World) -> Wire:
    """Return the whole world as JSON data."""
    messages = [_plain(m) for place in world.messages.values() for m in place.values() if not m.ephemeral]
    return {
        "version": VERSION,
        "last_id": world.ids.last,
        "secret": world.secret,
        "application": _plain(world.application),
        "users": [_plain(u) for u in world.users.values()],
        "guilds": [_plain(g) for g in world.guilds.values()],
        "channels": [_plain(c) for c in world.channels.values()],
        "messages": messages,
        "attachments": [_plain(a) for a in world.attachments.values() if not a.ephemeral],
        "commands": [_plain(c) for c in world.commands.values()],
        "interactions": [_plain(i) for i in world.interactions.values()],
        "user_installs": sorted(world.user_installs),
        "command_births": world.command_births[-1_000:],
        "command_permissions": [[*key, value] for key, value in world.command_permissions.items()],
    }


def restore(body: Wire, clock: Clock) -> World:
    """Return the world that `dump` wrote."""
    world = World(clock)
    world.ids.last = body["last_id"]
    world.secret = body["secret"]
    world.application = _build(Application, body["application"])
    world.users = {u.id: u for u in (_build(User, d) for d in body["users"])}
    world.guilds = {g.id: g for g in (_build(Guild, d) for d in body["guilds"])}
    world.channels = {c.id: c for c in (_build(Channel, d) for d in body["channels"])}
    world.messages = {i: {} for i in world.channels}
    for message in (_build(Message, d) for d in body["messages"]):
        world.messages[message.channel_id][message.id] = message
    world.attachments = {a.id: a for a in (_build(Attachment, d) for d in body["attachments"])}
    world.commands = {c.id: c for c in (_build(Command, d) for d in body["commands"])}
    world.interactions = {i.id: i for i in (_build(Interaction, d) for d in body["interactions"])}
    world.user_installs = set(body["user_installs"])
    world.command_births = [(a, b) for a, b in body["command_births"]]
    world.command_permissions = {(g, c): held for g, c, held in body["command_permissions"]}
    return world


def _plain(value: Any) -> Any:
    """Turn dataclasses, enums and times into JSON data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value


def _build(kind: Any, value: Any) -> Any:
    """Turn JSON data back into `kind`, following its annotations."""
    if value is None or kind is Any:
        return value
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        inner = [a for a in arguments if a is not type(None)]
        return _build(inner[0], value) if len(inner) == 1 else value
    if origin is list:
        return [_build(arguments[0], v) for v in value]
    if origin is dict:
        return {_build(arguments[0], k): _build(arguments[1], v) for k, v in value.items()}
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        known = {f.name for f in dataclasses.fields(kind)}
        made = {k: _build(hints[k], v) for k, v in value.items() if k in known}
        return typing.cast(Any, kind)(**made)
    if kind is datetime:
        return datetime.fromisoformat(value)
    if isinstance(kind, type) and (issubclass(kind, Enum) or kind is int):
        return kind(value)
    return value
