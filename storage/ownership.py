"""The second layer of ownership: no session runs a statement without saying whose rows it may touch."""

from typing import Any

from sqlalchemy import TextClause, event
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria

from storage.base import Filed, Owned
from storage.sight import CLOSED, Sight, criteria

OWNER = "owner"
"""Key in `Session.info`: an owner id, or `SYSTEM`."""
SYSTEM = "system"
SIGHT = "sight"
"""Key in `Session.info`: the `Sight` of somebody from a client's side, None for everybody else."""
CHECKED = "studiohand_checked"
"""Execution option of inserts whose owner `Unit` has compared itself."""


class ForeignOwner(RuntimeError):
    """A statement or a row of another owner reached a session: a mistake in our code, never shown as such."""


class OwnedSession(Session):
    """A session that adds the owner to everything it reads and checks it on everything it writes."""


@event.listens_for(OwnedSession, "do_orm_execute")
def _add_owner(state: ORMExecuteState) -> None:
    owner = state.session.info.get(OWNER)
    if owner is None:
        raise ForeignOwner("a session needs an owner, or must be a system session")
    if owner == SYSTEM:
        return
    if isinstance(state.statement, TextClause):
        raise ForeignOwner("plain SQL runs only in system sessions")
    if state.is_insert:
        if not state.execution_options.get(CHECKED):
            raise ForeignOwner("insert through Unit.insert_new, which compares the owner")
        return
    if state.is_update and state.is_executemany:
        # It goes by primary keys alone: criteria are not added to it.
        raise ForeignOwner("many rows change by their keys only in system sessions")
    if state.is_column_load or state.is_relationship_load:
        return
    state.statement = state.statement.options(
        with_loader_criteria(Owned, lambda cls: cls.owner_id == owner, include_aliases=True)
    )
    sight: Sight | None = state.session.info.get(SIGHT)
    if sight is not None:
        state.statement = state.statement.options(
            *(
                with_loader_criteria(table, criterion(table, sight.client_id), include_aliases=True)
                for table, criterion in criteria().items()
            )
        )


@event.listens_for(OwnedSession, "before_flush")
def _check_owner(session: Session, _context: UOWTransaction, _instances: Any) -> None:
    owner = session.info.get(OWNER)
    if owner == SYSTEM:
        return
    sight: Sight | None = session.info.get(SIGHT)
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, Owned) and row.owner_id != owner:
            raise ForeignOwner(f"a row of {type(row).__name__} belongs to somebody else")
        if sight is not None and isinstance(row, Owned) and not _is_theirs(row, sight):
            raise ForeignOwner(f"a row of {type(row).__name__} is none of that client's")


def _is_theirs(row: Owned, sight: Sight) -> bool:
    """Tell whether a client's person may write a row. What is within a thing was found through that thing."""
    reach = row.__client__
    return row.client_id == sight.client_id if isinstance(row, Filed) else reach != CLOSED
