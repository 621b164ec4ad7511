"""What leaves somebody's sight: their client put away, a plan filed elsewhere, they are taken out, an offer is void."""

from typing import Any

import pytest

from bot.actors import Actor as Who
from bot.clients.model import ClientDraft
from bot.local.model import Message
from bot.local.parts import walk
from tests.journeys.test_clients import client, code_for, plan
from tests.journeys.test_forged import base36
from tests.journeys.test_handovers import hand
from tests.journeys.test_studio_plans import _role, _set
from tests.journeys.test_work import give
from tests.product import Product
from tests.wire.kit import Actor
from tests.wire.reading import read_message


@pytest.fixture
def ada(product: Product) -> Actor:
    """The owner of the server, who leads it."""
    return product.person("Ada").go("#general")


@pytest.fixture
async def cy(product: Product, ada: Actor) -> Actor:
    """Comes from Ada Moon's side into a studio that also works for Night Bus, and is in the server."""
    cy = product.newcomer("Cy").go("#general")
    for name in ("Ada Moon", "Night Bus"):
        await client(ada, name)
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    await plan(ada, "Depot", "Secret mix", "Night Bus")
    await cy.slash("/client join", code=await code_for(ada, "Ada Moon"))
    return cy


async def file_under(ada: Actor, name: str) -> None:
    await ada.slash("/loop show", loop="Low Tide")
    await ada.press("More")
    await ada.choose("What would you like to do?", "File under a client")
    await ada.choose("File under a client", name)


def newest(product: Product, person: Actor) -> str:
    return read_message(product.server.core, person.last())


def parts_of(person: Actor) -> list[tuple[str, Message]]:
    """Return the ids of everything that can be pressed on the newest card."""
    message = person.last()
    return [(part["custom_id"], message) for part in walk(message.components) if part.get("custom_id")]


def again(product: Product, person: Actor, message: Message) -> str:
    """Return what a message on somebody's screen shows by now."""
    return next(read_message(product.server.core, one) for one in person.person.sees() if one.id == message.id)


async def test_whose_client_is_put_away_or_deleted_does_not_become_one_of_the_house(
    product: Product, ada: Actor, cy: Actor
) -> None:
    await ada.slash("/client archive", client="Ada Moon")
    for is_binned in (False, True):
        if is_binned:
            await ada.slash("/client delete", client="Ada Moon")
            await ada.fill(typed="Ada Moon")
        await cy.slash("/loop list")
        assert "No open loops" in newest(product, cy)
        assert await cy.offers("/loop show", "loop") == []
        assert await cy.offers("/client show", "client") == []


async def test_what_is_filed_elsewhere_is_no_work_of_the_client_before(product: Product, ada: Actor, cy: Actor) -> None:
    await ada.slash("/loop show", loop="Low Tide")
    await ada.press("Add clip")
    await ada.fill(name="Splits", lane="action")
    await give(ada, "Splits", cy.id)
    await give(ada, "Teaser edit")
    await ada.press("Ada Moon does it")
    await cy.slash("/studio inbox")
    assert "Teaser edit" in newest(product, cy)
    assert "Splits" in newest(product, cy)
    await file_under(ada, "Night Bus")
    await cy.slash("/studio inbox")
    assert "Nothing is waiting for you." in newest(product, cy)
    await ada.press("Undo")
    await cy.slash("/studio inbox")
    assert "Splits" in newest(product, cy), "Undo gives it back"

    await ada.slash("/client archive", client="Ada Moon")
    await cy.slash("/studio inbox")
    assert "Nothing is waiting for you." in newest(product, cy)
    await ada.press("Undo")
    await ada.slash("/client show", client="Ada Moon")
    await ada.press("People")
    await ada.choose("Change what somebody may", cy.id)
    await ada.press("Take out")
    await cy.slash("/studio inbox")
    assert "Nothing is waiting for you." in newest(product, cy)


async def test_an_open_panel_follows_nothing_that_its_reader_may_see_no_more(
    product: Product, ada: Actor, cy: Actor
) -> None:
    await cy.slash("/loop show", loop="Low Tide")
    panel = cy.last()
    await ada.slash("/loop show", loop="Low Tide")
    own = ada.last()
    await file_under(ada, "Night Bus")
    await ada.press("Add clip", on=own)
    await ada.fill(name="Not for Cy", lane="promo")
    await product.wait_for(lambda: "Not for Cy" in again(product, ada, own))
    loops: Any = product.bot.get_cog("Loops")
    await product.wait_for(lambda: loops.panels._tokens.waiting == 0)
    assert "Not for Cy" not in again(product, cy, panel)
    await cy.press("More", on=panel)
    assert "I can’t find that loop." in newest(product, cy)


async def test_who_gave_it_to_themselves_lets_it_go(product: Product, ada: Actor) -> None:
    await client(ada, "Ada Moon")
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    await give(ada, "Teaser edit", ada.id)
    await ada.slash("/studio inbox")
    await ada.choose("Do something about one of them", "Teaser edit")
    await ada.press("Not mine")
    assert "*Teaser edit* is given to you no more." in ada.sees()
    await ada.slash("/studio inbox")
    assert "Nothing is waiting for you." in newest(product, ada)


async def test_all_of_sixty_clients_can_be_filed_under(product: Product, ada: Actor) -> None:
    guild = next(iter(product.server.world.guilds))
    for number in range(60):
        draft = ClientDraft(name=f"*Client* {number:02}", zone="Asia/Tokyo")
        await product.services.clients.create(Who.user(ada.id, "Ada"), guild, draft)
    await ada.slash("/client list")
    assert r"\*Client\* 00 · Artist" in ada.sees()
    await ada.slash("/loop new", name="Low Tide", for_="studio")
    await ada.press("More")
    await ada.choose("What would you like to do?", "File under a client")
    await ada.choose("File under a client", "More clients (these are 1–23 of 60)")
    await ada.choose("File under a client", "More clients (these are 24–46 of 60)")
    await ada.choose("File under a client", "*Client* 59")
    assert r"Filed under \*Client\* 59" in ada.sees()


async def test_offers_reach_nobody_unasked_and_hold_while_their_giver_leads(product: Product, ada: Actor) -> None:
    ben, mem, gus = product.person("Ben").go("#general"), product.newcomer("Mem"), product.newcomer("Gus")
    await _set(
        product, member_role=_role(product, "Team", mem), guest_role=_role(product, "Guests", gus),
        lead_role=_role(product, "Leads", ben),
    )  # fmt: skip
    await ada.slash("/loop new", name="Low Tide", for_="studio")
    await hand(ben, "Low Tide")
    await ben.choose("Whose shall it be?", gus.id)
    assert "Gus is a guest here and looks on." in ben.sees()
    await hand(ben, "Low Tide")
    await ben.choose("Whose shall it be?", mem.id)
    assert "Mem has no direct messages from me; it waits in their inbox." in ben.sees()
    await product.live(minutes=5)
    assert "Low Tide" not in mem.go("DM").sees(), "nobody is written to who never wrote to me"
    await _set(product, lead_role=None)
    await mem.go("#general").slash("/studio inbox")
    ((made_up, _),) = [one for one in parts_of(mem) if ":h-yes:" in one[0]]
    await ada.slash("/studio me")
    own = ada.last()
    part = next(part for part in walk(own.components) if part["type"] == 2)
    part["custom_id"] = f"{made_up.rpartition(':')[0]}:~{base36(ada.id)}"
    await ada.press(part["label"], on=own)
    assert "belongs to" not in newest(product, ada), "no lead says yes for somebody else"
    await mem.press("Take it")
    assert "Ben leads Studio no more" in mem.sees()


async def test_an_invitation_says_when_everybody_here_is_of_the_team(product: Product, ada: Actor) -> None:
    await client(ada, "Ada Moon")
    await code_for(ada, "Ada Moon")
    assert "everybody in this server is of the team" in newest(product, ada)
    await _set(product, member_role=_role(product, "Team"))
    code = await code_for(ada, "Ada Moon")
    assert "everybody in this server is of the team" not in newest(product, ada)
    assert "here or in a direct message with me" in newest(product, ada)
    cy = product.newcomer("Cy").go("DM")
    await cy.slash("/client join", code=code)
    await cy.go("#general").slash("/client list")
    assert "Ada Moon" in newest(product, cy), "from then on here, too"


async def test_loops_of_the_same_name_are_told_apart_by_their_client(product: Product, ada: Actor, cy: Actor) -> None:
    await ada.slash("/loop new", name="Low Tide", for_="studio")
    await ada.press("Add clip")
    await ada.fill(name="Teaser edit")
    await ada.press("More")
    await ada.choose("What would you like to do?", "File under a client")
    await ada.choose("File under a client", "Night Bus")
    for command, option, text in (("/loop show", "loop", "Low"), ("/loop done", "clip", "Teaser")):
        offered = await ada.offers(command, option, text)
        assert {name.rpartition(" · ")[2] for name in offered} == {"Ada Moon", "Night Bus"}
        (theirs,) = await cy.offers(command, option, text)
        assert "Night Bus" not in theirs


async def test_who_left_the_server_reads_nothing_of_its_plans(product: Product, ada: Actor) -> None:
    ben, world = product.person("Ben").go("#general"), product.server.world
    await ben.slash("/studio me")
    await client(ada, "Ada Moon")
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    await give(ada, "Teaser edit", ben.id)
    await ben.slash("/studio inbox")
    assert "Teaser edit" in newest(product, ben)
    world.leave(next(iter(world.guilds.values())), ben.person.user)
    await ben.go("DM").slash("/studio inbox")
    assert "Nothing is waiting for you." in newest(product, ben)
