"""A local server that speaks the Messages API: real shapes, real errors, nothing of ours in between.

    async with MessagesApi() as api:
        api.answer({"clips": []})                       # the next call
        api.fail(Fault.RATE_LIMITED, retry_after=1)      # the one after
        api.otherwise(lambda call: {"clips": []})        # all further ones
        settings = CallSettings(API_KEY, "claude-haiku-5-5", api.base_url)

Every request is checked as the real API checks it (key, version, body, schema) and kept in `api.calls`.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from aiohttp import web

API_KEY = "sk-ant-test-0123456789"
_NO_SUCH_KEYWORDS = {
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
    "maxItems", "uniqueItems", "minProperties", "maxProperties", "pattern",
}  # fmt: skip


class Fault(StrEnum):
    """What can go wrong with a call."""

    UNAUTHORISED = "401"
    FORBIDDEN = "403"
    RATE_LIMITED = "429"
    SERVER = "500"
    OVERLOADED = "529"
    TIMEOUT = "timeout"
    DROPPED = "dropped"
    TRUNCATED = "truncated"
    REFUSAL = "refusal"
    WRONG_SCHEMA = "wrong schema"
    NOT_JSON = "not JSON"
    EMPTY = "empty"
    HUGE = "1 MB"
    PROXY_PAGE = "a page of HTML"
    ODD_MESSAGE = "a message of another shape"
    NO_CREDIT = "400, no credit"
    BILLING = "402"
    SPEND_LIMIT = "429, spend limit"
    NO_MODEL = "404"
    PROMPT_TOO_LONG = "400, too long"
    REQUEST_TOO_LARGE = "413"
    WINDOW_EXCEEDED = "context window exceeded"
    REJECTED = "400"


_ERRORS = {
    Fault.UNAUTHORISED: (401, "authentication_error", "invalid x-api-key"),
    Fault.FORBIDDEN: (403, "permission_error", "Your API key does not have permission to use the resource"),
    Fault.RATE_LIMITED: (429, "rate_limit_error", "Number of requests has exceeded your rate limit"),
    Fault.SERVER: (500, "api_error", "Internal server error"),
    Fault.OVERLOADED: (529, "overloaded_error", "Overloaded"),
    Fault.NO_CREDIT: (
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to purchase credits.",
    ),
    Fault.BILLING: (402, "billing_error", "There is an issue with your payment information"),
    Fault.SPEND_LIMIT: (429, "rate_limit_error", "You have reached your specified API usage limits."),
    Fault.NO_MODEL: (404, "not_found_error", "model: claude-of-yesterday"),
    Fault.PROMPT_TOO_LONG: (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
    Fault.REQUEST_TOO_LARGE: (413, "request_too_large", "Request exceeds the maximum size"),
    Fault.REJECTED: (400, "invalid_request_error", "temperature: range: -1..1"),
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it arrived."""

    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def system(self) -> str:
        return "\n".join(part["text"] for part in self.body["system"])

    @property
    def user(self) -> str:
        return self.body["messages"][-1]["content"]

    @property
    def data(self) -> dict[str, Any]:
        """The document between the data marks of the request."""
        text = self.user.split("<data>\n", 1)[1].rsplit("\n</data>", 1)[0]
        return json.loads(text)

    @property
    def schema(self) -> dict[str, Any]:
        return self.body["output_config"]["format"]["schema"]


@dataclass(frozen=True, slots=True)
class _Step:
    reply: object = None
    fault: Fault | None = None
    retry_after: float | None = None
    again: bool = False


@dataclass(slots=True)
class MessagesApi:
    """The server; use it as an async context manager."""

    key: str = API_KEY
    calls: list[Call] = field(default_factory=list)
    base_url: str = ""
    at_once: int = 0
    most_at_once: int = 0
    hold: asyncio.Event | None = None
    """Set it to a cleared event to make answers wait until the test sets the event."""
    odd: dict[str, Any] = field(default_factory=dict)
    """What stands otherwise in every message, as whoever answers at the address might say it."""
    _script: deque[_Step] = field(default_factory=deque)
    _default: Callable[[Call], object] | None = None
    _runner: web.AppRunner | None = None
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def answer(self, reply: object) -> None:
        """Answer the next call with this document (a str is sent as it is)."""
        self._script.append(_Step(reply=reply))

    def fail(self, fault: Fault, *, times: int = 1, retry_after: float | None = None) -> None:
        """Let the next `times` requests end in a fault; the library's own retries count as requests."""
        self._script.extend([_Step(fault=fault, retry_after=retry_after)] * times)

    def always_fail(self, fault: Fault, *, retry_after: float | None = None) -> None:
        """Let all further requests end in a fault."""
        self._script.append(_Step(fault=fault, retry_after=retry_after, again=True))

    def otherwise(self, make: Callable[[Call], object]) -> None:
        """Answer calls that no script covers by a function of the call."""
        self._default = make

    def recover(self) -> None:
        """Forget all faults and answers that were lined up."""
        self._script.clear()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_post("/v1/messages", self._messages)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        if self.hold is not None:
            self.hold.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._respond(request)
        finally:
            self.at_once -= 1

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        call = Call(body, {name.lower(): value for name, value in request.headers.items()})
        self.calls.append(call)
        bearer = call.headers.get("authorization", "").removeprefix("Bearer ")
        if self.key not in (call.headers.get("x-api-key"), bearer):
            return _error(*_ERRORS[Fault.UNAUTHORISED])
        complaint = _complaint(call)
        if complaint:
            return _error(400, "invalid_request_error", complaint)
        if self.hold is not None:
            await self.hold.wait()
        if not self._script:
            if self._default is None:
                return _error(500, "api_error", "the test gave no answer for this call")
            return _message(call, self._default(call), odd=self.odd)
        step = self._script[0] if self._script[0].again else self._script.popleft()
        if step.fault is None:
            return _message(call, step.reply, odd=self.odd)
        return await self._fault(request, call, step)

    async def _fault(self, request: web.Request, call: Call, step: _Step) -> web.StreamResponse:
        match step.fault:
            case Fault.TIMEOUT:
                await self._closing.wait()
                return _error(408, "api_error", "too late")
            case Fault.DROPPED:
                if request.transport is not None:
                    request.transport.close()
                return web.Response()
            case Fault.TRUNCATED:
                return _message(call, '{"summary": "Cut he', stop_reason="max_tokens")
            case Fault.WINDOW_EXCEEDED:
                return _message(call, '{"summary": "Cut he', stop_reason="model_context_window_exceeded")
            case Fault.REFUSAL:
                return _message(call, "", stop_reason="refusal")
            case Fault.WRONG_SCHEMA:
                return _message(call, {"summary": 7, "steps": "none", "clips": {"a": 1}, "fixes": 3})
            case Fault.NOT_JSON:
                return _message(call, "Sure! Here is what I would do next: finish the bridge.")
            case Fault.EMPTY:
                return _message(call, "")
            case Fault.HUGE:
                return _message(call, {"summary": "x" * 1_000_000, "steps": [], "clips": [], "fixes": []})
            case Fault.PROXY_PAGE:
                return web.Response(text="<html>Sign in to the guest network</html>", content_type="text/html")
            case Fault.ODD_MESSAGE:
                return web.json_response({"type": "message", "content": "text", "usage": None})
            case fault:
                assert fault is not None
                headers = {} if step.retry_after is None else {"retry-after": str(step.retry_after)}
                return _error(*_ERRORS[fault], headers=headers)


PATIENT = {"timeout_s": 60.0, "deadline_s": 60.0, "max_retries": 0}
"""Rules under which a busy machine is never taken for an AI that does not answer."""


def impatient(client: Any) -> None:
    """Let a `MessagesClient` give up soon: for the one fault that is an answer that never comes."""
    client._api.timeout = 0.3


def _message(
    call: Call, reply: object, stop_reason: str = "end_turn", odd: dict[str, Any] | None = None
) -> web.Response:
    text = reply if isinstance(reply, str) else json.dumps(reply)
    words = len(call.user) + sum(len(part["text"]) for part in call.body.get("system", []))
    document = {
        "id": "msg_013Zva2CMHLNnjNJJKqJ2EF",
        "type": "message",
        "role": "assistant",
        "model": call.body["model"],
        "content": [] if stop_reason == "refusal" else [{"type": "text", "text": text}],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": words // 4,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": max(1, len(text) // 4),
            "service_tier": "standard",
        },
    }
    for name, value in (odd or {}).items():
        plain = document[name]
        document[name] = {**plain, **value} if isinstance(plain, dict) and isinstance(value, dict) else value
    return web.json_response(document, headers={"request-id": "req_018EeWyXxfu5pfWkrYcMdjWG"})


def _error(status: int, kind: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    document = {
        "type": "error",
        "error": {"type": kind, "message": message},
        "request_id": "req_018EeWyXxfu5pfWkrYcMdjWG",
    }
    return web.json_response(document, status=status, headers=headers)


def _complaint(call: Call) -> str | None:
    body = call.body
    if "anthropic-version" not in call.headers:
        return "anthropic-version: header is required"
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            return f"{name}: Field required"
    unknown = set(body) - {
        "model",
        "max_tokens",
        "messages",
        "system",
        "output_config",
        "temperature",
        "stream",
    }
    if unknown:
        return f"{sorted(unknown)[0]}: Extra inputs are not permitted"
    form = body.get("output_config", {}).get("format")
    return None if form is None else _schema_complaint(form["schema"], "schema")


def _schema_complaint(node: object, place: str) -> str | None:
    if isinstance(node, list):
        for index, part in enumerate(node):
            if found := _schema_complaint(part, f"{place}[{index}]"):
                return found
    if isinstance(node, dict):
        if wrong := _NO_SUCH_KEYWORDS & set(node) if "properties" not in place.rsplit(".", 1)[-1] else set():
            return f"output_config.format.{place}: {sorted(wrong)[0]} is not supported"
        if node.get("type") == "object" and node.get("additionalProperties") is not False:
            return f"output_config.format.{place}: additionalProperties must be false"
        for name, part in node.items():
            if found := _schema_complaint(part, f"{place}.{name}"):
                return found
    return None
