"""What a store that does not take a write raises: a full disk, a lock that stays, a connection that is gone."""

from sqlalchemy import exc

STORE_FAILURES: tuple[type[Exception], ...] = (
    exc.OperationalError,
    exc.InterfaceError,
    exc.InternalError,
    exc.TimeoutError,
    OSError,
)
"""Trying again can help with these. Broken constraints are not among them: those are mistakes of ours."""
