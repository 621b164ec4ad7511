"""The English catalogue read straight from its files, for tests of pure code."""

import json
from typing import Any

from bot.paths import assets_dir


class Catalogue:
    """Words of one language."""

    locale = "en"

    def __init__(self) -> None:
        self._texts: dict[str, Any] = {}
        for path in sorted((assets_dir() / "locales" / "en").glob("*.json")):
            self._flatten("", json.loads(path.read_text(encoding="utf-8")))

    def _flatten(self, prefix: str, node: dict[str, Any]) -> None:
        for key, value in node.items():
            name = f"{prefix}{key}"
            if isinstance(value, dict) and not (set(value) <= {"zero", "one", "two", "few", "many", "other"}):
                self._flatten(f"{name}.", value)
            else:
                self._texts[name] = value

    def __call__(self, key: str, /, **parts: object) -> str:
        text = self._texts[key]
        if isinstance(text, dict):
            text = text["one" if parts["count"] == 1 and "one" in text else "other"]
        return text.format(**parts)
