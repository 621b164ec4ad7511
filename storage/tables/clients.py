"""Clients of servers, their people, and the codes that bring them in."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.clients.model import Answer, AssigneeKind, AssignmentState, ClientKind, ClientRole, HandoverState, SubjectKind
from storage.base import Base, Filed, Identified, Owned, Tracked
from storage.types import BigInt, Flag, Instant, one_of


def _of_client() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["client_id", "owner_id"], ["clients.id", "clients.owner_id"], ondelete="CASCADE")


class ClientRow(Base, Owned, Tracked, Identified):
    """Somebody a server works for. `folded` is the name as it is compared; it is unique among the live ones."""

    __tablename__ = "clients"
    __area__ = "client"
    __client__ = "itself"
    __constraints__ = (UniqueConstraint("id", "owner_id"), one_of("kind", ClientKind), one_of("role", ClientRole))

    name: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    zone: Mapped[str] = mapped_column(Text)
    channel_id: Mapped[int | None] = mapped_column(BigInt())
    colour: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text, index=True)
    digest_day: Mapped[int] = mapped_column(BigInt())
    digest_hour: Mapped[int] = mapped_column(BigInt())
    digest_asks: Mapped[bool] = mapped_column(Flag())
    created_at: Mapped[datetime] = mapped_column(Instant())
    updated_at: Mapped[datetime] = mapped_column(Instant())
    archived_at: Mapped[datetime | None] = mapped_column(Instant())
    deleted_at: Mapped[datetime | None] = mapped_column(Instant())


class ClientPersonRow(Base, Owned, Identified):
    """Somebody from a client's side; in a server of one client only."""

    __tablename__ = "client_people"
    __client__ = "within:client_id"
    __constraints__ = (_of_client(), UniqueConstraint("owner_id", "user_id"))

    client_id: Mapped[str] = mapped_column(Text, index=True)
    user_id: Mapped[int] = mapped_column(BigInt(), index=True)
    name: Mapped[str] = mapped_column(Text)
    may_approve: Mapped[bool] = mapped_column(Flag())
    wants_digest: Mapped[bool] = mapped_column(Flag())
    joined_at: Mapped[datetime] = mapped_column(Instant())
    invited_by: Mapped[int | None] = mapped_column(BigInt())


class ClientDigestRow(Base, Owned, Identified):
    """When a client is told of its week next, and what a lead said to it.

    `day`, `hour`, `zone`: what `next_at` was worked out from. `told_until`: where the week before ended.
    """

    __tablename__ = "client_digests"
    __constraints__ = (
        _of_client(),
        UniqueConstraint("client_id"),
        Index("ix_client_digests_next_at", "next_at"),
        one_of("answer", Answer),
    )

    client_id: Mapped[str] = mapped_column(Text)
    day: Mapped[int] = mapped_column(BigInt())
    hour: Mapped[int] = mapped_column(BigInt())
    zone: Mapped[str] = mapped_column(Text)
    week: Mapped[str] = mapped_column(Text)
    ask_at: Mapped[datetime] = mapped_column(Instant())
    next_at: Mapped[datetime] = mapped_column(Instant())
    told_until: Mapped[datetime] = mapped_column(Instant())
    asked_week: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    last_week: Mapped[str] = mapped_column(Text)
    last_outcome: Mapped[str] = mapped_column(Text)


class ClientInviteRow(Base, Owned, Identified):
    """A code for one person, of which only the hash is kept."""

    __tablename__ = "client_invites"
    __constraints__ = (_of_client(), UniqueConstraint("code_hash"))

    client_id: Mapped[str] = mapped_column(Text, index=True)
    code_hash: Mapped[str] = mapped_column(Text)
    made_by: Mapped[int] = mapped_column(BigInt())
    expires_at: Mapped[datetime] = mapped_column(Instant())
    used_at: Mapped[datetime | None] = mapped_column(Instant())


class AssignmentRow(Base, Filed, Owned, Tracked, Identified):
    """Who does a thing of this server. `user_id` is empty where the client does it."""

    __tablename__ = "assignments"
    __area__ = "client"
    __untracked__ = Tracked.__untracked__ | {"told_at"}
    __constraints__ = (
        one_of("subject_kind", SubjectKind),
        one_of("assignee_kind", AssigneeKind),
        one_of("state", AssignmentState),
        Index("ix_assignments_user_id_state", "user_id", "state"),
    )

    subject_kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[str] = mapped_column(Text, index=True)
    assignee_kind: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(BigInt())
    name: Mapped[str] = mapped_column(Text)
    due_on: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    assigned_by: Mapped[int] = mapped_column(BigInt())
    assigned_by_name: Mapped[str] = mapped_column(Text)
    assigned_at: Mapped[datetime] = mapped_column(Instant())
    told_at: Mapped[datetime | None] = mapped_column(Instant())


class HandoverRow(Base, Owned, Identified):
    """A loop that its owner offers to a server, or a server to a person. `owner_id`: whose it was when asked."""

    __tablename__ = "handovers"
    __constraints__ = (one_of("state", HandoverState), Index("ix_handovers_to_owner_state", "to_owner", "state"))

    to_owner: Mapped[int] = mapped_column(BigInt())
    subject_id: Mapped[str] = mapped_column(Text, index=True)
    title: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[int] = mapped_column(BigInt())
    asked_by_name: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(Instant())
    expires_at: Mapped[datetime] = mapped_column(Instant())
    state: Mapped[str] = mapped_column(Text)
