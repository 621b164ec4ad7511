"""Phases: where a person is, what is offered, and the clicks that move them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from bot.actors import Actor
from bot.clock import Clock
from bot.errors import Refused
from bot.happened import PHASE_ENTERED, happened
from bot.phases.machine import (
    Met,
    accept,
    choose,
    due_offer,
    executors_since_recovery,
    make_offer,
    met_conditions,
    start,
    stay,
)
from bot.phases.model import Condition, Offer, OfferState, Phase, PhaseBook, PhaseEntry, PhaseFacts
from bot.phases.rules import PhaseChoices, PhaseRules
from bot.rules import load_rules
from storage.repositories.phases import PhaseRepository
from storage.repositories.studio import SettingsRepository
from storage.unit import Database, Reading

SECTION = "phases"
UNKEPT = "load"
"""The id of the offer that a load check makes: it is in no table."""
MOST_BOUNCES = 5


class PhaseFactReader(Protocol):
    """Collect what happened since a phase was entered, from the areas that know."""

    async def facts(self, owner: int, since: datetime, executors: int) -> PhaseFacts: ...


class NoFacts:
    """Nothing happened."""

    async def facts(self, owner: int, since: datetime, executors: int) -> PhaseFacts:
        return PhaseFacts(executors_since_recovery=executors)


@dataclass(frozen=True, slots=True)
class PhaseLook:
    """Where somebody is: the stay, what is fulfilled, the open offer, the stays before (newest first)."""

    entry: PhaseEntry
    met: tuple[Met, ...]
    offer: Offer | None
    facts: PhaseFacts
    past: tuple[PhaseEntry, ...]
    bounces_needed: int = 2
    back_after: int | None = None
    """Days of silence before a return that was not asked about yet."""


@dataclass(frozen=True, slots=True)
class PhaseMove:
    """What a click did. `moved` False: it was too late, and nothing changed."""

    entry: PhaseEntry
    moved: bool
    group_id: str


class PhaseService:
    """The one door to phases."""

    def __init__(self, database: Database, clock: Clock, facts: PhaseFactReader) -> None:
        self._database = database
        self._clock = clock
        self._facts = facts
        self.rules = load_rules("phases", PhaseRules)

    async def phase(self, owner: int) -> Phase:
        """Return the phase; Generator for somebody new."""
        async with self._database.read(owner) as unit:
            book = await unit.repo(PhaseRepository).book()
        return book.current.phase if book else Phase.GENERATOR

    async def entry(self, owner: int) -> PhaseEntry | None:
        """Return the present stay, None before the first."""
        async with self._database.read(owner) as unit:
            book = await unit.repo(PhaseRepository).book()
        return book.current if book else None

    async def open_offer(self, owner: int) -> Offer | None:
        """Return the offer that waits for an answer, without looking for new ones."""
        async with self._database.read(owner) as unit:
            book = await unit.repo(PhaseRepository).book()
        return book.open_offer if book else None

    async def begin(self, actor: Actor, owner: int) -> PhaseEntry:
        """Enter the first phase at set-up; somebody who has one keeps it."""
        async with self._database.write(actor, owner, "phase.begin") as unit:
            phases = unit.repo(PhaseRepository)
            book = await phases.book()
            if book is None:
                book = start(unit.new_id, unit.now)
                await phases.save(None, book)
            return book.current

    async def look(self, owner: int, *, load_red: bool = False) -> PhaseLook:
        """Return where somebody is, and make the offer that is due; shown on a card, never sent by itself.

        `load_red`: the load check that was just asked for came out high. What it offers is shown once and not kept,
        as its result is not kept.
        """
        async with self._database.read(owner) as unit:
            book, choices = await unit.repo(PhaseRepository).book(), await self._choices(unit)
        if book is None:
            entry = await self.begin(Actor.system("phase"), owner)
            book = PhaseBook((entry,))
        rules = self.rules
        if choices.bounces is not None:
            rules = rules.model_copy(update={"builder_bounces": choices.bounces})
        now = self._clock.now()
        facts = await self._facts.facts(owner, book.current.entered_at, executors_since_recovery(book.entries))
        facts = replace(facts, load_red=False)
        met = met_conditions(book.current.phase, book.current.entered_at, facts, rules, now)
        is_silent = choices.silent_until is not None and now < choices.silent_until
        if not is_silent and due_offer(book.current, book.offers, met, rules, now) is not None:
            book = await self._offer(owner, met, rules)
        look = PhaseLook(
            book.current,
            met,
            book.open_offer,
            facts,
            tuple(reversed(book.entries[:-1])),
            rules.builder_bounces,
            facts.back_after_days if _may_ask_back(choices, now, rules) else None,
        )
        return self._with_load(look) if load_red else look

    async def _offer(self, owner: int, met: Sequence[Met], rules: PhaseRules) -> PhaseBook:
        async with self._database.write(Actor.system("phase"), owner, "phase.offer") as unit:
            phases = unit.repo(PhaseRepository)
            book = await phases.book() or start(unit.new_id, unit.now)
            offered = make_offer(book, met, rules, unit.new_id, unit.now)
            await phases.save(book, offered)
        return offered

    @staticmethod
    def _with_load(look: PhaseLook) -> PhaseLook:
        """Put the offer of a high load check in place of any other: asked for, it is always answered."""
        entry = look.entry
        if entry.phase is Phase.RECOVERY:
            return replace(look, offer=None)
        offer = Offer(UNKEPT, entry.id, Condition.LOAD_RED, Phase.RECOVERY, OfferState.OPEN, entry.entered_at)
        return replace(look, offer=offer, met=(Met(Condition.LOAD_RED, Phase.RECOVERY),))

    async def choices(self, owner: int) -> PhaseChoices:
        async with self._database.read(owner) as unit:
            return await self._choices(unit)

    async def set_bounces(self, actor: Actor, owner: int, bounces: int) -> str:
        """Set after how many distinct bounces a change from Builder is offered; return the group for Undo."""
        if not 1 <= bounces <= MOST_BOUNCES:
            raise Refused("phase_bounces", most=MOST_BOUNCES)
        return await self._keep(actor, owner, "phase.settings", bounces=bounces)

    async def asked_back(self, actor: Actor, owner: int) -> PhaseEntry:
        """Note that the question after a long silence was answered: it is not asked again for this return."""
        await self._keep(actor, owner, "phase.asked_back", asked_back_at=self._clock.now())
        return await self.begin(actor, owner)

    async def _choices(self, unit: Reading) -> PhaseChoices:
        return PhaseChoices.model_validate(await unit.repo(SettingsRepository).get(SECTION) or {})

    async def _keep(self, actor: Actor, owner: int, operation: str, **values: object) -> str:
        async with self._database.write(actor, owner, operation) as unit:
            kept = PhaseChoices.model_validate({**(await self._choices(unit)).model_dump(), **values})
            await unit.repo(SettingsRepository).put(SECTION, kept.model_dump(mode="json"))
            return unit.group_id

    async def choose(self, actor: Actor, owner: int, to: Phase) -> PhaseMove:
        """Enter a phase by the person's own choice."""
        return await self._change(
            actor, owner, "phase.choose", lambda book, new, now: choose(book, to, "chosen", new, now)
        )

    async def accept(self, actor: Actor, owner: int, offer_id: str) -> PhaseMove:
        """Follow an offer; an expired or superseded one answers with the present phase."""
        if offer_id == UNKEPT:
            return await self.choose(actor, owner, Phase.RECOVERY)
        return await self._change(actor, owner, "phase.accept", lambda book, new, now: accept(book, offer_id, new, now))

    async def stay(self, actor: Actor, owner: int, offer_id: str) -> PhaseMove:
        """Close an offer and be left alone for a week."""
        if offer_id == UNKEPT:
            until = self._clock.now() + timedelta(days=self.rules.stay_silence_days)
            group_id = await self._keep(actor, owner, "phase.stay", silent_until=until)
            return PhaseMove(await self.begin(actor, owner), True, group_id)
        return await self._change(actor, owner, "phase.stay", lambda book, _, now: stay(book, offer_id, now))

    async def offer(self, actor: Actor, owner: int, to: Phase) -> PhaseMove:
        """Do what a mission proposes and a person approved: enter the phase."""
        return await self.choose(actor, owner, to)

    async def _change(
        self,
        actor: Actor,
        owner: int,
        operation: str,
        step: Callable[[PhaseBook, Callable[[], str], datetime], PhaseBook],
    ) -> PhaseMove:
        async with self._database.write(actor, owner, operation) as unit:
            phases = unit.repo(PhaseRepository)
            book = await phases.book()
            if book is None:
                before = None
                book = start(unit.new_id, unit.now)
                await phases.save(None, book)
                await unit.session.flush()
            before = book
            after = step(before, unit.new_id, unit.now)
            await phases.save(before, after)
            moved = after.current.id != before.current.id
            if moved:
                await unit.add_slots([happened(unit, PHASE_ENTERED, after.current.id, phase=after.current.phase)])
            return PhaseMove(after.current, moved or after != before, unit.group_id)

    async def history(self, owner: int) -> Sequence[PhaseEntry]:
        """Return all stays, newest first."""
        async with self._database.read(owner) as unit:
            book = await unit.repo(PhaseRepository).book()
        return tuple(reversed(book.entries)) if book else ()


def _may_ask_back(choices: PhaseChoices, now: datetime, rules: PhaseRules) -> bool:
    """Say whether this return was not asked about yet: an answer holds as long as a return is new."""
    answered = choices.asked_back_at
    return answered is None or now - answered > timedelta(days=rules.back_within_days)
