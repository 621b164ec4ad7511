"""What a client is told of its week: done, next, what is needed from them, dates; never how late something is."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.clients.digest_cards import week_card
from bot.clients.digest_times import wound
from bot.clients.model import Answer, Client, ClientKind, ClientRole, DigestWay, Given
from bot.clients.told_week import ToldPart, tell_week
from bot.digest.model import StudioItem, StudioWeek, StudioWhat
from bot.say.words import read_catalogue
from tests.digest.test_studio import FIRST, SIX, TODAY, task

THEIRS = Given(theirs=True)
WORDS = read_catalogue().words("en")
ADA_MOON = Client(
    "c1", 77, "Ada Moon", ClientKind.ARTIST, ClientRole.ARTIST, "Europe/Berlin", datetime(2026, 3, 1, tzinfo=UTC)
)


def day(days: int) -> date:
    return TODAY + timedelta(days=days)


def release(title: str, days: int, was: int | None = None) -> StudioItem:
    before = None if was is None else day(was)
    return StudioItem(StudioWhat.RELEASE, title, title, title, "loop", day(days), day(days), was=before)


def lines(part: ToldPart) -> list[tuple[str, str, date | None]]:
    return [(line.key, line.title, line.day) for line in part.lines]


def test_what_is_behind_is_in_the_works_or_waits_for_them() -> None:
    week = StudioWeek(
        finished=(task("Mix"), replace(release("Undertow", 0), day=None, until=None)),
        open=(
            task("Artwork", -6, -2),
            task("Edit", -1, 2),
            task("Pitch", -9, -3, deadline=20),
            task("Splits", -9, -3),
            task("Photos", 3, 5),
            task("Review", 40, 41),
            task("Story"),
        ),
    )
    told = tell_week(week, {"Splits": THEIRS, "Photos": THEIRS}, FIRST, TODAY, 10)
    assert told is not None
    assert lines(told.done) == [("done", "Mix", None), ("released", "Undertow", None)]
    assert lines(told.next) == [
        ("by", "Edit", day(2)),
        ("by", "Pitch", day(20)),
        ("open", "Artwork", None),
        ("open", "Story", None),
    ]
    assert lines(told.needed) == [("waits", "Splits", None), ("needed", "Photos", day(5))]


def test_a_new_day_is_told_and_where_a_release_moved_that_is_the_news() -> None:
    moved = replace(task("Edit", 20, 22), was=day(3))
    told = tell_week(StudioWeek(open=(moved, replace(task("Review", 50, 51), was=day(40)))), {}, FIRST, TODAY, SIX)
    assert told is not None
    assert lines(told.next) == [("moved", "Edit", day(22))]
    told = tell_week(StudioWeek(open=(moved, release("Undertow", 80, was=66))), {}, FIRST, TODAY, SIX)
    assert told is not None
    assert lines(told.next) == []
    assert lines(told.dates) == [("out_moved", "Undertow", day(80))]


def test_dates_are_release_days_and_last_days_that_are_not_next() -> None:
    week = StudioWeek(
        open=(release("Undertow", 90), task("Pitch", 30, 31, deadline=40), task("Deliver", 1, 2, deadline=10))
    )
    told = tell_week(week, {}, FIRST, TODAY, SIX)
    assert told is not None
    assert lines(told.dates) == [("last_day", "Pitch", day(40)), ("out", "Undertow", day(90))]
    assert lines(told.next) == [("by", "Deliver", day(2))]


def test_a_last_day_stands_among_the_dates_where_next_is_too_long_for_it() -> None:
    busy = tuple(task(f"step {n}", 1) for n in range(SIX))
    told = tell_week(StudioWeek(open=(*busy, task("Deliver", 5, 6, deadline=10))), {}, FIRST, TODAY, SIX)
    assert told is not None
    assert told.next.more == 1
    assert lines(told.dates) == [("last_day", "Deliver", day(10))]


def test_a_quiet_week_is_one_without_news() -> None:
    old = task("Artwork", -30, -20)
    assert tell_week(StudioWeek(open=(old, task("Story"), release("Undertow", 90))), {}, FIRST, TODAY, SIX) is None
    assert tell_week(StudioWeek(open=(old,)), {"Artwork": THEIRS}, FIRST, TODAY, SIX) is None
    gone = StudioItem(StudioWhat.GONE, "x", "Pitch", "Low Tide", "loop")
    assert tell_week(StudioWeek(open=(gone,)), {}, FIRST, TODAY, SIX) is None
    asked = tell_week(StudioWeek(open=(task("Splits", -5, -3),)), {"Splits": THEIRS}, FIRST, TODAY, SIX)
    assert asked is not None, "what they should have done this week is asked for, once"


things = st.builds(
    lambda n, start, length, hard, was: replace(
        task(f"thing {n}", start, start + length, deadline=None if hard is None else start + length + hard),
        was=None if was is None else day(was),
    ),
    st.integers(0, 99),
    st.integers(-60, 60),
    st.integers(0, 20),
    st.none() | st.integers(0, 30),
    st.none() | st.integers(-60, 60),
)


@given(st.lists(things, max_size=12), st.sets(st.integers(0, 99)), st.integers(0, 9))
def test_nothing_is_late_and_everything_is_told_once(items: list[StudioItem], theirs: set[int], done: int) -> None:
    week = StudioWeek(tuple(task(f"done {n}") for n in range(done)), tuple(items))
    told = tell_week(week, {f"thing {n}": THEIRS for n in theirs}, FIRST, TODAY, SIX)
    if told is None:
        assert not done
        return
    for part in (told.done, told.next, told.needed, told.dates):
        assert len(part.lines) <= SIX
        assert all(line.day is None or line.day >= TODAY for line in part.lines)
    assert len(told.done.lines) + told.done.more == done
    names = {f"thing {n}" for n in theirs}
    assert len(told.needed.lines) + told.needed.more == sum(item.title in names for item in items)
    assert not {line.title for line in told.next.lines} & names
    card = week_card(told, WORDS, ADA_MOON, "Studio", datetime(2026, 3, 8, 14, tzinfo=UTC))
    text = repr(card).casefold()
    assert not any(word in text for word in ("late", "overdue", "behind", "momentum", "score"))


instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))


@given(
    instants,
    st.integers(0, 6),
    st.integers(0, 23),
    st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin", "Pacific/Apia"]),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 23)), max_size=4),
)
def test_a_week_comes_once_also_where_its_day_is_changed(now, weekday, hour, zone, changes) -> None:
    client = replace(ADA_MOON, digest=DigestWay.DM, digest_day=weekday, digest_hour=hour, zone=zone)
    clock, weeks = None, []
    for new in [(weekday, hour), *changes]:
        client = replace(client, digest_day=new[0], digest_hour=new[1])
        clock = wound(client, clock, now)
        assert clock.ask_at < clock.next_at
        assert now < clock.next_at
        local = clock.next_at.astimezone(client.zone_info)
        assert local.weekday() == new[0]
        weeks.append(clock.week)
        now = clock.next_at
        clock = replace(clock, last_week=clock.week, answer=Answer.SEND, words="hello")
    assert len(set(weeks)) == len(weeks)
    following = wound(client, clock, now)
    assert (following.answer, following.words) == (Answer.WAITING, ""), "a yes is for one week"
