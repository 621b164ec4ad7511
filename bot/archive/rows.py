"""One row of a catalogue file, held against the model of a bounce. Pure; for the reader's process."""

import math
import re
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from bot.bounces.checks import BadFacts, checked_facts, plain
from bot.bounces.model import Bounce, BounceId, BounceSource, BounceTag, Facts
from bot.imports.texts import BadText, clean

FORMAT = "studiohand.catalogue"
ROWS, LOOPS = "checked.jsonl", "loops.json"
"""What the reader leaves beside a file: its checked rows, and its loops by their names."""
_HASH = re.compile(r"[0-9a-f]{64}")
_TAG = re.compile(r"[a-z0-9-]{1,24}")
"""What a free tag may be; whoever types one is held to the same."""
_FIRST_MS = 0
_LAST_MS = 4_102_444_800_000
"""1970 to 2100."""


class BadRow(ValueError):
    """A row that is not taken: why, and which field."""

    def __init__(self, code: str, field: str) -> None:
        super().__init__(code, field)
        self.code, self.field = code, field


def checked_row(row: object) -> dict[str, Any]:
    """Return a row as plain data that `bounce_of` takes. Raises BadRow for the first field no bounce could have."""
    if not isinstance(row, dict):
        raise BadRow("not_a_row", "")
    given: dict[str, Any] = row
    content_hash = given.get("content_hash")
    if not isinstance(content_hash, str) or not _HASH.fullmatch(content_hash):
        raise BadRow("hash", "content_hash")
    try:
        facts = checked_facts(given.get("facts"))
    except BadFacts as bad:
        raise BadRow(bad.code, f"facts.{bad.field}" if bad.field else "facts") from None
    if facts.content_hash != content_hash:
        raise BadRow("hash", "facts.content_hash")
    file_name = _text(given, "file_name", 255, least=1)
    if PurePosixPath(file_name.replace("\\", "/")).name != file_name:
        raise BadRow("path", "file_name")
    tags = given.get("tags") or []
    if not isinstance(tags, list) or len(tags) > 10:
        raise BadRow("too_many", "tags")
    return {
        "title": _text(given, "title", 200, least=1),
        "file_name": file_name,
        "family": _text(given, "family", 200, least=1),
        "family_key": _text(given, "family_key", 200, least=1),
        "version": _whole(given, "version", 1, 100_000),
        "content_hash": content_hash,
        "facts": plain(facts),
        "source": _word(given, "source", BounceSource),
        "bounced_at_ms": _whole(given, "bounced_at_ms", _FIRST_MS, _LAST_MS),
        "tag": _word(given, "tag", BounceTag) if given.get("tag") else None,
        "tags": [_tag(tag) for tag in tags],
        "note": _text(given, "note", 1000, lines=True) if given.get("note") else "",
        "phase": _text(given, "phase", 20) if given.get("phase") else None,
        "loop": _text(given, "loop", 100) if given.get("loop") else "",
    }


def bounce_of(row: dict[str, Any], owner: int, loop_id: str | None) -> Bounce:
    """Return the bounce of a checked row; its id is given when it is stored."""
    at = datetime.fromtimestamp(row["bounced_at_ms"] / 1000, UTC)
    return Bounce(
        id=BounceId(""),
        owner_id=owner,
        title=row["title"],
        file_name=row["file_name"],
        family=row["family_key"],
        family_title=row["family"],
        number=row["version"],
        content_hash=row["content_hash"],
        facts=Facts.from_dict(row["facts"]),
        source=BounceSource(row["source"]),
        bounced_at=at,
        created_at=at,
        updated_at=at,
        tag=BounceTag(row["tag"]) if row["tag"] else None,
        free_tags=tuple(row["tags"]),
        note=row["note"],
        loop_id=loop_id,
        phase=row["phase"],
    )


def _text(given: dict[str, Any], field: str, most: int, *, least: int = 0, lines: bool = False) -> str:
    value = given.get(field)
    if not isinstance(value, str):
        raise BadRow("not_text", field)
    try:
        return clean(value, most, least=least, lines=lines)
    except BadText as bad:
        raise BadRow(bad.code, field) from None


def _tag(given: object) -> str:
    tag = _text({"tags": given}, "tags", 24)
    if not _TAG.fullmatch(tag):
        raise BadRow("word", "tags")
    return tag


def _whole(given: dict[str, Any], field: str, low: int, high: int) -> int:
    value = given.get(field)
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadRow("number", field)
    return value


def _word(given: dict[str, Any], field: str, words: type[BounceSource] | type[BounceTag]) -> str:
    value = given.get(field)
    if not isinstance(value, str) or value not in set(words):
        raise BadRow("word", field)
    return value
