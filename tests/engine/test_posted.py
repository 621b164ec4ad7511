"""Posted cards: whatever Discord answers, one message shows what is stored, or is forgotten once."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bot.actors import Actor
from bot.clock import FixedClock
from bot.engine import Engine
from bot.lifecycle import Supervisor
from bot.outbox import Outbox
from bot.outbox_model import Delivery, DeliveryDraft
from bot.ports import OutMessage, Policy, SendFailed, Sent, Target
from bot.posted import CardRules, PostedCards, Unposting, fingerprint
from bot.posted_model import PostedCard
from bot.rules import load_rules
from bot.say.card import Card, Picture, Section, raw
from bot.studio.service import StudioService
from storage.repositories.posted import PostedRepository
from storage.repositories.slots import SlotRepository
from storage.unit import Database

ADA = 1001
ada = Actor.user(ADA, "Ada")


class Chat:
    """A channel: messages by id, and what Discord answers to an edit."""

    def __init__(self) -> None:
        self.shows: dict[int, str] = {10: "", 11: "sound"}
        self.edits: list[int] = []
        self.failure: SendFailed | None = None

    async def send(self, target: Target, message: OutMessage, nonce: str) -> Sent:
        assert len(nonce) <= 25
        assert isinstance(message.card, Card)
        self.shows[20] = message.card.title
        return Sent(target.id, 20)

    async def edit(self, target: Target, message_id: int, message: OutMessage) -> None:
        self.edits.append(message_id)
        if self.failure is not None:
            raise self.failure
        if message_id not in self.shows:
            raise SendFailed(Policy.MESSAGE_GONE, "10008")
        assert isinstance(message.card, Card)
        self.shows[message_id] = message.card.title

    async def delete(self, target: Target, message_id: int) -> None:
        if self.shows.pop(message_id, None) is None:
            raise SendFailed(Policy.MESSAGE_GONE, "10008")

    async def find_own(self, target: Target, since: object, nonce: str) -> Sent | None:
        raise AssertionError("nothing is looked for")


@dataclass
class Room:
    """One posted card of one thing, whose title can be changed."""

    database: Database
    engine: Engine
    posted: PostedCards
    chat: Chat
    title: str | None = "Idea"
    drawn: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def draw(self, _card: PostedCard) -> Card | None:
        self.drawn += 1
        title = self.title
        await self.gate.wait()
        return None if title is None else Card(title)

    async def change(self, title: str | None) -> None:
        async with self.database.write(ada, ADA, "change") as unit:
            self.title = title
            unit.touch("thing", "it")

    async def cards(self) -> list[PostedCard]:
        return await self.posted.of(ADA, "thing", "it")


@pytest.fixture
async def room(database: Database, clock: FixedClock) -> Room:
    engine, chat = Engine(database, clock, Supervisor()), Chat()
    outbox = Outbox(database, clock, chat)
    rules = load_rules("cards", CardRules).model_copy(update={"redraw_s": 0, "edit_gap_s": 0})
    posted = PostedCards(database, clock, outbox, rules)
    made = Room(database, engine, posted, chat)
    made.gate.set()
    posted.register("thing", made.draw)
    for kind in (posted, Unposting(clock, outbox)):
        engine.register(kind)
    card = PostedCard(ADA, "thing", "it", 5, 10, audio_message_id=11, also=("other",))
    await posted.follow(ada, card, clock.now())
    await engine.drain()
    made.drawn, chat.edits = 0, []
    return made


async def test_a_change_of_the_thing_or_of_what_else_it_shows_draws_the_card_again(room: Room) -> None:
    await room.change("Idea 2")
    await room.engine.drain()
    assert room.chat.shows[10] == "Idea 2"
    room.title = "Idea 3"
    async with room.database.write(ada, ADA, "change") as unit:
        unit.touch("loop", "other")
    await room.engine.drain()
    assert room.chat.shows[10] == "Idea 3"
    async with room.database.write(ada, ADA, "change") as unit:
        unit.touch("thing", "another")
    assert await room.engine.drain() == 0


async def test_what_shows_already_what_is_stored_is_left_alone(room: Room) -> None:
    await room.change("Idea 2")
    await room.engine.drain()
    await room.change("Idea 2")
    await room.engine.drain()
    assert room.chat.edits == [10]


async def test_a_change_that_is_taken_back_leaves_nothing_to_draw(room: Room) -> None:
    with pytest.raises(ZeroDivisionError):
        async with room.database.write(ada, ADA, "change") as unit:
            unit.touch("thing", "it")
            raise ZeroDivisionError
    assert await room.engine.drain() == 0


async def test_changes_while_a_card_is_drawn_are_drawn_after_it_together(room: Room) -> None:
    """The first drawing looked before them: they are not lost, and they need one drawing only."""
    await room.change("Idea 1")
    room.gate.clear()
    first = asyncio.ensure_future(room.engine.drain())
    while not room.drawn:
        await asyncio.sleep(0)
    for number in range(2, 7):
        await room.change(f"Idea {number}")
    room.gate.set()
    await first
    await room.engine.drain()
    assert room.chat.shows[10] == "Idea 6"
    assert room.drawn == 2


async def test_a_message_that_was_deleted_is_forgotten_once_and_never_edited_again(room: Room) -> None:
    del room.chat.shows[10]
    for number in range(3):
        await room.change(f"Idea {number}")
        await room.engine.drain()
    assert room.chat.edits == [10]
    assert await room.cards() == []
    assert room.chat.shows == {}, "its sound went with it"


async def test_the_card_of_a_thing_that_is_gone_goes_with_its_sound(room: Room) -> None:
    await room.change(None)
    await room.engine.drain()
    assert room.chat.shows == {}
    assert await room.cards() == []


async def behind(room: Room) -> int:
    """Return how many cards health tells of."""
    async with room.database.system_read() as unit:
        return await unit.repo(PostedRepository).behind()


@pytest.mark.parametrize("policy", [Policy.OUR_BUG, Policy.NO_ACCESS])
async def test_a_card_of_what_is_gone_is_not_kept_where_it_cannot_be_taken_away(
    room: Room, clock: FixedClock, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise SendFailed(policy, "no")

    monkeypatch.setattr(room.chat, "delete", refuse)
    await room.change(None)
    for _ in range(8):
        await room.engine.drain()
        clock.advance(days=1)
    assert await room.cards() == []


@pytest.mark.parametrize("policy", [Policy.WAIT, Policy.RETRY])
async def test_while_discord_says_wait_the_card_waits(room: Room, clock: FixedClock, policy: Policy) -> None:
    room.chat.failure = SendFailed(policy, "not now", retry_after=7)
    await room.change("Idea 2")
    await room.engine.drain()
    room.chat.failure = None
    clock.advance(seconds=6)
    assert await room.engine.drain() == 0
    clock.advance(seconds=1)
    await room.engine.drain()
    assert room.chat.shows[10] == "Idea 2"


async def test_where_i_may_not_edit_it_is_tried_for_a_week_and_then_left(room: Room, clock: FixedClock) -> None:
    room.chat.failure = SendFailed(Policy.NO_ACCESS, "50001")
    await room.change("Idea 2")
    await room.engine.drain()
    for _ in range(30):
        clock.advance(hours=6)
        await room.engine.drain()
    assert 25 <= len(room.chat.edits) <= 30
    (card,) = await room.cards()
    assert card.message_id == 10, "it is still known: it may be edited again one day"
    assert await behind(room) == 1
    room.chat.failure = None
    await room.change("Idea 3")
    await room.engine.drain()
    assert await behind(room) == 0
    assert room.chat.shows[10] == "Idea 3"


async def test_a_message_that_was_edited_too_often_is_posted_anew(room: Room) -> None:
    room.chat.failure = SendFailed(Policy.POST_NEW, "30046")
    await room.change("Idea 2")
    await room.engine.drain()
    assert room.chat.shows == {20: "Idea 2", 11: "sound"}
    room.chat.failure = None
    await room.change("Idea 3")
    await room.engine.drain()
    assert room.chat.shows == {20: "Idea 3", 11: "sound"}


async def test_a_card_that_cannot_be_drawn_keeps_what_it_shows(room: Room) -> None:
    room.chat.failure = SendFailed(Policy.OUR_BUG, "50035")
    await room.change("Idea 2")
    await room.engine.drain()
    assert [card.message_id for card in await room.cards()] == [10]


async def test_somebody_elses_change_draws_nothing_of_hers(room: Room) -> None:
    async with room.database.write(Actor.user(7, "Ben"), 7, "change") as unit:
        unit.touch("thing", "it")
    assert await room.engine.drain() == 0


async def test_what_changed_between_drawing_and_sending_is_looked_at_again(room: Room, clock: FixedClock) -> None:
    drawn_at = clock.now()
    clock.advance(seconds=1)
    await StudioService(room.database, clock).save_person(ada, ADA, timezone="Asia/Tokyo")
    room.title = "Newer"
    await room.posted.follow(ada, PostedCard(ADA, "thing", "it", 5, 30), drawn_at)
    room.chat.shows[30] = "Older"
    await room.engine.drain()
    assert room.chat.shows[30] == "Newer"


async def test_a_card_is_followed_as_long_as_it_says_and_taken_away_by_whoever_may(
    room: Room, clock: FixedClock
) -> None:
    await room.posted.taken_away(Actor.user(9, "Manager"), 10)
    await room.engine.drain()
    assert await room.cards() == []
    assert 11 not in room.chat.shows
    until = clock.now() + timedelta(days=1)
    await room.posted.follow(ada, PostedCard(ADA, "thing", "it", 5, 12, keep_until=until), clock.now())
    async with room.database.read(ADA) as unit:
        (card,) = await unit.repo(PostedRepository).of("thing", "it")
    assert card.keep_until == until


def test_a_fingerprint_tells_cards_apart_by_all_they_say() -> None:
    cards = [
        Card("a"),
        Card("b"),
        Card(raw("a")),
        Card("a", lead="b"),
        Card("a", sections=[Section("b", ["c"])]),
        Card("a", sections=[Section("b", ["c", ""])]),
        Card("a", media=[Picture("a.png", b"1", "")]),
        Card("a", media=[Picture("a.png", b"2", "")]),
        Card("a", media=[Picture("a.png", b"2", "words")]),
    ]
    assert len({fingerprint(card) for card in cards}) == len(cards)
    assert fingerprint(Card("a", meta=["x"])) == fingerprint(Card("a", meta=("x",)))


async def test_many_changes_of_a_card_that_is_barred_are_one_request_and_one_slot(
    room: Room, clock: FixedClock
) -> None:
    """Other cards must not wait behind them, and Discord counts refused requests."""
    room.chat.failure = SendFailed(Policy.NO_ACCESS, "50001")
    for number in range(30):
        await room.change(f"Idea {number}")
        await room.engine.drain()
    async with room.database.system_read() as unit:
        assert len(await unit.repo(SlotRepository).open_of("redraw", "thing:it", ADA)) == 1
    assert room.chat.edits == [10]
    room.chat.failure = None
    clock.advance(seconds=3600)
    await room.engine.drain()
    assert room.chat.shows[10] == "Idea 29"


async def test_what_is_posted_for_somebody_who_was_deleted_meanwhile_is_taken_away(
    room: Room, clock: FixedClock
) -> None:
    drawn_at = clock.now()
    clock.advance(seconds=1)
    await StudioService(room.database, clock).privacy_delete(ADA)
    room.chat.shows[30] = "Hers"
    await room.posted.follow(ada, PostedCard(ADA, "thing", "it", 5, 30), drawn_at)
    await room.engine.drain()
    assert room.chat.shows == {}
    assert await room.cards() == []


async def test_what_a_press_drew_by_itself_is_drawn_again_only_where_it_is_not_true(room: Room) -> None:
    room.title = "Done"
    await room.posted.showed(10, Card("Done"))
    await room.engine.drain()
    assert room.chat.edits == []
    await room.posted.showed(10, Card("Stale"))
    await room.engine.drain()
    assert room.chat.shows[10] == "Done"


async def test_a_message_whose_owner_was_deleted_while_it_was_sent_is_taken_away(
    database: Database, clock: FixedClock
) -> None:
    engine, chat = Engine(database, clock, Supervisor()), Chat()

    async def render(_delivery: Delivery) -> OutMessage:
        # The deletion comes while the message is made and sent.
        await StudioService(database, clock).privacy_delete(ADA)
        return OutMessage(Card("Hers"))

    async def nothing(*_: object) -> None:
        return None

    outbox = Outbox(database, clock, chat)
    outbox.register("followed", render, on_sent=nothing)
    outbox.register("plain", render)
    for kind in (outbox, Unposting(clock, outbox)):
        engine.register(kind)
    for kind in ("followed", "plain"):
        async with database.write(ada, ADA, "send") as unit:
            await unit.deliver(DeliveryDraft(kind, f"{kind}:1", "channel", 5, {}))
        await engine.drain()
        assert 20 not in chat.shows, kind
