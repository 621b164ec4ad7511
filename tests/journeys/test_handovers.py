"""A loop changes hands: to the studio and back, asked of the other side, with everything that is its own."""

import pytest

from bot.actors import Actor as Who
from bot.clients.handing_over import HandoverService
from bot.clock import FixedClock
from bot.errors import NotFound
from bot.loops.area import Neighbours, open_loops
from bot.loops.clips import ClipFields
from bot.loops.service import LoopFields
from storage.repositories.changes import ChangeRepository
from storage.unit import Database
from tests.loops.test_service import London
from tests.product import Product
from tests.wire.kit import Actor
from tests.wire.reading import read_message

ADA, SERVER = 1001, 7


@pytest.fixture
def ada(product: Product) -> Actor:
    """The owner of the server, who leads it."""
    return product.person("Ada").go("#general")


async def hand(person: Actor, loop: str) -> None:
    await person.slash("/loop show", loop=loop)
    await person.press("More")
    await person.choose("What would you like to do?", "Hand over")


async def test_a_member_offers_a_loop_and_a_lead_takes_it(product: Product, ada: Actor) -> None:
    ben = product.person("Ben").go("#general")
    await ben.slash("/loop new", name="Low Tide")
    await ben.slash("/loop clip")
    await ben.fill(name="Mix pass")
    await ben.slash("/loop show", loop="Low Tide")
    await ben.press("Post to channel")
    await hand(ben, "Low Tide")
    assert "Its clip, readings and exports go along." in ben.sees()
    assert "Its card in a channel goes on following it." in ben.sees()
    await ben.press("Hand over to Studio")
    assert "The leads are asked." in ben.sees()
    assert "Low Tide" not in str(await ada.offers("/loop show", "loop")), "not before it was taken"
    await hand(ben, "Low Tide")
    await ben.press("Hand over to Studio")
    assert "They were asked already" in ben.sees()

    await ada.slash("/studio inbox")
    assert "Ben offers *Low Tide* to Studio. Take it?" in ada.sees()
    await ada.press("Take it")
    assert "*Low Tide* belongs to Studio now." in ada.sees()
    await ada.press("Show")
    assert "Mix pass" in ada.sees()
    assert "· studio" in ada.sees()
    await ada.slash("/loop done", clip="Mix pass")
    await product.live(minutes=1)
    core = product.server.core
    (posted,) = [read_message(core, one) for one in ben.person.sees() if "[Remove]" in read_message(core, one)]
    assert "Done: 1." in posted, "the card that Ben posted follows the studio's loop"
    await ben.slash("/loop list")
    assert "· studio" in ben.sees()


async def test_a_lead_gives_a_loop_to_a_person_who_may_decline(product: Product, ada: Actor) -> None:
    ben = product.person("Ben").go("#general")
    await ben.slash("/studio me")
    await ada.slash("/loop new", name="Low Tide", for_="studio")
    for answer, told in (("No, thank you", "stays where it is"), ("Take it", "belongs to you now")):
        await hand(ada, "Low Tide")
        await ada.choose("Whose shall it be?", ben.id)
        assert "Ben is asked whether *Low Tide* shall be theirs." in ada.sees()
        await product.live(minutes=1)
        ben.go("DM")
        assert "Ada of Studio offers you *Low Tide*." in ben.sees()
        await ben.press(answer)
        assert told in ben.sees()
    await ada.slash("/loop list")
    assert not any("Low Tide" in name for name in await ada.offers("/loop show", "loop"))
    await ben.slash("/loop show", loop="Low Tide")
    assert "Low Tide" in ben.sees()


async def test_only_leads_give_away_what_is_the_studios(product: Product, ada: Actor) -> None:
    ben = product.person("Ben").go("#general")
    await ada.slash("/loop new", name="Low Tide", for_="studio")
    await hand(ben, "Low Tide")
    assert "Only a lead of Studio may do that." in ben.sees()


async def test_everything_of_a_loop_moves_and_its_history_too(database: Database, clock: FixedClock) -> None:
    """On both databases, whose keys hold children to their parents."""
    area, actor = open_loops(database, clock, Neighbours(London())), Who.user(ADA, "Ada")
    loop = (await area.loops.create(actor, ADA, LoopFields(name="Low Tide"))).loop
    edited = await area.clips.add(actor, ADA, loop.id, ClipFields("Mix pass"))
    handovers = HandoverService(database)
    await handovers.hand_over(actor, ADA, SERVER, loop.id)
    plan = await area.loops.plan(SERVER, loop.id)
    assert [clip.name for clip in plan.clips] == ["Mix pass"]
    with pytest.raises(NotFound):
        await area.loops.plan(ADA, loop.id)
    async with database.read(SERVER) as unit:
        group = await unit.repo(ChangeRepository).group(edited.group_id)
        assert group is not None
        assert group.actor_name == "Ada"
    await handovers.hand_over(actor, SERVER, ADA, loop.id)
    assert (await area.loops.plan(ADA, loop.id)).clips == plan.clips
