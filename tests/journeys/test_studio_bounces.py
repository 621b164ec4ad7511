"""Bounces that belong to the server: its people tag, link and comment on them by their roles; a client sees theirs."""

from pathlib import Path

import pytest

from bot.local.people import Upload
from tests.bounces.signals import music, save
from tests.bounces.test_permissions import options
from tests.journeys.test_client_approvals import newest_code
from tests.journeys.test_clients import client, plan
from tests.journeys.test_studio_plans import _role, _set
from tests.product import Product
from tests.wire.kit import Actor


@pytest.fixture
def ada(product: Product) -> Actor:
    """The owner of the server, who leads it."""
    return product.person("Ada").go("#general")


@pytest.fixture
def ben(product: Product) -> Actor:
    """One of the team."""
    return product.person("Ben").go("#general")


async def export(person: Actor, folder: Path, name: str, for_: str = "studio") -> None:
    """Let somebody log an export of the studio's."""
    samples = music(1.5, 22050, seed=sum(name.encode()))
    data = save(folder / name, samples, 22050, "PCM_16").read_bytes()
    await person.slash("/bounce new", file=Upload(name, data), for_=for_)
    await person.until_sees("LUFS")


async def test_the_team_tags_links_and_edits_and_only_a_lead_deletes(
    product: Product, ada: Actor, ben: Actor, tmp_path: Path
) -> None:
    await ada.slash("/loop new", name="Low Tide", for_="studio")
    await export(ada, tmp_path, "Tide.wav")
    await ben.slash("/bounce list")
    assert "Tide" in ben.sees()
    assert "· studio" in ben.sees()
    await ben.slash("/bounce list", owner="me")
    assert "No bounce fits that." in ben.sees()
    assert any(name.startswith("Tide") for name in await ben.offers("/bounce show", "bounce"))
    await ben.slash("/bounce show", bounce="Tide")
    await ben.press("Tag")
    await ben.choose("Choose a tag", "Keeper")
    await ben.until_sees("Tide: Keeper.")
    await ben.press("Link to loop")
    await ben.choose("Choose a loop", "Low Tide")
    await ben.until_sees("Tide belongs to Low Tide now.")
    await ben.slash("/bounce edit", bounce="Tide")
    await ben.fill(title="Tide one")
    await ben.until_sees("Tide one")
    await ben.slash("/bounce show", bounce="Tide one")
    await ben.press("Delete")
    await ben.until_sees("Only a lead of Studio may do that.")
    await ben.slash("/bounce delete", bounce="Tide one")
    assert ben.sees().count("Only a lead of Studio may do that.") == 2
    await ada.slash("/bounce delete", bounce="Tide one")
    await ada.press("Undo")
    await ben.slash("/bounce show", bounce="Tide one")
    await ben.press("More")
    offered = options(ben, "What next?")
    assert "Mark a slice" in offered
    assert "File under a client" not in offered, "clients are for leads to look after"
    assert "Form map" not in offered, "a form map is somebody's own"


async def test_what_is_somebody_s_own_stays_theirs(product: Product, ada: Actor, ben: Actor, tmp_path: Path) -> None:
    await export(ada, tmp_path, "Diary.wav", for_="me")
    await ben.slash("/bounce list")
    assert "Diary" not in ben.sees()
    assert not any("Diary" in name for name in await ben.offers("/bounce show", "bounce"))


async def test_a_guest_looks_and_comments(product: Product, ada: Actor, ben: Actor, tmp_path: Path) -> None:
    await _set(product, guest_role=_role(product, "Guests", ben))
    await export(ada, tmp_path, "Tide.wav")
    await ben.slash("/bounce show", bounce="Tide")
    await ben.press("Tag")
    await ben.until_sees("Only the team of Studio may do that, and you are a guest here.")
    await ben.slash("/bounce edit", bounce="Tide")
    assert ben.sees().count("you are a guest here") == 2
    await ben.press("More")
    assert options(ben, "What next?") == ["Comment on a moment", "All comments", "All facts as text"]
    await ben.choose("What next?", "Comment on a moment")
    await ben.fill(at="0:01", text="the snare")
    await ben.until_sees("Noted at 0:01.")
    await ada.slash("/bounce show", bounce="Tide")
    assert "the snare" in ada.sees()


async def test_what_is_linked_to_a_client_s_loop_is_theirs_to_see(
    product: Product, ada: Actor, ben: Actor, tmp_path: Path
) -> None:
    cy = product.newcomer("Cy").go("#general")
    for name in ("Ada Moon", "Night Bus"):
        await client(ada, name)
    await plan(ada, "Low Tide", "Teaser edit", "Ada Moon")
    await export(ada, tmp_path, "Tide.wav")
    await export(ada, tmp_path, "Depot.wav")
    await cy.slash("/client join", code=await newest_code(ada, "Ada Moon"))
    await cy.slash("/bounce list")
    assert "Tide" not in cy.sees().split("/bounce list")[-1]
    await ben.slash("/bounce show", bounce="Tide")
    await ben.press("Link to loop")
    await ben.choose("Choose a loop", "Low Tide")
    await ben.until_sees("belongs to Low Tide now.")
    await ada.slash("/bounce show", bounce="Depot")
    await ada.press("More")
    await ada.choose("What next?", "File under a client")
    await ada.choose("File under a client", "Night Bus")
    await ada.until_sees("Filed under Night Bus")
    await cy.slash("/bounce list")
    shown = cy.sees().split("used /bounce list")[-1]
    assert "Tide" in shown
    assert "Depot" not in shown
    assert [name for name in await cy.offers("/bounce show", "bounce") if not name.startswith("Tide")] == []
    await cy.slash("/bounce show", bounce="Tide")
    await cy.press("Tag")
    await cy.until_sees("Only the team of Studio may do that")
    await cy.press("More")
    await cy.choose("What next?", "Comment on a moment")
    await cy.fill(at="0:01", text="louder please")
    await cy.until_sees("Noted at 0:01.")
    await ben.slash("/bounce show", bounce="Tide")
    assert "louder please" in ben.sees()
