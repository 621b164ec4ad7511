"""A client's people decide steps that ask them: in a direct message, the step and nothing else."""

import re
from typing import Any

import pytest

from tests.journeys.test_clients import client
from tests.journeys.test_studio_missions import reads, runs, step_cards, studio_mission, studio_plan
from tests.product import Product
from tests.wire.kit import Actor
from tests.wire.reading import read_message


@pytest.fixture
def ada(product: Product) -> Actor:
    """The owner of the server, who leads it."""
    return product.person("Ada").go("#general")


@pytest.fixture
async def cy(product: Product, ada: Actor) -> Actor:
    """From the client's side, in by a code."""
    cy = product.newcomer("Cy").go("#general")
    await client(ada, "Ada Moon")
    await cy.slash("/client join", code=await newest_code(ada, "Ada Moon"))
    return cy.go("DM")


async def asks_client(ada: Actor, who: str = "One lead and the client") -> None:
    """Make a mission of the studio that is filed under the client and asks it."""
    await studio_plan(ada)
    await studio_mission(ada)
    await ada.press("File under a client")
    await ada.choose("File under a client", "Ada Moon")
    await ada.slash("/mission show", mission="On time")
    await ada.choose("Who decides", who)


def asked(cy: Actor) -> list[Any]:
    """Return the messages that ask Cy for something."""
    core = cy._stage.server.core
    return [one for one in cy.person.sees() if "asks you to agree" in read_message(core, one)]


async def newest_code(ada: Actor, name: str) -> str:
    await ada.slash("/client invite", client=name)
    return "-".join(re.findall(r"([2-9A-Z]{4})-([2-9A-Z]{4})", ada.sees())[-1])


async def test_a_client_agrees_in_a_direct_message_and_sees_the_step_alone(
    product: Product, ada: Actor, cy: Actor
) -> None:
    await asks_client(ada)
    await runs(product, ada)
    first, second, _third = step_cards(product)
    await cy.until_sees("Studio asks you to agree to this for Ada Moon.", "0 of 2")
    for secret in ("lead", "On time", "M1", "Run 1", "by rules", "0 of 2;"):
        assert secret not in cy.sees()
    await cy.press("Approve")
    assert "You agreed for Ada Moon." in cy.sees()
    assert "1 of 2" in cy.sees()
    await product.work()
    agreed = next(one for one in (first, second, _third) if "1 of 2" in reads(product, one))
    assert "1 of 2; still one lead" in reads(product, agreed)
    await ada.press("Approve", on=agreed)
    assert "Approved by Ada" in reads(product, agreed)
    await product.work()
    await cy.until_sees("Agreed by everybody who was asked, and done.")
    assert "Approved by" not in cy.sees(), "who else decided is the studio's to know"


async def test_an_edit_asks_the_client_anew(product: Product, ada: Actor, cy: Actor) -> None:
    await asks_client(ada)
    await runs(product, ada)
    await cy.until_sees("0 of 2")
    await cy.press("Approve")
    await product.work()
    agreed = next(one for one in step_cards(product) if "1 of 2" in reads(product, one))
    await ada.press("Edit", on=agreed)
    await ada.fill(start="12")
    await product.work()
    assert "1 approval was set back" in reads(product, agreed)
    await cy.until_sees("The studio changed this since it was proposed.")
    await ada.press("Approve", on=agreed)
    assert "still the client" in reads(product, agreed)


async def test_to_decline_takes_a_reason_and_a_question_goes_to_the_channel(
    product: Product, ada: Actor, cy: Actor
) -> None:
    await asks_client(ada, "The client")
    await runs(product, ada)
    await cy.until_sees("asks you to agree")
    await cy.press("Ask")
    await cy.fill(question="Does the video still fit?")
    await cy.until_sees("Studio has your question.")
    await product.work()
    await ada.until_sees("Cy (Ada Moon) asks", "Does the video still fit?")
    await cy.press("Decline")
    await cy.fill(reason="   ")
    await cy.until_sees("Say in a few words what speaks against it")
    await cy.press("Edit again")
    await cy.fill(reason="The bridge stays")
    await product.work()
    await ada.until_sees("Dismissed by Cy", "The bridge stays")


async def test_a_mission_that_is_filed_under_nobody_asks_no_client(product: Product, ada: Actor, cy: Actor) -> None:
    await studio_plan(ada)
    await studio_mission(ada)
    await ada.choose("Who decides", "The client")
    assert "filed under no client" in ada.sees()
    await asks_client_later(ada)
    await runs(product, ada)
    assert asked(cy) == []
    await ada.slash("/mission show", mission="On time")
    await ada.choose("Who decides", "The client")
    await product.work()
    await cy.until_sees("asks you to agree")
    await ada.slash("/mission show", mission="On time")
    await ada.press("File under a client")
    await ada.choose("File under a client", "Under no client")
    await product.work()
    assert asked(cy) == [], "what is no longer theirs is taken away"


async def asks_client_later(ada: Actor) -> None:
    await ada.slash("/mission show", mission="On time")
    await ada.press("File under a client")
    await ada.choose("File under a client", "Ada Moon")


async def test_only_who_came_in_by_a_code_and_may_approve_is_written_to(
    product: Product, ada: Actor, cy: Actor
) -> None:
    dee = product.newcomer("Dee").go("#general")
    await dee.slash("/client join", code=await newest_code(ada, "Ada Moon"))
    await ada.slash("/client show", client="Ada Moon")
    await ada.press("People")
    await ada.choose("Change what somebody may", dee.id)
    await ada.press("Let them look only")
    await asks_client(ada)
    await runs(product, ada)
    await cy.until_sees("asks you to agree")
    dee.go("DM")
    assert asked(dee) == []
    other = product.newcomer("Eve").go("#general")
    await client(ada, "Night Bus")
    await other.slash("/client join", code=await newest_code(ada, "Night Bus"))
    await other.slash("/mission review")
    assert "No open proposals" in other.sees()
    await cy.go("#general").slash("/mission review")
    assert "asks you to agree" in cy.sees()
    assert "lead" not in cy.sees().split("asks you to agree")[-1]


async def test_what_a_client_agrees_to_in_the_server_is_carried_out(product: Product, ada: Actor, cy: Actor) -> None:
    """Where they see what is filed under them and nothing else, the step is still done with the house's own eyes."""
    await asks_client(ada, "The client")
    await runs(product, ada)
    await cy.go("#general").slash("/mission review")
    assert "asks you to agree" in cy.sees()
    await cy.press("Approve")
    await cy.until_sees("Agreed by everybody who was asked, and done.", "Next proposal")
    assert await cy.offers("/mission show", "mission") == []


async def test_it_waits_for_the_end_of_quiet_hours(product: Product, ada: Actor, cy: Actor) -> None:
    await asks_client(ada)
    hours = (22 - product.clock.now().hour) % 24
    await product.live(hours=hours, step_s=3600)
    await runs(product, ada)
    assert step_cards(product)
    assert asked(cy) == []
    await product.live(hours=12, step_s=3600)
    assert len(asked(cy)) == 3


async def test_whoever_is_taken_out_decides_nothing_any_more(product: Product, ada: Actor, cy: Actor) -> None:
    await asks_client(ada)
    await runs(product, ada)
    await cy.until_sees("0 of 2")
    await ada.slash("/client show", client="Ada Moon")
    await ada.press("People")
    await ada.choose("Change what somebody may", cy.id)
    await ada.press("Take out")
    await cy.press("Approve")
    assert "I can’t find that proposal" in cy.sees() or "can’t find" in cy.sees()
    assert all("0 of 2" in reads(product, one) for one in step_cards(product))
