"""What goes to the AI: only what is declared, all that is declared, and of others only what they agreed to.

Every kind of question is asked for real, of a server that speaks the Messages API, and its requests are read.
"""

import itertools
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.actors import Actor as Who
from bot.ai.model import Asker, JsonValue
from bot.ai.prompts import load_prompt
from bot.ai.sent import Item, Sender, is_declared, only, paths_of
from bot.bounces.model import BounceTag, Filter
from bot.clock import FixedClock
from bot.coach.goals import GoalDraft
from bot.coach.model import Reflections, Role
from bot.coach.service.profiles import ProfileChanges
from bot.coach.service.tasks import TaskDraft
from bot.local.people import Upload
from bot.loops.clips import ClipFields
from bot.loops.service import LoopFields
from bot.missions.model import InputKind, InputRef
from bot.missions.ports import Presser
from bot.missions.service import MissionDraft
from bot.paths import assets_dir
from bot.releases.service import ReleaseDraft
from bot.services import Services
from bot.studio.service import Standing
from tests.ai.messages_api import API_KEY, Call, MessagesApi
from tests.bounces.signals import music, save
from tests.loops.words import say
from tests.product import Product, running
from tests.wire.kit import Actor

MARK = "Sing the zanzibar line lower"
"""What Ben wrote and Ada made a clip of."""
NOTE = "Then double it an octave up, quietly."
OF_THE_WIRE = {"model", "max_tokens", "messages", "system", "output_config", "temperature"}


@pytest.fixture
async def api() -> AsyncIterator[MessagesApi]:
    async with MessagesApi() as server:
        yield server


@pytest.fixture
async def product(tmp_path: Path, clock: FixedClock, api: MessagesApi) -> AsyncIterator[Product]:
    given: dict[str, Any] = {"anthropic_api_key": SecretStr(API_KEY), "anthropic_base_url": api.base_url}
    async with running(tmp_path / "data", clock, **given) as product:
        ada = product.person("Ada")
        guild = next(iter(product.server.world.guilds))
        who = Who.user(ada.id, "Ada")
        await product.services.studio.save_person(who, ada.id, ai_consent=True)
        manager = Standing(ada.id, guild, can_manage_server=True)
        await product.services.studio.save_guild(who, manager, guild, ai_allowed=True)
        yield product


def answerer() -> Callable[[Call], object]:
    """Answer each kind of question; each plan keeps a note by itself and asks before it posts."""
    plans = itertools.count()

    def answered(call: Call) -> object:
        wanted = call.schema["properties"]
        if "steps" in wanted:
            text = {"text": f"Bridge {next(plans)}"}
            step = {"summary": "Tell it", "rationale": "It is next.", "params": text}
            return {"summary": "Two.", "steps": [{**step, "tool": "mission.note"}, {**step, "tool": "post.message"}]}
        empty: dict[str, object] = {"clips": [], "fixes": [], "summary": "", "insights": [], "theme": ""}
        return {name: empty.get(name, []) for name in wanted}

    return answered


@dataclass
class Studio:
    """Ada's things, one of each kind that somebody who asks the AI reads; a clip of Ben's message among them."""

    product: Product
    ada: Actor
    ben: Actor
    loop: str = ""
    mission: str = ""
    asked: int = 0

    @property
    def services(self) -> Services:
        return self.product.services

    @property
    def who(self) -> Who:
        return Who.user(self.ada.id, "Ada")

    async def furnish(self) -> None:
        who, ada, services = self.who, self.ada.id, self.services
        await services.coach.profiles.start(who, ada, Role.ARTIST, "Europe/London")
        await services.coach.profiles.change(
            who, ada, ProfileChanges(genre="dub", send_reflections_to_ai=True, energy=True)
        )
        await services.coach.goals.add(who, ada, GoalDraft("Six songs"))
        await services.coach.weeks.plan(who, ada)
        await services.coach.weeks.reflect(who, ada, None, Reflections(wins=("Sang it",)))
        self.product.clock.advance(days=7)
        anchor = self.product.clock.now().date() + timedelta(days=70)
        saved = await services.releases.create(who, ada, ReleaseDraft("Night Drive", anchor, "single_8w"), key="r")
        release = saved.view.release
        self.loop = release.loop_id
        await services.loops.loops.switch(who, ada, self.loop)
        inputs = [InputRef(kind) for kind in (InputKind.WEEK, InputKind.GOALS, InputKind.BOUNCES, InputKind.PHASE)]
        inputs += [InputRef(InputKind.LOOP, self.loop), InputRef(InputKind.RELEASE, release.id)]
        inputs += [InputRef(InputKind.RELEASE, "gone"), InputRef(InputKind.NOTE, "Keep it small")]
        self.mission = await self.new_mission(*inputs)

    async def new_mission(self, *inputs: InputRef, guild: int | None = None) -> str:
        """With a server it proposes in a channel there, so that approvers decide as well."""
        draft = MissionDraft(
            "On time",
            "Keep Night Drive moving",
            "manual",
            inputs,
            concept="A calm spring",
            guild_id=guild,
            channel_id=None if guild is None else self.product.channel("general").channel.id,
        )
        return str((await self.services.missions.service.new(self.who, self.ada.id, draft)).mission.id)

    async def run(self, mission: str) -> None:
        self.asked += 1
        await self.services.missions.service.run_now(self.who, self.ada.id, mission, str(self.asked))
        await self.product.work()

    async def long_loop(self) -> str:
        """Make a loop of more text than a mission is told."""
        loops, who, ada = self.services.loops, self.who, self.ada.id
        loop = (await loops.loops.create(who, ada, LoopFields(name="Much to say"))).loop.id
        for number in range(110):
            fields = ClipFields(f"Part {number}", "creative", number * 4, 4, "la " * 300)
            await loops.clips.add(who, ada, loop, fields)
        return loop

    async def fill_in(self) -> None:
        """Give things what they may have and need not."""
        who, ada, services, now = self.who, self.ada.id, self.services, self.product.clock.now()
        agent = (await services.missions.service.show(ada, self.mission)).agent.id
        edit = services.missions.service.edit_agent
        await edit(who, ada, agent, role_text="A calm planner", max_tokens_per_day=None)
        (bounce,) = await services.bounces.service.list(ada, Filter(), 5)
        await services.bounces.service.edit(who, ada, bounce.id, tag=BounceTag.KEEPER, loop_id=self.loop)
        goal = GoalDraft("A first show", target_date=now.date() + timedelta(days=60))
        await services.coach.goals.add(who, ada, goal)
        plan = await services.loops.store.plan(ada, self.loop)
        first = plan.clips[0]
        over = ClipFields("Over it", first.lane.value, first.start_milli / 1000, 1)
        await services.loops.clips.add(who, ada, self.loop, over)
        draft = TaskDraft("Call the hall", due=now.date() + timedelta(days=1))
        task = (await services.coach.tasks.add(who, ada, draft)).task
        await services.coach.tasks.schedule(who, ada, task.id, now + timedelta(days=1))

    async def clip_of_ben(self, name: str = MARK, note: str = NOTE) -> str:
        """Make a clip of what Ben wrote, as Ada would; return its id."""
        message = await self.ben.go(self.product.channel("general")).say(f"{name}\n{note}")
        self.ada.go(self.product.channel("general"))
        await self.ada.menu("Make a clip", message)
        await self.ada.fill(start="0", length="2")
        plan = await self.services.loops.store.plan(self.ada.id, self.loop)
        return next(str(clip.id) for clip in plan.clips if clip.name == name)

    async def ask_everything(self, clip: str | None = None) -> None:
        """Ask each kind of question once more."""
        who, ada, services = self.who, self.ada.id, self.services
        asker = Asker(ada)
        await services.loops.readings.generate(who, ada, self.loop, asker, say, fresh=True)
        await services.loops.readings.summary(who, ada, self.loop, asker, say, clip_id=clip, fresh=True)
        await services.coach.enrich.enrich(who, ada)
        await services.coach.enrich.insights(who, ada)
        await self.run(self.mission)


@pytest.fixture
async def studio(product: Product, api: MessagesApi) -> Studio:
    api.otherwise(answerer())
    made = Studio(product, product.person("Ada"), product.person("Ben"))
    await made.furnish()
    return made


def sender_of(call: Call, senders: tuple[Sender, ...]) -> Sender:
    """Return who sent a request, by the prompt that stands in it."""
    (found,) = [one for one in senders for name in one.prompts if call.user.startswith(load_prompt(name).user)]
    return found


def prompt_of(call: Call) -> str:
    """Return which prompt a request is of."""
    (found,) = [name for name in prompts() if call.user.startswith(load_prompt(name).user)]
    return found


def prompts() -> set[str]:
    return {file.stem for file in (assets_dir() / "prompts").glob("*.md")} - {"README"}


def texts(calls: list[Call], mark: str) -> dict[str, bool]:
    """Tell of each prompt whether a request of it holds the mark."""
    found: dict[str, bool] = {}
    for call in calls:
        held = mark.casefold() in json.dumps(call.body, ensure_ascii=False).casefold()
        found[prompt_of(call)] = held or found.get(prompt_of(call), False)
    return found


@pytest.mark.parametrize(("name", "note"), [(MARK, NOTE), ("Zuzu", "Qoph!")])
async def test_words_of_somebody_else_go_only_once_they_agreed(
    studio: Studio, api: MessagesApi, name: str, note: str
) -> None:
    """Words too short to be looked for elsewhere do not go either: each sender leaves them out itself."""
    clip = await studio.clip_of_ben(name, note)
    assert "From a message of" in studio.ada.sees()
    await studio.ask_everything(clip)
    assert texts(api.calls, name) == dict.fromkeys(prompts(), False), "neither name …"
    assert texts(api.calls, note) == dict.fromkeys(prompts(), False), "… nor notes"
    assert set(texts(api.calls, "a clip")) == prompts()
    first = len(api.calls)
    await studio.services.studio.save_person(Who.user(studio.ben.id, "Ben"), studio.ben.id, ai_consent=True)
    await studio.ask_everything(clip)
    assert texts(api.calls[first:], name) == dict.fromkeys(prompts(), True)
    second = len(api.calls)
    await studio.services.studio.save_person(Who.user(studio.ben.id, "Ben"), studio.ben.id, ai_consent=False)
    await studio.ask_everything(clip)
    assert texts(api.calls[second:], name) == dict.fromkeys(prompts(), False), "taken back is taken back"


@pytest.mark.parametrize("gone", [False, True])
async def test_words_of_somebody_else_stay_here_where_they_were_copied_to(
    studio: Studio, api: MessagesApi, *, gone: bool
) -> None:
    """A mission by rules names the clip in its steps and notes; the next plan by AI is told of those."""
    clip = await studio.clip_of_ben()
    studio_service = studio.services.studio
    await studio_service.save_person(studio.who, studio.ada.id, ai_consent=False)
    mission = await studio.new_mission(InputRef(InputKind.LOOP, studio.loop))
    await studio.run(mission)
    assert api.calls == []
    waiting = await studio.services.missions.decisions.open(Presser(studio.ada.id, "Ada"))
    assert MARK in str([one.step.summary for one in waiting]), "people read it by its name"
    await studio_service.save_person(studio.who, studio.ada.id, ai_consent=True)
    if gone:
        await studio.services.loops.clips.remove(studio.who, studio.ada.id, clip)
    await studio.run(mission)
    (call,) = api.calls
    assert call.data["earlier_iterations"][0]["steps"]
    assert MARK not in json.dumps(call.body)


async def test_what_others_wrote_as_they_decided_goes_only_once_they_agreed(studio: Studio, api: MessagesApi) -> None:
    missions, ben = studio.services.missions, studio.ben
    guild = next(iter(studio.product.server.world.guilds))
    mission = await studio.new_mission(InputRef(InputKind.NOTE, "x"), guild=guild)
    manager = Standing(studio.ada.id, guild, can_manage_server=True)
    await studio.services.studio.save_guild(studio.who, manager, guild, approver_role=7)
    approver = Presser(ben.id, "Ben", guild, frozenset({7}))
    await studio.run(mission)
    (view,) = await missions.decisions.open(approver)
    await missions.decisions.edit(approver, view.step.id, {"text": "Bens own zebra"})
    await missions.decisions.dismiss(approver, view.step.id, "Too many giraffes")
    await missions.decisions.ask_again(approver, view.step.iteration_id, "Fewer okapis", "again")
    await studio.product.work()
    for words in ("zebra", "giraffes", "okapis"):
        assert words not in json.dumps(api.calls[-1].body)
    await studio.services.studio.save_person(Who.user(ben.id, "Ben"), ben.id, ai_consent=True)
    await missions.decisions.ask_again(approver, view.step.iteration_id, "Fewer okapis", "and again")
    await studio.product.work()
    for words in ("zebra", "giraffes", "okapis"):
        assert words in json.dumps(api.calls[-1].body)


async def test_a_request_holds_what_is_declared_and_all_that_is_declared_is_sent(
    studio: Studio, api: MessagesApi, tmp_path: Path
) -> None:
    with capture_logs() as logged:
        await _everything(studio, tmp_path)
    assert [entry for entry in logged if entry["event"] == "ai.undeclared"] == []
    senders = studio.services.ai_sends
    sent: dict[str, set[str]] = {one.name: set() for one in senders}
    for call in api.calls:
        assert set(call.body) <= OF_THE_WIRE
        sender = sender_of(call, senders)
        places = set(paths_of(call.data))
        assert {path for path in places if not is_declared(path, paths_in(sender))} == set()
        sent[sender.name] |= places
    never = {
        (sender.name, path)
        for sender in senders
        for path in paths_in(sender)
        if not any(is_declared(place, [path]) for place in sent[sender.name])
    }
    assert sorted(never) == [], "the list that people agree to has what is never sent"


def paths_in(sender: Sender) -> list[str]:
    return [path for item in sender.items for path in item.paths]


async def _everything(studio: Studio, tmp_path: Path) -> None:
    """Ask each kind of question of things that have all they may have, with steps decided in between."""
    sound = save(tmp_path / "Idea.wav", music(1.5, 22050), 22050, "PCM_16").read_bytes()
    await studio.ada.slash("/bounce new", file=Upload("Idea.wav", sound))
    await studio.ada.until_sees("LUFS")
    await studio.fill_in()
    missions = studio.services.missions
    await studio.ask_everything()
    me = Presser(studio.ada.id, "Ada")
    (view,) = await missions.decisions.open(me)
    await missions.decisions.edit(me, view.step.id, {"text": "Outro"})
    await missions.decisions.approve(me, view.step.id)
    await studio.ask_everything()
    (view,) = await missions.decisions.open(me)
    await missions.decisions.dismiss(me, view.step.id, "Not now")
    await missions.decisions.ask_again(me, view.step.iteration_id, "Something smaller", "again")
    await studio.product.work()
    plan = await studio.services.loops.store.plan(studio.ada.id, studio.loop)
    await studio.ask_everything(plan.clips[0].id)
    studio.product.clock.advance(days=1)  # the budget of today has no room for so long a plan
    await studio.run(await studio.new_mission(InputRef(InputKind.LOOP, await studio.long_loop())))


async def test_what_is_not_declared_stays_here() -> None:
    items = [Item("clips", ("clips.name", "next"))]
    data: JsonValue = {"clips": [{"name": "Bridge", "secret": 1}], "next": ["Bridge"], "person": {"id": 7}}
    assert only(data, items) == {"clips": [{"name": "Bridge"}], "next": ["Bridge"]}


def test_every_prompt_has_one_sender(product: Product) -> None:
    named = [prompt for sender in product.services.ai_sends for prompt in sender.prompts]
    assert sorted(named) == sorted(prompts())


def test_what_is_filled_into_a_prompt_is_declared(product: Product) -> None:
    for sender in product.services.ai_sends:
        places = {place for name in sender.prompts for place in re.findall(r"{{(\w+)}}", load_prompt(name).system)}
        assert {fact for item in sender.items for fact in item.facts} == places


async def test_people_read_the_whole_list_before_they_agree(product: Product) -> None:
    ben = product.person("Ben")
    words = product.services.catalogue.words("en")
    wanted = [str(words(key)) for sender in product.services.ai_sends for key in (sender.title_key, *sender.keys)]
    await ben.slash("/studio me")
    await ben.press("AI on my things: on")
    seen = ben.sees()
    assert [line for line in wanted if line not in seen] == []
    await ben.slash("/help", topic="ai")
    assert [line for line in wanted if line not in ben.sees()] == []
