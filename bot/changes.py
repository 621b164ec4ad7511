"""Attributed before/after records and their undo: one mechanism for every area."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.actors import ActorKind


@dataclass(frozen=True, slots=True)
class Change:
    """One row of one table, before and after; None before means made, None after means removed.

    `shown`: the things (kind, id) whose cards show this row; known while it is being changed, not in the history.
    """

    area: str
    entity: str
    entity_id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    shown: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """A change as it stands in the history. All changes of one use case share `group_id`."""

    id: str
    at: datetime
    group_id: str
    operation: str
    actor_kind: ActorKind
    actor_reference: str
    actor_name: str
    rationale: str | None
    change: Change
    undone_by: str | None

    def fields(self) -> Mapping[str, tuple[Any, Any]]:
        """Return what differs, column → (before, after)."""
        before, after = self.change.before or {}, self.change.after or {}
        return {
            key: (before.get(key), after.get(key)) for key in {**before, **after} if before.get(key) != after.get(key)
        }


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """What one use case did: the unit of undo."""

    group_id: str
    operation: str
    at: datetime
    actor_kind: ActorKind
    actor_reference: str
    actor_name: str
    changes: tuple[RecordedChange, ...]

    @property
    def is_undone(self) -> bool:
        return any(change.undone_by for change in self.changes)
