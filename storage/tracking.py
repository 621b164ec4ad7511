"""History without writing it by hand: what a flush changed in tracked rows, and how to put it back."""

from datetime import datetime
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Mapper, ORMExecuteState, Session, UOWTransaction

from bot.changes import Change
from storage.base import Base, Tracked
from storage.ownership import OwnedSession
from storage.types import Instant

COLLECTED = "changes"
"""Key in `Session.info`: the list that the unit of work turns into change records; None where the unit only reads."""

_MS = Instant()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _MS.process_bind_param(value, None)
    return value


def snapshot(row: Base | Tracked) -> dict[str, Any]:
    """Return the row as plain data, column by column; instants as milliseconds."""
    mapper: Mapper[Any] = inspect(type(row))
    return {attribute.key: _plain(getattr(row, attribute.key)) for attribute in mapper.column_attrs}


def restore_value(mapper: Mapper[Any], key: str, value: Any) -> Any:
    """Return a value of a snapshot as the attribute `key` expects it."""
    column_type = mapper.columns[key].type
    if isinstance(column_type, Instant):
        return column_type.process_result_value(value, None)
    return value


def _before(row: Base | Tracked) -> dict[str, Any]:
    state = inspect(row)
    result: dict[str, Any] = {}
    for attribute in state.mapper.column_attrs:
        history = state.attrs[attribute.key].history
        old = history.deleted[0] if history.deleted else getattr(row, attribute.key)
        result[attribute.key] = _plain(old)
    return result


def _differs(row: Base | Tracked, before: dict[str, Any], after: dict[str, Any]) -> bool:
    quiet = type(row).__untracked__ if isinstance(row, Tracked) else frozenset()
    return any(before[key] != after[key] for key in after if key not in quiet)


def _refuse_where_only_read(session: Session) -> None:
    """The databases refuse it too, each in its own words."""
    if COLLECTED in session.info and session.info[COLLECTED] is None:
        raise RuntimeError("a unit that only reads was asked to write")


@event.listens_for(OwnedSession, "do_orm_execute")
def _refuse_statement(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        _refuse_where_only_read(state.session)


@event.listens_for(OwnedSession, "before_flush")
def _refuse_rows(session: Session, _context: UOWTransaction, _instances: Any) -> None:
    _refuse_where_only_read(session)


@event.listens_for(OwnedSession, "after_flush")
def _collect(session: Session, _context: UOWTransaction) -> None:
    collected: list[Change] | None = session.info.get(COLLECTED)
    if collected is None:
        return
    row: Any
    for row in session.new:
        if isinstance(row, Tracked):
            collected.append(_change(row, None, snapshot(row)))
    for row in session.dirty:
        if isinstance(row, Tracked):
            before, after = _before(row), snapshot(row)
            if _differs(row, before, after):
                collected.append(_change(row, before, after))
    for row in session.deleted:
        if isinstance(row, Tracked):
            collected.append(_change(row, snapshot(row), None))


def _change(row: Any, before: dict[str, Any] | None, after: dict[str, Any] | None) -> Change:
    identity = (after or before or {}).get("id")
    shown = {
        (kind, str(values[column]))
        for kind, column in type(row).__shown__.items()
        for values in (before or {}, after or {})
        if values.get(column) is not None
    }
    return Change(
        area=type(row).__area__,
        entity=row.__tablename__,
        entity_id=str(identity),
        before=before,
        after=after,
        shown=frozenset(shown),
    )
