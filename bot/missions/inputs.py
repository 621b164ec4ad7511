"""What a mission reads, turned into data at run time. A missing thing is said to be missing. Pure but for ports."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.ai.model import JsonValue
from bot.ai.sent import Item
from bot.missions.model import InputKind, InputRef, JsonMap


@dataclass(frozen=True, slots=True)
class Resolved:
    """An input as the planner sees it; `data` None means that the thing is not there.

    `beginning` stands for the data of one that was too long.
    """

    ref: InputRef
    title: str
    data: JsonValue
    beginning: str | None = None


@dataclass(frozen=True, slots=True)
class Idea:
    """A step that the rules would take, with its weight among all ideas (0..1, more is better)."""

    tool: str
    params: JsonMap
    summary: str
    rationale: str
    weight: float


@dataclass(frozen=True, slots=True)
class Choice:
    """Something a person can pick as an input."""

    ref: InputRef
    label: str


class InputSource(Protocol):
    """One kind of input. Given by its area; reads only the owner's things, and sends only what `sends` declares."""

    kind: InputKind
    sends: Item

    async def resolve(self, owner: int, ref: str, now: datetime) -> Resolved: ...

    async def ideas(self, owner: int, ref: str, now: datetime) -> Sequence[Idea]: ...

    async def choices(self, owner: int) -> Sequence[Choice]: ...


@dataclass(frozen=True, slots=True)
class Trimmed:
    """Inputs inside the limit of characters, and the titles of those that were cut."""

    inputs: tuple[Resolved, ...]
    cut: tuple[str, ...]


def trim(inputs: Iterable[Resolved], limit: int) -> Trimmed:
    """Shorten the largest inputs until all fit; a cut input becomes text and is named.

    Sharing is fair: small inputs stay whole, the large ones get equal parts of what is left.
    """
    found = list(inputs)
    sizes = [_size(one) for one in found]
    if sum(sizes) <= limit:
        return Trimmed(tuple(found), ())
    left, share = limit, 0
    for place, size in enumerate(sorted(sizes)):
        share = left // (len(sizes) - place)
        if size > share:
            break
        left -= size
    kept, cut = [], []
    for one, size in zip(found, sizes, strict=True):
        if size <= share:
            kept.append(one)
            continue
        text = json.dumps(one.data, ensure_ascii=False)[: max(0, share - len(one.title) - 60)]
        kept.append(Resolved(one.ref, one.title, one.data, beginning=text))
        cut.append(one.title)
    return Trimmed(tuple(kept), tuple(cut))


def _size(one: Resolved) -> int:
    return len(one.title) + len(json.dumps(one.data, ensure_ascii=False)) + 40


def as_data(trimmed: Trimmed) -> list[JsonValue]:
    """Return the inputs as the prompt holds them."""
    return [_as_data(one) for one in trimmed.inputs]


def _as_data(one: Resolved) -> JsonValue:
    known: dict[str, JsonValue] = {"kind": str(one.ref.kind), "title": one.title}
    if one.data is None:
        return {**known, "missing": True}
    if one.beginning is not None:
        return {**known, "cut_after_characters": len(one.beginning), "beginning": one.beginning}
    return {**known, "content": one.data}


def store_refs(refs: Iterable[InputRef]) -> list[dict[str, str]]:
    """Return inputs as they are stored."""
    return [{"kind": str(ref.kind), "ref": ref.ref} for ref in refs]
