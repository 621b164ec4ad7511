"""Recurring times against `zoneinfo`: all zones, 1990 to 2037, and the known odd days."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, product
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.recurrence import (
    Cron,
    Daily,
    EveryMinutes,
    Once,
    Rule,
    Weekly,
    cron_times,
    date_exists,
    format_rule,
    latest_fire,
    next_fire,
    parse_rule,
    shortest_minutes,
)

ZONES = sorted(name for name in available_timezones() if not name.startswith(("posix/", "right/", "localtime")))

instants = st.datetimes(datetime(1990, 1, 1), datetime(2037, 11, 1), timezones=st.just(UTC))
walls = st.times().map(lambda at: at.replace(second=0, microsecond=0))
zones = st.sampled_from(ZONES).map(ZoneInfo)
weekday_sets = st.frozensets(st.integers(0, 6), min_size=1)
crons = st.builds(
    lambda minute, hour, day: Cron(f"{minute} {hour} {day}"),
    st.sampled_from(["0", "30", "*/15", "5,35"]),
    st.sampled_from(["2", "*", "0-3", "*/6", "1,2,23"]),
    st.sampled_from(["* * *", "* * mon-fri", "1,15 * *", "* mar,oct sun", "29 2 *", "13 * fri"]),
)


def exists(wall: datetime, zone: ZoneInfo) -> bool:
    there = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return there.replace(tzinfo=None) == wall


@settings(max_examples=60, deadline=None)
@given(zones, walls, instants)
def test_a_daily_time_comes_once_on_every_local_date(zone: ZoneInfo, at: time, start: datetime):
    rule, after, fires = Daily(at), start, []
    for _ in range(370):
        fire = next_fire(rule, zone, after)
        assert fire is not None
        assert fire.instant > after
        fires.append(fire)
        after = fire.instant
    expected = fires[0].local_date
    for fire in fires:
        while not date_exists(expected, zone):
            expected += timedelta(days=1)
        assert fire.local_date == expected
        assert fire.key == expected.isoformat()
        expected += timedelta(days=1)
        wall = datetime.combine(fire.local_date, at)
        local = fire.instant.astimezone(zone)
        if exists(wall, zone):
            assert local.replace(tzinfo=None, fold=0) == wall
            assert local.fold == 0
        else:
            before = wall.replace(tzinfo=zone, fold=0).utcoffset()
            after_gap = wall.replace(tzinfo=zone, fold=1).utcoffset()
            assert before is not None
            assert after_gap is not None
            assert local.replace(tzinfo=None) - wall == after_gap - before


@settings(max_examples=80, deadline=None)
@given(zones, weekday_sets, walls, instants)
def test_a_weekly_time_comes_only_on_its_days(zone: ZoneInfo, days: frozenset[int], at: time, start: datetime):
    after = start
    for _ in range(60):
        fire = next_fire(Weekly(days, at), zone, after)
        assert fire is not None
        assert fire.instant > after
        assert fire.local_date.weekday() in days
        after = fire.instant


@settings(max_examples=60, deadline=None)
@given(zones, crons, instants)
def test_a_cron_time_is_strictly_later_and_never_in_a_second_fold(zone: ZoneInfo, rule: Cron, start: datetime):
    after, seen = start, set()
    for _ in range(40):
        fire = next_fire(rule, zone, after)
        assert fire is not None
        assert fire.instant > after
        assert fire.key not in seen
        seen.add(fire.key)
        wall = datetime.fromisoformat(fire.key)
        assert wall.time() in cron_times(rule.expression, wall.date())
        if exists(wall, zone):
            local = fire.instant.astimezone(zone)
            assert local.replace(tzinfo=None, fold=0) == wall
            assert local.fold == 0
        after = fire.instant


@settings(max_examples=60, deadline=None)
@given(
    zones,
    st.one_of(
        walls.map(Daily),
        st.builds(Weekly, weekday_sets, walls),
        st.builds(EveryMinutes, st.integers(15, 5000), st.integers(0, 59)),
        crons,
    ),
    instants,
    st.timedeltas(timedelta(minutes=1), timedelta(days=20)),
)
def test_the_latest_missed_one_is_the_last_of_all_missed_ones(
    zone: ZoneInfo, rule: Rule, start: datetime, away: timedelta
):
    until, last, at = start + away, None, start
    for _ in range(3000):
        fire = next_fire(rule, zone, at)
        if fire is None or fire.instant > until:
            break
        last, at = fire, fire.instant
    found = latest_fire(rule, zone, start, until)
    assert (found.instant if found else None) == (last.instant if last else None)


@settings(deadline=None)
@given(st.integers(1, 10_000), st.integers(0, 10_000), instants)
def test_every_so_many_minutes_keeps_its_distance(minutes: int, offset: int, start: datetime):
    rule, zone = EveryMinutes(minutes, offset), ZoneInfo("America/New_York")
    first = next_fire(rule, zone, start)
    assert first is not None
    assert timedelta(0) < first.instant - start <= timedelta(minutes=minutes)
    second = next_fire(rule, zone, first.instant)
    assert second is not None
    assert second.instant - first.instant == timedelta(minutes=minutes)


GOLDEN = [
    # zone, daily at, after (UTC), expected instants (UTC), keys
    ("America/New_York", "02:30", "2026-03-07T12:00", ["2026-03-08T07:30", "2026-03-09T06:30"]),  # gap
    ("America/New_York", "01:30", "2026-10-31T12:00", ["2026-11-01T05:30", "2026-11-02T06:30"]),  # fold
    ("Europe/Berlin", "02:30", "2026-03-28T12:00", ["2026-03-29T01:30", "2026-03-30T00:30"]),
    ("Europe/Berlin", "02:30", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
    ("Africa/Cairo", "00:30", "2024-04-25T12:00", ["2024-04-25T22:30", "2024-04-26T21:30"]),  # midnight gap
    ("Africa/Cairo", "23:30", "2024-10-31T12:00", ["2024-10-31T20:30", "2024-11-01T21:30"]),  # midnight fold
    ("Australia/Lord_Howe", "02:15", "2026-10-03T00:00", ["2026-10-03T15:45", "2026-10-04T15:15"]),  # 30 min
    ("Atlantic/Azores", "00:30", "2026-03-28T12:00", ["2026-03-29T01:30", "2026-03-30T00:30"]),
    ("Pacific/Apia", "10:00", "2011-12-29T00:00", ["2011-12-29T20:00", "2011-12-30T20:00"]),  # no 30th
    ("Africa/Casablanca", "02:30", "2024-03-09T12:00", ["2024-03-10T01:30", "2024-03-11T02:30"]),  # fold
    ("Africa/Casablanca", "02:30", "2024-04-13T12:00", ["2024-04-14T02:30", "2024-04-15T01:30"]),  # gap
    ("Antarctica/Troll", "01:30", "2026-03-28T12:00", ["2026-03-29T01:30", "2026-03-29T23:30"]),  # two hours
    ("Antarctica/Troll", "02:30", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T02:30"]),
    # The last hour of a day is left out: its time comes on the day after its own.
    ("America/Nuuk", "23:30", "2024-03-31T01:10", ["2024-03-31T01:30", "2024-04-01T00:30"]),
]


@pytest.mark.parametrize(("zone", "at", "after", "expected"), GOLDEN)
def test_the_known_odd_days(zone: str, at: str, after: str, expected: list[str]):
    rule, instant = Daily(time.fromisoformat(at)), datetime.fromisoformat(after).replace(tzinfo=UTC)
    for want in expected:
        fire = next_fire(rule, ZoneInfo(zone), instant)
        assert fire is not None
        assert fire.instant.strftime("%Y-%m-%dT%H:%M") == want
        instant = fire.instant


def changes_of(zone: ZoneInfo, year: int) -> list[datetime]:
    """Return the instants of a year at which the clocks of a zone change, to the quarter of an hour."""

    def changes(start: datetime, step: timedelta, count: int) -> list[datetime]:
        at = [start + step * number for number in range(count + 1)]
        shown = [one.astimezone(zone).utcoffset() for one in at]
        return [later for later, (one, other) in zip(at[1:], pairwise(shown), strict=True) if one != other]

    day, quarter = timedelta(days=1), timedelta(minutes=15)
    ends = changes(datetime(year, 1, 1, tzinfo=UTC), day, 366)
    return [change for end in ends for change in changes(end - day, quarter, 96)]


YEARS = {"Pacific/Apia": 2011, "America/St_Johns": 2010}
"""St John's changed its clocks at one minute past midnight until 2011: after a new day had begun it was yesterday."""


@pytest.mark.parametrize("name", [*dict.fromkeys(row[0] for row in GOLDEN), "America/Havana", "America/St_Johns"])
@pytest.mark.parametrize("kind", ["daily", "weekly", "cron"])
def test_around_a_clock_change_no_occurrence_is_passed_over(name: str, kind: str):
    """The next is the earliest that is later, the latest the last until then; also where one moved over midnight."""
    zone, quarter = ZoneInfo(name), timedelta(minutes=15)
    changes = changes_of(zone, YEARS.get(name, 2024))
    assert changes
    for change, wall_steps in product(changes, range(-9, 10)):
        wall = (change + wall_steps * quarter).astimezone(zone).replace(fold=0, tzinfo=None)
        other = wall + 3 * quarter
        rule: Rule = {
            "daily": Daily(wall.time()),
            "weekly": Weekly(frozenset({wall.weekday(), (wall.weekday() - 1) % 7}), wall.time()),
            "cron": Cron(f"{wall.minute},{other.minute} {wall.hour},{other.hour} * * *"),
        }[kind]
        times = {wall.time()}
        if kind == "cron":
            times = {time(hour, minute) for hour in (wall.hour, other.hour) for minute in (wall.minute, other.minute)}
        days = [wall.date() + timedelta(days=number) for number in range(-9, 10)]
        instants = [
            datetime.combine(day, at, zone).astimezone(UTC)
            for day, at in product(days, times)
            if date_exists(day, zone) and (not isinstance(rule, Weekly) or day.weekday() in rule.days)
        ]
        for steps in range(-10, 11):
            after = change + steps * quarter
            fire = next_fire(rule, zone, after)
            assert fire is not None
            assert fire.instant == min(instant for instant in instants if instant > after)
            latest = latest_fire(rule, zone, after - 2 * quarter, after)
            missed = [instant for instant in instants if after - 2 * quarter < instant <= after]
            assert (latest.instant if latest else None) == max(missed, default=None)


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ("* * 0", ["2026-03-01", "2026-03-08", "2026-03-15"]),
        ("* * 7", ["2026-03-01", "2026-03-08", "2026-03-15"]),
        ("* * sun", ["2026-03-01", "2026-03-08", "2026-03-15"]),
        ("* * 1", ["2026-03-02", "2026-03-09", "2026-03-16"]),
        ("* * fri-sat", ["2026-03-06", "2026-03-07", "2026-03-13"]),
        ("13 * fri", ["2026-03-06", "2026-03-13", "2026-03-20"]),
        ("10 * mon", ["2026-03-02", "2026-03-09", "2026-03-10"]),
        ("10 * *", ["2026-03-10", "2026-04-10", "2026-05-10"]),
        ("*/10 * mon", ["2026-05-11", "2026-06-01", "2026-08-31"]),
        ("31 apr,may *", ["2026-05-31", "2027-05-31", "2028-05-31"]),
        ("L * *", ["2026-03-31", "2026-04-30", "2026-05-31"]),
        ("29 feb *", ["2028-02-29", "2032-02-29", "2036-02-29"]),
    ],
)
def test_the_day_fields_of_cron_mean_what_cron_means(fields: str, days: list[str]):
    """Sunday is 0 and 7; a day and a weekday that are both restricted: either is enough."""
    at, found = datetime(2026, 2, 28, 12, tzinfo=UTC), list[str]()
    for _ in days:
        fire = next_fire(Cron(f"0 9 {fields}"), ZoneInfo("UTC"), at)
        assert fire is not None
        found.append(fire.key)
        at = fire.instant
    assert found == [f"{day}T09:00" for day in days]


@pytest.mark.parametrize(
    ("rule", "minutes"),
    [
        (Cron("55,5 23,0 * * *"), 10),  # over midnight
        (Cron("55,5 23,0 * * mon,tue"), 10),
        (Cron("55,5 23,0 * * mon,wed"), 50),  # no two days in a row
        (Cron("0 9 * * *"), 24 * 60),
        (Cron("0 9 * * mon"), float("inf")),
        (Cron("0 9,9 31,1 * *"), 24 * 60),
        (EveryMinutes(15, 3), 15),
        (Daily(time(9)), 24 * 60),
    ],
)
def test_the_shortest_distance_between_two_occurrences(rule: Rule, minutes: float):
    assert shortest_minutes(rule) == minutes


def test_the_latest_once_belongs_to_the_span_that_ends_with_it_and_not_to_the_one_that_begins_with_it():
    rule, zone, at = Once(datetime(2026, 6, 1, 9)), ZoneInfo("UTC"), datetime(2026, 6, 1, 9, tzinfo=UTC)
    hour = timedelta(hours=1)
    found = latest_fire(rule, zone, at - hour, at)
    assert found is not None
    assert found.instant == at
    assert latest_fire(rule, zone, at, at + hour) is None


def test_the_day_that_apia_skipped_has_no_occurrence_and_its_neighbours_have_one():
    zone, at, days = ZoneInfo("Pacific/Apia"), datetime(2011, 12, 28, tzinfo=UTC), []
    for _ in range(4):
        fire = next_fire(Daily(time(10)), zone, at)
        assert fire is not None
        days.append(fire.local_date)
        at = fire.instant
    assert days == [date(2011, 12, 28), date(2011, 12, 29), date(2011, 12, 31), date(2012, 1, 1)]


def test_a_zone_changed_twice_in_a_day_names_the_same_local_date():
    now = datetime(2026, 5, 4, 6, tzinfo=UTC)
    keys = {
        fire.key
        for name in ("Europe/Berlin", "America/New_York", "Europe/Berlin")
        if (fire := next_fire(Daily(time(18)), ZoneInfo(name), now))
    }
    assert keys == {"2026-05-04"}


def test_once_comes_once():
    rule, zone = Once(datetime(2026, 3, 29, 2, 30)), ZoneInfo("Europe/Berlin")
    fire = next_fire(rule, zone, datetime(2026, 1, 1, tzinfo=UTC))
    assert fire is not None
    assert fire.instant == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert next_fire(rule, zone, fire.instant) is None


def test_a_date_that_never_comes_ends_the_search():
    assert next_fire(Cron("0 9 30 2 *"), ZoneInfo("UTC"), datetime(2026, 1, 1, tzinfo=UTC)) is None


@settings(deadline=None)
@given(
    st.one_of(
        walls.map(Daily),
        st.builds(Weekly, weekday_sets, walls),
        st.builds(EveryMinutes, st.integers(1, 99999), st.integers(0, 99)),
        crons,
        st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)).map(
            lambda at: Once(at.replace(second=0, microsecond=0))
        ),
    )
)
def test_a_rule_reads_back_as_it_was_written(rule: Rule):
    assert parse_rule(format_rule(rule)) == rule


@pytest.mark.parametrize(
    "text", ["", "daily", "daily 25:00", "weekly 09:00", "weekly xyz 09:00", "every", "every x", "cron * *",
             "cron 61 * * * *", "cron 5-1 * * * *", "cron */0 * * * *", "once soon", "hourly 3",
             "cron ² * * * *"]
)  # fmt: skip
def test_what_is_no_rule_is_refused(text: str):
    with pytest.raises(ValueError):
        parse_rule(text)


@given(crons)
@settings(max_examples=60, deadline=None)
def test_the_shortest_distance_is_what_a_calendar_of_three_years_shows(rule: Cron) -> None:
    walls = [
        datetime.combine(day, at)
        for day in (date(2023, 1, 1) + timedelta(days=number) for number in range(1_100))
        for at in cron_times(rule.expression, day)
    ]
    seen = min((later - earlier for earlier, later in pairwise(walls)), default=timedelta.max)
    expected = seen / timedelta(minutes=1)
    found = shortest_minutes(rule)
    assert found == expected or (found == float("inf") and expected >= 24 * 60)
