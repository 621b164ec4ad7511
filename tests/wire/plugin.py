"""Fixtures of the journeys, for every test: a Discord with Ada and Ben on it, checked at the end."""

from collections.abc import AsyncIterator

import pytest

from bot.clock import FixedClock
from bot.local.redirect import redirected
from bot.local.server import LocalDiscord
from tests.wire.kit import Actor, Place, Stage, assert_clean
from tests.wire.openapi import SHARED


@pytest.fixture
async def discord_server(clock: FixedClock) -> AsyncIterator[LocalDiscord]:
    """A local Discord that every discord.py client of this test talks to.

    At the end: no violation, no unknown route, no unanswered interaction, no unused fault.
    """
    async with LocalDiscord(clock, validator=SHARED.openapi) as server:
        with redirected(server.addresses):
            yield server
        assert_clean(server)


@pytest.fixture
def stage(discord_server: LocalDiscord) -> Stage:
    return Stage(discord_server)


@pytest.fixture
def ada(stage: Stage) -> Actor:
    """The owner of the guild."""
    return stage.person("Ada")


@pytest.fixture
def ben(stage: Stage) -> Actor:
    """A plain member."""
    return stage.person("Ben")


@pytest.fixture
def general(stage: Stage) -> Place:
    return stage.channel("general")
