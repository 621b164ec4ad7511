"""Missions that belong to the server: made by its leads, decided by its people as the mission asks, in a channel."""

import re
from typing import Any

import pytest

from tests.journeys.test_studio_plans import _role, _set
from tests.product import Product
from tests.wire.kit import Actor
from tests.wire.reading import read_message


@pytest.fixture
def ada(product: Product) -> Actor:
    """The owner of the server, who leads it."""
    return product.person("Ada").go("#general")


@pytest.fixture
def ben(product: Product) -> Actor:
    """One of the team."""
    return product.person("Ben").go("#general")


async def studio_plan(ada: Actor, name: str = "Low Tide", *clips: str) -> None:
    await ada.slash("/loop new", name=name, for_="studio")
    for clip in clips or ("Bridge", "Outro"):
        await ada.slash("/loop clip")
        await ada.fill(name=clip)


def offered(ada: Actor, kind: str = "loop") -> list[str]:
    """Return what of a kind the open form offers to read."""
    assert ada.form is not None
    return re.findall(rf"'({kind}:[0-9a-f]*)'", str(ada.form.modal))


async def studio_mission(ada: Actor, **more: Any) -> None:
    await ada.slash("/mission new", for_="studio")
    values: dict[str, Any] = {"title": "On time", "objective": "Keep Low Tide moving", "cadence": "manual"}
    await ada.fill(values | {"inputs": offered(ada)[:1], "channel": ada.person.channel} | more)


async def runs(product: Product, ada: Actor) -> None:
    await ada.slash("/mission run", mission="On time")
    await product.work()


def step_cards(product: Product) -> list[Any]:
    """Return the messages of proposals in the channel."""
    core = product.server.core
    return [one for one in product.channel("general").messages() if "step 1-" in read_message(core, one)]


def reads(product: Product, message: Any) -> str:
    found = product.server.core.world.message(message.channel_id, message.id)
    assert found is not None
    return read_message(product.server.core, found)


async def test_a_lead_makes_it_the_team_sees_it_and_a_lead_decides(product: Product, ada: Actor, ben: Actor) -> None:
    await studio_plan(ada)
    await ada.slash("/loop new", name="Diary")
    await ben.slash("/mission new", for_="studio")
    assert "Only a lead of Studio may do that." in ben.sees()
    await studio_mission(ada)
    assert "one lead" in ada.sees()
    await runs(product, ada)
    first = step_cards(product)[0]
    await ben.slash("/mission list")
    assert "On time" in ben.sees()
    assert "studio" in ben.sees()
    assert any(name.startswith("On time") for name in await ben.offers("/mission show", "mission"))
    await ben.slash("/mission show", mission="On time")
    assert "Keep Low Tide moving" in ben.sees()
    await ben.slash("/mission history", mission="On time")
    assert "Run 1" in ben.sees()
    for refused in ("edit", "pause", "run", "delete"):
        await ben.slash(f"/mission {refused}", mission="On time")
    assert ben.sees().count("Only a lead of Studio may do that.") == 5
    await ben.press("Approve", on=first)
    assert "This is not yours to decide" in ben.sees()
    await ada.press("Approve", on=first)
    assert "Approved by Ada" in reads(product, first)
    await ben.slash("/mission list", owner="me")
    assert "No mission here" in ben.sees()


async def test_one_of_a_studio_proposes_in_a_channel_and_reads_nothing_of_a_person(
    product: Product, ada: Actor
) -> None:
    await studio_plan(ada)
    await ada.slash("/loop new", name="Diary")
    await ada.slash("/mission new", for_="studio")
    assert ada.form is not None
    modal = str(ada.form.modal)
    assert "Low Tide" in modal
    for personal in ("Diary", "Your goals", "This week", "Your phase"):
        assert personal not in modal
    with pytest.raises(Exception, match="channel"):
        await ada.fill(title="On time", objective="Keep it moving", channel=None)
    await studio_mission(ada)
    await runs(product, ada)
    assert step_cards(product)
    assert "On time" not in product.person("Ada").go("DM").sees()


async def test_a_lead_and_one_of_the_team_agree_and_an_edit_asks_them_anew(
    product: Product, ada: Actor, ben: Actor
) -> None:
    await studio_plan(ada)
    await studio_mission(ada)
    await ada.choose("Who decides", "One lead and one of the team")
    await runs(product, ada)
    first = step_cards(product)[0]
    assert "0 of 2; still one lead and one of the team" in reads(product, first)
    await ben.press("Approve", on=first)
    await ben.until_sees("Counted. It still waits for one lead.")
    assert "1 of 2; still one lead" in reads(product, first)
    await ben.press("Edit", on=first)
    await ben.until_sees("To change it or plan anew is up to a lead.")
    await ada.press("Edit", on=first)
    await ada.fill(start="8")
    await product.work()
    assert "Ada changed it" in reads(product, first)
    assert "1 approval was set back" in reads(product, first)
    await ada.press("Approve", on=first)
    assert "still one of the team" in reads(product, first)
    await ben.press("Approve", on=first)
    assert "Approved by Ben" in reads(product, first)
    await ada.press("Undo", on=first)
    assert "Taken back" in reads(product, first)


async def test_whoever_lost_their_role_has_not_agreed(product: Product, ada: Actor, ben: Actor) -> None:
    """Asked of Discord at the press that would carry it out."""
    cy = product.newcomer("Cy").go("#general")
    team = _role(product, "Team", ben, cy)
    await _set(product, member_role=team)
    await studio_plan(ada)
    await studio_mission(ada)
    await ada.choose("Who decides", "One lead and one of the team")
    await runs(product, ada)
    first = step_cards(product)[0]
    await ben.press("Approve", on=first)
    next(iter(product.server.world.guilds.values())).members[ben.id].role_ids.remove(team)
    await ada.press("Approve", on=first)
    await ada.until_sees("The approval of Ben does not count any more")
    assert "1 of 2; still one of the team" in reads(product, first)
    await cy.press("Approve", on=first)
    assert "Approved by Cy" in reads(product, first)


async def test_all_steps_at_once_count_for_who_presses(product: Product, ada: Actor, ben: Actor) -> None:
    await studio_plan(ada)
    await studio_mission(ada)
    await ada.choose("Who decides", "One lead and one of the team")
    await runs(product, ada)
    await ben.press("Approve all 3")
    await ben.until_sees("3 were counted and wait for others.")
    await product.work()
    await ada.slash("/mission review")
    assert "1 of 2; still one lead" in ada.sees()


async def test_a_guest_finds_no_mission_of_the_studio(product: Product, ada: Actor, ben: Actor) -> None:
    await _set(product, guest_role=_role(product, "Guests", ben))
    await studio_plan(ada)
    await studio_mission(ada)
    await ben.slash("/mission list")
    assert "No mission here" in ben.sees()
    assert await ben.offers("/mission show", "mission") == []
    await runs(product, ada)
    first = step_cards(product)[0]
    await ben.press("Approve", on=first)
    assert "This is not yours to decide" in ben.sees()


async def test_a_lead_goes_through_what_waits_and_stops_the_studio_s_agents(product: Product, ada: Actor) -> None:
    await studio_plan(ada)
    await studio_mission(ada)
    await runs(product, ada)
    await ada.slash("/mission review")
    assert "Waiting for you" in ada.sees()
    await ada.slash("/mission agents", for_="studio")
    assert "Coach" not in ada.sees()
    await ada.press("Pause all")
    assert "1 agent paused." in ada.sees()
    await ada.slash("/mission delete", mission="On time")
    await ada.press("Delete On time")
    assert "in the bin for 30 days" in ada.sees()
    await ada.press("Restore")
    await ada.slash("/mission list", owner="studio")
    assert "On time" in ada.sees()
