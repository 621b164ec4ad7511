"""A mission from its form to its undo: with the rules, and with the AI on a local Messages API."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.actors import Actor as Who
from bot.clock import FixedClock
from bot.errors import NotAllowed
from bot.local.model import Message
from bot.local.people import Upload
from bot.local.server import LocalDiscord
from bot.missions.ports import Presser
from bot.studio.service import Standing
from tests.ai.messages_api import API_KEY, Call, Fault, MessagesApi
from tests.bounces.signals import music, save
from tests.product import Product, running
from tests.wire.kit import Actor, JourneyError, Place
from tests.wire.openapi import SHARED


@pytest.fixture
def ada(product: Product) -> Actor:
    return product.person("Ada")


@pytest.fixture
def ben(product: Product) -> Actor:
    return product.person("Ben")


@pytest.fixture
async def api() -> AsyncIterator[MessagesApi]:
    async with MessagesApi() as server:
        yield server


@pytest.fixture
async def with_ai(tmp_path: Path, clock: FixedClock, api: MessagesApi) -> AsyncIterator[Product]:
    key = SecretStr(API_KEY)
    async with running(tmp_path / "data", clock, anthropic_api_key=key, anthropic_base_url=api.base_url) as product:
        await _allow_ai(product)
        yield product


async def _allow_ai(product: Product) -> None:
    person = product.person("Ada")
    guild = next(iter(product.server.world.guilds))
    studio, who = product.services.studio, Who.user(person.id, "Ada")
    await studio.save_person(who, person.id, ai_consent=True)
    await studio.save_guild(who, Standing(person.id, guild, can_manage_server=True), guild, ai_allowed=True)


async def _loop(ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    for name in ("Bridge", "Outro"):
        await ada.slash("/loop clip")
        await ada.fill(name=name)


async def _mission(ada: Actor, cadence: str = "manual", **more: Any) -> None:
    await ada.slash("/mission new")
    values: dict[str, Any] = {"title": "On time", "objective": "Keep Night Drive moving", "cadence": cadence}
    values |= {"inputs": ["loop:" + _loop_id(ada)], "channel": ada.person.channel}
    await ada.fill(values | more)
    await ada.until_sees("On time", "Keep Night Drive moving")


def _loop_id(ada: Actor) -> str:
    """Return the value of the one loop that the open form offers."""
    assert ada.form is not None
    found = re.search(r"'loop:([0-9a-f]{32})'", str(ada.form.modal))
    assert found is not None
    return found[1]


async def test_a_mission_is_made_runs_on_time_and_its_steps_are_decided(product: Product, ada: Actor) -> None:
    general = product.channel("general")
    await _loop(ada)
    await _mission(ada, "daily 09:00")
    await product.live(step_s=3600, days=1)
    cards = await _cards(general)
    assert any("Waiting for you" in one and "by rules, not AI" in one for one in cards)
    ada.go(general)
    await ada.press("Approve")
    assert "Approved by Ada" in ada.sees()
    await ada.slash("/loop summary", loop="Night Drive")
    await ada.slash("/mission show", mission="On time")
    seen = ada.sees()
    assert "Run 1" in seen
    assert "by Ada" in seen
    assert "momentum" in seen, "why it was done stands beside who did it"
    await ada.slash("/mission history", mission="On time")
    trail = ada.sees()
    assert "approved <t:" in trail
    assert "done <t:" in trail
    assert "(Ada)" in trail


async def test_a_mission_that_is_done_proposes_nothing_until_it_goes_on(product: Product, ada: Actor) -> None:
    await _loop(ada)
    await _mission(ada, "daily 09:00")
    await ada.press("Mark as done")
    assert "On time is done" in ada.sees()
    assert "0 open" not in ada.sees()
    again = ada.last()
    await product.live(step_s=3600, days=1)
    assert await _cards(product.channel("general")) == []
    await ada.slash("/mission list", state="done")
    assert "On time" in ada.sees()
    await ada.press("Resume", on=again)
    await product.live(step_s=3600, days=1)
    assert any("On time" in one for one in await _cards(product.channel("general")))


async def test_the_whole_way_with_ai_then_by_rules_and_all_undone(with_ai: Product, api: MessagesApi) -> None:
    product, ada = with_ai, with_ai.person("Ada")
    general = product.channel("general")
    await _loop(ada)
    await ada.slash("/loop show", loop="Night Drive")
    await ada.press("Post to channel")
    panel = ada.last()
    assert "Outro" in _read(general, panel)
    await _mission(ada, "daily 09:00")
    api.otherwise(_three_steps)
    ada.go(general)
    await product.live(step_s=3600, days=1)
    cards = await _cards(general)
    steps = [one for one in cards if "step 1-" in one]
    assert len(steps) == 3
    assert "written by AI (claude-haiku-4-5)" in steps[0]
    shown = [one for one in cards if "run 1" in one or "step 1-" in one]
    assert "run 1" in shown[0], "the run stands over its steps"
    assert ["step 1-1" in shown[1], "step 1-2" in shown[2], "step 1-3" in shown[3]] == [True] * 3

    by_title = {title: _posted(general, title) for title in ("Mark Bridge", "Change Outro", "tempo")}
    await ada.press("Approve", on=by_title["Mark Bridge"])
    assert "Approved by Ada" in ada.sees()
    await ada.press("Edit", on=by_title["Change Outro"])
    await ada.fill(name="Long outro")
    assert "Long outro" in ada.sees()
    await ada.press("Approve", on=_posted(general, "Change Outro"))
    await ada.press("Dismiss", on=by_title["tempo"])
    await ada.fill(reason="wrong_idea", text="The tempo stays")
    assert "Dismissed by Ada" in ada.sees()
    assert "The tempo stays" in ada.sees()

    loop = await _clips(product, ada)
    assert loop == {"Bridge": True, "Long outro": False}
    await ada._stage.until(lambda: "Long outro" in _read(general, panel))

    await product.work()
    await ada.slash("/mission show", mission="On time")
    seen = ada.sees()
    assert "Partly approved" in seen
    assert "by Ada" in seen
    assert "It moves the loop along." in seen
    assert "The tempo stays" in seen

    await product.live(step_s=3600, days=1)
    past = api.calls[-1].data["earlier_iterations"][0]
    decisions = {step["tool"]: step for step in past["steps"]}
    assert decisions["loop.set_bpm"]["decision"] == "rejected"
    assert decisions["loop.set_bpm"]["reason_given"] == "Wrong idea: The tempo stays"
    assert decisions["loop.edit_clip"]["changed_by_the_person_to"]["name"] == "Long outro"
    assert str(ada.id) not in api.calls[-1].user
    assert "Ada" not in api.calls[-1].user

    await ada.slash("/mission stats", mission="On time")
    seen = ada.sees()
    assert "change a loop’s tempo: 0%, 0 of 1" in seen
    assert "change a clip: 100%, 1 of 1 (1 edited)" in seen
    assert "AI tokens" in seen
    assert "US dollars" in seen
    assert "Usual time to a decision" in seen
    _metrics_say_the_same(product)

    await _no_more_ai(product)
    await ada.slash("/mission run", mission="On time")
    await product.work()
    assert any("run 3" in one and "by rules, not AI" in one for one in await _cards(general))

    await ada.slash("/mission undo", mission="On time", iteration=1)
    assert "2 steps were taken back" in ada.sees()
    assert await _clips(product, ada) == {"Bridge": False, "Outro": False}
    await ada._stage.until(lambda: "Long outro" not in _read(general, panel))


def _metrics_say_the_same(product: Product) -> None:
    lines = product.services.metrics.render().decode().splitlines()
    told = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}
    assert told['studiohand_mission_steps_total{state="staged",tool="loop.set_bpm"}'] == 1
    assert told['studiohand_mission_steps_total{state="rejected",tool="loop.set_bpm"}'] == 1
    assert told["studiohand_mission_decision_seconds_count"] == 3
    assert any(name.startswith("studiohand_mission_runs_total") and 'planner="ai"' in name for name in told)
    assert any(name.startswith("studiohand_ai_tokens_total") for name in told)
    assert any(name.startswith("studiohand_ai_cost_usd_total") for name in told)


async def _no_more_ai(product: Product) -> None:
    """Ada takes her consent back: from now on the rules plan."""
    from bot.actors import Actor as Who

    person = product.person("Ada")
    await product.services.studio.save_person(Who.user(person.id, "Ada"), person.id, ai_consent=False)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.TIMEOUT,
        Fault.RATE_LIMITED,
        Fault.OVERLOADED,
        Fault.TRUNCATED,
        Fault.WRONG_SCHEMA,
        Fault.REFUSAL,
        Fault.EMPTY,
        Fault.HUGE,
    ],
)
async def test_whatever_the_ai_does_the_rules_plan_and_the_card_says_so(
    with_ai: Product, api: MessagesApi, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, ada = with_ai, with_ai.person("Ada")
    client = product.services.assistant._client
    client._rules = client._rules.model_copy(update={"deadline_s": 0.5})
    api.always_fail(fault, retry_after=3600 if fault is Fault.RATE_LIMITED else None)
    await _loop(ada)
    await _mission(ada)
    await ada.slash("/mission run", mission="On time")
    await product.work()
    assert "by rules, not AI: the AI" in ada.sees()


async def test_others_are_told_who_decides_and_approvers_may(product: Product, ada: Actor, ben: Actor) -> None:
    general = product.channel("general")
    await _loop(ada)
    await _mission(ada)
    await ada.slash("/mission run", mission="On time")
    await product.work()
    ben.go(general)
    await ben.press("Approve")
    assert "can decide this" in ben.sees()
    assert "Approved by Ben" not in ben.sees()


async def test_a_press_after_a_restart_still_works(tmp_path: Path, clock: FixedClock) -> None:
    async with LocalDiscord(clock, validator=SHARED.openapi) as server:
        async with running(tmp_path / "data", clock, server=server) as product:
            ada = product.person("Ada")
            await _loop(ada)
            await _mission(ada)
            await ada.slash("/mission run", mission="On time")
            await product.work()
        async with running(tmp_path / "data", clock, server=server) as product:
            ada = product.person("Ada").go(product.channel("general"))
            await ada.press("Approve")
            await ada.until_sees("Approved by Ada")


async def test_pause_all_withdraws_what_is_open_and_its_cards_say_so(product: Product, ada: Actor) -> None:
    general = product.channel("general")
    await _loop(ada)
    await _mission(ada, "daily 09:00")
    await product.live(step_s=3600, days=1)
    await ada.slash("/mission agents")
    await ada.press("Pause all")
    assert "1 agent paused. 3 open proposals withdrawn. Nothing runs until you resume." in ada.sees()
    await product.work()
    cards = await _cards(general)
    assert all("Approve" not in one or "Withdrawn" in one for one in cards if "step 1-" in one)
    await product.live(step_s=3600, days=2)
    assert len(await _cards(general)) == len(cards), "nothing runs meanwhile"
    ada.go(general)
    with pytest.raises(JourneyError):
        await ada.press("Approve")
    await ada.slash("/mission agents")
    await ada.press("Resume all")
    await product.live(step_s=3600, days=1)
    assert len(await _cards(general)) > len(cards)


@pytest.mark.parametrize(
    ("decided", "said"),
    [(2, "1 agent paused. 1 open proposal withdrawn. Nothing"), (3, "1 agent paused. Nothing runs")],
)
async def test_pause_all_counts_one_and_none_as_people_do(
    product: Product, ada: Actor, decided: int, said: str
) -> None:
    ada.go(product.channel("general"))
    await _loop(ada)
    await _mission(ada, "daily 09:00")
    await product.live(step_s=3600, days=1)
    for _ in range(decided):
        await ada.press("Approve")
        await product.work()
    await ada.slash("/mission agents")
    await ada.press("Pause all")
    assert said in ada.sees()


async def test_missions_are_listed_changed_paused_and_put_away(product: Product, ada: Actor) -> None:
    await ada.slash("/mission list")
    assert "No mission here" in ada.sees()
    await _loop(ada)
    await _mission(ada, "weekly mon,thu 18:30")
    await ada.slash("/mission list")
    assert "Mon, Thu" not in ada.last().content
    assert "On time" in ada.sees()
    await ada.slash("/mission edit", mission="On time")
    await ada.fill(cadence="every 5 minutes")
    assert "more often than every 15 minutes" in ada.sees()
    await ada.slash("/mission edit", mission="On time")
    await ada.fill(cadence="every 45 minutes")
    assert "every 45 minutes" in ada.sees()
    await ada.slash("/mission pause", mission="On time", until="in 3 days")
    assert "is paused" in ada.sees()
    await ada.slash("/mission resume", mission="On time")
    assert "Active" in ada.sees()
    await ada.slash("/mission review")
    assert "No open proposals" in ada.sees()
    await ada.slash("/mission history", mission="On time")
    assert "No run yet" in ada.sees()
    await ada.slash("/mission stats")
    assert "No proposal yet" in ada.sees()
    await ada.slash("/mission delete", mission="On time")
    await ada.press("Delete On time")
    assert "in the bin for 30 days" in ada.sees()
    await ada.press("Restore")
    assert "On time" in ada.sees()


async def test_a_review_goes_from_proposal_to_proposal(product: Product, ada: Actor) -> None:
    await _loop(ada)
    await _mission(ada)
    await ada.slash("/mission run", mission="On time")
    await product.work()
    ada.go("DM")
    await ada.slash("/mission review")
    assert "Waiting for you" in ada.sees()
    await ada.press("Dismiss")
    await ada.fill(reason="not_now")
    assert "Not now" in ada.sees()
    await ada.press("Next proposal")


def _three_steps(call: Call) -> object:
    loop = call.data["inputs"][0]["content"]
    clips = {clip["name"]: clip["clip_id"] for clip in loop["clips"]}
    if len(call.data["earlier_iterations"]):
        return {"summary": "All is well.", "steps": []}
    why = "It moves the loop along."
    return {
        "summary": "Three small things.",
        "steps": [
            {"tool": "loop.mark_ready", "summary": "Ready", "rationale": why, "params": {"clip_id": clips["Bridge"]}},
            {
                "tool": "loop.edit_clip",
                "summary": "Shorter outro",
                "rationale": why,
                "params": {"clip_id": clips["Outro"], "name": "Short outro"},
            },
            {
                "tool": "loop.set_bpm",
                "summary": "Faster",
                "rationale": why,
                "params": {"loop_id": loop["loop_id"], "bpm": 128},
            },
        ],
    }


def _posted(place: Place, words: str) -> Any:
    """Return the newest message here that holds these words."""
    from tests.wire.reading import read_message

    core = place._stage.server.core
    return next(message for message in reversed(place.messages()) if words in read_message(core, message))


def _read(place: Place, message: Message) -> str:
    """Return what stands in a message now."""
    from tests.wire.reading import read_message

    core = place._stage.server.core
    found = core.world.message(message.channel_id, message.id)
    assert found is not None
    return read_message(core, found)


async def _cards(place: Place) -> list[str]:
    from tests.wire.reading import read_message

    core = place._stage.server.core
    return [read_message(core, message) for message in place.messages()]


async def _clips(product: Product, ada: Actor) -> dict[str, bool]:
    area = product.services.loops
    lines = await area.loops.lines(ada.id)
    loop = next(line.loop for line in lines if line.loop.name == "Night Drive")
    return {clip.name: clip.ready for clip in (await area.loops.plan(ada.id, loop.id)).clips}


async def test_a_bounce_starts_what_waits_for_it_even_where_i_am_stopped_right_after_it(
    tmp_path: Path, clock: FixedClock
) -> None:
    """And it starts it once, however often the same file comes."""
    upload = Upload("Idea.wav", save(tmp_path / "Idea.wav", music(1.5, 22050), 22050, "PCM_16").read_bytes())
    async with LocalDiscord(clock, validator=SHARED.openapi) as server:
        async with running(tmp_path / "data", clock, server=server) as product:
            ada = product.person("Ada")
            await _loop(ada)
            await _mission(ada, "on bounce")
            await product.work()
            await product.services.engine.stop()
            await ada.slash("/bounce new", file=upload)
            await ada.until_sees("LUFS")
            assert await _cards(product.channel("general")) == []
        async with running(tmp_path / "data", clock, server=server) as product:
            await product.work()
            cards = await _cards(product.channel("general"))
            assert cards
            await product.person("Ada").slash("/bounce new", file=upload)
            await product.work()
            assert len(await _cards(product.channel("general"))) == len(cards)


async def test_a_mission_proposes_by_direct_message_unless_a_channel_is_named(product: Product, ada: Actor) -> None:
    await _loop(ada)
    await ada.slash("/mission new")
    await ada.fill(title="On time", objective="Keep Night Drive moving", inputs=["loop:" + _loop_id(ada)])
    await ada.slash("/mission run", mission="On time")
    await product.work()
    assert await _cards(product.channel("general")) == []
    ada.go("DM")
    await ada.until_sees("Approve")


async def test_what_is_proposed_by_direct_message_is_no_approvers(product: Product, ada: Actor) -> None:
    world = product.server.world
    guild = next(iter(world.guilds.values()))
    label, ben = world.add_role(guild, "Label"), product.person("Ben").go("#general")
    world.give_role(guild, ben.person.user, label)
    manager = Standing(ada.id, guild.id, can_manage_server=True)
    await product.services.studio.save_guild(Who.user(ada.id, "Ada"), manager, guild.id, approver_role=label.id)
    await _loop(ada)
    await ada.slash("/mission new")
    await ada.fill(title="Mine", objective="Keep Night Drive moving", inputs=["loop:" + _loop_id(ada)])
    await ada.slash("/mission run", mission="Mine")
    await product.work()
    own = Presser(ada.id, "Ada", guild.id, frozenset(), False)
    theirs = Presser(ben.id, "Ben", guild.id, frozenset({label.id}), False)
    decisions = product.services.missions.decisions
    (first, *_) = await decisions.open(own)
    await ben.slash("/mission review")
    assert "Night Drive" not in ben.sees()
    with pytest.raises(NotAllowed):
        await decisions.approve(theirs, first.step.id)
    await ada.slash("/mission edit", mission="Mine")
    await ada.fill(channel=product.channel("general"))
    await ben.slash("/mission review")
    assert "Night Drive" in ben.sees(), "in a channel the role decides too"
