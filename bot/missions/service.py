"""Missions and agents: making, changing, stopping, starting, looking. Runs: runs.py. Decisions: decisions.py."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from bot.actors import Actor
from bot.errors import NotFound, Refused
from bot.missions.cadence import Cadence, Event, format_cadence, next_run, parse_cadence, spread
from bot.missions.desk import (
    LIST,
    RunView,
    is_running,
    redraw,
    run_slot,
    run_view,
    the_agent,
    the_iteration,
    the_mission,
    withdraw,
)
from bot.missions.inputs import Choice, InputSource, store_refs
from bot.missions.model import (
    Agent,
    InputKind,
    InputRef,
    Iteration,
    IterationStatus,
    LifeState,
    Mission,
    Part,
    Phase,
    Policy,
    RunSource,
    Schedule,
    Step,
    StepState,
    ToolRecord,
)
from bot.missions.policy import PERSONAL_INPUTS, is_personal, policy_of, resting_tools
from bot.missions.ports import People
from bot.missions.quorum import (
    ANY_APPROVER,
    ANY_LEAD,
    asks_client,
    check_parts,
    store_parts,
    votes_needed,
)
from bot.missions.rules import MissionRules, mission_rules
from bot.missions.stats import MissionStats, summarise
from bot.missions.tools import Catalogue
from bot.slots import SlotDraft
from storage.repositories.mission_steps import StepRepository
from storage.repositories.missions import MissionRepository
from storage.repositories.studio import RequestRepository
from storage.unit import Database, Reading, Unit

DEFAULT_AGENT = "Studio"
_TITLE, _OBJECTIVE, _CONCEPT, _ROLE, _NOTE = 80, 500, 2000, 1000, 500


@dataclass(frozen=True, slots=True)
class MissionDraft:
    """What the form asks for."""

    title: str
    objective: str
    cadence: str
    inputs: tuple[InputRef, ...] = ()
    concept: str = ""
    guild_id: int | None = None
    channel_id: int | None = None
    agent_id: str | None = None
    quorum: tuple[Part, ...] = ()
    """Who has to agree; nothing: who decides such a mission usually."""
    quorum_without_proposer: bool = False
    uses_rules: bool = True


@dataclass(frozen=True, slots=True)
class MissionView:
    """All that the card of a mission shows."""

    mission: Mission
    agent: Agent
    schedule: Schedule | None
    runs: tuple[Iteration, ...]
    steps: tuple[Step, ...]
    """Steps of the newest runs."""
    pending: int
    client: str = ""
    """Whom it is filed under."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A mission or agent was changed; `group_id` is what Undo needs."""

    mission: Mission
    group_id: str
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class AgentView:
    """All that the panel of agents shows."""

    agents: tuple[Agent, ...]
    policies: dict[str, Policy]
    """Tool → policy of the first agent, as it comes out of all the rules."""
    resting: tuple[str, ...]
    missions: dict[str, int]


class MissionService:
    """What a person does with missions. One method a use case."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        sources: Sequence[InputSource],
        people: People,
        rules: MissionRules | None = None,
    ) -> None:
        self._database = database
        self.catalogue = catalogue
        self.sources = {source.kind: source for source in sources}
        self._people = people
        self.rules = rules or mission_rules()

    # ------------------------------------------------------------------ missions

    async def new(self, actor: Actor, owner: int, draft: MissionDraft, key: str | None = None) -> Changed:
        """Make a mission. `key` (the interaction) makes a repeat give the first one.

        Raises Refused for a cadence, text or input that is not accepted, and over the cap.
        """
        cadence = self._checked(draft)
        is_studio = await self._checked_for(owner, draft)
        quorum = draft.quorum or (ANY_LEAD if is_studio else ANY_APPROVER)
        if asks_client(quorum):
            raise Refused("mission_client_unfiled", mission=draft.title.strip())
        zone = await self._people.zone(owner, draft.guild_id)
        async with self._database.write(actor, owner, "mission.new") as unit:
            missions = unit.repo(MissionRepository)
            if key is not None:
                found = await unit.repo(RequestRepository).result(key)
                if found is not None:
                    return Changed(await the_mission(unit, found), unit.group_id)
            if await missions.count() >= self.rules.max_missions:
                raise Refused("mission_too_many", count=self.rules.max_missions)
            agent = await self._agent_for(unit, draft.agent_id)
            mission = await missions.add_mission(
                {
                    "guild_id": draft.guild_id,
                    "agent_id": agent.id,
                    "title": draft.title.strip(),
                    "concept": draft.concept.strip(),
                    "objective": draft.objective.strip(),
                    "inputs": store_refs(draft.inputs),
                    "cadence": format_cadence(cadence),
                    "channel_id": draft.channel_id,
                    "state": str(LifeState.ACTIVE),
                    **_quorum_values(quorum),
                    "quorum_without_proposer": draft.quorum_without_proposer,
                    "uses_rules": draft.uses_rules,
                    "paused_until": None,
                    "deleted_at": None,
                }
            )
            await missions.add_schedule(mission.id, zone.key, mission.cadence)
            await self._plan_next(unit, mission, zone)
            if key is not None:
                await unit.repo(RequestRepository).remember(key, mission.id)
            return Changed(mission, unit.group_id)

    async def edit(self, actor: Actor, owner: int, mission_id: str, draft: MissionDraft) -> Changed:
        """Change a mission; the next run follows the new cadence, at most one a local day."""
        cadence = self._checked(draft)
        await self._checked_for(owner, draft)
        zone = await self._people.zone(owner, draft.guild_id)
        async with self._database.write(actor, owner, "mission.edit") as unit:
            old = await the_mission(unit, mission_id)
            quorum = draft.quorum or old.quorum
            mission = await unit.repo(MissionRepository).change_mission(
                mission_id,
                title=draft.title.strip(),
                objective=draft.objective.strip(),
                concept=draft.concept.strip() or old.concept,
                inputs=store_refs(draft.inputs),
                cadence=format_cadence(cadence),
                channel_id=draft.channel_id,
                **_quorum_values(quorum),
                quorum_without_proposer=draft.quorum_without_proposer,
                uses_rules=draft.uses_rules,
                **({"agent_id": (await the_agent(unit, draft.agent_id)).id} if draft.agent_id else {}),
            )
            await self._plan_next(unit, mission, zone)
            return Changed(mission, unit.group_id)

    async def decide_by(self, actor: Actor, owner: int, mission_id: str, parts: tuple[Part, ...]) -> Changed:
        """Let others decide a mission's steps from now on, also those that wait already.

        Raises Refused for what can't be asked for, and for a client's part where the mission is filed under none.
        """
        check_parts(parts, self.rules.quorum_cap)
        async with self._database.write(actor, owner, "mission.decide_by") as unit:
            mission = await the_mission(unit, mission_id)
            if asks_client(parts) and mission.client_id is None:
                raise Refused("mission_client_unfiled", mission=mission.title)
            mission = await unit.repo(MissionRepository).change_mission(mission_id, **_quorum_values(parts))
            await self._ask_anew(unit, mission)
            return Changed(mission, unit.group_id)

    async def filed(self, unit: Unit, kind: str, thing_id: str) -> None:
        """Follow what is filed under a client, in the transaction that files it: its people are asked from now on."""
        mission = await unit.repo(MissionRepository).mission(thing_id) if kind == "mission" else None
        if mission is not None:
            await self._ask_anew(unit, mission)

    @staticmethod
    async def _ask_anew(unit: Unit, mission: Mission) -> None:
        """Ask those who decide now for every step that waits, also the client's people."""
        asked = mission.client_id if asks_client(mission.quorum) else None
        for step in await unit.repo(StepRepository).pending(mission.id):
            changed = step
            if step.asked_client != asked:
                # Who was asked before sees that they no longer are.
                await redraw(unit, step)
                changed = await unit.repo(StepRepository).set_step(step, asked_client=asked) or step
            await redraw(unit, changed)

    async def pause(self, actor: Actor, owner: int, mission_id: str, until: datetime | None = None) -> Changed:
        """Stop a mission; its pending proposals are withdrawn, a running plan is dropped."""
        async with self._database.write(actor, owner, "mission.pause") as unit:
            mission = await the_mission(unit, mission_id)
            if until is not None and until <= unit.now:
                raise Refused("mission_until_past")
            withdrawn = await self._stop(unit, mission, LifeState.PAUSED, until=until)
            if until is not None:
                slot = SlotDraft(
                    key=f"mission_resume:{mission_id}:{until.isoformat()}",
                    kind="mission_resume",
                    subject_id=mission_id,
                    due_at=until,
                    owner=owner,
                )
                await unit.add_slots([slot])
            return Changed(await the_mission(unit, mission_id), unit.group_id, withdrawn)

    async def resume(self, actor: Actor, owner: int, mission_id: str) -> Changed:
        """Start a mission again, at its normal pace."""
        async with self._database.write(actor, owner, "mission.resume") as unit:
            mission = await unit.repo(MissionRepository).change_mission(
                (await the_mission(unit, mission_id)).id, state=LifeState.ACTIVE, paused_until=None
            )
            await unit.repo(MissionRepository).set_schedule(mission_id, failures=0, quiet_runs=0, stride=1)
            await self._plan_next(unit, mission)
            return Changed(mission, unit.group_id)

    async def delete(self, actor: Actor, owner: int, mission_id: str) -> Changed:
        """Put a mission into the bin; pending proposals are withdrawn."""
        async with self._database.write(actor, owner, "mission.delete") as unit:
            mission = await the_mission(unit, mission_id)
            withdrawn = await self._stop(unit, mission, mission.state, deleted_at=unit.now)
            return Changed(await the_mission(unit, mission_id), unit.group_id, withdrawn)

    async def restore(self, actor: Actor, owner: int, mission_id: str) -> Changed:
        """Take a mission out of the bin."""
        async with self._database.write(actor, owner, "mission.restore") as unit:
            mission = await unit.repo(MissionRepository).change_mission(
                (await the_mission(unit, mission_id)).id, deleted_at=None
            )
            await self._plan_next(unit, mission)
            return Changed(mission, unit.group_id)

    async def finish(self, actor: Actor, owner: int, mission_id: str) -> Changed:
        """Mark a mission as done: it does not run any more."""
        async with self._database.write(actor, owner, "mission.finish") as unit:
            mission = await the_mission(unit, mission_id)
            withdrawn = await self._stop(unit, mission, LifeState.DONE)
            return Changed(await the_mission(unit, mission_id), unit.group_id, withdrawn)

    async def run_now(self, actor: Actor, owner: int, mission_id: str, key: str) -> Iteration:
        """Start an iteration by hand, on the same path as the tick. `key` makes a repeat give the first."""
        async with self._database.write(actor, owner, "mission.run") as unit:
            mission = await the_mission(unit, mission_id)
            if not is_running(mission):
                raise Refused("mission_not_active", mission=mission.title, state=str(mission.state))
            return await start_iteration(unit, mission, RunSource.MANUAL, f"mission:{mission_id}:run:{key}")

    async def cancel(self, actor: Actor, owner: int, iteration_id: str) -> Iteration:
        """Stop a running iteration; what it would have staged is never staged."""
        async with self._database.write(actor, owner, "mission.cancel") as unit:
            steps = unit.repo(StepRepository)
            stopped = await steps.set_iteration(
                iteration_id,
                running_only=True,
                status=str(IterationStatus.CANCELLED),
                phase=str(Phase.FINISHED),
                finished_at=unit.now,
            )
            iteration = await steps.iteration(iteration_id)
            if iteration is None:
                raise NotFound("mission", LIST)
            if not stopped:
                raise Refused("mission_run_over")
            return iteration

    async def happened(self, owner: int, event: Event, subject: str, key: str) -> int:
        """Run the owner's missions that wait for an event; `key` names the occurrence. Return how many."""
        async with self._database.write(Actor.system("missions"), owner, "mission.event") as unit:
            missions = unit.repo(MissionRepository)
            waiting = await missions.waiting_for(str(event), subject)
            for mission_id in waiting:
                mission = await the_mission(unit, mission_id)
                await start_iteration(unit, mission, RunSource.EVENT, f"mission:{mission_id}:on:{event}:{key}")
        return len(waiting)

    async def follow_zone(self, owner: int) -> None:
        """Let the owner's missions follow a changed time zone of theirs, or of the server a mission is in.

        Stopped and binned ones too: started again, they go on in the zone they hold.
        """
        async with self._database.read(owner) as unit:
            missions = unit.repo(MissionRepository)
            found = [*await missions.missions(tuple(LifeState)), *await missions.missions(binned=True)]
            schedules = await missions.schedules([mission.id for mission in found])
        zones = {guild: await self._people.zone(owner, guild) for guild in {mission.guild_id for mission in found}}
        moved = [
            mission
            for mission in found
            if mission.id in schedules and schedules[mission.id].zone != zones[mission.guild_id].key
        ]
        if not moved:
            return
        async with self._database.write(Actor.system("settings"), owner, "mission.follow_zone") as unit:
            for mission in moved:
                await self._plan_next(unit, mission, zones[mission.guild_id])

    async def server_changed(self, guild_id: int) -> None:
        """Let the missions of a server follow its changed settings: they are other people's, so each in its turn."""
        async with self._database.write(Actor.system("settings"), guild_id, "mission.server_changed") as unit:
            key = f"mission_zone:{guild_id}:{unit.group_id}"
            await unit.add_slots([SlotDraft(key, "mission_zone", str(guild_id), unit.now)])

    # ------------------------------------------------------------------ looking

    async def listed(
        self, owner: int, which: Literal["open", "done", "archived", "bin"] = "open"
    ) -> list[tuple[Mission, Schedule | None]]:
        """Return missions, newest first, with when they run next."""
        states = {
            "open": (LifeState.ACTIVE, LifeState.PAUSED),
            "done": (LifeState.DONE,),
            "archived": (LifeState.ARCHIVED,),
            "bin": (),
        }[which]
        async with self._database.read(owner) as unit:
            missions = unit.repo(MissionRepository)
            found = await missions.missions(states, binned=which == "bin")
            schedules = await missions.schedules([mission.id for mission in found])
        return [(mission, schedules.get(mission.id)) for mission in found]

    async def owner_of(self, mission_id: str) -> int | None:
        """Return whose mission it is. Whoever asks must then ask whether this person may see it."""
        async with self._database.system_read() as unit:
            return await unit.repo(MissionRepository).owner_of(mission_id)

    async def search(self, owner: int, typed: str, limit: int = 25, studio: int | None = None) -> list[Mission]:
        """Return missions for autocomplete: one's own, then this server's."""
        found: list[Mission] = []
        for one in (owner,) if studio is None else (owner, studio):
            async with self._database.read(one) as unit:
                found += await unit.repo(MissionRepository).find_missions(typed, limit)
        return found[:limit]

    async def show(self, owner: int, mission_id: str, runs: int = 3) -> MissionView:
        """Return a mission with its newest runs: who did what, and why."""
        async with self._database.read(owner) as unit:
            mission = await the_mission(unit, mission_id)
            steps = unit.repo(StepRepository)
            iterations = await steps.iterations(mission_id, runs)
            view = MissionView(
                mission,
                await the_agent(unit, mission.agent_id),
                await unit.repo(MissionRepository).schedule(mission_id),
                tuple(iterations),
                tuple(await steps.steps([iteration.id for iteration in iterations])),
                len(await steps.pending(mission_id)),
            )
        if mission.client_id is None:
            return view
        return replace(view, client=await self._people.client_name(owner, mission.client_id))

    async def history(self, owner: int, mission_id: str, page: int, size: int) -> tuple[list[RunView], int]:
        """Return one page of runs, newest first, and how many runs there are."""
        async with self._database.read(owner) as unit:
            mission = await the_mission(unit, mission_id)
            agent = await the_agent(unit, mission.agent_id)
            steps = unit.repo(StepRepository)
            runs = await steps.iterations(mission_id, size, page * size)
            count = await steps.count_iterations(mission_id)
            found = await steps.steps([run.id for run in runs])
            events = tuple(await steps.events([step.id for step in found]))
        return [
            RunView(run, mission, agent, tuple(step for step in found if step.iteration_id == run.id), events)
            for run in runs
        ], count

    async def run(self, owner: int, iteration_id: str) -> RunView:
        """Return one iteration with its steps."""
        async with self._database.read(owner) as unit:
            return await run_view(unit, iteration_id)

    async def stats(self, owner: int, mission_id: str | None = None) -> MissionStats:
        """Return accept rates, tokens and cost of a mission, or of all."""
        async with self._database.read(owner) as unit:
            if mission_id is not None:
                await the_mission(unit, mission_id)
            steps = unit.repo(StepRepository)
            iterations = await steps.iterations(mission_id, 1_000)
            records = await steps.records(mission_id)
            resting = await resting_now(unit, self.rules)
        return summarise(iterations, records, resting)

    async def input_choices(self, owner: int) -> list[Choice]:
        """Return what a mission could read, for the form; one of a studio reads nothing that is a person's."""
        found: list[Choice] = []
        is_studio = await self._people.is_server(owner)
        for source in self.sources.values():
            if not (is_studio and source.kind in PERSONAL_INPUTS):
                found.extend(await source.choices(owner))
        return found

    # ------------------------------------------------------------------ agents

    async def agents(self, actor: Actor, owner: int) -> AgentView:
        """Return the panel of agents; the default one is made when first looked for."""
        async with self._database.write(actor, owner, "mission.agents") as unit:
            await self._agent_for(unit, None)
            missions = unit.repo(MissionRepository)
            agents = await missions.agents()
            counts: dict[str, int] = {}
            for mission in await missions.missions():
                counts[mission.agent_id] = counts.get(mission.agent_id, 0) + 1
            resting = await resting_now(unit, self.rules)
        first = agents[0]
        is_studio = await self._people.is_server(owner)
        policies = {
            tool.name: policy_of(tool.name, tool.default, first.policies)
            for tool in self.catalogue
            if not (is_studio and is_personal(tool.name))
        }
        return AgentView(tuple(agents), policies, tuple(sorted(resting)), counts)

    async def new_agent(self, actor: Actor, owner: int, name: str, role_text: str) -> Agent:
        """Make an agent. Raises Refused over the cap or for a name that is taken."""
        name, role_text = _bounded(name, _TITLE, "mission_agent_name"), role_text.strip()[:_ROLE]
        async with self._database.write(actor, owner, "mission.new_agent") as unit:
            missions = unit.repo(MissionRepository)
            agents = await missions.agents()
            if len(agents) >= self.rules.max_agents:
                raise Refused("mission_too_many_agents", count=self.rules.max_agents)
            if any(agent.name.casefold() == name.casefold() for agent in agents):
                raise Refused("mission_agent_taken", typed=name)
            return await missions.add_agent(name, role_text, 1, is_default=False)

    async def edit_agent(
        self, actor: Actor, owner: int, agent_id: str, *, role_text: str, max_tokens_per_day: int | None
    ) -> Agent:
        """Change an agent's role text and its daily tokens (None: the default)."""
        if max_tokens_per_day is not None and not 0 <= max_tokens_per_day <= 10_000_000:
            raise Refused("mission_tokens", typed=str(max_tokens_per_day))
        async with self._database.write(actor, owner, "mission.edit_agent") as unit:
            await the_agent(unit, agent_id)
            return await unit.repo(MissionRepository).change_agent(
                agent_id, role_text=role_text.strip()[:_ROLE], max_tokens_per_day=max_tokens_per_day
            )

    async def set_policy(self, actor: Actor, owner: int, agent_id: str, tool: str, policy: Policy | None) -> Agent:
        """Set the policy of a tool or an area for an agent; None goes back to the default."""
        if tool and tool not in self.catalogue and tool not in self.catalogue.areas:
            raise Refused("mission_no_tool", typed=tool[:64])
        async with self._database.write(actor, owner, "mission.set_policy") as unit:
            agent = await the_agent(unit, agent_id)
            policies = {name: value for name, value in agent.policies.items() if name != tool}
            if policy is not None:
                policies[tool] = policy
            return await unit.repo(MissionRepository).change_agent(agent_id, policies=policies)

    async def set_agent_state(self, actor: Actor, owner: int, agent_id: str, state: LifeState) -> Agent:
        """Pause, start or archive one agent."""
        async with self._database.write(actor, owner, "mission.agent_state") as unit:
            agent = await the_agent(unit, agent_id)
            return await self._set_agent(unit, agent, state)

    async def pause_all(self, actor: Actor, owner: int) -> tuple[int, int]:
        """Stop everything at once: all agents pause, pending proposals are withdrawn. Return both counts."""
        stopped = withdrawn = 0
        async with self._database.write(actor, owner, "mission.pause_all") as unit:
            steps = unit.repo(StepRepository)
            for agent in await unit.repo(MissionRepository).agents():
                if agent.state is LifeState.ACTIVE:
                    await self._set_agent(unit, agent, LifeState.PAUSED)
                    stopped += 1
            withdrawn = await withdraw(unit, await steps.pending(), StepState.WITHDRAWN, "paused")
        return stopped, withdrawn

    async def resume_all(self, actor: Actor, owner: int) -> int:
        """Start all paused agents again; return how many."""
        started = 0
        async with self._database.write(actor, owner, "mission.resume_all") as unit:
            missions = unit.repo(MissionRepository)
            for agent in await missions.agents():
                if agent.state is LifeState.PAUSED:
                    await missions.change_agent(agent.id, state=LifeState.ACTIVE)
                    started += 1
            for mission in await missions.missions((LifeState.ACTIVE,)):
                await self._plan_next(unit, mission)
        return started

    async def switch_on(self, actor: Actor, owner: int, tool: str) -> None:
        """Let a tool that was turned down too often be proposed again; its accept rate starts anew."""
        self.catalogue.get(tool)
        async with self._database.write(actor, owner, "mission.switch_on") as unit:
            missions = unit.repo(MissionRepository)
            at = int(unit.now.timestamp() * 1000)
            for mission in await missions.missions():
                await missions.set_switched_on(mission.id, tool, at)

    # ------------------------------------------------------------------ inside

    async def _set_agent(self, unit: Unit, agent: Agent, state: LifeState) -> Agent:
        missions = unit.repo(MissionRepository)
        changed = await missions.change_agent(agent.id, state=state)
        for mission in await missions.missions((LifeState.ACTIVE,)):
            if mission.agent_id == agent.id and state is LifeState.ACTIVE:
                await self._plan_next(unit, mission)
        if state is not LifeState.ACTIVE:
            await missions.stop_schedules(agent.id)
        return changed

    async def _agent_for(self, unit: Unit, agent_id: str | None) -> Agent:
        missions = unit.repo(MissionRepository)
        if agent_id is not None:
            return await the_agent(unit, agent_id)
        return await missions.default_agent() or await missions.add_agent(DEFAULT_AGENT, "", 1, is_default=True)

    async def _plan_next(self, unit: Unit, mission: Mission, zone: ZoneInfo | None = None) -> None:
        """Set when the mission runs next from its cadence; nothing where it is stopped.

        Without `zone` it stays in the one it has: to stop and to start again is no reason to change it.
        """
        cadence = spread(parse_cadence(mission.cadence, 0), mission.id)
        agent = await the_agent(unit, mission.agent_id)
        runs = is_running(mission) and agent.state is LifeState.ACTIVE
        if zone is None:
            schedule = await unit.repo(MissionRepository).schedule(mission.id)
            zone = ZoneInfo(schedule.zone if schedule else "UTC")
        fire = next_run(cadence, zone, unit.now) if runs else None
        await unit.repo(MissionRepository).set_schedule(
            mission.id,
            zone=zone.key,
            cadence=format_cadence(cadence),
            next_run_at=fire.instant if fire else None,
            next_key=fire.key if fire else None,
        )

    async def _stop(
        self,
        unit: Unit,
        mission: Mission,
        state: LifeState,
        until: datetime | None = None,
        deleted_at: datetime | None = None,
    ) -> int:
        missions, steps = unit.repo(MissionRepository), unit.repo(StepRepository)
        await missions.change_mission(mission.id, state=state, paused_until=until, deleted_at=deleted_at)
        await missions.set_schedule(mission.id, next_run_at=None, next_key=None)
        return await withdraw(unit, await steps.pending(mission.id), StepState.WITHDRAWN, "paused")

    def _checked(self, draft: MissionDraft) -> Cadence:
        _bounded(draft.title, _TITLE, "mission_title")
        _bounded(draft.objective, _OBJECTIVE, "mission_objective")
        if len(draft.concept) > _CONCEPT:
            raise Refused("mission_concept", count=_CONCEPT)
        if draft.quorum:
            check_parts(draft.quorum, self.rules.quorum_cap)
        for ref in draft.inputs:
            if ref.kind not in self.sources and ref.kind not in (InputKind.NOTE, InputKind.HISTORY):
                raise Refused("mission_input", typed=str(ref.kind))
            if len(ref.ref) > _NOTE:
                raise Refused("mission_note", count=_NOTE)
        return parse_cadence(draft.cadence, self.rules.min_cadence_minutes)

    async def _checked_for(self, owner: int, draft: MissionDraft) -> bool:
        """Tell whether a server owns it. Raises Refused where such a one has no channel or reads what is a person's."""
        if not await self._people.is_server(owner):
            return False
        if draft.channel_id is None:
            # Nobody has direct messages of a server.
            raise Refused("mission_needs_channel")
        for ref in draft.inputs:
            if ref.kind in PERSONAL_INPUTS:
                raise Refused("mission_input", typed=str(ref.kind))
        return True


def _quorum_values(parts: tuple[Part, ...]) -> dict[str, object]:
    return {"quorum": votes_needed(parts), "quorum_parts": store_parts(parts)}


async def start_iteration(
    unit: Unit, mission: Mission, source: RunSource, key: str, feedback: str = "", feedback_by: int | None = None
) -> Iteration:
    """Insert a running iteration with its due work; a key that exists gives the iteration that it made."""
    steps = unit.repo(StepRepository)
    found = await steps.by_key(key)
    if found is not None:
        return found
    identity = unit.new_id()
    number = await unit.repo(MissionRepository).next_number(mission.id)
    await steps.add_iterations(
        [
            {
                "id": identity,
                "owner_id": mission.owner_id,
                "mission_id": mission.id,
                "number": number,
                "slot_key": key,
                "source": str(source),
                "started_at": unit.now,
                "feedback": feedback,
                "feedback_by": feedback_by,
            }
        ]
    )
    await unit.add_slots([run_slot(mission, identity, key, unit.now)])
    return await the_iteration(unit, identity)


async def resting_now(unit: Reading, rules: MissionRules) -> Sequence[str]:
    """Return the owner's tools that rest because they were turned down too often."""
    since = await unit.repo(MissionRepository).switched_on()
    by_tool: dict[str, list[ToolRecord]] = {}
    for record in await unit.repo(StepRepository).records():
        if record.created_at.timestamp() * 1000 >= since.get(record.tool, 0):
            by_tool.setdefault(record.tool, []).append(record)
    return sorted(resting_tools(by_tool, rules))


def _bounded(text: str, most: int, code: str) -> str:
    words = text.strip()
    if not words or len(words) > most:
        raise Refused(code, count=most)
    return words


def draft_of(mission: Mission) -> MissionDraft:
    """Return a mission as the form that made it."""
    return MissionDraft(
        title=mission.title,
        objective=mission.objective,
        cadence=mission.cadence,
        inputs=mission.inputs,
        concept=mission.concept,
        guild_id=mission.guild_id,
        channel_id=mission.channel_id,
        agent_id=mission.agent_id,
        quorum=mission.quorum,
        quorum_without_proposer=mission.quorum_without_proposer,
        uses_rules=mission.uses_rules,
    )
