"""The outbox: once, in order of promises, through every policy; a hand-written chat stands for Discord here.

The same promises are tested over the wire, under SIGKILL, in tests/crash.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from bot.actors import Actor
from bot.clock import FixedClock
from bot.engine import Engine, EngineRules
from bot.lifecycle import Supervisor
from bot.outbox import InboxText, Outbox
from bot.outbox_model import Delivery, DeliveryDraft
from bot.ports import OutMessage, Policy, SendFailed, Sent, Target
from bot.rules import load_rules
from bot.slots import Lane, Later
from bot.studio.model import Person
from storage.repositories.deliveries import DeliveryRepository
from storage.repositories.studio import InboxRepository, PersonRepository
from storage.unit import Database, Unit

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


class Trouble:
    """Remembers what health would tell."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def no_access(self, delivery: Delivery, detail: str) -> None:
        self.told.append(f"no access to {delivery.target_id}: {detail}")

    async def place_gone(self, delivery: Delivery) -> None:
        self.told.append(f"{delivery.target_id} is gone")

    async def token_refused(self) -> None:
        self.told.append("the token is refused")


class World:
    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database, self.clock = database, clock
        self.chat = Chat(clock)
        self.trouble = Trouble()
        # Direct messages keep a distance in real time; here nobody waits for it.
        rules = load_rules("engine", EngineRules).model_copy(update={"dm_spacing_s": 0.0})
        self.outbox = Outbox(database, clock, self.chat, self.trouble, rules)
        self.engine = Engine(database, clock, Supervisor())
        self.engine.register(self.outbox)
        self.followed: list[int] = []
        self.asked_to_hold = 0
        self.while_rendering: Callable[[Delivery], Awaitable[None]] = self.nothing_happens
        self.hold: Callable[[Delivery, datetime], Later | str | None] = lambda delivery, now: None

        async def render(delivery: Delivery) -> OutMessage | None:
            await self.while_rendering(delivery)
            return OutMessage(delivery.payload["text"]) if delivery.payload.get("text") else None

        async def on_sent(unit, delivery: Delivery, sent: Sent) -> None:
            self.followed.append(sent.message_id)

        async def inbox(delivery: Delivery) -> InboxText:
            return InboxText("A note", str(delivery.payload["text"]))

        async def hold(delivery: Delivery, now: datetime) -> Later | str | None:
            self.asked_to_hold += 1
            return self.hold(delivery, now)

        self.outbox.register("note", render, on_sent=on_sent, inbox=inbox, hold=hold)
        self.outbox.register("plain", render)

    async def nothing_happens(self, delivery: Delivery) -> None:
        pass

    async def lose_an_answer(self, **rest) -> None:
        """Send a message whose answer gets lost: it stands there, and the outbox does not know."""
        self.chat.lose_answer = True
        await self.write(**rest)
        await self.engine.drain()
        assert len(self.chat.seen) == 1
        assert await self.states() == {"sending": 1}

    async def person(self) -> Person:
        async with self.database.read(ADA) as unit:
            found = await unit.repo(PersonRepository).get()
        assert found is not None
        return found

    async def write(self, key: str = "note:1", text: str | None = "hello", **rest) -> None:
        draft = DeliveryDraft(
            rest.pop("kind", "note"), key, rest.pop("target_kind", "channel"), 5, {"text": text}, **rest
        )
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


async def test_a_message_that_cannot_be_made_is_given_up_in_the_end_and_holds_nobody_up(world: World) -> None:
    async def breaks(delivery: Delivery) -> None:
        if delivery.payload["text"] == "broken":
            raise ValueError("no such picture")

    world.while_rendering = breaks
    await world.write("note:1", "broken")
    await world.write("note:2", "fine")
    await world.engine.drain()
    assert [card for _, _, card in world.chat.seen] == ["fine"]
    assert await world.states() == {"pending": 1, "sent": 1}
    await world.live(24 * 7, step_s=3600)
    # It ended visibly: health counts it, and nothing seems to wait for ever.
    assert await world.states() == {"failed": 1, "sent": 1}
    async with world.database.system_read() as unit:
        deliveries = unit.repo(DeliveryRepository)
        assert await deliveries.oldest_open() is None
        assert (await deliveries.counts(unit.now - timedelta(days=30))).get("failed") == 1
        assert (await deliveries.counts(unit.now)).get("failed") is None


async def test_a_message_whose_follow_up_breaks_is_sent_once_and_then_given_up(world: World) -> None:
    async def breaks(unit, delivery: Delivery, sent: Sent) -> None:
        raise ValueError("nowhere to keep it")

    async def render(delivery: Delivery) -> OutMessage:
        return OutMessage(delivery.payload["text"])

    world.outbox.register("followed", render, on_sent=breaks)
    await world.write(kind="followed")
    await world.live(24 * 7, step_s=3600)
    assert len(world.chat.seen) == 1
    assert await world.states() == {"failed": 1}


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
        await unit.repo(DeliveryRepository).start_all([slot.subject_id], world.clock.now())
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
    ("policy", "told"),
    [
        (Policy.NO_ACCESS, ["no access to 5: refused"]),
        (Policy.PLACE_GONE, ["5 is gone"]),
        (Policy.TARGET_GONE, ["5 is gone"]),
        (Policy.OUR_BUG, []),
        (Policy.TOO_LARGE, []),
    ],
)
async def test_what_cannot_be_sent_is_given_up_and_visible(world: World, policy: Policy, told: list[str]) -> None:
    world.chat.failure = SendFailed(policy, "refused")
    await world.write()
    await world.live(1, 300)
    assert await world.states() == {"failed": 1}
    assert world.trouble.told == told
    assert world.chat.seen == []


async def test_discord_being_down_for_hours_loses_nothing(world: World) -> None:
    world.chat.failure = SendFailed(Policy.RETRY, "503")
    await world.write()
    await world.live(1, 300)
    assert await world.states() == {"sending": 1}
    world.chat.failure = None
    await world.live(8, 600)
    assert len(world.chat.seen) == 1
    assert await world.states() == {"sent": 1}


async def test_what_is_given_up_while_it_is_being_written_is_not_sent(world: World) -> None:
    """Another worker, or a person who takes it back, may be faster than the renderer."""

    async def taken_back(delivery: Delivery) -> None:
        async with world.database.system_write("taken back") as unit:
            assert await unit.repo(DeliveryRepository).close(delivery.id, "dropped", "taken back")

    world.while_rendering = taken_back
    await world.write()
    await world.engine.drain()
    assert world.chat.seen == []
    assert await world.states() == {"dropped": 1}


@pytest.mark.parametrize("target_kind", ["channel", "dm"])
async def test_a_message_that_stands_there_is_not_put_into_the_inbox_as_expired(world: World, target_kind: str) -> None:
    await world.lose_an_answer(target_kind=target_kind, expires_at=world.clock.now() + timedelta(minutes=10))
    world.clock.advance(hours=30)
    await world.engine.drain()
    assert await world.notes() == []
    assert await world.states() == {"sent": 1}
    assert len(world.chat.seen) == 1


async def test_a_message_is_still_sent_in_its_last_moment_and_not_after_it(world: World) -> None:
    last = world.clock.now() + timedelta(hours=1)
    await world.write("note:1", target_kind="dm", expires_at=last)
    world.clock.set(last)
    await world.engine.drain()
    assert len(world.chat.seen) == 1
    await world.write("note:2", target_kind="dm", expires_at=last)
    world.clock.advance(seconds=1)
    await world.engine.drain()
    assert len(world.chat.seen) == 1
    assert await world.notes() == ["hello"]


@pytest.mark.parametrize("answer", ["quiet hours", "opted out"])
async def test_what_may_have_been_seen_is_found_out_at_once_even_in_quiet_hours(world: World, answer: str) -> None:
    await world.lose_an_answer(target_kind="dm")
    morning = world.clock.now() + timedelta(hours=9)
    world.hold = lambda delivery, now: Later(morning, answer) if answer == "quiet hours" else answer
    world.clock.advance(minutes=5)
    await world.engine.drain()
    assert world.asked_to_hold == 1, "it was asked before the first try only"
    assert await world.states() == {"sent": 1}
    assert world.followed == [100]
    assert len(world.chat.seen) == 1


async def test_what_nobody_wants_any_more_is_dropped_without_a_copy(world: World) -> None:
    world.hold = lambda delivery, now: "opted out"
    await world.write(target_kind="dm")
    await world.engine.drain()
    assert await world.states() == {"dropped": 1}
    assert await world.notes() == []
    assert world.chat.seen == []


async def test_being_told_to_wait_after_a_lost_answer_does_not_make_a_second_message(world: World) -> None:
    """Only a request that certainly had no effect makes a delivery fresh again."""
    await world.lose_an_answer()
    world.chat.failure = SendFailed(Policy.WAIT, "429", 60)
    world.clock.advance(seconds=90)
    await world.engine.drain()
    assert await world.states() == {"sending": 1}
    world.chat.failure = None
    world.clock.advance(hours=1)
    await world.engine.drain()
    assert len(world.chat.seen) == 1
    assert await world.states() == {"sent": 1}


async def test_being_told_to_wait_before_anything_was_sent_leaves_it_fresh(world: World) -> None:
    """It is tried after the time that was named, asks for quiet hours again, and may still come too late."""
    world.chat.failure = SendFailed(Policy.WAIT, "429", 600)
    await world.write(target_kind="dm", expires_at=world.clock.now() + timedelta(hours=1))
    await world.engine.drain()
    assert await world.states() == {"pending": 1}
    world.chat.failure = None
    world.clock.advance(seconds=599)
    assert await world.engine.drain() == 0
    world.hold = lambda delivery, now: Later(now + timedelta(hours=2), "quiet hours")
    world.clock.advance(seconds=1)
    assert await world.engine.drain() == 1
    world.clock.advance(hours=3)
    await world.engine.drain()
    assert world.chat.seen == []
    assert await world.notes() == ["hello"]


async def test_a_refused_token_is_told_once_a_try_and_loses_nothing(world: World) -> None:
    world.chat.failure = SendFailed(Policy.STOP, "401")
    await world.write()
    await world.engine.drain()
    assert world.trouble.told == ["the token is refused"]
    assert await world.states() == {"pending": 1}
    world.chat.failure = None
    world.clock.advance(minutes=10)
    await world.engine.drain()
    assert len(world.chat.seen) == 1


async def test_refusals_of_direct_messages_are_remembered_until_one_arrives(world: World) -> None:
    world.chat.failure = SendFailed(Policy.DM_CLOSED, "50007")
    for number, days in enumerate((1, 7, 30, 30)):
        await world.write(f"note:{number}", target_kind="dm")
        await world.engine.drain()
        assert (await world.person()).dm_retry_at == world.clock.now() + timedelta(days=days)
        world.clock.advance(days=days)
    world.chat.failure = None
    await world.write("note:9", kind="plain", target_kind="dm")
    await world.engine.drain()
    person = await world.person()
    assert (person.dm_channel_id, person.dm_closed_at, person.dm_retry_at) == (5, None, None)
    world.chat.failure = SendFailed(Policy.DM_CLOSED, "50007")
    await world.write("note:10", target_kind="dm")
    await world.engine.drain()
    assert (await world.person()).dm_retry_at == world.clock.now() + timedelta(days=1)


async def test_the_pause_of_direct_messages_ends_to_the_second(world: World) -> None:
    world.chat.failure = SendFailed(Policy.DM_TOO_FAST, "40003")
    await world.write("dm:1", target_kind="dm")
    await world.engine.drain()
    world.chat.failure = None
    await world.write("dm:2", target_kind="dm")
    world.clock.advance(seconds=599)
    await world.engine.drain()
    assert world.chat.seen == []
    world.clock.advance(seconds=1)
    await world.engine.drain()
    assert len(world.chat.seen) == 2


async def test_the_owner_is_told_where_a_channel_does_not_take_the_post(world: World) -> None:
    async def render(delivery: Delivery) -> OutMessage | None:
        return OutMessage("countdown")

    async def refused(unit: Unit, delivery: Delivery) -> None:
        await unit.repo(InboxRepository).add("refused", "Not posted", "The channel does not take it")

    world.outbox.register("countdown", render, on_refused=refused)
    world.chat.failure = SendFailed(Policy.NO_ACCESS, "refused")
    async with world.database.write(Actor.user(ADA, "Ada"), ADA, "write") as unit:
        await unit.deliver(DeliveryDraft("countdown", "countdown:1", "channel", 5))
    await world.live(1, 300)
    assert await world.states() == {"failed": 1}
    assert await world.notes() == ["The channel does not take it"]
    assert world.trouble.told == ["no access to 5: refused"]


async def test_nothing_is_lost_before_the_client_is_there(world: World) -> None:
    world.outbox.sender = None
    await world.write()
    await world.engine.drain()
    assert await world.states() == {"pending": 1}
    world.outbox.sender = world.chat
    world.clock.advance(seconds=5)
    await world.engine.drain()
    assert len(world.chat.seen) == 1


async def test_what_never_gets_an_answer_is_given_up_after_the_last_try(world: World) -> None:
    world.chat.failure = SendFailed(Policy.RETRY, "503")
    await world.write()
    tries = 0
    for _ in range(40):
        tries += await world.engine.drain()
        world.clock.advance(hours=1)
    assert tries == load_rules("engine", EngineRules).max_attempts
    assert await world.states() == {"failed": 1}
    assert world.chat.seen == []
