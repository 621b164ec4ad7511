"""Posted cards of one owner: kept, found by what they show, forgotten."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update

from bot.posted_model import PostedCard
from storage.tables.engine import ChangeRow
from storage.tables.posted import PostedAlsoRow, PostedCardRow
from storage.unit import Repository, Unit, UnitT


class PostedRepository(Repository[UnitT]):
    """Which messages show which things."""

    async def add(self: "PostedRepository[Unit]", card: PostedCard) -> None:
        """Remember a posted card; the same message twice is once."""
        row = {
            "id": self.unit.new_id(),
            "owner_id": self.owner,
            "kind": card.kind,
            "subject_id": card.subject_id,
            "channel_id": card.channel_id,
            "message_id": card.message_id,
            "audio_message_id": card.audio_message_id,
            "look": card.look,
            "locale": card.locale,
            "shown_hash": card.shown_hash,
            "posted_by": card.posted_by,
            "posted_at": self.unit.now,
            "failed_at": None,
            "keep_until": card.keep_until,
        }
        for posted_id in await self.unit.insert_new(PostedCardRow, [row]):
            also = [
                {"id": self.unit.new_id(), "owner_id": self.owner, "posted_id": posted_id, "subject_id": subject_id}
                for subject_id in dict.fromkeys(card.also)
            ]
            await self.unit.insert_new(PostedAlsoRow, also)

    async def of(self, kind: str, subject_id: str) -> list[PostedCard]:
        """Return the posted cards of a thing, oldest first."""
        rows = await self.session.execute(
            select(PostedCardRow)
            .where(PostedCardRow.subject_id == subject_id, PostedCardRow.kind == kind)
            .order_by(PostedCardRow.posted_at, PostedCardRow.id)
        )
        return await self._cards(list(rows.scalars()))

    async def places(self, owner: int) -> list[PostedCard]:
        """Return all posted cards of somebody; for system units, before everything of theirs is deleted."""
        rows = await self.session.execute(select(PostedCardRow).where(PostedCardRow.owner_id == owner))
        return [_card(row, ()) for row in rows.scalars()]

    async def _cards(self, rows: Sequence[PostedCardRow]) -> list[PostedCard]:
        found = await self.session.execute(
            select(PostedAlsoRow.posted_id, PostedAlsoRow.subject_id)
            .where(PostedAlsoRow.posted_id.in_([row.id for row in rows]))
            .order_by(PostedAlsoRow.id)
        )
        also: dict[str, list[str]] = {}
        for posted_id, subject_id in found:
            also.setdefault(posted_id, []).append(subject_id)
        return [_card(row, tuple(also.get(row.id, ()))) for row in rows]

    async def by_message(self, message_id: int) -> PostedCard | None:
        rows = await self.session.execute(select(PostedCardRow).where(PostedCardRow.message_id == message_id))
        cards = await self._cards(list(rows.scalars()))
        return cards[0] if cards else None

    async def carries_audio(self: "PostedRepository[Unit]", message_id: int, audio_message_id: int) -> bool:
        """Note which plain message carries the audio of a card; False where that card is gone by now."""
        await self._set(PostedCardRow.message_id == message_id, audio_message_id=audio_message_id)
        return await self.by_message(message_id) is not None

    async def shown(self: "PostedRepository[Unit]", posted_id: str, shown_hash: str) -> None:
        """Note what a message was drawn with."""
        await self._set(PostedCardRow.id == posted_id, shown_hash=shown_hash, failed_at=None)

    async def moved(self: "PostedRepository[Unit]", posted_id: str, message_id: int, shown_hash: str) -> None:
        """Note that another message shows the card from now on."""
        await self._set(PostedCardRow.id == posted_id, message_id=message_id, shown_hash=shown_hash, failed_at=None)

    async def failed(self: "PostedRepository[Unit]", posted_id: str) -> None:
        """Note that a message could not be drawn again."""
        await self._set(PostedCardRow.id == posted_id, failed_at=self.unit.now)

    async def behind(self, channels: Collection[int] | None = None) -> int:
        """Return how many messages (in these channels) could not be drawn again and were not since; system units."""
        query = select(func.count()).select_from(PostedCardRow).where(PostedCardRow.failed_at.is_not(None))
        if channels is not None:
            query = query.where(PostedCardRow.channel_id.in_(channels))
        return (await self.session.execute(query)).scalar_one()

    async def _set(self: "PostedRepository[Unit]", which: ColumnElement[bool], **values: object) -> None:
        await self.writing.execute(
            update(PostedCardRow).where(which).values(**values).execution_options(synchronize_session=False)
        )

    async def forget(self: "PostedRepository[Unit]", posted_id: str) -> None:
        """Stop following a message."""
        await self.writing.execute(
            delete(PostedCardRow).where(PostedCardRow.id == posted_id).execution_options(synchronize_session=False)
        )

    async def has_changed_since(self, moment: datetime) -> bool:
        """Tell whether anything of the owner's was changed after `moment`: what was drawn then may be old."""
        found = await self.session.execute(
            select(ChangeRow.id).where(ChangeRow.owner_id == self.owner, ChangeRow.at > moment).limit(1)
        )
        return found.scalar() is not None


def _card(row: PostedCardRow, also: tuple[str, ...]) -> PostedCard:
    return PostedCard(
        owner=row.owner_id,
        kind=row.kind,
        subject_id=row.subject_id,
        channel_id=row.channel_id,
        message_id=row.message_id,
        audio_message_id=row.audio_message_id,
        look=row.look,
        locale=row.locale,
        posted_by=row.posted_by,
        also=also,
        keep_until=row.keep_until,
        shown_hash=row.shown_hash,
        failed_at=row.failed_at,
        id=row.id,
    )
