"""Logging: structlog over stdlib, JSON or a readable console, and a last processor that takes secrets out."""

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog
from stamina.instrumentation import set_on_retry_hooks

HIDDEN = "[hidden]"
OWN = ("bot", "cogs", "storage")
"""Whose lines a level is for; everybody else's begin at WARNING."""
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    # Discord bot token: id in base64 . time . HMAC
    (re.compile(r"\b[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,45}"), HIDDEN),
    (re.compile(r"\bmfa\.[A-Za-z0-9_-]{20,}"), HIDDEN),
    (re.compile(r"\b(Bot|Bearer)\s+[A-Za-z0-9._-]{16,}"), rf"\1 {HIDDEN}"),
    (
        re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?)[^'\"\s,}]+(\s[A-Za-z0-9._-]{16,})?"),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?i)(x-api-key['\"]?\s*[:=]\s*['\"]?)[^'\"\s,}]+"), rf"\1{HIDDEN}"),
    (re.compile(r"\bsk-ant-[A-Za-z0-9_-]{10,}"), HIDDEN),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{20,}"), HIDDEN),
    (re.compile(r"\bhf_[A-Za-z0-9]{20,}"), HIDDEN),
    # Webhook and interaction addresses: their path holds a token.
    (re.compile(r"(/webhooks/\d{15,20}/)[A-Za-z0-9_\-.%]{20,}"), rf"\1{HIDDEN}"),
    (re.compile(r"(/interactions/\d{15,20}/)[A-Za-z0-9_\-.%]{20,}"), rf"\1{HIDDEN}"),
    # Signed attachment queries.
    (re.compile(r"([?&](?:ex|is|hm)=)[0-9a-f]{6,}"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)([?&#](?:token|key|secret|password)=)[^&\s'\"]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(\w+://[^\s:/@]+:)[^\s@/]+(@)"), rf"\1{HIDDEN}\2"),
    # What databases and checks quote of the values that they refuse.
    (re.compile(r"(\bDETAIL:\s+)[^\n]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(\[parameters: )[^\n]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(\binput_value=).+?(?=, input_type=)", re.DOTALL), rf"\1{HIDDEN}"),
)  # fmt: skip


class Redactor:
    """Take secrets out of anything that is about to be written."""

    def __init__(self, literal_secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted({secret for secret in literal_secrets if len(secret) >= 6}, key=len, reverse=True)

    def text(self, words: str) -> str:
        for secret in self._secrets:
            words = words.replace(secret, HIDDEN)
        for shape, kept in _SHAPES:
            words = shape.sub(kept, words)
        return words

    def value(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.value(item) for item in value]
        if value is None or isinstance(value, (int, float, bool)):
            return value
        return self.text(str(value))

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for key in list(event):
            if not key.startswith("_") and key != "exc_info":
                event[key] = self.value(event[key])
        return event


def set_up_logging(*, json: bool, level: str = "INFO", secrets: Iterable[str] = (), stream: Any | None = None) -> None:
    """Send every log line of the process, ours and the libraries', through one formatter."""
    redactor = Redactor(secrets)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redactor,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redactor, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # At their own lower levels libraries write what they are given: parameters of SQL, prompts, bodies of requests.
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))
    for name in OWN:
        logging.getLogger(name).setLevel(level.upper())
    # Whoever tries again says itself what it waits for; stamina's own line would not name it.
    set_on_retry_hooks(())
