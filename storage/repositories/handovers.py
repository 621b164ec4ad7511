"""Loops that change hands: who was asked, and the move itself."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Select, Table, func, select, text, update

from bot.actors import OwnerId, PersonId
from bot.clients.model import Handover, HandoverPreview, HandoverState
from storage.base import Base
from storage.tables.bounces import BounceRow
from storage.tables.clients import AssignmentRow, HandoverRow
from storage.tables.loops import ClipRow, LoopRow
from storage.tables.posted import PostedCardRow
from storage.tables.releases import ReleaseRow
from storage.unit import Repository, Unit, UnitT


class HandoverRepository(Repository[UnitT]):
    """What this owner offers."""

    async def open_of(self, subject_id: str) -> Handover | None:
        """Return the offer of a loop that waits for an answer."""
        query = select(HandoverRow).where(
            HandoverRow.subject_id == subject_id,
            HandoverRow.state == HandoverState.ASKED.value,
            HandoverRow.expires_at > self.unit.now,
        )
        row = (await self.session.execute(query.limit(1))).scalar_one_or_none()
        return None if row is None else _handover(row)

    async def add(self: "HandoverRepository[Unit]", one: Handover) -> None:
        self.writing.add(
            HandoverRow(
                id=one.id,
                owner_id=self.owner,
                to_owner=one.to_owner,
                subject_id=one.subject_id,
                title=one.title,
                asked_by=one.asked_by,
                asked_by_name=one.asked_by_name,
                asked_at=one.asked_at,
                expires_at=one.expires_at,
                state=one.state.value,
            )
        )
        await self.writing.flush()


class OfferRepository(Repository[UnitT]):
    """What is offered to somebody, and the move; system units only, since two owners are part of it."""

    async def to(self, owner: OwnerId) -> list[Handover]:
        """Return what waits for this owner's answer, the oldest first."""
        rows = await self.session.execute(
            select(HandoverRow)
            .where(
                HandoverRow.to_owner == owner,
                HandoverRow.state == HandoverState.ASKED.value,
                HandoverRow.expires_at > self.unit.now,
            )
            .order_by(HandoverRow.asked_at)
        )
        return [_handover(row) for row in rows.scalars()]

    async def get(self, handover_id: str) -> Handover | None:
        """Return an offer that waits for an answer."""
        row = await self.session.get(HandoverRow, handover_id)
        is_open = row is not None and row.state == HandoverState.ASKED.value and row.expires_at > self.unit.now
        return _handover(row) if row is not None and is_open else None

    async def answer(self: "OfferRepository[Unit]", handover_id: str, state: HandoverState) -> bool:
        """Answer an offer once; False where it was answered, taken back or ran out."""
        done = (
            update(HandoverRow)
            .where(
                HandoverRow.id == handover_id,
                HandoverRow.state == HandoverState.ASKED.value,
                HandoverRow.expires_at > self.unit.now,
            )
            .values(state=state.value)
            .returning(HandoverRow.id)
        )
        return (await self.writing.execute(done)).scalar_one_or_none() is not None

    async def preview(self, owner: OwnerId, loop_id: str) -> HandoverPreview | None:
        """Return what goes along with a loop and what stays."""
        name = select(LoopRow.name).where(
            LoopRow.id == loop_id, LoopRow.owner_id == owner, LoopRow.deleted_at.is_(None)
        )
        title = (await self.session.execute(name)).scalar_one_or_none()
        if title is None:
            return None
        releases = await self._texts(
            select(ReleaseRow.title).where(ReleaseRow.loop_id == loop_id, ReleaseRow.deleted_at.is_(None))
        )
        bounces = await self._texts(
            select(BounceRow.title).where(BounceRow.loop_id == loop_id, BounceRow.deleted_at.is_(None))
        )
        return HandoverPreview(
            loop_id,
            title,
            await self._count(select(func.count()).select_from(ClipRow).where(ClipRow.loop_id == loop_id)),
            tuple(releases),
            await self._count(
                select(func.count()).select_from(PostedCardRow).where(PostedCardRow.subject_id == loop_id)
            ),
            tuple(bounces),
        )

    async def move(
        self: "OfferRepository[Unit]", loop_id: str, owner: OwnerId, to: OwnerId
    ) -> list[tuple[str, str]] | None:
        """Let a loop belong to another owner, with clips, readings, exports, releases, posted cards and history.

        Linked bounces stay with their owner and are linked no more; who was given what is given nothing any more.
        Return the kinds and ids of posted cards; None where it is not this owner's (any more), or in the bin.
        """
        if await self.preview(owner, loop_id) is None:
            return None
        releases = await self._texts(select(ReleaseRow.id).where(ReleaseRow.loop_id == loop_id))
        clips = await self._texts(select(ClipRow.id).where(ClipRow.loop_id == loop_id))
        things = [loop_id, *releases]
        found = select(PostedCardRow.id, PostedCardRow.kind, PostedCardRow.subject_id)
        cards = (await self.session.execute(found.where(PostedCardRow.subject_id.in_(things)))).all()
        posted = [card.id for card in cards]
        await self._move_rows(
            to,
            {
                "loops": ("id", [loop_id]),
                "loop_clips": ("loop_id", [loop_id]),
                "loop_suggestions": ("loop_id", [loop_id]),
                "loop_insights": ("loop_id", [loop_id]),
                "loop_exports": ("loop_id", [loop_id]),
                "releases": ("id", releases),
                "release_missed": ("release_id", releases),
                "posted_cards": ("id", posted),
                "posted_also": ("posted_id", posted),
                "changes": ("entity_id", [*things, *clips]),
            },
        )
        for row, where in ((LoopRow, LoopRow.id == loop_id), (ReleaseRow, ReleaseRow.loop_id == loop_id)):
            await self.writing.execute(update(row).where(where).values(client_id=None))
        unlinked = update(BounceRow).where(BounceRow.loop_id == loop_id, BounceRow.owner_id == owner)
        await self.writing.execute(unlinked.values(loop_id=None))
        given = update(AssignmentRow).where(AssignmentRow.subject_id.in_(clips), AssignmentRow.state == "open")
        await self.writing.execute(given.values(state="withdrawn"))
        return list(dict.fromkeys((card.kind, card.subject_id) for card in cards))

    async def _move_rows(
        self: "OfferRepository[Unit]", to: OwnerId, rows: Mapping[str, tuple[str, Sequence[str]]]
    ) -> None:
        """Change the owner of parents and children together: their keys are held against each other."""
        moves = {
            name: _to(Base.metadata.tables[name], column, values, to)
            for name, (column, values) in rows.items()
            if values
        }
        if self.unit.dialect == "sqlite":
            await self.writing.execute(text("PRAGMA defer_foreign_keys=ON"))
            for move in moves.values():
                await self.writing.execute(move)
            return
        # PostgreSQL looks at keys where a statement ends: so all of it is one.
        last, *others = [
            move.returning(Base.metadata.tables[name].c.owner_id).cte(f"moved_{name}") for name, move in moves.items()
        ]
        await self.writing.execute(select(func.count()).select_from(last).add_cte(*others))

    async def _texts(self, query: Select[str]) -> list[str]:
        return list((await self.session.execute(query)).scalars())

    async def _count(self, query: Select[int]) -> int:
        return (await self.session.execute(query)).scalar_one()


def _to(table: Table, column: str, values: Sequence[str], owner: OwnerId):
    return update(table).where(table.c[column].in_(list(values))).values(owner_id=owner)


def _handover(row: HandoverRow) -> Handover:
    return Handover(
        id=row.id,
        from_owner=row.owner_id,
        to_owner=row.to_owner,
        subject_id=row.subject_id,
        title=row.title,
        asked_by=PersonId(row.asked_by),
        asked_by_name=row.asked_by_name,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        state=HandoverState(row.state),
    )
