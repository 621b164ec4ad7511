"""Guilds, people, their settings, and the inbox."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Identified, Owned, Tracked
from storage.types import BigInt, Flag, Instant, Json


class GuildRow(Base):
    """A server the bot is or was in."""

    __tablename__ = "guilds"

    id: Mapped[int] = mapped_column(BigInt(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    locale: Mapped[str | None] = mapped_column(Text)
    joined_at: Mapped[datetime] = mapped_column(Instant())
    left_at: Mapped[datetime | None] = mapped_column(Instant())
    welcomed_at: Mapped[datetime | None] = mapped_column(Instant())


class PersonRow(Base, Owned):
    """Somebody who used the bot. `owner_id` is their own Discord id."""

    __tablename__ = "people"
    __constraints__ = (UniqueConstraint("owner_id"),)

    id: Mapped[int] = mapped_column(BigInt(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    locale: Mapped[str | None] = mapped_column(Text)
    dm_channel_id: Mapped[int | None] = mapped_column(BigInt())
    dm_closed_at: Mapped[datetime | None] = mapped_column(Instant())
    dm_retry_at: Mapped[datetime | None] = mapped_column(Instant())
    dm_refusals: Mapped[int] = mapped_column(BigInt(), default=0)
    first_seen_at: Mapped[datetime] = mapped_column(Instant())
    last_seen_at: Mapped[datetime] = mapped_column(Instant())


class SettingRow(Base, Owned, Tracked, Identified):
    """One section of settings of a person or a guild, as the JSON of a pydantic model."""

    __tablename__ = "settings"
    __area__ = "studio"
    __constraints__ = (UniqueConstraint("owner_id", "section"),)

    section: Mapped[str] = mapped_column(Text)
    value: Mapped[dict[str, Any]] = mapped_column(Json())
    updated_at: Mapped[datetime] = mapped_column(Instant())


class InboxRow(Base, Owned, Identified):
    """Something that could not be delivered and waits until the person asks."""

    __tablename__ = "inbox"
    __constraints__ = (Index("ix_inbox_owner_id_created_at", "owner_id", "created_at"),)

    kind: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant())
    expires_at: Mapped[datetime] = mapped_column(Instant())
    read_at: Mapped[datetime | None] = mapped_column(Instant())
    announced: Mapped[bool] = mapped_column(Flag(), default=False)


class FactRow(Base):
    """Small facts about this installation: command hash, command ids, tz database version, deletions kept."""

    __tablename__ = "facts"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[Any] = mapped_column(Json())
    updated_at: Mapped[datetime] = mapped_column(Instant())


class RequestRow(Base, Owned):
    """An interaction that created something: pressing or submitting twice returns the first result."""

    __tablename__ = "requests"
    __client__ = "open"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    result: Mapped[Any] = mapped_column(Json())
    created_at: Mapped[datetime] = mapped_column(Instant(), index=True)
    guild_id: Mapped[int | None] = mapped_column(BigInt(), ForeignKey("guilds.id", ondelete="SET NULL"))
