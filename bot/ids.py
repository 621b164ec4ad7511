"""Identity of things: UUIDv7 (sortable by time, made in the application) and short public codes."""

import hashlib
import secrets
import threading
from datetime import datetime
from uuid import UUID

_lock = threading.Lock()
_last_ms = 0
_sequence = 0


def uuid7(now: datetime) -> str:
    """Return a new UUIDv7 (RFC 9562, section 5.7) as 32 hex digits, strictly increasing in one process.

    Hex without dashes: it goes into custom_ids of at most 100 characters.
    """
    global _last_ms, _sequence
    ms = int(now.timestamp() * 1000)
    with _lock:
        if ms <= _last_ms:
            _sequence += 1
            if _sequence >= 1 << 12:
                _last_ms += 1
                _sequence = 0
            ms = _last_ms
        else:
            _last_ms = ms
            _sequence = secrets.randbits(8)
        sequence = _sequence
    value = (ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | sequence << 64 | 0b10 << 62 | secrets.randbits(62)
    return UUID(int=value).hex


def log_reference(text: str) -> str:
    """Return the four-sign reference of an error ("7K2F") that people can read out; stable for a text."""
    alphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return "".join(alphabet[(number // len(alphabet) ** place) % len(alphabet)] for place in range(4))
