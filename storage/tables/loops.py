"""Loops, their clips, suggestions, readings, exports, live panels, and what a person has open."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.loops.model import (
    ClipKind,
    DeadlineKind,
    ExportState,
    ExportTarget,
    InsightKind,
    Lane,
    Pace,
    Role,
    Source,
    SuggestionKind,
    SuggestionState,
)
from storage.base import Base, Filed, Identified, Owned, Tracked
from storage.types import BigInt, Flag, Instant, Json, Real, one_of


def _of_loop() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["loop_id", "owner_id"], ["loops.id", "loops.owner_id"], ondelete="CASCADE")


class LoopRow(Base, Filed, Owned, Tracked, Identified):
    """A loop. Days are ISO dates; the playhead is in thousandths of a unit."""

    __tablename__ = "loops"
    __area__ = "loop"
    __shown__ = {"loop": "id"}
    __untracked__ = frozenset({"version", "updated_at", "playhead"})
    __constraints__ = (UniqueConstraint("id", "owner_id"), one_of("role", Role), one_of("pace", Pace))

    name: Mapped[str] = mapped_column(Text)
    bpm: Mapped[float] = mapped_column(Real())
    zoom: Mapped[float] = mapped_column(Real())
    playhead: Mapped[int] = mapped_column(BigInt())
    role: Mapped[str] = mapped_column(Text)
    pace: Mapped[str] = mapped_column(Text)
    start_date: Mapped[str | None] = mapped_column(Text)
    end_date: Mapped[str | None] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(Text)
    anchor_date: Mapped[str | None] = mapped_column(Text)
    preset_key: Mapped[str | None] = mapped_column(Text)
    lanes_unused: Mapped[list[str]] = mapped_column(Json())
    version: Mapped[int] = mapped_column(BigInt())
    archived_at: Mapped[datetime | None] = mapped_column(Instant())
    deleted_at: Mapped[datetime | None] = mapped_column(Instant())
    created_at: Mapped[datetime] = mapped_column(Instant())
    updated_at: Mapped[datetime] = mapped_column(Instant())


class ClipRow(Base, Owned, Tracked, Identified):
    """A clip. Start and length are in thousandths of a unit."""

    __tablename__ = "loop_clips"
    __area__ = "loop"
    __client__ = "within:loop_id"
    __shown__ = {"loop": "loop_id"}
    __constraints__ = (
        _of_loop(),
        one_of("lane", Lane),
        one_of("source", Source),
        one_of("kind", ClipKind),
        one_of("deadline_kind", DeadlineKind),
        Index("ix_loop_clips_owner_id_done_at", "owner_id", "done_at"),
    )

    loop_id: Mapped[str] = mapped_column(Text, index=True)
    lane: Mapped[str] = mapped_column(Text)
    start: Mapped[int] = mapped_column(BigInt())
    length: Mapped[int] = mapped_column(BigInt())
    name: Mapped[str] = mapped_column(Text)
    notes: Mapped[str] = mapped_column(Text)
    ready: Mapped[bool] = mapped_column(Flag())
    done_at: Mapped[datetime | None] = mapped_column(Instant())
    source: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    task_key: Mapped[str | None] = mapped_column(Text)
    requires: Mapped[list[str]] = mapped_column(Json())
    deadline_kind: Mapped[str] = mapped_column(Text)
    deadline: Mapped[str | None] = mapped_column(Text)
    written_by: Mapped[int | None] = mapped_column(BigInt())
    created_at: Mapped[datetime] = mapped_column(Instant())
    updated_at: Mapped[datetime] = mapped_column(Instant())


class SuggestionRow(Base, Owned, Tracked, Identified):
    """One line of a suggested set, by rule or by AI."""

    __tablename__ = "loop_suggestions"
    __area__ = "loop"
    __constraints__ = (
        _of_loop(),
        one_of("kind", SuggestionKind),
        one_of("state", SuggestionState),
        Index("ix_loop_suggestions_loop_id_state", "loop_id", "state"),
    )

    loop_id: Mapped[str] = mapped_column(Text)
    set_id: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(BigInt())
    kind: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(Json())
    fingerprint: Mapped[str] = mapped_column(Text)
    predicted_gain: Mapped[float] = mapped_column(Real())
    ai_written: Mapped[bool] = mapped_column(Flag())
    state: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant())
    decided_at: Mapped[datetime | None] = mapped_column(Instant())


class InsightRow(Base, Owned, Tracked, Identified):
    """One reading of a loop, with what it cost."""

    __tablename__ = "loop_insights"
    __area__ = "loop"
    __constraints__ = (_of_loop(), one_of("kind", InsightKind))

    loop_id: Mapped[str] = mapped_column(Text, index=True)
    kind: Mapped[str] = mapped_column(Text)
    generated_at: Mapped[datetime] = mapped_column(Instant())
    lines: Mapped[list[str]] = mapped_column(Json())
    score: Mapped[float] = mapped_column(Real())
    state_hash: Mapped[str] = mapped_column(Text)
    ai_written: Mapped[bool] = mapped_column(Flag())
    model: Mapped[str | None] = mapped_column(Text)
    prompt_version: Mapped[str | None] = mapped_column(Text)
    tokens_in: Mapped[int | None] = mapped_column(BigInt())
    tokens_out: Mapped[int | None] = mapped_column(BigInt())
    cost_microusd: Mapped[int | None] = mapped_column(BigInt())
    created_by: Mapped[str] = mapped_column(Text)
    pinned: Mapped[bool] = mapped_column(Flag())


class ExportRow(Base, Owned, Tracked, Identified):
    """One export in the queue or the history."""

    __tablename__ = "loop_exports"
    __area__ = "loop"
    __constraints__ = (_of_loop(), one_of("target", ExportTarget), one_of("state", ExportState))

    loop_id: Mapped[str] = mapped_column(Text, index=True)
    clip_id: Mapped[str | None] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, str]] = mapped_column(Json())
    document: Mapped[str] = mapped_column(Text)
    score: Mapped[float] = mapped_column(Real())
    ai_written: Mapped[bool] = mapped_column(Flag())
    state: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(BigInt())
    error: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant())
    taken_at: Mapped[datetime | None] = mapped_column(Instant())


class UserStateRow(Base, Owned, Identified):
    """What a person has open: the active loop and the selected clip."""

    __tablename__ = "user_state"
    __constraints__ = (UniqueConstraint("owner_id"),)

    active_loop_id: Mapped[str | None] = mapped_column(Text)
    selected_clip_id: Mapped[str | None] = mapped_column(Text)
