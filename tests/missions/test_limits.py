"""Who may decide on a proposal, until when, and how much a mission may do: at the last allowed value and past it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.actors import Actor
from bot.ai.model import Asker, Reason
from bot.clock import FixedClock
from bot.errors import AlreadyDone, NotAllowed, Refused
from bot.missions.decisions import Decisions
from bot.missions.model import IterationStatus, LifeState, Mission, Policy, Step, StepState
from bot.missions.ports import Presser
from bot.slots import Lane
from storage.repositories.mission_steps import StepRepository
from storage.unit import Database
from tests.missions.bench import (
    ADA,
    ADA_HERE,
    BEN,
    BEN_HERE,
    CAT,
    CAT_HERE,
    GUILD,
    Department,
    NoKey,
    ada,
    left,
    voters,
)

ELSEWHERE = GUILD + 1
BEN_ELSEWHERE = replace(BEN_HERE, guild_id=ELSEWHERE)
BEN_IN_PRIVATE = replace(BEN_HERE, guild_id=None)

Attempt = Callable[[Decisions, Presser, Step], Awaitable[object]]
DECISIONS: dict[str, Attempt] = {
    "look": lambda decisions, who, step: decisions.view(who, step.id),
    "approve": lambda decisions, who, step: decisions.approve(who, step.id),
    "approve all": lambda decisions, who, step: decisions.approve_all(who, step.iteration_id),
    "try again": lambda decisions, who, step: decisions.retry(who, step.id),
    "dismiss": lambda decisions, who, step: decisions.dismiss(who, step.id, "no"),
    "edit": lambda decisions, who, step: decisions.edit(who, step.id, {"text": "mine"}),
    "ask again": lambda decisions, who, step: decisions.ask_again(who, step.iteration_id, "more", "key"),
}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 6, 1, 6, tzinfo=UTC))


@pytest.fixture
def small(sqlite_database: Database, clock: FixedClock) -> Department:
    house = Department(sqlite_database, clock)
    house.town.approvers = {BEN, CAT}
    return house


# ------------------------------------------------------------------ who


@pytest.mark.parametrize("attempt", DECISIONS.values(), ids=DECISIONS)
@pytest.mark.parametrize("who", [BEN_ELSEWHERE, BEN_IN_PRIVATE], ids=["another server", "a private conversation"])
async def test_an_approver_decides_nothing_from_another_place(small: Department, attempt: Attempt, who: Presser):
    """The role is one of the mission's own server; what Ben may elsewhere says nothing about here."""
    mission = await small.mission()
    [step] = await small.run(mission)
    with pytest.raises(NotAllowed) as told:
        await attempt(small.decisions, who, step)
    assert (told.value.code, told.value.parts["owner"]) == ("mission_not_approver", ADA)
    assert await small.step(step) == step, "nothing has happened"
    assert await small.notes(mission) == []
    assert len((await small.service.show(ADA, mission.id, runs=9)).runs) == 1


async def test_a_mission_of_no_server_is_decided_by_nobody_but_its_owner(small: Department):
    mission = await small.mission(place=None)
    [step] = await small.run(mission)
    for who in (BEN_HERE, BEN_IN_PRIVATE):
        with pytest.raises(NotAllowed):
            await small.decisions.approve(who, step.id)
    decided = await small.decisions.approve(replace(ADA_HERE, guild_id=None), step.id)
    assert decided.view.step.state is StepState.DONE


async def test_an_approver_finds_the_proposals_of_this_server_and_the_owner_finds_them_anywhere(small: Department):
    here = await small.mission()
    [step] = await small.run(here)
    private = await small.mission(place=None)
    small.wishes.texts = ["another"]
    [own] = await small.run(private, "2")

    async def found(who: Presser) -> list[str]:
        return [view.step.id for view in await small.decisions.open(who)]

    assert await found(BEN_HERE) == [step.id]
    assert await found(BEN_ELSEWHERE) == []
    assert await found(BEN_IN_PRIVATE) == []
    assert await found(ADA_HERE) == [step.id, own.id]
    assert await found(replace(ADA_HERE, guild_id=ELSEWHERE)) == [step.id, own.id]
    small.town.approvers = {CAT}
    assert await found(BEN_HERE) == []


async def test_the_owners_yes_counts_towards_a_quorum_where_the_proposer_counts(small: Department):
    mission = await small.mission(quorum=2)
    [step] = await small.run(mission)
    first = await small.decisions.approve(ADA_HERE, step.id)
    assert (left(first), voters(first), first.view.step.state) == (1, ("Ada",), StepState.PENDING)
    assert await small.notes(mission) == []
    second = await small.decisions.approve(BEN_HERE, step.id)
    assert (left(second), voters(second)) == (0, ("Ada", "Ben"))
    assert await small.notes(mission) == ["Finish the bridge"]


async def test_a_quorum_of_three_says_how_many_are_missing_each_time(small: Department):
    mission = await small.mission(quorum=3)
    [step] = await small.run(mission)
    missing = [left(await small.decisions.approve(who, step.id)) for who in (CAT_HERE, ADA_HERE, BEN_HERE)]
    assert missing == [2, 1, 0]


async def test_who_agreed_before_an_edit_is_asked_anew(small: Department):
    mission = await small.mission(quorum=2)
    [step] = await small.run(mission)
    assert left(await small.decisions.approve(BEN_HERE, step.id)) == 1
    await small.decisions.edit(ADA_HERE, step.id, {"text": "Something Ben never saw"})
    first = await small.decisions.approve(CAT_HERE, step.id)
    assert (left(first), voters(first), first.view.step.state) == (1, ("Cat",), StepState.PENDING)
    assert await small.notes(mission) == []
    second = await small.decisions.approve(BEN_HERE, step.id)
    assert (left(second), voters(second)) == (0, ("Cat", "Ben"))
    assert await small.notes(mission) == ["Something Ben never saw"]


# ------------------------------------------------------------------ how long


async def test_a_proposal_can_be_approved_until_the_second_before_it_expires(small: Department, clock: FixedClock):
    small.wishes.texts = ["in time", "too late"]
    mission = await small.mission()
    in_time, too_late = await small.run(mission)
    assert in_time.expires_at - clock.now() == timedelta(days=7)
    clock.set(in_time.expires_at - timedelta(seconds=1))
    assert (await small.decisions.approve(ADA_HERE, in_time.id)).view.step.state is StepState.DONE
    clock.set(too_late.expires_at)
    with pytest.raises(Refused) as told:
        await small.decisions.approve(ADA_HERE, too_late.id)
    assert told.value.code == "mission_expired"
    await small.go()
    assert (await small.step(too_late)).state is StepState.EXPIRED
    assert (await small.step(in_time)).state is StepState.DONE, "what was decided does not expire"
    assert await small.notes(mission) == ["in time"]


async def test_who_approved_may_take_it_back_on_the_card_for_ten_minutes_and_the_owner_for_ever(
    small: Department, clock: FixedClock
):
    small.wishes.texts = ["one", "two", "three"]
    mission = await small.mission()
    steps = await small.run(mission)
    for step in steps:
        await small.decisions.approve(BEN_HERE, step.id)
    with pytest.raises(NotAllowed) as told:
        await small.decisions.undo_step(CAT_HERE, steps[0].id)
    assert (told.value.code, told.value.parts["owner"]) == ("mission_undo_owner", ADA)
    clock.advance(minutes=10)
    await small.decisions.undo_step(BEN_HERE, steps[0].id)
    assert await small.notes(mission) == ["two", "three"]
    clock.advance(seconds=1)
    with pytest.raises(NotAllowed):
        await small.decisions.undo_step(BEN_HERE, steps[1].id)
    assert await small.notes(mission) == ["two", "three"]
    clock.advance(days=40)
    await small.decisions.undo_step(ADA_HERE, steps[1].id)
    assert await small.notes(mission) == ["three"]
    with pytest.raises(AlreadyDone) as before:
        await small.decisions.undo_step(ADA_HERE, steps[1].id)
    assert before.value.code == "mission_undone_before"


async def test_what_was_turned_down_is_proposed_again_after_thirty_days_and_not_before(
    small: Department, clock: FixedClock
):
    mission = await small.mission()
    [step] = await small.run(mission)
    await small.decisions.dismiss(ADA_HERE, step.id)
    clock.advance(days=30)
    assert await small.run(mission, "2") == []
    clock.advance(seconds=1)
    assert [one.summary for one in await small.run(mission, "3")] == ["Keep: Finish the bridge"]


# ------------------------------------------------------------------ how much


async def twenty_runs(small: Department, mission: Mission, *, leave: int, less: int = 0) -> list[Step]:
    """Let the mission's tool run twenty times today, or `less`; return `leave` proposals made before the last."""
    for number in range(6):
        small.wishes.texts = [f"task {number}.{place}" for place in range(3)]
        for step in await small.run(mission, f"run {number}"):
            await small.decisions.approve(ADA_HERE, step.id)
    small.wishes.texts = [f"last {place}" for place in range(2 - less + leave)]
    steps = await small.run(mission, "last run")
    for step in steps[: 2 - less]:
        await small.decisions.approve(ADA_HERE, step.id)
    assert len(await small.notes(mission)) == 20 - less
    return steps[2 - less :]


async def test_the_twenty_first_run_of_a_tool_in_a_day_waits_for_the_next(small: Department, clock: FixedClock):
    mission = await small.mission()
    [waiting] = await twenty_runs(small, mission, leave=1)
    clock.advance(hours=24)
    with pytest.raises(Refused) as told:
        await small.decisions.approve(ADA_HERE, waiting.id)
    assert (told.value.code, told.value.parts["count"]) == ("mission_tool_often", 20)
    assert (await small.step(waiting)).state is StepState.PENDING, "it waits, it is not lost"
    assert "last 2" not in await small.notes(mission)
    clock.advance(seconds=1)
    await small.decisions.approve(ADA_HERE, waiting.id)
    assert (await small.notes(mission))[-1] == "last 2"


async def test_a_tool_that_ran_twenty_times_today_is_not_proposed_and_other_missions_are_free(
    small: Department, clock: FixedClock
):
    mission, other = await small.mission(), await small.mission()
    await twenty_runs(small, mission, leave=0)
    small.wishes.texts = ["one more"]
    assert await small.run(mission, "over") == []
    view = await small.service.show(ADA, mission.id)
    assert [dropped.reason for dropped in view.runs[0].dropped] == ["runs_today"]
    [step] = await small.run(other, "other")
    await small.decisions.approve(ADA_HERE, step.id)
    assert await small.notes(other) == ["one more"]


async def test_a_step_that_runs_by_itself_too_often_says_so_and_can_be_tried_again_the_next_day(
    small: Department, clock: FixedClock
):
    mission = await small.mission()
    await twenty_runs(small, mission, leave=0, less=1)
    [agent] = (await small.service.agents(ada, ADA)).agents
    await small.service.set_policy(ada, ADA, agent.id, "mission.note", Policy.AUTO)
    small.wishes.texts = ["the twentieth", "one too many"]
    steps = await small.run(mission, "by itself")
    assert [(step.state, step.error) for step in steps] == [
        (StepState.DONE, ""),
        (StepState.FAILED, "mission_tool_often"),
    ]
    clock.advance(days=1, seconds=1)
    await small.decisions.retry(ADA_HERE, steps[1].id)
    assert (await small.notes(mission))[-1] == "one too many"


async def test_taking_a_step_back_gives_no_further_run(small: Department):
    mission = await small.mission()
    [waiting] = await twenty_runs(small, mission, leave=1)
    await small.decisions.undo(ada, ADA, mission.id, 1, 1)
    with pytest.raises(Refused):
        await small.decisions.approve(ADA_HERE, waiting.id)


# ------------------------------------------------------------------ stopped in the middle


class Meanwhile(NoKey):
    """An assistant that is asked while something else happens: between reading the inputs and the plan."""

    def __init__(self) -> None:
        self.happens: Callable[[], Awaitable[object]] | None = None

    async def unavailable(self, asker: Asker) -> Reason | None:
        if self.happens is not None:
            await self.happens()
        return await super().unavailable(asker)


@pytest.mark.parametrize("how", ["pause", "finish", "delete"])
async def test_a_mission_stopped_while_it_plans_proposes_nothing(
    sqlite_database: Database, clock: FixedClock, how: str
):
    meanwhile = Meanwhile()
    house = Department(sqlite_database, clock, meanwhile)
    mission = await house.mission("daily 09:00")
    stop: Callable[[Actor, int, str], Awaitable[object]] = getattr(house.service, how)
    meanwhile.happens = lambda: stop(ada, ADA, mission.id)
    clock.advance(hours=2)
    await house.go()
    async with house.database.read(ADA) as unit:
        [run] = await unit.repo(StepRepository).iterations(mission.id, 9)
        assert await unit.repo(StepRepository).steps([run.id]) == []
    assert run.status is IterationStatus.CANCELLED
    assert await house.posts("mission.step") == 0
    assert await house.posts("mission.header") == 0


@pytest.mark.parametrize(("passed", "ends"), [(timedelta(minutes=29), False), (timedelta(minutes=30), True)])
async def test_a_run_waits_for_the_other_of_its_agent_and_gives_up_after_half_an_hour(
    sqlite_database: Database, clock: FixedClock, passed: timedelta, ends: bool
):
    """An agent plans one mission at a time; one that hangs holds the others up no longer than this."""
    meanwhile = Meanwhile()
    house = Department(sqlite_database, clock, meanwhile)
    first, second = await house.mission(), await house.mission()

    async def look() -> None:
        meanwhile.happens = None
        await house.service.run_now(ada, ADA, second.id, "2")
        [slot] = await house.engine.claim(Lane.WORK, 9)
        later = await house.runs.run(slot)
        assert later is not None
        assert later.at - clock.now() == timedelta(seconds=20)
        clock.advance(seconds=passed.total_seconds())
        assert (await house.runs.run(slot) is None) is ends

    meanwhile.happens = look
    assert await house.run(first, "1")
    run = (await house.service.show(ADA, second.id)).runs[0]
    assert (run.status is IterationStatus.CANCELLED) is ends, "or its turn has come meanwhile"
    assert (run.error is not None and run.error.code == "gate.concurrency") is ends


async def test_a_mission_paused_before_its_run_begins_asks_nobody_and_says_why(
    sqlite_database: Database, clock: FixedClock
):
    meanwhile, asked = Meanwhile(), list[str]()
    house = Department(sqlite_database, clock, meanwhile)
    mission = await house.mission()

    async def note() -> None:
        asked.append("asked")

    meanwhile.happens = note
    await house.service.run_now(ada, ADA, mission.id, "1")
    await house.service.pause(ada, ADA, mission.id)
    await house.go()
    async with house.database.read(ADA) as unit:
        [run] = await unit.repo(StepRepository).iterations(mission.id, 9)
    assert (run.status, asked) == (IterationStatus.CANCELLED, [])


async def test_a_tool_denied_while_a_step_waits_to_run_by_itself_does_not_run(
    sqlite_database: Database, clock: FixedClock
):
    """A policy is asked for when something runs, not only when it was planned."""
    meanwhile = Meanwhile()
    house = Department(sqlite_database, clock, meanwhile)
    mission = await house.mission()
    [agent] = (await house.service.agents(ada, ADA)).agents
    await house.service.set_policy(ada, ADA, agent.id, "mission.note", Policy.AUTO)
    meanwhile.happens = lambda: house.service.set_policy(ada, ADA, agent.id, "mission.note", Policy.DENY)
    [step] = await house.run(mission)
    assert (step.state, step.error) == (StepState.FAILED, "mission_tool_denied"), "its card says so"
    assert await house.notes(mission) == []


async def test_a_pause_ends_at_its_time_and_one_that_was_made_longer_at_the_later(small: Department, clock: FixedClock):
    mission = await small.mission("daily 09:00")
    first, second = clock.now() + timedelta(days=2), clock.now() + timedelta(days=4)
    await small.service.pause(ada, ADA, mission.id, first)
    await small.service.pause(ada, ADA, mission.id, second)
    states = []
    for at in (first, second - timedelta(seconds=1), second):
        clock.set(at)
        await small.go()
        states.append((await small.service.show(ADA, mission.id)).mission.state)
    assert states == [LifeState.PAUSED, LifeState.PAUSED, LifeState.ACTIVE]


async def test_a_pause_until_now_is_refused(small: Department, clock: FixedClock):
    mission = await small.mission()
    with pytest.raises(Refused) as told:
        await small.service.pause(ada, ADA, mission.id, clock.now())
    assert told.value.code == "mission_until_past"
    assert (await small.service.show(ADA, mission.id)).mission.state is LifeState.ACTIVE
