"""Phases: where a person is, what is offered, and the clicks that move them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.actors import Actor
from bot.clock import Clock
from bot.errors import NotFound
from bot.phases.machine import Met, accept, choose, executors_since_recovery, make_offer, met_conditions, start, stay
from bot.phases.model import Offer, OfferState, Phase, PhaseBook, PhaseEntry, PhaseFacts
from bot.phases.rules import PhaseRules
from bot.rules import load_rules
from storage.repositories.phases import PhaseRepository
from storage.unit import Database

PhaseListener = Callable[[int, Phase], None]


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
        self._listeners: list[PhaseListener] = []
        self.rules = load_rules("phases", PhaseRules)

    def subscribe(self, listener: PhaseListener) -> None:
        """Be told of owner and new phase after each change. Must not block."""
        self._listeners.append(listener)

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

    async def look(self, owner: int) -> PhaseLook:
        """Return where somebody is, and make the offer that is due; shown on a card, never sent by itself."""
        entry = await self.begin(Actor.system("phase"), owner)
        async with self._database.read(owner) as unit:
            book = await unit.repo(PhaseRepository).book()
        executors = executors_since_recovery(book.entries if book else ())
        facts = await self._facts.facts(owner, entry.entered_at, executors)
        async with self._database.write(Actor.system("phase"), owner, "phase.offer") as unit:
            phases = unit.repo(PhaseRepository)
            book = await phases.book() or start(unit.new_id, unit.now)
            met = met_conditions(book.current.phase, book.current.entered_at, facts, self.rules, unit.now)
            offered = make_offer(book, met, self.rules, unit.new_id, unit.now)
            await phases.save(book, offered)
        return PhaseLook(offered.current, met, offered.open_offer, facts, tuple(reversed(offered.entries[:-1])))

    async def choose(self, actor: Actor, owner: int, to: Phase) -> PhaseMove:
        """Enter a phase by the person's own choice."""
        return await self._change(
            actor, owner, "phase.choose", lambda book, new, now: choose(book, to, "chosen", new, now)
        )

    async def accept(self, actor: Actor, owner: int, offer_id: str) -> PhaseMove:
        """Follow an offer; an expired or superseded one answers with the present phase."""
        return await self._change(actor, owner, "phase.accept", lambda book, new, now: accept(book, offer_id, new, now))

    async def stay(self, actor: Actor, owner: int, offer_id: str) -> PhaseMove:
        """Close an offer and be left alone for a week."""
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
            move = PhaseMove(after.current, moved or after != before, unit.group_id)
        if moved:
            for listener in self._listeners:
                listener(owner, after.current.phase)
        return move

    async def history(self, owner: int) -> Sequence[PhaseEntry]:
        """Return all stays, newest first."""
        async with self._database.read(owner) as unit:
            book = await unit.repo(PhaseRepository).book()
        return tuple(reversed(book.entries)) if book else ()

    async def offer_state(self, owner: int, offer_id: str) -> OfferState:
        """Return what became of an offer. Raises NotFound."""
        async with self._database.read(owner) as unit:
            book = await unit.repo(PhaseRepository).book()
        offer = next((o for o in book.offers if o.id == offer_id), None) if book else None
        if offer is None:
            raise NotFound("phase", "/coach phase")
        return offer.state
