"""Planning by rules: the ideas of every input, weighed, the best few without repeats. Pure. Not AI, and said so."""

from collections.abc import Collection, Sequence

from bot.missions.inputs import Idea
from bot.missions.planner import Plan, PlannedStep
from bot.missions.tools import Catalogue, UnknownTool, WrongParams, content_hash


def plan_by_rules(
    ideas: Sequence[Idea],
    catalogue: Catalogue,
    offered: Collection[str],
    avoid: Collection[str],
    steps: int,
    summary: str,
) -> Plan:
    """Return the plan of the heaviest ideas whose tools are offered and that are not in `avoid` (content hashes).

    One thing at a time: at most one step for the same entity (the first id of its params).
    """
    chosen: list[PlannedStep] = []
    touched: set[tuple[str, str]] = set()
    for idea in sorted(ideas, key=lambda one: (-one.weight, one.tool, one.summary)):
        if idea.tool not in offered:
            continue
        try:
            _, params = catalogue.read(idea.tool, dict(idea.params))
        except (UnknownTool, WrongParams):
            continue
        entity = (idea.tool.partition(".")[0], _entity(idea))
        if content_hash(idea.tool, params.model_dump(mode="json")) in avoid or (entity[1] and entity in touched):
            continue
        touched.add(entity)
        chosen.append(
            PlannedStep(tool=idea.tool, summary=idea.summary, rationale=idea.rationale, params=dict(idea.params))
        )
        if len(chosen) == steps:
            break
    return Plan(summary=summary if chosen else "", steps=chosen)


def _entity(idea: Idea) -> str:
    for name, value in idea.params.items():
        if name.endswith("_id") and name != "loop_id":
            return str(value)
    return ""
