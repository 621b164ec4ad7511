"""Somebody with a digest: the services over a real database, and bounces put straight into the catalogue."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.actors import Actor
from bot.bounces.model import Bounce, BounceId, BounceSource, Facts
from bot.clock import FixedClock
from bot.digest.model import DoneBounce, Energy, WeekData
from bot.digest.schedule import Window
from bot.digest.sending import DigestSlots
from bot.digest.server import ServerDigests, ServerPlan
from bot.digest.service import DigestService
from bot.engine import Engine
from bot.lifecycle import Supervisor
from storage.repositories.bounces import BounceRepository
from storage.unit import Database
from tests.releases.catalogue import Catalogue

ADA = 7001


def bounce_of(owner: int, name: str, at: datetime, length_s: float = 100.0) -> Bounce:
    digest = hashlib.sha256(f"{owner}{name}{at}".encode()).hexdigest()
    facts = Facts(length_s, int(length_s * 44100), 44100, 2, 16, "PCM_16", 1000, digest, digest)
    return Bounce(
        id=BounceId(""),
        owner_id=owner,
        title=name.rsplit(".", 1)[0],
        file_name=name,
        family=name,
        family_title=name,
        number=1,
        content_hash=digest,
        facts=facts,
        source=BounceSource.FOLDER,
        bounced_at=at,
        created_at=at,
        updated_at=at,
    )


async def put_bounce(database: Database, owner: int, name: str, at: datetime, length_s: float = 100.0) -> None:
    await put_bounces(database, owner, [bounce_of(owner, name, at, length_s)])


async def put_bounces(database: Database, owner: int, bounces: Sequence[Bounce]) -> None:
    async with database.write(Actor.system("test"), owner, "test.bounce") as unit:
        for bounce in bounces:
            await unit.repo(BounceRepository).add(replace(bounce, id=BounceId(unit.new_id())))


@dataclass
class Quiet:
    """A person whose settings a test holds in its hands."""

    zone_name: str = "Europe/London"
    by_dm: bool = True
    why_silent: str | None = None
    told_energy: Energy | None = None

    async def zone(self, user_id: int) -> ZoneInfo:
        return ZoneInfo(self.zone_name)

    async def words(self, user_id: int) -> Catalogue:
        return WORDS

    async def name(self, user_id: int) -> str:
        return "Ada"

    async def wants_digests(self, user_id: int) -> bool:
        return self.by_dm

    async def silenced(self, user_id: int, now: datetime) -> str | None:
        return self.why_silent

    async def open_at(self, user_id: int, now: datetime) -> datetime | None:
        return now

    async def pace(self, user_id: int) -> str:
        return "moderate"

    async def tells_energy(self, user_id: int) -> bool:
        return self.told_energy is not None

    async def energy(self, user_id: int, window: Window) -> Energy | None:
        return self.told_energy


WORDS = Catalogue()


@dataclass
class Happenings:
    """A week source whose data is a list of instants."""

    at: list[datetime] = field(default_factory=list)
    told: list[tuple[datetime, datetime]] = field(default_factory=list)

    async def fill(self, owner: int, window: Window, zone: ZoneInfo, data: WeekData) -> WeekData:
        self.told.append((window.after, window.until))
        inside = [at for at in self.at if window.after < at <= window.until]
        bounces = tuple(
            DoneBounce(f"b{self.at.index(at)}", f"take-{self.at.index(at)}.wav", "", 60.0, at.astimezone(zone), str(at))
            for at in inside
        )
        return replace(data, bounces=bounces)


async def everybody(person: int, channel: int) -> bool:
    """Let everybody speak everywhere."""
    return True


class NoServers:
    async def plans(self) -> Sequence[ServerPlan]:
        return ()

    async def plan(self, guild_id: int) -> ServerPlan | None:
        return None


class Sunday:
    """Digests over a real database and engine, with a clock of one's own."""

    def __init__(self, database: Database, clock: FixedClock, person: Quiet, source: Happenings) -> None:
        self.database, self.clock, self.person, self.source = database, clock, person, source
        self.service = DigestService(database, clock, person, [source])
        servers = ServerDigests(database, self.service, NoServers(), everybody)
        self.slots = DigestSlots(database, clock, self.service, servers)
        self.engine = Engine(database, clock, Supervisor())
        self.engine.register(self.slots)

    async def begin(self, owner: int = ADA) -> None:
        await self.service.wind(owner)

    async def live(self, *, hours: float = 24, times: int = 1) -> None:
        for _ in range(times):
            self.clock.advance(hours=hours)
            await self.engine.tick()
            await self.engine.drain()


def at(text: str, zone: str = "Europe/London") -> datetime:
    """Return an instant by local wall time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


HOUR = timedelta(hours=1)
