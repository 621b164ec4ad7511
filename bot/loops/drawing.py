"""Timeline pictures off the event loop: two workers, and the last pictures kept, so that panels share them."""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from bot.errors import Unavailable
from bot.loops.picture_view import TimelineView

_KEPT = 40


def _draw_blocking(view: TimelineView) -> bytes:
    # Imported by the first picture, in its thread: matplotlib costs half a second and 40 MB.
    from bot.loops.picture import draw_timeline_blocking

    return draw_timeline_blocking(view)


class Drawing:
    """Draw timelines. The same view gives the same bytes without drawing again, also while it is being drawn."""

    def __init__(self, workers: int = 2) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="timeline")
        self._kept: OrderedDict[TimelineView, asyncio.Future[bytes]] = OrderedDict()
        self.drawn = 0
        self._closed = False

    async def timeline(self, view: TimelineView) -> bytes:
        """Return the PNG of a view. Raises Unavailable while the bot stops."""
        if self._closed:
            raise Unavailable("closing")
        drawing = self._kept.get(view)
        if drawing is None or (drawing.done() and (drawing.cancelled() or drawing.exception())):
            loop = asyncio.get_running_loop()
            drawing = self._kept[view] = loop.run_in_executor(self._pool, _draw_blocking, view)
            self.drawn += 1
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(view)
        return await asyncio.shield(drawing)

    def close(self) -> None:
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
