"""Clients: the service, over what loops answer of the plans that are filed under them."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from bot.actors import OwnerId, PersonId
from bot.clients.assigning import AssignmentService
from bot.clients.handing_over import OFFERED, HandoverService
from bot.clients.model import Client, Subject, Work, WorkLine
from bot.clients.rules import client_rules
from bot.clients.service import ClientService
from bot.clients.telling import DELIVERY, Offers, WorkSlots
from bot.clock import Clock
from bot.loops.dates import last_day_of
from bot.loops.model import Clip, DeadlineKind, Loop
from bot.loops.read import LoopReads
from bot.services import Foundation
from bot.studio.service import StudioService


def wire_clients(on: Foundation) -> tuple[ClientService, AssignmentService, HandoverService]:
    """Make the services; who is a client's person is then asked of the first at every press."""
    reads = LoopReads(on.database)
    service = ClientService(on.database, FiledPlans(reads, on.clock), on.studio)
    on.studio.clients = service
    work = AssignmentService(on.database, ClipSubjects(reads, on.studio), service)
    telling = WorkSlots(on.database, work, on.studio, on.catalogue)
    on.engine.register(telling)
    on.outbox.register(DELIVERY, telling.render, hold=telling.hold, inbox=telling.inbox)
    handovers = HandoverService(on.database)
    offers = Offers(handovers, on.studio, on.catalogue, telling)
    on.outbox.register(OFFERED, offers.render, hold=offers.hold, inbox=offers.inbox)
    return service, work, handovers


class ClipSubjects:
    """What of clips whoever does them may know."""

    def __init__(self, loops: LoopReads, studio: StudioService) -> None:
        self._loops = loops
        self._studio = studio

    async def look(self, owner: OwnerId, ids: Sequence[str]) -> Mapping[str, Subject]:
        return {clip.id: _subject(loop, clip) for loop, clip in await self._loops.with_clips(owner, ids)}

    async def own(self, person: PersonId) -> Sequence[Subject]:
        return [_subject(loop, clip) for loop, clip in await self._loops.open_dated(person)]

    async def studio_name(self, owner: OwnerId) -> str:
        return await self._studio.server_name(owner)


def _subject(loop: Loop, clip: Clip) -> Subject:
    return Subject(
        id=clip.id,
        owner_id=loop.owner_id,
        title=clip.name,
        plan_id=loop.id,
        plan=loop.name,
        is_done=clip.is_done,
        day=_due(loop, clip),
        hard_day=clip.deadline if clip.deadline_kind is DeadlineKind.HARD else None,
        client_id=loop.client_id,
    )


class FiledPlans:
    """What is filed under clients. The tasks of a release are the clips of its loop."""

    def __init__(self, loops: LoopReads, clock: Clock) -> None:
        self._loops = loops
        self._clock = clock
        self._rules = client_rules()

    async def work(self, client: Client) -> Work:
        plans = await self._loops.filed(client.owner_id, client.id)
        now = self._clock.now()
        today, since = now.astimezone(client.zone_info).date(), now - timedelta(days=self._rules.finished_days)
        open_lines = [_line(loop, clip) for loop, clips in plans for clip in clips if not clip.is_done]
        done = [
            (clip.done_at, WorkLine(clip.name, loop.name, clip.done_at.astimezone(client.zone_info).date()))
            for loop, clips in plans
            for clip in clips
            # What was done before its plan was made is not their work of these days.
            if clip.done_at is not None and clip.done_at >= since and clip.done_at > clip.created_at
        ]
        late = [line for line in open_lines if line.day is not None and line.day < today]
        coming = [line for line in open_lines if line.day is None or line.day >= today]
        return Work(
            plans=len(plans),
            late=tuple(sorted(late, key=lambda line: line.day or today)),
            next=tuple(sorted(coming, key=lambda line: (line.day is None, line.day or today))),
            finished=tuple(line for _, line in sorted(done, key=lambda pair: pair[0], reverse=True)),
        )


def _line(loop: Loop, clip: Clip) -> WorkLine:
    return WorkLine(clip.name, loop.name, _due(loop, clip), hard=clip.deadline_kind is DeadlineKind.HARD)


def _due(loop: Loop, clip: Clip) -> date | None:
    """Return when a clip is to be done: the last day of its place in the plan, or its deadline where that is earlier.

    A window of a preset stays open for a while after that; the plan goes by the place.
    """
    planned = last_day_of(loop, clip) if loop.is_dated else None
    return min((day for day in (planned, clip.deadline) if day is not None), default=None)
