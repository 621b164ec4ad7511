"""The coach: what it reads of loops, releases, bounces and phases, its due work and its messages."""

from collections.abc import Collection, Sequence
from datetime import datetime

from bot.actors import Actor
from bot.ai.model import Assistant
from bot.ai.others import Agreements, NobodyAgreed
from bot.app.wiring.ai import StudioAgreements
from bot.bounces.read import BounceReads
from bot.clock import Clock
from bot.coach.insights import BounceFact, PlatformFact
from bot.coach.messages import register_deliveries
from bot.coach.model import LoopFact, Phase, Release
from bot.coach.ports import Sources
from bot.coach.service import CoachService, coach_service
from bot.coach.service.desk import Desk
from bot.loops.area import LoopArea
from bot.loops.model import Clip, Lane
from bot.loops.others import for_ai, writers
from bot.loops.read import LoopReads
from bot.missions.read import MissionReads
from bot.phases.model import Phase as PhaseWord
from bot.phases.service import PhaseService
from bot.releases.service import ReleaseService
from bot.services import Foundation
from storage.unit import Database

NEXT_READ = 3
INDUSTRY_FACTS = ("spotify.pitch_min", "distributor.lead")
"""Keys of platform facts that an insight may show when a release is ahead, by their beginning."""


def wire_coach(
    on: Foundation, loops: LoopArea, releases: ReleaseService, phases: PhaseService, assistant: Assistant | None = None
) -> CoachService:
    """Make the service over its neighbours, and make its slots and deliveries known."""
    agreements = StudioAgreements(on.studio)
    neighbours = Neighbours(on.database, on.clock, loops, releases, phases, agreements)
    sources = Sources(loops=neighbours, bounces=neighbours, phases=neighbours, facts=neighbours, missions=neighbours)
    service = coach_service(Desk(on.database, on.clock, sources, studio=on.studio), assistant)
    for kind in service.slots:
        on.engine.register(kind)
    register_deliveries(service, on.outbox, on.studio, on.catalogue)
    on.studio.listen(service.profiles.sync)
    return service


class Neighbours:
    """Reads what other areas keep about a person; writes nothing of theirs but a phase the person chooses."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        loops: LoopArea,
        releases: ReleaseService,
        phases: PhaseService,
        agreements: Agreements | None = None,
    ) -> None:
        self._database, self._clock = database, clock
        self._loops, self._releases, self._phases = loops, releases, phases
        self._agreements = agreements or NobodyAgreed()

    async def loops(self, user_id: int) -> Sequence[LoopFact]:
        clips = await LoopReads(self._database).clips(user_id)
        lines = await self._loops.loops.lines(user_id)
        agreed = await self._agreements.agreed(writers([clip for found in clips.values() for clip in found]))
        return [
            LoopFact(
                id=line.loop.id,
                name=line.loop.name,
                label=line.momentum.label.value,
                unfinished=not clips.get(line.loop.id) or any(not clip.is_done for clip in clips[line.loop.id]),
                next_actions=_next(clips.get(line.loop.id, ()), agreed),
                finished=tuple((clip.id, clip.done_at) for clip in clips.get(line.loop.id, ()) if clip.done_at),
                promo_clips=tuple(
                    clip.name for clip in clips.get(line.loop.id, ()) if clip.lane is Lane.PROMO and not clip.is_done
                ),
            )
            for line in lines
        ]

    async def releases(self, user_id: int) -> Sequence[Release]:
        views = await self._releases.all(user_id)
        return [
            Release(
                id=view.release.id,
                name=view.release.title,
                on=view.release.anchor_date,
                next_deadline=view.next_hard.deadline if view.next_hard else None,
                next_deadline_title=view.next_hard.clip.name if view.next_hard else None,
            )
            for view in views
            if view.release.is_live
        ]

    async def clips_finished(self, user_id: int, since: datetime) -> int:
        return await LoopReads(self._database).finished_between(user_id, since, self._clock.now())

    async def bounces(self, user_id: int, since: datetime) -> Sequence[BounceFact]:
        return [
            BounceFact(bounce.id, bounce.title, bounce.facts.duration_s, bounce.bounced_at)
            for bounce in await BounceReads(self._database).recent(user_id, since)
        ]

    async def open_missions(self, user_id: int) -> Sequence[str]:
        return await MissionReads(self._database).open_missions(user_id)

    async def phase(self, user_id: int) -> Phase:
        return Phase((await self._phases.phase(user_id)).value)

    async def choose(self, actor: Actor, user_id: int, phase: Phase) -> None:
        await self._phases.choose(actor, user_id, PhaseWord(phase.value))

    def facts(self) -> Sequence[PlatformFact]:
        """Return the facts worth showing beside a release plan, with source and day of the check."""
        known = self._releases.facts.facts
        return [
            PlatformFact(fact.key, fact.note or f"{fact.value} {fact.unit}".strip(), fact.source, fact.last_verified)
            for key, fact in known.items()
            if key.startswith(INDUSTRY_FACTS)
        ]


def _next(clips: Sequence[Clip], agreed: Collection[int]) -> tuple[str, ...]:
    """Return the first open clips by the names that AI may read: it is what these are for."""
    return tuple(for_ai(clip, agreed).name for clip in clips if not clip.is_done)[:NEXT_READ]
