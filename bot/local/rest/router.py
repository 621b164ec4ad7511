"""How a request becomes a call of an endpoint: auth, body, faults, rate headers, errors, records."""

import asyncio
import json
import re
import time
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from bot.local.core import KEPT_RECORDS, Core, Exchange
from bot.local.errors import ApiError, Form, FormError
from bot.local.gateway import bare_token
from bot.local.model import Channel, Message, Wire
from bot.local.permissions import Permission
from bot.local.posting import Upload

PREFIX = "/api/v10"
MAX_REQUEST_BYTES = 25 * 1024 * 1024
_FILE_FIELD = re.compile(r"files\[(\d+)\]$")


@dataclass(slots=True)
class Call:
    """One request, read and checked, as endpoints get it."""

    core: Core
    route: str
    params: dict[str, str]
    query: dict[str, str]
    body: Any = None
    uploads: dict[int, Upload] = field(default_factory=dict)

    def id(self, name: str) -> int:
        """Return a path part as a snowflake; what is none is unknown."""
        text = self.params[name]
        if not text.isdigit():
            form = Form()
            form.wrong((name,), "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')
            form.raise_if_wrong()
        return int(text)

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """Return a query number inside its range."""
        value = int(self.query.get(name, default))
        if not low <= value <= high:
            form = Form()
            form.wrong((name,), "NUMBER_TYPE_MAX", f"int value should be between {low} and {high}.")
            form.raise_if_wrong()
        return value

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("1", "true")

    def channel(self, *needed: Permission) -> Channel:
        """Return the channel of the path if the bot can see it and has the permissions needed."""
        world = self.core.world
        channel = world.channels.get(self.id("channel_id"))
        if channel is None:
            raise ApiError(10003)
        held = world.permissions(channel, world.application.bot_id)
        if not held & Permission.VIEW_CHANNEL:
            raise ApiError(50001)
        for permission in needed:
            if not held & permission:
                raise ApiError(50013)
        return channel

    def message(self, channel: Channel) -> Message:
        message = self.core.world.message(channel.id, self.id("message_id"))
        if message is None or message.ephemeral:
            raise ApiError(10008)
        return message


@dataclass(frozen=True, slots=True)
class Reply:
    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)


Endpoint = Callable[[Call], Awaitable[Reply] | Reply]


class Routes:
    """A table of endpoints; each family of endpoints fills one."""

    def __init__(self) -> None:
        self.table: list[tuple[str, str, Endpoint, bool]] = []

    def add(self, method: str, template: str, *, auth: bool = True) -> Callable[[Endpoint], Endpoint]:
        def register(endpoint: Endpoint) -> Endpoint:
            self.table.append((method, template, endpoint, auth))
            return endpoint

        return register


def install(app: web.Application, core: Core, families: list[Routes]) -> None:
    """Mount all endpoints below the API prefix, literal paths first."""
    rows = [row for family in families for row in family.table]
    rows.sort(key=lambda row: row[1].count("{"))
    for method, template, endpoint, auth in rows:
        app.router.add_route(method, PREFIX + template, _handler(core, template, endpoint, auth=auth))
    app.router.add_route("*", "/api/{rest:.*}", _unknown(core))


def _handler(
    core: Core, template: str, endpoint: Endpoint, *, auth: bool
) -> Callable[[web.Request], Awaitable[web.Response]]:
    route = re.sub(r":[^}]*}", "}", template)

    async def handle(request: web.Request) -> web.Response:
        body: Any = None
        ordered = False
        try:
            fault = core.faults.take(request.method, route)
            ordered = fault is not None and fault.status is not None
            extra = dict(fault.headers) if fault else {}
            if fault and fault.delay:
                await asyncio.sleep(fault.delay)
            body, uploads = await _read(request)
            if fault and fault.status is not None:
                reply = _broken(fault.status, fault.code, fault.message, fault.retry_after, fault.scope)
                extra = {**reply.headers, **extra}
            else:
                if auth:
                    _authorise(core, request)
                call = Call(core, route, dict(request.match_info), dict(request.query), body, uploads)
                answer = endpoint(call)
                reply = answer if isinstance(answer, Reply) else await answer
        except ApiError as error:
            reply, extra = Reply(error.status, error.body()), error.headers
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            # A body of the wrong shape got past the rules: wrong all the same.
            broken = FormError({"_errors": [{"code": "BODY_INVALID", "message": repr(error)}]})
            reply, extra = Reply(broken.status, broken.body()), {}
        exchange = Exchange(request.method, route, body, reply.status, reply.body, dict(request.query))
        _record(core, exchange, ordered=ordered)
        return respond(reply, f"{request.method} {route}", {**reply.headers, **extra})

    return handle


def _broken(status: int, code: int, message: str | None, retry_after: float | None, scope: str) -> Reply:
    """Return the answer of an injected failure."""
    if status == 429:
        wait = 0.2 if retry_after is None else retry_after
        body: Wire = {"message": message, "retry_after": wait, "global": scope == "global"}
        headers = {
            "Retry-After": str(wait),
            "X-RateLimit-Scope": scope,
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset-After": str(wait),
        }
        if scope == "global":
            headers["X-RateLimit-Global"] = "true"
        return Reply(429, body, headers)
    if code:
        error = ApiError(code, status=status, message=message)
        return Reply(error.status, error.body())
    return Reply(status, {"message": message or f"{status}", "code": 0})


def _authorise(core: Core, request: web.Request) -> None:
    header = request.headers.get("Authorization", "")
    if not header.startswith("Bot ") or bare_token(header) != core.world.application.token:
        raise ApiError(0, status=401, message="401: Unauthorized")


def _unknown(core: Core) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        core.unknown_routes.append(f"{request.method} {request.path}")
        del core.unknown_routes[:-KEPT_RECORDS]
        return respond(Reply(404, {"message": "404: Not Found", "code": 0}), "unknown", {})

    return handle


def _record(core: Core, exchange: Exchange, *, ordered: bool) -> None:
    """Note the request, and what is wrong with it unless the failure was ordered by a test."""
    core.requests.append((exchange.method, exchange.route, exchange.status))
    if not ordered and isinstance(exchange.response, dict) and exchange.response.get("code") in (50035, 50006, 40005):
        core.violations.append(
            f"{exchange.method} {exchange.route}: {json.dumps(exchange.response, ensure_ascii=False)}"
        )
    if core.validator is not None:
        core.violations.extend(core.validator(exchange))
    del core.violations[:-KEPT_RECORDS]
    if core.on_request is not None:
        core.on_request(exchange)


def respond(reply: Reply, bucket: str, extra: dict[str, str]) -> web.Response:
    """Answer as Discord does: bare content type, `Via`, and rate headers with plenty of room."""
    headers = {
        "Via": "1.1 google",
        "X-RateLimit-Bucket": f"{zlib.crc32(bucket.encode()):08x}",
        "X-RateLimit-Limit": "50",
        "X-RateLimit-Remaining": "49",
        "X-RateLimit-Reset": f"{time.time() + 1:.3f}",
        "X-RateLimit-Reset-After": "1.000",
        **extra,
    }
    if reply.body is None:
        return web.Response(status=204 if reply.status == 200 else reply.status, headers=headers)
    headers["Content-Type"] = "application/json"
    return web.Response(status=reply.status, body=json.dumps(reply.body).encode(), headers=headers)


async def _read(request: web.Request) -> tuple[Any, dict[int, Upload]]:
    """Return the JSON body and the files of a request."""
    if (request.content_length or 0) > MAX_REQUEST_BYTES:
        await request.release()
        raise ApiError(40005)
    if request.content_type.startswith("multipart/"):
        return await _read_multipart(request)
    raw = await request.read()
    if not raw:
        return None, {}
    try:
        return json.loads(raw), {}
    except ValueError:
        raise ApiError(50109) from None


async def _read_multipart(request: web.Request) -> tuple[Any, dict[int, Upload]]:
    body: Any = {}
    uploads: dict[int, Upload] = {}
    total = 0
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        data = bytes(await part.read(decode=False))
        total += len(data)
        if total > MAX_REQUEST_BYTES:
            raise ApiError(40005)
        name = part.name or ""
        if name == "payload_json":
            try:
                body = json.loads(data)
            except ValueError:
                raise ApiError(50109) from None
        elif match := _FILE_FIELD.match(name):
            # Discord sniffs content types itself and believes the file name first.
            uploads[int(match[1])] = Upload(part.filename or "unknown", data)
        elif part.filename:
            uploads[len(uploads)] = Upload(part.filename, data)
    return body, uploads
