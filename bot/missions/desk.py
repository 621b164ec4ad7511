"""Small pieces that all mission services share: reading, owners, posts, redraws, the iteration's status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.actors import Actor
from bot.errors import NotFound
from bot.missions.model import (
    Agent,
    Iteration,
    IterationStatus,
    LifeState,
    Mission,
    Part,
    Step,
    StepEvent,
    StepState,
    Vote,
)
from bot.missions.proposals import iteration_status
from bot.missions.quorum import mark, missing, votes_needed
from bot.outbox_model import DeliveryDraft, TargetKind
from bot.slots import SlotDraft
from storage.repositories.mission_steps import StepRepository
from storage.repositories.missions import MissionRepository
from storage.unit import Database, Reading, Unit

SYSTEM = Actor.system("missions")

LIST = "/mission list"
STEP_CARD, HEADER_CARD, NOTICE_CARD = "mission.step", "mission.header", "mission.notice"


@dataclass(frozen=True, slots=True)
class StepView:
    """All that a proposal's card shows."""

    step: Step
    iteration: Iteration
    mission: Mission
    agent: Agent
    votes: tuple[Vote, ...] = ()
    """Who agreed to what it says now."""

    @property
    def open_parts(self) -> tuple[Part, ...]:
        """Who still has to agree, going by what those who did could fill then."""
        return missing(self.mission.quorum, [vote.fits for vote in self.votes])


@dataclass(frozen=True, slots=True)
class RunView:
    """All that an iteration's card shows."""

    iteration: Iteration
    mission: Mission
    agent: Agent
    steps: tuple[Step, ...]
    events: tuple[StepEvent, ...] = ()
    """What happened to the steps, oldest first; read for the history only."""


async def the_mission(unit: Reading, mission_id: str) -> Mission:
    """Return a mission of this unit's owner. Raises NotFound; somebody else's reads the same."""
    mission = await unit.repo(MissionRepository).mission(mission_id)
    if mission is None:
        raise NotFound("mission", LIST)
    return mission


async def the_agent(unit: Reading, agent_id: str) -> Agent:
    agent = await unit.repo(MissionRepository).agent(agent_id)
    if agent is None:
        raise NotFound("agent", "/mission agents")
    return agent


async def the_step(unit: Reading, step_id: str) -> Step:
    step = await unit.repo(StepRepository).step(step_id)
    if step is None:
        raise NotFound("proposal", "/mission review")
    return step


async def the_iteration(unit: Reading, iteration_id: str) -> Iteration:
    iteration = await unit.repo(StepRepository).iteration(iteration_id)
    if iteration is None:
        raise NotFound("mission", LIST)
    return iteration


async def owner_of_step(database: Database, step_id: str) -> int:
    """Return whose proposal this is. Raises NotFound."""
    async with database.system_read() as unit:
        owner = await unit.repo(StepRepository).owner_of_step(step_id)
    if owner is None:
        raise NotFound("proposal", "/mission review")
    return owner


async def owner_of_iteration(database: Database, iteration_id: str) -> int:
    """Return whose iteration this is. Raises NotFound."""
    async with database.system_read() as unit:
        owner = await unit.repo(StepRepository).owner_of_iteration(iteration_id)
    if owner is None:
        raise NotFound("mission", LIST)
    return owner


async def step_view(unit: Reading, step: Step) -> StepView:
    mission = await the_mission(unit, step.mission_id)
    iteration = await the_iteration(unit, step.iteration_id)
    votes = await votes_now(unit, step) if votes_needed(mission.quorum) > 1 else ()
    return StepView(step, iteration, mission, await the_agent(unit, mission.agent_id), votes)


async def votes_now(unit: Reading, step: Step) -> tuple[Vote, ...]:
    """Return who agreed to what a step says now; what was agreed to another text says nothing."""
    given = await unit.repo(StepRepository).votes(step.id)
    return tuple(vote for vote in given if vote.seen in ("", mark(step)))


async def run_view(unit: Reading, iteration_id: str) -> RunView:
    steps = unit.repo(StepRepository)
    iteration = await the_iteration(unit, iteration_id)
    mission = await the_mission(unit, iteration.mission_id)
    agent = await the_agent(unit, mission.agent_id)
    return RunView(iteration, mission, agent, tuple(await steps.steps([iteration_id])))


def post(mission: Mission, kind: str, key: str, payload: Mapping[str, object]) -> DeliveryDraft:
    """Return a post to where the mission's proposals go."""
    place: TargetKind = "dm" if mission.channel_id is None else "channel"
    target = mission.owner_id if mission.channel_id is None else mission.channel_id
    return DeliveryDraft(kind, key, place, target, payload, owner=mission.owner_id)


async def redraw(unit: Unit, step: Step) -> None:
    """Have the cards of a step and of its iteration drawn again.

    Also the one that a press draws by itself: its answer may get lost, or come late.
    """
    unit.touch(STEP_CARD, step.id)
    unit.touch(HEADER_CARD, step.iteration_id)
    if step.asked_client is not None:
        await unit.add_slots([client_slot(step.id, step.owner_id, unit)])


def client_slot(step_id: str, owner: int, unit: Unit) -> SlotDraft:
    """Return the due work of telling a client's people of a step, and of drawing theirs again."""
    return SlotDraft(f"mission_client:{step_id}:{unit.group_id}", "mission_client", step_id, unit.now, owner=owner)


async def settle_iteration(unit: Unit, iteration_id: str) -> IterationStatus:
    """Name the iteration anew from its steps."""
    steps = unit.repo(StepRepository)
    status = iteration_status([step.status for step in await steps.steps([iteration_id])])
    await steps.set_iteration(iteration_id, status=str(status))
    return status


async def withdraw(
    unit: Unit, steps: Sequence[Step], state: StepState, reason: str, *, actor: Actor | None = None
) -> int:
    """End pending proposals without effect; return how many were still pending."""
    repository, ended = unit.repo(StepRepository), 0
    for step in steps:
        moved = await repository.move(step, state, reason=reason, actor=actor)
        if moved is not None:
            ended += 1
            await redraw(unit, moved)
    for iteration_id in {step.iteration_id for step in steps}:
        await settle_iteration(unit, iteration_id)
    return ended


def run_slot(mission: Mission, iteration_id: str, key: str, due_at: datetime) -> SlotDraft:
    """Return the due work of an iteration."""
    return SlotDraft(key=key, kind="mission", subject_id=iteration_id, due_at=due_at, owner=mission.owner_id)


def is_running(mission: Mission) -> bool:
    return mission.state is LifeState.ACTIVE and mission.deleted_at is None
