"""Failures on order: queued by tests, used up by the next requests that fit."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.local.errors import CODES


@dataclass(slots=True)
class Fault:
    """What happens to the next `left` requests of a route. Without `status` the request goes on as usual."""

    method: str
    route: str
    left: int
    status: int | None = None
    code: int = 0
    message: str | None = None
    retry_after: float | None = None
    scope: str = "user"
    delay: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name or self.status or 'fault'} on {self.method} {self.route}, {self.left} left"


_NAMED: dict[str, int] = {
    "dm_closed": 50007,
    "no_mutual_server": 50278,
    "dm_too_fast": 40003,
    "missing_access": 50001,
    "missing_permission": 50013,
    "unknown_channel": 10003,
    "unknown_message": 10008,
    "unknown_user": 10013,
    "expired": 10062,
    "too_large": 40005,
    "archived": 50083,
    "edits_old": 30046,
    "unavailable": 0,
    "bad_token": 0,
}


class Faults:
    """The queue. `route` is a template such as `/channels/{channel_id}/messages`, or `*` for any."""

    def __init__(self) -> None:
        self._queue: list[Fault] = []

    def add(
        self,
        method: str,
        route: str,
        times: int = 1,
        *,
        status: int | None = None,
        code: int = 0,
        message: str | None = None,
        retry_after: float | None = None,
        scope: str = "user",
        delay: float = 0.0,
        headers: Mapping[str, str] | None = None,
        name: str = "",
    ) -> Fault:
        """Queue a fault for the next `times` requests."""
        if code and status is None:
            status = CODES[code][0]
        fault = Fault(
            method.upper(),
            route,
            times,
            status,
            code,
            message,
            retry_after,
            scope,
            delay,
            dict(headers or {}),
            name,
        )
        self._queue.append(fault)
        return fault

    def named(self, name: str, method: str, route: str, times: int = 1) -> Fault:
        """Queue one of the usual failures by its name, such as `dm_closed` or `unavailable`."""
        if name == "unavailable":
            return self.add(method, route, times, status=503, message="Service Unavailable", name=name)
        if name == "bad_token":
            return self.add(method, route, times, status=401, message="401: Unauthorized", name=name)
        return self.add(method, route, times, code=_NAMED[name], name=name)

    def rate_limited(self, scope: str, method: str, route: str, times: int = 1, *, retry_after: float = 0.2) -> Fault:
        """Queue a 429 of scope `user`, `shared` or `global`."""
        return self.add(
            method,
            route,
            times,
            status=429,
            message="You are being rate limited.",
            retry_after=retry_after,
            scope=scope,
            name=f"rate_limited({scope})",
        )

    @staticmethod
    def names() -> list[str]:
        """Return the names that `named` takes."""
        return sorted(_NAMED)

    def take(self, method: str, route: str) -> Fault | None:
        """Use up one fault that fits a request."""
        for fault in self._queue:
            if fault.method in (method, "*") and fault.route in (route, "*"):
                fault.left -= 1
                if fault.left <= 0:
                    self._queue.remove(fault)
                return fault
        return None

    @property
    def unused(self) -> list[Fault]:
        return list(self._queue)

    def clear(self) -> None:
        self._queue.clear()
