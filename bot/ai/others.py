"""Words of other people: whether they may go to the AI. One function decides it, and every sender asks it.

Somebody who uses AI on their own things has not thereby agreed for those whose messages they keep.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from bot.ai.model import JsonValue

SOMEBODY = 0
"""Stands for the writer where only that it is somebody else is known: a program, or a file that says so."""
HELD_BACK = "a clip"
"""What the AI reads in place of a name that stays here."""
_TELLING = 8
"""Shorter texts are nobody's alone: taking "Mix" out of everything would make nonsense of it."""


class Agreements(Protocol):
    """Who agreed for themselves that AI may read their words."""

    async def agreed(self, people: Collection[int]) -> frozenset[int]:
        """Return those of these people who turned AI on for their own things."""
        ...


class OthersWords(Protocol):
    """What somebody's things hold of other people."""

    async def held_back(self, person: int) -> Sequence[str]:
        """Return the texts in this person's things that may not go to the AI."""
        ...


class NobodyAgreed:
    """Stands in where nobody can be asked: then nothing of others is sent."""

    async def agreed(self, people: Collection[int]) -> frozenset[int]:
        return frozenset()


class NothingOfOthers:
    """Stands in where no words of others are kept."""

    async def held_back(self, person: int) -> Sequence[str]:
        return ()


def may_go(written_by: int | None, agreed: Collection[int]) -> bool:
    """Tell whether a text may go to the AI: one's own (None), or that of somebody who agreed.

    >>> may_go(None, ()), may_go(7, {7}), may_go(7, {8}), may_go(SOMEBODY, {SOMEBODY})
    (True, True, False, False)
    """
    return written_by is None or (written_by != SOMEBODY and written_by in agreed)


def without(data: Mapping[str, JsonValue], texts: Iterable[str]) -> dict[str, JsonValue]:
    """Return data with these texts taken out wherever they were copied to: a summary, a note, a step of last week.

    >>> without({"past": ["mark *Sing it lower* ready"]}, ["Sing it lower", "Mix"])
    {'past': ['mark *a clip* ready']}
    """
    telling: set[str] = {text.strip() for text in texts if len(text.strip()) >= _TELLING}
    if not telling:
        return dict(data)
    longest_first = sorted(telling, key=lambda text: -len(text))
    found = re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(text) for text in longest_first)})(?!\w)", re.IGNORECASE)
    return {name: _without(value, found) for name, value in data.items()}


def _without(value: JsonValue, found: re.Pattern[str]) -> JsonValue:
    if isinstance(value, str):
        return found.sub(HELD_BACK, value)
    if isinstance(value, list):
        return [_without(one, found) for one in value]
    if isinstance(value, dict):
        return {name: _without(one, found) for name, one in value.items()}
    return value
