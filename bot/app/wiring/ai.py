"""The AI of this installation: one assistant for every area, with consent, budget and cache from the database."""

from collections.abc import Collection, Sequence

from bot.ai.assistant import ClaudeAssistant
from bot.ai.budget import Limit, Period, Scope
from bot.ai.others import may_go
from bot.ai.prices import has_price
from bot.ai.rules import AiRules
from bot.ai.stored import StoredCache, StoredLedger
from bot.loops.others import writers
from bot.loops.read import LoopReads
from bot.metrics import Metrics
from bot.rules import load_rules
from bot.services import Foundation
from bot.settings import Settings
from bot.studio.health import HealthLine, Word
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
    ceilings = SetCeilings(on.studio, settings)
    consent = StudioConsent(on.studio)
    others = KeptWords(LoopReads(on.database), StudioAgreements(on.studio))
    assistant = ClaudeAssistant(
        client, consent, ledger, cache, rules, on.clock, metrics=counts, ceilings=ceilings, others=others
    )
    on.checks.area_lines.append(lambda _asking: ai_lines(assistant))
    return assistant


def ai_lines(assistant: ClaudeAssistant) -> list[HealthLine]:
    """Return what a manager can have mended about the AI: models without a price, and a service that refuses us."""
    unpriced = set(assistant.unpriced)
    if assistant.model and not has_price(assistant.model):
        unpriced.add(assistant.model)
    found = [HealthLine("ai_no_price", Word.LOOK, {"model": model}) for model in sorted(unpriced)]
    if assistant.refused_by is not None:
        found.append(HealthLine(f"ai_{assistant.refused_by}", Word.BROKEN))
    return found


class StudioConsent:
    """AI is off until the server allows it and the person turned it on."""

    def __init__(self, studio: StudioService) -> None:
        self._studio = studio

    async def ai_allowed(self, person_id: int, guild_id: int | None) -> bool:
        if not (await self._studio.person_settings(person_id)).ai_consent:
            return False
        return guild_id is None or (await self._studio.guild_settings(guild_id)).ai_allowed


class StudioAgreements:
    """Who turned AI on for their own things; whoever never did, or deleted everything, has not agreed."""

    def __init__(self, studio: StudioService) -> None:
        self._studio = studio

    async def agreed(self, people: Collection[int]) -> frozenset[int]:
        return frozenset({one for one in people if (await self._studio.person_settings(one)).ai_consent})


class KeptWords:
    """Words of others in somebody's things: their clips that were made from messages."""

    def __init__(self, loops: LoopReads, agreements: StudioAgreements) -> None:
        self._loops = loops
        self._agreements = agreements

    async def held_back(self, person: int) -> Sequence[str]:
        clips = await self._loops.of_others(person)
        agreed = await self._agreements.agreed(writers(clips))
        held = [clip for clip in clips if not may_go(clip.written_by, agreed)]
        return [text for clip in held for text in (clip.name, clip.notes, *clip.notes.splitlines())]


class SetCeilings:
    """What the operator set for everybody and each server's managers for theirs; 0 means none, not unlimited."""

    def __init__(self, studio: StudioService, settings: Settings) -> None:
        self._studio = studio
        self._everybody = (
            Limit(Scope.INSTALLATION, settings.ai_daily_tokens, _microusd(settings.ai_daily_cost_usd)),
            Limit(
                Scope.INSTALLATION,
                settings.ai_monthly_tokens,
                _microusd(settings.ai_monthly_cost_usd),
                Period.MONTH,
            ),
        )

    async def limits(self, guild_id: int | None) -> tuple[Limit, ...]:
        if guild_id is None:
            return self._everybody
        settings = await self._studio.guild_settings(guild_id)
        return (
            *self._everybody,
            Limit(Scope.MEMBER, settings.ai_daily_tokens),
            Limit(Scope.MEMBER, settings.ai_monthly_tokens, period=Period.MONTH),
            Limit(Scope.GUILD, settings.ai_server_daily_tokens),
            Limit(Scope.GUILD, settings.ai_server_monthly_tokens, period=Period.MONTH),
        )


def _microusd(usd: float) -> int:
    return round(usd * 1_000_000)


class AiCounts:
    """AI calls in the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def ai_call(self, prompt: str, outcome: str, tokens: int, microusd: int) -> None:
        self._metrics.ai_calls.labels(prompt, outcome).inc()
        self._metrics.ai_tokens.labels("all").inc(tokens)
        self._metrics.ai_cost.inc(microusd / 1_000_000)
