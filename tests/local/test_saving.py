"""The world on disk: what a restart keeps, and what it forgets."""

from pathlib import Path

from bot.clock import FixedClock
from bot.local.model import InteractionType, Message
from bot.local.people import Upload
from bot.local.saving import dump, restore
from bot.local.server import LocalDiscord
from tests.local.rawclient import RawClient


async def test_a_restart_keeps_everything_but_ephemeral_messages(clock: FixedClock, tmp_path: Path) -> None:
    async with LocalDiscord(clock, data_dir=tmp_path) as server:
        world = server.world
        ada = server.person("Ada")
        said = ada.say("hello", Upload("mix.wav", b"wave"))
        ada.react(said, "🎧")
        world.pin(said, True)
        ada.install()
        world.add_message(
            Message(world.ids.new(), ada.channel.id, world.bot.id, clock.now(), content="psst", viewer_id=ada.id)
        )
        server.core.interactions.start(InteractionType.COMMAND, ada.id, ada.channel, {"name": "x"})
        async with RawClient(server) as client:
            path = f"/applications/{world.application.id}/commands"
            await client.call("PUT", path, [{"name": "go", "description": "Go."}])
        before, token = dump(world), server.token
    async with LocalDiscord(clock, data_dir=tmp_path) as again:
        assert again.token == token
        assert dump(again.world) == before
        ada = again.person("Ada")
        assert [m.content for m in ada.sees()] == ["hello"]
        assert again.core.store.get(ada.sees()[0].attachment_ids[0]) == b"wave"
        assert again.world.ids.new() > int(before["last_id"])


async def test_a_world_survives_the_round_trip_through_json(clock: FixedClock) -> None:
    async with LocalDiscord(clock) as server:
        body = dump(server.world)
        assert dump(restore(body, clock)) == body


async def test_two_fresh_worlds_have_different_secrets(clock: FixedClock) -> None:
    assert LocalDiscord(clock).token != LocalDiscord(clock).token


def test_saved_files_are_for_the_owner_only(clock: FixedClock, tmp_path: Path) -> None:
    server = LocalDiscord(clock, data_dir=tmp_path)
    server.core.store.put(1, b"x")
    from bot.local.saving import Saver

    Saver(tmp_path).save(server.world)
    assert (tmp_path / "world.json").stat().st_mode & 0o777 == 0o600
