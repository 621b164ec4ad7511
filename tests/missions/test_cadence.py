"""When missions run: times by the clock in every zone, in the words that are typed and kept."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.missions.cadence import format_cadence, next_run, parse_cadence, spread

ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
STARTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC, microsecond=0))
CLOCK = st.times().map(lambda at: f"{at:%H:%M}")
WORDS = st.one_of(
    st.integers(15, 24 * 60).map(lambda minutes: f"every {minutes} minutes"),
    CLOCK.map(lambda at: f"daily {at}"),
    st.tuples(st.sets(st.sampled_from(["mon", "wed", "sat"]), min_size=1), CLOCK).map(
        lambda both: f"weekly {','.join(sorted(both[0]))} {both[1]}"
    ),
    st.sampled_from(["cron 0 9 * * mon", "cron 30 2 * * *", "cron 0 0 1 * *"]),
)


@settings(max_examples=80, deadline=None)
@given(WORDS, ZONES, STARTS, st.integers(1, 4))
def test_runs_come_strictly_later_each_under_its_own_key(words: str, zone: ZoneInfo, start: datetime, stride: int):
    cadence = spread(parse_cadence(words, 15), "ab12cd")
    after, keys = start, list[str]()
    for _ in range(12):
        fire = next_run(cadence, zone, after, stride)
        assert fire is not None
        assert fire.instant > after
        keys.append(fire.key)
        after = fire.instant
    assert len(set(keys)) == len(keys)


@settings(max_examples=80, deadline=None)
@given(WORDS)
def test_what_is_kept_reads_as_what_was_typed(words: str):
    cadence = parse_cadence(words, 15)
    assert parse_cadence(format_cadence(cadence), 15) == cadence


@settings(max_examples=80, deadline=None)
@given(WORDS, ZONES, STARTS, st.integers(1, 8))
def test_a_slowed_mission_runs_at_every_nth_of_its_times(words: str, zone: ZoneInfo, start: datetime, stride: int):
    cadence, after, fire = parse_cadence(words, 15), start, None
    for _ in range(stride):
        fire = next_run(cadence, zone, after)
        assert fire is not None
        after = fire.instant
    assert next_run(cadence, zone, start, stride) == fire


def test_a_mission_by_hand_or_on_an_event_has_no_time_by_the_clock():
    start = datetime(2026, 6, 1, tzinfo=UTC)
    for words in ("manual", "on bounce", "on goal 12"):
        assert next_run(parse_cadence(words, 15), ZoneInfo("UTC"), start) is None


@settings(max_examples=200, deadline=None)
@given(CLOCK, ZONES, STARTS)
def test_a_daily_run_shows_its_time_on_the_owners_clock(at: str, zone: ZoneInfo, start: datetime):
    """The wall shows the typed time; where the clocks leave it out that day, the time that the gap moves it to."""
    fire = next_run(parse_cadence(f"daily {at}", 15), zone, start)
    assert fire is not None
    wanted = datetime.combine(fire.local_date, time.fromisoformat(at), zone)
    before, after = wanted.replace(fold=0).utcoffset(), wanted.replace(fold=1).utcoffset()
    assert before is not None
    assert after is not None
    left_out = max(timedelta(0), after - before)
    assert fire.instant.astimezone(zone).replace(tzinfo=None, fold=0) == wanted.replace(tzinfo=None) + left_out
    assert fire.instant.astimezone(zone).fold == 0, "the first of two such times, never the second"


def test_missions_by_the_minute_keep_their_own_offset():
    zone, start = ZoneInfo("Europe/Berlin"), datetime(2026, 6, 1, tzinfo=UTC)
    minutes = set[int]()
    for subject in ("000001", "000007", "00000b"):
        fire = next_run(spread(parse_cadence("every 30 minutes", 15), subject), zone, start)
        assert fire is not None
        minutes.add(fire.instant.minute % 30)
    assert minutes == {1, 7, 11}
