"""What missions answer other areas: which are under way."""

from collections.abc import Sequence

from bot.missions.model import LifeState
from storage.repositories.missions import MissionRepository
from storage.unit import Database


class MissionReads:
    """Answers about one owner's missions; nothing is changed here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open_missions(self, owner: int) -> Sequence[str]:
        """Return the titles of the missions that are under way."""
        async with self._database.read(owner) as unit:
            found = await unit.repo(MissionRepository).missions((LifeState.ACTIVE,))
        return [mission.title for mission in found]
