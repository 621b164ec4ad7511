"""Clients of a server: added, shown, filed under; somebody from their side comes in and sees theirs alone."""

import io
import re
import zipfile

import pytest

from tests.journeys.test_studio_plans import _set
from tests.product import Product
from tests.wire.kit import Actor


@pytest.fixture
def ada(product: Product) -> Actor:
    """The owner of the server, who leads it."""
    return product.person("Ada").go("#general")


async def client(ada: Actor, name: str) -> None:
    await ada.slash("/client new")
    await ada.fill(name=name, zone="Europe/Berlin")


async def plan(ada: Actor, name: str, clip: str, under: str) -> None:
    await ada.slash("/loop new", name=name, for_="studio", start="2026-03-02")
    await ada.press("Add clip")
    await ada.fill(name=clip)
    await ada.slash("/loop show", loop=name)
    await ada.press("More")
    await ada.choose("What would you like to do?", "File under a client")
    await ada.choose("File under a client", under)


async def code_for(ada: Actor, name: str) -> str:
    await ada.slash("/client invite", client=name)
    return re.findall(r"\b[2-9A-Z]{4}-[2-9A-Z]{4}\b", ada.sees())[-1]


async def test_a_client_shows_what_is_filed_under_it(product: Product, ada: Actor) -> None:
    await ada.slash("/client list")
    assert "No clients yet" in ada.sees()
    await client(ada, "Ada Moon")
    assert "Nothing is filed under Ada Moon yet." in ada.sees()
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    assert "Filed under Ada Moon" in ada.sees()
    await ada.slash("/client show", client="Ada Moon")
    assert "One plan on the way, nothing late." in ada.sees()
    assert "Teaser edit, by " in ada.sees()
    await product.live(days=40, step_s=86_400)
    await ada.slash("/client show", client="Ada Moon")
    assert "One plan on the way, one task late." in ada.sees()
    await ada.slash("/client new")
    await ada.fill(name="ada  MOON")
    assert "There is a client called ada MOON already." in ada.sees()


async def test_somebody_from_their_side_sees_theirs_and_nothing_else(product: Product, ada: Actor) -> None:
    cy = product.newcomer("Cy").go("#general")
    for name in ("Ada Moon", "Night Bus"):
        await client(ada, name)
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    await plan(ada, "Depot", "Secret mix", "Night Bus")
    await ada.slash("/loop new", name="House plan", for_="studio")
    code = await code_for(ada, "Ada Moon")

    await cy.slash("/client join", code="WRONG-CODE")
    assert "That code doesn’t work any more." in cy.sees()
    await cy.slash("/client join", code=code.lower())
    assert "You are in: Ada Moon, with Studio." in cy.sees()
    await cy.press("Show")
    assert "Teaser edit" in cy.sees()
    assert "Notes" not in cy.sees()

    await cy.slash("/loop list")
    for theirs in ("Depot", "House plan", "Night Bus"):
        assert theirs not in cy.sees()
    assert "Low Tide" in cy.sees()
    assert [name for name in await cy.offers("/loop show", "loop") if not name.startswith("Low Tide")] == []
    assert [name for name in await cy.offers("/client show", "client") if not name.startswith("Ada Moon")] == []
    await cy.slash("/client list")
    assert "Night Bus" not in cy.sees()

    await cy.slash("/loop show", loop="Low Tide")
    await cy.press("Add clip")
    assert "Only the team of Studio may do that" in cy.sees()
    await cy.slash("/loop new", name="Mine", for_="studio")
    assert cy.sees().count("Only the team of Studio may do that") == 2

    await cy.go("DM").slash("/client show", client="Ada Moon")
    assert "Teaser edit" in cy.sees(), "wherever they are"
    await product.person("Ben").go("#general").slash("/client join", code=code)
    assert "That code doesn’t work any more." in product.person("Ben").sees(), "it was for one person"


async def test_whoever_is_taken_out_or_whose_client_is_put_away_sees_nothing(product: Product, ada: Actor) -> None:
    cy = product.newcomer("Cy").go("#general")
    await client(ada, "Ada Moon")
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    await cy.slash("/client join", code=await code_for(ada, "Ada Moon"))
    await ada.slash("/loop new", name="Unfiled", for_="studio")
    await ada.slash("/loop list", client="Ada Moon")
    assert "Low Tide: Quiet" in ada.sees()
    assert "· studio · for Ada Moon" in ada.sees()
    assert "Unfiled: Quiet" not in ada.sees()
    await ada.slash("/client archive", client="Ada Moon")
    await ada.slash("/loop list")
    assert ada.sees().count("Low Tide: Quiet") == 1, "what is put away leaves lists"
    assert "Unfiled: Quiet" in ada.sees()
    cy.go("DM")
    assert await cy.offers("/client show", "client") == []
    await ada.press("Undo")
    assert await cy.offers("/client show", "client") == ["Ada Moon · Artist"]
    await ada.slash("/client show", client="Ada Moon")
    await ada.press("People")
    await ada.choose("Change what somebody may", cy.id)
    await ada.press("Take out")
    assert "Nobody has come in yet." in ada.sees()
    assert await cy.offers("/client show", "client") == []


async def test_deleting_a_client_leaves_its_plans(product: Product, ada: Actor) -> None:
    await client(ada, "Ada Moon")
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    await ada.slash("/client delete", client="Ada Moon")
    await ada.fill(typed="Ada Moon")
    assert "Their plans stay in the studio" in ada.sees()
    await ada.slash("/loop show", loop="Low Tide")
    assert "Teaser edit" in ada.sees()
    await ada.slash("/client list", state="bin")
    await ada.press("Restore")
    await ada.slash("/client show", client="Ada Moon")
    assert "Nothing is filed under Ada Moon yet." in ada.sees()


async def test_only_leads_look_after_clients(product: Product, ada: Actor) -> None:
    ben = product.person("Ben").go("#general")
    await client(ada, "Ada Moon")
    await ben.slash("/client list")
    assert "Ada Moon" in ben.sees()
    await ben.slash("/client new")
    assert "Only a lead of Studio may do that." in ben.sees()
    await ben.slash("/client invite", client="Ada Moon")
    assert ben.sees().count("Only a lead of Studio may do that.") == 2
    await _set(product, guest_role=None)


async def test_codes_are_not_guessed(product: Product, ada: Actor) -> None:
    await client(ada, "Ada Moon")
    code, eve = await code_for(ada, "Ada Moon"), product.newcomer("Eve").go("#general")
    for number in range(10):
        await eve.slash("/client join", code=f"AAAA-AA{number:02}")
    await eve.slash("/client join", code=code)
    assert "Those were too many wrong codes." in eve.sees()
    await product.live(hours=1, step_s=1800)
    await eve.slash("/client join", code=code)
    assert "You are in: Ada Moon" in eve.sees()


async def test_a_code_runs_out(product: Product, ada: Actor) -> None:
    await client(ada, "Ada Moon")
    code, cy = await code_for(ada, "Ada Moon"), product.newcomer("Cy").go("#general")
    await product.live(days=8, step_s=86_400)
    await cy.slash("/client join", code=code)
    assert "That code doesn’t work any more." in cy.sees()


async def test_whoever_deletes_their_data_is_no_client_s_person_any_more(product: Product, ada: Actor) -> None:
    cy = product.newcomer("Cy").go("#general")
    await client(ada, "Ada Moon")
    await cy.slash("/client join", code=await code_for(ada, "Ada Moon"))
    await product.services.studio.privacy_delete(cy.id)
    await ada.slash("/client show", client="Ada Moon")
    await ada.press("People")
    assert "Nobody has come in yet." in ada.sees()
    await cy.slash("/client join", code=await code_for(ada, "Ada Moon"))
    assert "You are in: Ada Moon" in cy.sees()


async def test_a_client_is_handed_over_whole(product: Product, ada: Actor) -> None:
    for name in ("Ada Moon", "Night Bus"):
        await client(ada, name)
    await ada.slash("/client show", client="Ada Moon")
    await ada.press("Notes and colour")
    await ada.fill(notes="Pays late", colour="#c0ffee")
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    await plan(ada, "Depot", "Secret mix", "Night Bus")
    await ada.slash("/client export", client="Ada Moon")
    ((name, data),) = ada.files().items()
    assert name == "client.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names, page = archive.namelist(), archive.read("read-me-first.md").decode()
        whole = b"".join(archive.read(one) for one in names)
    assert names == ["read-me-first.md", "plans/01-low-tide.json"]
    assert "- [ ] Teaser edit · by Thu 5 March 2026" in page
    assert not [word for word in (b"Pays late", b"Depot", b"Night Bus", b"Secret mix") if word in whole]


async def test_a_code_opens_a_server_that_keeps_me_for_its_members(product: Product, ada: Actor) -> None:
    world = product.server.world
    guild = next(iter(world.guilds.values()))
    cy = product.newcomer("Cy").go("#general")
    await client(ada, "Ada Moon")
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    await _set(product, member_role=world.add_role(guild, "Crew").id)
    await cy.slash("/loop list")
    assert "use me" in cy.sees()
    await cy.slash("/client join", code=await code_for(ada, "Ada Moon"))
    assert "You are in: Ada Moon" in cy.sees()
    await cy.slash("/loop list")
    assert "Low Tide" in cy.sees()


async def test_who_may_change_a_plan_files_it(product: Product, ada: Actor) -> None:
    ben, gus = product.person("Ben").go("#general"), product.newcomer("Gus").go("#general")
    await client(ada, "Ada Moon")
    await plan(ben, "Low Tide", "Teaser edit", "Ada Moon")
    assert "Filed under Ada Moon" in ben.sees()
    guild = next(iter(product.server.world.guilds.values()))
    guests = product.server.world.add_role(guild, "Guests")
    product.server.world.give_role(guild, gus.person.user, guests)
    await _set(product, guest_role=guests.id)
    await gus.slash("/loop show", loop="Low Tide")
    await gus.press("More")
    await gus.choose("What would you like to do?", "File under a client")
    assert "you are a guest here" in gus.sees()
