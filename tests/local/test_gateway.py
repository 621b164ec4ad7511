"""The gateway by hand: hello, identify, heartbeats, resume, intents, close codes, compression."""

import json
import zlib

import aiohttp
import pytest
import zstandard

from bot.local.events import Intent
from bot.local.gateway import KEPT_EVENTS, ApplicationFlag
from bot.local.model import Channel
from bot.local.server import LocalDiscord
from tests.local.rawclient import RawClient

TALK = Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.DIRECT_MESSAGES | Intent.GUILD_REACTIONS | Intent.GUILD_TYPING


async def test_hello_identify_ready_and_guilds(server: LocalDiscord, client: RawClient) -> None:
    ready = await client.identify()
    assert client.events[0] == {"op": 10, "d": {"heartbeat_interval": 41250}, "t": None, "s": None}
    assert set(ready) >= {"v", "user", "guilds", "session_id", "resume_gateway_url", "application"}
    assert ready["guilds"][0]["unavailable"] is True
    assert ready["resume_gateway_url"] == server.addresses.gateway
    guild = await client.event("GUILD_CREATE")
    assert [c["name"] for c in guild["d"]["channels"]] == ["general", "bounces", "releases"]
    assert guild["s"] == 2
    assert server.gateway.online


async def test_a_heartbeat_is_acknowledged(client: RawClient) -> None:
    await client.open()
    await client.send(1, None)
    assert (await client.event(op=11))["op"] == 11


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"token": "wrong"}, 4004),
        ({"intents": "all"}, 4013),
        ({"intents": 1 << 40}, 4013),
        ({"intents": int(Intent.MESSAGE_CONTENT)}, 4014),
        ({"intents": int(Intent.GUILD_MEMBERS)}, 4014),
        ({"shard": [2, 2]}, 4010),
    ],
)
async def test_a_wrong_identify_closes_with_its_code(client: RawClient, change: dict[str, object], code: int) -> None:
    await client.open()
    await client.send(2, {"token": client.token, "intents": 1, "properties": {}} | change)
    assert await client.close_code() == code


async def test_protocol_mistakes_close_with_their_codes(client: RawClient) -> None:
    await client.open()
    await client.send(8, {})
    assert await client.close_code() == 4003
    await client.open()
    await client.send(99, {})
    assert await client.close_code() == 4001
    socket = await client.open()
    await socket.send_str("{")
    assert await client.close_code() == 4002
    socket = await client.open()
    await socket.send_str(json.dumps({"op": 1, "d": "x" * 5000}))
    assert await client.close_code() == 4002
    await client.identify()
    await client.send(2, {"token": client.token, "intents": 1})
    assert await client.close_code() == 4005


async def test_too_many_sends_close_the_socket(client: RawClient) -> None:
    await client.open()
    for _ in range(121):
        await client.send(1, None)
    assert await client.close_code() == 4008


async def test_what_happened_meanwhile_is_replayed_on_resume(server: LocalDiscord, client: RawClient) -> None:
    client.intents = int(TALK)
    await client.identify()
    await client.event("GUILD_CREATE")
    server.gateway.drop()
    await client.close_code()
    assert not server.gateway.online
    seen = client.seq
    server.person("Ada").say("one")
    server.person("Ben").say("two")
    client.events.clear()
    await client.open()
    await client.send(6, {"token": client.token, "session_id": client.session_id, "seq": seen})
    await client.event("RESUMED")
    assert [e["t"] for e in client.events if e["op"] == 0] == ["MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"]
    assert server.gateway.resumed == 1


async def test_an_unknown_session_cannot_be_resumed(client: RawClient) -> None:
    await client.open()
    await client.send(6, {"token": client.token, "session_id": "gone", "seq": 1})
    assert (await client.event(op=9))["d"] is False


async def test_a_session_that_missed_too_much_starts_anew(server: LocalDiscord, client: RawClient) -> None:
    client.intents = int(TALK)
    await client.identify()
    server.gateway.drop()
    await client.close_code()
    for number in range(KEPT_EVENTS + 10):
        server.person("Ada").say(str(number))
    client.events.clear()
    await client.open()
    await client.send(6, {"token": client.token, "session_id": client.session_id, "seq": client.seq})
    assert (await client.event(op=9))["d"] is False


async def test_a_seq_from_the_future_closes(client: RawClient) -> None:
    await client.identify()
    session_id = client.session_id
    assert client.socket is not None
    await client.send(0, None)
    assert await client.close_code() == 4001
    await client.open()
    await client.send(6, {"token": client.token, "session_id": session_id, "seq": 10_000})
    assert await client.close_code() == 4007


async def test_a_goodbye_ends_the_session(server: LocalDiscord, client: RawClient) -> None:
    await client.identify()
    assert client.socket is not None
    await client.socket.close(code=1000)
    await server.until(lambda: not server.gateway.sessions)


async def test_reconnect_invalid_session_and_close_on_demand(server: LocalDiscord, client: RawClient) -> None:
    await client.identify()
    server.gateway.reconnect()
    assert (await client.event(op=7))["op"] == 7
    server.gateway.invalid_session()
    assert (await client.event(op=9))["d"] is False
    server.gateway.close(4000)
    assert await client.close_code() == 4000


async def test_without_intents_nothing_is_heard(server: LocalDiscord, client: RawClient) -> None:
    await client.identify()
    server.person("Ada").say("quiet")
    server.world.add_text_channel(next(iter(server.world.guilds.values())), "new")
    await client.event("CHANNEL_CREATE")
    assert "MESSAGE_CREATE" not in [e["t"] for e in client.events]


async def test_without_message_content_the_words_are_blank(server: LocalDiscord, client: RawClient) -> None:
    client.intents = int(TALK)
    await client.identify()
    ada, bot_id = server.person("Ada"), server.world.bot.id
    ada.say("secret")
    assert (await client.event("MESSAGE_CREATE"))["d"]["content"] == ""
    client.events.clear()
    ada.say(f"hello <@{bot_id}>")
    assert (await client.event("MESSAGE_CREATE"))["d"]["content"] == f"hello <@{bot_id}>"
    client.events.clear()
    ada.dm("in private")
    assert (await client.event("MESSAGE_CREATE"))["d"]["content"] == "in private"
    await client.call("POST", f"/channels/{ada.channel.id}/messages", {"content": "my own"})
    assert (await client.event("MESSAGE_CREATE", after=len(client.events) - 1))["d"]["content"] == "my own"


async def test_with_message_content_switched_on_the_words_arrive(server: LocalDiscord, client: RawClient) -> None:
    server.world.application.flags = int(ApplicationFlag.MESSAGE_CONTENT | ApplicationFlag.MEMBERS)
    client.intents = int(TALK | Intent.MESSAGE_CONTENT | Intent.GUILD_MEMBERS)
    await client.identify()
    server.person("Ada").say("open")
    assert (await client.event("MESSAGE_CREATE"))["d"]["content"] == "open"
    guild = next(iter(server.world.guilds.values()))
    cleo = server.world.add_user("cleo", "Cleo")
    server.world.join(guild, cleo)
    server.world.give_role(guild, cleo, server.world.add_role(guild, "mixers"))
    server.world.leave(guild, cleo)
    for name in ("GUILD_MEMBER_ADD", "GUILD_ROLE_CREATE", "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE"):
        await client.event(name)


async def test_what_the_bot_cannot_see_it_does_not_hear(server: LocalDiscord, client: RawClient) -> None:
    client.intents = int(TALK)
    await client.identify()
    channel: Channel = server.world.channel("bounces")
    server.world.overwrite(channel, channel.guild_id or 0, deny=1 << 10)
    ada = server.person("Ada")
    ada.say("hidden", channel=channel)
    ada.say("shown")
    shown = await client.event("MESSAGE_CREATE")
    assert shown["d"]["channel_id"] == str(server.world.channel("general").id)


async def test_a_channel_the_bot_cannot_read_is_known_with_its_permissions(
    server: LocalDiscord, client: RawClient
) -> None:
    await client.identify()
    channel: Channel = server.world.channel("bounces")
    server.world.overwrite(channel, channel.guild_id or 0, deny=1 << 10)
    told = (await client.event("CHANNEL_UPDATE"))["d"]
    assert told["permission_overwrites"][0]["deny"] == str(1 << 10)


async def test_a_client_without_heartbeats_is_cut_off_and_its_session_gone(
    server: LocalDiscord, client: RawClient
) -> None:
    server.gateway.heartbeat_ms = 40
    await client.identify()
    assert await client.close_code() == 4009
    assert not server.gateway.sessions
    server.gateway.heartbeat_ms = 41_250
    await client.open()
    await client.send(6, {"token": client.token, "session_id": client.session_id, "seq": client.seq})
    assert (await client.event(op=9))["d"] is False


async def test_members_come_in_chunks(server: LocalDiscord, client: RawClient) -> None:
    server.world.application.flags = int(ApplicationFlag.MEMBERS)
    client.intents = int(Intent.GUILDS | Intent.GUILD_MEMBERS)
    await client.identify()
    guild = next(iter(server.world.guilds.values()))
    for number in range(1001):
        server.world.join(guild, server.world.add_user(f"u{number}", f"U{number}"))
    await client.send(8, {"guild_id": str(guild.id), "query": "", "limit": 0, "nonce": "n"})
    first = client.events.index(await client.event("GUILD_MEMBERS_CHUNK"))
    second = await client.event("GUILD_MEMBERS_CHUNK", after=first)
    chunks = [e["d"] for e in client.events if e["t"] == "GUILD_MEMBERS_CHUNK"]
    assert [(c["chunk_index"], c["chunk_count"], c["nonce"], len(c["members"])) for c in chunks] == [
        (0, 2, "n", 1000),
        (1, 2, "n", 4),
    ]
    assert second["d"]["not_found"] == []
    client.events.clear()
    await client.send(8, {"guild_id": str(guild.id), "user_ids": ["5"], "limit": 1})
    third = await client.event("GUILD_MEMBERS_CHUNK")
    assert third["d"]["not_found"] == ["5"]


@pytest.mark.parametrize("method", ["zlib-stream", "zstd-stream"])
async def test_compressed_streams_read_as_one_stream(server: LocalDiscord, method: str) -> None:
    inflate = zlib.decompressobj() if method == "zlib-stream" else zstandard.ZstdDecompressor().decompressobj()
    frames = []
    async with aiohttp.ClientSession() as http:
        params = {"v": "10", "encoding": "json", "compress": method}
        async with http.ws_connect(server.addresses.gateway, params=params) as socket:
            await socket.send_json({"op": 2, "d": {"token": server.token, "intents": 1, "properties": {}}})
            while len(frames) < 3:
                data = await socket.receive_bytes(timeout=5)
                if method == "zlib-stream":
                    assert data.endswith(b"\x00\x00\xff\xff")
                frames.append(json.loads(inflate.decompress(data)))
    assert [frame.get("t") for frame in frames] == [None, "READY", "GUILD_CREATE"]


async def test_ephemeral_messages_make_no_event(server: LocalDiscord, client: RawClient) -> None:
    client.intents = int(TALK)
    await client.identify()

    async def answer(data: dict[str, str]) -> None:
        body = {"type": 4, "data": {"content": "psst", "flags": 64}}
        await client.call("POST", f"/interactions/{data['id']}/{data['token']}/callback", body, auth=False)

    client.on_interaction = answer
    await client.call(
        "PUT", f"/applications/{server.world.application.id}/commands", [{"name": "hi", "description": "Hi."}]
    )
    ada = server.person("Ada")
    ada.slash("hi")
    await server.until(lambda: ada.sees())
    ada.say("end")
    await client.event("MESSAGE_CREATE")
    assert len([e for e in client.events if e["t"] == "MESSAGE_CREATE"]) == 1
    status, history = await client.call("GET", f"/channels/{ada.channel.id}/messages")
    assert status == 200
    assert [m["content"] for m in history] == ["end"]
