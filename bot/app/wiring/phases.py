"""Phases and form maps: what happened since a phase was entered, read from the areas that know."""

from datetime import datetime

from bot.bounces.read import BounceReads
from bot.clock import Clock
from bot.coach.read import CoachReads
from bot.digest.read import DigestReads
from bot.loops.read import LoopReads
from bot.phases.forms import FormMapService
from bot.phases.machine import silence_before
from bot.phases.model import PhaseFacts
from bot.phases.rules import PhaseRules
from bot.phases.service import PhaseService
from bot.releases.model import ReleaseState
from bot.releases.service import ReleaseService
from bot.rules import load_rules
from bot.services import Foundation
from storage.unit import Database

RESOLVE = "resolve"
"""A tag on a bounce or slice that says: this one has to be resolved."""


def wire_phases(on: Foundation, releases: ReleaseService) -> tuple[PhaseService, FormMapService]:
    """Make the services of phases and form maps."""
    service = PhaseService(on.database, on.clock, AreaFacts(on.database, on.clock, releases))
    return service, FormMapService(on.database, on.clock, on.studio)


class AreaFacts:
    """What happened since a phase was entered, put together from what the areas answer."""

    def __init__(self, database: Database, clock: Clock, releases: ReleaseService) -> None:
        self._database = database
        self._loops, self._bounces = LoopReads(database), BounceReads(database)
        self._coach, self._digests = CoachReads(database), DigestReads(database)
        self._releases, self._clock = releases, clock
        self._rules = load_rules("phases", PhaseRules)

    async def facts(self, owner: int, since: datetime, executors: int) -> PhaseFacts:
        async with self._database.reading(owner):
            views = await self._releases.all(
                owner, [ReleaseState.PLANNED, ReleaseState.RELEASED, ReleaseState.REVIEWED]
            )
            loops, bounces = await self._loops.activity(owner, since), await self._bounces.activity(owner, since)
            coach, opened = await self._coach.activity(owner, since), await self._digests.opened_since(owner, since)
        now = self._clock.now()
        past = [-view.days_left for view in views if view.days_left <= 0 and view.release.anchor_date >= since.date()]
        moments = [since, *bounces.moments, *loops.moments, *coach.moments]
        return PhaseFacts(
            creative_done=loops.creative_done,
            ideas=loops.creative_ideas,
            creative_ready=loops.creative_ready,
            bounces=bounces.contents,
            release_days_past=max(past, default=None),
            promo_action_open=loops.forward_open,
            promo_action_done=loops.forward_done,
            has_release_ahead=any(view.days_left >= 0 for view in views),
            executors_since_recovery=executors,
            looked_back=coach.reflected or opened,
            ready_clips_wait=loops.ready_waits,
            resolve_tagged=RESOLVE in bounces.tags,
            back_after_days=silence_before([at for at in moments if at >= since], self._rules, now),
        )


class AskedPhases:
    """What bounces ask of phases."""

    def __init__(self, phases: PhaseService) -> None:
        self._phases = phases

    async def phase_of(self, owner: int) -> str | None:
        entry = await self._phases.entry(owner)
        return str(entry.phase) if entry else None
