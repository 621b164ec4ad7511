"""A server on a clock that stands, and a client that speaks the bare protocol to it."""

from collections.abc import AsyncIterator

import pytest

from bot.clock import FixedClock
from bot.local.server import LocalDiscord
from tests.local.rawclient import RawClient
from tests.wire.openapi import SHARED


@pytest.fixture
async def server(clock: FixedClock) -> AsyncIterator[LocalDiscord]:
    """A server whose own answers must fit the API description, whatever was asked of it."""
    async with LocalDiscord(clock, validator=SHARED.openapi) as running:
        yield running
        assert [text for text in running.core.violations if " answer " in text] == []


@pytest.fixture
async def client(server: LocalDiscord) -> AsyncIterator[RawClient]:
    async with RawClient(server) as made:
        yield made
