"""What digests answer other areas: whether one was looked at, and all of them for an archive."""

from datetime import datetime

from bot.digest.model import Digest
from storage.repositories.digest import DigestRepository
from storage.unit import Database


class DigestReads:
    """Answers about one owner's digests; nothing is changed here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def opened_since(self, owner: int, since: datetime) -> bool:
        """Say whether the owner opened a digest since a moment."""
        async with self._database.read(owner) as unit:
            return await unit.repo(DigestRepository).opened_since(since)

    async def everything(self, owner: int, since: datetime) -> list[Digest]:
        """Return the digests since a moment."""
        async with self._database.read(owner) as unit:
            return list(await unit.repo(DigestRepository).all(since))
