"""Who does what: of one server, and over all servers for one person."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, or_, select, update

from bot.actors import PersonId
from bot.clients.model import Assignee, AssigneeKind, Assignment, AssignmentState, SubjectKind
from storage.tables.clients import AssignmentRow, ClientPersonRow
from storage.tables.loops import ClipRow
from storage.unit import Repository, Unit, UnitT


class AssignmentRepository(Repository[UnitT]):
    """Who does what in this server."""

    async def get(self, assignment_id: str) -> Assignment | None:
        row = await self._row(assignment_id)
        return None if row is None else _assignment(row)

    async def open_of(self, subject_ids: Sequence[str]) -> list[Assignment]:
        """Return who does these things, who was asked first first."""
        rows = await self.session.execute(
            select(AssignmentRow)
            .where(AssignmentRow.subject_id.in_(list(subject_ids)), AssignmentRow.state == AssignmentState.OPEN.value)
            .order_by(AssignmentRow.assigned_at, AssignmentRow.id)
        )
        return [_assignment(row) for row in rows.scalars()]

    async def add(self: "AssignmentRepository[Unit]", one: Assignment) -> None:
        self.writing.add(
            AssignmentRow(
                id=one.id,
                owner_id=self.owner,
                client_id=one.client_id,
                subject_kind=one.kind.value,
                subject_id=one.subject_id,
                assignee_kind=one.assignee.kind.value,
                user_id=one.assignee.user_id,
                name=one.assignee.name,
                due_on=one.due_on.isoformat() if one.due_on else None,
                state=one.state.value,
                assigned_by=one.assigned_by,
                assigned_by_name=one.assigned_by_name,
                assigned_at=one.assigned_at,
                told_at=one.told_at,
            )
        )
        await self.writing.flush()

    async def end(self: "AssignmentRepository[Unit]", assignment_id: str, state: AssignmentState) -> bool:
        """Let an open one end; False where it is not open any more."""
        row = await self._row(assignment_id)
        if row is None or row.state != AssignmentState.OPEN.value:
            return False
        row.state = state.value
        await self.writing.flush()
        return True

    async def follow(self: "AssignmentRepository[Unit]", loop_ids: Sequence[str], client_id: str | None) -> None:
        """Go by the client that plans are filed under now: what another client was given, and its people, ends."""
        clips = select(ClipRow.id).where(ClipRow.loop_id.in_(list(loop_ids)))
        people = select(ClientPersonRow.user_id).where(ClientPersonRow.client_id.is_distinct_from(client_id))
        outsiders = set((await self.session.execute(people)).scalars())
        for row in await self._open(AssignmentRow.subject_id.in_(clips)):
            was_theirs = row.assignee_kind == AssigneeKind.CLIENT.value and row.client_id != client_id
            if was_theirs or row.user_id in outsiders:
                row.state = AssignmentState.WITHDRAWN.value
            else:
                row.client_id = client_id
        await self.writing.flush()

    async def end_of_client(self: "AssignmentRepository[Unit]", client_id: str, people: Sequence[int]) -> None:
        """End what a client's people have to do for it: they are out."""
        for row in await self._open((AssignmentRow.client_id == client_id) & AssignmentRow.user_id.in_(list(people))):
            row.state = AssignmentState.WITHDRAWN.value
        await self.writing.flush()

    async def _open(self, condition: ColumnElement[bool]) -> Sequence[AssignmentRow]:
        query = select(AssignmentRow).where(condition, AssignmentRow.state == AssignmentState.OPEN.value)
        return (await self.session.execute(query)).scalars().all()

    async def _row(self, assignment_id: str) -> AssignmentRow | None:
        query = select(AssignmentRow).where(AssignmentRow.id == assignment_id)
        return (await self.session.execute(query)).scalar_one_or_none()


class WorkRepository(Repository[UnitT]):
    """What somebody has to do over all servers; system units only."""

    async def open_for(self, user_id: int, client_ids: Sequence[str]) -> list[Assignment]:
        """Return what is a person's, and what is up to the clients that they approve for."""
        theirs = AssignmentRow.user_id == user_id
        if client_ids:
            up_to_client = AssignmentRow.assignee_kind == AssigneeKind.CLIENT.value
            theirs = or_(theirs, up_to_client & AssignmentRow.client_id.in_(list(client_ids)))
        rows = await self.session.execute(
            select(AssignmentRow)
            .where(theirs, AssignmentRow.state == AssignmentState.OPEN.value)
            .order_by(AssignmentRow.assigned_at, AssignmentRow.id)
        )
        return [_assignment(row) for row in rows.scalars()]

    async def many(self, ids: Sequence[str]) -> list[Assignment]:
        rows = await self.session.execute(
            select(AssignmentRow).where(AssignmentRow.id.in_(list(ids))).order_by(AssignmentRow.assigned_at)
        )
        return [_assignment(row) for row in rows.scalars()]

    async def last_told(self, user_id: int) -> datetime | None:
        """Return when a person was last told of something new."""
        query = select(func.max(AssignmentRow.told_at)).where(
            AssignmentRow.user_id == user_id, AssignmentRow.assigned_by != user_id
        )
        return (await self.session.execute(query)).scalar_one_or_none()

    async def told(self: "WorkRepository[Unit]", ids: Sequence[str]) -> None:
        """Note that people were told of these."""
        await self.writing.execute(
            update(AssignmentRow)
            .where(AssignmentRow.id.in_(list(ids)), AssignmentRow.told_at.is_(None))
            .values(told_at=self.unit.now)
        )


def _assignment(row: AssignmentRow) -> Assignment:
    return Assignment(
        id=row.id,
        owner_id=row.owner_id,
        kind=SubjectKind(row.subject_kind),
        subject_id=row.subject_id,
        assignee=Assignee(row.name, PersonId(row.user_id) if row.user_id is not None else None),
        assigned_by=PersonId(row.assigned_by),
        assigned_by_name=row.assigned_by_name,
        assigned_at=row.assigned_at,
        state=AssignmentState(row.state),
        client_id=row.client_id,
        due_on=date.fromisoformat(row.due_on) if row.due_on else None,
        told_at=row.told_at,
    )
