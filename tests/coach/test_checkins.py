"""Check-ins as rules: states, windows, caps, quiet hours, back-off, words; and 26 simulated weeks."""

import itertools
import random
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.coach.checkins import (
    CheckinFacts,
    DmContext,
    Event,
    Snooze,
    Verdict,
    after,
    check_snooze,
    decide,
    is_quiet,
    message,
    next_due,
    next_open,
    snoozed_until,
    weekly_kinds,
)
from bot.coach.dates import local_date, week_start
from bot.coach.model import CheckinKind, CheckinState, DmSettings, Pacing, Style
from bot.coach.rules import coach_rules
from bot.errors import Refused
from bot.say.wording import CHECKIN_WORDS_MAX, banned_words
from bot.say.words import read_catalogue

RULES = coach_rules()
ON = DmSettings(checkins=True)
LONDON = "Europe/London"
TUESDAY = datetime(2026, 3, 3, 12, tzinfo=UTC)


def context(**more: object) -> DmContext:
    values: dict[str, object] = {"zone": LONDON, "dm": ON, "sent": (), "cap": 2}
    return DmContext(**{**values, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "event", "next_state"),
    [
        (CheckinState.SCHEDULED, Event.SEND, CheckinState.SENT),
        (CheckinState.SCHEDULED, Event.HOLD, CheckinState.HELD),
        (CheckinState.HELD, Event.SEND, CheckinState.SENT),
        (CheckinState.HELD, Event.DROP, CheckinState.DROPPED),
        (CheckinState.SENT, Event.DONE, CheckinState.ANSWERED),
        (CheckinState.SENT, Event.SNOOZE, CheckinState.SCHEDULED),
        (CheckinState.SENT, Event.NOT_TODAY, CheckinState.SKIPPED),
        (CheckinState.SENT, Event.TIMEOUT, CheckinState.UNANSWERED),
        (CheckinState.UNANSWERED, Event.DONE, CheckinState.ANSWERED),
        (CheckinState.ANSWERED, Event.DONE, CheckinState.ANSWERED),
        (CheckinState.DROPPED, Event.DONE, None),
        (CheckinState.SKIPPED, Event.DONE, None),
        (CheckinState.ANSWERED, Event.TIMEOUT, None),
        (CheckinState.ANSWERED, Event.SNOOZE, None),
    ],
)
def test_a_check_in_moves_by_its_table(state: CheckinState, event: Event, next_state: CheckinState | None) -> None:
    assert after(state, event) is next_state


def test_the_slots_of_a_week_follow_pace_and_digest() -> None:
    assert weekly_kinds(Pacing.RELAXED, True) == ()
    assert weekly_kinds(Pacing.RELAXED, False) == (CheckinKind.MONDAY,)
    assert weekly_kinds(Pacing.MODERATE, True) == (CheckinKind.FRIDAY,)
    assert weekly_kinds(Pacing.MODERATE, False) == (CheckinKind.MONDAY, CheckinKind.FRIDAY)
    for by_dm in (True, False):
        assert weekly_kinds(Pacing.INTENSIVE, by_dm) == (CheckinKind.MONDAY, CheckinKind.FRIDAY)


def test_a_window_keeps_its_wall_time_when_the_clocks_change() -> None:
    before = next_due((CheckinKind.FRIDAY,), datetime(2026, 3, 27, 18, tzinfo=UTC), LONDON, RULES.windows)
    assert before is not None
    assert before[0] == datetime(2026, 4, 3, 15, tzinfo=UTC)  # 16:00 British Summer Time


@pytest.mark.parametrize(("hour", "quiet"), [(8, True), (9, False), (20, False), (21, True), (0, True)])
def test_quiet_hours_end_at_nine(hour: int, quiet: bool) -> None:
    assert is_quiet(datetime(2026, 1, 6, hour, tzinfo=UTC), LONDON, ON) is quiet


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 23),
    st.integers(0, 23),
)
def test_the_next_open_window_is_never_quiet_and_never_far(now: datetime, start: int, end: int) -> None:
    dm = DmSettings(checkins=True, quiet_from=time(start), quiet_to=time(end))
    opening = next_open(now, LONDON, dm)
    assert not is_quiet(opening, LONDON, dm)
    assert now <= opening <= now + timedelta(hours=25)


def test_a_snooze_into_quiet_hours_waits_for_the_morning() -> None:
    evening = datetime(2026, 1, 6, 20, 30, tzinfo=UTC)
    assert snoozed_until(Snooze.HOUR, evening, LONDON, ON) == datetime(2026, 1, 7, 9, tzinfo=UTC)
    assert snoozed_until(Snooze.EVENING, TUESDAY, LONDON, ON) == datetime(2026, 3, 3, 18, tzinfo=UTC)
    assert snoozed_until(Snooze.TOMORROW, TUESDAY, LONDON, ON) == datetime(2026, 3, 4, 10, tzinfo=UTC)
    check_snooze(1, RULES.dm)
    with pytest.raises(Refused):
        check_snooze(2, RULES.dm)


@pytest.mark.parametrize(
    ("more", "verdict", "reason"),
    [
        ({}, Verdict.SEND, ""),
        ({"dm": DmSettings()}, Verdict.DROP, "off"),
        ({"dm": DmSettings(checkins=True, available=False)}, Verdict.DROP, "dm_closed"),
        ({"quiet_until": TUESDAY + timedelta(days=1)}, Verdict.DROP, "quiet_until"),
        ({"paused_until": date(2026, 3, 4)}, Verdict.DROP, "paused"),
        ({"paused_until": date(2026, 3, 3)}, Verdict.SEND, ""),
        ({"resting": True}, Verdict.DROP, "rest"),
        ({"stopped": True}, Verdict.DROP, "stopped"),
        ({"unanswered": 4}, Verdict.DROP, "unanswered"),
        ({"sent": [TUESDAY - timedelta(hours=19)]}, Verdict.HOLD, "spacing"),
        ({"sent": [TUESDAY - timedelta(hours=20)]}, Verdict.SEND, ""),
        ({"sent": [TUESDAY - timedelta(hours=24), TUESDAY - timedelta(hours=26)]}, Verdict.DROP, "stale_cap"),
        ({"sent": [TUESDAY - timedelta(hours=1)] * 3, "asked_for": True}, Verdict.SEND, ""),
    ],
)
def test_opt_outs_caps_and_spacing_are_looked_at_when_sending(
    more: dict[str, object], verdict: Verdict, reason: str
) -> None:
    decision = decide(CheckinKind.FRIDAY, TUESDAY, TUESDAY, context(**more), RULES.dm)
    assert (decision.verdict, decision.reason) == (verdict, reason)


@pytest.mark.parametrize(
    ("kind", "more", "reason"),
    [
        (CheckinKind.RETURN, {"stopped": True, "resting": True, "unanswered": 9}, ""),
        (CheckinKind.RETURN, {"quiet_until": TUESDAY + timedelta(seconds=1)}, "quiet_until"),
        (CheckinKind.LAST, {"resting": True, "unanswered": 4}, ""),
        (CheckinKind.LAST, {"stopped": True}, "stopped"),
        (CheckinKind.FRIDAY, {"asked_for": True, "stopped": True, "resting": True, "unanswered": 9}, ""),
        (CheckinKind.FRIDAY, {"asked_for": True, "paused_until": date(2026, 3, 4)}, "paused"),
        (CheckinKind.FRIDAY, {"asked_for": True, "dm": DmSettings()}, "off"),
        (CheckinKind.FRIDAY, {"quiet_until": TUESDAY}, ""),
    ],
)
def test_a_welcome_back_a_last_word_and_an_answer_pass_what_holds_others_and_no_opt_out(
    kind: CheckinKind, more: dict[str, object], reason: str
) -> None:
    decision = decide(kind, TUESDAY, TUESDAY, context(**more), RULES.dm)
    assert decision.reason == reason
    assert decision.verdict is (Verdict.DROP if reason else Verdict.SEND)


def test_a_message_waits_a_day_at_most() -> None:
    """Held to nine in the morning: 24 hours after it was due it still goes out then, a second more and it is off."""
    night, opening = datetime(2026, 3, 3, 22, tzinfo=UTC), datetime(2026, 3, 4, 9, tzinfo=UTC)
    on_time = decide(CheckinKind.RETURN, opening - timedelta(hours=24), night, context(), RULES.dm)
    assert (on_time.verdict, on_time.until) == (Verdict.HOLD, opening)
    too_old = decide(CheckinKind.RETURN, opening - timedelta(hours=24, seconds=1), night, context(), RULES.dm)
    assert (too_old.verdict, too_old.reason) == (Verdict.DROP, "stale_quiet_hours")


def test_a_window_is_strictly_in_the_future() -> None:
    """At the very moment of a window the next one is a week away, or it would be asked for twice."""
    window = datetime(2026, 3, 6, 16, tzinfo=UTC)
    for now, expected in ((window - timedelta(seconds=1), window), (window, window + timedelta(weeks=1))):
        coming = next_due((CheckinKind.FRIDAY,), now, LONDON, RULES.windows)
        assert coming == (expected, CheckinKind.FRIDAY)


def test_six_in_the_evening_means_tomorrow_from_six_on() -> None:
    six = datetime(2026, 3, 3, 18, tzinfo=UTC)
    assert snoozed_until(Snooze.EVENING, six - timedelta(seconds=1), LONDON, ON) == six
    assert snoozed_until(Snooze.EVENING, six, LONDON, ON) == six + timedelta(days=1)


def test_quiet_hours_of_no_length_are_none() -> None:
    never = DmSettings(checkins=True, quiet_from=time(9), quiet_to=time(9))
    assert not any(is_quiet(datetime(2026, 1, 6, hour, tzinfo=UTC), LONDON, never) for hour in range(24))


def test_what_is_held_goes_out_at_the_next_open_window_or_not_at_all() -> None:
    night = datetime(2026, 3, 3, 22, tzinfo=UTC)
    held = decide(CheckinKind.FRIDAY, night, night, context(), RULES.dm)
    assert (held.verdict, held.until) == (Verdict.HOLD, datetime(2026, 3, 4, 9, tzinfo=UTC))
    stale = decide(CheckinKind.FRIDAY, night - timedelta(hours=20), night, context(), RULES.dm)
    assert stale.verdict is Verdict.DROP


@pytest.mark.parametrize("kind", [kind for kind in CheckinKind])
@pytest.mark.parametrize("done", [0, 1, 7])
@pytest.mark.parametrize("style", Style)
def test_a_check_in_is_short_asks_one_thing_and_says_it_is_a_bot(kind: CheckinKind, done: int, style: Style) -> None:
    words = read_catalogue().words("en")
    facts = CheckinFacts(
        kind,
        done,
        finished_clips=done if done > 1 else 0,
        step="word " * 30,
        step_minutes=90,
        if_then="If " * 30 if done else None,
        style=style,
    )
    text = " ".join(words(line.key, **line.parts) for line in message(facts))
    assert len(text.split()) < CHECKIN_WORDS_MAX
    assert text.count("?") <= 1
    assert not banned_words(text)
    assert "bot" in text.casefold()


def test_the_style_changes_greeting_and_length_and_nothing_else() -> None:
    told = {style: message(CheckinFacts(CheckinKind.FRIDAY, 3, if_then="If", style=style)) for style in Style}
    assert len({lines[0].key for lines in told.values()}) == len(Style)
    questions = {next(line.key for line in lines if "question" in line.key) for lines in told.values()}
    assert questions == {"coach.checkin.question.friday"}
    assert len(told[Style.DIRECT]) < len(told[Style.SUPPORTIVE]) == len(told[Style.CHALLENGING])


PACES = {Pacing.RELAXED: 1, Pacing.MODERATE: 2, Pacing.INTENSIVE: 3}


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(Pacing),
    st.booleans(),
    st.integers(0, 10_000),
    st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe"]),
)
def test_twenty_six_weeks_keep_caps_spacing_quiet_hours_and_pauses(
    pacing: Pacing, by_dm: bool, seed: int, zone: str
) -> None:
    """Across both clock changes, with digests, snoozes, a pause, and answers that come or do not come."""
    chance = random.Random(seed)
    now = datetime(2025, 9, 29, 0, 0, tzinfo=UTC)
    end = now + timedelta(weeks=32)
    sent: list[datetime] = []
    kinds = weekly_kinds(pacing, by_dm)
    paused = (date(2025, 12, 20), date(2026, 1, 5))
    unanswered, stopped = 0, False
    queue: list[tuple[datetime, datetime, CheckinKind]] = []  # (look at, due, kind)
    while now < end:
        coming = next_due((*kinds, CheckinKind.SUNDAY) if by_dm else kinds, now, zone, RULES.windows)
        assert coming is not None
        queue.append((coming[0], *coming))
        now = coming[0]
        for look, due, kind in sorted(queue):
            if look > now:
                continue
            queue.remove((look, due, kind))
            pause = paused[1] if paused[0] <= local_date(look, zone) < paused[1] else None
            here = context(
                zone=zone, sent=sent, cap=PACES[pacing], paused_until=pause, unanswered=unanswered, stopped=stopped
            )
            decision = decide(kind, due, look, here, RULES.dm)
            if decision.verdict is Verdict.HOLD and decision.until is not None:
                queue.append((decision.until, due, kind))
            if decision.verdict is Verdict.SEND:
                assert not is_quiet(look, zone, ON)
                assert pause is None
                sent.append(look)
                unanswered = 0 if chance.random() < 0.6 else unanswered + 1
    weeks = Counter(week_start(at, zone) for at in sent)
    assert max(weeks.values(), default=0) <= PACES[pacing]
    assert all(later - earlier >= timedelta(hours=20) for earlier, later in itertools.pairwise(sent))
    assert not any(paused[0] <= at.astimezone(ZoneInfo(zone)).date() < paused[1] for at in sent)


def test_four_unanswered_end_in_silence() -> None:
    for unanswered, expected in ((0, 8), (1, 8), (2, 4), (3, 4), (4, 0)):
        count = sum(
            decide(CheckinKind.FRIDAY, at, at, context(unanswered=unanswered), RULES.dm).verdict is Verdict.SEND
            for at in (datetime(2026, 1, 9, 16, tzinfo=UTC) + timedelta(weeks=week) for week in range(8))
        )
        assert count == expected


@pytest.mark.parametrize(
    ("start", "end", "hour", "minute", "opens"),
    [
        (21, 2, 0, 15, None),  # 01:15, for the first time: quiet until the first two o'clock
        (21, 1, 0, 15, "now"),
        (21, 1, 1, 15, "now"),  # 01:15 again: the quiet hours ended at the first one o'clock
        (1, 9, 1, 15, None),
    ],
)
def test_an_hour_that_comes_twice_is_not_quiet_again(
    start: int, end: int, hour: int, minute: int, opens: str | None
) -> None:
    """London goes back from 02:00 to 01:00 on 25 October 2026."""
    dm = DmSettings(checkins=True, quiet_from=time(start), quiet_to=time(end))
    now = datetime(2026, 10, 25, hour, minute, tzinfo=UTC)
    assert (next_open(now, LONDON, dm) == now) is (opens == "now")
