"""Long work that is running: by id, so that Cancel finds it, and with limits by person."""

import asyncio
import secrets
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from bot.errors import Busy
from bot.say.card import Card

RUNNING_A_PERSON = 2
QUEUED_A_PERSON = 10


@dataclass(slots=True)
class Work:
    """What a job tells of itself. `step` takes a finished text ("Reading audio (2 of 4)")."""

    started_at: datetime
    text: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def step(self, text: str) -> None:
        self.text = text
        self.changed.set()


@dataclass(slots=True)
class _Running:
    task: "asyncio.Task[Card]"
    owner: int


class Works:
    """All long work of the process by id, so that Cancel finds it; limits by person."""

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}
        self._asked: Counter[int] = Counter()
        self._gates: dict[int, asyncio.Semaphore] = {}

    def enter(self, person: int) -> asyncio.Semaphore:
        """Take a place in a person's queue; raises Busy when it is full."""
        if self._asked[person] >= RUNNING_A_PERSON + QUEUED_A_PERSON:
            raise Busy
        self._asked[person] += 1
        return self._gates.setdefault(person, asyncio.Semaphore(RUNNING_A_PERSON))

    def leave(self, person: int) -> None:
        self._asked[person] -= 1
        if self._asked[person] <= 0:
            del self._asked[person]
            self._gates.pop(person, None)

    def before(self, person: int) -> int:
        """Return how many of a person's jobs have to start first."""
        return max(0, self._asked[person] - RUNNING_A_PERSON)

    def started(self, task: "asyncio.Task[Card]", owner: int) -> str:
        work_id = secrets.token_hex(8)
        self._running[work_id] = _Running(task, owner)
        task.add_done_callback(lambda _: self._running.pop(work_id, None))
        return work_id

    def cancel(self, work_id: str, person: int) -> bool:
        """Stop a person's work; False when it is not running any more (or not theirs)."""
        running = self._running.get(work_id)
        return running is not None and running.owner == person and running.task.cancel()
