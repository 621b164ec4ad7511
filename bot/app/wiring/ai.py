"""The AI of this installation: one assistant for every area, with consent, budget and cache from the database."""

from bot.ai.assistant import ClaudeAssistant
from bot.ai.rules import AiRules
from bot.ai.stored import StoredCache, StoredLedger
from bot.metrics import Metrics
from bot.rules import load_rules
from bot.services import Foundation
from bot.studio.service import StudioService


def make_assistant(on: Foundation) -> ClaudeAssistant:
    """Return the assistant of this installation; without a key every answer says so."""
    settings, rules = on.settings, load_rules("ai", AiRules)
    client = None
    if settings.anthropic_api_key is not None:
        # Only with a key: the library costs a second and 36 MB.
        from bot.ai.client import CallSettings, MessagesClient

        call = CallSettings(
            api_key=settings.anthropic_api_key.get_secret_value(),
            model=settings.ai_model,
            base_url=settings.anthropic_base_url,
            temperature=settings.ai_temperature,
        )
        client = MessagesClient(call, rules, on.clock)
    ledger, cache = StoredLedger(on.database), StoredCache(on.database)
    counts = AiCounts(on.metrics)
    ceilings = SetCeilings(on.studio, settings.ai_daily_cost_usd)
    consent = StudioConsent(on.studio)
    return ClaudeAssistant(client, consent, ledger, cache, rules, on.clock, metrics=counts, ceilings=ceilings)


class StudioConsent:
    """AI is off until the server allows it and the person turned it on."""

    def __init__(self, studio: StudioService) -> None:
        self._studio = studio

    async def ai_allowed(self, person_id: int, guild_id: int | None) -> bool:
        if not (await self._studio.person_settings(person_id)).ai_consent:
            return False
        return guild_id is None or (await self._studio.guild_settings(guild_id)).ai_allowed


class SetCeilings:
    """The operator's limit of money and each server's of tokens, in 24 hours; 0 means none, not unlimited."""

    def __init__(self, studio: StudioService, daily_cost_usd: float) -> None:
        self._studio = studio
        self._daily_cost_usd = daily_cost_usd

    @property
    def installation_microusd(self) -> int | None:
        return round(self._daily_cost_usd * 1_000_000)

    async def member_tokens(self, guild_id: int) -> int | None:
        return (await self._studio.guild_settings(guild_id)).ai_daily_tokens


class AiCounts:
    """AI calls in the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def ai_call(self, prompt: str, outcome: str, tokens: int, microusd: int) -> None:
        self._metrics.ai_calls.labels(prompt, outcome).inc()
        self._metrics.ai_tokens.labels("all").inc(tokens)
        self._metrics.ai_cost.inc(microusd / 1_000_000)
