"""Cards that were posted and go on showing what is stored, of every area."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Identified, Owned
from storage.types import BigInt, Instant


class PostedCardRow(Base, Owned, Identified):
    """One posted card of one thing, with the plain message that carries its audio: they are removed together."""

    __tablename__ = "posted_cards"
    __client__ = "open"
    __constraints__ = (
        UniqueConstraint("id", "owner_id"),
        UniqueConstraint("message_id"),
        Index("ix_posted_cards_subject", "subject_id", "kind"),
    )

    kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[str] = mapped_column(Text)
    channel_id: Mapped[int] = mapped_column(BigInt())
    message_id: Mapped[int] = mapped_column(BigInt())
    audio_message_id: Mapped[int | None] = mapped_column(BigInt())
    look: Mapped[str] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text)
    shown_hash: Mapped[str] = mapped_column(Text)
    posted_by: Mapped[int | None] = mapped_column(BigInt())
    posted_at: Mapped[datetime] = mapped_column(Instant())
    failed_at: Mapped[datetime | None] = mapped_column(Instant())
    keep_until: Mapped[datetime | None] = mapped_column(Instant())


class PostedAlsoRow(Base, Owned, Identified):
    """A further thing that a posted card shows: the loop of a release, each bounce of a group."""

    __tablename__ = "posted_also"
    __client__ = "open"
    __constraints__ = (
        ForeignKeyConstraint(
            ["posted_id", "owner_id"], ["posted_cards.id", "posted_cards.owner_id"], ondelete="CASCADE"
        ),
        UniqueConstraint("posted_id", "subject_id"),
        Index("ix_posted_also_subject", "subject_id"),
    )

    posted_id: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[str] = mapped_column(Text)
