"""Numbers of the AI calls: section `[ai]` of `assets/rules.toml`."""

from pydantic import Field

from bot.rules import Rules


class AiRules(Rules):
    """Time, retries, sizes and the default budgets."""

    timeout_s: float = Field(gt=0)
    deadline_s: float = Field(gt=0)
    max_retries: int = Field(ge=0)
    longest_retry_after_s: float = Field(ge=0)
    concurrency: int = Field(ge=1)
    breaker_failures: int = Field(ge=1)
    breaker_window_s: int
    breaker_rest_s: int
    reply_characters: int
    characters_per_token: float = Field(gt=0)
    person_tokens_per_day: int
    guild_tokens_per_day: int
    person_microusd_per_day: int
    guild_microusd_per_day: int
    person_tokens_per_month: int
    guild_tokens_per_month: int
    person_microusd_per_month: int
    guild_microusd_per_month: int
    alert_percent: int
