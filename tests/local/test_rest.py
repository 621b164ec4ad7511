"""The REST side by hand: login, headers, history, files, threads, pins, faults, and what is refused."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import FixedClock
from bot.local.people import Upload
from bot.local.permissions import Permission
from bot.local.server import LocalDiscord
from tests.local.rawclient import RawClient


def base(server: LocalDiscord, name: str = "general") -> str:
    return f"/channels/{server.world.channel(name).id}/messages"


async def test_a_wrong_token_is_refused(server: LocalDiscord) -> None:
    async with RawClient(server, token="wrong") as stranger:
        assert (await stranger.call("GET", "/users/@me"))[0] == 401
        assert (await stranger.call("GET", "/users/@me", auth=False))[0] == 401


async def test_login_routes_describe_the_bot(server: LocalDiscord, client: RawClient) -> None:
    assert (await client.call("GET", "/users/@me"))[1]["bot"] is True
    assert (await client.call("GET", "/oauth2/applications/@me"))[1]["name"] == "Studiohand"
    assert (await client.call("GET", "/gateway/bot"))[1]["url"] == server.addresses.gateway
    guild_id = next(iter(server.world.guilds))
    for path in ("", "/channels", "/roles", "/threads/active"):
        assert (await client.call("GET", f"/guilds/{guild_id}{path}"))[0] == 200
    members = (await client.call("GET", f"/guilds/{guild_id}/members", limit="10"))[1]
    assert {m["user"]["username"] for m in members} == {"studiohand", "ada", "ben"}
    assert (await client.call("GET", f"/guilds/{guild_id}/members/5"))[1]["code"] == 10013
    assert (await client.call("GET", "/users/5"))[1]["code"] == 10013
    assert (await client.call("GET", "/guilds/5"))[1]["code"] == 10004
    assert server.core.violations == []


async def test_every_answer_has_the_headers_that_clients_need(server: LocalDiscord, client: RawClient) -> None:
    _, _, headers = await client.full("GET", "/users/@me")
    assert headers["Content-Type"] == "application/json"
    assert "Via" in headers
    for name in ("Limit", "Remaining", "Reset", "Reset-After", "Bucket"):
        assert f"X-RateLimit-{name}" in headers


async def test_an_unknown_route_is_recorded_and_not_answered_kindly(server: LocalDiscord, client: RawClient) -> None:
    assert (await client.call("GET", "/guilds/1/emojis"))[0] == 404
    assert (await client.call("PUT", "/users/@me/nothing", {}))[0] == 404
    assert server.core.unknown_routes == ["GET /api/v10/guilds/1/emojis", "PUT /api/v10/users/@me/nothing"]


async def test_history_is_read_in_pages(server: LocalDiscord, client: RawClient) -> None:
    ids = [(await client.call("POST", base(server), {"content": str(n)}))[1]["id"] for n in range(6)]

    async def page(**query: str) -> str:
        _, found = await client.call("GET", base(server), None, files=None, auth=True, **query)
        return "".join(message["content"] for message in found)

    assert await page() == "543210"
    assert await page(limit="2") == "54"
    assert await page(before=ids[2]) == "10"
    assert await page(after=ids[2], limit="2") == "43"
    assert await page(around=ids[3], limit="3") == "432"
    assert (await client.call("GET", base(server), limit="101"))[1]["code"] == 50035


async def test_files_are_kept_as_the_list_says(server: LocalDiscord, client: RawClient) -> None:
    _, made = await client.call("POST", base(server), {}, files={"a.txt": b"one", "b.txt": b"two"})
    first, second = made["attachments"]
    url = f"{base(server)}/{made['id']}"
    _, same = await client.call("PATCH", url, {"content": "words"})
    assert [a["filename"] for a in same["attachments"]] == ["a.txt", "b.txt"]
    _, fewer = await client.call(
        "PATCH", url, {"attachments": [{"id": second["id"]}, {"id": 0}]}, files={"c.txt": b"three"}
    )
    assert [a["filename"] for a in fewer["attachments"]] == ["b.txt", "c.txt"]
    _, none = await client.call("PATCH", url, {"attachments": []})
    assert none["attachments"] == []
    assert first["size"] == 3
    assert server.core.violations == []


async def test_downloads_by_range_signature_and_age(server: LocalDiscord, client: RawClient, clock: FixedClock) -> None:
    _, made = await client.call("POST", base(server), {}, files={"mix.wav": bytes(range(100))})
    url = made["attachments"][0]["url"]
    status, data, headers = await client.fetch(url)
    assert (status, len(data), headers["Accept-Ranges"]) == (200, 100, "bytes")
    status, data, headers = await client.fetch(url, Range="bytes=10-19")
    assert (status, data, headers["Content-Range"]) == (206, bytes(range(10, 20)), "bytes 10-19/100")
    status, data, _ = await client.fetch(url, Range="bytes=-5")
    assert (status, data) == (206, bytes(range(95, 100)))
    assert (await client.fetch(url, Range="bytes=200-"))[0] == 416
    assert (await client.head(url))[0] == 200
    assert (await client.fetch(url.partition("?")[0]))[0] == 404
    assert (await client.fetch(url.replace("hm=", "hm=0")))[0] == 404
    clock.advance(hours=24, seconds=1)
    assert (await client.fetch(url))[0] == 404


async def test_pictures_know_their_size_and_shown_files_are_not_loose(server: LocalDiscord, client: RawClient) -> None:
    from bot.local.rest.cdn import plain_png

    embed = {
        "title": "t",
        "image": {"url": "attachment://a.png"},
        "footer": {"text": "f", "icon_url": "attachment://a.png"},
    }
    _, made = await client.call(
        "POST", base(server), {"embeds": [embed]}, files={"a.png": plain_png(b"abc", side=7), "b.txt": b"x"}
    )
    image = made["embeds"][0]["image"]
    assert (image["width"], image["height"]) == (7, 7)
    assert image["url"].startswith(server.addresses.cdn)
    assert made["embeds"][0]["footer"]["icon_url"].startswith(server.addresses.cdn)
    assert [a["filename"] for a in made["attachments"]] == ["b.txt"]


async def test_upload_limits_answer_413(server: LocalDiscord, client: RawClient) -> None:
    next(iter(server.world.guilds.values())).upload_limit = 10
    status, answer = await client.call("POST", base(server), {}, files={"a.bin": b"x" * 11})
    assert (status, answer["code"]) == (413, 40005)
    assert (await client.call("POST", base(server), {}, files={"a.bin": b"x" * 10}))[0] == 200


async def test_a_bot_may_only_use_plain_file_names(server: LocalDiscord, client: RawClient) -> None:
    status, answer = await client.call("POST", base(server), {}, files={"My Mix.wav": b"x"})
    assert (status, answer["code"]) == (400, 50035)
    server.person("Ada").say("", Upload("My Mix.wav", b"x"))


async def test_the_same_nonce_makes_one_message(server: LocalDiscord, client: RawClient, clock: FixedClock) -> None:
    body = {"content": "hi", "nonce": "n1", "enforce_nonce": True}
    first = (await client.call("POST", base(server), body))[1]["id"]
    assert (await client.call("POST", base(server), body))[1]["id"] == first
    clock.advance(minutes=6)
    assert (await client.call("POST", base(server), body))[1]["id"] != first


async def test_missing_permissions_have_their_codes(server: LocalDiscord, client: RawClient) -> None:
    world = server.world
    channel = world.channel("bounces")
    path = base(server, "bounces")
    guild_id = channel.guild_id or 0
    world.overwrite(channel, world.bot.id, deny=int(Permission.SEND_MESSAGES), is_member=True)
    assert (await client.call("POST", path, {"content": "x"}))[1]["code"] == 50013
    world.overwrite(channel, world.bot.id, deny=int(Permission.ATTACH_FILES), is_member=True)
    assert (await client.call("POST", path, {}, files={"a.txt": b"x"}))[1]["code"] == 50013
    world.overwrite(channel, guild_id, deny=int(Permission.VIEW_CHANNEL))
    assert (await client.call("POST", path, {"content": "x"}))[1]["code"] == 50001
    assert (await client.call("POST", "/channels/5/messages", {"content": "x"}))[1]["code"] == 10003
    said = server.person("Ada").say("mine")
    assert (await client.call("PATCH", f"{base(server)}/{said.id}", {"content": "x"}))[1]["code"] == 50005
    assert (await client.call("DELETE", f"{base(server)}/{said.id}"))[1]["code"] == 50013


async def test_embeds_replies_and_buckets_are_checked(server: LocalDiscord, client: RawClient) -> None:
    world = server.world
    channel, path = world.channel("bounces"), base(server, "bounces")
    first = (await client.call("POST", path, {"content": "  first\n"}))[1]
    assert first["content"] == "first"
    world.overwrite(channel, world.bot.id, deny=int(Permission.EMBED_LINKS), is_member=True)
    assert (await client.call("POST", path, {"embeds": [{"title": "x"}]}))[1]["code"] == 50013
    world.overwrite(channel, world.bot.id, deny=int(Permission.READ_MESSAGE_HISTORY), is_member=True)
    reply = {"content": "x", "message_reference": {"message_id": first["id"]}}
    assert (await client.call("POST", path, reply))[1]["code"] == 160002
    reading, writing = (await client.full("GET", path))[2], (await client.full("POST", path, {}))[2]
    assert reading["X-RateLimit-Bucket"] != writing["X-RateLimit-Bucket"]
    server.core.violations.clear()


async def test_a_repeat_is_known_after_the_server_restarted(tmp_path: Path, clock: FixedClock) -> None:
    body = {"content": "hi", "nonce": "n1", "enforce_nonce": True}
    made = []
    for _ in range(2):
        async with LocalDiscord(clock, data_dir=tmp_path) as server, RawClient(server) as client:
            made.append((await client.call("POST", base(server), body))[1]["id"])
    assert made[0] == made[1]


async def test_private_messages_need_an_open_door(server: LocalDiscord, client: RawClient) -> None:
    world = server.world
    stranger = world.add_user("sam", "Sam")
    _, channel = await client.call("POST", "/users/@me/channels", {"recipient_id": stranger.id})
    path = f"/channels/{channel['id']}/messages"
    assert (await client.call("POST", path, {"content": "x"}))[1]["code"] == 50278
    world.join(next(iter(world.guilds.values())), stranger)
    assert (await client.call("POST", path, {"content": "x"}))[0] == 200
    stranger.dms_open = False
    assert (await client.call("POST", path, {"content": "x"}))[1]["code"] == 50007


async def test_threads_live_archive_and_lock(server: LocalDiscord, client: RawClient) -> None:
    _, made = await client.call("POST", base(server), {"content": "start"})
    status, thread = await client.call("POST", f"{base(server)}/{made['id']}/threads", {"name": "About"})
    assert (status, thread["id"]) == (201, made["id"])
    assert (await client.call("POST", f"{base(server)}/{made['id']}/threads", {"name": "x"}))[1]["code"] == 160004
    path = f"/channels/{thread['id']}"
    assert (await client.call("POST", f"{path}/messages", {"content": "in"}))[0] == 200
    assert (await client.call("PUT", f"{path}/thread-members/{server.person('Ben').id}"))[0] == 204
    assert len((await client.call("GET", f"{path}/thread-members"))[1]) == 2
    assert (await client.call("PATCH", path, {"archived": True, "locked": True}))[0] == 200
    assert (await client.call("POST", f"{path}/messages", {"content": "in"}))[1]["code"] == 50083
    assert (await client.call("PATCH", path, {"archived": False, "locked": False}))[0] == 200
    assert (await client.call("PATCH", path, {"archived": True}))[0] == 200
    assert (await client.call("POST", f"{path}/messages", {"content": "wakes it"}))[0] == 200
    assert (await client.call("GET", path))[1]["thread_metadata"]["archived"] is False
    assert (await client.call("DELETE", f"{path}/thread-members/@me"))[0] == 204
    parent = server.world.channel("general").id
    assert (await client.call("POST", f"/channels/{parent}/threads", {"name": "Free", "type": 11}))[0] == 201
    assert (await client.call("GET", f"/channels/{parent}/threads/archived/public"))[1]["threads"] == []
    assert server.core.violations == []


async def test_pins_reactions_typing_and_bulk_delete(
    server: LocalDiscord, client: RawClient, clock: FixedClock
) -> None:
    world = server.world
    channel = world.channel("general")
    role = next(r for r in world.guilds[channel.guild_id or 0].roles.values() if r.managed_by)
    role.permissions |= Permission.MANAGE_MESSAGES | Permission.PIN_MESSAGES
    ids = [(await client.call("POST", base(server), {"content": str(n)}))[1]["id"] for n in range(3)]
    assert (await client.call("PUT", f"{base(server)}/pins/{ids[0]}"))[0] == 204
    pins = (await client.call("GET", f"{base(server)}/pins"))[1]
    assert pins["items"][0]["message"]["pinned"] is True
    assert (await client.call("DELETE", f"{base(server)}/pins/{ids[0]}"))[0] == 204
    headphones = "%F0%9F%8E%A7"
    assert (await client.call("PUT", f"{base(server)}/{ids[0]}/reactions/{headphones}/@me"))[0] == 204
    assert (await client.call("PUT", f"{base(server)}/{ids[0]}/reactions/nothing/@me"))[1]["code"] == 10014
    server.person("Ada").react(world.messages[channel.id][int(ids[0])], "🎧")
    reacted = (await client.call("GET", f"{base(server)}/{ids[0]}/reactions/{headphones}"))[1]
    assert {u["username"] for u in reacted} == {"studiohand", "ada"}
    assert (await client.call("POST", f"/channels/{channel.id}/typing"))[0] == 204
    assert (await client.call("POST", f"{base(server)}/bulk-delete", {"messages": ids[:1]}))[1]["code"] == 50016
    assert (await client.call("POST", f"{base(server)}/bulk-delete", {"messages": ids[:2]}))[0] == 204
    _, late = await client.call("POST", base(server), {"content": "late"})
    clock.advance(days=15)
    old = {"messages": [ids[2], late["id"]]}
    assert (await client.call("POST", f"{base(server)}/bulk-delete", old))[1]["code"] == 50034


async def test_commands_one_by_one_keep_their_ids(server: LocalDiscord, client: RawClient, clock: FixedClock) -> None:
    app, guild_id = server.world.application.id, next(iter(server.world.guilds))
    for path in (f"/applications/{app}/commands", f"/applications/{app}/guilds/{guild_id}/commands"):
        status, made = await client.call("POST", path, {"name": "go", "description": "Go."})
        assert status == 201
        status, again = await client.call("POST", path, {"name": "go", "description": "Go on."})
        assert (status, again["id"], again["description"]) == (200, made["id"], "Go on.")
        assert again["version"] != made["version"]
        one = f"{path}/{made['id']}"
        assert (await client.call("GET", one))[1]["name"] == "go"
        assert (await client.call("PATCH", one, {"description": "Stop."}))[1]["description"] == "Stop."
        kept = (await client.call("PUT", path, [{"name": "go", "description": "Go."}]))[1]
        assert kept[0]["id"] == made["id"]
        assert (await client.call("DELETE", one))[0] == 204
        assert (await client.call("GET", one))[1]["code"] == 10063
        assert (await client.call("GET", path))[1] == []
    assert server.core.violations == []


async def test_two_hundred_new_commands_a_day_are_enough(
    server: LocalDiscord, client: RawClient, clock: FixedClock
) -> None:
    path = f"/applications/{server.world.application.id}/commands"
    for half in range(2):
        body = [{"name": f"c{half}-{n}", "description": "x"} for n in range(100)]
        assert (await client.call("PUT", path, body))[0] == 200
    more = [{"name": "one-more", "description": "x"}]
    assert (await client.call("PUT", path, more))[1]["code"] == 30034
    clock.set(clock.now() + timedelta(days=1, seconds=1))
    assert (await client.call("PUT", path, more))[0] == 200


async def test_permissions_of_commands_are_read_and_told(server: LocalDiscord, client: RawClient) -> None:
    await client.identify()
    app, guild_id = server.world.application.id, next(iter(server.world.guilds))
    _, made = await client.call("PUT", f"/applications/{app}/commands", [{"name": "go", "description": "Go."}])
    ben = server.person("Ben")
    command_id = int(made[0]["id"])
    path = f"/applications/{app}/guilds/{guild_id}/commands"
    assert (await client.call("GET", f"{path}/{command_id}/permissions"))[1]["code"] == 10066
    held = [{"id": str(ben.id), "type": 2, "permission": False}]
    server.world.set_command_permissions(guild_id, command_id, held)
    assert (await client.event("APPLICATION_COMMAND_PERMISSIONS_UPDATE"))["d"]["permissions"] == held
    assert (await client.call("GET", f"{path}/permissions"))[1][0]["permissions"] == held
    assert ben.usages() == []
    assert [u.name for u in server.person("Ada").usages()] == ["go"]


async def test_a_person_counts_before_roles_and_places_before_both(server: LocalDiscord, client: RawClient) -> None:
    await client.identify()
    world, app = server.world, server.world.application.id
    guild = next(iter(world.guilds.values()))
    _, made = await client.call("PUT", f"/applications/{app}/commands", [{"name": "go", "description": "Go."}])
    command, ben = int(made[0]["id"]), server.person("Ben")
    role = world.add_role(guild, "Crew")
    world.give_role(guild, ben.user, role)

    def ruled(*rules: tuple[int, int, bool], on: int = command) -> bool:
        world.set_command_permissions(guild.id, on, [{"id": str(i), "type": t, "permission": p} for i, t, p in rules])
        return bool(ben.usages())

    assert not ruled((ben.id, 2, False), (role.id, 1, True))
    assert ruled((guild.id, 1, False), (role.id, 1, True))
    assert not ruled((guild.id - 1, 3, False), (ben.id, 2, True))
    assert ruled((guild.id - 1, 3, False), (ben.channel.id, 3, True))
    world.command_permissions.clear()
    assert not ruled((guild.id, 1, False), on=app)
    assert ruled((ben.id, 2, True))


@pytest.mark.parametrize("name", ["dm_closed", "missing_access", "unknown_channel", "too_large", "edits_old"])
async def test_named_faults_strike_once(server: LocalDiscord, client: RawClient, name: str) -> None:
    server.faults.named(name, "POST", "/channels/{channel_id}/messages")
    status, answer = await client.call("POST", base(server), {"content": "x"})
    assert status >= 400
    assert answer["code"]
    assert (await client.call("POST", base(server), {"content": "x"}))[0] == 200
    assert server.faults.unused == []
    assert server.core.violations == []


async def test_every_fault_has_a_name_and_a_code(server: LocalDiscord) -> None:
    for name in server.faults.names():
        assert server.faults.named(name, "GET", "*").status
    assert len(server.faults.unused) == 14


async def test_rate_limits_say_whose_they_are(server: LocalDiscord, client: RawClient) -> None:
    for scope in ("user", "shared", "global"):
        server.faults.rate_limited(scope, "GET", "/users/@me", retry_after=1.5)
        status, answer, headers = await client.full("GET", "/users/@me")
        assert (status, answer["retry_after"], answer["global"]) == (429, 1.5, scope == "global")
        assert (headers["Retry-After"], headers["X-RateLimit-Scope"]) == ("1.5", scope)
        assert "Via" in headers


async def test_ids_tell_the_time_of_the_clock(server: LocalDiscord, client: RawClient, clock: FixedClock) -> None:
    from bot.local.ids import born_at

    made = [int((await client.call("POST", base(server), {"content": "x"}))[1]["id"]) for _ in range(3)]
    assert made == sorted(set(made))
    assert abs(born_at(made[0]) - clock.now()) < timedelta(seconds=1)


async def test_a_request_over_25_mib_is_too_large(server: LocalDiscord, client: RawClient) -> None:
    next(iter(server.world.guilds.values())).upload_limit = 100 * 1024 * 1024
    status, answer = await client.call("POST", base(server), {}, files={"a.bin": bytes(25 * 1024 * 1024)})
    assert (status, answer["code"]) == (413, 40005)


async def test_other_libraries_find_the_gateway_with_a_slash(server: LocalDiscord, client: RawClient) -> None:
    import aiohttp

    async with aiohttp.ClientSession() as http, http.ws_connect(f"{server.addresses.gateway}/?v=10") as socket:
        assert (await socket.receive_json(timeout=3))["op"] == 10
