"""AI over a planned week: whatever it answers, counts, efforts and ids stay, and without it nothing is missing."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.ai.model import Answer, Asker, Failed, NoIdeas, Ok, Question, Reason, ReplyT, Usage
from bot.clock import FixedClock
from bot.coach.enriching import PlanReply
from bot.coach.model import Reflections
from bot.coach.service import CoachService, coach_service
from bot.coach.service.desk import Desk
from bot.coach.service.profiles import ProfileChanges
from bot.studio.model import PersonSettings
from bot.undo import ChangeService
from storage.repositories.studio import SettingsRepository
from storage.unit import Database
from tests.coach.banks import synthetic_bank
from tests.coach.desk import ADA, MONDAY, ada, started

Answering = Callable[[Question[Any]], Any]


class Assistant:
    """Answers what it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: Answering = lambda question: NoIdeas(_usage())
        self.asked: list[Question[Any]] = []

    async def ask(self, question: Question[ReplyT]) -> Answer[ReplyT]:
        self.asked.append(question)
        return self.answer(question)

    async def unavailable(self, asker: Asker) -> Reason | None:
        return None

    @property
    def model(self) -> str:
        return "claude-test"


def _usage() -> Usage:
    return Usage("claude-test", "coach_plan", "1")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
def assistant() -> Assistant:
    return Assistant()


@pytest.fixture
async def coach(sqlite_database: Database, clock: FixedClock, assistant: Assistant) -> CoachService:
    await started(sqlite_database, clock)
    async with sqlite_database.write(ada, ADA, "settings") as unit:
        settings = PersonSettings(ai_consent=True)
        await unit.repo(SettingsRepository).put("person", settings.model_dump(mode="json"))
    return coach_service(Desk(sqlite_database, clock, bank=synthetic_bank), assistant)


def _shape(view: Any) -> list[tuple[object, ...]]:
    return [(task.id, task.focus_area, task.effort, task.due, task.minutes) for task in view.tasks]


async def test_clear_words_are_taken_over_and_undone(
    coach: CoachService, assistant: Assistant, sqlite_database: Database
) -> None:
    view = await coach.weeks.plan(ada, ADA)
    reply = {
        "theme": "One hook, well made",
        "tasks": [{"id": view.tasks[0].id, "title": "Capture five short ideas", "how": "Set a timer and stop."}],
        "recommendations": ["You could bounce early."],
        "extra_tasks": [{"focus_area": "promo", "title": "Film one hook", "how": "Upright.", "effort": "low"}],
    }
    assistant.answer = lambda question: Ok(PlanReply.model_validate(reply), _usage())
    found = await coach.enrich.enrich(ada, ADA)
    assert _shape(found.view) == _shape(view)
    assert found.view.tasks[0].title == "Capture five short ideas"
    assert found.view.week.plan.ai_model == "claude-test"
    added = await coach.enrich.swap_in(ada, ADA, view.week.week_start, 0)
    after = await coach.weeks.plan(ada, ADA)
    assert added.task.title in [task.title for task in after.tasks]
    assert [count for _, _, count in after.areas] == [3, 2, 2, 1, 1]
    assert found.group_id is not None
    await ChangeService(sqlite_database).undo(ada, ADA, found.group_id)
    assert (await coach.weeks.plan(ada, ADA)).tasks[0].title == view.tasks[0].title


@pytest.mark.parametrize(
    "reply",
    [
        {"tasks": [{"id": "nobody", "title": "x"}] * 12, "extra_tasks": [{"focus_area": "space", "title": "x"}] * 12},
        {
            "theme": "You must finish",
            "recommendations": ["No excuses"],
            "extra_tasks": [{"focus_area": "promo", "title": "Don't forget", "effort": "low"}],
        },
        {"theme": "x" * 500, "extra_tasks": [{"focus_area": "promo", "title": "Fine", "effort": "extreme"}]},
        {},
    ],
)
async def test_whatever_it_answers_the_rules_plan_stays(
    coach: CoachService, assistant: Assistant, reply: dict[str, Any]
) -> None:
    view = await coach.weeks.plan(ada, ADA)
    assistant.answer = lambda question: Ok(PlanReply.model_validate(reply), _usage())
    found = await coach.enrich.enrich(ada, ADA)
    assert _shape(found.view) == _shape(view)
    assert [task.title for task in found.view.tasks] == [task.title for task in view.tasks]
    assert found.view.week.plan.theme == view.week.plan.theme
    assert found.view.week.extras == ()


@pytest.mark.parametrize("reason", list(Reason))
async def test_any_failure_leaves_the_plan_and_says_why(
    coach: CoachService, assistant: Assistant, reason: Reason
) -> None:
    view = await coach.weeks.plan(ada, ADA)
    assistant.answer = lambda question: Failed(reason)
    found = await coach.enrich.enrich(ada, ADA)
    assert (found.reason, found.group_id, found.view.tasks) == (reason, None, view.tasks)
    assert found.view.week.plan.ai_model is None


async def test_what_is_sent_exists_and_holds_neither_energy_nor_reflections(
    coach: CoachService, assistant: Assistant, clock: FixedClock
) -> None:
    await coach.profiles.change(ada, ADA, ProfileChanges(energy=True))
    await coach.enrich.enrich(ada, ADA)
    assert set(assistant.asked[0].data) == {"role", "experience", "areas", "tasks"}
    await coach.weeks.reflect(ada, ADA, None, Reflections(wins=("zanzibar",)))
    checkin = await coach.checkins.on_demand(ada, ADA, "k")
    await coach.checkins.energy(ada, ADA, checkin.checkin.id, 1)
    clock.advance(days=7)
    await coach.enrich.enrich(ada, ADA)
    sent = str(dict(assistant.asked[-1].data))
    assert "zanzibar" not in sent
    assert "energy" not in sent
    await coach.profiles.change(ada, ADA, ProfileChanges(send_reflections_to_ai=True))
    await coach.enrich.enrich(ada, ADA)
    assert "zanzibar" in str(dict(assistant.asked[-1].data))


async def test_without_consent_nobody_is_asked(
    sqlite_database: Database, clock: FixedClock, assistant: Assistant
) -> None:
    await started(sqlite_database, clock)
    coach = coach_service(Desk(sqlite_database, clock, bank=synthetic_bank), assistant)
    assert (await coach.enrich.enrich(ada, ADA)).reason is Reason.OFF
    assert assistant.asked == []
