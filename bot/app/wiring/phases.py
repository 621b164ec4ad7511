"""Phases and form maps: what happened since a phase was entered, read from the areas that know."""

from collections.abc import Awaitable, Callable

from bot.bounces.model import Bounce
from bot.phases.forms import FormMapService
from bot.phases.read import StoredPhaseFacts
from bot.phases.service import PhaseService
from bot.releases.service import ReleaseService
from bot.services import Foundation


def wire_phases(on: Foundation, releases: ReleaseService) -> tuple[PhaseService, FormMapService]:
    """Make the services of phases and form maps."""
    service = PhaseService(on.database, on.clock, StoredPhaseFacts(on.database, releases))
    return service, FormMapService(on.database, on.clock, on.studio)


class HeardPhases:
    """What bounces ask of phases, and where they tell of a new one: it may make an offer due."""

    def __init__(self, phases: PhaseService) -> None:
        self._phases = phases
        self.listeners: list[Callable[[int, Bounce], Awaitable[None]]] = []
        """Others that want to hear of a new bounce after its transaction."""

    async def phase_of(self, owner: int) -> str | None:
        entry = await self._phases.entry(owner)
        return str(entry.phase) if entry else None

    async def finished(self, owner: int, bounce: Bounce) -> None:
        await self._phases.look(owner)
        for listener in self.listeners:
            await listener(owner, bounce)
