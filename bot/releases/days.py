"""Once a local day for everybody with a live release: states, windows that closed, reminders, public countdowns.

A person is reminded by direct message, a server in the channel that it chose for its releases.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.actors import Actor
from bot.clock import Clock
from bot.outbox_model import Delivery, DeliveryDraft
from bot.ports import Target
from bot.recurrence import Daily, next_fire
from bot.releases.countdown import DEADLINE_REMINDER_DAYS, PUBLIC_COUNTDOWN_DAYS
from bot.releases.model import IfMissed, ReleaseState
from bot.releases.ports import NoServers, Plans, QuietReader, Servers
from bot.releases.rules import ReleaseRules
from bot.releases.service import ReleaseService
from bot.releases.view import ReleaseView, TaskView, state_on
from bot.slots import Later, Slot, SlotDraft
from storage.repositories.releases import ReleaseClockRepository, ReleaseRepository
from storage.repositories.slots import SlotRepository
from storage.unit import Database, Unit

DEADLINES = "release.deadlines"
COUNTDOWN = "release.countdown"
SILENT_AFTER_DAYS = 60
"""A release this long out is not looked at daily any more."""


class ReleaseDays:
    """The kind of slot that looks at a person's releases in the morning."""

    name = "release-day"

    def __init__(
        self,
        database: Database,
        clock: Clock,
        service: ReleaseService,
        loops: Plans,
        quiet: QuietReader,
        servers: Servers | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._service = service
        self._loops = loops
        self._quiet = quiet
        self._servers = servers or NoServers()
        self._rules: ReleaseRules = service.rules

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """One slot a person and local day; of several missed days only the newest, and not over a day late."""
        clocks = unit.repo(ReleaseClockRepository)
        drafts: list[SlotDraft] = []
        daily = Daily(time(self._rules.day_hour))
        for clock in await clocks.due(now, limit):
            zone = ZoneInfo(clock.zone)
            due_at = clock.next_at
            following = next_fire(daily, zone, due_at)
            while following is not None and following.instant <= now:
                due_at, following = following.instant, next_fire(daily, zone, following.instant)
            if following is not None:
                await clocks.advance(clock.owner_id, following.instant)
            late = now - due_at > timedelta(hours=self._rules.late_hours)
            day = due_at.astimezone(zone).date().isoformat()
            drafts.append(
                SlotDraft(
                    key=f"{self.name}:{clock.owner_id}:{day}",
                    kind=self.name,
                    subject_id=str(clock.owner_id),
                    due_at=due_at,
                    owner=clock.owner_id,
                    payload={"day": day},
                    state="skipped" if late else "ready",
                    reason="late" if late else None,
                )
            )
        return drafts

    async def run(self, slot: Slot) -> Later | None:
        """Look at the person's releases as of that day, in one transaction."""
        owner = int(slot.subject_id)
        today = date.fromisoformat(slot.payload["day"])
        views = await self._service.all(owner)
        live = [view for view in views if view.release.is_live]
        target = await self._target(owner)
        async with self._database.write(Actor.system("release"), owner, "release.day") as unit:
            due: list[tuple[ReleaseView, TaskView]] = []
            for view in live:
                view = replace(view, today=today)
                await self._close_windows(unit, view)
                await self._bring_in_line(unit, view)
                if view.release.remind_deadlines and view.release.state is not ReleaseState.REVIEWED:
                    due += [(view, task) for task in reminders(view)]
                await self._count_down(unit, view, slot.due_at)
            if due and target is not None:
                await self._remind(unit, target, today, due, slot.due_at)
            if not any(view.days_left >= -SILENT_AFTER_DAYS for view in live):
                await unit.repo(ReleaseClockRepository).stop()
            await unit.repo(SlotRepository).finish(slot)
        return None

    async def _close_windows(self, unit: Unit, view: ReleaseView) -> None:
        """A hard deadline that went by is listed once with its alternative, and its task closed."""
        for task in view.open:
            if not task.is_hard or task.deadline is None or task.deadline >= view.today:
                continue
            if task.day <= view.today and task.day <= task.deadline and task.last_day >= view.today:
                continue  # begun in time, and still running
            kind = task.task.if_missed if task.task else IfMissed.SKIP
            await unit.repo(ReleaseRepository).note_missed(
                view.release.id, task.clip.task_key or task.clip.id, task.clip.name, kind
            )
            await self._loops.remove(unit, task.clip.id)

    async def _bring_in_line(self, unit: Unit, view: ReleaseView) -> None:
        state = state_on(view)
        if state is not view.release.state:
            await unit.repo(ReleaseRepository).save(replace(view.release, state=state))

    async def _count_down(self, unit: Unit, view: ReleaseView, due_at: datetime) -> None:
        release = view.release
        if release.countdown_channel_id is None or view.days_left not in PUBLIC_COUNTDOWN_DAYS:
            return
        anchor = release.anchor_date.isoformat()
        await unit.deliver(
            DeliveryDraft(
                kind=COUNTDOWN,
                occurrence_key=f"countdown:{release.id}:{anchor}:{view.days_left}",
                target_kind="channel",
                target_id=release.countdown_channel_id,
                payload={"release": release.id, "anchor": anchor, "days": view.days_left},
                expires_at=due_at + timedelta(hours=self._rules.late_hours),
            )
        )

    async def _target(self, owner: int) -> Target | None:
        """Return where an owner is reminded; None for a server that chose no channel: health says so."""
        if not await self._servers.is_server(owner):
            return Target("dm", owner)
        channel = await self._servers.releases_channel(owner)
        return None if channel is None else Target("channel", channel)

    async def _remind(
        self, unit: Unit, target: Target, today: date, due: Sequence[tuple[ReleaseView, TaskView]], due_at: datetime
    ) -> None:
        await unit.deliver(
            DeliveryDraft(
                kind=DEADLINES,
                occurrence_key=f"deadlines:{unit.owner}:{today.isoformat()}",
                target_kind=target.kind,
                target_id=target.id,
                payload={
                    "day": today.isoformat(),
                    "tasks": [[view.release.id, task.clip.id] for view, task in due],
                },
                expires_at=due_at + timedelta(hours=self._rules.late_hours),
            )
        )

    async def hold(self, delivery: Delivery, now: datetime) -> Later | str | None:
        """Wait for the end of quiet hours; a pause gives the reminder up.

        A server has the quiet hours of people who chose none, in its own zone: it is not told at night either.
        """
        open_at = await self._quiet.open_at(delivery.owner, now)
        if open_at is None:
            return "paused"
        return Later(open_at, "quiet hours") if open_at > now else None

    async def still_due(self, delivery: Delivery) -> list[tuple[ReleaseView, TaskView]]:
        """Return what a reminder would name now: tasks still open in plans still on.

        Nothing where a server has chosen another channel since: who reads the one before is not asked to know.
        """
        if delivery.target_kind == "channel" and await self._target(delivery.owner) != Target(
            "channel", delivery.target_id
        ):
            return []
        wanted = {(release_id, clip_id) for release_id, clip_id in delivery.payload["tasks"]}
        today = date.fromisoformat(delivery.payload["day"])
        return [
            (replace(view, today=today), task)
            for view in await self._service.all(delivery.owner)
            if view.release.is_live and view.release.remind_deadlines
            for task in view.open
            if (view.release.id, task.clip.id) in wanted
        ]


def reminders(view: ReleaseView) -> list[TaskView]:
    """Return the open hard tasks whose last day is 7, 2 or 0 days from the view's day."""
    return [
        task
        for task in view.open
        if task.is_hard and task.deadline and (task.deadline - view.today).days in DEADLINE_REMINDER_DAYS
    ]
