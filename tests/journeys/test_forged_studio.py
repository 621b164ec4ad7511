"""Ids of a studio's missions and bounces, made up or taken: a guest and another client's person press each of them.

What a lead's cards carry and what a client's person was sent, as it is, with their own mark, and with none.
"""

from pathlib import Path
from typing import Any

import pytest

from bot.local.model import Message
from tests.journeys.test_client_approvals import asks_client, newest_code
from tests.journeys.test_clients import client, plan
from tests.journeys.test_forged import controls, rows_of, told_to
from tests.journeys.test_studio_bounces import export
from tests.journeys.test_studio_missions import runs
from tests.journeys.test_studio_plans import _role, _set
from tests.product import Product
from tests.wire.kit import Actor

SECRET = "Low Tide"


@pytest.fixture
def ada(product: Product) -> Actor:
    """The owner of the server, who leads it."""
    return product.person("Ada").go("#general")


async def everything(product: Product, ada: Actor) -> dict[str, tuple[Message, dict[str, Any]]]:
    """Make a mission that asks a client, look at all of it, and return every control that anybody got."""
    cy = product.newcomer("Cy").go("#general")
    await client(ada, "Ada Moon")
    await cy.slash("/client join", code=await newest_code(ada, "Ada Moon"))
    await asks_client(ada)
    await runs(product, ada)
    for command in ("/mission list", "/mission stats", "/mission review"):
        await ada.slash(command)
    await ada.slash("/mission agents", for_="studio")
    for command in ("/mission show", "/mission history"):
        await ada.slash(command, mission="On time")
    await ada.press("File under a client")
    await cy.go("DM").until_sees("asks you to agree")
    # What guests may do with loops is asked elsewhere.
    found = {one: part for one, part in (controls(ada) | controls(cy)).items() if one.split(":")[1] == "mission"}
    actions = {custom_id.split(":")[2] for custom_id in found}
    assert {"approve", "dismiss", "edit-step", "decides", "file", "client-yes", "client-no", "client-ask"} <= actions
    return found


async def somebody_else(product: Product, ada: Actor, who: str) -> Actor:
    """Return a guest of the server, or somebody from another client's side."""
    eve = product.newcomer("Eve").go("#general")
    if who == "a guest":
        await _set(product, guest_role=_role(product, "Guests", eve))
    else:
        await client(ada, "Night Bus")
        await eve.slash("/client join", code=await newest_code(ada, "Night Bus"))
    return eve


@pytest.mark.parametrize("who", ["a guest", "another client"])
async def test_what_is_not_theirs_tells_nothing_and_stays_as_it_is(product: Product, ada: Actor, who: str) -> None:
    hers = await everything(product, ada)
    eve = await somebody_else(product, ada, who)
    await product.work()
    guild = next(iter(product.server.world.guilds))
    before = await rows_of(product.services.database, guild)
    assert await told_to(product, eve, hers, SECRET) == []
    assert await told_to(product, eve, hers, "Keep it moving") == []
    after = await rows_of(product.services.database, guild)
    assert {table: rows for table, rows in after.items() if rows != before.get(table)} == {}


async def test_another_client_s_person_presses_nothing_of_a_studio_s_bounce(
    product: Product, ada: Actor, tmp_path: Path
) -> None:
    await client(ada, "Ada Moon")
    await plan(ada, SECRET, "Teaser edit", "Ada Moon")
    await export(ada, tmp_path, f"{SECRET}.wav")
    await ada.slash("/bounce list")
    await ada.slash("/bounce show", bounce=SECRET)
    for label, select, picked in (("Link to loop", "Choose a loop", SECRET), ("Tag", "Choose a tag", "Keeper")):
        await ada.press(label)
        await ada.choose(select, picked)
    await ada.press("More")
    hers = {one: part for one, part in controls(ada).items() if one.split(":")[1] == "bounce"}
    assert {"tag", "tagged", "link", "linked", "post", "more", "next", "delete", "show"} <= {
        custom_id.split(":")[2] for custom_id in hers
    }
    eve = await somebody_else(product, ada, "another client")
    await product.work()
    guild = next(iter(product.server.world.guilds))
    before = await rows_of(product.services.database, guild)
    assert await told_to(product, eve, hers, SECRET) == []
    after = await rows_of(product.services.database, guild)
    assert {table: rows for table, rows in after.items() if rows != before.get(table)} == {}
