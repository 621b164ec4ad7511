"""Ledger and cache of the AI on the database."""

from datetime import datetime

from bot.actors import Actor
from bot.ai.budget import Decision, Limit, Period, Scope, Spent, decide
from bot.ai.model import Asker, CachedAnswer, UsageEntry
from storage.repositories.ai import AiRepository
from storage.unit import Database, UnitT


async def _spent(usage: AiRepository[UnitT], asker: Asker, now: datetime) -> tuple[Spent, ...]:
    found: list[Spent] = []
    for period in Period:
        sums = await usage.spent(asker, now - period.length)
        found += [Spent(Scope(scope), tokens, microusd, period) for scope, (tokens, microusd) in sums.items()]
    return tuple(found)


class StoredLedger:
    """The usage ledger on the database. Implements `bot.ai.ledger.UsageLedger`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, entry: UsageEntry, limits: tuple[Limit, ...], alert_percent: int) -> Decision:
        async with self._database.system_write("ai.reserve") as unit:
            usage = unit.repo(AiRepository)
            # Two calls must not share the last room of a budget.
            await usage.one_at_a_time()
            spent = await _spent(usage, entry.asker, entry.at)
            tokens = entry.tokens_in + entry.tokens_out
            decision = decide(limits, spent, tokens, entry.microusd, alert_percent)
            if decision.allowed:
                await usage.add(entry)
        return decision

    async def settle(self, entry: UsageEntry) -> None:
        async with self._database.system_write("ai.settle") as unit:
            await unit.repo(AiRepository).add(entry)

    async def spent(self, asker: Asker, now: datetime) -> tuple[Spent, ...]:
        async with self._database.system_read() as unit:
            return await _spent(unit.repo(AiRepository), asker, now)

    async def keep_raw(self, call_id: str, asker: Asker, text: str, until: datetime) -> None:
        async with self._database.system_write("ai.keep_raw") as unit:
            await unit.repo(AiRepository).keep_raw(call_id, asker.person_id, text, until)


class StoredCache:
    """The answer cache on the database. Implements `bot.ai.cache.AnswerCache`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, owner: int, key: str, now: datetime) -> CachedAnswer | None:
        async with self._database.read(owner) as unit:
            return await unit.repo(AiRepository).answer(key, now)

    async def put(self, owner: int, key: str, answer: CachedAnswer, until: datetime) -> None:
        async with self._database.write(Actor.system("ai"), owner, "ai.cache") as unit:
            await unit.repo(AiRepository).keep_answer(key, answer, until)
