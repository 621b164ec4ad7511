"""Who may do what with a bounce, in which channel and in which server, as people meet it."""

from pathlib import Path
from typing import Any

from bot.actors import Actor as Who
from bot.bounces.model import BounceSource, Filter
from bot.bounces.service import Finished
from bot.local.people import Upload
from bot.local.permissions import Permission
from bot.local.server import LocalDiscord
from bot.studio.service import Standing
from tests.bounces.signals import music, save
from tests.product import Product
from tests.wire.kit import Actor, Place, walk

SELECT = 3


def options(person: Actor, placeholder: str) -> list[str]:
    """Return what the newest select of that placeholder offers; nothing where there is none."""
    for message in reversed(person.person.sees()):
        for part in walk(message.components):
            if part["type"] == SELECT and part.get("placeholder") == placeholder:
                return [option["label"] for option in part["options"]]
    return []


async def logged(person: Actor, folder: Path, name: str) -> None:
    """Let somebody log a piece by uploading it where they are."""
    samples = music(1.5, 22050, seed=sum(name.encode()))
    data = save(folder / name, samples, 22050, "PCM_16").read_bytes()
    await person.slash("/bounce new", file=Upload(name, data))
    await person.until_sees("LUFS")


async def post_in(product: Product, person: Actor, place: Place) -> None:
    """Post the newest card in a channel, and see it there."""
    before = len(place.messages())
    await person.press("Post")
    await person.choose("Post here", place)
    await person.until_sees("is on its way to")

    async def there() -> bool:
        await product.work()
        return len(place.messages()) > before

    await product.wait_for(there, 30)


def only_guild(server: LocalDiscord) -> Any:
    (guild,) = server.world.guilds.values()
    return guild


async def test_a_bounce_is_posted_only_where_its_owner_may_write(product: Product, tmp_path: Path) -> None:
    """The bot may write nearly everywhere: it must not be everybody's way into a closed channel."""
    world, guild = product.server.world, only_guild(product.server)
    world.add_text_channel(guild, "house-news")
    news, jam = product.channel("house-news"), product.channel("bounces")
    world.overwrite(news.channel, guild.id, deny=int(Permission.SEND_MESSAGES))
    ben = product.person("Ben").go("#general")
    await logged(ben, tmp_path, "Idea.wav")
    await ben.press("Post")
    await ben.choose("Post here", news)
    await ben.until_sees("You can’t write in that channel")
    await post_in(product, ben, jam)
    assert news.messages() == []
    bounce = (await product.services.bounces.service.list(ben.id, Filter()))[0]
    posts = await product.services.posted.of(ben.id, "bounce", bounce.id)
    assert [post.channel_id for post in posts] == [jam.id]


async def comment(person: Actor, card: Any, text: str) -> None:
    await person.press("More", on=card)
    await person.choose("What next?", "Comment on a moment")
    await person.fill(at="0:01", text=text)
    await person.until_sees("Noted at 0:01.")


async def all_comments(person: Actor, card: Any) -> list[str]:
    """Open the list of all comments; return those that this person may take away."""
    await person.press("More", on=card)
    await person.choose("What next?", "All comments")
    return options(person, "Take a comment away")


async def test_a_manager_takes_comments_away_from_a_card_in_the_own_server(product: Product, tmp_path: Path) -> None:
    ada, ben = product.person("Ada").go("#general"), product.person("Ben").go("#general")
    await logged(ben, tmp_path, "Bens.wav")
    await post_in(product, ben, product.channel("bounces"))
    ada.go("#bounces")
    ben.go("#bounces")
    card = product.channel("bounces").messages()[0]
    await comment(ben, card, "the snare")
    assert await all_comments(ada, card) == ["0:01 the snare"]
    await ada.choose("Take a comment away", "0:01 the snare")
    await ada.until_sees("The comment is gone")
    bounce = (await product.services.bounces.service.list(ben.id, Filter()))[0]
    assert await product.services.bounces.notes.comments(ben.id, bounce.id) == []


async def test_a_manager_of_another_server_is_anybody(product: Product, tmp_path: Path) -> None:
    """Ben manages a server without the bot, where Ada posts her bounce by the app that she carries along."""
    world = product.server.world
    ada, ben = product.person("Ada").go("#general"), product.person("Ben").go("#general")
    await logged(ada, tmp_path, "Adas.wav")
    await post_in(product, ada, product.channel("bounces"))
    ada.go("#bounces")
    card = product.channel("bounces").messages()[0]
    await comment(ada, card, "the intro")

    second = world.add_guild("Second", ben.person.user, bot=False)
    world.join(second, ada.person.user)
    lounge = world.add_text_channel(second, "lounge")
    ada.go(lounge)
    ben.go(lounge)
    ada.person.install()
    await ada.slash("/bounce show", bounce="Adas")
    await ada.press("Post")
    await ben.until_sees("Adas")
    (shown,) = Place(product.stage, lounge).messages()
    assert await all_comments(ben, shown) == []
    assert "the intro" in ben.sees(), "he may read them"
    await comment(ben, shown, "my remark")
    assert await all_comments(ben, shown) == ["0:01 my remark"]
    assert sorted(await all_comments(ada, shown)) == ["0:01 my remark", "0:01 the intro"], "the owner may, anywhere"


async def test_who_does_not_own_a_bounce_may_comment_and_read_its_facts_and_no_more(
    product: Product, tmp_path: Path
) -> None:
    """Neither somebody of the server nor its manager: a bounce is its maker's."""
    ada, ben = product.person("Ada").go("#general"), product.person("Ben").go("#general")
    await logged(ben, tmp_path, "Bens.wav")
    await post_in(product, ben, product.channel("bounces"))
    ada.go("#bounces")
    card = product.channel("bounces").messages()[0]
    await ada.press("More", on=card)
    assert options(ada, "What next?") == ["Comment on a moment", "All comments", "All facts as text"]
    for label in ("Tag", "Link to loop", "Post", "Delete"):
        await ada.press(label, on=card)
        await ada.until_sees("only they can change it")
    bounce = (await product.services.bounces.service.list(ben.id, Filter()))[0]
    assert (bounce.tag, bounce.deleted_at) == (None, None)


async def test_what_a_companion_sends_is_posted_in_no_server_that_its_owner_is_not_in(
    product: Product, tmp_path: Path
) -> None:
    """Of several servers with a channel for bounces it is the first that they are in; the others hear nothing."""
    world, services = product.server.world, product.services
    ada, ben = product.person("Ada"), product.person("Ben")
    first = next(iter(world.guilds.values()))
    world.leave(first, ben.person.user)
    second = world.add_guild("Second", ben.person.user)
    theirs = world.add_text_channel(second, "bens-bounces")
    await product.wait_for(lambda: product.bot.get_channel(theirs.id))
    path = save(tmp_path / "Private.wav", music(1.5, 22050), 22050, "PCM_16")
    facts = await services.bounces.pool.measure(path, path.stat().st_size)
    for guild, channel in ((first.id, product.channel("bounces").id), (second.id, theirs.id)):
        manager = Standing(ada.id, guild, can_manage_server=True)
        await services.studio.save_guild(Who.user(ada.id, "Ada"), manager, guild, bounces_channel=channel)
    sent = Finished(
        "Private.wav",
        facts,
        BounceSource.COMPANION,
        product.clock.now(),
        post_to=await services.bounces.service.channel_of(ben.id),
    )
    await services.bounces.service.log(Who.system("companion"), ben.id, sent)
    await product.work()
    assert product.channel("bounces").messages() == []
    assert "Private" in Place(product.stage, theirs).text()
    world.leave(second, ben.person.user)
    await product.live(minutes=6)
    assert await services.bounces.service.channel_of(ben.id) is None
