"""Cards that stand in a channel, through the wire: whoever changes the thing, and however, they show what is stored."""

from datetime import timedelta
from pathlib import Path

from bot.actors import Actor as Actor_
from bot.bounces.model import Filter
from bot.clock import FixedClock
from bot.local.model import Message
from bot.local.people import Upload
from bot.local.server import LocalDiscord
from bot.loops.clips import ClipFields
from tests.bounces.signals import music, save
from tests.product import Product, running
from tests.wire.kit import Actor, Place
from tests.wire.reading import read_message


def shown(product: Product, message: Message) -> str:
    """Return what stands in a message now; nothing where it is gone."""
    found = product.server.world.message(message.channel_id, message.id)
    return "" if found is None else read_message(product.server.core, found)


async def until_shown(product: Product, message: Message, *words: str) -> str:
    def all_there() -> bool:
        return all(word in shown(product, message) for word in words)

    await product.wait_for(all_there)
    return shown(product, message)


async def posted_loop(product: Product, ada: Actor) -> tuple[Message, str]:
    await ada.slash("/loop new", name="Night Drive")
    await ada.press("Post to channel")
    (line,) = await product.services.loops.loops.lines(ada.id)

    async def followed() -> bool:
        return bool(await product.services.posted.of(ada.id, "loop", line.loop.id))

    await product.wait_for(followed)
    return ada.last(), line.loop.id


async def log_and_post(product: Product, who: Actor, place: Place, folder: Path, name: str) -> Message:
    data = save(folder / name, music(1.5, 22050, seed=7), 22050, "PCM_16").read_bytes()
    await who.slash("/bounce new", file=Upload(name, data))
    await who.until_sees("LUFS")
    await who.press("Post")
    await who.choose("Post here", place)
    await who.until_sees("is on its way to")
    await product.wait_for(place.messages)
    return place.messages()[0]


async def test_a_posted_loop_follows_an_edit_its_undo_and_the_bin(product: Product) -> None:
    ada = product.person("Ada")
    card, loop_id = await posted_loop(product, ada)
    await ada.slash("/loop clip")
    await ada.fill(name="Sketch", lane="creative", start="0", length="4")
    await until_shown(product, card, "1 clip on 1 lane")
    await ada.press("Undo")
    await until_shown(product, card, "No clips yet")
    await product.services.loops.loops.delete(Actor_.user(ada.id, "Ada"), ada.id, loop_id)
    await product.wait_for(lambda: not shown(product, card))


async def test_what_was_changed_while_i_was_stopped_from_drawing_is_drawn_after_the_next_start(
    tmp_path: Path, clock: FixedClock
) -> None:
    """The slot was written with the change: a process that ends in between loses nothing."""
    async with LocalDiscord(clock) as server:
        async with running(tmp_path / "data", clock, server=server) as product:
            ada = product.person("Ada")
            card, loop_id = await posted_loop(product, ada)
            posted = product.services.posted
            posted.rules = posted.rules.model_copy(update={"redraw_s": 60})
            clip = ClipFields("Sketch", start=0)
            await product.services.loops.clips.add(Actor_.user(ada.id, "Ada"), ada.id, loop_id, clip)
            assert "No clips yet" in shown(product, card)
        async with running(tmp_path / "data", clock, server=server) as product:
            await until_shown(product, card, "1 clip on 1 lane")


async def test_a_posted_bounce_follows_comments_words_and_the_bin(product: Product, tmp_path: Path) -> None:
    ada, ben = product.person("Ada").go("#general"), product.person("Ben").go("#bounces")
    card = await log_and_post(product, ada, product.channel("bounces"), tmp_path, "Idea.wav")
    await ben.press("More", on=card)
    await ben.choose("What next?", "Comment on a moment")
    await ben.fill(at="0:01", text="The hats are late")
    await until_shown(product, card, "The hats are late")
    (bounce,) = await product.services.bounces.service.list(ada.id, Filter())
    saved = await product.services.bounces.service.edit(Actor_.user(ada.id, "Ada"), ada.id, bounce.id, title="Harbour")
    await until_shown(product, card, "Harbour")
    await product.services.changes.undo(Actor_.user(ada.id, "Ada"), ada.id, saved.group_id)
    await product.wait_for(lambda: "Harbour" not in shown(product, card))
    await product.services.bounces.service.delete(Actor_.user(ada.id, "Ada"), ada.id, bounce.id)
    await product.wait_for(lambda: product.channel("bounces").messages() == [])


async def test_a_shared_release_follows_its_tasks_and_its_day(product: Product) -> None:
    ada = product.person("Ada")
    day = (product.clock.now() + timedelta(days=70)).date()
    await ada.slash("/release new", title="Harbour", date=day.isoformat(), preset="single_8w")
    await ada.fill()
    await ada.until_sees("Harbour is planned")
    (view,) = await product.services.releases.all(ada.id)
    await ada.press("Post")
    card = ada.last()

    async def followed() -> bool:
        return bool(await product.services.posted.of(ada.id, "release", view.release.id))

    await product.wait_for(followed)
    assert "0 of 27 done" in shown(product, card)
    task = next(task for task in view.tasks if task.clip.done_at is None)
    await product.services.releases.finish_task(Actor_.user(ada.id, "Ada"), ada.id, view.release.id, task.clip.id)
    await until_shown(product, card, "1 of 27 done")


async def test_removing_a_card_ends_the_following(product: Product) -> None:
    ada = product.person("Ada")
    card, loop_id = await posted_loop(product, ada)
    await ada.press("Remove", on=card)

    async def forgotten() -> bool:
        return await product.services.posted.of(ada.id, "loop", loop_id) == []

    await product.wait_for(forgotten)
    assert not shown(product, card)


async def test_who_deletes_all_that_is_kept_takes_their_cards_out_of_the_channels(
    product: Product, tmp_path: Path
) -> None:
    ada, ben = product.person("Ada"), product.person("Ben").go("#general")
    await posted_loop(product, ada)
    await log_and_post(product, ben, product.channel("bounces"), tmp_path, "Idea.wav")
    await product.services.studio.privacy_delete(ben.id)
    await product.wait_for(lambda: product.channel("bounces").messages() == [])
    lines = await product.services.loops.loops.lines(ada.id)
    assert len(await product.services.posted.of(ada.id, "loop", lines[0].loop.id)) == 1
