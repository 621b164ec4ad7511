"""The shipped English words of loops, for tests that run without the bot's interface."""

import json
from functools import cache
from typing import Any

from bot.paths import assets_dir


@cache
def _words() -> dict[str, Any]:
    return json.loads((assets_dir() / "locales" / "en" / "loops.json").read_text(encoding="utf-8"))


def say(key: str, /, **parts: object) -> str:
    """Return the text of a key; a missing key or part is an error, as it would be for a person."""
    found: Any = _words()
    for part in key.split("."):
        found = found[part]
    if isinstance(found, dict):
        found = found["one" if parts["count"] == 1 else "other"]
    return str(found).format(**parts)
