"""Use cases of check-ins: decide and queue them, answer, snooze, put away; and the kinds of due work behind them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.actors import Actor, OwnerId
from bot.coach.checkins import (
    CheckinFacts,
    DmContext,
    Event,
    Snooze,
    Verdict,
    after,
    check_snooze,
    decide,
    next_open,
    occurrence_key,
    snoozed_until,
)
from bot.coach.checkins import message as compose
from bot.coach.dates import at_local, local_date
from bot.coach.model import Checkin, CheckinId, CheckinKind, CheckinState, Line, WeekState
from bot.coach.service.desk import Desk, Sitting, keep_schedule
from bot.coach.service.planning import WEEK, close_past, past_results
from bot.coach.service.weeks import WeekService, WeekView
from bot.errors import Refused
from bot.outbox_model import DeliveryDraft
from bot.ports import Sent
from bot.slots import Later, Slot, SlotDraft
from storage.repositories.coach import CoachStateRepository
from storage.repositories.coach_habits import CoachReminderRepository
from storage.repositories.coach_notes import CoachCheckinRepository
from storage.repositories.coach_weeks import CoachWeekRepository
from storage.repositories.deliveries import DeliveryRepository
from storage.repositories.slots import SlotRepository
from storage.unit import Reading, Unit

DELIVERY = "coach.checkin"
REMINDER_DELIVERY = "coach.reminder"
PROACTIVE = (DELIVERY, "digest", "digest.quiet")
"""Delivery kinds that count against the caps, unless the payload says the person asked for them."""
ASKED = "asked"
_OPEN = (CheckinState.SCHEDULED, CheckinState.HELD)
_ANSWERABLE = (*_OPEN, CheckinState.SENT, CheckinState.UNANSWERED, CheckinState.ANSWERED)


@dataclass(frozen=True, slots=True)
class CheckinView:
    """What the message of a check-in shows now."""

    checkin: Checkin
    lines: tuple[Line, ...]
    week: WeekView | None
    asks_energy: bool
    is_snoozed: bool = False
    reminders: tuple[str, ...] = ()


class CheckinService:
    """One door for check-ins. It can write to the person in question and to nobody else."""

    def __init__(self, desk: Desk, weeks: WeekService) -> None:
        self._desk = desk
        self._weeks = weeks

    # ------------------------------------------------------------------ the person's side

    async def view(self, owner: OwnerId, checkin_id: str) -> CheckinView:
        """Return a check-in with what is true now."""
        finished = await self._finished(owner)
        async with self._desk.read(owner) as sitting:
            return await self._view(sitting, await self._checkin(sitting.unit, checkin_id), finished)

    async def on_demand(self, actor: Actor, owner: OwnerId, key: str) -> CheckinView:
        """Return a check-in asked for by command; repeating the same request gives the same one."""
        finished = await self._finished(owner)
        async with self._desk.write(actor, owner, "checkin") as sitting:
            repo = sitting.unit.repo(CoachCheckinRepository)
            occurrence = f"checkin:{owner}:{CheckinKind.ON_DEMAND}:{key}"
            await repo.add(
                Checkin(
                    CheckinId(sitting.unit.new_id()),
                    CheckinKind.ON_DEMAND,
                    occurrence,
                    CheckinState.SENT,
                    sitting.now,
                    sent_at=sitting.now,
                )
            )
            kept = await repo.by_key(occurrence)
            return await self._view(sitting, kept or await self._checkin(sitting.unit, key), finished)

    async def done(self, actor: Actor, owner: OwnerId, checkin_id: str) -> CheckinView:
        """Answer. Late answers count; a second press shows the same."""
        return await self._answer(actor, owner, checkin_id)

    async def not_today(self, actor: Actor, owner: OwnerId, checkin_id: str) -> CheckinView:
        """Put a check-in away. Never asked why."""
        return await self._move(actor, owner, checkin_id, Event.NOT_TODAY)

    async def energy(self, actor: Actor, owner: OwnerId, checkin_id: str, value: int | None) -> CheckinView:
        """Keep how much energy there is, 1 to 5; None takes the answer back. Only with the person's consent."""
        if value is not None and value not in range(1, 6):
            raise Refused("coach_scale")
        return await self._answer(actor, owner, checkin_id, energy=value, sets_energy=True)

    async def how_it_went(self, actor: Actor, owner: OwnerId, checkin_id: str, value: int) -> CheckinView:
        if value not in range(1, 6):
            raise Refused("coach_scale")
        return await self._answer(actor, owner, checkin_id, how_it_went=value)

    async def snooze(self, actor: Actor, owner: OwnerId, checkin_id: str, choice: Snooze) -> datetime:
        """Send it again later, twice at most; that uses no cap. Return when."""
        async with self._desk.write(actor, owner, "checkin_snooze") as sitting:
            checkin = await self._checkin(sitting.unit, checkin_id)
            if checkin.state is CheckinState.SCHEDULED and checkin.snoozes:
                return checkin.due_at
            if after(checkin.state, Event.SNOOZE) is None:
                raise Refused("coach_checkin_closed")
            check_snooze(checkin.snoozes, self._desk.rules.dm)
            until = snoozed_until(choice, sitting.now, sitting.zone, sitting.profile.preferences.dm)
            changed = replace(checkin, state=CheckinState.SCHEDULED, due_at=until, snoozes=checkin.snoozes + 1)
            if not await sitting.unit.repo(CoachCheckinRepository).change(changed, (CheckinState.SENT,)):
                raise Refused("coach_checkin_closed")
            await sitting.unit.add_slots(
                [
                    SlotDraft(
                        f"{checkin.occurrence_key}:snooze{changed.snoozes}",
                        DELIVERY,
                        str(owner),
                        until,
                        owner=owner,
                        payload={"kind": str(checkin.kind), "checkin": checkin.id, ASKED: True},
                    )
                ]
            )
            return until

    # ------------------------------------------------------------------ due work

    async def run(self, slot: Slot) -> Later | None:
        """Decide one due check-in: send, hold or drop."""
        owner = slot.owner or 0
        async with self._desk.database.write(Actor.system("coach"), owner, "coach.checkin") as unit:
            try:
                sitting = await self._desk.sit(unit)
            except Refused:
                await unit.repo(SlotRepository).finish(slot, reason="no profile")
                return None
            await self._tidy(sitting)
            await keep_schedule(sitting, self._desk.rules)
            checkin = await self._of_slot(sitting, slot)
            if checkin.state not in _OPEN:
                await unit.repo(SlotRepository).finish(slot, reason=str(checkin.state))
                return None
            context = await self._context(sitting, asked=bool(slot.payload.get(ASKED)) or _is_answer(checkin.kind))
            decision = decide(checkin.kind, checkin.due_at, sitting.now, context, self._desk.rules.dm)
            repo = unit.repo(CoachCheckinRepository)
            match decision.verdict:
                case Verdict.HOLD:
                    await repo.change(replace(checkin, state=CheckinState.HELD), _OPEN)
                    return Later(decision.until or sitting.now + timedelta(hours=1), decision.reason)
                case Verdict.DROP:
                    await repo.change(replace(checkin, state=CheckinState.DROPPED), _OPEN)
                    if decision.reason == "unanswered":
                        await self._say_last(sitting)
                    await unit.repo(SlotRepository).finish(slot, reason=decision.reason)
                case Verdict.SEND:
                    await self._queue(sitting, checkin, asked=context.asked_for)
                    await unit.repo(SlotRepository).finish(slot)
        return None

    async def hold(self, owner: OwnerId, checkin_id: str, asked: bool, now: datetime) -> Later | str | None:
        """Look again at sending time: quiet hours, caps and opt-outs may have changed."""
        async with self._desk.database.read(owner) as unit:
            try:
                sitting = await self._desk.sit(unit)
            except Refused:
                return "no profile"
            checkin = await unit.repo(CoachCheckinRepository).get(checkin_id)
            if checkin is None or checkin.state not in _OPEN:
                return "closed"
            context = await self._context(sitting, asked=asked)
        decision = decide(checkin.kind, checkin.due_at, now, context, self._desk.rules.dm)
        match decision.verdict:
            case Verdict.SEND:
                return None
            case Verdict.HOLD:
                return Later(decision.until or now + timedelta(hours=1), decision.reason)
            case Verdict.DROP:
                return decision.reason

    async def sent(self, unit: Unit, owner: OwnerId, checkin_id: str, sent: Sent) -> None:
        """Note that a check-in is out; in the transaction that stores its message."""
        repo = unit.repo(CoachCheckinRepository)
        checkin = await repo.get(checkin_id)
        if checkin is None:
            return
        state = CheckinState.ANSWERED if _is_answer(checkin.kind) or _is_one_way(checkin.kind) else CheckinState.SENT
        changed = replace(checkin, state=state, sent_at=unit.now, message_id=sent.message_id)
        await repo.change(changed, _OPEN)
        if checkin.kind is CheckinKind.LAST:
            states = unit.repo(CoachStateRepository)
            known = await states.get()
            if known is not None:
                await states.save(replace(known, dms_stopped=True))
        reminders = unit.repo(CoachReminderRepository)
        waiting = [each.id for each in await reminders.open() if each.due_at <= unit.now]
        if waiting:
            await reminders.mark_sent(waiting)

    async def not_sent(self, owner: OwnerId, checkin_id: str) -> None:
        """Note that a check-in went to the inbox instead."""
        async with self._desk.database.write(Actor.system("coach"), owner, "coach.checkin") as unit:
            repo = unit.repo(CoachCheckinRepository)
            checkin = await repo.get(checkin_id)
            if checkin is not None:
                await repo.change(replace(checkin, state=CheckinState.DROPPED), _OPEN)

    async def close(self, slot: Slot) -> None:
        """Close a person's week at their Monday 00:00; after three silent weeks say so once, then stay quiet."""
        owner = slot.owner or 0
        async with self._desk.database.write(Actor.system("coach"), owner, "coach.close_week") as unit:
            try:
                sitting = await self._desk.sit(unit)
            except Refused:
                await unit.repo(SlotRepository).finish(slot, reason="no profile")
                return
            await close_past(sitting, self._desk)
            await self._tidy(sitting)
            await keep_schedule(sitting, self._desk.rules)
            results = await past_results(sitting, sitting.monday)
            silent = self._desk.rules.adapt.silent_weeks
            lived = [each for each in results if each.state not in (WeekState.REST, WeekState.PAUSED)][-silent:]
            if len(lived) == silent and all(each.is_quiet for each in lived):
                await self._say_last(sitting)
            await unit.repo(SlotRepository).finish(slot)

    # ------------------------------------------------------------------ inside

    async def _answer(
        self,
        actor: Actor,
        owner: OwnerId,
        checkin_id: str,
        *,
        energy: int | None = None,
        how_it_went: int | None = None,
        sets_energy: bool = False,
    ) -> CheckinView:
        finished = await self._finished(owner)
        async with self._desk.write(actor, owner, "checkin_answer") as sitting:
            checkin = await self._checkin(sitting.unit, checkin_id)
            if after(checkin.state, Event.DONE) is None:
                raise Refused("coach_checkin_closed")
            keeps = sets_energy and sitting.profile.preferences.dm.energy
            changed = replace(
                checkin,
                state=CheckinState.ANSWERED,
                answered_at=checkin.answered_at or sitting.now,
                energy=energy if keeps else checkin.energy,
                how_it_went=how_it_went or checkin.how_it_went,
            )
            if not await sitting.unit.repo(CoachCheckinRepository).change(changed, _ANSWERABLE):
                raise Refused("coach_checkin_closed")
            return await self._view(sitting, changed, finished)

    async def _move(self, actor: Actor, owner: OwnerId, checkin_id: str, event: Event) -> CheckinView:
        finished = await self._finished(owner)
        async with self._desk.write(actor, owner, "checkin_answer") as sitting:
            checkin = await self._checkin(sitting.unit, checkin_id)
            state = after(checkin.state, event)
            if state is None:
                raise Refused("coach_checkin_closed")
            changed = replace(checkin, state=state)
            await sitting.unit.repo(CoachCheckinRepository).change(changed, (checkin.state,))
            return await self._view(sitting, changed, finished)

    async def _view(self, sitting: Sitting[Reading], checkin: Checkin, finished: int) -> CheckinView:
        week = await sitting.unit.repo(CoachWeekRepository).of(sitting.monday)
        view = await self._weeks.view(sitting, week) if week else None
        opening = view.open[0] if view and view.open else None
        facts = CheckinFacts(
            kind=checkin.kind,
            done_this_week=view.done if view else 0,
            finished_clips=finished,
            step=opening.title if opening else None,
            step_minutes=opening.minutes if opening else 0,
            if_then=opening.if_then if opening else None,
            open_tasks=len(view.open) if view else 0,
            style=sitting.profile.preferences.style,
        )
        waiting = await sitting.unit.repo(CoachReminderRepository).open()
        return CheckinView(
            checkin,
            compose(facts),
            view,
            asks_energy=sitting.profile.preferences.dm.energy,
            is_snoozed=checkin.state is CheckinState.SCHEDULED and checkin.snoozes > 0 and checkin.due_at > sitting.now,
            reminders=tuple(each.text for each in waiting if each.due_at <= sitting.now),
        )

    async def _finished(self, owner: OwnerId) -> int:
        async with self._desk.read(owner) as sitting:
            since = at_local(sitting.monday, datetime.min.time(), sitting.zone)
        return await self._desk.sources.loops.clips_finished(owner, since)

    async def _checkin(self, unit: Reading, checkin_id: str) -> Checkin:
        checkin = await unit.repo(CoachCheckinRepository).get(checkin_id)
        if checkin is None:
            raise Refused("coach_checkin_closed")
        return checkin

    async def _of_slot(self, sitting: Sitting[Unit], slot: Slot) -> Checkin:
        repo = sitting.unit.repo(CoachCheckinRepository)
        if "checkin" in slot.payload:
            return await self._checkin(sitting.unit, str(slot.payload["checkin"]))
        kind = CheckinKind(slot.payload["kind"])
        new = Checkin(CheckinId(sitting.unit.new_id()), kind, slot.key, CheckinState.SCHEDULED, slot.due_at)
        await repo.add(new)
        return await repo.by_key(slot.key) or new

    async def _context(self, sitting: Sitting[Reading], *, asked: bool) -> DmContext:
        profile, state = sitting.profile, sitting.state
        sent = await sitting.unit.repo(DeliveryRepository).sent_between(PROACTIVE, sitting.now - 2 * WEEK)
        week = await sitting.unit.repo(CoachWeekRepository).of(sitting.monday)
        return DmContext(
            zone=sitting.zone,
            dm=profile.preferences.dm,
            sent=[
                each.claimed_at or each.created_at
                for each in sent
                if each.target_kind == "dm" and not each.payload.get(ASKED)
            ],
            cap=self._desk.rules.paces[profile.preferences.pacing].dms_a_week,
            quiet_until=state.quiet_until,
            paused_until=profile.paused_until,
            stopped=state.dms_stopped,
            resting=week is not None and week.state is WeekState.REST,
            unanswered=await self._unanswered(sitting),
            asked_for=asked,
        )

    async def _unanswered(self, sitting: Sitting[Reading]) -> int:
        """Count the check-ins in a row without an answer since the person was last here."""
        checkins = await sitting.unit.repo(CoachCheckinRepository).since(sitting.now - 12 * WEEK)
        count = 0
        for checkin in reversed(checkins):
            if checkin.state is CheckinState.UNANSWERED and (checkin.sent_at or checkin.due_at) > sitting.state.seen_at:
                count += 1
            elif checkin.state in (CheckinState.ANSWERED, CheckinState.SKIPPED, CheckinState.UNANSWERED):
                break
        return count

    async def _queue(self, sitting: Sitting[Unit], checkin: Checkin, *, asked: bool) -> None:
        stale = timedelta(hours=self._desk.rules.dm.stale_hours)
        await sitting.unit.deliver(
            DeliveryDraft(
                kind=DELIVERY,
                occurrence_key=f"{checkin.occurrence_key}:{checkin.snoozes}",
                target_kind="dm",
                target_id=sitting.profile.user_id,
                payload={"checkin": checkin.id, ASKED: asked},
                expires_at=checkin.due_at + stale,
            )
        )

    async def _say_last(self, sitting: Sitting[Unit]) -> None:
        """Queue the one message that says there will be no more; a later call changes nothing."""
        if sitting.state.dms_stopped or not sitting.settings.dm_checkins:
            return
        seen = local_date(sitting.state.seen_at, sitting.zone)
        key = occurrence_key(sitting.profile.user_id, CheckinKind.LAST, seen)
        opening = next_open(sitting.now, sitting.zone, sitting.profile.preferences.dm)
        await sitting.unit.add_slots(
            [
                SlotDraft(
                    key,
                    DELIVERY,
                    str(sitting.profile.user_id),
                    opening,
                    owner=sitting.profile.user_id,
                    payload={"kind": str(CheckinKind.LAST)},
                )
            ]
        )

    async def _tidy(self, sitting: Sitting[Unit]) -> None:
        """Time out what was not answered."""
        repo = sitting.unit.repo(CoachCheckinRepository)
        await repo.time_out(sitting.now - timedelta(hours=self._desk.rules.dm.unanswered_hours))


def _is_answer(kind: CheckinKind) -> bool:
    return kind is CheckinKind.WELCOME


def _is_one_way(kind: CheckinKind) -> bool:
    return kind in (CheckinKind.RETURN, CheckinKind.LAST)
