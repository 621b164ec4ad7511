"""Settings have one owner, and everything worked out from them follows when they change or are taken back."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.actors import Actor as Who
from bot.local.model import InteractionState, InteractionType, Message
from bot.local.permissions import Permission
from bot.missions.model import LifeState
from bot.missions.service import MissionDraft
from bot.recurrence import Weekly, next_fire
from bot.releases.service import ReleaseDraft
from bot.studio.service import Standing
from storage.repositories.digest import DigestClockRepository
from storage.repositories.releases import ReleaseClockRepository
from tests.product import Product
from tests.wire.kit import Actor
from tests.wire.reading import read_message

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")


@pytest.fixture
def ada(product: Product) -> Actor:
    return product.person("Ada")


def _sunday(product: Product, zone: ZoneInfo, hour: int = 10) -> datetime:
    fire = next_fire(Weekly(frozenset({6}), time(hour)), zone, product.clock.now())
    assert fire is not None
    return fire.instant


async def _digest_comes(product: Product, owner: int) -> datetime | None:
    async with product.services.database.read(owner) as unit:
        clock = await unit.repo(DigestClockRepository).get()
    return clock.next_at if clock else None


async def test_a_zone_chosen_in_the_coach_moves_the_digest_and_undo_moves_it_back(product: Product, ada: Actor) -> None:
    await ada.slash("/digest edit")
    await ada.press("Send it to me")
    assert await _digest_comes(product, ada.id) == _sunday(product, ZoneInfo("UTC"))
    await ada.slash("/coach start")
    await ada.press("Artist")
    for step in ("Beginner", "Skip", "Moderate"):
        await ada.press(step)
    await ada.press("Choose the time zone")
    await ada.fill(time_zone="Tokyo")
    await ada.choose("Which of these?", "Asia/Tokyo")
    assert await _digest_comes(product, ada.id) == _sunday(product, TOKYO)
    await ada.slash("/studio me")
    assert "Asia/Tokyo" in ada.sees()
    await ada.slash("/studio undo")
    await ada.press("Undo 1")
    assert await _digest_comes(product, ada.id) == _sunday(product, ZoneInfo("UTC"))
    await ada.slash("/studio me")
    assert "not set yet" in ada.sees()


async def test_somebody_who_starts_in_a_server_has_its_zone_everywhere(product: Product, ada: Actor) -> None:
    await _server(product, timezone="Europe/Berlin")
    await ada.slash("/digest edit")
    await ada.press("Send it to me")
    await ada.slash("/coach start")
    await ada.press("Artist")
    await ada.slash("/studio me")
    assert "Europe/Berlin" in ada.sees()
    assert await _digest_comes(product, ada.id) == _sunday(product, BERLIN)


async def _server(product: Product, **values: object) -> str | None:
    guild = next(iter(product.server.world.guilds))
    ada = product.person("Ada")
    who, standing = Who.user(ada.id, "Ada"), Standing(ada.id, guild, can_manage_server=True)
    return (await product.services.studio.save_guild(who, standing, guild, **values)).group_id


async def _runs(product: Product, owner: int) -> dict[str, tuple[str, datetime | None]]:
    """Return zone and next run of every mission, by its title."""
    listed = await product.services.missions.service.listed(owner)
    return {mission.title: (plan.zone, plan.next_run_at) for mission, plan in listed}


def _nine(product: Product, zone: str) -> tuple[str, datetime]:
    now = product.clock.now().astimezone(ZoneInfo(zone))
    at = datetime.combine(now.date(), time(9), ZoneInfo(zone))
    return zone, (at if at > now else at + timedelta(days=1)).astimezone(UTC)


async def test_missions_follow_zones_and_keep_their_own_over_every_stop_and_start(product: Product, ada: Actor) -> None:
    guild = next(iter(product.server.world.guilds))
    await _server(product, timezone="Europe/Berlin")
    missions, who, studio = product.services.missions.service, Who.user(ada.id, "Ada"), product.services.studio
    for title, where in (("Here", guild), ("In private", None)):
        await missions.new(who, ada.id, MissionDraft(title, "Keep going", "daily 09:00", guild_id=where))
    apart = {"Here": _nine(product, "Europe/Berlin"), "In private": _nine(product, "UTC")}
    assert await _runs(product, ada.id) == apart
    agent = (await missions.agents(who, ada.id)).agents[0]
    for state in (LifeState.PAUSED, LifeState.ACTIVE):
        await missions.set_agent_state(who, ada.id, agent.id, state)
    assert await _runs(product, ada.id) == apart, "an agent was stopped and started"
    await ada.slash("/mission agents")
    await ada.press("Pause all")
    assert {zone for zone, at in (await _runs(product, ada.id)).values() if at is not None} == set()
    await missions.resume_all(who, ada.id)
    assert await _runs(product, ada.id) == apart, "all were stopped and started"

    await _server(product, timezone="America/New_York")
    await product.work()
    assert (await _runs(product, ada.id))["Here"] == _nine(product, "America/New_York")
    await ada.slash("/studio me")
    await ada.press("Zone and hours")
    await ada.fill(time_zone="Tokyo", quiet_from="21:00", quiet_until="09:00")
    assert set((await _runs(product, ada.id)).values()) == {_nine(product, "Asia/Tokyo")}, "no zone but the person's"
    await ada.press("Undo")
    assert (await _runs(product, ada.id)) == {
        "Here": _nine(product, "America/New_York"),
        "In private": _nine(product, "UTC"),
    }
    mission = next(one for one, _ in await missions.listed(ada.id) if one.title == "In private")
    await missions.pause(who, ada.id, mission.id)
    await studio.save_person(who, ada.id, timezone="Asia/Tokyo")
    await missions.resume(who, ada.id, mission.id)
    assert (await _runs(product, ada.id))["In private"] == _nine(product, "Asia/Tokyo"), "it moved while it rested"


async def test_releases_are_looked_at_in_the_morning_where_the_person_is_now(product: Product, ada: Actor) -> None:
    services, who = product.services, Who.user(ada.id, "Ada")

    async def looked_at() -> tuple[str, datetime]:
        async with services.database.read(ada.id) as unit:
            clock = await unit.repo(ReleaseClockRepository).running()
        assert clock is not None
        return clock.zone, clock.next_at

    await _release(product, ada)
    zone, before = await looked_at()
    assert zone == "UTC"
    await services.studio.save_person(who, ada.id, timezone="Asia/Tokyo")
    zone, after = await looked_at()
    assert zone == "Asia/Tokyo"
    assert after.astimezone(TOKYO).time() == before.time()


async def _release(product: Product, ada: Actor) -> None:
    day = (product.clock.now() + timedelta(days=60)).date()
    await product.services.releases.create(
        Who.user(ada.id, "Ada"), ada.id, ReleaseDraft("Low Tide", day, "bandcamp_first_3w")
    )


async def test_the_hour_of_the_servers_digest_counts_from_the_moment_it_is_set(product: Product, ada: Actor) -> None:
    guild = next(iter(product.server.world.guilds))
    general = product.channel("general")
    await _server(product, server_digest=True, digest_channel=general.id)
    assert await _digest_comes(product, guild) == _sunday(product, ZoneInfo("UTC"))
    await ada.slash("/studio settings")
    await ada.press("Time")
    await ada.fill(time_zone="Berlin", day="6", hour="18")
    assert await _digest_comes(product, guild) == _sunday(product, BERLIN, 18)
    await ada.press("Undo")
    assert await _digest_comes(product, guild) == _sunday(product, ZoneInfo("UTC"))
    assert "as it was" in ada.sees()


async def test_the_servers_digest_is_turned_on_where_its_time_is_set(product: Product, ada: Actor) -> None:
    guild = next(iter(product.server.world.guilds))
    await ada.slash("/studio settings")
    assert "Weekly digest: off" in ada.sees()
    await ada.press("Time")
    await ada.fill(weekly_digest="yes", time_zone="Berlin", day="0", hour="9")
    general = product.channel("general")
    assert f"Weekly digest: Monday 09:00 in <#{general.id}>" in ada.sees()
    assert await _digest_comes(product, guild) is not None
    await ada.press("Channels")
    await ada.fill(digest=[])
    assert "no channel is chosen for it yet" in ada.sees()
    assert await _digest_comes(product, guild) is None


async def test_a_countdown_runs_where_it_was_asked_for_in_a_server_without_a_channel_for_releases(
    product: Product, ada: Actor
) -> None:
    await _server(product, releases_channel=None)
    await _release(product, ada)
    await ada.slash("/release show", release="Low Tide")
    await ada.press("More")
    await ada.choose("What else?", "Public countdown in a channel")
    assert f"runs in <#{product.channel('general').id}>" in ada.sees()


async def test_with_a_member_role_only_its_people_managers_and_approvers_use_me_there(
    product: Product, ada: Actor
) -> None:
    world = product.server.world
    guild = next(iter(world.guilds.values()))
    ben, cleo, dan = product.person("Ben"), product.newcomer("Cleo"), product.newcomer("Dan")
    await ben.slash("/loop new", name="Night Drive")
    await ben.slash("/studio me")
    await ben.press("Zone and hours")
    members, approvers = world.add_role(guild, "Crew"), world.add_role(guild, "Label")
    world.give_role(guild, cleo.person.user, members)
    world.give_role(guild, dan.person.user, approvers)
    await _server(product, member_role=members.id, approver_role=approvers.id)

    refused = f"only people with <@&{members.id}> use me"
    await ben.fill(time_zone="Tokyo", quiet_from="21:00", quiet_until="09:00")
    assert refused in ben.sees(), "a form that was open"
    await ben.press("Zone and hours")
    assert ben.sees().count(refused) == 2, "a button that lies there"
    for command in ("/loop show", "/studio about", "/digest edit", "/coach start", "/mission list", "/release list"):
        before = ben.sees().count(refused)
        await ben.slash(command)
        assert ben.sees().count(refused) == before + 1, command
    assert "Night Drive" not in str(await ben.offers("/loop show", "loop", "Ni"))
    assert (await product.services.studio.person_settings(ben.id)).timezone is None
    for person in (ada, cleo, dan):
        await person.slash("/studio about")
        assert "I’m a bot that works in your studio" in person.sees(), person.name
        assert refused not in person.sees()
    ben.go("DM")
    await ben.slash("/loop show")
    assert "Night Drive" in ben.sees(), "what is theirs stays within reach"


async def test_a_channel_that_i_cannot_see_is_never_named_chosen_or_posted_to(product: Product, ada: Actor) -> None:
    """Discord sends it without its name, and leaves it out where channels are asked for."""
    world = product.server.world
    guild = next(iter(world.guilds.values()))
    secret = world.add_text_channel(guild, "board-room")
    world.overwrite(secret, world.application.bot_id, deny=int(Permission.VIEW_CHANNEL), is_member=True)
    await product.wait_for(lambda: getattr(product.bot.get_channel(secret.id), "name", "") == "___hidden___")
    known = product.bot.get_guild(guild.id)
    assert known is not None
    listed = await known.fetch_channels()
    assert secret.id not in [channel.id for channel in listed]

    await ada.slash("/studio settings")
    await ada.press("Channels")
    await ada.fill(bounces=secret)
    assert f"I can’t see <#{secret.id}>, so nothing was changed." in ada.sees()
    await ada.slash("/studio health")
    assert "board-room" not in ada.sees()
    assert "___hidden___" not in ada.sees()

    general = product.channel("general").channel
    await _server(product, bounces_channel=general.id)
    world.overwrite(general, world.application.bot_id, deny=int(Permission.VIEW_CHANNEL), is_member=True)
    await product.wait_for(lambda: getattr(product.bot.get_channel(general.id), "name", "") == "___hidden___")
    await ada.slash("/studio health")
    assert f"In <#{general.id}> these permissions are off for me: View Channel" in ada.sees()


async def test_without_the_member_role_no_command_control_or_form_does_anything(product: Product, ada: Actor) -> None:
    """Everything that there is, as it is declared: what comes later is asked as well."""
    world, core = product.server.world, product.server.core
    guild = next(iter(world.guilds.values()))
    crew = world.add_role(guild, "Crew")
    await _server(product, member_role=crew.id)
    ben = product.person("Ben").go("#general")
    place = product.channel("general").channel
    refused, old = f"only people with <@&{crew.id}> use me", "nothing was changed"
    await ada.slash("/studio about")
    lying = ada.last()
    let_through: list[str] = []

    async def answer(kind: InteractionType, data: dict[str, object], message: Message | None = None) -> str:
        seen = {one.id for one in ben.person.sees()}
        sent = core.interactions.start(kind, ben.id, place, data, message_id=message.id if message else None)
        busy = (InteractionState.WAITING, InteractionState.THINKING)
        await product.server.until(lambda: sent.state not in busy, 30)
        return "\n".join(read_message(core, one) for one in ben.person.sees() if one.id not in seen)

    for name in product.bot.edge.controls.presses:
        data: dict[str, object] = {"component_type": 2, "custom_id": f"v1:{name}:x", "id": 1}
        words = await answer(InteractionType.COMPONENT, data, lying)
        if refused not in words and old not in words:
            let_through.append(f"{name}: {words}")
    for name in product.bot.edge.controls.forms:
        words = await answer(InteractionType.MODAL_SUBMIT, {"custom_id": f"v1:{name}:x", "components": []}, lying)
        if refused not in words:
            let_through.append(f"form {name}: {words}")
    assert let_through == []
    assert len(product.bot.edge.controls.presses) > 100


async def test_nothing_of_mine_speaks_for_somebody_where_they_may_not_write(product: Product, ada: Actor) -> None:
    """News that only managers write: neither a mission, nor a digest, nor a bounce of a member is posted there."""
    world = product.server.world
    guild = next(iter(world.guilds.values()))
    news = world.add_text_channel(guild, "news")
    world.overwrite(news, guild.id, deny=int(Permission.SEND_MESSAGES))
    world.overwrite(news, world.application.bot_id, allow=int(Permission.SEND_MESSAGES), is_member=True)
    await product.wait_for(lambda: product.bot.get_channel(news.id))
    ben, told = product.person("Ben").go("#general"), "You can’t write in that channel"
    await ben.slash("/mission new")
    await ben.fill(title="Spam", objective="Buy now", channel=news)
    assert told in ben.sees()
    assert await product.services.missions.service.search(ben.id, "") == []
    await ben.slash("/mission new")
    await ben.fill(title="Mine", objective="Go on", channel=product.channel("general"))
    (mission,) = await product.services.missions.service.search(ben.id, "")
    await ben.slash("/mission edit", mission="Mine")
    await ben.fill(channel=news)
    assert ben.sees().count(told) == 2
    assert (await product.services.missions.service.show(ben.id, mission.id, 0)).mission.channel_id != news.id
    ben.go(news)
    await ben.slash("/digest edit")
    await ben.press("Copy to this channel")
    assert told in ben.sees()
    assert (await product.services.digests.panel(ben.id)).shares == ()
    ada.go("#general")
    await ada.slash("/mission new")
    await ada.fill(title="News", objective="Tell", channel=news)
    (ours,) = await product.services.missions.service.search(ada.id, "")
    assert ours.channel_id == news.id


@pytest.mark.parametrize("why", ["left", "lost the role"])
async def test_who_left_a_server_or_lost_its_role_speaks_there_no_more(product: Product, ada: Actor, why: str) -> None:
    """By direct message they still have what is theirs, and run it; the server hears nothing of it."""
    world, general = product.server.world, product.channel("general")
    guild = next(iter(world.guilds.values()))
    crew = world.add_role(guild, "Crew")
    ben = product.person("Ben").go("#general")
    world.give_role(guild, ben.person.user, crew)
    await ben.slash("/loop new", name="Night Drive")
    await ben.press("Post to channel")
    await ben.slash("/loop clip")
    await ben.fill(name="Bridge")
    await product.live(minutes=1)
    posted = [one for one in general.messages() if "Night Drive" in str(one.components)]
    await ben.slash("/mission new")
    assert ben.form is not None
    loop = re.search(r"loop:[0-9a-f]{32}", str(ben.form.modal))
    assert loop is not None
    await ben.fill(title="Mine", objective="Go on", channel=general, inputs=[loop[0]])
    if why == "left":
        world.leave(guild, ben.person.user)
    else:
        guild.members[ben.id].role_ids.remove(crew.id)
        await _server(product, member_role=crew.id)
    ben.person.install()
    ben.go("DM")
    await product.live(minutes=6)
    shown, before = [str(one.components) for one in posted], len(general.messages())
    await ben.slash("/mission run", mission="Mine")
    await ben.slash("/loop edit", loop="Night Drive")
    await ben.fill(name="Buy now")
    await product.live(minutes=2)
    assert len(general.messages()) == before
    assert [str(one.components) for one in posted] == shown
    await ben.slash("/mission review")
    assert "Waiting for you" in ben.sees(), "what is theirs waits where they are"
