"""Loops and clips: SQL in, plans out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import func, select

from bot.loops.model import (
    Clip,
    ClipId,
    ClipKind,
    DeadlineKind,
    Desk,
    Lane,
    Loop,
    LoopId,
    Pace,
    Role,
    Source,
)
from storage.tables.loops import ClipRow, LoopRow, UserStateRow
from storage.unit import Repository, Unit, UnitT


class LoopRepository(Repository[UnitT]):
    """The loops of this owner. Deleted ones are in the bin and asked for apart."""

    async def get(self, loop_id: str, *, binned: bool = False) -> Loop | None:
        row = await self._row(loop_id)
        if row is None or (row.deleted_at is not None and not binned):
            return None
        return _loop(row)

    async def owner_of(self, loop_id: str) -> int | None:
        """Return whose loop it is; for system units, which see everybody's."""
        return (await self.session.execute(select(LoopRow.owner_id).where(LoopRow.id == loop_id))).scalar_one_or_none()

    async def all(self) -> list[Loop]:
        """Return what is not in the bin, the most recently changed first."""
        rows = await self.session.execute(
            select(LoopRow).where(LoopRow.deleted_at.is_(None)).order_by(LoopRow.updated_at.desc(), LoopRow.id)
        )
        return [_loop(row) for row in rows.scalars()]

    async def many(self, loop_ids: Sequence[str]) -> list[Loop]:
        """Return those of these loops that are not in the bin."""
        rows = await self.session.execute(
            select(LoopRow).where(LoopRow.id.in_(list(loop_ids)), LoopRow.deleted_at.is_(None))
        )
        return [_loop(row) for row in rows.scalars()]

    async def filed(self, client_id: str) -> list[Loop]:
        """Return what is filed under a client and not in the bin, the most recently changed first."""
        rows = await self.session.execute(
            select(LoopRow)
            .where(LoopRow.client_id == client_id, LoopRow.deleted_at.is_(None))
            .order_by(LoopRow.updated_at.desc(), LoopRow.id)
        )
        return [_loop(row) for row in rows.scalars()]

    async def binned(self) -> list[Loop]:
        rows = await self.session.execute(
            select(LoopRow).where(LoopRow.deleted_at.is_not(None)).order_by(LoopRow.deleted_at.desc())
        )
        return [_loop(row) for row in rows.scalars()]

    async def oldest_open(self) -> Loop | None:
        row = (
            await self.session.execute(
                select(LoopRow)
                .where(LoopRow.deleted_at.is_(None), LoopRow.archived_at.is_(None))
                .order_by(LoopRow.created_at, LoopRow.id)
                .limit(1)
            )
        ).scalar_one_or_none()
        return None if row is None else _loop(row)

    async def count_open(self) -> int:
        return (
            await self.session.execute(
                select(func.count())
                .select_from(LoopRow)
                .where(LoopRow.deleted_at.is_(None), LoopRow.archived_at.is_(None))
            )
        ).scalar_one()

    async def add(self: "LoopRepository[Unit]", loop: Loop) -> Loop:
        self.writing.add(LoopRow(id=loop.id, owner_id=self.owner, **_loop_columns(loop)))
        await self.writing.flush()
        return loop

    async def save(self: "LoopRepository[Unit]", loop: Loop) -> Loop:
        """Write a changed loop and raise its version."""
        row = await self._row(loop.id)
        if row is None:
            return loop
        saved = replace(loop, version=row.version + 1, updated_at=self.unit.now)
        for name, value in _loop_columns(saved).items():
            if getattr(row, name) != value:
                setattr(row, name, value)
        await self.writing.flush()
        return saved

    async def touch(self: "LoopRepository[Unit]", loop_id: str) -> int:
        """Raise the version after a change of clips; return it."""
        row = await self._row(loop_id)
        if row is None:
            return 0
        row.version, row.updated_at = row.version + 1, self.unit.now
        await self.writing.flush()
        return row.version

    async def _row(self, loop_id: str) -> LoopRow | None:
        return (await self.session.execute(select(LoopRow).where(LoopRow.id == loop_id))).scalar_one_or_none()


class ClipRepository(Repository[UnitT]):
    """The clips of this owner's loops."""

    async def of_loop(self, loop_id: str) -> tuple[Clip, ...]:
        rows = await self.session.execute(
            select(ClipRow).where(ClipRow.loop_id == loop_id).order_by(ClipRow.start, ClipRow.id)
        )
        return tuple(_clip(row) for row in rows.scalars())

    async def of_loops(self, loop_ids: Sequence[str]) -> Mapping[LoopId, tuple[Clip, ...]]:
        """Return the clips of several loops in one query."""
        found: dict[LoopId, list[Clip]] = {LoopId(loop_id): [] for loop_id in loop_ids}
        rows = await self.session.execute(
            select(ClipRow).where(ClipRow.loop_id.in_(list(loop_ids))).order_by(ClipRow.start, ClipRow.id)
        )
        for row in rows.scalars():
            found[LoopId(row.loop_id)].append(_clip(row))
        return {loop_id: tuple(clips) for loop_id, clips in found.items()}

    async def many(self, clip_ids: Sequence[str]) -> list[Clip]:
        rows = await self.session.execute(select(ClipRow).where(ClipRow.id.in_(list(clip_ids))))
        return [_clip(row) for row in rows.scalars()]

    async def get(self, clip_id: str) -> Clip | None:
        row = await self._row(clip_id)
        return None if row is None else _clip(row)

    async def owner_of(self, clip_id: str) -> int | None:
        """Return whose loop a clip is in; for system units, which see everybody's."""
        return (await self.session.execute(select(ClipRow.owner_id).where(ClipRow.id == clip_id))).scalar_one_or_none()

    async def count(self, loop_id: str) -> int:
        return (
            await self.session.execute(select(func.count()).select_from(ClipRow).where(ClipRow.loop_id == loop_id))
        ).scalar_one()

    async def finished_between(self, since: datetime, until: datetime) -> list[Clip]:
        """Return clips done in a stretch of time, oldest first."""
        rows = await self.session.execute(
            select(ClipRow).where(ClipRow.done_at >= since, ClipRow.done_at < until).order_by(ClipRow.done_at)
        )
        return [_clip(row) for row in rows.scalars()]

    async def of_others(self) -> list[Clip]:
        """Return clips that were made from other people's messages."""
        rows = await self.session.execute(select(ClipRow).where(ClipRow.written_by.is_not(None)).order_by(ClipRow.id))
        return [_clip(row) for row in rows.scalars()]

    async def add(self: "ClipRepository[Unit]", clip: Clip) -> Clip:
        self.writing.add(ClipRow(id=clip.id, owner_id=self.owner, **_clip_columns(clip)))
        await self.writing.flush()
        return clip

    async def save(self: "ClipRepository[Unit]", clip: Clip) -> Clip:
        row = await self._row(clip.id)
        if row is None:
            return clip
        saved = replace(clip, updated_at=self.unit.now)
        for name, value in _clip_columns(saved).items():
            if getattr(row, name) != value:
                setattr(row, name, value)
        await self.writing.flush()
        return saved

    async def remove(self: "ClipRepository[Unit]", clip_id: str) -> None:
        row = await self._row(clip_id)
        if row is not None:
            await self.writing.delete(row)
            await self.writing.flush()

    async def _row(self, clip_id: str) -> ClipRow | None:
        return (await self.session.execute(select(ClipRow).where(ClipRow.id == clip_id))).scalar_one_or_none()


class DeskRepository(Repository[UnitT]):
    """What this owner has open."""

    async def get(self) -> Desk:
        row = await self._row()
        if row is None:
            return Desk(self.owner)
        return Desk(
            self.owner,
            LoopId(row.active_loop_id) if row.active_loop_id else None,
            ClipId(row.selected_clip_id) if row.selected_clip_id else None,
        )

    async def open(self: "DeskRepository[Unit]", loop_id: str | None, clip_id: str | None = None) -> None:
        row = await self._row()
        if row is None:
            row = UserStateRow(id=self.unit.new_id(), owner_id=self.owner)
            self.writing.add(row)
        row.active_loop_id, row.selected_clip_id = loop_id, clip_id
        await self.writing.flush()

    async def select(self: "DeskRepository[Unit]", clip_id: str | None) -> None:
        row = await self._row()
        await self.open(row.active_loop_id if row else None, clip_id)

    async def _row(self) -> UserStateRow | None:
        return (await self.session.execute(select(UserStateRow))).scalar_one_or_none()


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _loop(row: LoopRow) -> Loop:
    return Loop(
        id=LoopId(row.id),
        owner_id=row.owner_id,
        name=row.name,
        role=Role(row.role),
        pace=Pace(row.pace),
        timezone=row.timezone,
        created_at=row.created_at,
        updated_at=row.updated_at,
        bpm=row.bpm,
        zoom=row.zoom,
        playhead_milli=row.playhead,
        start_date=_day(row.start_date),
        end_date=_day(row.end_date),
        anchor_date=_day(row.anchor_date),
        preset_key=row.preset_key,
        lanes_unused=tuple(Lane(lane) for lane in row.lanes_unused),
        version=row.version,
        archived_at=row.archived_at,
        deleted_at=row.deleted_at,
        client_id=row.client_id,
    )


def _loop_columns(loop: Loop) -> dict[str, object]:
    return {
        "name": loop.name,
        "bpm": float(loop.bpm),
        "zoom": float(loop.zoom),
        "playhead": loop.playhead_milli,
        "role": loop.role.value,
        "pace": loop.pace.value,
        "start_date": loop.start_date.isoformat() if loop.start_date else None,
        "end_date": loop.end_date.isoformat() if loop.end_date else None,
        "timezone": loop.timezone,
        "anchor_date": loop.anchor_date.isoformat() if loop.anchor_date else None,
        "preset_key": loop.preset_key,
        "lanes_unused": [lane.value for lane in loop.lanes_unused],
        "version": loop.version,
        "archived_at": loop.archived_at,
        "deleted_at": loop.deleted_at,
        "client_id": loop.client_id,
        "created_at": loop.created_at,
        "updated_at": loop.updated_at,
    }


def _clip(row: ClipRow) -> Clip:
    return Clip(
        id=ClipId(row.id),
        loop_id=LoopId(row.loop_id),
        lane=Lane(row.lane),
        start_milli=row.start,
        length_milli=row.length,
        name=row.name,
        created_at=row.created_at,
        updated_at=row.updated_at,
        notes=row.notes,
        ready=row.ready,
        done_at=row.done_at,
        source=Source(row.source),
        kind=ClipKind(row.kind),
        task_key=row.task_key,
        requires=tuple(row.requires),
        deadline_kind=DeadlineKind(row.deadline_kind),
        deadline=_day(row.deadline),
        written_by=row.written_by,
    )


def _clip_columns(clip: Clip) -> dict[str, object]:
    return {
        "loop_id": clip.loop_id,
        "lane": clip.lane.value,
        "start": clip.start_milli,
        "length": clip.length_milli,
        "name": clip.name,
        "notes": clip.notes,
        "ready": clip.ready,
        "done_at": clip.done_at,
        "source": clip.source.value,
        "kind": clip.kind.value,
        "task_key": clip.task_key,
        "requires": list(clip.requires),
        "deadline_kind": clip.deadline_kind.value,
        "deadline": clip.deadline.isoformat() if clip.deadline else None,
        "written_by": clip.written_by,
        "created_at": clip.created_at,
        "updated_at": clip.updated_at,
    }
