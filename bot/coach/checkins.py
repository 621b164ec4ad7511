"""Check-ins: their states, windows, caps, quiet hours and back-off. Nothing here sends anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.coach.dates import at_local, local_date, week_start
from bot.coach.model import CheckinKind, CheckinState, DmSettings, Line, Pacing, Style
from bot.coach.rules import DmRules, WindowRules
from bot.errors import Refused
from bot.say.dates import monday_of
from bot.studio.quiet import quiet_end

_S = CheckinState
EVENING = time(18)
TOMORROW = time(10)
STEP_WORDS = 12
"""A task's title is cut at so many words in a check-in."""


class Event(StrEnum):
    """What happens to a check-in."""

    SEND = "send"
    HOLD = "hold"
    DROP = "drop"
    DONE = "done"
    SNOOZE = "snooze"
    NOT_TODAY = "not_today"
    TIMEOUT = "timeout"


class Snooze(StrEnum):
    HOUR = "hour"
    EVENING = "evening"
    TOMORROW = "tomorrow"


_TABLE: dict[tuple[CheckinState, Event], CheckinState] = {
    (_S.SCHEDULED, Event.SEND): _S.SENT,
    (_S.SCHEDULED, Event.HOLD): _S.HELD,
    (_S.SCHEDULED, Event.DROP): _S.DROPPED,
    (_S.SCHEDULED, Event.DONE): _S.ANSWERED,
    (_S.SCHEDULED, Event.NOT_TODAY): _S.SKIPPED,
    (_S.HELD, Event.SEND): _S.SENT,
    (_S.HELD, Event.HOLD): _S.HELD,
    (_S.HELD, Event.DROP): _S.DROPPED,
    (_S.HELD, Event.DONE): _S.ANSWERED,
    (_S.HELD, Event.NOT_TODAY): _S.SKIPPED,
    (_S.SENT, Event.DONE): _S.ANSWERED,
    (_S.SENT, Event.SNOOZE): _S.SCHEDULED,
    (_S.SENT, Event.NOT_TODAY): _S.SKIPPED,
    (_S.SENT, Event.TIMEOUT): _S.UNANSWERED,
    # A late answer still counts; a second press of the same button changes nothing.
    (_S.UNANSWERED, Event.DONE): _S.ANSWERED,
    (_S.ANSWERED, Event.DONE): _S.ANSWERED,
    (_S.SKIPPED, Event.NOT_TODAY): _S.SKIPPED,
}


def after(state: CheckinState, event: Event) -> CheckinState | None:
    """Return the state after an event; None when this check-in is closed for it.

    >>> after(CheckinState.UNANSWERED, Event.DONE)
    <CheckinState.ANSWERED: 'answered'>
    >>> after(CheckinState.DROPPED, Event.SNOOZE) is None
    True
    """
    return _TABLE.get((state, event))


def weekly_kinds(pacing: Pacing, digest_by_dm: bool) -> tuple[CheckinKind, ...]:
    """Return the check-ins of a week that are messages of their own.

    Sunday belongs to the digest, which carries the controls; without a digest by DM its slot goes to Monday.
    """
    match pacing:
        case Pacing.RELAXED:
            return () if digest_by_dm else (CheckinKind.MONDAY,)
        case Pacing.MODERATE:
            return (CheckinKind.FRIDAY,) if digest_by_dm else (CheckinKind.MONDAY, CheckinKind.FRIDAY)
        case Pacing.INTENSIVE:
            return (CheckinKind.MONDAY, CheckinKind.FRIDAY)


def window_of(kind: CheckinKind, windows: WindowRules) -> tuple[int, time]:
    """Return weekday (Monday 0) and local time of a kind."""
    match kind:
        case CheckinKind.MONDAY:
            return 0, windows.monday
        case CheckinKind.FRIDAY:
            return 4, windows.friday
        case _:
            return 6, windows.sunday


def next_due(
    kinds: Sequence[CheckinKind], now: datetime, zone: str, windows: WindowRules
) -> tuple[datetime, CheckinKind] | None:
    """Return the next window strictly after `now`, with its kind."""
    monday = week_start(now, zone)
    coming = [
        (at_local(monday + timedelta(days=7 * week + day), wall, zone), kind)
        for week in (0, 1)
        for kind in kinds
        for day, wall in [window_of(kind, windows)]
    ]
    return min((pair for pair in coming if pair[0] > now), default=None)


def occurrence_key(user_id: int, kind: CheckinKind, day: date) -> str:
    """Return the key of one occurrence: one a local day and kind, whatever zone the person moves to."""
    return f"checkin:{user_id}:{kind}:{day.isoformat()}"


def is_quiet(now: datetime, zone: str, dm: DmSettings) -> bool:
    """Say whether it is quiet hours on the person's clock; the end belongs to the day."""
    return quiet_end(dm.quiet_from, dm.quiet_to, ZoneInfo(zone), now) is not None


def next_open(now: datetime, zone: str, dm: DmSettings) -> datetime:
    """Return `now`, or the end of the quiet hours it falls in."""
    return quiet_end(dm.quiet_from, dm.quiet_to, ZoneInfo(zone), now) or now


def snoozed_until(choice: Snooze, now: datetime, zone: str, dm: DmSettings) -> datetime:
    """Return when a snoozed check-in comes back, moved out of quiet hours."""
    day = local_date(now, zone)
    match choice:
        case Snooze.HOUR:
            until = now + timedelta(hours=1)
        case Snooze.EVENING:
            until = at_local(day, EVENING, zone)
            if until <= now:
                until = at_local(day + timedelta(days=1), EVENING, zone)
        case Snooze.TOMORROW:
            until = at_local(day + timedelta(days=1), TOMORROW, zone)
    return next_open(until, zone, dm)


def check_snooze(snoozes: int, rules: DmRules) -> None:
    """Raise Refused when a check-in was snoozed often enough."""
    if snoozes >= rules.snoozes_max:
        raise Refused("coach_snoozed_enough", count=rules.snoozes_max)


class Verdict(StrEnum):
    SEND = "send"
    HOLD = "hold"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a due message; `until` when it is held; `reason` for the record."""

    verdict: Verdict
    reason: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DmContext:
    """What the decision depends on. `sent`: instants of unasked messages, digests included."""

    zone: str
    dm: DmSettings
    sent: Sequence[datetime]
    cap: int
    quiet_until: datetime | None = None
    paused_until: date | None = None
    stopped: bool = False
    resting: bool = False
    """This is a rest week."""
    unanswered: int = 0
    asked_for: bool = False
    """Answers a press or a snooze: neither cap nor spacing apply."""


def decide(kind: CheckinKind, due_at: datetime, now: datetime, context: DmContext, rules: DmRules) -> Decision:
    """Decide at sending time; opt-outs first, then what can wait."""
    refused = _refusal(kind, due_at, now, context, rules)
    if refused:
        return Decision(Verdict.DROP, refused)
    opening = next_open(now, context.zone, context.dm)
    if opening > now:
        return _hold("quiet_hours", opening, due_at, rules)
    if context.asked_for:
        return Decision(Verdict.SEND)
    spaced = max(context.sent, default=None)
    if spaced is not None and now - spaced < timedelta(hours=rules.spacing_hours):
        free = next_open(spaced + timedelta(hours=rules.spacing_hours), context.zone, context.dm)
        return _hold("spacing", free, due_at, rules)
    this_week = week_start(now, context.zone)
    if sum(week_start(at, context.zone) == this_week for at in context.sent) >= context.cap:
        monday = at_local(this_week + timedelta(days=7), context.dm.quiet_to, context.zone)
        return _hold("cap", next_open(monday, context.zone, context.dm), due_at, rules)
    return Decision(Verdict.SEND)


def is_off_week(unanswered: int, monday: date, rules: DmRules) -> bool:
    """Say whether a halved rate leaves this week out: every second week, counted from a fixed Monday."""
    return unanswered >= rules.halve_after and (monday_of(monday).toordinal() // 7) % 2 == 1


def _refusal(kind: CheckinKind, due_at: datetime, now: datetime, context: DmContext, rules: DmRules) -> str:
    today = local_date(now, context.zone)
    if not context.dm.checkins:
        return "off"
    if not context.dm.available:
        return "dm_closed"
    if context.quiet_until is not None and now < context.quiet_until:
        return "quiet_until"
    if context.paused_until is not None and today < context.paused_until:
        return "paused"
    if context.asked_for or kind is CheckinKind.RETURN:
        return ""
    if context.stopped:
        return "stopped"
    if kind is CheckinKind.LAST:
        return ""
    if context.resting:
        return "rest"
    if context.unanswered >= rules.stop_after:
        return "unanswered"
    if is_off_week(context.unanswered, local_date(due_at, context.zone), rules):
        return "halved"
    return ""


def _hold(reason: str, until: datetime, due_at: datetime, rules: DmRules) -> Decision:
    if until - due_at > timedelta(hours=rules.stale_hours):
        return Decision(Verdict.DROP, f"stale_{reason}")
    return Decision(Verdict.HOLD, reason, until)


@dataclass(frozen=True, slots=True)
class CheckinFacts:
    """What a check-in may speak of; only what is there."""

    kind: CheckinKind
    done_this_week: int
    finished_clips: int = 0
    step: str | None = None
    step_minutes: int = 0
    if_then: str | None = None
    open_tasks: int = 0
    style: Style = Style.SUPPORTIVE


def message(facts: CheckinFacts) -> tuple[Line, ...]:
    """Return the lines of a check-in: acknowledge, one question, one small step, and that it is a bot."""
    match facts.kind:
        case CheckinKind.RETURN | CheckinKind.LAST | CheckinKind.WELCOME:
            return (Line(f"coach.checkin.{facts.kind}"),)
        case _:
            pass
    lines = [_acknowledge(facts), Line(f"coach.checkin.question.{_question(facts.kind)}")]
    if facts.step:
        lines.append(Line("coach.checkin.step", {"task": cut_words(facts.step), "minutes": facts.step_minutes}))
    if facts.if_then and facts.style is not Style.DIRECT:
        lines.append(Line("coach.checkin.if_then", {"plan": cut_words(facts.if_then)}))
    return (*lines, Line("coach.checkin.bot"))


def cut_words(text: str, most: int = STEP_WORDS) -> str:
    """Return at most `most` words, with an ellipsis when some were left out.

    >>> cut_words("one two three", 2)
    'one two …'
    """
    words = text.split()
    return " ".join(words) if len(words) <= most else " ".join(words[:most]) + " …"


def _acknowledge(facts: CheckinFacts) -> Line:
    if facts.finished_clips:
        return Line(f"coach.checkin.{facts.style}.clips", {"count": facts.finished_clips})
    if facts.done_this_week:
        return Line(f"coach.checkin.{facts.style}.tasks", {"count": facts.done_this_week})
    name = "new_week" if facts.kind is CheckinKind.MONDAY else "quiet_so_far"
    return Line(f"coach.checkin.{facts.style}.{name}")


def _question(kind: CheckinKind) -> str:
    return kind if kind in (CheckinKind.MONDAY, CheckinKind.FRIDAY, CheckinKind.SUNDAY) else "on_demand"
