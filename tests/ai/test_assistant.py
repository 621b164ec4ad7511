"""The assistant against a server that speaks the Messages API: every outcome is a value of its own."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.ai.assistant import Ceilings, ClaudeAssistant
from bot.ai.budget import Alert, Limit, Period, Scope, Spent, decide
from bot.ai.cache import MemoryCache
from bot.ai.client import CallSettings, MessagesClient
from bot.ai.ledger import MemoryLedger
from bot.ai.model import Asker, Failed, NoIdeas, Ok, Question, Reason, Reply, Sent
from bot.ai.prices import budget_microusd, cost_microusd
from bot.ai.prompts import load_prompt
from bot.ai.rules import AiRules
from bot.clock import FixedClock
from bot.paths import assets_dir
from bot.rules import load_rules
from tests.ai.messages_api import API_KEY, PATIENT, Fault, MessagesApi, impatient

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
ADA = Asker(person_id=1001, guild_id=2001, agent_id="a1", agent_tokens_per_day=None)


class Ideas(Reply):
    clips: list[str]

    def is_empty(self) -> bool:
        return not self.clips


@dataclass
class Switch:
    on: bool = True

    async def ai_allowed(self, person_id: int, guild_id: int | None) -> bool:
        return self.on


class Told:
    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    async def budget_reached(self, asker: Asker, alert: Alert, now: datetime) -> None:
        self.alerts.append(alert)


@dataclass
class Bench:
    """An assistant with everything around it."""

    api: MessagesApi
    assistant: ClaudeAssistant
    ledger: MemoryLedger
    clock: FixedClock
    consent: Switch
    told: Told


def rules(**changes: object) -> AiRules:
    base = load_rules("ai", AiRules)
    return base.model_copy(update={**PATIENT, **changes})


@pytest.fixture(autouse=True)
def prompt_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "prompts").mkdir()
    for name in ("facts", "rules.toml"):
        (tmp_path / name).symlink_to(assets_dir() / name)
    (tmp_path / "prompts" / "ideas.md").write_text(
        "---\nversion: 3\nmax_tokens: 100\ntemperature: null\n---\n# System\nYou plan for {{role}}s.\n"
        "# User\nGive ideas.\n"
    )
    monkeypatch.setenv("STUDIOHAND_ASSETS", str(tmp_path))
    load_prompt.cache_clear()
    yield
    load_prompt.cache_clear()


@pytest.fixture
async def bench():
    async with MessagesApi() as api:
        yield make_bench(api)


def make_bench(
    api: MessagesApi,
    key: str = API_KEY,
    model: str = "claude-haiku-5-5",
    ceilings: Ceilings | None = None,
    **changes: object,
) -> Bench:
    clock, consent, told, ledger = FixedClock(NOW), Switch(), Told(), MemoryLedger()
    settings = CallSettings(api_key=key, model=model, base_url=api.base_url)
    client = MessagesClient(settings, rules(**changes), clock)
    known = rules(**changes)
    assistant = ClaudeAssistant(client, consent, ledger, MemoryCache(), known, clock, told, ceilings=ceilings)
    return Bench(api, assistant, ledger, clock, consent, told)


def question(**changes: object) -> Question[Ideas]:
    base = Question("ideas", Ideas, Sent({"clips": ["Bridge"]}), ADA, facts={"role": "artist"})
    return replace(base, **changes)  # type: ignore[arg-type]


async def test_an_answer_arrives_in_its_shape_with_what_it_took(bench: Bench):
    bench.api.answer({"clips": ["Second verse"]})
    answer = await bench.assistant.ask(question())
    assert isinstance(answer, Ok)
    assert answer.items.clips == ["Second verse"]
    assert answer.usage.prompt_version == "3"
    assert answer.usage.tokens_out > 0
    assert answer.usage.cost_microusd is not None
    call = bench.api.calls[0]
    assert call.system == "You plan for artists."
    assert call.data == {"clips": ["Bridge"]}
    assert "temperature" not in call.body
    assert call.body["system"][0]["cache_control"] == {"type": "ephemeral"}


async def test_no_ideas_is_not_a_failure(bench: Bench):
    bench.api.answer({"clips": []})
    assert isinstance(await bench.assistant.ask(question()), NoIdeas)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.UNAUTHORISED, Reason.BAD_KEY),
        (Fault.FORBIDDEN, Reason.NO_PERMISSION),
        (Fault.NO_CREDIT, Reason.NO_CREDIT),
        (Fault.BILLING, Reason.NO_CREDIT),
        (Fault.SPEND_LIMIT, Reason.NO_CREDIT),
        (Fault.NO_MODEL, Reason.NO_MODEL),
        (Fault.PROMPT_TOO_LONG, Reason.TOO_LONG),
        (Fault.REQUEST_TOO_LARGE, Reason.TOO_LONG),
        (Fault.WINDOW_EXCEEDED, Reason.TOO_LONG),
        (Fault.REJECTED, Reason.REJECTED),
        (Fault.RATE_LIMITED, Reason.RATE_LIMITED),
        (Fault.SERVER, Reason.SERVER),
        (Fault.OVERLOADED, Reason.OVERLOADED),
        (Fault.TIMEOUT, Reason.TIMEOUT),
        (Fault.DROPPED, Reason.SERVER),
        (Fault.TRUNCATED, Reason.UNPARSABLE),
        (Fault.REFUSAL, Reason.REFUSED),
        (Fault.WRONG_SCHEMA, Reason.UNPARSABLE),
        (Fault.NOT_JSON, Reason.UNPARSABLE),
        (Fault.EMPTY, Reason.UNPARSABLE),
        (Fault.HUGE, Reason.UNPARSABLE),
        (Fault.PROXY_PAGE, Reason.UNPARSABLE),
        (Fault.ODD_MESSAGE, Reason.UNPARSABLE),
    ],
)
async def test_every_fault_has_its_own_name(bench: Bench, fault: Fault, reason: Reason):
    bench.api.fail(fault)
    if fault is Fault.TIMEOUT:
        impatient(bench.assistant._client)
    answer = await bench.assistant.ask(question())
    assert isinstance(answer, Failed)
    assert answer.reason is reason


async def test_a_key_that_is_wrong_reads_as_a_bad_key():
    async with MessagesApi() as api:
        answer = await make_bench(api, key="sk-ant-wrong").assistant.ask(question())
    assert isinstance(answer, Failed)
    assert answer.reason is Reason.BAD_KEY


async def test_without_a_key_or_without_consent_nothing_is_sent(bench: Bench):
    bench.consent.on = False
    off = await bench.assistant.ask(question())
    no_key = await ClaudeAssistant(None, Switch(), bench.ledger, MemoryCache(), rules(), bench.clock).ask(question())
    assert isinstance(off, Failed)
    assert isinstance(no_key, Failed)
    assert (off.reason, no_key.reason) == (Reason.OFF, Reason.NO_KEY)
    assert await bench.assistant.unavailable(ADA) is Reason.OFF
    assert bench.api.calls == []


async def test_the_library_retries_and_no_second_layer_does():
    async with MessagesApi() as api:
        bench = make_bench(api, max_retries=2)
        api.fail(Fault.OVERLOADED, times=2, retry_after=0.01)
        api.answer({"clips": ["x"]})
        assert isinstance(await bench.assistant.ask(question()), Ok)
        assert len(api.calls) == 3


async def test_being_told_to_wait_an_hour_ends_the_call_at_once():
    async with MessagesApi() as api:
        bench = make_bench(api, max_retries=2)
        api.always_fail(Fault.RATE_LIMITED, retry_after=3600)
        answer = await bench.assistant.ask(question())
        assert isinstance(answer, Failed)
        assert answer.reason is Reason.RATE_LIMITED
        assert answer.retry_after_s == 3600
        assert len(api.calls) == 1


async def test_a_spent_account_is_told_apart_from_a_busy_hour_though_both_say_to_wait(bench: Bench):
    bench.api.fail(Fault.SPEND_LIMIT, retry_after=3600)
    answer = await bench.assistant.ask(question())
    assert isinstance(answer, Failed)
    assert answer.reason is Reason.NO_CREDIT


async def test_three_failures_in_a_minute_rest_for_five(bench: Bench):
    bench.api.fail(Fault.SERVER, times=3)
    for _ in range(3):
        await bench.assistant.ask(question())
    rested = await bench.assistant.ask(question())
    assert isinstance(rested, Failed)
    assert rested.reason is Reason.SERVER
    assert len(bench.api.calls) == 3
    bench.clock.advance(minutes=5)
    bench.api.answer({"clips": ["x"]})
    assert isinstance(await bench.assistant.ask(question()), Ok)
    bench.api.answer({"clips": ["y"]})
    assert isinstance(await bench.assistant.ask(question()), Ok)


async def test_a_trial_that_fails_rests_again(bench: Bench):
    bench.api.fail(Fault.SERVER, times=4)
    for _ in range(3):
        await bench.assistant.ask(question())
    bench.clock.advance(minutes=5)
    await bench.assistant.ask(question())
    await bench.assistant.ask(question())
    assert len(bench.api.calls) == 4


async def test_answers_that_cannot_be_read_do_not_rest_the_line(bench: Bench):
    bench.api.fail(Fault.NOT_JSON, times=5)
    for _ in range(5):
        await bench.assistant.ask(question())
    assert len(bench.api.calls) == 5


async def test_the_raw_text_of_an_unreadable_answer_is_kept_a_day_for_its_owner(bench: Bench):
    bench.api.fail(Fault.NOT_JSON)
    await bench.assistant.ask(question())
    [(owner, text, until)] = bench.ledger.raw.values()
    assert owner == ADA.person_id
    assert text.startswith("Sure!")
    assert until == NOW + timedelta(hours=24)


async def test_two_calls_at_once_and_no_more():
    async with MessagesApi() as api:
        bench = make_bench(api)
        api.hold = asyncio.Event()
        api.otherwise(lambda call: {"clips": ["x"]})
        asks = [asyncio.ensure_future(bench.assistant.ask(question())) for _ in range(6)]
        async with asyncio.timeout(60):
            while api.at_once < 2:
                await asyncio.sleep(0.001)
        api.hold.set()
        answers = await asyncio.gather(*asks)
        assert all(isinstance(answer, Ok) for answer in answers)
        assert api.most_at_once == 2


async def test_the_same_question_on_the_same_day_is_asked_once(bench: Bench):
    bench.api.answer({"clips": ["x"]})
    daily = question(local_day="2026-11-21", cache_until=NOW + timedelta(hours=10))
    first, again = await bench.assistant.ask(daily), await bench.assistant.ask(daily)
    assert isinstance(first, Ok)
    assert isinstance(again, Ok)
    assert again.items == first.items
    assert again.written_at == NOW
    assert again.usage.cost_microusd == 0
    assert len(bench.api.calls) == 1
    bench.api.answer({"clips": ["y"]})
    fresh = await bench.assistant.ask(replace(daily, fresh=True))
    assert isinstance(fresh, Ok)
    assert fresh.items.clips == ["y"]
    bench.clock.advance(hours=10)
    bench.api.answer({"clips": ["z"]})
    assert isinstance(await bench.assistant.ask(daily), Ok)
    assert len(bench.api.calls) == 3


async def test_no_ideas_is_cached_and_a_failure_never(bench: Bench):
    daily = question(local_day="2026-11-21", cache_until=NOW + timedelta(hours=10))
    bench.api.fail(Fault.SERVER)
    bench.api.answer({"clips": []})
    assert isinstance(await bench.assistant.ask(daily), Failed)
    assert isinstance(await bench.assistant.ask(daily), NoIdeas)
    assert isinstance(await bench.assistant.ask(daily), NoIdeas)
    assert len(bench.api.calls) == 2


async def test_a_spent_budget_stops_the_call_before_it_is_made():
    async with MessagesApi() as api:
        bench = make_bench(api, person_tokens_per_day=250)
        api.otherwise(lambda call: {"clips": ["x" * 600]})
        assert isinstance(await bench.assistant.ask(question()), Ok)
        stopped = await bench.assistant.ask(question())
        assert isinstance(stopped, Failed)
        assert stopped.reason is Reason.BUDGET
        assert len(api.calls) == 1
        assert Alert(Scope.PERSON, 100) in bench.told.alerts
        bench.clock.advance(hours=24)
        assert isinstance(await bench.assistant.ask(question()), Ok)


@dataclass
class Ceiling:
    installation_microusd: int | None = None
    tokens: int | None = None

    async def limits(self, guild_id: int | None) -> tuple[Limit, ...]:
        everybody = Limit(Scope.INSTALLATION, None, self.installation_microusd)
        return (everybody,) if guild_id is None else (everybody, Limit(Scope.MEMBER, self.tokens))


@dataclass
class Only:
    """One budget and no other."""

    limit: Limit

    async def limits(self, guild_id: int | None) -> tuple[Limit, ...]:
        return (self.limit,)


@pytest.mark.parametrize("scope", [Scope.PERSON, Scope.MEMBER, Scope.GUILD, Scope.INSTALLATION])
@pytest.mark.parametrize("kind", ["tokens", "microusd"])
@pytest.mark.parametrize("period", Period)
async def test_each_budget_stops_the_next_call_before_it_is_made(scope: Scope, kind: str, period: Period):
    limit = Limit(scope, 500 if kind == "tokens" else None, 3_000 if kind == "microusd" else None, period)
    async with MessagesApi() as api:
        bench = make_bench(api, model="claude-haiku-4-5", ceilings=Only(limit))
        api.otherwise(lambda call: {"clips": ["x" * 600]})
        while isinstance(await bench.assistant.ask(question()), Ok):
            pass
        made = len(api.calls)
        assert made > 0
        stopped = await bench.assistant.ask(question())
        assert isinstance(stopped, Failed)
        assert (stopped.reason, stopped.detail) == (Reason.BUDGET, f"{scope} budget")
        assert len(api.calls) == made, "nothing was sent"
        assert Alert(scope, 100, period) in bench.told.alerts
        bench.clock.advance(hours=24)
        assert isinstance(await bench.assistant.ask(question()), Ok) is (period is Period.DAY)
        bench.clock.advance(days=30)
        assert isinstance(await bench.assistant.ask(question()), Ok)


@pytest.mark.parametrize("fault", [Fault.TIMEOUT, Fault.DROPPED, Fault.ODD_MESSAGE])
async def test_a_call_that_may_have_cost_something_stays_counted_as_it_was_estimated(bench: Bench, fault: Fault):
    bench.api.fail(fault)
    if fault is Fault.TIMEOUT:
        impatient(bench.assistant._client)
    await bench.assistant.ask(question())
    assert all(one.tokens > 100 and one.microusd > 0 for one in await bench.ledger.spent(ADA, NOW))


async def test_what_cannot_be_reached_costs_nothing():
    async with MessagesApi() as api:
        bench = make_bench(api)
    answer = await bench.assistant.ask(question())
    assert isinstance(answer, Failed)
    assert answer.reason is Reason.SERVER
    assert all(one.tokens == 0 and one.microusd == 0 for one in await bench.ledger.spent(ADA, NOW))


@pytest.mark.parametrize(
    "model",
    [
        "claude-haiku-4-5-20251001",
        "claude-haiku-4-5@20251001",
        "claude-haiku-4-5-latest",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "anthropic/claude-haiku-4.5",
        "Claude-Haiku-4-5",
    ],
)
def test_a_model_has_one_price_by_all_its_names(model: str):
    known = cost_microusd("claude-haiku-4-5", 1000, 1000, 1000, 1000)
    assert known is not None
    assert cost_microusd(model, 1000, 1000, 1000, 1000) == known
    assert cost_microusd(f"{model}x", 1000, 1000, 1000, 1000) is None
    assert budget_microusd("", 1000, 1000, 1000, 1000) >= budget_microusd("claude-opus-5", 1000, 1000, 1000, 1000)


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-haiku-4-5-20251001", "a-model-of-tomorrow"])
async def test_what_the_host_may_cost_stops_everybody_whatever_the_model(model: str):
    async with MessagesApi() as api:
        bench = make_bench(api, model=model, ceilings=Ceiling(installation_microusd=3_000))
        api.otherwise(lambda call: {"clips": ["x" * 600]})
        asked = 0
        while asked < 20 and isinstance(await bench.assistant.ask(question()), Ok):
            asked += 1
        assert 0 < asked < 20
        ben = replace(ADA, person_id=1002, guild_id=2002, agent_id=None)
        stopped = await bench.assistant.ask(question(asker=ben))
        assert isinstance(stopped, Failed)
        assert (stopped.reason, stopped.detail) == (Reason.BUDGET, "installation budget")
        spent = await bench.ledger.spent(ben, NOW)
        assert next(one.microusd for one in spent if one.scope is Scope.INSTALLATION) > 2_000, "it all counted"
        bench.clock.advance(hours=24)
        assert isinstance(await bench.assistant.ask(question(asker=ben)), Ok)


async def test_what_a_server_lets_one_person_use_counts_there_and_for_nobody_else():
    async with MessagesApi() as api:
        bench = make_bench(api, ceilings=Ceiling(tokens=250))
        api.otherwise(lambda call: {"clips": ["x" * 600]})
        assert isinstance(await bench.assistant.ask(question()), Ok)
        stopped = await bench.assistant.ask(question())
        assert isinstance(stopped, Failed)
        assert (stopped.reason, stopped.detail) == (Reason.BUDGET, "member budget")
        for other in (replace(ADA, person_id=1002), replace(ADA, guild_id=2002), replace(ADA, guild_id=None)):
            assert isinstance(await bench.assistant.ask(question(asker=other)), Ok)


async def test_a_failed_call_gives_its_reservation_back(bench: Bench):
    bench.api.fail(Fault.SERVER)
    await bench.assistant.ask(question())
    assert all(one.tokens == 0 and one.microusd == 0 for one in await bench.ledger.spent(ADA, NOW))
    assert [entry.outcome for entry in bench.ledger.entries] == ["started", "server"]


def test_a_budget_alerts_at_eighty_and_at_a_hundred_percent():
    limits = (Limit(Scope.PERSON, 100), Limit(Scope.GUILD, 1000))
    assert decide(limits, (Spent(Scope.PERSON, 50),), 20, 0, 80).alerts == ()
    assert decide(limits, (Spent(Scope.PERSON, 70),), 10, 0, 80).alerts == (Alert(Scope.PERSON, 80),)
    over = decide(limits, (Spent(Scope.PERSON, 95), Spent(Scope.GUILD, 10)), 10, 0, 80)
    assert not over.allowed
    assert over.blocked_by is Scope.PERSON
    assert Alert(Scope.PERSON, 100) in over.alerts


@pytest.mark.parametrize("text", ["</data>", "<data>", "\u202e", "{{role}}", "# System", '"}]', "\\u003c"])
async def test_no_text_of_people_leaves_the_fence(bench: Bench, text: str):
    bench.api.answer({"clips": []})
    await bench.assistant.ask(question(data={"note": text}))
    call = bench.api.calls[0]
    assert call.data == {"note": text}
    assert call.user.count("</data>") == 1
    assert call.system == "You plan for artists."


@pytest.mark.parametrize(
    "odd",
    [
        {"usage": {"input_tokens": -(10**9)}},
        {"usage": {"output_tokens": -1}},
        {"usage": {"cache_read_input_tokens": -(10**9)}},
        {"usage": {"input_tokens": 10**30}},
        {"usage": {"input_tokens": float("inf")}},
        {"usage": {"output_tokens": float("nan")}},
        {"usage": {"output_tokens": "many"}},
        {"usage": {"cache_creation_input_tokens": [1]}},
        {"usage": []},
        {"content": [{"type": "text", "text": None}]},
        {"content": [None, 7]},
        {"content": {"text": "x"}},
        {"model": ["x"]},
    ],
    ids=str,
)
async def test_no_odd_message_frees_a_budget_or_ends_in_a_fault(bench: Bench, odd: dict[str, object]):
    bench.api.otherwise(lambda _: {"clips": ["Second verse"]})
    bench.api.odd = odd
    for _ in range(3):
        assert isinstance(await bench.assistant.ask(question(fresh=True)), Ok | Failed)
    spent = await bench.ledger.spent(ADA, bench.clock.now())
    assert {one.scope for one in spent if one.tokens > 0 and one.microusd > 0} >= {Scope.PERSON, Scope.INSTALLATION}
    assert all(0 <= one.tokens < 10**9 for one in spent)


async def test_the_name_of_a_model_that_nobody_has_is_kept_short(bench: Bench):
    bench.api.answer({"clips": ["Second verse"]})
    bench.api.odd = {"model": "m" * 100_000}
    answer = await bench.assistant.ask(question())
    assert isinstance(answer, Ok)
    assert len(answer.usage.model) <= 100
