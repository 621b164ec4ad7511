"""Loops: the area itself, and what it is told of bounces, phases and the coach profile."""

from collections.abc import Mapping, Sequence

from bot.ai.model import Assistant
from bot.app.wiring.ai import StudioAgreements
from bot.bounces.read import BounceReads
from bot.coach.read import CoachReads
from bot.loops.area import LoopArea, Neighbours, open_loops
from bot.loops.messages import POSTED, LoopMessages
from bot.loops.model import LoopBounce, LoopId
from bot.phases.read import PhaseReads
from bot.services import Foundation


def wire_loops(on: Foundation, assistant: Assistant | None = None) -> LoopArea:
    """Make the services of loops over what the other areas answer."""
    neighbours = Neighbours(
        zones=on.studio,
        bounces=LinkedBounces(BounceReads(on.database)),
        phases=PhaseReads(on.database),
        profiles=CoachReads(on.database),
        servers=on.studio,
        agreements=StudioAgreements(on.studio),
    )
    area = open_loops(on.database, on.clock, neighbours, assistant)
    on.posted.register(POSTED, LoopMessages(area, on.catalogue).draw)
    return area


class LinkedBounces:
    """The bounces of loops, as loops count them."""

    def __init__(self, bounces: BounceReads) -> None:
        self._bounces = bounces

    async def bounces_of(self, owner: int, loop_ids: Sequence[LoopId]) -> Mapping[LoopId, Sequence[LoopBounce]]:
        found = await self._bounces.of_loops(owner, loop_ids)
        return {
            LoopId(loop_id): [LoopBounce(bounce.content_hash, bounce.bounced_at) for bounce in bounces]
            for loop_id, bounces in found.items()
        }
