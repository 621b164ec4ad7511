"""Release plans of the server: made by a lead, worked on by its people, unseen elsewhere, told in its channels."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.actors import Actor as Who
from bot.studio.service import Standing
from tests.journeys.test_clients import client, code_for
from tests.journeys.test_forged import rows_of
from tests.product import Product
from tests.wire.kit import Actor, typed
from tests.wire.reading import read_message


@pytest.fixture
def ada(product: Product) -> Actor:
    """The owner of the server, who leads it."""
    return product.person("Ada").go("#general")


@pytest.fixture
def ben(product: Product) -> Actor:
    return product.person("Ben").go("#general")


def _guild(product: Product) -> int:
    return next(iter(product.server.world.guilds))


async def _set(product: Product, **values: object) -> None:
    """Choose settings of the server, as Ada would."""
    guild, ada = _guild(product), product.person("Ada").id
    lead = Standing(ada, guild, can_manage_server=True)
    await product.services.studio.save_guild(Who.user(ada, "Ada"), lead, guild, **values)


def _make_guest(product: Product, person: Actor) -> int:
    world = product.server.world
    guild = world.guilds[_guild(product)]
    role = world.add_role(guild, "Guests")
    world.give_role(guild, person.person.user, role)
    return role.id


def _friday(product: Product, days: int) -> date:
    """Return the first Friday at least `days` from now."""
    day = product.clock.now().date() + timedelta(days=days)
    return day + timedelta(days=(4 - day.weekday()) % 7)


async def _plan(who: Actor, day: date, title: str = "Low Tide", for_: str = "studio", **form: object) -> None:
    await who.slash("/release new", title=title, date=day.isoformat(), preset="single_8w", for_=for_)
    await who.fill(form)
    await who.until_sees(f"{title} is planned")


async def _days(product: Product, days: int) -> None:
    """Let days go by, looking in at noon."""
    product.clock.advance(hours=(12 - product.clock.now().hour) % 24)
    await product.live(step_s=3600 * 24, days=days)


async def _studios(product: Product) -> Any:
    (view,) = await product.services.releases.all(_guild(product))
    return view


async def test_a_lead_plans_a_single_and_a_member_ticks_a_task(product: Product, ada: Actor, ben: Actor) -> None:
    await _plan(ada, _friday(product, 70))
    assert "· studio" in ada.sees()
    await _plan(ada, _friday(product, 90), "Diary", "me")

    assert await product.services.releases.all(ben.id) == []
    view = await _studios(product)
    assert view.plan.loop.owner_id == _guild(product), "its loop is the studio's as well"
    first, second = await ada.offers("/release show", "release")
    assert first.startswith("Diary"), "one's own comes first"
    assert "studio" not in first
    assert second.startswith("Low Tide")
    assert second.endswith("· studio")

    await ben.slash("/release list")
    assert "Low Tide" in ben.sees()
    assert "· studio" in ben.sees()
    assert "Diary" not in ben.sees(), "what is Ada's own is hers"
    await ben.slash("/release list", owner="me")
    assert "No release planned yet" in ben.sees()
    await ben.slash("/release task", release="Low Tide", task="Choose the bounce", action="done")
    assert "Done: Choose the bounce to release" in ben.sees()
    await ada.slash("/release show", release="Low Tide")
    assert "1 of 27 done" in ada.sees()
    await ben.press("Undo")
    await ada.slash("/release show", release="Low Tide")
    assert "0 of 27 done" in ada.sees().rsplit("Low Tide ·", 1)[-1]


async def test_two_readings_of_a_day_still_lead_to_the_studio(product: Product, ada: Actor) -> None:
    year = product.clock.now().year + 1
    await ada.slash("/release new", title="Low Tide", date=f"10/11/{year}", preset="single_8w", for_="studio")
    await ada.press(ada.buttons()[0])
    await ada.fill(title=" ")
    assert ada.form is None
    await ada.press("Edit again")
    await ada.fill(title="High Tide")
    await ada.until_sees("High Tide is planned")
    assert (await _studios(product)).release.title == "High Tide"
    assert await product.services.releases.all(ada.id) == []


async def test_a_member_moves_the_day_and_changes_what_it_is_called(product: Product, ada: Actor, ben: Actor) -> None:
    day = _friday(product, 70)
    await _plan(ada, day)
    new = day + timedelta(days=14)
    await ben.slash("/release move", release="Low Tide", date=new.isoformat())
    await ben.press("Not now")
    assert "Nothing was changed" in ben.sees()
    await ben.slash("/release move", release="Low Tide", date=new.isoformat())
    await ben.press(f"Move to {new:%a} {new.day} {new:%B}")
    await ben.slash("/release edit", release="Low Tide")
    await ben.fill(title="High Tide")
    await ben.slash("/release show", release="High Tide")
    await ben.press("Calendar")
    assert f"release-{new.isoformat()}.ics" in ben.sees()
    await ben.press("With reminders")
    await ben.press("Next tasks")
    await ben.press("Done")
    view = await _studios(product)
    assert (view.release.title, view.release.anchor_date, view.done) == ("High Tide", new, 1)
    assert view.plan.loop.name == "High Tide"


async def test_only_a_lead_ends_a_plan_and_brings_it_back(product: Product, ada: Actor, ben: Actor) -> None:
    await _plan(ada, _friday(product, 70))
    await ben.slash("/release delete", release="Low Tide")
    assert "Only a lead of Studio may do that." in ben.sees()
    await ben.slash("/release show", release="Low Tide")
    for action in ("Cancel this release", "Delete this plan", "Public countdown in a channel"):
        refused = ben.sees().count("Only a lead of Studio may do that.")
        await ben.press("More")
        await ben.choose("What else?", action)
        assert ben.sees().count("Only a lead of Studio may do that.") == refused + 1, action
    await ada.slash("/release show", release="Low Tide")
    await ada.press("More")
    await ada.choose("What else?", "Public countdown in a channel")
    assert f"runs in <#{product.channel('releases').id}>" in ada.sees()
    await ada.slash("/release delete", release="Low Tide")
    await ada.press("Delete Low Tide")
    assert "in the bin for 30 days" in ada.sees()
    await ben.slash("/release list", state="bin")
    assert "Low Tide" in ben.sees()
    assert "kept until" in ben.sees()
    await ben.press("Restore")
    assert "Only a lead of Studio may do that." in ben.sees().rsplit("kept until", 1)[-1]
    await ada.slash("/release list", state="bin")
    await ada.press("Restore")
    assert "Low Tide is out of the bin" in ada.sees()
    await ben.slash("/release show", release="Low Tide")
    assert "days to go" in ben.sees()


async def test_a_guest_looks_and_changes_nothing(product: Product, ada: Actor, ben: Actor) -> None:
    await _set(product, guest_role=_make_guest(product, ben))
    await _plan(ada, _friday(product, 30))
    await product.services.releases.move(
        Who.user(ada.id, "Ada"), _guild(product), (await _studios(product)).release.id, _friday(product, 14)
    )
    before = await rows_of(product.services.database, _guild(product))
    await ben.slash("/release show", release="Low Tide")
    assert "Windows that are gone" in ben.sees()
    refused = "Only the team of Studio may do that, and you are a guest here."
    for press in ("Move date", "Next tasks"):
        await ben.press(press)
    await ben.press("Done")
    assert ben.sees().count(refused) == 2
    await ben.slash("/release task", release="Low Tide", task="Release day", action="skip")
    await ben.slash("/release new", title="Mine", date="2099-01-01", preset="single_8w", for_="studio")
    assert ben.sees().count(refused) == 4
    assert await rows_of(product.services.database, _guild(product)) == before, "not even what is told once is used up"
    await _plan(ben, _friday(product, 70), "Mine", "me")


async def test_people_of_another_server_see_nothing_of_it(product: Product, ada: Actor, ben: Actor) -> None:
    await _plan(ada, _friday(product, 70))
    world = product.server.world
    other = world.add_guild("Ben's label", ben.person.user)
    world.add_text_channel(other, "label")
    await product.wait_for(lambda: product.app.bot.get_guild(other.id))
    ben.go(world.channel("label", other.id))
    assert await ben.offers("/release show", "release") == []
    await ben.slash("/release list")
    assert "No release planned yet" in ben.sees()
    assert await ben.offers("/loop show", "loop") == []
    await ben.slash("/release list", owner="studio")
    assert "The studio has no release planned yet" in ben.sees()


async def test_a_loop_of_the_studio_may_come_from_a_preset(product: Product, ada: Actor, ben: Actor) -> None:
    await ada.slash("/loop new", name="Low Tide", preset="single_8w", for_="studio")
    assert "· studio" in ada.sees()
    await ben.slash("/release show", release="Low Tide")
    assert "0 of 27 done" in ben.sees()
    await ben.slash("/loop show", loop="Low Tide")
    assert "Choose the bounce to release" in ben.sees()


async def test_what_is_made_for_oneself_stays_so_among_the_studios(product: Product, ada: Actor, ben: Actor) -> None:
    await ada.slash("/loop new", name="Low Tide", for_="studio")
    day = _friday(product, 70).isoformat()
    await ben.slash("/release new", title="Mine", date=day, preset="single_8w", loop="Low Tide")
    await ben.fill()
    await ben.until_sees("Mine is planned")
    assert [view.release.title for view in await product.services.releases.all(ben.id)] == ["Mine"]
    assert await product.services.releases.all(_guild(product)) == []
    await ben.slash("/release delete", release="Mine")
    await ben.press("Delete Mine")
    await ben.slash("/release list", state="bin", owner="me")
    await ben.press("Restore")
    await ben.slash("/release show", release="Mine")
    assert "studio" not in ben.sees().rsplit("Mine ·", 1)[-1].casefold()


def _reminders(product: Product, channel: str) -> list[str]:
    return [
        str(message.components)
        for message in product.channel(channel).messages()
        if "Deliver to your distributor" in str(message.components)
    ]


async def _until_the_first_reminder(product: Product, day: date) -> None:
    """Live on to the day that is a week before the first hard deadline."""
    first = day - timedelta(days=28 + 7)
    await _days(product, (first - product.clock.now().date()).days + 1)


async def test_reminders_come_to_the_servers_channel_and_to_nobody_in_private(
    product: Product, ada: Actor, ben: Actor
) -> None:
    day = _friday(product, 50)
    await _plan(ada, day, remind=True)
    await _until_the_first_reminder(product, day)
    (told,) = _reminders(product, "releases")
    assert "Of the studio’s releases" in told
    assert "You turned" not in told
    assert not any("Deliver" in str(message.components) for message in ada.conversation.messages())
    ben.go("#releases")
    await ben.press("Done")
    assert "Done: Deliver" in ben.sees()
    await _days(product, 5)
    assert len(_reminders(product, "releases")) == 1, "what is done is not told again"


async def test_without_a_channel_nothing_is_told_and_health_says_so(product: Product, ada: Actor) -> None:
    await _set(product, releases_channel=None)
    day = _friday(product, 50)
    await _plan(ada, day, remind=True)
    assert "the reminders have no place yet" in ada.sees()
    await ada.slash("/studio health")
    assert "1 release of the studio has reminders turned on" in ada.sees()
    await _until_the_first_reminder(product, day)
    await _set(product, releases_channel=product.channel("releases").id)
    await product.live(hours=3, step_s=1800)
    assert _reminders(product, "releases") == []
    await ada.slash("/studio health")
    assert "reminders turned on" not in ada.sees().rsplit("Health", 1)[-1]


async def test_a_reminder_follows_the_servers_zone_and_no_late_one_comes_at_night(product: Product, ada: Actor) -> None:
    await _set(product, timezone="UTC")
    day = _friday(product, 50)
    await _plan(ada, day, remind=True)
    await _set(product, timezone="Asia/Tokyo")
    zone = ZoneInfo("Asia/Tokyo")
    ten = datetime.combine(day - timedelta(days=28 + 7), time(10), zone)
    product.clock.set(ten - timedelta(minutes=5))
    await product.work()
    assert _reminders(product, "releases") == []
    # I was away when it was due, and am back at night: it waits for the morning.
    product.clock.set(ten + timedelta(hours=13))
    await product.work()
    assert _reminders(product, "releases") == []
    product.clock.set(ten + timedelta(hours=22, minutes=59))
    await product.work()
    assert _reminders(product, "releases") == []
    product.clock.set(ten + timedelta(hours=23, minutes=1))
    await product.work()
    assert len(_reminders(product, "releases")) == 1


async def test_a_reminder_that_waits_does_not_go_where_it_is_not_wanted_any_more(product: Product, ada: Actor) -> None:
    day = _friday(product, 50)
    await _plan(ada, day, remind=True)
    ten = datetime.combine(day - timedelta(days=28 + 7), time(10), UTC)
    product.clock.set(ten + timedelta(hours=13))
    await product.work()
    await _set(product, releases_channel=product.channel("general").id)
    product.clock.set(ten + timedelta(hours=23, minutes=30))
    await product.work()
    assert _reminders(product, "releases") == []
    assert _reminders(product, "general") == []


def _sunday(product: Product) -> datetime:
    """Return when the next digest comes."""
    now = product.clock.now()
    ten = now.replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=(6 - now.weekday()) % 7)
    return ten if ten > now else ten + timedelta(days=7)


async def _to_sunday(product: Product) -> str:
    """Live on to the next digest; return what was posted of it."""
    product.clock.set(_sunday(product) + timedelta(minutes=1))
    before = len(product.channel("general").messages())
    await product.work()
    core = product.server.core
    return "\n".join(read_message(core, message) for message in product.channel("general").messages()[before:])


async def test_the_servers_digest_tells_of_its_own_plans_and_nobodys_own_does(
    product: Product, ada: Actor, ben: Actor
) -> None:
    await _set(product, server_digest=True, digest_channel=product.channel("general").id, timezone="UTC")
    assert await _to_sunday(product) == "", "a quiet week"
    await _plan(ada, _friday(product, 52))
    await _plan(ben, _friday(product, 52), "Diary", "me")
    product.clock.advance(minutes=1)
    await ben.slash("/release task", release="Low Tide", task="Pick a Friday", action="done")
    told = await _to_sunday(product)
    assert "The week here" in told
    assert "Finished: Pick a Friday" in told.replace("*", "")
    assert "(Low Tide)" in told
    assert "more" in told
    assert "Next: " in told
    assert "Diary" not in told, "nobody opted in"
    assert "From the studio’s own plans." in told
    for person in (ada, ben):
        await person.go("DM").slash("/digest show")
        assert "Low Tide" not in person.sees()
        assert "Nothing finished so far" in person.sees()

    await ada.go("#general").slash("/release show", release="Low Tide")
    await ada.press("More")
    await ada.choose("What else?", "Cancel this release")
    assert await _to_sunday(product) == "", "a cancelled plan is silent"


async def test_a_release_day_is_told_beside_what_people_share(product: Product, ada: Actor, ben: Actor) -> None:
    await _set(product, server_digest=True, digest_channel=product.channel("general").id, timezone="UTC")
    day = _sunday(product).date() + timedelta(days=5)
    await _plan(ada, day)
    await ben.slash("/digest edit")
    await ben.press("Join server digest")
    await ben.slash("/loop new", name="Diary")
    await ben.slash("/loop clip")
    await ben.fill(name="Own song")
    product.clock.advance(minutes=1)
    await ben.slash("/loop done", clip="Own song")
    told = (await _to_sunday(product)).replace("*", "")
    assert "Ben: Own song" in told
    assert f"Low Tide comes out {day:%a} {day.day}" in told
    assert "From the studio’s own plans and those who joined in." in told
    assert "Out: Low Tide" in (await _to_sunday(product)).replace("*", "")


async def test_somebody_from_a_clients_side_ticks_theirs_and_sees_no_other(product: Product, ada: Actor) -> None:
    await client(ada, "Ada Moon")
    await _plan(ada, _friday(product, 70))
    await _plan(ada, _friday(product, 90), "Depot")
    await ada.slash("/loop show", loop="Low Tide")
    await ada.press("More")
    await ada.choose("What would you like to do?", "File under a client")
    await ada.choose("File under a client", "Ada Moon")
    cy = product.newcomer("Cy").go("#general")
    await cy.slash("/client join", code=await code_for(ada, "Ada Moon"))

    await cy.slash("/release list")
    assert "Low Tide:" in cy.sees()
    assert [name for name in await cy.offers("/release show", "release") if not name.startswith("Low Tide")] == []
    await cy.slash("/release task", release="Low Tide", task="Choose the bounce", action="done")
    assert "Done: Choose the bounce to release" in cy.sees()
    await cy.slash("/release task", release="Low Tide", task="Pick a Friday", action="skip")
    await cy.slash("/release new", title="Mine", date="2099-01-01", preset="single_8w", for_="studio")
    assert cy.sees().count("Only the team of Studio may do that") == 2
    (depot,) = [one for one in await product.services.releases.all(_guild(product)) if one.release.title == "Depot"]
    await cy.slash("/release show", release=typed(depot.release.id))
    assert "I can’t find that release." in cy.sees()
    assert "Depot" not in cy.sees()
