"""What happened since a phase was entered, read from the areas that know"""

from datetime import datetime, timedelta

from bot.bounces.model import Filter
from bot.loops.model import Lane
from bot.phases.machine import silence_before
from bot.phases.model import PhaseFacts
from bot.phases.rules import PhaseRules
from bot.releases.model import ReleaseState
from bot.releases.service import ReleaseService
from bot.rules import load_rules
from storage.repositories.bounces import BounceRepository, SliceRepository
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository
from storage.repositories.digest import DigestRepository
from storage.repositories.loops import ClipRepository, LoopRepository
from storage.unit import Database

RESOLVE = "resolve"


WEEKS_LOOKED_AT = 6


IDEA_MOST_MILLI = 4000
"""A captured idea is a creative clip of the default length that was made in the phase."""


class StoredPhaseFacts:
    """Reads loops, bounces, releases, digests and reflections since a phase was entered."""

    def __init__(self, database: Database, releases: ReleaseService) -> None:
        self._database = database
        self._releases = releases
        self._rules = load_rules("phases", PhaseRules)

    async def facts(self, owner: int, since: datetime, executors: int) -> PhaseFacts:
        views = await self._releases.all(owner, [ReleaseState.PLANNED, ReleaseState.RELEASED, ReleaseState.REVIEWED])
        async with self._database.read(owner) as unit:
            now = unit.now
            loops = [loop for loop in await unit.repo(LoopRepository).all() if loop.archived_at is None]
            by_loop = await unit.repo(ClipRepository).of_loops([loop.id for loop in loops])
            bounces = await unit.repo(BounceRepository).find(Filter(since=since), 50)
            slices = await unit.repo(SliceRepository).between(since, now)
            opened = await unit.repo(DigestRepository).opened_since(since)
            sessions = await unit.repo(CoachWeekRepository).since(since.date() - timedelta(days=7))
            tasks = await unit.repo(CoachTaskRepository).of_weeks([week.id for week in sessions[-WEEKS_LOOKED_AT:]])
        clips = [clip for found in by_loop.values() for clip in found]
        creative = [clip for clip in clips if clip.lane is Lane.CREATIVE]
        forward = [clip for clip in clips if clip.lane in (Lane.PROMO, Lane.ACTION)]
        tagged = any(RESOLVE in b.free_tags for b in bounces) or any(RESOLVE in s.tags for s in slices)
        past = [-view.days_left for view in views if view.days_left <= 0 and view.release.anchor_date >= since.date()]
        moments = [since, *(b.bounced_at for b in bounces), *(clip.created_at for clip in clips)]
        moments += [clip.done_at for clip in clips if clip.done_at is not None]
        moments += [task.decided_at for week in tasks.values() for task in week if task.decided_at is not None]
        reflected = any(not week.reflections.is_empty and (week.closed_at or now) >= since for week in sessions)
        return PhaseFacts(
            creative_done=sum(clip.done_at is not None and clip.done_at >= since for clip in creative),
            ideas=sum(clip.created_at >= since and clip.length_milli <= IDEA_MOST_MILLI for clip in creative),
            creative_ready=sum(clip.ready and clip.updated_at >= since for clip in creative),
            bounces=len({b.content_hash for b in bounces if b.bounced_at >= since}),
            release_days_past=max(past, default=None),
            promo_action_open=sum(not clip.is_done for clip in forward),
            promo_action_done=sum(clip.done_at is not None and clip.done_at >= since for clip in forward),
            has_release_ahead=any(view.days_left >= 0 for view in views),
            executors_since_recovery=executors,
            looked_back=opened or reflected,
            ready_clips_wait=any(clip.ready and not clip.is_done for clip in clips),
            resolve_tagged=tagged,
            back_after_days=silence_before([at for at in moments if at >= since], self._rules, now),
        )
