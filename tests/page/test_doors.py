"""Who may reach the page's endpoints, and a journey scripted through them. No browser here."""

import asyncio

import aiohttp
import pytest

from bot.local.page import KEY_HEADER
from bot.local.people import Upload
from tests.page.conftest import Studio
from tests.wire.kit import PATIENCE_S

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.asyncio(loop_scope="session")]


async def test_without_the_key_nothing_is_told(local: Studio) -> None:
    async with aiohttp.ClientSession() as http:
        for path in ("world", "messages", "commands"):
            for headers in ({}, {KEY_HEADER: "x" * 43}):
                async with http.get(f"{local.server.url}/page/{path}", headers=headers) as answer:
                    assert answer.status == 403
        async with http.post(f"{local.server.url}/page/act", json={"do": "send", "content": "x"}) as answer:
            assert answer.status == 403
        async with http.ws_connect(f"{local.server.url}/page/ws") as socket:
            await socket.send_json({"key": "wrong"})
            assert (await socket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
            assert socket.close_code == 4004
    assert local.page.key not in local.address.partition("#")[0]
    assert len(local.page.key) >= 43, "256 bits"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "localhost.evil.example"},
    ],
)
async def test_foreign_hosts_and_origins_are_refused(local: Studio, headers: dict[str, str]) -> None:
    known = {KEY_HEADER: local.page.key}
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{local.server.url}/page/world", headers=known) as answer:
            assert answer.status == 200
        url = f"{local.server.url}/page/act"
        async with http.post(url, headers={**known, **headers}, json={"do": "typing"}) as answer:
            assert answer.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(f"{local.server.url}/page/ws", headers=headers)


async def test_answers_carry_the_security_headers(local: Studio) -> None:
    async with aiohttp.ClientSession() as http:
        for path in ("/", "/page/static/js/main.js", "/page/static/nothing.js", "/page/world"):
            async with http.get(f"{local.server.url}{path}") as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'self'" in policy
                assert "object-src 'none'; base-uri 'none'; frame-ancestors 'none'" in policy
                assert "unsafe" not in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        for path in ("/page/static/../page.py", "/page/static/%2e%2e/page.py", "/page/static//etc/passwd"):
            async with http.get(local.server.url + path) as answer:
                assert answer.status == 404


@pytest.mark.parametrize(
    ("name", "kind", "data", "inline"),
    [
        ("a.png", "image/png", b"\x89PNG\r\n\x1a\n" + b"\0" * 32, True),
        ("a.svg", "image/svg+xml", b"<svg onload=alert(1)>", False),
        ("a.html", "text/html", b"<script>alert(1)</script>", False),
        ("fake.png", "image/png", b"<html><script>alert(1)</script>", False),
        ("a.wav", "audio/wav", b"RIFF\0\0\0\0WAVEfmt ", True),
    ],
)
async def test_only_pictures_and_sound_are_shown_in_place(
    local: Studio, name: str, kind: str, data: bytes, inline: bool
) -> None:
    message = local.server.person("Ada").say("x", Upload(name, data, kind))
    url = local.server.core.payloads.message(message)["attachments"][0]["url"]
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Disposition"].startswith("inline" if inline else "attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


class Script:
    """The page's endpoints as a script uses them."""

    def __init__(self, studio: Studio, http: aiohttp.ClientSession, who: str) -> None:
        self.studio, self.http, self.who = studio, http, who
        self.channel = str(studio.server.world.channel("general").id)

    async def act(self, **action: object) -> dict:
        body = {"as": self.who, "channel": self.channel, **action}
        async with self.http.post(
            f"{self.studio.server.url}/page/act", json=body, headers={KEY_HEADER: self.studio.page.key}
        ) as answer:
            return await answer.json()

    async def sees(self) -> list[dict]:
        async with self.http.get(
            f"{self.studio.server.url}/page/messages",
            params={"as": self.who, "channel": self.channel},
            headers={KEY_HEADER: self.studio.page.key},
        ) as answer:
            return await answer.json()


async def test_a_journey_is_scripted_through_the_endpoints(local: Studio) -> None:
    async with aiohttp.ClientSession() as http:
        ada, ben = Script(local, http, "Ada"), Script(local, http, "Ben")
        found = await ada.act(do="autocomplete", path="song show", focused="song", text="gla")
        assert found == {"state": "choices", "choices": [{"name": "Glass City", "value": "Glass City"}]}
        shown = await ada.act(do="slash", path="song show", options={"song": "Glass City"})
        assert shown["state"] == "answered"
        assert [m["content"] for m in await ada.sees()] == ["### Glass City\nIt is **calm**."]
        assert await ben.sees() == []
        form = await ada.act(do="slash", path="song new")
        assert (form["state"], form["modal"]["title"]) == ("modal", "Every kind of field")
        values = {"name": "Slow Tide", "pace": "relaxed"}
        assert (await ada.act(do="submit", modal=form["modal"]["id"], values=values))["state"] == "answered"
        assert "name=Slow Tide notes=Warm. pace=relaxed" in (await ada.sees())[-1]["content"]
        await ada.act(do="slash", path="buttons")
        card = (await ben.sees())[-1]["id"]
        assert (await ben.act(do="click", message=card, custom_id="primary"))["state"] == "answered"
        assert "This is Ada's card" in (await ben.sees())[-1]["content"]
        assert (await ada.act(do="select", message=card, custom_id="colour", values=["3"]))["state"] == "answered"
        secret = (await ada.sees())[-1]["id"]
        assert (await ben.act(do="dismiss", message=secret))["message"] == "That message is gone."
        assert "no option" in (await ada.act(do="slash", path="song show", options={"nope": 1}))["message"]
        assert "There is no such action" in (await ada.act(do="fly"))["message"]


async def test_pushes_reach_only_those_who_may_see(local: Studio) -> None:
    async with aiohttp.ClientSession() as http, asyncio.timeout(PATIENCE_S):
        sockets = {}
        for who in ("Ada", "Ben"):
            socket = await http.ws_connect(f"{local.server.url}/page/ws")
            await socket.send_json({"key": local.page.key, "as": who})
            ready = await socket.receive_json()
            assert (ready["t"], ready["d"]["me"]["global_name"]) == ("READY", who)
            sockets[who] = socket
        await Script(local, http, "Ada").act(do="slash", path="song show", options={"song": "Nightfall"})
        local.server.person("Ada").say("For all")
        pushed = await sockets["Ada"].receive_json()
        assert "Nightfall" in pushed["d"]["content"]
        assert pushed["d"]["interaction"]["name"] == "/song show"
        assert (await sockets["Ada"].receive_json())["d"]["content"] == "For all"
        assert (await sockets["Ben"].receive_json())["d"]["content"] == "For all"
        for socket in sockets.values():
            await socket.close()
