"""The assistant: consent, key, cache, budget, call, reading, usage; in that order, for every area."""

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.ai.budget import Limit, Period, Scope, is_spent
from bot.ai.cache import AnswerCache, cache_key
from bot.ai.ledger import BudgetWatch, UsageLedger, difference
from bot.ai.model import (
    Answer,
    Asker,
    CachedAnswer,
    Failed,
    NoIdeas,
    Ok,
    Question,
    RawReply,
    Reason,
    ReplyT,
    Sent,
    Usage,
    UsageEntry,
)
from bot.ai.others import NothingOfOthers, OthersWords, without
from bot.ai.prices import budget_microusd, counted_microusd, priced
from bot.ai.prompts import Prompt, Rendered, load_prompt, render
from bot.ai.rules import AiRules
from bot.ai.schema import Unparsable, parse_reply
from bot.clock import Clock
from bot.ids import uuid7
from storage.privacy_map import kept_for

if TYPE_CHECKING:
    from bot.ai.client import MessagesClient

log = structlog.get_logger(__name__)

_MENDED_BY_OPERATOR = frozenset(
    {Reason.BAD_KEY, Reason.NO_PERMISSION, Reason.NO_CREDIT, Reason.NO_MODEL, Reason.REJECTED}
)


class Consent(Protocol):
    """Whether the server allows AI and the person turned it on."""

    async def ai_allowed(self, person_id: int, guild_id: int | None) -> bool: ...


class Ceilings(Protocol):
    """What the operator and a server's managers set as the most."""

    async def limits(self, guild_id: int | None) -> tuple[Limit, ...]:
        """Return the budgets of everybody on this host together, and those set in a server."""
        ...


class AiMetrics(Protocol):
    """Count calls by prompt and outcome, with tokens and cost."""

    def ai_call(self, prompt: str, outcome: str, tokens: int, microusd: int) -> None: ...


class ClaudeAssistant:
    """Ask Claude on somebody's behalf. Implements `bot.ai.model.Assistant`.

    `client` None means that no key is set; then nothing is ever sent and every answer is `Failed(no_key)`.
    """

    def __init__(
        self,
        client: "MessagesClient | None",
        consent: Consent,
        ledger: UsageLedger,
        cache: AnswerCache,
        rules: AiRules,
        clock: Clock,
        watch: BudgetWatch | None = None,
        metrics: AiMetrics | None = None,
        ceilings: Ceilings | None = None,
        others: OthersWords | None = None,
    ) -> None:
        self._client = client
        self._consent = consent
        self._ledger = ledger
        self._cache = cache
        self._rules = rules
        self._clock = clock
        self._watch = watch
        self._metrics = metrics
        self._ceilings = ceilings
        self._others = others or NothingOfOthers()
        self.unpriced: set[str] = set()
        """Models that answered and have no known price: they count as the dearest one."""
        self.refused_by: Reason | None = None
        """Why the service took no question the last time, where only the operator can mend it."""

    @property
    def model(self) -> str:
        return self._client.model if self._client else ""

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client:
            await self._client.aclose()

    async def unavailable(self, asker: Asker) -> Reason | None:
        if self._client is None:
            return Reason.NO_KEY
        if not await self._consent.ai_allowed(asker.person_id, asker.guild_id):
            return Reason.OFF
        spent = await self._ledger.spent(asker, self._clock.now())
        return Reason.BUDGET if is_spent(await self._limits(asker), spent) else None

    async def ask(self, question: Question[ReplyT]) -> Answer[ReplyT]:
        """Answer a question from the cache or by one call; every outcome is a value."""
        if self._client is None:
            return Failed(Reason.NO_KEY)
        asker = question.asker
        if not await self._consent.ai_allowed(asker.person_id, asker.guild_id):
            return Failed(Reason.OFF)
        question = await self._without_others(question)
        prompt = load_prompt(question.prompt)
        key = cache_key(question, self._client.model, prompt.version)
        if question.cache_until is not None and not question.fresh:
            kept = await self._cache.get(asker.person_id, key, self._clock.now())
            if kept is not None:
                return _from_cache(question, kept)
        answer, reply_text = await self._ask_anew(question, prompt, self._client)
        if question.cache_until is not None and not isinstance(answer, Failed):
            stored = CachedAnswer(reply_text, answer.usage.model, prompt.version, self._clock.now())
            await self._cache.put(asker.person_id, key, stored, question.cache_until)
        return answer

    async def _without_others(self, question: Question[ReplyT]) -> Question[ReplyT]:
        """Take out what others wrote and did not agree to, wherever a sender copied it; before the cache is asked."""
        held_back = await self._others.held_back(question.asker.person_id)
        return replace(question, data=Sent(without(question.data, held_back))) if held_back else question

    async def _ask_anew(
        self, question: Question[ReplyT], prompt: Prompt, client: "MessagesClient"
    ) -> tuple[Answer[ReplyT], str]:
        sent = render(prompt, question.facts, question.data)
        started = self._estimate(question.asker, prompt, sent, client.model)
        limits = await self._limits(question.asker)
        decision = await self._ledger.reserve(started, limits, self._rules.alert_percent)
        if self._watch is not None:
            for alert in decision.alerts:
                await self._watch.budget_reached(question.asker, alert, started.at)
        if not decision.allowed:
            return Failed(Reason.BUDGET, f"{decision.blocked_by} budget"), ""
        # Only with a key: the library costs a second and 36 MB.
        from bot.ai.client import api_schema

        schema = api_schema(question.schema or question.shape)
        # A cancelled call stays reserved at its estimate: what it took is not known.
        reply = await client.complete(sent, schema, prompt.max_tokens, prompt.temperature)
        answer = reply if isinstance(reply, Failed) else await self._read(question, prompt, reply, started)
        await self._settle(started, answer)
        return answer, reply.text if isinstance(reply, RawReply) and isinstance(answer, Ok) else ""

    async def _read(
        self, question: Question[ReplyT], prompt: Prompt, reply: RawReply, started: UsageEntry
    ) -> Answer[ReplyT]:
        usage = Usage(
            model=reply.model,
            prompt=prompt.name,
            prompt_version=prompt.version,
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            cache_read=reply.cache_read,
            cache_write=reply.cache_write,
        )
        usage = replace(usage, cost_microusd=priced(usage))
        if usage.cost_microusd is None:
            self.unpriced.add(usage.model)
        if reply.stop_reason == "refusal":
            return Failed(Reason.REFUSED, "the model declined", usage=usage)
        try:
            if reply.stop_reason == "model_context_window_exceeded":
                return Failed(Reason.TOO_LONG, "more than the model takes", usage=usage)
            if reply.stop_reason == "max_tokens":
                raise Unparsable("cut off at the length limit")
            items = parse_reply(reply.text, question.shape, self._rules.reply_characters)
        except Unparsable as why:
            until = started.at + kept_for("ai_raw_replies")
            kept = reply.text[: self._rules.reply_characters]
            await self._ledger.keep_raw(started.call_id, question.asker, kept, until)
            return Failed(Reason.UNPARSABLE, str(why), usage=usage)
        return NoIdeas(usage) if items.is_empty() else Ok(items, usage)

    async def _settle(self, started: UsageEntry, answer: Answer[ReplyT]) -> None:
        outcome = _outcome(answer)
        unknown = isinstance(answer, Failed) and answer.may_have_cost
        await self._ledger.settle(difference(started, self._clock.now(), outcome, answer.usage, unknown=unknown))
        if not isinstance(answer, Failed):
            self.refused_by = None
        elif answer.reason in _MENDED_BY_OPERATOR:
            self.refused_by = answer.reason
        used = answer.usage
        tokens, cost = (used.tokens, counted_microusd(used)) if used else (0, 0)
        if self._metrics is not None:
            self._metrics.ai_call(started.prompt, outcome, tokens, cost)
        detail = answer.detail if isinstance(answer, Failed) else ""
        log.info("ai.call", prompt=started.prompt, outcome=outcome, tokens=tokens, detail=detail)

    def _estimate(self, asker: Asker, prompt: Prompt, sent: Rendered, model: str) -> UsageEntry:
        now = self._clock.now()
        tokens_in = int((len(sent.system) + len(sent.user)) / self._rules.characters_per_token)
        return UsageEntry(
            call_id=uuid7(now),
            at=now,
            asker=asker,
            model=model,
            prompt=prompt.name,
            prompt_version=prompt.version,
            outcome="started",
            tokens_in=tokens_in,
            tokens_out=prompt.max_tokens,
            microusd=budget_microusd(model, tokens_in, prompt.max_tokens),
        )

    async def _limits(self, asker: Asker) -> tuple[Limit, ...]:
        rules = self._rules
        limits = [
            Limit(Scope.PERSON, rules.person_tokens_per_day, rules.person_microusd_per_day),
            Limit(Scope.PERSON, rules.person_tokens_per_month, rules.person_microusd_per_month, Period.MONTH),
        ]
        if asker.guild_id is not None:
            limits += [
                Limit(Scope.GUILD, rules.guild_tokens_per_day, rules.guild_microusd_per_day),
                Limit(Scope.GUILD, rules.guild_tokens_per_month, rules.guild_microusd_per_month, Period.MONTH),
            ]
        if asker.agent_id is not None and asker.agent_tokens_per_day is not None:
            limits.append(Limit(Scope.AGENT, asker.agent_tokens_per_day))
        if self._ceilings is not None:
            limits += await self._ceilings.limits(asker.guild_id)
        return tuple(limits)


def _outcome(answer: Ok[ReplyT] | NoIdeas | Failed) -> str:
    match answer:
        case Ok():
            return "ok"
        case NoIdeas():
            return "no_ideas"
        case Failed(reason):
            return str(reason)


def _from_cache(question: Question[ReplyT], kept: CachedAnswer) -> Answer[ReplyT]:
    usage = Usage(model=kept.model, prompt=question.prompt, prompt_version=kept.prompt_version, cost_microusd=0)
    if not kept.reply_json:
        return NoIdeas(usage, kept.written_at)
    items = parse_reply(kept.reply_json, question.shape, len(kept.reply_json) + 1)
    return Ok(items, usage, kept.written_at)
