"""Missions that wait for a goal past its day: on its person's own midnight, once, and only while it is open."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import insert, update

from bot.clock import FixedClock
from bot.coach.model import GoalStatus
from bot.missions.model import Mission
from bot.missions.overdue import GoalOverdueSlots
from storage.tables.coach import CoachGoalRow
from storage.unit import Database
from tests.missions.bench import ADA, Department, ada
from tests.storage.samples import sample_row

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TOMORROW = date(2026, 11, 22)


async def with_goals(database: Database, *days: date | None) -> tuple[Department, FixedClock, Mission]:
    clock = FixedClock(NOON)
    house = Department(database, clock)
    house.engine.register(GoalOverdueSlots(database, clock, house.town.zone, house.service.happened))
    table = CoachGoalRow.__table__
    async with database.system_write("seed") as unit:
        for number, day in enumerate(days):
            row = sample_row(table, ADA, {}, clock.now(), "goal")  # type: ignore[arg-type]
            target = day.isoformat() if day else None
            row |= {"id": f"goal{number}", "status": str(GoalStatus.ACTIVE), "target_date": target}
            await unit.session.execute(insert(table).values(**row))  # type: ignore[arg-type]
    return house, clock, await house.mission("on goal")


async def runs(house: Department, mission: Mission) -> int:
    return len((await house.service.show(ADA, mission.id)).runs)


async def test_a_goal_past_its_day_runs_the_mission_once_after_its_persons_midnight(database: Database) -> None:
    house, clock, mission = await with_goals(database, TOMORROW, None)
    midnight = datetime.combine(TOMORROW + timedelta(days=1), time(), BERLIN).astimezone(UTC)
    clock.set(midnight - timedelta(minutes=1))
    await house.go()
    assert await runs(house, mission) == 0
    clock.set(midnight + timedelta(seconds=1))
    await house.go()
    assert await runs(house, mission) == 1
    for _ in range(3):
        clock.advance(days=1)
        await house.go()
    assert await runs(house, mission) == 1


async def test_a_goal_that_was_reached_in_the_last_hours_runs_nothing(database: Database) -> None:
    house, clock, mission = await with_goals(database, TOMORROW)
    clock.set(datetime(2026, 11, 22, 15, tzinfo=UTC))
    await house.go()
    async with database.system_write("reach") as unit:
        await unit.session.execute(update(CoachGoalRow).values(status=str(GoalStatus.COMPLETED)))
    clock.advance(days=1)
    await house.go()
    assert await runs(house, mission) == 0


async def test_a_mission_for_one_goal_does_not_hear_of_another_nor_of_old_ones(database: Database) -> None:
    house, clock, every = await with_goals(database, TOMORROW, TOMORROW, date(2026, 10, 1))
    one = await house.mission("on goal goal1")
    clock.advance(days=3)
    await house.go()
    assert await runs(house, every) == 2
    assert await runs(house, one) == 1


async def test_without_such_a_mission_nothing_is_due(database: Database) -> None:
    house, clock, mission = await with_goals(database, TOMORROW)
    await house.service.pause(ada, ADA, mission.id)
    clock.advance(days=3)
    assert (await house.engine.tick()).due.get("goal_overdue") == 0
