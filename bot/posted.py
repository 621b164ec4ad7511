"""Posted cards show what is stored: whoever changed a thing, and however, its cards are drawn again.

A unit of work that touched a thing with posted cards writes a slot with the change (`Unit.touch`, tracked rows by
themselves). So an Undo, a mission's step, another person's press and a restart in between all end in a true card.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta

import structlog

from bot.actors import Actor
from bot.clock import Clock
from bot.errors import Gone, NotFound
from bot.outbox import Lines, Outbox
from bot.outbox_model import Delivery
from bot.ports import OutMessage, Policy, SendFailed, Sent, Target
from bot.posted_model import PostedCard, unpost_slot
from bot.rules import Rules, load_rules
from bot.say.card import Card
from bot.slots import Later, Slot, SlotDraft
from storage.repositories.posted import PostedRepository
from storage.repositories.slots import SlotRepository
from storage.repositories.studio import DELETIONS, FactRepository
from storage.unit import Database, Unit

log = structlog.stdlib.get_logger(__name__)

SYSTEM = Actor.system("posted")

Draw = Callable[[PostedCard], Awaitable[Card | None]]
"""Make the card from what is stored; None, NotFound or Gone where the thing is no more."""

_FORGOTTEN = frozenset({Policy.MESSAGE_GONE, Policy.PLACE_GONE})
_SOON = frozenset({Policy.WAIT, Policy.RETRY})
_BARRED = frozenset({Policy.NO_ACCESS, Policy.UNARCHIVE})


class CardRules(Rules):
    """Section [cards] of rules.toml, in seconds."""

    redraw_s: float
    """How long a first change waits for more of the same."""
    edit_gap_s: float
    """The least time between two edits of one message."""
    remember: int
    """Of how many things it is known when they were drawn last."""
    barred_retry_s: float
    """How long a message waits that may not be edited at the moment: a permission is missing, a thread is archived."""
    barred_give_up_s: float
    """For how long that is tried."""


class PostedCards:
    """The kind of slot "redraw", and the one door to posted cards. `register` how an area draws a kind of thing."""

    name = "redraw"

    def __init__(self, database: Database, clock: Clock, outbox: Outbox, rules: CardRules | None = None) -> None:
        self._database = database
        self._clock = clock
        self._outbox = outbox
        self.rules = rules or load_rules("cards", CardRules)
        self._draw: dict[str, Draw] = {}
        self._lines: Lines[str] = Lines()
        self._drawn_at: OrderedDict[str, float] = OrderedDict()
        self._answered: OrderedDict[str, None] = OrderedDict()
        """Slots that were claimed already when one drawing answered them."""

    def register(self, kind: str, draw: Draw) -> None:
        """Make known how things of a kind are drawn. Raises ValueError for a kind that is taken."""
        if kind in self._draw:
            raise ValueError(f"posted cards of {kind} are registered twice")
        self._draw[kind] = draw

    # ------------------------------------------------------------------ keeping

    async def follow(self, actor: Actor, card: PostedCard, since: datetime) -> None:
        """Keep a message true from now on; it was drawn from what was stored at `since`."""
        async with self._database.write(actor, card.owner, "card.follow") as unit:
            if await was_deleted(unit, card.owner, since):
                await unit.add_slots([unpost_slot(card, unit.now)])
                return
            await follow_in(unit, card, since)
            # Not all that a card shows is in the history: it is looked at once more in any case.
            unit.touch(card.kind, card.subject_id)

    async def showed(self, message_id: int, card: Card) -> None:
        """Note what a press has drawn by itself, so that it is not drawn once more where it is still true."""
        known = await self.by_message(message_id)
        if known is not None:
            async with self._database.write(SYSTEM, known.owner, "card.showed") as unit:
                await unit.repo(PostedRepository).shown(known.id, fingerprint(card))
                # The answer may have come late, after a redraw of what was changed since.
                unit.touch(known.kind, known.subject_id)

    async def look_again(self, message_id: int) -> None:
        """Have a message drawn again that somebody took for true and that was not."""
        known = await self.by_message(message_id)
        if known is not None:
            async with self._database.write(SYSTEM, known.owner, "card.look_again") as unit:
                unit.touch(known.kind, known.subject_id)

    async def of(self, owner: int, kind: str, subject_id: str) -> list[PostedCard]:
        """Return where cards of a thing stand."""
        async with self._database.read(owner) as unit:
            return await unit.repo(PostedRepository).of(kind, subject_id)

    async def by_message(self, message_id: int) -> PostedCard | None:
        """Return what a message shows, whoever it belongs to; None where it is not followed."""
        async with self._database.system_read() as unit:
            return await unit.repo(PostedRepository).by_message(message_id)

    async def taken_away(self, actor: Actor, message_id: int) -> None:
        """Follow a message no longer: somebody took it away, who need not be its owner. What belongs to it goes too."""
        known = await self.by_message(message_id)
        if known is None:
            return
        async with self._database.write(actor, known.owner, "card.taken_away") as unit:
            posted = unit.repo(PostedRepository)
            card = await posted.by_message(message_id)
            if card is not None:
                await posted.forget(card.id)
                if card.audio_message_id is not None:
                    await unit.add_slots([unpost_slot(card, unit.now, card.audio_message_id)])

    # ------------------------------------------------------------------ drawing again

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """Changes bring the slot along."""
        return []

    async def run(self, slot: Slot) -> Later | None:
        """Draw every card of a thing again, from what is stored now; one that shows it already is left alone."""
        subject = slot.subject_id
        kind, _, subject_id = subject.partition(":")
        draw = self._draw.get(kind)
        if draw is None or slot.owner is None:
            return None
        async with self._lines.turn(subject):
            if slot.id in self._answered:
                del self._answered[slot.id]
                return None
            await self._pause(subject)
            async with self._database.read(slot.owner) as unit:
                # What waits now was committed before this look, so that one drawing answers all of it.
                waiting = await unit.repo(SlotRepository).open_of(self.name, subject, slot.owner)
                cards = await unit.repo(PostedRepository).of(kind, subject_id)
            later = await self._draw_all(slot, cards, draw)
            # Also where it has to wait: this slot looks again for all of them.
            await self._answer(set(waiting) - {slot.id})
            return later

    async def _answer(self, others: set[str]) -> None:
        if not others:
            return
        async with self._database.system_write("card.answered") as unit:
            claimed = others - await unit.repo(SlotRepository).finish_ready(sorted(others))
        self._answered.update(dict.fromkeys(claimed))
        while len(self._answered) > self.rules.remember:
            self._answered.popitem(last=False)

    async def _draw_all(self, slot: Slot, cards: Sequence[PostedCard], draw: Draw) -> Later | None:
        later: Later | None = None
        drawn: dict[tuple[str, str], Card | None] = {}
        for card in cards:
            look = (card.look, card.locale)
            if look not in drawn:
                try:
                    drawn[look] = await draw(card)
                except (NotFound, Gone):
                    drawn[look] = None
            later = await self._show(slot, card, drawn[look]) or later
        return later

    async def _show(self, slot: Slot, posted: PostedCard, card: Card | None) -> Later | None:
        """Bring one message up to date, or take it away where the thing is no more."""
        shown = "" if card is None else fingerprint(card)
        if card is not None and shown == posted.shown_hash:
            return None
        now, again = self._clock.now(), timedelta(seconds=self.rules.barred_retry_s)
        if posted.failed_at is not None and posted.failed_at <= now < posted.failed_at + again:
            # Not a refused request for every change: what bars it is asked for again at its time.
            return Later(posted.failed_at + again, "not allowed a while ago")
        if card is not None and not await self._outbox.may_speak(posted.owner, posted.channel_id):
            # What stands there stays as it is: whoever left says nothing new there.
            return None
        try:
            if card is None:
                await self._take_away(posted)
            else:
                message = OutMessage(card)
                await self._outbox.edit(Target("channel", posted.channel_id), posted.message_id, message)
        except SendFailed as failure:
            return await self._not_shown(slot, posted, card, shown, failure)
        async with self._database.write(SYSTEM, posted.owner, "card.shown") as unit:
            repository = unit.repo(PostedRepository)
            await (repository.forget(posted.id) if card is None else repository.shown(posted.id, shown))
        return None

    async def _not_shown(
        self, slot: Slot, posted: PostedCard, card: Card | None, shown: str, failure: SendFailed
    ) -> Later | None:
        policy, now = failure.policy, self._clock.now()
        if policy in _SOON:
            return _soon(now, failure)
        if policy is Policy.POST_NEW and card is not None:
            return await self._post_anew(posted, card, shown)
        is_over = policy not in _BARRED or now - slot.due_at >= timedelta(seconds=self.rules.barred_give_up_s)
        async with self._database.write(SYSTEM, posted.owner, "card.not_shown") as unit:
            repository = unit.repo(PostedRepository)
            if policy in _FORGOTTEN or (card is None and is_over):
                await repository.forget(posted.id)
                if posted.audio_message_id is not None and policy is Policy.MESSAGE_GONE:
                    await unit.add_slots([unpost_slot(posted, unit.now, posted.audio_message_id)])
            elif policy in _BARRED:
                await repository.failed(posted.id)
        log.info("a posted card was not drawn again", kind=posted.kind, policy=policy.value, detail=failure.detail)
        return None if is_over else Later(now + timedelta(seconds=self.rules.barred_retry_s), failure.detail)

    async def _post_anew(self, posted: PostedCard, card: Card, shown: str) -> Later | None:
        """Put a new message in place of one that Discord lets nobody edit any more."""
        place = Target("channel", posted.channel_id)
        try:
            # The nonce is of the message that is replaced: after a crash the same request gives the same message.
            sent = await self._outbox.send(place, OutMessage(card), f"card{posted.message_id}")
        except SendFailed as failure:
            if failure.policy in _SOON:
                return _soon(self._clock.now(), failure)
            async with self._database.write(SYSTEM, posted.owner, "card.not_shown") as unit:
                await unit.repo(PostedRepository).failed(posted.id)
            return None
        async with self._database.write(SYSTEM, posted.owner, "card.moved") as unit:
            await unit.repo(PostedRepository).moved(posted.id, sent.message_id, shown)
            await unit.add_slots([unpost_slot(posted, unit.now, posted.message_id)])
        return None

    async def _take_away(self, posted: PostedCard) -> None:
        for message_id in (posted.message_id, posted.audio_message_id):
            if message_id is not None:
                await take_away(self._outbox, posted.channel_id, message_id)

    async def _pause(self, subject: str) -> None:
        """Let more of the same come in, and keep edits of a message apart."""
        loop = asyncio.get_running_loop()
        last = self._drawn_at.get(subject)
        gap = 0.0 if last is None else last + self.rules.edit_gap_s - loop.time()
        await asyncio.sleep(max(self.rules.redraw_s, gap))
        self._drawn_at[subject] = loop.time()
        self._drawn_at.move_to_end(subject)
        while len(self._drawn_at) > self.rules.remember:
            self._drawn_at.popitem(last=False)


class Unposting:
    """The kind of slot "unpost": messages of what is no more are taken away."""

    name = "unpost"

    def __init__(self, clock: Clock, outbox: Outbox, rules: CardRules | None = None) -> None:
        self._clock = clock
        self._outbox = outbox
        self._rules = rules or load_rules("cards", CardRules)

    async def due(self, unit: Unit, now: datetime, limit: int) -> Sequence[SlotDraft]:
        """Deletions bring the slot along."""
        return []

    async def run(self, slot: Slot) -> Later | None:
        try:
            for message_id in slot.payload["messages"]:
                await take_away(self._outbox, int(slot.payload["channel"]), int(message_id))
        except SendFailed as failure:
            now = self._clock.now()
            if failure.policy in _SOON:
                return _soon(now, failure)
            log.info("a message was not taken away", policy=failure.policy.value, detail=failure.detail)
            if failure.policy in _BARRED and now - slot.due_at < timedelta(seconds=self._rules.barred_give_up_s):
                return Later(now + timedelta(seconds=self._rules.barred_retry_s), failure.detail)
        return None


async def was_deleted(unit: Unit, owner: int, since: datetime) -> bool:
    """Tell whether everything about somebody was deleted while a message of theirs was on its way."""
    known = await unit.repo(FactRepository).get(DELETIONS) or {}
    at = known.get(str(owner))
    return at is not None and datetime.fromisoformat(at) >= since


async def follow_in(unit: Unit, card: PostedCard, since: datetime) -> None:
    """Keep a message true from now on, in the transaction that stores it.

    Where anything of the owner's was changed after it was drawn (at `since`), it is looked at once more.
    """
    posted = unit.repo(PostedRepository)
    await posted.add(card)
    if await posted.has_changed_since(since):
        unit.touch(card.kind, card.subject_id)


def posted_card(
    delivery: Delivery,
    sent: Sent,
    kind: str,
    subject_id: str,
    *,
    look: str = "",
    also: tuple[str, ...] = (),
    keep_until: datetime | None = None,
) -> PostedCard:
    """Return what is kept of a delivery that goes on showing a thing."""
    return PostedCard(
        owner=delivery.owner,
        kind=kind,
        subject_id=subject_id,
        channel_id=sent.channel_id,
        message_id=sent.message_id,
        look=look,
        also=also,
        keep_until=keep_until,
        shown_hash=fingerprint(sent.card) if isinstance(sent.card, Card) else "",
    )


async def take_away(outbox: Outbox, channel_id: int, message_id: int) -> None:
    """Delete a message; one that is gone is gone. Raises SendFailed for everything else."""
    try:
        await outbox.delete(Target("channel", channel_id), message_id)
    except SendFailed as failure:
        if failure.policy not in _FORGOTTEN:
            raise


def _soon(now: datetime, failure: SendFailed) -> Later:
    return Later(now + timedelta(seconds=failure.retry_after or 30), failure.detail)


def fingerprint(card: Card) -> str:
    """Return a hash of everything a card says and carries, pictures included."""
    digest = hashlib.blake2b(digest_size=16)
    _feed(digest, card)
    return digest.hexdigest()


def _feed(digest: "hashlib.blake2b", value: object) -> None:
    if is_dataclass(value) and not isinstance(value, type):
        digest.update(type(value).__name__.encode() + b"(")
        for part in fields(value):
            _feed(digest, getattr(value, part.name))
        digest.update(b")")
    elif isinstance(value, bytes):
        digest.update(b"%d:" % len(value) + value)
    elif isinstance(value, Mapping):
        _feed(digest, sorted(value.items()))
    elif isinstance(value, (list, tuple)):
        digest.update(b"[")
        for one in value:
            _feed(digest, one)
        digest.update(b"]")
    else:
        text = str(value).encode("utf-8", "surrogatepass")
        digest.update(b"%s%d:" % (type(value).__name__.encode(), len(text)) + text)
