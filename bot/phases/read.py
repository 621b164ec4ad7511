"""What phases answer other areas: the phase somebody is in."""

from storage.repositories.phases import PhaseRepository
from storage.unit import Database


class PhaseReads:
    """Answers about one person's phase; nothing is changed here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def phase_of(self, owner: int) -> str:
        """Return the person's phase; "any" before they have one."""
        async with self._database.read(owner) as unit:
            book = await unit.repo(PhaseRepository).book()
        return book.current.phase.value if book and book.entries else "any"
