"""The coach's tables: profile, goals, weeks and tasks, check-ins, insights, measures, habits, routines, reminders.

Days are ISO dates as text. What only steers messages (`coach_states`, `coach_checkins`) is not tracked.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.coach.model import (
    Aggregate,
    Better,
    CheckinKind,
    CheckinState,
    Experience,
    FocusArea,
    Frequency,
    GoalCategory,
    GoalStatus,
    HabitCategory,
    InsightType,
    MetricKind,
    Role,
    TaskSource,
    TaskStatus,
    WeekState,
)
from storage.base import Base, Identified, Owned, Tracked
from storage.types import BigInt, Flag, Instant, Json, Real, one_of


class CoachProfileRow(Base, Owned, Tracked, Identified):
    """Who the person is to the coach. Time zone, quiet hours, messages and AI are in the person's settings."""

    __tablename__ = "coach_profiles"
    __area__ = "coach"
    __constraints__ = (UniqueConstraint("owner_id"), one_of("role", Role), one_of("experience_level", Experience))

    role: Mapped[str] = mapped_column(Text)
    experience_level: Mapped[str] = mapped_column(Text)
    genre: Mapped[str | None] = mapped_column(Text)
    preferences: Mapped[dict[str, Any]] = mapped_column(Json())
    plan_size: Mapped[int] = mapped_column(BigInt())
    paused_until: Mapped[str | None] = mapped_column(Text)
    setup_step: Mapped[int] = mapped_column(BigInt())
    created_at: Mapped[datetime] = mapped_column(Instant())
    updated_at: Mapped[datetime] = mapped_column(Instant())


class CoachStateRow(Base, Owned, Identified):
    """What only steers messages and ticks: when seen, when the next check-in and the next closing are due."""

    __tablename__ = "coach_states"
    __constraints__ = (
        UniqueConstraint("owner_id"),
        Index("ix_coach_states_next_checkin_at", "next_checkin_at"),
        Index("ix_coach_states_next_close_at", "next_close_at"),
    )

    timezone: Mapped[str] = mapped_column(Text)
    kinds: Mapped[list[str]] = mapped_column(Json())
    next_kind: Mapped[str | None] = mapped_column(Text)
    next_checkin_at: Mapped[datetime | None] = mapped_column(Instant())
    next_close_at: Mapped[datetime | None] = mapped_column(Instant())
    seen_at: Mapped[datetime] = mapped_column(Instant())
    seen_weeks: Mapped[list[str]] = mapped_column(Json())
    quiet_until: Mapped[datetime | None] = mapped_column(Instant())
    dms_stopped: Mapped[bool] = mapped_column(Flag())
    dismissed: Mapped[dict[str, Any]] = mapped_column(Json())


class CoachGoalRow(Base, Owned, Tracked, Identified):
    __tablename__ = "coach_goals"
    __area__ = "coach"
    __constraints__ = (one_of("category", GoalCategory), one_of("status", GoalStatus))

    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    priority: Mapped[int] = mapped_column(BigInt())
    target_date: Mapped[str | None] = mapped_column(Text)
    progress: Mapped[float] = mapped_column(Real())
    progress_before: Mapped[float | None] = mapped_column(Real())
    metric: Mapped[str | None] = mapped_column(Text)
    start_value: Mapped[float | None] = mapped_column(Real())
    target_value: Mapped[float | None] = mapped_column(Real())
    unit: Mapped[str | None] = mapped_column(Text)
    woop: Mapped[dict[str, Any] | None] = mapped_column(Json())
    created_at: Mapped[datetime] = mapped_column(Instant())
    completed_at: Mapped[datetime | None] = mapped_column(Instant())
    updated_at: Mapped[datetime] = mapped_column(Instant())


class CoachSessionRow(Base, Owned, Tracked, Identified):
    """One week. `details`: choices waiting, earlier revisions, extra tasks proposed by AI."""

    __tablename__ = "coach_sessions"
    __area__ = "coach"
    __constraints__ = (
        UniqueConstraint("id", "owner_id"),
        UniqueConstraint("owner_id", "week_start"),
        one_of("state", WeekState),
    )

    week_start: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    plan: Mapped[dict[str, Any]] = mapped_column(Json())
    reflections: Mapped[dict[str, Any]] = mapped_column(Json())
    completed: Mapped[bool] = mapped_column(Flag())
    revision: Mapped[int] = mapped_column(BigInt())
    details: Mapped[dict[str, Any]] = mapped_column(Json())
    created_at: Mapped[datetime] = mapped_column(Instant())
    closed_at: Mapped[datetime | None] = mapped_column(Instant())


class CoachTaskRow(Base, Owned, Tracked, Identified):
    __tablename__ = "coach_tasks"
    __area__ = "coach"
    __constraints__ = (
        ForeignKeyConstraint(
            ["session_id", "owner_id"], ["coach_sessions.id", "coach_sessions.owner_id"], ondelete="CASCADE"
        ),
        one_of("focus_area", FocusArea),
        one_of("status", TaskStatus),
        one_of("source", TaskSource),
        Index("ix_coach_tasks_carried_from", "carried_from"),
    )

    session_id: Mapped[str] = mapped_column(Text, index=True)
    bank_id: Mapped[str | None] = mapped_column(Text)
    focus_area: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    effort: Mapped[int] = mapped_column(BigInt())
    minutes: Mapped[int] = mapped_column(BigInt())
    status: Mapped[str] = mapped_column(Text)
    carry_count: Mapped[int] = mapped_column(BigInt())
    carried_from: Mapped[str | None] = mapped_column(Text)
    if_then: Mapped[str | None] = mapped_column(Text)
    due: Mapped[str | None] = mapped_column(Text)
    hard: Mapped[bool] = mapped_column(Flag())
    goal_id: Mapped[str | None] = mapped_column(Text)
    loop_clip_id: Mapped[str | None] = mapped_column(Text)
    resources: Mapped[list[Any]] = mapped_column(Json())
    source: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(BigInt())
    at: Mapped[datetime | None] = mapped_column(Instant())
    created_at: Mapped[datetime] = mapped_column(Instant())
    decided_at: Mapped[datetime | None] = mapped_column(Instant())


class CoachCheckinRow(Base, Owned, Identified):
    """Not tracked: answers about energy are in no history, and go after twelve weeks."""

    __tablename__ = "coach_checkins"
    __constraints__ = (
        UniqueConstraint("occurrence_key"),
        Index("ix_coach_checkins_due_at", "due_at"),
        one_of("kind", CheckinKind),
        one_of("state", CheckinState),
    )

    kind: Mapped[str] = mapped_column(Text)
    occurrence_key: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(Instant())
    sent_at: Mapped[datetime | None] = mapped_column(Instant())
    answered_at: Mapped[datetime | None] = mapped_column(Instant())
    snoozes: Mapped[int] = mapped_column(BigInt())
    energy: Mapped[int | None] = mapped_column(BigInt())
    how_it_went: Mapped[int | None] = mapped_column(BigInt())
    message_id: Mapped[int | None] = mapped_column(BigInt())


class CoachInsightRow(Base, Owned, Tracked, Identified):
    __tablename__ = "coach_insights"
    __area__ = "coach"
    __constraints__ = (one_of("insight_type", InsightType),)

    insight_type: Mapped[str] = mapped_column(Text)
    content: Mapped[dict[str, Any]] = mapped_column(Json())
    session_id: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[list[str]] = mapped_column(Json())
    evidence_hash: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    model: Mapped[str | None] = mapped_column(Text)
    useful: Mapped[bool | None] = mapped_column(Flag())
    created_at: Mapped[datetime] = mapped_column(Instant())


class CoachProgressRow(Base, Owned, Tracked, Identified):
    __tablename__ = "coach_progress"
    __area__ = "coach"
    __constraints__ = (
        one_of("kind", MetricKind),
        one_of("aggregate", Aggregate),
        one_of("better", Better),
        Index("ix_coach_progress_metric", "owner_id", "metric", "recorded_at"),
    )

    metric: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    value: Mapped[float] = mapped_column(Real())
    recorded_at: Mapped[datetime] = mapped_column(Instant())
    aggregate: Mapped[str] = mapped_column(Text)
    better: Mapped[str] = mapped_column(Text)
    goal_id: Mapped[str | None] = mapped_column(Text)
    session_id: Mapped[str | None] = mapped_column(Text)


class CoachHabitRow(Base, Owned, Tracked, Identified):
    __tablename__ = "coach_habits"
    __area__ = "coach"
    __constraints__ = (
        UniqueConstraint("id", "owner_id"),
        one_of("category", HabitCategory),
        one_of("frequency", Frequency),
    )

    title: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    frequency: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant())


class CoachHabitLogRow(Base, Owned, Tracked, Identified):
    __tablename__ = "coach_habit_log"
    __area__ = "coach"
    __constraints__ = (
        ForeignKeyConstraint(
            ["habit_id", "owner_id"], ["coach_habits.id", "coach_habits.owner_id"], ondelete="CASCADE"
        ),
    )

    habit_id: Mapped[str] = mapped_column(Text, index=True)
    done_at: Mapped[datetime] = mapped_column(Instant())


class CoachRoutineRow(Base, Owned, Tracked, Identified):
    __tablename__ = "coach_routines"
    __area__ = "coach"

    name: Mapped[str] = mapped_column(Text)
    steps: Mapped[list[Any]] = mapped_column(Json())
    preset: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant())


class CoachReminderRow(Base, Owned, Tracked, Identified):
    """A reminder the person set. `sent_at` is untracked: sending is not a change of theirs."""

    __tablename__ = "coach_reminders"
    __area__ = "coach"
    __untracked__ = frozenset({"sent_at"})
    __constraints__ = (Index("ix_coach_reminders_owner_id_due_at", "owner_id", "due_at"),)

    text: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(Instant())
    created_at: Mapped[datetime] = mapped_column(Instant())
    sent_at: Mapped[datetime | None] = mapped_column(Instant())


class CoachRuleCountRow(Base):
    """How often each adapting rule fired, over everybody: thresholds are tuned by it. Names no person."""

    __tablename__ = "coach_rule_counts"

    rule: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int] = mapped_column(BigInt())
