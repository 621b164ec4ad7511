"""Times as people write them: the grammar, what is refused, what is asked back."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.say.when import (
    CURATED_ZONES,
    Past,
    Reading,
    TwoReadings,
    echo,
    known_zone,
    next_likely,
    read,
    read_any,
    search_zones,
)

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)  # Saturday 10:30 in Berlin
zones = st.sampled_from([ZoneInfo(key) for key in CURATED_ZONES])
presents = st.datetimes(datetime(2024, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))


def local(text: str) -> str:
    found = read(text, NOW, BERLIN)
    assert isinstance(found, Reading), found
    return f"{found.at.astimezone(BERLIN):%a %d %b %Y %H:%M}"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-27", "Fri 27 Nov 2026 18:00"),
        ("2026-11-27 18:05", "Fri 27 Nov 2026 18:05"),
        ("2026-11-27T18:05", "Fri 27 Nov 2026 18:05"),
        ("2026-11-27T18:00Z", "Fri 27 Nov 2026 19:00"),
        ("2026-11-27 18:00+05:30", "Fri 27 Nov 2026 13:30"),
        ("in 2h30m", "Sat 21 Nov 2026 13:00"),
        ("in 2 hours and 5 minutes", "Sat 21 Nov 2026 12:35"),
        ("in half an hour", "Sat 21 Nov 2026 11:00"),
        ("in 3 days", "Tue 24 Nov 2026 10:30"),
        ("in a week", "Sat 28 Nov 2026 10:30"),
        ("in 1 month", "Mon 21 Dec 2026 10:30"),
        ("90 min", "Sat 21 Nov 2026 12:00"),
        ("today 18:00", "Sat 21 Nov 2026 18:00"),
        ("Tomorrow 5pm", "Sun 22 Nov 2026 17:00"),
        ("tomorrow at 5 pm", "Sun 22 Nov 2026 17:00"),
        ("5pm tomorrow", "Sun 22 Nov 2026 17:00"),
        ("tomorrow", "Sun 22 Nov 2026 18:00"),
        ("tuesday noon", "Tue 24 Nov 2026 12:00"),
        ("tue 14:00", "Tue 24 Nov 2026 14:00"),
        ("next tuesday", "Tue 24 Nov 2026 18:00"),
        ("saturday 9am", "Sat 28 Nov 2026 09:00"),
        ("friday midnight", "Sat 28 Nov 2026 00:00"),
        ("eod", "Sat 21 Nov 2026 18:00"),
        ("end of week", "Sun 22 Nov 2026 18:00"),
        ("end of month", "Mon 30 Nov 2026 18:00"),
        ("27/11/2026", "Fri 27 Nov 2026 18:00"),
        ("11/27/2026", "Fri 27 Nov 2026 18:00"),
        ("12/12/2026", "Sat 12 Dec 2026 18:00"),
        ("10.12.2026 14:00", "Thu 10 Dec 2026 14:00"),
        ("27 nov", "Fri 27 Nov 2026 18:00"),
        ("nov 27, 8am", "Fri 27 Nov 2026 08:00"),
        ("27th of November 2026 at 20:00", "Fri 27 Nov 2026 20:00"),
        ("20 nov", "Sat 20 Nov 2027 18:00"),
        ("29 feb", "Tue 29 Feb 2028 18:00"),
        ("18:00", "Sat 21 Nov 2026 18:00"),
        ("9:00", "Sun 22 Nov 2026 09:00"),
    ],
)
def test_the_grammar_reads_what_people_write(typed: str, meant: str) -> None:
    assert local(typed) == meant


@pytest.mark.parametrize(
    "typed",
    ["", "  ", "soon", "5", "31/31/2026", "31 feb", "25:00", "13pm", "in", "in 3", "in 99999999 days", "x" * 200],
)
def test_what_the_grammar_does_not_know_it_leaves(typed: str) -> None:
    assert read(typed, NOW, BERLIN) is None


def test_day_and_month_are_never_guessed() -> None:
    found = read("10/12/2026 14:00", NOW, BERLIN)
    assert isinstance(found, TwoReadings)
    assert found.day_first.at == datetime(2026, 12, 10, 13, tzinfo=UTC)
    assert found.month_first.at == datetime(2026, 10, 12, 12, tzinfo=UTC)


def test_the_past_comes_back_with_the_next_likely_time() -> None:
    found = read("today 9:00", NOW, BERLIN)
    assert found == Past(datetime(2026, 11, 21, 8, tzinfo=UTC), datetime(2026, 11, 22, 8, tzinfo=UTC))


def test_discords_own_text_is_an_instant_whatever_the_zone() -> None:
    at = NOW + timedelta(days=3)
    for zone in (BERLIN, ZoneInfo("Asia/Tokyo")):
        assert read(f"<t:{int(at.timestamp())}:F>", NOW, zone) == Reading(at)


def test_a_bare_date_takes_the_persons_own_hour() -> None:
    found = read("tomorrow", NOW, BERLIN, default_hour=9)
    assert found == Reading(datetime(2026, 11, 22, 8, tzinfo=UTC), has_time=False)


def test_a_skipped_hour_is_moved_on_and_a_doubled_one_is_the_first() -> None:
    spring = read("2027-03-28 02:30", NOW, BERLIN)
    assert spring == Reading(datetime(2027, 3, 28, 1, 30, tzinfo=UTC))
    autumn = read("2027-10-31 02:30", NOW, BERLIN)
    assert autumn == Reading(datetime(2027, 10, 31, 0, 30, tzinfo=UTC))


@given(presents, zones, st.integers(1, 23), st.integers(0, 59))
def test_a_span_in_hours_is_real_time(now: datetime, zone: ZoneInfo, hours: int, minutes: int) -> None:
    found = read(f"in {hours}h{minutes}m", now, zone)
    assert found == Reading(now + timedelta(hours=hours, minutes=minutes))


@given(presents, zones, st.integers(1, 300))
def test_an_iso_date_is_read_back_on_that_day(now: datetime, zone: ZoneInfo, days: int) -> None:
    day = now.astimezone(zone).date() + timedelta(days=days)
    found = read(day.isoformat(), now, zone)
    assert isinstance(found, Reading)
    assert found.at.astimezone(zone).date() == day


@given(presents, zones, st.text(max_size=40))
def test_whatever_is_typed_the_answer_is_sound(now: datetime, zone: ZoneInfo, typed: str) -> None:
    found = read(typed, now, zone)
    if isinstance(found, Reading):
        assert found.at > now
    if isinstance(found, Past):
        assert found.at <= now < found.next


@given(presents, zones, st.times())
def test_the_next_likely_time_is_ahead_and_soon(now: datetime, zone: ZoneInfo, clock: time) -> None:
    past = datetime.combine(date(2020, 1, 1), clock, zone)
    assert timedelta() < next_likely(past, now, zone) - now <= timedelta(hours=49)


async def test_other_languages_are_read_by_dateparser_in_a_thread() -> None:
    found = await read_any("übermorgen um 15 Uhr", NOW, BERLIN)
    assert isinstance(found, Reading)
    assert found.at == datetime(2026, 11, 23, 14, tzinfo=UTC)
    assert await read_any("qwertz", NOW, BERLIN) is None


def test_the_echo_names_day_place_and_distance() -> None:
    said = echo(datetime(2026, 11, 27, 17, tzinfo=UTC), NOW, BERLIN)
    assert said.plain == "Fri 27 Nov 18:00, Berlin, in 6 days"
    assert said == "Fri 27 Nov 18:00, Berlin, <t:1795798800:R>"


@pytest.mark.parametrize(
    ("typed", "first"),
    [("ber", "Europe/Berlin"), ("new y", "America/New_York"), ("Tokyo", "Asia/Tokyo"), ("india", "Asia/Kolkata")],
)
def test_zones_are_found_by_city_and_country(typed: str, first: str) -> None:
    assert search_zones(typed, NOW)[0].value == first


def test_zones_start_with_twenty_five_and_offsets_become_zones() -> None:
    assert len(search_zones("", NOW)) == 25
    shown = search_zones("UTC+5:30", NOW)
    assert shown[0].value == "Asia/Kolkata"
    assert all(known_zone(option.value) for option in shown)
    assert known_zone("Nowhere/Land") is None
