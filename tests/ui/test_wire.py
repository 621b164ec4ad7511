"""The frame, on the wire: what Ada and Ben see when they use commands, buttons and forms."""

import asyncio
from datetime import timedelta

import pytest

from bot.clock import FixedClock
from bot.local.model import Interaction, InteractionState
from bot.local.server import LocalDiscord, ThreadedLocalDiscord
from tests.rig import MemoryStore, labels, rig, texts
from tests.ui.sample import LOOP, Services

COG = ["tests.ui.sample"]


async def test_a_card_answers_in_private_with_its_picture(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        seen = await r.seen(r.ada.slash("loop show"))
        assert seen.viewer_id == r.ada.id
        assert "Night Drive" in texts(seen)
        assert "Timeline of Night Drive" in texts(seen)
        assert labels(seen) == ["Done", "Edit"]


async def test_a_press_changes_the_card_in_place(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        seen = await r.seen(r.ada.slash("loop show"))
        await r.settled(r.ada.click(seen, "Done"))
        assert "1 done" in texts(r.ada.sees()[-1])
        assert len(r.ada.sees()) == 1


async def test_a_press_after_a_restart_does_the_same(clock: FixedClock) -> None:
    services = Services()
    async with rig(clock, COG, services) as before:
        seen = await before.seen(before.ada.slash("loop summary"))
        async with rig(clock, COG, services, server=before.server) as r:
            await before.bot.close()
            await r.settled(r.ada.click(seen, "Done"))
            assert "1 done" in texts(r.ada.sees()[-1])
    assert services.loops.done == 1


async def test_somebody_else_is_told_whose_it_is(clock: FixedClock) -> None:
    services = Services()
    async with rig(clock, COG, services) as r:
        seen = await r.seen(r.ada.slash("loop summary"))
        assert seen.viewer_id is None
        told = await r.seen(r.ben.click(seen, "Done"))
        assert told.viewer_id == r.ben.id
        assert f"<@{r.ada.id}>" in texts(told)
    assert services.loops.done == 0


async def test_an_old_control_says_so(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        seen = await r.seen(r.ada.slash("loop show"))
        seen.components[0]["components"][-1]["components"][0]["custom_id"] = "v0:loop:gone:1"
        told = await r.seen(r.ada.click(seen, "Done"))
        assert "older version" in texts(told)


async def test_a_typed_name_finds_the_thing_and_a_made_up_one_names_the_list(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        assert "Night Drive" in texts(await r.seen(r.ada.slash("loop show", loop="night drive")))
        told = await r.seen(r.ada.slash("loop show", loop="Day Drive"))
        assert "I can’t find that loop" in texts(told)
        assert "loop list" in texts(told)


async def test_autocomplete_offers_things_and_never_breaks(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        offered = await r.ada.autocomplete("loop show", "loop", "nig")
        assert offered is not None
        assert [choice["name"] for choice in offered] == ["Night Drive · strong"]
        assert offered[0]["value"] == LOOP
        broken = await r.ada.autocomplete("loop show", "loop", "boom")
        assert broken is not None
        assert "try again" in broken[0]["name"]


async def test_a_slow_answer_is_acknowledged_by_itself(clock: FixedClock) -> None:
    services = Services()
    async with rig(clock, COG, services, defer_after_s=0.05) as r:
        asked = r.ada.slash("loop slow")
        await r.server.until(lambda: asked.state is InteractionState.THINKING)
        services.loops.gate.set()
        await r.says(r.ada, "Here it is.")
        assert len(r.ada.sees()) == 1
        assert r.ada.sees()[0].viewer_id == r.ada.id


async def test_an_unexpected_error_has_a_reference_and_stays_private(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        told = await r.seen(r.ada.slash("loop wreck"))
        assert told.viewer_id == r.ada.id
        assert "ref " in texts(told)
        assert "select" not in texts(told)
        assert r.bot.edge.recent_errors[-1] in texts(told)


async def test_a_broken_public_answer_leaves_no_thinking_behind(clock: FixedClock) -> None:
    services = Services()
    async with rig(clock, COG, services) as r:
        turn_error = r.ada.slash("loop wreck")
        await r.settled(turn_error)
        assert not any(message.loading for message in r.ben.sees())


async def test_a_stale_interaction_is_dropped(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:

        class Late:
            def now(self):
                return clock.now() + timedelta(seconds=2.9)

        r.bot.edge.clock = Late()
        asked = r.ada.slash("loop show")
        dropped = {"command": "loop show", "outcome": "dropped"}
        async with asyncio.timeout(60):
            while r.bot.edge.metrics.registry.get_sample_value("studiohand_interactions_total", dropped) != 1:
                await asyncio.sleep(0)
        assert asked.state is InteractionState.WAITING
        assert r.stage.forgive() == ["waiting: /loop show"]


@pytest.mark.parametrize(("closing", "said"), [(False, "Starting"), (True, "Restarting")])
async def test_before_and_after_people_are_told(clock: FixedClock, closing: bool, said: str) -> None:
    async with rig(clock, COG, Services()) as r:
        r.bot.edge.ready, r.bot.edge.closing = closing, closing
        assert said in texts(await r.seen(r.ada.slash("loop show")))


async def test_a_form_opens_filled_and_saves(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        seen = await r.seen(r.ada.slash("loop show"))
        opened = await r.settled(r.ada.click(seen, "Edit"))
        assert opened.modal is not None
        await r.settled(r.ada.submit(opened, {"name": "Day Drive", "pace": "fast"}))
        assert "Day Drive (fast)" in texts(r.ada.sees()[-1])


async def test_a_wrong_entry_can_be_edited_again_with_everything_there(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        seen = await r.seen(r.ada.slash("loop show"))
        opened = await r.settled(r.ada.click(seen, "Edit"))
        told = await r.seen(r.ada.submit(opened, {"name": "Taken", "pace": "fast"}))
        assert "Name: Taken" in texts(told)
        assert labels(told) == ["Edit again"]
        again = await r.settled(r.ada.click(told, "Edit again"))
        assert again.modal is not None
        assert "'value': 'Taken'" in str(again.modal)
        clock.advance(minutes=16)
        late = await r.seen(r.ada.click(told, "Edit again"))
        assert "open too long" in texts(late)


async def test_a_form_open_during_a_restart_still_arrives(clock: FixedClock) -> None:
    services = Services()
    async with rig(clock, COG, services) as before:
        seen = await before.seen(before.ada.slash("loop show"))
        opened = await before.settled(before.ada.click(seen, "Edit"))
        async with rig(clock, COG, services, server=before.server) as r:
            await before.bot.close()
            await r.settled(r.ada.submit(opened, {"name": "Late", "pace": "calm"}))
    assert services.loops.name == "Late (calm)"


async def test_pages_turn_and_others_get_their_own_copy(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        first = await r.seen(r.ada.slash("loop list"))
        assert "Row 0" in texts(first)
        await r.settled(r.ada.click(first, "Next"))
        assert "Row 8" in texts(r.ada.sees()[-1])
        copy = await r.seen(r.ben.click(r.ada.sees()[-1], "Last"))
        assert copy.viewer_id == r.ben.id
        assert "Row 59" in texts(copy)
        assert "Row 8" in texts(r.ada.sees()[-1])
        await r.settled(r.ada.select(r.ada.sees()[-1], "Go to page", "4"))
        assert "Row 24" in texts(r.ada.sees()[-1])


async def test_a_question_that_ran_out_changes_nothing(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        asked = await r.seen(r.ada.slash("loop delete"))
        assert labels(asked) == ["Delete Night Drive and 8 clips", "Not now"]
        clock.advance(minutes=3, seconds=1)
        told = await r.seen(r.ada.click(asked, "Delete Night Drive and 8 clips"))
        assert "run out" in texts(told)


async def test_a_question_looks_expired_when_nobody_answers(clock: FixedClock) -> None:
    async with rig(clock, COG, Services(), confirm_minutes=0.001) as r:
        await r.seen(r.ada.slash("loop delete"))
        await r.says(r.ada, "run out")
        assert labels(r.ada.sees()[-1]) == []


async def test_a_question_that_was_answered_does_not_expire_afterwards(clock: FixedClock) -> None:
    async with rig(clock, COG, Services(), confirm_minutes=0.02) as r:
        asked = await r.seen(r.ada.slash("loop delete"))
        await r.settled(r.ada.click(asked, "Not now"))
        assert r.bot.edge._expiring == {}


async def test_long_work_tells_how_it_goes_and_ends_in_its_card(clock: FixedClock) -> None:
    services = Services()
    async with rig(clock, COG, services, progress_after_s=0.05, progress_edit_every_s=0.05) as r:
        r.ada.slash("loop work")
        await r.says(r.ada, "Reading audio (2 of 4)")
        assert labels(r.ada.sees()[-1]) == ["Cancel"]
        services.loops.gate.set()
        await r.says(r.ada, "All measured.")
        assert len(r.ada.sees()) == 1


async def test_long_work_can_be_stopped(clock: FixedClock) -> None:
    async with rig(clock, COG, Services(), progress_after_s=0.05, progress_edit_every_s=0.05) as r:
        r.ada.slash("loop work")
        await r.server.until(lambda: r.ada.sees() and labels(r.ada.sees()[-1]) == ["Cancel"])
        r.ada.click(r.ada.sees()[-1], "Cancel")
        await r.says(r.ada, "Stopped")
        assert labels(r.ada.sees()[-1]) == ["Try again"]


async def test_long_work_is_handed_over_before_the_token_dies(clock: FixedClock) -> None:
    services = Services()
    async with rig(clock, COG, services, progress_after_s=0.02, hand_over_after_s=0.06) as r:
        r.ada.slash("loop work")
        await r.says(r.ada, "It goes on")
        services.loops.gate.set()


async def test_a_post_carries_remove_for_its_owner_and_managers(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        r.ben.slash("loop share")
        await r.server.until(lambda: any("Remove" in labels(m) for m in r.ada.sees()))
        posted = r.ada.sees()[-1]
        assert posted.viewer_id is None
        r.ada.click(posted, "Remove")
        await r.server.until(lambda: posted not in r.ada.sees())


async def test_a_follow_up_too_many_becomes_an_edit_of_the_answer(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        r.server.faults.add("POST", "/webhooks/{application_id}/{token}", status=400, code=40094)
        interaction = r.ben.slash("loop share")
        await r.server.until(lambda: any("Remove" in labels(m) for m in r.ben.sees()), timeout=30)
        assert len(r.ben.sees()) == 1
        assert "Only you see this." not in texts(await r.seen(interaction))


async def test_a_token_that_is_too_old_ends_in_a_line_of_the_log(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        r.server.faults.add("POST", "/webhooks/{application_id}/{token}", times=9, status=401, code=50027)
        interaction = r.ben.slash("loop share")
        seen = await r.seen(interaction)
        assert "Only you see this." in texts(seen)
        r.server.faults.clear()
        assert await r.seen(r.ben.slash("loop show")) is not None


async def test_audio_comes_in_a_plain_message_after_its_card(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        r.ada.slash("loop sound")
        await r.server.until(lambda: len(r.ada.sees()) == 2)
        assert r.ada.sees()[1].attachment_ids
        assert not r.ada.sees()[1].components


async def test_places_and_people_are_checked_for_each_command(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        assert "In a server." in texts(await r.seen(r.ada.slash("loop home")))
        r.ada.go("DM")
        assert "server I have joined" in texts(await r.seen(r.ada.slash("loop home")))
        assert "person who runs me" in texts(await r.seen(r.ada.slash("loop host")))


async def test_commands_are_told_once_and_their_links_survive_a_restart(clock: FixedClock) -> None:
    store = MemoryStore()
    async with rig(clock, COG, Services(), store=store) as first:
        told = dict(store.kept)
        assert first.bot.edge.catalogue.links.mention("/loop show").startswith("</loop show:")
        async with rig(clock, COG, Services(), store=store, server=first.server) as second:
            await first.bot.close()
            assert store.kept == told
            assert not await second.bot.sync_commands()
            assert second.bot.edge.catalogue.links.mention("/loop show").startswith("</loop show:")
            assert await second.bot.sync_difference() == []


async def test_a_button_beside_a_line_and_a_choice_of_people_reach_their_handler(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        seen = await r.seen(r.ada.slash("loop parts"))
        assert "Took line" in texts(await r.seen(r.ada.click(seen, "Take it")))
        assert str(r.ben.id) in texts(await r.seen(r.ada.select(seen, "Who?", r.ben.id)))


async def test_a_card_can_be_had_as_plain_text(clock: FixedClock) -> None:
    async with rig(clock, COG, Services()) as r:
        seen = await r.seen(r.ada.slash("loop parts"))
        r.ada.click(seen, "As text")
        await r.server.until(lambda: bool(r.ada.sees()[-1].attachment_ids) and len(r.ada.sees()) == 2)
        held = r.server.world.attachments[r.ada.sees()[-1].attachment_ids[0]]
        said = (r.server.core.store.get(held.id) or b"").decode()
        assert "Mix pass" in said
        assert "Waveform, loudest near 2:05" in said


async def test_a_handler_that_blocks_is_seen_as_no_answer(clock: FixedClock) -> None:
    services = Services()

    async def ask(server: LocalDiscord) -> Interaction:
        asked = server.person("Ada").slash("loop blocked")
        async with asyncio.timeout(60):
            while not services.loops.blocking.is_set():
                await asyncio.sleep(0.001)
        clock.advance(seconds=3)
        await server.until(lambda: asked.state is not InteractionState.WAITING, 60)
        services.loops.free.set()
        return asked

    async with ThreadedLocalDiscord(clock) as threaded:
        async with rig(clock, COG, services, server=threaded.server) as r:
            asked = await threaded.call(ask)
            assert asked.state is InteractionState.FAILED
            assert asked.failure == "The application did not respond"
            assert r.bot.edge.recent_errors == []
