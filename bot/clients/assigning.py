"""Who does what: giving a thing of a server to somebody, handing it on, and one person's work over all servers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.actors import Actor, OwnerId, PersonId
from bot.clients.model import Assignee, Assignment, AssignmentState, Given, Subject, SubjectKind, WorkItem
from bot.clients.ports import SubjectReader
from bot.clients.rules import client_rules
from bot.clients.service import ClientService
from bot.errors import AlreadyDone, Gone, NotAllowed, NotFound, Refused
from bot.slots import SlotDraft
from storage.repositories.assignments import AssignmentRepository, WorkRepository
from storage.repositories.changes import ChangeRepository
from storage.repositories.clients import ClientPeopleRepository
from storage.unit import Database, Unit

TELLING = "work-tell"
"""The kind of slot that tells somebody of what was given to them."""
INBOX = "/studio inbox"


@dataclass(frozen=True, slots=True)
class Assigned:
    """What came of it: the thing, who does it now, what Undo needs. `added` are those who were not asked before."""

    subject: Subject
    added: tuple[Assignee, ...]
    group_id: str


class AssignmentService:
    """Everything about who does what. Who may is asked before, by the table of roles."""

    def __init__(self, database: Database, subjects: SubjectReader, clients: ClientService) -> None:
        self._database = database
        self._subjects = subjects
        self._clients = clients
        self.rules = client_rules()

    # ------------------------------------------------------------------ giving

    async def assign(
        self,
        actor: Actor,
        owner: OwnerId,
        kind: SubjectKind,
        subject_id: str,
        people: Sequence[Assignee],
        due_on: date | None = None,
    ) -> Assigned:
        """Give a thing to people or to its client. Who has it already keeps it; who is new is told, once.

        Raises Gone, Refused for a thing that is done, for too many people, for a day after its deadline, and for "the
        client" of a plan that is filed under none.
        """
        subject = await self._subject(owner, kind, subject_id)
        if subject.is_done:
            raise Refused("assign_done", title=subject.title)
        if due_on is not None and subject.hard_day is not None and due_on > subject.hard_day:
            raise Refused("assign_after", title=subject.title, day=subject.hard_day)
        if subject.client_id is None and any(one.user_id is None for one in people):
            raise Refused("assign_no_client", plan=subject.plan)
        async with self._database.write(actor, owner, "client.assign") as unit:
            known = await unit.repo(AssignmentRepository).open_of([subject.id])
            have = {one.assignee.user_id for one in known}
            added = [one for one in people if one.user_id not in have]
            if len(known) + len(added) > self.rules.assignees_max:
                raise Refused("assign_full", limit=self.rules.assignees_max)
            for assignee in added:
                await self._give(unit, actor, subject, kind, assignee, due_on)
        return Assigned(subject, tuple(added), unit.group_id if added else "")

    async def hand_on(self, actor: Actor, assignment_id: str, to: Assignee) -> Assigned:
        """Give what is one's own to somebody else, in one transaction."""
        one = await self.mine(actor, assignment_id)
        subject = await self._subject(one.owner_id, one.kind, one.subject_id)
        async with self._database.write(actor, one.owner_id, "client.hand_on") as unit:
            await self._end(unit, one, AssignmentState.HANDED_ON)
            known = await unit.repo(AssignmentRepository).open_of([subject.id])
            if to.user_id not in {each.assignee.user_id for each in known}:
                await self._give(unit, actor, subject, one.kind, to, one.due_on)
        return Assigned(subject, (to,), unit.group_id)

    async def give_back(self, actor: Actor, assignment_id: str) -> Assigned:
        """Give what is one's own back to whoever assigned it, who is told; oneself, or who is nobody now, gets nothing.

        `added` is then empty.
        """
        one = await self.mine(actor, assignment_id)
        subject = await self._subject(one.owner_id, one.kind, one.subject_id)
        back = Assignee(one.assigned_by_name, one.assigned_by)
        async with self._database.write(actor, one.owner_id, "client.give_back") as unit:
            await self._end(unit, one, AssignmentState.WITHDRAWN)
            if one.assigned_by <= 0 or one.assigned_by == actor.user_id:
                return Assigned(subject, (), unit.group_id)
            known = await unit.repo(AssignmentRepository).open_of([subject.id])
            if back.user_id not in {each.assignee.user_id for each in known}:
                await self._give(unit, actor, subject, one.kind, back, one.due_on)
        return Assigned(subject, (back,), unit.group_id)

    async def withdraw(self, actor: Actor, owner: OwnerId, assignment_id: str) -> str:
        """Take a thing from somebody; return what Undo needs."""
        async with self._database.write(actor, owner, "client.withdraw") as unit:
            one = await unit.repo(AssignmentRepository).get(assignment_id)
            if one is None:
                raise NotFound("task", INBOX)
            if not await unit.repo(AssignmentRepository).end(one.id, AssignmentState.WITHDRAWN):
                raise AlreadyDone("assign_ended")
        return unit.group_id

    # ------------------------------------------------------------------ looking

    async def of(self, owner: OwnerId, subject_ids: Sequence[str]) -> dict[str, list[Assignment]]:
        """Return who does things of a server, by the thing."""
        found: dict[str, list[Assignment]] = {}
        async with self._database.read(owner) as unit:
            for one in await unit.repo(AssignmentRepository).open_of(subject_ids):
                found.setdefault(one.subject_id, []).append(one)
        return found

    async def doers(self, owner: OwnerId, subject_ids: Sequence[str]) -> dict[str, list[str]]:
        """Return the names of those who do things of a server, by the thing."""
        found: dict[str, list[str]] = {}
        async with self._database.read(owner) as unit:
            for one in await unit.repo(AssignmentRepository).open_of(subject_ids):
                found.setdefault(one.subject_id, []).append(one.assignee.name)
        return found

    async def given(self, owner: OwnerId, client_id: str, subject_ids: Sequence[str]) -> dict[str, Given]:
        """Return who does things, as their client may know: whether it is up to them, and people of the server.

        Whoever comes from another client's side is not named, nor is what was up to a client under which the thing is
        not filed any more.
        """
        found: dict[str, Given] = {}
        async with self._database.read(owner, as_house=True) as unit:
            whose = await unit.repo(ClientPeopleRepository).whose()
            for one in await unit.repo(AssignmentRepository).open_of(subject_ids):
                known = found.get(one.subject_id, Given())
                user = one.assignee.user_id
                side = one.client_id if user is None else whose.get(user)
                if side == client_id:
                    known = replace(known, theirs=True)
                elif side is None and user is not None:
                    known = replace(known, names=(*known.names, one.assignee.name))
                found[one.subject_id] = known
        return found

    async def must_be_theirs(self, owner: OwnerId, subject_id: str, user_id: int) -> None:
        """Raise NotAllowed where somebody from a client's side may not finish a thing: it was given to others."""
        for one in (await self.of(owner, [subject_id])).get(subject_id, ()):
            if one.assignee.user_id in (None, user_id):
                return
        raise NotAllowed("assign_not_yours")

    async def my_work(self, user_id: int, *, with_own: bool = True) -> list[WorkItem]:
        """Return everything open that is somebody's: over all servers, and of their own plans that have a day.

        What has a day comes first, by day. Of others' plans it tells title, day, plan and client, and nothing else.
        """
        given = await self._given(user_id)
        items = [item for item in await self._items(given) if not item.subject.is_done]
        if with_own:
            items += [WorkItem(subject, subject.day) for subject in await self._subjects.own(PersonId(user_id))]
        return sorted(items, key=lambda item: (item.day is None, item.day or date.max, item.subject.title))

    async def news(self, ids: Sequence[str]) -> list[WorkItem]:
        """Return what is still open of what somebody is to be told of."""
        async with self._database.system_read() as unit:
            found = await unit.repo(WorkRepository).many(ids)
        open_ones = [one for one in found if one.state is AssignmentState.OPEN]
        return [item for item in await self._items(open_ones) if not item.subject.is_done]

    async def untold(self, user_id: int) -> list[Assignment]:
        """Return what somebody was not told of yet and did not take upon themselves."""
        return [one for one in await self._given(user_id) if one.told_at is None]

    async def next_telling(self, user_id: int) -> datetime | None:
        """Return before when nothing is to be told: half an hour after the last time."""
        async with self._database.system_read() as unit:
            last = await unit.repo(WorkRepository).last_told(user_id)
        return None if last is None else last + timedelta(minutes=self.rules.telling_gap_minutes)

    async def get(self, assignment_id: str) -> Assignment:
        """Return one, whosever it is; the caller asks whether this person may. Raises NotFound."""
        async with self._database.system_read() as unit:
            found = await unit.repo(WorkRepository).many([assignment_id])
        if not found:
            raise NotFound("task", INBOX)
        return found[0]

    async def mine(self, actor: Actor, assignment_id: str) -> Assignment:
        """Return what is given to this person, or is up to the client that they approve for.

        Raises Gone where it is no more, with who took it back or handed it on where it was theirs; else NotFound.
        """
        person = actor.user_id or 0
        for one in await self._given(person):
            if one.id == assignment_id:
                return one
        was = await self.get(assignment_id)
        if was.assignee.user_id != person:
            raise NotFound("task", INBOX)
        async with self._database.read(was.owner_id) as unit:
            history = await unit.repo(ChangeRepository).of_entity("assignments", was.id)
        last = next((one for one in history if "state" in one.fields()), None)
        if last is None or last.actor_reference == actor.reference:
            raise Gone("assign_over")
        raise Gone("assign_over_by", who=last.actor_name, when=last.at)

    # ------------------------------------------------------------------ inside

    async def _given(self, user_id: int) -> list[Assignment]:
        clients = [client.id for client in await self._clients.approving(user_id)]
        async with self._database.system_read() as unit:
            return await unit.repo(WorkRepository).open_for(user_id, clients)

    async def _items(self, given: Sequence[Assignment]) -> list[WorkItem]:
        items: list[WorkItem] = []
        for owner in dict.fromkeys(one.owner_id for one in given):
            theirs = [one for one in given if one.owner_id == owner]
            subjects = await self._subjects.look(owner, [one.subject_id for one in theirs])
            studio = await self._subjects.studio_name(owner)
            names = await self._clients.names_as_house(owner)
            for one in theirs:
                subject = subjects.get(one.subject_id)
                # What is filed under a client that was put away waits for it to come back.
                if subject is None or (subject.client_id is not None and subject.client_id not in names):
                    continue
                client = names.get(subject.client_id or "", "")
                items.append(WorkItem(subject, one.due_on or subject.day, one, studio, client))
        return items

    async def _subject(self, owner: OwnerId, kind: SubjectKind, subject_id: str) -> Subject:
        found = (await self._subjects.look(owner, [subject_id])).get(subject_id)
        if found is None:
            raise Gone("loop_clip_gone")
        return found

    async def _give(
        self, unit: Unit, actor: Actor, subject: Subject, kind: SubjectKind, to: Assignee, due_on: date | None
    ) -> None:
        # Who takes something upon themselves knows; the client's people are told by their own card.
        by = PersonId(actor.user_id or 0)
        is_told = to.user_id is not None and to.user_id != by
        one = Assignment(
            id=unit.new_id(),
            owner_id=subject.owner_id,
            kind=kind,
            subject_id=subject.id,
            assignee=to,
            assigned_by=by,
            assigned_by_name=actor.name,
            assigned_at=unit.now,
            client_id=subject.client_id,
            due_on=due_on,
            told_at=None if is_told else unit.now,
        )
        await unit.repo(AssignmentRepository).add(one)
        unit.touch("loop", subject.plan_id)
        if to.user_id is not None and is_told:
            await unit.add_slots(
                [SlotDraft(f"{TELLING}:{one.id}", TELLING, str(to.user_id), unit.now, owner=to.user_id)]
            )

    async def _end(self, unit: Unit, one: Assignment, state: AssignmentState) -> None:
        if not await unit.repo(AssignmentRepository).end(one.id, state):
            raise Gone("assign_over")


def grouped(items: Sequence[WorkItem], today: date) -> dict[str, list[WorkItem]]:
    """Return work in the order of a list: late, this week (seven days), later, no day; empty groups are left out."""
    groups: dict[str, list[WorkItem]] = {"late": [], "week": [], "later": [], "open": []}
    for item in items:
        if item.day is None:
            groups["open"].append(item)
        elif item.day < today:
            groups["late"].append(item)
        else:
            groups["week" if item.day < today + timedelta(days=7) else "later"].append(item)
    return {name: found for name, found in groups.items() if found}
