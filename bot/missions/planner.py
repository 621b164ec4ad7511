"""Planning by AI: what goes into the prompt, and the checks of every step outside the model. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field

from bot.ai.model import JsonValue, Reply
from bot.ai.others import may_go
from bot.ai.sent import Item, Sender
from bot.errors import BotError
from bot.missions.inputs import InputSource, Trimmed, as_data
from bot.missions.model import Agent, Dropped, InputKind, Iteration, Mission, Policy, Preview, Step
from bot.missions.policy import is_personal, policy_of
from bot.missions.tools import AnyTool, Catalogue, Params, Scene, UnknownTool, WrongParams, content_hash, tidy

PROMPT = "mission_plan"
RULES = "rules"
"""The planner that asks nobody."""
_SUMMARY, _RATIONALE = 200, 600
_OWN = (
    Item("mission", ("agent_role", "mission.title", "mission.concept", "mission.objective", "local_time")),
    Item(
        "past",
        (
            "earlier_iterations.number",
            "earlier_iterations.summary",
            "earlier_iterations.outcome",
            "earlier_iterations.steps.tool",
            "earlier_iterations.steps.params",
            "earlier_iterations.steps.summary",
            "earlier_iterations.steps.decision",
        ),
    ),
    Item(
        "decided",
        ("earlier_iterations.steps.reason_given", "earlier_iterations.steps.changed_by_the_person_to"),
    ),
    Item("tools", (), facts=("tools", "steps")),
    Item("feedback", ("feedback_of_the_person",)),
    Item("inputs", ("inputs.kind", "inputs.title", "inputs.missing")),
    Item("cut", ("inputs.cut_after_characters", "inputs.beginning", "inputs_cut")),
)


class PlannedStep(BaseModel):
    """A step as the planner gives it, before any check."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    tool: str = ""
    summary: str = ""
    rationale: str = ""
    params: dict[str, object] = Field(default_factory=dict)


class Plan(Reply):
    """What a planner answers. An empty list of steps is a valid plan: nothing to do."""

    summary: str = ""
    steps: list[PlannedStep] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReadyStep:
    """A step that passed every check."""

    tool: AnyTool
    params: Params
    summary: str
    rationale: str
    policy: Policy
    preview: Preview
    content_hash: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What of a plan may be staged, and what was dropped with its reason (a string key's end)."""

    ready: tuple[ReadyStep, ...]
    dropped: tuple[Dropped, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a plan is checked against: policies of the agent, tools at rest, steps not to repeat."""

    policies: Mapping[str, Policy]
    resting: Collection[str] = ()
    pending_hashes: Collection[str] = ()
    rejected_hashes: Collection[str] = ()
    tool_runs_today: Mapping[str, int] = field(default_factory=dict[str, int])
    runs_cap: int = 20
    steps_cap: int = 3
    is_studio: bool = False
    """Whether a server owns the mission: tools of what is somebody's own do not exist for it."""


def sends(sources: Iterable[InputSource]) -> Sender:
    """Return what missions send: of their own, and of each kind of input."""
    place = "inputs.content"
    notes = Item("notes", (f"{place}.{InputKind.NOTE}",))
    of_inputs = (source.sends.under(f"{place}.{source.kind}") for source in sources)
    return Sender("missions", (PROMPT,), (*_OWN, *of_inputs, notes))


def offered(catalogue: Catalogue, bounds: Bounds) -> tuple[str, ...]:
    """Return the tools that the planner hears of: denied and resting ones do not exist for it."""
    return tuple(
        tool.name
        for tool in catalogue
        if policy_of(tool.name, tool.default, bounds.policies) is not Policy.DENY
        and tool.name not in bounds.resting
        and not (bounds.is_studio and is_personal(tool.name))
    )


async def check(plan: Plan, catalogue: Catalogue, scene: Scene, bounds: Bounds) -> Checked:
    """Check every step of a plan; nothing that a planner writes is taken on trust."""
    ready: list[ReadyStep] = []
    dropped: list[Dropped] = []
    seen: set[str] = set()
    for planned in plan.steps[:50]:
        outcome = await _check_one(planned, catalogue, scene, bounds, seen)
        if isinstance(outcome, str):
            dropped.append(Dropped(tidy(planned.tool, 64), tidy(planned.summary, _SUMMARY), outcome))
        elif len(ready) >= bounds.steps_cap:
            dropped.append(Dropped(planned.tool[:64], outcome.summary, "too_many"))
        else:
            seen.add(outcome.content_hash)
            ready.append(outcome)
    if len(plan.steps) > 50:
        dropped.append(Dropped("", f"+{len(plan.steps) - 50}", "too_many"))
    return Checked(tuple(ready), tuple(dropped))


async def _check_one(
    planned: PlannedStep, catalogue: Catalogue, scene: Scene, bounds: Bounds, seen: Collection[str]
) -> ReadyStep | str:
    rationale = tidy(planned.rationale, _RATIONALE)
    if not rationale:
        return "no_rationale"
    try:
        tool, params = catalogue.read(planned.tool, planned.params)
    except UnknownTool:
        return "unknown_tool"
    except WrongParams:
        return "wrong_params"
    policy = policy_of(tool.name, tool.default, bounds.policies)
    if policy is Policy.DENY or (bounds.is_studio and is_personal(tool.name)):
        return "denied"
    if tool.name in bounds.resting:
        return "resting"
    if bounds.tool_runs_today.get(tool.name, 0) >= bounds.runs_cap:
        return "runs_today"
    digest = content_hash(tool.name, params.model_dump(mode="json"))
    if digest in seen or digest in bounds.pending_hashes:
        return "duplicate"
    if digest in bounds.rejected_hashes:
        return "rejected_before"
    try:
        preview = await tool.preview(scene, params)
        gain = await tool.gain(scene, params) if tool.gain else None
    except BotError as refusal:
        return f"refused:{refusal.code}"
    if gain is not None and gain < 0:
        return "no_gain"
    return ReadyStep(tool, params, tidy(planned.summary, _SUMMARY), rationale, policy, preview, digest)


def prompt_data(
    mission: Mission,
    agent: Agent,
    inputs: Trimmed,
    past: Sequence[tuple[Iteration, Sequence[Step]]],
    now: Iteration,
    local_time: str,
    agreed: Collection[int] = (),
) -> dict[str, JsonValue]:
    """Return the data part of the planning prompt; people's names and ids are not in it.

    What others wrote as they decided goes along only where they agreed to AI for themselves.
    """
    may_go_of = frozenset((*agreed, mission.owner_id))
    return {
        "agent_role": agent.role_text,
        "mission": {"title": mission.title, "concept": mission.concept, "objective": mission.objective},
        "local_time": local_time,
        "inputs": as_data(inputs),
        "inputs_cut": list(inputs.cut),
        "earlier_iterations": [_past(iteration, steps, may_go_of) for iteration, steps in past],
        "feedback_of_the_person": now.feedback if may_go(now.feedback_by, may_go_of) else "",
    }


def writers(now: Iteration, past: Sequence[tuple[Iteration, Sequence[Step]]]) -> frozenset[int]:
    """Return the people who asked for this run or decided steps of earlier ones."""
    found = (now.feedback_by, *(step.decided_by for _, steps in past for step in steps))
    return frozenset(one for one in found if one is not None)


def _past(iteration: Iteration, steps: Sequence[Step], may_go_of: Collection[int]) -> JsonValue:
    return {
        "number": iteration.number,
        "summary": iteration.summary,
        "outcome": str(iteration.status),
        "steps": [_past_step(step, may_go_of, by_rules=iteration.planner == RULES) for step in steps],
    }


def _past_step(step: Step, may_go_of: Collection[int], *, by_rules: bool) -> JsonValue:
    # Without somebody who decided, the reason is a word of ours; an edit is always somebody's.
    reason = step.reason if may_go(step.decided_by, may_go_of) else ""
    edited = step.edited if step.decided_by in may_go_of else None
    return {
        "tool": step.tool,
        "params": {key: _plain(value) for key, value in step.params.items()},
        # The rules name things for people to read, also what is not for the AI; tool and params say the same.
        "summary": "" if by_rules else step.summary,
        "decision": str(step.status),
        "reason_given": reason,
        "changed_by_the_person_to": None if edited is None else {key: _plain(value) for key, value in edited.items()},
    }


def _plain(value: object) -> JsonValue:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
