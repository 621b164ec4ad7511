"""The list of people whose data was deleted: beside the backups, so that no backup brings anybody back.

One line a deletion, each signed together with the one before it by a key of the data directory: a line that was
changed, taken out or put in is noticed.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

LIST = "deleted.log"
KEY = "deleted.key"


class Tampered(RuntimeError):
    """The list and its key do not belong together; nobody can tell whom to delete again. The text is its path."""


@dataclass(frozen=True, slots=True)
class DeletionList:
    """Append-only. `key` is made with the first line."""

    file: Path
    key: Path

    def read_blocking(self) -> dict[int, datetime]:
        """Return when each person was deleted, the last time. Raises Tampered."""
        return self._read()[0]

    def add_blocking(self, person: int, at: datetime) -> None:
        """Write a deletion down, on disk when this returns. Raises Tampered, OSError."""
        _, last, length = self._read()
        if not last and not self.key.exists():
            self._make_key()
        line = f"{person} {at.isoformat()}"
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            # What a crash left of a line that was never carried out goes.
            file.truncate(length)
            file.seek(length)
            file.write(f"{line} {_sign(self._known_key(), last, line)}\n".encode())
            file.flush()
            os.fsync(file.fileno())

    def _read(self) -> tuple[dict[int, datetime], str, int]:
        """Return the deletions, the last signature, and the length up to it."""
        try:
            written = self.file.read_bytes()
        except FileNotFoundError:
            return {}, "", 0
        whole = written[: written.rfind(b"\n") + 1]
        found: dict[int, datetime] = {}
        last = ""
        for line in whole.decode("utf-8", "replace").splitlines():
            said, _, signed = line.rpartition(" ")
            if not hmac.compare_digest(_sign(self._known_key(), last, said).encode(), signed.encode()):
                raise Tampered(str(self.file))
            person, _, at = said.partition(" ")
            found[int(person)] = datetime.fromisoformat(at)
            last = signed
        return found, last, len(whole)

    def _known_key(self) -> bytes:
        try:
            return self.key.read_bytes()
        except FileNotFoundError:
            raise Tampered(str(self.file)) from None

    def _make_key(self) -> None:
        """Make the key of a list that has no line yet."""
        descriptor = os.open(self.key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())


def _sign(key: bytes, last: str, line: str) -> str:
    return hmac.new(key, f"{last}\n{line}".encode(), hashlib.sha256).hexdigest()
