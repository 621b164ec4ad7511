"""The only importer of the anthropic library: one call in, one outcome out, and a breaker around it.

The library retries by itself (twice); there is no second layer. What it would do too faithfully is wait as
long as a `retry-after` says, so a middleware ends the call when that is longer than a person would wait.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import anthropic
import structlog
from anthropic import APIRequest, AsyncAnthropic
from anthropic.types import Message, TextBlock
from pydantic import BaseModel

from bot.ai.breaker import Breaker
from bot.ai.model import Failed, RawReply, Reason
from bot.ai.prompts import Rendered
from bot.ai.rules import AiRules
from bot.clock import Clock

log = structlog.get_logger(__name__)

_BREAKING = (Reason.TIMEOUT, Reason.RATE_LIMITED, Reason.OVERLOADED, Reason.SERVER)
"""What says something about the other side; a refusal or a broken answer does not."""
_MOST_TOKENS = 100_000_000
"""More than any model takes or gives at once."""
_LONGEST_MODEL = 100
_CREDIT = re.compile(r"credit balance|usage limits|spend_limit|_billing_|on_hold", re.IGNORECASE)
_LENGTH = re.compile(r"too long|too_large|context (window|limit)|exceed.* tokens", re.IGNORECASE)
"""What has no status of its own, and not always a code, is told by its words; where they change it is REJECTED."""


@dataclass(frozen=True, slots=True)
class CallSettings:
    """Where and as whom to call. `temperature` stays out of the request when None."""

    api_key: str
    model: str
    base_url: str | None = None
    temperature: float | None = None


class _ToldToWait(anthropic.AnthropicError):
    def __init__(self, status: int, seconds: float, said: str) -> None:
        super().__init__(f"status {status}, retry after {seconds:.0f} s")
        self.status, self.seconds, self.said = status, seconds, said


class MessagesClient:
    """Call the Messages API with a bound on time, on calls at once, and a breaker."""

    def __init__(self, settings: CallSettings, rules: AiRules, clock: Clock) -> None:
        self._settings = settings
        self._rules = rules
        self._clock = clock
        self._places = asyncio.Semaphore(rules.concurrency)
        self._breaker = Breaker(
            rules.breaker_failures,
            timedelta(seconds=rules.breaker_window_s),
            timedelta(seconds=rules.breaker_rest_s),
        )
        self._why = Reason.SERVER
        self._api = AsyncAnthropic(
            api_key=settings.api_key,
            auth_token=None,
            base_url=settings.base_url or os.environ.get("ANTHROPIC_BASE_URL"),
            timeout=rules.timeout_s,
            max_retries=rules.max_retries,
            middleware=[self._end_long_waits],
        )

    @property
    def model(self) -> str:
        return self._settings.model

    async def aclose(self) -> None:
        await self._api.close()

    async def complete(
        self, prompt: Rendered, schema: Mapping[str, object], max_tokens: int, temperature: float | None
    ) -> RawReply | Failed:
        """Ask once and return the reply or why there is none; never raises for anything outside."""
        async with self._places:
            if self._breaker.is_open(self._clock.now()):
                return Failed(self._why, "resting after repeated failures")
            try:
                outcome = await self._call(prompt, schema, max_tokens, temperature)
            except asyncio.CancelledError:
                self._breaker.abandoned()
                raise
            self._note(outcome)
            return outcome

    def _note(self, outcome: RawReply | Failed) -> None:
        if isinstance(outcome, Failed) and outcome.reason in _BREAKING:
            self._why = outcome.reason
            if self._breaker.failed(self._clock.now()):
                log.warning("ai.resting", reason=outcome.reason, seconds=self._rules.breaker_rest_s)
        elif self._breaker.succeeded():
            log.info("ai.recovered")

    async def _call(
        self, prompt: Rendered, schema: Mapping[str, object], max_tokens: int, temperature: float | None
    ) -> RawReply | Failed:
        warm = temperature if temperature is not None else self._settings.temperature
        try:
            async with asyncio.timeout(self._rules.deadline_s):
                message = await self._api.messages.create(
                    model=self._settings.model,
                    max_tokens=max_tokens,
                    # The system part is the same for many calls and is kept by the API for five minutes.
                    system=[{"type": "text", "text": prompt.system, "cache_control": {"type": "ephemeral"}}],
                    messages=[{"role": "user", "content": prompt.user}],
                    output_config={"format": {"type": "json_schema", "schema": dict(schema)}},
                    extra_body={} if warm is None else {"temperature": warm},
                )
                return _read(message)
        except _ToldToWait as told:
            reason = Reason.NO_CREDIT if _CREDIT.search(told.said) else _PASSING.get(told.status, Reason.SERVER)
            return Failed(reason, f"status {told.status}", told.seconds)
        except (TimeoutError, anthropic.APITimeoutError):
            return Failed(Reason.TIMEOUT, "no answer in time", may_have_cost=True)
        except anthropic.APIStatusError as error:
            return _from_status(error)
        except anthropic.APIConnectionError as error:
            asked = type(error.__cause__).__name__ != "ConnectError"
            return Failed(Reason.SERVER, "no connection", may_have_cost=asked)
        except (anthropic.AnthropicError, ValueError, TypeError, AttributeError, OverflowError) as error:
            # A proxy page instead of JSON, or JSON of another shape: the library hands through what it got.
            return Failed(Reason.UNPARSABLE, f"not a message ({type(error).__name__})", may_have_cost=True)

    async def _end_long_waits(
        self,
        request: APIRequest,
        call_next: Callable[[APIRequest], Awaitable[Any]],
    ) -> Any:
        response = await call_next(request)
        passes = response.status_code in _PASSING or response.status_code >= 500
        told = _retry_after(response.headers) if passes else None
        if told is not None and told > self._rules.longest_retry_after_s:
            raise _ToldToWait(response.status_code, told, (await response.text())[:2_000])
        return response


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        return float(headers["retry-after"])
    except (KeyError, ValueError):
        return None


_PASSING = {
    408: Reason.TIMEOUT,
    429: Reason.RATE_LIMITED,
    504: Reason.TIMEOUT,
    529: Reason.OVERLOADED,
}
_KINDS = {
    "authentication_error": Reason.BAD_KEY,
    "billing_error": Reason.NO_CREDIT,
    "not_found_error": Reason.NO_MODEL,
    "overloaded_error": Reason.OVERLOADED,
    "permission_error": Reason.NO_PERMISSION,
    "rate_limit_error": Reason.RATE_LIMITED,
    "request_too_large": Reason.TOO_LONG,
    "timeout_error": Reason.TIMEOUT,
}
_STATUSES = _PASSING | {
    401: Reason.BAD_KEY,
    402: Reason.NO_CREDIT,
    403: Reason.NO_PERMISSION,
    404: Reason.NO_MODEL,
    413: Reason.TOO_LONG,
}


def _from_status(error: anthropic.APIStatusError) -> Failed:
    said = f"{error.error_code or ''} {error.api_message or ''}"
    reason = _KINDS.get(str(error.type)) or _STATUSES.get(error.status_code)
    if error.status_code < 500 and _CREDIT.search(said):
        reason = Reason.NO_CREDIT
    elif reason is None and error.status_code < 500:
        reason = Reason.TOO_LONG if _LENGTH.search(said) else Reason.REJECTED
    wait = _retry_after(error.response.headers) if reason is Reason.RATE_LIMITED else None
    return Failed(reason or Reason.SERVER, f"status {error.status_code}", wait)


def _read(message: Message) -> RawReply:
    text = "".join(block.text for block in message.content if isinstance(block, TextBlock))
    usage = message.usage
    return RawReply(
        text=text,
        stop_reason=str(message.stop_reason),
        model=str(message.model)[:_LONGEST_MODEL],
        tokens_in=_tokens(usage.input_tokens),
        tokens_out=_tokens(usage.output_tokens),
        cache_read=_tokens(usage.cache_read_input_tokens),
        cache_write=_tokens(usage.cache_creation_input_tokens),
    )


def _tokens(said: int | None) -> int:
    """Return a count as it may be true. Raises ValueError else: one below nothing would free a budget."""
    count = int(said or 0)
    if not 0 <= count <= _MOST_TOKENS:
        raise ValueError("tokens")
    return count


def api_schema(shape: type[BaseModel]) -> dict[str, object]:
    """Return the JSON schema of a shape in the subset that structured output takes.

    Bounds it cannot express become part of the description; `parse_reply` holds them afterwards.
    """
    return anthropic.transform_schema(shape)
