"""A clip made from somebody else's message remembers whose words it holds, whatever becomes of it."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actors import Actor as Who
from bot.ai.model import JsonValue
from bot.ai.others import SOMEBODY, may_go, without
from bot.local.model import Message
from bot.local.people import Upload
from bot.loops.clips import ClipFields
from bot.loops.model import Clip
from bot.loops.others import for_ai, rewritten
from bot.services import Services
from tests.loops.plans import g8
from tests.product import Product

WORDS = "Sing the chorus lower\nand leave out the tambourine"


class Room:
    """Ada with a loop, and what Ben wrote in the channel."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.ada, self.ben = product.person("Ada"), product.person("Ben")
        self.loop = ""

    @property
    def services(self) -> Services:
        return self.product.services

    async def make(self, message: Message, **fields: str) -> Clip:
        """Make a clip of a message as Ada would; return it."""
        before = {clip.id for clip in await self.clips()} if self.loop else set()
        await self.ada.menu("Make a clip", message)
        await self.ada.fill(fields)
        self.loop = (await self.services.loops.loops.active(Who.user(self.ada.id, "Ada"), self.ada.id)).id
        (made,) = [clip for clip in await self.clips() if clip.id not in before]
        return made

    async def clips(self, loop: str = "") -> tuple[Clip, ...]:
        return (await self.services.loops.store.plan(self.ada.id, loop or self.loop)).clips

    async def change(self, name: str, notes: str) -> Clip:
        """Change the one clip by its form."""
        await self.ada.slash("/loop clip", clip=(await self.clips())[0].name)
        await self.ada.fill(name=name, notes=notes)
        return (await self.clips())[0]


@pytest.fixture
async def room(product: Product) -> Room:
    made = Room(product)
    await made.ada.slash("/loop new", name="Night Drive")
    return made


async def test_the_owner_is_told_whose_words_a_clip_holds(room: Room) -> None:
    clip = await room.make(await room.ben.say(WORDS))
    assert clip.written_by == room.ben.id
    told = f"From a message of <@{room.ben.id}>. Its words go to the AI only if <@{room.ben.id}> agreed"
    assert told in room.ada.sees()
    await room.ada.slash("/loop show")
    await room.ada.press("More")
    await room.ada.choose("What would you like to do?", "clip")
    await room.ada.choose("Which clip?", clip.id)
    assert told in room.ada.sees()


async def test_ones_own_message_and_a_typed_clip_are_ones_own(room: Room) -> None:
    clip = await room.make(await room.ada.say(WORDS))
    assert clip.written_by is None
    assert "From a message" not in room.ada.sees()


async def test_what_a_program_wrote_is_somebody_elses(room: Room) -> None:
    await room.ada.slash("/loop show")
    await room.ada.press("Post to channel")
    bot = room.product.server.world.bot.id
    card = next(message for message in room.product.channel("general").messages() if message.author_id == bot)
    clip = await room.make(replace_text(card, WORDS))
    assert clip.written_by == SOMEBODY
    assert "From somebody else’s message. Its words do not go to the AI." in room.ada.sees()


def replace_text(message: Message, text: str) -> Message:
    """Let a message of the bot say something in plain text, as those of other programs do."""
    message.content = text
    return message


async def test_the_mark_stays_until_nothing_of_the_message_is_left(room: Room) -> None:
    await room.make(await room.ben.say(WORDS))
    assert (await room.change("My plan", "and leave out the tambourine")).written_by == room.ben.id
    assert (await room.change("My plan", "no tambourine")).written_by == room.ben.id
    assert (await room.change("Vocals", "quieter")).written_by is None
    assert "it counts as your own words now" in room.ada.sees()
    await room.ada.press("Undo")
    assert [(clip.name, clip.written_by) for clip in await room.clips()] == [("My plan", room.ben.id)]


async def test_a_copy_of_the_loop_holds_the_same_words(room: Room) -> None:
    await room.make(await room.ben.say(WORDS))
    await room.ada.slash("/loop duplicate", loop="Night Drive")
    lines = await room.services.loops.loops.lines(room.ada.id)
    copy = next(line.loop.id for line in lines if line.loop.id != room.loop)
    assert [clip.written_by for clip in await room.clips(copy)] == [room.ben.id]


@pytest.mark.parametrize(("target", "name"), [("JSON file", "night-drive.json"), ("CSV file", "night-drive.csv")])
async def test_a_file_says_that_words_are_somebody_elses_and_never_whose(room: Room, target: str, name: str) -> None:
    clip = await room.make(await room.ben.say(WORDS))
    await room.ada.slash("/loop export", target=target)
    data = room.ada.files()[name]
    assert str(room.ben.id) not in data.decode()
    await room.ada.slash("/loop new", name="Day Drive")
    await room.ada.slash("/loop import", file=Upload(name, data), loop="Day Drive")
    await room.ada.press("Apply")
    lines = await room.services.loops.loops.lines(room.ada.id)
    other = next(line.loop.id for line in lines if line.loop.name == "Day Drive")
    assert [(one.name, one.written_by) for one in await room.clips(other)] == [(clip.name, SOMEBODY)]


async def test_a_file_neither_names_a_person_nor_takes_a_mark_away(room: Room) -> None:
    clip = await room.make(await room.ben.say(WORDS))
    await room.ada.slash("/loop export", target="JSON file")
    document = json.loads(room.ada.files()["night-drive.json"])
    document["clips"][0] |= {"from_message": False, "length": 9}
    await room.ada.slash("/loop import", file=Upload("mine.json", json.dumps(document).encode()), loop="Night Drive")
    await room.ada.press("Apply")
    (changed,) = await room.clips()
    assert (changed.id, changed.length_milli, changed.written_by) == (clip.id, 9000, room.ben.id)
    document["clips"][0]["written_by"] = room.ada.id
    await room.ada.slash("/loop import", file=Upload("claim.json", json.dumps(document).encode()), loop="Night Drive")
    assert "The field written\\_by is not known." in room.ada.sees()
    assert [one.written_by for one in await room.clips()] == [room.ben.id]


async def test_a_form_that_names_a_message_nobody_took_is_somebody_elses(room: Room) -> None:
    """Whose words they are is looked up here; what a client sends along names nobody."""
    await room.make(await room.ben.say(WORDS))
    who, ada = Who.user(room.ada.id, "Ada"), room.ada.id
    for made_up in ("1", str(room.ben.id), "a:b"):
        added = await room.services.loops.clips.add(who, ada, room.loop, ClipFields(made_up), message=made_up)
        assert added.clip is not None
        assert added.clip.written_by == SOMEBODY


async def test_the_writer_reads_where_their_words_are_kept_and_not_what_the_owner_made_of_them(room: Room) -> None:
    await room.make(await room.ben.say(WORDS))
    await room.change("Sing the chorus lower", "and my own secret remark about the tambourine")
    await room.ben.slash("/studio privacy show")
    assert "1" in room.ben.sees()
    named = await room.services.studio.privacy_named(room.ben.id)
    assert set(named["loop_clips"][0]) == {"id", "created_at"}
    assert "secret remark" not in str(named)
    assert "loop_clips" not in await room.services.studio.privacy_named(room.ada.id)


async def test_whoever_deleted_everything_agrees_to_nothing_any_more(room: Room) -> None:
    await room.services.studio.save_person(Who.user(room.ben.id, "Ben"), room.ben.id, ai_consent=True)
    clip = await room.make(await room.ben.say(WORDS))
    view = await room.services.loops.store.view(room.ada.id, room.loop)
    assert (await room.services.loops.store.for_ai(view)).plan.clips[0].name == clip.name
    await room.ben.slash("/studio privacy delete")
    await room.ben.press("Delete everything")
    await room.ben.fill({"typed": "delete everything"})
    view = await room.services.loops.store.view(room.ada.id, room.loop)
    (told,) = (await room.services.loops.store.for_ai(view)).plan.clips
    assert (told.name, told.notes) == ("a clip", "")
    assert (told.lane, told.start_milli, told.length_milli) == (clip.lane, clip.start_milli, clip.length_milli)


# ---------------------------------------------------------------------- rules

texts = st.text(st.characters(categories=["L", "N", "Zs"]), max_size=40)


def of_ben(name: str, notes: str) -> Clip:
    return replace(g8().clips[0], name=name, notes=notes, written_by=7)


@given(texts, texts, st.sets(st.integers(1, 9)))
def test_what_ai_reads_of_a_clip_is_all_of_it_or_none_of_its_words(name: str, notes: str, agreed: set[int]) -> None:
    clip = of_ben(name, notes)
    told = for_ai(clip, agreed)
    assert (told == clip) is (7 in agreed or (name, notes) == ("a clip", ""))
    assert replace(told, name=name, notes=notes) == clip
    assert for_ai(replace(clip, written_by=None), ()).name == name
    assert not may_go(SOMEBODY, {*agreed, SOMEBODY})


@given(st.lists(st.sampled_from(["chorus", "lower", "tambourine", "bridge", "outro"]), min_size=1, max_size=6))
def test_a_word_that_is_left_keeps_the_mark(words: list[str]) -> None:
    old = of_ben("chorus lower", "tambourine")
    new = rewritten(old, replace(old, name=words[0].upper(), notes=" ".join(words[1:])))
    assert (new.written_by == 7) is bool({"chorus", "lower", "tambourine"} & set(words))


def test_copies_are_taken_out_whole_and_short_words_are_left() -> None:
    data: dict[str, JsonValue] = {
        "past": [{"summary": "mark *sing it lower* ready", "number": 1}],
        "mix": "Mix, then sing it lowered",
    }
    assert without(data, ["Sing it lower", "Mix", ""]) == {
        "past": [{"summary": "mark *a clip* ready", "number": 1}],
        "mix": "Mix, then sing it lowered",
    }
