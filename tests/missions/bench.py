"""A mission department without Discord: real storage, real engine, a chosen assistant, inputs made of ideas."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.actors import Actor
from bot.ai.model import Answer, Asker, Failed, Question, Reason, ReplyT
from bot.ai.sent import Item
from bot.clock import FixedClock
from bot.engine import Engine
from bot.lifecycle import Supervisor
from bot.missions.decisions import Decided, Decisions, ExpirySlots, StepSlots
from bot.missions.inputs import Choice, Idea, Resolved
from bot.missions.model import InputKind, InputRef, Mission, Step
from bot.missions.own_tools import OwnTools
from bot.missions.ports import Presser
from bot.missions.quorum import approvers, votes_needed
from bot.missions.runs import MissionRuns, ResumeSlots
from bot.missions.service import MissionDraft, MissionService
from bot.missions.tools import Catalogue
from bot.undo import ChangeService
from storage.repositories.deliveries import DeliveryRepository
from storage.repositories.mission_steps import StepRepository
from storage.repositories.missions import MissionRepository
from storage.tables.engine import DeliveryRow
from storage.unit import Database

ADA, BEN, CAT = 1001, 1002, 1003
GUILD, CHANNEL = 2001, 3001
ada = Actor.user(ADA, "Ada")
ADA_HERE = Presser(ADA, "Ada", GUILD)
BEN_HERE = Presser(BEN, "Ben", GUILD)
CAT_HERE = Presser(CAT, "Cat", GUILD)


class NoKey:
    """The assistant of an installation without a key."""

    model = ""

    async def unavailable(self, asker: Asker) -> Reason | None:
        return Reason.NO_KEY

    async def ask(self, question: Question[ReplyT]) -> Answer[ReplyT]:
        return Failed(Reason.NO_KEY)


@dataclass
class Wishes:
    """An input whose ideas are notes to keep; `ready` may be changed between runs."""

    kind: InputKind = InputKind.WEEK
    sends: Item = field(default_factory=lambda: Item("week", ("open",)))
    texts: list[str] = field(default_factory=lambda: ["Finish the bridge"])
    broken: bool = False

    async def resolve(self, owner: int, ref: str, now: datetime) -> Resolved:
        if self.broken:
            raise ValueError("the week cannot be read")
        return Resolved(InputRef(self.kind, ref), "This week", {"open": list(self.texts)})

    async def ideas(self, owner: int, ref: str, now: datetime) -> Sequence[Idea]:
        return [
            Idea("mission.note", {"text": text}, f"Keep: {text}", "It is the next open task.", 1.0 - place / 10)
            for place, text in enumerate(self.texts)
        ]

    async def choices(self, owner: int) -> Sequence[Choice]:
        return [Choice(InputRef(self.kind), "This week")]


@dataclass
class Town:
    """Zones, and who is what: `ranks` holds what somebody can fill besides the approvers."""

    zone_name: str = "Europe/Berlin"
    approvers: set[int] = field(default_factory=set)
    ranks: dict[int, set[str]] = field(default_factory=dict)
    servers: set[int] = field(default_factory=set)
    client_people: list[int] = field(default_factory=list)

    async def zone(self, user_id: int, guild_id: int | None = None) -> ZoneInfo:
        return ZoneInfo(self.zone_name)

    async def is_server(self, owner: int) -> bool:
        return owner in self.servers

    async def fits(self, who: Presser, mission: Mission) -> frozenset[str]:
        found = {"owner", "approver"} if who.user_id == mission.owner_id else set[str]()
        if mission.client_id is not None and who.user_id in self.client_people:
            found.add("client")
        if mission.guild_id is not None and who.guild_id == mission.guild_id and who.is_there:
            found |= self.ranks.get(who.user_id, set())
            found |= {"approver"} if who.user_id in self.approvers else set()
        return frozenset(found)

    async def approving(self, owner: int, client_id: str) -> Sequence[int]:
        return self.client_people

    async def clients_of(self, user_id: int) -> Sequence[tuple[int, str]]:
        return ()

    async def client_name(self, owner: int, client_id: str) -> str:
        return "Ada Moon"

    async def studio_name(self, owner: int) -> str:
        return "Studio"


def left(decided: Decided) -> int:
    """Return how many approvals are still missing."""
    return votes_needed(decided.open_parts)


def voters(decided: Decided) -> tuple[str, ...]:
    return tuple(vote.voter_name for vote in decided.view.votes)


def say(key: str, /, **parts: object) -> str:
    return f"{key} {parts.get('mission', '')}".strip()


class Department:
    """Everything of missions, wired as the application wires it."""

    def __init__(self, database: Database, clock: FixedClock, assistant: object | None = None) -> None:
        self.database, self.clock = database, clock
        self.wishes, self.town = Wishes(), Town()
        self.catalogue = Catalogue()
        OwnTools(database).add_to(self.catalogue)
        self.changes = ChangeService(database)
        self.service = MissionService(database, self.catalogue, [self.wishes], self.town)
        self.decisions = Decisions(database, clock, self.catalogue, self.town, self.changes)
        self.runs = MissionRuns(
            database,
            clock,
            self.catalogue,
            [self.wishes],
            self.town,
            assistant or NoKey(),  # type: ignore[arg-type]
            say,
        )
        self.engine = Engine(database, clock, Supervisor())
        self.engine.register(self.runs)
        self.engine.register(ExpirySlots(self.decisions))
        self.engine.register(StepSlots(self.decisions))
        self.engine.register(ResumeSlots(database, self.service.resume))

    async def mission(
        self, cadence: str = "manual", owner: int = ADA, *, place: int | None = GUILD, quorum: int = 1, **more: object
    ) -> Mission:
        """Make a mission that asks before it keeps a note; `place` None: one of no server. `quorum`: of approvers."""
        draft = MissionDraft(
            title="Night Drive",
            objective="Keep it moving",
            cadence=cadence,
            inputs=(InputRef(InputKind.WEEK),),
            guild_id=place,
            channel_id=CHANNEL,
            quorum=approvers(quorum),
            **more,  # type: ignore[arg-type]
        )
        actor = Actor.user(owner, "Ada")
        changed = await self.service.new(actor, owner, draft)
        await self.ask_first(owner)
        return changed.mission

    async def ask_first(self, owner: int = ADA) -> None:
        from bot.missions.model import Policy

        agents = await self.service.agents(Actor.user(owner, "Ada"), owner)
        await self.service.set_policy(
            Actor.user(owner, "Ada"), owner, agents.agents[0].id, "mission.note", Policy.PROPOSE
        )

    async def go(self) -> None:
        """Tick and work off everything but posts."""
        from bot.slots import Lane

        await self.engine.tick()
        await self.engine.drain([Lane.WORK])

    async def run(self, mission: Mission, key: str = "1") -> list[Step]:
        """Run a mission by hand and return the steps of that iteration."""
        iteration = await self.service.run_now(ada, mission.owner_id, mission.id, key)
        await self.go()
        return list((await self.service.run(mission.owner_id, iteration.id)).steps)

    async def notes(self, mission: Mission) -> list[str]:
        async with self.database.read(mission.owner_id) as unit:
            return await unit.repo(MissionRepository).notes(mission.id)

    async def step(self, step: Step) -> Step:
        async with self.database.read(step.owner_id) as unit:
            found = await unit.repo(StepRepository).step(step.id)
        assert found is not None
        return found

    async def posts(self, kind: str) -> int:
        from sqlalchemy import func, select

        async with self.database.system_read() as unit:
            statement = select(func.count()).select_from(DeliveryRow).where(DeliveryRow.kind == kind)
            return (await unit.session.execute(statement)).scalar_one()


__all__ = ["DeliveryRepository", "Department"]
