"""Check every exchange against Discord's own API description, where that file is present.

The file describes REST only. Three normalisations keep it from false alarms: ids may be integers, request
objects are closed, and a few keys that libraries send everywhere are allowed.
"""

import json
import os
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs

from bot.local.core import Exchange

_PARAMETER = re.compile(r"\{[^}]*\}")
_READ_ONLY_ATTACHMENT_KEYS = (
    "size",
    "url",
    "proxy_url",
    "width",
    "height",
    "content_type",
    "spoiler",
    "ephemeral",
)

TOLERATED: tuple[tuple[str, str, str], ...] = ()
"""(part of the route, part of the message, why): where the file lags behind what Discord really does."""


def find_document() -> Path | None:
    """Return the API description: `STUDIOHAND_OPENAPI`, else beside the repository or one of its parents."""
    if named := os.environ.get("STUDIOHAND_OPENAPI"):
        return Path(named) if Path(named).is_file() else None
    root = Path(__file__).resolve().parents[2]
    places = [folder / "shared/discord/openapi.json" for folder in root.parents]
    return next((place for place in places if place.is_file()), None)


class OpenApi:
    """The description, made ready: validators are compiled once a route and kept."""

    def __init__(self, document: dict[str, Any]) -> None:
        requests = _normalised(document)
        self._registry = jsonschema_rs.Registry([("urn:requests", requests), ("urn:answers", document)])
        self._documents = {"urn:requests": requests, "urn:answers": document}
        self._compiled: dict[tuple[str, str], Any] = {}
        self._templates = {_PARAMETER.sub("{}", path): path for path in document["paths"]}

    @classmethod
    def from_file(cls, path: Path) -> "OpenApi":
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def __call__(self, exchange: Exchange) -> list[str]:
        """Return what is wrong with an exchange; routes the file does not know are left to the limits."""
        template = self._templates.get(_PARAMETER.sub("{}", exchange.route))
        if template is None:
            return []
        operation = self._documents["urn:answers"]["paths"][template].get(exchange.method.lower())
        if operation is None:
            return []
        name = f"{exchange.method} {template}"
        found = []
        if 200 <= exchange.status < 300 and exchange.request is not None:
            found += [f"{name} request {e}" for e in self.request_errors(exchange.method, template, exchange.request)]
        found += [f"{name} answer {e}" for e in self._answer_errors(template, operation, exchange)]
        return [text for text in found if not any(r in text and m in text for r, m, _ in TOLERATED)]

    def request_errors(self, method: str, template: str, body: object) -> list[str]:
        """Return what is wrong with a request body."""
        template = self._templates.get(_PARAMETER.sub("{}", template), template)
        operation = self._documents["urn:requests"]["paths"].get(template, {}).get(method.lower(), {})
        if "application/json" not in operation.get("requestBody", {}).get("content", {}):
            return []
        pointer = _pointer("paths", template, method.lower(), "requestBody", "content", "application/json", "schema")
        return self._errors("urn:requests", pointer, body)

    def _answer_errors(self, template: str, operation: dict[str, Any], exchange: Exchange) -> Iterator[str]:
        if exchange.status >= 500 or exchange.status == 429:
            return
        key = str(exchange.status)
        responses = operation["responses"]
        if key not in responses:
            if 200 <= exchange.status < 300:
                yield f"status {key} is not one of {', '.join(responses)}"
                return
            if not isinstance(exchange.response, dict) or "code" not in exchange.response:
                yield f"status {key} without a code"
            return
        if "application/json" not in responses[key].get("content", {}):
            if exchange.response is not None:
                yield f"status {key} must have no body"
            return
        pointer = _pointer(
            "paths", template, exchange.method.lower(), "responses", key, "content", "application/json", "schema"
        )
        yield from self._errors("urn:answers", pointer, exchange.response)

    def _errors(self, document: str, pointer: str, body: object) -> list[str]:
        validator = self._compiled.get((document, pointer))
        if validator is None:
            schema = {"$ref": f"{document}#{pointer}"}
            validator = jsonschema_rs.Draft202012Validator(schema, registry=self._registry)
            self._compiled[document, pointer] = validator
        return [text for error in validator.iter_errors(body) for text in _readable(error)]


def _pointer(*parts: str) -> str:
    escaped = (p.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D") for p in parts)
    return "/" + "/".join(escaped)


def _readable(error: Any) -> list[str]:
    """Word an error; for a union, those of the branch whose `type` is the one of the instance."""
    context = getattr(error.kind, "context", None)
    if context:
        branches = [list(branch) for branch in context]
        fitting = [branch for branch in branches if not any(_is_about_type(e) for e in branch)]
        best = min(fitting or branches, key=len)
        if best:
            return [text for inner in best for text in _readable(inner)]
    path = "/".join(str(p) for p in error.instance_path) or "body"
    return [f"at {path}: {error.message[:300]}"]


def _is_about_type(error: Any) -> bool:
    path = list(error.instance_path)
    return (bool(path) and path[-1] == "type") or "type" in list(error.schema_path)[-1:]


def _normalised(document: dict[str, Any]) -> dict[str, Any]:
    """Copy the document for request bodies: integer ids, closed objects, keys that every library sends."""
    copy = deepcopy(document)
    schemas = copy["components"]["schemas"]
    schemas["SnowflakeType"] = {"anyOf": [schemas["SnowflakeType"], {"type": "integer"}]}
    for name in _reachable_from_requests(copy):
        _close(schemas[name])
    for name, schema in schemas.items():
        properties = schema.get("properties")
        if properties is None:
            continue
        properties.setdefault("tts", {})
        properties.setdefault("nsfw", {})
        if name.startswith("RichEmbed"):
            properties.setdefault("flags", {})
            for key in ("proxy_url", "proxy_icon_url", "width", "height", "content_type", "placeholder"):
                properties.setdefault(key, {})
        if name.startswith("MessageAttachment"):
            for key in _READ_ONLY_ATTACHMENT_KEYS:
                properties.setdefault(key, {})
    return copy


def _reachable_from_requests(document: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting: list[Any] = [
        operation["requestBody"]["content"]["application/json"]["schema"]
        for path in document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "application/json" in operation.get("requestBody", {}).get("content", {})
    ]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).removeprefix("#/components/schemas/")
            if name and name not in found and name in document["components"]["schemas"]:
                found.add(name)
                waiting.append(document["components"]["schemas"][name])
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return found


def _close(node: Any) -> None:
    if isinstance(node, dict):
        if node.get("type") == "object" and "properties" in node and "additionalProperties" not in node:
            node["additionalProperties"] = False
        for value in node.values():
            _close(value)
    elif isinstance(node, list):
        for value in node:
            _close(value)


def missing() -> str:
    """Return why the checks are skipped where the file is absent."""
    place = os.environ.get("STUDIOHAND_OPENAPI", "../shared/discord/openapi.json")
    return f"OpenAPI file not found at {place}; hand-written limits still apply"


class Shared:
    """Read the description once a process: compiling it is the slow part."""

    @cached_property
    def openapi(self) -> OpenApi | None:
        path = find_document()
        return OpenApi.from_file(path) if path else None


SHARED = Shared()
