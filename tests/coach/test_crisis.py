"""The crisis path wherever a person can write to the coach: help lines first, nothing kept, nothing sent."""

from collections.abc import Awaitable, Callable

import pytest

from bot.actors import Actor as Doer
from bot.clock import FixedClock
from bot.coach.goals import GoalDraft
from bot.coach.model import Pacing, Reflections, Role, Woop
from bot.coach.service.profiles import ProfileChanges
from bot.coach.service.weeks import CrisisFound
from bot.ui.controls import FormControl
from cogs.coach import commands as coach
from cogs.coach import support as coach_support
from cogs.missions import agents as mission_agents
from cogs.missions import commands as missions
from cogs.missions import decide as mission_decide
from storage.unit import Database
from tests.coach.desk import ADA, MONDAY, ada, started
from tests.product import Product
from tests.wire.kit import Actor, Stage, typed

SECRET = "I want to end it all, zanzibar"
Step = Callable[[Actor], Awaitable[None]]


def test_every_form_of_the_coach_and_of_missions_reads_its_words_first() -> None:
    modules = (coach, missions, mission_decide, mission_agents)
    forms = [each for module in modules for each in vars(module).get("controls", ()) if isinstance(each, FormControl)]
    forms += [each for module in modules for each in vars(module).values() if isinstance(each, FormControl)]
    assert len(forms) > 15
    # Policies are chosen from lists; nothing can be written there.
    bare = {each.name for each in forms if not hasattr(each.handler, "__wrapped__")} - {"mission:policy-save"}
    assert not bare


def test_titles_are_never_read() -> None:
    assert {"title", "name"} <= coach_support.TITLES


async def _reflection(ada: Actor) -> None:
    await ada.slash("/coach plan")
    await ada.press("More")
    await ada.choose("More", "reflect")
    await ada.fill(challenges=SECRET)


async def _checkin(ada: Actor) -> None:
    await ada.slash("/coach checkin")
    await ada.press("Done")
    await ada.press("Add a reflection")
    await ada.fill(focus=SECRET)


async def _goal(ada: Actor) -> None:
    await ada.slash("/coach goal")
    await ada.fill(title="Six songs", description=SECRET)


async def _goal_day(ada: Actor) -> None:
    await ada.slash("/coach goal")
    await ada.fill(title="Six songs", target=SECRET)


async def _woop(ada: Actor) -> None:
    await ada.slash("/coach goal", goal="An EP")
    await ada.press("WOOP")
    await ada.fill(obstacle=SECRET)


async def _own_task(ada: Actor) -> None:
    await ada.slash("/coach plan")
    await ada.press("More")
    await ada.choose("More", "add")
    await ada.fill(title="Call Ben", if_then=SECRET)


async def _genre(ada: Actor) -> None:
    await ada.slash("/coach profile")
    await ada.fill(genre=SECRET)


async def _routine(ada: Actor) -> None:
    await ada.slash("/coach routines")
    await ada.press("New routine")
    await ada.fill(name="Evening", steps=f"{SECRET}, 10")


async def _reminder(ada: Actor) -> None:
    await ada.slash("/coach remind", when="in 3h", text=SECRET)


async def _reminder_time(ada: Actor) -> None:
    await ada.slash("/coach remind", when=SECRET, text="Ring Ben")


async def _measure(ada: Actor) -> None:
    await ada.slash("/coach log", measure=typed(SECRET), value=3)


async def _pause(ada: Actor) -> None:
    await ada.slash("/coach pause", until=SECRET)


async def _mission(ada: Actor) -> None:
    await ada.slash("/mission new")
    await ada.fill(title="Plan the week", objective=SECRET)


FIELDS: tuple[Step, ...] = (
    _reflection, _checkin, _goal, _goal_day, _woop, _own_task, _genre, _routine, _reminder, _reminder_time, _measure,
    _pause, _mission,
)  # fmt: skip


async def test_a_crisis_text_in_any_field_is_answered_with_help_lines_and_kept_nowhere(
    product: Product, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    ada = Stage(product.server).person("Ada")
    doer, services = Doer.user(ada.id, "Ada"), product.services
    await services.coach.profiles.start(doer, ada.id, Role.ARTIST, "Europe/London")
    await services.coach.profiles.change(doer, ada.id, ProfileChanges(pacing=Pacing.MODERATE, setup_step=8))
    await services.coach.goals.add(doer, ada.id, GoalDraft("An EP"))
    await services.coach.weeks.plan(doer, ada.id)
    for write in FIELDS:
        before = await _kept(product)
        await write(ada)
        said = ada.sees()
        assert "People you can talk to" in said, write.__name__
        assert "nothing has been saved" in said, write.__name__
        assert "zanzibar" not in said, write.__name__
        assert await _kept(product) == before, write.__name__
    view = await services.coach.profiles.find(ada.id)
    assert view.state.quiet_until is not None
    await ada.slash("/coach plan")
    assert "0 of 9 done" in ada.sees(), "commands still answer"
    for file in product.app.settings.data_dir.parent.rglob("*"):
        assert not file.is_file() or b"zanzibar" not in file.read_bytes(), file
    assert "zanzibar" not in caplog.text


async def _kept(product: Product) -> list[int]:
    """Return how much there is of everything a person can write."""
    from sqlalchemy import func, select

    from storage.tables import coach as tables
    from storage.tables.missions import MissionRow

    rows = (tables.CoachTaskRow, tables.CoachGoalRow, tables.CoachProgressRow, tables.CoachRoutineRow, MissionRow)
    async with product.services.database.system_read() as unit:
        return [(await unit.session.execute(select(func.count()).select_from(row))).scalar_one() for row in rows]


async def test_the_services_refuse_it_too_whoever_calls_them(sqlite_database: Database) -> None:
    clock = FixedClock(MONDAY)
    sqlite_database.clock = clock
    service = await started(sqlite_database, clock)
    view = await service.weeks.plan(ada, ADA)
    goal = await service.goals.add(ada, ADA, GoalDraft("Six songs"))
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: service.weeks.reflect(ada, ADA, None, Reflections(learnings=(SECRET,))),
        lambda: service.tasks.set_if_then(ada, ADA, view.tasks[0].id, SECRET),
        lambda: service.goals.set_woop(ada, ADA, goal.view.goal.id, Woop(wish=SECRET)),
        lambda: service.goals.update(ada, ADA, goal.view.goal.id, GoalDraft("Six songs", SECRET)),
        lambda: service.reminders.add(ada, ADA, SECRET, clock.now()),
        lambda: service.profiles.change(ada, ADA, ProfileChanges(genre=SECRET)),
    ]
    for call in calls:
        with pytest.raises(CrisisFound) as found:
            await call()
        assert "zanzibar" not in str(found.value)
