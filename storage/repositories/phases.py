"""Phases with their offers; form maps with their versions."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from bot.phases.model import (
    Condition,
    FormContent,
    FormMap,
    FormVersion,
    Offer,
    OfferState,
    Phase,
    PhaseBook,
    PhaseEntry,
    canonical,
    from_canonical,
)
from storage.tables.phases import FormMapRow, FormVersionRow, PhaseHistoryRow, PhaseOfferRow, UserPhaseRow
from storage.unit import Repository, Unit, UnitT


class PhaseRepository(Repository[UnitT]):
    """This owner's phase, its history and its offers."""

    async def book(self) -> PhaseBook | None:
        """Return all of it; None for somebody new."""
        row = (await self.session.execute(select(UserPhaseRow))).scalar_one_or_none()
        if row is None:
            return None
        past = await self.session.execute(select(PhaseHistoryRow).order_by(PhaseHistoryRow.id))
        offers = await self.session.execute(select(PhaseOfferRow).order_by(PhaseOfferRow.id))
        current = PhaseEntry(row.id, Phase(row.phase), row.entered_at, row.reason)
        entries = [PhaseEntry(r.id, Phase(r.phase), r.entered_at, r.reason, r.left_at) for r in past.scalars()]
        return PhaseBook((*entries, current), tuple(_offer(r) for r in offers.scalars()))

    async def save(self: "PhaseRepository[Unit]", before: PhaseBook | None, after: PhaseBook) -> None:
        """Write what differs between two states of the book."""
        if before is None or before.current.id != after.current.id:
            await self._enter(before, after)
        known = {offer.id: offer for offer in before.offers} if before else {}
        for offer in after.offers:
            if known.get(offer.id) == offer:
                continue
            row = (
                await self.writing.execute(select(PhaseOfferRow).where(PhaseOfferRow.id == offer.id))
            ).scalar_one_or_none()
            if row is None:
                row = PhaseOfferRow(
                    id=offer.id,
                    owner_id=self.owner,
                    entry_id=offer.entry_id,
                    condition=str(offer.condition),
                    to_phase=str(offer.to_phase),
                    at=offer.at,
                )
                self.writing.add(row)
            row.state, row.decided_at = str(offer.state), offer.decided_at

    async def _enter(self: "PhaseRepository[Unit]", before: PhaseBook | None, after: PhaseBook) -> None:
        old = (await self.writing.execute(select(UserPhaseRow))).scalar_one_or_none()
        known = {entry.id for entry in before.entries[:-1]} if before else set()
        for entry in after.entries[:-1]:
            if entry.id in known or entry.left_at is None:
                continue
            self.writing.add(
                PhaseHistoryRow(
                    id=entry.id,
                    owner_id=self.owner,
                    phase=str(entry.phase),
                    entered_at=entry.entered_at,
                    left_at=entry.left_at,
                    reason=entry.reason,
                )
            )
        if old is not None:
            await self.writing.delete(old)
            await self.writing.flush()
        current = after.current
        self.writing.add(
            UserPhaseRow(
                id=current.id,
                owner_id=self.owner,
                phase=str(current.phase),
                entered_at=current.entered_at,
                reason=current.reason,
            )
        )


class FormMapRepository(Repository[UnitT]):
    """This owner's form maps."""

    async def get(self, map_id: str) -> FormMap | None:
        row = await self._row(map_id)
        return None if row is None or row.deleted_at is not None else _map(row)

    async def for_thing(self, *, loop_id: str | None = None, bounce_id: str | None = None) -> FormMap | None:
        """Return the newest map of a loop or a bounce."""
        query = select(FormMapRow).where(FormMapRow.deleted_at.is_(None))
        query = (
            query.where(FormMapRow.loop_id == loop_id) if loop_id else query.where(FormMapRow.bounce_id == bounce_id)
        )
        row = (await self.session.execute(query.order_by(FormMapRow.id.desc()).limit(1))).scalar_one_or_none()
        return None if row is None else _map(row)

    async def of_bounces(self, bounce_ids: Sequence[str]) -> dict[str, FormMap]:
        """Return the newest map of each of these bounces that has one."""
        rows = await self.session.execute(
            select(FormMapRow)
            .where(FormMapRow.deleted_at.is_(None), FormMapRow.bounce_id.in_(bounce_ids))
            .order_by(FormMapRow.id)
        )
        return {row.bounce_id: _map(row) for row in rows.scalars() if row.bounce_id is not None}

    async def all(self) -> list[FormMap]:
        rows = await self.session.execute(
            select(FormMapRow).where(FormMapRow.deleted_at.is_(None)).order_by(FormMapRow.id.desc())
        )
        return [_map(row) for row in rows.scalars()]

    async def add(self: "FormMapRepository[Unit]", name: str, loop_id: str | None, bounce_id: str | None) -> FormMap:
        row = FormMapRow(
            id=self.unit.new_id(),
            owner_id=self.owner,
            name=name,
            loop_id=loop_id,
            bounce_id=bounce_id,
            draws=0,
            created_at=self.unit.now,
        )
        self.writing.add(row)
        return _map(row)

    async def rename(self: "FormMapRepository[Unit]", map_id: str, name: str) -> None:
        row = await self._row(map_id)
        if row is not None:
            row.name = name

    async def delete(self: "FormMapRepository[Unit]", map_id: str) -> None:
        row = await self._row(map_id)
        if row is not None:
            row.deleted_at = self.unit.now

    async def drew(self: "FormMapRepository[Unit]", map_id: str) -> int:
        """Count a draw; return its number, from 1."""
        row = await self._row(map_id)
        if row is None:
            return 0
        row.draws += 1
        return row.draws

    async def versions(self, map_id: str) -> list[FormVersion]:
        """Return all versions, oldest first."""
        rows = await self.session.execute(
            select(FormVersionRow).where(FormVersionRow.map_id == map_id).order_by(FormVersionRow.number)
        )
        return [_version(row) for row in rows.scalars()]

    async def add_version(
        self: "FormMapRepository[Unit]", map_id: str, number: int, content: FormContent, content_hash: str, note: str
    ) -> FormVersion:
        row = FormVersionRow(
            id=self.unit.new_id(),
            owner_id=self.owner,
            map_id=map_id,
            number=number,
            created_at=self.unit.now,
            content=canonical(content),
            content_hash=content_hash,
            note=note,
        )
        self.writing.add(row)
        return _version(row)

    async def changes(self, after: datetime, until: datetime) -> Sequence[tuple[str, int]]:
        """Return (name of a map, versions other than its first) of a window, by name."""
        rows = await self.session.execute(
            select(FormMapRow.name, func.count())
            .join(FormVersionRow, FormVersionRow.map_id == FormMapRow.id)
            .where(FormVersionRow.number > 1, FormVersionRow.created_at > after, FormVersionRow.created_at <= until)
            .group_by(FormMapRow.id, FormMapRow.name)
            .order_by(FormMapRow.name)
        )
        return [(name, count) for name, count in rows.all()]

    async def _row(self, map_id: str) -> FormMapRow | None:
        rows = await self.session.execute(select(FormMapRow).where(FormMapRow.id == map_id))
        return rows.scalar_one_or_none()


def _offer(row: PhaseOfferRow) -> Offer:
    return Offer(
        row.id,
        row.entry_id,
        Condition(row.condition),
        Phase(row.to_phase),
        OfferState(row.state),
        row.at,
        row.decided_at,
    )


def _map(row: FormMapRow) -> FormMap:
    return FormMap(
        row.id, row.owner_id, row.name, row.loop_id, row.bounce_id, row.draws, row.created_at, row.deleted_at
    )


def _version(row: FormVersionRow) -> FormVersion:
    return FormVersion(
        row.id, row.map_id, row.number, row.created_at, from_canonical(row.content), row.content_hash, row.note
    )
