"""A stock discord.py bot on the local Discord: every kind of command, component, form and file."""

import asyncio
from datetime import timedelta

import discord
import pytest

from bot.clock import FixedClock
from bot.local.model import MessageFlag
from bot.local.people import Upload
from tests.wire.kit import Actor, JourneyError, Place, Stage, typed
from tests.wire.samplebot import PNG, SampleBot

pytestmark = pytest.mark.usefixtures("sample")


async def test_a_card_with_a_picture_is_tagged_and_renamed(ada: Actor) -> None:
    card = await ada.slash("/bounce show", bounce="Harbour")
    assert card is not None
    assert "Ada used /bounce show" in ada.sees()
    assert "picture: Levels of Harbour" in ada.sees()
    assert ada.files() == {"card.png": PNG}
    await ada.press("Rename")
    assert "form: Rename" in ada.sees()
    await ada.fill(new_name="Quay")
    assert "Renamed to Quay" in ada.sees()
    await ada.choose("Tag", "Keeper")
    assert "Tagged keeper" in ada.sees()
    assert "Levels of" not in ada.sees()


async def test_only_the_person_addressed_sees_an_ephemeral_answer(ada: Actor, ben: Actor) -> None:
    await ada.slash("/bounce show", bounce="Harbour")
    await ben.press("Rename")
    await ben.fill(name="Mine")
    assert "only you can see this" in ben.sees()
    assert "Renamed" not in ada.sees()


async def test_autocomplete_offers_and_picks(ada: Actor) -> None:
    assert await ada.offers("/bounce show", "bounce", "night") == ["Night Drive", "Night Shift"]
    await ada.slash("/bounce show", bounce="drive")
    assert "### Night Drive" in ada.sees()
    await ada.slash("/bounce show", bounce=typed("made up"))
    assert "### made up" in ada.sees()


async def test_a_failure_shows_what_the_person_saw(ada: Actor) -> None:
    await ada.slash("/bounce show", bounce="Harbour")
    with pytest.raises(JourneyError, match=r"no button 'Delete' on the screen[\s\S]*### Harbour[\s\S]*\[Rename\]"):
        await ada.press("Delete")
    with pytest.raises(JourneyError, match="typing 'night' into bounce offered: Night Drive, Night Shift"):
        await ada.slash("/bounce show", bounce="night")
    with pytest.raises(JourneyError, match="The picker offers: /anywhere, /bounce show"):
        await ada.slash("/bounce delete")


async def test_deferred_work_edits_follows_up_deletes_and_fetches(ada: Actor, ben: Actor) -> None:
    await ada.slash("/bounce work")
    await ada.until_sees("Measured", f"Measured, {len(PNG)} bytes, one.png")
    assert "More" not in ada.sees()
    assert len(ben.person.sees()) == 1


async def test_a_second_answer_is_refused(ada: Actor) -> None:
    await ada.slash("/bounce twice")
    await ada.until_sees("refused 400/40060")


async def test_no_answer_shows_the_failure_after_three_seconds(ada: Actor, stage: Stage, clock: FixedClock) -> None:
    asked = ada.person.slash("silent")
    clock.advance(seconds=2.9)
    stage.server.core.interactions.expire()
    assert "did not respond" not in ada.sees()
    clock.advance(seconds=0.2)
    await ada.until_sees("/silent: The application did not respond")
    assert stage.forgive() == ["unanswered: Ada /silent → The application did not respond"]
    assert asked.failure


async def test_a_form_and_a_button_without_answer_say_so_and_the_form_stays_open(
    ada: Actor, stage: Stage, clock: FixedClock, sample: SampleBot
) -> None:
    card = await ada.slash("/bounce show", bounce="Harbour")
    await ada.press("Rename")
    await sample.close()
    sending = asyncio.ensure_future(ada.fill(new_name="Quay"))
    pressing = asyncio.ensure_future(ada.press("Rename", on=card))
    await stage.until(lambda: len(stage.server.core.interactions.waiting) == 2)
    clock.advance(seconds=3)
    with pytest.raises(JourneyError, match=r"Something went wrong[\s\S]*form: Rename"):
        await sending
    with pytest.raises(JourneyError, match="This interaction failed"):
        await pressing
    assert ada.form is not None
    assert len(stage.forgive()) == 2


async def test_every_kind_of_option_arrives(ada: Actor, ben: Actor, general: Place, stage: Stage) -> None:
    world = stage.server.world
    guild = next(iter(world.guilds.values()))
    role = world.add_role(guild, "mixers")
    await ada.slash(
        "/options",
        target="XP",
        count=3,
        ratio="0.5",
        loud=True,
        who=ben,
        where=general,
        role=role,
        any_one=role,
        file=Upload("Mix Übersicht.wav", b"12345"),
    )
    assert "xp 3 0.5 True Ben general mixers mixers Mix Übersicht.wav 5" in ada.sees()


async def test_values_out_of_range_do_not_leave_the_keyboard(ada: Actor) -> None:
    with pytest.raises(JourneyError, match="required"):
        await ada.slash("/options", target="XP")
    with pytest.raises(JourneyError, match="/options has no option flavour"):
        await ada.slash("/options", flavour="mint")


async def test_a_picture_in_an_embed_is_no_loose_attachment(ada: Actor) -> None:
    await ada.slash("/gallery")
    await ada.until_sees("8 b.png")
    assert "Key: A minor" in ada.sees()


async def test_every_kind_of_select_arrives(ada: Actor, ben: Actor, general: Place, stage: Stage) -> None:
    guild = next(iter(stage.server.world.guilds.values()))
    role = stage.server.world.add_role(guild, "mixers")
    await ada.slash("/selects")
    for placeholder, picked, told in (
        ("Who", [ben], "ben"),
        ("Which role", [role], "mixers"),
        ("Anyone", [ben, role], "ben mixers"),
        ("Where", [general.channel], "general"),
    ):
        await ada.choose(placeholder, *picked)
        assert told in ada.sees()


async def test_a_form_with_text_selects_and_files(ada: Actor, ben: Actor) -> None:
    await ada.slash("/form", which="everything")
    assert "Tell me everything." in ada.sees()
    files = [Upload("a.txt", b"one"), Upload("b.txt", b"three")]
    await ada.fill(pick=["One", "Two"], who=ben, files=files)
    assert "as before / 1,2 / Ben / a.txt:3,b.txt:5" in ada.sees()


async def test_a_form_with_radios_and_boxes(ada: Actor, general: Place) -> None:
    await ada.slash("/form", which="boxes")
    with pytest.raises(JourneyError, match="Radio is required"):
        await ada.fill(sure=True)
    await ada.fill(radio="b", group=["c", "d"], sure=True, where=general.channel)
    assert "b / c+d / True" in ada.sees()
    assert "general" in ada.sees()


async def test_menus_on_messages_and_people(ada: Actor, ben: Actor) -> None:
    said = await ben.say("listen to this")
    await ada.menu("Log as bounce", said)
    assert "Logged: listen to this" in ada.sees()
    await ada.menu("Show shared card", ben)
    assert "Ben shares nothing" in ada.sees()


async def test_a_user_install_works_in_a_foreign_conversation(ada: Actor, ben: Actor, stage: Stage) -> None:
    between = stage.server.world.conversation(ada.id, ben.id)
    ada.go(between)
    with pytest.raises(JourneyError, match="The picker offers: nothing"):
        await ada.slash("/anywhere")
    ada.person.install()
    await ada.slash("/anywhere")
    assert "in private" in ada.sees()
    await ada.slash("/anywhere", followups=6)
    await ada.until_sees("stopped by 40094")
    assert ada.sees().count("follow-up") == 5


async def test_a_command_in_the_conversation_with_the_bot(ada: Actor) -> None:
    ada.go("DM")
    await ada.slash("/anywhere")
    assert "in private" in ada.sees()


async def test_talking_in_private_goes_both_ways(ada: Actor, sample: SampleBot) -> None:
    await ada.dm("hello")
    assert (await ada.conversation.next_message()).content == "hello"
    assert (await ada.conversation.next_message()).content == "You said: hello"
    await ada.slash("/letter")
    assert (await ada.conversation.next_message()).content == "Hello in private"
    assert sample.heard == ["hello"]


async def test_closed_conversations_are_refused_with_their_code(ada: Actor) -> None:
    ada.person.user.dms_open = False
    await ada.slash("/letter")
    assert "refused 50007" in ada.sees()


async def test_threads_reactions_and_history(ada: Actor, stage: Stage) -> None:
    await ada.slash("/threads")
    await ada.until_sees("True 2 studiohand About it True")
    assert "🎧 1" in ada.sees()
    inside = stage.channel("About it")
    assert [m.content for m in inside.messages()] == ["In the thread"]


async def test_a_dynamic_item_works_after_a_bot_restart(ada: Actor, stage: Stage, sample: SampleBot) -> None:
    await ada.slash("/counter")
    await sample.close()
    async with stage.running(SampleBot()):
        await ada.press("Count 0")
        await ada.press("Count 1")
        assert "Counted 2" in ada.sees()


async def test_a_token_is_dead_after_fifteen_minutes(
    ada: Actor, stage: Stage, sample: SampleBot, clock: FixedClock
) -> None:
    late: list[discord.Interaction[SampleBot]] = []

    @sample.listen()
    async def on_interaction(interaction: discord.Interaction[SampleBot]) -> None:
        late.append(interaction)

    await ada.slash("/counter")
    clock.advance(minutes=14)
    await late[0].edit_original_response(content="still alive")
    clock.advance(minutes=1)
    with pytest.raises(discord.HTTPException) as caught:
        await late[0].edit_original_response(content="too late")
    assert (caught.value.status, caught.value.code) == (401, 50027)
    assert "still alive" in ada.sees()


async def test_a_link_to_a_file_dies_after_a_day(ada: Actor, sample: SampleBot, clock: FixedClock) -> None:
    await ada.slash("/gallery")
    shown = next(m for m in ada.person.sees() if m.attachment_ids)
    channel = sample.get_partial_messageable(shown.channel_id)
    fetched = await channel.fetch_message(shown.id)
    assert await fetched.attachments[0].read() == PNG
    clock.set(clock.now() + timedelta(hours=23))
    assert await fetched.attachments[0].read() == PNG
    clock.set(clock.now() + timedelta(hours=1, seconds=1))
    with pytest.raises(discord.NotFound):
        await fetched.attachments[0].read()
    again = await channel.fetch_message(shown.id)
    assert await again.attachments[0].read() == PNG


async def test_a_placeholder_is_loading_until_the_first_follow_up(ada: Actor, stage: Stage, sample: SampleBot) -> None:
    states: list[int] = []
    stop = stage.server.subscribe(
        lambda change: states.append(change.message.flags) if hasattr(change, "message") else None  # type: ignore[union-attr]
    )
    await ada.slash("/bounce work")
    stop()
    ephemeral, loading = MessageFlag.EPHEMERAL, MessageFlag.LOADING
    assert states[:2] == [ephemeral | loading, ephemeral]
