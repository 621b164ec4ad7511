"""Agents, missions, their schedules, iterations, steps with proposals, events, votes, notes."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.missions.model import IterationStatus, LifeState, RunSource, StepState
from storage.base import Base, Filed, Identified, Owned, Tracked
from storage.types import BigInt, Flag, Instant, Json, one_of


class AgentRow(Base, Owned, Tracked, Identified):
    """Who plans."""

    __tablename__ = "mission_agents"
    __area__ = "mission"
    __constraints__ = (
        UniqueConstraint("id", "owner_id"),
        UniqueConstraint("owner_id", "name"),
        one_of("state", LifeState),
    )

    guild_id: Mapped[int | None] = mapped_column(BigInt())
    name: Mapped[str] = mapped_column(Text)
    role_text: Mapped[str] = mapped_column(Text)
    policies: Mapped[Any] = mapped_column(Json())
    max_tokens_per_day: Mapped[int | None] = mapped_column(BigInt())
    max_concurrent_missions: Mapped[int] = mapped_column(BigInt())
    state: Mapped[str] = mapped_column(Text)
    is_default: Mapped[bool] = mapped_column(Flag())
    created_at: Mapped[datetime] = mapped_column(Instant())
    updated_at: Mapped[datetime] = mapped_column(Instant())


class MissionRow(Base, Filed, Owned, Tracked, Identified):
    """A standing brief."""

    __tablename__ = "missions"
    __area__ = "mission"
    __constraints__ = (
        UniqueConstraint("id", "owner_id"),
        UniqueConstraint("owner_id", "number"),
        ForeignKeyConstraint(["agent_id", "owner_id"], ["mission_agents.id", "mission_agents.owner_id"]),
        one_of("state", LifeState),
    )

    guild_id: Mapped[int | None] = mapped_column(BigInt())
    agent_id: Mapped[str] = mapped_column(Text, index=True)
    number: Mapped[int] = mapped_column(BigInt())
    title: Mapped[str] = mapped_column(Text)
    concept: Mapped[str] = mapped_column(Text)
    objective: Mapped[str] = mapped_column(Text)
    inputs: Mapped[Any] = mapped_column(Json())
    cadence: Mapped[str] = mapped_column(Text)
    channel_id: Mapped[int | None] = mapped_column(BigInt())
    state: Mapped[str] = mapped_column(Text)
    quorum: Mapped[int] = mapped_column(BigInt())
    """How many votes it asks for in all; alone in rows of before `quorum_parts`."""
    quorum_without_proposer: Mapped[bool] = mapped_column(Flag())
    uses_rules: Mapped[bool] = mapped_column(Flag())
    paused_until: Mapped[datetime | None] = mapped_column(Instant())
    deleted_at: Mapped[datetime | None] = mapped_column(Instant())
    created_at: Mapped[datetime] = mapped_column(Instant())
    updated_at: Mapped[datetime] = mapped_column(Instant())
    quorum_parts: Mapped[Any] = mapped_column(Json(), nullable=True)


class ScheduleRow(Base, Owned, Identified):
    """When a mission (same id) runs next, and how it has been going. `next_run_at` is only a cache."""

    __tablename__ = "mission_schedules"
    __constraints__ = (
        ForeignKeyConstraint(["id", "owner_id"], ["missions.id", "missions.owner_id"], ondelete="CASCADE"),
        Index("ix_mission_schedules_due", "next_run_at"),
    )

    zone: Mapped[str] = mapped_column(Text)
    cadence: Mapped[str] = mapped_column(Text)
    next_run_at: Mapped[datetime | None] = mapped_column(Instant())
    next_key: Mapped[str | None] = mapped_column(Text)
    failures: Mapped[int] = mapped_column(BigInt())
    quiet_runs: Mapped[int] = mapped_column(BigInt())
    stride: Mapped[int] = mapped_column(BigInt())
    iterations: Mapped[int] = mapped_column(BigInt())
    switched_on: Mapped[Any] = mapped_column(Json())
    """Tool → milliseconds since when its accept rate counts anew."""


class IterationRow(Base, Owned, Identified):
    """One run."""

    __tablename__ = "mission_iterations"
    __constraints__ = (
        UniqueConstraint("id", "owner_id"),
        UniqueConstraint("mission_id", "number"),
        UniqueConstraint("slot_key"),
        ForeignKeyConstraint(["mission_id", "owner_id"], ["missions.id", "missions.owner_id"], ondelete="CASCADE"),
        Index("ix_mission_iterations_open", "owner_id", "status"),
        one_of("status", IterationStatus),
        one_of("source", RunSource),
    )

    mission_id: Mapped[str] = mapped_column(Text)
    number: Mapped[int] = mapped_column(BigInt())
    slot_key: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    phase: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(Instant())
    finished_at: Mapped[datetime | None] = mapped_column(Instant())
    summary: Mapped[str] = mapped_column(Text)
    planner: Mapped[str] = mapped_column(Text)
    ai_note: Mapped[str] = mapped_column(Text)
    prompt_version: Mapped[str] = mapped_column(Text)
    tokens: Mapped[int] = mapped_column(BigInt())
    cost_microusd: Mapped[int | None] = mapped_column(BigInt())
    error: Mapped[Any] = mapped_column(Json(), nullable=True)
    dropped: Mapped[Any] = mapped_column(Json())
    feedback: Mapped[str] = mapped_column(Text)
    feedback_by: Mapped[int | None] = mapped_column(BigInt())


class StepRow(Base, Owned, Identified):
    """A step and its proposal; `state` moves only by conditional updates."""

    __tablename__ = "mission_steps"
    __constraints__ = (
        UniqueConstraint("id", "owner_id"),
        UniqueConstraint("iteration_id", "position"),
        ForeignKeyConstraint(
            ["iteration_id", "owner_id"],
            ["mission_iterations.id", "mission_iterations.owner_id"],
            ondelete="CASCADE",
        ),
        Index("ix_mission_steps_state", "owner_id", "state"),
        Index("ix_mission_steps_mission", "mission_id", "state"),
        Index("ix_mission_steps_hash", "owner_id", "content_hash"),
        one_of("state", StepState),
    )

    mission_id: Mapped[str] = mapped_column(Text)
    iteration_id: Mapped[str] = mapped_column(Text)
    iteration_number: Mapped[int] = mapped_column(BigInt())
    position: Mapped[int] = mapped_column(BigInt())
    tool: Mapped[str] = mapped_column(Text)
    params: Mapped[Any] = mapped_column(Json())
    summary: Mapped[str] = mapped_column(Text)
    rationale: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(BigInt())
    content_hash: Mapped[str] = mapped_column(Text)
    preview: Mapped[Any] = mapped_column(Json())
    created_at: Mapped[datetime] = mapped_column(Instant())
    expires_at: Mapped[datetime] = mapped_column(Instant())
    edited: Mapped[Any] = mapped_column(Json(), nullable=True)
    approvals: Mapped[int] = mapped_column(BigInt())
    decided_by: Mapped[int | None] = mapped_column(BigInt())
    decided_name: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(Instant())
    reason: Mapped[str] = mapped_column(Text)
    error: Mapped[str] = mapped_column(Text)
    group_id: Mapped[str | None] = mapped_column(Text)
    edited_name: Mapped[str | None] = mapped_column(Text)
    set_back: Mapped[int | None] = mapped_column(BigInt())
    asked_client: Mapped[str | None] = mapped_column(Text)


class StepEventRow(Base, Owned, Identified):
    """Append-only: one arrow of a step's life, written in the transaction of the arrow."""

    __tablename__ = "mission_events"
    __constraints__ = (
        ForeignKeyConstraint(
            ["step_id", "owner_id"], ["mission_steps.id", "mission_steps.owner_id"], ondelete="CASCADE"
        ),
        UniqueConstraint("step_id", "version"),
    )

    step_id: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(BigInt())
    at: Mapped[datetime] = mapped_column(Instant())
    state_before: Mapped[str | None] = mapped_column(Text)
    state_after: Mapped[str] = mapped_column(Text)
    actor_reference: Mapped[str] = mapped_column(Text)
    actor_name: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class VoteRow(Base, Owned, Identified):
    """One person's yes where a mission asks for several."""

    __tablename__ = "mission_votes"
    __constraints__ = (
        ForeignKeyConstraint(
            ["step_id", "owner_id"], ["mission_steps.id", "mission_steps.owner_id"], ondelete="CASCADE"
        ),
        UniqueConstraint("step_id", "voter_id"),
    )

    step_id: Mapped[str] = mapped_column(Text)
    voter_id: Mapped[int] = mapped_column(BigInt())
    voter_name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant())
    seen: Mapped[str | None] = mapped_column(Text)
    """The sign of the text that it was given to; empty in rows of before, which an edit deleted."""
    fits: Mapped[Any] = mapped_column(Json(), nullable=True)


class MissionNoteRow(Base, Owned, Tracked, Identified):
    """A line that a mission keeps for its own next runs."""

    __tablename__ = "mission_notes"
    __area__ = "mission"
    __constraints__ = (
        ForeignKeyConstraint(["mission_id", "owner_id"], ["missions.id", "missions.owner_id"], ondelete="CASCADE"),
    )

    mission_id: Mapped[str] = mapped_column(Text, index=True)
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant())
