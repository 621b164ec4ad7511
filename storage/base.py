"""What every mapped class shares: strict tables, names of constraints, owners, tracking."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy import MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from storage.types import BigInt

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Root of all mapped classes. Give constraints as `__constraints__`, not as `__table_args__`."""

    metadata = MetaData(naming_convention=NAMING)
    __constraints__: ClassVar[tuple[Any, ...]] = ()

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return (*cls.__constraints__, {"sqlite_strict": True})


class Identified:
    """A UUIDv7 in hex as primary key."""

    id: Mapped[str] = mapped_column(Text, primary_key=True)


class Owned:
    """Belongs to one person or one guild; sessions of somebody else neither see nor write it."""

    owner_id: Mapped[int] = mapped_column(BigInt(), index=True, nullable=False)

    __client__: ClassVar[str] = "closed"
    """What somebody from a client's side reaches of a server's rows (storage/sight.py): "filed" under their client,
    "within:<column>" a row that is, "itself" the client's own row, "open" for what only the house reads, else "closed".
    """


class Filed:
    """May be filed under a client of the server that owns it.

    Not a foreign key: SQLite cannot add one to a table that is there, and a client that is deleted lets its things go
    in the same transaction.
    """

    __client__: ClassVar[str] = "filed"

    client_id: Mapped[str | None] = mapped_column(Text, index=True, nullable=True)


class Tracked:
    """Changes of these rows are recorded by the unit of work and can be undone.

    `__area__` names the area in the history; `__untracked__` columns do not count as a change of their own.
    `__shown__` says whose cards show the row: the kind of thing, and the column with its id.
    """

    __area__: ClassVar[str]
    __shown__: ClassVar[Mapping[str, str]] = {}
    __untracked__: ClassVar[frozenset[str]] = frozenset({"version", "updated_at"})
