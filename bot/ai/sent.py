"""What is sent to the AI, declared as data: a request is made of declared things only, and people read the same list.

A path names a place in the data of a question: `clips.name` is the name of each clip, and a path covers what lies
under it. What stands under `content` of a thing with a `kind` is told apart by that word: `inputs.content.loop.name`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from bot.ai.model import JsonValue, Sent

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list: `says` ends its string key, `paths` are where it stands in the data ("" is all of it).

    `facts` are places of the prompt's standing part that code fills with something of the person's things.
    """

    says: str
    paths: tuple[str, ...]
    facts: tuple[str, ...] = ()

    def under(self, path: str) -> "Item":
        """Return the same line about data that lies deeper."""
        return replace(self, paths=tuple(_joined(path, one) for one in self.paths))


@dataclass(frozen=True, slots=True)
class Sender:
    """Somebody who asks the AI: which prompts, and what goes with them. Its strings are `ai.sent.<name>.*`."""

    name: str
    prompts: tuple[str, ...]
    items: tuple[Item, ...]

    @property
    def title_key(self) -> str:
        return f"ai.sent.{self.name}.title"

    @property
    def keys(self) -> tuple[str, ...]:
        """The string keys of what is sent, in order."""
        return tuple(f"ai.sent.{self.name}.{item.says}" for item in self.items)

    def of(self, data: Mapping[str, JsonValue]) -> Sent:
        """Return what of the data is declared; the rest stays here."""
        kept = only(dict(data), self.items)
        return Sent(kept if isinstance(kept, dict) else {})


def only(data: JsonValue, items: Sequence[Item]) -> JsonValue:
    """Return data without what no item declares. Something undeclared is a mistake of ours: it is logged and stays."""
    declared = [path for item in items for path in item.paths]
    left_out = sorted({path for path in paths_of(data) if not is_declared(path, declared)})
    if not left_out:
        return data
    log.error("ai.undeclared", paths=left_out)
    return _kept(data, "", declared)


def paths_of(data: JsonValue, path: str = "") -> Iterator[str]:
    """Return the places of everything in the data."""
    parts = list(_parts(data, path))
    if not parts:
        if data not in (None, "", [], {}):
            yield path
        return
    for value, place in parts:
        yield from paths_of(value, place)


def is_declared(path: str, declared: Iterable[str]) -> bool:
    """Tell whether a declared path is this one or lies above it."""
    return any(one in ("", path) or path.startswith(f"{one}.") for one in declared)


def _parts(data: JsonValue, path: str) -> Iterator[tuple[JsonValue, str]]:
    if isinstance(data, list):
        yield from ((one, path) for one in data)
    elif isinstance(data, dict):
        yield from ((value, _place(data, name, path)) for name, value in data.items())


def _place(data: Mapping[str, JsonValue], name: str, path: str) -> str:
    kind = data.get("kind")
    place = _joined(path, name)
    return _joined(place, kind) if name == "content" and isinstance(kind, str) else place


def _kept(data: JsonValue, path: str, declared: Sequence[str]) -> JsonValue:
    if is_declared(path, declared):
        return data
    if isinstance(data, list):
        return [_kept(one, path, declared) for one in data]
    if isinstance(data, dict):
        places = {name: _place(data, name, path) for name in data}
        return {
            name: _kept(value, places[name], declared)
            for name, value in data.items()
            if any(one.startswith(f"{places[name]}.") for one in declared) or is_declared(places[name], declared)
        }
    return None


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name
