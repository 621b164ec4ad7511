"""Append-only usage: an entry when a call starts (the estimate), one when it ends (the difference)."""

from datetime import datetime
from typing import Protocol

from bot.ai.budget import Alert, Decision, Limit, Period, Scope, Spent, decide
from bot.ai.model import Asker, Usage, UsageEntry
from bot.ai.prices import counted_microusd


class UsageLedger(Protocol):
    """Keep usage. `reserve` checks and writes in one transaction, so two calls cannot share the last room."""

    async def reserve(self, entry: UsageEntry, limits: tuple[Limit, ...], alert_percent: int) -> Decision: ...

    async def settle(self, entry: UsageEntry) -> None: ...

    async def spent(self, asker: Asker, now: datetime) -> tuple[Spent, ...]: ...

    async def keep_raw(self, call_id: str, asker: Asker, text: str, until: datetime) -> None:
        """Keep a reply that could not be read, for its owner, until a moment."""
        ...


class MemoryLedger:
    """A ledger in this process; the same behaviour as the stored one."""

    def __init__(self) -> None:
        self.entries: list[UsageEntry] = []
        self.raw: dict[str, tuple[int, str, datetime]] = {}

    async def reserve(self, entry: UsageEntry, limits: tuple[Limit, ...], alert_percent: int) -> Decision:
        spent = await self.spent(entry.asker, entry.at)
        decision = decide(limits, spent, entry.tokens_in + entry.tokens_out, entry.microusd, alert_percent)
        if decision.allowed:
            self.entries.append(entry)
        return decision

    async def settle(self, entry: UsageEntry) -> None:
        self.entries.append(entry)

    async def spent(self, asker: Asker, now: datetime) -> tuple[Spent, ...]:
        return tuple(
            Spent(
                scope,
                sum(entry.tokens_in + entry.tokens_out for entry in counted),
                sum(entry.microusd for entry in counted),
                period,
            )
            for period in Period
            for scope, same in (
                (Scope.PERSON, lambda other: other.person_id == asker.person_id),
                (Scope.GUILD, lambda other: asker.guild_id is not None and other.guild_id == asker.guild_id),
                (
                    Scope.MEMBER,
                    lambda other: (
                        asker.guild_id is not None
                        and other.guild_id == asker.guild_id
                        and other.person_id == asker.person_id
                    ),
                ),
                (Scope.INSTALLATION, lambda other: True),
                (Scope.AGENT, lambda other: asker.agent_id is not None and other.agent_id == asker.agent_id),
            )
            for counted in [[one for one in self.entries if now - one.at < period.length and same(one.asker)]]
        )

    async def keep_raw(self, call_id: str, asker: Asker, text: str, until: datetime) -> None:
        self.raw[call_id] = (asker.person_id, text, until)


class BudgetWatch(Protocol):
    """Be told when a budget reaches 80 or 100 percent; tells people once per level and period."""

    async def budget_reached(self, asker: Asker, alert: Alert, now: datetime) -> None: ...


def difference(
    started: UsageEntry, at: datetime, outcome: str, usage: Usage | None, *, unknown: bool = False
) -> UsageEntry:
    """Return the closing line of a call: what it took minus what was reserved (nothing spent: all back).

    `unknown`: it was asked and may have been charged for; then the estimate stays.
    """
    if unknown and usage is None:
        tokens_in, tokens_out, microusd = started.tokens_in, started.tokens_out, started.microusd
    else:
        tokens_in = usage.tokens_in + usage.cache_read + usage.cache_write if usage else 0
        tokens_out = usage.tokens_out if usage else 0
        microusd = counted_microusd(usage) if usage else 0
    return UsageEntry(
        call_id=started.call_id,
        at=at,
        asker=started.asker,
        model=usage.model if usage else started.model,
        prompt=started.prompt,
        prompt_version=started.prompt_version,
        outcome=outcome,
        tokens_in=tokens_in - started.tokens_in,
        tokens_out=tokens_out - started.tokens_out,
        microusd=microusd - started.microusd,
    )
