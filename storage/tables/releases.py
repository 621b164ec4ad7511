"""Release plans, windows that were missed, and when a person's release day is looked at next."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.releases.model import IfMissed, ReleaseState
from storage.base import Base, Filed, Identified, Owned, Tracked
from storage.types import BigInt, Flag, Instant, Json, one_of


class ReleaseRow(Base, Filed, Owned, Tracked, Identified):
    """A release plan; its tasks are the clips of its loop. `anchor_date`: T, as ISO text."""

    __tablename__ = "releases"
    __area__ = "release"
    __shown__ = {"release": "id"}
    __untracked__ = Tracked.__untracked__ | {"calendar_sequence"}
    __constraints__ = (
        UniqueConstraint("id", "owner_id"),
        Index("ix_releases_loop_id", "loop_id"),
        one_of("state", ReleaseState),
    )

    loop_id: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    preset_key: Mapped[str] = mapped_column(Text)
    anchor_date: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    conditions: Mapped[list[str]] = mapped_column(Json())
    remind_deadlines: Mapped[bool] = mapped_column(Flag())
    countdown_channel_id: Mapped[int | None] = mapped_column(BigInt())
    countdown_guild_id: Mapped[int | None] = mapped_column(BigInt())
    bounce_id: Mapped[str | None] = mapped_column(Text)
    calendar_sequence: Mapped[int] = mapped_column(BigInt())
    created_at: Mapped[datetime] = mapped_column(Instant())
    updated_at: Mapped[datetime] = mapped_column(Instant())
    deleted_at: Mapped[datetime | None] = mapped_column(Instant())


class MissedWindowRow(Base, Owned, Tracked, Identified):
    """A task whose window was gone; listed once with its alternative."""

    __tablename__ = "release_missed"
    __client__ = "within:release_id"
    __area__ = "release"
    __shown__ = {"release": "release_id"}
    __untracked__ = Tracked.__untracked__ | {"shown_at"}
    __constraints__ = (
        ForeignKeyConstraint(["release_id", "owner_id"], ["releases.id", "releases.owner_id"], ondelete="CASCADE"),
        one_of("alternative", IfMissed),
    )

    release_id: Mapped[str] = mapped_column(Text, index=True)
    task_key: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    alternative: Mapped[str] = mapped_column(Text)
    noted_at: Mapped[datetime] = mapped_column(Instant())
    shown_at: Mapped[datetime | None] = mapped_column(Instant())


class ReleaseClockRow(Base, Owned, Identified):
    """When a person's releases are looked at next: once a local day while one is live."""

    __tablename__ = "release_clocks"
    __constraints__ = (UniqueConstraint("owner_id"), Index("ix_release_clocks_next_at", "next_at"))

    zone: Mapped[str] = mapped_column(Text)
    next_at: Mapped[datetime | None] = mapped_column(Instant())
