"""What a store raises that does not take a write, by a full disk, a lock that stays or a connection that is gone; and
one that is ahead of us."""

from sqlalchemy import exc

STORE_FAILURES: tuple[type[Exception], ...] = (
    exc.OperationalError,
    exc.InterfaceError,
    exc.InternalError,
    exc.TimeoutError,
    OSError,
)
"""Trying again can help with these. Broken constraints are not among them: those are mistakes of ours."""


class Damaged(RuntimeError):
    """A file is no sound SQLite database; what SQLite says of it is the text."""


class Foreign(RuntimeError):
    """A sound SQLite file, and not a database of Studiohand."""


class NewerDatabase(RuntimeError):
    """The database was written by a newer Studiohand; parts: its revision."""
