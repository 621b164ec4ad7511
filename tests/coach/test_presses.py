"""Two presses at once, on both databases: what was asked for happens once. And cards that outlive the bot."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.actors import Actor as Doer
from bot.clock import FixedClock
from bot.coach.checkins import Snooze
from bot.coach.enriching import PlanReply, take_over
from bot.coach.goals import GoalDraft
from bot.coach.model import CheckinState, Frequency, HabitCategory, Pacing, Role
from bot.coach.seats import areas_of
from bot.coach.service.profiles import ProfileChanges
from bot.coach.service.tasks import TaskDraft
from bot.errors import AlreadyDone, BotError, Refused
from bot.local.server import LocalDiscord
from storage.repositories.coach_weeks import CoachWeekRepository
from storage.unit import Database
from tests.coach.desk import ADA, MONDAY, ada, started
from tests.coach.living import Life
from tests.product import running
from tests.wire.kit import Stage
from tests.wire.openapi import SHARED


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


async def _both(*calls: Any) -> list[Any]:
    return await asyncio.gather(*calls, return_exceptions=True)


def _once(answers: list[Any]) -> None:
    """One answer and one polite refusal, in either order."""
    refused = [each for each in answers if isinstance(each, BaseException)]
    assert len(refused) == 1
    assert isinstance(refused[0], AlreadyDone | Refused)


async def test_two_presses_at_once_change_once(database: Database, clock: FixedClock) -> None:
    service = await started(database, clock)
    first, second = await _both(service.weeks.plan(ada, ADA), service.weeks.plan(ada, ADA))
    assert first.tasks == second.tasks
    assert Counter((first.is_new, second.is_new)) == Counter((True, False)), "made by one of the two"
    task = first.tasks[0]
    _once(await _both(service.tasks.done(ada, ADA, task.id), service.tasks.done(ada, ADA, task.id)))
    _once(await _both(service.tasks.skip(ada, ADA, first.tasks[1].id), service.tasks.skip(ada, ADA, first.tasks[1].id)))
    two = [first.tasks[2].id, first.tasks[3].id]
    assert sum(await _both(service.tasks.tick(ada, ADA, two), service.tasks.tick(ada, ADA, two))) == 2
    titles = ("Visual identity", "Visual identity")
    _once(await _both(*(service.goals.take_suggestion(ada, ADA, "visual_identity", title) for title in titles)))
    assert len(await service.goals.all(ADA)) == 1
    goal = (await service.goals.all(ADA))[0].goal
    _once(await _both(service.goals.complete(ada, ADA, goal.id), service.goals.complete(ada, ADA, goal.id)))
    habit = await service.habits.add(ada, ADA, "Scales", HabitCategory.CREATIVE, Frequency.DAILY)
    _once(await _both(service.habits.done(ada, ADA, habit.thing), service.habits.done(ada, ADA, habit.thing)))
    lighter = await _both(service.weeks.lighter(ada, ADA), service.weeks.lighter(ada, ADA))
    assert lighter[0].view.tasks == lighter[1].view.tasks
    assert lighter[0].view.week.revision == lighter[1].view.week.revision == 2
    await _both(service.weeks.rest(ada, ADA, date(2026, 3, 9)), service.weeks.rest(ada, ADA, date(2026, 3, 9)))
    assert len(await service.weeks.history(ADA)) == 2, "one row a week"


async def test_an_extra_task_is_taken_once(sqlite_database: Database, clock: FixedClock) -> None:
    service = await started(sqlite_database, clock)
    view = await service.weeks.plan(ada, ADA)
    reply = PlanReply.model_validate({"extra_tasks": [{"focus_area": "promo", "title": "Film one hook"}]})
    taken = take_over(view.week.plan, view.tasks, reply, areas_of(Role.ARTIST), "test")
    from dataclasses import replace

    async with sqlite_database.write(ada, ADA, "test") as unit:
        await unit.repo(CoachWeekRepository).save(replace(view.week, extras=taken.extras))
    monday = view.week.week_start
    _once(await _both(*(service.enrich.swap_in(ada, ADA, monday, 0) for _ in range(2))))
    after = await service.weeks.plan(ada, ADA)
    assert [task.title for task in after.tasks].count("Film one hook") == 1
    assert [count for _, _, count in after.areas] == [3, 2, 2, 1, 1]


async def test_a_check_in_is_answered_snoozed_or_put_away_by_one_press_only(
    sqlite_database: Database, clock: FixedClock
) -> None:
    life = Life(sqlite_database, clock)
    await started(sqlite_database, clock)
    clock.set(datetime(2026, 3, 3, 12, tzinfo=UTC))
    checkins = life.coach.checkins
    assert sorted(await _both(*(life.coach.profiles.checkins_on(ada, ADA) for _ in range(2)))) == [False, True]
    await life.work()
    assert len(life.chat.said) == 1, "one first note, whoever pressed twice"
    await life.live_until(datetime(2026, 3, 6, 17, tzinfo=UTC))
    async with sqlite_database.read(ADA) as unit:
        from storage.repositories.coach_notes import CoachCheckinRepository

        (friday,) = [
            each for each in await unit.repo(CoachCheckinRepository).since(MONDAY) if each.state is CheckinState.SENT
        ]
    later = await _both(*(checkins.snooze(ada, ADA, friday.id, Snooze.HOUR) for _ in range(2)))
    assert later[0] == later[1]
    assert (await checkins.view(ADA, friday.id)).checkin.snoozes == 1
    await life.live_until(datetime(2026, 3, 6, 19, tzinfo=UTC))
    answers = await _both(checkins.done(ada, ADA, friday.id), checkins.not_today(ada, ADA, friday.id))
    assert sum(isinstance(each, BotError) for each in answers) == 1
    again = await checkins.view(ADA, friday.id)
    assert again.checkin.state in (CheckinState.ANSWERED, CheckinState.SKIPPED)


async def test_cards_sent_before_a_restart_still_answer(tmp_path: Path, sqlite_database_url: str) -> None:
    clock = FixedClock(datetime.now(UTC).replace(microsecond=0))
    async with LocalDiscord(clock, validator=SHARED.openapi) as server:
        async with running(tmp_path / "data", clock, server=server, database_url=sqlite_database_url) as product:
            person = Stage(server).person("Ada")
            doer, coach = Doer.user(person.id, "Ada"), product.services.coach
            await coach.profiles.start(doer, person.id, Role.ARTIST, "UTC")
            await coach.profiles.change(doer, person.id, ProfileChanges(pacing=Pacing.MODERATE, setup_step=8))
            await coach.goals.add(doer, person.id, GoalDraft("Six songs"))
            await coach.tasks.add(doer, person.id, TaskDraft("Call Ben"))
            await person.slash("/coach plan")
            await person.press("Done")
        async with running(tmp_path / "data", clock, server=server, database_url=sqlite_database_url) as product:
            view = await product.services.coach.weeks.current(person.id)
            await person.choose("Tick what is done", view.open[0].id)
            await person.until_sees("1 of 10 done")
            await person.press("Lighter week")
            await person.until_sees("A lighter week")
            await person.press("Undo")
            await person.slash("/coach goal", goal="Six songs")
        async with running(tmp_path / "data", clock, server=server, database_url=sqlite_database_url) as product:
            await person.press("Complete")
            await person.until_sees("Completed: Six songs")
            assert (await product.services.coach.weeks.current(person.id)).done == 1
