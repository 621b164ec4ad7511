"""Runs: the tick's kind of slot, gates, inputs, planning, checking, staging. Nothing is executed here.

A run is one slot; its iteration row says where it is. All network happens between transactions, and the last
transaction is fenced by the slot's lease and by the iteration being `running`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from bot.actors import Actor
from bot.ai.model import Asker, Assistant, Failed, NoIdeas, Ok, Question, Reason, Usage
from bot.ai.others import Agreements, NobodyAgreed
from bot.ai.prompts import load_prompt
from bot.ai.sent import only
from bot.clock import Clock
from bot.missions.cadence import next_run, parse_cadence, spread
from bot.missions.desk import HEADER_CARD, NOTICE_CARD, STEP_CARD, SYSTEM, client_slot, is_running, post, the_mission
from bot.missions.inputs import Idea, InputSource, Resolved, Trimmed, trim
from bot.missions.model import (
    Agent,
    Dropped,
    Gate,
    InputKind,
    InputRef,
    Iteration,
    IterationStatus,
    LifeState,
    Mission,
    Phase,
    Policy,
    RunSource,
    Schedule,
    Step,
    StepState,
)
from bot.missions.pacing import Pace, back_off
from bot.missions.planner import PROMPT, RULES, Bounds, Checked, Plan, check, offered, prompt_data, sends, writers
from bot.missions.ports import MissionMetrics, People, Say, SilentMetrics
from bot.missions.quorum import asks_client
from bot.missions.rules import MissionRules, mission_rules
from bot.missions.rules_planner import plan_by_rules
from bot.missions.service import resting_now
from bot.missions.tools import Catalogue, Scene, tidy
from bot.outbox_model import DeliveryDraft
from bot.slots import Later, Slot, SlotDraft
from storage.repositories.mission_steps import StepRepository, store_dropped, store_preview
from storage.repositories.missions import DueMission, MissionRepository
from storage.repositories.slots import SlotRepository
from storage.unit import Database, Reading, Unit

log = structlog.get_logger(__name__)

Resume = Callable[[Actor, int, str], Awaitable[object]]
_BUSY_WAIT = timedelta(seconds=20)
_BUSY_LIMIT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a run knows after its first transaction."""

    iteration: Iteration
    mission: Mission
    agent: Agent
    schedule: Schedule
    bounds: Bounds
    past: tuple[tuple[Iteration, tuple[Step, ...]], ...]
    notes: tuple[str, ...]
    pending: int


@dataclass(frozen=True, slots=True)
class _Planned:
    """A plan and where it came from."""

    plan: Plan
    planner: str
    prompt_version: str = ""
    ai_note: str = ""
    usage: Usage | None = None


class RunFailed(Exception):
    """A run that ends as failed: code, phase and what may be logged."""

    def __init__(
        self,
        code: str,
        phase: Phase,
        detail: str = "",
        dropped: Sequence[Dropped] = (),
        usage: Usage | None = None,
    ) -> None:
        super().__init__(f"{code} in {phase}: {detail}")
        self.code, self.phase, self.detail = code, phase, detail
        self.dropped, self.usage = tuple(dropped), usage


class MissionRuns:
    """The kind of slot "mission"."""

    name = "mission"

    def __init__(
        self,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        sources: Sequence[InputSource],
        people: People,
        assistant: Assistant,
        say: Say,
        metrics: MissionMetrics | None = None,
        rules: MissionRules | None = None,
        agreements: Agreements | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._sources = {source.kind: source for source in sources}
        self._sends = sends(sources)
        self._agreements = agreements or NobodyAgreed()
        self._people = people
        self._assistant = assistant
        self._say = say
        self._metrics = metrics or SilentMetrics()
        self._rules = rules or mission_rules()
        # Many runs may wait for the AI; only a few at once compute, so that people's commands come in between.
        self._busy = asyncio.Semaphore(self._rules.runs_computing_at_once)

    # ------------------------------------------------------------------ materialise

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """Make iterations of what is due and advance each schedule past now: one run, however many were missed."""
        missions = unit.repo(MissionRepository)
        found = await missions.due(now, limit)
        if not found:
            return []
        rows, advance = [], []
        for one in found:
            key = f"mission:{one.mission_id}:{one.key}"
            rows.append((one, key, unit.new_id()))
            advance.append(self._next(one, now))
        added = await unit.repo(StepRepository).add_iterations(
            [
                {
                    "id": identity,
                    "owner_id": one.owner_id,
                    "mission_id": one.mission_id,
                    "number": one.iterations + 1,
                    "slot_key": key,
                    "source": str(RunSource.TICK),
                    "started_at": now,
                }
                for one, key, identity in rows
            ]
        )
        fresh = {one.mission_id for one, _, identity in rows if identity in added}
        await missions.advance(
            [
                {**row, "iterations": one.iterations + (one.mission_id in fresh)}
                for one, row in zip(found, advance, strict=True)
            ]
        )
        return [
            SlotDraft(key=key, kind=self.name, subject_id=identity, due_at=one.due_at, owner=one.owner_id)
            for one, key, identity in rows
            if identity in added
        ]

    def _next(self, one: DueMission, now: datetime) -> dict[str, object]:
        rule = spread(parse_cadence(one.cadence, 0), one.mission_id)
        fire = next_run(rule, ZoneInfo(one.zone), now, one.stride)
        return {
            "id": one.mission_id,
            "next_run_at": fire.instant if fire else None,
            "next_key": fire.key if fire else None,
        }

    # ------------------------------------------------------------------ run

    async def run(self, slot: Slot) -> Later | None:
        """Run one iteration to its end. Every way out is written on its row."""
        async with self._busy:
            facts = await self._begin(slot)
            if facts is None or isinstance(facts, Later):
                return facts
            try:
                trimmed, ideas = await self._inputs(facts)
            except RunFailed as failure:
                await self._fail(slot, facts, failure)
                return None
        try:
            planned = await self._plan(facts, trimmed, ideas)
        except RunFailed as failure:
            await self._fail(slot, facts, failure)
            return None
        async with self._busy:
            try:
                checked = await self._check(facts, planned)
            except RunFailed as failure:
                await self._fail(slot, facts, failure)
                return None
            await self._stage(slot, facts, planned, checked)
        return None

    async def _begin(self, slot: Slot) -> "_Facts | Later | None":
        owner = slot.owner or 0
        async with self._database.write(SYSTEM, owner, "mission.begin") as unit:
            steps, missions = unit.repo(StepRepository), unit.repo(MissionRepository)
            iteration = await steps.iteration(slot.subject_id)
            if iteration is None or iteration.status is not IterationStatus.RUNNING:
                await unit.repo(SlotRepository).finish(slot)
                return None
            mission = await missions.mission(iteration.mission_id)
            schedule = await missions.schedule(iteration.mission_id)
            agent = await missions.agent(mission.agent_id) if mission else None
            if mission is None or schedule is None or agent is None:
                await self._close(unit, slot, iteration, IterationStatus.CANCELLED, code="mission-stopped")
                return None
            if slot.attempts >= self._rules.attempts_to_interrupt:
                interrupted = RunFailed("interrupted", iteration.phase)
                await self._close_failed(unit, slot, iteration, mission, schedule, interrupted)
                return None
            pending = await steps.count_pending()
            gate = await self._gate(unit, mission, agent, iteration, pending)
            if gate is Gate.CONCURRENCY and unit.now - iteration.started_at < _BUSY_LIMIT:
                return Later(unit.now + _BUSY_WAIT, str(gate))
            if gate is not None:
                if gate is Gate.OPEN_PROPOSALS:
                    oldest = (await steps.pending())[0].id
                    await unit.deliver(self._notice(mission, "full", oldest))
                await self._close(unit, slot, iteration, IterationStatus.CANCELLED, code=f"gate.{gate}")
                return None
            await steps.set_iteration(iteration.id, phase=str(Phase.PLANNING))
            return await self._facts(unit, iteration, mission, agent, schedule, pending)

    async def _gate(
        self, unit: Reading, mission: Mission, agent: Agent, iteration: Iteration, pending: int
    ) -> Gate | None:
        if not is_running(mission):
            return Gate.MISSION_STOPPED
        if agent.state in (LifeState.ARCHIVED, LifeState.DONE):
            return Gate.AGENT_ARCHIVED
        if agent.state is LifeState.PAUSED:
            return Gate.AGENT_PAUSED
        running = await unit.repo(StepRepository).running(agent.id, iteration.id)
        if running >= agent.max_concurrent_missions:
            return Gate.CONCURRENCY
        if pending >= self._rules.open_proposals_per_owner:
            return Gate.OPEN_PROPOSALS
        return None

    async def _facts(
        self,
        unit: Reading,
        iteration: Iteration,
        mission: Mission,
        agent: Agent,
        schedule: Schedule,
        pending: int,
    ) -> _Facts:
        steps = unit.repo(StepRepository)
        earlier = [
            one
            for one in await steps.iterations(mission.id, self._rules.iterations_in_prompt + 3)
            if one.id != iteration.id and one.finished_at is not None and one.error is None
        ][: self._rules.iterations_in_prompt]
        found = await steps.steps([one.id for one in earlier])
        since = unit.now - timedelta(days=self._rules.rejected_memory_days)
        open_hashes, rejected = await steps.hashes(since)
        bounds = Bounds(
            policies=agent.policies,
            resting=await resting_now(unit, self._rules),
            pending_hashes=open_hashes,
            rejected_hashes=rejected,
            tool_runs_today=await steps.runs_today(mission.id, unit.now - timedelta(days=1)),
            runs_cap=self._rules.tool_runs_per_day,
            steps_cap=min(self._rules.steps_per_iteration, self._rules.open_proposals_per_owner - pending),
            is_studio=await self._people.is_server(mission.owner_id),
        )
        past = tuple((one, tuple(s for s in found if s.iteration_id == one.id)) for one in earlier)
        notes = await unit.repo(MissionRepository).notes(mission.id)
        return _Facts(iteration, mission, agent, schedule, bounds, past, tuple(notes), pending)

    # ------------------------------------------------------------------ inputs

    async def _inputs(self, facts: _Facts) -> tuple[Trimmed, list[Idea]]:
        async with self._database.reading(facts.mission.owner_id):
            return await self._read_inputs(facts)

    async def _read_inputs(self, facts: _Facts) -> tuple[Trimmed, list[Idea]]:
        mission, now = facts.mission, self._clock.now()
        resolved: list[Resolved] = []
        ideas: list[Idea] = []
        for ref in mission.inputs:
            source = self._sources.get(ref.kind)
            if ref.kind is InputKind.NOTE:
                resolved.append(Resolved(ref, "Note", ref.ref))
                continue
            if source is None:
                resolved.append(Resolved(ref, str(ref.kind), None))
                continue
            try:
                found = await source.resolve(mission.owner_id, ref.ref, now)
                resolved.append(replace(found, data=only(found.data, [source.sends])))
                ideas.extend(await source.ideas(mission.owner_id, ref.ref, now))
            except Exception as error:
                # One input that breaks must end in a recorded run, not in a slot tried for ever.
                log.exception("input failed", kind=str(ref.kind))
                detail = f"{ref.kind}: {type(error).__name__}"
                raise RunFailed("input", Phase.RESOLVING, detail) from error
        if facts.notes:
            resolved.append(Resolved(InputRef(InputKind.NOTE), "Notes of earlier runs", list(facts.notes)))
        return trim(resolved, self._rules.input_characters), ideas

    # ------------------------------------------------------------------ plan

    async def _plan(self, facts: _Facts, trimmed: Trimmed, ideas: Sequence[Idea]) -> _Planned:
        mission, agent = facts.mission, facts.agent
        names = offered(self._catalogue, facts.bounds)
        cap = agent.max_tokens_per_day
        asker = Asker(
            person_id=mission.owner_id,
            guild_id=mission.guild_id,
            agent_id=agent.id,
            agent_tokens_per_day=self._rules.agent_tokens_per_day if cap is None else cap,
        )
        unavailable = await self._assistant.unavailable(asker)
        if unavailable is not None:
            return self._fall_back(facts, ideas, names, unavailable)
        zone = await self._people.zone(mission.owner_id, mission.guild_id)
        data = prompt_data(
            mission,
            agent,
            trimmed,
            facts.past,
            facts.iteration,
            self._clock.now().astimezone(zone).strftime("%A %Y-%m-%d %H:%M"),
            await self._agreements.agreed(writers(facts.iteration, facts.past)),
        )
        answer = await self._assistant.ask(
            Question(
                prompt=PROMPT,
                shape=Plan,
                schema=self._catalogue.plan_schema(names),
                data=self._sends.of(data),
                asker=asker,
                facts={
                    "tools": self._catalogue.described(names),
                    "steps": str(facts.bounds.steps_cap),
                },
            )
        )
        version = load_prompt(PROMPT).version
        match answer:
            case Ok(items, usage):
                return _Planned(items, f"ai:{usage.model}", version, usage=usage)
            case NoIdeas(usage):
                return _Planned(Plan(), f"ai:{usage.model}", version, usage=usage)
            case Failed():
                return self._fall_back(facts, ideas, names, answer.reason, answer)

    def _fall_back(
        self,
        facts: _Facts,
        ideas: Sequence[Idea],
        names: Sequence[str],
        reason: Reason,
        failed: Failed | None = None,
    ) -> _Planned:
        """Plan by rules where the mission allows it; how the AI failed is kept and shown."""
        usage = failed.usage if failed else None
        if not facts.mission.uses_rules and reason not in (Reason.OFF, Reason.NO_KEY):
            raise RunFailed(f"ai.{reason}", Phase.PLANNING, failed.detail if failed else "", usage=usage)
        bounds = facts.bounds
        plan = plan_by_rules(
            ideas,
            self._catalogue,
            names,
            {*bounds.pending_hashes, *bounds.rejected_hashes},
            bounds.steps_cap,
            self._say("mission.rules.summary", mission=facts.mission.title),
        )
        note = "" if reason in (Reason.OFF, Reason.NO_KEY) else str(reason)
        return _Planned(plan, RULES, ai_note=note, usage=usage)

    async def _check(self, facts: _Facts, planned: _Planned) -> Checked:
        scene = Scene(facts.mission.owner_id, facts.mission.id, self._clock.now(), facts.mission.channel_id)
        async with self._database.reading(scene.owner):
            checked = await check(planned.plan, self._catalogue, scene, facts.bounds)
        if planned.plan.steps and not checked.ready and planned.planner != RULES:
            raise RunFailed("no_valid_step", Phase.VALIDATING, dropped=checked.dropped, usage=planned.usage)
        return checked

    # ------------------------------------------------------------------ stage

    async def _stage(self, slot: Slot, facts: _Facts, planned: _Planned, checked: Checked) -> None:
        mission, iteration = facts.mission, facts.iteration
        async with self._database.write(SYSTEM, mission.owner_id, "mission.stage") as unit:
            steps = unit.repo(StepRepository)
            status = IterationStatus.AWAITING if checked.ready else IterationStatus.NOTHING
            usage = planned.usage
            alive = await steps.set_iteration(
                iteration.id,
                running_only=True,
                status=str(status),
                phase=str(Phase.FINISHED),
                finished_at=unit.now,
                summary=tidy(planned.plan.summary, 500),
                planner=planned.planner,
                ai_note=planned.ai_note,
                prompt_version=planned.prompt_version,
                tokens=usage.tokens if usage else 0,
                cost_microusd=usage.cost_microusd if usage else 0,
                dropped=store_dropped(checked.dropped),
            )
            if alive and is_running(await the_mission(unit, mission.id)):
                await self._add_steps(unit, facts, checked)
                pace = Pace(facts.schedule.failures, facts.schedule.quiet_runs, facts.schedule.stride)
                pace = pace.after_plan() if checked.ready else pace.after_nothing(self._rules)
                await self._keep_pace(unit, mission, pace)
            elif alive:
                await steps.set_iteration(iteration.id, status=str(IterationStatus.CANCELLED))
            await unit.repo(SlotRepository).finish(slot)
        self._metrics.mission_run(str(status), planned.planner.partition(":")[0])
        log.info(
            "mission.run",
            outcome=str(status),
            planner=planned.planner,
            staged=len(checked.ready),
            dropped=len(checked.dropped),
        )

    async def _add_steps(self, unit: Unit, facts: _Facts, checked: Checked) -> None:
        mission, iteration = facts.mission, facts.iteration
        if not checked.ready:
            if iteration.source in (RunSource.MANUAL, RunSource.REPLAN):
                await unit.deliver(
                    post(mission, HEADER_CARD, f"mission.header:{iteration.id}", {"iteration": iteration.id})
                )
            return
        expires_at = unit.now + timedelta(days=self._rules.proposal_days)
        asked = mission.client_id if asks_client(mission.quorum) else None
        rows: list[dict[str, object]] = []
        for position, ready in enumerate(checked.ready, 1):
            rows.append(
                {
                    "id": unit.new_id(),
                    "owner_id": mission.owner_id,
                    "mission_id": mission.id,
                    "iteration_id": iteration.id,
                    "iteration_number": iteration.number,
                    "position": position,
                    "tool": ready.tool.name,
                    "params": ready.params.model_dump(mode="json"),
                    "summary": ready.summary or ready.tool.does,
                    "rationale": ready.rationale,
                    "state": str(StepState.APPROVED if ready.policy is Policy.AUTO else StepState.PENDING),
                    "content_hash": ready.content_hash,
                    "preview": store_preview(ready.preview),
                    "created_at": unit.now,
                    "expires_at": expires_at,
                    "asked_client": asked if ready.policy is not Policy.AUTO else None,
                }
            )
            self._metrics.mission_step(ready.tool.name, "staged")
        await unit.repo(StepRepository).add_steps(rows)
        posts = [post(mission, HEADER_CARD, f"mission.header:{iteration.id}", {"iteration": iteration.id})]
        slots = [
            SlotDraft(
                key=f"mission_expiry:{iteration.id}",
                kind="mission_expiry",
                subject_id=iteration.id,
                due_at=expires_at,
                owner=mission.owner_id,
            )
        ]
        for row in rows:
            posts.append(post(mission, STEP_CARD, f"mission.step:{row['id']}", {"step": row["id"]}))
            if row["asked_client"] is not None:
                slots.append(client_slot(str(row["id"]), mission.owner_id, unit))
            if row["state"] == str(StepState.APPROVED):
                slots.append(
                    SlotDraft(
                        key=f"mission_step:{row['id']}",
                        kind="mission_step",
                        subject_id=str(row["id"]),
                        due_at=unit.now,
                        owner=mission.owner_id,
                    )
                )
        await unit.deliver_all(posts, slots)

    async def _keep_pace(self, unit: Unit, mission: Mission, pace: Pace) -> None:
        await unit.repo(MissionRepository).set_schedule(
            mission.id, failures=pace.failures, quiet_runs=pace.quiet_runs, stride=pace.stride
        )

    # ------------------------------------------------------------------ ends

    async def _close(self, unit: Unit, slot: Slot, iteration: Iteration, status: IterationStatus, *, code: str) -> None:
        await unit.repo(StepRepository).set_iteration(
            iteration.id,
            running_only=True,
            status=str(status),
            phase=str(Phase.FINISHED),
            finished_at=unit.now,
            error={"code": code, "phase": str(Phase.RESOLVING), "detail": ""},
        )
        await unit.repo(SlotRepository).finish(slot, reason=code)
        self._metrics.mission_run(code, "")

    async def _fail(self, slot: Slot, facts: _Facts, failure: RunFailed) -> None:
        async with self._database.write(SYSTEM, facts.mission.owner_id, "mission.fail") as unit:
            await self._close_failed(unit, slot, facts.iteration, facts.mission, facts.schedule, failure)
        log.warning("mission.failed", code=failure.code, phase=str(failure.phase), detail=failure.detail)

    async def _close_failed(
        self,
        unit: Unit,
        slot: Slot,
        iteration: Iteration,
        mission: Mission,
        schedule: Schedule,
        failure: RunFailed,
    ) -> None:
        """Write a failure, wait longer before the next run, and after too many stop and say so once."""
        missions = unit.repo(MissionRepository)
        usage = failure.usage
        await unit.repo(StepRepository).set_iteration(
            iteration.id,
            running_only=True,
            status=str(IterationStatus.FAILED),
            phase=str(failure.phase),
            finished_at=unit.now,
            error={"code": failure.code, "phase": str(failure.phase), "detail": failure.detail},
            tokens=usage.tokens if usage else 0,
            cost_microusd=usage.cost_microusd if usage else 0,
            dropped=store_dropped(failure.dropped),
        )
        pace = Pace(schedule.failures, schedule.quiet_runs, schedule.stride).after_failure()
        await self._keep_pace(unit, mission, pace)
        earliest = unit.now + back_off(pace.failures, self._rules)
        current = await missions.schedule(mission.id)
        if pace.must_pause(self._rules):
            await missions.change_mission(mission.id, state=LifeState.PAUSED)
            await missions.set_schedule(mission.id, next_run_at=None, next_key=None)
            await unit.deliver(self._notice(mission, "paused_itself", iteration.id))
        elif current and current.next_run_at is not None and current.next_run_at < earliest:
            fire = next_run(
                spread(parse_cadence(mission.cadence, 0), mission.id),
                ZoneInfo(current.zone),
                earliest,
            )
            await missions.set_schedule(
                mission.id,
                next_run_at=fire.instant if fire else None,
                next_key=fire.key if fire else None,
            )
        await unit.repo(SlotRepository).finish(slot, reason=failure.code)
        self._metrics.mission_run("failed", "")

    @staticmethod
    def _notice(mission: Mission, code: str, occasion: str) -> DeliveryDraft:
        return post(
            mission,
            NOTICE_CARD,
            f"mission.notice:{mission.owner_id}:{code}:{occasion}",
            {"mission": mission.id, "code": code},
        )


class ZoneSlots:
    """The kind of slot "mission_zone": the settings of a server changed, which missions in it follow."""

    name = "mission_zone"

    def __init__(self, database: Database, follow_zone: Callable[[int], Awaitable[None]]) -> None:
        self._database = database
        self._follow_zone = follow_zone

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """A change brings its slot along."""
        return []

    async def run(self, slot: Slot) -> Later | None:
        async with self._database.system_read() as unit:
            owners = await unit.repo(MissionRepository).owners_in(int(slot.subject_id))
        for owner in owners:
            await self._follow_zone(owner)
        return None


class ResumeSlots:
    """The kind of slot "mission_resume": a pause that ends."""

    name = "mission_resume"

    def __init__(self, database: Database, resume: Resume) -> None:
        self._database = database
        self._resume = resume

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """A pause brings its slot along."""
        return []

    async def run(self, slot: Slot) -> Later | None:
        owner = slot.owner or 0
        async with self._database.read(owner) as unit:
            mission = await unit.repo(MissionRepository).mission(slot.subject_id)
        waits = mission is not None and mission.state is LifeState.PAUSED and mission.deleted_at is None
        # A pause that was changed meanwhile has a slot of its own.
        if mission and waits and mission.paused_until is not None and mission.paused_until <= slot.due_at:
            await self._resume(SYSTEM, owner, mission.id)
        return None
