"""The coach's use cases over a real database: weeks, tasks, goals, measures, habits, routines, reminders."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.clock import FixedClock
from bot.coach.calendar import week_calendar
from bot.coach.content import BankTask
from bot.coach.goals import GoalDraft
from bot.coach.model import (
    Effort,
    Experience,
    FocusArea,
    Frequency,
    GoalCategory,
    GoalStatus,
    HabitCategory,
    Pacing,
    Reflections,
    Role,
    TaskStatus,
    WeekState,
    Woop,
)
from bot.coach.service import coach_service
from bot.coach.service.desk import Desk
from bot.coach.service.profiles import ProfileChanges
from bot.coach.service.tasks import TaskDraft
from bot.coach.service.weeks import CrisisFound
from bot.errors import AlreadyDone, NotFound, Refused
from bot.say.words import Words, read_catalogue
from bot.undo import ChangeService
from storage.unit import Database
from tests.coach.banks import EVERYBODY, synthetic_bank
from tests.coach.desk import ADA, BEN, MONDAY, ada, ben, coach, started
from tests.releases.strict_ics import moment, read


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


async def test_nothing_works_before_the_first_question_and_everything_after(
    sqlite_database: Database, clock: FixedClock
) -> None:
    service = coach(sqlite_database, clock)
    assert await service.profiles.find(ADA) is None
    with pytest.raises(Refused) as refused:
        await service.weeks.plan(ada, ADA)
    assert refused.value.code == "coach_start_first"
    view = await service.profiles.start(ada, ADA, Role.MANAGER, "Europe/Berlin")
    assert (view.profile.role, view.profile.plan_size, view.steps_done) == (Role.MANAGER, 9, 1)


async def test_a_week_is_made_once_however_often_it_is_asked_for(database: Database, clock: FixedClock) -> None:
    service = await started(database, clock)
    first = await service.weeks.plan(ada, ADA)
    again = await service.weeks.plan(ada, ADA)
    assert first.is_new
    assert not again.is_new
    assert first.tasks == again.tasks
    assert [count for _, _, count in first.areas] == [3, 2, 2, 1, 1]
    assert first.week.week_start == date(2026, 3, 2)


async def test_a_week_as_a_calendar_file_brings_its_zone_along(sqlite_database: Database, clock: FixedClock) -> None:
    service = await started(sqlite_database, clock)
    view = await service.weeks.plan(ada, ADA)
    calendar = read(week_calendar(view, Words(read_catalogue(), "en"), clock.now()))
    timed = {task.title: task.at for task in view.open if task.at is not None}
    assert timed
    assert {event.text("SUMMARY"): moment(event, "DTSTART") for event in calendar.all("VEVENT")} == timed
    assert [zone.text("TZID") for zone in calendar.all("VTIMEZONE")] == [view.profile.timezone]


async def test_regenerating_keeps_ticks_if_thens_and_own_tasks(sqlite_database: Database, clock: FixedClock) -> None:
    service = await started(sqlite_database, clock)
    view = await service.weeks.plan(ada, ADA)
    ticked, planned, free = view.tasks[0], view.tasks[1], view.tasks[2]
    await service.tasks.done(ada, ADA, ticked.id)
    await service.tasks.set_if_then(ada, ADA, planned.id, "If it is Tuesday 19:00, then ten minutes")
    own = await service.tasks.add(ada, ADA, TaskDraft("Call the venue", FocusArea.PROMO))
    await service.weeks.reflect(ada, ADA, None, Reflections(wins=("One hook",)))
    changed = await service.weeks.regenerate(ada, ADA, view.week.week_start)
    after = {task.id: task for task in changed.view.tasks}
    assert after[ticked.id].status is TaskStatus.DONE
    assert after[planned.id].if_then == "If it is Tuesday 19:00, then ten minutes"
    assert own.task.id in after
    assert free.id not in after
    assert changed.view.week.reflections.wins == ("One hook",)
    assert changed.view.week.revision == 2
    assert changed.view.week.revisions[0].replaced
    await ChangeService(sqlite_database).undo(ada, ADA, changed.group_id)
    undone = await service.weeks.plan(ada, ADA)
    assert free.id in {task.id for task in undone.tasks}
    assert undone.week.revision == 1


async def test_lighter_twice_is_lighter_once(sqlite_database: Database, clock: FixedClock) -> None:
    service = await started(sqlite_database, clock)
    await service.weeks.plan(ada, ADA)
    first = await service.weeks.lighter(ada, ADA)
    second = await service.weeks.lighter(ada, ADA)
    assert len(first.view.tasks) == 4
    assert first.view.tasks == second.view.tasks
    assert first.view.week.revision == second.view.week.revision == 2


async def test_a_late_tick_counts_for_its_own_week_and_closes_the_copy(
    sqlite_database: Database, clock: FixedClock
) -> None:
    service = await started(sqlite_database, clock)
    view = await service.weeks.plan(ada, ADA)
    for task in view.tasks[1:]:
        await service.tasks.done(ada, ADA, task.id)
    clock.advance(days=7)
    following = await service.weeks.plan(ada, ADA)
    copy = next(task for task in following.tasks if task.carried_from == view.tasks[0].id)
    assert copy.carry_count == 1
    assert len(following.tasks) == 9
    await service.tasks.done(ada, ADA, view.tasks[0].id)
    history = await service.weeks.history(ADA)
    assert history[1].done == 9
    assert (await service.tasks.get(ADA, copy.id)).status is TaskStatus.LET_GO
    clock.advance(days=7)
    late = next(task for task in following.tasks if task.id != copy.id)
    assert (await service.tasks.done(ada, ADA, late.id)).monday == date(2026, 3, 9)
    clock.advance(days=7)
    with pytest.raises(Refused):
        await service.tasks.done(
            ada, ADA, next(task.id for task in following.tasks if task.id not in (copy.id, late.id))
        )


async def test_the_third_time_a_task_waits_for_a_choice(sqlite_database: Database, clock: FixedClock) -> None:
    service = await started(sqlite_database, clock)
    view = await service.weeks.plan(ada, ADA)
    title = view.tasks[0].title
    for _ in range(3):
        view = await service.weeks.plan(ada, ADA)
        for task in view.tasks:
            if task.title != title and task.is_open:
                await service.tasks.done(ada, ADA, task.id)
        clock.advance(days=7)
    view = await service.weeks.plan(ada, ADA)
    assert [choice.title for choice in view.choices] == [title]
    assert title not in [task.title for task in view.tasks]
    split = await service.tasks.split(ada, ADA, view.choices[0].id, "First half", "Second half")
    view = await service.weeks.plan(ada, ADA)
    assert view.choices == ()
    assert {"First half", "Second half"} <= {task.title for task in view.open}
    assert split.task.carry_count == 0


async def test_swap_puts_another_task_of_the_same_area_in_place(sqlite_database: Database, clock: FixedClock) -> None:
    service = await started(sqlite_database, clock)
    view = await service.weeks.plan(ada, ADA)
    old = view.tasks[3]
    changed = await service.tasks.swap(ada, ADA, old.id)
    assert changed.task.focus_area is old.focus_area
    assert changed.task.bank_id not in {task.bank_id for task in view.tasks}
    after = await service.weeks.plan(ada, ADA)
    assert [count for _, _, count in after.areas] == [3, 2, 2, 1, 1]


async def test_ticking_twice_says_when_and_changes_nothing(sqlite_database: Database, clock: FixedClock) -> None:
    service = await started(sqlite_database, clock)
    view = await service.weeks.plan(ada, ADA)
    await service.tasks.done(ada, ADA, view.tasks[0].id)
    with pytest.raises(AlreadyDone):
        await service.tasks.done(ada, ADA, view.tasks[0].id)


async def test_a_stranger_finds_nothing_of_ada(sqlite_database: Database, clock: FixedClock) -> None:
    service = await started(sqlite_database, clock)
    await started(sqlite_database, clock, person=ben)
    view = await service.weeks.plan(ada, ADA)
    goal = await service.goals.add(ada, ADA, GoalDraft("Six songs"))
    with pytest.raises(NotFound):
        await service.tasks.done(ben, BEN, view.tasks[0].id)
    with pytest.raises(NotFound):
        await service.goals.complete(ben, BEN, goal.view.goal.id)
    assert await service.goals.all(BEN) == []
    assert await service.weeks.history(BEN) == []


async def test_pace_sets_the_size_and_a_pause_and_rest_leave_scores_alone(
    sqlite_database: Database, clock: FixedClock
) -> None:
    service = await started(sqlite_database, clock)
    view = await service.profiles.change(ada, ADA, ProfileChanges(pacing=Pacing.INTENSIVE))
    assert view.profile.plan_size == 12
    week = await service.weeks.plan(ada, ADA)
    for task in week.tasks:
        await service.tasks.done(ada, ADA, task.id)
    clock.advance(days=7)
    await service.weeks.rest(ada, ADA)
    before = (await service.progress.view(ADA)).consistency
    clock.advance(days=7)
    await service.weeks.plan(ada, ADA)
    progress = await service.progress.view(ADA)
    assert before == progress.consistency == pytest.approx(1.0)
    assert progress.results[-1].state is WeekState.REST
    await service.weeks.pause(ada, ADA, date(2026, 4, 20))
    with pytest.raises(Refused):
        await service.weeks.pause(ada, ADA, date(2026, 3, 1))
    assert await service.weeks.resume(ada, ADA)
    assert not await service.weeks.resume(ada, ADA)


async def test_goals_complete_reopen_forecast_and_forget(sqlite_database: Database, clock: FixedClock) -> None:
    service = await started(sqlite_database, clock)
    goal = (await service.goals.add(ada, ADA, GoalDraft("Six songs", category=GoalCategory.CREATIVE))).view.goal
    for week in range(1, 6):
        clock.advance(days=7)
        await service.goals.set_progress(ada, ADA, goal.id, week * 10)
    view = await service.goals.get(ADA, goal.id)
    assert view.forecast is not None
    assert view.forecast.p50_weeks in (5, 6), "ten of a hundred in five of six weeks, fifty to go"
    done = await service.goals.complete(ada, ADA, goal.id)
    assert (done.view.goal.status, done.view.goal.progress) == (GoalStatus.COMPLETED, 100)
    back = await service.goals.reopen(ada, ADA, goal.id)
    assert back.view.goal.progress == 50
    woop = await service.goals.set_woop(ada, ADA, goal.id, Woop(plan="If it is Tuesday, then ten minutes"))
    assert woop.view.goal.woop == Woop(plan="If it is Tuesday, then ten minutes")
    group = await service.goals.delete(ada, ADA, goal.id)
    assert await service.goals.all(ADA) == []
    await ChangeService(sqlite_database).undo(ada, ADA, group)
    assert [each.goal.title for each in await service.goals.all(ADA)] == ["Six songs"]


async def test_a_goal_follows_its_measure(sqlite_database: Database, clock: FixedClock) -> None:
    service = await started(sqlite_database, clock)
    await service.goals.add(
        ada, ADA, GoalDraft("Fifty", metric="mailing list", start_value=0, target_value=50, unit="people")
    )
    logged = await service.progress.log(ada, ADA, "Mailing list", 50)
    assert logged.completes == ("Fifty",)
    with pytest.raises(Refused):
        await service.progress.log(ada, ADA, "tasks completed", 3)
    assert await service.progress.metrics(ADA) == ["mailing list"]


async def test_a_goal_that_follows_a_measure_has_a_forecast_like_any_other(
    sqlite_database: Database, clock: FixedClock
) -> None:
    service = await started(sqlite_database, clock)
    draft = GoalDraft("Two hundred", metric="mailing list", start_value=0, target_value=200)
    goal = (await service.goals.add(ada, ADA, draft)).view.goal
    for people in (20, 40, 60, 80, 100):
        clock.advance(days=7)
        await service.progress.log(ada, ADA, "mailing list", people)
    view = await service.goals.get(ADA, goal.id)
    assert view.goal.progress == 50
    assert view.forecast is not None
    assert view.forecast.p50_weeks in (5, 6), "ten of a hundred in five of six weeks"


async def test_a_value_for_an_earlier_day_does_not_turn_a_goal_back(
    sqlite_database: Database, clock: FixedClock
) -> None:
    service = await started(sqlite_database, clock)
    draft = GoalDraft("Two hundred", metric="mailing list", start_value=0, target_value=200)
    goal = (await service.goals.add(ada, ADA, draft)).view.goal
    clock.advance(days=7)
    await service.progress.log(ada, ADA, "mailing list", 100)
    late = await service.progress.log(ada, ADA, "mailing list", 200, clock.now() - timedelta(days=1))
    assert late.completes == ()
    assert (await service.goals.get(ADA, goal.id)).goal.progress == 50
    await service.progress.log(ada, ADA, "mailing list", 80)
    assert (await service.goals.get(ADA, goal.id)).goal.progress == 40


async def test_the_progress_of_a_goal_is_no_measure_while_it_lives_or_after(
    sqlite_database: Database, clock: FixedClock
) -> None:
    service = await started(sqlite_database, clock)
    goal = (await service.goals.add(ada, ADA, GoalDraft("Six songs"))).view.goal
    for value in (10, 20):
        clock.advance(days=7)
        await service.goals.set_progress(ada, ADA, goal.id, value)
    await service.progress.log(ada, ADA, "Mailing list", 5)
    for is_gone in (False, True):
        if is_gone:
            await service.goals.delete(ada, ADA, goal.id)
        view = await service.progress.view(ADA)
        assert [each.metric.name for each in view.series] == ["mailing list"]
        assert (view.records, view.most_logged) == (1, ("mailing list",))
        assert await service.progress.metrics(ADA) == ["mailing list"]


@pytest.mark.parametrize(
    ("back", "accepted"),
    [
        (timedelta(days=-1), True),
        (timedelta(days=-1, seconds=-1), False),
        (timedelta(days=366), True),
        (timedelta(days=366, seconds=1), False),
    ],
)
async def test_a_measure_may_be_for_tomorrow_at_most_and_a_year_ago(
    sqlite_database: Database, clock: FixedClock, back: timedelta, accepted: bool
) -> None:
    service = await started(sqlite_database, clock)
    if accepted:
        assert (await service.progress.log(ada, ADA, "mailing list", 1, clock.now() - back)).record.value == 1
    else:
        with pytest.raises(Refused) as refused:
            await service.progress.log(ada, ADA, "mailing list", 1, clock.now() - back)
        assert refused.value.code == "coach_log_date"


async def test_a_task_for_once_never_returns_however_long_ago_it_was_done(
    sqlite_database: Database, clock: FixedClock
) -> None:
    """The four-week rule forgets; what is done once for a lifetime (a bio, a passport) must not come back after it."""
    once = BankTask("art.car.900", FocusArea.CAREER, "Register as a member", "x", Effort.LOW, EVERYBODY, once=True)
    others = [
        replace(
            once,
            id=f"art.car.90{number}",
            title=f"Other {number}",
            once=False,
            experience=frozenset({Experience.ADVANCED}),
        )
        for number in range(1, 6)
    ]
    bank = (*(task for task in synthetic_bank() if task.area is not FocusArea.CAREER), once, *others)
    await started(sqlite_database, clock)
    service = coach_service(Desk(sqlite_database, clock, bank=lambda role: bank))
    first = await service.weeks.plan(ada, ADA)
    (task,) = [task for task in first.tasks if task.title == once.title]
    await service.tasks.done(ada, ADA, task.id)
    for _ in range(6):
        clock.advance(days=7)
        later = await service.weeks.plan(ada, ADA)
        assert once.title not in [task.title for task in later.tasks]


async def test_habits_routines_and_reminders_keep_their_rules(sqlite_database: Database, clock: FixedClock) -> None:
    service = await started(sqlite_database, clock)
    habit = await service.habits.add(ada, ADA, "Scales", HabitCategory.CREATIVE, Frequency.DAILY)
    await service.habits.done(ada, ADA, habit.thing)
    with pytest.raises(AlreadyDone):
        await service.habits.done(ada, ADA, habit.thing)
    assert (await service.habits.all(ADA))[0].state.this_period == 1
    view = await service.weeks.plan(ada, ADA)
    assert view.habits_due == ()
    routine = await service.routines.add(ada, ADA, "Morning", "listen back, 10\ncapture, 30\nbuild, 50\nnote, 10")
    filled = await service.routines.into_tasks(ada, ADA, routine.thing)
    assert filled.thing == "3"
    assert len((await service.weeks.plan(ada, ADA)).tasks) == 9
    reminder, _ = await service.reminders.add(ada, ADA, "Ring Ben", clock.now() + timedelta(hours=5))
    moved, _ = await service.reminders.change(ada, ADA, reminder.id, clock.now() + timedelta(days=1))
    assert moved.due_at == datetime(2026, 3, 3, 9, tzinfo=UTC)
    await service.reminders.delete(ada, ADA, reminder.id)
    assert await service.reminders.all(ADA) == []


async def test_a_crisis_text_is_refused_before_anything_is_opened(sqlite_database: Database, clock: FixedClock) -> None:
    service = await started(sqlite_database, clock)
    view = await service.weeks.plan(ada, ADA)
    text = "I want to end it all"
    goal = await service.goals.add(ada, ADA, GoalDraft("Six songs"))
    with pytest.raises(CrisisFound) as found:
        await service.weeks.reflect(ada, ADA, None, Reflections(learnings=(text,)))
    assert text not in str(found.value)
    with pytest.raises(CrisisFound):
        await service.tasks.set_if_then(ada, ADA, view.tasks[0].id, text)
    with pytest.raises(CrisisFound):
        await service.goals.set_woop(ada, ADA, goal.view.goal.id, Woop(obstacle=text))
    until = await service.profiles.quiet(ADA)
    assert until - clock.now() == timedelta(days=7)
    assert (await service.weeks.plan(ada, ADA)).tasks == view.tasks
