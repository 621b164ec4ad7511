"""Missions and the AI: services, the kinds of slots, and what the outbox renders of them."""

from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.ai.assistant import ClaudeAssistant
from bot.ai.client import CallSettings, MessagesClient
from bot.ai.rules import AiRules
from bot.ai.stored import StoredCache, StoredLedger
from bot.clock import Clock
from bot.engine import Engine
from bot.loops.area import LoopArea
from bot.metrics import Metrics
from bot.missions.decisions import Decisions, ExpirySlots, StepSlots
from bot.missions.desk import HEADER_CARD, NOTICE_CARD, STEP_CARD
from bot.missions.inputs import InputSource
from bot.missions.own_tools import MESSAGE_CARD, OwnTools
from bot.missions.ports import Presser
from bot.missions.redraws import RedrawSlots
from bot.missions.runs import MissionRuns, ResumeSlots
from bot.missions.service import MissionService
from bot.missions.tools import Catalogue
from bot.outbox import Outbox
from bot.rules import load_rules
from bot.settings import Settings
from bot.studio.service import Standing, StudioService
from bot.ui.strings import Catalogue as Strings
from bot.ui.strings import Finished
from bot.undo import ChangeService
from bot.wiring.mission_loops import LoopInput, LoopTools
from bot.wiring.mission_posts import MissionPosts
from storage.unit import Database


class House(Protocol):
    """What this area needs of the application's services."""

    settings: Settings
    database: Database
    clock: Clock
    engine: Engine
    outbox: Outbox
    studio: StudioService
    changes: ChangeService
    catalogue: Strings
    metrics: Metrics
    loops: LoopArea


@dataclass(frozen=True, slots=True)
class MissionArea:
    """The services of missions, as cogs reach them by `services.missions`."""

    service: MissionService
    decisions: Decisions
    catalogue: Catalogue
    assistant: ClaudeAssistant

    async def stop(self) -> None:
        """Let the connections to the AI go."""
        await self.assistant.aclose()


def make_assistant(house: House) -> ClaudeAssistant:
    """Return the assistant of this installation; without a key every answer says so."""
    settings, rules = house.settings, load_rules("ai", AiRules)
    client = None
    if settings.anthropic_api_key is not None:
        call = CallSettings(
            api_key=settings.anthropic_api_key.get_secret_value(),
            model=settings.ai_model,
            base_url=settings.anthropic_base_url,
            temperature=settings.ai_temperature,
        )
        client = MessagesClient(call, rules, house.clock)
    ledger, cache = StoredLedger(house.database), StoredCache(house.database)
    counts = AiCounts(house.metrics)
    return ClaudeAssistant(client, StudioConsent(house.studio), ledger, cache, rules, house.clock, metrics=counts)


def wire_missions(house: House, assistant: ClaudeAssistant) -> MissionArea:
    """Make the services and make their slots and deliveries known."""
    catalogue = Catalogue()
    LoopTools(house.loops).add_to(catalogue)
    OwnTools(house.database).add_to(catalogue)
    say = Finished(house.catalogue.words("en"))
    sources: list[InputSource] = [LoopInput(house.loops, say)]
    people, counts = StudioPeople(house.studio), MissionCounts(house.metrics)
    database, clock = house.database, house.clock
    service = MissionService(database, catalogue, sources, people)
    decisions = Decisions(database, clock, catalogue, people, house.changes, counts)
    runs = MissionRuns(database, clock, catalogue, sources, people, assistant, say, counts)
    posts = MissionPosts(decisions, service, house.studio, house.catalogue)
    for kind in (
        runs,
        ExpirySlots(decisions),
        StepSlots(decisions),
        ResumeSlots(database, service.resume),
        RedrawSlots(database, posts.redraw),
    ):
        house.engine.register(kind)
    posts.sender = lambda: house.outbox.sender
    house.outbox.register(HEADER_CARD, posts.header, on_sent=posts.header_sent, inbox=posts.inbox)
    house.outbox.register(STEP_CARD, posts.step, on_sent=posts.step_sent, inbox=posts.inbox)
    house.outbox.register(NOTICE_CARD, posts.notice, inbox=posts.inbox)
    house.outbox.register(MESSAGE_CARD, posts.message, inbox=posts.inbox)
    return MissionArea(service, decisions, catalogue, assistant)


class StudioPeople:
    """Zones and approvers, from the settings of people and servers."""

    def __init__(self, studio: StudioService) -> None:
        self._studio = studio

    async def zone(self, user_id: int, guild_id: int | None = None) -> ZoneInfo:
        return await self._studio.zone(user_id, guild_id)

    async def may_approve(self, who: Presser) -> bool:
        standing = Standing(who.user_id, who.guild_id, who.roles, who.can_manage_server)
        return await self._studio.is_approver(standing)


class StudioConsent:
    """AI is off until the server allows it and the person turned it on."""

    def __init__(self, studio: StudioService) -> None:
        self._studio = studio

    async def ai_allowed(self, person_id: int, guild_id: int | None) -> bool:
        if not (await self._studio.person_settings(person_id)).ai_consent:
            return False
        return guild_id is None or (await self._studio.guild_settings(guild_id)).ai_allowed


class AiCounts:
    """AI calls in the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def ai_call(self, prompt: str, outcome: str, tokens: int, microusd: int) -> None:
        self._metrics.ai_calls.labels(prompt, outcome).inc()
        self._metrics.ai_tokens.labels("all").inc(tokens)
        self._metrics.ai_cost.inc(microusd / 1_000_000)


class MissionCounts:
    """Runs, steps and decisions in the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def mission_run(self, outcome: str, planner: str) -> None:
        self._metrics.mission_runs.labels(outcome, planner).inc()

    def mission_step(self, tool: str, state: str) -> None:
        self._metrics.mission_steps.labels(tool, state).inc()

    def mission_decided(self, seconds: float) -> None:
        self._metrics.mission_decision_seconds.observe(seconds)
