"""Who has to agree: parts against all ways of seating people, and stories of votes, edits and people who leave."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clock import FixedClock
from bot.errors import AlreadyDone, BotError, NotAllowed, Refused
from bot.missions.model import Mission, Part, Step, StepState
from bot.missions.ports import Presser
from bot.missions.quorum import check_parts, code_of, mark, missing, parts_of, read_parts, store_parts, votes_needed
from storage.unit import Database
from tests.missions.bench import ADA, ADA_HERE, BEN_HERE, CAT_HERE, GUILD, Department, ada, left

RANKS = ("lead", "member", "client", "approver", "role:7", "person:5")
WHO = st.sampled_from(RANKS)


def quorums() -> st.SearchStrategy[tuple[Part, ...]]:
    parts = st.lists(st.builds(Part, WHO, st.integers(1, 3)), min_size=1, max_size=3, unique_by=lambda part: part.who)
    return parts.map(tuple).filter(lambda parts: votes_needed(parts) <= 5)


def seats_filled(parts: Sequence[Part], votes: Sequence[frozenset[str]]) -> int:
    """Return how many seats can be filled at most, by trying every order of people."""
    seats = [part.who for part in parts for _ in range(part.count)]
    people: list[frozenset[str]] = [*votes, *[frozenset[str]()] * len(seats)]
    return max(
        sum(seat in fits for seat, fits in zip(seats, order, strict=True))
        for order in itertools.permutations(people, len(seats))
    )


@settings(max_examples=150, deadline=None)
@given(quorums(), st.lists(st.frozensets(WHO, max_size=4), max_size=4), st.randoms())
def test_as_many_seats_are_filled_as_can_be_whoever_came_first(
    parts: tuple[Part, ...], votes: list[frozenset[str]], chance: random.Random
) -> None:
    left = missing(parts, votes)
    assert votes_needed(parts) - votes_needed(left) == seats_filled(parts, votes)
    assert {part.who for part in left} <= {part.who for part in parts}
    shuffled = chance.sample(votes, len(votes))
    assert votes_needed(missing(parts, shuffled)) == votes_needed(left)


@given(quorums())
def test_a_quorum_is_kept_and_chosen_as_it_was(parts: tuple[Part, ...]) -> None:
    assert read_parts(store_parts(parts), 1) == parts
    assert parts_of(code_of(parts)) == parts
    check_parts(parts, 5)


def test_a_number_alone_asks_that_many_approvers() -> None:
    assert read_parts(None, 2) == (Part("approver", 2),)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [Part("lead", 0)],
        [Part("lead", 6)],
        [Part("lead", 3), Part("client", 3)],
        [Part("boss")],
        [Part("role:x")],
        [Part("lead"), Part("lead")],
        [Part("lead"), Part("member"), Part("client"), Part("approver")],
    ],
)
def test_what_cannot_be_asked_for_is_refused(parts: list[Part]) -> None:
    with pytest.raises(Refused):
        check_parts(parts, 5)


# ---------------------------------------------------------------------- stories


@pytest.fixture
def dept(sqlite_database: Database, clock: FixedClock) -> Department:
    return Department(sqlite_database, clock)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 6, 1, 6, tzinfo=UTC))


PEOPLE = (2, 3, 4, 5, 6)


@dataclass
class Story:
    """What happened to one step: who is what now, and to which text each person said yes last."""

    dept: Department
    parts: tuple[Part, ...]
    chance: random.Random
    agreed: dict[int, int] = field(default_factory=dict)
    text: int = 0
    gone: set[int] = field(default_factory=set)

    def who(self, person: int) -> Presser:
        return Presser(person, f"P{person}", GUILD, is_there=person not in self.gone)

    async def roll(self, _server: int, person: int) -> Presser:
        return self.who(person)

    def fits(self, person: int) -> frozenset[str]:
        return frozenset() if person in self.gone else frozenset(self.dept.town.ranks.get(person, ()))

    @property
    def is_agreed(self) -> bool:
        votes = [self.fits(person) for person, text in self.agreed.items() if text == self.text]
        return seats_filled(self.parts, votes) == votes_needed(self.parts)

    async def happens(self, step: Step) -> None:
        person = self.chance.choice(PEOPLE)
        match self.chance.choice(("yes", "yes", "yes", "old yes", "edit", "leave", "lose", "gain")):
            case "yes":
                await self.says_yes(person, step, mark(step))
            case "old yes":
                await self.says_yes(person, step, "0" * 10)
            case "edit":
                self.text += 1
                await self.dept.decisions.edit(ADA_HERE, step.id, {"text": f"Text {self.text}"})
            case "leave":
                self.gone ^= {person}
            case "lose":
                self.dept.town.ranks[person] = set()
            case _:
                self.dept.town.ranks.setdefault(person, set()).add(self.chance.choice(RANKS))

    async def says_yes(self, person: int, step: Step, seen: str) -> None:
        wanted = {part.who for part in self.parts}
        try:
            await self.dept.decisions.approve(self.who(person), step.id, seen, self.roll)
        except (NotAllowed, AlreadyDone):
            counts = self.agreed.get(person) == self.text and bool(self.fits(person) & wanted)
            assert counts or not self.fits(person) & wanted
        else:
            if seen == mark(step):
                self.agreed = {one: text for one, text in self.agreed.items() if self.fits(one) & wanted}
                self.agreed[person] = self.text
                is_done = (await self.dept.step(step)).state is StepState.DONE
                assert is_done == self.is_agreed, "it runs with the last yes that is needed, and with none before"


@pytest.mark.parametrize("seed", range(12))
async def test_nothing_runs_until_the_needed_people_have_each_seen_what_it_says(dept: Department, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(3):
        kinds = chance.sample(RANKS[:4], chance.randint(1, 3))
        story = Story(dept, tuple(Part(who, chance.randint(1, 2)) for who in kinds)[:2], chance)
        dept.town.ranks = {person: set(chance.sample(RANKS, chance.randint(0, 3))) for person in PEOPLE}
        dept.wishes.texts = [f"Wish {seed} {number}"]
        mission = await dept.mission()
        await _decided_by(dept, mission, story.parts)
        [step] = await dept.run(mission, f"{seed}-{number}")
        for _ in range(25):
            await story.happens(step)
            step = await dept.step(step)
            assert (step.state is StepState.DONE) <= story.is_agreed, "it ran and they had not all agreed to it"
            if step.state is StepState.DONE:
                break
            assert await dept.notes(mission) == []


async def _decided_by(dept: Department, mission: Mission, parts: tuple[Part, ...]) -> None:
    """Choose who decides; a mission with a client's part is filed as a studio's would be."""
    from sqlalchemy import update

    from storage.tables.missions import MissionRow

    if any(part.who == "client" for part in parts):
        with pytest.raises(Refused, match="mission_client_unfiled"):
            await dept.service.decide_by(ada, ADA, mission.id, parts)
        async with dept.database.system_write("test") as unit:
            await unit.session.execute(update(MissionRow).where(MissionRow.id == mission.id).values(client_id="c"))
    await dept.service.decide_by(ada, ADA, mission.id, parts)


async def test_whoever_lost_their_role_is_named_and_does_not_count(dept: Department) -> None:
    mission = await dept.mission(quorum=2)
    dept.town.ranks = {BEN_HERE.user_id: {"approver"}, CAT_HERE.user_id: {"approver"}}
    [step] = await dept.run(mission)

    async def gone(_server: int, person: int) -> Presser:
        return Presser(person, "", GUILD, is_there=False)

    assert left(await dept.decisions.approve(BEN_HERE, step.id, roll=gone)) == 1
    second = await dept.decisions.approve(CAT_HERE, step.id, roll=gone)
    assert (left(second), second.fallen) == (1, ("Ben",))
    assert await dept.notes(mission) == []


async def test_a_press_that_was_meant_for_another_text_is_no_yes(dept: Department) -> None:
    mission = await dept.mission()
    [step] = await dept.run(mission)
    await dept.decisions.edit(ADA_HERE, step.id, {"text": "Something else"})
    decided = await dept.decisions.approve(ADA_HERE, step.id, mark(step))
    assert decided.edited_meanwhile
    assert await dept.notes(mission) == []
    with pytest.raises(BotError):
        await dept.decisions.approve_all(ADA_HERE, step.iteration_id, "0" * 10)
    assert (await dept.decisions.approve(ADA_HERE, step.id, mark(decided.view.step))).view.step.state is StepState.DONE


async def test_an_edit_says_whose_it_is_and_how_many_it_asks_anew(dept: Department) -> None:
    mission = await dept.mission(quorum=3)
    dept.town.approvers = {BEN_HERE.user_id, CAT_HERE.user_id}
    [step] = await dept.run(mission)
    for who in (BEN_HERE, CAT_HERE):
        await dept.decisions.approve(who, step.id)
    edited = (await dept.decisions.edit(replace(ADA_HERE, name="Ada"), step.id, {"text": "Another"})).view.step
    assert (edited.edited_name, edited.set_back) == ("Ada", 2)
