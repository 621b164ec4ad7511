"""A sample row for any table, made from its columns: texts carry a mark, references point at sample rows."""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Table

from storage.base import Base
from storage.tables import load_all
from storage.types import Flag, Instant, Json


def allowed(table: Table, column: str) -> str | None:
    """Return the first value that a CHECK … IN (…) of this column accepts."""
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            found = re.match(rf"\s*{column} IN \('([^']*)'", str(constraint.sqltext))
            if found:
                return found.group(1)
    return None


def sample_row(table: Table, owner: int, made: dict[str, dict[str, Any]], now: datetime, mark: str) -> dict[str, Any]:
    """Return values for every column of `table` that belong together with the rows in `made`."""
    row: dict[str, Any] = {}
    for column in table.columns:
        reference = next(iter(column.foreign_keys), None)
        if column.name in ("owner_id", "owner") or (column.name == "id" and table.name == "people"):
            row[column.name] = owner
        elif reference is not None and reference.column.table.name in made:
            row[column.name] = made[reference.column.table.name][reference.column.name]
        elif isinstance(column.type, Instant):
            row[column.name] = now
        elif isinstance(column.type, Flag):
            row[column.name] = False
        elif isinstance(column.type, Json):
            row[column.name] = {"mark": mark}
        elif column.type.python_type is int:
            row[column.name] = owner if column.primary_key else 1
        elif column.type.python_type is float:
            row[column.name] = 1.0
        else:
            row[column.name] = allowed(table, column.name) or f"{mark}-{table.name}-{column.name}"
    return row


def sample_rows(owner: int, now: datetime, mark: str) -> dict[str, dict[str, Any]]:
    """Return one row a table, parents first."""
    load_all()
    made: dict[str, dict[str, Any]] = {}
    for table in Base.metadata.sorted_tables:
        made[table.name] = sample_row(table, owner, made, now, mark)
    return made
