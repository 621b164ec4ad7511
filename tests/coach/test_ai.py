"""The coach's AI through the product's own assistant and client, against a server that speaks the Messages API."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.ai.assistant import ClaudeAssistant
from bot.ai.cache import MemoryCache
from bot.ai.client import CallSettings, MessagesClient
from bot.ai.ledger import MemoryLedger
from bot.ai.model import Reason
from bot.ai.rules import AiRules
from bot.clock import FixedClock
from bot.coach.goals import GoalDraft
from bot.coach.insights import BounceFact
from bot.coach.model import InsightType, LoopFact, Reflections, Release
from bot.coach.ports import NoLoops, Sources
from bot.coach.service import CoachService, coach_service
from bot.coach.service.desk import Desk
from bot.coach.service.profiles import ProfileChanges
from bot.coach.service.weeks import WeekView
from bot.rules import load_rules
from bot.studio.model import PersonSettings
from storage.repositories.studio import SettingsRepository
from storage.unit import Database
from tests.ai.messages_api import API_KEY, PATIENT, Fault, MessagesApi, impatient
from tests.coach.banks import synthetic_bank
from tests.coach.desk import ADA, MONDAY, ada, started


class Allowed:
    async def ai_allowed(self, person_id: int, guild_id: int | None) -> bool:
        return True


class Neighbours(NoLoops):
    async def loops(self, user_id: int) -> list[LoopFact]:
        return [LoopFact("l1", "Night Drive", "steady", ("Second verse",))]

    async def releases(self, user_id: int) -> list[Release]:
        return [Release("r1", "Night Drive", (MONDAY + timedelta(days=20)).date())]

    async def bounces(self, user_id: int, since: object) -> list[BounceFact]:
        return [BounceFact("b1", "night-drive.wav", 190.0, MONDAY - timedelta(days=3))]

    async def open_missions(self, user_id: int) -> list[str]:
        return ["Weekly plan"]


@dataclass
class Bench:
    api: MessagesApi
    coach: CoachService
    clock: FixedClock
    assistant: ClaudeAssistant


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def bench(sqlite_database: Database, clock: FixedClock) -> AsyncIterator[Bench]:
    await started(sqlite_database, clock)
    async with sqlite_database.write(ada, ADA, "settings") as unit:
        settings = PersonSettings(ai_consent=True)
        await unit.repo(SettingsRepository).put("person", settings.model_dump(mode="json"))
    rules = load_rules("ai", AiRules).model_copy(update=PATIENT)
    async with MessagesApi() as api:
        client = MessagesClient(CallSettings(API_KEY, "claude-haiku-5-5", api.base_url), rules, clock)
        assistant = ClaudeAssistant(client, Allowed(), MemoryLedger(), MemoryCache(), rules, clock)
        around = Neighbours()
        sources = Sources(loops=around, bounces=around, missions=around)
        coach = coach_service(Desk(sqlite_database, clock, sources, bank=synthetic_bank), assistant)
        yield Bench(api, coach, clock, assistant)
        await assistant.aclose()


def _shape(view: WeekView) -> list[tuple[object, ...]]:
    return [(task.id, task.focus_area, task.effort, task.due, task.minutes, task.title) for task in view.tasks]


def _twelve(view: WeekView) -> dict[str, object]:
    many = [{"id": f"new{number}", "title": f"Task {number}", "how": "So."} for number in range(12)]
    extra = [{"focus_area": "space", "title": "Elsewhere", "how": "", "effort": "low"}] * 12
    return {"theme": "", "tasks": many, "recommendations": [], "extra_tasks": extra}


def _banned(view: WeekView) -> dict[str, object]:
    words = [{"id": task.id, "title": "You must not be lazy", "how": "No excuses"} for task in view.tasks]
    return {"theme": "Last chance", "tasks": words, "recommendations": ["Don't forget"], "extra_tasks": []}


@pytest.mark.parametrize("make", [_twelve, _banned])
async def test_a_full_answer_of_the_wrong_kind_changes_no_task(bench: Bench, make: object) -> None:
    view = await bench.coach.weeks.plan(ada, ADA)
    bench.api.answer(make(view))  # type: ignore[operator]
    found = await bench.coach.enrich.enrich(ada, ADA)
    assert found.reason is None
    assert _shape(found.view) == _shape(view)
    assert found.view.week.extras == ()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.NOT_JSON, Reason.UNPARSABLE),
        (Fault.WRONG_SCHEMA, None),
        (Fault.EMPTY, None),
        (Fault.TIMEOUT, Reason.TIMEOUT),
        (Fault.TRUNCATED, None),
        (Fault.REFUSAL, Reason.REFUSED),
        (Fault.OVERLOADED, None),
        (Fault.DROPPED, None),
        (Fault.HUGE, None),
    ],
)
async def test_any_broken_answer_leaves_week_and_insights_whole(
    bench: Bench, fault: Fault, reason: Reason | None
) -> None:
    view = await bench.coach.weeks.plan(ada, ADA)
    bench.api.fail(fault, times=2)
    if fault is Fault.TIMEOUT:
        impatient(bench.assistant._client)
    found = await bench.coach.enrich.enrich(ada, ADA)
    assert _shape(found.view) == _shape(view)
    assert found.view.week.plan.ai_model is None
    asked = await bench.coach.enrich.insights(ada, ADA)
    assert asked.kept == 0
    if reason is not None:
        assert (found.reason, asked.reason) == (reason, reason)


async def test_clearer_words_and_extras_arrive_and_the_counts_stay(bench: Bench) -> None:
    view = await bench.coach.weeks.plan(ada, ADA)
    bench.api.answer(
        {
            "theme": "One hook, well made",
            "tasks": [{"id": view.tasks[0].id, "title": "Capture five short ideas", "how": "Set a timer and stop."}],
            "recommendations": ["You could bounce early."],
            "extra_tasks": [{"focus_area": "promo", "title": "Film one hook", "how": "Upright.", "effort": "low"}],
        }
    )
    found = await bench.coach.enrich.enrich(ada, ADA)
    assert found.view.tasks[0].title == "Capture five short ideas"
    assert [row[:5] for row in _shape(found.view)] == [row[:5] for row in _shape(view)]
    monday = view.week.week_start
    swapped = await bench.coach.enrich.swap_in(ada, ADA, monday, 0)
    after = await bench.coach.weeks.plan(ada, ADA)
    assert [count for _, _, count in after.areas] == [3, 2, 2, 1, 1], "swapped in, not added"
    again = await bench.coach.weeks.regenerate(ada, ADA, monday)
    assert swapped.task.id in {task.id for task in again.view.tasks}, "what somebody chose is not replaced"


async def test_what_is_sent_is_only_what_exists_and_reflections_by_their_own_switch(bench: Bench) -> None:
    bench.api.otherwise(lambda call: {"theme": "", "tasks": [], "recommendations": [], "extra_tasks": []})
    await bench.coach.profiles.change(ada, ADA, ProfileChanges(energy=True))
    checkin = await bench.coach.checkins.on_demand(ada, ADA, "k")
    await bench.coach.checkins.energy(ada, ADA, checkin.checkin.id, 1)
    await bench.coach.weeks.reflect(ada, ADA, None, Reflections(wins=("zanzibar",)))
    bench.clock.advance(days=7)
    await bench.coach.enrich.enrich(ada, ADA)
    sent = bench.api.calls[-1].data
    assert sent["loops"] == [{"name": "Night Drive", "momentum": "steady", "next": ["Second verse"]}]
    assert sent["releases"][0]["days_to_go"] == 13
    assert sent["bounces"] == {"count": 1, "titles": ["night-drive.wav"]}
    assert sent["missions"] == ["Weekly plan"]
    assert sent["last_week"] == [0, 9]
    assert not {"genre", "goals", "reflections"} & set(sent), "what is not there is left out"
    assert "energy" not in str(sent)
    assert "zanzibar" not in str(sent)
    await bench.coach.profiles.change(ada, ADA, ProfileChanges(send_reflections_to_ai=True))
    await bench.coach.enrich.enrich(ada, ADA)
    assert bench.api.calls[-1].data["reflections"] == ["zanzibar"]


async def test_insights_by_ai_are_kept_beside_those_by_rules_marked_and_within_their_numbers(bench: Bench) -> None:
    await bench.coach.goals.add(ada, ADA, GoalDraft("Six songs"))
    one = {
        "type": "career",
        "summary": "Six songs has no day yet",
        "detail": "A day makes the first step smaller.",
        "steps": ["You could choose a day"] * 5,
        "priority": "high",
    }
    bench.api.answer(
        {
            "insights": [
                *[{**one, "summary": f"Look {number}"} for number in range(6)],
                {**one, "type": "industry"},
                {**one, "type": "creative", "summary": "You must finish"},
                {**one, "type": "creative", "summary": "One bounce this month"},
            ]
        }
    )
    asked = await bench.coach.enrich.insights(ada, ADA)
    assert asked.kept == 4, "three about the career, one creative; no news, no banned words"
    assert bench.api.calls[-1].data["wanted"] == {"career": 3, "branding": 2, "creative": 2}
    by_rule = await bench.coach.insights.look(ada, ADA)
    kept = [insight for insight in by_rule if insight.by_ai]
    assert {insight.type for insight in kept} == {InsightType.CAREER, InsightType.CREATIVE}
    assert all(insight.model and insight.evidence and len(insight.content.steps) <= 3 for insight in kept)
    assert any(not insight.by_ai for insight in by_rule)
    bench.api.answer({"insights": [one]})
    assert (await bench.coach.enrich.insights(ada, ADA)).kept == 0, "the same rows say nothing new within a month"


async def test_without_a_key_everything_else_is_the_same(sqlite_database: Database, clock: FixedClock) -> None:
    service = await started(sqlite_database, clock)
    view = await service.weeks.plan(ada, ADA)
    found = await service.enrich.enrich(ada, ADA)
    assert (found.reason, found.view.tasks) == (Reason.NO_KEY, view.tasks)
    assert (await service.enrich.insights(ada, ADA)).reason is Reason.NO_KEY
    assert await service.insights.look(ada, ADA) != []
