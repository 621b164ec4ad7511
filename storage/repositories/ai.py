"""SQL of AI usage, cached answers and kept raw replies."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, select, text, true

from bot.ai.model import Asker, CachedAnswer, UsageEntry
from storage.tables.ai import AiAnswerRow, AiRawReplyRow, AiUsageRow
from storage.unit import Repository, Unit, UnitT


class AiRepository(Repository[UnitT]):
    """Usage of everybody is summed for a server's budget, so budgets are read in system units."""

    async def spent(self, asker: Asker, since: datetime) -> dict[str, tuple[int, int]]:
        """Return (tokens, micro-dollars) since then by scope: person, guild, member of it, agent, installation."""
        mine = AiUsageRow.owner_id == asker.person_id
        conditions: dict[str, ColumnElement[bool]] = {"person": mine, "installation": true()}
        if asker.guild_id is not None:
            conditions["guild"] = AiUsageRow.guild_id == asker.guild_id
            conditions["member"] = and_(mine, AiUsageRow.guild_id == asker.guild_id)
        if asker.agent_id is not None:
            conditions["agent"] = AiUsageRow.agent_id == asker.agent_id
        found: dict[str, tuple[int, int]] = {}
        for scope, condition in conditions.items():
            row = await self.session.execute(
                select(
                    func.coalesce(func.sum(AiUsageRow.tokens_in + AiUsageRow.tokens_out), 0),
                    func.coalesce(func.sum(AiUsageRow.microusd), 0),
                ).where(condition, AiUsageRow.at > since)
            )
            tokens, microusd = row.one()
            found[scope] = (int(tokens), int(microusd))
        return found

    async def one_at_a_time(self: "AiRepository[Unit]") -> None:
        """Hold the others back until this unit ends (PostgreSQL); SQLite has one writer anyway.

        All of them: the last room of the host's budget is everybody's. No owner has the id 0.
        """
        if self.unit.dialect == "postgresql":
            await self.writing.execute(text("SELECT pg_advisory_xact_lock(0)"))

    async def add(self: "AiRepository[Unit]", entry: UsageEntry) -> None:
        self.writing.add(
            AiUsageRow(
                id=self.unit.new_id(),
                owner_id=entry.asker.person_id,
                call_id=entry.call_id,
                at=entry.at,
                guild_id=entry.asker.guild_id,
                agent_id=entry.asker.agent_id,
                model=entry.model,
                prompt=entry.prompt,
                prompt_version=entry.prompt_version,
                outcome=entry.outcome,
                tokens_in=entry.tokens_in,
                tokens_out=entry.tokens_out,
                microusd=entry.microusd,
            )
        )

    async def outcomes(self, since: datetime) -> list[tuple[str, str, int]]:
        """Return (prompt, outcome, how many calls) since then, everybody's; system units only."""
        counted = select(AiUsageRow.prompt, AiUsageRow.outcome, func.count()).where(AiUsageRow.at > since)
        rows = await self.session.execute(counted.group_by(AiUsageRow.prompt, AiUsageRow.outcome))
        return [(prompt, outcome, number) for prompt, outcome, number in rows.all()]

    async def answer(self, key: str, now: datetime) -> CachedAnswer | None:
        row = (
            await self.session.execute(select(AiAnswerRow).where(AiAnswerRow.key == key, AiAnswerRow.kept_until > now))
        ).scalar_one_or_none()
        if row is None:
            return None
        return CachedAnswer(row.reply_json, row.model, row.prompt_version, row.written_at)

    async def keep_answer(self: "AiRepository[Unit]", key: str, answer: CachedAnswer, until: datetime) -> None:
        await self.writing.execute(delete(AiAnswerRow).where(AiAnswerRow.key == key))
        self.writing.add(
            AiAnswerRow(
                id=self.unit.new_id(),
                owner_id=self.owner,
                key=key,
                reply_json=answer.reply_json,
                model=answer.model,
                prompt_version=answer.prompt_version,
                written_at=answer.written_at,
                kept_until=until,
            )
        )

    async def keep_raw(self: "AiRepository[Unit]", call_id: str, owner: int, reply: str, until: datetime) -> None:
        self.writing.add(AiRawReplyRow(id=call_id, owner_id=owner, text=reply, kept_until=until))
