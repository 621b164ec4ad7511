"""Who may knock: requests that name this computer, from no page but our own.

A page on the internet can send requests to loopback and, with a name that it lets point here (DNS rebinding), read the
answers. The name it used stands in Host and the page in Origin, and neither can be forged by a page.
"""

from collections.abc import Iterable
from typing import Protocol
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware


class Doors(Protocol):
    """A server that knows its own names."""

    @property
    def hosts(self) -> frozenset[str]: ...


def refusal(request: web.Request, own: Iterable[str]) -> str | None:
    """Return why a request is refused: its Host is none of `own` ("127.0.0.1:8780"), or its Origin is another page."""
    hosts = frozenset(own)
    if request.headers.get("Host") not in hosts:
        return "This address is for this computer only."
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] not in hosts:
        return "Another page may not use this one."
    return None


def own_hosts(host: str, port: int, addresses: Iterable[str]) -> frozenset[str]:
    """Return the names under which a server may be asked: loopback with its port, and what it says of itself."""
    said = {urlsplit(address).netloc for address in addresses} - {""}
    return frozenset({f"{host}:{port}", f"127.0.0.1:{port}", f"localhost:{port}", *said})


def guard(server: Doors) -> Middleware:
    """Refuse foreign hosts and origins before any route is looked at: API, gateway, files and page alike."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        why = refusal(request, server.hosts)
        return await handler(request) if why is None else web.json_response({"message": why, "code": 0}, status=403)

    return check
