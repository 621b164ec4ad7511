"""Release plans over a real database: plan and loop in one transaction, once, undone together, in the person's days."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.actors import Actor
from bot.clock import FixedClock
from bot.errors import NotFound, Refused
from bot.loops.dated import DatedLoops
from bot.loops.model import Lane, Pace
from bot.loops.momentum import measure
from bot.loops.rules import loop_rules
from bot.paths import assets_dir
from bot.releases.countdown import finish_anchor
from bot.releases.facts import load_facts
from bot.releases.model import Condition, ReleaseState
from bot.releases.presets import load_presets
from bot.releases.service import ReleaseDraft, ReleaseService
from bot.undo import ChangeService
from storage.unit import Database
from tests.releases.catalogue import Catalogue
from tests.releases.strict_ics import read

ADA, BEN = 7001, 7002
DOER = Actor.user(ADA, "Ada")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EVERYTHING = frozenset(Condition)
FACTS = load_facts(assets_dir() / "facts" / "platform_facts.toml")
PRESETS = load_presets(assets_dir() / "presets", FACTS.facts)


class London:
    async def zone(self, user_id: int, guild_id: int | None = None) -> ZoneInfo:
        return ZoneInfo("Europe/London")

    async def role_and_pace(self, owner: int) -> tuple[str, str] | None:
        return None


@pytest.fixture
def service(database: Database, clock: FixedClock) -> ReleaseService:
    return ReleaseService(database, clock, PRESETS, FACTS, London(), London(), Catalogue(), DatedLoops())


def _draft(service: ReleaseService, clock: FixedClock, days: int = 70, **more: object) -> ReleaseDraft:
    day = clock.now().astimezone(ZoneInfo("Europe/London")).date() + timedelta(days=days)
    values: dict[str, object] = {"title": "Night Drive", "preset_key": "single_8w", "conditions": EVERYTHING}
    return ReleaseDraft(anchor_date=day, **(values | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(("pace", "score"), [("relaxed", 0.1951), ("moderate", 0.1726), ("intensive", 0.1398)])
@on_sqlite
async def test_a_new_single_has_the_golden_momentum(
    service: ReleaseService, clock: FixedClock, pace: str, score: float
) -> None:
    made = await service.create(DOER, ADA, _draft(service, clock, pace=Pace(pace)))
    assert measure(made.view.plan, clock.now(), loop_rules().momentum).score == score
    assert made.view.plan.loop.length_days == 87


async def test_the_same_interaction_makes_one_plan(service: ReleaseService, clock: FixedClock) -> None:
    first = await service.create(DOER, ADA, _draft(service, clock), "press-1")
    again = await service.create(DOER, ADA, _draft(service, clock), "press-1")
    assert first.view.release.id == again.view.release.id
    assert len(await service.all(ADA)) == 1


async def test_moving_keeps_done_days_and_undo_brings_everything_back(
    service: ReleaseService, clock: FixedClock, database: Database
) -> None:
    made = await service.create(DOER, ADA, _draft(service, clock))
    choose = next(task for task in made.view.tasks if task.clip.task_key == "choose")
    done = await service.finish_task(DOER, ADA, made.view.release.id, choose.clip.id)
    before = {task.clip.id: (task.day, task.deadline, task.clip.done_at) for task in done.view.tasks}
    new = made.view.release.anchor_date + timedelta(days=14)
    moved = await service.move(DOER, ADA, made.view.release.id, new)
    for task in moved.view.tasks:
        old_day, old_deadline, done_at = before[task.clip.id]
        if done_at is not None:
            assert task.day == old_day
        else:
            assert task.day == old_day + timedelta(days=14)
            assert task.deadline == (old_deadline + timedelta(days=14) if old_deadline else None)
    await ChangeService(database).undo(DOER, ADA, moved.group_id)
    back = await service.show(ADA, made.view.release.id)
    assert back.release.anchor_date == made.view.release.anchor_date
    assert {t.clip.id: (t.day, t.deadline, t.clip.done_at) for t in back.tasks} == before


@on_sqlite
async def test_the_preview_of_a_move_is_what_the_move_does(service: ReleaseService, clock: FixedClock) -> None:
    made = await service.create(DOER, ADA, _draft(service, clock))
    near = made.view.release.anchor_date - timedelta(days=50)
    preview = await service.preview_move(ADA, made.view.release.id, near)
    untouched = await service.show(ADA, made.view.release.id)
    assert untouched.release.anchor_date == made.view.release.anchor_date, "a preview changes nothing"
    moved = await service.move(DOER, ADA, made.view.release.id, near)
    days = {task.clip.name: task.day for task in moved.view.tasks}
    for shift in preview.shifts:
        if shift.new_day is None:
            assert shift.title not in days
        else:
            assert days[shift.title] == shift.new_day
    assert {item.task_key for item in moved.view.missed} == {task.key for task in preview.missed}


@on_sqlite
async def test_somebody_elses_release_reads_as_one_that_is_not_there(
    service: ReleaseService, clock: FixedClock
) -> None:
    made = await service.create(DOER, ADA, _draft(service, clock))
    for wrong in (made.view.release.id, "0" * 32):
        with pytest.raises(NotFound):
            await service.show(BEN, wrong)


@on_sqlite
async def test_dates_that_cannot_be_and_titles_too_long_are_refused(service: ReleaseService, clock: FixedClock) -> None:
    for days in (-29, 3 * 366 + 2):
        with pytest.raises(Refused):
            await service.create(DOER, ADA, _draft(service, clock, days))
    for title in ("", " ", "x" * 81):
        with pytest.raises(Refused):
            await service.create(DOER, ADA, _draft(service, clock, title=title))
    assert await service.all(ADA) == []


@on_sqlite
async def test_a_finish_month_starts_on_its_day_and_ends_by_its_length(
    service: ReleaseService, clock: FixedClock
) -> None:
    draft = _draft(service, clock, 3, preset_key="finish_month", conditions=frozenset())
    made = await service.create(DOER, ADA, draft)
    assert made.view.release.anchor_date == finish_anchor(PRESETS.get("finish_month"), draft.anchor_date)
    assert min(task.day for task in made.view.tasks) == draft.anchor_date
    with pytest.raises(Refused):
        await service.create(DOER, ADA, _draft(service, clock, -1, preset_key="finish_month"))


@on_sqlite
async def test_the_calendar_file_keeps_identity_and_counts_changes(service: ReleaseService, clock: FixedClock) -> None:
    made = await service.create(DOER, ADA, _draft(service, clock))
    _, first = await service.calendar(ADA, made.view.release.id, alarms=True)
    await service.move(DOER, ADA, made.view.release.id, made.view.release.anchor_date + timedelta(days=7))
    name, second = await service.calendar(ADA, made.view.release.id)
    old, new = read(first), read(second)
    assert name.endswith(".ics")
    uids = [{event.one("UID")[1] for event in calendar.all("VEVENT")} for calendar in (old, new)]
    assert uids[0] == uids[1]
    assert int(new.all("VEVENT")[0].one("SEQUENCE")[1]) > int(old.all("VEVENT")[0].one("SEQUENCE")[1])
    assert sum(len(event.all("VALARM")) for event in old.all("VEVENT")) == sum(task.is_hard for task in made.view.tasks)
    described = next(e for e in new.all("VEVENT") if "Spotify" in e.text("SUMMARY"))
    assert "not checked yet, please check" in described.text("DESCRIPTION")


@on_sqlite
async def test_one_adds_a_task_of_ones_own_and_the_loop_grows_for_it(
    service: ReleaseService, clock: FixedClock
) -> None:
    made = await service.create(DOER, ADA, _draft(service, clock))
    late = made.view.release.anchor_date + timedelta(days=60)
    saved = await service.add_task(DOER, ADA, made.view.release.id, title="Play it live", lane=Lane.PROMO, day=late)
    added = next(task for task in saved.view.tasks if task.clip.name == "Play it live")
    assert added.day == late
    early: date = min(task.day for task in made.view.tasks) - timedelta(days=3)
    again = await service.move_task(DOER, ADA, made.view.release.id, added.clip.id, early)
    assert {t.clip.name: t.day for t in again.view.tasks}["Play it live"] == early
    others = {t.clip.id: t.day for t in made.view.tasks}
    assert all(t.day == others[t.clip.id] for t in again.view.tasks if t.clip.id in others)


@on_sqlite
async def test_cancelling_keeps_the_loop_and_silences_the_rest(service: ReleaseService, clock: FixedClock) -> None:
    made = await service.create(DOER, ADA, _draft(service, clock))
    cancelled = await service.cancel(DOER, ADA, made.view.release.id)
    assert cancelled.view.release.state is ReleaseState.CANCELLED
    assert len(cancelled.view.tasks) == 28
    assert await service.all(ADA, [ReleaseState.PLANNED, ReleaseState.RELEASED]) == []
