"""Deliveries on the wire: once, found again after a crash, refused with the right policy; live cards."""

import asyncio
from datetime import timedelta
from typing import Any, cast

import discord
import pytest

from bot.clock import FixedClock
from bot.lifecycle import Supervisor
from bot.ports import OutMessage, Policy, SendFailed, SentFile, Target
from bot.say.card import Card, join, mention
from bot.ui.panel import LiveCards
from bot.ui.sender import DiscordSender
from tests.rig import Rig, rig, texts

CARD = OutMessage(Card("Week 23", lead="Three things are done."))


def sender(r: Rig) -> DiscordSender:
    return DiscordSender(r.bot, r.bot.edge.catalogue)


def place(r: Rig) -> Target:
    return Target("channel", r.ada.go("#general").id)


async def test_the_same_nonce_shows_one_message(clock: FixedClock) -> None:
    async with rig(clock, []) as r:
        first = await sender(r).send(place(r), CARD, "n1")
        again = await sender(r).send(place(r), CARD, "n1")
        assert first == again
        assert [texts(message) for message in r.ada.sees()] == ["### Week 23\nThree things are done."]


async def test_a_message_is_found_again_by_its_nonce(clock: FixedClock) -> None:
    async with rig(clock, []) as r:
        since = clock.now() - timedelta(seconds=5)
        await sender(r).send(place(r), CARD, "other")
        sent = await sender(r).send(place(r), CARD, "wanted")
        assert await sender(r).find_own(place(r), since, "wanted") == sent
        assert await sender(r).find_own(place(r), since, "never") is None


async def test_only_the_person_addressed_is_pinged(clock: FixedClock) -> None:
    async with rig(clock, []) as r:
        said = join(" ", [mention(r.ada.id), mention(r.ben.id)])
        await sender(r).send(place(r), OutMessage(Card("Hello", lead=said), allowed_mention=r.ada.id), "n")
        assert r.ada.sees()[-1].mention_ids == [r.ada.id]


async def test_a_direct_message_edit_and_removal_reach_the_person(clock: FixedClock) -> None:
    async with rig(clock, []) as r:
        target = Target("dm", r.ada.id)
        sent = await sender(r).send(target, CARD, "n")
        r.ada.go("DM")
        assert "Week 23" in texts(r.ada.sees()[-1])
        await sender(r).edit(target, sent.message_id, OutMessage(Card("Week 24")))
        assert "Week 24" in texts(r.ada.sees()[-1])
        await sender(r).delete(target, sent.message_id)
        assert r.ada.sees() == []


async def test_audio_follows_in_a_plain_message(clock: FixedClock) -> None:
    async with rig(clock, []) as r:
        await sender(r).send(place(r), OutMessage(CARD.card, [SentFile("mix.mp3", b"ID3")]), "n")
        assert len(r.ada.sees()) == 2
        assert r.ada.sees()[1].attachment_ids


@pytest.mark.parametrize(
    ("fault", "policy"),
    [
        ("dm_closed", Policy.DM_CLOSED),
        ("no_mutual_server", Policy.DM_CLOSED),
        ("dm_too_fast", Policy.DM_TOO_FAST),
        ("missing_access", Policy.NO_ACCESS),
        ("missing_permission", Policy.NO_ACCESS),
        ("unknown_channel", Policy.PLACE_GONE),
        ("too_large", Policy.TOO_LARGE),
        ("unavailable", Policy.RETRY),
        ("bad_token", Policy.STOP),
    ],
)
async def test_refusals_come_with_their_policy(clock: FixedClock, fault: str, policy: Policy) -> None:
    async with rig(clock, []) as r:
        r.server.faults.named(fault, "POST", "/channels/{channel_id}/messages")
        with pytest.raises(SendFailed) as refused:
            await sender(r).send(place(r), CARD, "n")
        assert refused.value.policy is policy


async def test_after_too_many_refusals_nothing_is_sent(clock: FixedClock) -> None:
    async with rig(clock, []) as r:
        stopped = DiscordSender(r.bot, r.bot.edge.catalogue, lambda: True)
        with pytest.raises(SendFailed) as refused:
            await stopped.send(place(r), CARD, "n")
        assert refused.value.policy is Policy.WAIT


class Counting:
    """A sender that keeps what it was told to edit, and can be held."""

    def __init__(self) -> None:
        self.edits: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.under_way = 0
        self.most_under_way = 0

    async def edit(self, _target: Target, _message_id: int, message: OutMessage) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await self.gate.wait()
        assert isinstance(message.card, Card)
        self.edits.append(message.card.title)
        self.under_way -= 1


async def test_a_burst_of_changes_is_few_edits_and_the_newest_wins() -> None:
    counting, supervisor = Counting(), Supervisor()
    edits_only = cast(Any, counting)  # all that live cards do with a sender
    live = LiveCards(edits_only, supervisor, debounce_s=0.01, every_s=0.02)
    state = 0

    async def render() -> Card:
        return Card(str(state))

    for step in range(20):
        state = step
        live.touch(Target("channel", 1), 5, render)
        await asyncio.sleep(0.001)
    while live.waiting:
        await asyncio.sleep(0.005)
    assert counting.edits[-1] == "19"
    assert len(counting.edits) <= 6
    assert counting.most_under_way == 1


async def test_a_thread_that_was_archived_meanwhile_is_opened_again(clock: FixedClock) -> None:
    async with rig(clock, []) as r:
        channel = r.bot.get_channel(place(r).id)
        assert isinstance(channel, discord.TextChannel)
        thread = await channel.create_thread(name="Night Drive", type=discord.ChannelType.public_thread)
        await thread.edit(archived=True)
        r.server.faults.add("POST", "/channels/{channel_id}/messages", status=400, code=50083)
        sent = await sender(r).send(Target("channel", thread.id), CARD, "n")
        shown = r.server.world.history(thread.id)
        assert [one.id for one in shown if "Week 23" in texts(one)] == [sent.message_id]
