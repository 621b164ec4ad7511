"""What somebody from a client's side sees of a server's rows: theirs, and nothing of another client or of the house.

Each table says by `__client__` what of it a client reaches. The session adds it to every statement that reads the
server's rows in their name; PostgreSQL says the same by a policy of its own (`storage/migrations`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Table, false, select, true

from storage.base import Base, Owned
from storage.tables import load_all

FILED, OPEN, CLOSED, ITSELF, WITHIN = "filed", "open", "closed", "itself", "within:"


@dataclass(frozen=True, slots=True)
class Sight:
    """In whose name a server's rows are read: of one client. `person`: who looks."""

    client_id: str
    person: int


Criterion = Callable[[Any, str], ColumnElement[bool]]


@cache
def criteria() -> Mapping[type[Owned], Criterion]:
    """Return for each table of a server what a client sees of it: (mapped class, client id) → condition."""
    load_all()
    return {
        mapper.class_: _criterion(mapper.class_) for mapper in Base.registry.mappers if issubclass(mapper.class_, Owned)
    }


def _criterion(table: Any) -> Criterion:
    reach: str = table.__client__
    if reach == FILED:
        return lambda cls, client: cls.client_id == client
    if reach == ITSELF:
        return lambda cls, client: cls.id == client
    if reach.startswith(WITHIN):
        column, parent = reach.removeprefix(WITHIN), parent_of(table)
        if column == "client_id":
            return lambda cls, client: cls.client_id == client
        # By another name, so that it is never taken for the same table outside.
        place = parent.alias()
        return lambda cls, client: getattr(cls, column).in_(select(place.c.id).where(place.c.client_id == client))
    return (lambda _cls, _client: true()) if reach == OPEN else (lambda _cls, _client: false())


def parent_of(table: Any) -> Table:
    """Return the table that holds what a row is within."""
    column = table.__client__.removeprefix(WITHIN)
    return next(iter(Base.metadata.tables[table.__tablename__].c[column].foreign_keys)).column.table


def policy(table: Any) -> str:
    """Return the condition for PostgreSQL: nothing is said where nobody of a client looks."""
    looks, reach = "current_setting('studiohand.client', true)", table.__client__
    if reach == FILED:
        rule = f"client_id = {looks}"
    elif reach == ITSELF:
        rule = f"id = {looks}"
    elif reach.startswith(WITHIN):
        # The parent's own policy holds in the subquery as well.
        rule = f'{reach.removeprefix(WITHIN)} IN (SELECT id FROM "{parent_of(table).name}")'  # noqa: S608 - names of our own tables
    else:
        rule = "true" if reach == OPEN else "false"
    return f"coalesce({looks}, '') = '' OR {rule}"
