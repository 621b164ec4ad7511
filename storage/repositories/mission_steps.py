"""SQL of iterations, steps with their proposals, events and votes. States move by conditional updates only."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, delete, func, or_, select, update

from bot.actors import Actor
from bot.missions.model import (
    Dropped,
    Iteration,
    IterationId,
    IterationStatus,
    Line,
    MissionId,
    Phase,
    Preview,
    RunError,
    RunSource,
    Step,
    StepEvent,
    StepId,
    StepState,
    ToolRecord,
    Vote,
)
from bot.missions.proposals import check_arrow
from storage.tables.missions import IterationRow, MissionRow, StepEventRow, StepRow, VoteRow
from storage.unit import Repository, Unit, UnitT


def store_preview(preview: Preview) -> dict[str, Any]:
    return {
        "title": _line(preview.title),
        "before": [_line(line) for line in preview.before],
        "after": [_line(line) for line in preview.after],
        "basis": preview.basis,
    }


def _line(line: Line) -> dict[str, Any]:
    return {"key": line.key, "parts": dict(line.parts)}


def _preview(stored: Mapping[str, Any]) -> Preview:
    return Preview(
        title=Line(**stored["title"]),
        before=tuple(Line(**line) for line in stored["before"]),
        after=tuple(Line(**line) for line in stored["after"]),
        basis=stored["basis"],
    )


def iteration_of(row: IterationRow) -> Iteration:
    error = row.error
    return Iteration(
        id=IterationId(row.id),
        owner_id=row.owner_id,
        mission_id=MissionId(row.mission_id),
        number=row.number,
        source=RunSource(row.source),
        phase=Phase(row.phase),
        status=IterationStatus(row.status),
        started_at=row.started_at,
        finished_at=row.finished_at,
        summary=row.summary,
        planner=row.planner,
        ai_note=row.ai_note,
        prompt_version=row.prompt_version,
        tokens=row.tokens,
        cost_microusd=row.cost_microusd,
        error=RunError(error["code"], Phase(error["phase"]), error.get("detail", "")) if error else None,
        dropped=tuple(Dropped(**one) for one in row.dropped),
        feedback=row.feedback,
        feedback_by=row.feedback_by,
    )


def step_of(row: StepRow) -> Step:
    return Step(
        id=StepId(row.id),
        owner_id=row.owner_id,
        mission_id=MissionId(row.mission_id),
        iteration_id=IterationId(row.iteration_id),
        iteration_number=row.iteration_number,
        position=row.position,
        tool=row.tool,
        params=row.params,
        summary=row.summary,
        rationale=row.rationale,
        state=StepState(row.state),
        version=row.version,
        content_hash=row.content_hash,
        preview=_preview(row.preview),
        created_at=row.created_at,
        expires_at=row.expires_at,
        edited=row.edited,
        approvals=row.approvals,
        decided_by=row.decided_by,
        decided_name=row.decided_name,
        decided_at=row.decided_at,
        reason=row.reason,
        error=row.error,
        group_id=row.group_id,
        edited_name=row.edited_name or "",
        set_back=row.set_back or 0,
        asked_client=row.asked_client,
    )


class StepRepository(Repository[UnitT]):
    """Iterations and steps of one owner."""

    # ------------------------------------------------------------------ iterations

    async def add_iterations(self: "StepRepository[Unit]", rows: Sequence[Mapping[str, object]]) -> set[str]:
        """Insert running iterations; those whose slot key exists are left out. Return the new ids."""
        return set(await self.unit.insert_new(IterationRow, [{**_FRESH, **row} for row in rows]))

    async def iteration(self, iteration_id: str) -> Iteration | None:
        row = (
            await self.session.execute(select(IterationRow).where(IterationRow.id == iteration_id))
        ).scalar_one_or_none()
        return None if row is None else iteration_of(row)

    async def by_key(self, slot_key: str) -> Iteration | None:
        row = (
            await self.session.execute(select(IterationRow).where(IterationRow.slot_key == slot_key))
        ).scalar_one_or_none()
        return None if row is None else iteration_of(row)

    async def iterations(self, mission_id: str | None, limit: int, offset: int = 0) -> list[Iteration]:
        """Return iterations, newest first; of all missions where None."""
        statement = select(IterationRow).order_by(IterationRow.started_at.desc(), IterationRow.id.desc())
        if mission_id is not None:
            statement = statement.where(IterationRow.mission_id == mission_id)
        rows = await self.session.execute(statement.limit(limit).offset(offset))
        return [iteration_of(row) for row in rows.scalars()]

    async def count_iterations(self, mission_id: str) -> int:
        return (
            await self.session.execute(
                select(func.count()).select_from(IterationRow).where(IterationRow.mission_id == mission_id)
            )
        ).scalar_one()

    async def running(self, agent_id: str, but: str) -> int:
        """Return how many other iterations of an agent's missions are running."""
        return (
            await self.session.execute(
                select(func.count())
                .select_from(IterationRow)
                .join(MissionRow, MissionRow.id == IterationRow.mission_id)
                .where(
                    MissionRow.agent_id == agent_id,
                    IterationRow.status == str(IterationStatus.RUNNING),
                    IterationRow.phase != str(Phase.RESOLVING),
                    IterationRow.id != but,
                )
            )
        ).scalar_one()

    async def set_iteration(
        self: "StepRepository[Unit]", iteration_id: str, *, running_only: bool = False, **values: object
    ) -> bool:
        """Change columns; with `running_only` only while it is running. Return whether a row was changed."""
        statement = update(IterationRow).where(IterationRow.id == iteration_id)
        if running_only:
            statement = statement.where(IterationRow.status == str(IterationStatus.RUNNING))
        result = await self.writing.execute(statement.values(**values).execution_options(synchronize_session=False))
        return isinstance(result, CursorResult) and result.rowcount > 0

    # ------------------------------------------------------------------ steps

    async def add_steps(self: "StepRepository[Unit]", rows: Sequence[Mapping[str, object]]) -> None:
        """Insert steps, each with the event of its first state."""
        await self.unit.insert_new(StepRow, [{**_FRESH_STEP, **row} for row in rows])
        await self.unit.insert_new(
            StepEventRow,
            [
                {
                    "id": self.unit.new_id(),
                    "owner_id": self.owner,
                    "step_id": row["id"],
                    "version": 1,
                    "at": self.unit.now,
                    "state_before": None,
                    "state_after": row["state"],
                    "actor_reference": self.unit.actor.reference,
                    "actor_name": self.unit.actor.name,
                    "reason": "",
                }
                for row in rows
            ],
        )

    async def step(self, step_id: str) -> Step | None:
        row = (
            await self.session.execute(
                select(StepRow).where(StepRow.id == step_id).execution_options(populate_existing=True)
            )
        ).scalar_one_or_none()
        return None if row is None else step_of(row)

    async def owner_of_step(self, step_id: str) -> int | None:
        """Return whose step this is; system units only."""
        return (await self.session.execute(select(StepRow.owner_id).where(StepRow.id == step_id))).scalar_one_or_none()

    async def owner_of_iteration(self, iteration_id: str) -> int | None:
        """Return whose iteration this is; system units only."""
        return (
            await self.session.execute(select(IterationRow.owner_id).where(IterationRow.id == iteration_id))
        ).scalar_one_or_none()

    async def steps(self, iteration_ids: Sequence[str]) -> list[Step]:
        rows = await self.session.execute(
            select(StepRow)
            .where(StepRow.iteration_id.in_(iteration_ids))
            .order_by(StepRow.iteration_id, StepRow.position)
            .execution_options(populate_existing=True)
        )
        return [step_of(row) for row in rows.scalars()]

    async def pending(self, mission_id: str | None = None) -> list[Step]:
        """Return open proposals, oldest first."""
        statement = select(StepRow).where(StepRow.state == str(StepState.PENDING))
        if mission_id is not None:
            statement = statement.where(StepRow.mission_id == mission_id)
        rows = await self.session.execute(
            statement.order_by(StepRow.created_at, StepRow.id).execution_options(populate_existing=True)
        )
        return [step_of(row) for row in rows.scalars()]

    async def pending_in_guild(self, guild_id: int, but_owner: int) -> list[Step]:
        """Return other people's open proposals of a server's missions, where others are asked; system units only."""
        rows = await self.session.execute(
            select(StepRow)
            .join(MissionRow, MissionRow.id == StepRow.mission_id)
            .where(
                MissionRow.guild_id == guild_id,
                or_(MissionRow.channel_id.is_not(None), MissionRow.quorum > 1),
                StepRow.state == str(StepState.PENDING),
                StepRow.owner_id != but_owner,
            )
            .order_by(StepRow.created_at, StepRow.id)
            .limit(200)
        )
        return [step_of(row) for row in rows.scalars()]

    async def done(self, mission_id: str, iteration: int | None, position: int | None) -> list[Step]:
        """Return executed steps, the last executed first."""
        statement = select(StepRow).where(StepRow.mission_id == mission_id, StepRow.state == str(StepState.DONE))
        if iteration is not None:
            statement = statement.where(StepRow.iteration_number == iteration)
        if position is not None:
            statement = statement.where(StepRow.position == position)
        rows = await self.session.execute(
            statement.order_by(StepRow.group_id.desc()).execution_options(populate_existing=True)
        )
        return [step_of(row) for row in rows.scalars()]

    async def count_pending(self) -> int:
        return (
            await self.session.execute(
                select(func.count()).select_from(StepRow).where(StepRow.state == str(StepState.PENDING))
            )
        ).scalar_one()

    async def hashes(self, rejected_since: datetime) -> tuple[set[str], set[str]]:
        """Return content hashes of steps pending now, and of steps rejected since then."""
        rows = await self.session.execute(
            select(StepRow.content_hash, StepRow.state, StepRow.decided_at).where(
                StepRow.state.in_((str(StepState.PENDING), str(StepState.REJECTED)))
            )
        )
        pending, rejected = set(), set()
        for digest, state, decided_at in rows.all():
            if state == StepState.PENDING:
                pending.add(digest)
            elif decided_at is not None and decided_at >= rejected_since:
                rejected.add(digest)
        return pending, rejected

    async def runs_today(self, mission_id: str, since: datetime) -> dict[str, int]:
        """Return how often each tool ran for a mission since then."""
        rows = await self.session.execute(
            select(StepRow.tool, func.count())
            .where(
                StepRow.mission_id == mission_id,
                StepRow.state.in_((str(StepState.DONE), str(StepState.UNDONE))),
                StepRow.decided_at >= since,
            )
            .group_by(StepRow.tool)
        )
        return {tool: count for tool, count in rows.all()}

    async def records(self, mission_id: str | None = None, limit: int = 2_000) -> list[ToolRecord]:
        """Return what became of proposals, newest first."""
        statement = select(
            StepRow.tool, StepRow.state, StepRow.created_at, StepRow.decided_at, StepRow.edited
        ).order_by(StepRow.created_at.desc(), StepRow.id.desc())
        if mission_id is not None:
            statement = statement.where(StepRow.mission_id == mission_id)
        rows = await self.session.execute(statement.limit(limit))
        return [
            ToolRecord(tool, StepState(state), created_at, decided_at, edited is not None)
            for tool, state, created_at, decided_at, edited in rows.all()
        ]

    async def move(
        self: "StepRepository[Unit]",
        step: Step,
        after: StepState,
        *,
        reason: str = "",
        actor: Actor | None = None,
        **values: object,
    ) -> Step | None:
        """Move a step to another state, if it still is as `step` says; None where somebody was first.

        The arrow and its event are one; `values` are further columns. Raises NoSuchArrow for one that does not exist.
        """
        check_arrow(step.state, after)
        result = await self.writing.execute(
            update(StepRow)
            .where(StepRow.id == step.id, StepRow.state == str(step.state), StepRow.version == step.version)
            .values(state=str(after), version=step.version + 1, **values)
            .execution_options(synchronize_session=False)
        )
        if not isinstance(result, CursorResult) or result.rowcount == 0:
            return None
        await self.note(step, after, step.version + 1, reason, actor=actor)
        return await self.step(step.id)

    async def set_step(self: "StepRepository[Unit]", step: Step, **values: object) -> Step | None:
        """Change columns without an arrow, if the step still is as `step` says."""
        result = await self.writing.execute(
            update(StepRow)
            .where(StepRow.id == step.id, StepRow.state == str(step.state), StepRow.version == step.version)
            .values(version=step.version + 1, **values)
            .execution_options(synchronize_session=False)
        )
        if not isinstance(result, CursorResult) or result.rowcount == 0:
            return None
        return await self.step(step.id)

    async def has_moved_since(self, moment: datetime) -> bool:
        """Tell whether any of the owner's steps was decided, run or ended after `moment`."""
        found = await self.session.execute(
            select(StepEventRow.id).where(StepEventRow.owner_id == self.owner, StepEventRow.at > moment).limit(1)
        )
        return found.scalar() is not None

    async def note(
        self: "StepRepository[Unit]",
        step: Step,
        after: StepState,
        version: int,
        reason: str,
        *,
        actor: Actor | None = None,
    ) -> None:
        """Write the event of an arrow; by the unit's actor unless somebody else is named."""
        who = actor or self.unit.actor
        await self.unit.insert_new(
            StepEventRow,
            [
                {
                    "id": self.unit.new_id(),
                    "owner_id": self.owner,
                    "step_id": step.id,
                    "version": version,
                    "at": self.unit.now,
                    "state_before": str(step.state),
                    "state_after": str(after),
                    "actor_reference": who.reference,
                    "actor_name": who.name,
                    "reason": reason,
                }
            ],
        )

    async def events(self, step_ids: Sequence[str]) -> list[StepEvent]:
        """Return what happened to steps, oldest first."""
        rows = await self.session.execute(
            select(StepEventRow).where(StepEventRow.step_id.in_(step_ids)).order_by(StepEventRow.id)
        )
        return [
            StepEvent(StepId(row.step_id), row.at, StepState(row.state_after), row.actor_name) for row in rows.scalars()
        ]

    async def vote(self: "StepRepository[Unit]", step_id: str, vote: Vote) -> bool:
        """Keep a person's yes; False where they had said it before."""
        added = await self.unit.insert_new(
            VoteRow,
            [
                {
                    "id": self.unit.new_id(),
                    "owner_id": self.owner,
                    "step_id": step_id,
                    "voter_id": vote.voter_id,
                    "voter_name": vote.voter_name,
                    "at": self.unit.now,
                    "seen": vote.seen,
                    "fits": sorted(vote.fits),
                }
            ],
        )
        return bool(added)

    async def forget_votes(self: "StepRepository[Unit]", step_id: str, voters: Sequence[int] | None = None) -> None:
        """Take back every yes, or those of some people."""
        statement = delete(VoteRow).where(VoteRow.step_id == step_id)
        if voters is not None:
            statement = statement.where(VoteRow.voter_id.in_(voters))
        await self.writing.execute(statement)

    async def votes(self, step_id: str) -> list[Vote]:
        """Return who said yes, in the order in which they did."""
        rows = await self.session.execute(
            select(VoteRow.voter_id, VoteRow.voter_name, VoteRow.seen, VoteRow.fits)
            .where(VoteRow.step_id == step_id)
            .order_by(VoteRow.id)
        )
        return [
            # Before there were parts, everybody who voted was an approver.
            Vote(voter_id, name, seen or "", frozenset(("approver",) if fits is None else fits))
            for voter_id, name, seen, fits in rows
        ]


_FRESH: Mapping[str, object] = {
    "phase": str(Phase.RESOLVING),
    "status": str(IterationStatus.RUNNING),
    "finished_at": None,
    "summary": "",
    "planner": "",
    "ai_note": "",
    "prompt_version": "",
    "tokens": 0,
    "cost_microusd": None,
    "error": None,
    "dropped": [],
    "feedback": "",
    "feedback_by": None,
}

_FRESH_STEP: Mapping[str, object] = {
    "version": 1,
    "edited": None,
    "approvals": 0,
    "decided_by": None,
    "decided_name": "",
    "decided_at": None,
    "reason": "",
    "error": "",
    "group_id": None,
    "edited_name": None,
    "set_back": None,
    "asked_client": None,
}


def store_dropped(dropped: Sequence[Dropped]) -> list[dict[str, str]]:
    return [asdict(one) for one in dropped]
