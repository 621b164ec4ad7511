"""Several people look at one loop of the studio: everybody's panel follows everybody's change, of any process."""

from pathlib import Path
from typing import Any

import pytest

from bot.actors import Actor as Who
from bot.app.app import App
from bot.local.redirect import redirected
from bot.loops.clips import ClipFields
from storage.sight import Sight
from tests.journeys.test_clients import client, code_for, plan
from tests.product import Product, plain_settings, running
from tests.wire.kit import Actor


async def _look(ada: Actor, *people: Actor) -> None:
    """Let Ada start Low Tide for the studio, and everybody open its panel."""
    await ada.slash("/loop new", name="Low Tide", for_="studio")
    for person in people:
        await person.slash("/loop show", loop="Low Tide")


async def test_each_sees_what_the_other_does(product: Product) -> None:
    ada, ben = product.person("Ada").go("#general"), product.person("Ben").go("#general")
    await _look(ada, ada, ben)
    await ada.press("Post to channel")
    posted = product.channel("general")
    await ben.press("Add clip")
    await ben.fill(name="Ben's take")
    await ada.until_sees("- Ben's take")
    await ada.press("Add clip")
    await ada.fill(name="Ada's take")
    await ben.until_sees("- Ada's take")
    await product.work()
    assert "- Ben's take" in posted.text()
    assert "- Ada's take" in posted.text()


async def test_a_panel_is_drawn_as_its_own_person_sees_it(product: Product) -> None:
    ada, cy = product.person("Ada").go("#general"), product.newcomer("Cy").go("#general")
    await client(ada, "Ada Moon")
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    await cy.slash("/client join", code=await code_for(ada, "Ada Moon"))
    for person in (ada, cy):
        await person.slash("/loop show", loop="Low Tide")

    database, guild = product.services.database, next(iter(product.server.world.guilds))
    store, seen = product.services.loops.store, list[Sight | None]()
    usual = store.view

    async def view(owner: int, loop_id: str) -> Any:
        seen.append(database._sight_of(owner))
        return await usual(owner, loop_id)

    store.view = view
    lead = Who.user(ada.id, "Ada")
    loop_id = (await product.services.loops.loops.lines(guild))[0].loop.id
    await product.services.loops.clips.add(lead, guild, loop_id, ClipFields("Splits"))
    for person in (ada, cy):
        await person.until_sees("- Splits")
    assert {None if one is None else one.person for one in seen} == {None, cy.id}, "each in their own sight"


@pytest.mark.timeout(200)
async def test_a_change_of_another_process_is_seen_too(tmp_path: Path, clock: Any, postgres_database_url: str) -> None:
    async with running(tmp_path / "data", clock, database_url=postgres_database_url) as product:
        ada = product.person("Ada").go("#general")
        await _look(ada, ada)
        guild = next(iter(product.server.world.guilds))
        loop_id = (await product.services.loops.loops.lines(guild))[0].loop.id
        await product.services.database.neighbours.is_open.wait()
        settings = plain_settings(tmp_path / "second", postgres_database_url)
        with redirected(product.server.addresses):
            async with App(settings, clock, token=product.server.token, works_only=True) as second:
                ben = Who.user(product.person("Ben").id, "Ben")
                await second.services.loops.clips.add(ben, guild, loop_id, ClipFields("From afar"))
                await ada.until_sees("- From afar")
