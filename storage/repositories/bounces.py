"""The catalogue of bounces: rows in, domain objects out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from bot.bounces.model import (
    Bounce,
    BounceId,
    BounceSource,
    BounceTag,
    Comment,
    CommentId,
    Facts,
    Filter,
    Slice,
    SliceId,
    SliceKind,
)
from storage.tables.bounces import BouncePathRow, BounceRow, CommentRow, SliceRow
from storage.unit import Repository, Unit, UnitT


class BounceRepository(Repository[UnitT]):
    """Bounces of one owner, with paths and posts."""

    async def add(self: "BounceRepository[Unit]", bounce: Bounce) -> None:
        self.writing.add(BounceRow(**_values(bounce, self.owner)))
        await self.writing.flush()

    async def add_new(self: "BounceRepository[Unit]", bounces: Sequence[Bounce]) -> list[Bounce]:
        """Add those whose content is not known yet, without a history; return them."""
        added = set(await self.unit.insert_new(BounceRow, [_values(bounce, self.owner) for bounce in bounces]))
        return [bounce for bounce in bounces if bounce.id in added]

    async def get(self, bounce_id: str) -> Bounce | None:
        row = await self._row(bounce_id)
        return None if row is None else _bounce(row)

    async def owner_of(self, bounce_id: str) -> int | None:
        """Return whose bounce it is; system units only."""
        query = select(BounceRow.owner_id).where(BounceRow.id == bounce_id)
        return (await self.session.execute(query)).scalar_one_or_none()

    async def many(self, bounce_ids: Sequence[str]) -> list[Bounce]:
        """Return the bounces that exist, in the order of the ids."""
        found: dict[str, Bounce] = {}
        for start in range(0, len(bounce_ids), 500):
            part = list(bounce_ids[start : start + 500])
            rows = await self.session.execute(select(BounceRow).where(BounceRow.id.in_(part)))
            found.update({row.id: _bounce(row) for row in rows.scalars()})
        return [found[one] for one in bounce_ids if one in found]

    async def by_content(self, content_hash: str) -> Bounce | None:
        query = select(BounceRow).where(BounceRow.content_hash == content_hash)
        row = (await self.session.execute(query)).scalar_one_or_none()
        return None if row is None else _bounce(row)

    async def save(self: "BounceRepository[Unit]", bounce: Bounce) -> None:
        """Write what may change of a bounce."""
        row = await self._row(bounce.id)
        if row is None:
            return
        row.title, row.note, row.tag = bounce.title, bounce.note, bounce.tag
        if tuple(row.free_tags) != bounce.free_tags:
            row.free_tags = list(bounce.free_tags)
        row.loop_id, row.phase, row.deleted_at = bounce.loop_id, bounce.phase, bounce.deleted_at
        row.client_id = bounce.client_id
        row.family, row.family_title, row.number = bounce.family, bounce.family_title, bounce.number
        row.has_audio, row.updated_at = bounce.has_audio, self.unit.now

    async def versions(self, family: str) -> list[Bounce]:
        """Return a family's bounces, the oldest version first."""
        query = (
            select(BounceRow)
            .where(BounceRow.family == family, BounceRow.deleted_at.is_(None))
            .order_by(BounceRow.number, BounceRow.bounced_at)
        )
        return [_bounce(row) for row in (await self.session.execute(query)).scalars()]

    async def highest_number(self, family: str) -> int:
        """Return the highest version number a family ever had, 0 for none."""
        query = select(func.max(BounceRow.number)).where(BounceRow.family == family)
        return (await self.session.execute(query)).scalar_one_or_none() or 0

    async def find(self, wanted: Filter, limit: int, offset: int = 0) -> list[Bounce]:
        """Return what a filter lets through, newest first."""
        query = _filtered(select(BounceRow), wanted).order_by(BounceRow.bounced_at.desc(), BounceRow.id.desc())
        rows = await self.session.execute(query.limit(limit).offset(offset))
        return [_bounce(row) for row in rows.scalars()]

    async def count(self, wanted: Filter) -> int:
        query = _filtered(select(func.count()).select_from(BounceRow), wanted)
        return (await self.session.execute(query)).scalar_one()

    async def facts_before(self, bounce_id: str, limit: int) -> list[Facts]:
        """Return the facts of the owner's last bounces other than this one."""
        query = (
            select(BounceRow.facts)
            .where(BounceRow.id != bounce_id, BounceRow.deleted_at.is_(None))
            .order_by(BounceRow.bounced_at.desc())
            .limit(limit)
        )
        return [Facts.from_dict(facts) for facts in (await self.session.execute(query)).scalars()]

    async def of_loops(self, loop_ids: Sequence[str]) -> list[Bounce]:
        query = select(BounceRow).where(BounceRow.loop_id.in_(list(loop_ids)), BounceRow.deleted_at.is_(None))
        return [_bounce(row) for row in (await self.session.execute(query.order_by(BounceRow.bounced_at))).scalars()]

    async def add_path(self: "BounceRepository[Unit]", bounce_id: str, path: str) -> None:
        """Note that the samples of a bounce lie at `path`."""
        identity = self.unit.new_id()
        row = {"id": identity, "owner_id": self.owner, "bounce_id": bounce_id, "path": path, "seen_at": self.unit.now}
        await self.unit.insert_new(BouncePathRow, [row])

    async def paths(self, bounce_id: str) -> list[str]:
        """Return the paths of a bounce, the last seen first."""
        query = select(BouncePathRow.path).where(BouncePathRow.bounce_id == bounce_id)
        return list((await self.session.execute(query.order_by(BouncePathRow.seen_at.desc()))).scalars())

    async def owners_of_content(self, hashes: Sequence[str]) -> dict[str, set[int]]:
        """Return who has a bounce of these contents (system units: anybody); those that nobody has are left out."""
        found: dict[str, set[int]] = {}
        for start in range(0, len(hashes), 500):
            query = select(BounceRow.content_hash, BounceRow.owner_id)
            some = query.where(BounceRow.content_hash.in_(list(hashes[start : start + 500])))
            for content_hash, owner in (await self.session.execute(some)).all():
                found.setdefault(content_hash, set()).add(owner)
        return found

    async def _row(self, bounce_id: str) -> BounceRow | None:
        query = select(BounceRow).where(BounceRow.id == bounce_id)
        return (await self.session.execute(query)).scalar_one_or_none()


class SliceRepository(Repository[UnitT]):
    """Saved slices and timed comments of one owner's bounces."""

    async def save(self: "SliceRepository[Unit]", found: Slice) -> None:
        """Add a slice, or write it anew."""
        row = await self._row(found.id)
        if row is None:
            self.writing.add(
                SliceRow(
                    id=found.id,
                    owner_id=self.owner,
                    bounce_id=found.bounce_id,
                    start_s=found.start_s,
                    end_s=found.end_s,
                    name=found.name,
                    note=found.note,
                    tags=list(found.tags),
                    kind=found.kind,
                    saved_at=found.saved_at,
                    deleted_at=found.deleted_at,
                )
            )
            return
        row.name, row.note, row.tags, row.deleted_at = found.name, found.note, list(found.tags), found.deleted_at

    async def get(self, slice_id: str) -> Slice | None:
        row = await self._row(slice_id)
        return None if row is None else _slice(row)

    async def same(self, bounce_id: str, start_s: float, end_s: float) -> Slice | None:
        """Return the slice with exactly these ends."""
        query = select(SliceRow).where(
            SliceRow.bounce_id == bounce_id,
            SliceRow.start_s == start_s,
            SliceRow.end_s == end_s,
            SliceRow.deleted_at.is_(None),
        )
        row = (await self.session.execute(query)).scalars().first()
        return None if row is None else _slice(row)

    async def of_bounce(self, bounce_id: str) -> list[Slice]:
        query = select(SliceRow).where(SliceRow.bounce_id == bounce_id, SliceRow.deleted_at.is_(None))
        return [_slice(row) for row in (await self.session.execute(query.order_by(SliceRow.start_s))).scalars()]

    async def all(self, limit: int) -> list[Slice]:
        """Return the newest slices of all bounces that are not in the bin."""
        query = (
            select(SliceRow)
            .join(BounceRow, BounceRow.id == SliceRow.bounce_id)
            .where(SliceRow.deleted_at.is_(None), BounceRow.deleted_at.is_(None))
            .order_by(SliceRow.saved_at.desc(), SliceRow.id.desc())
        )
        return [_slice(row) for row in (await self.session.execute(query.limit(limit))).scalars()]

    async def between(self, since: datetime, until: datetime) -> list[Slice]:
        """Return the slices saved after `since` and at or before `until`."""
        query = select(SliceRow).where(
            SliceRow.saved_at > since, SliceRow.saved_at <= until, SliceRow.deleted_at.is_(None)
        )
        return [_slice(row) for row in (await self.session.execute(query)).scalars()]

    async def count(self) -> int:
        query = select(func.count()).select_from(SliceRow).where(SliceRow.deleted_at.is_(None))
        return (await self.session.execute(query)).scalar_one()

    async def comment(self: "SliceRepository[Unit]", comment: Comment) -> None:
        self.writing.add(
            CommentRow(
                id=comment.id,
                owner_id=self.owner,
                bounce_id=comment.bounce_id,
                author_id=comment.author_id,
                author_name=comment.author_name,
                at_s=comment.at_s,
                text=comment.text,
                created_at=comment.created_at,
            )
        )

    async def comments(self, bounce_id: str) -> list[Comment]:
        query = select(CommentRow).where(CommentRow.bounce_id == bounce_id).order_by(CommentRow.at_s, CommentRow.id)
        return [_comment(row) for row in (await self.session.execute(query)).scalars()]

    async def get_comment(self, comment_id: str) -> Comment | None:
        query = select(CommentRow).where(CommentRow.id == comment_id)
        row = (await self.session.execute(query)).scalar_one_or_none()
        return None if row is None else _comment(row)

    async def remove_comment(self: "SliceRepository[Unit]", comment_id: str) -> None:
        query = select(CommentRow).where(CommentRow.id == comment_id)
        row = (await self.writing.execute(query)).scalar_one_or_none()
        if row is not None:
            await self.writing.delete(row)

    async def _row(self, slice_id: str) -> SliceRow | None:
        return (await self.session.execute(select(SliceRow).where(SliceRow.id == slice_id))).scalar_one_or_none()


def _filtered(query: Select[Any], wanted: Filter) -> Select[Any]:
    query = query.where(BounceRow.deleted_at.is_not(None) if wanted.is_deleted else BounceRow.deleted_at.is_(None))
    if wanted.text:
        needle = wanted.text.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = f"%{needle}%"
        query = query.where(
            func.lower(BounceRow.title).like(pattern, escape="\\")
            | func.lower(BounceRow.file_name).like(pattern, escape="\\")
            | BounceRow.family.like(pattern, escape="\\")
        )
    if wanted.loop_id is not None:
        query = query.where(BounceRow.loop_id == wanted.loop_id)
    if wanted.tag is not None:
        query = query.where(BounceRow.tag == wanted.tag)
    if wanted.family is not None:
        query = query.where(BounceRow.family == wanted.family)
    if wanted.since is not None:
        query = query.where(BounceRow.bounced_at > wanted.since)
    if wanted.until is not None:
        query = query.where(BounceRow.bounced_at <= wanted.until)
    if wanted.shortest_s is not None:
        query = query.where(BounceRow.duration_s >= wanted.shortest_s)
    if wanted.longest_s is not None:
        query = query.where(BounceRow.duration_s <= wanted.longest_s)
    return query


def _values(bounce: Bounce, owner: int) -> dict[str, Any]:
    return {
        "id": bounce.id,
        "owner_id": owner,
        "title": bounce.title,
        "file_name": bounce.file_name,
        "family": bounce.family,
        "family_title": bounce.family_title,
        "number": bounce.number,
        "content_hash": bounce.content_hash,
        "facts": bounce.facts.to_dict(),
        "duration_s": bounce.facts.duration_s,
        "tag": bounce.tag,
        "free_tags": list(bounce.free_tags),
        "note": bounce.note,
        "loop_id": bounce.loop_id,
        "phase": bounce.phase,
        "source": bounce.source,
        "has_audio": bounce.has_audio,
        "bounced_at": bounce.bounced_at,
        "created_at": bounce.created_at,
        "updated_at": bounce.updated_at,
        "deleted_at": bounce.deleted_at,
        "client_id": bounce.client_id,
    }


def _bounce(row: BounceRow) -> Bounce:
    return Bounce(
        id=BounceId(row.id),
        owner_id=row.owner_id,
        title=row.title,
        file_name=row.file_name,
        family=row.family,
        family_title=row.family_title,
        number=row.number,
        content_hash=row.content_hash,
        facts=Facts.from_dict(row.facts),
        source=BounceSource(row.source),
        bounced_at=row.bounced_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        tag=None if row.tag is None else BounceTag(row.tag),
        free_tags=tuple(row.free_tags),
        note=row.note,
        loop_id=row.loop_id,
        phase=row.phase,
        has_audio=row.has_audio,
        deleted_at=row.deleted_at,
        client_id=row.client_id,
    )


def _slice(row: SliceRow) -> Slice:
    found = Slice(
        id=SliceId(row.id),
        bounce_id=BounceId(row.bounce_id),
        start_s=row.start_s,
        end_s=row.end_s,
        name=row.name,
        note=row.note,
        tags=tuple(row.tags),
        kind=SliceKind(row.kind),
        saved_at=row.saved_at,
    )
    return replace(found, deleted_at=row.deleted_at)


def _comment(row: CommentRow) -> Comment:
    return Comment(
        CommentId(row.id),
        BounceId(row.bounce_id),
        row.author_id,
        row.author_name,
        row.at_s,
        row.text,
        row.created_at,
    )
