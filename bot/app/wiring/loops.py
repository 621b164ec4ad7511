"""Loops: the area itself, and what it reads of bounces, phases and the coach profile."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from bot.ai.model import Assistant
from bot.loops.area import LoopArea, Neighbours, open_loops
from bot.loops.model import LoopBounce, LoopId
from bot.services import Foundation
from storage.repositories.bounces import BounceRepository
from storage.repositories.coach import CoachProfileRepository
from storage.repositories.phases import PhaseRepository
from storage.unit import Database


def wire_loops(on: Foundation, assistant: Assistant | None = None) -> LoopArea:
    """Make the services of loops over what is stored of the other areas."""
    stored = Stored(on.database)
    neighbours = Neighbours(zones=on.studio, bounces=stored, phases=stored, profiles=stored)
    return open_loops(on.database, on.clock, neighbours, assistant)


class Stored:
    """Reads the rows of other areas that loops look at; never writes any."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bounces_of(self, owner: int, loop_ids: Sequence[LoopId]) -> Mapping[LoopId, Sequence[LoopBounce]]:
        """Return the bounces that are linked to each loop."""
        found: defaultdict[LoopId, list[LoopBounce]] = defaultdict(list)
        async with self._database.read(owner) as unit:
            for bounce in await unit.repo(BounceRepository).of_loops(list(loop_ids)):
                if bounce.loop_id is not None:
                    found[LoopId(bounce.loop_id)].append(LoopBounce(bounce.content_hash, bounce.bounced_at))
        return found

    async def phase_of(self, owner: int) -> str:
        """Return the person's phase; "any" before they have one."""
        async with self._database.read(owner) as unit:
            book = await unit.repo(PhaseRepository).book()
        return book.current.phase.value if book and book.entries else "any"

    async def role_and_pace(self, owner: int) -> tuple[str, str] | None:
        """Return role and pace of the coach profile."""
        async with self._database.read(owner) as unit:
            profile = await unit.repo(CoachProfileRepository).get()
        return (profile.role.value, profile.preferences.pacing.value) if profile else None
