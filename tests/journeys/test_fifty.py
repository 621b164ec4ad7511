"""Fifty members work on one loop of the studio at the same moment: everybody is answered, and nothing is lost.

What they take is chosen already: looking it up has a time limit of its own, and says so when that is over.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from bot.actors import Actor as Who
from bot.changes import RecordedChange
from bot.clock import FixedClock
from bot.loops.clips import ClipFields
from storage.repositories.changes import ChangeRepository
from tests.product import Product, running
from tests.wire.kit import Actor, typed

CROWD = 50


@dataclass
class Crowd:
    """Fifty members in #general, where the panel of the studio's loop Low Tide stands."""

    product: Product
    ada: Actor
    people: Sequence[Actor]
    guild: int
    loop_id: str

    async def add(self, name: str, start: int = 0) -> str:
        """Let Ada add a clip; return its id."""
        lead, clips = Who.user(self.ada.id, "Ada"), self.product.services.loops.clips
        return (await clips.add(lead, self.guild, self.loop_id, ClipFields(name, "creative", start, 1))).clip.id

    async def clips(self) -> dict[str, str]:
        """Return the ids of all clips by name."""
        plan = await self.product.services.loops.loops.plan(self.guild, self.loop_id)
        assert len(plan.clips) == len({clip.name for clip in plan.clips})
        return {clip.name: clip.id for clip in plan.clips}

    async def history(self, *clip_ids: str) -> list[RecordedChange]:
        """Return what happened to clips, newest first."""
        async with self.product.services.database.read(self.guild) as unit:
            changes = unit.repo(ChangeRepository)
            return [one for clip_id in clip_ids for one in await changes.of_entity("loop_clips", clip_id, 1000)]


@pytest.fixture
async def product(tmp_path: Path, clock: FixedClock, database_url: str) -> AsyncIterator[Product]:
    """The whole product, on either database."""
    async with running(tmp_path / "data", clock, database_url=database_url) as started:
        yield started


@pytest.fixture
async def crowd(product: Product) -> Crowd:
    ada = product.person("Ada").go("#general")
    await ada.slash("/loop new", name="Low Tide", for_="studio")
    guild = next(iter(product.server.world.guilds))
    loop_id = (await product.services.loops.loops.lines(guild))[0].loop.id
    people = [product.newcomer(f"Member{number:02}").go("#general") for number in range(CROWD)]
    return Crowd(product, ada, people, guild, loop_id)


@pytest.mark.timeout(300)
async def test_fifty_people_work_on_one_panel_at_once(crowd: Crowd) -> None:
    product, ada = crowd.product, crowd.ada
    own = [await crowd.add(f"Own {person.name}", number) for number, person in enumerate(crowd.people)]
    shared = await crowd.add("Shared")
    await ada.slash("/loop show", loop="Low Tide")
    await ada.press("Post to channel")
    panel = product.channel("general").messages()[-1]

    async def work(number: int, person: Actor) -> None:
        """Finish what is one's own, add one, and open the one that is everybody's."""
        await person.slash("/loop done", clip=typed(own[number]))
        await person.press("Add clip", on=panel)
        await person.fill(name=f"New {person.name}", start=str(number))
        await person.slash("/loop clip", clip=typed(shared))

    await asyncio.gather(*(work(number, person) for number, person in enumerate(crowd.people)))
    await asyncio.gather(*(person.fill(notes=f"From {person.name}") for person in crowd.people))

    there = await crowd.clips()
    assert len(there) == 2 * CROWD + 1
    for person in crowd.people:
        for told in (f"Finished Own {person.name}", f"Added New {person.name}", "Changed Shared"):
            assert told in await person.until_sees(told)
    everybody = sorted(person.name for person in crowd.people)
    done = [one for one in await crowd.history(*own) if one.operation == "loop.finish_clip"]
    assert sorted(one.actor_name for one in done) == everybody, "each once, by name"
    added = await crowd.history(*(there[f"New {name}"] for name in everybody))
    assert [one.actor_name for one in added] == everybody

    # All had the empty notes before them: each but the first is told whose words were there, in a chain without a gap.
    notes = [one for one in reversed(await crowd.history(shared)) if one.operation == "loop.edit_clip"]
    assert sorted(one.actor_name for one in notes) == everybody
    texts = [one.fields()["notes"] for one in notes]
    assert [before for before, _ in texts] == ["", *(after for _, after in texts[:-1])]
    by_name = {person.name: person for person in crowd.people}
    assert "*Shared*’s notes" not in by_name[notes[0].actor_name].sees()
    for before, one in pairwise(notes):
        assert f"{before.actor_name} changed *Shared*’s notes" in by_name[one.actor_name].sees()
    await product.work()
    assert "picture: Timeline of Low Tide, 101 clips" in product.channel("general").text()


@pytest.mark.timeout(300)
async def test_fifty_people_finish_the_same_clip_at_once(crowd: Crowd) -> None:
    shared = await crowd.add("Shared")
    await asyncio.gather(*(person.slash("/loop done", clip=typed(shared)) for person in crowd.people))
    (first,) = [one for one in await crowd.history(shared) if one.operation == "loop.finish_clip"]
    for person in crowd.people:
        told = "Finished Shared" if person.name == first.actor_name else f"already done by {first.actor_name}"
        assert told in person.sees()
