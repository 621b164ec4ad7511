"""Clients: the service, over what loops answer of the plans that are filed under them."""

from datetime import date, timedelta

from bot.clients.model import Client, Work, WorkLine
from bot.clients.rules import client_rules
from bot.clients.service import ClientService
from bot.clock import Clock
from bot.loops.dates import last_day_of
from bot.loops.model import Clip, DeadlineKind, Loop
from bot.loops.read import LoopReads
from bot.services import Foundation


def wire_clients(on: Foundation) -> ClientService:
    """Make the service; who is a client's person is then asked of it at every press."""
    service = ClientService(on.database, FiledPlans(LoopReads(on.database), on.clock), on.studio)
    on.studio.clients = service
    return service


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
    day: date | None = clip.deadline or (last_day_of(loop, clip) if loop.is_dated else None)
    return WorkLine(clip.name, loop.name, day, hard=clip.deadline_kind is DeadlineKind.HARD)
