"""AI: append-only usage, cached answers, replies that could not be read."""

from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Identified, Owned
from storage.types import BigInt, Instant


class AiUsageRow(Base, Owned, Identified):
    """Append-only lines: the estimate when a call starts, the difference when it ends."""

    __tablename__ = "ai_usage"
    __constraints__ = (
        Index("ix_ai_usage_owner_at", "owner_id", "at"),
        Index("ix_ai_usage_guild_at", "guild_id", "at"),
        Index("ix_ai_usage_agent_at", "agent_id", "at"),
    )

    call_id: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant())
    guild_id: Mapped[int | None] = mapped_column(BigInt())
    agent_id: Mapped[str | None] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    prompt: Mapped[str] = mapped_column(Text)
    prompt_version: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    tokens_in: Mapped[int] = mapped_column(BigInt())
    tokens_out: Mapped[int] = mapped_column(BigInt())
    microusd: Mapped[int] = mapped_column(BigInt())


class AiAnswerRow(Base, Owned, Identified):
    """A cached answer, until the local day ends."""

    __tablename__ = "ai_answers"
    __constraints__ = (UniqueConstraint("owner_id", "key"), Index("ix_ai_answers_kept_until", "kept_until"))

    key: Mapped[str] = mapped_column(Text)
    reply_json: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    prompt_version: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(Instant())
    kept_until: Mapped[datetime] = mapped_column(Instant())


class AiRawReplyRow(Base, Owned, Identified):
    """A reply that could not be read, for its owner, for a day. The id is the call's."""

    __tablename__ = "ai_raw_replies"
    __constraints__ = (Index("ix_ai_raw_replies_kept_until", "kept_until"),)

    text: Mapped[str] = mapped_column(Text)
    kept_until: Mapped[datetime] = mapped_column(Instant())
