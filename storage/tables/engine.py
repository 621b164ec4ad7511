"""Slots (due work), deliveries (messages that must be sent once) and changes (history and undo)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Identified, Owned
from storage.types import BigInt, Instant, Json


class SlotRow(Base, Identified):
    """One occurrence of due work. `visible_at` is both "due" and "the lease ran out"."""

    __tablename__ = "slots"
    __constraints__ = (
        UniqueConstraint("key"),
        Index(
            "ix_slots_open",
            "lane",
            "visible_at",
            sqlite_where=text("state IN ('ready', 'leased')"),
            postgresql_where=text("state IN ('ready', 'leased')"),
        ),
        Index("ix_slots_subject", "kind", "subject_id"),
        Index("ix_slots_finished_at", "finished_at"),
    )

    key: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    lane: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[str] = mapped_column(Text)
    owner: Mapped[int | None] = mapped_column(BigInt())
    payload: Mapped[Any] = mapped_column(Json())
    state: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(Instant())
    visible_at: Mapped[datetime] = mapped_column(Instant())
    attempts: Mapped[int] = mapped_column(BigInt())
    lease: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant())
    finished_at: Mapped[datetime | None] = mapped_column(Instant())


class DeliveryRow(Base, Owned, Identified):
    """A message to be sent exactly once, visible to its owner's session."""

    __tablename__ = "deliveries"
    __client__ = "open"
    __constraints__ = (
        UniqueConstraint("occurrence_key"),
        Index("ix_deliveries_state", "state", "due_at"),
    )

    kind: Mapped[str] = mapped_column(Text)
    occurrence_key: Mapped[str] = mapped_column(Text)
    target_kind: Mapped[str] = mapped_column(Text)
    target_id: Mapped[int] = mapped_column(BigInt())
    payload: Mapped[Any] = mapped_column(Json())
    state: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(Instant())
    expires_at: Mapped[datetime | None] = mapped_column(Instant())
    claimed_at: Mapped[datetime | None] = mapped_column(Instant())
    attempts: Mapped[int] = mapped_column(BigInt())
    sent_channel_id: Mapped[int | None] = mapped_column(BigInt())
    sent_message_id: Mapped[int | None] = mapped_column(BigInt())
    sent_at: Mapped[datetime | None] = mapped_column(Instant())
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant())


class ChangeRow(Base, Owned, Identified):
    """Append-only: one row of one table before and after one use case, and who did it."""

    __tablename__ = "changes"
    __client__ = "open"
    __constraints__ = (
        Index("ix_changes_entity", "owner_id", "entity", "entity_id"),
        Index("ix_changes_group", "owner_id", "group_id"),
        Index("ix_changes_owner_at", "owner_id", "at"),
    )

    at: Mapped[datetime] = mapped_column(Instant())
    group_id: Mapped[str] = mapped_column(Text)
    operation: Mapped[str] = mapped_column(Text)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_reference: Mapped[str] = mapped_column(Text)
    actor_name: Mapped[str] = mapped_column(Text)
    rationale: Mapped[str | None] = mapped_column(Text)
    area: Mapped[str] = mapped_column(Text)
    entity: Mapped[str] = mapped_column(Text)
    entity_id: Mapped[str] = mapped_column(Text)
    before: Mapped[Any] = mapped_column(Json(), nullable=True)
    after: Mapped[Any] = mapped_column(Json(), nullable=True)
    undone_by: Mapped[str | None] = mapped_column(Text)
