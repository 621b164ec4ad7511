"""Four weeks of an agency: two leads, a junior, three clients, six releases; given, done, late, a client leaves."""

from datetime import timedelta

import pytest

from bot.local.parts import walk
from bot.local.permissions import Permission
from tests.journeys.test_clients import client, code_for
from tests.journeys.test_studio_plans import _set
from tests.product import Product
from tests.wire.kit import Actor
from tests.wire.reading import read_message

PLANS = {
    "Low Tide": ("Ada Moon", 70),
    "High Tide": ("Ada Moon", 110),
    "Depot": ("Night Bus", 60),
    "Last Stop": ("Night Bus", 90),
    "Acorn": ("Oak Label", 75),
    "Bark": ("Oak Label", 120),
}


@pytest.fixture
def ada(product: Product) -> Actor:
    """The owner of the server, who leads it."""
    return product.person("Ada").go("#general")


async def _release(product: Product, lead: Actor, title: str) -> None:
    name, days = PLANS[title]
    day = (product.clock.now() + timedelta(days=days)).date().isoformat()
    await lead.slash("/release new", title=title, date=day, preset="single_8w", for_="studio")
    await lead.fill()
    await lead.until_sees(f"{title} is planned")
    await lead.slash("/loop show", loop=title)
    await lead.press("More")
    await lead.choose("What would you like to do?", "File under a client")
    await lead.choose("File under a client", name)


async def _give(lead: Actor, plan: str, clip: str, *people: Actor) -> None:
    await lead.slash("/loop show", loop=plan)
    await lead.press("More")
    await lead.choose("What would you like to do?", "Change a clip")
    labels = [
        option["label"]
        for message in lead.person.sees()[-3:]
        for part in walk(message.components)
        if part["type"] == 3 and part.get("placeholder") == "Which clip?"
        for option in part["options"]
    ]
    await lead.choose("Which clip?", next(label for label in labels if label.startswith(clip)))
    await lead.press("Who does it")
    if people:
        await lead.choose("Who does it?", *[one.id for one in people])


@pytest.mark.journey
async def test_four_weeks_of_an_agency(product: Product, ada: Actor) -> None:
    world = product.server.world
    guild = next(iter(world.guilds.values()))
    ben, jo, moon = (product.newcomer(name).go("#general") for name in ("Ben", "Jo", "Moon"))
    leads = world.add_role(guild, "Leads", int(Permission.SEND_MESSAGES))
    world.give_role(guild, ben.person.user, leads)
    channel = product.channel("general").channel.id
    await _set(
        product, lead_role=leads.id, timezone="Europe/London", digest_channel=channel, releases_channel=channel,
        server_digest=True,
    )  # fmt: skip
    await jo.slash("/studio me")
    for name in dict.fromkeys(name for name, _ in PLANS.values()):
        await client(ada, name)
    for number, title in enumerate(PLANS):
        await _release(product, ben if number % 2 else ada, title)
    await moon.slash("/client join", code=await code_for(ben, "Ada Moon"))

    # The first week: given by both leads, told at once, one of them done.
    await _give(ada, "Depot", "Choose the bounce", jo)
    await _give(ben, "Low Tide", "Pick a Friday")
    await ben.press("Ada Moon does it")
    await product.live(hours=1, step_s=600)
    assert "Choose the bounce to release · by" in jo.go("DM").sees()
    assert "Depot · Night Bus · Studio · from Ada" in jo.sees()
    await jo.go("#general").slash("/studio inbox")
    await jo.choose("Do something about one of them", "Choose the bounce to release")
    await jo.press("Done")

    # A week later the studio's digest tells of it, the client of theirs.
    await product.live(days=7, step_s=10_800)
    posted = [read_message(product.server.core, one) for one in ada.person.sees() if not one.flags & 64]
    assert any("The week here" in one and "Choose the bounce to release" in one for one in posted)
    await moon.go("DM").slash("/studio inbox")
    assert "Pick a Friday" in moon.sees()
    assert "Depot" not in moon.sees()

    # What nobody did is late: for the leads, and on the client's card.
    await product.live(days=14, step_s=10_800)
    await ada.slash("/client show", client="Night Bus")
    assert "tasks late" in ada.sees()
    assert "Approve the final master, was due" in ada.sees()
    await moon.slash("/client show", client="Ada Moon")
    assert "Night Bus" not in moon.sees()

    # A client leaves: its plans leave the lists, and nothing of the others is touched.
    await ben.slash("/client archive", client="Oak Label")
    await jo.slash("/release list")
    shown = read_message(product.server.core, jo.last())
    assert "Acorn" not in shown
    assert "Depot" in shown
    await ben.slash("/release list", client="Oak Label")
    assert "Acorn" in read_message(product.server.core, ben.last())
