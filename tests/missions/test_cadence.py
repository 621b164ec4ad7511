"""When missions run: times by the clock in every zone, in the words that are typed and kept."""

from datetime import UTC, datetime, timedelta
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


@settings(max_examples=60, deadline=None)
@given(CLOCK, ZONES, STARTS)
def test_a_daily_run_shows_its_time_on_the_owners_clock(at: str, zone: ZoneInfo, start: datetime):
    fire = next_run(parse_cadence(f"daily {at}", 15), zone, start)
    assert fire is not None
    local = fire.instant.astimezone(zone)
    assert local.fold == 0 or local.utcoffset() == local.replace(fold=0).utcoffset()
    there = local.replace(tzinfo=None)
    wanted = there.replace(hour=int(at[:2]), minute=int(at[3:]), second=0)
    gap = wanted.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wanted
    assert there == wanted or gap or there - wanted < timedelta(hours=3)


def test_missions_by_the_minute_keep_their_own_offset():
    zone, start = ZoneInfo("Europe/Berlin"), datetime(2026, 6, 1, tzinfo=UTC)
    minutes = set[int]()
    for subject in ("000001", "000007", "00000b"):
        fire = next_run(spread(parse_cadence("every 30 minutes", 15), subject), zone, start)
        assert fire is not None
        minutes.add(fire.instant.minute % 30)
    assert minutes == {1, 7, 11}
