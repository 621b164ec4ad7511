"""What `/mission stats` shows: accept rates, time to a decision, tokens and cost. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.missions.model import Iteration, StepState, ToolRecord
from bot.missions.proposals import DECIDED


@dataclass(frozen=True, slots=True)
class ToolStats:
    """One tool: proposed, said yes and no to, edited before a yes."""

    tool: str
    proposed: int
    accepted: int
    rejected: int
    edited: int
    resting: bool

    @property
    def percent(self) -> int | None:
        """Accept rate in whole percent; None before the first decision."""
        decided = self.accepted + self.rejected
        return None if decided == 0 else round(100 * self.accepted / decided)


@dataclass(frozen=True, slots=True)
class MissionStats:
    """The whole picture of a mission, or of all of somebody's missions."""

    tools: tuple[ToolStats, ...]
    iterations: int
    failed: int
    nothing: int
    tokens: int
    cost_microusd: int
    unknown_costs: int
    """Calls whose price is not known."""
    median_decision: timedelta | None


def summarise(iterations: Sequence[Iteration], records: Sequence[ToolRecord], resting: Sequence[str]) -> MissionStats:
    """Return the stats; `records` in any order."""
    by_tool: dict[str, list[ToolRecord]] = defaultdict(list)
    for record in records:
        by_tool[record.tool].append(record)
    tools = [
        ToolStats(
            tool=tool,
            proposed=len(own),
            accepted=sum(one.state in DECIDED and one.state is not StepState.REJECTED for one in own),
            rejected=sum(one.state is StepState.REJECTED for one in own),
            edited=sum(one.edited for one in own),
            resting=tool in resting,
        )
        for tool, own in by_tool.items()
    ]
    waits = sorted(one.decided_at - one.created_at for one in records if one.decided_at is not None)
    return MissionStats(
        tools=tuple(sorted(tools, key=lambda one: (-one.proposed, one.tool))),
        iterations=len(iterations),
        failed=sum(one.status == "failed" for one in iterations),
        nothing=sum(one.status == "nothing-to-do" for one in iterations),
        tokens=sum(one.tokens for one in iterations),
        cost_microusd=sum(one.cost_microusd or 0 for one in iterations),
        unknown_costs=sum(one.tokens > 0 and one.cost_microusd is None for one in iterations),
        median_decision=waits[len(waits) // 2] if waits else None,
    )
