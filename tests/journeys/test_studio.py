"""Setting up, health, personal settings, undo and privacy, as people see them."""

import hashlib
import io
import json
import math
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.actors import Actor as Doer
from bot.clock import FixedClock
from bot.local.permissions import Permission
from bot.say.words import read_catalogue
from bot.slots import SlotDraft
from bot.studio.service import Standing
from cogs.studio import privacy
from storage.tables.bounces import FolderRow
from tests.digest.people import bounce_of, put_bounce, put_bounces
from tests.product import Product, running
from tests.rig import labels, texts
from tests.wire.kit import Actor


async def test_about_says_what_i_am(product: Product) -> None:
    seen = await product.seen(product.ada.slash("studio about"))
    assert "I’m a bot that works in your studio" in texts(seen)


async def test_a_new_server_is_greeted_once_until_i_am_taken_out_and_back(product: Product) -> None:
    world = product.server.world
    guild = world.add_guild("Cellar", product.ada.user, bot=False)
    hall = world.add_text_channel(guild, "hall")
    guild.system_channel_id = hall.id

    def greetings() -> int:
        return sum("Set up" in labels(message) for message in world.messages.get(hall.id, {}).values())

    world.invite_bot(guild)
    joined = await product.wait_for(lambda: product.bot.get_guild(guild.id))
    # The local gateway tells of a guild as available; what discord.py tells of a new one comes here.
    cog: Any = product.bot.get_cog("Joining")
    await cog.on_guild_join(joined)
    await cog.on_guild_join(joined)
    assert greetings() == 1
    await cog.on_guild_remove(joined)
    await cog.on_guild_join(joined)
    assert greetings() == 2


async def test_who_asks_what_is_kept_leaves_no_trace_by_asking(product: Product) -> None:
    for _ in range(2):
        seen = await product.seen(product.ben.slash("studio privacy show"))
        assert "Nothing is kept about you." in texts(seen)
    await product.seen(product.ben.slash("studio about"))
    await product.wait_for(lambda: product.services.studio.person(product.ben.id))
    seen = await product.seen(product.ben.slash("studio privacy show"))
    assert "That you used the bot, and how to reach you" in texts(seen)


async def test_somebody_without_the_right_cannot_set_me_up(product: Product) -> None:
    seen = await product.seen(product.ben.slash("studio health"))
    assert "Manage Server" in texts(seen)


async def test_health_names_what_works_and_what_needs_a_look(product: Product) -> None:
    seen = await product.seen(product.ada.slash("studio health"))
    said = texts(seen)
    assert "I can post in" in said
    assert "AI has no key" in said
    assert "This host" in said


@pytest.mark.parametrize("latency", [math.inf, math.nan])
async def test_health_answers_before_the_first_heartbeat_came_back(
    product: Product, monkeypatch: pytest.MonkeyPatch, latency: float
) -> None:
    monkeypatch.setattr(type(product.bot), "latency", property(lambda _: latency))
    seen = await product.seen(product.ada.slash("studio health"))
    assert "not timed yet" in texts(seen)


async def test_a_person_sets_zone_and_quiet_hours_and_takes_it_back(product: Product) -> None:
    card = await product.seen(product.ada.slash("studio me"))
    assert "not set yet" in texts(card)
    interaction = product.ada.click(card, "Zone and hours")
    await product.settled(interaction)
    sent = product.ada.submit(interaction, {"zone": "Berlin", "start": "22:00", "end": "08:30"})
    saved = await product.seen(sent)
    assert "Europe/Berlin" in texts(saved)
    assert "22:00 to 08:30" in texts(saved)
    undone = await product.seen(product.ada.click(saved, "Undo"))
    assert "as it was" in texts(undone)
    settings = await product.services.studio.person_settings(product.ada.id)
    assert settings.timezone is None


async def test_a_wrong_zone_is_explained_and_nothing_typed_is_lost(product: Product) -> None:
    card = await product.seen(product.ada.slash("studio me"))
    interaction = product.ada.click(card, "Zone and hours")
    await product.settled(interaction)
    refused = await product.seen(
        product.ada.submit(interaction, {"zone": "Atlantis", "start": "22:00", "end": "08:30"})
    )
    assert "Atlantis" in texts(refused)
    again = product.ada.click(refused, "Edit again")
    await product.settled(again)
    corrected = await product.seen(
        product.ada.submit(again, {"zone": "Europe/London", "start": "22:00", "end": "08:30"})
    )
    assert "Europe/London" in texts(corrected)


async def test_the_wizard_goes_on_where_it_was_left(product: Product) -> None:
    first = await product.seen(product.ada.slash("studio setup"))
    assert "step 1 of 6" in texts(first)
    await product.seen(product.ada.click(first, "Skip"))
    again = await product.seen(product.ada.slash("studio setup"))
    assert "step 2 of 6" in texts(again)


async def test_everything_about_a_person_is_shown_exported_and_deleted(product: Product) -> None:
    card = await product.seen(product.ben.slash("studio me"))
    interaction = product.ben.click(card, "Weekly digest by message: on")
    await product.seen(interaction)
    shown = await product.seen(product.ben.slash("studio privacy show"))
    assert "Your settings: 1 entry" in texts(shown)
    asked = await product.seen(product.ben.slash("studio privacy delete"))
    form = product.ben.click(asked, "Delete everything")
    await product.settled(form)
    gone = await product.seen(product.ben.submit(form, {"typed": "delete everything"}))
    assert "Deleted" in texts(gone)
    after = await product.seen(product.ben.slash("studio privacy show"))
    assert "Your settings" not in texts(after)


async def test_ai_is_turned_on_only_after_what_is_sent_was_said_and_off_at_one_press(product: Product) -> None:
    ben, studio = product.person("Ben"), product.services.studio

    async def agreed() -> bool:
        return (await studio.person_settings(ben.id)).ai_consent

    await ben.slash("/studio me")
    await ben.press("AI on my things: on")
    assert "each clip: name, notes, lane, start and length" in ben.sees()
    assert "the words of clips made from somebody else’s message" in ben.sees()
    assert not await agreed(), "nobody agreed to anything yet"
    await ben.press("Not now")
    assert not await agreed()
    await ben.slash("/studio me")
    await ben.press("AI on my things: on")
    await ben.press("Turn it on")
    assert await agreed()
    await ben.press("AI on my things: off")
    assert not await agreed()
    await ben.press("AI on my things: on")
    assert not await agreed(), "it is asked every time"


async def test_somebody_without_the_right_changes_nothing_of_the_server_by_an_old_card(product: Product) -> None:
    """The card of a manager lies in nobody else's hands, but a request can be made up: each press asks again."""
    ada, ben, studio = product.person("Ada"), product.person("Ben"), product.services.studio
    guild = next(iter(product.server.world.guilds))
    before = await studio.guild_settings(guild)
    for command in ("/studio setup", "/studio settings", "/studio health"):
        await ben.slash(command)
        assert "Manage Server" in ben.sees()
        assert ben.buttons() == []
    await ada.slash("/studio settings")
    assert len(ada.buttons()) >= 5
    assert await studio.guild_settings(guild) == before


async def test_an_export_that_is_large_comes_in_parts_and_names_what_somebody_did_in_things_of_others(
    product: Product,
) -> None:
    """However much it is, each part is as large as this place takes, and opens alone."""
    ada = product.person("Ada")
    guild = next(iter(product.server.world.guilds))
    standing = Standing(ada.id, guild, can_manage_server=True)
    await product.services.studio.save_guild(Doer.user(ada.id, "Ada"), standing, guild, timezone="Asia/Tokyo")
    await ada.slash("/studio privacy show")
    assert "1 entry names you" in ada.sees()
    many = [
        bounce_of(ada.id, f"take {number}.wav", product.clock.now() - timedelta(minutes=number))
        for number in range(3000)
    ]
    await put_bounces(product.services.database, ada.id, many)
    await ada.slash("/studio privacy export")
    await ada.until_sees("Your data")
    (name,) = [name for name in ada.files() if name.startswith("studiohand-data")]
    with zipfile.ZipFile(io.BytesIO(ada.files()[name])) as archive:
        data = json.loads(archive.read("studiohand-data.json"))
    assert len(data["bounces"]) == 3000
    assert [row["operation"] for row in data["changes, in things of others"]] == ["settings.guild"]


def test_parts_of_an_export_hold_every_row_once_and_none_is_too_large() -> None:
    rows = [{"id": number, "text": hashlib.sha256(str(number).encode()).hexdigest()} for number in range(2000)]
    data = {"loops": rows[:700], "bounces": rows[700:]}
    parts = privacy._parts(data, read_catalogue().words("en"), 30_000)
    assert len(parts) > 2
    assert all(len(content) <= 30_000 for _, content in parts)
    found: list[int] = []
    for _, content in parts:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            told = json.loads(archive.read("studiohand-data.json"))
        found += [row["id"] for table in ("loops", "bounces") for row in told.get(table, ())]
    assert found == [row["id"] for row in rows]


async def test_a_watched_folder_that_is_not_there_is_an_error_that_says_who_can_mend_it(
    tmp_path: Path, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(tmp_path / "data", clock, folders=[tmp_path / "Bounces"]) as product:
        ada = product.person("Ada")

        async def known() -> bool:
            async with product.services.database.system_read() as unit:
                return any((await unit.session.execute(select(FolderRow.gone_since))).scalars())

        await product.wait_for(known)
        await ada.slash("/studio health")
        seen = ada.sees()
        assert "**Broken** Folder Bounces is not there, so nothing of it is logged. The person who runs me can" in seen
        assert str(tmp_path) not in seen
    told = [record for record in caplog.records if "a watched folder is not there" in record.getMessage()]
    assert [record.levelname for record in told] == ["ERROR"]
    assert "STUDIOHAND_FOLDERS" in told[0].getMessage()


async def test_the_health_of_one_server_tells_nothing_of_another(tmp_path: Path, clock: FixedClock) -> None:
    async with running(tmp_path / "data", clock, folders=[tmp_path / "Secret album"]) as product:
        ada, ben, world = product.person("Ada"), product.person("Ben"), product.server.world
        studio = next(iter(world.guilds.values()))
        label = world.add_guild("Ben’s label", ben.person.user, bot=False)
        lobby = world.add_text_channel(label, "lobby")
        world.invite_bot(label)
        await product.wait_for(lambda: product.bot.get_guild(label.id))
        await ada.slash("/digest edit")
        await ada.press("Copy to this channel")
        # A copy of Ada's digest can't be posted in her server, and a digest of the server was left out.
        general = product.channel("general").channel
        world.overwrite(general, world.bot.id, deny=int(Permission.SEND_MESSAGES), is_member=True)
        await put_bounce(product.services.database, ada.id, "x.wav", product.clock.now(), 60)
        await product.live(days=(6 - product.clock.now().weekday()) % 7 + 1, step_s=6 * 3600)
        async with product.services.database.system_write("skip") as unit:
            left_out = SlotDraft("left-out", "digest", "x", unit.now, owner=studio.id, state="skipped", reason="late")
            await unit.add_slots([left_out])

        async def health(of: Actor, channel: Any) -> str:
            of.go(channel)
            await of.slash("/studio health")
            return of.sees().rpartition("Health ·")[2]

        hers = await health(ada, product.channel("bounces").channel)
        assert "1 message could not be delivered" in hers
        assert "did not take a post" in hers
        assert "1 scheduled thing was left out" in hers
        assert "Secret album" in hers
        his = await health(ben, lobby)
        for told in ("could not be delivered", "did not take a post", "left out", "Secret album", "brought up to date"):
            assert told not in his
        assert "All messages were delivered." in his
