"""Price of a call, from the dated table in `assets/facts/ai_prices.toml`; unknown models have no price."""

import tomllib
from functools import cache

from pydantic import BaseModel, ConfigDict

from bot.ai.model import Usage
from bot.paths import assets_dir


class _Rates(BaseModel):
    """US dollars for a million tokens, which is also micro-dollars for one."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    input: float
    output: float
    cache_write: float
    cache_read: float


class _Price(_Rates):
    long_prompt_over: int | None = None
    long_prompt: _Rates | None = None


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    source: str
    last_verified: str
    models: dict[str, _Price]


@cache
def _table() -> _Table:
    with (assets_dir() / "facts" / "ai_prices.toml").open("rb") as file:
        return _Table.model_validate(tomllib.load(file))


def cost_microusd(model: str, tokens_in: int, tokens_out: int, cache_read: int, cache_write: int) -> int | None:
    """Return the cost in millionths of a US dollar, rounded up; None when the model has no known price.

    >>> cost_microusd("claude-haiku-4-5", 1000, 200, 0, 0)
    2000
    """
    price = _table().models.get(model)
    if price is None:
        return None
    rates: _Rates = price
    over = price.long_prompt_over
    if price.long_prompt is not None and over is not None and tokens_in + cache_read + cache_write > over:
        rates = price.long_prompt
    total = (
        tokens_in * rates.input
        + tokens_out * rates.output
        + cache_read * rates.cache_read
        + cache_write * rates.cache_write
    )
    return -int(-total // 1)


def priced(usage: Usage) -> int | None:
    """Return the cost of a usage, None when unknown."""
    return cost_microusd(usage.model, usage.tokens_in, usage.tokens_out, usage.cache_read, usage.cache_write)
