"""Tells what runs in this process that a thing was changed: open panels, caches, typing lines.

Only for what may be missed: a lost announcement costs a late redraw, nothing else. What must not be lost is a slot
that the deciding transaction writes (docs/decisions/0014).
"""

from collections.abc import Callable

import structlog

log = structlog.stdlib.get_logger(__name__)

Heard = Callable[[int, str], None]
"""Called with the owner and the id of the thing. Must not block."""


class Announcer:
    """One per process. Told after the commit; those who hear are called at once, in turn."""

    def __init__(self) -> None:
        self._heard: dict[str, list[Heard]] = {}

    def hear(self, area: str, heard: Heard) -> Callable[[], None]:
        """Call `heard` for every change of a thing of `area`; return how to stop."""
        listening = self._heard.setdefault(area, [])
        listening.append(heard)
        return lambda: listening.remove(heard)

    def announce(self, owner: int, area: str, subject_id: str) -> None:
        """Tell that a thing was changed."""
        for heard in tuple(self._heard.get(area, ())):
            try:
                heard(owner, subject_id)
            except Exception:
                # What is committed is committed: neither the one who changed it nor the others fail for it.
                log.exception("an announcement was not taken", area=area)
