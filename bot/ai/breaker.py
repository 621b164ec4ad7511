"""Circuit breaker: after some failures close together nothing is tried for a while."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(slots=True)
class Breaker:
    """Open after `failures` within `window`, stay open for `rest`, then let one trial through."""

    failures: int
    window: timedelta
    rest: timedelta
    _recent: deque[datetime] = field(default_factory=deque)
    _open_until: datetime | None = None
    _trial_running: bool = False

    def is_open(self, now: datetime) -> bool:
        """Tell whether a call must not start; the one that may try after the rest is counted as started."""
        if self._open_until is None:
            return False
        if now < self._open_until or self._trial_running:
            return True
        self._trial_running = True
        return False

    def succeeded(self) -> bool:
        """Note a success; True when it closes an open breaker (log it once)."""
        recovered = self._open_until is not None
        self._open_until, self._trial_running = None, False
        self._recent.clear()
        return recovered

    def failed(self, now: datetime) -> bool:
        """Note a failure; True when it opens a closed breaker (log it once)."""
        if self._open_until is not None:
            if self._trial_running:
                self._trial_running = False
                self._open_until = now + self.rest
            return False
        self._recent.append(now)
        while self._recent and now - self._recent[0] > self.window:
            self._recent.popleft()
        if len(self._recent) < self.failures:
            return False
        self._open_until = now + self.rest
        return True

    def abandoned(self) -> None:
        """Note that a started call ended without saying anything about the other side (cancelled)."""
        self._trial_running = False
