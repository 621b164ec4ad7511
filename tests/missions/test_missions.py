"""Missions end to end on both databases, without Discord: due times, proposals, decisions, undo."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bot.actors import Actor
from bot.clock import FixedClock
from bot.errors import AlreadyDone, ChangedSince, NotAllowed, NotFound, Refused
from bot.missions.cadence import Event
from bot.missions.model import IterationStatus, LifeState, Policy, StepState, StepStatus
from bot.slots import Lane
from storage.engine import open_engines
from storage.repositories.changes import ChangeRepository
from storage.unit import Database
from tests.missions.bench import ADA, ADA_HERE, BEN, BEN_HERE, CAT, CAT_HERE, Department, ada, left, voters


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 6, 1, 6, tzinfo=UTC))


@pytest.fixture
def dept(database: Database, clock: FixedClock) -> Department:
    return Department(database, clock)


@pytest.fixture
def small(sqlite_database: Database, clock: FixedClock) -> Department:
    return Department(sqlite_database, clock)


async def test_a_due_mission_becomes_proposals_once(dept: Department, clock: FixedClock):
    mission = await dept.mission("daily 09:00")
    await dept.go()
    assert await dept.posts("mission.step") == 0
    clock.advance(hours=2)
    await dept.go()
    await dept.go()
    view = await dept.service.show(ADA, mission.id)
    assert [run.status for run in view.runs] == [IterationStatus.AWAITING]
    assert view.runs[0].planner == "rules"
    assert view.pending == 1
    assert await dept.posts("mission.step") == 1
    assert await dept.posts("mission.header") == 1
    assert await dept.notes(mission) == []


async def test_an_approval_runs_the_step_and_names_who_and_why(dept: Department):
    mission = await dept.mission()
    [step] = await dept.run(mission)
    decided = await dept.decisions.approve(ADA_HERE, step.id)
    assert decided.view.step.status is StepStatus.EXECUTED
    assert decided.view.iteration.status is IterationStatus.APPROVED
    assert await dept.notes(mission) == ["Finish the bridge"]
    async with dept.database.read(ADA) as unit:
        [group] = await unit.repo(ChangeRepository).recent(mission.created_at, f"ai:{mission.id}/1/1")
    assert group.actor_reference == f"ai:{mission.id}/1/1"
    assert group.actor_name == "Studio"
    assert group.changes[0].rationale == "It is the next open task."
    assert decided.view.step.decided_name == "Ada"


async def test_two_presses_at_once_run_it_once_and_tell_who_was_first(dept: Department):
    mission = await dept.mission()
    dept.town.approvers = {BEN}
    [step] = await dept.run(mission)
    outcomes = await asyncio.gather(
        *(dept.decisions.approve(who, step.id) for who in (ADA_HERE, BEN_HERE, ADA_HERE, BEN_HERE)),
        return_exceptions=True,
    )
    losers = [one for one in outcomes if isinstance(one, AlreadyDone)]
    assert len(losers) == 3
    assert {loser.parts["who"] for loser in losers} <= {"Ada", "Ben"}
    assert await dept.notes(mission) == ["Finish the bridge"]


async def test_two_presses_in_two_processes_run_it_once(postgres_database_url: str, clock: FixedClock):
    houses = [Database(open_engines(postgres_database_url), clock) for _ in range(2)]
    depts = [Department(house, clock) for house in houses]
    for one in depts:
        one.town.approvers = {BEN}
    mission = await depts[0].mission()
    [step] = await depts[0].run(mission)
    presses = zip(depts * 2, (ADA_HERE, BEN_HERE, BEN_HERE, ADA_HERE), strict=True)
    outcomes = await asyncio.gather(
        *(dept.decisions.approve(who, step.id) for dept, who in presses), return_exceptions=True
    )
    assert sum(isinstance(one, AlreadyDone) for one in outcomes) == 3, outcomes
    assert await depts[1].notes(mission) == ["Finish the bridge"]
    for house in houses:
        await house.close()


async def test_only_the_owner_and_approvers_decide(small: Department):
    mission = await small.mission()
    [step] = await small.run(mission)
    for decide in (
        small.decisions.approve(BEN_HERE, step.id),
        small.decisions.dismiss(BEN_HERE, step.id),
        small.decisions.edit(BEN_HERE, step.id, {"text": "x"}),
        small.decisions.ask_again(BEN_HERE, step.iteration_id, "more", "k"),
        small.decisions.approve_all(BEN_HERE, step.iteration_id),
    ):
        with pytest.raises(NotAllowed):
            await decide
    assert (await small.step(step)).state is StepState.PENDING


async def test_a_quorum_needs_different_people(dept: Department):
    mission = await dept.mission(quorum=2, quorum_without_proposer=True)
    dept.town.approvers = {BEN, CAT}
    [step] = await dept.run(mission)
    with pytest.raises(NotAllowed):
        await dept.decisions.approve(ADA_HERE, step.id)
    first = await dept.decisions.approve(BEN_HERE, step.id)
    assert left(first) == 1
    with pytest.raises(AlreadyDone):
        await dept.decisions.approve(BEN_HERE, step.id)
    second = await dept.decisions.approve(CAT_HERE, step.id)
    assert second.view.step.state is StepState.DONE
    assert voters(second) == ("Ben", "Cat")


async def test_an_edited_step_runs_as_edited_and_keeps_both_versions(dept: Department):
    mission = await dept.mission()
    [step] = await dept.run(mission)
    await dept.decisions.edit(ADA_HERE, step.id, {"text": "Finish the outro"})
    decided = await dept.decisions.approve(ADA_HERE, step.id)
    assert await dept.notes(mission) == ["Finish the outro"]
    assert decided.view.step.params == {"text": "Finish the bridge"}
    assert decided.view.step.edited == {"text": "Finish the outro"}


async def test_an_edit_that_the_tool_does_not_take_is_refused(small: Department):
    mission = await small.mission()
    [step] = await small.run(mission)
    for params in ({"text": "x" * 501}, {"text": None}, {"txet": "x"}, {"text": {"a": 1}}):
        with pytest.raises(Refused):
            await small.decisions.edit(ADA_HERE, step.id, params)
    assert (await small.step(step)).edited is None


async def test_a_dismissed_step_is_not_proposed_again_for_a_month(dept: Department, clock: FixedClock):
    mission = await dept.mission()
    [step] = await dept.run(mission)
    await dept.decisions.dismiss(ADA_HERE, step.id, "Not now")
    assert await dept.run(mission, "2") == []
    clock.advance(days=31)
    assert len(await dept.run(mission, "3")) == 1
    view = await dept.service.show(ADA, mission.id)
    assert [run.status for run in view.runs] == [
        IterationStatus.AWAITING,
        IterationStatus.NOTHING,
        IterationStatus.REJECTED,
    ]


async def test_approve_all_takes_every_open_step(dept: Department):
    dept.wishes.texts = ["one", "two", "three", "four"]
    mission = await dept.mission()
    steps = await dept.run(mission)
    assert len(steps) == 3
    await dept.decisions.dismiss(ADA_HERE, steps[1].id)
    outcomes = await dept.decisions.approve_all(ADA_HERE, steps[0].iteration_id)
    assert len(outcomes) == 2
    assert await dept.notes(mission) == ["one", "three"]
    view = await dept.service.run(ADA, steps[0].iteration_id)
    assert view.iteration.status is IterationStatus.PARTLY


async def test_ask_again_supersedes_what_is_open_and_plans_at_once(dept: Department):
    mission = await dept.mission()
    [step] = await dept.run(mission)
    iteration = await dept.decisions.ask_again(ADA_HERE, step.iteration_id, "Something smaller", "press-1")
    again = await dept.decisions.ask_again(ADA_HERE, step.iteration_id, "Something smaller", "press-1")
    assert again.id == iteration.id
    await dept.go()
    assert (await dept.step(step)).state is StepState.SUPERSEDED
    view = await dept.service.run(ADA, iteration.id)
    assert view.iteration.feedback == "Something smaller"
    assert len(view.steps) == 1


async def test_an_expired_proposal_has_no_effect(dept: Department, clock: FixedClock):
    mission = await dept.mission()
    [step] = await dept.run(mission)
    clock.advance(days=7, seconds=1)
    with pytest.raises(Refused):
        await dept.decisions.approve(ADA_HERE, step.id)
    await dept.go()
    assert (await dept.step(step)).state is StepState.EXPIRED
    with pytest.raises(AlreadyDone):
        await dept.decisions.approve(ADA_HERE, step.id)
    assert await dept.notes(mission) == []


async def test_pausing_withdraws_and_resuming_goes_on(dept: Department, clock: FixedClock):
    mission = await dept.mission("daily 09:00")
    clock.advance(hours=2)
    await dept.go()
    paused = await dept.service.pause(ada, ADA, mission.id, clock.now() + timedelta(days=3))
    assert paused.withdrawn == 1
    clock.advance(days=2)
    await dept.go()
    assert len((await dept.service.show(ADA, mission.id)).runs) == 1
    clock.advance(days=2)
    await dept.go()
    assert (await dept.service.show(ADA, mission.id)).mission.state is LifeState.ACTIVE
    clock.advance(days=1)
    await dept.go()
    assert len((await dept.service.show(ADA, mission.id)).runs) == 2


async def test_missed_days_are_made_up_by_one_run(dept: Department, clock: FixedClock):
    mission = await dept.mission("daily 09:00")
    clock.advance(days=9)
    await dept.go()
    view = await dept.service.show(ADA, mission.id, runs=20)
    assert len(view.runs) == 1
    assert view.schedule is not None
    assert view.schedule.next_run_at is not None
    assert timedelta(0) < view.schedule.next_run_at - clock.now() <= timedelta(days=1)


async def test_editing_the_time_gives_at_most_one_run_a_local_day(dept: Department, clock: FixedClock):
    from bot.missions.service import draft_of

    mission = await dept.mission("daily 09:00")
    clock.advance(hours=2)
    await dept.go()
    from dataclasses import replace

    await dept.service.edit(ada, ADA, mission.id, replace(draft_of(mission), cadence="daily 11:30"))
    clock.advance(hours=4)
    await dept.go()
    assert len((await dept.service.show(ADA, mission.id)).runs) == 1


async def test_a_step_whose_policy_is_auto_runs_by_itself_and_can_be_undone(dept: Department):
    mission = await dept.mission()
    agents = await dept.service.agents(ada, ADA)
    await dept.service.set_policy(ada, ADA, agents.agents[0].id, "mission.note", None)
    [step] = await dept.run(mission)
    assert step.state is StepState.DONE
    assert await dept.notes(mission) == ["Finish the bridge"]
    await dept.decisions.undo(ada, ADA, mission.id, 1, 1)
    assert await dept.notes(mission) == []
    assert (await dept.step(step)).state is StepState.UNDONE


async def test_undo_by_iteration_and_by_mission_goes_newest_first(dept: Department):
    dept.wishes.texts = ["one", "two"]
    mission = await dept.mission()
    steps = await dept.run(mission)
    await dept.decisions.approve_all(ADA_HERE, steps[0].iteration_id)
    dept.wishes.texts = ["three"]
    [third] = await dept.run(mission, "2")
    await dept.decisions.approve(ADA_HERE, third.id)
    undone = await dept.decisions.undo(ada, ADA, mission.id, 1)
    assert [step.position for step in undone] == [2, 1]
    assert await dept.notes(mission) == ["three"]
    await dept.decisions.undo(ada, ADA, mission.id)
    assert await dept.notes(mission) == []
    with pytest.raises(Refused):
        await dept.decisions.undo(ada, ADA, mission.id)


async def test_an_undo_that_a_later_change_stands_on_is_refused_whole(small: Department):
    from storage.tables.missions import MissionNoteRow

    small.wishes.texts = ["one", "two"]
    mission = await small.mission()
    steps = await small.run(mission)
    await small.decisions.approve_all(ADA_HERE, steps[0].iteration_id)
    async with small.database.write(Actor.user(BEN, "Ben"), ADA, "edit") as unit:
        from sqlalchemy import select

        row = (await unit.session.execute(select(MissionNoteRow).limit(1))).scalar_one()
        row.text = "changed since"
    with pytest.raises(ChangedSince):
        await small.decisions.undo(ada, ADA, mission.id, 1)
    assert sorted(await small.notes(mission)) == ["changed since", "two"]
    assert (await small.step(steps[0])).state is StepState.DONE


async def test_a_failing_input_is_recorded_backs_off_and_stops_itself_in_the_end(dept: Department, clock: FixedClock):
    mission = await dept.mission("every 15 minutes")
    dept.wishes.broken = True
    waits = []
    for _ in range(5):
        clock.advance(days=2)
        await dept.go()
        view = await dept.service.show(ADA, mission.id)
        assert view.runs[0].status is IterationStatus.FAILED
        assert view.runs[0].error is not None
        assert view.runs[0].error.code == "input"
        if view.schedule and view.schedule.next_run_at:
            waits.append(view.schedule.next_run_at - clock.now())
    assert all(later > earlier for earlier, later in pairwise(waits))
    assert waits[0] >= timedelta(minutes=15)
    assert (await dept.service.show(ADA, mission.id)).mission.state is LifeState.PAUSED
    assert await dept.posts("mission.notice") == 1


async def test_a_failing_mission_does_not_stop_the_others(small: Department, clock: FixedClock):
    broken = await small.mission("daily 09:00")
    small.wishes.broken = True
    other = await small.mission("daily 09:00", owner=BEN)
    clock.advance(hours=2)
    await small.engine.tick()
    await small.engine.drain([Lane.WORK], rounds=1)
    assert (await small.service.show(ADA, broken.id)).runs[0].status is IterationStatus.FAILED
    small.wishes.broken = False
    clock.advance(days=1)
    await small.go()
    assert (await small.service.show(BEN, other.id)).runs[0].status is IterationStatus.AWAITING


async def test_five_open_proposals_are_enough_and_said_once(dept: Department):
    dept.wishes.texts = [f"task {number}" for number in range(9)]
    mission = await dept.mission()
    assert len(await dept.run(mission, "1")) == 3
    assert len(await dept.run(mission, "2")) == 2
    await dept.run(mission, "3")
    await dept.run(mission, "4")
    view = await dept.service.show(ADA, mission.id, runs=9)
    assert view.runs[0].status is IterationStatus.CANCELLED
    assert view.runs[0].error is not None
    assert view.runs[0].error.code == "gate.open-proposals"
    assert await dept.posts("mission.notice") == 1


async def test_three_quiet_runs_halve_the_pace_and_a_yes_restores_it(small: Department, clock: FixedClock):
    mission = await small.mission("daily 09:00")
    small.wishes.texts = []
    for _ in range(3):
        clock.advance(days=1)
        await small.go()
    view = await small.service.show(ADA, mission.id, runs=9)
    assert len(view.runs) == 3
    assert view.schedule is not None
    assert view.schedule.stride == 2
    small.wishes.texts = ["new"]
    [step] = await small.run(mission)
    await small.decisions.approve(ADA_HERE, step.id)
    view = await small.service.show(ADA, mission.id)
    assert view.schedule is not None
    assert view.schedule.stride == 1


async def test_pause_all_stops_everything_at_once(dept: Department, clock: FixedClock):
    mission = await dept.mission("daily 09:00")
    clock.advance(hours=2)
    await dept.go()
    assert await dept.service.pause_all(ada, ADA) == (1, 1)
    clock.advance(days=3)
    await dept.go()
    assert len((await dept.service.show(ADA, mission.id, runs=9)).runs) == 1
    assert await dept.service.resume_all(ada, ADA) == 1
    clock.advance(days=1)
    await dept.go()
    assert len((await dept.service.show(ADA, mission.id, runs=9)).runs) == 2


async def test_a_tool_that_is_turned_down_too_often_rests_until_switched_on(small: Department, clock: FixedClock):
    mission = await small.mission()
    for number in range(20):
        small.wishes.texts = [f"task {number}"]
        [step] = await small.run(mission, str(number))
        await small.decisions.dismiss(ADA_HERE, step.id, "Wrong idea")
    small.wishes.texts = ["one more"]
    assert await small.run(mission, "after") == []
    stats = await small.service.stats(ADA, mission.id)
    assert stats.tools[0].percent == 0
    assert stats.tools[0].resting
    clock.advance(seconds=1)
    await small.service.switch_on(ada, ADA, "mission.note")
    assert len(await small.run(mission, "again")) == 1


async def test_a_denied_tool_neither_is_offered_nor_runs(small: Department):
    mission = await small.mission()
    [step] = await small.run(mission)
    agents = await small.service.agents(ada, ADA)
    await small.service.set_policy(ada, ADA, agents.agents[0].id, "mission", Policy.DENY)
    await small.service.set_policy(ada, ADA, agents.agents[0].id, "mission.note", None)
    with pytest.raises(Refused):
        await small.decisions.approve(ADA_HERE, step.id)
    assert await small.notes(mission) == []
    await small.decisions.dismiss(ADA_HERE, step.id)
    small.wishes.texts = ["other"]
    assert await small.run(mission, "2") == []


async def test_an_event_runs_the_missions_that_wait_for_it_once(small: Department):
    mission = await small.mission("on bounce")
    other = await small.mission("on bounce loop9")
    assert await small.service.happened(ADA, Event.BOUNCE, "loop1", "hash1") == 1
    await small.service.happened(ADA, Event.BOUNCE, "loop1", "hash1")
    await small.go()
    assert len((await small.service.show(ADA, mission.id)).runs) == 1
    assert (await small.service.show(ADA, other.id)).runs == ()


async def test_a_run_that_was_cancelled_stages_nothing(small: Department):
    mission = await small.mission()
    iteration = await small.service.run_now(ada, ADA, mission.id, "1")
    await small.service.cancel(ada, ADA, iteration.id)
    await small.go()
    view = await small.service.run(ADA, iteration.id)
    assert view.iteration.status is IterationStatus.CANCELLED
    assert view.steps == ()
    with pytest.raises(Refused):
        await small.service.cancel(ada, ADA, iteration.id)


async def test_a_run_whose_worker_dies_again_and_again_ends_as_interrupted(small: Department, clock: FixedClock):
    mission = await small.mission()
    await small.service.run_now(ada, ADA, mission.id, "1")
    for _ in range(2):
        assert len(await small.engine.claim(Lane.WORK, 5)) == 1
        clock.advance(seconds=small.engine.rules.lease_s + 1)
    await small.engine.drain([Lane.WORK])
    view = await small.service.show(ADA, mission.id)
    assert view.runs[0].status is IterationStatus.FAILED
    assert view.runs[0].error is not None
    assert view.runs[0].error.code == "interrupted"


async def test_nobody_reaches_the_missions_of_somebody_else(small: Department):
    mission = await small.mission()
    ben = Actor.user(BEN, "Ben")
    for attempt in (
        small.service.show(BEN, mission.id),
        small.service.pause(ben, BEN, mission.id),
        small.service.run_now(ben, BEN, mission.id, "1"),
        small.decisions.undo(ben, BEN, mission.id),
        small.service.stats(BEN, mission.id),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_making_a_mission_twice_by_the_same_press_makes_one(small: Department):
    from bot.missions.service import MissionDraft

    draft = MissionDraft("Night Drive", "Keep it moving", "weekly mon 09:00")
    first = await small.service.new(ada, ADA, draft, key="press-9")
    second = await small.service.new(ada, ADA, draft, key="press-9")
    assert first.mission.id == second.mission.id
    assert len(await small.service.listed(ADA)) == 1


@pytest.mark.parametrize(
    "cadence", ["every 5 minutes", "cron * * * * *", "cron */10 * * * *", "cron * * * 6 *", "hourly", "on fire"]
)
async def test_a_cadence_that_is_too_often_or_unknown_is_refused(small: Department, cadence: str):
    with pytest.raises(Refused):
        await small.mission(cadence)
