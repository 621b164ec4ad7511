"""The calendar file is read again by a second, strict parser."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.say.calendar_file import CalendarEntry, to_ics
from tests.releases.strict_ics import moment, read, unescape

STAMP = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def _entry(uid: str = "a1", title: str = "Deliver", day: date = date(2026, 3, 29), **more: object) -> CalendarEntry:
    return CalendarEntry(uid, title, day, day + timedelta(days=2), **more)  # type: ignore[arg-type]


def test_a_plan_reads_as_whole_days_with_lane_how_line_and_an_alarm() -> None:
    entry = _entry(sequence=3, categories=("action",), description="with credits; ISRC, contact\nfacts", alarm_days=2)
    calendar = read(to_ics("Night Drive", [entry], STAMP))
    assert calendar.one("METHOD")[1] == "PUBLISH"
    (event,) = calendar.all("VEVENT")
    assert event.one("UID")[1] == "a1@studiohand"
    assert event.one("SEQUENCE")[1] == "3"
    assert event.one("CATEGORIES")[1] == "action"
    assert event.text("DESCRIPTION") == "with credits; ISRC, contact\nfacts"
    assert event.one("DTSTAMP")[1] == "20260301T123000Z"
    assert (moment(event, "DTSTART"), moment(event, "DTEND")) == (date(2026, 3, 29), date(2026, 3, 31))
    (alarm,) = event.all("VALARM")
    assert alarm.one("TRIGGER")[1] == "-P2D"


def test_a_coach_week_has_timed_events_in_the_persons_zone() -> None:
    zone = ZoneInfo("Europe/London")
    start = datetime(2026, 3, 29, 19, 0, tzinfo=zone)
    calendar = read(to_ics("Week 13", [CalendarEntry("t", "Mix", start, start + timedelta(hours=1))], STAMP))
    (event,) = calendar.all("VEVENT")
    assert event.one("DTSTART")[0]["TZID"] == "Europe/London"
    assert moment(event, "DTSTART") == start
    assert [c.text("TZID") for c in calendar.all("VTIMEZONE")] == ["Europe/London"]


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=120),
    st.text(st.one_of(st.characters(exclude_categories=["Cs", "Cc"]), st.just("\n")), max_size=300),
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
)
def test_titles_with_commas_emoji_and_newlines_come_back_as_they_were(title: str, how: str, day: date) -> None:
    data = to_ics("x", [_entry(title=title, day=day, description=how)], STAMP)
    (event,) = read(data).all("VEVENT")
    assert unescape(event.one("SUMMARY")[1]) == title
    if how:
        assert event.text("DESCRIPTION") == how
    assert moment(event, "DTSTART") == day, "no event shifts a day, whatever the zone"


def test_a_long_line_of_emoji_is_folded_between_characters() -> None:
    (event,) = read(to_ics("x", [_entry(title="🎛️🎧" * 60)], STAMP)).all("VEVENT")
    assert event.text("SUMMARY") == "🎛️🎧" * 60


def test_the_same_plan_gives_the_same_bytes() -> None:
    entries = [_entry("b"), _entry("a"), _entry("c", day=date(2026, 1, 1))]
    assert to_ics("x", entries, STAMP) == to_ics("x", list(reversed(entries)), STAMP)
