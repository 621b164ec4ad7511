"""History and undo over all tracked tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import func, inspect, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper

from bot.actors import ActorKind
from bot.changes import Change, ChangeGroup, RecordedChange
from bot.errors import ChangedSince
from storage.base import Base, Tracked
from storage.tables.engine import ChangeRow
from storage.tracking import restore_value, snapshot
from storage.unit import Repository, Unit, UnitT

_IDS_AT_ONCE = 500


def _recorded(row: ChangeRow) -> RecordedChange:
    return RecordedChange(
        row.id,
        row.at,
        row.group_id,
        row.operation,
        ActorKind(row.actor_kind),
        row.actor_reference,
        row.actor_name,
        row.rationale,
        Change(row.area, row.entity, row.entity_id, row.before, row.after),
        row.undone_by,
    )


def _groups(rows: Sequence[ChangeRow]) -> list[ChangeGroup]:
    result: list[ChangeGroup] = []
    for group_id, members in groupby(rows, key=lambda row: row.group_id):
        changes = tuple(_recorded(row) for row in members)
        first = changes[0]
        result.append(
            ChangeGroup(
                group_id,
                first.operation,
                first.at,
                first.actor_kind,
                first.actor_reference,
                first.actor_name,
                changes,
            )
        )
    return result


def mapper_of(table: str) -> Mapper[Any]:
    """Return the mapper of a tracked table by its name."""
    for mapper in Base.registry.mappers:
        if mapper.local_table.name == table and issubclass(mapper.class_, Tracked):  # type: ignore[union-attr]
            return mapper
    raise LookupError(table)


class ChangeRepository(Repository[UnitT]):
    """The history of this owner."""

    async def group(self, group_id: str) -> ChangeGroup | None:
        rows = await self.session.execute(
            select(ChangeRow).where(ChangeRow.group_id == group_id).order_by(ChangeRow.id)
        )
        groups = _groups(list(rows.scalars()))
        return groups[0] if groups else None

    async def recent(self, since: datetime, reference: str | None = None, limit: int = 200) -> list[ChangeGroup]:
        """Return groups since then, newest first; of one actor where `reference` is given."""
        statement = select(ChangeRow).where(ChangeRow.at >= since)
        if reference is not None:
            statement = statement.where(ChangeRow.actor_reference == reference)
        statement = statement.order_by(ChangeRow.group_id.desc(), ChangeRow.id).limit(limit)
        return _groups(list((await self.session.execute(statement)).scalars()))

    async def times(self, since: datetime, reference: str) -> list[datetime]:
        """Return when somebody changed anything since then, each act once."""
        statement = select(ChangeRow.at).where(ChangeRow.at >= since, ChangeRow.actor_reference == reference).distinct()
        return sorted((await self.session.execute(statement)).scalars())

    async def first_before(self, since: datetime, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Return how rows were before their first change since then, by id; what was not changed or made is missing."""
        found: dict[str, Mapping[str, Any] | None] = {}
        for at in range(0, len(ids), _IDS_AT_ONCE):
            rows = await self.session.execute(
                select(ChangeRow.entity_id, ChangeRow.before)
                .where(ChangeRow.at > since, ChangeRow.entity_id.in_(list(ids[at : at + _IDS_AT_ONCE])))
                .order_by(ChangeRow.id)
            )
            for identity, before in rows:
                found.setdefault(identity, before)
        return {identity: before for identity, before in found.items() if before is not None}

    async def people_since(self, since: datetime, limit: int) -> list[int]:
        """Return the people who changed something of this owner since then, who did so last first."""
        rows = await self.session.execute(
            select(ChangeRow.actor_reference)
            # Below zero is nobody: who deleted everything about themselves (storage/privacy.py).
            .where(
                ChangeRow.at >= since,
                ChangeRow.actor_kind == ActorKind.USER.value,
                ChangeRow.actor_reference.not_like("user:-%"),
            )
            .group_by(ChangeRow.actor_reference)
            .order_by(func.max(ChangeRow.id).desc())
            .limit(limit)
        )
        return [int(reference.removeprefix("user:")) for reference in rows.scalars()]

    async def of_entity(self, entity: str, entity_id: str, limit: int = 100) -> list[RecordedChange]:
        rows = await self.session.execute(
            select(ChangeRow)
            .where(ChangeRow.entity == entity, ChangeRow.entity_id == entity_id)
            .order_by(ChangeRow.id.desc())
            .limit(limit)
        )
        return [_recorded(row) for row in rows.scalars()]

    async def put_back(self: "ChangeRepository[Unit]", group: ChangeGroup) -> None:
        """Restore every row of the group to its `before`, newest change first.

        Raises ChangedSince(who) where a row is no longer as the group left it.
        """
        for recorded in reversed(group.changes):
            await self._put_back_one(recorded, group.group_id)
            try:
                await self.writing.flush()
            except IntegrityError as error:
                # What it belonged to is gone, or something else has its place: nothing more can be asked here.
                raise ChangedSince("changed_meanwhile") from error
        await self.writing.execute(
            update(ChangeRow)
            .where(ChangeRow.group_id == group.group_id)
            .values(undone_by=self.unit.group_id)
            .execution_options(synchronize_session=False)
        )

    async def _put_back_one(self: "ChangeRepository[Unit]", recorded: RecordedChange, group_id: str) -> None:
        change = recorded.change
        mapper = mapper_of(change.entity)
        row = await self.writing.get(mapper.class_, change.entity_id)
        quiet = mapper.class_.__untracked__
        if change.after is None:
            if row is not None or change.before is None:
                raise await self._refusal(recorded, group_id)
            values = {key: restore_value(mapper, key, value) for key, value in change.before.items()}
            self.writing.add(mapper.class_(**values))
            return
        if row is None:
            raise await self._refusal(recorded, group_id)
        current = snapshot(row)
        touched = [key for key, (old, new) in recorded.fields().items() if old != new and key not in quiet]
        if any(current.get(key) != change.after.get(key) for key in touched):
            raise await self._refusal(recorded, group_id)
        if change.before is None:
            await self.writing.delete(row)
            return
        for key in touched:
            setattr(row, key, restore_value(mapper, key, change.before.get(key)))
        if "version" in inspect(mapper.class_).column_attrs:
            row.version += 1

    async def _refusal(self, recorded: RecordedChange, group_id: str) -> ChangedSince:
        later = [
            change
            for change in await self.of_entity(recorded.change.entity, recorded.change.entity_id)
            if change.group_id != group_id and change.id > recorded.id
        ]
        if not later:
            return ChangedSince("changed_meanwhile")
        return ChangedSince("changed_since", who=later[0].actor_name, when=later[0].at)
