"""A worker to be killed: forked from a warm parent, it ticks, plans, posts and approves until it dies.

Run as `python -m tests.missions.kill_worker URL FOLDER`; each line "go" on its input forks one worker and prints
its process id. Time stands in FOLDER/clock; the messages of "Discord" stand in FOLDER/sent, one line each, and a
repeated nonce gives the first message, as Discord does.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.ai.sent import Item
from bot.engine import Engine, EngineRules
from bot.errors import BotError
from bot.lifecycle import Supervisor
from bot.missions.decisions import Decisions, ExpirySlots, StepSlots
from bot.missions.inputs import Choice, Idea, Resolved
from bot.missions.model import InputKind, InputRef
from bot.missions.own_tools import OwnTools
from bot.missions.rules import mission_rules
from bot.missions.runs import MissionRuns
from bot.missions.tools import Catalogue
from bot.outbox import Outbox
from bot.outbox_model import Delivery
from bot.ports import OutMessage, Sent, Target
from bot.posted import CardRules, PostedCards, follow_in, posted_card
from bot.posted_model import PostedCard
from bot.rules import load_rules
from bot.say.card import Card
from bot.undo import ChangeService
from storage.engine import open_engines
from storage.jobs import JobQueue
from storage.unit import Database, Unit
from tests.missions.bench import ADA_HERE, NoKey, Town, say

PATIENT = load_rules("engine", EngineRules).model_copy(update={"max_attempts": 99})
RULES = mission_rules().model_copy(update={"attempts_to_interrupt": 99})
"""Killed this often, a run would end as interrupted and its mission would wait: not what is tried here."""


class FileClock:
    """The time that the parent wrote."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        return datetime.fromtimestamp(int(self._file.read_text()), UTC)


class EverNew:
    """An input that has one new idea at every time."""

    kind = InputKind.WEEK
    sends = Item("week", ("",))

    async def resolve(self, owner: int, ref: str, now: datetime) -> Resolved:
        return Resolved(InputRef(self.kind), "Week", {})

    async def ideas(self, owner: int, ref: str, now: datetime) -> Sequence[Idea]:
        text = f"{owner} {now.isoformat()} {os.urandom(4).hex()}"
        return [Idea("mission.note", {"text": text}, text, "why", 1.0)]

    async def choices(self, owner: int) -> Sequence[Choice]:
        return []


class PaperSender:
    """Discord on paper."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def _find(self, nonce: str) -> Sent | None:
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        place = next((number for number, line in enumerate(lines, 1) if line.startswith(nonce + " ")), None)
        return Sent(1, place) if place else None

    async def send(self, target: Target, message: OutMessage, nonce: str) -> Sent:
        found = self._find(nonce)
        if found is None:
            with self._file.open("a") as file:
                file.write(f"{nonce} {message.card}\n")
            found = self._find(nonce)
        assert found is not None
        return found

    async def edit(self, target: Target, message_id: int, message: OutMessage) -> None: ...

    async def delete(self, target: Target, message_id: int) -> None: ...

    async def find_own(self, target: Target, since: datetime, nonce: str) -> Sent | None:
        return self._find(nonce)


async def work(url: str, folder: Path) -> None:
    clock = FileClock(folder / "clock")
    database = Database(open_engines(url, synchronous="NORMAL"), clock)
    catalogue, people = Catalogue(), Town()
    OwnTools(database).add_to(catalogue)
    decisions = Decisions(database, clock, catalogue, people, ChangeService(database))
    engine = Engine(database, clock, Supervisor(), PATIENT)
    outbox = Outbox(database, clock, PaperSender(folder / "sent"), rules=PATIENT)
    jobs = JobQueue(url, grace_s=0) if database.dialect == "postgresql" else None
    if jobs is not None:
        await jobs.open(database)
        engine.carry_by(jobs)

    async def render(delivery: Delivery) -> OutMessage:
        what = delivery.payload.get("step") or delivery.payload.get("iteration")
        return OutMessage(f"{delivery.kind} {what}")

    async def stored(unit: Unit, delivery: Delivery, sent: Sent) -> None:
        card = posted_card(delivery, sent, delivery.kind, str(delivery.payload["step"]))
        await follow_in(unit, card, sent.drawn_at or unit.now)

    async def draw(card: PostedCard) -> Card:
        return Card(f"{card.kind} {card.subject_id}")

    posted = PostedCards(database, clock, outbox, load_rules("cards", CardRules).model_copy(update={"redraw_s": 0}))
    posted.register("mission.step", draw)

    outbox.register("mission.step", render, on_sent=stored)
    outbox.register("mission.header", render)
    outbox.register("mission.notice", render)
    for kind in (
        outbox,
        MissionRuns(database, clock, catalogue, [EverNew()], people, NoKey(), say, rules=RULES),
        ExpirySlots(decisions),
        StepSlots(decisions),
        posted,
    ):
        engine.register(kind)

    async def once() -> None:
        await engine.tick()
        if jobs is None:
            await engine.drain(rounds=3)
        else:
            # Time jumps here, so that what waits by the database's own clock is put back at once.
            await jobs.reap(database, lost_s=0)
            await jobs.work_off(engine.run_by_id)
        for view in await decisions.open(ADA_HERE):
            try:
                await decisions.approve(ADA_HERE, view.step.id)
            except BotError:
                continue

    parent = os.getppid()
    while os.getppid() == parent:  # Nobody is left behind by a test that was stopped.
        try:
            await once()
        except (OperationalError, PoolTimeout, ConnectorException) as error:
            # On a machine so busy that a lock or a connection is waited for in vain; the product's loops go on as well.
            sys.stderr.write(f"again after {error!r}\n")
        await asyncio.sleep(0.002)


def main(url: str, folder: Path) -> None:
    for line in sys.stdin:
        if line.strip() != "go":
            return
        child = os.fork()
        if child == 0:
            # The pipe to the parent is for process ids; what is logged goes to the errors.
            os.dup2(2, 1)
            try:
                asyncio.run(work(url, folder))
            finally:
                os._exit(1)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    # The forks of a dead worker are not waited for: the kernel takes them away.
    import signal

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    main(sys.argv[1], Path(sys.argv[2]))
