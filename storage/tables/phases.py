"""The phase a person is in, the stays before it, offers; form maps and their versions."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.phases.model import Condition, OfferState, Phase
from storage.base import Base, Identified, Owned, Tracked
from storage.types import BigInt, Instant, one_of


class UserPhaseRow(Base, Owned, Tracked, Identified):
    """Where a person is now; exactly one row. `id` is the entry's id."""

    __tablename__ = "user_phases"
    __area__ = "phase"
    __constraints__ = (UniqueConstraint("owner_id"), one_of("phase", Phase))

    phase: Mapped[str] = mapped_column(Text)
    entered_at: Mapped[datetime] = mapped_column(Instant())
    reason: Mapped[str] = mapped_column(Text)


class PhaseHistoryRow(Base, Owned, Tracked, Identified):
    """A stay that is over. `id` is the entry's id."""

    __tablename__ = "phase_history"
    __area__ = "phase"
    __constraints__ = (Index("ix_phase_history_entered_at", "owner_id", "entered_at"), one_of("phase", Phase))

    phase: Mapped[str] = mapped_column(Text)
    entered_at: Mapped[datetime] = mapped_column(Instant())
    left_at: Mapped[datetime] = mapped_column(Instant())
    reason: Mapped[str] = mapped_column(Text)


class PhaseOfferRow(Base, Owned, Tracked, Identified):
    """A change of phase that was offered: once for each condition of a stay."""

    __tablename__ = "phase_offers"
    __area__ = "phase"
    __constraints__ = (
        UniqueConstraint("entry_id", "condition"),
        one_of("condition", Condition),
        one_of("to_phase", Phase),
        one_of("state", OfferState),
    )

    entry_id: Mapped[str] = mapped_column(Text)
    condition: Mapped[str] = mapped_column(Text)
    to_phase: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant())
    decided_at: Mapped[datetime | None] = mapped_column(Instant())


class FormMapRow(Base, Owned, Tracked, Identified):
    """The intended structure of a piece; what it says is in its versions."""

    __tablename__ = "form_maps"
    __area__ = "form"
    __constraints__ = (UniqueConstraint("id", "owner_id"),)

    name: Mapped[str] = mapped_column(Text)
    loop_id: Mapped[str | None] = mapped_column(Text, index=True)
    bounce_id: Mapped[str | None] = mapped_column(Text, index=True)
    draws: Mapped[int] = mapped_column(BigInt())
    created_at: Mapped[datetime] = mapped_column(Instant())
    deleted_at: Mapped[datetime | None] = mapped_column(Instant())


class FormVersionRow(Base, Owned, Tracked, Identified):
    """One version; `content` is canonical JSON and never changes."""

    __tablename__ = "form_map_versions"
    __area__ = "form"
    __constraints__ = (
        UniqueConstraint("map_id", "number"),
        ForeignKeyConstraint(["map_id", "owner_id"], ["form_maps.id", "form_maps.owner_id"], ondelete="CASCADE"),
        Index("ix_form_map_versions_created_at", "owner_id", "created_at"),
    )

    map_id: Mapped[str] = mapped_column(Text)
    number: Mapped[int] = mapped_column(BigInt())
    created_at: Mapped[datetime] = mapped_column(Instant())
    content: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
