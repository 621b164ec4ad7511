"""Plans that belong to the server: its people see and work on them by their roles; what is somebody's own stays so."""

import pytest

from bot.actors import Actor as Who
from bot.studio.service import Standing
from tests.product import Product
from tests.wire.kit import Actor


@pytest.fixture
def ada(product: Product) -> Actor:
    """The owner of the server, who leads it."""
    return product.person("Ada").go("#general")


async def _set(product: Product, **values: object) -> None:
    """Choose settings of the server, as Ada would."""
    guild, ada = next(iter(product.server.world.guilds)), product.person("Ada").id
    lead = Standing(ada, guild, can_manage_server=True)
    await product.services.studio.save_guild(Who.user(ada, "Ada"), lead, guild, **values)


def _role(product: Product, name: str, *people: Actor) -> int:
    world = product.server.world
    guild = next(iter(world.guilds.values()))
    role = world.add_role(guild, name)
    for person in people:
        world.give_role(guild, person.person.user, role)
    return role.id


async def test_a_loop_of_the_studio_is_worked_on_by_its_members(product: Product, ada: Actor) -> None:
    ben = product.person("Ben").go("#general")
    await ada.slash("/loop new", name="Low Tide", for_="studio")
    await ada.press("Add clip")
    await ada.fill(name="Mix pass")
    await ada.slash("/loop new", name="Diary")

    await ben.slash("/loop list")
    assert "Low Tide" in ben.sees()
    assert "· studio" in ben.sees()
    assert "Diary" not in ben.sees(), "what is Ada's own is hers"
    assert any(name.startswith("Low Tide") for name in await ben.offers("/loop show", "loop"))
    assert not any("Diary" in name for name in await ben.offers("/loop show", "loop"))

    await ben.slash("/loop show", loop="Low Tide")
    assert "Mix pass" in ben.sees()
    assert ben.sees().count("· studio") == 2, "in the list and on the panel"
    await ben.slash("/loop done", clip="Mix pass")
    await ada.slash("/loop show", loop="Low Tide")
    assert "1 of 1" in ada.sees() or "done" in ada.sees().casefold()
    await ben.press("Undo")
    assert "Undone" in ben.sees()


async def test_what_is_open_may_be_the_studios(product: Product, ada: Actor) -> None:
    ben = product.person("Ben").go("#general")
    await ada.slash("/loop new", name="Low Tide", for_="studio")
    await ben.slash("/loop new", name="Diary")
    await ben.slash("/loop switch", loop="Low Tide")
    await ben.slash("/loop clip")
    await ben.fill(name="Ben's take")
    await ada.slash("/loop show", loop="Low Tide")
    assert "Ben's take" in ada.sees()
    await ben.go("DM").slash("/loop show")
    assert "Diary" in ben.sees(), "elsewhere one's own is open"


async def test_what_is_asked_before_is_asked_about_the_studios(product: Product, ada: Actor) -> None:
    ben = product.person("Ben").go("#general")
    await ada.slash("/loop new", name="Low Tide", start="2030-01-07", for_="studio")
    for answer in ("Not now", "Take"):
        await ben.slash("/loop edit", loop="Low Tide")
        await ben.fill(start="", end="")
        await ben.press(next(label for label in ben.buttons() if label.startswith(answer)))
    await ada.slash("/loop show", loop="Low Tide")
    assert "2030" not in ada.sees().rsplit("Low Tide ·", 1)[-1]


async def test_only_a_lead_deletes_what_is_the_studios(product: Product, ada: Actor) -> None:
    ben = product.person("Ben").go("#general")
    await ada.slash("/loop new", name="Low Tide", for_="studio")
    await ben.slash("/loop archive", loop="Low Tide")
    assert "Only a lead of Studio may do that." in ben.sees()
    assert f"<@{ada.id}>" in ben.sees()
    await ada.slash("/loop delete", loop="Low Tide")
    await ada.fill(typed="Low Tide")
    await ada.slash("/loop list", state="bin")
    await ada.press("Restore")
    await ben.slash("/loop show", loop="Low Tide")
    assert "Low Tide" in ben.sees()


async def test_a_guest_looks_and_changes_nothing(product: Product, ada: Actor) -> None:
    ben = product.person("Ben").go("#general")
    await _set(product, guest_role=_role(product, "Guests", ben))
    await ada.slash("/loop new", name="Low Tide", for_="studio")
    await ben.slash("/loop show", loop="Low Tide")
    assert "Low Tide" in ben.sees()
    await ben.press("Add clip")
    assert "Only the team of Studio may do that, and you are a guest here." in ben.sees()
    await ben.slash("/loop new", name="Mine", for_="studio")
    assert ben.sees().count("you are a guest here") == 2
    await ben.slash("/loop new", name="Mine")
    assert "Mine" in ben.sees()


async def test_the_settings_say_what_each_role_may_do(product: Product, ada: Actor) -> None:
    await ada.slash("/studio settings")
    await ada.press("What each role may do")
    assert "Loops: see, change, assign, delete and archive" in ada.sees()
    assert "**Guest**" in ada.sees()


async def test_studio_undo_finds_what_one_did_with_the_studios_things(product: Product, ada: Actor) -> None:
    ben = product.person("Ben").go("#general")
    await ada.slash("/loop new", name="Low Tide", for_="studio")
    await ada.press("Add clip")
    await ada.fill(name="Mix pass")
    await ben.slash("/loop done", clip="Mix pass")
    await ben.slash("/studio undo")
    await ben.press("Undo 1")
    assert "Undone" in ben.sees()
    await ada.slash("/loop show", loop="Low Tide")
    assert "Done: 0." in ada.sees()
