"""Phases over a real database: what a card may offer, what is kept of it, what a person set."""

from dataclasses import dataclass, field, replace

import pytest

from bot.actors import Actor
from bot.clock import FixedClock
from bot.errors import Refused
from bot.phases.model import Condition, Phase, PhaseFacts
from bot.phases.service import PhaseService
from storage.base import Base
from storage.unit import Database

ADA = 7001
DOER = Actor.user(ADA, "Ada")
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Told:
    """Facts that a test holds in its hands."""

    now: PhaseFacts = field(default_factory=PhaseFacts)

    async def facts(self, owner: int, since: object, executors: int) -> PhaseFacts:
        return replace(self.now, executors_since_recovery=executors)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def phases(database: Database, clock: FixedClock, told: Told) -> PhaseService:
    return PhaseService(database, clock, told)


async def _everything_kept(database: Database) -> str:
    """Return all rows about phases, settings and history as text."""
    found: list[str] = []
    async with database.system_read() as unit:
        for table in ("user_phases", "phase_history", "phase_offers", "settings", "changes"):
            found += [str(tuple(row)) for row in await unit.session.execute(Base.metadata.tables[table].select())]
    return "\n".join(found)


async def test_a_high_load_check_offers_recovery_at_once_and_leaves_no_trace(
    phases: PhaseService, database: Database
) -> None:
    look = await phases.look(ADA, load_red=True)
    assert look.offer is not None
    assert (look.offer.condition, look.offer.to_phase) == (Condition.LOAD_RED, Phase.RECOVERY)
    assert (await phases.look(ADA)).offer is None, "asked for once, shown once"
    assert "load" not in await _everything_kept(database)
    move = await phases.accept(DOER, ADA, look.offer.id)
    assert move.entry.phase is Phase.RECOVERY
    assert (await phases.look(ADA, load_red=True)).offer is None, "somebody who rests is not sent to rest"
    assert "load" not in await _everything_kept(database)


async def test_staying_after_a_load_check_silences_other_offers_for_a_week(
    phases: PhaseService, told: Told, clock: FixedClock
) -> None:
    await phases.begin(DOER, ADA)
    clock.advance(days=4)
    look = await phases.look(ADA, load_red=True)
    assert look.offer is not None
    await phases.stay(DOER, ADA, look.offer.id)
    told.now = PhaseFacts(ideas=3)
    assert (await phases.look(ADA)).offer is None
    assert [met.condition for met in (await phases.look(ADA)).met] == [Condition.CAPTURED], "it is still shown as met"
    clock.advance(days=7, minutes=1)
    assert (await phases.look(ADA)).offer is not None
    assert await phases.phase(ADA) is Phase.GENERATOR, "nothing moved by itself"


async def test_looking_again_and_again_makes_one_offer_and_writes_nothing_more(
    phases: PhaseService, told: Told, clock: FixedClock, database: Database
) -> None:
    await phases.choose(DOER, ADA, Phase.BUILDER)
    clock.advance(days=3)
    told.now = PhaseFacts(bounces=2, has_release_ahead=True)
    first = await phases.look(ADA)
    assert first.offer is not None
    assert first.offer.to_phase is Phase.EXECUTOR
    before = await _everything_kept(database)
    for _ in range(3):
        clock.advance(hours=1)
        assert (await phases.look(ADA)).offer == first.offer
    assert await _everything_kept(database) == before


async def test_the_number_of_bounces_before_an_offer_is_a_setting(
    phases: PhaseService, told: Told, clock: FixedClock
) -> None:
    await phases.choose(DOER, ADA, Phase.BUILDER)
    clock.advance(days=3)
    told.now = PhaseFacts(bounces=2)
    await phases.set_bounces(DOER, ADA, 4)
    look = await phases.look(ADA)
    assert (look.bounces_needed, look.offer) == (4, None)
    told.now = PhaseFacts(bounces=4)
    assert (await phases.look(ADA)).offer is not None
    for wrong in (0, 6):
        with pytest.raises(Refused):
            await phases.set_bounces(DOER, ADA, wrong)


async def test_after_a_long_silence_one_question_and_an_answer_ends_it(
    phases: PhaseService, told: Told, clock: FixedClock
) -> None:
    await phases.begin(DOER, ADA)
    told.now = PhaseFacts(back_after_days=25)
    assert (await phases.look(ADA)).back_after == 25
    entry = await phases.asked_back(DOER, ADA)
    assert entry.phase is Phase.GENERATOR
    assert (await phases.look(ADA)).back_after is None
    clock.advance(days=40)
    assert (await phases.look(ADA)).back_after == 25, "another return is another question"
