"""Price of a call, from the dated table in `assets/facts/ai_prices.toml`.

An unknown model has no price to show, and counts against budgets as the dearest one known: a limit of money has to hold
for it too.
"""

import re
import tomllib
from functools import cache

from pydantic import BaseModel, ConfigDict

from bot.ai.model import Usage
from bot.paths import assets_dir

_NAMED = re.compile(r"^(?:.*[./])?(claude-.+?)(?:[-@]\d{8})?(?:-v\d+(?::\d+)?)?(?:[-@:]latest)?$")
"""Where a model runs stands before its name, its day behind: `anthropic.claude-haiku-4-5-20251001-v1:0`."""


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
    price = _known(model)
    return None if price is None else _cost(price, tokens_in, tokens_out, cache_read, cache_write)


def counted_microusd(usage: Usage) -> int:
    """Return what a usage counts for against budgets."""
    return budget_microusd(usage.model, usage.tokens_in, usage.tokens_out, usage.cache_read, usage.cache_write)


def budget_microusd(model: str, tokens_in: int, tokens_out: int, cache_read: int = 0, cache_write: int = 0) -> int:
    """Return what so many tokens count for against budgets: the model's price, or the dearest one known.

    >>> budget_microusd("a-model-of-tomorrow", 1000, 0) >= budget_microusd("claude-haiku-4-5", 1000, 0) > 0
    True
    """
    price = _known(model)
    prices = [price] if price is not None else _table().models.values()
    return max((_cost(one, tokens_in, tokens_out, cache_read, cache_write) for one in prices), default=0)


def has_price(model: str) -> bool:
    """Tell whether the price of a model is known; else it counts as the dearest one.

    >>> has_price("claude-haiku-4-5-latest"), has_price("anthropic/claude-haiku-4.5"), has_price("a-model-of-tomorrow")
    (True, True, False)
    """
    return _known(model) is not None


def _known(model: str) -> _Price | None:
    """Return the price of a model; one named with its day, "latest" or where it runs has its family's."""
    models = _table().models
    named = _NAMED.match(model.strip().casefold())
    return models.get(model) or (models.get(named[1].replace(".", "-")) if named else None)


def _cost(price: _Price, tokens_in: int, tokens_out: int, cache_read: int, cache_write: int) -> int:
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
