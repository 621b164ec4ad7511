"""What an expression may be: what `reading.py` knows of values, without running anything."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Of:
    """An instance of a class of ours."""

    cls: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of ours itself."""

    cls: str


@dataclass(frozen=True, slots=True)
class Lib:
    """A module of ours."""

    name: str


@dataclass(frozen=True, slots=True)
class Func:
    """A function or method of ours, by its key."""

    key: str


@dataclass(frozen=True, slots=True)
class Gives:
    """Something callable, and what comes out."""

    result: "Type"


@dataclass(frozen=True, slots=True)
class Many:
    """Something with items."""

    item: "Type"


@dataclass(frozen=True, slots=True)
class Named:
    """A mapping, and its values."""

    value: "Type"


@dataclass(frozen=True, slots=True)
class Row:
    """A tuple of known parts."""

    parts: tuple["Type", ...]


@dataclass(frozen=True, slots=True)
class Plain:
    """A text, a number, a moment: nothing of ours."""


One = Of | Kind | Lib | Func | Gives | Many | Named | Row | Plain
Type = frozenset[One] | None
"""What an expression may be; None: anything."""

NOTHING: Type = frozenset()
PLAIN: Type = frozenset([Plain()])
# fmt: off
PLAIN_NAMES = frozenset({
    "str", "int", "float", "bool", "bytes", "complex", "date", "datetime", "time", "timedelta", "tzinfo", "ZoneInfo",
    "Path", "None", "bytearray", "memoryview", "NDArray", "Lock", "Event", "Task",
})
SEQUENCES = frozenset({
    "list", "set", "frozenset", "Sequence", "Iterable", "Iterator", "AsyncIterator", "AsyncIterable", "Collection",
    "Set", "deque", "Generator", "AsyncGenerator", "KeysView", "ValuesView", "MutableSequence", "MutableSet",
})
MAPPINGS = frozenset({
    "dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict", "MappingProxyType", "Counter",
})
SAME_ITEMS = frozenset({"sorted", "list", "tuple", "set", "frozenset", "reversed", "iter", "filter", "deque"})
ONE_ITEM = frozenset({"next", "max", "min", "choice"})
# fmt: on


def join(parts: Iterable[Type]) -> Type:
    """Return what may be any of these."""
    found: set[One] = set()
    for part in parts:
        if part is None:
            return None
        found |= part
    return frozenset(found)
