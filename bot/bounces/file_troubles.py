"""Which files of a folder were not measured and why, for as long as it is so: what health shows of them."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.bounces.model import Trouble
from bot.bounces.rules import BounceRules
from bot.clock import Clock


@dataclass(frozen=True, slots=True)
class FileTrouble:
    """`trouble` says what is wrong with a file; None: something of ours broke over it, `times` in a row by now."""

    path: str
    trouble: Trouble | None
    since: datetime
    times: int = 1

    @property
    def name(self) -> str:
        return Path(self.path).name


class FileTroubles:
    """In memory: a start tries all files anew that something broke over, and knows the others by their rows."""

    def __init__(self, clock: Clock, rules: BounceRules) -> None:
        self._clock, self._rules = clock, rules
        self._found: dict[str, FileTrouble] = {}

    def all(self) -> list[FileTrouble]:
        return list(self._found.values())

    def unreadable(self, path: str, trouble: Trouble) -> None:
        """Note what is wrong with a file itself: it is not tried again before it changes."""
        self._found[path] = FileTrouble(path, trouble, self._clock.now())

    def broke(self, path: str) -> float:
        """Note that something broke over a file; return after how many seconds to try again, longer each time."""
        known = self._found.get(path)
        if known is None or known.trouble is not None:
            known = FileTrouble(path, None, self._clock.now(), 0)
        self._found[path] = replace(known, times=known.times + 1)
        return min(self._rules.again_s * 2**known.times, self._rules.again_most_s)

    def over(self, path: str) -> None:
        """Forget a file that is measured, or gone."""
        self._found.pop(path, None)

    def mended(self, path: str) -> None:
        """Forget that something broke over a file; what is wrong with the file itself stays."""
        known = self._found.get(path)
        if known is not None and known.trouble is None:
            del self._found[path]

    def keep_only(self, there: Collection[str]) -> None:
        """Forget what is not in the folder any more."""
        self._found = {path: one for path, one in self._found.items() if path in there}
