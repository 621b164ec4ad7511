"""Numbers of the running process, in a prometheus registry of our own. Labels hold no ids."""

import asyncio
import re

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

log = structlog.stdlib.get_logger(__name__)

_SNOWFLAKE = re.compile(r"\d{15,20}")
_TOKEN = re.compile(r"[A-Za-z0-9_\-]{40,}")


class Metrics:
    """Every series that is kept; one object a process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.interactions = Counter(
            "studiohand_interactions", "Handled interactions", ["command", "outcome"], registry=registry
        )
        self.acknowledge_seconds = Histogram(
            "studiohand_acknowledge_seconds",
            "Age of an interaction at its first answer",
            buckets=(0.1, 0.25, 0.5, 1, 1.5, 2, 2.5, 3),
            registry=registry,
        )
        self.deliveries = Gauge("studiohand_deliveries", "Deliveries by state", ["state"], registry=registry)
        self.oldest_delivery_seconds = Gauge(
            "studiohand_oldest_delivery_seconds", "Age of the oldest delivery that is due", registry=registry
        )
        self.loop_delay_seconds = Gauge("studiohand_loop_delay_seconds", "Delay of the event loop", registry=registry)
        self.gateway_latency_seconds = Gauge(
            "studiohand_gateway_latency_seconds", "Heartbeat to answer", registry=registry
        )
        self.request_seconds = Histogram(
            "studiohand_request_seconds",
            "Requests to Discord by route template",
            ["method", "route", "status"],
            registry=registry,
        )
        self.refused_answers = Gauge(
            "studiohand_refused_answers", "Answers of 401, 403, 429 in the last ten minutes", registry=registry
        )
        self.ai_calls = Counter("studiohand_ai_calls", "AI calls", ["purpose", "outcome"], registry=registry)
        self.ai_tokens = Counter("studiohand_ai_tokens", "AI tokens", ["direction"], registry=registry)
        self.ai_cost = Counter("studiohand_ai_cost_usd", "AI cost in US dollars", registry=registry)
        self.mission_runs = Counter(
            "studiohand_mission_runs", "Runs of missions", ["outcome", "planner"], registry=registry
        )
        self.mission_steps = Counter(
            "studiohand_mission_steps", "Steps by tool and what became of them", ["tool", "state"], registry=registry
        )
        self.mission_decision_seconds = Histogram(
            "studiohand_mission_decision_seconds",
            "From a proposal to its decision",
            buckets=(10, 60, 600, 3600, 6 * 3600, 86400, 3 * 86400, 7 * 86400),
            registry=registry,
        )
        self.pool_queue = Gauge("studiohand_pool_queue", "Blocking work that waits", registry=registry)
        self.unit_seconds = Histogram(
            "studiohand_unit_seconds",
            "Length of database units",
            ["mode"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
            registry=registry,
        )
        self.backup_age_seconds = Gauge("studiohand_backup_age_seconds", "Age of the last backup", registry=registry)

    def render(self) -> bytes:
        """Return the page for Prometheus."""
        return generate_latest(self.registry)


def route_template(path: str) -> str:
    """Return a path without ids and tokens.

    >>> route_template("/webhooks/123456789012345678/" + "a" * 60 + "/messages/@original")
    '/webhooks/:id/:token/messages/@original'
    """
    return _TOKEN.sub(":token", _SNOWFLAKE.sub(":id", path))


async def watch_loop(metrics: Metrics, *, every_s: float = 0.5, slow_s: float = 0.25) -> None:
    """Measure how late the event loop runs; names the running tasks when it was held up."""
    loop = asyncio.get_running_loop()
    while True:
        before = loop.time()
        await asyncio.sleep(every_s)
        delay = max(0.0, loop.time() - before - every_s)
        metrics.loop_delay_seconds.set(delay)
        if delay > slow_s:
            names = sorted(task.get_name() for task in asyncio.all_tasks(loop) if not task.done())
            log.warning("event loop was held up", delay_ms=round(delay * 1000), tasks=names[:20])
