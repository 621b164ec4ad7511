"""The weekly round by client: the server's own post in groups, and what each client is told of theirs."""

from datetime import timedelta

import pytest

from tests.journeys.test_clients import client
from tests.journeys.test_studio_plans import _set
from tests.journeys.test_studio_releases import _sunday, _to_sunday
from tests.product import Product
from tests.wire.kit import Actor


@pytest.fixture
def ada(product: Product) -> Actor:
    """The owner of the server, who leads it."""
    return product.person("Ada").go("#general")


async def plan(product: Product, ada: Actor, name: str, clips: list[str], under: str | None) -> None:
    """Make a loop of the studio that starts today, with clips, filed under a client."""
    today = product.clock.now().date().isoformat()
    await ada.slash("/loop new", name=name, for_="studio", start=today)
    for clip in clips:
        await ada.slash("/loop clip")
        await ada.fill(name=clip)
    if under is not None:
        await ada.slash("/loop show", loop=name)
        await ada.press("More")
        await ada.choose("What would you like to do?", "File under a client")
        await ada.choose("File under a client", under)


async def give(ada: Actor, loop: str, clip: str, *people: int) -> None:
    """Open a clip's card and choose who does it; nobody: its client."""
    await ada.slash("/loop show", loop=loop)
    await ada.press("More")
    await ada.choose("What would you like to do?", "Change a clip")
    await ada.choose("Which clip?", clip)
    await ada.press("Who does it")
    if people:
        await ada.choose("Who does it?", *people)
    else:
        (button,) = [one for one in ada.buttons() if one.endswith("does it")]
        await ada.press(button)


async def done(ada: Actor, loop: str, clip: str) -> None:
    await ada.slash("/loop show", loop=loop)
    await ada.slash("/loop done", clip=clip)


async def test_the_servers_post_goes_by_client_and_says_who_does_it(product: Product, ada: Actor) -> None:
    await _set(product, server_digest=True, digest_channel=product.channel("general").id, timezone="UTC")
    product.clock.set(_sunday(product) + timedelta(hours=1))
    await product.work()
    ben = product.person("Ben").go("#general")
    for name in ("Ada Moon", "Night Bus", "Long Gone"):
        await client(ada, name)
    await plan(product, ada, "Depot", ["Depot mix", "Depot art"], "Night Bus")
    await plan(product, ada, "Old things", ["Dusty mix"], "Long Gone")
    await plan(product, ada, "House plan", ["Tidy the shelves"], None)
    await plan(product, ada, "Low Tide", ["Teaser edit", "Splits"], "Ada Moon")
    await give(ada, "Low Tide", "Splits", ben.id)
    product.clock.advance(minutes=1)
    await done(ada, "Depot", "Depot mix")
    await ada.slash("/client archive", client="Long Gone")
    told = (await _to_sunday(product)).replace("*", "")
    places = [told.index(name) for name in ("Ada Moon", "Night Bus", "The studio")]
    assert places == sorted(places), "by name where the next last day is the same, the house last"
    groups = [told[places[0] : places[1]], told[places[1] : places[2]], told[places[2] :]]
    assert "Splits (Low Tide)" in groups[0]
    assert "· Ben" in groups[0]
    assert "Finished: Depot mix (Depot)" in groups[1]
    assert "Depot art" in groups[1]
    assert "Tidy the shelves" in groups[2]
    assert "Dusty mix" not in told, "what was put away is not told"
