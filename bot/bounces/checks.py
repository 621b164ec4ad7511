"""Facts that were measured elsewhere, held against what a measurement can give: of imports and companions. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache

from pydantic import TypeAdapter, ValidationError

from bot.bounces.model import Facts
from bot.imports.texts import BadText, clean

_HASH = re.compile(r"[0-9a-f]{64}")
_MOST_ITEMS = 64
_LONGEST_TEXT = 400
_ANYWHERE = (-1e15, 1e15)
_WITHIN: Mapping[str, tuple[float, float]] = {
    "duration_s": (0.0, 100_000.0),
    "frames": (0, 10**12),
    "sample_rate": (1_000, 1_000_000),
    "channels": (1, 64),
    "bit_depth": (1, 64),
    "size_bytes": (0, 10**12),
    "tonic": (0, 11),
    "runs": (0, 10**9),
    "confidence": (0.0, 1.0),
}


class BadFacts(ValueError):
    """Facts that no measurement gives: why, and which field."""

    def __init__(self, code: str, field: str) -> None:
        super().__init__(code, field)
        self.code, self.field = code, field


@cache
def _adapter() -> TypeAdapter[Facts]:
    return TypeAdapter(Facts)


def plain(facts: Facts) -> dict[str, object]:
    """Return facts as `Facts.to_dict` does, quicker."""
    told: dict[str, object] = _adapter().dump_python(facts, mode="json")
    return told


def checked_facts(given: object) -> Facts:
    """Return facts of plain data. Raises BadFacts naming the first field that is wrong."""
    if not isinstance(given, dict):
        raise BadFacts("not_a_row", "")
    try:
        facts = _adapter().validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])
        raise BadFacts("facts", place) from None
    except (ValueError, RecursionError, TypeError):
        raise BadFacts("facts", "") from None
    _look(facts, "")
    if not _HASH.fullmatch(facts.content_hash):
        raise BadFacts("hash", "content_hash")
    if facts.file_hash and not _HASH.fullmatch(facts.file_hash):
        raise BadFacts("hash", "file_hash")
    if facts.duration_s <= 0:
        raise BadFacts("number", "duration_s")
    if any(not 0 <= part.start_s <= part.end_s <= facts.duration_s + 1 for part in facts.sections):
        raise BadFacts("number", "sections")
    for field, moments in (
        ("clipping.places_s", facts.clipping.places_s),
        ("silence", (facts.silence.head_s, facts.silence.tail_s)),
        ("silence.gaps_s", [at for gap in facts.silence.gaps_s for at in gap]),
        ("loudest_at_s", [at for at in (facts.loudest_at_s,) if at is not None]),
    ):
        if any(not 0 <= at <= facts.duration_s + 1 for at in moments):
            raise BadFacts("number", field)
    return facts


@cache
def _names(kind: type) -> tuple[str, ...]:
    """Return the fields of a dataclass; none for everything else."""
    return tuple(part.name for part in fields(kind)) if is_dataclass(kind) else ()


def _look(value: object, field: str) -> None:
    """Look at every number, text and list of a dataclass and of what is in it."""
    kind = type(value)
    if value is None or kind is bool:
        return
    if kind is float or kind is int:
        low, high = _WITHIN.get(field, _ANYWHERE)
        # "Not a number" is within nothing.
        if not low <= value <= high:  # type: ignore[operator]
            raise BadFacts("number", field)
    elif isinstance(value, str):
        try:
            clean(value, _LONGEST_TEXT, lines=True)
        except BadText as bad:
            raise BadFacts(bad.code, field) from None
    elif isinstance(value, tuple):
        if len(value) > _MOST_ITEMS:
            raise BadFacts("too_many", field)
        for one in value:
            _look(one, field)
    else:
        for name in _names(kind):
            _look(getattr(value, name), name)
