"""What a mission reads of phases"""

from collections.abc import Sequence
from datetime import datetime

from bot.missions.inputs import Choice, Idea, Resolved
from bot.missions.model import InputKind, InputRef
from bot.missions.ports import Say
from bot.phases.service import PhaseService


class PhaseInput:
    """The phase of work that the person is in."""

    kind = InputKind.PHASE

    def __init__(self, phases: PhaseService, say: Say) -> None:
        self._phases = phases
        self._say = say

    async def resolve(self, owner: int, ref: str, now: datetime) -> Resolved:
        return Resolved(InputRef(self.kind), "Phase", str(await self._phases.phase(owner)))

    async def ideas(self, owner: int, ref: str, now: datetime) -> Sequence[Idea]:
        return []

    async def choices(self, owner: int) -> Sequence[Choice]:
        return [Choice(InputRef(self.kind), self._say("mission.input.phase"))]
