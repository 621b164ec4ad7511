"""Days to go in words, and what is said about a chosen date."""

from datetime import date, timedelta

import pytest

from bot.paths import assets_dir
from bot.releases.countdown import DateChoice, days_to_go, finish_anchor, read_date, weigh_date
from bot.releases.facts import load_facts
from bot.releases.presets import load_presets
from bot.say.countdown import countdown
from tests.releases.catalogue import Catalogue

FACTS = load_facts(assets_dir() / "facts" / "platform_facts.toml")
BOOK = load_presets(assets_dir() / "presets", FACTS.facts)
WORDS = Catalogue()
T = date(2025, 6, 27)


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2025, 6, 4), "T-23, Fri 27 June"), (date(2025, 6, 26), "tomorrow"), (T, "today"),
        (date(2025, 6, 28), "1 day ago"), (date(2025, 6, 30), "3 days ago"),
    ],
)  # fmt: skip
def test_a_countdown_counts_calendar_days(today: date, words: str) -> None:
    assert countdown(T, today, WORDS) == words


def test_the_state_of_a_release_card_is_in_words() -> None:
    assert [days_to_go(T, T - timedelta(days=n), WORDS) for n in (19, 1, 0, -2)] == [
        "19 days to go", "1 day to go", "out today", "out for 2 days",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        *("2025-06-27", "27 June 2025", "Fri 27 June 2025", "June 27, 2025", "27th jun 2025", "27/06/2025"),
        *("27.6.2025", "27-06-2025", "06/27/2025", "friday, 27 June 2025", " 27 jun., 2025 ", "jun. 27 2025"),
    ],
)
def test_a_full_date_is_read_in_the_usual_forms(text: str) -> None:
    assert read_date(text) == T


@pytest.mark.parametrize("text", ["27 June", "next friday", "2025-02-30", "31/31/2025", "", "June 2025", "27.6"])
def test_anything_but_a_full_date_is_not_guessed(text: str) -> None:
    assert read_date(text) is None


def test_day_and_month_order_is_never_guessed() -> None:
    assert read_date("10/11/2026") == DateChoice((date(2026, 11, 10), date(2026, 10, 11)))
    assert read_date("05/05/2026") == date(2026, 5, 5)


def test_a_friday_far_ahead_has_nothing_to_say_and_another_day_gets_two_fridays() -> None:
    single = BOOK.get("single_8w")
    today = T - timedelta(days=70)
    calm = weigh_date(T, today, single, [], ())
    assert (calm.nearest_fridays, calm.clashes, calm.late, calm.days_left) == (None, (), False, 70)
    wednesday = weigh_date(T - timedelta(days=2), today, single, [], ())
    assert wednesday.nearest_fridays == (T - timedelta(days=7), T)


def test_clashes_holidays_and_a_late_start_are_said() -> None:
    single = BOOK.get("single_8w")
    holidays = FACTS.facts["bank_holidays.uk"].dates
    reading = weigh_date(
        date(2026, 4, 3),
        date(2026, 3, 15),
        single,
        [("Old EP", date(2026, 4, 10)), ("Far", date(2026, 5, 1))],
        holidays,
    )
    assert reading.is_bank_holiday
    assert reading.clashes == ("Old EP",)
    assert reading.late
    assert all(d.weekday() == 4 and (d - date(2026, 3, 15)).days >= 58 for d in reading.later_fridays)


@pytest.mark.parametrize(("days", "clashes"), [(-8, ()), (-7, ("EP",)), (0, ("EP",)), (7, ("EP",)), (8, ())])
def test_two_dates_of_ones_own_clash_within_a_week(days: int, clashes: tuple[str, ...]) -> None:
    others = [("EP", T + timedelta(days=days)), ("LP", T + timedelta(days=40))]
    assert weigh_date(T, T - timedelta(days=70), BOOK.get("single_8w"), others, ()).clashes == clashes


@pytest.mark.parametrize(("left", "late"), [(58, False), (28, False), (27, True), (0, True)])
def test_a_single_with_less_than_four_weeks_left_is_late_and_two_fridays_with_room_are_named(
    left: int, late: bool
) -> None:
    single, today = BOOK.get("single_8w"), T - timedelta(days=left)
    reading = weigh_date(T, today, single, [], ())
    assert reading.late is late
    if late:
        first, second = reading.later_fridays
        room = (first - today).days - 58
        assert (first.weekday(), second - first) == (4, timedelta(days=7))
        assert 0 <= room < 7, "the first Friday that gives the plan its whole length"
    else:
        assert reading.later_fridays == ()


def test_a_finish_is_never_late_and_needs_no_friday() -> None:
    reading = weigh_date(T - timedelta(days=2), T - timedelta(days=3), BOOK.get("finish_month"), [], ())
    assert (reading.late, reading.later_fridays, reading.nearest_fridays) == (False, (), None)


@pytest.mark.parametrize(("days", "near"), [(-15, False), (-14, True), (14, True), (15, False)])
def test_a_bandcamp_friday_is_near_within_two_weeks(days: int, near: bool) -> None:
    friday = T + timedelta(days=days)
    reading = weigh_date(T, T - timedelta(days=60), BOOK.get("single_8w"), [], (), [friday])
    assert reading.bandcamp == ((friday,) if near else ())


def test_of_two_near_bandcamp_fridays_the_nearer_comes_first_and_one_of_today_counts() -> None:
    today = T - timedelta(days=12)
    fridays = [today - timedelta(days=1), today, T + timedelta(days=3)]
    assert weigh_date(T, today, BOOK.get("single_8w"), [], (), fridays).bandcamp == (T + timedelta(days=3), today)


def test_a_three_week_preset_started_in_time_is_not_called_late() -> None:
    preset = BOOK.get("bandcamp_first_3w")
    assert not weigh_date(T, T - timedelta(days=21), preset, [], ()).late
    assert weigh_date(T, T - timedelta(days=20), preset, [], ()).late


def test_a_finish_month_ends_by_its_length() -> None:
    assert finish_anchor(BOOK.get("finish_month"), date(2026, 2, 2)) == date(2026, 3, 2)


def test_a_bandcamp_friday_near_the_day_is_said_and_one_far_off_or_past_is_not() -> None:
    preset, today = BOOK.get("bandcamp_first_3w"), T - timedelta(days=30)
    fridays = [T - timedelta(days=7), T + timedelta(days=14), T + timedelta(days=21)]
    reading = weigh_date(T, today, preset, [], (), fridays)
    assert reading.bandcamp == (T - timedelta(days=7), T + timedelta(days=14))
    assert weigh_date(T, T - timedelta(days=3), preset, [], (), fridays).bandcamp == (T + timedelta(days=14),)
    assert weigh_date(T, today, BOOK.get("finish_month"), [], (), fridays).bandcamp == ()
