"""Cached answers: the same question on the same local day is asked once."""

import hashlib
import json
from datetime import datetime
from typing import Protocol

from bot.ai.model import CachedAnswer, Question, ReplyT


class AnswerCache(Protocol):
    """Keep answers until a moment."""

    async def get(self, owner: int, key: str, now: datetime) -> CachedAnswer | None: ...

    async def put(self, owner: int, key: str, answer: CachedAnswer, until: datetime) -> None: ...


class MemoryCache:
    """Answers in this process only."""

    def __init__(self, capacity: int = 500) -> None:
        self._capacity = capacity
        self._answers: dict[tuple[int, str], tuple[CachedAnswer, datetime]] = {}

    async def get(self, owner: int, key: str, now: datetime) -> CachedAnswer | None:
        found = self._answers.get((owner, key))
        if found is None or found[1] <= now:
            return None
        return found[0]

    async def put(self, owner: int, key: str, answer: CachedAnswer, until: datetime) -> None:
        self._answers.pop((owner, key), None)
        while len(self._answers) >= self._capacity:
            self._answers.pop(next(iter(self._answers)))
        self._answers[owner, key] = (answer, until)


def cache_key(question: Question[ReplyT], model: str, prompt_version: str) -> str:
    """Return the SHA-256 of everything that the answer depends on, in canonical JSON."""
    document = {
        "prompt": question.prompt,
        "version": prompt_version,
        "model": model,
        "day": question.local_day,
        "facts": dict(question.facts),
        "data": dict(question.data),
    }
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
