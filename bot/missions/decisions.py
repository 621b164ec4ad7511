"""Decisions on proposals: approve, edit, dismiss, ask again, expire, undo; and the execution that follows a yes.

The decision is a conditional update; approval, execution, change records and the step's state are one
transaction. A crash leaves a pending proposal or an executed one, never half.
"""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.actors import Actor
from bot.clock import Clock
from bot.errors import AlreadyDone, BotError, NotAllowed, Refused
from bot.missions.desk import (
    SYSTEM,
    RunView,
    StepView,
    owner_of_iteration,
    owner_of_step,
    redraw,
    run_view,
    settle_iteration,
    step_view,
    the_agent,
    the_iteration,
    the_mission,
    the_step,
    votes_now,
    withdraw,
)
from bot.missions.model import Iteration, Mission, Part, Policy, RunSource, Step, StepState
from bot.missions.pacing import Pace
from bot.missions.policy import is_personal, policy_of
from bot.missions.ports import MissionMetrics, People, Presser, Roll, SilentMetrics, Undoer
from bot.missions.quorum import CLIENT, mark, mark_of_all, votes_needed
from bot.missions.rules import MissionRules, mission_rules
from bot.missions.service import start_iteration
from bot.missions.tools import AnyTool, Catalogue, Params, Scene, UnknownTool, WrongParams, content_hash
from bot.missions.voting import Tally, Voting, Yes
from bot.slots import Later, Slot, SlotDraft
from storage.repositories.mission_steps import StepRepository, store_preview
from storage.repositories.missions import MissionRepository
from storage.repositories.slots import SlotRepository
from storage.unit import Database, Reading, Unit

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Decided:
    """What a press led to; `open_parts` where more people have to agree."""

    view: StepView
    open_parts: tuple[Part, ...] = ()
    redrawn: bool = False
    """Nothing was done: the thing had changed, and the proposal now shows the new before → after."""
    edited_meanwhile: bool = False
    """Nothing was done: somebody had changed the step, and this press was meant for what it said before."""
    fallen: tuple[str, ...] = ()
    """Whose approval does not count any more: they left, or are not what was asked for."""


@dataclass(frozen=True, slots=True)
class Home:
    """Whose a proposal is, and the server whose roles decide it."""

    owner: int
    server: int | None


class _Redrawn(Exception):
    """The state that the preview was built on has changed."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.id)
        self.step = step


class _EditedMeanwhile(Exception):
    """The press was meant for another text."""


class _ToolRefused(Exception):
    """A tool could not do its work; rolls everything back."""

    def __init__(self, step: Step, code: str) -> None:
        super().__init__(code)
        self.step, self.code = step, code


class Decisions:
    """What people do with proposals."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        people: People,
        changes: Undoer,
        metrics: MissionMetrics | None = None,
        rules: MissionRules | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._people = people
        self._voting = Voting(database, people)
        self._changes = changes
        self._metrics = metrics or SilentMetrics()
        self._rules = rules or mission_rules()

    @property
    def now(self) -> datetime:
        return self._clock.now()

    # ------------------------------------------------------------------ looking

    async def view(self, who: Presser, step_id: str) -> StepView:
        """Return a proposal to somebody who may decide it."""
        view = await self._view(step_id)
        await self._voting.seat(who, view.mission, changes=True)
        return view

    async def home_of_step(self, step_id: str) -> Home:
        """Return whose proposal this is. Raises NotFound."""
        return await self._home(await self._view(step_id))

    async def home_of_run(self, iteration_id: str) -> Home:
        """Return whose run this is. Raises NotFound."""
        owner = await owner_of_iteration(self._database, iteration_id)
        with self._database.as_house(owner):
            async with self._database.read(owner) as unit:
                return await self._home(await run_view(unit, iteration_id))

    async def _home(self, view: StepView | RunView) -> Home:
        return Home(view.mission.owner_id, await self._voting.home(view.mission))

    async def _view(self, step_id: str) -> StepView:
        """Read a proposal whoever looks; whether they may see it is asked next."""
        owner = await owner_of_step(self._database, step_id)
        with self._database.as_house(owner):
            async with self._database.read(owner) as unit:
                return await step_view(unit, await the_step(unit, step_id))

    async def drawn_step(self, step_id: str) -> StepView | None:
        """Return what the posted card of a step shows now; None where the step is gone."""
        async with self._database.system_read() as unit:
            owner = await unit.repo(StepRepository).owner_of_step(step_id)
        return None if owner is None else await self._view(step_id)

    async def drawn_run(self, iteration_id: str) -> RunView | None:
        """Return what the posted card of an iteration shows now."""
        async with self._database.system_read() as unit:
            owner = await unit.repo(StepRepository).owner_of_iteration(iteration_id)
        if owner is None:
            return None
        with self._database.as_house(owner):
            async with self._database.read(owner) as unit:
                return await run_view(unit, iteration_id)

    async def open(self, who: Presser) -> list[StepView]:
        """Return the open proposals that this person may decide: their own, and those that ask them here."""
        async with self._database.read(who.user_id) as unit:
            steps = await unit.repo(StepRepository).pending()
            found = [await step_view(unit, step) for step in steps]
        if who.guild_id is None:
            return found
        async with self._database.system_read() as unit:
            others = await unit.repo(StepRepository).pending_in_guild(who.guild_id, who.user_id)
        has_say: dict[str, bool] = {}
        for step in others:
            if has_say.get(step.mission_id, True):
                view = await self._view(step.id)
                if step.mission_id not in has_say:
                    has_say[step.mission_id] = await self._has_say(who, view.mission)
                found += [view] if has_say[step.mission_id] else []
        return found

    async def _has_say(self, who: Presser, mission: Mission) -> bool:
        try:
            fits = await self._voting.seat(who, mission)
        except NotAllowed:
            return False
        # A client's people have a card of their own, which shows no more than the step (client_side.py).
        return bool(fits - {CLIENT})

    # ------------------------------------------------------------------ yes

    async def approve(self, who: Presser, step_id: str, seen: str = "", roll: Roll | None = None) -> Decided:
        """Agree to a step; with the last yes it runs, in the same transaction.

        `seen` is the sign of the text that the pressed card showed; a yes to another one is none. `roll` asks Discord
        what those are now who agreed before. Raises AlreadyDone with who was first, NotAllowed, Refused for one that
        expired or whose tool is denied.
        """
        return await self._execute(who, step_id, StepState.PENDING, seen, roll)

    async def retry(self, who: Presser, step_id: str) -> Decided:
        """Run an approved step again that could not be done before."""
        return await self._execute(who, step_id, StepState.FAILED)

    async def run_by_itself(self, slot: Slot) -> None:
        """Run a step whose tool's policy is `auto`; it was approved when it was staged."""
        owner = slot.owner or 0
        async with self._database.read(owner) as unit:
            step = await unit.repo(StepRepository).step(slot.subject_id)
        if step is None or step.state is not StepState.APPROVED:
            return
        try:
            await self._run_step(None, step, slot)
        except (_Redrawn, _ToolRefused) as stopped:
            await self._note_failure(None, stopped.step, _code(stopped))
        except Refused as refusal:
            # Denied, gone or done too often since it was staged: that is said on its card, not tried for ever.
            await self._note_failure(None, step, refusal.code)

    async def approve_all(
        self, who: Presser, iteration_id: str, seen: str = "", roll: Roll | None = None
    ) -> list[Decided | BotError]:
        """Agree to every open step of an iteration, in order; one that cannot be done stops no other.

        Raises Refused where a step cannot be taken back, and where they say something else than was shown (`seen`).
        """
        owner = await owner_of_iteration(self._database, iteration_id)
        with self._database.as_house(owner):
            async with self._database.read(owner) as unit:
                view = await run_view(unit, iteration_id)
        await self._voting.seat(who, view.mission)
        pending = [step for step in view.steps if step.state is StepState.PENDING]
        if not all(self._is_reversible(step.tool) for step in pending):
            raise Refused("mission_not_reversible")
        if seen and seen != mark_of_all(pending):
            raise Refused("mission_steps_changed")
        outcomes: list[Decided | BotError] = []
        for step in pending:
            try:
                outcomes.append(await self.approve(who, step.id, mark(step), roll))
            except BotError as error:
                outcomes.append(error)
        return outcomes

    async def _execute(
        self, who: Presser, step_id: str, expected: StepState, seen: str = "", roll: Roll | None = None
    ) -> Decided:
        view = await self._view(step_id)
        step, mission = view.step, view.mission
        fits = await self._voting.seat(who, mission, changes=expected is not StepState.PENDING)
        if step.state is not expected:
            raise already(step)
        with self._database.as_house(step.owner_id):
            yes = await self._voting.yes(who, mission, step, fits, seen, roll)
            try:
                return await self._run_step(yes, step, None)
            except _EditedMeanwhile:
                return Decided(await self._view(step_id), edited_meanwhile=True)
            except _Redrawn as stopped:
                return await self._redraw(who, stopped.step)
            except _ToolRefused as stopped:
                return await self._note_failure(who, stopped.step, stopped.code)

    async def _run_step(self, yes: Yes | None, step: Step, slot: Slot | None) -> Decided:
        who = None if yes is None else yes.who
        person = SYSTEM if who is None else Actor.user(who.user_id, who.name)
        async with self._database.read(step.owner_id) as unit:
            agent_name = (await the_agent(unit, (await the_mission(unit, step.mission_id)).agent_id)).name
        actor = Actor.ai(step.mission_id, step.iteration_number, step.position, step.rationale, agent_name)
        async with self._database.write(actor, step.owner_id, "mission.execute") as unit:
            steps = unit.repo(StepRepository)
            mission = await the_mission(unit, step.mission_id)
            now_step = await the_step(unit, step.id)
            if now_step.state is not step.state:
                raise already(now_step)
            step = now_step
            tally = Tally()
            if step.state is StepState.PENDING and yes is not None:
                if yes.seen != mark(step):
                    raise _EditedMeanwhile
                tally = await self._voting.count(unit, mission, step, yes)
            tool, params = await self._ready(unit, mission, step, is_agreed=not tally.open_parts)
            if tally.open_parts:
                given = votes_needed(mission.quorum) - votes_needed(tally.open_parts)
                step = await _moved(steps.set_step(step, approvals=given))
                await redraw(unit, step)
                return Decided(await step_view(unit, step), tally.open_parts, fallen=tally.fallen)
            scene = Scene(mission.owner_id, mission.id, unit.now, mission.channel_id)
            with self._database.joined(unit):
                await self._still_true(tool, scene, params, step)
                step = await self._walk(steps, step, who, person)
                try:
                    await tool.execute(scene, params, actor)
                    await unit.session.flush()
                except BotError as refusal:
                    raise _ToolRefused(now_step, refusal.code) from refusal
            step = await _moved(steps.move(step, StepState.DONE, actor=person, group_id=unit.group_id, error=""))
            await settle_iteration(unit, step.iteration_id)
            pace = Pace().after_approval()
            await unit.repo(MissionRepository).set_schedule(mission.id, quiet_runs=pace.quiet_runs, stride=pace.stride)
            await redraw(unit, step)
            if slot is not None:
                await unit.repo(SlotRepository).finish(slot)
            view = await step_view(unit, step)
        self._metrics.mission_step(step.tool, "executed")
        if who is not None:
            self._metrics.mission_decided((self._clock.now() - step.created_at).total_seconds())
        return Decided(view, fallen=tally.fallen)

    async def _ready(self, unit: Reading, mission: Mission, step: Step, *, is_agreed: bool) -> tuple[AnyTool, Params]:
        """Check once more what may have changed since the step was staged. Raises Refused or _ToolRefused."""
        if step.state is StepState.PENDING and step.expires_at <= unit.now:
            raise Refused("mission_expired")
        agent = await the_agent(unit, mission.agent_id)
        try:
            tool, params = self._catalogue.read(step.tool, dict(step.effective))
        except UnknownTool:
            raise Refused("mission_tool_gone") from None
        except WrongParams as wrong:
            if not is_agreed:
                # Only what everybody agreed to may be tried again by one of them.
                raise Refused("mission_tool_gone") from wrong
            raise _ToolRefused(step, "mission_wrong_params") from wrong
        is_foreign = is_personal(tool.name) and await self._people.is_server(mission.owner_id)
        if is_foreign or policy_of(tool.name, tool.default, agent.policies) is Policy.DENY:
            raise Refused("mission_tool_denied")
        since = unit.now - timedelta(days=1)
        ran = await unit.repo(StepRepository).runs_today(mission.id, since)
        if ran.get(tool.name, 0) >= self._rules.tool_runs_per_day:
            raise Refused("mission_tool_often", count=self._rules.tool_runs_per_day)
        return tool, params

    async def _still_true(self, tool: AnyTool, scene: Scene, params: Params, step: Step) -> None:
        try:
            fresh = await tool.preview(scene, params)
        except BotError as refusal:
            raise _ToolRefused(step, refusal.code) from refusal
        if fresh.basis != step.preview.basis and step.state is StepState.PENDING:
            raise _Redrawn(step)

    async def _walk(self, steps: StepRepository[Unit], step: Step, who: Presser | None, person: Actor) -> Step:
        if step.state is StepState.PENDING and who is not None:
            step = await _moved(
                steps.move(
                    step,
                    StepState.APPROVED,
                    actor=person,
                    decided_by=who.user_id,
                    decided_name=who.name,
                    decided_at=steps.unit.now,
                    approvals=step.approvals + 1,
                )
            )
        elif step.state is StepState.APPROVED:
            step = await _moved(steps.set_step(step, decided_at=steps.unit.now))
        return await _moved(steps.move(step, StepState.EXECUTING, actor=person))

    async def _redraw(self, who: Presser, step: Step) -> Decided:
        """Show the new before → after and ask again, also those who had agreed to what it was before."""
        async with self._database.write(SYSTEM, step.owner_id, "mission.redraw") as unit:
            mission = await the_mission(unit, step.mission_id)
            tool, params = self._catalogue.read(step.tool, dict(step.effective))
            scene = Scene(mission.owner_id, mission.id, unit.now, mission.channel_id)
            with self._database.joined(unit):
                fresh = await tool.preview(scene, params)
            votes = await votes_now(unit, step)
            await unit.repo(StepRepository).forget_votes(step.id)
            changed = await unit.repo(StepRepository).set_step(
                step, preview=store_preview(fresh), approvals=0, set_back=len(votes)
            )
            if changed is not None:
                await redraw(unit, changed)
            return Decided(await step_view(unit, changed or await the_step(unit, step.id)), redrawn=True)

    async def _note_failure(self, who: Presser | None, step: Step, code: str) -> Decided:
        """Write that an approved step could not be done: never shown as done, to be tried again."""
        person = SYSTEM if who is None else Actor.user(who.user_id, who.name)
        async with self._database.write(SYSTEM, step.owner_id, "mission.failed") as unit:
            steps = unit.repo(StepRepository)
            step = await the_step(unit, step.id)
            if step.state not in (StepState.PENDING, StepState.APPROVED, StepState.FAILED):
                raise already(step)
            step = await self._walk(steps, step, who, person)
            step = await _moved(steps.move(step, StepState.FAILED, reason=code, actor=person, error=code))
            await settle_iteration(unit, step.iteration_id)
            await redraw(unit, step)
            view = await step_view(unit, step)
        self._metrics.mission_step(step.tool, "failed")
        return Decided(view)

    # ------------------------------------------------------------------ no, or otherwise

    async def dismiss(self, who: Presser, step_id: str, reason: str = "") -> Decided:
        """Turn a step down; the reason goes to the next plan."""
        mission = (await self._view(step_id)).mission
        fits = await self._voting.seat(who, mission)
        if fits <= {CLIENT} and not reason.strip():
            raise Refused("mission_reason_needed")
        with self._database.as_house(mission.owner_id):
            return await self._dismiss(who, mission.owner_id, step_id, reason)

    async def _dismiss(self, who: Presser, owner: int, step_id: str, reason: str) -> Decided:
        person = Actor.user(who.user_id, who.name)
        async with self._database.write(person, owner, "mission.dismiss") as unit:
            steps = unit.repo(StepRepository)
            step = await the_step(unit, step_id)
            if step.state is not StepState.PENDING:
                raise already(step)
            words = " ".join(reason.split())[:300]
            step = await _moved(
                steps.move(
                    step,
                    StepState.REJECTED,
                    reason=words,
                    actor=person,
                    decided_by=who.user_id,
                    decided_name=who.name,
                    decided_at=unit.now,
                )
            )
            step = await _moved(steps.set_step(step, reason=words))
            await settle_iteration(unit, step.iteration_id)
            await redraw(unit, step)
            view = await step_view(unit, step)
        self._metrics.mission_step(step.tool, "rejected")
        self._metrics.mission_decided((self._clock.now() - step.created_at).total_seconds())
        return Decided(view)

    async def edit(self, who: Presser, step_id: str, params: Mapping[str, object]) -> Decided:
        """Change a proposal's params; what is approved then is the edited step. Both versions are kept.

        Where several people have to agree, who had agreed already is asked anew: they said yes to something else.

        Raises Refused("mission_wrong_params") naming the fields, or what the tool says of the new params.
        """
        mission = (await self._view(step_id)).mission
        await self._voting.seat(who, mission, changes=True)
        person = Actor.user(who.user_id, who.name)
        async with self._database.write(person, mission.owner_id, "mission.edit_step") as unit:
            step = await the_step(unit, step_id)
            if step.state is not StepState.PENDING:
                raise already(step)
            try:
                tool, read = self._catalogue.read(step.tool, {**step.effective, **params})
            except WrongParams as wrong:
                raise Refused("mission_wrong_params", fields=", ".join(wrong.fields)) from None
            scene = Scene(mission.owner_id, mission.id, unit.now, mission.channel_id)
            with self._database.joined(unit):
                preview = await tool.preview(scene, read)
            plain = read.model_dump(mode="json")
            steps = unit.repo(StepRepository)
            votes = await votes_now(unit, step)
            await steps.forget_votes(step.id)
            step = await _moved(
                steps.set_step(
                    step,
                    approvals=0,
                    edited_name=who.name,
                    set_back=len(votes),
                    edited=plain,
                    preview=store_preview(preview),
                    content_hash=content_hash(tool.name, plain),
                )
            )
            await redraw(unit, step)
            return Decided(await step_view(unit, step))

    async def ask_again(self, who: Presser, iteration_id: str, feedback: str, key: str) -> Iteration:
        """Plan anew at once with a person's words; open steps of this iteration are superseded."""
        owner = await owner_of_iteration(self._database, iteration_id)
        person = Actor.user(who.user_id, who.name)
        async with self._database.read(owner) as unit:
            mission = await the_mission(unit, (await the_iteration(unit, iteration_id)).mission_id)
        await self._voting.seat(who, mission, changes=True)
        async with self._database.write(person, owner, "mission.ask_again") as unit:
            steps = unit.repo(StepRepository)
            pending = [step for step in await steps.steps([iteration_id]) if step.state is StepState.PENDING]
            await withdraw(unit, pending, StepState.SUPERSEDED, "asked again", actor=person)
            words = " ".join(feedback.split())[:500]
            slot_key = f"mission:{mission.id}:again:{key}"
            return await start_iteration(unit, mission, RunSource.REPLAN, slot_key, words, who.user_id)

    async def expire(self, slot: Slot) -> None:
        """End what nobody decided in time."""
        owner = slot.owner or 0
        async with self._database.write(SYSTEM, owner, "mission.expire") as unit:
            steps = unit.repo(StepRepository)
            pending = [
                step
                for step in await steps.steps([slot.subject_id])
                if step.state is StepState.PENDING and step.expires_at <= unit.now
            ]
            await withdraw(unit, pending, StepState.EXPIRED, "expired")
            await unit.repo(SlotRepository).finish(slot)

    # ------------------------------------------------------------------ back

    async def undo(
        self,
        actor: Actor,
        owner: int,
        mission_id: str,
        iteration: int | None = None,
        position: int | None = None,
    ) -> list[Step]:
        """Put back what a mission did: one step, one iteration or all of it, newest first, all or nothing.

        Raises Refused where there is nothing to undo, ChangedSince where a later change stands on it.
        """
        async with self._database.write(actor, owner, "mission.undo") as unit:
            steps = unit.repo(StepRepository)
            await the_mission(unit, mission_id)
            found = await steps.done(mission_id, iteration, position)
            found = [step for step in found if step.group_id is not None and self._is_reversible(step.tool)]
            if not found:
                raise Refused("mission_nothing_to_undo")
            undone: list[Step] = []
            with self._database.joined(unit):
                for step in found:
                    await self._put_back(actor, owner, step)
                    moved = await _moved(steps.move(step, StepState.UNDONE, actor=actor))
                    undone.append(moved)
            for step in undone:
                await redraw(unit, step)
        for step in undone:
            self._metrics.mission_step(step.tool, "undone")
        return undone

    async def undo_step(self, who: Presser, step_id: str) -> list[Step]:
        """Undo from the card: the owner, and for ten minutes who approved it."""
        owner = await owner_of_step(self._database, step_id)
        async with self._database.read(owner) as unit:
            step = await the_step(unit, step_id)
        limit = timedelta(minutes=self._rules.undo_card_minutes)
        recent = step.decided_at is not None and self._clock.now() - step.decided_at <= limit
        if who.user_id != owner and not (who.user_id == step.decided_by and recent):
            await self._may_undo(who, owner, step)
        if step.state is not StepState.DONE:
            raise already(step)
        actor = Actor.user(who.user_id, who.name)
        return await self.undo(actor, owner, step.mission_id, step.iteration_number, step.position)

    async def _put_back(self, actor: Actor, owner: int, step: Step) -> None:
        try:
            await self._changes.undo(actor, owner, step.group_id or "", any_time=True, anyone=True)
        except Refused as refusal:
            # A tool that only posted or only sent has no rows to put back.
            if refusal.code != "undo_gone":
                raise
            raise Refused("mission_nothing_to_undo") from refusal

    async def _may_undo(self, who: Presser, owner: int, step: Step) -> None:
        """A studio's leads may take back what its missions did; a person's is theirs."""
        if not await self._people.is_server(owner):
            raise NotAllowed("mission_undo_owner", owner=owner)
        async with self._database.read(owner) as unit:
            mission = await the_mission(unit, step.mission_id)
        await self._voting.seat(who, mission, changes=True)

    def _is_reversible(self, tool: str) -> bool:
        return tool in self._catalogue and self._catalogue.get(tool).reversible

    def all_reversible(self, steps: Sequence[Step]) -> bool:
        """Tell whether "Approve all" may be offered."""
        return all(self._is_reversible(step.tool) for step in steps)


def already(step: Step) -> AlreadyDone:
    """Return the sentence that tells who decided, and when."""
    code = {
        StepState.REJECTED: "mission_dismissed_before",
        StepState.EXPIRED: "mission_expired_before",
        StepState.SUPERSEDED: "mission_superseded_before",
        StepState.WITHDRAWN: "mission_withdrawn_before",
        StepState.UNDONE: "mission_undone_before",
        StepState.FAILED: "mission_failed_before",
        StepState.PENDING: "mission_still_open",
    }.get(step.state, "mission_approved_before")
    return AlreadyDone(code, who=step.decided_name or "Studiohand", when=step.decided_at or step.created_at)


def _code(stopped: _Redrawn | _ToolRefused) -> str:
    return stopped.code if isinstance(stopped, _ToolRefused) else "mission_changed"


async def _moved(move: Awaitable[Step | None]) -> Step:
    """Return the moved step; somebody being first is an answer, not an error of ours."""
    step = await move
    if step is None:
        raise AlreadyDone("mission_decided_meanwhile")
    return step


class ExpirySlots:
    """The kind of slot "mission_expiry"."""

    name = "mission_expiry"

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """Staging brings the slot along."""
        return []

    async def run(self, slot: Slot) -> Later | None:
        await self._decisions.expire(slot)
        return None


class StepSlots:
    """The kind of slot "mission_step": a step that runs by itself."""

    name = "mission_step"

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """Staging brings the slot along."""
        return []

    async def run(self, slot: Slot) -> Later | None:
        await self._decisions.run_by_itself(slot)
        return None
