"""The checks of a planned step outside the model: each refuses its kind and lets the nearest good one pass."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.actors import Actor
from bot.loops.clips import ClipFields
from bot.loops.service import LoopFields
from bot.missions.inputs import Idea
from bot.missions.model import Line, MissionId, Policy, Preview
from bot.missions.planner import Bounds, Plan, PlannedStep, check
from bot.missions.rules_planner import plan_by_rules
from bot.missions.tools import Catalogue, Params, Scene, Tool, content_hash
from tests.missions.bench import ADA, ada

SCENE = Scene(ADA, MissionId("m"), datetime(2026, 6, 1, tzinfo=UTC))


class Word(Params):
    """A word."""

    text: str
    loop_id: str = "l"
    clip_id: str = ""


def catalogue(gain: float | None = None, **more: Any) -> Catalogue:
    """Return a catalogue of one tool with that gain."""

    async def preview(scene: Scene, params: Word) -> Preview:
        return Preview(Line("title", {}))

    async def execute(scene: Scene, params: Word, actor: Actor) -> None: ...

    async def gains(scene: Scene, params: Word) -> float | None:
        return gain

    found = Catalogue()
    found.add(Tool("loop.say", "say a word", Word, preview, execute, gain=gains, **more))
    return found


def step(text: str = "hello", **more: Any) -> PlannedStep:
    return replace_step(PlannedStep(tool="loop.say", summary="say", rationale="why", params={"text": text}), **more)


def replace_step(planned: PlannedStep, **more: Any) -> PlannedStep:
    return planned.model_copy(update=more)


async def dropped(*steps: PlannedStep, tools: Catalogue | None = None, bounds: Bounds | None = None) -> list[str]:
    """Return why each step was dropped; "" for those that passed, which come first."""
    checked = await check(Plan(steps=list(steps)), tools or catalogue(), SCENE, bounds or Bounds(policies={}))
    return [""] * len(checked.ready) + [one.reason for one in checked.dropped]


@pytest.mark.parametrize(("gain", "reasons"), [(-0.0001, ["no_gain"]), (0.0, [""]), (0.1, [""]), (None, [""])])
async def test_a_step_that_would_make_things_worse_is_not_proposed(gain: float | None, reasons: list[str]):
    assert await dropped(step(), tools=catalogue(gain)) == reasons


async def test_a_clip_on_top_of_another_is_not_proposed_and_one_where_it_is_missing_is(services: Any):
    """The what-if of the loop itself: the same numbers that its owner sees."""
    area = services.loops
    loop = (await area.loops.create(ada, ADA, LoopFields(name="Night Drive"))).loop
    clip = (await area.clips.add(ada, ADA, loop.id, ClipFields("Write", "creative", 0, 4))).clip
    tools = services.missions.catalogue
    plan = await area.store.plan(ADA, loop.id)
    scene = replace(SCENE, now=area.store.now)
    gains = {}
    for start in (0.0, 1.0, 60.0, 400.0):
        tool, params = tools.read("loop.move_clip", {"clip_id": clip.id, "start": start})
        assert tool.gain is not None
        gains[start] = await tool.gain(scene, params)
    assert plan.clips
    assert gains[0.0] == 0
    for start, gain in gains.items():
        planned = PlannedStep(
            tool="loop.move_clip", summary="move", rationale="why", params={"clip_id": clip.id, "start": start}
        )
        checked = await check(Plan(steps=[planned]), tools, scene, Bounds(policies={}))
        assert [one.reason for one in checked.dropped] == (["no_gain"] if gain < 0 else [])


async def test_each_check_names_what_is_wrong():
    same = content_hash("loop.say", Word(text="hello").model_dump(mode="json"))
    assert await dropped(step(rationale=" \u202e ")) == ["no_rationale"]
    assert await dropped(step(tool="loop.shout")) == ["unknown_tool"]
    assert await dropped(step(params={"text": "hello", "more": 1})) == ["wrong_params"]
    assert await dropped(step(), bounds=Bounds({"loop": Policy.DENY})) == ["denied"]
    assert await dropped(step(), bounds=Bounds({}, resting=["loop.say"])) == ["resting"]
    assert await dropped(step(), bounds=Bounds({}, pending_hashes={same})) == ["duplicate"]
    assert await dropped(step(), bounds=Bounds({}, rejected_hashes={same})) == ["rejected_before"]
    assert await dropped(step(), step(), step("another")) == ["", "", "duplicate"]
    assert await dropped(step(), bounds=Bounds({}, tool_runs_today={"loop.say": 20})) == ["runs_today"]
    assert await dropped(step(), bounds=Bounds({}, tool_runs_today={"loop.say": 19, "loop.other": 99})) == [""]


async def test_only_the_first_good_steps_are_staged_and_the_rest_is_counted():
    good: Sequence[PlannedStep] = [step(str(number)) for number in range(5)]
    assert await dropped(step(tool="x"), *good) == ["", "", "", "unknown_tool", "too_many", "too_many"]
    assert await dropped(*good, bounds=Bounds({}, steps_cap=1)) == ["", *["too_many"] * 4]
    many = await check(Plan(steps=[step(tool="x")] * 52), catalogue(), SCENE, Bounds({}))
    assert (len(many.dropped), many.dropped[-1].summary) == (51, "+2")


def idea(text: str, weight: float, **more: str) -> Idea:
    return Idea("loop.say", {"text": text, **more}, text, "why", weight)


def test_the_rules_take_the_heaviest_ideas_one_for_each_thing_and_none_to_avoid():
    def told(ideas: Sequence[Idea], avoid: Sequence[str] = (), steps: int = 3, offered: Sequence[str] = ("loop.say",)):
        return [one.summary for one in plan_by_rules(ideas, catalogue(), offered, avoid, steps, "plan").steps]

    light, heavy, middle = idea("light", 0.1), idea("heavy", 0.9), idea("middle", 0.5)
    assert told([light, heavy, middle]) == ["heavy", "middle", "light"]
    assert told([light, heavy, middle], steps=2) == ["heavy", "middle"]
    assert told([light, heavy], offered=()) == []
    avoid = [content_hash("loop.say", Word(text="heavy").model_dump(mode="json"))]
    assert told([light, heavy], avoid) == ["light"]
    one, other = idea("one", 0.9, clip_id="c"), idea("other", 0.8, clip_id="c")
    assert told([one, other, light]) == ["one", "light"], "one thing at a time"
    assert told([idea("a", 0.9, loop_id="l"), idea("b", 0.8, loop_id="l")]) == ["a", "b"], "a loop has many things"


def test_an_idea_that_its_tool_does_not_take_is_passed_over_for_the_next():
    wrong, unknown = idea("wrong", 0.9, more="x"), replace(idea("unknown", 0.8), tool="loop.shout")
    good = idea("good", 0.1)
    plan = plan_by_rules([wrong, unknown, good], catalogue(), ["loop.say", "loop.shout"], (), 3, "plan")
    assert ([one.summary for one in plan.steps], plan.summary) == (["good"], "plan")
    assert plan_by_rules([wrong], catalogue(), ["loop.say"], (), 3, "plan") == Plan(summary="", steps=[])


def test_of_ideas_that_weigh_the_same_the_order_is_that_of_the_alphabet():
    """Whatever order they were found in: the same evening gives the same plan."""
    ideas = [idea("b", 0.5), idea("c", 0.5), idea("a", 0.5)]
    for found in (ideas, ideas[::-1]):
        plan = plan_by_rules(found, catalogue(), ["loop.say"], (), 2, "plan")
        assert [one.summary for one in plan.steps] == ["a", "b"]


def test_what_is_to_be_avoided_leaves_its_clip_free_for_another_idea():
    one, other = idea("one", 0.9, clip_id="c"), idea("other", 0.8, clip_id="c")
    avoid = [content_hash("loop.say", Word(text="one", clip_id="c").model_dump(mode="json"))]
    plan = plan_by_rules([one, other], catalogue(), ["loop.say"], avoid, 3, "plan")
    assert [step.summary for step in plan.steps] == ["other"]
