"""Phases for missions: the offer of another one, and what a mission reads of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from bot.actors import Actor
from bot.ai.sent import Item
from bot.errors import NotFound
from bot.missions.inputs import Choice, Idea, Resolved
from bot.missions.model import InputKind, InputRef, Line, Preview
from bot.missions.ports import Say
from bot.missions.tools import Catalogue, Params, Scene, Tool
from bot.phases.model import Phase
from bot.phases.service import PhaseService

PhaseName = Literal["generator", "builder", "executor", "recovery"]


class Transition(Params):
    """Another phase."""

    to: PhaseName


class PhaseTools:
    """Adds `phase.offer_transition` to a catalogue."""

    def __init__(self, phases: PhaseService) -> None:
        self._phases = phases

    def add_to(self, catalogue: Catalogue) -> None:
        catalogue.add(
            Tool(
                "phase.offer_transition",
                "offer the person another phase of work",
                Transition,
                self._preview_phase,
                self._phase,
            )
        )

    async def _preview_phase(self, scene: Scene, params: Transition) -> Preview:
        now = await self._phases.phase(scene.owner)
        if now == params.to:
            raise NotFound("phase", "/coach phase")
        return Preview(
            Line("mission.tool.release.phase"),
            before=(Line(f"phase.name.{now}"),),
            after=(Line(f"phase.name.{params.to}"),),
            basis=str(now),
        )

    async def _phase(self, scene: Scene, params: Transition, actor: Actor) -> None:
        # The person's press on Approve is the click that moves them.
        await self._phases.offer(actor, scene.owner, Phase(params.to))


class PhaseInput:
    """The phase of work that the person is in."""

    kind = InputKind.PHASE
    sends = Item("phase", ("",))

    def __init__(self, phases: PhaseService, say: Say) -> None:
        self._phases = phases
        self._say = say

    async def resolve(self, owner: int, ref: str, now: datetime) -> Resolved:
        return Resolved(InputRef(self.kind), "Phase", str(await self._phases.phase(owner)))

    async def ideas(self, owner: int, ref: str, now: datetime) -> Sequence[Idea]:
        return []

    async def choices(self, owner: int) -> Sequence[Choice]:
        return [Choice(InputRef(self.kind), self._say("mission.input.phase"))]
