"""The weekly round by client: the server's own post in groups, and what each client is told of theirs."""

import re
from datetime import timedelta
from itertools import takewhile
from pathlib import Path

import pytest

from bot.actors import Actor as Who
from bot.clock import FixedClock
from bot.local.server import LocalDiscord
from bot.loops.read import LoopReads
from tests.journeys.test_clients import client
from tests.journeys.test_forged import base36, controls, forge, rows_of
from tests.journeys.test_studio_plans import _role, _set
from tests.journeys.test_studio_releases import _friday, _plan, _sunday, _to_sunday
from tests.product import Product, running
from tests.wire.kit import Actor
from tests.wire.openapi import SHARED
from tests.wire.reading import read_message

THURSDAY, FRIDAY, SATURDAY = 3, 4, 5


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
        await file_shown(ada, under)


async def file_under(ada: Actor, loop: str, client_name: str) -> None:
    await ada.slash("/loop show", loop=loop)
    await file_shown(ada, client_name)


async def file_shown(ada: Actor, client_name: str) -> None:
    """File the loop whose panel stands last on the screen."""
    await ada.press("More")
    await ada.choose("What would you like to do?", "File under a client")
    await ada.choose("File under a client", client_name)


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


# ---------------------------------------------------------------------- what a client is told


async def panel(ada: Actor, name: str) -> None:
    await ada.go("#general").slash("/client show", client=name)
    await ada.press("Digest")


def section(text: str, heading: str) -> list[str]:
    """Return the lines under the last such heading of what somebody reads."""
    _, _, rest = text.rpartition(f"**{heading}**\n")
    return [line.removeprefix("- ") for line in takewhile(lambda line: line.startswith("- "), rest.splitlines())]


def told_next(text: str) -> list[str]:
    return section(text, "Next")


async def told_by_dm(product: Product, ada: Actor, name: str, who: Actor) -> None:
    """Let somebody in from a client's side who wants their week, and let a lead switch it on."""
    await ada.slash("/client invite", client=name)
    code = re.findall(r"[2-9A-Z]{4}-[2-9A-Z]{4}", ada.sees())[-1]
    await who.go("#general").slash("/client join", code=code)
    await who.press("Show")
    await who.press("My week by direct message")
    await panel(ada, name)
    await ada.choose("How does it go to them?", "By direct message")


async def until(product: Product, weekday: int, hour: int) -> None:
    """Live on to the next such hour (UTC), looking in every few hours."""
    now = product.clock.now()
    then = now.replace(hour=hour, minute=1, second=0, microsecond=0) + timedelta(days=(weekday - now.weekday()) % 7)
    then = then if then > now else then + timedelta(days=7)
    await product.live(seconds=(then - now).total_seconds(), step_s=6 * 3600)


def read(product: Product, who: Actor) -> list[str]:
    """Return the direct messages that somebody has from me."""
    return [read_message(product.server.core, one) for one in who.go("DM").person.sees() if not one.ephemeral]


async def test_three_weeks_of_a_client(product: Product, ada: Actor) -> None:
    """Sent after a lead's yes; then with a line of theirs and a moved day; then not, as nobody answered."""
    ben, cy = product.person("Ben").go("#general"), product.newcomer("Cy")
    for person in (ada, ben):
        await person.slash("/studio me")
    for name in ("Ada Moon", "Night Bus"):
        await client(ada, name)
    await plan(product, ada, "Depot", ["Secret mix", "Teaser edit"], "Night Bus")
    await plan(product, ada, "Low Tide", ["Teaser edit", "Splits", "Mix pass"], "Ada Moon")
    await give(ada, "Low Tide", "Splits")
    await give(ada, "Low Tide", "Teaser edit", ben.id)
    await _plan(ada, _friday(product, 52), "Undertow")
    await file_under(ada, "Undertow", "Ada Moon")
    await told_by_dm(product, ada, "Ada Moon", cy)
    product.clock.advance(minutes=1)
    await done(ada, "Low Tide", "Mix pass")
    await done(ada, "Depot", "Secret mix")

    await until(product, THURSDAY, 16)
    (asked,) = read(product, ada)
    assert "What Ada Moon will read" in asked
    assert "Nothing is sent until a lead says Send." in asked
    await ada.go("DM").press("Send")
    assert "It goes <t:" in ada.sees()
    await until(product, FRIDAY, 16)
    (first,) = read(product, cy)
    assert "Your week with Studio" in first
    assert "One thing is needed from you." in first
    assert section(first, "Done") == ["**Mix pass** (Low Tide)"]
    assert any(
        line.startswith("**Teaser edit** (Low Tide), by ") and line.endswith("· Ben") for line in told_next(first)
    )
    assert section(first, "We need from you")[0].startswith("**Splits** (Low Tide), by ")
    assert any(line.startswith("**Undertow** comes out ") for line in section(first, "Dates"))
    for inside in ("Night Bus", "Depot", "Secret mix", "late", "Momentum", "%"):
        assert inside not in first

    new = _friday(product, 66)
    await ada.go("#general").slash("/release move", release="Undertow", date=new.isoformat())
    await ada.press(ada.buttons()[0])
    await until(product, THURSDAY, 16)
    await ada.go("DM").press("Change")
    await ada.fill(words="Thank you for the *photos*!")
    await ada.press("Send")
    await until(product, FRIDAY, 16)
    _, second = read(product, cy)
    assert "Thank you for the \\*photos\\*!" in second, "as it was typed"
    assert f"**Undertow** moved to {new:%a} {new.day}" in second
    assert "**Splits** (Low Tide), waiting for you" in second
    assert "**Teaser edit** (Low Tide), in the works · Ben" in second
    assert "Mix pass" not in second, "what was told is told"

    product.clock.advance(minutes=1)
    await ada.go("#general").slash("/loop done", clip="Secret mix")
    await done(ada.go("#general"), "Low Tide", "Splits")
    await until(product, THURSDAY, 16)
    assert len(read(product, ada)) == 3
    await until(product, FRIDAY, 16)
    assert len(read(product, cy)) == 2, "nobody said Send"
    await panel(ada, "Ada Moon")
    assert "Last time nobody said Send" in ada.sees()
    await ada.press("See it now")
    assert section(ada.sees(), "Done") == ["**Splits** (Low Tide)"], "what was not told is not lost"
    await ada.go("DM").press("Send")
    assert "That week is over" in ada.sees()
    await cy.go("DM").press("No weekly messages")
    assert "You get no weekly messages from Studio any more." in cy.sees()


async def test_their_channel_hears_at_their_hour_once_and_no_longer_once_they_are_put_away(
    product: Product, ada: Actor
) -> None:
    await ada.slash("/client new")
    await ada.fill(name="Tokyo Nights", zone="Tokyo")
    await panel(ada, "Tokyo Nights")
    await ada.choose("How does it go to them?", "To their channel")
    assert "Tokyo Nights has no channel yet." in ada.sees()
    await ada.slash("/client edit", client="Tokyo Nights")
    await ada.fill(channel=product.channel("general").id)
    await plan(product, ada, "Low Tide", ["Teaser edit", "Mix pass"], "Tokyo Nights")
    await panel(ada, "Tokyo Nights")
    await ada.choose("How does it go to them?", "To their channel")
    await ada.choose("On which day?", "Saturday")
    await ada.choose("At what hour there?", "09:00")
    await ada.press("Send without asking")
    assert "nobody is asked, it is sent" in ada.sees()
    product.clock.advance(minutes=1)
    await done(ada, "Low Tide", "Mix pass")
    await until(product, FRIDAY, 23)
    assert posts(product) == []
    await until(product, SATURDAY, 0)
    (post,) = posts(product)
    assert "For Tokyo Nights, as of Sat " in post, "nine in the morning there is midnight here"
    assert "Mix pass" in post
    assert read(product, ada) == []
    await done(ada.go("#general"), "Low Tide", "Teaser edit")
    await ada.slash("/client archive", client="Tokyo Nights")
    await product.live(days=8, step_s=6 * 3600)
    assert len(posts(product)) == 1


async def test_leads_are_asked_where_they_look_and_health_says_what_waits(product: Product, ada: Actor) -> None:
    ben, cleo, cy = (
        product.person("Ben").go("#general"),
        product.newcomer("Cleo").go("#general"),
        product.newcomer("Cy"),
    )
    await _set(product, lead_role=_role(product, "Leads", cleo))
    await client(ada, "Ada Moon")
    await plan(product, ada, "Low Tide", ["Teaser edit", "Mix pass"], "Ada Moon")
    await told_by_dm(product, ada, "Ada Moon", cy)
    product.clock.advance(minutes=1)
    for one in (ben, cleo):
        await one.slash("/loop show", loop="Low Tide")
        await one.press("Done")
        if one is ben:
            await one.choose("Which one is finished?", "Teaser edit")
    await product.services.studio.privacy_delete(ada.id)
    await until(product, THURSDAY, 16)
    assert read(product, ada) == [], "nobody is written to who has not used me"
    await cleo.slash("/studio inbox")
    assert "The week of Ada Moon waits for you" in cleo.sees()
    assert "/client show, Digest, See it now" in cleo.sees()
    await ben.slash("/studio inbox")
    assert "Ada Moon" not in ben.sees().rpartition("/studio inbox")[2], "only leads are asked"
    await cleo.slash("/studio health")
    assert "The weekly digest of Ada Moon is not sent until a lead says Send" in cleo.sees()
    await panel(cleo, "Ada Moon")
    await cleo.press("See it now")
    await cleo.press("Skip")
    assert "It is skipped." in cleo.sees()
    await cleo.slash("/studio health")
    assert "weekly digest" not in cleo.sees().rpartition("/studio health")[2]
    await until(product, FRIDAY, 16)
    assert read(product, cy) == []


async def test_somebody_else_never_decides_over_a_clients_week(product: Product, ada: Actor) -> None:
    """What leads press, pressed by a member, by the client's own person and by another client's."""
    ben, cy, dan = product.person("Ben").go("#general"), product.newcomer("Cy"), product.newcomer("Dan")
    for name in ("Ada Moon", "Night Bus"):
        await client(ada, name)
    await plan(product, ada, "Low Tide", ["Teaser edit"], "Ada Moon")
    await told_by_dm(product, ada, "Night Bus", dan)
    await told_by_dm(product, ada, "Ada Moon", cy)
    await ada.press("See it now")
    of_weeks = {key: found for key, found in controls(ada).items() if ":client:week-" in key or ":client:digest" in key}
    assert len(of_weeks) >= 9
    await product.work()
    guild = next(iter(product.server.world.guilds))
    before = await rows_of(product.services.database, guild)
    for person in (ben, cy, dan):
        told = [
            await forge(product, person.go("#general"), message, key, part, [base36(person.id), base36(guild)])
            for key, (message, part) in of_weeks.items()
        ]
        assert [one for some in told for one in some if "Teaser edit" in one or "The week of" in one] == []
    assert await rows_of(product.services.database, guild) == before
    await ben.slash("/client show", client="Ada Moon")
    assert "Digest" not in ben.buttons()
    await cy.go("DM").slash("/client show", client="Ada Moon")
    assert cy.buttons() == ["No weekly messages", "I’m no longer with them"]


async def test_a_restart_in_between_neither_loses_nor_repeats_it(
    tmp_path: Path, clock: FixedClock, database_url: str
) -> None:
    """Two clients with a plan of the same name and tasks of the same names; on each engine."""
    async with LocalDiscord(clock, validator=SHARED.openapi) as server:
        async with running(tmp_path / "data", clock, server=server, database_url=database_url) as product:
            ada, cy, dan = product.person("Ada").go("#general"), product.newcomer("Cy"), product.newcomer("Dan")
            for name, clip in (("Ada Moon", "Photo shoot"), ("Night Bus", "Bus wrap")):
                await client(ada, name)
                await plan(product, ada, "Low Tide", ["Teaser edit", clip], name)
                product.clock.advance(minutes=1)
                await ada.slash("/loop done", clip=clip)
            await told_by_dm(product, ada, "Ada Moon", cy)
            await told_by_dm(product, ada, "Night Bus", dan)
            await until(product, THURSDAY, 16)
            assert len(read(product, ada)) == 2
        async with running(tmp_path / "data", clock, server=server, database_url=database_url) as product:
            ada, cy, dan = product.person("Ada").go("DM"), product.person("Cy"), product.person("Dan")
            for message in ada.person.sees():
                await ada.press("Send", on=message)
            await until(product, FRIDAY, 16)
            (hers,), (his,) = read(product, cy), read(product, dan)
            assert section(hers, "Done") == ["**Photo shoot** (Low Tide)"]
            assert section(his, "Done") == ["**Bus wrap** (Low Tide)"]
            assert len(told_next(hers)) == len(told_next(his)) == 1, "each has one Teaser edit"
            assert "Night Bus" not in hers
            assert "Ada Moon" not in his
            assert len(read(product, ada)) == 2, "asked once for each"
        async with running(tmp_path / "data", clock, server=server, database_url=database_url) as product:
            await product.live(hours=3, step_s=1800)
            cy, dan = product.person("Cy"), product.person("Dan")
            assert (len(read(product, cy)), len(read(product, dan))) == (1, 1)


async def test_who_came_from_another_client_is_not_named(product: Product, ada: Actor) -> None:
    """A plan that is filed elsewhere keeps who was asked; the next client reads neither them nor their client."""
    cy, dan = product.newcomer("Cy"), product.newcomer("Dan")
    for name in ("Ada Moon", "Night Bus"):
        await client(ada, name)
    await plan(product, ada, "Low Tide", ["Teaser edit", "Mix pass"], "Night Bus")
    await told_by_dm(product, ada, "Night Bus", dan)
    await give(ada, "Low Tide", "Teaser edit")
    await give(ada, "Low Tide", "Mix pass", dan.id)
    await file_under(ada, "Low Tide", "Ada Moon")
    await told_by_dm(product, ada, "Ada Moon", cy)
    await ada.press("See it now")
    seen = ada.sees().rpartition("What Ada Moon will read")[2]
    assert "Teaser edit" in seen
    assert "Mix pass" in seen
    assert "Night Bus" not in seen
    assert "Dan" not in seen
    assert "We need from you" not in seen


async def test_what_got_a_new_day_is_told_with_it(product: Product, ada: Actor) -> None:
    cy, guild = product.newcomer("Cy"), next(iter(product.server.world.guilds))
    await client(ada, "Ada Moon")
    await told_by_dm(product, ada, "Ada Moon", cy)
    await ada.press("Send without asking")
    await until(product, FRIDAY, 16)
    await plan(product, ada, "Low Tide", ["Teaser edit", "Mix pass", "Artwork"], "Ada Moon")
    found = await LoopReads(product.services.database).clips(guild)
    clips = {clip.name: clip.id for of_loop in found.values() for clip in of_loop}
    clip_service, who = product.services.loops.clips, Who.user(ada.id, "Ada")
    await clip_service.nudge(who, guild, clips["Artwork"], 9)
    await until(product, FRIDAY, 16)
    (first,) = read(product, cy)
    assert "moved" not in first, "what was made in the week had no day before"
    await clip_service.nudge(who, guild, clips["Teaser edit"], 16)
    await clip_service.nudge(who, guild, clips["Mix pass"], 16)
    await clip_service.nudge(who, guild, clips["Mix pass"], -16)
    await until(product, FRIDAY, 16)
    _, second = read(product, cy)
    moved = [line for line in told_next(second) if "moved to" in line]
    assert [line.partition(" (")[0] for line in moved] == ["**Teaser edit**"], "there and back is where it was"


def posts(product: Product) -> list[str]:
    """Return what was posted for a client in #general."""
    shown = [read_message(product.server.core, one) for one in product.channel("general").messages()]
    return [text for text in shown if "Your week with" in text and "only you" not in text]
