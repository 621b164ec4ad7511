"""What the coach reads of other areas, and never writes. All of it may be absent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.actors import Actor
from bot.coach.insights import BounceFact, PlatformFact
from bot.coach.model import LoopFact, Phase, Release


class LoopReader(Protocol):
    async def loops(self, user_id: int) -> Sequence[LoopFact]: ...

    async def releases(self, user_id: int) -> Sequence[Release]: ...

    async def clips_finished(self, user_id: int, since: datetime) -> int: ...


class BounceReader(Protocol):
    async def bounces(self, user_id: int, since: datetime) -> Sequence[BounceFact]: ...


class PhaseDoor(Protocol):
    """The person's phase; choosing one is their own act and goes through the phase service."""

    async def phase(self, user_id: int) -> Phase: ...

    async def choose(self, actor: Actor, user_id: int, phase: Phase) -> None: ...


class FactReader(Protocol):
    def facts(self) -> Sequence[PlatformFact]: ...


class MissionReader(Protocol):
    async def open_missions(self, user_id: int) -> Sequence[str]:
        """Return the titles of the person's own missions that are under way."""
        ...


class NoMissions:
    async def open_missions(self, user_id: int) -> Sequence[str]:
        return ()


class NoLoops:
    """Nobody has a loop."""

    async def loops(self, user_id: int) -> Sequence[LoopFact]:
        return ()

    async def releases(self, user_id: int) -> Sequence[Release]:
        return ()

    async def clips_finished(self, user_id: int, since: datetime) -> int:
        return 0


class NoBounces:
    async def bounces(self, user_id: int, since: datetime) -> Sequence[BounceFact]:
        return ()


class FirstPhase:
    """Everybody is where everybody starts."""

    async def phase(self, user_id: int) -> Phase:
        return Phase.GENERATOR

    async def choose(self, actor: Actor, user_id: int, phase: Phase) -> None:
        return None


class NoFacts:
    def facts(self) -> Sequence[PlatformFact]:
        return ()


@dataclass(slots=True)
class Sources:
    """The readers, wired by the application."""

    loops: LoopReader = field(default_factory=NoLoops)
    bounces: BounceReader = field(default_factory=NoBounces)
    phases: PhaseDoor = field(default_factory=FirstPhase)
    facts: FactReader = field(default_factory=NoFacts)
    missions: MissionReader = field(default_factory=NoMissions)
