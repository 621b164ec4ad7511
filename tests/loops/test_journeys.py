"""Loops as people use them: commands, forms and buttons on the local Discord, with no AI key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from bot.actors import Actor as Actor_
from bot.clock import FixedClock
from bot.local.model import Message
from bot.local.parts import walk
from bot.local.people import Upload
from bot.local.server import LocalDiscord
from bot.loops.area import Neighbours, open_loops
from bot.loops.clips import ClipFields
from bot.ui.items import parse_custom_id
from storage.engine import open_engines
from storage.unit import Database
from tests.loops.test_service import Stubborn
from tests.loops.test_service import _no_time as no_time
from tests.product import Product, running
from tests.wire.kit import Actor, Stage, typed
from tests.wire.reading import read_message


@asynccontextmanager
async def opened(url: str, clock: FixedClock) -> AsyncIterator[Database]:
    """A second look at a database."""
    database = Database(open_engines(url), clock)
    yield database
    await database.close()


@pytest.fixture
def stage(product: Product) -> Stage:
    return Stage(product.server)


@pytest.fixture
def ada(stage: Stage) -> Actor:
    return stage.person("Ada")


@pytest.fixture
def ben(stage: Stage) -> Actor:
    return stage.person("Ben")


async def add(who: Actor, name: str, lane: str, start: str, length: str = "4") -> None:
    await who.slash("/loop clip")
    await who.fill(name=name, lane=lane, start=start, length=length)


async def test_the_first_show_makes_a_loop_and_says_how_to_start(ada: Actor) -> None:
    await ada.slash("/loop show")
    seen = ada.sees()
    assert "My Loop" in seen
    assert "No clips yet" in seen
    assert "picture: Timeline of My Loop: five empty lanes. Add a first clip." in seen
    assert ada.files()["timeline.png"][:4] == b"\x89PNG"
    assert ada.buttons()[:2] == ["Add clip", "More"]


async def test_planning_playing_through_and_finishing_a_loop(ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    panel = ada.last()
    await ada.press("Add clip", on=panel)
    await ada.fill(name="Sketch", lane="creative", start="0", length="6")
    await ada.until_sees("Added Sketch on Creative.")
    await add(ada, "Mix pass", "refine", "6")
    await ada.until_sees("2 clips on 2 lanes")
    assert "Sketch (bar 1), now" in ada.sees()
    await ada.press("Done", on=panel)
    await ada.choose("Which one is finished?", "Sketch")
    assert "Finished Sketch. Momentum is now" in ada.sees()
    await ada.until_sees("Done: 1.")
    await ada.slash("/loop done", clip="Mix pass")
    await ada.until_sees("Done: 2.", "Nothing is open.")


async def test_a_release_plan_fills_a_new_loop(ada: Actor) -> None:
    assert "Single, 8 weeks" in await ada.offers("/loop new", "preset", "single", name="x")
    await ada.slash("/loop new", name="Harbour", preset="single_8w")
    seen = ada.sees()
    await ada.slash("/loop new", name="Other", preset=typed("Finish month"))
    assert "### Other · Quiet" in ada.sees()
    await ada.slash("/loop new", name="Third", preset=typed("no such plan"))
    assert "There is no preset “no such plan”." in ada.sees()
    assert "### Harbour · Quiet" in seen
    assert "leading to" in seen
    assert "Choose the bounce to release" in seen


async def test_clips_are_changed_by_form_and_by_tools(ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    panel = ada.last()
    await add(ada, "Teaser", "promo", "8")
    await ada.slash("/loop clip", clip="Teaser")
    await ada.fill(name="Teaser edit", length="3")
    await ada.until_sees("Changed Teaser edit.")
    await ada.press("More", on=panel)
    await ada.choose("What would you like to do?", "Change a clip")
    await ada.choose("Which clip?", "Teaser edit")
    assert "Promo, beats 8 to 11" in ada.sees()
    await ada.choose("Move", "+4 beats")
    assert "Teaser edit is now at bar 4." in ada.sees()
    await ada.press("Undo")
    await ada.until_sees("Undone.")
    await ada.press("More", on=panel)
    await ada.choose("What would you like to do?", "Change a clip")
    await ada.choose("Which clip?", "Teaser edit")
    await ada.press("Next free place")
    assert "Teaser edit stands in a free place already." in ada.sees()
    await ada.choose("Move", "+4 beats")
    await ada.choose("Length", "−1 beat")
    await ada.choose("Lane", "Creative")
    assert "Creative, beats 12 to 14" in ada.sees()
    await ada.press("Mark ready")
    await ada.press("Done")
    assert "### Teaser edit · Done" in ada.sees()
    await ada.press("Open again")
    await ada.press("Remove")
    await ada.press("Undo")
    await ada.until_sees("Teaser edit (bar 4)")


async def test_the_clip_that_is_open_is_offered_first(ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    panel = ada.last()
    for name in ("Sketch", "Teaser", "Mix pass"):
        await add(ada, name, "promo", "8")
    await ada.press("More", on=panel)
    await ada.choose("What would you like to do?", "Change a clip")
    await ada.choose("Which clip?", "Teaser")
    assert (await ada.offers("/loop export", "clip", "", target="xp"))[0].startswith("Teaser")


async def test_a_clip_gets_a_deadline_in_a_loop_with_dates(ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive", start="2026-06-01", end="2026-07-27")
    panel = ada.last()
    await add(ada, "Press photo", "promo", "8")

    async def shown() -> str:
        await ada.press("More", on=panel)
        await ada.choose("What would you like to do?", "Change a clip")
        await ada.choose("Which clip?", "Press photo")
        return ada.sees().rsplit("### Press photo", 1)[1]

    assert "**Deadline:**" not in await shown()
    await ada.press("Set a deadline")
    await ada.fill(day="2026-06-20", kind="hard")
    await ada.until_sees("Changed Press photo.")
    assert "**Deadline:** Sat 20 June" in await shown()
    await ada.press("Set a deadline")
    await ada.fill(day="")
    await ada.until_sees("Changed Press photo.")
    assert "Sat 20 June" not in await shown()


async def test_a_wrong_entry_keeps_what_was_typed(ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    await add(ada, "Teaser", "promo", "soon")
    seen = ada.sees()
    assert "is not a number I can read" in seen
    assert "Accepted: a number like 12.5" in seen
    await ada.press("Edit again")
    await ada.fill(start="12")
    await ada.until_sees("Added Teaser on Promo.")


async def test_suggestions_by_rule_are_accepted_and_undone(ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    panel = ada.last()
    await add(ada, "Sketch", "creative", "0", "6")
    await ada.until_sees("1 clip on")
    await ada.press("Suggest", on=panel)
    seen = ada.sees()
    assert "Night Drive: suggestions" in seen
    assert "by rules, not AI-written" in seen
    assert seen.count("[Accept]") == 3
    await ada.press("Accept")
    await ada.until_sees("Added ")
    await ada.press("Apply all")
    await ada.until_sees("Added 2 clips.")
    await ada.press("Undo")
    await ada.slash("/loop next")
    await ada.until_sees("2 clips on")


async def test_suggesting_for_an_empty_loop_says_how_to_start(ada: Actor) -> None:
    await ada.slash("/loop suggest")
    assert "Add a first clip" in ada.sees()


async def test_summary_exports_and_the_archive(ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    await add(ada, "Sketch", "creative", "0", "6")
    await ada.slash("/loop summary")
    assert "LoopOS loop summary: Clips: 1" in ada.sees()
    for target in ("Aqua: campaign brief", "Analogue: notebook entry", "XP: copy block"):
        await ada.slash("/loop export", target=target)
    files = ada.files()
    assert set(files) == {"loopos-to-xp-night-drive.txt", "loopos-to-xp-night-drive.json"}
    assert b'"clipboardText"' in files["loopos-to-xp-night-drive.json"]
    await ada.slash("/loop exports")
    assert "3 exports" in ada.sees()
    assert "XP block, Ready" not in ada.sees()
    await ada.press("Open", on=ada.last())
    await ada.slash("/loop insights")
    assert "1 reading" in ada.sees()
    await ada.press("Open", on=ada.last())
    assert "Momentum then" in ada.sees()
    await ada.press("Pin")
    await ada.press("Delete")
    await ada.slash("/loop insights")
    assert "No readings yet" in ada.sees()


async def test_a_file_goes_out_and_comes_in_with_a_preview(ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    await add(ada, "Sketch", "creative", "0", "6")
    await ada.slash("/loop export", target="CSV file")
    sheet = ada.files()["night-drive.csv"].decode()
    await ada.slash("/loop import", file=Upload("same.csv", sheet.encode()))
    assert "holds exactly what Night Drive holds" in ada.sees()
    changed = sheet.replace(",Sketch,", ",Sketch two,") + ",promo,8,4,Teaser,,,,,,\r\n"
    await ada.slash("/loop import", file=Upload("more.csv", changed.encode()))
    preview = ada.last()
    assert "1 new, 1 changed, 0 removed" in ada.sees()
    await add(ada, "Meanwhile", "action", "0")
    await ada.press("Apply", on=preview)
    assert "The loop was changed since this preview" in ada.sees()
    await ada.press("Keep missing")
    await ada.press("Apply", on=preview)
    assert "Night Drive: 1 new, 1 changed, 0 removed." in ada.sees()
    await ada.slash("/loop import", file=Upload("bad.csv", b"lane,start\ndrums,soon\n"))
    assert "line 2: The lane is one of creative, action, promo, analysis, refine." in ada.sees()


async def test_several_panels_of_one_loop_stay_in_step(product: Product, ada: Actor, ben: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    first = ada.last()
    await ada.press("Post to channel")
    posted = ada.last()
    assert "Night Drive" in ben.sees()
    await ada.slash("/loop show")
    second = ada.last()
    await add(ada, "Sketch", "creative", "0")
    for panel in (first, second, posted):
        await ada._stage.until(lambda panel=panel: "1 clip on 1 lane" in shown(ada, panel))
    await ben.press("Done", on=posted)
    assert "loop, so only they can change it. You can start your own with </loop new" in ben.sees()
    plan = (await product.services.loops.loops.lines(ada.id))[0]
    assert plan.clips == 1


async def test_a_stranger_can_press_nothing_on_a_posted_loop(product: Product, ada: Actor, ben: Actor) -> None:
    """Every button names its owner, also those that only look: a posted card is Ada's, whoever sees it."""
    await ada.slash("/loop new", name="Night Drive")
    await ada.press("Post to channel")
    card = ada.last()
    await add(ada, "Sketch", "creative", "0")
    await ada._stage.until(lambda: "1 clip on 1 lane" in shown(ada, card))
    posted = now(ada, card)
    before = (await product.services.loops.loops.lines(ada.id))[0]
    ids = [str(part["custom_id"]) for part in walk(posted.components) if "custom_id" in part]
    assert len(ids) >= 3
    assert [parsed.owner for parsed in map(parse_custom_id, ids) if parsed is not None] == [ada.id] * len(ids)
    for custom_id in ids:
        await ben.press(custom_id, on=posted)
        # Taking a message away is for its owner and for managers of the server.
        refusal = "That needs the permission" if ":ui:remove:" in custom_id else "so only they can change it."
        assert refusal in shown(ben, ben.last()), custom_id
    assert now(ada, card) == posted
    assert (await product.services.loops.loops.lines(ada.id))[0] == before
    assert await product.services.loops.loops.lines(ben.id) == []


def now(who: Actor, message: Message) -> Message:
    """Return a message as it is now."""
    found = who._stage.server.core.world.message(message.channel_id, message.id)
    assert found is not None
    return found


def shown(who: Actor, message: Message) -> str:
    """Return what stands in a message now."""
    return read_message(who._stage.server.core, now(who, message))


async def test_ten_edits_in_a_moment_are_ten_commits_and_one_redraw(product: Product, ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    await ada.press("Post to channel")
    posted = ada.last()
    area = product.services.loops
    loop = (await area.loops.lines(ada.id))[0].loop
    actor = Actor_.user(ada.id, "Ada")
    panels = cast(Any, product.bot.get_cog("Loops")).panels  # its class is another one after each load
    # The machine may be slow: the moment in which edits are joined is made long enough for all ten.
    panels._tokens._debounce_s = 5
    cards = product.services.posted

    async def followed() -> bool:
        return bool(await cards.of(ada.id, "loop", loop.id))

    await product.wait_for(followed)
    await product.work()  # a card that was just posted is looked at once more
    cards.rules = cards.rules.model_copy(update={"redraw_s": 5})
    before = now(ada, posted).edited_at
    version = loop.version
    drawn = area.drawing.drawn
    for n in range(10):
        await area.clips.add(actor, ada.id, loop.id, ClipFields(f"Clip {n}", start=n * 4))
    await ada._stage.until(lambda: "10 clips on 1 lane" in shown(ada, posted))
    assert (await area.loops.plan(ada.id, loop.id)).loop.version == version + 10
    assert area.drawing.drawn - drawn == 1
    assert now(ada, posted).edited_at != before


async def test_looking_around_on_the_timeline(ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    await add(ada, "Sketch", "creative", "0")
    await add(ada, "Mix", "refine", "90")
    await ada.slash("/loop timeline")
    assert "Night Drive: timeline" in ada.sees()
    before = ada.files()["timeline.png"]
    await ada.press("Later")
    assert ada.files()["timeline.png"] != before
    await ada.press("Whole")
    await ada.press("Around now")
    await ada.press("Step")
    await ada.until_sees("Playhead at bar 2.")
    await ada.choose("Playhead", "Playhead at bar 9")
    await ada.until_sees("Playhead at bar 9.")
    await ada.choose("Zoom", "Zoom 2 ×")
    await ada.press("As text")
    assert "Mix, beats 90 to 94" in ada.sees()
    await ada.slash("/loop show")
    assert "1 earlier clip is still open" in ada.sees()
    await ada.press("Show", on=ada.last())
    assert "Night Drive: next" in ada.sees()


async def test_loops_are_listed_switched_copied_put_away_and_deleted(ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    await add(ada, "Sketch", "creative", "0")
    await ada.slash("/loop new", name="Harbour")
    await ada.slash("/loop switch", loop="Night Drive")
    await ada.slash("/loop list")
    assert "Night Drive: Quiet, " in ada.sees()
    assert "1 clip" in ada.sees()
    await ada.slash("/loop duplicate", loop="Night Drive")
    assert "Made Night Drive (copy)." in ada.sees()
    await ada.slash("/loop archive", loop="Harbour")
    await ada.slash("/loop list", state="Archived")
    assert "Harbour: " in ada.sees()
    await ada.slash("/loop unarchive", loop="Harbour")
    await ada.slash("/loop delete", loop="Harbour")
    await ada.fill(typed="Harbor")
    await ada.press("Edit again")
    await ada.fill(typed="harbour")
    assert "Harbour is in the bin for 30 days." in ada.sees()
    await ada.slash("/loop list", state="Bin")
    assert "Harbour: 0 clips, kept until " in ada.sees()
    await ada.press("Restore")
    assert "Harbour is back." in ada.sees()


async def test_a_loop_gets_dates_and_loses_them_after_a_question(ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    await add(ada, "Sketch", "creative", "2.5")
    await ada.slash("/loop edit", loop="Night Drive")
    await ada.fill(bpm="500", start="2026-06-01", end="2026-07-27")
    assert "The tempo goes from 60 to 180, so it became 180." in ada.sees()
    await ada.slash("/loop show")
    shown_loop = ada.last()
    assert "Mon 1 June to Sun 26 July" in ada.sees()
    await ada.slash("/loop edit", loop="Night Drive")
    await ada.fill(start="2026-06-01", end="")
    assert "A dated loop needs a first day and an end after it" in ada.sees()
    await ada.press("More", on=shown_loop)
    await ada.press("Change the loop")
    await ada.fill(start="", end="")
    await ada.press("Take the dates off")
    assert "Night Drive has no dates any more." in ada.sees()


async def test_next_names_what_comes_and_what_would_help(ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    panel = ada.last()
    await add(ada, "Sketch", "creative", "0", "6")
    await add(ada, "Mix", "refine", "2")
    await ada.slash("/loop next")
    assert "Night Drive: next" in ada.sees()
    assert "Sketch (bar 1), now" in ada.sees()
    await ada.press("More", on=panel)
    await ada.choose("What would you like to do?", "Apply what would help")
    await ada.choose("Apply one of these", "finish Sketch: +11 points")
    await ada.until_sees("Done: 1.")
    await ada.press("More", on=panel)
    await ada.choose("What would you like to do?", "All remarks")
    assert "Night Drive: remarks" in ada.sees()


async def test_buttons_work_after_a_restart(tmp_path, clock, sqlite_database_url) -> None:
    async with LocalDiscord(clock) as server:
        async with running(tmp_path, clock, server=server, database_url=sqlite_database_url):
            ada = Stage(server).person("Ada")
            await ada.slash("/loop new", name="Night Drive")
            await add(ada, "Sketch", "creative", "0")
            await ada.slash("/loop show")
            private = ada.last()
            await ada.press("Post to channel", on=private)
            posted = ada.last()
        async with running(tmp_path, clock, server=server, database_url=sqlite_database_url):
            await ada.press("Done", on=posted)
            assert "Finished Sketch." in ada.sees()
            await ada._stage.until(lambda: "Done: 1." in shown(ada, posted))
            await ada.press("More", on=private)
            await ada.choose("What would you like to do?", "All clips as a list")
            assert "Sketch, beats 0 to 4, done" in ada.sees()


async def test_an_edit_that_cannot_be_stored_stays_on_the_card(product: Product, ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    await add(ada, "Teaser edit", "promo", "8")
    await ada.slash("/loop show")
    panel = ada.last()
    area = product.services.loops
    stubborn = Stubborn(area.store.database)
    area.store.database = stubborn
    area.saving._sleep = no_time
    stubborn.refusing = True
    await ada.slash("/loop done", clip="Teaser edit")
    assert "Not saved yet" in ada.sees()
    await ada._stage.until(lambda: "Not saved: Finish Teaser edit" in shown(ada, panel))
    assert "saving" in shown(ada, panel)
    assert "picture: Timeline of Night Drive, 1 clip" in shown(ada, panel)
    await ada.press("Copy", on=panel)
    assert ada.files() == {"edits.txt": b"These edits wait to be stored:\n- Finish Teaser edit"}
    await ada.press("Retry", on=panel)
    assert "The store still does not take writes." in ada.sees()
    stubborn.refusing = False
    await ada.press("Retry", on=panel)
    assert "Everything is stored." in ada.sees()
    await ada._stage.until(lambda: "Done: 1." in shown(ada, panel))
    assert "Not saved" not in shown(ada, panel)


async def test_what_was_committed_is_there_after_a_kill(tmp_path, clock, sqlite_database_url) -> None:
    async with LocalDiscord(clock) as server:
        async with running(tmp_path / "one", clock, server=server, database_url=sqlite_database_url) as product:
            ada = Stage(server).person("Ada")
            await ada.slash("/loop new", name="Night Drive")
            area = product.services.loops
            loop_id = (await area.loops.lines(ada.id))[0].loop.id
            who = Actor_.user(ada.id, "Ada")
            await area.clips.add(who, ada.id, loop_id, ClipFields("Sketch"))
            # Nobody was answered; a second process opens the same file, as after a kill.
            async with opened(sqlite_database_url, clock) as database:
                again = open_loops(database, clock, Neighbours(product.services.studio))
                assert [one.name for one in (await again.loops.plan(ada.id, loop_id)).clips] == ["Sketch"]


async def test_a_message_becomes_a_clip(ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    said = await ada.say("Call the studio\nAsk for Thursday")
    await ada.menu("Make a clip", said)
    await ada.fill(lane="action")
    await ada.until_sees("Added Call the studio on Action.")
