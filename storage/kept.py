"""What was read may be kept while nobody writes to its table: a count of commits for each watched table.

Only on SQLite, where this process is the only writer; elsewhere nothing may be kept.
"""

from collections import Counter
from typing import Any

from sqlalchemy import event

from storage.engine import Engines

WATCHED = ("settings", "facts", "guilds", "client_people")
_VERBS = {"INSERT": 2, "UPDATE": 1, "DELETE": 2, "REPLACE": 2}


class Versions:
    """Counts commits by table. What was read under a version is true as long as the version is the same."""

    def __init__(self, engines: Engines) -> None:
        self._counts = Counter[str]()
        self._touched: set[str] = set()
        self._is_alone = engines.dialect == "sqlite"
        if self._is_alone:
            event.listen(engines.write.sync_engine, "before_cursor_execute", self._look)

    def of(self, table: str) -> int | None:
        """Return the version of a watched table; None where others may write to it. Ask before reading."""
        return self._counts[table] if self._is_alone else None

    def committed(self) -> None:
        """Count what the transaction that just ended wrote; there is one writer at a time."""
        self._counts.update(self._touched)
        self._touched.clear()

    def _look(self, _c: Any, _cursor: Any, statement: str, _p: Any, _context: Any, _many: bool) -> None:
        words = statement[:80].split(maxsplit=6)
        place = _VERBS.get(words[0].upper()) if words else None
        if place is not None:
            self._touched.update(table for table in WATCHED if table in words[place : place + 3])
