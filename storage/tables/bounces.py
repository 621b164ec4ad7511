"""Watched folders, their files, the catalogue of bounces, and what people add to it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.bounces.model import BounceSource, BounceTag, FileState, PostChoice, SliceKind, Trouble, WatchMode
from storage.base import Base, Filed, Identified, Owned, Tracked
from storage.types import BigInt, Flag, Instant, Json, Real, one_of


def _of_bounce() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["bounce_id", "owner_id"], ["bounces.id", "bounces.owner_id"], ondelete="CASCADE")


class FolderRow(Base, Filed, Owned, Tracked, Identified):
    """A folder that is watched."""

    __tablename__ = "watched_folders"
    __client__ = "closed"
    __area__ = "bounce"
    __untracked__ = frozenset({"gone_since"})
    __constraints__ = (
        UniqueConstraint("id", "owner_id"),
        UniqueConstraint("owner_id", "path"),
        one_of("mode", WatchMode),
        one_of("post", PostChoice),
    )

    path: Mapped[str] = mapped_column(Text)
    mode: Mapped[str] = mapped_column(Text)
    is_recursive: Mapped[bool] = mapped_column(Flag())
    post: Mapped[str] = mapped_column(Text)
    channel_id: Mapped[int | None] = mapped_column(BigInt())
    ignore: Mapped[list[str]] = mapped_column(Json())
    is_paused: Mapped[bool] = mapped_column(Flag())
    created_at: Mapped[datetime] = mapped_column(Instant())
    gone_since: Mapped[datetime | None] = mapped_column(Instant())


class BounceRow(Base, Filed, Owned, Tracked, Identified):
    """A finished export; the same samples are the same bounce."""

    __tablename__ = "bounces"
    __area__ = "bounce"
    __shown__ = {"bounce": "id", "loop": "loop_id"}
    __untracked__ = frozenset({"updated_at", "has_audio"})
    __constraints__ = (
        UniqueConstraint("id", "owner_id"),
        UniqueConstraint("owner_id", "content_hash"),
        Index("ix_bounces_owner_id_bounced_at", "owner_id", "bounced_at"),
        Index("ix_bounces_owner_id_family", "owner_id", "family"),
        one_of("tag", BounceTag),
        one_of("source", BounceSource),
    )

    title: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    family: Mapped[str] = mapped_column(Text)
    family_title: Mapped[str] = mapped_column(Text)
    number: Mapped[int] = mapped_column(BigInt())
    content_hash: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(Json())
    duration_s: Mapped[float] = mapped_column(Real())
    tag: Mapped[str | None] = mapped_column(Text)
    free_tags: Mapped[list[str]] = mapped_column(Json())
    note: Mapped[str] = mapped_column(Text)
    loop_id: Mapped[str | None] = mapped_column(Text, index=True)
    phase: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    has_audio: Mapped[bool] = mapped_column(Flag())
    bounced_at: Mapped[datetime] = mapped_column(Instant())
    created_at: Mapped[datetime] = mapped_column(Instant())
    updated_at: Mapped[datetime] = mapped_column(Instant())
    deleted_at: Mapped[datetime | None] = mapped_column(Instant())


class BouncePathRow(Base, Owned, Identified):
    """Where the samples of a bounce lie; copies and renames add paths."""

    __tablename__ = "bounce_paths"
    __constraints__ = (_of_bounce(), UniqueConstraint("owner_id", "bounce_id", "path"))

    bounce_id: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    seen_at: Mapped[datetime] = mapped_column(Instant())


class BounceFileRow(Base, Owned, Identified):
    """A file in a watched folder and how far it has come; what a restart continues from."""

    __tablename__ = "bounce_files"
    __constraints__ = (
        ForeignKeyConstraint(
            ["folder_id", "owner_id"], ["watched_folders.id", "watched_folders.owner_id"], ondelete="CASCADE"
        ),
        UniqueConstraint("folder_id", "path"),
        Index("ix_bounce_files_state", "state"),
        one_of("state", FileState),
        one_of("trouble", Trouble),
    )

    folder_id: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int | None] = mapped_column(BigInt())
    mtime_ns: Mapped[int | None] = mapped_column(BigInt())
    inode: Mapped[str | None] = mapped_column(Text)
    trouble: Mapped[str | None] = mapped_column(Text)
    bounce_id: Mapped[str | None] = mapped_column(Text)
    group_key: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(Instant())


class SliceRow(Base, Owned, Tracked, Identified):
    """A part of a bounce that was kept."""

    __tablename__ = "saved_slices"
    __client__ = "within:bounce_id"
    __area__ = "bounce"
    __shown__ = {"bounce": "bounce_id"}
    __constraints__ = (_of_bounce(), one_of("kind", SliceKind))

    bounce_id: Mapped[str] = mapped_column(Text, index=True)
    start_s: Mapped[float] = mapped_column(Real())
    end_s: Mapped[float] = mapped_column(Real())
    name: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(Json())
    kind: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime] = mapped_column(Instant())
    deleted_at: Mapped[datetime | None] = mapped_column(Instant())


class CommentRow(Base, Owned, Tracked, Identified):
    """A remark at a moment of a bounce."""

    __tablename__ = "bounce_comments"
    __client__ = "within:bounce_id"
    __area__ = "bounce"
    __shown__ = {"bounce": "bounce_id"}
    __constraints__ = (_of_bounce(),)

    bounce_id: Mapped[str] = mapped_column(Text, index=True)
    author_id: Mapped[int] = mapped_column(BigInt())
    author_name: Mapped[str] = mapped_column(Text)
    at_s: Mapped[float] = mapped_column(Real())
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant())


class UploadKeyRow(Base, Owned, Identified):
    """A key of the companion on another machine, as a hash."""

    __tablename__ = "upload_keys"
    __constraints__ = (UniqueConstraint("key_hash"),)

    key_hash: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant())
    last_used_at: Mapped[datetime | None] = mapped_column(Instant())
    revoked_at: Mapped[datetime | None] = mapped_column(Instant())
