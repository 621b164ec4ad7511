"""What goes to Discord, counted: seconds by route template, and refusals before they become a ban."""

import asyncio
from collections import deque
from types import SimpleNamespace

import aiohttp

from bot.metrics import Metrics, route_template

REFUSALS = frozenset({401, 403, 429})


class RefusedAnswers:
    """Count answers of 401, 403, 429: Discord bans an address at 10,000 in ten minutes, we stop at 1,000."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._seen: deque[float] = deque()

    def add(self, at_s: float) -> None:
        self._seen.append(at_s)
        self._forget(at_s)

    def count(self, at_s: float) -> int:
        self._forget(at_s)
        return len(self._seen)

    def must_stop(self, at_s: float) -> bool:
        """Tell whether calls that answer no person have to wait."""
        return self.count(at_s) >= self._limit

    def _forget(self, at_s: float) -> None:
        while self._seen and self._seen[0] <= at_s - self._window_s:
            self._seen.popleft()


def watch_traffic(metrics: Metrics, refused: RefusedAnswers) -> aiohttp.TraceConfig:
    """Return the trace for discord.py's HTTP client; it only observes."""
    trace = aiohttp.TraceConfig()

    async def begin(
        _session: aiohttp.ClientSession, context: SimpleNamespace, _params: aiohttp.TraceRequestStartParams
    ) -> None:
        context.began = asyncio.get_running_loop().time()

    async def end(
        _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        now = asyncio.get_running_loop().time()
        status, route = params.response.status, route_template(params.url.path)
        metrics.request_seconds.labels(params.method, route, str(status)).observe(now - context.began)
        shared = params.response.headers.get("X-RateLimit-Scope") == "shared"
        if status in REFUSALS and not shared:
            refused.add(now)
        metrics.refused_answers.set(refused.count(now))

    trace.on_request_start.append(begin)
    trace.on_request_end.append(end)
    return trace
