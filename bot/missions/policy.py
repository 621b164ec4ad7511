"""Which policy a tool has for an agent: tool → area → agent → propose. Pure."""

from collections.abc import Collection, Mapping, Sequence

from bot.missions.model import InputKind, Policy, StepState, ToolRecord
from bot.missions.proposals import DECIDED
from bot.missions.rules import MissionRules

GLOBAL_DEFAULT = Policy.PROPOSE
PERSONAL_AREAS = frozenset({"coach", "reminder", "phase", "digest"})
PERSONAL_INPUTS = frozenset({InputKind.GOALS, InputKind.WEEK, InputKind.METRICS, InputKind.PHASE})
"""What is somebody's own, whatever is asked for: a studio's mission neither reads nor changes it."""


def is_personal(tool: str) -> bool:
    """Tell whether a tool changes what is always a person's."""
    return tool.partition(".")[0] in PERSONAL_AREAS


def policy_of(tool: str, default: Policy | None, overrides: Mapping[str, Policy]) -> Policy:
    """Return the policy of `area.tool`; `default` is the tool's own, used where nobody said otherwise.

    >>> policy_of("loop.add_clip", Policy.PROPOSE, {"loop": Policy.DENY, "": Policy.AUTO})
    <Policy.DENY: 'deny'>
    """
    area = tool.partition(".")[0]
    for name in (tool, area):
        if name in overrides:
            return overrides[name]
    if "" in overrides:
        # An agent's own default never makes something run by itself that its tool wants to be asked for.
        return overrides[""] if overrides[""] is not Policy.AUTO else default or GLOBAL_DEFAULT
    return default or GLOBAL_DEFAULT


def accept_rate(records: Sequence[ToolRecord], window: int) -> tuple[int, int]:
    """Return (accepted, decided) over the newest `window` decided proposals; `records` newest first."""
    decided = [record for record in records if record.state in DECIDED][:window]
    accepted = sum(record.state is not StepState.REJECTED for record in decided)
    return accepted, len(decided)


def resting_tools(records: Mapping[str, Sequence[ToolRecord]], rules: MissionRules) -> Collection[str]:
    """Return the tools that people turn down too often to be proposed on: under 20% of the last 20."""
    resting = set()
    for tool, own in records.items():
        accepted, decided = accept_rate(own, rules.accept_rate_window)
        full = decided >= rules.accept_rate_window
        if full and accepted * 100 < rules.accept_rate_floor_percent * decided:
            resting.add(tool)
    return resting
