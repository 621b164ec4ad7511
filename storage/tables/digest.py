"""Stored digests, when the next one is due, notes that missions add."""

from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.digest.model import DigestState
from storage.base import Base, Identified, Owned, Tracked
from storage.types import BigInt, Flag, Instant, one_of


class DigestRow(Base, Owned, Identified):
    """One ISO week of one owner; its bytes never change."""

    __tablename__ = "digests"
    __constraints__ = (
        UniqueConstraint("owner_id", "iso_year", "iso_week"),
        Index("ix_digests_owner_id_cut_at", "owner_id", "cut_at"),
        one_of("state", DigestState),
    )

    iso_year: Mapped[int] = mapped_column(BigInt())
    iso_week: Mapped[int] = mapped_column(BigInt())
    cut_from: Mapped[datetime] = mapped_column(Instant())
    cut_at: Mapped[datetime] = mapped_column(Instant())
    markdown: Mapped[str] = mapped_column(Text)
    card: Mapped[str] = mapped_column(Text)
    public_card: Mapped[str] = mapped_column(Text)
    """The copy for channels, from its own filtered data; empty where nothing may be shown."""
    content_hash: Mapped[str] = mapped_column(Text)
    has_activity: Mapped[bool] = mapped_column(Flag())
    state: Mapped[str] = mapped_column(Text)
    built_at: Mapped[datetime] = mapped_column(Instant())
    sent_at: Mapped[datetime | None] = mapped_column(Instant())
    opened_at: Mapped[datetime | None] = mapped_column(Instant())


class DigestClockRow(Base, Owned, Identified):
    """When the next cut of a person or a server is, where the last one was, and whether that week was active."""

    __tablename__ = "digest_clocks"
    __constraints__ = (UniqueConstraint("owner_id"), Index("ix_digest_clocks_next_at", "next_at"))

    rule: Mapped[str] = mapped_column(Text)
    zone: Mapped[str] = mapped_column(Text)
    is_server: Mapped[bool] = mapped_column(Flag())
    next_at: Mapped[datetime | None] = mapped_column(Instant())
    cut_at: Mapped[datetime] = mapped_column(Instant())
    was_active: Mapped[bool] = mapped_column(Flag())


class DigestNoteRow(Base, Owned, Tracked, Identified):
    """A line that a mission wants in the next digest."""

    __tablename__ = "digest_notes"
    __area__ = "digest"
    __constraints__ = (Index("ix_digest_notes_created_at", "owner_id", "created_at"),)

    mission: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant())


class DigestShareRow(Base, Owned, Tracked, Identified):
    """A place where a person wants the public copy: a channel of their own choice, or a server's digest."""

    __tablename__ = "digest_shares"
    __area__ = "digest"
    __constraints__ = (
        UniqueConstraint("owner_id", "guild_id", "channel_id"),
        Index("ix_digest_shares_guild_id", "guild_id"),
    )

    guild_id: Mapped[int] = mapped_column(BigInt())
    channel_id: Mapped[int] = mapped_column(BigInt())
    """0: the server's own digest."""
    created_at: Mapped[datetime] = mapped_column(Instant())
