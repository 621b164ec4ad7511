"""A coach that lives: the real engine and outbox over a real database, a chat that takes messages, a moved clock."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select

from bot.clock import FixedClock
from bot.coach.messages import register_deliveries
from bot.coach.ports import Sources
from bot.coach.service import CoachService, coach_service
from bot.coach.service.desk import Desk
from bot.engine import Engine, EngineRules
from bot.lifecycle import Supervisor
from bot.outbox import Outbox
from bot.ports import OutMessage, Policy, SendFailed, Sent, Target
from bot.rules import load_rules
from bot.say.card import Card
from bot.say.words import read_catalogue
from bot.slots import Lane
from bot.studio.service import StudioService
from storage.tables.coach import CoachStateRow
from storage.tables.engine import SlotRow
from storage.unit import Database
from tests.coach.banks import synthetic_bank


@dataclass
class Said:
    at: datetime
    person: int
    text: str


@dataclass
class Chat:
    """Takes direct messages as Discord does, counts how many were under way at once."""

    clock: FixedClock
    said: list[Said] = field(default_factory=list)
    failures: list[SendFailed] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def send(self, target: Target, message: OutMessage, nonce: str) -> Sent:
        if self.failures:
            raise self.failures.pop(0)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        card = message.card
        lead = str(card.lead) if isinstance(card, Card) else ""
        self.said.append(Said(self.clock.now(), target.id, lead))
        self.at_once -= 1
        return Sent(target.id, len(self.said))

    async def edit(self, target: Target, message_id: int, message: OutMessage) -> None:
        raise AssertionError("nothing is edited here")

    async def delete(self, target: Target, message_id: int) -> None:
        raise AssertionError("nothing is deleted here")

    async def find_own(self, target: Target, since: datetime, nonce: str) -> Sent | None:
        return None


class Life:
    """Everything between the clock and a person's messages."""

    lanes = (Lane.WORK, Lane.DM)

    def __init__(self, database: Database, clock: FixedClock, sources: Sources | None = None) -> None:
        self.database, self.clock = database, clock
        shipped = load_rules("engine", EngineRules)
        rules = shipped.model_copy(update={"dm_spacing_s": 0.0, "scheduled_sends_per_s": 1e9})
        self.chat = Chat(clock)
        self.outbox = Outbox(database, clock, self.chat, rules=rules)
        self.engine = Engine(database, clock, Supervisor(), rules)
        self.engine.register(self.outbox)
        self.coach: CoachService = coach_service(Desk(database, clock, sources, bank=synthetic_bank))
        for kind in self.coach.slots:
            self.engine.register(kind)
        self.studio = StudioService(database, clock, ())
        register_deliveries(self.coach, self.outbox, self.studio, read_catalogue())

    async def work(self) -> None:
        """Do what is due; what the work itself makes is drained with it."""
        await self.engine.tick()
        await self.engine.drain(self.lanes)

    async def live_until(self, until: datetime) -> None:
        """Let time pass from one due moment to the next, as a running bot would see them."""
        while True:
            planned, waiting = await self._next_due()
            coming = min((at for at in (planned, waiting) if at is not None), default=None)
            if coming is None or coming >= until:
                break
            self.clock.set(max(coming, self.clock.now()) + timedelta(seconds=1))
            if planned is not None and planned <= self.clock.now():
                await self.engine.tick()
            await self.engine.drain(self.lanes)
        self.clock.set(max(until, self.clock.now()))

    async def _next_due(self) -> tuple[datetime | None, datetime | None]:
        """Return when the next check-in or closing is planned, and when the next slot may be worked on."""
        async with self.database.system_read() as unit:
            slots = select(func.min(SlotRow.visible_at)).where(SlotRow.state.in_(("ready", "leased")))
            states = select(func.min(CoachStateRow.next_checkin_at), func.min(CoachStateRow.next_close_at))
            planned = [at for at in (await unit.session.execute(states)).one() if at is not None]
            return min(planned, default=None), (await unit.session.execute(slots)).scalar()


def closed_messages() -> SendFailed:
    return SendFailed(Policy.DM_CLOSED, "Cannot send messages to this user")


def too_fast() -> SendFailed:
    return SendFailed(Policy.DM_TOO_FAST, "You are opening direct messages too fast", 600)
