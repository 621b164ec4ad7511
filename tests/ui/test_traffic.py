"""Requests are counted by route, refusals before they become a ban."""

import pytest

from bot.clock import FixedClock
from bot.ports import OutMessage, SendFailed, Target
from bot.say.card import note
from bot.ui.sender import DiscordSender
from bot.ui.traffic import RefusedAnswers
from tests.rig import rig


def test_refusals_count_for_ten_minutes() -> None:
    refused = RefusedAnswers(limit=3, window_s=600)
    for second in (0.0, 10.0, 20.0):
        refused.add(second)
    assert refused.must_stop(599)
    assert not refused.must_stop(600)
    assert refused.count(620) == 0


async def test_enough_refusals_stop_what_answers_no_person(clock: FixedClock) -> None:
    async with rig(clock, [], refused_answers_stop=2) as r:
        sender = DiscordSender(r.bot, r.bot.edge.catalogue, r.bot.must_stop)
        target = Target("channel", r.ada.channel.id)
        r.server.faults.named("missing_access", "POST", "/channels/{channel_id}/messages", times=2)
        for _ in range(3):
            with pytest.raises(SendFailed):
                await sender.send(target, OutMessage(note("Hello")), "n")
        assert r.bot.must_stop()
        page = r.bot.metrics.render().decode()
        assert "studiohand_refused_answers 2.0" in page
        assert 'route="/api/v10/channels/:id/messages"' in page
        assert str(r.ada.channel.id) not in page
