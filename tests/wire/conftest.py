"""The sample bot, logged in."""

from collections.abc import AsyncIterator

import pytest

from tests.wire.kit import Stage
from tests.wire.samplebot import SampleBot


@pytest.fixture
async def sample(stage: Stage) -> AsyncIterator[SampleBot]:
    """A plain discord.py bot on the stage."""
    bot = SampleBot()
    async with stage.running(bot):
        yield bot
