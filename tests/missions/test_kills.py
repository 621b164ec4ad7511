"""Exactly once under SIGKILL at any point of tick, plan, staging, posting, approval and execution."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.clock import FixedClock
from bot.missions.model import InputKind, InputRef, Policy
from bot.missions.own_tools import OwnTools
from bot.missions.service import MissionDraft, MissionService
from bot.missions.tools import Catalogue
from storage.engine import open_engines
from storage.tables.engine import ChangeRow, SlotRow
from storage.tables.missions import IterationRow, MissionNoteRow, ScheduleRow, StepEventRow, StepRow
from storage.tables.posted import PostedCardRow
from storage.unit import Database
from tests.missions.bench import ADA, CHANNEL, GUILD, Town, Wishes, ada

START = datetime(2026, 6, 1, 6, 1, tzinfo=UTC)
MISSIONS = 3
PERIOD = timedelta(minutes=120)
STEP = timedelta(seconds=121)
"""A little more than a lease."""


class Company:
    """Workers from one warm parent, and the clock they share."""

    def __init__(self, url: str, folder: Path, seed: int) -> None:
        self.folder, self.rng = folder, random.Random(seed)
        self.now = START
        self.set_clock(START)
        (folder / "sent").touch()
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.missions.kill_worker", url, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "errors").open("w"),
            text=True,
            cwd=Path(__file__).resolve().parents[2],
        )
        self.workers: list[int] = []

    def set_clock(self, now: datetime) -> None:
        self.now = now
        new = self.folder / "clock.new"
        new.write_text(str(int(now.timestamp())))
        new.replace(self.folder / "clock")

    def hire(self) -> None:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write("go\n")
        self._parent.stdin.flush()
        self.workers.append(int(self._parent.stdout.readline()))

    def kill_one(self) -> None:
        assert self.all_live(), (self.folder / "errors").read_text()[-3000:]
        os.kill(self.workers.pop(self.rng.randrange(len(self.workers))), signal.SIGKILL)

    def all_live(self) -> bool:
        """Tell whether nobody died but by our hand."""
        return all(Path(f"/proc/{one}").exists() for one in self.workers) if Path("/proc").exists() else True

    def close(self) -> None:
        while self.workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.workers.pop(), signal.SIGKILL)
        assert self._parent.stdin is not None
        self._parent.stdin.close()
        self._parent.wait(60)


async def make_missions(database: Database) -> None:
    catalogue = Catalogue()
    OwnTools(database).add_to(catalogue)
    service = MissionService(database, catalogue, [Wishes()], Town())
    for number in range(MISSIONS):
        # An agent each: an agent works on one mission at a time.
        agent = await service.new_agent(ada, ADA, f"Agent {number}", "")
        await service.set_policy(ada, ADA, agent.id, "mission.note", Policy.PROPOSE)
        draft = MissionDraft(
            f"Mission {number}",
            "x",
            "every 120 minutes",
            (InputRef(InputKind.WEEK),),
            guild_id=GUILD,
            channel_id=CHANNEL,
            agent_id=agent.id,
        )
        await service.new(ada, ADA, draft)


async def quiet(database: Database, now: datetime) -> bool:
    """Tell whether nothing is due, open or waiting at this time.

    Asked in the order in which work moves on, so that nothing slips by between two questions.
    """
    due = select(ScheduleRow.id).where(ScheduleRow.next_run_at <= now)
    slots = select(SlotRow.id).where(SlotRow.state.in_(("ready", "leased")), SlotRow.kind != "mission_expiry")
    steps = select(StepRow.id).where(StepRow.state == "pending")
    async with database.system_read() as unit:
        for question in (due, slots, steps, slots):
            if (await unit.session.execute(question.limit(1))).first() is not None:
                return False
    return True


async def live(url: str, folder: Path, *, kills: int, processes: int, seed: int) -> None:
    clock = FixedClock(START)
    database = Database(open_engines(url), clock)
    await make_missions(database)
    company = Company(url, folder, seed)
    try:
        for _ in range(processes):
            company.hire()
        done = periods = 0
        while done < kills:
            periods += 1
            company.set_clock(START + periods * PERIOD)
            for _ in range(company.rng.randint(1, 3)):
                await asyncio.sleep(company.rng.uniform(0.02, 0.25))
                company.kill_one()
                company.hire()
                done += 1
            (folder / "kills").write_text(str(done))
            await settle(database, company)
        await settle(database, company)
        await verify(database, folder, periods, company.now)
    finally:
        company.close()
        await database.close()
    errors = (folder / "errors").read_text().split("Traceback")[1:]
    assert all("is locked" in one for one in errors), errors[-1][-3000:]


async def settle(database: Database, company: Company) -> None:
    """Let the workers finish this period; leases of the dead run out as time goes on, within the period.

    The longer it takes, the longer it is waited for before time moves again: a busy machine is not a fault.
    """
    for patience in (0.25, 0.25, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 64):
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if await quiet(database, company.now):
                return
            await asyncio.sleep(0.01)
        assert company.all_live(), (company.folder / "errors").read_text()[-3000:]
        company.set_clock(company.now + STEP)
    raise AssertionError("the work of this period did not end")


async def verify(database: Database, folder: Path, periods: int, now: datetime) -> None:
    async with database.read(ADA) as unit:
        iterations = list((await unit.session.execute(select(IterationRow))).scalars())
        steps = list((await unit.session.execute(select(StepRow))).scalars())
        notes = list((await unit.session.execute(select(MissionNoteRow.text))).scalars())
        events = list((await unit.session.execute(select(StepEventRow))).scalars())
        posted = list((await unit.session.execute(select(PostedCardRow.subject_id))).scalars())
        changes = list(
            (await unit.session.execute(select(ChangeRow).where(ChangeRow.entity == "mission_notes"))).scalars()
        )
    by_key = Counter(row.slot_key for row in iterations)
    assert all(count == 1 for count in by_key.values()), "each due time gives one iteration"
    by_mission = Counter(row.mission_id for row in iterations)
    assert len(by_mission) == MISSIONS
    assert all(count >= periods for count in by_mission.values()), "no due time is lost"
    assert {row.status for row in iterations} == {"approved"}
    assert len(steps) == len(iterations), "each plan is staged once"
    assert all(step.state == "done" for step in steps)
    assert Counter(notes) == Counter(step.params["text"] for step in steps), "each approval is carried out once"
    assert len(changes) == len(steps)
    approvals = Counter(event.step_id for event in events if event.state_after == "approved")
    assert all(approvals[step.id] == 1 for step in steps)
    sent = [line.split(" ", 1) for line in (folder / "sent").read_text().splitlines()]
    cards = Counter(card for _, card in sent if card.startswith("mission.step"))
    assert set(cards) == {f"mission.step {step.id}" for step in steps}, "each step has its message"
    assert set(cards.values()) == {1}, "and only one"
    assert set(posted) == {step.id for step in steps}, "each message is known for what it shows"


@pytest.fixture(params=[("sqlite", 1), ("postgres", 2)], ids=["sqlite", "postgres, two processes"])
def house(request: pytest.FixtureRequest) -> tuple[str, int]:
    """A database at head and how many processes work on it."""
    engine, processes = request.param
    return request.getfixturevalue(f"{engine}_database_url"), processes


@pytest.mark.timeout(600)
async def test_kills_neither_lose_nor_double_anything(house: tuple[str, int], tmp_path: Path):
    await live(house[0], tmp_path, kills=2, processes=house[1], seed=1)


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_more_kills_neither_lose_nor_double_anything(house: tuple[str, int], tmp_path: Path):
    await live(house[0], tmp_path, kills=5, processes=house[1], seed=1)


@pytest.mark.soak
@pytest.mark.timeout(3000)
async def test_five_hundred_kills(house: tuple[str, int], tmp_path: Path):
    await live(house[0], tmp_path, kills=500, processes=house[1], seed=2)
