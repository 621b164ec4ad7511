"""Suggestions and summaries: by the rules without a key, by AI with one, and every failure told as what it is."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot.actors import Actor
from bot.ai.assistant import ClaudeAssistant
from bot.ai.cache import MemoryCache
from bot.ai.client import CallSettings, MessagesClient
from bot.ai.ledger import MemoryLedger
from bot.ai.model import Asker, Reason
from bot.ai.rules import AiRules
from bot.clock import FixedClock
from bot.errors import AlreadyDone, Refused
from bot.loops.area import LoopArea, Neighbours, open_loops
from bot.loops.asking import Subject, british, checked_summary, cut_words, data_of
from bot.loops.clips import ClipFields
from bot.loops.model import ExportState, ExportTarget, InsightKind, Lane, Source, Suggestion
from bot.loops.readings import Origin, Outcome, SuggestionSet, Summary
from bot.loops.rules import loop_rules
from bot.loops.service import LoopFields
from bot.rules import load_rules
from bot.undo import ChangeService
from storage.unit import Database
from tests.ai.messages_api import API_KEY, PATIENT, Fault, MessagesApi, impatient
from tests.loops.plans import NOW, g8
from tests.loops.test_exports import read
from tests.loops.test_service import London
from tests.loops.words import say

ADA = 1001
ACTOR = Actor.user(ADA, "Ada")
ASKER = Asker(ADA)
GOOD = {"lane": "creative", "start": 12, "length": 4, "name": "Bridge", "notes": "Eight bars."}


@dataclass
class Consent:
    on: bool = True

    async def ai_allowed(self, person_id: int, guild_id: int | None) -> bool:
        return self.on


@dataclass
class House:
    """Loops with an assistant on a local Messages API."""

    area: LoopArea
    api: MessagesApi
    consent: Consent
    ledger: MemoryLedger
    clock: FixedClock
    changes: ChangeService
    client: MessagesClient

    async def loop(self) -> str:
        edited = await self.area.loops.create(ACTOR, ADA, LoopFields(name="Night Drive"))
        for fields in (
            ClipFields("Sketch", "creative", 0, 6),
            ClipFields("Arrange", "creative", 6, 6),
            ClipFields("Book session", "action", 0, 3),
        ):
            await self.area.clips.add(ACTOR, ADA, edited.loop.id, fields)
        return edited.loop.id

    async def suggest(self, loop_id: str, *, fresh: bool = False) -> SuggestionSet:
        found = await self.area.readings.generate(ACTOR, ADA, loop_id, ASKER, say, fresh=fresh)
        assert found is not None
        return found

    async def summary(self, loop_id: str, *, fresh: bool = False) -> Summary:
        return await self.area.readings.summary(ACTOR, ADA, loop_id, ASKER, say, fresh=fresh)


def origin(found: SuggestionSet) -> Origin:
    """Say where a set is from that was just made."""
    assert found.origin is not None
    return found.origin


def name_of(one: Suggestion) -> str:
    """Return the name of the clip that is offered."""
    assert one.clip is not None
    return one.clip.name


@pytest.fixture
async def house(sqlite_database: Database, clock: FixedClock) -> AsyncIterator[House]:
    async with MessagesApi() as api:
        rules = load_rules("ai", AiRules).model_copy(update={**PATIENT, "breaker_failures": 99})
        client = MessagesClient(CallSettings(API_KEY, "claude-haiku-5-5", api.base_url), rules, clock)
        consent, ledger = Consent(), MemoryLedger()
        assistant = ClaudeAssistant(client, consent, ledger, MemoryCache(), rules, clock)
        area = open_loops(sqlite_database, clock, Neighbours(London()), assistant)
        yield House(area, api, consent, ledger, clock, ChangeService(sqlite_database), client)
        await assistant.aclose()


def answers(clips: list, fixes: list[str], summary: str = "All is calm."):
    """Answer each kind of question; the two of a set arrive in any order."""

    def make(call) -> object:
        wanted = call.schema["properties"]
        if "clips" in wanted:
            return {"clips": clips}
        return {"fixes": fixes} if "fixes" in wanted else {"summary": summary}

    return make


# ------------------------------------------------------------------ with a key


async def test_ai_clips_pass_the_gate_before_they_are_offered(house: House):
    loop_id = await house.loop()
    outside = {**GOOD, "start": 500, "name": "Far"}
    clash = {**GOOD, "start": 1, "name": "On Sketch"}
    broken = {**GOOD, "lane": "drums"}
    house.api.otherwise(answers([GOOD, outside, clash, broken], ["You could begin with *Sketch*.", " "]))
    found = await house.suggest(loop_id)
    assert [name_of(one) for one in found.clips] == ["Bridge"]
    assert {name_of(one): one.text for one in found.ideas} == {"Far": "outside", "On Sketch": "overlap"}
    assert [one.text for one in found.tips] == ["You could begin with *Sketch*."]
    assert origin(found).outcome is Outcome.OK
    assert found.is_ai


async def test_nothing_about_people_is_sent(house: House):
    loop_id = await house.loop()
    house.api.otherwise(answers([], []))
    await house.suggest(loop_id)
    for call in house.api.calls:
        text = f"{call.system}{call.user}"
        assert "Ada" not in text
        assert str(ADA) not in text
        assert loop_id not in text
        assert "Sketch" not in call.system


async def test_accepting_adds_the_clip_once_and_names_the_ai(house: House):
    loop_id = await house.loop()
    house.api.otherwise(answers([GOOD], []))
    found = await house.suggest(loop_id)
    edited = await house.area.readings.accept(ACTOR, ADA, found.clips[0].id)
    assert edited.clip is not None
    assert (edited.clip.name, edited.clip.source, edited.clip.lane) == ("Bridge", Source.AI, Lane.CREATIVE)
    with pytest.raises(AlreadyDone):
        await house.area.readings.accept(ACTOR, ADA, found.clips[0].id)
    assert len((await house.area.loops.plan(ADA, loop_id)).clips) == 4
    assert not (await house.area.readings.open_set(ADA, loop_id)).clips
    await house.changes.undo(ACTOR, ADA, edited.group_id)
    assert len((await house.area.loops.plan(ADA, loop_id)).clips) == 3
    assert len((await house.area.readings.open_set(ADA, loop_id)).clips) == 1


async def test_a_dismissed_clip_stays_away_for_thirty_days(house: House):
    loop_id = await house.loop()
    house.api.otherwise(answers([GOOD], []))
    found = await house.suggest(loop_id)
    await house.area.readings.dismiss(ACTOR, ADA, found.clips[0].id)
    assert not (await house.suggest(loop_id, fresh=True)).clips
    house.clock.advance(days=31)
    assert len((await house.suggest(loop_id)).clips) == 1


async def test_apply_all_keeps_the_tips_and_has_one_undo(house: House):
    loop_id = await house.loop()
    second = {**GOOD, "lane": "refine", "start": 20, "name": "Mix"}
    house.api.otherwise(answers([GOOD, second], ["You could rest."]))
    await house.suggest(loop_id)
    await house.area.clips.add(ACTOR, ADA, loop_id, ClipFields("In the way", "creative", 13, 2))
    applied = await house.area.readings.apply_all(ACTOR, ADA, loop_id)
    assert (applied.added, applied.left_out) == (1, 1)
    left = await house.area.readings.open_set(ADA, loop_id)
    assert (left.clips, [one.text for one in left.tips]) == ((), ["You could rest."])
    with pytest.raises(AlreadyDone):
        await house.area.readings.apply_all(ACTOR, ADA, loop_id)
    await house.changes.undo(ACTOR, ADA, applied.group_id)
    names = {one.name for one in (await house.area.loops.plan(ADA, loop_id)).clips}
    assert "Mix" not in names
    assert len((await house.area.readings.open_set(ADA, loop_id)).clips) == 2


async def test_the_days_answer_is_kept_and_costs_nothing_again(house: House):
    house.clock.set(house.clock.now().replace(hour=12, minute=0))
    loop_id = await house.loop()
    house.api.otherwise(answers([GOOD], [], "Sketch comes first."))
    first = await house.summary(loop_id)
    house.clock.advance(hours=10)
    again = await house.summary(loop_id)
    assert (first.origin.written_at, again.text) == (None, first.text)
    assert again.origin.written_at is not None
    assert len(house.api.calls) == 1
    await house.summary(loop_id, fresh=True)
    assert len(house.api.calls) == 2
    await house.area.clips.move(ACTOR, ADA, (await house.area.loops.plan(ADA, loop_id)).clips[0].id, 2)
    await house.summary(loop_id)
    assert len(house.api.calls) == 3
    house.clock.advance(hours=2)
    await house.summary(loop_id)
    assert len(house.api.calls) == 4, "a new day"


async def test_readings_are_kept_with_what_they_cost(house: House):
    loop_id = await house.loop()
    house.api.otherwise(answers([GOOD], ["You could rest."], "Sketch comes first."))
    await house.suggest(loop_id)
    await house.summary(loop_id)
    found, count = await house.area.readings.insights(ADA, loop_id, None, 0, 10)
    assert count == 3
    assert {one.kind for one in found} == set(InsightKind)
    for one in found:
        assert one.ai_written
        assert one.model == "claude-haiku-5-5"
        assert one.prompt_version == "1"
        assert one.tokens_out is not None
        assert one.tokens_out > 0
        assert one.created_by == "Ada"
    months = await house.area.readings.costs(ADA)
    assert (months[0].readings, months[0].tokens > 0) == (3, True)


# ------------------------------------------------------------------ failures are told as what they are


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.RATE_LIMITED, Reason.RATE_LIMITED),
        (Fault.OVERLOADED, Reason.OVERLOADED),
        (Fault.TIMEOUT, Reason.TIMEOUT),
        (Fault.TRUNCATED, Reason.UNPARSABLE),
        (Fault.REFUSAL, Reason.REFUSED),
        (Fault.WRONG_SCHEMA, Reason.UNPARSABLE),
    ],
)
async def test_a_failing_ai_falls_back_to_the_rules(house: House, fault: Fault, reason: Reason):
    loop_id = await house.loop()
    before = await house.area.loops.plan(ADA, loop_id)
    house.api.always_fail(fault)
    if fault is Fault.TIMEOUT:
        impatient(house.client)
    found = await house.suggest(loop_id)
    assert (origin(found).outcome, origin(found).reason) == (Outcome.FAILED, reason)
    assert found.clips
    assert found.tips
    assert not found.is_ai
    summary = await house.summary(loop_id)
    assert summary.text.startswith("LoopOS loop summary: Clips: 3")
    assert not summary.origin.is_ai
    assert (await house.area.loops.plan(ADA, loop_id)).clips == before.clips
    house.api.recover()
    house.api.otherwise(answers([GOOD], []))
    assert (await house.suggest(loop_id)).is_ai


async def test_no_ideas_is_an_answer_of_its_own(house: House):
    loop_id = await house.loop()
    house.api.otherwise(answers([], []))
    found = await house.suggest(loop_id)
    assert origin(found).outcome is Outcome.NO_IDEAS
    assert not found.clips
    assert found.tips


async def test_ai_that_is_off_is_not_asked(house: House):
    loop_id = await house.loop()
    house.consent.on = False
    found = await house.suggest(loop_id)
    assert (origin(found).reason, house.api.calls) == (Reason.OFF, [])


async def test_an_empty_loop_is_offered_a_start_instead(house: House):
    edited = await house.area.loops.create(ACTOR, ADA, LoopFields())
    with pytest.raises(Refused):
        await house.suggest(edited.loop.id)
    assert house.api.calls == []


# ------------------------------------------------------------------ without a key


async def test_without_a_key_everything_works_by_the_rules(sqlite_database: Database, clock: FixedClock):
    area = open_loops(sqlite_database, clock, Neighbours(London()))
    loop_id = (await area.loops.create(ACTOR, ADA, LoopFields(name="Night Drive"))).loop.id
    await area.clips.add(ACTOR, ADA, loop_id, ClipFields("Sketch"))
    found = await area.readings.generate(ACTOR, ADA, loop_id, ASKER, say)
    assert found is not None
    assert len(found.clips) == 3
    assert origin(found).reason is Reason.NO_KEY
    accepted = await area.readings.accept(ACTOR, ADA, found.clips[0].id)
    assert accepted.clip is not None
    assert accepted.clip.source is Source.RULE
    summary = await area.readings.summary(ACTOR, ADA, loop_id, ASKER, say)
    again = await area.readings.summary(ACTOR, ADA, loop_id, ASKER, say)
    assert summary.text == again.text
    assert (await area.readings.insights(ADA, loop_id, None, 0, 5))[1] == 1
    for target in ExportTarget:
        made = await area.exports.make(ACTOR, ADA, loop_id, target, ASKER, say)
        assert made.export.state is ExportState.READY
        opened = await area.exports.open(ACTOR, ADA, made.export.id)
        assert opened.export.state is ExportState.TAKEN
    assert (await area.exports.page(ADA, 0, 10))[1] == 3


async def test_the_notebook_keeps_older_entries(sqlite_database: Database, clock: FixedClock):
    area = open_loops(sqlite_database, clock, Neighbours(London()))
    loop_id = (await area.loops.create(ACTOR, ADA, LoopFields(name="Night Drive"))).loop.id
    await area.clips.add(ACTOR, ADA, loop_id, ClipFields("Sketch"))
    await area.exports.make(ACTOR, ADA, loop_id, ExportTarget.ANALOGUE, ASKER, say)
    clock.advance(days=1)
    made = await area.exports.make(ACTOR, ADA, loop_id, ExportTarget.ANALOGUE, ASKER, say)
    assert made.file_text.count("loop insight") == 2
    assert made.export.document.count("loop insight") == 1


# ------------------------------------------------------------------ checks on AI texts


def subject() -> Subject:
    found, momentum = read(g8())
    return Subject(g8(), found, momentum, "any", NOW)


def test_a_long_summary_ends_at_a_sentence():
    assert cut_words("One two three. Four five six. Seven", 5) == "One two three."
    assert len(cut_words(("word " * 50 + ". ") * 9, 199).split()) <= 199


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Mix pass is next, in bar 4.", True),
        ("Eight clips, of which 4 are done: 97 percent of the plan.", True),
        ("You will reach 10,000 listeners.", False),
        ("You must finish Mix pass.", False),
        ("", False),
    ],
)
def test_a_summary_is_shown_only_with_its_own_numbers_and_kind_words(text: str, shown: bool):
    assert (checked_summary(text, subject(), loop_rules()) is not None) == shown


def test_spelling_is_british_outside_clip_names():
    assert british("Organize the colors of Gray Organize", ["Gray Organize"]) == (
        "Organise the colours of Gray Organize"
    )


def test_what_is_sent_does_not_change_with_the_hour():
    found, momentum = read(g8())
    later = Subject(g8(), found, momentum, "any", NOW.replace(hour=20))
    assert data_of(later) == data_of(subject())
