"""Months of messages for every pace, changes of the clocks in them: caps, spacing, quiet hours, silence.

Fifteen weeks with the autumn change by default, half a year with both changes in `make soak`.
"""

import itertools
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.actors import Actor
from bot.clock import FixedClock
from bot.coach.checkins import is_quiet
from bot.coach.dates import local_date, week_start
from bot.coach.model import CheckinState, DmSettings, Pacing, Role
from bot.coach.service.checkins import ASKED, PROACTIVE
from bot.coach.service.profiles import ProfileChanges
from bot.outbox_model import Delivery
from storage.repositories.coach_notes import CoachCheckinRepository
from storage.repositories.deliveries import DeliveryRepository
from storage.repositories.studio import PersonRepository
from storage.tables.coach import CoachStateRow
from storage.tables.digest import DigestClockRow
from storage.tables.engine import SlotRow
from storage.unit import Database
from tests.coach.living import Life
from tests.digest.people import put_bounce
from tests.product import Product
from tests.wire.kit import Stage

pytestmark = pytest.mark.no_cover  # long, over lines that shorter tests reach: twice as long under coverage

CAPS = {Pacing.RELAXED: 1, Pacing.MODERATE: 2, Pacing.INTENSIVE: 3}
# The moderate pace lives in test_year.py; here are the two others, far from London.
ZONES = {
    Pacing.RELAXED: "Australia/Lord_Howe",
    Pacing.INTENSIVE: "America/New_York",
}
DAYTIME = DmSettings(checkins=True)
BEGINS = date(2025, 9, 29)
"""A Monday; the clocks of both zones change within five weeks, and again in spring."""


def _keeps_its_promises(sent: Sequence[datetime], pacing: Pacing, zone: str, paused: tuple[date, date]) -> None:
    weeks = Counter(week_start(at, zone) for at in sent)
    assert max(weeks.values()) <= CAPS[pacing], f"{pacing}: more than {CAPS[pacing]} a week"
    for earlier, later in itertools.pairwise(sorted(sent)):
        assert later - earlier >= timedelta(hours=20), f"{pacing}: {earlier} and {later}"
    for at in sent:
        assert not is_quiet(at, zone, DAYTIME), f"{pacing}: in quiet hours at {at}"
        assert not paused[0] <= local_date(at, zone) < paused[1], f"{pacing}: during the pause at {at}"


@pytest.mark.parametrize(
    ("weeks", "pause", "silent"),
    [pytest.param(15, 4, 6, id="15 weeks"), pytest.param(27, 12, 18, id="half a year", marks=pytest.mark.soak)],
)
async def test_the_other_paces_through_the_real_services(
    sqlite_database: Database, weeks: int, pause: int, silent: int
) -> None:
    """Answered weeks, then two weeks of pause from week `pause` on, and from week `silent` on no answer."""
    silent_from = BEGINS + timedelta(weeks=silent)
    clock = FixedClock(datetime(2025, 9, 30, 3, tzinfo=UTC))
    sqlite_database.clock = clock
    life = Life(sqlite_database, clock)
    people = {pacing: Actor.user(2_000 + place, pacing.title()) for place, pacing in enumerate(ZONES)}
    for pacing, who in people.items():
        owner = who.user_id or 0
        async with sqlite_database.write(who, owner, "seen") as unit:
            await unit.repo(PersonRepository).seen(who.name, "en")
        await life.coach.profiles.start(who, owner, Role.ARTIST, ZONES[pacing])
        await life.coach.profiles.change(who, owner, ProfileChanges(pacing=pacing))
        await life.coach.profiles.checkins_on(who, owner)
    for week in range(weeks):
        monday = BEGINS + timedelta(weeks=week)
        await life.live_until(datetime.combine(monday + timedelta(days=6), datetime.min.time(), UTC))
        for who in people.values():
            if monday < silent_from:
                await _answer(life, who)
            if week == pause:
                await life.coach.weeks.pause(who, who.user_id or 0, BEGINS + timedelta(weeks=pause + 2))
    for pacing, who in people.items():
        said = [each for each in life.chat.said if each.person == who.user_id and "Check-ins are on" not in each.text]
        # The pause was asked for on the Sunday: what the Monday and Friday before brought was before it.
        paused = (BEGINS + timedelta(weeks=pause, days=6), BEGINS + timedelta(weeks=pause + 2))
        _keeps_its_promises([each.at for each in said], pacing, ZONES[pacing], paused)
        by_week = Counter((week_start(each.at, ZONES[pacing]) - BEGINS).days // 7 for each in said)
        usual = min(CAPS[pacing], 2)
        assert all(by_week[week] == usual for week in range(2, pause)), f"{pacing}: answered weeks hear {usual} each"
        last = [each for each in said if "I'll stop sending notes now" in each.text]
        assert len(last) == 1, f"{pacing}: one last message"
        assert said[-1] == last[0], f"{pacing}: then silence"
        unanswered = [each for each in said if each.at.date() >= silent_from]
        assert 2 <= len(unanswered) <= 6, f"{pacing}: fewer and fewer"
    ada = people[Pacing.INTENSIVE]
    await life.coach.profiles.seen(ada, ada.user_id or 0)
    count = len(life.chat.said)
    await life.live_until(clock.now() + timedelta(weeks=1))
    assert len(life.chat.said) > count, "a command brings them back"


async def _answer(life: Life, who: Actor) -> None:
    owner = who.user_id or 0
    async with life.database.read(owner) as unit:
        asked = await unit.repo(CoachCheckinRepository).since(life.clock.now() - timedelta(days=8))
    for checkin in asked:
        if checkin.state in (CheckinState.SENT, CheckinState.UNANSWERED):
            await life.coach.checkins.done(who, owner, checkin.id)


# ---------------------------------------------------------------------- with digests, in the whole product


async def _next_due(product: Product) -> datetime | None:
    async with product.services.database.system_read() as unit:
        slots = select(func.min(SlotRow.visible_at)).where(SlotRow.state.in_(("ready", "leased")))
        states = select(func.min(CoachStateRow.next_checkin_at), func.min(CoachStateRow.next_close_at))
        found = [
            *(await unit.session.execute(states)).one(),
            (await unit.session.execute(select(func.min(DigestClockRow.next_at)))).scalar(),
            (await unit.session.execute(slots)).scalar(),
        ]
    return min((at for at in found if at is not None), default=None)


async def _live_until(product: Product, until: datetime) -> None:
    """Step from one due moment to the next, and at least once a day."""
    while product.clock.now() < until:
        day = product.clock.now() + timedelta(days=1)
        coming = await _next_due(product)
        soon = day if coming is None or coming <= product.clock.now() else min(coming + timedelta(seconds=1), day)
        product.clock.set(min(soon, until))
        await product.work()


async def _sent(product: Product, owner: int, since: datetime) -> dict[str, Delivery]:
    async with product.services.database.read(owner) as unit:
        found = await unit.repo(DeliveryRepository).sent_between(PROACTIVE, since - timedelta(days=1))
    return {each.id: each for each in found}


async def _with_digests(product: Product, pacing: Pacing, weeks: int) -> None:
    """Live with digests and check-ins by direct message; both keep the caps together."""
    ada = Stage(product.server).person("Ada")
    who, services, clock = Actor.user(ada.id, "Ada"), product.services, product.clock
    monday = clock.now().date() + timedelta(days=7 - clock.now().weekday())
    clock.set(datetime.combine(monday, datetime.min.time(), UTC) + timedelta(hours=12))
    begin = clock.now()
    await services.studio.save_person(who, ada.id, dm_digests=True, timezone="Europe/London")
    await services.coach.profiles.start(who, ada.id, Role.ARTIST, "Europe/London")
    await services.coach.profiles.change(who, ada.id, ProfileChanges(pacing=pacing, setup_step=8))
    await services.coach.profiles.checkins_on(who, ada.id)
    sent: dict[str, Delivery] = {}
    for week in range(weeks):
        await _live_until(product, begin + timedelta(weeks=week, days=2))
        view = await services.coach.weeks.plan(who, ada.id)
        await services.coach.tasks.tick(who, ada.id, [task.id for task in view.open[:3]])
        await put_bounce(services.database, ada.id, f"take-{week}.wav", clock.now(), 190.0 + week)
        # Collected as they come: what was sent is forgotten after three months.
        sent |= await _sent(product, ada.id, begin)
    await _live_until(product, begin + timedelta(weeks=weeks))
    sent |= await _sent(product, ada.id, begin)
    unasked = [each for each in sent.values() if each.target_kind == "dm" and not each.payload.get(ASKED)]
    never = (date.max, date.max)
    _keeps_its_promises([each.claimed_at for each in unasked if each.claimed_at], pacing, "Europe/London", never)
    kinds = Counter(each.kind for each in unasked)
    assert kinds["digest"] >= weeks - 1, "the Sunday digest has its place"
    if pacing is Pacing.RELAXED:
        assert kinds["coach.checkin"] == 0, "its one message a week is the digest, with Check in on it"
        ada.go("DM")
        await ada.press("Check in")
        await ada.until_sees("I'm a bot")
    else:
        assert kinds["coach.checkin"] >= weeks - 1


async def test_digests_and_check_ins_share_their_caps(product: Product) -> None:
    await _with_digests(product, Pacing.RELAXED, 2)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("pacing", Pacing)
async def test_digests_and_check_ins_share_their_caps_for_half_a_year(product: Product, pacing: Pacing) -> None:
    await _with_digests(product, pacing, 26)
