"""Files that are ready to be measured, and which of them came together."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bot.bounces.model import FileStamp, Folder, Trouble


class Follower(Protocol):
    """Whoever follows the folder of a file: it hears what became of it."""

    def again(self, path: Path, attempts: int) -> None:
        """Let a file settle once more."""
        ...

    def finished(self, path: Path) -> None:
        """A file is measured, or given up."""
        ...

    def measured(self, path: Path) -> None:
        """A file is measured and in the catalogue."""
        ...

    def unreadable(self, path: Path, trouble: Trouble) -> None:
        """A file cannot be measured."""
        ...

    async def failed(self, path: Path, error: Exception) -> None:
        """Something broke over a file that is none of its fault: try it again later."""
        ...

    def siblings(self, path: Path) -> int:
        """Return how many files beside it still settle."""
        ...


@dataclass(slots=True)
class Burst:
    """Files of one folder that became ready within seconds of each other."""

    key: str
    waiting: set[str] = field(default_factory=set)
    members: int = 0
    last_ready_at: float = 0.0
    is_group: bool = False
    is_told_of: bool = False


@dataclass(slots=True)
class Job:
    """A complete file in line for measuring."""

    run: Follower
    folder: Folder
    path: Path
    stamp: FileStamp
    is_header_open: bool
    is_startup: bool
    burst: Burst | None = None
    attempts: int = 0

    def again(self) -> None:
        """Let the file settle once more: it changed, or measuring broke off."""
        self.run.again(self.path, self.attempts)


def storable(path: Path) -> str:
    """Return a path as text that a database takes; bytes that are no UTF-8 are written as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
