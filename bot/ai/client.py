"""The only importer of the anthropic library: one call in, one outcome out, and a breaker around it.

The library retries by itself (twice); there is no second layer. What it would do too faithfully is wait as
long as a `retry-after` says, so a middleware ends the call when that is longer than a person would wait.
"""

import asyncio
import os
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

_BREAKING = (Reason.TIMEOUT, Reason.RATE_LIMITED, Reason.SERVER)
"""What says something about the other side; a refusal or a broken answer does not."""


@dataclass(frozen=True, slots=True)
class CallSettings:
    """Where and as whom to call. `temperature` stays out of the request when None."""

    api_key: str
    model: str
    base_url: str | None = None
    temperature: float | None = None


class _ToldToWait(anthropic.AnthropicError):
    def __init__(self, status: int, seconds: float) -> None:
        super().__init__(f"status {status}, retry after {seconds:.0f} s")
        self.status, self.seconds = status, seconds


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
                return Failed(Reason.SERVER, "resting after repeated failures")
            try:
                outcome = await self._call(prompt, schema, max_tokens, temperature)
            except asyncio.CancelledError:
                self._breaker.abandoned()
                raise
            self._note(outcome)
            return outcome

    def _note(self, outcome: RawReply | Failed) -> None:
        if isinstance(outcome, Failed) and outcome.reason in _BREAKING:
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
            reason = Reason.RATE_LIMITED if told.status == 429 else Reason.SERVER
            return Failed(reason, f"status {told.status}", told.seconds)
        except (TimeoutError, anthropic.APITimeoutError):
            return Failed(Reason.TIMEOUT, "no answer in time")
        except anthropic.APIStatusError as error:
            return _from_status(error)
        except anthropic.APIConnectionError:
            return Failed(Reason.SERVER, "no connection")
        except (anthropic.AnthropicError, ValueError, TypeError, AttributeError) as error:
            # A proxy page instead of JSON, or JSON of another shape: the library hands through what it got.
            return Failed(Reason.UNPARSABLE, f"not a message ({type(error).__name__})")

    async def _end_long_waits(
        self,
        request: APIRequest,
        call_next: Callable[[APIRequest], Awaitable[Any]],
    ) -> Any:
        response = await call_next(request)
        told = _retry_after(response.headers) if response.status_code >= 400 else None
        if told is not None and told > self._rules.longest_retry_after_s:
            raise _ToldToWait(response.status_code, told)
        return response


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        return float(headers["retry-after"])
    except (KeyError, ValueError):
        return None


def _from_status(error: anthropic.APIStatusError) -> Failed:
    detail = f"status {error.status_code}"
    match error.status_code:
        case 401 | 403:
            return Failed(Reason.NO_KEY, detail + ", the key is not accepted")
        case 402:
            return Failed(Reason.BUDGET, detail + ", the account has no credit")
        case 408 | 504:
            return Failed(Reason.TIMEOUT, detail)
        case 429:
            return Failed(Reason.RATE_LIMITED, detail, _retry_after(error.response.headers))
        case _:
            return Failed(Reason.SERVER, detail)


def _read(message: Message) -> RawReply:
    text = "".join(block.text for block in message.content if isinstance(block, TextBlock))
    usage = message.usage
    return RawReply(
        text=text,
        stop_reason=str(message.stop_reason),
        model=str(message.model),
        tokens_in=int(usage.input_tokens),
        tokens_out=int(usage.output_tokens),
        cache_read=int(usage.cache_read_input_tokens or 0),
        cache_write=int(usage.cache_creation_input_tokens or 0),
    )


def api_schema(shape: type[BaseModel]) -> dict[str, object]:
    """Return the JSON schema of a shape in the subset that structured output takes.

    Bounds it cannot express become part of the description; `parse_reply` holds them afterwards.
    """
    return anthropic.transform_schema(shape)
