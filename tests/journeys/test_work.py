"""Who does what: given to people and to clients, told once, finished by anybody, handed on, gathered as one's work."""

import pytest
from sqlalchemy import select

from storage.tables.engine import ChangeRow
from tests.journeys.test_clients import client, code_for, plan
from tests.product import Product
from tests.wire.kit import Actor


@pytest.fixture
def ada(product: Product) -> Actor:
    """The owner of the server, who leads it."""
    return product.person("Ada").go("#general")


async def give(ada: Actor, clip: str, *people: int) -> None:
    """Open a clip's card and choose who does it; nobody: only open the choice."""
    await ada.slash("/loop show", loop="Low Tide")
    await ada.press("More")
    await ada.choose("What would you like to do?", "Change a clip")
    await ada.choose("Which clip?", clip)
    await ada.press("Who does it")
    if people:
        await ada.choose("Who does it?", *people)


async def test_what_is_given_is_told_once_and_gathered(product: Product, ada: Actor) -> None:
    ben = product.person("Ben").go("#general")
    await ben.slash("/studio me")
    await client(ada, "Ada Moon")
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    await ada.slash("/loop clip")
    await ada.fill(name="Splits", lane="action")
    await give(ada, "Teaser edit", ben.id)
    assert "*Teaser edit* is for Ben." in ada.sees()
    await give(ada, "Splits", ben.id)
    await product.live(minutes=45)

    ben.go("DM")
    assert ben.sees().count("Teaser edit") == 1
    assert ben.sees().count("Splits") == 1
    assert "Low Tide · Ada Moon · Studio · from Ada" in ben.sees()
    await ben.press("Open my work")
    assert "**This week**" in ben.sees()
    await ben.slash("/coach start")
    await ben.press("Artist")
    for _ in range(4):
        await ben.press("Skip")
    await ben.press("Make my first week")
    await ben.until_sees("Week ")
    await ben.slash("/coach plan")
    assert "**Given to you**" in ben.sees()

    await ben.go("#general").slash("/studio inbox")
    await ben.choose("Do something about one of them", "Teaser edit")
    await ben.press("Done")
    assert "*Teaser edit* is done." in ben.sees()
    await ada.slash("/loop show", loop="Low Tide")
    assert "· Ben" in ada.sees(), "who does what comes next stands on the panel"
    await ben.press("Undo")
    await ada.slash("/loop done", clip="Teaser edit")
    await ada.slash("/loop done", clip="Splits")
    await ben.slash("/studio inbox")
    assert "Nothing is waiting for you." in ben.sees(), "whoever finished it"


async def test_what_is_not_mine_goes_back_and_what_is_handed_on_is_told(product: Product, ada: Actor) -> None:
    ben, cleo = product.person("Ben").go("#general"), product.newcomer("Cleo").go("#general")
    await ben.slash("/studio me")
    await client(ada, "Ada Moon")
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    await give(ada, "Teaser edit", ben.id)
    await ben.slash("/studio inbox")
    await ben.choose("Do something about one of them", "Teaser edit")
    await ben.press("Hand on")
    await ben.choose("Who does it?", cleo.id)
    assert "*Teaser edit* is Cleo’s now." in ben.sees()
    await product.live(minutes=1)
    await cleo.slash("/loop list")
    await cleo.until_sees("1 note", "waits for you")
    assert "Teaser edit" not in cleo.go("DM").sees(), "nobody is written to who never wrote to me"
    await cleo.go("#general").slash("/studio inbox")
    assert "Teaser edit · by" in cleo.sees()
    await cleo.choose("Do something about one of them", "Teaser edit")
    await cleo.press("Not mine")
    assert "is back with Ben" in cleo.sees()
    await ben.slash("/studio inbox")
    assert "Teaser edit" in ben.sees()


async def test_quiet_hours_hold_the_message(product: Product, ada: Actor) -> None:
    ben = product.person("Ben").go("#general")
    await ben.slash("/studio me")
    await ben.press("Zone and hours")
    await ben.fill(time_zone="Tokyo", quiet_from="18:00", quiet_until="09:00")
    await client(ada, "Ada Moon")
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    await give(ada, "Teaser edit", ben.id)
    await product.live(hours=12)
    assert "Teaser edit" not in ben.go("DM").sees()
    await product.live(hours=3)
    assert "Teaser edit" in ben.sees()


async def test_a_client_finishes_what_was_given_to_them_and_nothing_else(product: Product, ada: Actor) -> None:
    cy = product.newcomer("Cy").go("#general")
    await client(ada, "Ada Moon")
    await plan(ada, "Low Tide", "Sign the splits", "Ada Moon")
    await ada.slash("/loop clip")
    await ada.fill(name="Press list", lane="promo")
    await cy.slash("/client join", code=await code_for(ada, "Ada Moon"))
    await ada.slash("/loop show", loop="Low Tide")
    await ada.press("More")
    await ada.choose("What would you like to do?", "Change a clip")
    await ada.choose("Which clip?", "Sign the splits")
    await ada.press("Who does it")
    await ada.press("Ada Moon does it")
    await cy.go("DM").slash("/studio inbox")
    assert "Sign the splits" in cy.sees()
    assert "Press list" not in cy.sees()
    await cy.go("#general").slash("/loop done", clip="Press list")
    assert "That was not given to you." in cy.sees()
    await product.live(minutes=1)
    await cy.slash("/loop done", clip="Sign the splits")
    await ada.slash("/client show", client="Ada Moon")
    assert "Sign the splits, done" in ada.sees()


async def test_nothing_is_given_to_bots_or_to_people_of_another_client(product: Product, ada: Actor) -> None:
    cy = product.newcomer("Cy").go("#general")
    for name in ("Ada Moon", "Night Bus"):
        await client(ada, name)
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    await cy.slash("/client join", code=await code_for(ada, "Night Bus"))
    await give(ada, "Teaser edit", cy.id)
    assert "Cy can’t see this plan." in ada.sees()
    await give(ada, "Teaser edit", product.server.world.bot.id)
    assert "is a bot. Choose a person." in ada.sees()


async def test_who_deletes_everything_leaves_studio_plans_standing_without_their_name(
    product: Product, ada: Actor
) -> None:
    ben = product.person("Ben").go("#general")
    await client(ada, "Ada Moon")
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    await ben.slash("/loop done", clip="Teaser edit")
    await ada.slash("/loop clip")
    await ada.fill(name="Splits", lane="action")
    await give(ada, "Splits", ben.id)
    await product.services.studio.privacy_delete(ben.id)
    await ada.slash("/loop show", loop="Low Tide")
    assert "Done: 1." in ada.sees(), "what Ben did is done"
    assert "· Ben" not in product.person("Ada").sees().rpartition("### Low Tide")[2]
    guild = next(iter(product.server.world.guilds))
    async with product.services.database.read(guild) as unit:
        changes = (await unit.session.execute(select(ChangeRow))).scalars().all()
    assert "a former member" in {change.actor_name for change in changes}
    assert not [change for change in changes if str(ben.id) in change.actor_reference or change.actor_name == "Ben"]
