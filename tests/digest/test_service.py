"""Digests over a real database: each thing in exactly one, once, whoever ticks, whatever the clocks do."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.actors import Actor
from bot.clock import FixedClock
from bot.digest.model import DigestState, Energy, IsoWeek
from bot.digest.rules import DigestRules
from bot.digest.schedule import Outcome, cut_of, decide, missed_cuts, spaced_until, week_of, weekly, window_of
from bot.errors import Refused
from bot.rules import load_rules
from storage.tables.engine import DeliveryRow
from storage.unit import Database
from tests.digest.people import ADA, Happenings, Quiet, Sunday, at

DOER = Actor.user(ADA, "Ada")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Rules of time and silence are the same on every database."""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(at("2025-01-01 12:00"))


@pytest.fixture
def sunday(database: Database, clock: FixedClock) -> Sunday:
    return Sunday(database, clock, Quiet(), Happenings())


async def _deliveries(database: Database, kind: str = "%") -> list[tuple[str, str]]:
    async with database.system_read() as unit:
        found = await unit.session.execute(
            select(DeliveryRow.kind, DeliveryRow.occurrence_key)
            .where(DeliveryRow.kind.like(kind))
            .order_by(DeliveryRow.due_at)
        )
        return [(row[0], row[1]) for row in found]


@on_sqlite
async def test_over_a_year_of_sundays_each_thing_is_in_exactly_one_digest(sunday: Sunday) -> None:
    rng = random.Random(7)
    begin = sunday.clock.now()
    sunday.source.at = [begin + timedelta(minutes=rng.randrange(60 * 24 * 360)) for _ in range(300)]
    await sunday.begin()
    for step in range(107):
        if step == 57:
            sunday.person.zone_name = "America/New_York"  # a move in summer
            await sunday.service.wind(ADA)
        await sunday.live(hours=84)
    digests = await sunday.service.stored(ADA)
    told = Counter(line for digest in digests for line in digest.markdown.splitlines() if line.startswith("- `take-"))
    shown = sum(len([r for r in d.markdown.splitlines() if "more" in r]) for d in digests)
    windows = sorted((digest.cut_from, digest.cut_at) for digest in digests)
    for (_, until), (after, _) in pairwise(windows):
        assert until <= after, "windows never overlap"
    inside = [at for at in sunday.source.at if any(a < at <= u for a, u in windows)]
    assert len(inside) == len(sunday.source.at), "and nothing falls between them"
    assert all(count == 1 for count in told.values())
    assert len({digest.week for digest in digests}) == len(digests)
    assert shown <= len(digests)


async def test_two_ticks_at_once_and_a_clock_set_back_give_one_digest(sunday: Sunday) -> None:
    sunday.source.at = [at("2025-01-03 20:00")]
    await sunday.begin()
    sunday.clock.set(at("2025-01-05 10:00"))
    other = Sunday(sunday.database, sunday.clock, sunday.person, sunday.source)
    await asyncio.gather(sunday.engine.tick(), other.engine.tick())
    await asyncio.gather(sunday.engine.drain(), other.engine.drain())
    sunday.clock.set(at("2025-01-05 08:00"))
    await sunday.live(hours=2)
    await sunday.live(hours=1)
    digests = await sunday.service.stored(ADA)
    assert [str(digest.week) for digest in digests] == ["2025-W01"]
    assert await _deliveries(sunday.database) == [("digest", f"digest:{ADA}:2025-W01")]


async def test_running_a_week_again_returns_the_same_bytes(sunday: Sunday) -> None:
    sunday.source.at = [at("2025-01-03 20:00")]
    await sunday.begin()
    await sunday.live(times=6)
    first = await sunday.service.show(ADA, IsoWeek(2025, 1))
    sunday.source.at = []
    for _ in range(10):
        again = await sunday.service.show(ADA, IsoWeek(2025, 1))
        assert (again.markdown, again.card) == (first.markdown, first.card)
    assert len(await sunday.service.stored(ADA)) == 1


@on_sqlite
async def test_active_quiet_quiet_active_gives_digest_one_line_nothing_digest(sunday: Sunday) -> None:
    sunday.source.at = [at("2025-01-03 20:00"), at("2025-01-24 20:00")]
    await sunday.begin()
    await sunday.live(times=27)
    assert [key for _, key in await _deliveries(sunday.database)] == [
        f"digest:{ADA}:2025-W01",
        f"digest.quiet:{ADA}:2025-W02",
        f"digest:{ADA}:2025-W04",
    ]


@on_sqlite
async def test_offline_for_weeks_only_the_newest_is_sent_and_the_others_are_files(sunday: Sunday) -> None:
    sunday.source.at = [at(f"2025-01-{day:02} 20:00") for day in (3, 10, 17)]
    await sunday.begin()
    sunday.clock.set(at("2025-01-20 09:00"))
    await sunday.live(hours=1)
    digests = {str(d.week): d.state for d in await sunday.service.stored(ADA)}
    assert digests == {
        "2025-W01": DigestState.FILED, "2025-W02": DigestState.FILED, "2025-W03": DigestState.BUILT,
    }  # fmt: skip
    assert await _deliveries(sunday.database) == [("digest", f"digest:{ADA}:2025-W03")]


@on_sqlite
async def test_over_two_days_late_is_a_file_only(sunday: Sunday) -> None:
    sunday.source.at = [at("2025-01-03 20:00")]
    await sunday.begin()
    sunday.clock.set(at("2025-01-07 11:00"))
    await sunday.live(hours=1)
    assert [d.state for d in await sunday.service.stored(ADA)] == [DigestState.FILED]
    assert await _deliveries(sunday.database) == []


async def test_a_settings_change_never_gives_one_week_two_digests_and_loses_nothing(sunday: Sunday) -> None:
    sunday.source.at = [at("2025-01-03 20:00"), at("2025-01-05 12:00"), at("2025-01-10 20:00")]
    await sunday.begin()
    await sunday.live(hours=93)  # Sunday 5 January, 09:00 → past 10:00 next step
    await sunday.live(hours=2)
    assert len(await sunday.service.stored(ADA)) == 1
    await sunday.service.edit(DOER, ADA, day=0, hour=9)  # Monday 09:00 reports the week just ended: 2025-W01 again
    await sunday.live(times=14)
    digests = await sunday.service.stored(ADA)
    assert [str(d.week) for d in digests] == ["2025-W02", "2025-W01"]
    assert "take-1" in digests[0].markdown
    assert "take-2" in digests[0].markdown


@on_sqlite
@pytest.mark.parametrize("why", ["paused", "rest", "dm_closed"])
async def test_silenced_weeks_are_kept_as_files(sunday: Sunday, why: str) -> None:
    sunday.person.why_silent = why
    sunday.source.at = [at("2025-01-03 20:00")]
    await sunday.begin()
    await sunday.live(times=6)
    assert [d.state for d in await sunday.service.stored(ADA)] == [DigestState.FILED]
    assert await _deliveries(sunday.database) == []


@on_sqlite
async def test_on_request_moves_no_cut_and_a_week_to_come_is_refused(sunday: Sunday) -> None:
    sunday.source.at = [at("2025-01-03 20:00")]
    await sunday.begin()
    before = await sunday.service.panel(ADA)
    shown = await sunday.service.show(ADA)
    assert shown.so_far
    assert (await sunday.service.panel(ADA)).next_at == before.next_at
    assert await sunday.service.stored(ADA) == []
    with pytest.raises(Refused):
        await sunday.service.show(ADA, IsoWeek(2025, 9))


@on_sqlite
async def test_one_area_in_trouble_leaves_only_its_part_out(sunday: Sunday) -> None:
    class Broken:
        async def fill(self, *_: object) -> object:
            raise RuntimeError("down")

    sunday.source.at = [at("2024-12-31 20:00")]
    sunday.service._sources = (Broken(), sunday.source)  # type: ignore[assignment]
    shown = await sunday.service.show(ADA)
    assert "take-0" in shown.markdown


# ------------------------------------------------------------------ rules


def test_the_table_of_silence() -> None:
    calm = {"silenced": False, "too_late": False, "newest": True}
    assert decide(has_activity=True, was_active=False, **calm) is Outcome.SEND
    assert decide(has_activity=False, was_active=True, **calm) is Outcome.QUIET_LINE
    assert decide(has_activity=False, was_active=False, **calm) is Outcome.NOTHING
    for odd in ({"silenced": True}, {"too_late": True}, {"newest": False}):
        assert decide(has_activity=True, was_active=True, **(calm | odd)) is Outcome.FILE
        assert decide(has_activity=False, was_active=True, **(calm | odd)) is Outcome.NOTHING


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "UTC"])
@pytest.mark.parametrize("day", range(7))
@pytest.mark.parametrize("hour", [0, 2, 10, 23])
def test_cuts_of_following_weeks_bound_each_other(zone: str, day: int, hour: int) -> None:
    rules = load_rules("digest", DigestRules)
    where = ZoneInfo(zone)
    rule = weekly(day, time(hour))
    week = IsoWeek(2025, 1)
    for _ in range(53):
        window = window_of(week, rule, where, rules)
        following = window_of(week.next(), rule, where, rules)
        assert week_of(window.until, where, rules) == week
        assert window.until == following.after
        assert timedelta(days=6, hours=20) < window.until - window.after < timedelta(days=7, hours=4)
        assert cut_of(week, rule, where, rules) == window.until
        week = week.next()


def test_twenty_hours_and_the_weeks_cap_hold_a_message() -> None:
    rules = load_rules("digest", DigestRules)
    zone = ZoneInfo("UTC")
    now = datetime(2025, 6, 8, 10, tzinfo=UTC)
    assert spaced_until([], 2, zone, now, rules) is None
    assert spaced_until([now - timedelta(hours=5)], 2, zone, now, rules) == now + timedelta(hours=15)
    week = [now - timedelta(days=4), now - timedelta(days=2)]
    assert spaced_until(week, 2, zone, now, rules) == datetime(2025, 6, 9, tzinfo=UTC)
    assert spaced_until(week, 3, zone, now, rules) is None


@pytest.mark.parametrize(("hours", "waits"), [(19.99, True), (20, False), (21, False)])
def test_twenty_hours_after_the_last_message_another_may_come(hours: float, waits: bool) -> None:
    rules = load_rules("digest", DigestRules)
    now = datetime(2025, 6, 8, 10, tzinfo=UTC)
    last = now - timedelta(hours=hours)
    earlier = last - timedelta(days=9)
    free_at = spaced_until([last, earlier], 7, ZoneInfo("UTC"), now, rules)
    assert free_at == (last + timedelta(hours=20) if waits else None)


def test_the_weeks_cap_counts_from_the_persons_own_monday() -> None:
    """In Auckland it is Monday half a day before it is in London; a message of Sunday evening is last week's."""
    rules, zone = load_rules("digest", DigestRules), ZoneInfo("Pacific/Auckland")
    monday = datetime(2025, 6, 2, 0, 0, tzinfo=zone)
    now = monday + timedelta(days=3)
    assert spaced_until([monday - timedelta(minutes=1)], 1, zone, now, rules) is None
    assert spaced_until([monday], 1, zone, now, rules) == datetime(2025, 6, 9, tzinfo=zone)
    assert spaced_until([monday], 2, zone, now, rules) is None
    assert spaced_until([monday] * 3, 2, zone, now, rules) == datetime(2025, 6, 9, tzinfo=zone), "over the cap too"


def test_the_cuts_that_were_missed_come_oldest_first_and_one_that_is_due_this_instant_is_among_them() -> None:
    zone, rule = ZoneInfo("Europe/London"), weekly(6, time(10))
    sundays = [datetime(2025, 3, 23, 10, tzinfo=zone) + timedelta(days=7 * place) for place in range(4)]
    assert missed_cuts(sundays[0], rule, zone, sundays[2]) == (sundays[:3], sundays[3])
    assert missed_cuts(sundays[0], rule, zone, sundays[2] - timedelta(seconds=1)) == (sundays[:2], sundays[2])
    assert missed_cuts(sundays[0], rule, zone, sundays[0] - timedelta(hours=1)) == ([], sundays[0])


@pytest.mark.parametrize(
    ("cut", "week"),
    [("2025-06-08 10:00", 23), ("2025-06-09 09:00", 23), ("2025-06-10 11:59", 23), ("2025-06-10 12:00", 24)],
)
def test_a_digest_cut_until_tuesday_noon_is_about_the_week_before(cut: str, week: int) -> None:
    zone = ZoneInfo("Europe/London")
    assert week_of(at(cut), zone, load_rules("digest", DigestRules)) == IsoWeek(2025, week)


@on_sqlite
async def test_energy_is_told_in_the_own_copy_only_and_kept_nowhere(sunday: Sunday) -> None:
    sunday.source.at = [at("2025-01-03 20:00")]
    sunday.person.told_energy = Energy(4.0, 3)
    await sunday.begin()
    await sunday.live(times=6)
    (digest,) = await sunday.service.stored(ADA)
    shown = await sunday.service.show(ADA, digest.week)
    assert await sunday.service.energy(ADA, shown) is None, "not opted in"
    await sunday.service.edit(DOER, ADA, energy=True)
    assert await sunday.service.energy(ADA, shown) == Energy(4.0, 3)
    for kept in (digest.markdown, digest.card, digest.public_card, (await sunday.service.show(ADA)).markdown):
        assert "energy" not in kept.casefold()
    assert (await sunday.service.panel(ADA)).tells_energy


@on_sqlite
async def test_a_deleted_digest_is_gone_and_its_week_can_be_asked_for_again(sunday: Sunday) -> None:
    sunday.source.at = [at("2025-01-03 20:00"), at("2025-01-10 20:00")]
    await sunday.begin()
    await sunday.live(times=13)
    newest, oldest = await sunday.service.stored(ADA)
    await sunday.service.delete(DOER, ADA, oldest.id)
    assert [digest.id for digest in await sunday.service.stored(ADA)] == [newest.id]
    again = await sunday.service.show(ADA, oldest.week)
    assert "take-0" in again.markdown
    assert "take-1" not in again.markdown
