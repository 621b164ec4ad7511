"""The outbox: once, in order of promises, through every policy; a hand-written chat stands for Discord here.

The same promises are tested over the wire, under SIGKILL, in tests/crash.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from bot.actors import Actor
from bot.clock import FixedClock
from bot.engine import Engine
from bot.lifecycle import Supervisor
from bot.outbox import InboxText, Outbox
from bot.outbox_model import Delivery, DeliveryDraft
from bot.ports import OutMessage, Policy, SendFailed, Sent, Target
from bot.slots import Lane, Later
from storage.repositories.deliveries import DeliveryRepository
from storage.repositories.studio import InboxRepository, PersonRepository
from storage.unit import Database

ADA = 1001


class Chat:
    """Takes messages as Discord does: a repeated nonce returns the first message for a few minutes."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.seen: list[tuple[datetime, str, object]] = []
        self.failure: SendFailed | None = None
        self.lose_answer = False
        self.may_read = True

    async def send(self, target: Target, message: OutMessage, nonce: str) -> Sent:
        assert len(nonce) <= 25
        if self.failure is not None:
            raise self.failure
        for number, (at, known, _) in enumerate(self.seen):
            if known == nonce and self.clock.now() - at < timedelta(minutes=3):
                return Sent(target.id, 100 + number)
        self.seen.append((self.clock.now(), nonce, message.card))
        if self.lose_answer:
            self.lose_answer = False
            raise SendFailed(Policy.RETRY, "the connection broke")
        return Sent(target.id, 99 + len(self.seen))

    async def edit(self, target: Target, message_id: int, message: OutMessage) -> None:
        raise AssertionError("the outbox edits nothing")

    async def delete(self, target: Target, message_id: int) -> None:
        raise AssertionError("the outbox deletes nothing")

    async def find_own(self, target: Target, since: datetime, nonce: str) -> Sent | None:
        if not self.may_read:
            raise SendFailed(Policy.NO_ACCESS, "Read Message History is off")
        for number, (_, known, _) in enumerate(self.seen):
            if known == nonce:
                return Sent(target.id, 100 + number)
        return None


class World:
    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database, self.clock = database, clock
        self.chat = Chat(clock)
        self.outbox = Outbox(database, clock, self.chat)
        self.engine = Engine(database, clock, Supervisor())
        self.engine.register(self.outbox)
        self.followed: list[int] = []
        self.hold: Callable[[Delivery, datetime], Later | str | None] = lambda delivery, now: None

        async def render(delivery: Delivery) -> OutMessage | None:
            return OutMessage(delivery.payload["text"]) if delivery.payload.get("text") else None

        async def on_sent(unit, delivery: Delivery, sent: Sent) -> None:
            self.followed.append(sent.message_id)

        async def inbox(delivery: Delivery) -> InboxText:
            return InboxText("A note", str(delivery.payload["text"]))

        async def hold(delivery: Delivery, now: datetime) -> Later | str | None:
            return self.hold(delivery, now)

        self.outbox.register("note", render, on_sent=on_sent, inbox=inbox, hold=hold)

    async def write(self, key: str = "note:1", text: str | None = "hello", **rest) -> None:
        draft = DeliveryDraft("note", key, rest.pop("target_kind", "channel"), 5, {"text": text}, **rest)
        async with self.database.write(Actor.user(ADA, "Ada"), ADA, "write") as unit:
            await unit.repo(PersonRepository).seen("Ada", "en")
            await unit.deliver(draft)

    async def live(self, hours: float, step_s: float = 60) -> None:
        for _ in range(int(hours * 3600 / step_s)):
            await self.engine.drain()
            self.clock.advance(seconds=step_s)

    async def states(self) -> dict[str, int]:
        async with self.database.system_read() as unit:
            return await unit.repo(DeliveryRepository).counts()

    async def notes(self) -> list[str]:
        async with self.database.read(ADA) as unit:
            return [note.body for note in await unit.repo(InboxRepository).list()]


@pytest.fixture
def world(sqlite_database: Database, clock: FixedClock) -> World:
    return World(sqlite_database, clock)


async def test_a_message_written_twice_is_seen_once(world: World) -> None:
    await world.write()
    await world.write()
    await world.live(0.1)
    assert len(world.chat.seen) == 1
    assert await world.states() == {"sent": 1}
    assert world.followed == [100]


async def test_messages_for_one_place_stand_there_in_the_order_they_were_written(world: World) -> None:
    send = world.chat.send

    async def slower_each_time_less(target: Target, message: OutMessage, nonce: str) -> Sent:
        for _ in range(200 - 50 * int(str(message.card))):
            await asyncio.sleep(0)
        return await send(target, message, nonce)

    world.chat.send = slower_each_time_less  # type: ignore[method-assign]
    for number in range(4):
        await world.write(f"note:{number}", str(number))
    slots = await world.engine.claim(Lane.POST, 10)
    await asyncio.gather(*(world.engine.run_slot(slot) for slot in slots))
    assert [card for _, _, card in world.chat.seen] == ["0", "1", "2", "3"]


async def test_an_answer_that_got_lost_is_found_and_not_sent_again(world: World) -> None:
    world.chat.lose_answer = True
    await world.write()
    await world.live(2, 300)
    assert len(world.chat.seen) == 1
    assert await world.states() == {"sent": 1}
    assert world.followed == [100]


async def test_a_crash_after_sending_is_repaired_even_hours_later(world: World) -> None:
    await world.write()
    (slot,) = await world.engine.claim(Lane.POST, 1)
    async with world.database.system_write("crash") as unit:
        await unit.repo(DeliveryRepository).start_sending(slot.subject_id, world.clock.now())
        delivery = await unit.repo(DeliveryRepository).get(slot.subject_id)
    assert delivery is not None
    await world.chat.send(Target("channel", 5), OutMessage("hello"), delivery.nonce)  # type: ignore[arg-type]
    world.clock.advance(hours=5)
    await world.live(0.2)
    assert len(world.chat.seen) == 1
    assert await world.states() == {"sent": 1}


async def test_without_the_right_to_look_it_is_unknown_and_never_resent(world: World) -> None:
    world.chat.lose_answer = True
    await world.write()
    await world.engine.drain()
    world.chat.may_read = False
    world.clock.advance(hours=1)
    await world.live(3, 600)
    assert len(world.chat.seen) == 1
    assert await world.states() == {"unknown": 1}


async def test_closed_direct_messages_go_to_the_inbox(world: World) -> None:
    world.chat.failure = SendFailed(Policy.DM_CLOSED, "50007")
    await world.write(target_kind="dm")
    await world.live(1, 300)
    assert world.chat.seen == []
    assert await world.notes() == ["hello"]


async def test_too_many_direct_messages_pause_all_of_them_and_channels_go_on(world: World) -> None:
    world.chat.failure = SendFailed(Policy.DM_TOO_FAST, "40003")
    await world.write("dm:1", target_kind="dm")
    await world.engine.drain()
    world.chat.failure = None
    await world.write("dm:2", target_kind="dm")
    await world.write("post:1")
    await world.engine.drain()
    assert len(world.chat.seen) == 1
    world.clock.advance(minutes=11)
    await world.live(0.2)
    assert len(world.chat.seen) == 3


async def test_a_message_that_came_too_late_waits_in_the_inbox(world: World) -> None:
    await world.write(target_kind="dm", expires_at=world.clock.now() + timedelta(hours=1))
    world.clock.advance(hours=30)
    await world.live(0.1)
    assert world.chat.seen == []
    assert await world.notes() == ["hello"]


async def test_quiet_hours_are_asked_again_when_it_is_sent(world: World) -> None:
    opens = world.clock.now() + timedelta(hours=3)
    world.hold = lambda delivery, now: Later(opens, "quiet hours") if now < opens else None
    await world.write(target_kind="dm")
    await world.live(2, 300)
    assert world.chat.seen == []
    await world.live(2, 300)
    assert len(world.chat.seen) == 1


async def test_a_message_with_nothing_left_to_say_is_dropped(world: World) -> None:
    await world.write(text=None)
    await world.live(0.1)
    assert await world.states() == {"dropped": 1}


@pytest.mark.parametrize(
    ("policy", "state"),
    [
        (Policy.NO_ACCESS, "failed"),
        (Policy.PLACE_GONE, "failed"),
        (Policy.OUR_BUG, "failed"),
        (Policy.TOO_LARGE, "failed"),
    ],
)
async def test_what_cannot_be_sent_is_given_up_and_visible(world: World, policy: Policy, state: str) -> None:
    world.chat.failure = SendFailed(policy, "refused")
    await world.write()
    await world.live(1, 300)
    assert await world.states() == {state: 1}


async def test_discord_being_down_for_hours_loses_nothing(world: World) -> None:
    world.chat.failure = SendFailed(Policy.RETRY, "503")
    await world.write()
    await world.live(1, 300)
    assert await world.states() == {"sending": 1}
    world.chat.failure = None
    await world.live(8, 600)
    assert len(world.chat.seen) == 1
    assert await world.states() == {"sent": 1}
