"""Base of repositories: SQL in, domain objects out."""

from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession

if TYPE_CHECKING:
    from storage.unit import Unit


class Repository:
    """Made by a unit for its owner. Methods return domain objects, never mapped rows."""

    def __init__(self, unit: "Unit") -> None:
        self.unit = unit

    @property
    def session(self) -> AsyncSession:
        return self.unit.session

    @property
    def owner(self) -> int:
        """The owner of this unit; a mistake in our code where a system unit asks."""
        if self.unit.owner is None:
            raise RuntimeError("a system unit has no owner")
        return self.unit.owner
