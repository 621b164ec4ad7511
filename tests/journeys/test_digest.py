"""The weekly digest as people see it: so far, by itself on Sunday, its file, its settings, its copies."""

import io
import json
import zipfile
from datetime import timedelta

import pytest

from bot.actors import Actor as Doer
from bot.local.people import Upload
from bot.local.permissions import Permission
from bot.loops.clips import ClipFields
from bot.phases.model import Phase
from bot.say.dates import week_span
from storage.repositories.studio import InboxRepository
from tests.digest.people import put_bounce
from tests.product import Product
from tests.wire.kit import Actor, Stage, typed


@pytest.fixture
def ada(product: Product) -> Actor:
    return Stage(product.server).person("Ada")


@pytest.fixture
def ben(product: Product) -> Actor:
    return Stage(product.server).person("Ben")


async def _to(product: Product, day: int, hour: int, *, weeks: int = 0) -> None:
    """Move to the next such weekday and hour (UTC), looking in once there."""
    now = product.clock.now()
    wanted = now.replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=(day - now.weekday()) % 7)
    if wanted <= now:
        wanted += timedelta(days=7)
    product.clock.set(wanted + timedelta(weeks=weeks))
    await product.work()


async def _finish_clip(product: Product, owner: int, name: str) -> None:
    services = product.services
    doer = Doer.user(owner, "Ada")
    loops = services.loops
    loop = await loops.loops.active(doer, owner)
    added = await loops.clips.add(doer, owner, loop.id, ClipFields(name=name, lane="creative"))
    clip = next(c for c in (await loops.loops.plan(owner, loop.id)).clips if c.name == name)
    product.clock.advance(minutes=1)
    await loops.clips.finish(doer, owner, clip.id)
    assert added


async def test_asked_for_it_always_answers_and_spells_out_zeros(product: Product, ada: Actor) -> None:
    await ada.slash("/digest show")
    assert "Your week so far" in ada.sees()
    assert "Nothing finished so far" in ada.sees()
    await ada.press("Open digest.md")
    text = next(iter(ada.files().values())).decode()
    assert text.startswith("# Weekly Loop Digest so far")
    assert text.count("none yet") >= 8
    await ada.slash("/digest show", week=typed("2099-W01"))
    assert "still to come" in ada.sees()
    await ada.slash("/digest show", week=typed("soon"))
    assert "Weeks look like 2025-W23" in ada.sees()
    week = product.clock.now() - timedelta(days=14)
    await ada.slash("/digest export", week=typed(f"{week:%G-W%V}"))
    assert ".md" in ada.sees()


async def test_what_was_finished_comes_on_sunday_once_and_stays_as_it_was(product: Product, ada: Actor) -> None:
    await ada.slash("/digest edit")
    await ada.press("Send it to me")
    assert "The next one comes" in ada.sees()
    await _to(product, 3, 12)
    await _finish_clip(product, ada.id, "Arrange")
    await _to(product, 6, 10)
    ada.go("DM")
    assert "1 clip done" in ada.sees()
    assert "Arrange" in ada.sees()
    await product.work()
    assert ada.sees().count("Your week:") == 1
    await ada.press("Open digest.md")
    first = next(iter(ada.files().values()))
    assert b"Clips done: Arrange" in first
    ada.go("#general")
    await ada.slash("/digest list")
    assert "1 digest kept" in ada.sees()
    await ada.press("Open")
    await ada.press("Open digest.md")
    assert next(iter(ada.files().values())) == first
    (digest,) = await product.services.digests.stored(ada.id)
    week = week_span(digest.week.monday, "en-GB")
    await ada.choose("Delete a digest", week)
    assert "can’t be brought back" in ada.sees()
    await ada.press(f"Delete {week}")
    assert "That digest is deleted" in ada.sees()
    await ada.slash("/digest list")
    assert "No digest is kept yet" in ada.sees()


async def test_a_quiet_week_gets_one_line_then_silence_until_something_happens(product: Product, ada: Actor) -> None:
    await ada.slash("/digest edit")
    await ada.press("Send it to me")
    await _to(product, 3, 12)
    await _finish_clip(product, ada.id, "Arrange")
    ada.go("DM")
    await _to(product, 6, 10)
    assert ada.sees().count("Your week:") == 1
    await _to(product, 6, 10)
    assert ada.sees().count("A quiet week. Nothing needed.") == 1
    await _to(product, 6, 10)
    await _to(product, 6, 10)
    assert ada.sees().count("A quiet week. Nothing needed.") == 1
    await _to(product, 3, 12)
    await _finish_clip(product, ada.id, "Mix pass")
    await _to(product, 6, 10)
    assert ada.sees().count("Your week:") == 2


async def test_pausing_keeps_the_week_as_a_file(product: Product, ada: Actor) -> None:
    await ada.slash("/digest edit")
    await ada.press("Send it to me")
    await ada.slash("/digest pause")
    assert "Paused until you resume it" in ada.sees()
    await _to(product, 3, 12)
    await _finish_clip(product, ada.id, "Arrange")
    await _to(product, 6, 10)
    ada.go("DM")
    assert "Your week:" not in ada.sees()
    ada.go("#general")
    await ada.slash("/digest list")
    assert "kept as a file" in ada.sees()
    await ada.slash("/digest resume")
    assert "The next one comes" in ada.sees()


async def test_copies_for_a_channel_and_a_server_show_titles_only(product: Product, ada: Actor, ben: Actor) -> None:
    await ada.slash("/digest edit")
    await ada.press("Copy to this channel")
    await ada.press("Turn server digest on")
    await ada.press("Join server digest")
    await _to(product, 3, 12)
    await _finish_clip(product, ada.id, "Arrange")
    await _to(product, 6, 10)
    seen = ben.sees()
    assert "week: 1 clip done" in seen
    assert "Arrange" in seen
    assert "Momentum" not in seen
    assert "Next" not in seen
    assert "Finished here" in seen
    world = product.server.world
    general = product.channel("general").channel
    world.overwrite(general, world.bot.id, deny=int(Permission.SEND_MESSAGES), is_member=True)
    for name in ("Mix pass", "Master"):
        await _to(product, 3, 12)
        await _finish_clip(product, ada.id, name)
        await _to(product, 6, 10)
    async with product.services.database.read(ada.id) as unit:
        notes = await unit.repo(InboxRepository).list()
    assert [note.title for note in notes] == ["Your weekly copy has no place"], "told in private, and once"


async def test_who_left_stands_in_no_digest_of_the_server_and_has_no_copy_there(
    product: Product, ada: Actor, ben: Actor
) -> None:
    await ada.slash("/digest edit")
    await ada.press("Turn server digest on")
    for person in (ada, ben):
        await person.slash("/digest edit")
        await person.press("Join server digest")
        await person.press("Copy to this channel")
    await _to(product, 3, 12)
    await _finish_clip(product, ada.id, "Arrange")
    await _finish_clip(product, ben.id, "Bridge")
    world = product.server.world
    world.leave(next(iter(world.guilds.values())), ben.person.user)
    await _to(product, 6, 10)
    assert "Finished here" in ada.sees()
    assert "Arrange" in ada.sees()
    assert "Bridge" not in ada.sees()


async def test_a_posted_digest_is_the_public_copy(product: Product, ada: Actor, ben: Actor) -> None:
    """What is planned, how the loops stand and the settings are nobody else's business."""
    await ada.slash("/loop new", name="Night Drive")
    await _finish_clip(product, ada.id, "Arrange")
    await ada.slash("/digest show")
    own = ada.last()
    assert "Momentum" in ada.sees()
    assert "Night Drive" in ada.sees()
    assert "Plan next week" in ada.buttons(own)
    general = product.channel("general")
    await ada.press("Post to channel", on=own)
    posted = await general.next_message()
    assert ben.last().id == posted.id
    seen = ben.sees()
    assert "week: 1 clip done" in seen
    assert "Arrange" in seen
    for private in ("Momentum", "Night Drive", "Your week", "/digest edit", "Next"):
        assert private not in seen
    assert "Plan next week" not in ben.buttons(posted)


async def test_a_form_map_is_drawn_edited_and_brought_back(product: Product, ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    await ada.slash("/loop show", loop="Night Drive")
    await ada.press("More")
    await ada.choose("What would you like to do?", "Form map")
    assert "Version 1 of this form map" in ada.sees()
    await ada.press("Edit")
    await ada.fill(sections="intro 8\nverse 16 @ 0:75", constraint="")
    assert "is not a time I can read" in ada.sees()
    await ada.press("Edit again")
    await ada.fill(sections="intro 8\nverse 16 @ 0:15: dry voice", constraint="three sounds only")
    assert "Version 2" in ada.sees()
    assert "three sounds only" in ada.sees()
    await ada.choose("Bring back a version", "Version 1, 4 sections")
    assert "Version 3" in ada.sees()
    await ada.press("As a file")
    assert any(name.startswith("form_") for name in ada.files())


async def test_a_phase_is_shown_chosen_and_offered_but_never_forced(product: Product, ada: Actor) -> None:
    await ada.slash("/coach phase")
    await ada.press("Artist")
    await ada.slash("/coach phase")
    assert "Generator" in ada.sees()
    services, doer = product.services, Doer.user(ada.id, "Ada")
    for name in ("One", "Two", "Three"):
        await _finish_clip(product, ada.id, name)
    product.clock.advance(days=4)
    await ada.slash("/coach phase")
    assert "Ideas are captured" in ada.sees()
    assert str(await services.phases.phase(ada.id)) == "generator"
    await ada.press("Move to Builder")
    assert "You are in Builder now" in ada.sees()
    await ada.press("Undo")
    assert str(await services.phases.phase(ada.id)) == "generator"
    assert doer.user_id == ada.id


async def test_two_bounces_in_builder_offer_the_next_phase_on_the_bounces_own_card(
    product: Product, ada: Actor
) -> None:
    phases, doer = product.services.phases, Doer.user(ada.id, "Ada")
    await phases.choose(doer, ada.id, Phase.BUILDER)
    product.clock.advance(days=2)
    for name in ("first-take.wav", "second-take.wav"):
        await put_bounce(product.services.database, ada.id, name, product.clock.now())
    await ada.slash("/bounce show", bounce="second-take")
    assert "Your phase" not in ada.sees(), "two days are too few"
    product.clock.advance(days=2)
    await ada.slash("/bounce show", bounce="second-take")
    assert "Bounces are finished: Recovery could be next" in ada.sees()
    await ada.press("Stay")
    assert "You stay in Builder" in ada.sees()
    product.clock.advance(days=30)
    await ada.slash("/bounce show", bounce="second-take")
    assert "It was quiet for 32 days. Are you still in Builder?" in ada.sees()
    await ada.press("Another phase")
    await ada.press("Generator")
    assert "You are in Generator now" in ada.sees()
    assert await phases.phase(ada.id) is Phase.GENERATOR


async def test_a_high_load_check_offers_recovery_and_only_a_press_goes_there(product: Product, ada: Actor) -> None:
    await ada.slash("/coach load")
    await ada.press("Artist")
    await ada.slash("/coach load")
    await ada.press("It feels like too much")
    await ada.press("Go to Recovery")
    assert "You are in Recovery now" in ada.sees()
    assert await product.services.phases.phase(ada.id) is Phase.RECOVERY
    await ada.press("Undo")
    assert await product.services.phases.phase(ada.id) is Phase.GENERATOR


async def test_an_archive_is_made_and_its_catalogue_taken_over_elsewhere(
    product: Product, ada: Actor, ben: Actor
) -> None:
    await put_bounce(product.services.database, ada.id, "memory-spike-v2.wav", product.clock.now(), 197.4)
    await ada.slash("/digest list")
    await ada.press("Export archive")
    assert "1 bounce with its waveform" in ada.sees()
    await ada.press("Make the archive")
    await ada.until_sees("Your archive is ready")
    files = ada.files()
    packed = zipfile.ZipFile(io.BytesIO(next(iter(files.values()))))
    names = packed.namelist()
    assert {"README.txt", "manifest.json", "catalogue.csv", "catalogue.json"} <= set(names)
    assert not [name for name in names if name.startswith(("audio/", "coach/"))]
    row = json.loads(packed.read("catalogue.json"))["bounces"][0]
    archive = product.services.archive
    await ben.slash("/digest list")
    await ben.press("Export archive")
    await ben.press("Import a catalogue")
    await ben.fill(file=Upload("archive.zip", next(iter(files.values()))))
    await ben.until_sees("1 bounce was taken over.")
    await ben.press("Import a catalogue")
    await ben.fill(file=Upload("catalogue.json", packed.read("catalogue.json")))
    await ben.until_sees("0 bounces were taken over.")
    plan, paths = await archive.build(ben.id, archive.choice("all", ""), None)
    with zipfile.ZipFile(paths[0]) as second:
        assert json.loads(second.read("catalogue.json"))["bounces"][0] == row
    assert plan.files >= 2
