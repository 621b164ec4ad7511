"""SQL of agents and missions, their schedules and notes. Iterations and steps: mission_steps.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, literal, or_, select, update

from bot.coach.model import GoalStatus
from bot.errors import NotFound
from bot.missions.model import (
    Agent,
    AgentId,
    InputKind,
    InputRef,
    LifeState,
    Mission,
    MissionId,
    Policy,
    Schedule,
)
from bot.missions.quorum import read_parts
from storage.tables.coach import CoachGoalRow
from storage.tables.engine import SlotRow
from storage.tables.missions import AgentRow, MissionNoteRow, MissionRow, ScheduleRow
from storage.types import Flag
from storage.unit import Repository, Unit, UnitT

_ALIVE = (LifeState.ACTIVE, LifeState.PAUSED)


def agent_of(row: AgentRow) -> Agent:
    return Agent(
        id=AgentId(row.id),
        owner_id=row.owner_id,
        guild_id=row.guild_id,
        name=row.name,
        role_text=row.role_text,
        policies={name: Policy(value) for name, value in row.policies.items()},
        max_tokens_per_day=row.max_tokens_per_day,
        max_concurrent_missions=row.max_concurrent_missions,
        state=LifeState(row.state),
        is_default=row.is_default,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def mission_of(row: MissionRow) -> Mission:
    return Mission(
        id=MissionId(row.id),
        owner_id=row.owner_id,
        guild_id=row.guild_id,
        agent_id=AgentId(row.agent_id),
        number=row.number,
        title=row.title,
        concept=row.concept,
        objective=row.objective,
        inputs=tuple(InputRef(InputKind(one["kind"]), one.get("ref", "")) for one in row.inputs),
        cadence=row.cadence,
        channel_id=row.channel_id,
        state=LifeState(row.state),
        quorum=read_parts(row.quorum_parts, row.quorum),
        quorum_without_proposer=row.quorum_without_proposer,
        uses_rules=row.uses_rules,
        paused_until=row.paused_until,
        deleted_at=row.deleted_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        client_id=row.client_id,
    )


def schedule_of(row: ScheduleRow) -> Schedule:
    return Schedule(
        mission_id=MissionId(row.id),
        owner_id=row.owner_id,
        zone=row.zone,
        next_run_at=row.next_run_at,
        next_key=row.next_key,
        failures=row.failures,
        quiet_runs=row.quiet_runs,
        stride=row.stride,
        iterations=row.iterations,
    )


@dataclass(frozen=True, slots=True)
class DueMission:
    """What the tick needs of a due mission."""

    mission_id: MissionId
    owner_id: int
    zone: str
    cadence: str
    due_at: datetime
    key: str
    stride: int
    iterations: int


@dataclass(frozen=True, slots=True)
class OverdueGoal:
    """A goal past its day, and whose it is."""

    id: str
    owner: int
    target_date: str


class MissionRepository(Repository[UnitT]):
    """Agents, missions and schedules of one owner; `due` and `advance` of all owners (system units)."""

    # ------------------------------------------------------------------ agents

    async def agents(self) -> list[Agent]:
        rows = await self.session.execute(select(AgentRow).order_by(AgentRow.is_default.desc(), AgentRow.name))
        return [agent_of(row) for row in rows.scalars()]

    async def agent(self, agent_id: str) -> Agent | None:
        row = await self._agent(agent_id)
        return None if row is None else agent_of(row)

    async def default_agent(self) -> Agent | None:
        row = (
            await self.session.execute(select(AgentRow).where(AgentRow.is_default == literal(True, Flag())).limit(1))
        ).scalar_one_or_none()
        return None if row is None else agent_of(row)

    async def add_agent(
        self: "MissionRepository[Unit]",
        name: str,
        role_text: str,
        max_concurrent: int,
        *,
        is_default: bool,
        guild_id: int | None = None,
    ) -> Agent:
        row = AgentRow(
            id=self.unit.new_id(),
            owner_id=self.owner,
            guild_id=guild_id,
            name=name,
            role_text=role_text,
            policies={},
            max_tokens_per_day=None,
            max_concurrent_missions=max_concurrent,
            state=str(LifeState.ACTIVE),
            is_default=is_default,
            created_at=self.unit.now,
            updated_at=self.unit.now,
        )
        self.writing.add(row)
        await self.writing.flush()
        return agent_of(row)

    async def change_agent(self: "MissionRepository[Unit]", agent_id: str, **values: object) -> Agent:
        """Change columns of an agent; `policies` as tool → policy, `state` as LifeState."""
        row = await self._agent(agent_id)
        if row is None:
            raise NotFound("agent", "/mission agents")
        for name, value in values.items():
            if name == "policies" and isinstance(value, Mapping):
                value = {str(tool): str(policy) for tool, policy in value.items()}
            setattr(row, name, str(value) if isinstance(value, LifeState) else value)
        row.updated_at = self.unit.now
        await self.writing.flush()
        return agent_of(row)

    async def _agent(self, agent_id: str) -> AgentRow | None:
        return (await self.session.execute(select(AgentRow).where(AgentRow.id == agent_id))).scalar_one_or_none()

    # ------------------------------------------------------------------ missions

    async def missions(self, states: Sequence[LifeState] = _ALIVE, *, binned: bool = False) -> list[Mission]:
        """Return missions, newest first; `binned` those in the bin instead."""
        deleted: ColumnElement[bool] = MissionRow.deleted_at.is_not(None) if binned else MissionRow.deleted_at.is_(None)
        statement = select(MissionRow).where(deleted)
        if not binned:
            statement = statement.where(MissionRow.state.in_([str(state) for state in states]))
        rows = await self.session.execute(statement.order_by(MissionRow.number.desc()))
        return [mission_of(row) for row in rows.scalars()]

    async def mission(self, mission_id: str) -> Mission | None:
        row = await self._mission(mission_id)
        return None if row is None else mission_of(row)

    async def owner_of(self, mission_id: str) -> int | None:
        """Return whose mission this is; system units only."""
        query = select(MissionRow.owner_id).where(MissionRow.id == mission_id)
        return (await self.session.execute(query)).scalar_one_or_none()

    async def find_missions(self, typed: str, limit: int) -> list[Mission]:
        """Return missions whose title or code holds what was typed, newest first."""
        statement = select(MissionRow).where(MissionRow.deleted_at.is_(None))
        words = typed.strip().lower()
        if words:
            number = words.removeprefix("m")
            match: list[ColumnElement[bool]] = [func.lower(MissionRow.title).contains(words, autoescape=True)]
            if number.isdecimal() and len(number) < 10:
                match.append(MissionRow.number == int(number))
            statement = statement.where(or_(*match))
        rows = await self.session.execute(statement.order_by(MissionRow.number.desc()).limit(limit))
        return [mission_of(row) for row in rows.scalars()]

    async def count(self) -> int:
        return (
            await self.session.execute(
                select(func.count()).select_from(MissionRow).where(MissionRow.deleted_at.is_(None))
            )
        ).scalar_one()

    async def add_mission(self: "MissionRepository[Unit]", values: Mapping[str, object]) -> Mission:
        """Add a mission; its number is the owner's next."""
        top = (await self.writing.execute(select(func.max(MissionRow.number)))).scalar_one()
        row = MissionRow(
            **values,
            id=self.unit.new_id(),
            owner_id=self.owner,
            number=(top or 0) + 1,
            created_at=self.unit.now,
            updated_at=self.unit.now,
        )
        self.writing.add(row)
        await self.writing.flush()
        return mission_of(row)

    async def change_mission(self: "MissionRepository[Unit]", mission_id: str, **values: object) -> Mission:
        """Change columns of a mission. Raises NotFound."""
        row = await self._mission(mission_id)
        if row is None:
            raise NotFound("mission", "/mission list")
        for name, value in values.items():
            setattr(row, name, str(value) if isinstance(value, LifeState) else value)
        row.updated_at = self.unit.now
        await self.writing.flush()
        return mission_of(row)

    async def _mission(self, mission_id: str) -> MissionRow | None:
        return (await self.session.execute(select(MissionRow).where(MissionRow.id == mission_id))).scalar_one_or_none()

    async def waiting_for(self, event: str, subject: str) -> list[MissionId]:
        """Return the owner's active missions that wait for an event about this subject, or about any."""
        wanted = [f"on {event}", f"on {event} {subject}".strip()]
        rows = await self.session.execute(
            select(MissionRow.id).where(
                MissionRow.cadence.in_(wanted),
                MissionRow.state == str(LifeState.ACTIVE),
                MissionRow.deleted_at.is_(None),
            )
        )
        return [MissionId(one) for one in rows.scalars()]

    async def overdue_goals(self, first: date, last: date, limit: int) -> list[OverdueGoal]:
        """Return open goals with a target date in [first, last] that an active mission of their owner waits for.

        Those that have their slot are left out. System units only.
        """
        waiting = (
            select(MissionRow.id)
            .where(
                MissionRow.owner_id == CoachGoalRow.owner_id,
                or_(MissionRow.cadence == "on goal", MissionRow.cadence == "on goal " + CoachGoalRow.id),
                MissionRow.state == str(LifeState.ACTIVE),
                MissionRow.deleted_at.is_(None),
            )
            .exists()
        )
        told = (
            select(SlotRow.id)
            .where(
                SlotRow.kind == "goal_overdue",
                SlotRow.subject_id == CoachGoalRow.id + ":" + CoachGoalRow.target_date,
            )
            .exists()
        )
        rows = await self.session.execute(
            select(CoachGoalRow.id, CoachGoalRow.owner_id, CoachGoalRow.target_date)
            .where(
                CoachGoalRow.status == str(GoalStatus.ACTIVE),
                CoachGoalRow.target_date.between(first.isoformat(), last.isoformat()),
                waiting,
                ~told,
            )
            .limit(limit)
        )
        return [OverdueGoal(row.id, row.owner_id, str(row.target_date)) for row in rows]

    async def goal_is_open(self, goal_id: str, target_date: str) -> bool:
        """Tell whether the owner's goal is still open with this target date."""
        row = await self.session.execute(
            select(CoachGoalRow.id).where(
                CoachGoalRow.id == goal_id,
                CoachGoalRow.status == str(GoalStatus.ACTIVE),
                CoachGoalRow.target_date == target_date,
            )
        )
        return row.scalar_one_or_none() is not None

    # ------------------------------------------------------------------ schedules

    async def schedule(self, mission_id: str) -> Schedule | None:
        row = (await self.session.execute(select(ScheduleRow).where(ScheduleRow.id == mission_id))).scalar_one_or_none()
        return None if row is None else schedule_of(row)

    async def schedules(self, mission_ids: Sequence[str]) -> dict[str, Schedule]:
        rows = await self.session.execute(select(ScheduleRow).where(ScheduleRow.id.in_(mission_ids)))
        return {row.id: schedule_of(row) for row in rows.scalars()}

    async def add_schedule(self: "MissionRepository[Unit]", mission_id: str, zone: str, cadence: str) -> None:
        await self.unit.insert_new(
            ScheduleRow,
            [
                {
                    "id": mission_id,
                    "owner_id": self.owner,
                    "zone": zone,
                    "cadence": cadence,
                    "next_run_at": None,
                    "next_key": None,
                    "failures": 0,
                    "quiet_runs": 0,
                    "stride": 1,
                    "iterations": 0,
                    "switched_on": {},
                }
            ],
        )

    async def set_schedule(self: "MissionRepository[Unit]", mission_id: str, **values: object) -> None:
        await self.writing.execute(
            update(ScheduleRow)
            .where(ScheduleRow.id == mission_id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )

    async def next_number(self: "MissionRepository[Unit]", mission_id: str) -> int:
        """Count an iteration and return its number."""
        return (
            await self.writing.execute(
                update(ScheduleRow)
                .where(ScheduleRow.id == mission_id)
                .values(iterations=ScheduleRow.iterations + 1)
                .returning(ScheduleRow.iterations)
                .execution_options(synchronize_session=False)
            )
        ).scalar_one()

    async def stop_schedules(self: "MissionRepository[Unit]", agent_id: str) -> None:
        """Let no mission of an agent be due by the clock."""
        own = select(MissionRow.id).where(MissionRow.agent_id == agent_id)
        await self.writing.execute(
            update(ScheduleRow)
            .where(ScheduleRow.id.in_(own))
            .values(next_run_at=None, next_key=None)
            .execution_options(synchronize_session=False)
        )

    async def switched_on(self) -> dict[str, int]:
        """Return tool → milliseconds since when its accept rate counts anew, over all missions."""
        found: dict[str, int] = {}
        rows = await self.session.execute(select(ScheduleRow.switched_on))
        for one in rows.scalars():
            for tool, at in one.items():
                found[tool] = max(found.get(tool, 0), int(at))
        return found

    async def set_switched_on(self: "MissionRepository[Unit]", mission_id: str, tool: str, at_ms: int) -> None:
        """Let a tool's accept rate count from now on."""
        old = (
            await self.writing.execute(select(ScheduleRow.switched_on).where(ScheduleRow.id == mission_id))
        ).scalar_one_or_none()
        await self.set_schedule(mission_id, switched_on={**(old or {}), tool: at_ms})

    async def owners_in(self, guild_id: int) -> list[int]:
        """Return whose missions are in a server; system units only."""
        rows = await self.session.execute(
            select(MissionRow.owner_id).where(MissionRow.guild_id == guild_id).distinct().order_by(MissionRow.owner_id)
        )
        return list(rows.scalars())

    async def due(self: "MissionRepository[Unit]", now: datetime, limit: int) -> list[DueMission]:
        """Return due schedules of all owners, longest due first; another process's rows are left out."""
        statement = (
            select(ScheduleRow).where(ScheduleRow.next_run_at <= now).order_by(ScheduleRow.next_run_at).limit(limit)
        )
        rows = await self.writing.execute(self.unit.locked(statement))
        return [
            DueMission(
                MissionId(row.id),
                row.owner_id,
                row.zone,
                row.cadence,
                row.next_run_at or now,
                row.next_key or "",
                row.stride,
                row.iterations,
            )
            for row in rows.scalars()
        ]

    async def advance(self: "MissionRepository[Unit]", rows: Sequence[Mapping[str, object]]) -> None:
        """Set next run and count of many schedules by id, in one statement; system units only."""
        if rows:
            await self.writing.execute(update(ScheduleRow), [dict(row) for row in rows])

    # ------------------------------------------------------------------ notes

    async def add_note(self: "MissionRepository[Unit]", mission_id: str, text: str) -> None:
        self.writing.add(
            MissionNoteRow(
                id=self.unit.new_id(),
                owner_id=self.owner,
                mission_id=mission_id,
                text=text,
                created_at=self.unit.now,
            )
        )
        await self.writing.flush()

    async def notes(self, mission_id: str, limit: int = 20) -> list[str]:
        """Return the newest notes, oldest first."""
        rows = await self.session.execute(
            select(MissionNoteRow.text)
            .where(MissionNoteRow.mission_id == mission_id)
            .order_by(MissionNoteRow.id.desc())
            .limit(limit)
        )
        return list(rows.scalars())[::-1]
