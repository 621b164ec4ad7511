"""What discord.py does when the line breaks: resume, reconnect, identify anew, retry, give up."""

import asyncio
from pathlib import Path

import discord
import pytest
from discord import app_commands, utils

from bot.clock import FixedClock
from bot.local.redirect import redirected
from bot.local.server import LocalDiscord
from tests.wire.kit import Actor, Stage
from tests.wire.openapi import SHARED
from tests.wire.samplebot import SampleBot

MESSAGES = "/channels/{channel_id}/messages"


async def test_events_of_a_cut_line_are_replayed(ada: Actor, stage: Stage, sample: SampleBot) -> None:
    stage.server.gateway.drop()
    await ada.dm("said while it was gone")
    await stage.until(lambda: sample.heard == ["said while it was gone"])
    await stage.until(lambda: sample.resumes == 1)
    assert stage.server.gateway.identified == 1


async def test_a_client_asked_to_reconnect_resumes(ada: Actor, stage: Stage, sample: SampleBot) -> None:
    stage.server.gateway.reconnect()
    await stage.until(lambda: stage.server.gateway.resumed == 1)
    await ada.slash("/counter")
    assert "Counted 0" in ada.sees()


async def test_an_invalid_session_identifies_anew(
    ada: Actor, stage: Stage, sample: SampleBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # discord.py waits up to five seconds before it identifies again.
    real_sleep = asyncio.sleep
    monkeypatch.setattr("discord.gateway.asyncio.sleep", lambda _: real_sleep(0))
    stage.server.gateway.invalid_session()
    await stage.until(lambda: stage.server.gateway.identified == 2)
    monkeypatch.undo()
    await stage.until(lambda: stage.server.gateway.online)
    await ada.slash("/counter")


async def test_a_close_with_4000_resumes(stage: Stage, sample: SampleBot, ada: Actor) -> None:
    stage.server.gateway.close(4000)
    await stage.until(lambda: stage.server.gateway.resumed == 1)
    await ada.slash("/counter")


async def test_a_line_that_no_longer_answers_is_left_and_resumed(stage: Stage) -> None:
    gateway = stage.server.gateway
    gateway.heartbeat_ms, gateway.missed_beats = 200, 1_000.0
    async with stage.running(SampleBot(heartbeat_timeout=1.0)):
        gateway.answers_heartbeats = False
        await stage.until(lambda: gateway.resumed >= 1)
        gateway.answers_heartbeats = True
        await stage.until(lambda: gateway.online)
        assert gateway.identified == 1


async def test_a_rate_limit_is_waited_out(ada: Actor, stage: Stage, sample: SampleBot) -> None:
    stage.server.faults.rate_limited("user", "POST", MESSAGES, retry_after=0.05)
    await ada.dm("hello")
    await stage.until(lambda: [m.content for m in ada.conversation.messages()][1:] == ["You said: hello"])
    statuses = [status for _, route, status in stage.server.core.requests if route == MESSAGES]
    assert statuses == [429, 200]


async def test_a_server_error_is_tried_again(
    ada: Actor, stage: Stage, sample: SampleBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_sleep = asyncio.sleep
    monkeypatch.setattr("discord.http.asyncio.sleep", lambda _: real_sleep(0))
    stage.server.faults.add("POST", MESSAGES, status=500)
    await ada.dm("hello")
    await stage.until(lambda: len(ada.conversation.messages()) == 2)


async def test_an_unavailable_discord_fails_at_once(stage: Stage, sample: SampleBot, ada: Actor) -> None:
    stage.server.faults.named("unavailable", "POST", MESSAGES)
    channel = sample.get_partial_messageable(ada.person.channel.id)
    with pytest.raises(discord.DiscordServerError):
        await channel.send("x")


async def test_an_empty_bucket_makes_the_client_wait(stage: Stage, sample: SampleBot, ada: Actor) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "0.2"}
    stage.server.faults.add("POST", MESSAGES, headers=headers)
    channel = sample.get_partial_messageable(ada.person.channel.id)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await channel.send("one")
    await channel.send("two")
    assert loop.time() - began >= 0.15


async def test_a_bad_token_is_a_login_failure(stage: Stage) -> None:
    bot = SampleBot()
    with pytest.raises(discord.LoginFailure):
        await bot.start("wrong")
    await bot.close()


async def test_a_revoked_token_stops_the_bot(stage: Stage) -> None:
    stage.server.faults.named("bad_token", "GET", "/users/@me")
    bot = SampleBot()
    with pytest.raises(discord.LoginFailure):
        await bot.start(stage.server.token)
    await bot.close()


async def test_privileged_intents_that_are_off_are_refused(stage: Stage) -> None:
    bot = SampleBot(intents=discord.Intents(guilds=True, members=True))
    with pytest.raises(discord.PrivilegedIntentsRequired):
        await bot.start(stage.server.token)
    await bot.close()


@pytest.mark.parametrize("context", ["_ZlibDecompressionContext", "_ZstdDecompressionContext"])
async def test_compressed_lines_carry_a_whole_journey(
    ada: Actor, stage: Stage, context: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(utils, "_ActiveDecompressionContext", getattr(utils, context, None) or _zlib_context())
    async with stage.running(SampleBot()):
        await ada.slash("/bounce show", bounce="Harbour")
        assert "Levels of Harbour" in ada.sees()


def _zlib_context() -> type:
    """discord.py defines only the best context it can; this is its zlib one, for where zstandard is installed."""
    import zlib

    class Zlib:
        COMPRESSION_TYPE = "zlib-stream"

        def __init__(self) -> None:
            self._stream = zlib.decompressobj()

        def decompress(self, data: bytes, /) -> str | None:
            return self._stream.decompress(data).decode()

    return Zlib


async def test_the_server_may_restart_under_a_running_bot(
    clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # discord.py waits for seconds before it tries again, and before it identifies anew.
    real_sleep = asyncio.sleep
    monkeypatch.setattr("discord.backoff.ExponentialBackoff.delay", lambda _: 0.05)
    monkeypatch.setattr("discord.gateway.asyncio.sleep", lambda seconds: real_sleep(min(seconds, 0.05)))
    first = LocalDiscord(clock, data_dir=tmp_path, validator=SHARED.openapi)
    await first.start()
    with redirected(first.addresses):
        bot = SampleBot()
        stage = Stage(first)
        async with stage.running(bot):
            ada = stage.person("Ada")
            await ada.slash("/counter")
            port = first.port
            await first.stop()
            async with LocalDiscord(clock, port=port, data_dir=tmp_path, validator=SHARED.openapi) as second:
                after = Stage(second)
                await after.until(lambda: second.gateway.online, timeout=20)
                again = after.person("Ada")
                await again.press("Count 0")
                assert "Counted 1" in again.sees()
                assert after.complaints() == []
                await bot.close()


async def test_commands_of_one_guild_are_offered_there_only(ada: Actor, stage: Stage) -> None:
    world = stage.server.world
    guild = next(iter(world.guilds.values()))
    other = world.add_guild("Second", ada.person.user)
    lobby = world.add_text_channel(other, "lobby")
    async with stage.running(SampleBot(guild_id=guild.id)):
        await ada.slash("/bounce show", bounce="Harbour")
        assert "Levels of Harbour" in ada.sees()
        assert ada.person.usages(lobby) == []
        assert ada.person.usages(ada.conversation.channel) == []


async def test_a_refused_sync_names_the_command(stage: Stage) -> None:
    bot = SampleBot()
    async with stage.running(bot):
        for number in range(90):
            command = app_commands.Command(name=f"c{number}", description="x", callback=nothing)
            command.description = "y" * (101 if number == 7 else 1)
            bot.tree.add_command(command)
        with pytest.raises(app_commands.CommandSyncFailure, match="command 'c7'"):
            await bot.tree.sync()
    (told,) = [text for text in stage.forgive() if "50035" in text]
    assert "BASE_TYPE_BAD_LENGTH" in told


async def nothing(interaction: discord.Interaction) -> None:
    """Do nothing."""
