"""Messages that must be seen exactly once, whatever crashes.

A service writes the delivery in the transaction of the fact; this sends it with a nonce, stores the message id,
and repairs what a crash in between left open. Text is rendered at send time from what is true then.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

import structlog

from bot.actors import Actor
from bot.clock import Clock
from bot.engine import EngineRules
from bot.error_kinds import Mend, kind_of
from bot.outbox_model import Delivery
from bot.ports import Guests, OutMessage, Policy, Sender, SendFailed, Sent, Target
from bot.posted_model import PostedCard, unpost_slot
from bot.rules import load_rules
from bot.slots import Later, Slot, SlotDraft
from bot.together import Together
from storage.repositories.deliveries import DeliveryRepository
from storage.repositories.slots import LeaseLost, SlotRepository
from storage.repositories.studio import InboxRepository, PersonRepository
from storage.unit import Database, Unit

log = structlog.get_logger()

PlaceT = TypeVar("PlaceT", bound=Hashable)

Renderer = Callable[[Delivery], Awaitable[OutMessage | None]]
"""Make the message from what is true now; None where there is nothing to say any more."""


class OnSent(Protocol):
    """Called in the transaction that stores the message id, in the owner's unit."""

    async def __call__(self, unit: Unit, delivery: Delivery, sent: Sent) -> None: ...


OnRefused = Callable[[Unit, Delivery], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class InboxText:
    """What waits in the inbox where a direct message cannot be sent."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of delivery is rendered, what follows, and what stays in the inbox instead.

    `hold` looks at quiet hours, caps and opt-outs at send time: a Later holds, "drop" gives up.
    """

    render: Renderer
    on_sent: OnSent | None = None
    inbox: Callable[[Delivery], Awaitable[InboxText | None]] | None = None
    hold: "Callable[[Delivery, datetime], Awaitable[Later | str | None]] | None" = None
    on_refused: OnRefused | None = None
    """What the owner is told, in the transaction that closes it, where a channel does not take the post."""


class TroubleLog(Protocol):
    """Told of places where the bot may not post, so that health can name them."""

    async def no_access(self, delivery: Delivery, detail: str) -> None: ...

    async def place_gone(self, delivery: Delivery) -> None: ...

    async def token_refused(self) -> None: ...


class Outbox:
    """The kind of slot that sends deliveries. `register` one `Kind` a delivery kind."""

    name = "delivery"

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sender: Sender | None = None,
        trouble: TroubleLog | None = None,
        rules: EngineRules | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self.sender = sender
        """Set once the client is there; deliveries wait until then."""
        self.guests: Guests | None = None
        """Set with it; without one everybody may speak."""
        self._trouble = trouble
        self._rules = rules or load_rules("engine", EngineRules)
        self._kinds: dict[str, Kind] = {}
        # Many go out at once: what each has to read and write is gathered.
        self._reads = Together(self._read_all)
        self._starts = Together(self._start_all)
        self._ends = Together(self._end_all)
        self._dm_stopped_until: datetime | None = None
        self._lines: Lines[int] = Lines()
        self._pace = Pace(self._rules.scheduled_sends_per_s)
        self._dm_pace = Pace(1 / self._rules.dm_spacing_s) if self._rules.dm_spacing_s else Pace(1e9)

    def register(self, kind: str, render: Renderer, **rest: object) -> None:
        """Make a delivery kind known; keyword arguments as in `Kind`."""
        if kind in self._kinds:
            raise ValueError(f"delivery kind {kind} is registered twice")
        self._kinds[kind] = Kind(render, **rest)  # type: ignore[arg-type]

    def share_of(self, processes: int) -> None:
        """Send no more than this process's share of what all together may send."""
        self._pace.per_s = self._rules.scheduled_sends_per_s / max(1, processes)

    async def due(self, unit: Unit, now: datetime, limit: int) -> list[SlotDraft]:
        """Deliveries bring their slot along; there is nothing to look for."""
        return []

    async def run(self, slot: Slot) -> Later | None:
        """Send one delivery, or find out that it was sent, or say when to try again."""
        # Before anything is waited for, so that what is due first at a place stands first there.
        async with self._lines.turn(int(slot.payload.get("target", 0))):
            try:
                return await self._deliver(slot)
            except LeaseLost:
                raise
            except Exception:
                if slot.attempts < self._rules.max_attempts:
                    raise
                log.exception("delivery given up", delivery=slot.subject_id, attempts=slot.attempts)
                await self._give_up(slot)
                return None

    async def _deliver(self, slot: Slot) -> Later | None:
        delivery = await self._reads.ask(slot.subject_id)
        if delivery is None or delivery.state not in ("pending", "sending"):
            return None
        now = self._clock.now()
        if self.sender is None:
            return Later(now + timedelta(seconds=5), "not connected yet")
        kind = self._kinds.get(delivery.kind)
        if kind is None:
            return Later(now + timedelta(minutes=10), f"nobody renders {delivery.kind}")
        if delivery.expires_at is not None and now > delivery.expires_at and delivery.state == "pending":
            await self._to_inbox(slot, delivery, kind, "expired")
            return None
        held = await self._held(delivery, kind, now)
        if held is not None:
            if isinstance(held, Later):
                return held
            await self._close(slot, delivery, "dropped", held)
            return None
        return await self._send(self.sender, slot, delivery, kind, now)

    async def may_speak(self, owner: int, channel_id: int) -> bool:
        """Say whether something of an owner's may be posted in a channel, or changed there."""
        return self.guests is None or await self.guests.may_speak(owner, channel_id)

    async def _held(self, delivery: Delivery, kind: Kind, now: datetime) -> Later | str | None:
        if delivery.state == "sending":
            # It may have been seen already: only finding out is allowed now.
            return None
        if delivery.target_kind == "dm" and self._dm_stopped_until is not None:
            if now < self._dm_stopped_until:
                return Later(self._dm_stopped_until, "Discord asked to open direct messages more slowly")
            self._dm_stopped_until = None
        if delivery.target_kind == "channel" and not await self.may_speak(delivery.owner, delivery.target_id):
            return "its owner is there no more"
        return await kind.hold(delivery, now) if kind.hold else None

    async def send(self, target: Target, message: OutMessage, nonce: str) -> Sent:
        """Send a message that no delivery stands for. Raises SendFailed, also where nothing is connected to Discord."""
        return await self._connected().send(target, message, nonce)

    async def edit(self, target: Target, message_id: int, message: OutMessage) -> None:
        """Edit a message that was posted. Raises SendFailed, also where nothing is connected to Discord."""
        await self._connected().edit(target, message_id, message)

    async def delete(self, target: Target, message_id: int) -> None:
        """Take a posted message away. Raises SendFailed, also where nothing is connected to Discord."""
        await self._connected().delete(target, message_id)

    def _connected(self) -> Sender:
        if self.sender is None:
            raise SendFailed(Policy.RETRY, "not connected to Discord")
        return self.sender

    async def _send(self, sender: Sender, slot: Slot, delivery: Delivery, kind: Kind, now: datetime) -> Later | None:
        target = Target(delivery.target_kind, delivery.target_id)
        try:
            if await self._needs_search(delivery, now):
                found = await sender.find_own(target, delivery.claimed_at or now, delivery.nonce)
                if found is not None:
                    await self._sent(slot, delivery, kind, found)
                    return None
            drawn_at = self._clock.now()
            message = await kind.render(delivery)
            if message is None:
                await self._close(slot, delivery, "dropped", "nothing to say any more")
                return None
            if not await self._starts.ask(delivery.id):
                return None
            await (self._dm_pace if delivery.target_kind == "dm" else self._pace).turn()
            sent = await sender.send(target, message, delivery.nonce)
            sent = replace(sent, drawn_at=drawn_at, card=message.card)
        except SendFailed as failure:
            return await self._refused(slot, delivery, kind, failure)
        await self._sent(slot, delivery, kind, sent)
        return None

    async def _needs_search(self, delivery: Delivery, now: datetime) -> bool:
        if delivery.state != "sending" or delivery.claimed_at is None:
            return False
        return now - delivery.claimed_at > timedelta(seconds=self._rules.reconcile_after_s)

    async def _read_all(self, ids: Sequence[str]) -> list[Delivery | None]:
        async with self._database.system_read() as unit:
            found = await unit.repo(DeliveryRepository).many(ids)
        return [found.get(delivery_id) for delivery_id in ids]

    async def _start_all(self, ids: Sequence[str]) -> list[bool]:
        """Mark as being sent before the requests leave; False for what is sent or given up already."""
        async with self._database.system_write("delivery.start") as unit:
            started = await unit.repo(DeliveryRepository).start_all(sorted(set(ids)), unit.now)
        return [delivery_id in started for delivery_id in ids]

    async def _end_all(self, ended: Sequence[tuple[Slot, Delivery, Sent]]) -> list[bool]:
        """Store what was sent; False for a slot that another worker has by now, who will find it sent."""
        # In the order of ids, so that two processes never wait for each other.
        sent = {delivery.id: (sent.channel_id, sent.message_id) for _, delivery, sent in ended}
        async with self._database.system_write("delivery.sent") as unit:
            await unit.repo(DeliveryRepository).sent_all(dict(sorted(sent.items())))
            done = await unit.repo(SlotRepository).finish_open([slot for slot, _, _ in ended])
        return [slot.id in done for slot, _, _ in ended]

    async def _sent(self, slot: Slot, delivery: Delivery, kind: Kind, sent: Sent) -> None:
        if kind.on_sent is None and delivery.target_kind != "dm":
            # Nothing of the owner's follows: with the others that were sent meanwhile.
            if not await self._ends.ask((slot, delivery, sent)):
                if await self._reads.ask(delivery.id) is None:
                    async with self._database.system_write("delivery.orphan") as unit:
                        await unit.add_slots([unpost_slot(orphan(delivery, sent), unit.now)])
                raise LeaseLost(slot.key)
            return
        actor = Actor.system("outbox")
        async with self._database.write(actor, delivery.owner, "delivery.sent") as unit:
            if not await unit.repo(DeliveryRepository).sent(delivery.id, sent.channel_id, sent.message_id):
                known = await self._reads.ask(delivery.id)
                if known is None:
                    # Whoever it belongs to was deleted while it was on its way: it goes after them.
                    await unit.add_slots([unpost_slot(orphan(delivery, sent), unit.now)])
                    slot.is_finished = True
                    return
            if delivery.target_kind == "dm":
                await unit.repo(PersonRepository).dm_opened(sent.channel_id)
            if kind.on_sent is not None:
                await kind.on_sent(unit, delivery, sent)
            await unit.repo(SlotRepository).finish(slot)

    async def _refused(self, slot: Slot, delivery: Delivery, kind: Kind, failure: SendFailed) -> Later | None:
        now = self._clock.now()
        log.warning("delivery refused", kind=delivery.kind, policy=str(failure.policy), detail=failure.detail)
        match failure.policy:
            case Policy.DM_CLOSED:
                async with self._database.write(Actor.system("outbox"), delivery.owner, "dm.closed") as unit:
                    await unit.repo(PersonRepository).dm_refused()
                await self._to_inbox(slot, delivery, kind, failure.detail)
                return None
            case Policy.DM_TOO_FAST:
                self._dm_stopped_until = now + timedelta(seconds=self._rules.dm_pause_s)
                await self._not_sent(delivery, failure)
                return Later(self._dm_stopped_until, failure.detail)
            case _ if kind_of(failure.policy).mend is Mend.MANAGER:
                if delivery.state == "sending" and failure.policy is Policy.NO_ACCESS:
                    # Sent perhaps, and the history may not be read: never a second time by guessing.
                    await self._close(slot, delivery, "unknown", failure.detail)
                elif kind.on_refused is not None:
                    await self._close_and_tell_owner(slot, delivery, kind.on_refused, failure.detail)
                else:
                    await self._close(slot, delivery, "failed", failure.detail)
                await self._tell(delivery, failure)
                return None
            case Policy.OUR_BUG | Policy.TOO_LARGE:
                await self._close(slot, delivery, "failed", failure.detail)
                return None
            case Policy.STOP:
                await self._not_sent(delivery, failure)
                if self._trouble is not None:
                    await self._trouble.token_refused()
                return Later(now + timedelta(minutes=10), failure.detail)
            case Policy.WAIT:
                await self._not_sent(delivery, failure)
                return Later(now + timedelta(seconds=failure.retry_after or 30), failure.detail)
            case _:
                # It may or may not have arrived: the row stays "sending", the engine tries again with back-off.
                if slot.attempts >= self._rules.max_attempts:
                    await self._close(slot, delivery, "failed", failure.detail)
                    return None
                raise failure

    async def _tell(self, delivery: Delivery, failure: SendFailed) -> None:
        if self._trouble is None:
            return
        if failure.policy is Policy.NO_ACCESS:
            await self._trouble.no_access(delivery, failure.detail)
        else:
            await self._trouble.place_gone(delivery)

    async def _not_sent(self, delivery: Delivery, failure: SendFailed) -> None:
        async with self._database.system_write("delivery.not_sent") as unit:
            await unit.repo(DeliveryRepository).note_error(
                delivery.id, failure.detail, not_sent=delivery.state == "pending"
            )

    async def _give_up(self, slot: Slot) -> None:
        """End a message that could not be made or followed up, so that it doesn't seem to wait for ever."""
        delivery = await self._reads.ask(slot.subject_id)
        if delivery is not None and delivery.state in ("pending", "sending"):
            await self._close(slot, delivery, "failed", "could not be made")

    async def _close(self, slot: Slot, delivery: Delivery, state: str, reason: str) -> None:
        async with self._database.system_write("delivery.close") as unit:
            await unit.repo(DeliveryRepository).close(delivery.id, state, reason)
            await unit.repo(SlotRepository).finish(slot, reason=reason)

    async def _close_and_tell_owner(self, slot: Slot, delivery: Delivery, tell: OnRefused, reason: str) -> None:
        async with self._database.write(Actor.system("outbox"), delivery.owner, "delivery.refused") as unit:
            await unit.repo(DeliveryRepository).close(delivery.id, "failed", reason)
            await tell(unit, delivery)
            await unit.repo(SlotRepository).finish(slot, reason=reason)

    async def _to_inbox(self, slot: Slot, delivery: Delivery, kind: Kind, reason: str) -> None:
        text = await kind.inbox(delivery) if kind.inbox else None
        async with self._database.write(Actor.system("outbox"), delivery.owner, "delivery.inbox") as unit:
            await unit.repo(DeliveryRepository).close(delivery.id, "dropped", reason)
            if text is not None:
                await unit.repo(InboxRepository).add(delivery.kind, text.title, text.body)
            await unit.repo(SlotRepository).finish(slot, reason=reason)


def orphan(delivery: Delivery, sent: Sent) -> PostedCard:
    """Return a message that belongs to nobody any more, to be taken away."""
    return PostedCard(delivery.owner, delivery.kind, delivery.id, sent.channel_id, sent.message_id)


class Lines(Generic[PlaceT]):
    """A line for each place: one after the other, in the order of asking."""

    def __init__(self) -> None:
        self._lines: dict[PlaceT, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, place: PlaceT) -> AsyncIterator[None]:
        lock, length = self._lines.get(place, (asyncio.Lock(), 0))
        self._lines[place] = lock, length + 1
        try:
            async with lock:
                yield
        finally:
            lock, length = self._lines.pop(place)
            if length > 1:
                self._lines[place] = lock, length - 1


class Pace:
    """A token bucket of one: turns come no faster than `per_s`, in order of asking."""

    def __init__(self, per_s: float) -> None:
        self.per_s = per_s
        self._next = 0.0
        self._lock = asyncio.Lock()

    async def turn(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._lock:
            wait = self._next - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            self._next = max(self._next, loop.time()) + 1 / self.per_s
