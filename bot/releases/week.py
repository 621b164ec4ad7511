"""Releases' part of a week: the next release, near deadlines, release days."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from bot.digest.model import NextStep, ReleaseLine, StepKind, StudioItem, StudioWeek, StudioWhat, WeekData
from bot.digest.schedule import Window
from bot.releases.model import Anchor, ReleaseState, TaskKind
from bot.releases.service import ReleaseService
from bot.say.words import Speaks
from storage.repositories.changes import ChangeRepository
from storage.unit import Database


class ReleaseWeek:
    """The next release, near hard deadlines, and whether a release day was in the window."""

    def __init__(self, database: Database, releases: ReleaseService, words: Speaks) -> None:
        self._database = database
        self._releases = releases
        self._words = words

    async def fill(self, owner: int, window: Window, zone: ZoneInfo, data: WeekData) -> WeekData:
        first, today = window.after.astimezone(zone).date(), window.until.astimezone(zone).date()
        views = await self._releases.all(owner, [ReleaseState.PLANNED, ReleaseState.RELEASED, ReleaseState.REVIEWED])
        views = [replace(view, today=today) for view in views]
        live = [view for view in views if view.release.state is not ReleaseState.REVIEWED]
        steps: list[NextStep] = []
        for view in live:
            for task in view.open:
                if task.is_hard and task.deadline is not None and task.deadline >= today:
                    facts = self._releases.facts.shown(task.facts[:1], view.release.conditions)
                    steps.append(
                        NextStep(
                            StepKind.DEADLINE,
                            task.clip.id,
                            task.clip.name,
                            task.deadline,
                            days_before_release=(view.release.anchor_date - task.deadline).days or None,
                            checked=facts[0].checked(today, self._words) if facts else "",
                        )
                    )
        coming = [view for view in live if view.days_left >= 0]
        nearest = min(coming, key=lambda view: view.days_left, default=None)
        line = None
        if nearest is not None:
            hard = nearest.next_hard
            line = ReleaseLine(
                nearest.release.title,
                nearest.release.anchor_date,
                hard.clip.name if hard else "",
                hard.deadline if hard else None,
                public=nearest.release.countdown_channel_id is not None,
            )
        days = sum(first < view.release.anchor_date <= today for view in views)
        return replace(data, steps=(*steps, *data.steps), release=line, release_days=days)

    async def of_studio(self, server: int, window: Window, zone: ZoneInfo, week: StudioWeek) -> StudioWeek:
        """Add a server's release days and closed windows to what its loops did; cancelled plans are silent.

        Comes after the loops, whose clips the tasks are: the task of the release day itself is told as that day.
        """
        first, today = window.after.astimezone(zone).date(), window.until.astimezone(zone).date()
        views = await self._releases.all(server)
        silent = {view.release.loop_id for view in views if not view.release.is_live}
        days = {task.clip.id for view in views for task in view.tasks if task.clip.kind == TaskKind.RELEASE}
        finished, still = (
            list(week.finished),
            [item for item in week.open if item.loop not in silent and item.ref not in days],
        )
        async with self._database.read(server) as unit:
            ids = [str(view.release.id) for view in views]
            before = await unit.repo(ChangeRepository).first_before(window.after, ids)
        for view in views:
            release = view.release
            if not release.is_live:
                continue
            client = view.plan.loop.client_id
            day = StudioItem(
                StudioWhat.RELEASE, release.id, release.title, release.title, release.loop_id, client=client
            )
            if view.preset.anchor is Anchor.RELEASE and first < release.anchor_date <= today:
                finished.append(day)
            elif view.preset.anchor is Anchor.RELEASE and release.anchor_date > today:
                was = before.get(str(release.id), {}).get("anchor_date")
                moved = date.fromisoformat(was) if was and was != release.anchor_date.isoformat() else None
                still.append(replace(day, day=release.anchor_date, until=release.anchor_date, was=moved))
            still += [
                StudioItem(StudioWhat.GONE, gone.id, gone.title, release.title, release.loop_id, client=client)
                for gone in view.missed
                # Not what was gone when the plan was made: that was said then.
                if gone.noted_at > release.created_at and window.after < gone.noted_at <= window.until
            ]
        return StudioWeek(tuple(finished), tuple(still))
