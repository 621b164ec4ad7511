"""A coach over a real database, a synthetic bank and a clock that moves when told."""

from datetime import UTC, datetime

from bot.actors import Actor
from bot.clock import FixedClock
from bot.coach.model import Role
from bot.coach.ports import Sources
from bot.coach.service import CoachService, coach_service
from bot.coach.service.desk import Desk
from storage.repositories.studio import PersonRepository
from storage.unit import Database
from tests.coach.banks import synthetic_bank

ADA, BEN = 1001, 1002
ada, ben = Actor.user(ADA, "Ada"), Actor.user(BEN, "Ben")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def coach(database: Database, clock: FixedClock, sources: Sources | None = None) -> CoachService:
    return coach_service(Desk(database, clock, sources, bank=synthetic_bank))


async def started(
    database: Database,
    clock: FixedClock,
    zone: str = "Europe/London",
    person: Actor = ada,
    sources: Sources | None = None,
) -> CoachService:
    """Return a coach with somebody who answered the first question."""
    service = coach(database, clock, sources)
    owner = person.user_id or 0
    async with database.write(person, owner, "seen") as unit:
        await unit.repo(PersonRepository).seen(person.name, "en")
    await service.profiles.start(person, owner, Role.ARTIST, zone)
    return service
