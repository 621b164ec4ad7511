"""Timeline pictures off the event loop: two workers, and the last pictures kept, so that panels share them."""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from bot.loops.picture_view import TimelineView

_KEPT = 40


def _draw_blocking(view: TimelineView) -> bytes:
    # Imported by the first picture, in its thread: matplotlib costs half a second and 40 MB.
    from bot.loops.picture import draw_timeline_blocking

    return draw_timeline_blocking(view)


class Drawing:
    """Draw timelines. The same view gives the same bytes without drawing again."""

    def __init__(self, workers: int = 2) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="timeline")
        self._kept: OrderedDict[TimelineView, bytes] = OrderedDict()
        self.drawn = 0

    async def timeline(self, view: TimelineView) -> bytes:
        """Return the PNG of a view."""
        known = self._kept.get(view)
        if known is not None:
            self._kept.move_to_end(view)
            return known
        picture = await asyncio.get_running_loop().run_in_executor(self._pool, _draw_blocking, view)
        self.drawn += 1
        self._kept[view] = picture
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return picture

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
